"""What the options of the command line mean for the vision stage."""

from __future__ import annotations

import argparse
from typing import Any

from app.core.errors import ModelError, PfldLiveError
from app.vision.presets import find_preset
from app.vision.settings import VisionSettings
from app.vision.zoo import Zoo

CAMERA_GIVE_UP_S = 30.0
"""Without a window nobody is there to plug a camera in again."""

_FIELDS = {
    "max_faces": "max_faces",
    "fov": "field_of_view_deg",
    "detect_interval": "detect_interval_s",
    "smooth": "smooth",
}


def _given(options: argparse.Namespace) -> dict[str, Any]:
    values = {field: getattr(options, name, None) for name, field in _FIELDS.items()}
    return {field: value for field, value in values.items() if value is not None}


def vision_settings(options: argparse.Namespace) -> VisionSettings:
    """The settings that the options ask for, defaults where they are silent.

    Raises:
        PfldLiveError: a number is out of its range.
    """
    return VisionSettings(**_given(options))


def wished_settings(options: argparse.Namespace) -> dict[str, Any]:
    """The fields of `VisionSettings` that the options name; the window remembers the others.

    Raises:
        PfldLiveError: a number is out of its range.
    """
    given = _given(options)
    VisionSettings(**given)  # checks the ranges
    return given


def apply_pipeline(options: argparse.Namespace) -> None:
    """Set model and detector as the named pipeline says; what is named beside it goes first.

    Raises:
        PfldLiveError: there is no such preset, or the zoo lacks its model.
    """
    name: str | None = options.pipeline
    if name is None:
        return
    if options.model and options.detector:
        raise PfldLiveError(
            "--pipeline changes nothing beside both --model and --detector; leave one of them out."
        )
    preset = find_preset(name)
    entry = preset.entry(Zoo.scan())
    if entry is None and not options.model:
        raise ModelError(
            f"The pipeline {preset.name} needs a model of the family {preset.family}, and there is "
            "none; see `pfld-live models`."
        )
    options.model = options.model or (entry.label if entry is not None else None)
    options.detector = options.detector or preset.detector
