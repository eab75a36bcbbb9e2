"""Gaps of lids and lips as wide as people mark them.

A network that learned from noisy marks predicts their mean: it shows less than is there when eyes
and mouths move. A straight line undoes that, and the last layer of the network takes it in.
"""

from __future__ import annotations

import numpy as np
import torch

from models.pfld.network import Pfld
from models.training.batches import Faces, plain_crops
from models.training.crops import Crops
from models.training.labels import Labels
from models.training.learner import predict
from models.training.mesh_map import GAPS, gap_line
from models.training.recipe import Recipe


def widen_gaps(
    network: Pfld, recipe: Recipe, labels: Labels, crops: Crops
) -> list[tuple[float, float]]:
    """Fit the lines on the val faces that people checked and take them into the network.

    Args:
        network: trained; changed in place.
        recipe: of the network.
        labels: of all faces.
        crops: of the same faces.

    Returns:
        Slope and intercept, in eye distances, of the gaps of lids and of lips as they were.
    """
    faces = Faces.of(labels, crops, "val")
    hand = labels.hand[faces.rows]
    images, truth = plain_crops(faces, recipe.crop)
    images, truth = images[hand], truth[hand]
    points = predict(network, images, recipe.crop)
    eyes = float(np.linalg.norm(truth[:, 45] - truth[:, 36], axis=1).mean())
    lines = [gap_line(points, truth, pairs) for pairs in GAPS]
    for pairs, (slope, intercept) in zip(GAPS, lines, strict=True):
        for upper, lower in pairs:
            _widen(network, upper, lower, 1 / slope, intercept * eyes / slope)
    return lines


def _widen(network: Pfld, upper: int, lower: int, factor: float, less: float) -> None:
    """Make the way from one point to another `factor` times as long and, downwards, `less` (share
    of the crop) shorter, about its middle.
    """
    layers = [network.points, *([network.direct.points] if network.direct else [])]
    with torch.no_grad():
        for layer in layers:
            for tensor in (layer.weight, layer.bias):
                if tensor is None:
                    continue
                for axis in range(2):
                    above, below = (
                        tensor[2 * upper + axis].clone(),
                        tensor[2 * lower + axis].clone(),
                    )
                    middle, half = (above + below) / 2, (below - above) / 2 * factor
                    tensor[2 * upper + axis], tensor[2 * lower + axis] = (
                        middle - half,
                        middle + half,
                    )
        network.points.bias[2 * upper + 1] += less / 2
        network.points.bias[2 * lower + 1] -= less / 2
