"""A person's own open and shut eyes, mouth at rest and neutral head: all else is relative to it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from app.core.errors import PfldLiveError
from app.core.untrusted import UnusableError, as_number
from app.driver.measures import UNKNOWN, FaceMeasures
from app.driver.settings import DriverSettings

Numbers = npt.NDArray[np.float64]

# Beyond these angles from the median the eyes look different, so they teach nothing.
_FRONTAL_YAW_DEG: Final = 15.0
_FRONTAL_PITCH_DEG: Final = 10.0
# A shut eye is learned from at least so much time, and is not wider than so much of the open one.
_SHUT_TIME_S: Final = 0.1
_SHUT_MOST: Final = 0.7
# The level of shut eyes is looked for so often, near this quantile of all that are not open.
_ROUNDS: Final = 3
_LOWEST, _NEAR_LOWEST = 0.1, 0.35
# Eyes at least this far open teach what open is; eyes at most this far open, what shut is.
_TEACHES_OPEN: Final = 0.75
_TEACHES_SHUT: Final = 0.3
# Shut eyes are rare: they teach faster, over seconds of shut time.
_SHUT_OVER_S: Final = 2.0
# Learning while watching looks back this far, this often.
_LOOKS_BACK_S: Final = 20.0
_TRY_EVERY_S: Final = 0.5
# No angle of a head and no aspect ratio in a file is larger.
_MOST_DEG: Final = 360.0
_MOST_RATIO: Final = 100.0
# A mouth that is open by so much more than at rest is not at rest.
_AT_REST: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What a person looks like awake and at rest.

    Attributes:
        left_open, right_open, left_shut, right_shut: eye aspect ratios.
        mouth, mouth_width: as in `FaceMeasures`; NaN where unknown.
        yaw, pitch, roll: of the head looking ahead, degrees relative to the camera; NaN likewise.
        shut_seen: the shut eyes were seen and not inferred from the open ones.

    Raises:
        PfldLiveError: the numbers are no eyes.
    """

    left_open: float
    right_open: float
    left_shut: float
    right_shut: float
    mouth: float = UNKNOWN
    mouth_width: float = UNKNOWN
    yaw: float = UNKNOWN
    pitch: float = UNKNOWN
    roll: float = UNKNOWN
    shut_seen: bool = False

    def __post_init__(self) -> None:
        for wide, narrow in ((self.left_open, self.left_shut), (self.right_open, self.right_shut)):
            if not 0 <= narrow < wide < math.inf:
                raise PfldLiveError(
                    "A baseline needs open eyes that are wider than shut ones, "
                    f"got {wide:g} and {narrow:g}; calibrate again."
                )

    def openings(self, measures: FaceMeasures) -> tuple[float, float]:
        """How far the left and right eye are open: 0 shut, 1 open; NaN where unknown.

        Neither end is exact, so values reach a little beyond 0 and 1.
        """
        left = (measures.left_ear - self.left_shut) / (self.left_open - self.left_shut)
        right = (measures.right_ear - self.right_shut) / (self.right_open - self.right_shut)
        return left, right

    def as_dict(self) -> dict[str, Any]:
        """For JSON; unknown is null."""
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """From JSON.

        Raises:
            PfldLiveError: fields are missing, unknown or no numbers.
        """
        known = {field.name for field in fields(cls)}
        needed = {"left_open", "right_open", "left_shut", "right_shut"}
        if not needed <= set(values) <= known:
            raise PfldLiveError("A baseline has missing or unknown fields; calibrate again.")
        numbers: dict[str, Any] = {}
        for name, value in values.items():
            if name == "shut_seen":
                if not isinstance(value, bool):
                    raise PfldLiveError(
                        "A baseline has no yes or no for shut_seen; calibrate again."
                    )
                numbers[name] = value
            elif value is None and name not in needed:
                numbers[name] = UNKNOWN
            else:
                most = _MOST_DEG if name in ("yaw", "pitch", "roll") else _MOST_RATIO
                try:
                    numbers[name] = as_number(value, name, -most, most)
                except UnusableError as error:
                    raise PfldLiveError(
                        f"A baseline has no number for {name} ({error}); calibrate again."
                    ) from error
        return cls(**numbers)


