"""Text that every file and every program can take."""

from __future__ import annotations

import re
from typing import Final

_LONE: Final = re.compile("[\ud800-\udfff]")
"""Halves of characters: Python's way to carry the bytes of a file name that are no UTF-8."""


def readable(text: str) -> str:
    """The text with U+FFFD for what is no character, so that it can be written as UTF-8.

    A file may have any bytes as its name, and the name stands in what is written about it.
    """
    return text if text.isascii() else _LONE.sub("\N{REPLACEMENT CHARACTER}", text)
