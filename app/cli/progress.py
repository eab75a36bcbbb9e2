"""A bar that shows how far a run over a source has come."""

from __future__ import annotations

import shutil
import sys
import time
from contextlib import suppress
from typing import Final

from app.cli.summary import RunSummary

_EVERY_S: Final = 0.2
_WIDEST: Final = 30


class ProgressBar:
    """One line on a terminal; silent elsewhere."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()
        self._next_s = 0.0

    def show(self, summary: RunSummary, total: int | None, note: str = "") -> None:
        """Show the state of a run.

        Args:
            summary: of the frames so far.
            total: how many there are in all, None where nobody knows.
            note: further words, such as drops.
        """
        now_s = time.monotonic()
        if not self._on or now_s < self._next_s:
            return
        self._next_s = now_s + _EVERY_S
        room = shutil.get_terminal_size().columns - 1
        self._print("\r\x1b[K" + progress_line(summary, total, note, room))

    def clear(self) -> None:
        """Take the line away."""
        if self._on:
            self._print("\r\x1b[K")

    @staticmethod
    def _print(text: str) -> None:
        with suppress(OSError):  # the terminal was closed
            print(text, end="", file=sys.stderr, flush=True)


def progress_line(summary: RunSummary, total: int | None, note: str, room: int) -> str:
    """The line, at most `room` characters long."""
    words = f"{summary.fps:.1f} fps, {summary.frames_with_face} with a face"
    words += f", {note}" if note else ""
    if not total:
        return f"{summary.frames} frames, {words}"[:room]
    share = min(summary.frames / total, 1.0)
    left = f", {clock((total - summary.frames) / summary.fps)} left" if summary.fps else ""
    words = f"{summary.frames}/{total} frames, {words}{left}"
    width = min(_WIDEST, room - len(words) - 9)
    if width < 5:
        return f"{share:4.0%} {words}"[:room]
    done = round(width * share)
    return f"[{'#' * done}{'-' * (width - done)}] {share:4.0%} {words}"


def clock(seconds: float) -> str:
    """A duration as 1:02 or 1:01:02."""
    minutes, seconds = divmod(max(round(seconds), 0), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
