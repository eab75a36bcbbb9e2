"""The capture thread: reads one source and leaves its newest frame in a mailbox."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from app.capture.commands import Commands
from app.capture.mailbox import Mailbox
from app.capture.playback import PlayedSource
from app.capture.source import FrameSource, SourceInfo, SourceState
from app.core.clock import now_ns
from app.core.errors import PfldLiveError
from app.core.frame import Frame

_log = logging.getLogger(__name__)

TURN_S: Final = 0.03
"""How long one read may wait, so commands wait no longer than this."""

RATE_WINDOW_S: Final = 2.0
"""The rate is measured over the frames of so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureStatus:
    """A look at the capture thread.

    Attributes:
        state: what the source is doing.
        message: one sentence for people, or "".
        source: name of the source.
        info: what was found when it was opened, or None before that.
        fps: pictures per second that the source delivers, measured over the last 2 s, or None.
        delivered: frames left in the mailbox.
        dropped: pictures that the source had but nobody took in time.
        position_s: time of the last frame of a clip or a folder, in seconds; else None.
        paused, looping: of a clip or a folder.
        can_seek: whether the commands of a player work on the source.
        attempt, next_try_s: see `SourceCondition`.
        problems: see `FrameSource.problems`.
    """

    state: SourceState
    source: str
    message: str = ""
    info: SourceInfo | None = None
    fps: float | None = None
    delivered: int = 0
    dropped: int = 0
    position_s: float | None = None
    paused: bool = False
    looping: bool = False
    can_seek: bool = False
    attempt: int = 0
    next_try_s: float | None = None
    problems: tuple[str, ...] = ()


