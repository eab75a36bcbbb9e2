"""Video files, picture by picture with their true times."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import partial
from heapq import heappop, heappush
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from app._av import av
from app.capture.av_errors import reason
from app.capture.playback import Picture, PlayedSource
from app.capture.source import Pace, SourceInfo, without_secrets
from app.core.errors import SourceError
from app.core.files import exists, is_file
from app.core.frame import Image

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# What libav would print becomes an error or a problem of the source.
av.logging.set_level(None)

NETWORK_TIMEOUT_S: Final = 10.0

GUESSED_RATE: Final = 25.0
"""Pictures per second of a file that does not say."""

# Formats that FFmpeg recognises in plain text: they would turn notes into an animation.
_TEXT_FORMATS: Final = frozenset({"tty", "bin", "xbin", "adf", "idf", "txd"})

# A clip that ends this much before its announced end was cut off. The length of the container
# also covers sound, which often outlasts the picture a little.
_SHORT_BY_S: Final = 0.25
_SHORT_BY_CONTAINER_S: Final = 1.0


class ClipSource(PlayedSource):
    """A video file, or one behind an http URL.

    `Frame.time_ns` is the presentation time counted from the first picture, so a variable frame
    rate comes out right; `Frame.sequence` counts pictures in the order of presentation. Pictures
    are turned as the file asks. What cannot be decoded is left out and becomes a problem.

    Args:
        path: the file, or a URL.
        pace, loop: see `SourceOptions`.
    """

    def __init__(self, path: Path | str, *, pace: Pace = Pace.FAST, loop: bool = False) -> None:
        name = path.name if isinstance(path, Path) else without_secrets(path)
        super().__init__(name, pace=pace, loop=loop)
        # FFmpeg takes a colon in a relative name for a protocol.
        self._path = str(path.absolute()) if isinstance(path, Path) else path
        self._container: InputContainer | None = None
        self._frames: Iterator[VideoFrame] = iter(())
        self._ahead: VideoFrame | None = None
        self._next_index = 0
        self._origin_s = 0.0
        self._last_s = 0.0
        self._times: tuple[float, ...] | None = None
        self._damaged: set[int | None] = set()  # places in the file
        self._cut_off = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be decoded, in words."""
        found = []
        if self._damaged:
            count = len(self._damaged)
            parts = "1 part" if count == 1 else f"{count} parts"
            found.append(f"{self.name} is damaged: {parts} could not be decoded.")
        if self._cut_off:
            found.append(self._cut_off)
        return tuple(found)

    # Opening.

    def _load(self) -> SourceInfo:
        self._start_container()
        first = self._ahead
        if first is None:
            raise self._refusal("it holds no picture that can be decoded")
        self._origin_s = self._time_of(first, 0)
        self._next_index = 0
        stream = self._stream
        height, width = _shape_as_shown(first)
        rate = stream.average_rate or stream.guessed_rate
        return SourceInfo(
            width=width,
            height=height,
            fps=float(rate) if rate else None,
            frames=stream.frames or None,
            duration_s=self._announced_s()[0],
            fourcc=stream.codec_context.name,
            backend="PyAV",
        )

    def _start_container(self) -> None:
        self._unload()
        file = Path(self._path)
        if is_file(file) and file.stat().st_size == 0:
            raise SourceError(f"{self.name} is empty; choose another file.")
        try:
            timeout = None if exists(file) else NETWORK_TIMEOUT_S
            container = av.open(self._path, metadata_errors="replace", timeout=timeout)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._refusal(_reason(error)) from error
        self._container = container
        if container.format.name in _TEXT_FORMATS:
            raise self._refusal("it holds text")
        if not _pictures(container):
            raise self._refusal("it holds no moving pictures")
        self._frames = self._decode()
        self._ahead = next(self._frames, None)

    def _refusal(self, reason: str) -> SourceError:
        return SourceError(
            f"{self.name} is not a video that can be read: {reason}; choose another file."
        )

    def _unload(self) -> None:
        self._frames, self._ahead = iter(()), None
        if self._container is not None:
            self._container.close()
            self._container = None

    @property
    def _stream(self) -> VideoStream:
        return _pictures(self._opened)[0]

    @property
    def _opened(self) -> InputContainer:
        if self._container is None:
            raise RuntimeError("the clip is not open")
        return self._container

    # Reading on.

    def _next_picture(self) -> Picture | None:
        frame = self._ahead
        if frame is None:
            self._note_early_end()
            return None
        index = self._next_index
        time_s = self._time_of(frame, index) - self._origin_s
        self._ahead = next(self._frames, None)
        self._next_index = index + 1
        if self._ahead is not None:
            duration_s = self._time_of(self._ahead, index + 1) - self._origin_s - time_s
        else:
            duration_s = self._usual_duration_s()
        self._last_s = time_s + duration_s
        return Picture(
            index=index,
            time_ns=round(time_s * 1e9),
            duration_ns=max(round(duration_s * 1e9), 0),
            image=partial(_to_image, frame),
            name=self.name,
        )

    def _decode(self) -> Iterator[VideoFrame]:
        """All pictures from where the container stands, leaving out what is damaged."""
        container, stream = self._opened, self._stream
        packets = container.demux(stream)
        # AVI gives no presentation times. Pictures leave the decoder in the order in which they
        # are shown, so each gets the smallest of the times that went in.
        unclaimed: list[int] = []
        broken_off = False
        while not broken_off:
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError):
                self._damaged.add(None)
                packet, broken_off = None, True
            if packet is None and not broken_off:
                return  # the last packet was empty and has emptied the decoder
            if packet is not None and packet.pts is None and packet.dts is not None:
                heappush(unclaimed, packet.dts)
            try:
                frames = stream.codec_context.decode(packet)
            except EOFError:
                return
            except (av.FFmpegError, ValueError):
                self._damaged.add(None if packet is None else packet.pos)
                continue
            for frame in frames:
                if unclaimed:
                    frame.pts = heappop(unclaimed)
                yield frame

    def _time_of(self, frame: VideoFrame, index: int) -> float:
        """Presentation time in seconds on the file's own time line."""
        base = frame.time_base or self._stream.time_base
        if frame.pts is None or base is None:
            return self._origin_s + index * self._usual_duration_s()
        return float(frame.pts * base)

    def _usual_duration_s(self) -> float:
        rate = self._stream.average_rate or self._stream.guessed_rate
        return 1.0 / float(rate) if rate else 1.0 / GUESSED_RATE

    def _announced_s(self) -> tuple[float | None, float]:
        """Length that the file claims, and how much may be missing of it, in seconds."""
        stream = self._stream
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base), _SHORT_BY_S
        if self._opened.duration is not None:
            return self._opened.duration / av.time_base, _SHORT_BY_CONTAINER_S
        return None, 0.0

    def _note_early_end(self) -> None:
        announced_s, tolerance_s = self._announced_s()
        if announced_s is None or self._last_s >= announced_s - tolerance_s:
            return
        self._cut_off = (
            f"{self.name} ends early: {self._last_s:.1f} of {announced_s:.1f} seconds "
            "could be read."
        )

    # Jumping.

    def _go_to(self, index: int) -> None:
        times = self._all_times()
        self._next_index = index
        if not times or index >= len(times):
            self._frames, self._ahead = iter(()), None
            return
        # Careless writers give several pictures one time: find the first, then count.
        first = bisect_left(times, times[index])
        # Half way to the picture before, so that rounding cannot miss the wanted one.
        before_s = times[first - 1] if first else times[0] - 1.0
        from_s = (before_s + times[index]) / 2
        if not self._decode_from(times[index], from_s):
            # The file cannot be sought there: walk from its start.
            self._start_container()
            self._skip_before(from_s)
        for _ in range(index - first):
            self._ahead = next(self._frames, None)

    def _decode_from(self, time_s: float, from_s: float) -> bool:
        """Seek to the key frame before a time, walk on to it; False if that went too far."""
        container, stream = self._opened, self._stream
        if stream.time_base is None:
            return False
        try:
            container.seek(int(time_s / stream.time_base), stream=stream, backward=True)
        except (av.FFmpegError, OSError):
            return False
        self._frames = self._decode()
        self._ahead = next(self._frames, None)
        if self._ahead is None:
            return False
        too_far = (
            self._time_of(self._ahead, self._next_index) > time_s + self._usual_duration_s() / 2
        )
        if too_far:
            return False
        self._skip_before(from_s)
        return self._ahead is not None

    def _skip_before(self, from_s: float) -> None:
        while self._ahead is not None and self._time_of(self._ahead, 0) < from_s:
            self._ahead = next(self._frames, None)

    def _index_at(self, time_s: float) -> int:
        times = self._all_times()
        # A hair later, so that the time of a picture, once rounded, means that picture.
        wanted_s = self._origin_s + time_s + 1e-6
        return max(bisect_right(times, wanted_s) - 1, 0)

    def _all_times(self) -> tuple[float, ...]:
        """Presentation time of every picture in seconds, in order; read without decoding."""
        if self._times is None:
            self._times = _packet_times(self._path, self._origin_s)
        return self._times


