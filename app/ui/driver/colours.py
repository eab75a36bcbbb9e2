"""Colours of the conditions and of the curves, for both schemes."""

from __future__ import annotations

from typing import Final

from PySide6.QtGui import QPalette

from app.driver.alarm import AlarmStage
from app.driver.state import Condition

_CONDITIONS: Final = {  # on a light ground, on a dark one
    Condition.ALERT: ("#1f7a3a", "#5fd08a"),
    Condition.DROWSY: ("#945c00", "#f0b54a"),
    Condition.ASLEEP: ("#b42318", "#ff8a80"),
    Condition.DISTRACTED: ("#6b3fa0", "#c3a3ee"),
    Condition.UNKNOWN: ("#5b6470", "#9aa3ad"),
}
_CURVES: Final = (("#0072b2", "#56b4e9"), ("#c25400", "#e69f00"))  # Okabe and Ito

STAGES: Final = {
    AlarmStage.NOTICE: "#f0b54a",
    AlarmStage.WARNING: "#f97316",
    AlarmStage.ALARM: "#dc2626",
}
"""Of the sign over the picture, the same in both schemes."""
STAGE_TEXT: Final = {
    AlarmStage.NOTICE: "#1b1200",
    AlarmStage.WARNING: "#1b0c00",
    AlarmStage.ALARM: "#ffffff",
}


def is_dark(palette: QPalette) -> bool:
    """Whether a palette has a dark ground."""
    return palette.color(QPalette.ColorRole.Base).lightness() < 128


def condition_colour(condition: Condition, palette: QPalette) -> str:
    """Of the word."""
    return _CONDITIONS[condition][is_dark(palette)]


def curve_colour(number: int, palette: QPalette) -> str:
    """Of the first or second curve of a plot."""
    return _CURVES[number][is_dark(palette)]
