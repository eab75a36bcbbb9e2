"""The network of seed 001: ResNet maps of four depths, cut into patches, become tokens of one
width; a Transformer encoder mixes them, and 68 of its outputs are the points.

Where the document's listing and its numbers disagree, the numbers rule. Maps of 64×112×112,
256×56×56, 512×28×28 and 2048×7×7 are to become 784 tokens of 1024, 784 of 1024, 196 of 2048 and
49 of 2048, so patches have sides of 4, 2, 2 and 1 (the listing's 2 for the first gives 3136 of
256). Of 784, 784, 196 and 49 tokens 441 are to be left by taking maxima over groups, so groups
have 8, 8, 1 and 1 tokens (the listing's 16, 8, 4 and 1 leave 245).
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from models.landmark_transformer.resnet import Depth, ResNet
from models.training.families import Prediction

POINTS = 68
PATCHES = (4, 2, 2, 1)
"""Side of the patches of each map, in its pixels."""

GROUPS = (8, 8, 1, 1)
"""Neighbouring tokens of each map that become one."""

REDUCTIONS = (2, 4, 8, 32)
"""Side of the input as a multiple of that of each map."""

Selection = Literal["position", "queries"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What fixes the shape of the network; the document's numbers in brackets.

    Attributes:
        input_size: side of the square colour crop, pixels (224).
        resnet: depth of the ResNet (101).
        base: channels of its first convolution (64).
        width: numbers of a token (512).
        layers: of the encoder (4).
        heads: of its attention (8).
        feed_forward: width inside its layers (2048).
        dropout: in tokens and encoder (0.1).
        selection: which outputs of the encoder are the points: the first 68 by `position`, as in
            the document, or 68 `queries`, learned tokens that join those of the picture.
    """

    input_size: int
    resnet: Depth
    base: int
    width: int
    layers: int
    heads: int
    feed_forward: int
    dropout: float
    selection: Selection

    def __post_init__(self) -> None:
        for reduction, patch, group in zip(REDUCTIONS, PATCHES, GROUPS, strict=True):
            if self.input_size % (reduction * patch) or self._patches(reduction, patch) % group:
                raise TypeError(f"an input of {self.input_size} pixels does not split into tokens")

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Read the `[network]` table of a recipe."""
        return cls(**table)

    @property
    def tokens(self) -> int:
        """Number of the tokens that come from the picture (441)."""
        return sum(
            self._patches(reduction, patch) // group
            for reduction, patch, group in zip(REDUCTIONS, PATCHES, GROUPS, strict=True)
        )

    def _patches(self, reduction: int, patch: int) -> int:
        return (self.input_size // (reduction * patch)) ** 2


class Tokens(nn.Module):
    """One map to tokens: patches, two linear layers, maxima over groups of neighbours."""

    def __init__(self, channels: int, patch: int, group: int, architecture: Architecture) -> None:
        super().__init__()
        self._patch, self._group = patch, group
        width = architecture.width
        self.layers = nn.Sequential(
            nn.Linear(channels * patch**2, width),
            nn.GELU(),
            nn.Dropout(architecture.dropout),
            nn.Linear(width, width),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, T, width)."""
        patches = functional.pixel_unshuffle(x, self._patch).flatten(2).transpose(1, 2)
        tokens: Tensor = self.layers(patches)
        return tokens if self._group == 1 else tokens.unflatten(1, (-1, self._group)).amax(dim=2)


class LandmarkTransformer(nn.Module):
    """Colour crop to 68 points and trust."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.resnet = ResNet(architecture.resnet, architecture.base)
        self.tokens = nn.ModuleList(
            Tokens(channels, patch, group, architecture)
            for channels, patch, group in zip(self.resnet.channels, PATCHES, GROUPS, strict=True)
        )
        width = architecture.width
        self.positions = nn.Parameter(0.02 * torch.randn(architecture.tokens, width))
        self.queries: nn.Parameter | None = None
        if architecture.selection == "queries":
            self.queries = nn.Parameter(0.02 * torch.randn(POINTS, width))
        self.encoder = nn.TransformerEncoder(
            nn.TransformerEncoderLayer(
                width,
                architecture.heads,
                architecture.feed_forward,
                architecture.dropout,
                activation="gelu",
                batch_first=True,
            ),
            architecture.layers,
            enable_nested_tensor=False,
        )
        self.points = nn.Linear(width, 2)
        self.trust = nn.Linear(width, 1)

    def picture_tokens(self, x: Tensor) -> Tensor:
        """(B, 3, input_size, input_size) to tokens (B, T, width) that know their positions."""
        maps = zip(self.tokens, self.resnet(x), strict=True)
        return torch.cat([tokens(part) for tokens, part in maps], dim=1) + self.positions

    def forward(self, x: Tensor) -> Prediction:
        """(B, 3, input_size, input_size) normalised crops to points in 0..1 and trust."""
        tokens = self.picture_tokens(x)
        if self.queries is not None:
            queries = self.queries.expand(tokens.shape[0], -1, -1)
            tokens = torch.cat([queries, tokens], dim=1)
        # The fused attention of the CPU goes backward five times as slowly as its parts do.
        fused = nullcontext() if not self.training else sdpa_kernel(SDPBackend.MATH)
        with fused:
            answers = self.encoder(tokens)
        # Half precision has steps of 0.4 % of the crop: never for the coordinates.
        with torch.autocast(x.device.type, enabled=False):
            answers = answers.float()
            points = self.points(answers[:, :POINTS]) + 0.5
            return Prediction(points.flatten(1), self.trust(answers.mean(dim=1)))
