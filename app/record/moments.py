"""The last seconds as small JPEGs, so that a moment can be looked at after it was recognised."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from app._opencv import cv2
from app.core.claims import Claims
from app.core.frame import Image
from app.record.video import VideoSink

_log = logging.getLogger(__name__)

LAST_S: Final = 15.0
"""Seconds that are remembered."""

MOST_BYTES: Final = 24 * 1024 * 1024
"""And never more memory than this: 40 kB a picture at `MOST_FPS` for `LAST_S` fit well."""

MOST_FPS: Final = 15.0
"""Pictures a second; enough to see an eyelid."""

WIDTH: Final = 480
"""Pixels to which wider pictures are shrunk."""

_QUALITY: Final = 82
_WAITING: Final = 4


@dataclass(frozen=True, slots=True)
class Moment:
    """Pictures of a stretch of time.

    Attributes:
        times_s: of the pictures, ascending.
        jpegs: the pictures.
    """

    times_s: tuple[float, ...] = ()
    jpegs: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """Bytes."""
        return sum(map(len, self.jpegs))

    def at(self, time_s: float) -> bytes | None:
        """The picture nearest to a time; None where there is none."""
        if not self.times_s:
            return None
        return min(zip(self.times_s, self.jpegs, strict=True), key=lambda p: abs(p[0] - time_s))[1]

    def write(self, path: Path) -> None:
        """Make a video of the pictures, which takes a while.

        Raises:
            OutputError: the file cannot be written.
        """
        with Claims((path,)), VideoSink(path) as video:
            for time_s, jpeg in zip(self.times_s, self.jpegs, strict=True):
                image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
                video.write(np.asarray(image, np.uint8), round(time_s * 1e9))


class MomentMemory:
    """Shrinks and compresses pictures on a thread of its own and forgets the oldest.

    Owned by one object, which calls `start` once and `stop` once.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[tuple[float, Image]] = deque()
        self._kept: deque[tuple[float, bytes]] = deque()
        self._bytes = 0
        self._next_s: float | None = None
        self._stopping = False
        self._busy = False
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name="moments", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End the thread; True once it has ended. What is remembered stays."""
        with self._changed:
            self._stopping = True
            self._waiting.clear()
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def put(self, image: Image, time_s: float) -> None:
        """Remember a picture, unless the last one was taken just before; never waits.

        Args:
            image: (H, W, 3) uint8 BGR; it is not copied.
            time_s: its time, never before that of the picture before it.
        """
        with self._changed:
            if self._stopping or (self._next_s is not None and time_s < self._next_s - 1e-3):
                return
            # In step with the clock, so that 30 pictures a second give every other one.
            before_s = time_s if self._next_s is None else self._next_s
            self._next_s = max(before_s + 1 / MOST_FPS, time_s)
            if len(self._waiting) == _WAITING:
                self._waiting.popleft()
                self.dropped += 1
            self._waiting.append((time_s, image))
            self._changed.notify_all()

    def between(self, start_s: float, end_s: float) -> Moment:
        """What is remembered of a stretch of time."""
        with self._changed:
            kept = [(t, jpeg) for t, jpeg in self._kept if start_s <= t <= end_s]
        return Moment(tuple(t for t, _ in kept), tuple(jpeg for _, jpeg in kept))

    def wait_idle(self, timeout_s: float) -> bool:
        """Until every picture that was put is remembered or dropped; False if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout_s)

    @property
    def size(self) -> int:
        """Bytes that are remembered."""
        with self._changed:
            return self._bytes

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if self._stopping:
                    return
                time_s, image = self._waiting.popleft()
                self._busy = True
            try:
                jpeg = _compressed(image)
            except Exception:  # one picture less must not end the memory
                _log.exception("a picture cannot be compressed")
                continue
            self._keep(time_s, jpeg)

    def _keep(self, time_s: float, jpeg: bytes) -> None:
        with self._changed:
            self._kept.append((time_s, jpeg))
            self._bytes += len(jpeg)
            while self._kept[0][0] < time_s - LAST_S or self._bytes > MOST_BYTES:
                self._bytes -= len(self._kept.popleft()[1])


def _compressed(image: Image) -> bytes:
    height, width = image.shape[:2]
    if width > WIDTH:
        size = (WIDTH, max(round(height * WIDTH / width), 1))
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return data.tobytes()
