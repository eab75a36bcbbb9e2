"""The window measured from inside: `python -m app.ui.probe STARTED_NS SECONDS`.

Plays the demo clip, closes itself and prints one line of JSON. `pfld-live bench` runs this in a
process of its own, since only a fresh process can tell how long a start takes.
"""

from __future__ import annotations

import json
import sys

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from app.core.clock import now_ns
from app.core.memory import peak_rss_mb
from app.ui.application import run_window
from app.ui.main_window import MainWindow


def main(arguments: list[str]) -> int:
    """Measure.

    Args:
        arguments: monotonic nanoseconds at which the process was started, and seconds to play.
    """
    started_ns, seconds = int(arguments[0]), float(arguments[1])
    report: dict[str, object] = {}

    def shown() -> None:
        report["startup_ms"] = round((now_ns() - started_ns) / 1e6, 1)
        QTimer.singleShot(int(seconds * 1000), finish)

    def finish() -> None:
        (window,) = [w for w in QApplication.topLevelWidgets() if isinstance(w, MainWindow)]
        meters = window.view.meters
        paint, latency = meters.paint_ms(), meters.latency_ms()
        report["shown_fps"] = round(meters.shown_fps(), 1)
        report["paint_ms"] = {"p50": round(paint.p50, 3), "p95": round(paint.p95, 3)}
        report["latency_ms"] = {"p50": round(latency.p50, 2), "p95": round(latency.p95, 2)}
        window.close()

    code = run_window(demo=True, on_shown=shown)
    report["peak_rss_mb"] = round(peak_rss_mb(), 1)
    print(json.dumps(report))
    return code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
