"""The face detectors that can be chosen, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.core.errors import PfldLiveError
from app.vision.detector import FaceDetector


@dataclass(frozen=True, slots=True)
class DetectorEntry:
    """One detector.

    Attributes:
        name: key on the command line and in settings.
        label: name for people.
        summary: one sentence: what it is good for.
        make: builds it; may take seconds, so call it on a worker thread.
    """

    name: str
    label: str
    summary: str
    make: Callable[[], FaceDetector]


def _blazeface() -> FaceDetector:
    from app.vision.blazeface import BlazeFaceDetector  # imports mediapipe

    return BlazeFaceDetector()


def _haar() -> FaceDetector:
    from app.vision.haar import HaarDetector

    return HaarDetector()


DETECTORS: Mapping[str, DetectorEntry] = MappingProxyType(
    {
        entry.name: entry
        for entry in (
            DetectorEntry(
                "blazeface",
                "BlazeFace (MediaPipe)",
                "Finds near and far faces, also turned ones; takes seconds to start.",
                _blazeface,
            ),
            DetectorEntry(
                "haar",
                "Haar cascade (OpenCV)",
                "Finds frontal faces; starts at once.",
                _haar,
            ),
        )
    }
)
DEFAULT_DETECTOR = "blazeface"


def find_detector(name: str) -> DetectorEntry:
    """The detector called `name`.

    Raises:
        PfldLiveError: there is none.
    """
    entry = DETECTORS.get(name.strip().lower())
    if entry is None:
        raise PfldLiveError(
            f"There is no detector {name!r}; choose one of: {', '.join(DETECTORS)}."
        )
    return entry
