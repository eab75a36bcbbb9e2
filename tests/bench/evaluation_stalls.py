"""How long the GUI thread works at a time while models are evaluated in the window.

    QT_QPA_PLATFORM=offscreen python -m tests.bench.evaluation_stalls

Evaluates the demo clip with all models while it plays, and goes through all plots. Counted is the
processor time of the GUI thread between two turns of its event loop, so that other programs on
the machine do not count; waiting for Python's lock does not either.
"""

from __future__ import annotations

import os
import tempfile
import time

import numpy as np
from PySide6.QtCore import QTimer

from app.ui.application import make_application, run_window
from app.ui.main_window import MainWindow
from app.ui.preferences import temporary_preferences

LIMIT_MS = 50.0


class Watch:
    """Notes the processor time between two turns of the event loop."""

    def __init__(self, window: MainWindow) -> None:
        self.turns_ms: list[float] = []
        self._last = time.thread_time()
        self._timer = QTimer(window)
        self._timer.timeout.connect(self._turn)

    def start(self) -> None:
        self._last = time.thread_time()
        self._timer.start(0)

    def stop(self) -> None:
        self._timer.stop()

    def _turn(self) -> None:
        now = time.thread_time()
        self.turns_ms.append((now - self._last) * 1e3)
        self._last = now


class Visit:
    """Opens the dock, evaluates, looks at one plot after the other, closes."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.watch = Watch(window)
        self.runs = 0
        self._next(self._open)

    def _next(self, step: object, after_ms: int = 100) -> None:
        QTimer.singleShot(after_ms, self._window, step)  # type: ignore[call-overload]

    def _open(self) -> None:
        evaluation = self._window.evaluation
        if evaluation.view is None:
            if self._window.view.picture is not None and self._window.view.picture.result.model:
                evaluation.open()
                self._next(self._begin)
            else:
                self._next(self._open)

    def _begin(self) -> None:
        evaluation = self._window.evaluation
        if evaluation.view is None or not evaluation.view.models.chosen:
            self._next(self._begin)
            return
        self.watch.start()
        evaluation.evaluate_demo()
        self._next(self._look, 500)

    def _look(self) -> None:
        evaluation = self._window.evaluation
        results = evaluation.view.results
        if evaluation.run is not None and evaluation.run.stored is not None and results.drawn:
            self.watch.stop()
            self._window.close()
            return
        if evaluation.run is not None and results.drawn:
            results.setCurrentIndex((results.currentIndex() + 1) % results.count())
        self._next(self._look, 700)


def main() -> None:
    """Run and print."""
    visits: list[Visit] = []
    with tempfile.TemporaryDirectory() as folder, temporary_preferences() as preferences:
        os.environ["PFLD_LIVE_DATA"] = folder
        make_application()
        run_window(demo=True, preferences=preferences, on_shown=lambda w: visits.append(Visit(w)))
    turns = np.array(visits[0].watch.turns_ms)
    p50, p99 = np.percentile(turns, [50, 99])
    print(f"{len(turns)} turns; median {p50:.2f} ms, 99th percentile {p99:.2f} ms")
    print(f"longest {', '.join(f'{t:.0f}' for t in sorted(turns)[-8:])} ms")
    print(f"above {LIMIT_MS:g} ms: {(turns > LIMIT_MS).sum()}")


if __name__ == "__main__":
    main()
