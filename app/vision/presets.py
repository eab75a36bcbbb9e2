"""The pipelines of the documents: a detector and a model that belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.core.errors import PfldLiveError
from app.vision.zoo import Zoo, ZooEntry


@dataclass(frozen=True, slots=True)
class Preset:
    """A pipeline; what else it needs, such as the margin of the crop, stands on the model's card.

    Attributes:
        name: for the command line.
        title: for people.
        detector: name of the detector.
        family: of the model; the zoo has the files.
    """

    name: str
    title: str
    detector: str
    family: str

    def entry(self, zoo: Zoo) -> ZooEntry | None:
        """The model of the family that is the quickest to run; None if the zoo has none."""
        found = [e for e in zoo.usable if e.card is not None and e.card.family == self.family]

        def cost(entry: ZooEntry) -> tuple[float, float]:
            spent = None if entry.card is None else entry.card.milliseconds
            return float("inf") if spent is None else spent, entry.megabytes

        return min(found, key=cost, default=None)


PRESETS: Final = (
    Preset("haar-grey", "Haar cascade, grey network (NaimishNet)", "haar", "naimishnet"),
    Preset("mediapipe", "BlazeFace, FaceMesh (MediaPipe)", "blazeface", "mesh478"),
)
"""`haar-grey` is the pipeline of seed 002: frontal faces by a Haar cascade, boxes with a margin of
30 %, grey, normalised, network, points mapped back; `mediapipe` is the usual one of MediaPipe."""


def find_preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        PfldLiveError: there is none.
    """
    for preset in PRESETS:
        if preset.name == name.strip().lower():
            return preset
    raise PfldLiveError(
        f"There is no pipeline {name!r}; choose one of: {', '.join(p.name for p in PRESETS)}."
    )
