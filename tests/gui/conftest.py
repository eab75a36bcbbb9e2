"""The real window with the real engine; only cameras and the user's own files are replaced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QSettings
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.engine_link import EngineLink
from app.ui.main_window import MainWindow
from app.ui.preferences import Preferences
from app.ui.theme import Theme
from app.ui.window_options import WindowOptions
from tests.gui.demo_cut import cut_demo
from tests.gui.desk import PATIENCE_MS, FakeCameras
from tests.gui.mean_face_model import write_mean_face_model


@pytest.fixture
def settings_file(tmp_path: Path) -> Path:
    return tmp_path / "settings.ini"


@pytest.fixture
def preferences(settings_file: Path) -> Preferences:
    """Nobody's; with the detector that starts at once."""
    preferences = Preferences(QSettings(str(settings_file), QSettings.Format.IniFormat))
    preferences.set("detector", "haar")
    return preferences


@pytest.fixture
def zoo_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only model folder of the program: one model that works, one that does not."""
    folder = tmp_path / "models"
    folder.mkdir()
    write_mean_face_model(folder / "mean.onnx")
    (folder / "half.onnx").write_bytes((folder / "mean.onnx").read_bytes()[:300])
    monkeypatch.setenv("PFLD_LIVE_MODELS", str(folder))
    monkeypatch.setenv("PFLD_LIVE_DATA", str(tmp_path / "data"))
    monkeypatch.setattr("app.vision.zoo.models_folder", lambda: tmp_path / "none")
    return folder


@pytest.fixture(scope="session")
def theme(qapp: QApplication) -> Theme:
    return Theme(qapp)


@pytest.fixture
def cameras() -> FakeCameras:
    return FakeCameras()


MakeWindow = Callable[..., MainWindow]


@pytest.fixture
def make_window(
    qtbot: QtBot,
    theme: Theme,
    preferences: Preferences,
    cameras: FakeCameras,
    zoo_folder: Path,
) -> Iterator[MakeWindow]:
    """Build and show a window; its threads must have ended when the test is over."""
    windows: list[MainWindow] = []

    def make(
        text: str | None = None,
        *,
        demo: bool = False,
        begin: bool = True,
        options: WindowOptions | None = None,
        link: EngineLink | None = None,
    ) -> MainWindow:
        window = MainWindow(
            link=link or EngineLink(),
            cameras=cameras,
            preferences=preferences,
            theme=theme,
            options=options,
        )
        windows.append(window)
        window.resize(900, 600)
        with qtbot.waitSignal(window.first_painted, timeout=PATIENCE_MS):
            window.show()
        if begin:
            window.begin(text, demo=demo)
        return window

    yield make
    for window in windows:
        window.close()
        assert window.shut_down(), "a thread of the engine still runs"
        window.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture
def wait(qtbot: QtBot) -> Callable[[Callable[[], bool]], None]:
    """Let the window live until something is true."""

    def until(condition: Callable[[], bool], timeout_ms: int = PATIENCE_MS) -> None:
        qtbot.waitUntil(condition, timeout=timeout_ms)

    return until


Wait = Callable[..., None]


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of moving stripes, 320×240, without any face."""
    path = tmp_path_factory.mktemp("clips") / "stripes.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for i in range(100):
            row = (np.arange(320) + 4 * i) % 256
            image = np.repeat(np.tile(row, (240, 1))[:, :, None], 3, axis=2).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="session")
def turning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The moment of the demo clip in which the head turns aside, with its labels."""
    return cut_demo(tmp_path_factory.mktemp("turning") / "turning.mp4", range(56, 76))
