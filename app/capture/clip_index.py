"""The packets of a clip: read without decoding, they tell where each picture belongs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Set
from itertools import accumulate, islice
from typing import TYPE_CHECKING, Final

from app._av import av
from app.capture.timeline import AHEAD_S, FAR_AHEAD_S, Place, TimeLine

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_MAY_JUMP: Final = 0x0200
"""FFmpeg's AVFMT_TS_DISCONT, the mark of formats whose clock may jump."""

_TRIES: Final = 2
"""Key frames that are tried before decoding begins with the first."""

EMPTY_BYTES: Final = 16
"""A packet no larger than this repeats a picture; some are marked as key frames all the same."""

GUESSED_RATE: Final = 25.0
"""Pictures per second of a file that does not say."""


def usual_duration_s(stream: VideoStream) -> float:
    """How long a picture stands by the file's own rate, in seconds."""
    rate = stream.average_rate or stream.guessed_rate
    return 1.0 / float(rate) if rate else 1.0 / GUESSED_RATE


def new_time_line(container: InputContainer, stream: VideoStream) -> TimeLine:
    """The line that the stamps of a stream are joined to, read from its start."""
    second = 1.0 / float(stream.time_base or 1)
    jumps = bool(container.format.flags & _MAY_JUMP)
    # Without an index of its packets, a file that lost some does not know it.
    even = jumps and stream.average_rate is not None and stream.average_rate == stream.guessed_rate
    return TimeLine(
        even=even,
        cut_anywhere=jumps,
        usual=max(round(usual_duration_s(stream) * second), 1),
        second=max(round(second), 1),
        gap=max(round((AHEAD_S if jumps else FAR_AHEAD_S) * second), 1),
    )


def announced_packets(
    container: InputContainer, stream: VideoStream, line: TimeLine
) -> Iterator[tuple[Packet, Place | None]]:
    """All packets from the start of the file, each with the place of its picture; None where it
    holds none to be shown.

    Raises:
        av.FFmpegError, OSError: the file cannot be read on.
    """
    for packet in raw_packets(container, stream):
        stamp = packet.pts if packet.pts is not None else packet.dts
        place = line.place(stamp, key=packet.is_keyframe)
        yield packet, None if _hidden(packet, stream) else place


def raw_packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet]:
    """The packets from where the container stands, without the empty one that ends them."""
    for packet in container.demux(stream):
        if packet.size or packet.pts is not None or packet.dts is not None:
            yield packet


def _hidden(packet: Packet, stream: VideoStream) -> bool:
    """Whether a packet holds nothing to be shown: before an edit list begins, or a reference of
    VP8 that is only predicted from (RFC 6386, section 9.1: the flag show_frame).
    """
    if packet.is_discard:
        return True
    if stream.codec_context.name not in ("vp8", "libvpx") or not packet.size:
        return False
    return not memoryview(packet)[0] >> 4 & 1


class ClipIndex:
    """Where each picture of a clip belongs, by its number.

    Attributes:
        places: in the order of presentation.
        numbers: of the picture in each.
        times_s: of each, in seconds from the first; they never fall.
        line: the line that they stand on.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        *,
        start: Place | None,
        barren: Set[int] = frozenset(),
    ) -> None:
        """Read the whole file, as far as that is possible.

        Args:
            container: freshly opened.
            stream: of it.
            start: what lies before it is not shown.
            barren: packets that are known to hold no picture.
        """
        self.line = new_time_line(container, stream)
        self._of_packet: list[Place | None] = []
        self._stamps: list[tuple[int | None, int | None, int]] = []
        self._keys: list[int] = []
        try:
            for packet, announced in announced_packets(container, stream, self.line):
                place, number = announced, len(self._of_packet)
                if place is not None and (
                    number in barren or (start is not None and place < start)
                ):
                    place = None
                self._of_packet.append(place)
                self._stamps.append(_signature(packet))
                if place is not None and packet.is_keyframe and packet.size > EMPTY_BYTES:
                    self._keys.append(number)
        except (av.FFmpegError, OSError):
            pass  # what was read up to the damage is what can be shown
        self.places = tuple(sorted(p for p in self._of_packet if p is not None))
        base = float(stream.time_base or 1)
        zero = self.places[0].ticks if self.places else 0
        self.times_s = tuple(accumulate(((p.ticks - zero) * base for p in self.places), max))
        gaps = accumulate(map(self.line.missing, self.places, self.places[1:]), initial=0)
        self.numbers = tuple(i + gap for i, gap in zip(range(len(self.places)), gaps, strict=False))
        self._rank_of = {p.packet: rank for rank, p in enumerate(self.places)}
        self._found: dict[tuple[int | None, int | None, int], int] = {}
        twice = set()
        for number, stamp in enumerate(self._stamps):
            if self._found.setdefault(stamp, number) != number:
                twice.add(stamp)
        for stamp in twice:
            del self._found[stamp]

    def number(self, place: Place) -> int:
        """Number of the picture in a place."""
        return self.numbers[self._rank_of[place.packet]]

    def time_s(self, place: Place) -> float:
        """Time of the picture in a place, in seconds from the first."""
        return self.times_s[self._rank_of[place.packet]]

    def at(self, number: int) -> int | None:
        """Where in `places` the picture with a number stands, or else the next; None after all."""
        at = bisect_left(self.numbers, number)
        return at if at < len(self.places) else None

    def keys_for(self, place: Place) -> list[int]:
        """The packets from which decoding may begin to show the picture in a place, best first;
        a damaged one leads no further, so there are several, and at last the first of all.
        """
        keys = reversed(self._keys[: bisect_right(self._keys, place.packet)])
        fit = (key for key in keys if (own := self._of_packet[key]) is not None and own <= place)
        return [*islice(fit, _TRIES), 0]

    def place_of(self, packet: int) -> Place | None:
        """Where the picture of a packet belongs; None where it holds none."""
        return self._of_packet[packet] if packet < len(self._of_packet) else None

    def stamp_of(self, packet: int) -> int | None:
        """The file's own decoding or presentation time of a packet, to seek by."""
        pts, dts, _ = self._stamps[packet]
        return dts if dts is not None else pts

    def recognise(self, packet: Packet) -> int | None:
        """Number of a packet, if no other looks like it."""
        return self._found.get(_signature(packet))


def _signature(packet: Packet) -> tuple[int | None, int | None, int]:
    return packet.pts, packet.dts, packet.size
