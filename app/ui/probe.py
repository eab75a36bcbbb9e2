"""Measures the window on the demo clip and prints one line of JSON.

`pfld-live bench` runs this in a process of its own, since only a fresh one can tell how long a
start takes.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer

from app.core.clock import now_ns
from app.core.memory import peak_rss_mb
from app.ui.application import run_window
from app.ui.preferences import temporary_preferences

if TYPE_CHECKING:
    from app.core.meters import Percentiles
    from app.ui.main_window import MainWindow

VIEW_SIZE: Final = (1280, 720)
"""Size of the video in the window, pixels."""

_FIT_EVERY_MS: Final = 500
_LAST_FITS: Final = 6
"""So many of them the end waits for; a screen may be too small for the size."""


def measure_window(start_ns: int, seconds: float) -> int:
    """Show the window, play for a while, close it, print the report.

    Args:
        start_ns: the monotonic clock when the process was started.
        seconds: how long to play.

    Returns:
        The exit code.
    """
    report: dict[str, object] = {}

    def shown(window: MainWindow) -> None:
        report["startup_ms"] = round((now_ns() - start_ns) / 1e6, 1)
        # The player below the video appears with the first status of the clip, and takes room.
        fitting = QTimer(window)
        fitting.timeout.connect(lambda: _give_view_its_size(window))
        fitting.start(_FIT_EVERY_MS)
        QTimer.singleShot(int(seconds * 1000), lambda: finish(window, _LAST_FITS))

    def finish(window: MainWindow, fits: int) -> None:
        size = (window.view.width(), window.view.height())
        if size != VIEW_SIZE and fits:  # on a slow machine the player has come just now
            QTimer.singleShot(_FIT_EVERY_MS, lambda: finish(window, fits - 1))
            return
        meters = window.view.meters
        report["view"] = "{}x{}".format(*size)
        report["shown"] = meters.shown
        report["shown_fps"] = round(meters.shown_fps(), 1)
        report["paint_ms"] = _as_dict(meters.paint_ms())
        report["draw_ms"] = _as_dict(meters.prepare_ms())
        report["latency_ms"] = _as_dict(meters.latency_ms())
        window.close()

    with temporary_preferences() as preferences:
        run_window(demo=True, preferences=preferences, on_shown=shown)
    report["peak_rss_mb"] = round(peak_rss_mb(), 1)
    print(json.dumps(report))
    return 0


def _give_view_its_size(window: MainWindow) -> None:
    extra = window.size() - window.stack.size()
    window.resize(VIEW_SIZE[0] + extra.width(), VIEW_SIZE[1] + extra.height())


def _as_dict(pair: Percentiles) -> dict[str, float | None]:
    """Null where nothing was shown: JSON knows no NaN."""
    return {
        name: None if math.isnan(value) else round(value, 2)
        for name, value in (("p50", pair.p50), ("p95", pair.p95))
    }
