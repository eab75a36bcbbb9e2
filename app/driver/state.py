"""The words of the driver room: what holds now, and what has happened."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from app.driver.measures import UNKNOWN, FaceMeasures


class Condition(Enum):
    """How the driver is."""

    ALERT = "alert"
    DROWSY = "drowsy"
    ASLEEP = "asleep"
    DISTRACTED = "distracted"
    UNKNOWN = "unknown"


class EventKind(Enum):
    """What can happen."""

    BLINK = "blink"
    LONG_CLOSURE = "long closure"
    MICROSLEEP = "microsleep"
    YAWN = "yawn"
    NOD = "nod"
    TURN = "turn"
    NOD_OFF = "nodding off"
    TURNED_AWAY = "turned away"
    LOST_FACE = "face lost"


CLOSURES = frozenset({EventKind.LONG_CLOSURE, EventKind.MICROSLEEP})
"""Eyes shut for longer than a blink."""


class BaselineSource(Enum):
    """Where the person's own open and shut eyes are known from."""

    NONE = "none"
    RUNNING = "learned while watching"
    CLIP = "learned from the whole clip"
    CALIBRATED = "calibrated"
    PROFILE = "profile"


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverEvent:
    """Something that happened, or is still happening.

    An event is told first when it is recognised, which may be before its end, and again under the
    same id when it is over; a long closure may become a microsleep meanwhile.

    Attributes:
        id: grows; the later telling of an id replaces the earlier.
        kind: what it is.
        start_s: session time. Movements begin and end half way, where they are fastest.
        duration_s: up to now while it is going on; NaN where it is refused, as for blinks in too
            few frames.
        ongoing: it is not over.
        complete: both its beginning and its end were seen (or it is still going on).
        size: signed degrees of a nod (up is positive) or turn (to the right edge of the picture is
            positive), least opening in a closure or blink, widest opening in a yawn; else NaN.
        closing_s, reopening_s: of a blink, NaN where unknown.
    """

    id: int
    kind: EventKind
    start_s: float
    duration_s: float
    ongoing: bool = False
    complete: bool = True
    size: float = UNKNOWN
    closing_s: float = UNKNOWN
    reopening_s: float = UNKNOWN

    @property
    def end_s(self) -> float:
        """Session time of the end; the start where the duration was refused."""
        return self.start_s + (0.0 if math.isnan(self.duration_s) else self.duration_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverState:
    """The measures of one frame. NaN is unknown.

    Attributes:
        time_s: session time: seconds since the first frame, going on over seeks and loops.
        measures: what was measured on the main face; its `face_id` is None without one.
        left_opening, right_opening: 0 shut, 1 open, relative to the person's own eyes.
        opening: mean of the eyes that are known.
        shut_s: how long the eyes have been shut by now, 0 while they are open or only droop.
        blinks: blinks of this session.
        blink_rate: blinks a minute over the last minute of known time.
        blink_duration_s: mean over the last minute.
        blink_timing: the frames come fast enough for blink durations.
        perclos: share of the known time of the last minute in which the eyes were shut by 80 %;
            unknown before 10 s of it are known.
        unknown_share: share of the last minute for which the eyes are unknown.
        mouth: gap of the inner lips over their width.
        yawning: a yawn is going on.
        yawns: in their window, ten minutes.
        yaw, pitch, roll: of the head, degrees, relative to the person's neutral.
        away_s: how long the head has been turned away, 0 while it is not.
        lost_s: how long there has been no face, 0 while there is one.
        condition: the verdict.
        reasons: why, in words; the weightiest first.
        level: fused drowsiness, 0..1; 0.5 and above is drowsy.
        baseline: where the person's own eyes are known from.
        events: those that began, changed or ended with this frame.
    """

    time_s: float
    measures: FaceMeasures
    left_opening: float = UNKNOWN
    right_opening: float = UNKNOWN
    opening: float = UNKNOWN
    shut_s: float = UNKNOWN
    blinks: int = 0
    blink_rate: float = UNKNOWN
    blink_duration_s: float = UNKNOWN
    blink_timing: bool = False
    perclos: float = UNKNOWN
    unknown_share: float = UNKNOWN
    mouth: float = UNKNOWN
    yawning: bool = False
    yawns: int = 0
    yaw: float = UNKNOWN
    pitch: float = UNKNOWN
    roll: float = UNKNOWN
    away_s: float = UNKNOWN
    lost_s: float = 0.0
    condition: Condition = Condition.UNKNOWN
    reasons: tuple[str, ...] = ()
    level: float = UNKNOWN
    baseline: BaselineSource = BaselineSource.NONE
    events: tuple[DriverEvent, ...] = ()
