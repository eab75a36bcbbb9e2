"""What a reader of figures has to know about how they were made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.evaluate.results import ClipResult


def report_facts(results: Sequence[ClipResult], settings: Mapping[str, Any]) -> list[str]:
    """Sentences about labels and settings, for `render_report`.

    Args:
        results: one per clip.
        settings: see `EvaluationSettings.as_dict`; those of a kept evaluation, too.
    """
    smoothing = "on" if settings["smoothing"] else "off, so that the models are measured"
    angles = sorted({round(result.field_of_view_deg, 1) for result in results})
    view = f"{angles[0]:g}°" if len(angles) == 1 else f"{angles[0]:g}° to {angles[-1]:g}°"
    origins = dict.fromkeys(result.origin.in_words() for result in results)
    return [
        f"Detector {settings['detector']} every {settings['detect_interval_s']:g} s;",
        f"smoothing {smoothing};",
        f"field of view {view}.",
        *(words for words in origins if words),
    ]
