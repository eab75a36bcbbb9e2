"""Cameras by OpenCV."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Final, Protocol, cast

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.capture.devices import CameraSettings, CameraTarget
from app.capture.live import LiveSource, Patience
from app.capture.pixels import to_bgr
from app.capture.source import SourceInfo
from app.core.clock import now_ns
from app.core.errors import SourceError
from app.core.frame import Image

_BACKENDS: Final = {
    "v4l2": cv2.CAP_V4L2,
    "msmf": cv2.CAP_MSMF,
    "dshow": cv2.CAP_DSHOW,
    "avfoundation": cv2.CAP_AVFOUNDATION,
    "any": cv2.CAP_ANY,
}
_BACKEND_OF_SYSTEM: Final = {"linux": "v4l2", "win32": "msmf", "darwin": "avfoundation"}

_MJPG: Final = cv2.VideoWriter.fourcc(*"MJPG")

MAX_STAMP_AGE_NS: Final = 500_000_000
"""A time stamp of the driver is believed if it is at most so old when the picture arrives."""


class VideoCapture(Protocol):
    """The part of `cv2.VideoCapture` that is used here: the border to the device."""

    def isOpened(self) -> bool: ...  # noqa: D102, N802
    def read(self) -> tuple[bool, npt.NDArray[np.uint8] | None]: ...  # noqa: D102
    def get(self, prop: int, /) -> float: ...  # noqa: D102
    def set(self, prop: int, value: float, /) -> bool: ...  # noqa: D102
    def getBackendName(self) -> str: ...  # noqa: D102, N802
    def release(self) -> None: ...  # noqa: D102


CaptureFactory = Callable[[CameraTarget, int, Sequence[int]], VideoCapture]
"""Opens a target with a backend and a list of property, value, property, value, ..."""


def open_capture(target: CameraTarget, backend: int, parameters: Sequence[int]) -> VideoCapture:
    """`cv2.VideoCapture` itself."""
    # The stubs leave out the None of a failed read.
    return cast(VideoCapture, cv2.VideoCapture(target, backend, list(parameters)))


def camera_source(
    name: str,
    locate: Callable[[], CameraTarget],
    settings: CameraSettings | None = None,
    *,
    give_up_s: float | None = None,
    patience: Patience | None = None,
    factory: CaptureFactory = open_capture,
) -> LiveSource:
    """A camera that is watched and opened again when it is lost.

    Args:
        name: for people.
        locate: finds what to open, anew for each try, as a camera that was plugged in again may
            have another number. Raises SourceError when it is not there.
        settings: what to ask of the camera.
        give_up_s: see `SourceOptions`.
        patience: how long to wait for what; `give_up_s` goes before its own.
        factory: opens the device; tests put a device of their own there.
    """
    settings = settings or CameraSettings()
    return LiveSource(
        name,
        lambda: CameraDevice(locate(), settings, factory),
        patience=patience or Patience(give_up_s=give_up_s),
        remedy="connect it, close other programs that use it, or choose another source.",
    )


class CameraDevice:
    """One opened camera; see `LiveDevice`.

    Raises:
        SourceError: it cannot be opened.
    """

    def __init__(
        self, target: CameraTarget, settings: CameraSettings, factory: CaptureFactory
    ) -> None:
        self._capture = _negotiate(target, settings, factory)
        self.info = _read_back(self._capture, settings)
        self._stamped = self.info.backend == "V4L2"
        self._last_ns = 0

    def read(self) -> tuple[Image, int] | None:
        """See `LiveDevice.read`."""
        ok, image = self._capture.read()
        if not ok or image is None or image.size == 0:
            return None
        self._last_ns = max(self._time_ns(), self._last_ns + 1)
        return to_bgr(image), self._last_ns

    def release(self) -> None:
        """See `LiveDevice.release`."""
        self._capture.release()

    def _time_ns(self) -> int:
        """When the picture was taken: the kernel's stamp if there is one, else now.

        V4L2 drivers stamp each buffer with the monotonic clock when it is filled, and OpenCV
        passes that on in milliseconds. A stamp that is not recent comes from another clock.
        """
        now = now_ns()
        if not self._stamped:
            return now
        stamp_ns = int(self._capture.get(cv2.CAP_PROP_POS_MSEC) * 1e6)
        if 0 <= now - stamp_ns <= MAX_STAMP_AGE_NS:
            return stamp_ns
        self._stamped = False
        return now


def _negotiate(
    target: CameraTarget, settings: CameraSettings, factory: CaptureFactory
) -> VideoCapture:
    wishes = _wishes(settings)
    name = settings.backend
    if name == "auto":
        name = _BACKEND_OF_SYSTEM.get(sys.platform, "any")  # type: ignore[assignment]
    backend = _BACKENDS[name]
    if isinstance(target, str) and not target.startswith("/dev/"):
        backend = cv2.CAP_ANY  # a file or an address in the place of a camera
    capture: VideoCapture | None = None
    if backend == cv2.CAP_MSMF:
        # Each set() opens the camera anew there, which takes seconds.
        flat = [int(number) for wish in wishes for number in wish]
        capture = _opened(factory(target, backend, flat))
        if capture is not None:
            return capture
    capture = _opened(factory(target, backend, ()))
    if capture is None:
        raise SourceError("it is not connected, in use by another program, or not permitted")
    for prop, value in wishes:
        capture.set(prop, value)
    if settings.mjpg and int(capture.get(cv2.CAP_PROP_FOURCC)) != _MJPG:
        capture.set(cv2.CAP_PROP_FOURCC, _MJPG)  # DirectShow forgets it when the size is set
    return capture


def _opened(capture: VideoCapture) -> VideoCapture | None:
    if capture.isOpened():
        return capture
    capture.release()
    return None


def _wishes(settings: CameraSettings) -> list[tuple[int, float]]:
    """Properties in the order that drivers need: coding, then size, then rate."""
    wishes: list[tuple[int, float]] = []
    if settings.mjpg:
        wishes.append((cv2.CAP_PROP_FOURCC, _MJPG))
    if settings.width is not None and settings.height is not None:
        wishes.append((cv2.CAP_PROP_FRAME_WIDTH, settings.width))
        wishes.append((cv2.CAP_PROP_FRAME_HEIGHT, settings.height))
    if settings.fps is not None:
        wishes.append((cv2.CAP_PROP_FPS, settings.fps))
    return wishes


def _read_back(capture: VideoCapture, settings: CameraSettings) -> SourceInfo:
    width = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH))
    height = int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    rate = capture.get(cv2.CAP_PROP_FPS)
    fps = rate if 0 < rate <= 1000 else None
    fourcc = _fourcc_text(int(capture.get(cv2.CAP_PROP_FOURCC)))
    notes = []
    wanted = (settings.width, settings.height)
    if None not in wanted and wanted != (width, height):
        notes.append(f"The camera gives {width}×{height} instead of {wanted[0]}×{wanted[1]}.")
    if settings.fps is not None and fps is not None and abs(fps - settings.fps) > 0.5:
        notes.append(f"The camera promises {fps:.4g} instead of {settings.fps:.4g} fps.")
    if settings.mjpg and fourcc not in ("", "MJPG"):
        notes.append(f"The camera sends {fourcc} instead of MJPG.")
    return SourceInfo(
        width=width,
        height=height,
        fps=fps,
        fourcc=fourcc,
        backend=_backend_name(capture),
        notes=tuple(notes),
    )


def _fourcc_text(code: int) -> str:
    letters = bytes((code >> shift) & 0xFF for shift in (0, 8, 16, 24)) if code > 0 else b""
    text = letters.decode("ascii", errors="replace").strip()
    return text if text.isprintable() else ""


def _backend_name(capture: VideoCapture) -> str:
    try:
        return capture.getBackendName()
    except cv2.error:
        return ""
