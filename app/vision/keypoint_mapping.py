"""From the keypoints that a detector reports to the face box of the program."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.face import Box
from app.core.geometry import roll_of, upright_axes
from app.core.resources import asset

FILE = "blazeface_boxes.json"
"""In `assets/`: the mappings of BlazeFace's two networks, by `short` and `full`."""


class Constellation(NamedTuple):
    """How K keypoints lie to each other, upright and of one size.

    Attributes:
        places: (K, 2) in units of their spread, from their mean, on axes along the eyes.
        centre: (2,) their mean in pixels.
        spread: root mean square of their distance from it, pixels.
        roll: of the line between the first two, the eyes; degrees clockwise.
    """

    places: npt.NDArray[np.float64]
    centre: npt.NDArray[np.float64]
    spread: float
    roll: float

    @classmethod
    def of(cls, keypoints: npt.NDArray[np.floating[Any]]) -> Constellation:
        """Of keypoints (K, 2) in pixels, those of the eyes first, in the order of the picture."""
        roll = roll_of(keypoints[0], keypoints[1])
        centre = keypoints.mean(axis=0, dtype=np.float64)
        places = (keypoints - centre) @ upright_axes(roll).T
        spread = max(float(np.sqrt((places**2).sum(axis=1).mean())), 1e-6)
        return cls(places / spread, centre, spread, roll)

    def numbers(self) -> npt.NDArray[np.float64]:
        """(1 + 2 K,) what a mapping is linear in: 1 and the places."""
        return np.concatenate([[1.0], self.places.ravel()])


@dataclass(frozen=True, eq=False, slots=True)
class KeypointMapping:
    """Where the face box lies among the keypoints.

    A detector's own square is a coarse thing; its keypoints tell how large the face is and where
    its middle lies two times as well, and how it is tilted.

    Attributes:
        weights: (1 + 2 K, 3); times `Constellation.numbers` they give the way to the middle of
            the box, right and down in units of the spread on the face's axes, and the logarithm
            of its side in that unit.
    """

    weights: npt.NDArray[np.float64]

    def apply(self, keypoints: npt.NDArray[np.floating[Any]], score: float = 1.0) -> Box:
        """The (square) face box of a face with these keypoints (K, 2), in the same pixels."""
        seen = Constellation.of(keypoints)
        right, down, side = seen.numbers() @ self.weights
        x, y = seen.centre + seen.spread * np.array([right, down]) @ upright_axes(seen.roll)
        half = seen.spread * math.exp(side) / 2
        return Box(x - half, y - half, x + half, y + half, score, seen.roll)


def blazeface_mappings() -> dict[str, KeypointMapping]:
    """The mappings of BlazeFace's networks, as measured on training faces."""
    table = json.loads(asset(FILE).read_text("utf-8"))["weights"]
    return {name: KeypointMapping(np.array(rows)) for name, rows in table.items()}
