from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from app.core.face import Box, Face, HeadPose, Visibility
from app.core.frame import Frame
from app.core.layout import IBUG68
from app.vision.result import FrameResult

POSE = HeadPose(20.0, -10.0, 5.0)


@pytest.fixture
def make_face() -> Callable[..., Face]:
    """A face whose points lie on an ellipse."""

    def make(
        *,
        id: int = 1,
        centre: tuple[float, float] = (160, 120),
        size: float = 80,
        pose: HeadPose | None = POSE,
        trust: float = 0.9,
        visibility: Visibility | None = None,
        expression: Mapping[str, float] | None = None,
    ) -> Face:
        turn = np.linspace(0, 2 * np.pi, 68, endpoint=False)
        points = np.stack([np.cos(turn), 1.2 * np.sin(turn)], axis=1) * size / 2.4 + centre
        points = points.astype(np.float32)
        return Face(
            id, Box.around(points), points, IBUG68, pose, trust, points,
            visibility=visibility, expression=expression,
        )  # fmt: skip

    return make


@pytest.fixture
def make_result() -> Callable[..., FrameResult]:
    """A result on a grey picture."""

    def make(
        *faces: Face,
        sequence: int = 0,
        time_ns: int = 0,
        size: tuple[int, int] = (320, 240),
        source: str = "test",
        epoch: int = 0,
        grey: int = 90,
    ) -> FrameResult:
        image = np.full((size[1], size[0], 3), grey, np.uint8)
        frame = Frame(image, time_ns, 0, sequence, source, epoch)
        return FrameResult(frame, faces, {}, "model", "detector", 0)

    return make
