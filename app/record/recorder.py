"""Records results on a thread of its own, so that nobody waits for the encoder."""

from __future__ import annotations

import logging
import shutil
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from app.core.clock import now_ns
from app.core.errors import OutputError, PfldLiveError
from app.core.frame import Frame
from app.record.places import RecordFiles
from app.record.settings import RecordSettings
from app.record.sidecar import State
from app.record.take import Take
from app.record.video import MOST_PIXELS, video_size
from app.vision.result import FrameResult

_log = logging.getLogger(__name__)

QUEUE_BYTES: Final = 128 * 1024 * 1024
"""Pictures that may wait for the encoder: a second and a half of 720p at 30 fps."""

QUEUE_FRAMES: Final = 90
"""Frames that may wait, however small."""

BUSY: Final = 0.4
"""Share of the queue that is full when the encoder is told to work less."""

PATIENCE_NS: Final = 1_000_000_000
"""The encoder is given so long to catch up before it is told to work still less."""

RESERVE_BYTES: Final = 4 * 1024 * 1024
"""Room on the disk below which a recording ends, to be finished in good order."""

LOOK_NS: Final = 200_000_000
"""How often sizes and the room on the disk are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStatus:
    """What a recorder is doing.

    Attributes:
        running: it still takes frames.
        seconds: length of all that was recorded.
        frames: frames recorded.
        dropped: frames left out because the encoder was too slow.
        waiting: frames that wait for the encoder.
        bytes: size of all files so far.
        free_bytes: room on the disk, None before it was looked at.
        files: one entry for each recording that was begun; a loss of the camera begins another.
        note: what was done to keep up, in a sentence, or "".
        problem: why it ended early, in a sentence, or "".
    """

    running: bool = True
    seconds: float = 0.0
    frames: int = 0
    dropped: int = 0
    waiting: int = 0
    bytes: int = 0
    free_bytes: int | None = None
    files: tuple[RecordFiles, ...] = ()
    note: str = ""
    problem: str = ""


class Recorder:
    """Writes results into files until it is stopped.

    Where the time line breaks (a camera lost and found, a clip that jumps, another source) or the
    size of the picture changes, a live recording goes on in new files.

    Args:
        files: gives the files of each recording, asked on the record thread when its first frame
            is there. Arguments are that frame and how many recordings there were before.
        settings: how to record.
        about: further settings for the manifest, ready for JSON.
        live: frames come whether or not there is time for them. Else all belong to one recording,
            and `feed` waits for room.
        on_change: called on the record thread when a recording begins or ends, or there is
            something to say. It must not wait.
    """

    def __init__(
        self,
        files: Callable[[Frame, int], RecordFiles],
        settings: RecordSettings,
        *,
        about: Mapping[str, Any] | None = None,
        live: bool = True,
        on_change: Callable[[], None] | None = None,
    ) -> None:
        self._files = files
        self._settings = settings
        self._about = dict(about or {})
        self._live = live
        self._on_change = on_change or (lambda: None)
        self._changed = threading.Condition()
        self._queue: deque[tuple[FrameResult, State | None]] = deque()
        self._queued_bytes = 0  # with those of the frame that is being written
        self._ending = False
        self._status = RecordStatus()
        self._take: Take | None = None
        self._before_s = 0.0
        self._dropped_before = 0
        self._lowered_ns = 0
        self._looked_ns = 0
        self._thread = threading.Thread(target=self._run, name="record", daemon=True)

    # For any thread.

    def start(self) -> None:
        """Begin; once only."""
        self._thread.start()

    def put(self, result: FrameResult, state: State | None = None) -> bool:
        """Record a frame, without ever waiting.

        Returns:
            False where there is no room for it (it is counted as dropped) or no recording.
        """
        with self._changed:
            if not self._open:
                return False
            if not self._has_room(result):
                self._tell(dropped=self._status.dropped + 1)
                return False
            self._append(result, state)
            return True

    def feed(self, result: FrameResult, state: State | None = None) -> None:
        """Record a frame as soon as there is room for it.

        Raises:
            OutputError: the recording has ended with a problem.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self._open or self._has_room(result))
            if self._status.problem:
                raise OutputError(self._status.problem)
            self._append(result, state)

    def end(self) -> None:
        """Take no more frames and finish; does not wait for it."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()

    def stop(self, timeout_s: float | None = None) -> bool:
        """Finish the files.

        Returns:
            True once they are, False if that takes longer than `timeout_s`.
        """
        self.end()
        if self._thread.ident is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def status(self) -> RecordStatus:
        """The state of this moment."""
        with self._changed:
            return replace(self._status, waiting=len(self._queue))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if kind is None and self._status.problem:
            raise OutputError(self._status.problem)

    # Inside the lock.

    @property
    def _open(self) -> bool:
        return not self._ending and self._status.running

    def _has_room(self, result: FrameResult) -> bool:
        if not self._queued_bytes:
            return True
        size = self._queued_bytes + result.frame.image.nbytes
        return size <= QUEUE_BYTES and len(self._queue) < QUEUE_FRAMES

    def _append(self, result: FrameResult, state: State | None) -> None:
        self._queue.append((result, state))
        self._queued_bytes += result.frame.image.nbytes
        self._changed.notify_all()

    def _tell(self, **changes: Any) -> None:
        self._status = replace(self._status, **changes)

    # On the record thread.

    def _run(self) -> None:
        self._guard(self._record_all)
        self._guard(self._finish_take)
        with self._changed:
            self._queue.clear()
            self._queued_bytes = 0
            self._tell(running=False)
            self._changed.notify_all()
        self._on_change()

    def _guard(self, work: Callable[[], None]) -> None:
        """Do something; the first failure is the problem of the recording."""
        try:
            work()
        except PfldLiveError as error:
            problem = str(error)
        except Exception as error:  # a bug must not end a recording in silence
            _log.exception("the recorder failed")
            problem = f"The recording failed ({type(error).__name__}): {error}"
        else:
            return
        with self._changed:
            self._tell(problem=self._status.problem or problem)

    def _record_all(self) -> None:
        while (item := self._next()) is not None:
            self._record(*item)
            with self._changed:
                self._queued_bytes -= item[0].frame.image.nbytes
                self._changed.notify_all()
            item = None  # a picture may be large

    def _next(self) -> tuple[FrameResult, State | None] | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(self._queue) or self._ending)
            if not self._queue:
                return None
            busy = max(self._queued_bytes / QUEUE_BYTES, len(self._queue) / QUEUE_FRAMES)
            item = self._queue.popleft()
            self._changed.notify_all()
        if self._live and busy > BUSY:
            self._work_less()
        return item

    def _record(self, result: FrameResult, state: State | None) -> None:
        take = self._take
        if take is not None and take.repeats(result.frame):
            return
        if take is not None and self._live and not take.continues_with(result.frame):
            self._finish_take()
            take = None
        if take is None:
            take = self._begin_take(result.frame)
        take.write(result, state)
        with self._changed:
            self._tell(
                frames=self._status.frames + 1,
                seconds=self._before_s + take.seconds,
            )
        now = now_ns()
        if now - self._looked_ns >= LOOK_NS:
            self._looked_ns = now
            self._look()

    def _begin_take(self, frame: Frame) -> Take:
        files = self._files(frame, len(self._status.files))
        self._take = take = Take(files, self._settings, self._about)
        self._say(files=(*self._status.files, files), note=self._note_of_size(frame))
        return take

    def _note_of_size(self, frame: Frame) -> str:
        size = video_size(frame.width, frame.height)
        note = ""
        if frame.width * frame.height > MOST_PIXELS:
            note = (
                f"The video is recorded in {size[0]}×{size[1]}: few players show more than that. "
                f"Points keep their places in pictures of {frame.width}×{frame.height}."
            )
        return note or self._status.note

    def _finish_take(self) -> None:
        take, self._take = self._take, None
        if take is None:
            return
        dropped = self._status.dropped
        try:
            take.finish(dropped=dropped - self._dropped_before, problem=self._status.problem)
        finally:
            self._before_s += take.seconds
            self._dropped_before = dropped
            self._look(check=False)

    def _work_less(self) -> None:
        now = now_ns()
        if self._take is None or now - self._lowered_ns < PATIENCE_NS:
            return
        self._lowered_ns = now
        effort = self._take.lower_effort()
        if effort is not None:
            self._say(
                note="This machine cannot encode as fast as pictures come: the encoder now works "
                f"less ({effort}), which makes the file larger."
            )

    def _look(self, *, check: bool = True) -> None:
        """Measure files and disk; end before the disk is full."""
        paths = [path for files in self._status.files for path in files]
        sizes = sum(_size(path) for path in paths)
        free = None
        if paths:
            free = _free(paths[-1].absolute().parent)
        with self._changed:
            self._tell(bytes=sizes, free_bytes=free)
        if check and free is not None and free < RESERVE_BYTES:
            raise OutputError(
                f"The disk of {paths[-1].absolute().parent} is full: the recording has ended, and "
                "what was recorded is complete. Free some room or choose another disk."
            )

    def _say(self, **changes: Any) -> None:
        with self._changed:
            self._tell(**changes)
        self._on_change()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # not there yet, or taken away
        return 0


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
