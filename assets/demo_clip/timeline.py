"""What happens when: every movement of the clip as a function of time in seconds."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from app.core.face import HeadPose
from demo_clip.expression import Expression

FPS = 30
DURATION_S = 20.0
MAIN, VISITOR = 0, 1


@dataclass(frozen=True)
class Event:
    """Something that the labels promise to be in the clip."""

    kind: str
    start_s: float
    duration_s: float
    person: int = MAIN
    detail: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Swing:
    """A value that rises to `size`, holds and falls back, smoothly, each in its own seconds."""

    start: float
    rise: float
    hold: float
    fall: float
    size: float = 1.0

    def at(self, time: float) -> float:
        """The value at a time, 0 outside."""
        since = time - self.start
        end = self.rise + self.hold + self.fall
        if since <= 0 or since >= end:
            return 0.0
        if since < self.rise:
            return self.size * ease(since / self.rise)
        if since <= self.rise + self.hold:
            return self.size
        return self.size * ease((end - since) / self.fall)

    def event(self, kind: str, person: int = MAIN, **detail: float) -> Event:
        """The event of the time in which the value is at least half of its size.

        Half, because whoever finds the event must put a threshold somewhere: halfway the value
        moves fastest, so that the choice matters least.
        """
        start = self.start + self.rise / 2
        length = self.rise / 2 + self.hold + self.fall / 2
        return Event(kind, round(start, 4), round(length, 4), person, detail)


def ease(share: float) -> float:
    """0 to 1 for 0 to 1, with a soft start and end."""
    share = min(max(share, 0.0), 1.0)
    return share * share * share * (share * (6 * share - 15) + 10)


def _blinks(*times: tuple[float, float]) -> tuple[Swing, ...]:
    """Blinks by (start, seconds below half): lids close faster than they open."""
    return tuple(
        Swing(start - 0.04, 0.08, max(length - 0.1, 0.04), 0.12) for start, length in times
    )


_TURNS = (Swing(1.5, 0.8, 0.5, 0.8, 40.0), Swing(3.8, 0.8, 0.5, 0.8, -40.0))
_NODS = (Swing(6.1, 0.45, 0.3, 0.45, -20.0), Swing(7.4, 0.45, 0.3, 0.45, 20.0))
_TILTS = (Swing(8.75, 0.45, 0.3, 0.45, 20.0), Swing(10.05, 0.45, 0.3, 0.45, -20.0))
_CLOSURE = Swing(11.75, 0.1, 1.9, 0.1)
_YAWN = Swing(14.5, 0.4, 2.3, 0.4)
_BLINKS = _blinks(
    (0.75, 0.17),
    (3.35, 0.20),
    (5.8, 0.16),
    (8.62, 0.18),
    (11.2, 0.22),
    (14.15, 0.2),
    (17.75, 0.26),
    (19.45, 0.17),
)
_GREETING = Swing(-1.0, 0.2, 1.75, 0.5, 0.9)
_SMILE = Swing(18.0, 0.35, 2.4, 0.1)
_OCCLUDER = (17.95, 1.45)
_VISITOR = Swing(12.9, 1.0, 3.1, 1.0)
_VISITOR_BLINKS = _blinks((14.45, 0.17), (16.55, 0.17))
_VISITOR_SMILE = Swing(14.6, 0.5, 1.6, 0.5, 0.8)


def wander(time: float, seed: float) -> float:
    """Slow aimless movement, about -1..1: nobody holds still, and no hand holds a camera still."""
    return (
        math.sin(1.3 * time + 7.1 * seed)
        + 0.6 * math.sin(2.9 * time + 3.7 * seed)
        + 0.2 * math.sin(6.1 * time + 1.9 * seed)
    ) / 1.5


def _sum(swings: tuple[Swing, ...], time: float) -> float:
    return sum(swing.at(time) for swing in swings)


def main_pose(time: float) -> HeadPose:
    """Pose of the main person."""
    nods = _sum(_NODS, time) + 6.0 * _YAWN.at(time) - 4.0 * _CLOSURE.at(time)
    return HeadPose(
        yaw=_sum(_TURNS, time) + 1.2 * wander(time, 1),
        pitch=-1.0 + nods + 0.9 * wander(time, 2),
        roll=_sum(_TILTS, time) + 0.9 * wander(time, 3),
    )


def main_expression(time: float) -> Expression:
    """Expression of the main person."""
    shut = max(_CLOSURE.at(time), *(blink.at(time) for blink in _BLINKS), 0.3 * _YAWN.at(time))
    return Expression(
        left_eye=1 - shut,
        right_eye=1 - shut,
        jaw=_YAWN.at(time),
        smile=max(_GREETING.at(time), _SMILE.at(time)),
    )


def visitor_pose(time: float) -> HeadPose:
    """Pose of the second person, who turns from the way to the camera."""
    arrived = ease((time - 13.4) / 1.0) * (1 - ease((time - 16.9) / 0.8))
    return HeadPose(
        yaw=-22.0 * (1 - arrived) - 6.0 + 4.0 * wander(time, 5),
        pitch=-2.0 + 2.5 * wander(time, 6),
        roll=3.0 + 2.5 * wander(time, 7),
    )


def visitor_expression(time: float) -> Expression:
    """Expression of the second person."""
    opening = 1 - _sum(_VISITOR_BLINKS, time)
    return Expression(opening, opening, 0.0, _VISITOR_SMILE.at(time))


def presence(time: float) -> float:
    """0..1 how far the second person has come in."""
    return _VISITOR.at(time)


def occluder_progress(time: float) -> float | None:
    """0..1 how far the occluder has crossed the picture, None when it is not there."""
    share = (time - _OCCLUDER[0]) / _OCCLUDER[1]
    return share if 0 <= share <= 1 else None


def movements() -> list[Event]:
    """All events that follow from the movements, in order of their start."""
    found = [blink.event("blink") for blink in _BLINKS]
    found += [blink.event("blink", VISITOR) for blink in _VISITOR_BLINKS]
    found += [_CLOSURE.event("closure"), _YAWN.event("yawn")]
    found += [swing.event("turn", yaw=swing.size) for swing in _TURNS]
    found += [swing.event("nod", pitch=swing.size) for swing in _NODS]
    found += [swing.event("tilt", roll=swing.size) for swing in _TILTS]
    found += [_smile_event(_GREETING), _smile_event(_SMILE)]
    found.append(_smile_event(_VISITOR_SMILE, VISITOR))
    return sorted(found, key=lambda event: event.start_s)


def _smile_event(swing: Swing, person: int = MAIN) -> Event:
    whole = swing.event("smile", person)
    start = max(whole.start_s, 0.0)
    end = min(whole.start_s + whole.duration_s, DURATION_S)
    return Event("smile", start, round(end - start, 4), person)
