"""The summary file is whole or absent, and never takes the place of a link or device."""

import json
import os
import threading
from pathlib import Path

from app.cli.summary import write_json


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    write_json(tmp_path / "link.json", {"frames": 1})
    assert (tmp_path / "link.json").is_symlink()
    assert json.loads((tmp_path / "real.json").read_text("utf-8")) == {"frames": 1}


def test_a_pipe_gets_the_text_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text("utf-8")))
    reader.start()
    write_json(pipe, {"frames": 2})
    reader.join(5)
    assert json.loads(read[0]) == {"frames": 2}
    assert pipe.is_fifo()
