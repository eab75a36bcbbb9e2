"""Files that are written whole or not at all."""

import os
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import OutputError
from app.core.files import PIPE_PATIENCE_S, write_text
from app.record.output import check_place
from app.record.snapshot import write_png


def test_a_leftover_of_a_killed_run_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "r.html.part").write_text("half")
    write_text(tmp_path / "r.html", "whole")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("r.html", "whole")]


def test_a_link_at_the_temporary_name_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    (tmp_path / "r.html.part").symlink_to(precious)
    write_text(tmp_path / "r.html", "whole")
    assert precious.read_text() == "keep me"
    assert (tmp_path / "r.html").read_text() == "whole"


@pytest.mark.parametrize(
    "write", [lambda p: write_text(p, "x"), lambda p: write_png(p, np.zeros((4, 4), np.uint8))]
)
def test_a_folder_at_the_temporary_name_is_one_sentence(write, tmp_path: Path) -> None:  # noqa: ANN001
    (tmp_path / "a.png.part").mkdir()
    with pytest.raises(OutputError, match=r"move the folder a\.png\.part away"):
        write(tmp_path / "a.png")
    with pytest.raises(OutputError, match=r"in the way of a\.png"):
        check_place(tmp_path / "a.png")


def test_a_hard_link_at_the_temporary_name_keeps_its_contents(tmp_path: Path) -> None:
    victim, target = tmp_path / "victim", tmp_path / "r.html"
    victim.write_text("mine")
    (tmp_path / "r.html.part").hardlink_to(victim)
    write_text(target, "report")
    assert (victim.read_text(), target.read_text()) == ("mine", "report")


def test_a_link_at_the_name_itself_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real").write_text("old")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_pipe_without_a_reader_is_refused_soon(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    began_s = time.monotonic()
    with pytest.raises(OutputError, match="a pipe that nobody reads; start its reader first"):
        write_text(pipe, "x")
    assert time.monotonic() - began_s < PIPE_PATIENCE_S + 1


def test_a_pipe_with_a_reader_gets_everything(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "x" * 200_000)
    reader.join(10)
    assert read == ["x" * 200_000]


def test_names_as_long_as_the_file_system_takes_are_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".txt")
    write_text(path, "x")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
