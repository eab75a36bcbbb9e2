"""The time line of a clip: what the stamps in a file mean, made to rise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

REORDERED: Final = 16
"""Pictures that may stand between decoding and showing one, the most that H.264 allows."""

AHEAD_S: Final = 10.0
"""A longer step ahead breaks the line of a broadcast format, such as MPEG-TS, whose clock may
jump (FFmpeg's `dts_delta_threshold`)."""

FAR_AHEAD_S: Final = 30 * 3600.0
"""The same for all other formats, where a picture may stand for long (FFmpeg's
`dts_error_threshold`)."""


_UNEVEN: Final = 0.25
"""Share of the usual distance by which a picture may be early or late."""


class Place(NamedTuple):
    """Where a picture belongs among all others; places sort in the order of presentation.

    Attributes:
        piece: number of the recording that it comes from; more than 0 where several were joined.
        ticks: presentation time on the joined line.
        packet: number of its packet in the file.
    """

    piece: int
    ticks: int
    packet: int


@dataclass(slots=True)
class TimeLine:
    """Joins the stamps of a file into one line.

    A clock that falls (two recordings joined), one that leaps ahead and stamps that begin to be
    known after a start without any all begin a new piece, which goes on one usual distance after
    the picture before. What merely comes in another order than it is shown in is left alone.

    Packets must be given in the order of the file, from its start.

    Attributes:
        usual: ticks from one picture to the next, at least 1.
        second: ticks of one second, at least 1.
        gap: ticks of the longest step ahead that is believed.
        even: the pictures stand equally long, so a hole in the line is one of pictures.
        cut_anywhere: the file may begin in the middle of a group of pictures, as a broadcast does.
        back, ahead: how often the clock fell and leapt.
        guessed: packets without a stamp.
        known: packets with one.
    """

    usual: int
    second: int
    gap: int
    even: bool = False
    cut_anywhere: bool = False
    back: int = 0
    ahead: int = 0
    guessed: int = 0
    known: int = 0
    _piece: int = 0
    _offset: int = 0
    _begun: bool = False
    _believed: bool = False
    _newest: int = 0
    _last: int = 0
    _count: int = 0

    @property
    def straight(self) -> bool:
        """Whether all stamps are those of the file."""
        return not (self.back or self.ahead or self.guessed)

    def place(self, stamp: int | None, *, key: bool) -> Place:
        """Where the picture of the next packet belongs.

        Args:
            stamp: presentation time in ticks as the file has it, or decoding time where there is
                none; None where neither is known.
            key: decoding can begin with the packet.
        """
        if stamp is None:
            self.guessed += 1
            ticks = self._last + self.usual if self._begun else 0
            self._begun = True
        else:
            self.known += 1
            ticks = self._join(stamp, key=key)
            self._begun = self._believed = True
            self._newest = max(self._newest, ticks)
        self._last = ticks
        place = Place(self._piece, ticks, self._count)
        self._count += 1
        return place

    def missing(self, before: Place, after: Place) -> int:
        """How many pictures must have been between two places that follow each other."""
        if not self.even or before.piece != after.piece:
            return 0
        steps = (after.ticks - before.ticks) / self.usual
        whole = round(steps)
        return whole - 1 if whole > 1 and abs(steps - whole) < _UNEVEN else 0

    def _join(self, stamp: int, *, key: bool) -> int:
        ticks = stamp + self._offset
        if not self._begun:
            self._newest = ticks
            return ticks
        if not self._believed:
            return self._go_on(stamp)
        fall = self._newest - ticks
        # In the order of decoding, nothing before a key frame is shown after it.
        if fall > max(REORDERED * self.usual, self.second) or (key and fall > self.usual // 2):
            self.back += 1
            return self._go_on(stamp)
        if -fall > self.gap:
            self.ahead += 1
            return self._go_on(stamp)
        return ticks

    def _go_on(self, stamp: int) -> int:
        """Begin a piece after all before it."""
        ticks = max(self._newest if self._believed else self._last, self._last) + self.usual
        self._piece += 1
        self._offset = ticks - stamp
        self._newest = ticks
        return ticks
