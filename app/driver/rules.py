"""From what happened to a verdict: the rules, with their reasons in words.

Each sign of drowsiness counts 0.5 when it reaches its limit, and in proportion before and beyond it
(at most 1). The signs are joined as independent ones are, level = 1 - product of (1 - sign), so one
sign at its limit, or several on the way to theirs, make a level of 0.5. Then, the first that holds:

1. asleep: the eyes have been shut for `microsleep_s`, now;
2. unknown: there is no face, no baseline yet, or neither eyes nor head can be read;
3. distracted: the head has been turned away for `away_s`, now;
4. unknown: the eyes cannot be read;
5. drowsy: the level is at least 0.5;
6. alert.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from app.driver.measures import UNKNOWN
from app.driver.settings import DriverSettings
from app.driver.state import Condition

DROWSY_LEVEL: Final = 0.5
"""From this level on the driver is drowsy; the limit of a single sign."""

_WORTH_SAYING: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the rules look at. NaN is unknown.

    Attributes:
        lost_s: how long there has been no face, 0 while there is one.
        learning: there is no baseline yet.
        eyes_known, head_known: whether they could be read just now.
        shut_s: how long the eyes have been shut.
        away_s: how long the head has been turned away.
        perclos: over its window, NaN where too little of it is known.
        blink_duration_s: mean of the last minute.
        closures, microsleeps, nod_offs: over the last minute.
        yawns: over their window.
    """

    lost_s: float = 0.0
    learning: bool = False
    eyes_known: bool = True
    head_known: bool = True
    shut_s: float = 0.0
    away_s: float = 0.0
    perclos: float = UNKNOWN
    blink_duration_s: float = UNKNOWN
    closures: int = 0
    microsleeps: int = 0
    nod_offs: int = 0
    yawns: int = 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say.

    Attributes:
        condition: how the driver is.
        level: drowsiness, 0..1; NaN where nothing is known.
        reasons: in words, the weightiest first.
    """

    condition: Condition
    level: float
    reasons: tuple[str, ...]


def judge(evidence: Evidence, settings: DriverSettings) -> Verdict:
    """Apply the rules of this module."""
    signs = _signs(evidence, settings)
    level = 1.0 - math.prod(1.0 - score for score, _ in signs)
    drowsy = [words for score, words in signs if score >= _WORTH_SAYING]
    if evidence.shut_s >= settings.microsleep_s:
        shut = f"Eyes shut for {evidence.shut_s:.1f} s"
        return Verdict(Condition.ASLEEP, 1.0, (shut, *drowsy))
    missing = _missing(evidence)
    if missing and not evidence.head_known:
        return Verdict(Condition.UNKNOWN, UNKNOWN, (missing,))
    if evidence.away_s >= settings.away_s:
        away = f"Turned away for {evidence.away_s:.1f} s"
        return Verdict(Condition.DISTRACTED, level, (away, *drowsy))
    if missing:
        return Verdict(Condition.UNKNOWN, level, (missing,))
    if level >= DROWSY_LEVEL:
        return Verdict(Condition.DROWSY, level, tuple(drowsy) or _faint(signs))
    return Verdict(Condition.ALERT, level, tuple(drowsy))


def _signs(evidence: Evidence, settings: DriverSettings) -> list[tuple[float, str]]:
    """(score, words) of each sign, the weightiest first."""
    minute = "in the last minute"
    found = [
        (
            evidence.perclos / settings.perclos_drowsy,
            f"PERCLOS {100 * evidence.perclos:.0f} %",
        ),
        (
            _blinks(evidence.blink_duration_s, settings.blink_drowsy_s),
            f"Blinks of {evidence.blink_duration_s:.2f} s",
        ),
        (
            evidence.microsleeps / settings.microsleeps_drowsy,
            f"{_count(evidence.microsleeps, 'microsleep')} {minute}",
        ),
        (
            evidence.closures / settings.closures_drowsy,
            f"{_count(evidence.closures, 'long closure')} {minute}",
        ),
        (
            evidence.nod_offs / settings.nod_offs_drowsy,
            f"Head nodded off {_count(evidence.nod_offs, 'time')} {minute}",
        ),
        (
            evidence.yawns / settings.yawns_drowsy,
            f"{_count(evidence.yawns, 'yawn')} in {settings.yawns_window_s / 60:.0f} min",
        ),
    ]
    signs = [(min(x / 2, 1.0), words) for x, words in found if not math.isnan(x) and x > 0]
    return sorted(signs, key=lambda sign: -sign[0])


# Blinks of this duration are those of an awake person and no sign of anything.
_AWAKE_BLINK_S: Final = 0.25


def _blinks(mean_s: float, limit_s: float) -> float:
    """Share of the way from usual blinks to the limit, as every blink lasts for some time."""
    usual = min(_AWAKE_BLINK_S, 0.75 * limit_s)
    return max((mean_s - usual) / (limit_s - usual), 0.0) if not math.isnan(mean_s) else UNKNOWN


def _missing(evidence: Evidence) -> str:
    if evidence.lost_s > 0:
        return f"No face for {evidence.lost_s:.1f} s"
    if not evidence.eyes_known:
        return "The eyes cannot be read"
    return "Learning what your open eyes look like" if evidence.learning else ""


def _faint(signs: Sequence[tuple[float, str]]) -> tuple[str, ...]:
    return tuple(words for _, words in signs)


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
