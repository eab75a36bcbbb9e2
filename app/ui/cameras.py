"""The cameras that the system knows, by name, as they come and go."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.capture.devices import CameraTarget, camera_targets
from app.ui.multimedia import silence_libraries


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """One camera.

    Attributes:
        id: what the system calls it; stays the same while it is plugged in.
        name: for people; unique in a list.
        target: what OpenCV opens.
        sizes: picture sizes (width, height) that it offers, smallest first; may be empty.
    """

    id: str
    name: str
    target: CameraTarget
    sizes: tuple[tuple[int, int], ...] = ()


class CameraWatcher(QObject):
    """Keeps the list of cameras; `changed` says when one was plugged in or out.

    Asking the system loads the multimedia library, so nothing happens before `start`.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._cameras: tuple[CameraInfo, ...] = ()
        self._devices: QObject | None = None

    @property
    def cameras(self) -> tuple[CameraInfo, ...]:
        """The cameras as last seen, the system's default one first."""
        return self._cameras

    def start(self) -> None:
        """Look for cameras now, and from now on whenever one comes or goes."""
        silence_libraries()
        from PySide6.QtMultimedia import QMediaDevices

        devices = QMediaDevices(self)
        devices.videoInputsChanged.connect(self.refresh)
        self._devices = devices
        self.refresh()

    def refresh(self) -> None:
        """Ask the system again."""
        found = tuple(self._look())
        if found != self._cameras:
            self._cameras = found
            self.changed.emit()

    def targets(self) -> Mapping[str, CameraTarget]:
        """Name -> what OpenCV opens; for any thread."""
        return {camera.name: camera.target for camera in self._cameras}

    def find(self, id: str, name: str = "") -> CameraInfo | None:
        """The camera with this id, or else with this name: one plugged in anew has a new id."""
        by_id = [c for c in self._cameras if c.id == id and name in ("", c.name)]
        by_name = [c for c in self._cameras if name and c.name == name]
        return next(iter(by_id + by_name), None)

    def _look(self) -> Sequence[CameraInfo]:
        from PySide6.QtMultimedia import QMediaDevices

        cameras: list[CameraInfo] = []
        for place, device in enumerate(QMediaDevices.videoInputs()):
            id = bytes(device.id().data()).decode("utf-8", "replace")
            resolutions = [video_format.resolution() for video_format in device.videoFormats()]
            sizes = {(size.width(), size.height()) for size in resolutions if not size.isEmpty()}
            cameras.append(
                CameraInfo(
                    id=id,
                    name=_unique(device.description() or f"Camera {place}", cameras),
                    # Elsewhere OpenCV knows no ids; it counts in the system's order as well.
                    target=id if id.startswith("/dev/") else place,
                    sizes=tuple(sorted(sizes)),
                )
            )
        if not cameras and sys.platform.startswith("linux"):
            cameras = [CameraInfo(str(t), name, t) for name, t in camera_targets().items()]
        return cameras


def _unique(name: str, others: Sequence[CameraInfo]) -> str:
    taken = {camera.name for camera in others}
    copy, unique = 1, name
    while unique in taken:
        copy += 1
        unique = f"{name} ({copy})"
    return unique
