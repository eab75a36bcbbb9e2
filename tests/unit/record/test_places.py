from pathlib import Path

import pytest

from app.core.errors import OutputError
from app.record.places import RecordFiles, files_in, safe_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Desk camera 2026-11-22 13.05.12", "Desk camera 2026-11-22 13.05.12"),
        ("ü 顔 🙂 #1", "ü 顔 🙂 #1"),
        ("rtsp://host/a:b?c*", "rtsp___host_a_b_c_"),
        ('x<>:"/\\|?*\n\0y', "x___________y"),
        (" .hidden. ", "hidden"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("-rf", "rf"),
        ("CON", "_CON"),
        ("com1.mp4", "_com1.mp4"),
        ("", "recording"),
        ("...", "recording"),
        ("broken \udcff", "broken _"),
    ],
)
def test_any_text_becomes_a_name_that_every_system_takes(text: str, name: str) -> None:
    assert safe_name(text) == name


def test_a_long_name_is_cut_between_letters(tmp_path: Path) -> None:
    name = safe_name("ab" + "顔" * 200)
    assert name == "ab" + "顔" * 39
    (tmp_path / f"{name}.manifest.json").touch()


def test_files_lie_side_by_side_under_one_name(tmp_path: Path) -> None:
    files = files_in(tmp_path, "a/b", annotated=True, clean=True, sidecar=True, table=True)
    assert [path.name for path in files] == [
        *("a_b.mp4", "a_b-clean.mp4", "a_b.faces.jsonl", "a_b.faces.csv", "a_b.manifest.json"),
    ]
    assert {path.parent for path in files} == {tmp_path}
    alone = files_in(tmp_path, "x", annotated=False, clean=True, sidecar=False, table=False)
    assert [path.name for path in alone] == ["x.mp4", "x.manifest.json"]


def test_a_name_that_is_taken_gets_a_number(tmp_path: Path) -> None:
    (tmp_path / "x.mp4").touch()
    (tmp_path / "x-2.faces.jsonl").touch()
    files = files_in(tmp_path, "x", annotated=True, clean=False, sidecar=True, table=False)
    assert [path.name for path in files] == [
        *("x-3.mp4", "x-3.faces.jsonl", "x-3.manifest.json"),
    ]


def test_numbers_stand_before_the_ending(tmp_path: Path) -> None:
    files = RecordFiles(annotated=tmp_path / "a.b.mp4", sidecar=tmp_path / "noend")
    assert [path.name for path in files.numbered(2)] == ["a.b-2.mp4", "noend-2"]
    assert files.numbered(1) is files
    assert RecordFiles(sidecar=Path("/dev/null")).numbered(2).sidecar == Path("/dev/null")


def test_what_follows_in_numbered_files_overwrites_nothing(tmp_path: Path) -> None:
    (tmp_path / "x-2.mp4").touch()
    files = RecordFiles(annotated=tmp_path / "x.mp4", sidecar=Path("/dev/null"))
    assert files.free(2).annotated == tmp_path / "x-3.mp4"
    assert files.free(2).sidecar == Path("/dev/null")


def test_files_that_cannot_be_written_are_refused_beforehand(tmp_path: Path) -> None:
    for files, words in (
        (RecordFiles(annotated=tmp_path / "x.txt"), "no name for a video"),
        (RecordFiles(sidecar=tmp_path / "none" / "x"), "does not exist"),
        (RecordFiles(sidecar=tmp_path / "x", table=tmp_path / "x"), "asked for twice"),
    ):
        with pytest.raises(OutputError, match=words):
            files.check()
