"""Files that the user names: by dialog or by dropping them onto the window."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from app.capture.kinds import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from app.ui.preferences import Preferences
from app.ui.sources import Sources


class FileOpener:
    """Asks for files and folders and opens them as sources."""

    def __init__(self, parent: QWidget, preferences: Preferences, sources: Sources) -> None:
        self._parent = parent
        self._preferences = preferences
        self._sources = sources

    def ask_for_file(self) -> None:
        """Open a video or an image of the user's choice."""
        videos = " ".join(f"*{suffix}" for suffix in sorted(VIDEO_SUFFIXES))
        images = " ".join(f"*{suffix}" for suffix in sorted(IMAGE_SUFFIXES))
        path, _ = QFileDialog.getOpenFileName(
            self._parent,
            "Open a video or an image",
            self._last_folder(),
            f"Videos and images ({videos} {images});;Videos ({videos});;Images ({images});;"
            "All files (*)",
        )
        if path:
            self.open(Path(path))

    def ask_for_folder(self) -> None:
        """Open a folder of images of the user's choice."""
        path = QFileDialog.getExistingDirectory(
            self._parent, "Open a folder of images", self._last_folder()
        )
        if path:
            self.open(Path(path))

    def open(self, path: Path) -> None:
        """Open a path, and begin there the next time."""
        self._preferences.set("open/folder", str(path.parent))
        self._sources.open_text(str(path))

    def _last_folder(self) -> str:
        movies = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
        return self._preferences.get("open/folder", movies)


def dropped_path(data: QMimeData) -> Path | None:
    """The file or folder that is being dropped, if there is one; of several, the first."""
    for url in data.urls():
        if url.isLocalFile():
            return Path(url.toLocalFile())
    return None
