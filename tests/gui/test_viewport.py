"""Where a picture lies in the view."""

from __future__ import annotations

import numpy as np
import pytest

from app.ui.viewport import Viewport


def test_a_wide_frame_gets_bars_above_and_below() -> None:
    viewport = Viewport.fit((640, 360), (800, 600))
    assert viewport.bounds == (0, 75, 800, 450)
    assert viewport.bars(800, 600) == [(0, 0, 800, 75), (0, 525, 800, 75)]


def test_a_tall_frame_gets_bars_left_and_right() -> None:
    viewport = Viewport.fit((100, 200), (400, 400))
    assert viewport.bounds == (100, 0, 200, 400)
    assert viewport.bars(400, 400) == [(0, 0, 100, 400), (300, 0, 100, 400)]


@pytest.mark.parametrize("ratio", [1.0, 1.25, 1.5, 2.0])
@pytest.mark.parametrize("frame", [(640, 480), (1920, 1080), (480, 270), (1, 1), (8000, 6000)])
@pytest.mark.parametrize("view", [(979, 749), (601, 333), (240, 900)])
def test_a_frame_is_never_stretched_nor_cut(
    frame: tuple[int, int], view: tuple[int, int], ratio: float
) -> None:
    viewport = Viewport.fit(frame, view, ratio=ratio)
    width, height = int(view[0] * ratio), int(view[1] * ratio)
    assert 0 <= viewport.device_left <= width - viewport.device_width
    assert 0 <= viewport.device_top <= height - viewport.device_height
    # At most half a screen pixel off the true shape.
    ideal = viewport.device_width * frame[1] / frame[0]
    other = viewport.device_height * frame[0] / frame[1]
    assert (
        min(abs(ideal - viewport.device_height), abs(other - viewport.device_width)) <= 0.5 + 1e-9
    )
    assert width == viewport.device_width or height == viewport.device_height


def test_bars_and_picture_cover_the_view_exactly() -> None:
    viewport = Viewport.fit((123, 77), (500, 401), ratio=1.25)
    width, height = 625, 502
    seen = np.zeros((height, width), int)
    places = [
        *viewport.bars(width, height),
        (
            viewport.device_left,
            viewport.device_top,
            viewport.device_width,
            viewport.device_height,
        ),
    ]
    for left, top, wide, high in places:
        seen[top : top + high, left : left + wide] += 1
    assert (seen == 1).all()


def test_pixel_centres_map_to_pixel_centres() -> None:
    viewport = Viewport.fit((10, 10), (100, 100))
    assert viewport.to_widget([[0, 0], [9, 9]]).tolist() == [[5, 5], [95, 95]]


def test_a_mirror_exchanges_left_and_right_only() -> None:
    viewport = Viewport.fit((10, 10), (100, 100), mirror=True)
    assert viewport.to_widget([[0, 0], [9, 3]]).tolist() == [[95, 5], [5, 35]]
