"""What the command line may ask of the window; needs no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOptions:
    """Wishes for this start; what is left out is as the user had it last.

    Attributes:
        model: label, name or path of a landmark model, or "".
        detector: name of a detector, or "".
        settings: fields of `VisionSettings` and their values.
        loop: start a clip again at its end.
    """

    model: str = ""
    detector: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    loop: bool = False
