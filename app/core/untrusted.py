"""Reads what somebody else may have made: text files, JSON, and the values in them.

Every reader of labels, cards, profiles, presets and kept evaluations comes here, so that a
file can be deep, long, huge or out of every range without being more than a sentence. What has
been read can be written again.
"""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, Final, NoReturn

MOST_BYTES: Final = 256 * 2**20
"""Largest text file that is read whole; labels of an hour of video take a third of it."""
MOST_LINE_BYTES: Final = 16 * 2**20
"""Longest line of a file that is read line by line; 478 points of 500 faces fit."""
MOST_DEPTH: Final = 32
"""Lists and objects inside each other; the program's own files need 6."""
MOST_DIGITS: Final = 18
"""Digits of a whole number: more do not fit into 64 bits, of which all computing is made."""
FARTHEST_PX: Final = 1e6
"""No point of a picture lies farther away: it would be 15 times the widest JPEG."""
MOST_FRAMES: Final = 3_000_000
"""No clip has more frames: a day at 30 a second has 2.6 million."""

_BOM: Final = b"\xef\xbb\xbf"
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE: Final = re.compile(rf"\d{{1,{MOST_DIGITS}}}", re.ASCII)
_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_CONTAINERS: Final = (list, dict)


class UnusableError(ValueError):
    """What was read cannot be used; the text says why, without a full stop.

    Attributes:
        line: where in the file, from 1; None where it concerns the whole file.
    """

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


def read_bytes(path: Path, *, most: int = MOST_BYTES) -> bytes:
    """All bytes of a file, which is no pipe or device: those may never end.

    Raises:
        OSError: it cannot be opened or read.
        UnusableError: it is no file, or too large.
    """
    with _open(path) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise UnusableError(f"it is larger than {most / 2**20:.0f} MB")
    return data


def read_text(path: Path, *, most: int = MOST_BYTES) -> str:
    """All text of a UTF-8 file, with or without a byte-order mark.

    Raises:
        OSError: it cannot be opened or read.
        UnusableError: it is no file, too large or no UTF-8.
    """
    return _decoded(read_bytes(path, most=most))


