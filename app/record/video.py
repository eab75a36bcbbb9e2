"""Videos of what was seen: H.264 with the true time of every picture."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from app._av import av
from app._opencv import cv2
from app.core.files import refusal
from app.core.frame import Image
from app.record.encoding import EFFORTS, next_encoder, prepare_encoder
from app.record.output import Writer, check_place, check_video_name
from app.record.quality import DEFAULT_QUALITY, QUALITIES, Quality

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

TICKS_PER_S: Final = 90_000
_TIME_BASE: Final = Fraction(1, TICKS_PER_S)

KEY_FRAME_S: Final = 1.0
"""Seconds between key frames: how exactly players seek."""

FRAGMENT_S: Final = 0.25
"""Seconds of pictures that are written together: what a killed program may lose."""

USUAL_S: Final = 1 / 30
"""How long a picture stands when nothing else is known."""

# In fragments the file plays at any time; an ordinary index at the end lets a finished file open
# everywhere.
_FRAGMENTS: Final = {
    "movflags": "hybrid_fragmented",
    "frag_duration": str(round(FRAGMENT_S * 1e6)),
}
_FORMATS: Final = MappingProxyType(
    {
        ".mp4": ("mp4", _FRAGMENTS),
        ".m4v": ("mp4", _FRAGMENTS),
        ".mov": ("mov", _FRAGMENTS),
        ".mkv": ("matroska", {"cluster_time_limit": str(round(FRAGMENT_S * 1e3))}),
    }
)

_SMALLEST_SIDE: Final = 16
"""Players and encoders refuse less."""

_LARGEST_SIDE: Final = 16_384
"""x264 refuses more."""

MOST_PIXELS: Final = 4096 * 2304
"""Pixels of a picture in a video: H.264 up to level 5.2, which is as far as the decoders of phones
and computers go. It also bounds the memory that the encoder takes, ten bytes and more a pixel.
"""


class VideoSink(Writer):
    """Writes pictures with their times into a video file.

    The file appears with the first picture, plays from then on, even when the program is
    killed, and is complete after `close`. The size is that of the first picture, with one row
    or column repeated where H.264 needs an even number; a picture of more than `MOST_PIXELS`
    is shrunk, and later pictures of another size are fitted in with black bars.

    Args:
        path: file to write, ending in .mp4, .m4v, .mov or .mkv; an older one is replaced.
        quality: how good the pictures are.

    Raises:
        OutputError: the file cannot be written, here or later.
    """

    def __init__(self, path: Path, quality: Quality = QUALITIES[DEFAULT_QUALITY]) -> None:
        check_video_name(path)
        check_place(path)
        self._path = path
        self._quality = quality
        self._effort = 0
        self._encoder: VideoCodecContext | None = None
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._prepared = 0
        self._size = (0, 0)
        self._first_ns = 0
        self._last_ticks = 0
        self._step_ticks = self._duration_ticks = round(USUAL_S * TICKS_PER_S)
        self._last_key_ticks = 0
        self._frames = 0
        self._closed = False

    @property
    def frames(self) -> int:
        """Number of pictures written."""
        return self._frames

    @property
    def seconds(self) -> float:
        """Length of the video so far, to the start of its last picture."""
        return self._last_ticks / TICKS_PER_S

    def lower_effort(self) -> str | None:
        """From the next picture on, let the encoder do with less work.

        Returns:
            The effort that is used then, or None if there is none lower.
        """
        if self._effort + 1 == len(EFFORTS):
            return None
        self._effort += 1
        return EFFORTS[self._effort]

    def write(self, image: Image, time_ns: int) -> None:
        """Append a picture.

        Args:
            image: (H, W, 3) uint8 BGR.
            time_ns: when it was taken, on the time line of the pictures before it. Where that
                jumps back (a clip that begins again), the video goes on one picture later.

        Raises:
            OutputError: the disk is full or the file cannot be written; the sink is closed.
        """
        if self._closed:  # to begin again would empty the file
            raise RuntimeError("the video is closed")
        try:
            if self._stream is None:
                self._start(image, time_ns)
            self._encode(image, time_ns)
        except (av.FFmpegError, OSError) as error:
            self._drop()
            raise refusal(self._path, error) from error

    def close(self) -> None:
        """Complete the file; may be called twice."""
        self._closed = True
        container, stream = self._container, self._stream
        if container is None or stream is None:
            return
        try:
            self._mux(None)
            container.close()
        except (av.FFmpegError, OSError) as error:
            raise refusal(self._path, error) from error
        finally:
            self._drop()

    def _start(self, image: Image, time_ns: int) -> None:
        height, width = image.shape[:2]
        self._size = video_size(width, height)
        self._first_ns = time_ns
        name, options = _FORMATS[self._path.suffix.lower()]
        self._container = av.open(
            str(self._path.absolute()),  # FFmpeg takes a colon in a relative name for a protocol
            "w",
            format=name,
            options={**options, "flush_packets": "1"},
        )
        stream = self._container.add_stream("libx264", rate=round(1 / USUAL_S))
        stream.time_base = _TIME_BASE
        self._stream, self._encoder = stream, stream.codec_context
        self._prepared = self._effort
        prepare_encoder(
            self._encoder,
            size=self._size,
            time_base=_TIME_BASE,
            quality=self._quality,
            effort=EFFORTS[self._effort],
        )

    def _change_effort(self) -> None:
        """Go on with another encoder, whose first picture is a key frame."""
        self._mux(None)
        self._prepared = self._effort
        self._encoder = next_encoder(
            size=self._size,
            time_base=_TIME_BASE,
            quality=self._quality,
            effort=EFFORTS[self._effort],
        )

    def _encode(self, image: Image, time_ns: int) -> None:
        ticks = round((time_ns - self._first_ns) * TICKS_PER_S / 1e9)
        if self._frames and ticks <= self._last_ticks:
            ticks = self._last_ticks + self._step_ticks
            self._first_ns = time_ns - round(ticks * 1e9 / TICKS_PER_S)
        if self._frames:
            step = ticks - self._last_ticks
            # After a gap the next picture is not expected to stand as long.
            self._duration_ticks = min(step, self._step_ticks)
            self._step_ticks = step
        if self._prepared != self._effort:
            self._change_effort()
        # OpenCV converts in a quarter of the time that FFmpeg takes.
        planes = cv2.cvtColor(_fitted(image, self._size), cv2.COLOR_BGR2YUV_I420)
        frame = av.VideoFrame.from_ndarray(np.asarray(planes, np.uint8), format="yuv420p")
        frame.pts, frame.time_base = ticks, _TIME_BASE
        if ticks - self._last_key_ticks >= KEY_FRAME_S * TICKS_PER_S:
            frame.pict_type = av.video.frame.PictureType.I
            self._last_key_ticks = ticks
        self._last_ticks = ticks
        self._mux(frame)
        self._frames += 1

    def _mux(self, frame: VideoFrame | None) -> None:
        if self._container is None or self._encoder is None or self._stream is None:
            return
        for packet in self._encoder.encode(frame):
            packet.stream = self._stream
            packet.duration = self._duration_ticks  # counts for the last picture only
            self._container.mux(packet)

    def _drop(self) -> None:
        """Let go of the file after a failure or the end."""
        self._closed = True
        container, self._container = self._container, None
        self._stream = self._encoder = None
        if container is not None:
            with suppress(av.FFmpegError, OSError):  # a failure that led here was reported
                container.close()


def video_size(width: int, height: int) -> tuple[int, int]:
    """Width and height in a video of pictures of a size."""
    shrink = min(1.0, _LARGEST_SIDE / max(width, height), (MOST_PIXELS / width / height) ** 0.5)
    return _even(int(width * shrink)), _even(int(height * shrink))


def _even(pixels: int) -> int:
    return max(pixels + pixels % 2, _SMALLEST_SIDE)


def _fitted(image: Image, size: tuple[int, int]) -> Image:
    """A picture in a canvas of a size (width, height); unchanged where it fits."""
    width, height = size
    rows, columns = image.shape[:2]
    if (columns, rows) == (width, height):
        return image
    if 0 <= width - columns <= 1 and 0 <= height - rows <= 1:
        return np.pad(image, ((0, height - rows), (0, width - columns), (0, 0)), mode="edge")
    scale = min(width / columns, height / rows)
    fit = (max(round(columns * scale), 1), max(round(rows * scale), 1))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    small = cv2.resize(image, fit, interpolation=method)
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - fit[0]) // 2, (height - fit[1]) // 2
    canvas[top : top + fit[1], left : left + fit[0]] = small
    return canvas
