"""What a user may choose about a recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from app.core.quantity import Quantity
from app.record.quality import DEFAULT_QUALITY, QUALITIES
from app.record.style import OverlayOptions

CONSTANT_RATE = Quantity(
    name="Constant rate",
    default=30.0,
    low=1.0,
    high=120.0,
    step=1.0,
    unit="fps",
    decimals=2,
    help="Pictures a second of a video of constant rate: a picture stands until the next one "
    "comes, and of two within one step the later is kept.",
    source="the usual rate of webcams",
)


class What(Enum):
    """Which pictures are recorded."""

    ANNOTATED = "annotated"
    """With what is known of the faces drawn in."""
    CLEAN = "clean"
    """As they came from the source."""
    BOTH = "both"
    """Two videos."""

    @property
    def annotated(self) -> bool:
        """Whether there is a video with the overlay."""
        return self is not What.CLEAN

    @property
    def clean(self) -> bool:
        """Whether there is a video without it."""
        return self is not What.ANNOTATED


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSettings:
    """How a recording is made.

    Attributes:
        what: which pictures.
        overlay: what is drawn into the annotated ones.
        quality: a key of `QUALITIES`.
        constant_rate: pictures a second, or None for the true times.

    Raises:
        PfldLiveError: the rate is out of its range.
        ValueError: there is no such quality.
    """

    what: What = What.ANNOTATED
    overlay: OverlayOptions = field(default_factory=OverlayOptions)
    quality: str = DEFAULT_QUALITY
    constant_rate: float | None = None

    def __post_init__(self) -> None:
        if self.quality not in QUALITIES:
            raise ValueError(f"there is no quality {self.quality!r}")
        if self.constant_rate is not None:
            CONSTANT_RATE.check(self.constant_rate)
