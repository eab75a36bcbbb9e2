"""What was found in each frame, as JSON Lines."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from app.core.face import Face
from app.record.output import Writer, check_place, refusal
from app.vision.result import FrameResult


class PredictionsWriter(Writer):
    """Writes one line per frame; each is on the disk before the next frame comes.

    A line holds `frame` (number in the source), `time_s` (seconds since the first line's frame)
    and `faces`, each with `id`, `box` [x0, y0, x1, y1], `points` [[x, y], ...] in frame pixels,
    `layout`, `yaw`, `pitch`, `roll` in degrees and `trust`. What is not known is null.

    The file appears with the first line.

    Args:
        path: file to write; an older one is replaced.

    Raises:
        OutputError: the file cannot be written, here or later.
    """

    def __init__(self, path: Path) -> None:
        check_place(path)
        self._path = path
        self._file: TextIO | None = None
        self._first_ns: int | None = None
        self._closed = False

    def write(self, result: FrameResult) -> None:
        """Append the line of one frame."""
        if self._closed:  # to open the file again would empty it
            raise RuntimeError("the predictions are closed")
        frame = result.frame
        if self._first_ns is None:
            self._first_ns = frame.time_ns
        line = {
            "frame": frame.sequence,
            "time_s": round((frame.time_ns - self._first_ns) / 1e9, 6),
            "faces": [face_record(face) for face in result.faces],
        }
        text = json.dumps(line, allow_nan=False, separators=(",", ":"))
        try:
            if self._file is None:
                self._file = self._path.open("w", encoding="utf-8", newline="\n")
            self._file.write(text + "\n")
            self._file.flush()
        except OSError as error:
            raise refusal(self._path, error) from error

    def close(self) -> None:
        """Close the file; may be called twice."""
        self._closed = True
        file, self._file = self._file, None
        if file is None:
            return
        try:
            file.close()
        except OSError as error:
            raise refusal(self._path, error) from error


def face_record(face: Face) -> dict[str, Any]:
    """One face as it stands in a file; numbers that are not known become None."""
    box, pose = face.box, face.pose
    return {
        "id": face.id,
        "box": [_number(v, 2) for v in (box.x0, box.y0, box.x1, box.y1)],
        "points": [[_number(x, 2), _number(y, 2)] for x, y in face.points.astype(np.float64)],
        "layout": face.layout.name,
        "yaw": _number(pose.yaw, 2) if pose else None,
        "pitch": _number(pose.pitch, 2) if pose else None,
        "roll": _number(pose.roll, 2) if pose else None,
        "trust": _number(face.trust, 4),
    }


def _number(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
