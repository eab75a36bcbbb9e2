"""What a player was told and has not done yet; of several jumps the newest alone counts."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.capture.playback import PlayedSource

SEEK: Final = "seek"
STEP: Final = "step"


@dataclass(frozen=True, slots=True)
class Command:
    """One wish.

    Attributes:
        act: does it.
        kind: `SEEK`, `STEP` or "".
        pictures: of a step.
    """

    act: Callable[[PlayedSource], None]
    kind: str = ""
    pictures: int = 0


class Commands:
    """A queue for any threads in which wishes that are out of date do not pile up.

    A dragged slider and a held key wish for more than decoding can give: a seek takes the place
    of those before it, and steps in one direction become one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Command] = deque()

    def put(self, act: Callable[[PlayedSource], None]) -> None:
        """Add a wish of another kind."""
        with self._lock:
            self._waiting.append(Command(act))

    def seek(self, time_s: float) -> None:
        """Wish for the picture of a time, instead of all jumps that wait."""
        with self._lock:
            paused = any(command.kind == STEP for command in self._waiting)
            self._waiting = deque(c for c in self._waiting if not c.kind)
            if paused:  # which a step does as well
                self._waiting.append(Command(lambda source: source.pause()))
            self._waiting.append(Command(lambda source: source.seek(time_s), SEEK))

    def step(self, pictures: int) -> None:
        """Wish for a picture before or after; joins a step in the same direction."""
        with self._lock:
            last = self._waiting[-1] if self._waiting else None
            if last is not None and last.kind == STEP and last.pictures * pictures > 0:
                self._waiting.pop()
                pictures += last.pictures
            self._waiting.append(Command(lambda source: source.step(pictures), STEP, pictures))

    def take(self) -> Command | None:
        """The next wish, or None."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def qsize(self) -> int:
        """How many wait."""
        return len(self._waiting)
