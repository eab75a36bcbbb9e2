"""The network of seed 000: MobileNet blocks, a multi-scale fully connected head, and an
auxiliary branch for the head pose that lives in training only.

The blocks are chosen for int8 on a CPU: channels in multiples of 32, dense 3×3 expansions
("fused" MobileNet blocks) where the depthwise kernels of the runtime are slower than dense ones,
Relu as the only activation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

import torch
from torch import Tensor, nn

from models.training.blendshapes import BLENDSHAPES
from models.training.mapping import FACE_VERTICES
from models.training.visibility import PARTS

Block = Literal["fused", "inverted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Blocks of one kind at one resolution; the first of them takes the stride.

    Attributes:
        block: `inverted` is the inverted residual of MobileNetV2 (1×1, depthwise 3×3, 1×1);
            `fused` replaces the first two convolutions by one dense 3×3.
        channels: channels between the blocks.
        expansion: channels inside a block as a multiple of those that enter it.
        repeats: number of blocks.
        stride: 1, or 2 to halve the resolution.
    """

    block: Block
    channels: int
    expansion: int
    repeats: int
    stride: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What fixes the shape of a PFLD network.

    Attributes:
        input_size: side of the square colour crop, pixels; a multiple of 16.
        stem: channels of the first convolution, which halves the resolution.
        stages: from the stem to a map of input_size / 16; the last one gives scale 2 of the
            head, the one before it scale 1.
        bottleneck: channels of the last map before the convolution over its whole area.
        scale3: channels of that convolution, scale 3 of the head.
        pose_stage: index of the stage that feeds the auxiliary branch; without one there is none.
        folded: the convolutions have an offset in place of a normalisation. A trained network
            whose statistics stay goes on so as the same function, in 17 % less time for a step.
        direct: rank of a linear way from the last map to the points past scale 3, which is too
            narrow for all that the map tells; 0 for none. It begins as nothing.
        aside: width of the hidden layer between the features and what is no point: trust,
            visibility and expression.
    """

    input_size: int
    stem: int
    stages: tuple[Stage, ...]
    bottleneck: int
    scale3: int
    pose_stage: int | None = None
    folded: bool = False
    direct: int = 0
    aside: int = 64
    points: int = 68

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> Self:
        """Read the `[network]` table of a recipe."""
        values = dict(table)
        values["stages"] = tuple(Stage(**stage) for stage in values["stages"])
        return cls(**values)


class Prediction(NamedTuple):
    """What the network says of a batch of B crops.

    points: (B, 136), x before y, 0..1 across the crop.
    trust: (B, 1), the logit of "these points lie where they should".
    pose: (B, 3) yaw, pitch, roll in radians, as the crop shows the head.
    auxiliary_pose: (B, 3), the same from the auxiliary branch, or None outside training and
        where there is none.
    mesh: (B, 2 FACE_VERTICES), x before y, of the whole face mesh, or None outside training.
    visibility: (B, 3), the logits of "it can be seen" of left eye, right eye and mouth.
    expression: (B, 52) of `BLENDSHAPES`, about 0..1.
    """

    points: Tensor
    trust: Tensor
    pose: Tensor
    auxiliary_pose: Tensor | None
    mesh: Tensor | None
    visibility: Tensor
    expression: Tensor


def conv(
    inputs: int,
    outputs: int,
    kernel: int,
    *,
    stride: int = 1,
    groups: int = 1,
    folded: bool = False,
) -> nn.Module:
    """Convolution, batch normalisation unless folded, Relu; same size for an odd kernel and
    stride 1.
    """
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=folded),
        *normalisation(outputs, folded),
        nn.ReLU(inplace=True),
    )


def normalisation(channels: int, folded: bool) -> list[nn.Module]:
    """Batch normalisation, or nothing where it is part of the convolution before."""
    return [] if folded else [nn.BatchNorm2d(channels)]


class Residual(nn.Module):
    """One MobileNet block with a linear bottleneck, and a shortcut where the shapes allow it."""

    def __init__(
        self,
        block: Block,
        inputs: int,
        outputs: int,
        expansion: int,
        stride: int,
        *,
        folded: bool = False,
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        expand: Sequence[nn.Module]
        if block == "fused":
            expand = [conv(inputs, hidden, 3, stride=stride, folded=folded)]
        else:
            expand = [
                conv(inputs, hidden, 1, folded=folded),
                conv(hidden, hidden, 3, stride=stride, groups=hidden, folded=folded),
            ]
        self.body = nn.Sequential(
            *expand,
            nn.Conv2d(hidden, outputs, 1, bias=folded),
            *normalisation(outputs, folded),
        )
        self.shortcut = stride == 1 and inputs == outputs
        if self.shortcut:
            # The block begins as nothing: one more of them leaves a trained network as it was.
            nn.init.zeros_(self.body[-1].weight)
            nn.init.zeros_(self.body[-1].bias)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        y: Tensor = self.body(x)
        return x + y if self.shortcut else y


class PoseBranch(nn.Module):
    """The auxiliary network: pose from an early map, so that the backbone learns geometry."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            conv(inputs, 64, 3, stride=2),
            conv(64, 64, 3, stride=2),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(64 * 4, 64),
            nn.ReLU(inplace=True),
            nn.Linear(64, 3),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, 3) radians."""
        pose: Tensor = self.body(x)
        return pose


class Direct(nn.Module):
    """A linear map of low rank from all cells of a map to the coordinates."""

    def __init__(self, channels: int, area: int, rank: int, coordinates: int) -> None:
        super().__init__()
        self.cells = nn.Conv2d(channels, rank, area)
        self.points = nn.Linear(rank, coordinates, bias=False)
        # A trained network that gets one stays as it was until the two have learned.
        nn.init.zeros_(self.points.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, area, area) to (B, coordinates)."""
        cells = self.cells(x).flatten(1)
        with torch.autocast(x.device.type, enabled=False):
            steps: Tensor = self.points(cells.float())
        return steps


