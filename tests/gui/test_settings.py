"""Settings files that are damaged, or of another program or system."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtCore import QByteArray, QSettings, Qt
from PySide6.QtWidgets import QSplitter

from app.capture.devices import CameraSettings
from app.record.settings import RecordSettings
from app.record.style import OverlayOptions
from app.ui.preferences import Preferences
from app.vision.detectors import DEFAULT_DETECTOR
from app.vision.settings import VisionSettings
from tests.gui.conftest import MakeWindow

ROOT = Path(__file__).resolve().parents[2]
BROKEN_VARIANT = r"@Variant(\0\0\0\t\xff\xff\xff\xff)"
"""A list of four thousand million entries: Qt asks for their memory and ends the process."""
INFINITE_FLOAT = r"@Variant(\0\0\0\x6\x7f\xf0\0\0\0\0\0\0)"
DAMAGED = [
    *("inf", "-inf", "nan", "1e400", "9" * 5000, "-" + "9" * 40, "3000000000"),
    *("", "wrong", "0x10", "640.5 px", "@Rect(1 2 3 4)", "@Size(-1 -1)", "a, b, c", r"a\0b"),
    *("@ByteArray(abc)", "@Invalid()", "@Point(99999999999 1)", "%s", '"unclosed', "y" * 5000),
    *(INFINITE_FLOAT, BROKEN_VARIANT, r"@DateTime(\0\0\0\x10\0\xff)"),
    r"C:\\Users\\me\\Videos",
]

T = TypeVar("T", bool, int, float, str)


def open_settings(path: Path, text: str) -> Preferences:
    path.write_text(text, "utf-8")
    return Preferences(QSettings(str(path), QSettings.Format.IniFormat))


@pytest.mark.parametrize("value", DAMAGED)
def test_a_damaged_number_or_switch_reads_as_its_default(value: str, tmp_path: Path) -> None:
    preferences = open_settings(tmp_path / "s.ini", f"[a]\nc=5\nb={value}\n")
    assert preferences.get("a/b", 7) == 7
    assert math.isfinite(preferences.get("a/b", 0.5))
    assert preferences.get("a/b", True) is True
    assert preferences.get("a/b", False) is False
    assert "\0" not in preferences.get("a/b", "")
    assert preferences.get_folder("a/b", str(tmp_path)) == tmp_path
    assert preferences.get_choice("a/b", "good", ("small", "good")) == "good"
    assert preferences.get("a/c", 0) == 5, "the others stay"


@pytest.mark.parametrize(
    "value",
    [
        BROKEN_VARIANT,
        BROKEN_VARIANT.replace("@", r"\x40"),
        BROKEN_VARIANT.replace("V", "V\\\n"),
        f"a, {BROKEN_VARIANT}",
        r"@DateTime(\0\0\0\x10\xff)",
    ],
)
def test_a_damaged_packed_value_does_not_end_the_process(value: str, tmp_path: Path) -> None:
    path = tmp_path / "s.ini"
    path.write_text(f"[a]\nb={value}\nc=5\n", "utf-8")
    code = (
        "from PySide6.QtCore import QSettings\n"
        "from app.ui.preferences import Preferences\n"
        f"p = Preferences(QSettings({str(path)!r}, QSettings.Format.IniFormat))\n"
        "assert (p.get('a/b', 7), p.get('a/c', 0)) == (7, 5)\n"
        "p.set('a/d', 1); p.save()\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=True)
    again = Preferences(QSettings(str(path), QSettings.Format.IniFormat))
    assert (again.get("a/c", 0), again.get("a/d", 0)) == (5, 1)


def test_a_settings_file_that_cannot_be_mended_counts_as_none(tmp_path: Path) -> None:
    path = tmp_path / "s.ini"
    path.mkdir()
    preferences = Preferences(QSettings(str(path), QSettings.Format.IniFormat))
    assert preferences.get("a/b", 7) == 7
    preferences.save()


class _Listening(Preferences):
    """Knows which keys were asked for."""

    def __init__(self, settings: QSettings) -> None:
        super().__init__(settings)
        self.asked: set[str] = set()

    def get(self, key: str, default: T) -> T:
        self.asked.add(key)
        return super().get(key, default)

    def get_bytes(self, key: str) -> QByteArray:
        self.asked.add(key)
        return super().get_bytes(key)


@pytest.fixture
def preferences(settings_file: Path) -> Preferences:
    return _Listening(QSettings(str(settings_file), QSettings.Format.IniFormat))


def test_a_window_opens_with_defaults_whatever_its_keys_hold(
    preferences: _Listening, make_window: MakeWindow, settings_file: Path
) -> None:
    make_window(begin=False).close()
    keys = sorted(preferences.asked)
    assert len(keys) > 40
    overlay = OverlayOptions()
    for value in DAMAGED:
        sections: dict[str, list[str]] = {}
        for key in keys:
            section, _, name = key.partition("/")
            if not name:
                section, name = "General", key
            sections.setdefault(section, []).append(f"{name.replace(' ', '%20')}={value}")
        lines = [line for name, kept in sections.items() for line in (f"[{name}]", *kept)]
        settings_file.write_text("\n".join(lines), "utf-8")
        preferences.__init__(QSettings(str(settings_file), QSettings.Format.IniFormat))
        window = make_window(begin=False)
        panels = window.panels
        assert window.isVisible()
        assert panels.source.settings == CameraSettings()
        assert panels.options.settings == VisionSettings()
        assert panels.detector.combo.currentData() == DEFAULT_DETECTOR
        assert window.overlay.options == overlay
        assert panels.recording.settings(overlay) == RecordSettings(overlay=overlay)
        assert panels.recording.folder == panels.recording.usual_folder
        assert panels.live_out.settings.ports == {}
        window.hide()


@pytest.mark.parametrize("host", ["a..b", "[::1", "pc:80"])
def test_a_host_that_can_be_none_is_forgotten(
    host: str, preferences: Preferences, make_window: MakeWindow
) -> None:
    preferences.set("live/host", host)
    assert make_window(begin=False).panels.live_out.host.text() == "127.0.0.1"


def test_a_layout_of_another_program_keeps_the_video_beside_the_panel(
    preferences: Preferences, make_window: MakeWindow
) -> None:
    other = QSplitter(Qt.Orientation.Vertical)
    preferences.set_bytes("window/splitter", other.saveState())
    preferences.set_bytes("window/geometry", QByteArray(b"\x01\xd9\xd0\xcb" + bytes(range(60))))
    window = make_window(begin=False)
    assert window.splitter.orientation() is Qt.Orientation.Horizontal
    assert window.view.parentWidget() is not None
    assert min(window.splitter.sizes()) > 0
