"""Banners, preferences, cameras, display and faults, each by itself."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.core.errors import SourceError
from app.ui.about import about_dialog, shortcuts_dialog
from app.ui.banner import BannerStack, Message
from app.ui.cameras import CameraInfo, CameraWatcher
from app.ui.display import display_available
from app.ui.elided_label import ElidedLabel
from app.ui.faults import FaultReporter
from app.ui.figure import Figure
from app.ui.icons import PaletteIcons
from app.ui.opener import Opening, SourceOpener
from app.ui.panels.quantity_field import QuantityField
from app.ui.panels.section import Section, SidePanel
from app.ui.preferences import Preferences, temporary_preferences
from app.ui.theme import Theme, palette_of
from app.ui.transport import TransportBar, clock
from app.vision.settings import DETECT_INTERVAL, MAX_FACES
from tests.gui.desk import FakeCameras


@pytest.fixture
def banners(qtbot: QtBot, theme: Theme) -> Iterator[BannerStack]:
    window = QWidget()
    qtbot.addWidget(window)
    stack = BannerStack(icons=PaletteIcons(), theme=theme)
    stack.setParent(window)
    yield stack
    assert window


def shown(banners: BannerStack) -> list[str]:
    return [message.text for message in banners.messages]


def test_a_condition_goes_when_it_has_ended(banners: BannerStack) -> None:
    banners.show_conditions([Message("a", "warning", "A"), Message("b", "error", "B")])
    banners.show_conditions([Message("b", "error", "B, still")])
    assert shown(banners) == ["B, still"]
    banners.show_conditions([])
    assert shown(banners) == []
    assert banners.isHidden()


def test_what_was_announced_outlives_the_conditions(banners: BannerStack) -> None:
    banners.announce(Message("open", "error", "No such file."))
    banners.show_conditions([Message("a", "warning", "A")])
    banners.show_conditions([])
    assert shown(banners) == ["No such file."]


def test_a_dismissed_condition_comes_back_only_after_its_end(banners: BannerStack) -> None:
    banners.show_conditions([Message("a", "warning", "try 1")])
    banners.dismiss("a")
    banners.show_conditions([Message("a", "warning", "try 2")])
    assert shown(banners) == []
    banners.show_conditions([])
    banners.show_conditions([Message("a", "warning", "again")])
    assert shown(banners) == ["again"]


def test_preferences_keep_types_over_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "settings.ini")
    first = Preferences(QSettings(path, QSettings.Format.IniFormat))
    for key, value in (("yes", True), ("no", False), ("n", 3), ("x", 0.25), ("s", "a, b = ü")):
        first.set(key, value)
    first.save()
    again = Preferences(QSettings(path, QSettings.Format.IniFormat))
    assert again.get("yes", False) is True
    assert again.get("no", True) is False
    assert again.get("n", 0) == 3
    assert again.get("x", 0.0) == 0.25
    assert again.get("s", "") == "a, b = ü"


def test_broken_preferences_read_as_the_defaults() -> None:
    with temporary_preferences() as preferences:
        preferences.set("n", "three")
        preferences.set("faces", 99)
        preferences.set("geometry", "text")
        assert preferences.get("n", 4) == 4
        assert preferences.get_quantity("faces", MAX_FACES) == MAX_FACES.default
        assert preferences.get_bytes("geometry").isEmpty()


def test_a_field_has_range_unit_and_help_of_its_quantity(qtbot: QtBot) -> None:
    field = QuantityField(DETECT_INTERVAL)
    qtbot.addWidget(field)
    heard: list[float] = []
    field.changed.connect(heard.append)
    field.set_value(1.25)
    field.set_value(99)
    assert heard == [1.25, DETECT_INTERVAL.high]
    assert DETECT_INTERVAL.help in field.toolTip()


def test_the_wheel_scrolls_the_panel_and_changes_no_field(qtbot: QtBot) -> None:
    from PySide6.QtCore import QPoint, QPointF
    from PySide6.QtGui import QWheelEvent

    section = Section("one", "One")
    field = QuantityField(MAX_FACES)
    section.body.addWidget(field)
    panel = SidePanel()
    qtbot.addWidget(panel)
    panel.add(section)
    before = field.value
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(field._box, event)
    assert field.value == before


def test_a_camera_that_was_plugged_in_anew_is_known_by_its_name(qapp: QApplication) -> None:
    cameras = FakeCameras()
    cameras.plugged = [
        CameraInfo("/dev/video2", "Desk camera", "/dev/video2"),
        CameraInfo("/dev/video0", "Other", "/dev/video0"),
    ]
    cameras.refresh()
    assert cameras.find("/dev/video0", "Desk camera") == cameras.plugged[0]
    assert cameras.find("/dev/video0", "Other") == cameras.plugged[1]
    assert cameras.find("/dev/video7", "Gone") is None
    assert cameras.targets()["Desk camera"] == "/dev/video2"


def test_the_system_can_be_asked_for_cameras(qapp: QApplication) -> None:
    watcher = CameraWatcher()
    watcher.start()
    assert all(camera.name and camera.id for camera in watcher.cameras)


@pytest.mark.parametrize(
    ("environment", "platform", "there"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":54321"}, "linux", False),
        ({"DISPLAY": "localhost:54321.0"}, "linux", False),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", False),
        ({"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": "/nowhere"}, "linux", False),
        ({"QT_QPA_PLATFORM": "offscreen"}, "linux", True),
        ({"QT_QPA_PLATFORM": "minimal", "DISPLAY": ":0"}, "linux", False),
        ({}, "darwin", True),
        ({}, "win32", True),
    ],
)
def test_whether_there_is_a_display(
    environment: dict[str, str], platform: str, there: bool
) -> None:
    assert display_available(environment, platform) is there


def test_a_display_counts_only_while_its_server_answers(tmp_path: Path) -> None:
    environment = {"WAYLAND_DISPLAY": "wayland-0", "XDG_RUNTIME_DIR": str(tmp_path)}
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-0"))
        server.listen()
        assert display_available(environment, "linux")
        by_path = {"WAYLAND_DISPLAY": str(tmp_path / "wayland-0")}
        assert display_available(by_path, "linux")
    assert not display_available(environment, "linux")
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1] - 6000
        assert display_available({"DISPLAY": f"127.0.0.1:{number}.0"}, "linux")
    assert not display_available({"DISPLAY": f"127.0.0.1:{number}.0"}, "linux")


def test_exceptions_of_slots_and_threads_become_a_sentence(
    qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    reporter = FaultReporter()
    heard: list[str] = []
    reporter.reported.connect(heard.append)
    remove = reporter.install()
    try:
        try:
            raise ValueError("odd")
        except ValueError as error:
            sys.excepthook(ValueError, error, error.__traceback__)

        def fail() -> None:
            raise SourceError("The clip is gone; open another one.")

        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: len(heard) == 2)
    finally:
        remove()
    assert "ValueError: odd" in heard[0]
    assert heard[1] == "The clip is gone; open another one."
    assert "uncaught exception" in caplog.text
    assert "in fail" in caplog.text, "the way to the error is lost"


def test_only_the_last_request_to_open_counts(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.capture.source import SourceOptions

    may_go = threading.Event()

    def look(text: str, _: object) -> object:
        if text == "slow":
            may_go.wait(5)
        raise SourceError(f"no {text}")

    monkeypatch.setattr("app.ui.opener.open_source", look)
    opener = SourceOpener()
    found: list[Opening] = []
    opener.found.connect(found.append)
    opener.request("slow", SourceOptions())
    opener.request("quick", SourceOptions())
    qtbot.waitUntil(lambda: bool(found))
    may_go.set()
    assert opener.stop(5)
    QApplication.processEvents()
    assert [opening.problem for opening in found] == ["no quick"]


def test_a_disk_that_never_answers_does_not_keep_the_program_from_ending() -> None:
    program = """
