"""The driver in the window: watch, calibrate, profiles, events, alarm, thresholds, report."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMessageBox, QToolButton
from pytestqt.qtbot import QtBot

from app.core.resources import user_config_folder
from app.driver.alarm import AlarmStage
from app.driver.calibration import CalibrationPhase
from app.driver.profiles import Profiles
from app.driver.settings import QUANTITIES
from app.driver.state import BaselineSource, Condition, DriverEvent, EventKind
from app.ui.driver.control import DriverControl
from app.ui.engine_link import EngineLink
from app.ui.main_window import MainWindow
from tests.gui.replay import ReplayEngine, Seen, see_demo

MakeWindow = Callable[..., MainWindow]
Wait = Callable[..., None]

LEFT = Qt.MouseButton.LeftButton
OPEN_S, SHUT_S = 11.5, 12.9
"""The eyes are wide open, and shut."""
SECOND_FACE_S = 15.5
"""Both persons of the demo clip are in the picture."""


@pytest.fixture(scope="module")
def demo() -> list[Seen]:
    return see_demo()


class Player:
    """A window whose frames come when the test says so, and whose alarm goes by their times."""

    def __init__(self, window: MainWindow, engine: ReplayEngine, demo: list[Seen]) -> None:
        self.window, self.engine = window, engine
        self.driver: DriverControl = window.driver
        self.time_ns = 0
        self._demo = demo
        self.driver.clock = lambda: self.time_ns

    def play(self, from_s: float, to_s: float) -> None:
        self.engine.deliver((s for s in self._demo if from_s <= s.time_s < to_s), self._after)

    def hold(self, at_s: float, seconds: float) -> None:
        """One picture of the clip again and again, at later times."""
        one = next(s for s in self._demo if s.time_s >= at_s)
        frame, held = one.result.frame, []
        for number in range(1, round(seconds * 15) + 1):
            later = replace(
                frame,
                time_ns=self.time_ns + round(number * 1e9 / 15),
                sequence=frame.sequence + 10_000 + number,
            )
            held.append(Seen(replace(one.result, frame=later), one.jpeg))
        self.engine.deliver(held, self._after)

    def pass_time(self, seconds: float) -> None:
        self.time_ns += round(seconds * 1e9)

    def _after(self, result: object) -> None:
        self.time_ns = result.frame.time_ns  # type: ignore[attr-defined]
        session = self.driver.session
        if session is not None and self.driver.watching:
            assert session.memory.wait_idle(10.0)


@pytest.fixture
def make_player(
    make_window: MakeWindow,
    wait: Wait,
    demo: list[Seen],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[], Player]:
    monkeypatch.setenv("PFLD_LIVE_CONFIG", str(tmp_path / "config"))

    def make() -> Player:
        engines: list[ReplayEngine] = []

        def factory(**arguments: object) -> ReplayEngine:
            engines.append(ReplayEngine(**arguments))  # type: ignore[arg-type]
            return engines[-1]

        window = make_window("demo", link=EngineLink(factory))
        window.sources.open_demo()
        wait(lambda: bool(engines) and window._link._engine is not None)
        return Player(window, engines[0], demo)

    return make


@pytest.fixture
def player(make_player: Callable[[], Player], wait: Wait) -> Player:
    """Watching, with its dock open."""
    player = make_player()
    player.window.driver_actions.show.trigger()
    wait(lambda: player.driver.view is not None)
    switch_on(player, wait)
    return player


def switch_on(player: Player, wait: Wait) -> None:
    player.window.panels.driver.switch.click()
    wait(lambda: player.driver.watching)


def kinds(player: Player) -> list[EventKind]:
    return [event.kind for event in player.driver._events.values()]


def event_of(player: Player, kind: EventKind) -> DriverEvent:
    return next(e for e in player.driver._events.values() if e.kind is kind)


def texts(window: MainWindow) -> str:
    return "\n".join(message.text for message in window.banners.messages)


def shows(player: Player, word: str) -> Callable[[], bool]:
    panel, view = player.window.panels.driver, player.driver.view
    return lambda: panel.word.text() == word and view.word.text() == word


def calibrate(player: Player, wait: Wait) -> None:
    """Does as it is told."""
    player.driver.view.person.start.click()
    player.hold(OPEN_S, 4.2)
    player.hold(SHUT_S, 1.8)
    wait(lambda: player.driver.view.person.start.text() == "Calibrate again")


# Watching.


def test_switched_on_it_shows_state_reasons_gauges_plots_and_events_with_thumbnails(
    player: Player, wait: Wait
) -> None:
    view, panel = player.driver.view, player.window.panels.driver
    wait(lambda: "Waiting" in panel.reasons.plain)
    player.play(0.0, 20.0)
    wait(shows(player, "Drowsy"))
    assert "microsleep" in panel.reasons.plain
    wait(lambda: any("Yawn" in text for text in view.events.texts()))
    sleeping = event_of(player, EventKind.MICROSLEEP)
    assert sleeping.start_s == pytest.approx(11.8, abs=0.1)
    assert sleeping.duration_s == pytest.approx(2.0, abs=0.1)
    row = next(text for text in view.events.texts() if "Microsleep" in text)
    assert f"0:11.8 · {sleeping.duration_s:.1f} s" in row
    assert not any("Blink" in text for text in view.events.texts())
    assert kinds(player).count(EventKind.BLINK) >= 6
    shut = next(text for text in view.gauges.words if text.startswith("PERCLOS: "))
    assert shut not in ("PERCLOS: 0 %", "PERCLOS: unknown")
    wait(lambda: len(view.plots.eyes.curves[0].getData()[0]) > 100)
    wait(
        lambda: len(view.plots.eyes.ticks.getData()[0]) == 2 * kinds(player).count(EventKind.BLINK)
    )
    wait(lambda: len(view.plots.eyes.spans.getData()[0]) == 2)
    ids = [view.events.list.item(row).data(Qt.ItemDataRole.UserRole) for row in range(2)]
    wait(lambda: all(player.driver.keepsakes.moment(i) is not None for i in ids))


def test_a_gui_that_sleeps_for_the_whole_clip_finds_the_same_events(
    make_player: Callable[[], Player], wait: Wait
) -> None:
    """The frames come from another thread while the window does nothing at all."""
    import threading

    awake, asleep = make_player(), make_player()
    for player in (awake, asleep):
        switch_on(player, wait)
    for from_s in range(8, 15):
        awake.play(from_s, from_s + 1)
        wait(lambda: awake.driver.session.live.now().state is not None)
    thread = threading.Thread(target=asleep.play, args=(8.0, 15.0))
    thread.start()
    thread.join()
    found = []
    for player in (awake, asleep):
        player.driver.watch(False)
        events = player.driver._events.values()
        found.append({(e.kind, round(e.start_s, 6), round(e.duration_s, 6)) for e in events})
    assert found[0] == found[1]
    assert any(kind is EventKind.BLINK for kind, *_ in found[0])


def test_the_real_engine_feeds_it(make_window: MakeWindow, wait: Wait, clip: Path) -> None:
    window = make_window(str(clip))
    window.driver_actions.watch.setChecked(True)
    wait(lambda: window.driver.watching)
    wait(lambda: window.driver.session.live.now().state is not None)
    wait(lambda: window.panels.driver.word.text() == "Unknown")
    wait(lambda: "No face" in window.panels.driver.reasons.plain)


def test_switched_off_nothing_is_followed_or_shown(player: Player, wait: Wait) -> None:
    player.play(0.0, 6.0)
    wait(shows(player, "Alert"))
    player.window.panels.driver.switch.click()
    assert not player.engine.listeners
    assert player.driver.view.word.text() == "Off"
    assert player.window.panels.driver.word.isHidden()
    frames = player.driver.session.live.record()[0].frames
    player.play(6.0, 7.0)
    assert player.driver.session.live.record()[0].frames == frames


def test_no_refresh_step_does_more_than_its_part(player: Player, wait: Wait) -> None:
    """Each step of a round draws one strip or one set of words."""
    player.play(0.0, 3.0)
    strips = player.driver.view.plots.strips
    wait(lambda: all(len(strip.curves[0].getData()[0]) > 0 for strip in strips))
    assert len(player.driver._plot_steps) == len(strips)


# Calibration and profiles.


def test_a_calibration_guides_finishes_with_a_sound_and_is_saved_and_loaded_as_a_profile(
    player: Player, wait: Wait, make_player: Callable[[], Player]
) -> None:
    person = player.driver.view.person
    person.start.click()
    wait(lambda: player.driver.view.tabs.currentWidget() is person)
    player.hold(OPEN_S, 2.0)
    wait(lambda: person.progress.isVisible() and 0 < person.progress.value() < 100)
    assert "open" in person.guidance.text()
    assert person.start.text() == "Cancel"
    player.hold(OPEN_S, 2.2)
    wait(lambda: "Shut your eyes" in person.guidance.text())
    player.hold(SHUT_S, 1.8)
    wait(lambda: "Done" in person.guidance.text())
    assert player.driver.sound.chimes == 1
    assert player.driver.session.live.now().calibrated.shut_seen
    wait(lambda: "Eyes calibrated" in person.result.plain)
    person.names.name.setText("Eileen")
    person.glasses.setChecked(True)
    wait(person.names.save.isEnabled)
    person.names.save.click()
    wait(lambda: person.names.current == "Eileen (with glasses)")
    kept = Profiles().load("Eileen (with glasses)")
    assert kept.glasses
    assert kept.baseline.shut_seen
    player.window.close()
    again = make_player()
    switch_on(again, wait)
    again.play(0.0, 0.2)
    state = again.driver.session.live.now().state
    assert state.baseline is BaselineSource.PROFILE
    assert not math.isnan(state.opening)


def test_eyes_that_are_shut_for_the_calibration_are_no_sleep(player: Player, wait: Wait) -> None:
    player.play(6.0, 11.5)
    calibrate(player, wait)
    assert player.driver.session.live.now().state.reasons == ("Calibrating",)
    player.hold(SHUT_S, 1.2)
    player.hold(OPEN_S, 1.0)
    wait(shows(player, "Alert"))
    assert not {EventKind.LONG_CLOSURE, EventKind.MICROSLEEP} & set(kinds(player))
    assert player.driver.sound.stage is AlarmStage.QUIET
    player.hold(SHUT_S, 1.5)
    wait(shows(player, "Asleep"))


def test_a_calibration_can_be_given_up_and_begun_again(player: Player, wait: Wait) -> None:
    person = player.driver.view.person
    person.start.click()
    player.play(0.0, 1.0)
    wait(lambda: person.start.text() == "Cancel")
    person.start.click()
    wait(lambda: person.start.text() == "Calibrate")
    person.start.click()
    wait(lambda: person.start.text() == "Cancel")


def test_a_profile_is_renamed_and_deleted(
    player: Player, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    calibrate(player, wait)
    names = player.driver.view.person.names
    names.name.setText("A")
    wait(names.save.isEnabled)
    names.save.click()
    wait(lambda: names.current == "A")
    names.name.setText("B")
    names.rename.click()
    wait(lambda: names.current == "B")
    assert Profiles().names() == ("B",)
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    monkeypatch.setattr(QMessageBox, "question", lambda *_: answers.pop(0))
    names.delete.click()
    assert Profiles().names() == ("B",)
    names.delete.click()
    wait(lambda: names.current == "")
    assert Profiles().names() == ()


# Events.


def test_a_click_on_an_event_plays_its_moment(player: Player, wait: Wait, qtbot: QtBot) -> None:
    player.play(9.0, 16.0)
    events = player.driver.view.events
    wait(lambda: any("Microsleep" in text for text in events.texts()))
    row = next(i for i, text in enumerate(events.texts()) if "Microsleep" in text)
    place = events.list.visualItemRect(events.list.item(row)).center()
    qtbot.mouseClick(events.list.viewport(), LEFT, pos=place)
    view = player.driver.view.moment
    assert view.isVisible()
    event = event_of(player, EventKind.MICROSLEEP)
    assert view.moment.times_s[0] == pytest.approx(event.start_s - 2.0, abs=0.1)
    assert view.moment.times_s[-1] >= event.end_s
    assert view.picture.pixmap().width() > 100
    wait(lambda: view.slider.value() > 2)
    view.play.click()
    at = view.slider.value()
    qtbot.wait(300)
    assert view.slider.value() == at
    view.back.click()
    assert player.driver.view.plots.isVisible()


def test_events_leave_evidence_clips_if_the_user_wants_them(
    player: Player, wait: Wait, tmp_path: Path
) -> None:
    folder = tmp_path / "clips"
    folder.mkdir()
    player.window._preferences.set("driver/folder", str(folder))
    player.driver.view.alarm.keep.setChecked(True)
    player.play(8.0, 16.0)
    wait(lambda: "Kept" in texts(player.window), 60_000)
    path = next(path for path in folder.iterdir() if "microsleep" in path.name)
    event = event_of(player, EventKind.MICROSLEEP)
    with av.open(str(path)) as container:
        times = [float(frame.time) for frame in container.decode(video=0)]
    assert times[-1] - times[0] == pytest.approx(event.duration_s + 3.0, abs=0.3)


def test_a_clip_that_cannot_be_written_is_said(player: Player, wait: Wait, tmp_path: Path) -> None:
    player.window._preferences.set("driver/folder", str(tmp_path / "none"))
    player.window._preferences.set("driver/keep", True)
    player.play(8.0, 16.0)
    wait(lambda: "does not exist" in texts(player.window))


# The alarm.


def test_the_alarm_escalates_is_acknowledged_and_calls_again_if_it_lasts(
    player: Player, wait: Wait, qtbot: QtBot
) -> None:
    driver = player.driver
    driver.view.alarm.fields["again_s"].set_value(5)
    player.play(7.0, 12.95)
    wait(lambda: driver.sign.stage is AlarmStage.WARNING)
    assert driver.sign.framed
    assert driver.sign.box.isVisible()
    assert driver.sign.box.headline.text() == "Wake up!"
    assert "Eyes shut" in driver.sign.box.reason.text()
    assert driver.sound.stage is AlarmStage.WARNING
    player.hold(SHUT_S, 2.5)
    wait(lambda: driver.sign.stage is AlarmStage.ALARM)
    assert driver.sign.box.headline.text() == "WAKE UP!"
    wait(player.window.driver_actions.acknowledge.isEnabled)
    player.driver.sign.box.findChildren(QToolButton)[0].click()
    wait(lambda: driver.sign.stage is AlarmStage.QUIET)
    assert not driver.sign.framed
    assert driver.sound.stage is AlarmStage.QUIET
    player.hold(SHUT_S, 3.0)
    assert driver.session.live.now().alarm.acknowledged
    player.hold(SHUT_S, 2.5)
    wait(lambda: driver.sign.stage is AlarmStage.ALARM)


def test_mute_silences_the_sound_alone_and_ends_by_itself(player: Player, wait: Wait) -> None:
    driver, mute = player.driver, player.window.driver_actions.mute
    player.play(7.0, 12.95)
    wait(lambda: driver.sound.stage is AlarmStage.WARNING)
    mute.trigger()
    wait(lambda: driver.sound.stage is AlarmStage.QUIET)
    assert driver.sign.framed
    assert mute.iconText() == "Muted 60 s"
    player.pass_time(30.0)
    player.hold(SHUT_S, 0.2)
    wait(lambda: mute.iconText() == "Muted 30 s")
    assert driver.sound.stage is AlarmStage.QUIET
    player.pass_time(30.0)
    player.hold(SHUT_S, 3.5)
    wait(lambda: driver.sound.stage is AlarmStage.ALARM)
    assert not mute.isChecked()
    assert mute.iconText() == "Mute"


def test_what_has_ended_goes_by_itself_and_without_a_picture_nothing_calls(
    player: Player, wait: Wait
) -> None:
    player.play(7.0, 12.95)
    wait(lambda: player.driver.sign.framed)
    player.pass_time(3.0)
    wait(lambda: not player.driver.sign.framed)
    assert player.driver.sound.stage is AlarmStage.QUIET


def test_sound_and_sign_can_be_switched_off(player: Player, wait: Wait) -> None:
    page = player.driver.view.alarm
    page.sound.setChecked(False)
    player.play(7.0, 12.95)
    wait(lambda: player.driver.sign.framed)
    assert player.driver.sound.stage is AlarmStage.QUIET
    page.sound.setChecked(True)
    page.sign.setChecked(False)
    wait(lambda: player.driver.sound.stage is AlarmStage.WARNING)
    wait(lambda: not player.driver.sign.framed)


def test_without_a_sound_device_the_page_says_so(
    make_player: Callable[[], Player], wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PySide6.QtMultimedia import QAudioDevice, QMediaDevices

    monkeypatch.setattr(QMediaDevices, "defaultAudioOutput", lambda: QAudioDevice())
    player = make_player()
    player.window.driver_actions.show.trigger()
    wait(lambda: player.driver.view is not None)
    assert "no sound device" in player.driver.view.alarm.device.plain
    assert not player.driver.view.alarm.try_out.isEnabled()
    switch_on(player, wait)
    player.play(7.0, 12.95)
    wait(lambda: player.driver.sound.stage is AlarmStage.WARNING)


# Thresholds.


def test_an_edited_threshold_counts_from_the_next_frame_and_is_kept_as_a_preset(
    player: Player, wait: Wait, make_player: Callable[[], Player]
) -> None:
    page = player.driver.view.thresholds
    page.fields["microsleep_s"].set_value(2.5)
    assert "save it as a preset" in page.state.plain
    player.play(7.0, 14.0)
    wait(lambda: EventKind.LONG_CLOSURE in kinds(player))
    assert EventKind.MICROSLEEP not in kinds(player)
    page.names.name.setText("Patient")
    page.names.save.click()
    wait(lambda: page.names.current == "Patient")
    player.window.close()
    again = make_player()
    again.window.driver_actions.show.trigger()
    wait(lambda: again.driver.view is not None)
    fields = again.driver.view.thresholds.fields
    wait(lambda: fields["microsleep_s"].value == 2.5)
    switch_on(again, wait)
    assert again.driver.session.live.record()[1].settings.microsleep_s == 2.5
    names = again.driver.view.thresholds.names
    names.combo.setCurrentIndex(0)
    names.combo.activated.emit(0)
    default = QUANTITIES["microsleep_s"].default
    wait(lambda: fields["microsleep_s"].value == default)
    assert again.driver.session.live.record()[1].settings.microsleep_s == default


def test_thresholds_that_contradict_each_other_are_refused_in_words(
    player: Player, wait: Wait
) -> None:
    page = player.driver.view.thresholds
    page.fields["blink_opening"].set_value(0.7)
    assert "Blink reaches" in page.problem.plain
    assert player.driver.session.live.record()[1].settings.blink_opening == 0.4
    page.fields["blink_opening"].set_value(0.3)
    assert page.problem.plain == ""
    assert player.driver.session.live.record()[1].settings.blink_opening == 0.3


def test_what_was_wrong_with_a_profile_is_forgotten_when_it_is_deleted(
    make_player: Callable[[], Player], wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = user_config_folder() / "profiles" / "Ada.json"
    broken.parent.mkdir(parents=True)
    broken.write_text("{}", encoding="utf-8")
    player = make_player()
    player.window.driver_actions.show.trigger()
    wait(lambda: player.driver.view is not None)
    page = player.driver.view.person
    wait(lambda: page.names.combo.count() == 2)
    page.names.combo.setCurrentIndex(1)
    page.names.combo.activated.emit(1)
    wait(lambda: "Ada" in page.problem.plain)
    yes = QMessageBox.StandardButton.Yes
    monkeypatch.setattr(QMessageBox, "question", lambda *_: yes)
    page.names.delete.click()
    wait(lambda: page.names.combo.count() == 1)
    assert page.problem.plain == ""


# The face.


def test_a_click_chooses_the_face_and_one_beside_it_the_largest_again(
    player: Player, wait: Wait, qtbot: QtBot
) -> None:
    view = player.window.view
    player.play(13.0, SECOND_FACE_S)
    wait(lambda: view.picture is not None and len(view.picture.result.faces) == 2)
    faces = sorted(view.picture.result.faces, key=lambda face: face.box.area)
    assert player.driver.session.live.now().state.measures.face_id == faces[1].id
    wait(lambda: view.picture.canvas.watched == faces[1].id)
    click(qtbot, view, faces[0].box.centre)
    assert player.driver.session.live.now().chosen == faces[0].id
    player.play(SECOND_FACE_S, SECOND_FACE_S + 0.2)
    assert player.driver.session.live.now().state.measures.face_id == faces[0].id
    wait(lambda: view.picture.canvas.watched == faces[0].id)
    click(qtbot, view, (3.0, 3.0))
    assert player.driver.session.live.now().chosen is None
    player.play(SECOND_FACE_S + 0.2, SECOND_FACE_S + 0.4)
    assert player.driver.session.live.now().state.measures.face_id == faces[1].id


def click(qtbot: QtBot, view: object, place: tuple[float, float]) -> None:
    x, y = view.picture.viewport.to_widget([place])[0]  # type: ignore[attr-defined]
    qtbot.mouseClick(view, LEFT, pos=QPoint(round(x), round(y)))


# The report.


def test_the_report_of_a_session_is_written_as_page_and_tables(
    player: Player, wait: Wait, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    player.play(0.0, 20.0)
    player.window.driver_actions.watch.trigger()
    page = tmp_path / "session.html"
    monkeypatch.setattr(
        "app.ui.driver.control.QFileDialog.getSaveFileName", lambda *_: (str(page), "")
    )
    player.driver.view.report.click()
    wait(lambda: "session.html" in texts(player.window))
    text = page.read_text("utf-8")
    assert "not a safety device" in text
    assert "microsleep" in text
    with page.with_suffix(".csv").open() as file:
        rows = list(csv.DictReader(file))
    assert any(row["condition"] == Condition.ASLEEP.value for row in rows)
    with page.with_suffix(".events.csv").open() as file:
        assert "yawn" in {row["event"] for row in csv.DictReader(file)}


def test_a_report_into_a_folder_that_is_gone_says_so(
    player: Player, wait: Wait, tmp_path: Path
) -> None:
    player.play(0.0, 1.0)
    player.driver.write_report(tmp_path / "none" / "session.html")
    wait(lambda: "cannot be written" in texts(player.window))


# For others.


def test_recordings_and_live_data_are_told_the_state_of_their_own_frame(
    player: Player, wait: Wait
) -> None:
    state_of = player.window.recording.state_of
    told: list[tuple[float, float]] = []
    # A listener that is asked before the driver's own hears the same, and nothing counts twice.
    player.engine.listeners.insert(
        0, lambda result: told.append((result.frame.time_s, state_of(result)["time_s"]))
    )
    player.play(0.0, 2.0)
    assert len(told) == 30
    assert all(frame_s == pytest.approx(state_s, abs=1e-3) for frame_s, state_s in told)
    assert player.driver.session.live.record()[0].frames == 30
    player.driver.watch(False)
    assert state_of(player._demo[0].result) is None


# Closing.


def test_the_window_can_be_closed_during_calibration_and_alarm(player: Player, wait: Wait) -> None:
    player.play(7.0, 12.95)
    wait(lambda: player.driver.sign.framed)
    player.driver.view.person.start.click()
    player.play(12.95, 13.2)
    status = player.driver.session.live.now().calibration
    assert status.phase is CalibrationPhase.LOOK
    player.window.close()
    assert player.window.shut_down()
    assert player.driver.sound.stage is AlarmStage.QUIET


def test_switched_on_and_closed_at_once_leaves_no_thread(make_player: Callable[[], Player]) -> None:
    player = make_player()
    player.window.driver_actions.show.trigger()
    player.window.driver_actions.watch.trigger()
    player.window.close()
    assert player.window.shut_down()
