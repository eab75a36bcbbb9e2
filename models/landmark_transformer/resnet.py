"""ResNet (He et al., CVPR 2016) without its classifier, opened at four depths."""

from __future__ import annotations

from typing import Final, Literal

from torch import Tensor, nn

Depth = Literal[18, 34, 101]

BLOCKS: Final[dict[int, tuple[int, int, int, int]]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
}
"""Depth -> residual blocks of its four stages."""

BOTTLENECK_GROWTH: Final = 4
"""Channels that leave a bottleneck block as a multiple of those inside it."""


class Residual(nn.Module):
    """Two 3×3 convolutions, or in a bottleneck 1×1, 3×3 and 1×1, beside a shortcut."""

    def __init__(self, before: int, inside: int, *, stride: int, bottleneck: bool) -> None:
        super().__init__()
        after = inside * (BOTTLENECK_GROWTH if bottleneck else 1)
        if bottleneck:
            layers = [
                *_normalised(before, inside, 1, 1),
                nn.ReLU(inplace=True),
                *_normalised(inside, inside, 3, stride),
                nn.ReLU(inplace=True),
                *_normalised(inside, after, 1, 1),
            ]
        else:
            layers = [
                *_normalised(before, inside, 3, stride),
                nn.ReLU(inplace=True),
                *_normalised(inside, after, 3, 1),
            ]
        self.body = nn.Sequential(*layers)
        # A shortcut that fits is the identity; one that does not is a 1×1 convolution.
        fits = stride == 1 and before == after
        self.shortcut = nn.Sequential(*([] if fits else _normalised(before, after, 1, stride)))
        self.bend = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, before, H, W) to (B, after, H / stride, W / stride)."""
        y: Tensor = self.bend(self.body(x) + self.shortcut(x))
        return y


class ResNet(nn.Module):
    """Colour crops to maps at four depths.

    Args:
        depth: 18, 34 or 101.
        base: channels of the first convolution, 64 in the paper.
    """

    def __init__(self, depth: Depth, base: int = 64) -> None:
        super().__init__()
        bottleneck = depth > 34
        growth = BOTTLENECK_GROWTH if bottleneck else 1
        stages: list[nn.Module] = []
        before = base
        for index, count in enumerate(BLOCKS[depth]):
            inside = base * 2**index
            blocks: list[nn.Module] = []
            for block in range(count):
                stride = 2 if block == 0 and index > 0 else 1
                blocks.append(Residual(before, inside, stride=stride, bottleneck=bottleneck))
                before = inside * growth
            stages.append(nn.Sequential(*blocks))
        first, second, third, fourth = stages
        self.part0 = nn.Sequential(*_normalised(3, base, 7, 2), nn.ReLU(inplace=True))
        self.part1 = nn.Sequential(nn.MaxPool2d(3, 2, 1), first)
        self.part2 = second
        self.part3 = nn.Sequential(third, fourth)
        self.channels = (base, base * growth, 2 * base * growth, 8 * base * growth)
        """Of the four maps."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(B, 3, N, N) to maps of N / 2, N / 4, N / 8 and N / 32."""
        map0 = self.part0(x)
        map1 = self.part1(map0)
        map2 = self.part2(map1)
        return map0, map1, map2, self.part3(map2)


def _normalised(before: int, after: int, kernel: int, stride: int) -> list[nn.Module]:
    """Convolution that keeps the size but for its stride, and batch normalisation."""
    return [
        nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(after),
    ]