class Pfld(nn.Module):
    """Crop to points, trust and pose, and in training to what only the loss looks at."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        self.architecture = architecture
        folded = architecture.folded
        self.stem = conv(3, architecture.stem, 3, stride=2, folded=folded)
        self.stages = nn.ModuleList()
        channels = architecture.stem
        for stage in architecture.stages:
            blocks = []
            for index in range(stage.repeats):
                stride = stage.stride if index == 0 else 1
                shape = channels, stage.channels, stage.expansion, stride
                blocks.append(Residual(stage.block, *shape, folded=folded))
                channels = stage.channels
            self.stages.append(nn.Sequential(*blocks))
        scale1 = architecture.stages[-2].channels
        self.bottleneck = conv(channels, architecture.bottleneck, 1, folded=folded)
        area = architecture.input_size // 16
        self.scale3 = nn.Sequential(
            nn.Conv2d(architecture.bottleneck, architecture.scale3, area, bias=folded),
            *normalisation(architecture.scale3, folded),
            nn.ReLU(inplace=True),
        )
        self.direct = None
        if architecture.direct:
            coordinates = 2 * architecture.points
            self.direct = Direct(architecture.bottleneck, area, architecture.direct, coordinates)
        self.pool = nn.AdaptiveAvgPool2d(1)
        features = scale1 + channels + architecture.scale3
        self.points = nn.Linear(features, 2 * architecture.points)
        self.aside = nn.Sequential(nn.Linear(features, architecture.aside), nn.ReLU())
        self.quality = nn.Linear(architecture.aside, 1)
        self.visibility = nn.Linear(architecture.aside, len(PARTS))
        self.expression = nn.Linear(architecture.aside, len(BLENDSHAPES))
        self.pose = nn.Linear(features, 3)
        self.auxiliary_pose = None
        if architecture.pose_stage is not None:
            seen = architecture.stages[architecture.pose_stage].channels
            self.auxiliary_pose = PoseBranch(seen)
        self.mesh = nn.Linear(features, 2 * FACE_VERTICES)

    def forward(self, x: Tensor) -> Prediction:
        """(B, 3, input_size, input_size) normalised crops to a prediction."""
        x = self.stem(x)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        last = self.bottleneck(maps[-1])
        features = torch.cat(
            [
                self.pool(maps[-2]).flatten(1),
                self.pool(maps[-1]).flatten(1),
                self.scale3(last).flatten(1),
            ],
            dim=1,
        )
        direct = None if self.direct is None else self.direct(last)
        auxiliary = None
        if self.training and self.auxiliary_pose is not None:
            assert self.architecture.pose_stage is not None  # noqa: S101  or there were no branch
            auxiliary = self.auxiliary_pose(maps[self.architecture.pose_stage]).float()
        # Half precision has steps of 0.4 % of the crop: never for the coordinates.
        with torch.autocast(x.device.type, enabled=False):
            features = features.float()
            points = self.points(features)
            aside = self.aside(features)
            return Prediction(
                points if direct is None else points + direct,
                self.quality(aside),
                self.pose(features),
                auxiliary,
                self.mesh(features) if self.training else None,
                self.visibility(aside),
                self.expression(aside),
            )
