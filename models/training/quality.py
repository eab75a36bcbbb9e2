"""How far an answer deserves belief: judged by its points, not by how the crop was made."""

from __future__ import annotations

import torch
from torch import Tensor

from models.training.batches import Batch

SMALLEST_EYE_DISTANCE = 0.2
"""Eye distance (crop units) below which an error is not magnified further: in profile the eye
corners nearly coincide."""

GOOD, BAD = 0.05, 0.11
"""Mean error of the points, share of the eye distance, up to which trust should be 1, and from
which on 0: a half lies at the limit of failure, 0.08."""


def quality(points: Tensor, batch: Batch) -> Tensor:
    """How far points (B, K, 2), 0..1 across the crop, deserve belief, (B,): 1 where they are off by
    up to `GOOD`, 0 from `BAD` on and where there is no face.
    """
    unit = batch.eye_distance.clamp_min(SMALLEST_EYE_DISTANCE)
    off = (points - batch.points).norm(dim=2) / unit[:, None]
    counted = batch.truth.sum(dim=1)
    error = torch.where(batch.truth, off, 0).sum(dim=1) / counted.clamp_min(1)
    share = ((BAD - error) / (BAD - GOOD)).clamp(0, 1)
    return torch.where(counted > 0, share, 0)
