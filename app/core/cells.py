"""Text in the cells of tables, which spreadsheets take for formulas if it looks like one."""

from __future__ import annotations

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_MARK: Final = "'"


def as_cell(text: str) -> str:
    """A text that no spreadsheet runs: with an apostrophe before it where it could be a formula.

    See https://owasp.org/www-community/attacks/CSV_Injection. Numbers are written as numbers and
    do not come here.
    """
    # One that begins with the mark already gets another one, so that `from_cell` is exact.
    begins = text.lstrip(_MARK).lstrip(" ").startswith(_FORMULA)
    return _MARK + text if begins else text


def from_cell(cell: str) -> str:
    """The text that `as_cell` was given."""
    without = cell.removeprefix(_MARK)
    return without if as_cell(without) == cell else cell
