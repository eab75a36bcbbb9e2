"""How good the pictures of a recording are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class Quality:
    """A choice between small files and good pictures.

    Attributes:
        name: on the command line and in settings.
        label: in the window.
        crf: constant rate factor of x264, 0..51, lower is better and larger
            (https://trac.ffmpeg.org/wiki/Encode/H.264).
    """

    name: str
    label: str
    crf: int


QUALITIES: Final[Mapping[str, Quality]] = MappingProxyType(
    {
        quality.name: quality
        for quality in (
            Quality("small", "Small file", 28),
            Quality("good", "Good", 20),
            Quality("best", "Best", 14),
        )
    }
)
DEFAULT_QUALITY: Final = "good"
