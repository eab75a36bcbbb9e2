"""What stands on the tester's desk: cameras that can be plugged in and out."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import numpy as np

from app.capture.live import LiveSource, Patience
from app.capture.source import SourceInfo
from app.core.clock import now_ns
from app.core.errors import SourceError
from app.core.frame import Image
from app.ui.cameras import CameraInfo, CameraWatcher

PATIENCE_MS = 20_000  # for a busy machine; nothing here takes seconds on an idle one


class FakeCameras(CameraWatcher):
    """A list of cameras that the test plugs in and out."""

    def __init__(self) -> None:
        super().__init__()
        self.plugged: list[CameraInfo] = []

    def start(self) -> None:
        self.refresh()

    def _look(self) -> Sequence[CameraInfo]:
        return list(self.plugged)


class FakeDevice:
    """A camera on the desk: unplugged by setting `plugged`."""

    def __init__(self, width: int = 320, height: int = 240) -> None:
        self.plugged = True
        self.opens_after = threading.Event()
        self.opens_after.set()
        self.opened = 0
        self._size = (width, height)

    def source(self, name: str = "Desk camera") -> LiveSource:
        patience = Patience(stall_s=0.2, backoff_s=(0.3,), open_s=10.0, first_picture_s=2.0)
        return LiveSource(name, self._connect, patience=patience)

    def _connect(self) -> _Picture:
        self.opens_after.wait(10)
        if not self.plugged:
            raise SourceError("it is not connected")
        self.opened += 1
        return _Picture(self, self._size)


class _Picture:
    def __init__(self, device: FakeDevice, size: tuple[int, int]) -> None:
        self._device = device
        self._random = np.random.default_rng(device.opened)
        self._size = size
        self.info = SourceInfo(width=size[0], height=size[1], fps=100.0, backend="TEST")

    def read(self) -> tuple[Image, int] | None:
        time.sleep(0.01)
        if not self._device.plugged:
            return None
        width, height = self._size
        image = self._random.integers(0, 256, (height, width, 3), dtype=np.uint8)
        return image, now_ns()

    def release(self) -> None:
        pass
