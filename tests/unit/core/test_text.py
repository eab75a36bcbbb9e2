from app.core.text import readable


def test_what_is_no_character_is_marked_and_everything_else_stays() -> None:
    assert readable("n\udcff – 漢字 😀\ud800.mp4") == "n\ufffd – 漢字 😀\ufffd.mp4"
    assert readable("plain\n") == "plain\n"


def test_bytes_that_are_utf_8_after_all_are_read_as_such() -> None:
    name = "漢字 \N{GRINNING FACE}.mp4".encode().decode("ascii", "surrogateescape")
    assert readable(name) == "漢字 \N{GRINNING FACE}.mp4"
