"""One picture kept as PNG, with the overlay and without."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app._opencv import cv2
from app.core.errors import OutputError, PfldLiveError
from app.core.files import write_bytes
from app.core.frame import Image
from app.record.output import check_place
from app.record.overlay import OverlayPainter
from app.record.style import OverlayOptions
from app.vision.result import FrameResult

_log = logging.getLogger(__name__)

MOST_WAITING: Final = 8
"""Snapshots that may wait to be written."""


@dataclass(frozen=True, slots=True)
class SnapshotFiles:
    """Where the two pictures of a snapshot lie."""

    annotated: Path
    clean: Path

    @classmethod
    def at(cls, path: Path) -> SnapshotFiles:
        """The clean picture is called like the other one, with -clean before the ending."""
        return cls(path, path.with_name(f"{path.stem}-clean{path.suffix}"))

    def check(self) -> None:
        """Make sure that both can be made.

        Raises:
            OutputError: one cannot, or its name does not end in .png.
        """
        for path in (self.annotated, self.clean):
            check_png(path)


def save_snapshot(result: FrameResult, overlay: OverlayOptions, files: SnapshotFiles) -> None:
    """Write both pictures, each whole or not at all.

    Raises:
        OutputError: one cannot be written, or its name does not end in .png.
    """
    files.check()
    write_png(files.annotated, OverlayPainter(overlay).paint(result))
    write_png(files.clean, result.frame.image)


def check_png(path: Path) -> None:
    """Make sure that a picture can be written there.

    Raises:
        OutputError: it cannot, or the name does not end in .png.
    """
    if path.suffix.lower() != ".png":
        raise OutputError(f"{path.name} is no name for a picture; let it end in .png.")
    check_place(path)


def write_png(path: Path, image: Image) -> None:
    """Write one picture (H, W, 3) BGR or (H, W) grey uint8, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    _, png = cv2.imencode(".png", image)
    write_bytes(path, png.tobytes())


class Snapshots:
    """Writes snapshots on a thread of its own, as a large PNG takes a while.

    Args:
        on_done: called on that thread with the files, and the problem in a sentence or "".
    """

    def __init__(self, on_done: Callable[[SnapshotFiles, str], None]) -> None:
        self._on_done = on_done
        self._jobs: queue.Queue[tuple[FrameResult, OverlayOptions, SnapshotFiles] | None] = (
            queue.Queue(MOST_WAITING)
        )
        self._thread = threading.Thread(target=self._run, name="snapshots", daemon=True)
        self._thread.start()

    def take(self, result: FrameResult, overlay: OverlayOptions, files: SnapshotFiles) -> bool:
        """Keep a picture; False where too many wait already."""
        try:
            self._jobs.put_nowait((result, overlay, files))
        except queue.Full:
            return False
        return True

    def stop(self, timeout_s: float = 10.0) -> bool:
        """Write what waits and end the thread; True once it has ended."""
        try:
            self._jobs.put(None, timeout=timeout_s)
        except queue.Full:
            return False
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            problem = ""
            try:
                save_snapshot(*job)
            except PfldLiveError as error:
                problem = str(error)
            except Exception as error:  # one picture less must not end the thread
                _log.exception("a snapshot failed")
                problem = f"The snapshot failed ({type(error).__name__}): {error}"
            try:
                self._on_done(job[2], problem)
            except Exception:
                _log.exception("a listener of the snapshots failed")
