"""What the command line may ask of the window; needs no Qt."""

from __future__ import annotations

from dataclasses import dataclass

from app.vision.settings import VisionSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowOptions:
    """Wishes for this start; what is left out is as the user had it last.

    Attributes:
        model: label, name or path of a landmark model, or "".
        detector: name of a detector, or "".
        settings: settings of the vision stage, or None.
        loop: start a clip again at its end.
    """

    model: str = ""
    detector: str = ""
    settings: VisionSettings | None = None
    loop: bool = False
