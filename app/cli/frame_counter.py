"""How far long work over frames is, as one line on a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import suppress


class FrameCounter:
    """One line that counts frames and clips; silent where nobody watches."""

    def __init__(self, clips: int = 1) -> None:
        self._on = sys.stderr.isatty()
        self._clips, self._done = clips, 0
        self._next_s, self._started_s = 0.0, time.monotonic()

    def frames(self, done: int, total: int | None) -> None:
        """So many frames of the present clip are finished."""
        now_s = time.monotonic()
        if done == 1:
            self._started_s = now_s
        if now_s < self._next_s and done != total:
            return
        self._next_s = now_s + 0.2
        spent = now_s - self._started_s
        rate = f", {(done - 1) / spent:.1f} fps" if spent > 0 and done > 1 else ""
        clip = f"clip {self._done + 1}/{self._clips}, " if self._clips > 1 else ""
        of = f"/{total}" if total else ""
        self._show(f"{clip}{done}{of} frames{rate} ")

    def clips(self, done: int, already: bool) -> None:
        """So many clips are finished; `already`: the last one was so before."""
        self._done = done
        if self._clips > 1:
            note = " (kept from before)" if already else ""
            self._show(f"{done}/{self._clips} clips{note} ")

    def clear(self) -> None:
        """Take the line away."""
        self._show("")

    def _show(self, text: str) -> None:
        if self._on:
            with suppress(OSError):  # the terminal was closed
                print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
