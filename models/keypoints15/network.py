"""The network of seed 003: convolutions with batch normalisation and spatial dropout.

Seed 003 fixes input (1, 96, 96), output (15, 2) in [-1, 1] and the three kinds of layers, and
leaves the rest to the student.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from models.training.families import Prediction

POINTS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What fixes the shape of the network.

    Attributes:
        input_size: side of the square grey crop, pixels; 2 to the number of channels divides it.
        channels: of the convolutions, each of which halves the resolution.
        hidden: width of the fully connected layer between the maps and the points.
        spatial_dropout: chance that a whole map is left out, after each convolution.
        dropout: chance that a value of the hidden layer is left out.
    """

    input_size: int
    channels: tuple[int, ...]
    hidden: int
    spatial_dropout: float
    dropout: float

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Read the `[network]` table of a recipe."""
        return cls(**{**table, "channels": tuple(table["channels"])})


class Keypoints15(nn.Module):
    """Grey crop to 15 points and trust."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for channels in architecture.channels:
            kernel = 5 if before == 1 else 3
            layers += [
                # No bias: normalisation takes it out again.
                nn.Conv2d(before, channels, kernel, 2, kernel // 2, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(inplace=True),
                nn.Dropout2d(architecture.spatial_dropout),
            ]
            before = channels
        self.maps = nn.Sequential(*layers)
        side = architecture.input_size // 2 ** len(architecture.channels)
        self.hidden = nn.Sequential(
            nn.Flatten(),
            nn.Linear(before * side**2, architecture.hidden, bias=False),
            nn.BatchNorm1d(architecture.hidden),
            nn.ReLU(inplace=True),
            nn.Dropout(architecture.dropout),
        )
        self.points = nn.Linear(architecture.hidden, 2 * POINTS)
        self.trust = nn.Linear(architecture.hidden, 1)

    def forward(self, x: Tensor) -> Prediction:
        """(B, 1, input_size, input_size) normalised crops to points in -1..1 and trust."""
        features = self.hidden(self.maps(x))
        # Half precision has steps of 0.4 % of the crop: never for the coordinates.
        with torch.autocast(x.device.type, enabled=False):
            features = features.float()
            return Prediction(self.points(features), self.trust(features))
