"""Which blendshapes a network tells well enough to be believed."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from models.training.batches import Faces, plain_crops
from models.training.blendshapes import BLENDSHAPES
from models.training.crops import Crops
from models.training.labels import Labels
from models.training.learner import normalised
from models.training.recipe import Recipe

SMALLEST_CORRELATION: Final = 0.6
"""Correlation with the teacher on val below which a blendshape is left out of the file."""


def expression_correlations(
    network: nn.Module, recipe: Recipe, labels: Labels, crops: Crops
) -> dict[str, float]:
    """Correlation of each blendshape with the teacher's on the val faces where that is known."""
    faces = Faces.of(labels, crops, "val")
    truth = labels.blendshapes[faces.rows]
    known = np.isfinite(truth).all(axis=1)
    images, _ = plain_crops(faces, recipe.crop)
    told = []
    network.eval()
    with torch.inference_mode():
        for start in range(0, len(images), 64):
            part = torch.from_numpy(images[start : start + 64]).permute(0, 3, 1, 2)
            told.append(network(normalised(part, recipe.crop)).expression.numpy())
    return correlations(np.concatenate(told)[known], truth[known])


def correlations(
    told: npt.NDArray[np.floating], truth: npt.NDArray[np.floating]
) -> dict[str, float]:
    """Correlation of each column of (F, 52); 0 where the truth or what is told never changes."""
    return {
        name: float(np.corrcoef(told[:, i], truth[:, i])[0, 1])
        if np.ptp(truth[:, i]) > 1e-3 and np.ptp(told[:, i]) > 0
        else 0.0
        for i, name in enumerate(BLENDSHAPES)
    }


def told_well(found: dict[str, float]) -> list[str]:
    """The blendshapes that reach `SMALLEST_CORRELATION`, in their order."""
    return [name for name, value in found.items() if value >= SMALLEST_CORRELATION]
