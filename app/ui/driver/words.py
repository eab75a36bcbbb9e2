"""Times, values and events as people read them."""

from __future__ import annotations

import math
from typing import Final

from app.driver.state import BaselineSource, DriverEvent, EventKind

DISCLAIMER: Final = "A prototype, no safety device: do not rely on it in traffic."
UNKNOWN: Final = "unknown"

LISTED: Final = frozenset(EventKind) - {EventKind.BLINK}
"""Events in the list; blinks are too many and are marked in the plot."""

_BASELINES: Final = {
    BaselineSource.NONE: "Learning what your open eyes look like",
    BaselineSource.RUNNING: "Eyes learned while watching; calibrate for better results",
    BaselineSource.CLIP: "Eyes learned from the clip",
    BaselineSource.CALIBRATED: "Eyes calibrated",
    BaselineSource.PROFILE: "Eyes known from the profile",
}


def clock(time_s: float) -> str:
    """Minutes and seconds, such as 1:05.2."""
    tenths = round(max(time_s, 0.0) * 10)
    minutes, rest = divmod(tenths, 600)
    return f"{minutes}:{rest // 10:02d}.{rest % 10}"


def event_words(event: DriverEvent) -> tuple[str, str]:
    """What happened, and when and for how long."""
    name = event.kind.value.capitalize()
    if math.isnan(event.duration_s):
        return name, f"{clock(event.start_s)}"
    length = "going on" if event.ongoing else f"{event.duration_s:.1f} s"
    return name, f"{clock(event.start_s)} · {length}"


def percent(value: float) -> str:
    """A share as a whole number of percent."""
    return UNKNOWN if math.isnan(value) else f"{100 * value:.0f} %"


def degrees(value: float) -> str:
    """A signed angle."""
    return "–" if math.isnan(value) else f"{round(value):+d}°"


def baseline_words(source: BaselineSource) -> str:
    """Where the person's own eyes are known from, in a sentence."""
    return _BASELINES[source]
