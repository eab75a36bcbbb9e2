"""Decides which source is open: a file, the demo clip, or a camera that comes and goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.capture.devices import CameraSettings
from app.capture.source import Pace, SourceOptions
from app.core.resources import asset
from app.ui.cameras import CameraInfo, CameraWatcher
from app.ui.engine_link import EngineLink
from app.ui.preferences import Preferences


class Sources(QObject):
    """Opens sources and remembers what the user wanted.

    Attributes:
        name: of the open source, for people; "" while there is none.
        path: of the open source where it is a file or folder, else None.
    """

    opened = Signal(str, object)
    """Name for people, and the `CameraInfo` if it is a listed camera. The name is "" when there
    is nothing to open."""
    problem = Signal(str)

    def __init__(
        self,
        *,
        link: EngineLink,
        cameras: CameraWatcher,
        preferences: Preferences,
        camera_settings: Callable[[], CameraSettings],
    ) -> None:
        super().__init__()
        self._link = link
        self._cameras = cameras
        self._preferences = preferences
        self._camera_settings = camera_settings
        self._wants_camera = False
        self._camera: CameraInfo | None = None
        self.name = ""
        self.path: Path | None = None
        self._asked: dict[str, tuple[str, CameraInfo | None]] = {}
        cameras.changed.connect(self._cameras_changed)
        link.source_changed.connect(self._source_changed)
        link.source_problem.connect(self.problem)

    @property
    def camera(self) -> CameraInfo | None:
        """The listed camera that is open."""
        return self._camera

    def open_any_camera(self) -> None:
        """Open the camera of the last time, or else the first; without one, wait for one."""
        self._wants_camera = True
        known = self._cameras.find(
            self._preferences.get("camera/id", ""), self._preferences.get("camera/name", "")
        )
        camera = known or next(iter(self._cameras.cameras), None)
        if camera is not None:
            self.open_camera(camera)
        else:
            self._link.close_source()

    def open_camera(self, camera: CameraInfo) -> None:
        """Open a camera of the list."""
        self._open(camera.name, name=camera.name, camera=camera)

    def open_demo(self) -> None:
        """Play the demo clip, round and round."""
        clip = asset("demo.mp4")
        if clip.is_file():
            self._open(str(clip), name="Demo clip", loop=True)
        else:
            self.problem.emit(f"The demo clip {clip} is missing; install PFLD Live again.")

    def open_text(self, text: str, *, loop: bool = False) -> None:
        """Open whatever a text means: a path, a URL, the name or number of a camera."""
        camera = next((c for c in self._cameras.cameras if c.name == text), None)
        self._open(text, camera=camera, loop=loop)

    def _open(
        self, text: str, *, name: str = "", camera: CameraInfo | None = None, loop: bool = False
    ) -> None:
        self._asked = {text: (name, camera)}
        options = SourceOptions(
            pace=Pace.REAL_TIME,
            loop=loop,
            camera=self._camera_settings(),
            cameras=self._cameras.targets,
        )
        self._link.open(text, options)

    def _source_changed(self, text: str, own_name: str) -> None:
        name, self._camera = self._asked.get(text, ("", None))
        self.name = name or own_name
        self.path = Path(text) if text and self._camera is None and _exists(text) else None
        if text:
            self._wants_camera = False
        self.opened.emit(self.name, self._camera)

    def _cameras_changed(self) -> None:
        if self._wants_camera and self._cameras.cameras:
            self.open_any_camera()


def _exists(text: str) -> bool:
    try:
        return Path(text).exists()
    except (OSError, ValueError):  # no name that a file can have
        return False