def learn_baseline(measures: Sequence[FaceMeasures], settings: DriverSettings) -> Baseline | None:
    """The baseline of one person from all that was measured over some time.

    Open and shut are the two levels that the eye aspect ratio keeps to while the head is near its
    median direction. An eye that was never shut gets the usual ratio to the open one.

    Returns:
        None where the eyes were known for less than `settle_s`.
    """
    seen = _longest_seen([m for m in measures if eyes_can_be_read(m, settings)])
    if len(seen) < 2:
        return None
    weights = _durations(seen, settings.longest_gap_s)
    yaw, pitch, roll = (
        weighted_median(np.array([getattr(m, name) for m in seen]), weights)
        for name in ("yaw", "pitch", "roll")
    )
    ahead = np.array([_is_ahead(m, yaw, pitch) for m in seen])
    if weights[ahead].sum() < settings.settle_s - settings.longest_gap_s:
        return None
    near = [m for m, keep in zip(seen, ahead, strict=True) if keep]
    time = weights[ahead]
    left = _levels(np.array([m.left_ear for m in near]), time, settings.shut_ratio)
    right = _levels(np.array([m.right_ear for m in near]), time, settings.shut_ratio)
    if left is None or right is None:
        return None
    return Baseline(
        left_open=left[0],
        right_open=right[0],
        left_shut=left[1],
        right_shut=right[1],
        mouth=weighted_median(np.array([m.mouth for m in near]), time),
        mouth_width=weighted_median(np.array([m.mouth_width for m in near]), time),
        yaw=yaw,
        pitch=pitch,
        roll=roll,
        shut_seen=left[2] and right[2],
    )


def eyes_can_be_read(measures: FaceMeasures, settings: DriverSettings) -> bool:
    """Whether a face is large and trusted enough for its eyes to mean anything."""
    return (
        measures.face_id is not None
        and measures.trust >= settings.eyes_trust
        and measures.eye_distance_px >= settings.eyes_distance_px
        and not math.isnan(measures.left_ear + measures.right_ear)
    )


def weighted_median(values: Numbers, weights: Numbers) -> float:
    """The value with half of the weight on either side; NaN values count nothing."""
    return _quantile(values, weights, 0.5)


def _quantile(values: Numbers, weights: Numbers, share: float) -> float:
    """The value with this share of the weight below it; NaN values count nothing."""
    known = ~np.isnan(values)
    values, weights = values[known], weights[known]
    if not values.size:
        return UNKNOWN
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    place = int(np.searchsorted(reached, share * reached[-1]))
    return float(values[order][min(place, len(values) - 1)])


class RunningBaseline:
    """Follows a person slowly. Begins with a known baseline, or learns one first.

    Attributes:
        current: None until there is one.
    """

    def __init__(self, baseline: Baseline | None = None) -> None:
        self.current = baseline
        self._first: list[FaceMeasures] = []
        self._tried_s = -math.inf
        self._time_s: float | None = None

    def update(self, measures: FaceMeasures, settings: DriverSettings) -> Baseline | None:
        """Learn from one more frame; gives `current`."""
        step_s = 0.0 if self._time_s is None else measures.time_s - self._time_s
        self._time_s = measures.time_s
        if not eyes_can_be_read(measures, settings):
            return self.current
        if self.current is None:
            self._learn(measures, settings)
        elif 0 < step_s <= settings.longest_gap_s:
            self.current = _followed(self.current, measures, step_s, settings.baseline_s)
        return self.current

    def _learn(self, measures: FaceMeasures, settings: DriverSettings) -> None:
        """Look at what was seen lately, until it teaches a baseline."""
        self._first.append(measures)
        time_s = measures.time_s
        if time_s - self._tried_s < _TRY_EVERY_S:
            return
        self._tried_s = time_s
        self._first = [m for m in self._first if time_s - m.time_s <= _LOOKS_BACK_S]
        if time_s - self._first[0].time_s >= settings.settle_s:
            self.current = learn_baseline(self._first, settings)
        if self.current is not None:
            self._first = []


