import json
import os
from pathlib import Path

import pytest

from app.core.cells import as_cell, from_cell
from app.core.untrusted import (
    MOST_DEPTH,
    UnusableError,
    as_number,
    as_text,
    as_whole,
    is_file_in,
    parse_json,
    read_json,
    read_lines,
    read_text,
    written_number,
    written_whole,
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested"),
        ("[" * 100_000 + "]" * 100_000, "nested"),
        ('{"a":' * (MOST_DEPTH + 1) + "1" + "}" * (MOST_DEPTH + 1), "nested"),
        ("1" * 5000, "digits"),
        ("-" + "9" * 19, "digits"),
        ("1e400", "too large"),
        ("[NaN]", "NaN is no number"),
        ("-Infinity", "Infinity is no number"),
        (r'"\ud800"', "surrogate"),
        (r'{"\udfff": 1}', "surrogate"),
        ('{"a":', "no JSON"),
        ("", "no JSON"),
    ],
    ids=lambda text: text[:16],
)
def test_what_json_cannot_mean_is_one_error(text: str, reason: str) -> None:
    with pytest.raises(UnusableError, match=reason):
        parse_json(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * MOST_DEPTH + "]" * MOST_DEPTH,
        "-999999999999999999",
        "1.7e308",
        r'["\ud83d\ude00", "\\ud800"]',
        '{"a": [null, true, 1, 2.5, "x"]}',
    ],
)
def test_what_is_read_can_be_written_and_read_again(text: str) -> None:
    value = parse_json(text)
    again = json.dumps(value, allow_nan=False, ensure_ascii=False)
    again.encode("utf-8")
    assert parse_json(again) == value


def test_a_byte_order_mark_is_no_part_of_a_text(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf{"a":\n1}\n')
    assert read_json(path) == {"a": 1}
    assert [text for _, text, _ in read_lines(path)] == ['{"a":\n', "1}\n"]


def test_a_file_that_is_no_text_or_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'"\xff"')
    with pytest.raises(UnusableError, match="UTF-8"):
        read_text(path)
    path.write_bytes(b"123456")
    with pytest.raises(UnusableError, match="larger"):
        read_text(path, most=5)
    assert read_text(path, most=6) == "123456"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_devices_and_folders_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "link.json").symlink_to("/dev/zero")
    for path in (tmp_path / "pipe.json", tmp_path / "link.json"):
        with pytest.raises(UnusableError, match="no file"):
            read_json(path)
    with pytest.raises((UnusableError, OSError)):
        read_json(tmp_path)


@pytest.mark.parametrize("value", [True, "1", None, [1], float("nan"), float("inf"), -1, 11])
def test_a_number_outside_its_range_or_of_another_kind_is_refused(value: object) -> None:
    with pytest.raises(UnusableError, match="the size should"):
        as_number(value, "the size", 0, 10)
    with pytest.raises(UnusableError, match="the size should"):
        as_whole(value, "the size", 0, 10)


def test_a_whole_number_has_no_fraction() -> None:
    assert as_whole(3.0, "it", 0, 10) == 3
    with pytest.raises(UnusableError, match="whole number"):
        as_whole(3.5, "it", 0, 10)


def test_a_text_is_short_and_printable() -> None:
    assert as_text("a\nb", "it", 10, lines=True) == "a\nb"
    for value in ("a\x1b[31m", "a\nb", "x" * 11, 5, None):
        with pytest.raises(UnusableError, match="it should be a text"):
            as_text(value, "it", 10)


@pytest.mark.parametrize("text", ["nan", "inf", "1_0", "٣", "1e400", "", "0x10", "1 2", "1" * 999])
def test_a_written_number_is_finite_and_in_plain_digits(text: str) -> None:
    with pytest.raises(UnusableError, match="is not a number"):
        written_number(text)


def test_plain_numbers_are_read_as_they_stand() -> None:
    assert [written_number(t) for t in ("1", " -2.5", "+.5e1", "3.")] == [1, -2.5, 5, 3]
    assert written_whole("000123") == 123
    assert [written_whole(t) for t in ("-1", "9" * 5000, "٣", "1.0", "")] == [None] * 5


def test_what_cannot_be_a_name_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert is_file_in(tmp_path, "a")
    assert not any(is_file_in(tmp_path, name) for name in ("b", "A" * 5000, "\0", "\ud800", ""))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", " =1", "'=1"])
def test_a_cell_that_looks_like_a_formula_is_a_text(text: str) -> None:
    assert as_cell(text) == "'" + text
    assert from_cell(as_cell(text)) == text


@pytest.mark.parametrize("text", ["", "a=1", "walk.mp4", "'quoted'", "x-1"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert as_cell(text) == text == from_cell(text)
