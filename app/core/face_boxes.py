"""From what the detectors report to the face box of the program."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from app.core.errors import PfldLiveError
from app.core.face import Box
from app.core.geometry import roll_of, upright_axes
from app.core.resources import asset

KEYPOINTS_FILE: Final = "blazeface_boxes.json"
"""In `assets/`: where the face box lies among the keypoints of short-range BlazeFace."""

Network = Literal["short", "full"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxMapping:
    """How the face box lies in a detector's own box, in the median over training faces.

    Attributes:
        scale: side of the face box over the side of the detector's box.
        dx, dy: way from the detector's centre to the face box's, to the right and down, as a
            share of the detector's side.
    """

    scale: float
    dx: float
    dy: float

    def apply(self, box: Box) -> Box:
        """The (square) face box for a detector's box; the shift follows the box's roll."""
        x, y = np.array(box.centre) + box.side * np.array([self.dx, self.dy]) @ upright_axes(
            box.roll
        )
        half = box.side * self.scale / 2
        return Box(x - half, y - half, x + half, y + half, box.score, box.roll)


# Measured on training faces by `python -m models.training detector-boxes`.
HAAR: Final = BoxMapping(scale=0.827, dx=-0.005, dy=0.142)
"""A Haar box cuts off the chin; the margin that seed 002 asks for around it comes with the crop of
the model."""

BLAZEFACE_FULL: Final = BoxMapping(scale=0.867, dx=-0.004, dy=0.071)
"""Full range is there for far faces, of whose size its keypoints say little."""


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
    """Where the face box lies among the keypoints, which tell of a near face better than a
    detector's own square how large it is and where its middle lies.

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


def blazeface_box(network: Network, square: Box, keypoints: npt.NDArray[np.floating[Any]]) -> Box:
    """The face box of what one of BlazeFace's networks found.

    Args:
        network: which of them.
        square: its own box, with its score.
        keypoints: (6, 2) in the same pixels, the eyes first.
    """
    if network == "short":
        return _short_range().apply(keypoints, square.score)
    return BLAZEFACE_FULL.apply(replace(square, roll=roll_of(keypoints[0], keypoints[1])))


@cache
def _short_range() -> KeypointMapping:
    """The mapping of the file in `assets/`.

    Raises:
        PfldLiveError: it is missing or broken.
    """
    path = asset(KEYPOINTS_FILE)
    try:
        weights = np.array(json.loads(path.read_text("utf-8"))["weights"], np.float64)
    except (OSError, ValueError, KeyError) as error:
        raise PfldLiveError(f"{path} cannot be read ({error}); install PFLD Live again.") from error
    if weights.shape != (13, 3):
        raise PfldLiveError(f"{path} holds weights of shape {weights.shape}, not (13, 3).")
    return KeypointMapping(weights)
