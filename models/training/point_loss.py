"""The plain losses of seeds 001, 002 and 003: how far points lie from the truth, no weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from torch import Tensor, nn
from torch.nn import functional

from app.core.card import Coordinates
from models.training.batches import Batch
from models.training.families import Prediction

Distance = Literal["l1", "l2", "smooth_l1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PointLossRecipe:
    """The `[loss]` table of a recipe.

    Attributes:
        distance: of a coordinate; `l2` is squared, `smooth_l1` is squared near 0 and linear from
            `beta` on.
        beta: in the coordinates of the family.
        trust_share: weight of the cross entropy of trust, where the network gives one.
    """

    distance: Distance
    beta: float = 1.0
    trust_share: float = 0.0

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Read the `[loss]` table of a recipe."""
        return cls(**table)


class PointLoss(nn.Module):
    """Mean distance over the coordinates that count, and the cross entropy of trust.

    Args:
        recipe: which distance.
        coordinates: of the network's points, `unit` or `symmetric`; distances are measured in
            them.
    """

    def __init__(self, recipe: PointLossRecipe, coordinates: Coordinates) -> None:
        super().__init__()
        self._recipe = recipe
        self._coordinates = coordinates

    def forward(self, prediction: Prediction, batch: Batch) -> Tensor:
        """The loss of a batch, a scalar."""
        truth = self._of_unit(batch.points)
        points = prediction.points.unflatten(1, truth.shape[1:])
        loss = self._mean_distance(points, truth, batch.counts)
        if prediction.trust is not None:
            trust = functional.binary_cross_entropy_with_logits(
                prediction.trust[:, 0], batch.positive.to(prediction.trust.dtype)
            )
            loss = loss + self._recipe.trust_share * trust
        return loss

    def of_points(self, points: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
        """The part of the loss that the points make, a scalar.

        Args:
            points: (B, K, 2), 0..1 across the crop.
            truth: likewise.
            counts: (B, K) bool.
        """
        return self._mean_distance(self._of_unit(points), self._of_unit(truth), counts)

    def _of_unit(self, points: Tensor) -> Tensor:
        """Points in 0..1 across the crop in the coordinates of the family."""
        return 2 * points - 1 if self._coordinates == "symmetric" else points

    def _mean_distance(self, points: Tensor, truth: Tensor, counts: Tensor) -> Tensor:
        distances = self._distances(points, truth)
        counted = counts[..., None].expand_as(distances)
        # Where a point does not count its distance may be NaN, so it is replaced, not multiplied.
        return distances.where(counted, distances.new_zeros(())).sum() / counted.sum().clamp_min(1)

    def _distances(self, points: Tensor, truth: Tensor) -> Tensor:
        """(B, K, 2) of points and truth (B, K, 2)."""
        if self._recipe.distance == "l1":
            return functional.l1_loss(points, truth, reduction="none")
        if self._recipe.distance == "l2":
            return functional.mse_loss(points, truth, reduction="none")
        return functional.smooth_l1_loss(points, truth, reduction="none", beta=self._recipe.beta)
