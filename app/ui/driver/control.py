"""Decides what is watched, shown and sounded; the widgets tell what the user wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QDir, QObject, QStandardPaths, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QFileDialog, QMainWindow

from app.core.clock import now_ns
from app.ui.banner import BannerStack, Message
from app.ui.driver.actions import DriverActions
from app.ui.driver.parts import PRESET, PROFILE, Session, import_dock, make_session
from app.ui.panels.driver_panel import OFF_WORDS, DriverPanel
from app.ui.preferences import Preferences
from app.ui.worker import Worker

if TYPE_CHECKING:  # nothing of it is needed before somebody is watched
    import numpy as np
    import numpy.typing as npt

    from app.driver.live import Watched
    from app.driver.profiles import Profile
    from app.driver.settings import DriverSettings
    from app.driver.state import DriverEvent
    from app.record.moments import Moment
    from app.ui.driver.keepsakes import Keepsakes
    from app.ui.driver.sign import AlarmSign
    from app.ui.driver.sound import AlarmSound
    from app.ui.driver.view import DriverView
    from app.ui.engine_link import EngineLink
    from app.ui.video_view import VideoView
    from app.vision.result import FrameResult

STEP_MS: Final = 16
"""Time between two steps of a refresh; each part is refreshed once in `ROUND_MS`."""
ROUND_MS: Final = 100
STOP_S: Final = 10.0
_DOCK_HEIGHT: Final = 330


class DriverControl(QObject):
    """The driver state of a window.

    The monitor runs on the vision thread: it takes a fraction of a millisecond, and so every
    result counts, in order, however slow the window is. Pictures are compressed on a thread of
    their own, files are read and written on another.

    Attributes:
        clock: nanoseconds, for the alarm of the next session.
        session: the one that runs, or the last one; None before the first.
        dock: None until it is wanted for the first time.
        view: inside the dock.
        sign, sound: of the alarm; None before the first session.
        longest_ms: the longest time that one step of a refresh has taken.
    """

    def __init__(
        self,
        window: QMainWindow,
        *,
        actions: DriverActions,
        panel: DriverPanel,
        link: EngineLink,
        view: VideoView,
        banners: BannerStack,
        preferences: Preferences,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._actions = actions
        self._panel = panel
        self._link = link
        self._video = view
        self._banners = banners
        self._preferences = preferences
        self.clock: Callable[[], int] = now_ns
        self.worker = Worker("driver work", self)
        self.session: Session | None = None
        self.dock: QDockWidget | None = None
        self.view: DriverView | None = None
        self.sign: AlarmSign | None = None
        self.sound: AlarmSound | None = None
        self.keepsakes: Keepsakes | None = None
        self.longest_ms = 0.0
        self._let_go: Callable[[], None] = lambda: None
        self._watching = False
        self._begun = datetime.now()
        self._settings: DriverSettings | None = None
        self._events: dict[int, DriverEvent] = {}
        self._rows: npt.NDArray[np.float64] | None = None
        self._calibrating = False
        self._plot_steps: tuple[Callable[[], None], ...] = ()
        self._step = 0
        self._next_round_ns = 0
        self._timer = QTimer(self)
        self._timer.setInterval(STEP_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._take_step)
        actions.watch.toggled.connect(self.watch)
        for action, run in (
            (actions.show, self.open),
            (actions.calibrate, self.calibrate),
            (actions.acknowledge, self.acknowledge),
            (actions.report, self._ask_for_report),
        ):
            action.triggered.connect(lambda _=False, run=run: run())
        actions.mute.triggered.connect(self.mute)
        view.clicked.connect(self._clicked)

    @property
    def watching(self) -> bool:
        """Whether results are followed."""
        return self._watching

    # What the user wants.

    def watch(self, on: bool) -> None:
        """Begin a session, or end it."""
        if not on:
            self._end()
            return
        if self._watching:
            return
        profile = self._preferences.get(PROFILE, "")
        preset = self._preferences.get(PRESET, "")
        settings, clock = self._settings, self.clock
        self._panel.show_off("Starting …")

        def make() -> Session:
            return make_session(profile=profile, preset=preset, settings=settings, clock=clock)

        self.worker.submit("session", make, self._begin, failed=self._cannot_begin, instead=True)

    def open(self) -> None:
        """Show the dock; what it needs is imported on a thread."""
        if self.dock is not None:
            self.dock.show()
            self.dock.raise_()
            return

        self.worker.submit(
            "import", import_dock, lambda _: self._make_dock(), failed=self._fail, instead=True
        )

    def calibrate(self) -> None:
        """Begin a calibration and show how it goes."""
        if self.session is not None and self._watching:
            self.session.live.start_calibration()
            if self.view is not None:
                self.view.tabs.setCurrentWidget(self.view.person)
            self.open()

    def acknowledge(self) -> None:
        """Quiet the alarm."""
        if self.session is not None:
            self.session.live.acknowledge()
            self._show_alarm(self.session.live.now())

    def mute(self, on: bool) -> None:
        """Silence the sound for a while, or no longer."""
        if self.session is not None:
            self.session.live.mute(on)
            self._show_alarm(self.session.live.now())

    def choose_face(self, face_id: int | None) -> None:
        """Watch this face, or the largest."""
        if self.session is not None:
            self.session.live.choose_face(face_id)

    def write_report(self, page: Path) -> None:
        """Write the session: the page, the timeline and the events beside it."""
        session = self.session
        if session is None:
            return
        self._preferences.set("driver/report", str(page.parent))
        live = session.live

        def write() -> tuple[Path, ...]:
            from app.ui.driver.output import write_report

            return write_report(live, page)

        self.worker.submit(f"report {page}", write, self._tell_report, failed=self._fail)

    def state_of(self, result: FrameResult) -> dict[str, Any] | None:
        """The state at a result, for what is recorded and sent; on the vision thread."""
        session = self.session
        if session is None or not self._watching:
            return None
        from app.driver.summary import state_record

        state = session.live.follow(result)
        return None if state is None else state_record(state)

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """End everything; True once no thread runs any more."""
        self._end()
        self._timer.stop()
        memory = None if self.session is None else self.session.memory
        ended = memory is None or memory.stop(timeout_s)
        return self.worker.stop(timeout_s) and ended

    # A session.

    def _begin(self, session: Session) -> None:
        from app.ui.driver.alarm_page import alarm_settings
        from app.ui.driver.keepsakes import Keepsakes

        if not self._actions.watch.isChecked():
            return
        self._make_alarm()
        self.session = session
        self.keepsakes = Keepsakes(session.memory, self._keep)
        self._events, self._rows, self._calibrating = {}, None, False
        self._begun = datetime.now()
        session.alarm.settings = alarm_settings(self._preferences)
        session.memory.start()
        self._watching = True
        live, memory = session.live, session.memory

        def follow(result: FrameResult) -> None:
            """On the vision thread."""
            state = live.follow(result)
            if state is not None:
                memory.put(result.frame.image, state.time_s)

        self._let_go = self._link.listen(follow)
        if self.view is not None:
            self.view.events.clear()
            self.view.plots.clear()
        for problem in session.problems:
            self._fail(problem)
        self._allow()
        self._next_round_ns = 0
        self._timer.start()

    def _cannot_begin(self, text: str) -> None:
        self._actions.watch.setChecked(False)
        self._fail(text)

    def _end(self) -> None:
        self.worker.forget("session")
        self._panel.show_off(OFF_WORDS)
        session = self.session
        if session is None or not self._watching:
            return
        self._let_go()
        self._watching = False
        self._timer.stop()
        session.live.finish()
        self._take_news(session, over=True)
        session.memory.stop(0.0)
        if self.sign is not None and self.sound is not None:
            from app.driver.alarm import AlarmState

            self.sign.show_state(AlarmState())
            self.sound.say(AlarmState().stage)
        self._video.set_watched(None)
        self._allow()
        if self.view is not None:
            self._show_state(None)
        if self._actions.watch.isChecked():
            self._actions.watch.setChecked(False)

    def _allow(self) -> None:
        self._actions.calibrate.setEnabled(self._watching)
        self._actions.report.setEnabled(self.session is not None)
        if not self._watching:
            self._actions.acknowledge.setEnabled(False)
            self._actions.mute.setEnabled(False)
            self._actions.mute.setChecked(False)
        else:
            self._actions.mute.setEnabled(True)

    def _make_alarm(self) -> None:
        if self.sign is not None:
            return
        from app.ui.driver.sign import AlarmSign
        from app.ui.driver.sound import AlarmSound

        actions = self._actions
        self.sign = AlarmSign(
            self._window, self._video, acknowledge=actions.acknowledge, mute=actions.mute
        )
        self.sound = AlarmSound(self)
        self.sound.prepare()
        if self.view is not None:
            self.view.alarm.show_device(self.sound.available)

    # Refreshing, one part at a time.

    def _take_step(self) -> None:
        started_ns = now_ns()
        session = self.session
        if session is None or not self._watching:
            return
        if self._step == 0:
            if started_ns < self._next_round_ns:
                return
            self._next_round_ns = started_ns + ROUND_MS * 1_000_000
            self._show_words(session)
            self._step = 1
        elif self._step == 1:
            self._take_news(session)
            visible = self.view is not None and self.view.isVisible()
            self._step = 2 if visible else 0
        else:
            if self._step == 2:
                self._rows = session.live.recent()
            self._plot_steps[self._step - 2]()
            self._step = (self._step + 1) % (len(self._plot_steps) + 2)
        self.longest_ms = max(self.longest_ms, (now_ns() - started_ns) / 1e6)

    def _show_words(self, session: Session) -> None:
        watched = session.live.now()
        self._show_alarm(watched)
        self._chime(watched)
        state = watched.state
        if state is None:
            self._panel.show_off("Waiting for a picture with a model and a detector …")
        else:
            from app.ui.driver.colours import condition_colour

            colour = condition_colour(state.condition, self._panel.palette())
            self._panel.show_state(
                state.condition.value.capitalize(), colour, ", ".join(state.reasons)
            )
        self._mark_face(watched)
        self._show_state(watched)

    def _show_state(self, watched: Watched | None) -> None:
        if self.view is not None and (self.view.isVisible() or watched is None):
            state = None if watched is None else watched.state
            self.view.show_state(state, self.view.thresholds.settings)
            self.view.person.show_watched(watched)

    def _show_alarm(self, watched: Watched) -> None:
        if self.sign is None or self.sound is None or not self._watching:
            return
        from app.driver.alarm import AlarmStage

        alarm, silent = watched.alarm, AlarmStage.QUIET
        sign = self._preferences.get("driver/sign", True)
        heard = alarm.sound and self._preferences.get("driver/sound", True)
        self.sign.show_state(alarm if sign else replace(alarm, stage=silent))
        self.sound.say(alarm.stage if heard else silent)
        self._actions.acknowledge.setEnabled(bool(alarm.stage))
        muted = alarm.muted_s > 0
        self._actions.mute.setChecked(muted)
        words = f"Muted {alarm.muted_s:.0f} s" if muted else "Mute"
        if words != self._actions.mute.iconText():
            self._actions.mute.setIconText(words)

    def _chime(self, watched: Watched) -> None:
        """A person with shut eyes must hear that the calibration is over."""
        from app.driver.calibration import CalibrationPhase

        status = watched.calibration
        running = status is not None and status.phase in (
            CalibrationPhase.LOOK,
            CalibrationPhase.SHUT,
        )
        if self._calibrating and not running and status is not None and self.sound is not None:
            self.sound.chime()
        self._calibrating = running

    def _mark_face(self, watched: Watched) -> None:
        """Show whose state it is where that is not plain."""
        picture, state = self._video.picture, watched.state
        several = picture is not None and len(picture.result.faces) > 1
        face = None if state is None else state.measures.face_id
        self._video.set_watched(face if several or watched.chosen is not None else None)

    def _take_news(self, session: Session, *, over: bool = False) -> None:
        news = session.live.news()
        for event in news:
            self._events[event.id] = event
        if self.view is not None and news:
            self.view.events.show_events(news)
        state = session.live.now().state
        if self.keepsakes is not None and state is not None:
            self.keepsakes.add(news)
            self.keepsakes.collect(state.time_s, over=over)

    # Moments.

    def _keep(self, event: DriverEvent, moment: Moment) -> None:
        """The pictures of an event are complete."""
        from app.ui.driver.output import EVIDENCE, clips_folder
        from app.ui.driver.words import clock

        jpeg = moment.at(event.start_s + min(event.end_s - event.start_s, 1.0) / 2)
        if jpeg is None:
            return
        if self.view is not None:
            self.view.events.show_thumbnail(event.id, jpeg)
        if self._preferences.get("driver/keep", False) and event.kind in EVIDENCE:
            when = clock(event.start_s).replace(":", "-")
            name = f"{self._begun:%Y-%m-%d %H.%M.%S} {event.kind.value} {when}"
            folder = self._preferences.get_folder("driver/folder", str(clips_folder()))
            self._write_clip(moment, folder, name)

    def _write_clip(self, moment: Moment, folder: Path, name: str) -> None:
        from app.ui.driver.output import write_clip

        self.worker.submit(
            f"clip {name}",
            lambda: write_clip(moment, folder, name),
            lambda path: self._tell("driver-clip", f"Kept: {path.name} in {path.parent}."),
            failed=self._fail,
        )

    def show_moment(self, event_id: int) -> None:
        """Play the pictures of an event."""
        event = self._events.get(event_id)
        moment = None if self.keepsakes is None else self.keepsakes.moment(event_id)
        if event is None or moment is None:
            self._tell("driver", "The pictures of that moment are no longer there.")
            return
        if self.view is not None:
            self.view.middle.setCurrentWidget(self.view.moment)
            self.view.moment.show_moment(moment, event.kind.value.capitalize(), event.start_s)

    def _ask_for_clip(self, moment: Moment, title: str) -> None:
        from app.ui.driver.output import clips_folder

        start = clips_folder().parent / f"{title.replace(':', '-')}.mp4"
        text, _ = QFileDialog.getSaveFileName(
            self._window, "Save the clip", str(start), "Video (*.mp4 *.mkv)"
        )
        if text:
            path = Path(text)
            self.worker.submit(
                f"clip {path}",
                lambda: moment.write(path),
                lambda _: self._tell("driver-clip", f"Written: {path}."),
                failed=self._fail,
            )

    # The face.

    def _clicked(self, x: float, y: float) -> None:
        """A click on a face chooses it; one beside all faces goes back to the largest."""
        picture = self._video.picture
        if not self._watching or picture is None:
            return
        hit = [
            face
            for face in picture.result.faces
            if face.box.x0 <= x <= face.box.x1 and face.box.y0 <= y <= face.box.y1
        ]
        smallest = min(hit, key=lambda face: face.box.area, default=None)
        self.choose_face(None if smallest is None else smallest.id)

    # The dock.

    def _make_dock(self) -> None:
        if self.dock is not None:
            return
        from app.ui.driver.choices import DriverChoices
        from app.ui.driver.output import clips_folder
        from app.ui.driver.view import DriverView

        self.view = view = DriverView(self._actions, self._preferences, clips_folder())
        self._plot_steps = view.plots.steps(self._recent, lambda: tuple(self._events.values()))
        view.events.chosen.connect(self.show_moment)
        view.moment.save_wanted.connect(self._ask_for_clip)
        view.person.cancel_wanted.connect(self._cancel_calibration)
        view.alarm.changed.connect(self._use_alarm)
        self._make_alarm()
        if self.sound is not None:
            view.alarm.try_wanted.connect(self.sound.try_out)
        view.alarm.show_device(self.sound is not None and self.sound.available)
        view.events.show_events(self._events.values())
        self._show_thumbnails()
        if self._calibrating:
            view.tabs.setCurrentWidget(view.person)
        self.dock = QDockWidget("Driver", self._window)
        self.dock.setObjectName("driverDock")
        self.dock.setWidget(view)
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        self.dock.setAllowedAreas(bottom | Qt.DockWidgetArea.TopDockWidgetArea)
        neighbours = [
            dock
            for dock in self._window.findChildren(QDockWidget)
            if dock is not self.dock and self._window.dockWidgetArea(dock) == bottom
        ]
        self._window.addDockWidget(bottom, self.dock)
        if neighbours:
            self._window.tabifyDockWidget(neighbours[-1], self.dock)
            self.dock.raise_()
        room = min(_DOCK_HEIGHT, int(self._window.height() * 0.48))
        self._window.resizeDocks([self.dock], [room], Qt.Orientation.Vertical)
        choices = DriverChoices(view, self.worker, self._preferences, failed=self._fail)
        choices.profile_chosen.connect(self._use_profile)
        choices.settings_chosen.connect(self._use_settings)
        choices.begin(self._settings)

    def _show_thumbnails(self) -> None:
        if self.view is None or self.keepsakes is None:
            return
        for event in self._events.values():
            moment = self.keepsakes.moment(event.id)
            jpeg = None if moment is None else moment.at(event.start_s)
            if jpeg is not None:
                self.view.events.show_thumbnail(event.id, jpeg)

    def _recent(self) -> npt.NDArray[np.float64]:
        """What the plots draw in this round."""
        if self._rows is None:
            import numpy as np

            return np.empty((0, 9))
        return self._rows

    def _cancel_calibration(self) -> None:
        if self.session is not None:
            self.session.live.cancel_calibration()
            self._calibrating = False

    # What the pages of the dock choose.

    def _use_profile(self, profile: Profile | None) -> None:
        if self.session is not None and self._watching:
            self.session.live.use_baseline(None if profile is None else profile.baseline)

    def _use_settings(self, settings: DriverSettings) -> None:
        self._settings = settings
        if self.session is not None:
            self.session.live.use_settings(settings)

    def _use_alarm(self) -> None:
        if self.session is not None:
            from app.ui.driver.alarm_page import alarm_settings

            self.session.alarm.settings = alarm_settings(self._preferences)

    # Telling.

    def _ask_for_report(self) -> None:
        documents = QStandardPaths.writableLocation(
            QStandardPaths.StandardLocation.DocumentsLocation
        )
        folder = self._preferences.get_folder("driver/report", documents or QDir.homePath())
        name = f"Driver {self._begun:%Y-%m-%d %H.%M}.html"
        text, _ = QFileDialog.getSaveFileName(
            self._window, "Report of the session", str(folder / name), "Web page (*.html)"
        )
        if text:
            path = Path(text)
            self.write_report(path if path.suffix else path.with_suffix(".html"))

    def _tell_report(self, paths: tuple[Path, ...]) -> None:
        names = ", ".join(path.name for path in paths)
        self._tell("driver", f"Written to {paths[0].parent}: {names}.")

    def _tell(self, key: str, text: str) -> None:
        self._banners.announce(Message(key, "info", text))

    def _fail(self, text: str) -> None:
        self._banners.announce(Message("driver", "error", text))
