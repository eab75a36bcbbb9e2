"""The window with two of MediaPipe's networks, and labelling by machine, as a program of its own.

Usage: python -m tests.gui.comma_window CLIP

Prints one line of JSON: what the number field of the field of view shows, and per network how many
faces were seen. What never comes within a minute is missing.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QDoubleSpinBox

from app.ui.application import run_window
from app.ui.labels.machine import MachineLabelling
from app.ui.main_window import MainWindow
from app.ui.preferences import temporary_preferences
from app.ui.window_options import WindowOptions
from app.vision.settings import VisionSettings

_LONGEST_MS = 60_000


def main(clip: Path) -> int:
    seen: dict[str, object] = {}

    def shown(window: MainWindow) -> None:
        fields = window.panels.findChildren(QDoubleSpinBox)
        seen["fields"] = [field.text() for field in fields]
        machine = MachineLabelling(clip, window)

        def labelled(problem: str) -> None:
            seen["labelling"] = problem or machine.progress.done
            window.close()

        def picture(_: object) -> None:
            picture = window.view.picture
            result = None if picture is None else picture.result
            if result is None or not result.faces or "points" in seen:
                return
            seen["detector"] = result.detector
            seen["points"] = len(result.faces[0].points)
            machine.start()

        machine.ended.connect(labelled)
        window._link.picture_ready.connect(picture)
        QTimer.singleShot(_LONGEST_MS, window, window.close)

    with temporary_preferences() as preferences:
        options = WindowOptions(
            model="mesh478", detector="blazeface", loop=True, settings={"field_of_view_deg": 62.5}
        )
        VisionSettings(**options.settings)
        code = run_window(str(clip), options=options, preferences=preferences, on_shown=shown)
    print(json.dumps(seen))
    return code


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