def read_lines(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Number from 1 and text of each line of a UTF-8 file, and whether the line was ended.

    Raises:
        OSError: it cannot be opened or read.
        UnusableError: it is no file or no UTF-8, or a line is too long.
    """
    with _open(path) as file:
        number = 0
        while data := file.readline(MOST_LINE_BYTES + 1):
            number += 1
            if len(data) > MOST_LINE_BYTES:
                raise UnusableError(f"it is longer than {MOST_LINE_BYTES / 2**20:.0f} MB", number)
            yield number, _decoded(data, number if number > 1 else None), data.endswith(b"\n")


def read_json(path: Path, *, most: int = MOST_BYTES) -> Any:
    """The value in a JSON file.

    Raises:
        OSError: it cannot be opened or read.
        UnusableError: as `read_text` and `parse_json`.
    """
    return parse_json(read_text(path, most=most))


def parse_json(text: str) -> Any:
    """The value of a JSON text: of bounded depth, all numbers finite and in 64 bits, all texts
    writable. What `json.dumps` makes of it can be read again.

    Raises:
        UnusableError: it is no JSON, or goes beyond a limit.
    """
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise UnusableError(f"it is no JSON ({error.msg})", error.lineno) from error
    except RecursionError as error:
        raise _too_deep() from error
    _check_depth(value)
    # UTF-8 holds no half of a character, but an escape can write one.
    if _SURROGATE.search(text) is not None:
        _check_texts(value)
    return value


def as_number(value: Any, name: str, low: float, high: float) -> float:
    """A value of JSON as a number in a range, both ends included.

    Raises:
        UnusableError: it is none, or lies outside.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnusableError(f"{name} should be a number, not {shortened(value)}")
    if not low <= value <= high:
        raise UnusableError(
            f"{name} should lie between {low:,g} and {high:,g}, not {shortened(value)}"
        )
    return float(value)


def as_whole(value: Any, name: str, low: int, high: int) -> int:
    """A value of JSON as a whole number in a range, both ends included; 3.0 counts as 3.

    Raises:
        UnusableError: it is none, or lies outside.
    """
    found = as_number(value, name, low, high)
    if not found.is_integer():
        raise UnusableError(f"{name} should be a whole number, not {shortened(value)}")
    return int(value)


def as_text(value: Any, name: str, longest: int, *, lines: bool = False) -> str:
    """A value of JSON as a text of printable characters, which may be empty.

    Args:
        value: of JSON.
        name: what it is, for the error.
        longest: characters.
        lines: it may have several lines.

    Raises:
        UnusableError: it is no such text.
    """
    if not isinstance(value, str):
        raise UnusableError(f"{name} should be a text, not {shortened(value)}")
    plain = value.replace("\n", " ").replace("\t", " ") if lines else value
    if len(value) > longest or not plain.isprintable():
        raise UnusableError(f"{name} should be a text of at most {longest} printable characters")
    return value


def written_number(text: str) -> float:
    """A number of a table or list; finite, in plain digits.

    Raises:
        UnusableError: it is none.
    """
    stripped = text.strip()
    # What `float` reads besides, such as 1_0, nan or digits of other scripts, is no number here.
    value = float(stripped) if _NUMBER.fullmatch(stripped) else math.nan
    if not math.isfinite(value):
        raise UnusableError(f"{shortened(text)} is not a number")
    return value


def written_whole(text: str) -> int | None:
    """A whole number from 0 in plain digits, or None."""
    return int(text) if _WHOLE.fullmatch(text) else None


def is_file_in(folder: Path, name: str) -> bool:
    """Whether a file of that name is there; False for what cannot be a name."""
    try:
        return (folder / name).is_file()
    except (OSError, ValueError):
        return False


def shown(text: str) -> str:
    """A text as a sentence may hold it: one short line without control characters."""
    plain = text if text.isprintable() else ascii(text)[1:-1]
    return plain if len(plain) <= 60 else plain[:57] + "…"


def shortened(value: Any) -> str:
    """A value as an error shows it: one short line."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list | tuple):
        return "a list"
    shown = json.dumps(value) if isinstance(value, bool | None) else ascii(value)
    return shown if len(shown) <= 40 else shown[:37] + "…"


def _open(path: Path) -> BufferedReader:
    # A pipe without a writer would wait for ever in the opening itself.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        kind = os.fstat(handle).st_mode
        if stat.S_ISDIR(kind):
            raise UnusableError("it is a folder")
        if not stat.S_ISREG(kind):
            raise UnusableError("it is no file")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise


def _decoded(data: bytes, line: int | None = None) -> str:
    if line is None:
        data = data.removeprefix(_BOM)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnusableError("it is no UTF-8 text", line) from error


def _whole_number(text: str) -> int:
    if len(text.lstrip("-")) > MOST_DIGITS:
        raise UnusableError(f"a number has more than {MOST_DIGITS} digits")
    return int(text)


def _finite_number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise UnusableError(f"a number is too large ({shortened(text)})")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise UnusableError(f"it is no JSON ({name} is no number; what is unknown is null)")


_DECODER: Final = json.JSONDecoder(
    parse_int=_whole_number, parse_float=_finite_number, parse_constant=_refuse_constant
)


def _check_depth(value: Any) -> None:
    level = [value] if type(value) in _CONTAINERS else []
    for _ in range(MOST_DEPTH):
        if not level:
            return
        level = [inner for outer in level for inner in _inner(outer) if type(inner) in _CONTAINERS]
    if level:
        raise _too_deep()


def _inner(value: Any) -> Any:
    return value.values() if type(value) is dict else value


def _check_texts(value: Any) -> None:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str):
            try:
                one.encode("utf-8")
            except UnicodeEncodeError as error:
                raise UnusableError("a text holds half a character (a lone surrogate)") from error


def _too_deep() -> UnusableError:
    return UnusableError(f"it is nested deeper than {MOST_DEPTH} lists or objects")
