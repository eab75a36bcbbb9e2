"""Cameras and streams: devices that may stop, freeze, hang or vanish, and come back.

A driver may block for seconds or for ever inside its calls (opening, reading, releasing), and
only the thread that reads a device may release it. So each opened device has a thread of its
own, the `_Feeder`, which does nothing but read into a one-slot mailbox. Whoever reads the
`LiveSource` never touches the device: it takes from the mailbox and keeps watch. A feeder whose
device has stopped is abandoned: it is told to go, releases the device and ends as soon as its
call returns, while a new feeder tries to open the device again. A call that never returns keeps
its feeder; such threads are daemons, so the program can still end, and at most `MAX_HUNG` are
tolerated before no further try is made.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Final, Protocol

import numpy as np

from app.capture.mailbox import Mailbox
from app.capture.source import FrameSource, SourceCondition, SourceInfo, SourceState
from app.core.clock import now_ns
from app.core.errors import SourceError
from app.core.frame import Frame, Image

_log = logging.getLogger(__name__)

MAX_HUNG: Final = 3
"""Feeders that may hang in a driver at the same time."""

MAX_LOSSES: Final = 20
"""Losses that `problems` remembers, so that a loose cable does not fill the memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a live source waits for what, in seconds.

    Attributes:
        open_s: for a device to open; Windows needs up to 12 s for some cameras.
        first_picture_s: for the first picture once the device is open.
        stall_s: without a picture before the device counts as stopped.
        frozen_s: with byte-identical pictures before it counts as frozen. The noise of a sensor
            makes each picture different; a still picture from a virtual camera or a covered
            lens may be the same, so it is opened again only once (see `LiveSource`).
        backoff_s: before the first, second, ... try to open it again; the last one repeats.
        healthy_s: of running after which the tries are counted from one again.
        give_up_s: without a picture before reading fails for good; None is never.
        close_s: for the driver to let go when the source is closed.
        release_s: before opening, for devices that this program has closed but whose drivers
            have not let go yet: it may be the same device, asked for with other settings.
    """

    open_s: float = 15.0
    first_picture_s: float = 5.0
    stall_s: float = 1.5
    frozen_s: float = 1.9
    backoff_s: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 5.0)
    healthy_s: float = 5.0
    give_up_s: float | None = None
    close_s: float = 1.0
    release_s: float = 2.0


class LiveDevice(Protocol):
    """An opened camera or stream. One thread opens, reads and releases it."""

    @property
    def info(self) -> SourceInfo:
        """What was negotiated; its size may still be wrong before the first picture."""

    def read(self) -> tuple[Image, int] | None:
        """The next picture, (H, W, 3) uint8 BGR in a fresh array, and its capture time in
        monotonic ns; None when there was none. May block.

        Raises:
            SourceError: there will be no more.
        """

    def release(self) -> None:
        """Give the device back."""


@dataclass(frozen=True, slots=True)
class _Shot:
    image: Image
    time_ns: int
    arrived_ns: int
    sequence: int


_leaving: set[_Feeder] = set()
_leaving_changed = threading.Condition()
"""Feeders of all sources that were told to go and have not gone."""


class _Feeder(threading.Thread):
    """Opens one device, reads it without pause, releases it."""

    def __init__(
        self, name: str, connect: Callable[[], LiveDevice], numbers: Iterator[int]
    ) -> None:
        super().__init__(name=f"feeder {name}", daemon=True)
        self.shots: Mailbox[_Shot] = Mailbox()
        self.opened = threading.Event()
        self.info: SourceInfo | None = None
        self.error: str | None = None
        self.same_since_ns: int | None = None
        self.same_until_ns = 0
        self.last_image: Image | None = None
        self._connect = connect
        self._numbers = numbers
        self._leave = threading.Event()
        self._gone = False

    def abandon(self) -> None:
        """Ask the thread to release the device and end; does not wait for it."""
        with _leaving_changed:
            self._leave.set()
            if not self._gone:
                _leaving.add(self)
        self.shots.close()

    def run(self) -> None:
        """Open, read until told to leave or the device fails, release."""
        try:
            device = self._connect()
            try:
                self.info = device.info
                self.opened.set()
                self._feed(device)
            finally:
                device.release()
        except SourceError as error:
            self.error = str(error)
        except Exception as error:  # a driver may raise anything; silence would look like a stall
            _log.exception("a capture device failed")
            self.error = f"{type(error).__name__}: {error}"
        finally:
            self.opened.set()
            with _leaving_changed:
                self._gone = True
                _leaving.discard(self)
                _leaving_changed.notify_all()

    def _feed(self, device: LiveDevice) -> None:
        while not self._leave.is_set():
            taken = device.read()
            if self._leave.is_set():
                return
            if taken is None:  # some drivers fail at once, and must not be asked in a tight loop
                self._leave.wait(0.02)
                continue
            image, time_ns = taken
            arrived_ns = now_ns()
            if self.last_image is None or not _identical(image, self.last_image):
                self.same_since_ns = arrived_ns
            self.same_until_ns = arrived_ns
            self.last_image = image
            self.shots.put(_Shot(image, time_ns, arrived_ns, next(self._numbers)))


class LiveSource(FrameSource):
    """A camera or stream that is watched and opened again when it fails.

    After a loss `read` raises TimeoutError until the device is back; `condition` tells what is
    being done. `Frame.epoch` grows each time it comes back, `Frame.sequence` counts every
    picture that the device delivered, so gaps are pictures that nobody took in time.

    A device that repeats one picture is opened again once. If it then shows that very picture
    again, it is taken for a still picture and left alone.

    Args:
        name: for people.
        connect: opens the device, in a thread of its own, anew for each try. Raises SourceError.
        patience: how long to wait for what.
        remedy: end of the sentence for a device that cannot be opened.
    """

    live: ClassVar[bool] = True

    def __init__(
        self,
        name: str,
        connect: Callable[[], LiveDevice],
        *,
        patience: Patience | None = None,
        remedy: str = "connect it and try again.",
    ) -> None:
        super().__init__(name)
        self._patience = patience or Patience()
        self._connect = connect
        self._remedy = remedy
        self._interrupted = threading.Event()
        self._numbers = itertools.count()
        self._feeder: _Feeder | None = None
        self._hung: list[_Feeder] = []
        self._first: _Shot | None = None
        self._info: SourceInfo | None = None
        self._state = SourceState.CLOSED
        self._message = ""
        self._epoch = 0
        self._attempt = 0
        self._next_try_ns: int | None = None
        self._started_ns = 0
        self._opened_ns: int | None = None
        self._last_shot_ns = 0
        self._running_since_ns = 0
        self._frozen_image: Image | None = None
        self._losses: deque[str] = deque(maxlen=MAX_LOSSES)

    # FrameSource.

    def open(self) -> None:
        """See `FrameSource.open`; the first opening is tried once."""
        self._state = SourceState.OPENING
        self._message = f"{self.name} is being opened."
        self._await_release()
        self._start_feeder()
        while True:
            shot = self._take(0.05)
            if shot is not None:
                self._first = shot
                self._came_up(shot)
                return
            problem = self._opening_problem()
            if self._interrupted.is_set():
                problem = "it was closed meanwhile"
            if problem:
                self.close()
                self._state = SourceState.FAILED
                self._message = f"{self.name} cannot be opened: {problem}; {self._remedy}"
                raise SourceError(self._message)

    def read(self, timeout_s: float | None = None) -> Frame | None:
        """See `FrameSource.read`; never returns None, as a device has no end."""
        deadline_ns = None if timeout_s is None else now_ns() + int(timeout_s * 1e9)
        while True:
            if self._interrupted.is_set():
                raise TimeoutError
            left_s = 0.05 if deadline_ns is None else (deadline_ns - now_ns()) / 1e9
            shot, self._first = self._first or self._take(min(max(left_s, 0.0), 0.05)), None
            if shot is not None and self._state is not SourceState.RUNNING:
                self._epoch += 1
                self._came_up(shot)
            self._watch(shot)
            if shot is not None:
                return self._frame(shot)
            if deadline_ns is not None and now_ns() >= deadline_ns:
                raise TimeoutError

    def close(self) -> None:
        """See `FrameSource.close`; waits `Patience.close_s` for the driver, then leaves it."""
        self._abandon_feeder()
        self._first = None
        end_ns = now_ns() + int(self._patience.close_s * 1e9)
        for feeder in self._hung:
            feeder.join(max(end_ns - now_ns(), 0) / 1e9)
            if feeder.is_alive():
                _log.warning("the driver of %s does not answer; its thread is left", self.name)
        self._state, self._message = SourceState.CLOSED, ""

    def interrupt(self) -> None:
        """See `FrameSource.interrupt`; the device is released as soon as its driver allows."""
        self._interrupted.set()
        feeder = self._feeder
        if feeder is not None:
            feeder.abandon()

    @property
    def info(self) -> SourceInfo:
        """See `FrameSource.info`; renewed each time the device comes back."""
        if self._info is None:
            raise RuntimeError("the source is not open")
        return self._info

    @property
    def condition(self) -> SourceCondition:
        """See `FrameSource.condition`."""
        next_try_ns = self._next_try_ns
        return SourceCondition(
            state=self._state,
            message=self._message,
            attempt=self._attempt,
            next_try_s=None if next_try_ns is None else max(next_try_ns - now_ns(), 0) / 1e9,
        )

    @property
    def problems(self) -> tuple[str, ...]:
        """One sentence for each of the last losses of the device."""
        return tuple(self._losses)

    # Keeping watch.

    def _watch(self, shot: _Shot | None) -> None:
        """One look at the device; moves from state to state."""
        now = now_ns()
        if self._state is SourceState.RUNNING:
            self._watch_running(shot, now)
        elif self._state is SourceState.REOPENING:
            if problem := self._opening_problem():
                self._abandon_feeder()
                self._plan_next_try(f"{self.name} is gone: {problem}.")
        elif self._next_try_ns is not None and now >= self._next_try_ns:
            self._try_again()
        give_up_s = self._patience.give_up_s
        if give_up_s is not None and now - self._last_shot_ns > give_up_s * 1e9:
            self._state = SourceState.FAILED
            self._message = (
                f"{self.name} has sent no picture for {give_up_s:.0f} seconds; {self._remedy}"
            )
            raise SourceError(self._message)

    def _watch_running(self, shot: _Shot | None, now: int) -> None:
        patience, feeder = self._patience, self._present_feeder()
        if shot is not None:
            self._last_shot_ns = now
            if now - self._running_since_ns > patience.healthy_s * 1e9:
                self._attempt = 0
        same_since_ns = feeder.same_since_ns
        if feeder.error is not None:
            self._lose(f"{self.name} has stopped: {feeder.error}")
        elif now - self._last_shot_ns > patience.stall_s * 1e9:
            self._lose(f"{self.name} has stopped sending pictures.")
        elif (
            # Silence is no repetition: only what has come since can have been the same.
            same_since_ns is not None
            and feeder.same_until_ns - same_since_ns > patience.frozen_s * 1e9
        ):
            image = feeder.last_image
            if image is None:
                return
            if self._frozen_image is not None and _identical(image, self._frozen_image):
                self._message = f"{self.name} shows one picture that does not change."
            else:
                self._frozen_image = image
                self._lose(f"{self.name} repeats one picture.")
        else:
            self._message = ""

    def _lose(self, what: str) -> None:
        _log.warning("%s", what)
        self._state = SourceState.STALLED
        self._losses.append(what)
        self._abandon_feeder()
        self._plan_next_try(what, state=SourceState.STALLED)

    def _plan_next_try(self, what: str, state: SourceState = SourceState.LOST) -> None:
        waits = self._patience.backoff_s
        wait_s = waits[min(self._attempt, len(waits) - 1)]
        self._attempt += 1
        self._next_try_ns = now_ns() + int(wait_s * 1e9)
        self._state = state
        self._message = f"{what.removesuffix('.')}; it will be opened again in {wait_s:g} s."

    def _try_again(self) -> None:
        self._next_try_ns = None
        self._hung = [f for f in self._hung if f.is_alive()]
        if len(self._hung) >= MAX_HUNG:
            self._plan_next_try(f"The driver of {self.name} does not answer.")
            return
        self._state = SourceState.REOPENING
        self._message = f"{self.name} is being opened again (try {self._attempt})."
        self._start_feeder()

    def _opening_problem(self) -> str | None:
        """Why the present attempt to open has failed, or None while it may still succeed."""
        feeder, patience = self._present_feeder(), self._patience
        waited_s = (now_ns() - self._started_ns) / 1e9
        if feeder.error is not None:
            return feeder.error.rstrip(".;")
        if not feeder.opened.is_set():
            return "its driver does not answer" if waited_s > patience.open_s else None
        if feeder.info is not None and self._opened_ns is None:
            self._opened_ns = now_ns()
        since_ns = self._opened_ns or self._started_ns
        if (now_ns() - since_ns) / 1e9 > patience.first_picture_s:
            return "it opens but sends no picture, perhaps another program uses it"
        return None

    def _came_up(self, shot: _Shot) -> None:
        info = self._present_feeder().info
        if info is not None:
            height, width = shot.image.shape[:2]
            self._info = replace(info, width=width, height=height)
        self._state, self._message = SourceState.RUNNING, ""
        self._next_try_ns = None
        self._last_shot_ns = self._running_since_ns = now_ns()

    # Feeders.

    def _await_release(self) -> None:
        end_ns = now_ns() + int(self._patience.release_s * 1e9)
        with _leaving_changed:
            while _leaving and now_ns() < end_ns and not self._interrupted.is_set():
                _leaving_changed.wait(0.05)

    def _start_feeder(self) -> None:
        self._started_ns = now_ns()
        self._opened_ns = None
        self._feeder = _Feeder(self.name, self._connect, self._numbers)
        self._feeder.start()

    def _present_feeder(self) -> _Feeder:
        if self._feeder is None:
            raise RuntimeError("the source is not open")
        return self._feeder

    def _abandon_feeder(self) -> None:
        feeder, self._feeder = self._feeder, None
        if feeder is not None:
            feeder.abandon()
            self._hung.append(feeder)

    def _take(self, timeout_s: float) -> _Shot | None:
        if self._feeder is None:
            self._interrupted.wait(timeout_s)
            return None
        return self._feeder.shots.take(timeout_s)

    def _frame(self, shot: _Shot) -> Frame:
        return Frame(
            image=shot.image,
            time_ns=shot.time_ns,
            arrived_ns=shot.arrived_ns,
            sequence=shot.sequence,
            source=self.name,
            epoch=self._epoch,
        )


def _identical(a: Image, b: Image) -> bool:
    """Whether two pictures agree in every byte; a sparse look first makes the usual no cheap."""
    if a.shape != b.shape or not np.array_equal(a[::16, ::16], b[::16, ::16]):
        return False
    return np.array_equal(a, b)
