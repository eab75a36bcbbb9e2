"""Opens the label editor for the right clip, and closes it with the main window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QDir, QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QMainWindow

from app.capture.kinds import VIDEO_SUFFIXES, is_image
from app.ui.banner import BannerStack, Message
from app.ui.icons import PaletteIcons
from app.ui.preferences import Preferences
from app.ui.sources import Sources
from app.ui.theme import Theme
from app.ui.worker import Worker

if TYPE_CHECKING:
    from app.ui.labels.window import LabelWindow


class Labelling(QObject):
    """One editor at a time.

    Attributes:
        window: of the editor, or None.
    """

    def __init__(
        self,
        main: QMainWindow,
        *,
        action: QAction,
        sources: Sources,
        banners: BannerStack,
        preferences: Preferences,
        icons: PaletteIcons,
        theme: Theme,
        on_saved: Callable[[], None],
    ) -> None:
        super().__init__(main)
        self._main = main
        self._sources = sources
        self._banners = banners
        self._preferences = preferences
        self._icons = icons
        self._theme = theme
        self._on_saved = on_saved
        self._worker = Worker("label editor", self)
        self.window: LabelWindow | None = None
        action.triggered.connect(lambda: self.open())

    def open(self, media: Path | None = None) -> None:
        """Open the editor for a clip; None is the one that plays, or else asks for one."""
        if self.window is not None:
            self.window.raise_()
            self.window.activateWindow()
            return
        media = media or self._sources.path or self._ask()
        if media is None:
            return
        if is_image(media):
            words = f"{media.name} is a single image; labels belong to a video or a folder."
            self._banners.announce(Message("label editor", "error", words))
            return
        self._banners.withdraw("label editor")
        chosen = media
        self._worker.submit(
            "import", _import_editor, lambda _: self._show(chosen), failed=self._fail, instead=True
        )

    def may_close(self) -> bool:
        """Ask about unsaved changes; False if the program is to go on."""
        return self.window is None or self.window.may_close()

    def keep_unsaved(self) -> None:
        """Save unsaved changes without asking."""
        if self.window is not None:
            self.window.keep_unsaved()

    def stop(self, timeout_s: float) -> bool:
        """Close the editor without asking; True once its threads have ended."""
        window, self.window = self.window, None
        ended = window is None or window.stop()
        if window is not None:
            window.hide()
            window.deleteLater()
        return self._worker.stop(timeout_s) and ended

    def _show(self, media: Path) -> None:
        from app.ui.labels.window import LabelWindow

        if self.window is not None:
            return
        self.window = LabelWindow(media, icons=self._icons, theme=self._theme, parent=self._main)
        self.window.saved.connect(lambda _: self._on_saved())
        self.window.closed.connect(self._closed)
        self.window.show()

    def _closed(self) -> None:
        window, self.window = self.window, None
        if window is not None:
            window.deleteLater()

    def _fail(self, text: str) -> None:
        self._banners.announce(Message("label editor", "error", text))

    def _ask(self) -> Path | None:
        videos = " ".join(f"*{suffix}" for suffix in sorted(VIDEO_SUFFIXES))
        text, _ = QFileDialog.getOpenFileName(
            self._main,
            "Choose a clip to label",
            self._preferences.get("open/folder", QDir.homePath()),
            f"Videos ({videos});;All files (*)",
        )
        return Path(text) if text else None


def _import_editor() -> None:
    """Import the editor on a thread; the GUI thread finds it ready."""
    import app.ui.labels.window  # noqa: F401
