"""No output is written over another one or over the source."""

from pathlib import Path

import pytest

from app.core.errors import OutputError
from app.record.output import check_apart


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"precious")
    return path


def test_files_of_their_own_are_allowed(clip: Path, tmp_path: Path) -> None:
    check_apart([tmp_path / "a.mp4", tmp_path / "a.json"], source=clip)
    check_apart([tmp_path / "a.mp4"], source=None)


def test_the_source_is_recognised_by_every_name_it_has(clip: Path, tmp_path: Path) -> None:
    hard, soft = tmp_path / "hard.mp4", tmp_path / "soft.mp4"
    hard.hardlink_to(clip)
    soft.symlink_to(clip)
    for path in (clip, hard, soft, tmp_path / "x" / ".." / "clip.mp4"):
        with pytest.raises(OutputError, match="source itself"):
            check_apart([path], source=clip)


def test_two_outputs_cannot_share_a_file_even_before_it_is_there(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="twice"):
        check_apart([tmp_path / "x.json", tmp_path / "." / "x.json"], source=None)


def test_a_picture_of_the_source_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"precious")
    with pytest.raises(OutputError, match="picture of the source"):
        check_apart([tmp_path / "1.png"], source=tmp_path)
    check_apart([tmp_path / "summary.json"], source=tmp_path)


def test_a_device_may_take_several_outputs() -> None:
    check_apart([Path("/dev/null"), Path("/dev/null")], source=None)
