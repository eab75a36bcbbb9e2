"""PERCLOS: the share of time in which the eyes are shut by 80 % (Wierwille 1994, FHWA 1998)."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from app.driver.excursion import Sample, time_above
from app.driver.measures import UNKNOWN


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
        return 1 - self.known_s / self.total_s if self.total_s > 0 else UNKNOWN


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

    def add(
        self,
        time_s: float,
        opening: float,
        *,
        level: float,
        window_s: float,
        longest_gap_s: float,
    ) -> None:
        """Take the opening of one more frame (NaN is unknown).

        Args:
            time_s: of the frame.
            opening: of the eyes.
            level: shut is an opening of at most this.
            window_s: length of the window.
            longest_gap_s: known openings further apart leave the time between them unknown.
        """
        if self._time_s is not None:
            self._append(time_s, total=time_s - self._time_s, known=0.0, shut=0.0)
        self._time_s = time_s
        if not math.isnan(opening):
            now = (time_s, opening)
            if self._known is not None and time_s - self._known[0] <= longest_gap_s:
                known = time_s - self._known[0]
                shut = known - time_above(self._known, now, level)
                self._append(time_s, total=0.0, known=known, shut=shut)
            self._known = now
        while self._pieces and self._pieces[0][0] <= time_s - window_s:
            for place, value in enumerate(self._pieces.popleft()[1:]):
                self._window[place] -= value

    def _append(self, end_s: float, *, total: float, known: float, shut: float) -> None:
        self._pieces.append((end_s, total, known, shut))
        for place, value in enumerate((total, known, shut)):
            self._window[place] += value
            self._session[place] += value

    @property
    def window(self) -> Share:
        """The last `window_s`."""
        return Share(*self._window)

    @property
    def session(self) -> Share:
        """Since the beginning."""
        return Share(*self._session)
