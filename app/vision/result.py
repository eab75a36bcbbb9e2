"""What the vision thread hands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.face import Face
from app.core.frame import Frame

STAGES = ("detect", "landmarks", "pose", "track", "total")
"""Names of the timed stages; `track` holds association and smoothing, `total` the whole."""


@dataclass(frozen=True, eq=False, slots=True)
class FrameResult:
    """One frame with its faces: the only thing that crosses threads after the vision stage.

    Attributes:
        frame: the frame, unchanged.
        faces: trusted faces, by id.
        stages_ms: stage name -> milliseconds; a stage that did not run in this frame is absent.
        model: label of the landmark model that ran, or "" while none is loaded.
        detector: name of the detector, or "" while none is loaded.
        finished_ns: monotonic clock at the end of the vision stage.
    """

    frame: Frame
    faces: tuple[Face, ...]
    stages_ms: Mapping[str, float]
    model: str
    detector: str
    finished_ns: int
