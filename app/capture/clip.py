"""Video files, picture by picture with their true times."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app._av import av
from app.capture.av_errors import reason
from app.capture.clip_index import (
    EMPTY_BYTES,
    ClipIndex,
    announced_packets,
    new_time_line,
    raw_packets,
    usual_duration_s,
)
from app.capture.formats import open_file, pictures
from app.capture.playback import Picture, PlayedSource
from app.capture.presentation import Presentation, Shown
from app.capture.shown import Appearance
from app.capture.source import Pace, SourceInfo, without_secrets
from app.capture.special_files import check_kind
from app.capture.timeline import Place, TimeLine
from app.core.errors import SourceError
from app.core.files import is_file

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# What libav would print becomes an error or a problem of the source.
av.logging.set_level(None)

NETWORK_TIMEOUT_S: Final = 10.0

# A clip that ends this much before its announced end was cut off. The length of the container
# also covers sound, which often outlasts the picture a little.
_SHORT_BY_S: Final = 0.25
_SHORT_BY_CONTAINER_S: Final = 1.0

_NOT_SHOWN: Final = -1
"""Number of a packet whose picture has no place."""

_SYNC_PACKETS: Final = 500
"""Packets after a jump among which one must be recognised."""


class ClipSource(PlayedSource):
    """A video file, or one behind a URL that has a length or can be sought.

    `Frame.time_ns` is the presentation time counted from the first picture, so a variable frame
    rate comes out right. It never falls: where the clock of the file does, as in two recordings
    joined into one, the line goes on behind the picture before, and a problem says so.

    `Frame.sequence` is the place in the order of presentation. A picture that cannot be decoded
    leaves its place empty, so the others keep their numbers, and becomes part of a problem.

    Pictures are shown as the file asks: turned or mirrored, with square pixels, HDR in the range
    of ordinary screens.

    Args:
        path: the file, or a URL.
        pace, loop: see `SourceOptions`.
    """

    def __init__(self, path: Path | str, *, pace: Pace = Pace.FAST, loop: bool = False) -> None:
        name = path.name if isinstance(path, Path) else without_secrets(path)
        super().__init__(name, pace=pace, loop=loop)
        # FFmpeg takes a colon in a relative name for a protocol.
        self._path = str(path.absolute()) if isinstance(path, Path) else path
        self._local = isinstance(path, Path)
        self._container: InputContainer | None = None
        self._stream_in_use: VideoStream | None = None
        self._choice = ""
        self._look = Appearance()
        self._line = TimeLine(usual=1, second=1, gap=1)
        self._presentation = Presentation()
        self._pictures: Iterator[Shown] = iter(())
        self._ahead: tuple[int, float, VideoFrame] | None = None
        self._start: Place | None = None
        self._index: ClipIndex | None = None
        self._length = self._counted = 0
        self._before: Place | None = None
        self._empty: set[int] = set()  # numbers of packets
        self._time_s = 0.0
        self._last_s = 0.0
        self._lost: set[int] = set()  # numbers of pictures
        self._barren: set[int] = set()  # numbers of packets
        self._damaged: set[int | None] = set()  # places in the file
        self._clock_said = ""
        self._cut_off = ""

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be decoded or was not as it should be, in words."""
        found = []
        if self._lost:
            count = len(self._lost)
            those = "1 picture" if count == 1 else f"{count} pictures"
            verb = "was" if count == 1 else "were"
            found.append(
                f"{self.name} is damaged: {those} could not be decoded and {verb} left out; the "
                "others keep their numbers."
            )
        elif self._damaged:
            count = len(self._damaged)
            parts = "1 part" if count == 1 else f"{count} parts"
            found.append(f"{self.name} is damaged: {parts} could not be decoded.")
        if said := _said_of(self._line) or self._clock_said:
            found.append(f"{self.name} {said}")
        if self._cut_off:
            found.append(self._cut_off)
        notes = () if self._info is None else self._info.notes
        found += [f"{self.name}: {note[:1].lower()}{note[1:]}" for note in notes]
        return tuple(found)

    @property
    def length(self) -> int:
        """Number of places up to now, with those that stay empty; at the end, of all."""
        return self._length

    # Opening.

    def _load(self) -> SourceInfo:
        self._open_container()
        self._play(self._from_start())
        first = self._ahead
        if first is None:
            raise self._refusal("it holds no picture that can be decoded")
        stream = self._stream
        width, height = self._look.size(first[2])
        rate = stream.average_rate or stream.guessed_rate
        notes = [note for note in (self._choice, self._look.note) if note]
        return SourceInfo(
            width=width,
            height=height,
            fps=float(rate) if rate else None,
            frames=stream.frames or None,
            duration_s=self._announced_s()[0],
            fourcc=stream.codec_context.name,
            backend="PyAV",
            notes=tuple(notes),
        )

    def _open_container(self) -> None:
        self._unload()
        self._container, self._stream_in_use, self._choice = self._opened()

    def _opened(self) -> tuple[InputContainer, VideoStream, str]:
        if self._local:
            file = Path(self._path)
            check_kind(file)
            if is_file(file) and file.stat().st_size == 0:
                raise SourceError(f"{self.name} is empty; choose another file.")
        try:
            timeout_s = None if self._local else NETWORK_TIMEOUT_S
            container = open_file(self._path, timeout_s=timeout_s)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise self._refusal(_reason(error)) from error
        try:
            stream, choice = pictures(container)
        except SourceError as error:
            container.close()
            raise self._refusal(str(error)) from error
        return container, stream, choice

    def _refusal(self, reason: str) -> SourceError:
        return SourceError(
            f"{self.name} is not a video that can be read: {reason}; choose another file."
        )

    def _unload(self) -> None:
        self._pictures, self._ahead = iter(()), None
        container, self._container = self._container, None
        if container is not None:
            container.close()

    @property
    def _stream(self) -> VideoStream:
        if self._stream_in_use is None or self._container is None:
            raise RuntimeError("the clip is not open")
        return self._stream_in_use

    # Reading on.

    def _next_picture(self) -> Picture | None:
        if self._ahead is None:
            self._note_early_end()
            return None
        number, time_s, frame = self._ahead
        self._advance()
        duration_s = self._usual_s if self._ahead is None else self._ahead[1] - time_s
        self._last_s = time_s + duration_s
        return Picture(
            index=number,
            time_ns=round(time_s * 1e9),
            duration_ns=max(round(duration_s * 1e9), 0),
            image=partial(self._look.image, frame),
            name=self.name,
        )

    def _play(self, items: Iterator[tuple[Packet, Place | None]]) -> None:
        """Decode from the given packets on, the first of which stands next in the container."""
        start = self._start
        self._presentation = Presentation(start=start, barren=self._barren)
        self._time_s, self._before = 0.0, None
        self._pictures = self._presentation.arrange(self._decode(items))
        self._advance()

    def _advance(self) -> None:
        """Make the next picture the one ahead."""
        shown = next(self._pictures, None)
        if shown is None:
            self._end()
            return
        if self._start is None:
            self._start = self._presentation.start
            self._look = Appearance.of(self._stream)
        for place in shown.lost:
            self._pass_over(place)
        number = self._take(shown.place)
        self._time_s = max(self._time_on_line(shown.place), self._time_s)
        self._ahead = number, self._time_s, shown.frame

    def _end(self) -> None:
        self._ahead = None
        for place in self._presentation.rest():
            self._pass_over(place)
        self._tell_true_length()

    def _take(self, place: Place) -> int:
        """The number of the picture in the next place; what is missing before it is lost."""
        before, self._before = self._before, place
        if self._index is not None:
            number = self._index.number(place)
        elif before is None:
            number = 0
        else:
            number = self._counted + 1
        if before is not None:
            missing = self._line.missing(before, place)
            if self._index is None:
                number += missing
            self._lost.update(range(number - missing, number))
        self._counted = number
        self._length = max(self._length, number + 1)
        return number

    def _pass_over(self, place: Place) -> None:
        sought = self._before is None and self._index is not None
        number = self._take(place)
        # Right after a jump there is no telling: what came before may be needed.
        if not sought and place.packet not in self._empty:
            self._lost.add(number)

    def _time_on_line(self, place: Place) -> float:
        if self._index is not None:
            return self._index.time_s(place)
        zero = place.ticks if self._start is None else self._start.ticks
        return (place.ticks - zero) * float(self._stream.time_base or 1)

    def _decode(
        self, items: Iterator[tuple[Packet, Place | None]]
    ) -> Iterator[tuple[int | None, VideoFrame]]:
        """The pictures in the order in which they leave the decoder, with their packets' numbers;
        what is damaged is left out.
        """
        presentation, context = self._presentation, self._stream.codec_context
        packet: Packet | None = None
        broken_off = False
        while not broken_off:
            if self._interrupted.is_set():  # a walk to a far picture takes its time
                raise TimeoutError
            try:
                packet, place = next(items, (None, None))
            except (av.FFmpegError, OSError):
                self._damaged.add(None)
                packet, place = None, None
            broken_off = packet is None
            if place is not None and packet is not None:
                # A damaged packet does not look like a key frame, even where one must be.
                first = place.packet == 0 and not self._line.cut_anywhere
                presentation.announce(place, key=packet.is_keyframe or first)
                if packet.size <= EMPTY_BYTES:
                    self._empty.add(place.packet)
            if packet is not None:
                if not packet.size:
                    continue  # the decoder would take it for the end
                # The decoder only hands it on: so each picture tells which packet it is from.
                packet.pts = _NOT_SHOWN if place is None else place.packet
                packet.dts = None
            try:
                frames = context.decode(packet)
            except EOFError:
                return
            except (av.FFmpegError, ValueError):
                self._damaged.add(None if packet is None else packet.pos)
                continue
            for frame in frames:
                yield frame.pts, frame

    def _from_start(self) -> Iterator[tuple[Packet, Place | None]]:
        """All packets; the container was just opened."""
        container, stream = self._container, self._stream
        if container is None:
            raise RuntimeError("the clip is not open")
        self._clock_said = _said_of(self._line) or self._clock_said
        self._line = line = new_time_line(container, stream)
        return announced_packets(container, stream, line)

    @property
    def _usual_s(self) -> float:
        return usual_duration_s(self._stream)

    def _announced_s(self) -> tuple[float | None, float]:
        """Length that the file claims, and how much may be missing of it, in seconds."""
        stream, container = self._stream, self._container
        if stream.duration is not None and stream.time_base is not None:
            return float(stream.duration * stream.time_base), _SHORT_BY_S
        if container is not None and container.duration is not None:
            return container.duration / av.time_base, _SHORT_BY_CONTAINER_S
        return None, 0.0

    def _note_early_end(self) -> None:
        announced_s, tolerance_s = self._announced_s()
        if not self._line.straight or announced_s is None:
            return
        if self._last_s >= announced_s - tolerance_s:
            return
        self._cut_off = (
            f"{self.name} ends early: {self._last_s:.1f} of {announced_s:.1f} seconds "
            "could be read."
        )

    def _tell_true_length(self) -> None:
        """A file whose clock jumps announces the length of a part of it only."""
        index, info = self._index, self._info
        if info is None or self._line.straight:
            return
        last_s = index.times_s[-1] if index is not None and index.places else self._time_s
        length = index.numbers[-1] + 1 if index is not None and index.places else self._length
        self._info = replace(info, duration_s=last_s + self._usual_s, frames=length)

    # Jumping.

    def step(self, pictures: int = 1) -> None:
        """See `PlayedSource.step`; places that stay empty are passed over."""
        shown = self._shown
        if pictures < 0 and shown is not None:
            target = max(shown.index + pictures, 0)
            while target in self._lost and target > 0:
                target -= 1
            pictures = target - shown.index
        super().step(pictures)

    def _go_to(self, index: int) -> None:
        if index == 0 and self._index is None:  # which needs no look at the whole file
            self._open_container()
            self._play(self._from_start())
            return
        at = self._all().at(index)
        if at is None:
            self._pictures, self._ahead = iter(()), None
            return
        place = self._all().places[at]
        for key in self._all().keys_for(place):
            self._play_from(key)
            while self._ahead is not None and self._ahead[0] < index:
                self._advance()
            here = None if self._ahead is None else self._ahead[0]
            if here == self._all().number(place) or self._all().number(place) in self._lost:
                return

    def _play_from(self, key: int) -> None:
        """Decode from a packet on."""
        index = self._all()
        items = self._sought(index, key) or self._walked(index, key)
        # What is shown before the key frame needs pictures from before it.
        first = index.place_of(key)
        self._presentation = Presentation(start=first or self._start, barren=self._barren)
        self._time_s, self._before = 0.0, None
        self._pictures = self._presentation.arrange(self._decode(items))
        self._advance()

    def _sought(self, index: ClipIndex, key: int) -> Iterator[tuple[Packet, Place | None]] | None:
        """The packets from a key frame on, found by its time; None if that leads elsewhere."""
        container, stamp = self._container, index.stamp_of(key)
        if container is None or stamp is None or not index.line.straight:
            return None
        second = index.line.second
        for earlier in (0, second, 5 * second):
            try:
                container.seek(stamp - earlier, stream=self._stream, backward=True)
                items = raw_packets(container, self._stream)
                for _, packet in zip(range(_SYNC_PACKETS), items, strict=False):
                    number = index.recognise(packet)
                    if number is not None:
                        break
                else:
                    return None
            except (av.FFmpegError, OSError):
                return None
            if number <= key:
                return self._numbered(index, chain((packet,), items), number, key)
        return None

    def _walked(self, index: ClipIndex, key: int) -> Iterator[tuple[Packet, Place | None]]:
        """The packets from a key frame on, reached by reading the file from its start."""
        self._open_container()
        container = self._container
        if container is None:
            raise RuntimeError("the clip is not open")
        return self._numbered(index, raw_packets(container, self._stream), 0, key)

    def _numbered(
        self, index: ClipIndex, items: Iterator[Packet], first: int, key: int
    ) -> Iterator[tuple[Packet, Place | None]]:
        for number, packet in enumerate(items, start=first):
            if number >= key:
                yield packet, index.place_of(number)

    def _index_at(self, time_s: float) -> int:
        index = self._all()
        # A hair later, so that the time of a picture, once rounded, means that picture.
        at = max(bisect_right(index.times_s, time_s + 1e-6) - 1, 0)
        while at > 0 and index.numbers[at] in self._lost:
            at -= 1
        return index.numbers[at] if index.numbers else 0

    def _all(self) -> ClipIndex:
        """Where every picture belongs; read without decoding when it is first asked for."""
        index = self._index
        if index is None:
            container, stream, _ = self._opened()
            with closing(container):
                index = ClipIndex(
                    container, stream, start=self._start, barren=frozenset(self._barren)
                )
            self._index, self._line = index, index.line
            self._tell_true_length()
        return index


def _said_of(line: TimeLine) -> str:
    """What people should know of a time line, to follow the name of the file; or ""."""
    parts = []
    for times, what in ((line.back, "jumps back"), (line.ahead, "leaps ahead")):
        if times:
            parts.append(f"{what} {'once' if times == 1 else f'{times} times'}")
    if parts:
        return (
            f"holds several recordings, or was written badly: its clock {' and '.join(parts)}; the "
            "times go on from the picture before."
        )
    if line.guessed and line.known:
        count = "1 picture" if line.guessed == 1 else f"{line.guessed} pictures"
        return f"gives no time for {count}: the usual distance from the picture before was taken."
    return ""


def _reason(error: Exception) -> str:
    text = reason(error)
    return text[:1].lower() + text[1:]