def _followed(now: Baseline, measures: FaceMeasures, step_s: float, over_s: float) -> Baseline:
    """A baseline after a step of time, by exponential smoothing."""
    if not _is_ahead(measures, now.yaw, now.pitch):
        return now
    slow = step_s / over_s
    left_open, right_open = now.left_open, now.right_open
    left_shut, right_shut, shut_seen = now.left_shut, now.right_shut, now.shut_seen
    left, right = now.openings(measures)
    if left + right >= 2 * _TEACHES_OPEN:
        left_open = _nearer(left_open, measures.left_ear, slow)
        right_open = _nearer(right_open, measures.right_ear, slow)
    elif left + right <= 2 * _TEACHES_SHUT:
        quick = step_s / _SHUT_OVER_S
        left_shut = min(_nearer(left_shut, measures.left_ear, quick), _SHUT_MOST * left_open)
        right_shut = min(_nearer(right_shut, measures.right_ear, quick), _SHUT_MOST * right_open)
        shut_seen = True
    mouth, mouth_width = now.mouth, now.mouth_width
    if measures.mouth <= mouth + _AT_REST or math.isnan(mouth):
        mouth = _nearer(mouth, measures.mouth, slow)
        mouth_width = _nearer(mouth_width, measures.mouth_width, slow)
    return Baseline(
        left_open=left_open,
        right_open=right_open,
        left_shut=left_shut,
        right_shut=right_shut,
        mouth=mouth,
        mouth_width=mouth_width,
        yaw=_nearer(now.yaw, measures.yaw, slow),
        pitch=_nearer(now.pitch, measures.pitch, slow),
        roll=_nearer(now.roll, measures.roll, slow),
        shut_seen=shut_seen,
    )


def _is_ahead(measures: FaceMeasures, yaw: float, pitch: float) -> bool:
    """Whether the head is near a direction; yes where either is unknown."""
    turned, bowed = abs(measures.yaw - yaw), abs(measures.pitch - pitch)
    return not (turned > _FRONTAL_YAW_DEG or bowed > _FRONTAL_PITCH_DEG)


def _nearer(now: float, goal: float, share: float) -> float:
    if math.isnan(goal):
        return now
    return goal if math.isnan(now) else now + min(share, 1.0) * (goal - now)


def _longest_seen(measures: Sequence[FaceMeasures]) -> list[FaceMeasures]:
    """Those of the one face that was measured most, as another one is another person."""
    counts = Counter(m.face_id for m in measures)
    most = max(counts, key=lambda face_id: counts[face_id], default=None)
    return [m for m in measures if m.face_id == most]


def _durations(measures: Sequence[FaceMeasures], longest_s: float) -> Numbers:
    """Time that each measurement stands for: half of the way to its neighbours, (T,) seconds."""
    times = np.array([m.time_s for m in measures])
    steps = np.minimum(np.diff(times), longest_s)
    around = np.zeros(len(times))
    around[:-1] += steps / 2
    around[1:] += steps / 2
    return around


def _levels(ears: Numbers, time: Numbers, shut_ratio: float) -> tuple[float, float, bool] | None:
    """The open and the shut level of an eye, and whether the latter was seen."""
    wide = _quantile(ears, time, 0.9)
    if not wide > 0:
        return None
    shut = shut_ratio * wide
    for _ in range(_ROUNDS):
        middle = (wide + shut) / 2
        wide = weighted_median(ears[ears > middle], time[ears > middle])
        low = ears <= middle
        if time[low].sum() < _SHUT_TIME_S:
            return wide, shut_ratio * wide, False
        # Many of these may be eyes on their way; those near the lowest are shut.
        lowest = _quantile(ears[low], time[low], _LOWEST)
        low = ears <= lowest + _NEAR_LOWEST * (wide - lowest)
        shut = weighted_median(ears[low], time[low])
        if shut > _SHUT_MOST * wide:
            return wide, shut_ratio * wide, False
    return wide, shut, True
