"""The labels of the clip that plays: found beside it, drawn over it, and jumped about in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction

from app.capture.source import SourceState
from app.core.resources import asset
from app.ui.banner import BannerStack, Message
from app.ui.engine_link import EngineLink
from app.ui.sources import Sources
from app.ui.video_view import VideoView
from app.ui.worker import Worker

if TYPE_CHECKING:
    from app.evaluate.clip import LabelledClip
    from app.evaluate.truth import ClipTruth
    from app.vision.engine import EngineStatus

_PLAYING = frozenset({SourceState.RUNNING, SourceState.PAUSED, SourceState.ENDED})


class PlayedLabels(QObject):
    """Looks for labels whenever a file is opened."""

    changed = Signal()
    """There are other labels, or none."""

    def __init__(
        self,
        *,
        view: VideoView,
        link: EngineLink,
        sources: Sources,
        banners: BannerStack,
        toggle: QAction,
    ) -> None:
        super().__init__()
        self._view = view
        self._link = link
        self._sources = sources
        self._banners = banners
        self._toggle = toggle
        self._worker = Worker("labels", self)
        self._truth: ClipTruth | None = None
        self._target: tuple[Path, float] | None = None
        toggle.toggled.connect(lambda _: self._show())
        toggle.setEnabled(False)
        sources.opened.connect(lambda *_: self._source_opened())

    @property
    def clip(self) -> LabelledClip | None:
        """The labelled clip that plays."""
        return None if self._truth is None else self._truth.clip

    def go_to(self, media: Path, time_s: float) -> None:
        """Show a moment of a file, standing still; opens it if something else is open."""
        if self._sources.path is not None and _same(self._sources.path, media):
            self._link.play(False)
            self._link.seek(time_s)
            return
        if _same(media, asset("demo.mp4")):
            self._sources.open_demo()
        else:
            self._sources.open_text(str(media))
        self._target = (media, time_s)

    def show_status(self, status: EngineStatus) -> None:
        """Go on with a jump as soon as the file is open."""
        capture = status.capture
        if self._target is None or capture is None or self._sources.path is None:
            return
        media, time_s = self._target
        if capture.state in _PLAYING and _same(self._sources.path, media):
            self._target = None
            self._link.play(False)
            self._link.seek(time_s)

    def reload(self) -> None:
        """Look for the labels again, as after they were written."""
        self._source_opened()

    def stop(self, timeout_s: float) -> bool:
        """End the thread; True once it has ended."""
        return self._worker.stop(timeout_s)

    def _source_opened(self) -> None:
        path = self._sources.path
        self._banners.withdraw("labels")
        self._set(None)
        if path is None:
            self._worker.forget("labels")
            return
        self._worker.submit(
            "labels", lambda: _load(path), self._set, failed=self._refuse, instead=True
        )

    def _refuse(self, text: str) -> None:
        self._banners.announce(Message("labels", "warning", text))

    def _set(self, truth: ClipTruth | None) -> None:
        self._truth = truth
        self._toggle.setEnabled(truth is not None)
        self._show()
        self.changed.emit()

    def _show(self) -> None:
        self._view.set_truth(self._truth if self._toggle.isChecked() else None)


def _load(path: Path) -> ClipTruth | None:
    """The labels beside a file or folder; None where there are none.

    Raises:
        LabelError: there are some, but they cannot be used.
    """
    from app.evaluate.find import has_labels, open_labelled_clip
    from app.evaluate.truth import ClipTruth

    return ClipTruth(open_labelled_clip(path)) if has_labels(path) else None


def _same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()