import time
from PySide6.QtCore import QCoreApplication
from app.capture.source import SourceOptions
from app.ui import opener
opener.open_source = lambda *_: time.sleep(60)
application = QCoreApplication([])
looking = opener.SourceOpener()
looking.request("clip.mp4", SourceOptions())
assert not looking.stop(0.1)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_picture_follows_the_slider_while_it_is_dragged(qtbot: QtBot) -> None:
    bar = TransportBar(PaletteIcons())
    qtbot.addWidget(bar)
    wanted: list[float] = []
    bar.seek_wanted.connect(wanted.append)
    bar.slider.setMaximum(20_000)
    bar.slider.setSliderDown(True)
    for place in range(0, 20_000, 500):
        bar.slider.setSliderPosition(place)
        qtbot.wait(10)
    assert 2 <= len(wanted) <= 20
    qtbot.waitUntil(lambda: wanted[-1] == 19.5)


def test_a_long_name_is_shortened_and_whole_in_the_tooltip(qtbot: QtBot) -> None:
    name = "a very long name of a recording that nobody would want to read.mp4"
    label = ElidedLabel(name)
    qtbot.addWidget(label)
    label.resize(80, 20)
    assert label.minimumSizeHint().width() == 0
    assert label.toolTip() == name
    label.grab()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (62.34, "1:02.3"), (3661.0, "1:01:01.0"), (59.96, "1:00.0")],
)
def test_times_are_written_as_a_player_does(seconds: float, text: str) -> None:
    assert clock(seconds) == text


