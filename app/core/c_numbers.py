"""Keeps the decimal point of the process a point, whatever the desktop's language."""

from __future__ import annotations

import locale
from typing import Final

_POINT: Final = "."


def use_c_numbers() -> None:
    """Let C libraries read and write numbers as programs do, with a decimal point.

    Python leaves LC_NUMERIC alone, but Qt and desktop toolkits take it from the environment when
    they start. Where the decimal mark is a comma, MediaPipe then cannot read its own graphs and
    FFmpeg takes the "0.5" of an option for 0. What people see and type is not concerned: Qt has
    its own idea of that (`QLocale`).

    Called wherever the locale may have changed, and before a library reads text; a look costs
    two microseconds.
    """
    if locale.localeconv()["decimal_point"] != _POINT:
        locale.setlocale(locale.LC_NUMERIC, "C")
