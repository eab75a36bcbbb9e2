"""The loss of seed 000, and the practical form of it that trains better.

Seed: (1/M) Σ_m Σ_n γ_n ‖d‖², γ_n = Σ_c ω^c · Σ_k (1 - cos θ_k): face n of the classes c counts
by the rarity of its classes and by how far its pose is misjudged. As the pose branch learns,
Σ_k (1 - cos θ_k) goes to 0 and with it the weight of every face; and ω spans a factor of 20. So
the practical form weighs by a power of the class term, normalised to a mean of 1, and by
1 + Σ_k (1 - cos θ_k), and trains the pose branch by a term of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from app.core.layout import IBUG68
from models.pfld.network import Prediction
from models.training.batches import Batch
from models.training.quality import SMALLEST_EYE_DISTANCE, quality

Form = Literal["seed", "practical"]
Distance = Literal["l2", "l1", "wing"]

UPPER = (37, 38, 43, 44, 61, 62, 63)
LOWER = (41, 40, 47, 46, 67, 66, 65)
"""Points of the upper and the lower lids and inner lips that face each other."""

MOSTLY_KNOWN = 0.6
"""Pose and mesh of a face are learned where more than this share of its points counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LossRecipe:
    """The `[loss]` table of a recipe.

    Attributes:
        form: `seed` or `practical`.
        classes: weigh by the rarity of the attribute classes.
        pose: weigh by the deviation of the estimated pose.
        class_power: power of the class term in the practical form.
        distance: of a point in the practical form. `l2` is squared; `wing` is logarithmic near 0
            (Feng et al., CVPR 2018).
        wing_width: where wing becomes linear, share of the eye distance.
        wing_curve: its curvature, share of the eye distance.
        pose_share: weight of the auxiliary branch's own pose term in the practical form.
        head_pose_share: weight of the error of the network's pose, mean over the angles, radians.
        mesh_share: weight of the error of the whole mesh, in eye distances: 400 points more that
            say what a face can look like.
        trust_share: weight of the cross entropy of trust, whose truth is how far the network's own
            points are off, see `quality`.
        visibility_share: weight of the cross entropy of visibility.
        expression_share: weight of the error of the blendshapes.
        opening_share: weight of the error of the gaps between lids and between lips. A network
            that draws every eye half open misplaces its points by little, so the points alone
            teach it late that eyes shut. The practical form only.
        groups: weight of the points of a region, 1 where not named; the practical form only.
    """

    form: Form = "practical"
    classes: bool = True
    pose: bool = True
    class_power: float = 0.5
    distance: Distance = "l1"
    wing_width: float = 0.1
    wing_curve: float = 0.02
    pose_share: float = 0.1
    head_pose_share: float = 0.1
    mesh_share: float = 0.0
    trust_share: float = 0.1
    visibility_share: float = 0.0
    expression_share: float = 0.0
    opening_share: float = 0.0
    groups: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Read the `[loss]` table of a recipe."""
        return cls(**table)


def class_weights(attributes: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """ω, (6,): the reciprocal of the share of each class among the training faces (M, 6).

    Raises:
        ValueError: a face has no class, so the loss would not see it.
    """
    if not attributes.any(axis=1).all():
        raise ValueError("a face without an attribute class would have weight 0")
    shares = attributes.mean(axis=0)
    # A class that no training face has weighs nothing and meets nothing.
    return np.where(shares > 0, 1 / np.maximum(shares, 1e-12), 0.0).astype(np.float32)


def class_term(attributes: Tensor, weights: Tensor | None) -> Tensor:
    """Σ_c ω^c over the classes of each face: (B, 6) bool to (B,); ones without weights."""
    if weights is None:
        return torch.ones(len(attributes), device=attributes.device)
    return attributes.to(weights.dtype) @ weights


def angles_of(rotations: Tensor) -> Tensor:
    """(B, 3) yaw, pitch, roll in radians of (B, 3, 3), as `app.core.rotation.matrix_to_pose`."""
    yaw = torch.asin(rotations[:, 2, 0].clamp(-1, 1))
    pitch = torch.atan2(-rotations[:, 2, 1], rotations[:, 2, 2])
    roll = torch.atan2(rotations[:, 1, 0], rotations[:, 0, 0])
    return torch.stack([yaw, pitch, roll], dim=1)


def pose_term(estimated: Tensor, true: Tensor) -> Tensor:
    """Σ_k (1 - cos θ_k), (B,), for angles (B, 3) in radians."""
    return (1 - torch.cos(estimated - true)).sum(dim=1)


def angle_error(estimated: Tensor, true: Tensor) -> Tensor:
    """Mean deviation of angles (B, 3), (B,), all in radians."""
    deviation = estimated - true
    return torch.atan2(torch.sin(deviation), torch.cos(deviation)).abs().mean(dim=1)


def seed_loss(points: Tensor, truth: Tensor, counts: Tensor, gamma: Tensor) -> Tensor:
    """(1/M) Σ_m Σ_n γ_n ‖d‖².

    Args:
        points: (B, 68, 2) predicted.
        truth: (B, 68, 2).
        counts: (B, 68), False for points that do not count.
        gamma: (B,); ones give plain L2.
    """
    squared = ((points - truth) ** 2).sum(dim=2)
    return (torch.where(counts, squared, 0) * gamma[:, None]).sum() / len(points)


def point_distance(offset: Tensor, recipe: LossRecipe) -> Tensor:
    """(B, 68) distances of offsets (B, 68, 2) that are shares of the eye distance."""
    if recipe.distance == "l2":
        return (offset**2).sum(dim=2)
    size = offset.abs()
    if recipe.distance == "l1":
        return size.sum(dim=2)
    width, curve = recipe.wing_width, recipe.wing_curve
    constant = width - width * float(np.log1p(width / curve))
    bent = width * torch.log1p(size / curve)
    return torch.where(size < width, bent, size - constant).sum(dim=2)


class PfldLoss(nn.Module):
    """Prediction and batch to one number to minimise.

    Args:
        recipe: which form, and its parts.
        attributes: (M, 6) of the training faces, for ω.
    """

    def __init__(self, recipe: LossRecipe, attributes: npt.NDArray[np.bool_]) -> None:
        super().__init__()
        self._recipe = recipe
        omega = class_weights(attributes)
        self.register_buffer("_omega", torch.from_numpy(omega) if recipe.classes else None)
        self._usual = float(np.mean((attributes @ omega) ** recipe.class_power))
        weights = torch.ones(IBUG68.count)
        for group, weight in recipe.groups.items():
            weights[list(IBUG68.groups[group])] = weight
        self.register_buffer("_point_weights", weights / weights.mean())

    def forward(self, prediction: Prediction, batch: Batch) -> Tensor:
        """The loss of a batch, a scalar."""
        recipe = self._recipe
        points = prediction.points.unflatten(1, (IBUG68.count, 2))
        angles = angles_of(batch.rotations)
        if prediction.auxiliary_pose is None:
            deviation = torch.zeros_like(angles[:, 0])
        else:
            deviation = pose_term(prediction.auxiliary_pose, angles)
        classes = class_term(batch.attributes, self._omega)
        if recipe.form == "seed":
            weighed = recipe.pose and prediction.auxiliary_pose is not None
            gamma = classes * (deviation if weighed else torch.ones_like(deviation))
            face_loss = seed_loss(points, batch.points, batch.counts, gamma)
        else:
            face_loss = self._practical(points, batch, classes, deviation)
        trust = functional.binary_cross_entropy_with_logits(
            prediction.trust[:, 0], quality(points.detach(), batch)
        )
        # Under a real mask the teacher guesses most points, and with them pose and mesh.
        known = batch.positive & (batch.counts.float().mean(dim=1) > MOSTLY_KNOWN)
        total = face_loss + recipe.trust_share * trust
        total = total + recipe.head_pose_share * _mean_of(
            angle_error(prediction.pose, angles), known
        )
        if recipe.visibility_share:
            known_parts = batch.visible.isfinite()
            parts = functional.binary_cross_entropy_with_logits(
                prediction.visibility, batch.visible.nan_to_num(0.0), reduction="none"
            )
            total = total + recipe.visibility_share * _mean_of(parts, known_parts)
        if recipe.expression_share:
            told = batch.blendshapes.isfinite()
            error = functional.smooth_l1_loss(
                prediction.expression, batch.blendshapes.nan_to_num(0.0), reduction="none", beta=0.1
            )
            total = total + recipe.expression_share * _mean_of(error, told)
        if recipe.mesh_share:
            assert prediction.mesh is not None  # noqa: S101  it is in training mode
            mesh = prediction.mesh.unflatten(1, (-1, 2)) - batch.meshes
            unit = batch.eye_distance.clamp_min(SMALLEST_EYE_DISTANCE)
            error = mesh.abs().sum(dim=2).mean(dim=1) / unit
            total = total + recipe.mesh_share * _mean_of(error, known)
        return total

    def _practical(
        self, points: Tensor, batch: Batch, classes: Tensor, deviation: Tensor
    ) -> Tensor:
        recipe = self._recipe
        weight = torch.ones_like(deviation)
        if recipe.classes:
            weight = classes**recipe.class_power / self._usual
        if recipe.pose:
            weight = weight * (1 + deviation.detach())
        unit = batch.eye_distance.clamp_min(SMALLEST_EYE_DISTANCE)[:, None, None]
        offset = (points - batch.points) / unit
        distances = point_distance(offset, recipe) * self._point_weights
        total = _weighted_mean(distances, batch.counts, weight)
        if recipe.opening_share:
            gaps = point_distance(offset[:, UPPER] - offset[:, LOWER], recipe)
            known = batch.counts[:, UPPER] & batch.counts[:, LOWER]
            total = total + recipe.opening_share * _weighted_mean(gaps, known, weight)
        positive = batch.positive.to(deviation.dtype)
        pose = (deviation * positive).sum() / positive.sum().clamp_min(1)
        return total + recipe.pose_share * pose


def _mean_of(values: Tensor, faces: Tensor) -> Tensor:
    """Mean of values over some of them, 0 where there are none; both (B,) or (B, K)."""
    return (values * faces).sum() / faces.sum().clamp_min(1)


def _weighted_mean(values: Tensor, counts: Tensor, weight: Tensor) -> Tensor:
    """Mean of values (B, K) where they count, each face times its weight (B,)."""
    total = (torch.where(counts, values, 0) * weight[:, None]).sum()
    return total / counts.sum().clamp_min(1)
