"""Starts and ends recordings and snapshots as the user wishes, and tells how they go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from app.capture.kinds import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from app.core.errors import PfldLiveError
from app.record.output import check_place
from app.record.places import RecordFiles, files_in, safe_name
from app.ui.banner import BannerStack, Message
from app.ui.panels.recording_panel import RecordingPanel
from app.ui.recording.actions import RecordActions
from app.ui.recording.bar import RecordBar
from app.ui.transport import clock

if TYPE_CHECKING:  # the encoder takes a while to import
    from app.core.frame import Frame
    from app.record.recorder import Recorder, RecordStatus
    from app.record.sidecar import State
    from app.record.snapshot import SnapshotFiles, Snapshots
    from app.ui.engine_link import EngineLink
    from app.ui.video_view import VideoView
    from app.vision.result import FrameResult
    from app.vision.settings import VisionSettings

STOP_S: Final = 30.0
"""Closing the window waits so long for the encoder to write what it has."""


class RecordControl(QObject):
    """Owns the recorder and the snapshots of a window.

    Attributes:
        state_of: what the driver stage says of a result, for the sidecar.
    """

    _recorder_changed = Signal()
    _snapshot_done = Signal(object, str)

    def __init__(
        self,
        parent: QObject,
        *,
        link: EngineLink,
        view: VideoView,
        banners: BannerStack,
        actions: RecordActions,
        panel: RecordingPanel,
        bar: RecordBar,
        source_name: Callable[[], str],
        vision: Callable[[], VisionSettings],
    ) -> None:
        """Connect the parts.

        Args:
            parent: the window, with which this ends.
            link: to the engine, which gives the results.
            view: what is to be seen.
            banners: where messages go.
            actions: what the user asks for.
            panel: how it is to be done.
            bar: shows how it goes.
            source_name: of the open source, for people; "" for none.
            vision: settings of the vision stage, for the manifest.
        """
        super().__init__(parent)
        self._link = link
        self._view = view
        self._banners = banners
        self._actions = actions
        self._panel = panel
        self._bar = bar
        self._source_name = source_name
        self._vision = vision
        self._recorder: Recorder | None = None
        self._let_go: Callable[[], None] = lambda: None
        self._finishing: list[Recorder] = []
        self._snapshots: Snapshots | None = None
        self._told = 0
        self._stopped = False
        self.state_of: Callable[[FrameResult], State | None] = lambda _: None
        actions.record.triggered.connect(self._toggle)
        actions.snapshot.triggered.connect(self.take_snapshot)
        actions.folder.triggered.connect(self._show_folder)
        self._recorder_changed.connect(self.refresh)
        self._snapshot_done.connect(self._tell_snapshot)

    @property
    def recorder(self) -> Recorder | None:
        """What records now."""
        return self._recorder

    def start(self) -> None:
        """Begin a recording with the settings of the panel."""
        from app.record.recorder import Recorder

        folder = self._folder()
        if self._recorder is not None or folder is None:
            self._actions.show_running(self._recorder is not None)
            return
        settings, wishes = self._panel.settings(self._view.canvas.options), self._panel.files
        name, wanted = self._panel.name, self._stem()

        def place(_frame: Frame, _number: int) -> RecordFiles:
            stem = name or f"{wanted} {_now()}"
            return files_in(
                folder,
                stem,
                annotated=settings.what.annotated,
                clean=settings.what.clean,
                sidecar=True,
                table=wishes.table,
            )

        for key in ("record", "record-note"):
            self._banners.withdraw(key)
        self._told = 0
        about: dict[str, Any] = {"vision": asdict(self._vision())}
        recorder = Recorder(place, settings, about=about, on_change=self._recorder_changed.emit)
        self._recorder = recorder
        recorder.start()
        self._let_go = self._link.listen(lambda result: self._pass_on(recorder, result))
        self._panel.show_running(True)
        self._actions.show_running(True)
        self.refresh()

    def end(self) -> None:
        """End the recording; what waits is still written, in the background."""
        recorder = self._recorder
        if recorder is not None:
            self._let_go()
            recorder.end()
            self._recorder = None
            self._finishing.append(recorder)
            self._panel.show_running(False)
            self._actions.show_running(False)
            self._bar.show_status(None)
            self.refresh()

    def take_snapshot(self) -> None:
        """Keep the picture that is shown."""
        from app.record.snapshot import SnapshotFiles, Snapshots

        folder = self._folder()
        if self._view.picture is None or folder is None:
            return
        if self._snapshots is None:
            self._snapshots = Snapshots(self._snapshot_done.emit)
        stem = safe_name(self._panel.name or f"{self._stem()} {_now()}")
        number, path = 1, folder / f"{stem}.png"
        while path.exists():
            number += 1
            path = folder / f"{stem}-{number}.png"
        overlay = self._panel.settings(self._view.canvas.options).overlay
        if not self._snapshots.take(self._view.picture.result, overlay, SnapshotFiles.at(path)):
            self._banners.announce(
                Message("snapshot", "warning", "The last snapshots are still being written.")
            )

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """Finish everything, for the end of the window; True once no thread runs any more."""
        self.end()
        self._stopped = True  # what is still to be told comes too late
        stopped = [recorder.stop(timeout_s) for recorder in self._finishing]
        snapshots, self._snapshots = self._snapshots, None
        return (snapshots is None or snapshots.stop(timeout_s)) and all(stopped)

    def refresh(self) -> None:
        """Show the state of this moment."""
        if self._stopped:
            return
        self._actions.show_possible(bool(self._source_name()))
        self._finishing = [recorder for recorder in self._finishing if not self._finished(recorder)]
        if self._recorder is not None:
            status = self._recorder.status
            self._bar.show_status(status)
            self._tell_progress(status)
            if not status.running:
                self.end()

    # Telling.

    def _tell_progress(self, status: RecordStatus) -> None:
        if status.note:
            self._banners.announce(Message("record-note", "warning", status.note))
        if len(status.files) > max(self._told, 1):
            name = _video(status.files[-1]).name
            self._banners.announce(
                Message("record", "info", f"The recording goes on in a new file, {name}.")
            )
        self._told = len(status.files)

    def _finished(self, recorder: Recorder) -> bool:
        """Whether a recorder that was told to end has ended; then say how."""
        status = recorder.status
        if status.running:
            return False
        recorder.stop(0.0)
        if status.problem:
            self._banners.announce(Message("record", "error", status.problem))
        elif not status.files:
            self._banners.announce(
                Message("record", "info", "Nothing was recorded: no picture came.")
            )
        else:
            self._banners.announce(Message("record", "info", _summary(status)))
        return True

    def _tell_snapshot(self, files: SnapshotFiles, problem: str) -> None:
        if self._stopped:
            return
        if problem:
            self._banners.announce(Message("snapshot", "error", problem))
        else:
            text = (
                f"Snapshot: {files.annotated.name} and {files.clean.name} in {files.clean.parent}."
            )
            self._banners.announce(Message("snapshot", "info", text))

    # The user asks.

    def _toggle(self, on: bool) -> None:
        if on:
            self.start()
        else:
            self.end()

    def _show_folder(self) -> None:
        if (folder := self._folder()) is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _folder(self) -> Path | None:
        """The folder of the recordings, made if it is the usual one; None if it cannot be used."""
        folder = self._panel.folder
        try:
            if folder == self._panel.usual_folder:
                folder.mkdir(parents=True, exist_ok=True)
            check_place(folder / "recording")
        except (OSError, PfldLiveError) as error:
            text = str(error) if isinstance(error, PfldLiveError) else _refusal(folder, error)
            self._banners.announce(Message("record", "error", text))
            return None
        return folder

    def _stem(self) -> str:
        """Name of the source without the ending of a file."""
        name = self._source_name()
        path = PurePath(name)
        return path.stem if path.suffix.lower() in VIDEO_SUFFIXES | IMAGE_SUFFIXES else name

    def _pass_on(self, recorder: Recorder, result: FrameResult) -> None:
        """On the vision thread."""
        recorder.put(result, self.state_of(result))


def _refusal(folder: Path, error: OSError) -> str:
    return f"The folder {folder} cannot be made: {error.strerror}; choose another one."


def _summary(status: RecordStatus) -> str:
    last = _video(status.files[-1])
    files = (
        last.name if len(status.files) == 1 else f"{len(status.files)} files, the last {last.name}"
    )
    lost = f" {status.dropped} pictures were left out." if status.dropped else ""
    return f"Recorded {clock(status.seconds)} to {files} in {last.parent}.{lost}"


def _video(files: RecordFiles) -> Path:
    return next(iter(files))


def _now() -> str:
    return datetime.now().strftime("%Y-%m-%d %H.%M.%S")