@pytest.mark.parametrize("scheme", [Qt.ColorScheme.Light, Qt.ColorScheme.Dark])
def test_text_can_be_read_on_its_background(scheme: Qt.ColorScheme) -> None:
    from PySide6.QtGui import QColor, QPalette

    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    palette = palette_of(scheme)
    role = QPalette.ColorRole
    for text, back, least in (
        (role.WindowText, role.Window, 7),
        (role.Text, role.Base, 7),
        (role.ButtonText, role.Button, 7),
        (role.PlaceholderText, role.Window, 4.5),
        (role.BrightText, role.Window, 4.5),
        (role.HighlightedText, role.Highlight, 4.5),
        (role.ToolTipText, role.ToolTipBase, 7),
    ):
        light, dark = sorted(
            (luminance(palette.color(text)), luminance(palette.color(back))), reverse=True
        )
        assert (light + 0.05) / (dark + 0.05) >= least, (text, back)


def test_about_names_the_parts_and_shortcuts_are_listed(make_window: object) -> None:
    from PySide6.QtWidgets import QTextBrowser

    window = make_window(begin=False)
    about = about_dialog(window)
    keys = shortcuts_dialog(window, window.actions())
    assert "ONNX Runtime" in about.findChild(QTextBrowser).toPlainText()
    text = keys.findChild(QTextBrowser).toPlainText()
    assert "F11" in text
    assert "Mirror" in text


def test_every_field_of_the_panel_has_an_accessible_name(make_window: object) -> None:
    from PySide6.QtWidgets import QAbstractSlider, QAbstractSpinBox, QComboBox

    window = make_window(begin=False)
    for kind in (QComboBox, QAbstractSpinBox, QAbstractSlider):
        for field in window.findChildren(kind):
            if type(field).__name__ != "QScrollBar":
                assert field.accessibleName(), field


def test_a_figure_keeps_its_size_while_its_number_changes(qtbot: QtBot) -> None:
    figure = Figure("000.0")
    qtbot.addWidget(figure)
    size = figure.size()
    for text in ("1.0", "–", "123.4"):
        figure.say(text)
        assert figure.size() == size
    figure.say("1234567.8")
    assert figure.width() > size.width()
