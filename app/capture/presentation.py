"""Which place each decoded picture takes, and which places stay empty."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final

from app.capture.timeline import REORDERED, Place

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_AHEAD_BYTES: Final = 256 * 1024 * 1024
_AHEAD_LEAST: Final = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """A decoded picture in its place.

    Attributes:
        frame: the picture.
        place: where it belongs.
        lost: places right before it that stay empty.
    """

    frame: VideoFrame
    place: Place
    lost: tuple[Place, ...]


@dataclass(slots=True)
class Presentation:
    """Puts what leaves the decoder into the places that the packets have announced.

    A decoder gives pictures in the order of presentation, so each takes the first place that is
    still free, whatever the stamp of its own packet says. That alone would move all pictures up
    after one that cannot be decoded: a free place whose packet never gave a picture is therefore
    left empty. Whether it still comes is seen by decoding a little further.

    Attributes:
        start: places before it are none; None until the first picture is there.
        barren: packets that hold the second field of the picture in the packet before, which is
            interlaced; they have no place of their own.
    """

    start: Place | None = None
    barren: set[int] = field(default_factory=set)
    _free: list[Place] = field(default_factory=list)
    _inside: set[int] = field(default_factory=set)
    _ignored: set[int] = field(default_factory=set)
    _came: set[int] = field(default_factory=set)
    _key: Place | None = None
    _last: Place | None = None

    def announce(self, place: Place, *, key: bool) -> None:
        """A packet goes into the decoder, or would if it were not damaged.

        Args:
            place: where its picture belongs.
            key: decoding can begin with it.
        """
        if self.start is not None and place < self.start:
            self._ignored.add(place.packet)
            return
        if key and self._key is None:
            self._key = place
        self._inside.add(place.packet)
        heappush(self._free, place)

    def arrange(self, decoded: Iterator[tuple[int | None, VideoFrame]]) -> Iterator[Shown]:
        """All pictures in their places.

        Args:
            decoded: the number of the packet that each picture comes from, in the order in which
                they leave the decoder; None where the decoder does not say. Reading from it
                calls `announce`.
        """
        ahead: deque[tuple[int | None, VideoFrame]] = deque()

        def more() -> bool:
            for packet, frame in decoded:
                if packet is not None and (packet < 0 or packet in self._ignored):
                    continue  # its place has passed
                if packet is None and self._inside:  # as good as any
                    packet = min(self._inside)
                if packet is not None:
                    self._inside.discard(packet)
                    if frame.interlaced_frame:
                        self._came.add(packet)
                ahead.append((packet, frame))
                return True
            return False

        while ahead or more():
            packet, frame = ahead[0]
            if self.start is None:
                self._begin(packet)
            lost = []
            room = _room_ahead(frame)
            while self._free and self._free[0].packet in self._inside:
                if len(ahead) < room and more():
                    continue
                empty = heappop(self._free)
                self._inside.discard(empty.packet)
                self._ignored.add(empty.packet)
                if frame.interlaced_frame and empty.packet - 1 in self._came:
                    self.barren.add(empty.packet)
                else:
                    lost.append(empty)
            ahead.popleft()
            # A packet may hold two pictures: the second stands where the first does.
            self._last = heappop(self._free) if self._free else self._last
            if self._last is None:
                continue
            yield Shown(frame, self._last, tuple(lost))

    def rest(self) -> tuple[Place, ...]:
        """At the end: the places after the last picture that stay empty."""
        rest = tuple(sorted(p for p in self._free if p.packet in self._inside))
        self._free, self._inside = [], set()
        return tuple(p for p in rest if p.packet - 1 not in self._came)

    def _begin(self, packet: int | None) -> None:
        """Forget what came before the first picture that can be decoded by right: a recording may
        begin in the middle of a group of pictures.
        """
        if not self._free:
            return
        own = next((p for p in self._free if p.packet == packet), self._free[0])
        start = own if self._key is None else min(own, self._key)
        self.start = start
        early = [p for p in self._free if p < start]
        self._inside.difference_update(p.packet for p in early)
        self._ignored.update(p.packet for p in early)
        self._free = [p for p in self._free if p >= start]
        heapify(self._free)


def _room_ahead(frame: VideoFrame) -> int:
    size = max(frame.width * frame.height * 3 // 2, 1)
    return max(min(REORDERED, _AHEAD_BYTES // size), _AHEAD_LEAST)
