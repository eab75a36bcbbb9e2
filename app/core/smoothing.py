"""One-Euro smoothing of landmarks.

Casiez, Roussel, Vogel: "1€ Filter", CHI 2012. Positions and speeds are measured in outer eye
distances, so that one setting serves near and far faces alike.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.core.face import Points


@dataclass(frozen=True, slots=True)
class SmoothingSettings:
    """How much landmarks are smoothed.

    Attributes:
        min_cutoff_hz: cut-off frequency at rest; lower is steadier.
        beta: rise of the cut-off per eye distance a second; higher lags less in movement.
        speed_cutoff_hz: cut-off for the speed estimate itself.
    """

    min_cutoff_hz: float = 1.2
    beta: float = 4.0
    speed_cutoff_hz: float = 1.5


class PointSmoother:
    """Smooths the points (N, 2) of one face over time.

    Each point has a cut-off of its own, so that a blinking lid follows at once while a still
    jaw stays calm.
    """

    def __init__(self, settings: SmoothingSettings) -> None:
        self._settings = settings
        self._time_s: float | None = None
        self._points: npt.NDArray[np.float64] | None = None
        self._speed: npt.NDArray[np.float64] | None = None

    def __call__(
        self, points: Points, *, time_s: float, scale: float, turn: float | None = None
    ) -> Points:
        """Smooth one more sample.

        Args:
            points: (N, D) float32, frame pixels for points, degrees (N, 1) for angles.
            time_s: time of the frame in seconds; a time that does not grow returns the last
                result, for there is no new evidence.
            scale: eye distance of the face in pixels.
            turn: for angles, how much of them makes a full turn; they go the short way round.

        Returns:
            (N, D) float32, a new array.
        """
        current = points.astype(np.float64)
        if self._points is None or self._speed is None or self._time_s is None:
            self._points, self._speed = current, np.zeros_like(current)
            self._time_s = time_s
            return points.copy()
        step = time_s - self._time_s
        if step <= 0:
            return self._points.astype(np.float32)
        if turn is not None:
            current = self._points + (current - self._points + turn / 2) % turn - turn / 2
        scale = max(scale, 1e-6)
        speed = (current - self._points) / step / scale
        self._speed += _weight(self._settings.speed_cutoff_hz, step) * (speed - self._speed)
        pace = np.sqrt(np.einsum("nd,nd->n", self._speed, self._speed))[:, None]
        cutoff = self._settings.min_cutoff_hz + self._settings.beta * pace
        rate = 2 * math.pi * cutoff * step
        self._points = self._points + rate / (rate + 1) * (current - self._points)
        if turn is not None:
            self._points = (self._points + turn / 2) % turn - turn / 2
        self._time_s = time_s
        return self._points.astype(np.float32)


def _weight(cutoff_hz: float, step_s: float) -> float:
    rate = 2 * math.pi * cutoff_hz * step_s
    return rate / (rate + 1)
