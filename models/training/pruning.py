"""What a trained network loses when its fully connected layers are thinned out, untaught."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import nn

from app.evaluate.metrics import nme, point_errors
from models.training.batches import Faces, in_layout, plain_crops
from models.training.learner import predict
from models.training.recipe import Recipe

SHARES: Final = (0.5, 0.7, 0.8, 0.9, 0.95)
"""Of the weights of each layer that become 0."""

RANKS: Final = (256, 128, 64, 32)
"""Of the products of two thin matrices that take the place of each layer."""


@dataclass(frozen=True, slots=True)
class Thinned:
    """One row of the table.

    Attributes:
        says: what was done.
        weights: of the connected layers that are left.
        share: of them among all parameters that are left.
        nme: on val, a share of the eye distance.
    """

    says: str
    weights: int
    share: float
    nme: float


def connected(network: nn.Module) -> Iterator[nn.Linear]:
    """The fully connected layers."""
    return (layer for layer in network.modules() if isinstance(layer, nn.Linear))


@torch.no_grad()
def drop_smallest(network: nn.Module, share: float) -> int:
    """Set the smallest weights of each connected layer to 0; the number of weights left."""
    left = 0
    for layer in connected(network):
        size = layer.weight.abs().flatten()
        dropped = round(share * len(size))
        if dropped:
            layer.weight[layer.weight.abs() <= size.kthvalue(dropped).values] = 0
        left += int((layer.weight != 0).sum())
    return left


@torch.no_grad()
def lower_rank(network: nn.Module, rank: int) -> int:
    """Replace each connected layer by the nearest one of a rank, where that saves weights; the
    number of weights of the thin matrices, or of the layer where it stays.
    """
    left = 0
    for layer in connected(network):
        rows, columns = layer.weight.shape
        thin = rank * (rows + columns)
        if thin < rows * columns:
            u, s, v = torch.linalg.svd(layer.weight, full_matrices=False)
            layer.weight.copy_((u[:, :rank] * s[:rank]) @ v[:rank])
        left += min(thin, rows * columns)
    return left


def thin_out(recipe: Recipe, network: nn.Module, faces: Faces) -> list[Thinned]:
    """Measure a network as it is and thinned out in every way, on the faces of a split."""
    images, points = plain_crops(faces, recipe.crop)
    layout, coordinates = recipe.system.layout, recipe.system.coordinates
    truth, counts = in_layout(points, faces.counts_here, layout)
    all_weights = sum(layer.weight.numel() for layer in connected(network))
    others = sum(p.numel() for p in network.parameters()) - all_weights

    def row(says: str, thinned: nn.Module, weights: int) -> Thinned:
        predicted = predict(thinned, images, recipe.crop, coordinates)
        error = float(np.nanmean(nme(point_errors(predicted, truth, layout, counts=counts))))
        return Thinned(says, weights, weights / (weights + others), error)

    rows = [row("as trained", network, all_weights)]
    for share in SHARES:
        thinned = copy.deepcopy(network)
        left = drop_smallest(thinned, share)
        rows.append(row(f"the smallest {share:.0%} of the weights are 0", thinned, left))
    for rank in RANKS:
        thinned = copy.deepcopy(network)
        left = lower_rank(thinned, rank)
        rows.append(row(f"rank {rank}", thinned, left))
    return rows
