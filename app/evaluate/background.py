"""An evaluation on a thread of its own, with progress, cancel and what is known so far."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Final

from app.core.errors import PfldLiveError
from app.evaluate.find import open_labelled_clip
from app.evaluate.results import ClipResult
from app.evaluate.run import ClipEvaluation, EvaluationSettings
from app.evaluate.store import ResultStore, StoredRun
from app.vision.zoo import ZooEntry

_log = logging.getLogger(__name__)

PARTIAL_EVERY_S: Final = 1.0
"""Time between two looks at what is known so far; each copies little and draws a few pictures."""
_RATE_OVER_S: Final = 3.0


class Phase(Enum):
    """Where an evaluation stands."""

    LOADING = "loading"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return self in (Phase.DONE, Phase.CANCELLED, Phase.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationStatus:
    """How far an evaluation is.

    Attributes:
        phase: where it stands; clips are loaded one by one.
        clip: name of the present clip, "" before the first.
        clip_number: its number, from 0.
        clips: how many there are.
        frame, frames: finished frames of the present clip, and all of them.
        fps: frames per second of late, all models together; 0 while that is not known.
        problem: a sentence where it failed, or could not be kept.
        kept: where it is done and was kept.
    """

    phase: Phase = Phase.LOADING
    clip: str = ""
    clip_number: int = 0
    clips: int = 0
    frame: int = 0
    frames: int = 0
    fps: float = 0.0
    problem: str = ""
    kept: StoredRun | None = None


class BackgroundEvaluation:
    """Runs models over clips while its owner does other things.

    `status` and `results` may be asked for from any thread. Its owner calls `stop` at the end.

    Args:
        places: see `app.evaluate.find.open_labelled_clip`.
        models: to run; at least one.
        settings: how.
        store: keeps the finished evaluation; None keeps nothing.
        on_results: called on the evaluation's thread when there is more to see in `results`,
            about once a second, and a last time at the end.
    """

    def __init__(
        self,
        places: Sequence[Path],
        models: Sequence[ZooEntry],
        settings: EvaluationSettings,
        *,
        store: ResultStore | None = None,
        on_results: Callable[[], None] = lambda: None,
    ) -> None:
        self._places, self._models, self._settings = tuple(places), tuple(models), settings
        self._store = store
        self._on_results = on_results
        self._lock = threading.Lock()
        self._status = EvaluationStatus(clips=len(self._places))
        self._results: tuple[ClipResult, ...] = ()
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="evaluation", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """End after the present frame; what is known so far stays. Returns at once."""
        self._cancelled.set()

    def stop(self, timeout_s: float) -> bool:
        """Cancel and wait; False if the thread still lives after that time."""
        self.cancel()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def status(self) -> EvaluationStatus:
        """How far it is."""
        with self._lock:
            return self._status

    def results(self) -> tuple[ClipResult, ...]:
        """The finished clips, and the frames so far of the present one."""
        with self._lock:
            return self._results

    def _run(self) -> None:
        try:
            finished: list[ClipResult] = []
            for number, place in enumerate(self._places):
                self._set(phase=Phase.LOADING, clip=place.name, clip_number=number)
                self._set(frame=0, frames=0, fps=0.0)
                result = self._evaluate(place, finished)
                if result.labels.frames:
                    finished.append(result)
                    self._show(finished)
                if self._cancelled.is_set():
                    self._set(phase=Phase.CANCELLED)
                    break
            else:
                self._finish(finished)
        except PfldLiveError as error:
            self._set(phase=Phase.FAILED, problem=str(error))
        except Exception as error:  # a thread that dies silently would look like a slow clip
            _log.exception("the evaluation failed")
            self._set(phase=Phase.FAILED, problem=f"The evaluation failed: {error}.")
        self._on_results()

    def _evaluate(self, place: Path, finished: Sequence[ClipResult]) -> ClipResult:
        clip = open_labelled_clip(place)
        with ClipEvaluation(clip, self._models, self._settings) as run:
            self._set(phase=Phase.RUNNING, clip=clip.name, frames=run.total)
            rate, shown_s = _Rate(), time.monotonic()
            while not self._cancelled.is_set() and run.step():
                now_s = time.monotonic()
                self._set(frame=run.done, fps=rate.after_frame(now_s))
                if now_s - shown_s >= PARTIAL_EVERY_S:
                    shown_s = now_s
                    self._show([*finished, run.result()])
        return run.result()

    def _finish(self, results: Sequence[ClipResult]) -> None:
        kept, problem = None, ""
        if self._store is not None:
            try:
                kept = self._store.keep(results, self._settings)
            except PfldLiveError as error:  # it can still be looked at
                problem = str(error)
        self._set(phase=Phase.DONE, kept=kept, problem=problem)

    def _show(self, results: Sequence[ClipResult]) -> None:
        with self._lock:
            self._results = tuple(results)
        self._on_results()

    def _set(self, **changes: object) -> None:
        with self._lock:
            self._status = replace(self._status, **changes)  # type: ignore[arg-type]


class _Rate:
    """Frames per second over the last moments."""

    def __init__(self) -> None:
        self._times_s: deque[float] = deque()

    def after_frame(self, now_s: float) -> float:
        self._times_s.append(now_s)
        while now_s - self._times_s[0] > _RATE_OVER_S:
            self._times_s.popleft()
        spent = now_s - self._times_s[0]
        return (len(self._times_s) - 1) / spent if spent > 0 else 0.0
