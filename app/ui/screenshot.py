"""Takes a picture of the window on a clip, as the README shows it.

    python -m app.ui.screenshot --clip CLIP --size 1280x800 --out window.png

Needs a display; `xvfb-run -s "-screen 0 1400x900x24"` provides one where there is none.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer

from app.core.resources import asset
from app.ui.application import make_application, run_window
from app.ui.main_window import MainWindow
from app.ui.preferences import temporary_preferences

if TYPE_CHECKING:
    from app.ui.picture import Picture

_SCHEMES = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}


class Photographer:
    """Waits for the right picture, saves the window, closes it."""

    def __init__(
        self, window: MainWindow, *, out: Path, at_s: float, faces: int, patience_s: float
    ) -> None:
        self._window = window
        self._out = out
        self._at_s = at_s
        self._faces = faces
        self.saved = False
        window.view.painted.connect(self._look)
        QTimer.singleShot(int(patience_s * 1000), self._give_up)

    def _look(self, picture: Picture) -> None:
        result = picture.result
        if result.frame.time_s >= self._at_s and len(result.faces) >= self._faces:
            self._window.view.painted.disconnect(self._look)
            # The meters refresh ten times a second; let them count this picture, too.
            QTimer.singleShot(150, self._save)

    def _save(self) -> None:
        self.saved = self._window.grab().save(str(self._out))
        self._window.close()

    def _give_up(self) -> None:
        if not self.saved:
            print(f"no such picture came; {self._out} shows the last one", file=sys.stderr)
            self._save()
            self.saved = False


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m app.ui.screenshot", description=__doc__)
    parser.add_argument("--clip", default=str(asset("demo.mp4")), help="source to show")
    parser.add_argument("--out", type=Path, required=True, help="PNG file to write")
    parser.add_argument("--size", default="1280x800", help="width x height of the window")
    parser.add_argument("--at", type=float, default=2.0, help="second of the clip to wait for")
    parser.add_argument("--faces", type=int, default=1, help="faces that must be in the picture")
    parser.add_argument("--patience", type=float, default=30.0, help="seconds before giving up")
    parser.add_argument("--scheme", choices=sorted(_SCHEMES), help="whatever the system says")
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="preferences")
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    photographers: list[Photographer] = []

    def shown(window: MainWindow) -> None:
        window.resize(width, height)
        photographers.append(
            Photographer(
                window,
                out=options.out,
                at_s=options.at,
                faces=options.faces,
                patience_s=options.patience,
            )
        )

    make_application()
    with temporary_preferences() as preferences:
        for pair in options.set:
            preferences.set(*pair.split("=", 1))
        run_window(
            options.clip,
            preferences=preferences,
            scheme=_SCHEMES.get(options.scheme),
            on_shown=shown,
        )
    return 0 if photographers and photographers[0].saved else 1


if __name__ == "__main__":
    raise SystemExit(main())
