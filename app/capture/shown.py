"""What a decoded picture looks like: upright, with square pixels, in ordinary colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from app._av import av
from app._opencv import cv2
from app.core.frame import Image

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_MATRIX: Final = av.sidedata.sidedata.Type.DISPLAYMATRIX

WIDEST_PIXEL: Final = 8
"""A pixel that is said to be wider (or higher) than this is a mistake of the file."""

_LARGEST_SIDE: Final = 16_384

# ITU-T H.273: transfer characteristics and primaries.
_PQ: Final = 16
_HLG: Final = 18
_BT2020: Final = 9

WHITE_NITS: Final = 203.0
"""Luminance of white paper in HDR (ITU-R BT.2408)."""

PEAK_NITS: Final = 1000.0
"""Brighter light than this is shown white."""

_TO_BT709: Final = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)
"""Linear RGB of BT.2020 to linear RGB of BT.709 (ITU-R BT.2087)."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """One of the eight ways in which a stored picture is laid down.

    Attributes:
        across: rows become columns first.
        flip_x, flip_y: then left and right, top and bottom change places.
    """

    across: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def of(cls, frame: VideoFrame) -> Orientation:
        """What the display matrix of a frame asks for, to the nearest quarter turn.

        PyAV ties a frame whose side data were looked at into a circle of references, so that it
        stays in memory for long: do not ask of every frame.
        """
        side_data: Any = frame.side_data  # the stub promises only motion vectors
        data = side_data.get(_MATRIX)
        return _UPRIGHT if data is None else _orientation(bytes(data))

    def lay(self, image: Image) -> Image:
        """Lay down a picture; the same array where nothing changes."""
        if self.across:
            image = image.transpose(1, 0, 2)
        if self.flip_x:
            image = image[:, ::-1]
        if self.flip_y:
            image = image[::-1]
        return np.ascontiguousarray(image)


_UPRIGHT: Final = Orientation()


@cache
def _orientation(data: bytes) -> Orientation:
    """From a display matrix: x' = a·x + c·y, y' = b·x + d·y (ISO 14496-12, 6.2.2)."""
    if len(data) < 36:
        return _UPRIGHT
    a, b, _, c, d = np.frombuffer(data, np.int32, 5).tolist()
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Orientation(across=False, flip_x=a < 0, flip_y=d < 0)
    return Orientation(across=True, flip_x=c < 0, flip_y=b < 0)


@dataclass(frozen=True, slots=True)
class Appearance:
    """How the pictures of a stream are to be shown.

    Attributes:
        pixel: width of a pixel divided by its height.
        transfer: how light is coded, as H.273 numbers it.
        primaries: its colours, likewise.
    """

    pixel: Fraction = Fraction(1)
    transfer: int = 1
    primaries: int = 1
    _laid: dict[int, Orientation] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, stream: VideoStream) -> Appearance:
        """What a stream says of its pictures; some say it only once one was decoded."""
        context: VideoCodecContext = stream.codec_context
        pixel = stream.sample_aspect_ratio or context.sample_aspect_ratio or Fraction(1)
        if not Fraction(1, WIDEST_PIXEL) <= pixel <= WIDEST_PIXEL:
            pixel = Fraction(1)
        return cls(pixel, context.color_trc, context.color_primaries)

    @property
    def note(self) -> str:
        """What people should know of it, or ""."""
        if self.transfer not in (_PQ, _HLG):
            return ""
        name = "PQ" if self.transfer == _PQ else "HLG"
        return f"Its pictures are HDR ({name}); they are shown in the range of ordinary screens."

    def size(self, frame: VideoFrame) -> tuple[int, int]:
        """Width and height of a frame once it is laid down."""
        width, height = self._square(frame)
        return (height, width) if self._orientation(frame).across else (width, height)

    def image(self, frame: VideoFrame) -> Image:
        """(H, W, 3) uint8 BGR as it is to be seen."""
        width, height = self._square(frame)
        if (width, height) == (frame.width, frame.height):
            stored = frame.to_ndarray(format="bgr24")
        else:
            stored = frame.to_ndarray(format="bgr24", width=width, height=height)
        image = self._orientation(frame).lay(np.asarray(stored, np.uint8))
        if self.transfer in (_PQ, _HLG):
            image = _in_ordinary_range(image, self.transfer, wide=self.primaries == _BT2020)
        return image

    def _orientation(self, frame: VideoFrame) -> Orientation:
        """Of the first frame with the same angle; the angle alone does not tell a mirror image."""
        angle = frame.rotation
        laid = self._laid.get(angle)
        if laid is None:
            laid = self._laid[angle] = Orientation.of(frame)
        return laid

    def _square(self, frame: VideoFrame) -> tuple[int, int]:
        """Size with square pixels: the side that is too short grows, so that nothing is lost."""
        width, height, pixel = frame.width, frame.height, self.pixel
        if pixel > 1:
            width = min(round(width * pixel), _LARGEST_SIDE)
        elif pixel < 1:
            height = min(round(height / pixel), _LARGEST_SIDE)
        return max(width, frame.width), max(height, frame.height)


def _in_ordinary_range(image: Image, transfer: int, *, wide: bool) -> Image:
    """(H, W, 3) uint8 BGR of HDR code values made into sRGB."""
    light = np.asarray(cv2.LUT(image, _tone_mapped(transfer)), np.float32)
    if wide:
        light = np.asarray(cv2.transform(light, _TO_BT709[::-1, ::-1]), np.float32)
    steps = np.clip(light, 0.0, 1.0) * np.float32(_STEPS - 1)
    return _srgb()[steps.astype(np.uint16)]


_STEPS: Final = 4096


@cache
def _tone_mapped(transfer: int) -> npt.NDArray[np.float32]:
    """(256,) light 0..1 of each code value, with the highlights compressed."""
    code = np.linspace(0.0, 1.0, 256)
    nits = _pq_nits(code) if transfer == _PQ else _hlg_nits(code)
    light, peak = nits / WHITE_NITS, PEAK_NITS / WHITE_NITS
    # Reinhard's curve with a white point: paper lies at half of the light, the peak at all of it.
    return np.asarray(np.clip(light * (1 + light / peak**2) / (1 + light), 0.0, 1.0), np.float32)


def _pq_nits(code: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """SMPTE ST 2084."""
    m1, m2 = 2610 / 16384, 2523 / 4096 * 128
    c1, c2, c3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    root = code ** (1 / m2)
    return np.asarray(10_000 * (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1))


def _hlg_nits(code: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """ITU-R BT.2100 on a display of 1000 cd/m², each colour by itself."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    return np.asarray(1000 * scene**1.2)


@cache
def _srgb() -> npt.NDArray[np.uint8]:
    """(4096,) uint8 code of each step of linear light (IEC 61966-2-1)."""
    light = np.linspace(0.0, 1.0, _STEPS)
    coded = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(coded * 255), np.uint8)
