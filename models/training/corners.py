"""A file that looks at a face four times: from each corner of its crop, twice in the mirror.

What a network says of a face changes a little when the crop moves by a pixel or is mirrored; the
mean of several answers is nearer to the truth and calmer than any of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import torch
from torch import Tensor, nn

from app.core.card import ModelCard
from app.core.layout import LAYOUTS
from models.training.blendshapes import BLENDSHAPE_MIRROR
from models.training.crops import Framing
from models.training.families import Prediction
from models.training.mesh_map import LABEL_SHIFT

MARGIN: Final = 5
"""Pixels by which the crop of the file is larger than what its network sees. It is odd since the
first convolution goes in steps of two pixels: opposite corners meet the face in other phases."""

CORNERS: Final = ((0, 0, False), (MARGIN, MARGIN, False), (MARGIN, 0, True), (0, MARGIN, True))
"""Column and row of the crop where the network's square begins, and whether it is mirrored. Both
mirrored squares and both others lie at opposite corners, so that either pair is centred."""


def with_margin(framing: Framing) -> Framing:
    """The crop of the file around that of the network, at the same scale."""
    size = framing.size + MARGIN
    return replace(framing, size=size, scale=framing.scale * size / framing.size)


class FromCorners(nn.Module):
    """A network that answers with the mean of what it says of the four corners of a crop.

    Args:
        network: whose square is `MARGIN` smaller than the crop.
        card: of the file; its input size is that of the crop.
    """

    def __init__(self, network: nn.Module, card: ModelCard) -> None:
        super().__init__()
        self._network = network
        self._mirror = list(LAYOUTS[card.layout].mirror)
        self._outer = LAYOUTS[card.layout].outer_eye_corners
        self._crop = card.input_size
        self._square = card.input_size - MARGIN
        # Where pictures begin in the coordinates of the network, and how long square and crop are.
        self._low, self._square_long, self._crop_long = {
            "unit": (0.0, 1.0, 1.0),
            "symmetric": (-1.0, 2.0, 2.0),
            "pixels": (0.0, float(self._square), float(self._crop)),
        }[card.coordinates]

    def forward(self, crop: Tensor) -> Prediction:
        """(1, C, N, N) to a prediction for a batch of one."""
        seen = []
        for x, y, mirrored in CORNERS:
            square = crop[:, :, y : y + self._square, x : x + self._square]
            seen.append(square.flip(3) if mirrored else square)
        answers = self._network(torch.cat(seen))
        points, trust, pose = answers.points, answers.trust, answers.pose
        points = points.unflatten(1, (len(self._mirror), 2))
        points = (points - self._low) / self._square_long  # 0..1 across the square
        back = []
        for own, (x, y, mirrored) in zip(points, CORNERS, strict=True):
            if mirrored:
                own = own[self._mirror] * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0])
                # The labels lie a little to the right of the middle, in mirrored crops, too.
                eyes = (own[self._outer[1]] - own[self._outer[0]]).norm()
                own = own + torch.stack([2 * LABEL_SHIFT * eyes, eyes * 0])
            back.append(own * self._square + torch.tensor([float(x), float(y)]))
        mean = torch.stack(back).mean(dim=0) / self._crop  # 0..1 across the crop
        if trust is not None:
            trust = trust.mean(dim=0, keepdim=True)
        if pose is not None:
            turned = torch.tensor([[-1.0, 1.0, -1.0] if m else [1.0] * 3 for _, _, m in CORNERS])
            pose = (pose * turned).mean(dim=0, keepdim=True)
        flipped = torch.tensor([m for _, _, m in CORNERS])[:, None]
        seen, told = answers.visibility, answers.expression
        if seen is not None:
            seen = torch.where(flipped, seen[:, [1, 0, 2]], seen).mean(dim=0, keepdim=True)
        if told is not None:
            other = told[:, list(BLENDSHAPE_MIRROR)]
            told = torch.where(flipped, other, told).mean(dim=0, keepdim=True)
        own = mean * self._crop_long + self._low
        return Prediction(own.flatten()[None], trust, pose, seen, told)