class CaptureThread:
    """Owns a source and the thread that reads it.

    Frames go to `frames`; the box is closed when nothing more can come. At its end a clip stays
    open, so that it can still be stepped, sought and resumed. All methods may be called from any
    thread; `pause`, `resume`, `step`, `seek` and `set_loop` act within `TURN_S` and do nothing
    on a source that cannot be played.

    Args:
        source: not yet opened; the thread opens and closes it.
        on_change: called with the new status, in the capture thread, whenever the state or the
            message changes. It must not wait.
    """

    def __init__(
        self, source: FrameSource, on_change: Callable[[CaptureStatus], None] | None = None
    ) -> None:
        self.frames: Mailbox[Frame] = Mailbox()
        self._source = source
        self._on_change = on_change
        self._thread = threading.Thread(
            target=self._run, name=f"capture {source.name}", daemon=True
        )
        self._stopping = threading.Event()
        self._commands = Commands()
        self._lock = threading.Lock()
        self._arrivals: deque[tuple[int, int]] = deque()
        self._epoch = 0
        self._last_sequence = -1
        self._delivered = 0
        self._skipped = 0
        self._status = CaptureStatus(
            state=SourceState.CLOSED,
            source=source.name,
            can_seek=isinstance(source, PlayedSource),
        )

    # Life.

    def start(self) -> None:
        """Start the thread; once only."""
        self._thread.start()

    def stop(self, timeout_s: float = 3.0) -> bool:
        """End the thread and close the source.

        Returns:
            True when it has ended, False when the source did not let go in time; the thread is
            a daemon, so the program can end all the same. A camera driver that hangs holds up
            neither, see `app.capture.live`.
        """
        self._stopping.set()
        self._source.interrupt()
        self.frames.close()
        if self._thread.ident is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        """Whether the thread is running."""
        return self._thread.is_alive()

    @property
    def status(self) -> CaptureStatus:
        """The state of this moment."""
        with self._lock:
            next_try_s = self._status.next_try_s
            if next_try_s is not None:
                next_try_s = self._source.condition.next_try_s
            return replace(
                self._status,
                fps=self._rate(),
                delivered=self._delivered,
                dropped=self._skipped + self.frames.dropped,
                next_try_s=next_try_s,
            )

    # Playing.

    def pause(self) -> None:
        """Stand still on the present frame."""
        self._commands.put(lambda source: source.pause())

    def resume(self) -> None:
        """Go on; at the end of the file, from its start."""
        self._commands.put(lambda source: source.resume())

    def step(self, pictures: int = 1) -> None:
        """Pause and move by so many pictures, back if negative."""
        self._commands.step(pictures)

    def seek(self, time_s: float) -> None:
        """Show the picture of a time in seconds from the start; the newest wish counts."""
        self._commands.seek(time_s)

    def set_loop(self, loop: bool) -> None:
        """Start again at the end, or do not."""
        self._commands.put(lambda source: setattr(source, "loop", loop))

    # The thread.

    def _run(self) -> None:
        try:
            self._tell(state=SourceState.OPENING, message=f"{self._source.name} is being opened.")
            self._source.open()
            self._report()
            self._loop()
        except PfldLiveError as error:
            if not self._stopping.is_set():
                self._tell(state=SourceState.FAILED, message=str(error))
        except Exception as error:
            _log.exception("the capture thread failed")
            self._tell(
                state=SourceState.FAILED,
                message=f"{self._source.name} failed: {type(error).__name__}: {error}",
            )
        finally:
            self.frames.close()
            self._source.close()
            if self._stopping.is_set():
                self._tell(state=SourceState.CLOSED, message="")

    def _loop(self) -> None:
        source = self._source
        while not self._stopping.is_set():
            try:
                self._obey()
                frame = source.read(TURN_S)
            except TimeoutError:
                self._report()
                continue
            if frame is not None:
                self._deliver(frame)
                self._report()
                continue
            self._report(state=SourceState.ENDED)
            if not isinstance(source, PlayedSource):
                return
            self._wait_for_command()

    def _obey(self) -> None:
        while not self._stopping.is_set() and (command := self._commands.take()) is not None:
            if isinstance(self._source, PlayedSource):
                command.act(self._source)

    def _wait_for_command(self) -> None:
        while not self._stopping.is_set() and self._commands.empty():
            self._stopping.wait(TURN_S)

    def _deliver(self, frame: Frame) -> None:
        with self._lock:
            if frame.epoch != self._epoch:
                self._epoch = frame.epoch
                if isinstance(self._source, PlayedSource):
                    # A jump: the numbers in between were never due.
                    self._last_sequence = frame.sequence - 1
                self._arrivals.clear()
            self._skipped += max(frame.sequence - self._last_sequence - 1, 0)
            self._last_sequence = frame.sequence
            self._delivered += 1
            self._arrivals.append((frame.arrived_ns, frame.sequence))
            while frame.arrived_ns - self._arrivals[0][0] > RATE_WINDOW_S * 1e9:
                self._arrivals.popleft()
        self.frames.put(frame)

    def _rate(self) -> float | None:
        if len(self._arrivals) < 2:
            return None
        (first_ns, first), (last_ns, last) = self._arrivals[0], self._arrivals[-1]
        if now_ns() - last_ns > RATE_WINDOW_S * 1e9 or last_ns <= first_ns:
            return None
        return (last - first) / ((last_ns - first_ns) / 1e9)

    # Telling.

    def _report(self, state: SourceState | None = None) -> None:
        """Take over what the source says of itself."""
        source, condition = self._source, self._source.condition
        played = source if isinstance(source, PlayedSource) else None
        self._tell(
            state=state or condition.state,
            message=condition.message,
            info=source.info,
            attempt=condition.attempt,
            next_try_s=condition.next_try_s,
            problems=source.problems,
            position_s=played.position_s if played else None,
            paused=played.paused if played else False,
            looping=played.loop if played else False,
        )

    def _tell(self, **changes: object) -> None:
        with self._lock:
            old = self._status
            self._status = replace(old, **changes)  # type: ignore[arg-type]
            new = self._status
        if self._on_change is None or (old.state, old.message) == (new.state, new.message):
            return
        try:
            self._on_change(self.status)
        except Exception:
            _log.exception("a listener of the capture thread failed")
