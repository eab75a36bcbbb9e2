"""Text that every file and every program can take."""

from __future__ import annotations

import re
from typing import Final

_NO_BYTE: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Halves of characters. Those between them are Python's way to carry the bytes of a file name that
the system's encoding does not know."""


def readable(text: str) -> str:
    """The text with U+FFFD for what is no character, so that it can be written as UTF-8.

    A file may have any bytes as its name, and the name stands in what is written about it. Bytes
    that are UTF-8 after all, as where the system claims to know ASCII alone, are read as such.
    """
    if text.isascii():
        return text
    whole = _NO_BYTE.sub("\N{REPLACEMENT CHARACTER}", text)
    return whole.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
