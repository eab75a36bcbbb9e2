"""What the vision thread hands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.core.face import Face
from app.core.frame import Frame

STAGES = ("detect", "landmarks", "pose", "track", "total")
"""Names of the timed stages; `track` holds association and smoothing, `total` the whole."""


@dataclass(frozen=True, eq=False, slots=True)
class Comparison:
    """What a second model says of the faces that the first one has found.

    Attributes:
        model: its label.
        faces: with the ids of the first model's faces, in the same order.
        distance: mean distance of the two models' unsmoothed points over all faces, on the points
            that both know, as a share of the eye distance; NaN where there is no face.
    """

    model: str
    faces: tuple[Face, ...]
    distance: float


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
        model_ms: label of a model -> milliseconds of each of its runs in this frame, crop and all.
        comparison: what a second model says of the same faces, where one was asked.
    """

    frame: Frame
    faces: tuple[Face, ...]
    stages_ms: Mapping[str, float]
    model: str
    detector: str
    finished_ns: int
    model_ms: Mapping[str, Sequence[float]] = field(default_factory=dict)
    comparison: Comparison | None = None
