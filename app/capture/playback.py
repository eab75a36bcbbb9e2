"""Files played as a player does it: in real time or fast, paused, stepped, sought, looped."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from app.capture.source import (
    FrameSource,
    Pace,
    SourceCondition,
    SourceInfo,
    SourceState,
)
from app.core.clock import now_ns
from app.core.errors import SourceError
from app.core.frame import Frame, Image

LATE_NS: Final = 150_000_000
"""A picture later than this is left out, so that a slow machine keeps up with the clock."""

SHOW_ANYWAY_NS: Final = 250_000_000
"""A late picture is shown all the same when the last one is older than this."""

GIVE_UP_TIME_NS: Final = 1_000_000_000
"""Beyond this delay the clock is set back instead: decoding itself is too slow."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a file that is ready to be shown.

    Attributes:
        index: its number in the file, from 0.
        time_ns: when it is shown, counted from the first picture.
        duration_ns: until the next one is shown.
        image: gives the pixels, (H, W, 3) uint8 BGR; only asked if the picture is shown.
        name: what the frame says about its origin.
        own_epoch: it has nothing to do with the picture before it.
    """

    index: int
    time_ns: int
    duration_ns: int
    image: Callable[[], Image]
    name: str
    own_epoch: bool = False


def _gone() -> Image:
    raise RuntimeError("the picture was shown already")


class PlayedSource(FrameSource):
    """A file whose pictures can be asked for again.

    Subclasses find the pictures; this class decides which is shown when. Apart from `interrupt`
    and the read-only properties, all methods belong to the thread that reads.

    `Frame.sequence` is the number of the picture in the file, so it falls after a jump back.
    `Frame.epoch` grows at every jump and at every round of a loop.
    """

    def __init__(self, name: str, *, pace: Pace, loop: bool) -> None:
        super().__init__(name)
        self.pace = pace
        self.loop = loop
        self._interrupted = threading.Event()
        self._info: SourceInfo | None = None
        self._state = SourceState.CLOSED
        self._paused = False
        self._waiting: Picture | None = None
        self._shown: Picture | None = None
        self._show_now = False
        self._new_epoch = False
        self._epoch = 0
        self._zero_ns: int | None = None
        self._shown_at_ns = 0

    # What a subclass provides.

    @abstractmethod
    def _load(self) -> SourceInfo:
        """Open the file at its first picture, or raise SourceError."""

    @abstractmethod
    def _unload(self) -> None:
        """Close the file; may be called when it is not open."""

    @abstractmethod
    def _next_picture(self) -> Picture | None:
        """Find the next picture in order; None after the last."""

    @abstractmethod
    def _go_to(self, index: int) -> None:
        """Make picture `index` (or the next one that can be read) the next one."""

    @abstractmethod
    def _index_at(self, time_s: float) -> int:
        """Number of the picture shown at a time; times outside give the first or the last."""

    # Opening and reading.

    def open(self) -> None:
        """See `FrameSource.open`."""
        if self._interrupted.is_set():
            raise SourceError(f"{self.name} was closed before it was open.")
        self._state = SourceState.OPENING
        try:
            self._info = self._load()
        except TimeoutError as error:
            self.close()
            raise SourceError(f"{self.name} was closed before it was open.") from error
        except BaseException:
            self.close()
            raise
        self._state = SourceState.RUNNING

    def read(self, timeout_s: float | None = None) -> Frame | None:
        """See `FrameSource.read`; while paused nothing comes but what was stepped to or sought."""
        deadline_ns = None if timeout_s is None else now_ns() + int(timeout_s * 1e9)
        while True:
            if self._interrupted.is_set():
                raise TimeoutError
            if self._paused and not self._show_now:
                self._wait_until(None, deadline_ns)
                continue
            picture = self._waiting or self._next_picture()
            if picture is None and self.loop and self._shown is not None and not self._show_now:
                self._begin_again()
                picture = self._next_picture()
            self._waiting = picture
            if picture is None:
                self._show_now = False
                self._state = SourceState.ENDED
                return None
            self._state = SourceState.PAUSED if self._paused else SourceState.RUNNING
            if self.pace is Pace.REAL_TIME and not self._show_now:
                if self._zero_ns is None:
                    self._zero_ns = now_ns() - picture.time_ns
                due_ns = self._zero_ns + picture.time_ns
                self._wait_until(due_ns, deadline_ns)
                if self._leave_out(due_ns):
                    self._waiting = None
                    continue
            return self._show(picture)

    def close(self) -> None:
        """See `FrameSource.close`."""
        self._state = SourceState.CLOSED
        self._waiting = None
        self._unload()

    def interrupt(self) -> None:
        """See `FrameSource.interrupt`."""
        self._interrupted.set()

    @property
    def info(self) -> SourceInfo:
        """See `FrameSource.info`."""
        if self._info is None:
            raise RuntimeError("the source is not open")
        return self._info

    @property
    def condition(self) -> SourceCondition:
        """See `FrameSource.condition`."""
        return SourceCondition(state=self._state)

    # What a player does.

    @property
    def paused(self) -> bool:
        """Whether the pictures stand still."""
        return self._paused

    @property
    def position_s(self) -> float:
        """Time of the picture that was shown last, in seconds from the start."""
        return 0.0 if self._shown is None else self._shown.time_ns / 1e9

    def pause(self) -> None:
        """Show nothing more until `resume`, `step` or `seek`."""
        self._paused = True
        if self._state is SourceState.RUNNING:
            self._state = SourceState.PAUSED

    def resume(self) -> None:
        """Go on after a pause; after the end, from the start."""
        self._paused = False
        self._zero_ns = None
        if self._state is SourceState.ENDED:
            self._jump(0)
            self._show_now = False
        elif self._state is SourceState.PAUSED:
            self._state = SourceState.RUNNING

    def step(self, pictures: int = 1) -> None:
        """Pause, and show the picture so many after (or before, if negative) the last one."""
        self._paused = True
        if pictures == 1 and self._shown is not None:
            self._show_now = True
        else:
            here = -1 if self._shown is None else self._shown.index
            self._jump(max(here + pictures, 0))

    def seek(self, time_s: float) -> None:
        """Show the picture of a time at once, and go on from there unless paused."""
        self._jump(self._index_at(time_s))

    def _jump(self, index: int) -> None:
        self._go_to(index)
        self._waiting = None
        self._show_now = True
        self._new_epoch = True
        self._zero_ns = None
        self._state = SourceState.PAUSED if self._paused else SourceState.RUNNING

    def _begin_again(self) -> None:
        last = self._shown
        self._go_to(0)
        self._new_epoch = True
        if self._zero_ns is not None and last is not None:
            self._zero_ns += last.time_ns + last.duration_ns

    def _show(self, picture: Picture) -> Frame:
        image = picture.image()
        if self._new_epoch or (picture.own_epoch and self._shown is not None):
            self._epoch += 1
        self._new_epoch = self._show_now = False
        self._waiting = None
        self._shown = replace(picture, image=_gone)  # a decoded picture is large
        arrived_ns = self._shown_at_ns = now_ns()
        return Frame(
            image=image,
            time_ns=picture.time_ns,
            arrived_ns=arrived_ns,
            sequence=picture.index,
            source=picture.name,
            epoch=self._epoch,
        )

    def _wait_until(self, due_ns: int | None, deadline_ns: int | None) -> None:
        """Sleep until `due_ns`; None is never.

        Raises:
            TimeoutError: the deadline comes first, or the source was interrupted.
        """
        ends = [t for t in (due_ns, deadline_ns) if t is not None]
        end_ns = min(ends, default=None)
        while end_ns is None or (left_ns := end_ns - now_ns()) > 0:
            if self._interrupted.wait(None if end_ns is None else left_ns / 1e9):
                raise TimeoutError
        if due_ns is None or end_ns != due_ns:
            raise TimeoutError

    def _leave_out(self, due_ns: int) -> bool:
        now = now_ns()
        late_ns = now - due_ns
        if late_ns <= LATE_NS:
            return False
        if late_ns > GIVE_UP_TIME_NS:
            self._zero_ns = None if self._zero_ns is None else self._zero_ns + late_ns
            return False
        return now - self._shown_at_ns < SHOW_ANYWAY_NS
