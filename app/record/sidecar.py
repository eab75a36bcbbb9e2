"""What was found in each frame, as JSON Lines and as CSV."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TextIO

import numpy as np

from app.core.cells import as_cell
from app.core.face import Face
from app.core.files import open_output, refusal
from app.core.openings import face_openings
from app.core.text import readable
from app.record.output import Writer, check_place
from app.vision.result import FrameResult

State = Mapping[str, Any]
"""What the driver stage says of a frame, ready for JSON."""

COLUMNS: Final = (
    *("frame", "time_s", "model", "state", "id", "x0", "y0", "x1", "y1"),
    *("yaw", "pitch", "roll", "x_cm", "y_cm", "z_cm", "trust"),
    *("left_eye", "right_eye", "mouth", "layout", "points"),
)
"""Of a CSV file. `points` holds x and y of all points in turn, parted by spaces."""


class LinesWriter(Writer):
    """Writes text for each frame; it is on the disk before the next frame comes.

    The file appears with the first frame.

    Args:
        path: file to write; an older one is replaced.

    Raises:
        OutputError: the file cannot be written, here or later.
    """

    def __init__(self, path: Path) -> None:
        check_place(path)
        self._path = path
        self._file: TextIO | None = None
        self._first_ns = 0
        self._closed = False

    def write(self, result: FrameResult, state: State | None = None) -> None:
        """Append what belongs to one frame."""
        if self._closed:  # to open the file again would empty it
            raise RuntimeError(f"{self._path.name} is closed")
        head = ""
        if self._file is None:
            self._first_ns = result.frame.time_ns
            head = self._head()
        text = readable(head + self._text(result, state, result.frame.time_ns - self._first_ns))
        try:
            if self._file is None:
                self._file = os.fdopen(open_output(self._path), "w", encoding="utf-8", newline="\n")
            self._file.write(text)
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

    def _head(self) -> str:
        """What stands before the first frame."""
        return ""

    @abstractmethod
    def _text(self, result: FrameResult, state: State | None, time_ns: int) -> str:
        """The lines of a frame, whole ones.

        Args:
            result: the frame and its faces.
            state: of the driver, None where it is not watched.
            time_ns: since the first frame.
        """


class SidecarWriter(LinesWriter):
    """One line of JSON per frame; see `frame_record`."""

    def _text(self, result: FrameResult, state: State | None, time_ns: int) -> str:
        return as_line(frame_record(result, state, time_ns))


class CsvWriter(LinesWriter):
    """One row per face, with the columns of `COLUMNS`; a frame without faces has one row, too."""

    def _head(self) -> str:
        return ",".join(COLUMNS) + "\n"

    def _text(self, result: FrameResult, state: State | None, time_ns: int) -> str:
        lines = io.StringIO()
        rows = csv.writer(lines, lineterminator="\n")
        said = "" if state is None else json.dumps(state, ensure_ascii=False)
        start = [result.frame.sequence, round(time_ns / 1e9, 6), as_cell(result.model), said]
        for face in result.faces:
            record = face_record(face)
            openings = record["openings"]
            rows.writerow(
                [
                    *(*start, face.id, *record["box"]),
                    *(record["yaw"], record["pitch"], record["roll"]),
                    *(record["position_cm"] or (None, None, None)),
                    *(record["trust"], *openings.values(), face.layout.name),
                    " ".join(_short(v) for point in record["points"] for v in point),
                ]
            )
        if not result.faces:
            rows.writerow([*start, *[None] * (len(COLUMNS) - len(start))])
        return lines.getvalue()


def as_line(record: Mapping[str, Any]) -> str:
    """A record as one line of JSON."""
    text = json.dumps(record, allow_nan=False, separators=(",", ":"), ensure_ascii=False)
    return readable(text) + "\n"


def frame_record(result: FrameResult, state: State | None, time_ns: int) -> dict[str, Any]:
    """One frame as it stands in a file or goes over a wire; what is not known is None.

    Args:
        result: the frame and its faces.
        state: of the driver, None where it is not watched.
        time_ns: since the first frame.
    """
    return {
        "frame": result.frame.sequence,
        "time_s": round(time_ns / 1e9, 6),
        "model": result.model,
        "state": state,
        "faces": [face_record(face) for face in result.faces],
    }


def face_record(face: Face) -> dict[str, Any]:
    """One face: box and points in frame pixels, angles in degrees, eyes and mouth as ratios."""
    box, pose, openings = face.box, face.pose, face_openings(face)
    position = None if pose is None else pose.position_cm
    return {
        "id": face.id,
        "box": [_number(v, 2) for v in (box.x0, box.y0, box.x1, box.y1)],
        "points": [[_number(x, 2), _number(y, 2)] for x, y in face.points.astype(np.float64)],
        "layout": face.layout.name,
        "yaw": _number(pose.yaw, 2) if pose else None,
        "pitch": _number(pose.pitch, 2) if pose else None,
        "roll": _number(pose.roll, 2) if pose else None,
        "position_cm": None if position is None else [_number(v, 2) for v in position],
        "trust": _number(face.trust, 4),
        "openings": {
            "left_eye": _number(openings.left_eye, 4),
            "right_eye": _number(openings.right_eye, 4),
            "mouth": _number(openings.mouth, 4),
        },
        "visibility": None
        if face.visibility is None
        else {name: _number(v, 3) for name, v in face.visibility._asdict().items()},
        "expression": None
        if face.expression is None
        else {name: _number(v, 3) for name, v in face.expression.items()},
    }


def _short(value: float | None) -> str:
    return "nan" if value is None else f"{value:.2f}"


def _number(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
