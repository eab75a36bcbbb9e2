"""Real files made on the spot, and a camera on the desk."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import numpy.typing as npt
import pytest

from app.capture.devices import CameraTarget


def level(index: int) -> int:
    """Brightness that tells picture `index` of a test clip from its neighbours."""
    return 20 + (index * 37) % 200


@pytest.fixture
def make_clip(tmp_path: Path) -> Callable[..., Path]:
    """Write an H.264 clip whose picture i is a plain grey of `level(i)`.

    Times are in milliseconds; `gop` is the distance of key frames.
    """

    def make(
        name: str = "clip.mp4",
        *,
        times_ms: Sequence[int] = tuple(range(0, 1200, 40)),
        size: tuple[int, int] = (64, 48),
        gop: int = 12,
        b_frames: int = 2,
    ) -> Path:
        path = tmp_path / name
        base = Fraction(1, 1000)
        options = {"movflags": "+faststart"} if path.suffix == ".mp4" else {}
        with av.open(str(path), "w", options=options) as container:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = base
            stream.codec_context.gop_size = gop
            stream.codec_context.max_b_frames = b_frames
            for i, time_ms in enumerate(times_ms):
                image = np.full((size[1], size[0], 3), level(i), np.uint8)
                frame = av.VideoFrame.from_ndarray(image, format="bgr24")
                frame.pts, frame.time_base = time_ms, base
                container.mux(stream.encode(frame))
            container.mux(stream.encode())
        return path

    return make


@pytest.fixture
def make_image(tmp_path: Path) -> Callable[..., Path]:
    """Write an array with the suffix's own coding."""

    def make(name: str, image: np.ndarray) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        ok, data = cv2.imencode(path.suffix, image)
        assert ok
        path.write_bytes(data.tobytes())
        return path

    return make


class Rig:
    """A camera on the desk: what happens to it, and what the program did to it."""

    def __init__(self) -> None:
        self.plugged = True
        self.sends = True
        self.frozen = False
        self.opens_blocked = False
        self.unblocked = threading.Event()
        self.reads_blocked = False
        self.refuses: set[int] = set()
        self.period_s = 0.005
        self.opened: list[CameraTarget] = []
        self.calls: list[tuple[int, float]] = []
        self.parameters: list[list[int]] = []
        self.in_use = 0
        self.exclusive = False
        self.release_s = 0.0
        self.backend = "TEST"
        self.stamp_ms: Callable[[], float] = lambda: 0.0
        self.claims: dict[int, float] = {}
        self.raises: Exception | None = None

    def factory(self, target: CameraTarget, backend: int, parameters: Sequence[int]) -> FakeCapture:
        self.opened.append(target)
        self.parameters.append(list(parameters))
        if self.opens_blocked:
            self.unblocked.wait(20)
        return FakeCapture(self)


class FakeCapture:
    """One `cv2.VideoCapture` on a rig."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.usable = rig.plugged and not (rig.exclusive and rig.in_use)
        self.values = {cv2.CAP_PROP_FRAME_WIDTH: 320.0, cv2.CAP_PROP_FRAME_HEIGHT: 240.0}
        self.random = np.random.default_rng(len(rig.opened))
        self.image = np.full((48, 64, 3), 7, np.uint8)
        rig.in_use += self.usable

    def isOpened(self) -> bool:
        return self.usable

    def read(self) -> tuple[bool, npt.NDArray[np.uint8] | None]:
        rig = self.rig
        time.sleep(rig.period_s)
        if rig.raises is not None:
            raise rig.raises
        if rig.reads_blocked:
            rig.unblocked.wait(20)
        if not rig.plugged or not rig.sends:
            return False, None
        if not rig.frozen:
            self.image = self.random.integers(0, 256, (48, 64, 3), dtype=np.uint8)
        return True, self.image.copy()

    def get(self, prop: int, /) -> float:
        if prop == cv2.CAP_PROP_POS_MSEC:
            return self.rig.stamp_ms()
        return self.rig.claims.get(prop, self.values.get(prop, 0.0))

    def set(self, prop: int, value: float, /) -> bool:
        self.rig.calls.append((prop, value))
        if prop in self.rig.refuses:
            return False
        self.values[prop] = value
        return True

    def getBackendName(self) -> str:
        return self.rig.backend

    def release(self) -> None:
        time.sleep(self.rig.release_s)
        self.rig.in_use -= self.usable
        self.usable = False


@pytest.fixture
def rig() -> Iterator[Rig]:
    """A camera that the test can unplug, freeze and block."""
    rig = Rig()
    yield rig
    rig.unblocked.set()
