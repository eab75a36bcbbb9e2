"""The network of seed 002, after the NaimishNet pattern (Agarwal et al., arXiv:1710.00977).

From convolution to convolution the kernels shrink, the maps become more and smaller by pooling,
and the dropout rises; three fully connected layers follow. Seed 002 has batch normalisation after
every layer, dropout, pooling, a square grey input, and begins with 32 kernels of 5×5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from models.training.families import Prediction

POINTS = 68
KERNELS = (5, 4, 3, 2, 1)
"""Side of the kernels of the convolutions, first to last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What fixes the shape of the network.

    Attributes:
        input_size: side of the square grey crop, pixels.
        channels: maps of the convolutions, at most as many as there are kernels; each is pooled
            to half its resolution.
        hidden: widths of the fully connected layers before the points; there may be none.
        dropout: chance that a value is left out, after each convolution and each hidden layer.
    """

    input_size: int
    channels: tuple[int, ...]
    hidden: tuple[int, ...]
    dropout: tuple[float, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.channels) <= len(KERNELS):
            raise TypeError(f"there must be 1 to {len(KERNELS)} convolutions")
        if len(self.dropout) != len(self.channels) + len(self.hidden):
            raise TypeError("dropout needs one number per convolution and hidden layer")

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Read the `[network]` table of a recipe."""
        return cls(**{k: tuple(v) if isinstance(v, list) else v for k, v in table.items()})

    @property
    def features(self) -> int:
        """Numbers that the last maps hold."""
        side = self.input_size
        for kernel in KERNELS[: len(self.channels)]:
            side = (side - kernel + 1) // 2
        return self.channels[-1] * side**2


class NaimishNet(nn.Module):
    """Grey crop to 68 points and trust."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        dropout = iter(architecture.dropout)
        layers: list[nn.Module] = []
        before = 1
        for channels, kernel in zip(architecture.channels, KERNELS, strict=False):
            layers += [
                nn.Conv2d(before, channels, kernel, bias=False),
                # Pooled first, the rest has a quarter of the work.
                nn.MaxPool2d(2),
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
                nn.Dropout(next(dropout)),
            ]
            before = channels
        self.maps = nn.Sequential(*layers)
        layers, before = [nn.Flatten()], architecture.features
        for width in architecture.hidden:
            layers += [
                nn.Linear(before, width, bias=False),
                nn.BatchNorm1d(width),
                nn.ReLU(inplace=True),
                nn.Dropout(next(dropout)),
            ]
            before = width
        self.hidden = nn.Sequential(*layers)
        self.points = nn.Linear(before, 2 * POINTS)
        self.trust = nn.Linear(before, 1)

    def forward(self, x: Tensor) -> Prediction:
        """(B, 1, input_size, input_size) normalised crops to points in 0..1 and trust."""
        features = self.hidden(self.maps(x))
        # Half precision has steps of 0.4 % of the crop: never for the coordinates.
        with torch.autocast(x.device.type, enabled=False):
            features = features.float()
            return Prediction(self.points(features), self.trust(features))