def _packet_times(path: str, origin_s: float) -> tuple[float, ...]:
    times = []
    try:
        with av.open(path, metadata_errors="replace") as container:
            stream = _pictures(container)[0]
            for packet in container.demux(stream):
                stamp = packet.pts if packet.pts is not None else packet.dts
                if stamp is None or packet.time_base is None or packet.is_discard:
                    continue
                times.append(float(stamp * packet.time_base))
    except (av.FFmpegError, OSError):
        pass  # what was read up to the damage is what can be shown
    return tuple(sorted(t for t in times if t >= origin_s - 1e-6))


def _pictures(container: InputContainer) -> list[VideoStream]:
    """The video streams, without the cover pictures of music files."""
    cover = av.stream.Disposition.attached_pic
    return [s for s in container.streams.video if not s.disposition & cover]


def _shape_as_shown(frame: VideoFrame) -> tuple[int, int]:
    turned = round(frame.rotation / 90) % 2 == 1
    return (frame.width, frame.height) if turned else (frame.height, frame.width)


def _to_image(frame: VideoFrame) -> Image:
    """(H, W, 3) uint8 BGR, turned by the quarter turns that the file asks for."""
    image = frame.to_ndarray(format="bgr24")
    quarters = round(frame.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(image, quarters)).astype(np.uint8, copy=False)


def _reason(error: Exception) -> str:
    text = reason(error)
    return text[:1].lower() + text[1:]
