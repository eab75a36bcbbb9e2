from pathlib import Path

import pytest

from app.core.errors import OutputError
from app.core.files import partial_of, write_bytes, write_text


def test_a_link_at_the_temporary_name_does_not_choose_where_the_text_goes(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    target = tmp_path / "r.html"
    partial_of(target).symlink_to(victim)
    write_text(target, "report")
    assert (victim.read_text(), target.read_text()) == ("mine", "report")
    assert not target.is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "victim"]


def test_a_link_that_leads_nowhere_is_not_followed_either(tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    partial_of(target).symlink_to(tmp_path / "made")
    write_text(target, "report")
    assert target.read_text() == "report"
    assert not (tmp_path / "made").exists()


def test_a_hard_link_at_the_temporary_name_keeps_its_contents(tmp_path: Path) -> None:
    victim, target = tmp_path / "victim", tmp_path / "r.html"
    victim.write_text("mine")
    partial_of(target).hardlink_to(victim)
    write_text(target, "report")
    assert (victim.read_text(), target.read_text()) == ("mine", "report")


def test_what_a_kill_has_left_is_taken_away(tmp_path: Path) -> None:
    target = tmp_path / "a"
    partial_of(target).write_text("half")
    write_bytes(target, b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert target.read_bytes() == b"whole"


def test_a_folder_at_the_temporary_name_is_said_in_one_sentence(tmp_path: Path) -> None:
    target = tmp_path / "r.html"
    partial_of(target).mkdir()
    (partial_of(target) / "inside").touch()
    with pytest.raises(OutputError, match=r"^r\.html cannot be written: r\.html\.part is in the"):
        write_text(target, "report")
    assert (partial_of(target) / "inside").exists()
    assert not target.exists()


def test_a_link_at_the_name_itself_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real").write_text("old")
    write_text(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"
