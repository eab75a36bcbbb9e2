"""Label files of the project as lists of lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

Lines = list[dict[str, Any]]
"""The header and one line per frame."""


def write_lines(path: Path, lines: Lines) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def main_face_alone(lines: Lines) -> Lines:
    """The labels that a .pts file can hold: one face, points and nothing else."""
    header, *frames = lines
    header = {k: v for k, v in header.items() if k != "camera"}
    return [header] + [
        frame | {"faces": [{"points": face["points"]} for face in frame["faces"][:1]]}
        for frame in frames
    ]


def main_points(lines: Lines) -> list[np.ndarray]:
    """(68, 2) of the main face in each frame."""
    return [np.array(frame["faces"][0]["points"]) for frame in lines[1:]]
