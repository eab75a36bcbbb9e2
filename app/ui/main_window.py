"""The window: composes the widgets and connects them with the engine."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.ui.actions import OverlayActions
from app.ui.banner import BannerStack, Message
from app.ui.cameras import CameraInfo, CameraWatcher
from app.ui.driver.actions import DriverActions
from app.ui.driver.control import DriverControl
from app.ui.empty_page import EmptyPage
from app.ui.engine_link import EngineLink
from app.ui.evaluation.actions import EvaluationActions
from app.ui.evaluation.control import Evaluation
from app.ui.evaluation.playing import PlayedLabels
from app.ui.files import FileOpener, dropped_path
from app.ui.icons import PaletteIcons, app_icon
from app.ui.labels.control import Labelling
from app.ui.menus import Commands, Menus
from app.ui.messages import conditions, has_failed, is_stale, note
from app.ui.models_menu import ModelActions
from app.ui.panels.panels import Panels
from app.ui.panels.section import PANEL_WIDTH
from app.ui.preferences import Preferences
from app.ui.recording.actions import RecordActions
from app.ui.recording.bar import RecordBar
from app.ui.recording.control import RecordControl
from app.ui.recording.live_out import LiveOutControl
from app.ui.sources import Sources
from app.ui.theme import Theme
from app.ui.transport import TransportBar
from app.ui.video_view import VideoView
from app.ui.window_options import WindowOptions
from app.ui.window_state import WindowState
from app.vision.detectors import DEFAULT_DETECTOR, DETECTORS

if TYPE_CHECKING:
    from app.ui.feature_maps import FeatureMapsDialog
    from app.ui.picture import Picture
    from app.vision.engine import EngineStatus

_log = logging.getLogger(__name__)


class MainWindow(QMainWindow):
    """Video in the middle, side panel on the right, messages above, player below."""

    first_painted = Signal()
    """The window is on the screen for the first time."""

    def __init__(
        self,
        *,
        link: EngineLink,
        cameras: CameraWatcher,
        preferences: Preferences,
        theme: Theme,
        options: WindowOptions | None = None,
    ) -> None:
        """Build the window; nothing runs before `begin`.

        Args:
            link: to the engine, not yet started; the window stops it when it closes.
            cameras: not yet started.
            preferences: what is remembered.
            theme: of the application.
            options: wishes of the command line.
        """
        super().__init__()
        self._link = link
        self._cameras = cameras
        self._preferences = preferences
        self._options = options or WindowOptions()
        self._was_painted = False
        self._model_asked = False
        self.maps: FeatureMapsDialog | None = None
        self._icons = PaletteIcons(self)
        self._icons.repaint(self.palette())
        theme.changed.connect(lambda: self._icons.repaint(self.palette()))
        self.setWindowTitle("PFLD Live")
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.banners = BannerStack(icons=self._icons, theme=theme)
        self.view = VideoView()
        self.transport = TransportBar(self._icons)
        self.overlay = OverlayActions(self, preferences)
        self.menus = Menus(self, self._commands(), self._icons)
        commands = EvaluationActions(self, preferences)
        self.models = ModelActions(self, banners=self.banners, show_maps=self._show_maps)
        self.record_actions = RecordActions(self, self._icons)
        self.driver_actions = DriverActions(self)
        self.menus.build(
            self.overlay,
            self.transport,
            self.record_actions,
            commands,
            self.models,
            self.driver_actions,
        )
        self.empty = EmptyPage(self.menus.demo, self.menus.open_file)
        self.panels = Panels(
            preferences=preferences,
            menus=self.menus,
            overlay={**self.overlay.actions, "truth": commands.truth},
            wishes=self._options.settings,
            evaluation=(commands.demo, commands.show),
            recording=(self.record_actions.record, self.record_actions.snapshot),
            driver=(
                self.driver_actions.watch,
                self.driver_actions.show,
                self.driver_actions.calibrate,
            ),
        )
        self.sources = Sources(
            link=link,
            cameras=cameras,
            preferences=preferences,
            camera_settings=lambda: self.panels.source.settings,
        )
        self.files = FileOpener(self, preferences, self.sources)
        self.played = PlayedLabels(
            view=self.view,
            link=link,
            sources=self.sources,
            banners=self.banners,
            toggle=commands.truth,
        )
        self.evaluation = Evaluation(
            self,
            actions=commands,
            panel=self.panels.evaluation,
            sources=self.sources,
            played=self.played,
            banners=self.banners,
            preferences=preferences,
            detector=lambda: self.panels.detector.combo.currentData() or DEFAULT_DETECTOR,
        )
        self.labels = Labelling(
            self,
            action=commands.label,
            sources=self.sources,
            banners=self.banners,
            preferences=preferences,
            icons=self._icons,
            theme=theme,
            on_saved=self.played.reload,
        )
        self.record_bar = RecordBar(self.record_actions.record)
        self.recording = RecordControl(
            self,
            link=link,
            view=self.view,
            banners=self.banners,
            actions=self.record_actions,
            panel=self.panels.recording,
            bar=self.record_bar,
            source_name=lambda: self.sources.name,
            vision=lambda: self.panels.options.settings,
        )
        self.live_out = LiveOutControl(link, self.panels.live_out)
        self.driver = DriverControl(
            self,
            actions=self.driver_actions,
            panel=self.panels.driver,
            link=link,
            view=self.view,
            banners=self.banners,
            preferences=preferences,
        )
        self.recording.state_of = self.live_out.state_of = self.driver.state_of
        self._lay_out()
        self.state = WindowState(
            self,
            splitter=self.splitter,
            panel=self.panels,
            menus=self.menus,
            preferences=preferences,
        )
        self._connect()
        self._restore()

    def begin(self, text: str | None, *, demo: bool = False) -> None:
        """Look for cameras, start the engine and open the first source.

        Args:
            text: source of the command line; None is the camera of the last time.
            demo: play the demo clip instead.
        """
        self._link.set_canvas(self.view.canvas)
        self._link.start(self.panels.options.settings)
        self._cameras.start()
        self._show_cameras()
        if text or demo:
            self.stack.setCurrentWidget(self.view)
        if demo:
            self.sources.open_demo()
        elif text:
            self.sources.open_text(text, loop=self._options.loop)
        else:
            self.sources.open_any_camera()

    def shut_down(self) -> bool:
        """End the engine; may be called twice. True once no thread runs any more."""
        ended = self.evaluation.stop() and self.played.stop(5.0)
        ended = self.models.stop(5.0) and ended
        ended = self.labels.stop(5.0) and ended
        if self.maps is not None and isValid(self.maps):
            self.maps.close()
        ended = self.driver.stop() and ended
        ended = self._link.stop() and ended
        ended = self.recording.stop() and ended
        ended = self.live_out.stop() and ended
        if not ended:
            _log.warning("a thread of the engine still runs after the window was closed")
        return ended

    # Building.

    def _lay_out(self) -> None:
        self.stack = QStackedWidget()
        self.stack.addWidget(self.empty)
        self.stack.addWidget(self.view)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banners)
        column.addWidget(self.stack, 1)
        column.addWidget(self.record_bar)
        column.addWidget(self.transport)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setHandleWidth(1)
        self.splitter.addWidget(left)
        self.splitter.addWidget(self.panels)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setStretchFactor(1, 0)
        self.splitter.setCollapsible(0, False)
        self.splitter.setCollapsible(1, False)
        self.setCentralWidget(self.splitter)
        self.setMinimumSize(640, 420)
        self.resize(1280, 800)
        self.splitter.setSizes([1280 - PANEL_WIDTH, PANEL_WIDTH])

    def _commands(self) -> Commands:
        return Commands(
            open_file=lambda: self.files.ask_for_file(),
            open_folder=lambda: self.files.ask_for_folder(),
            open_demo=lambda: self.sources.open_demo(),
            open_camera=lambda: self.sources.open_any_camera(),
            toggle_full_screen=lambda: self.state.set_full_screen(not self.isFullScreen()),
            toggle_panel=lambda on: self.state.show_panel(on),
            show_shortcuts=self._show_shortcuts,
            show_about=self._show_about,
        )

    def _connect(self) -> None:
        link, view = self._link, self.view
        link.started.connect(self._engine_started)
        link.picture_ready.connect(self._show_picture)
        link.status_changed.connect(self._show_status)
        link.failed.connect(self.report)
        view.canvas_changed.connect(lambda: link.set_canvas(view.canvas))
        view.play_pressed.connect(self.transport.play.trigger)
        view.full_screen_pressed.connect(self.menus.full_screen.trigger)
        self.overlay.changed.connect(view.set_options)
        self.sources.opened.connect(self._source_opened)
        self.sources.problem.connect(self._source_refused)
        self._cameras.changed.connect(self._show_cameras)
        self.panels.source.camera_chosen.connect(self.sources.open_camera)
        self.panels.detector.chosen.connect(self._choose_detector)
        self.panels.model.chosen.connect(self._choose_model)
        self.panels.compare.rival_chosen.connect(link.set_rival)
        self.panels.compare.beside_chosen.connect(view.set_beside)
        self.models.rescan_wanted.connect(link.rescan)
        self.models.preset_chosen.connect(self._choose_preset)
        self.panels.options.settings_changed.connect(link.set_settings)
        self.transport.play_wanted.connect(link.play)
        self.transport.step_wanted.connect(link.step)
        self.transport.seek_wanted.connect(link.seek)
        self.transport.loop_wanted.connect(link.set_loop)

    def _restore(self) -> None:
        self.view.set_options(self.overlay.options)
        remembered = self._preferences.get_choice("detector", DEFAULT_DETECTOR, DETECTORS)
        self.panels.detector.show_choice(self._options.detector or remembered)
        self.state.restore()

    # The engine tells.

    def _engine_started(self) -> None:
        self._link.set_detector(self.panels.detector.combo.currentData() or DEFAULT_DETECTOR)
        if self._options.model:
            self._model_asked = True
            self._link.set_model(self._options.model)

    def _show_status(self, status: EngineStatus) -> None:
        zoo = status.loader.zoo
        if zoo is not None and not self._model_asked:
            # A model of the last time that is gone is no reason to show none.
            self._model_asked = True
            remembered = self._preferences.get("model", "")
            known = any(entry.label == remembered for entry in zoo.usable)
            self._link.set_model(remembered if known else "")
        if zoo is not None:
            self.models.show_zoo(zoo)
        self.banners.show_conditions(conditions(status))
        if has_failed(status) and self.view.picture is None:
            self.empty.say("There is no picture", "Choose another source:")
            self.stack.setCurrentWidget(self.empty)
        self.view.set_note(note(status))
        self.view.set_stale(is_stale(status))
        self.transport.show_capture(status.capture)
        self.played.show_status(status)
        self.evaluation.show_status(status)
        self.panels.show_status(status, self.view)
        self.recording.refresh()
        self.live_out.refresh()

    def _show_picture(self, picture: Picture) -> None:
        """Show it, unless its source was closed meanwhile."""
        if self.sources.name:
            self.view.show_picture(picture)
            self.evaluation.show_picture(picture)

    def _source_opened(self, name: str, camera: CameraInfo | None) -> None:
        self.banners.withdraw("open")
        self.panels.source.show_name(name)
        self.panels.source.show_camera(camera)
        self.view.meters.clear()
        self.setWindowTitle(f"{name} – PFLD Live" if name else "PFLD Live")
        self.stack.setCurrentWidget(self.view if name else self.empty)
        if not name:
            self.view.clear()
            self.transport.show_capture(None)
            self._show_cameras()

    def _source_refused(self, text: str) -> None:
        """There is no such source; what was shown before goes on."""
        self.banners.announce(Message("open", "error", text))
        if not self.sources.name:
            self.stack.setCurrentWidget(self.empty)

    def _show_cameras(self) -> None:
        self.panels.source.show_cameras(self._cameras.cameras)
        self.panels.source.show_camera(self.sources.camera)
        if self._cameras.cameras:
            self.empty.say("No source is open", "Choose a camera on the right, or:")
        else:
            self.empty.say(
                "No camera was found",
                "Plug one in and it opens by itself, or drop a video or an image here.",
            )

    # The user tells.

    def report(self, text: str) -> None:
        """Tell about a bug."""
        self.banners.announce(Message("program", "error", text))

    def _choose_detector(self, name: str) -> None:
        self._preferences.set("detector", name)
        self._link.set_detector(name)

    def _choose_model(self, label: str) -> None:
        self._preferences.set("model", label)
        self._link.set_model(label)

    def _choose_preset(self, label: str, detector: str) -> None:
        self.panels.detector.show_choice(detector)
        self._choose_detector(detector)
        self._choose_model(label)

    def _show_maps(self) -> None:
        entry = self.panels.model.running
        if entry is None or entry.reference:
            words = "No model runs yet." if entry is None else f"{entry.label} is no ONNX file."
            text = f"{words} Choose a model with a file of its own to look into it."
            self.banners.announce(Message("maps", "info", text))
            return
        from app.ui.feature_maps import FeatureMapsDialog

        self.maps = FeatureMapsDialog(
            self, entry, lambda: None if self.view.picture is None else self.view.picture.result
        )
        self.maps.show()

    def _show_shortcuts(self) -> None:
        from app.ui.about import shortcuts_dialog

        shortcuts_dialog(self, self.actions()).open()

    def _show_about(self) -> None:
        from app.ui.about import about_dialog

        about_dialog(self).open()

    # Qt tells.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Notice the first time; the rest of the window is painted in the same go."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the full screen."""
        if event.key() == Qt.Key.Key_Escape and self.isFullScreen():
            self.state.set_full_screen(False)
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files and folders."""
        if dropped_path(event.mimeData()) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped; a model is added to the zoo."""
        path = dropped_path(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            if path.suffix.lower() == ".onnx":
                self.models.add(path)
            else:
                self.files.open(path)

    def close_unasked(self) -> None:
        """Close because the program was told to end: keep what there is, ask nothing."""
        self.labels.keep_unsaved()
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about unsaved labels, remember the state, vanish, and then wait for the threads."""
        if not self.labels.may_close():
            event.ignore()
            return
        self.state.save()
        self.hide()
        self.shut_down()
        event.accept()
