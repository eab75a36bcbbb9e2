"""PERCLOS: the share of time in which the eyes are shut by 80 % (Wierwille 1994, FHWA 1998)."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from app.driver.excursion import Sample, crossing
from app.driver.measures import UNKNOWN
from app.driver.settings import DriverSettings


class Share(NamedTuple):
    """Time of a window, in seconds.

    Attributes:
        total_s: how long it is by now.
        known_s: part of it in which the opening was known.
        shut_s: part of that in which the eyes were shut by 80 %.
    """

    total_s: float
    known_s: float
    shut_s: float

    @property
    def perclos(self) -> float:
        """Shut share of the known time; NaN where none is known."""
        return self.shut_s / self.known_s if self.known_s > 0 else UNKNOWN

    @property
    def unknown(self) -> float:
        """Unknown share of the total time; NaN for an empty window."""
        return max(1 - self.known_s / self.total_s, 0.0) if self.total_s > 0 else UNKNOWN


class Perclos:
    """Sums time up, over a window and over the whole session.

    Each stretch between two frames counts for as long as it lasts. It is known if both of its
    ends belong to a run of known openings without a gap; time that is not known counts neither
    as open nor as shut.
    """

    def __init__(self) -> None:
        self._pieces: deque[tuple[float, float, float, float]] = deque()
        self._known: Sample | None = None
        self._time_s: float | None = None
        self._window = [0.0, 0.0, 0.0]
        self._session = [0.0, 0.0, 0.0]

    def add(self, time_s: float, opening: float, settings: DriverSettings) -> None:
        """Take the opening of one more frame (NaN is unknown)."""
        total = 0.0 if self._time_s is None else time_s - self._time_s
        self._time_s = time_s
        known = shut = 0.0
        if not math.isnan(opening):
            now = (time_s, opening)
            if self._known is not None and time_s - self._known[0] <= settings.longest_gap_s:
                known = time_s - self._known[0]
                shut = time_shut(self._known, now, settings)
            self._known = now
        self._pieces.append((time_s, total, known, shut))
        for place, value in enumerate((total, known, shut)):
            self._window[place] += value
            self._session[place] += value
        while self._pieces[0][0] <= time_s - settings.perclos_window_s:
            for place, value in enumerate(self._pieces.popleft()[1:]):
                self._window[place] -= value

    @property
    def window(self) -> Share:
        """The last `perclos_window_s`."""
        return Share(*self._window)

    @property
    def session(self) -> Share:
        """Since the beginning."""
        return Share(*self._session)


def time_shut(before: Sample, after: Sample, settings: DriverSettings) -> float:
    """Seconds between two openings in which the eyes are open by at most `perclos_opening`.

    Between two frames far apart a lid does not creep from one opening to the other, it waits and
    then takes `lid_stroke_s` for its way. Where the frames are further apart than that, a straight
    line would put the crossing of such a low level too near to the shut end, and low frame rates
    would give a lower PERCLOS. The crossing of `shut_opening` is right, being half way: from there
    the lid goes on at its own speed.
    """
    level, half = settings.perclos_opening, settings.shut_opening
    step_s = after[0] - before[0]
    low, high = sorted((before[1], after[1]))
    if high <= level:
        return step_s
    if low > level:
        return 0.0
    from_shut_s = crossing((0.0, low), (step_s, high), level)
    if high >= half and settings.lid_stroke_s * (high - low) < step_s:
        half_s = crossing((0.0, low), (step_s, high), half)
        from_shut_s = max(half_s - (half - level) * settings.lid_stroke_s, 0.0)
    return from_shut_s
