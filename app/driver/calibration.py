"""Calibration with guidance: the person looks ahead for some seconds, then shuts the eyes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

import numpy as np

from app.driver.baseline import Baseline, eyes_can_be_read, learn_baseline, weighted_median
from app.driver.measures import FaceMeasures
from app.driver.settings import DriverSettings

LOOK_S: Final = 4.0
SHUT_S: Final = 1.5
"""Seconds of known time that the two steps ask for."""

_SHUT_PATIENCE_S: Final = 5.0
_PATIENCE_S: Final = 30.0
# The eyes are taken for shut once they are this share of the open ones.
_DROPPED: Final = 0.8
_STILL_DEG: Final = 12.0


class CalibrationPhase(Enum):
    """The steps."""

    LOOK = "look"
    SHUT = "shut"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationStatus:
    """What to show to the person.

    Attributes:
        phase: the step.
        guidance: one sentence: what to do, or how it went.
        progress: 0..1 over all steps.
    """

    phase: CalibrationPhase
    guidance: str
    progress: float


class Calibration:
    """Takes measurements until a baseline is known: 5 to 10 s if the person does as told.

    A person who does not shut the eyes still gets a baseline, with the usual ratio of shut to
    open eyes.
    """

    def __init__(self, settings: DriverSettings) -> None:
        self._settings = settings
        self._open: list[FaceMeasures] = []
        self._shut: list[FaceMeasures] = []
        self._open_s = self._shut_s = 0.0
        self._first_s: float | None = None
        self._phase_s = 0.0
        self._last: FaceMeasures | None = None
        self.baseline: Baseline | None = None
        self.status = CalibrationStatus(
            phase=CalibrationPhase.LOOK,
            guidance="Look at the road with your eyes open.",
            progress=0.0,
        )

    @property
    def running(self) -> bool:
        """Whether it wants more measurements."""
        return self.status.phase in (CalibrationPhase.LOOK, CalibrationPhase.SHUT)

    def add(self, measures: FaceMeasures) -> CalibrationStatus:
        """Take one more frame; nothing happens after the end."""
        if not self.running:
            return self.status
        if self._first_s is None:
            self._first_s = self._phase_s = measures.time_s
        last, self._last = self._last, measures
        step_s = 0.0 if last is None else measures.time_s - last.time_s
        known = 0 < step_s <= self._settings.longest_gap_s
        hint = self._hint(measures)
        if self.status.phase is CalibrationPhase.LOOK:
            self._look(measures, step_s if known else 0.0, hint)
        else:
            self._close(measures, step_s if known else 0.0, hint)
        return self.status

    def _look(self, measures: FaceMeasures, step_s: float, hint: str) -> None:
        if not hint:
            self._open.append(measures)
            self._open_s += step_s
            if self._moved():
                self._open, self._open_s = [measures], 0.0
                hint = "Hold your head still and look at the road."
        if self._open_s >= LOOK_S:
            self._phase_s = measures.time_s
            self._tell(CalibrationPhase.SHUT, "Shut your eyes until you are told to open them.")
        elif measures.time_s - (self._first_s or 0.0) > _PATIENCE_S:
            self._tell(CalibrationPhase.FAILED, f"Calibration failed. {hint} Then try again.")
        else:
            self._tell(CalibrationPhase.LOOK, hint or "Look at the road with your eyes open.")

    def _close(self, measures: FaceMeasures, step_s: float, hint: str) -> None:
        if not hint and self._is_shut(measures):
            self._shut.append(measures)
            self._shut_s += step_s
        if self._shut_s >= SHUT_S:
            self._finish("Done: you may open your eyes.")
        elif measures.time_s - self._phase_s > _SHUT_PATIENCE_S:
            self._shut = []
            self._finish("Done, but your eyes were not seen shut: the usual ratio is taken.")
        else:
            self._tell(
                CalibrationPhase.SHUT, hint or "Shut your eyes until you are told to open them."
            )

    def _finish(self, words: str) -> None:
        baseline = learn_baseline(self._open, replace(self._settings, settle_s=1.0))
        if baseline is None:
            self._tell(CalibrationPhase.FAILED, "Calibration failed: your eyes were not seen open.")
            return
        if self._shut:
            left, right = (
                weighted_median(
                    np.array([getattr(m, name) for m in self._shut]), np.ones(len(self._shut))
                )
                for name in ("left_ear", "right_ear")
            )
            baseline = replace(baseline, left_shut=left, right_shut=right, shut_seen=True)
        self.baseline = baseline
        self._tell(CalibrationPhase.DONE, words)

    def _tell(self, phase: CalibrationPhase, guidance: str) -> None:
        done = min(self._open_s, LOOK_S) + min(self._shut_s, SHUT_S)
        over = phase in (CalibrationPhase.DONE, CalibrationPhase.FAILED)
        self.status = CalibrationStatus(
            phase=phase, guidance=guidance, progress=1.0 if over else done / (LOOK_S + SHUT_S)
        )

    def _hint(self, measures: FaceMeasures) -> str:
        """What keeps the eyes from being read, in a sentence, or ""."""
        if measures.face_id is None:
            return "No face is seen: sit where the camera sees you."
        if measures.eye_distance_px < self._settings.eyes_distance_px:
            return "Your face is too small: come closer to the camera."
        if not eyes_can_be_read(measures, self._settings):
            return "Your eyes are not seen well: uncover them and mind the light."
        return ""

    def _moved(self) -> bool:
        for name in ("yaw", "pitch"):
            known = [v for m in self._open if not math.isnan(v := getattr(m, name))]
            if known and max(known) - min(known) > _STILL_DEG:
                return True
        return False

    def _is_shut(self, measures: FaceMeasures) -> bool:
        wide = sorted(m.left_ear + m.right_ear for m in self._open)[len(self._open) // 2]
        return measures.left_ear + measures.right_ear < _DROPPED * wide
