import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

from app._opencv import cv2
from app.core.errors import OutputError
from app.core.face import Face
from app.record.snapshot import SnapshotFiles, Snapshots, save_snapshot
from app.record.style import OverlayOptions
from app.vision.result import FrameResult

FaceMaker = Callable[..., Face]
ResultMaker = Callable[..., FrameResult]


def test_both_pictures_are_kept_and_the_clean_one_is_exact(
    make_face: FaceMaker, make_result: ResultMaker, tmp_path: Path
) -> None:
    files = SnapshotFiles.at(tmp_path / "ü 1.png")
    result = make_result(make_face())
    save_snapshot(result, OverlayOptions(), files)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ü 1-clean.png", "ü 1.png"]
    clean, annotated = (
        cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
        for path in (files.clean, files.annotated)
    )
    assert (clean == result.frame.image).all()
    assert (annotated != clean).any()


@pytest.mark.parametrize(("name", "words"), [("x.jpg", "end in .png"), ("none/x.png", "not exist")])
def test_a_place_that_does_not_fit_is_refused(
    make_result: ResultMaker, tmp_path: Path, name: str, words: str
) -> None:
    with pytest.raises(OutputError, match=words):
        save_snapshot(make_result(), OverlayOptions(), SnapshotFiles.at(tmp_path / name))


def test_the_thread_writes_what_waits_and_tells_of_failures(
    make_result: ResultMaker, tmp_path: Path
) -> None:
    told: list[tuple[SnapshotFiles, str]] = []
    snapshots = Snapshots(lambda files, problem: told.append((files, problem)))
    good, bad = SnapshotFiles.at(tmp_path / "a.png"), SnapshotFiles.at(tmp_path / "no" / "a.png")
    assert snapshots.take(make_result(), OverlayOptions(), bad)
    assert snapshots.take(make_result(), OverlayOptions(), good)
    assert snapshots.stop(20)
    assert [files for files, _ in told] == [bad, good]
    assert "does not exist" in told[0][1]
    assert told[1][1] == ""
    assert good.clean.is_file()


def _no_memory(_: OverlayOptions) -> NoReturn:
    raise MemoryError("no room for the picture")


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_snapshot_that_fails_ends_nothing(
    make_result: ResultMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    (tmp_path / "a.png.part").mkdir()

    def listen(_files: SnapshotFiles, problem: str) -> None:
        told.append(problem)
        if len(told) == 1:
            raise RuntimeError("a window that was closed meanwhile")

    snapshots = Snapshots(listen)
    snapshots.take(make_result(), OverlayOptions(), SnapshotFiles.at(tmp_path / "a.png"))
    until(lambda: len(told) == 1)
    with monkeypatch.context() as patched:
        patched.setattr("app.record.snapshot.OverlayPainter", _no_memory)
        snapshots.take(make_result(), OverlayOptions(), SnapshotFiles.at(tmp_path / "b.png"))
        until(lambda: len(told) == 2)
    snapshots.take(make_result(), OverlayOptions(), SnapshotFiles.at(tmp_path / "c.png"))
    assert snapshots.stop(20)
    assert "a.png.part" in told[0]
    assert told[1].startswith("The snapshot failed (")
    assert told[2] == ""
    assert (tmp_path / "c.png").is_file()
