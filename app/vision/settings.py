"""What can be set in the vision stage: every number declared once."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.core.quantity import Quantity
from app.core.smoothing import SmoothingSettings

MAX_FACES = Quantity(
    name="Faces at most",
    default=4,
    low=1,
    high=64,
    step=1,
    unit="",
    help="Faces followed at the same time; the largest are kept.",
    source="four faces cost about 6 ms of landmarks on one thread",
)
DETECT_INTERVAL = Quantity(
    name="Detect every",
    default=0.15,
    low=0.0,
    high=2.0,
    step=0.05,
    unit="s",
    decimals=2,
    help="Time between two runs of the face detector while all faces are trusted; 0 runs it in "
    "every frame.",
    source="a new face shows up within the time of a blink",
)
FIELD_OF_VIEW = Quantity(
    name="Field of view",
    default=60.0,
    low=20.0,
    high=140.0,
    step=1.0,
    unit="°",
    help="Horizontal angle that the camera sees; the head pose assumes it.",
    source="between common webcams (55 to 78 degrees diagonal)",
)
TRUST = Quantity(
    name="Trust at least",
    default=0.5,
    low=0.0,
    high=1.0,
    step=0.05,
    unit="",
    decimals=2,
    help="Faces trusted less are not shown, by the model or, where it doubts, by model and "
    "detector together.",
    source="where the trust output splits faces from crops that hold none",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisionSettings:
    """Settings of the pipeline; they may be replaced between two frames."""

    max_faces: int = int(MAX_FACES.default)
    detect_interval_s: float = DETECT_INTERVAL.default
    field_of_view_deg: float = FIELD_OF_VIEW.default
    min_trust: float = TRUST.default
    smooth: bool = True
    smoothing: SmoothingSettings = field(default_factory=SmoothingSettings)

    def __post_init__(self) -> None:
        MAX_FACES.check(self.max_faces)
        DETECT_INTERVAL.check(self.detect_interval_s)
        FIELD_OF_VIEW.check(self.field_of_view_deg)
        TRUST.check(self.min_trust)
