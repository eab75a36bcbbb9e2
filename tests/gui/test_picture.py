"""What is drawn for the screen: the right pixels in the right place."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from app.core.face import Box, Face, HeadPose
from app.core.frame import Frame
from app.core.layout import IBUG68
from app.record.style import OverlayOptions, region_colour
from app.ui.overlay_painter import OverlayPainter, pose_text
from app.ui.picture import Canvas, render
from app.ui.theme import STAGE
from app.vision.result import FrameResult

NOTHING = OverlayOptions(points=False, lines=False, numbers=False, box=False, axes=False)


def face(points: np.ndarray | None = None, pose: HeadPose | None = None) -> Face:
    if points is None:
        side = np.linspace(0, 1, 68)
        points = np.stack([40 + 40 * side, 30 + 60 * np.sin(9 * side) ** 2], axis=1)
    points = points.astype(np.float32)
    return Face(1, Box.around(points), points, IBUG68, pose, 1.0, points)


def result(*faces: Face, image: np.ndarray | None = None) -> FrameResult:
    if image is None:
        image = np.zeros((120, 160, 3), np.uint8)
    frame = Frame(image=image, time_ns=0, arrived_ns=0, sequence=0, source="test")
    return FrameResult(frame, faces, {}, "model", "detector", 0)


def draw(
    what: FrameResult,
    options: OverlayOptions,
    *,
    size: tuple[int, int] = (320, 240),
    **changes: object,
) -> QImage:
    canvas = Canvas(*size, options=options, **changes)
    return render(what, canvas, OverlayPainter()).image


def near(image: QImage, x: float, y: float, colour: QColor, radius: int = 2) -> bool:
    spots = (
        image.pixelColor(round(x) + dx, round(y) + dy)
        for dx in range(-radius, radius + 1)
        for dy in range(-radius, radius + 1)
    )
    return any(
        max(abs(p.red() - colour.red()), abs(p.green() - colour.green())) < 40
        and abs(p.blue() - colour.blue()) < 40
        for p in spots
    )


@pytest.fixture(autouse=True)
def _application(qapp: QApplication) -> None:
    """Fonts need one."""


def test_colours_are_not_exchanged_and_bars_are_stage() -> None:
    image = np.zeros((100, 100, 3), np.uint8)
    image[:] = (10, 120, 240)  # blue, green, red
    drawn = draw(result(image=image), NOTHING, size=(200, 100))
    assert drawn.pixelColor(100, 50) == QColor(240, 120, 10)
    assert drawn.pixelColor(10, 50) == STAGE
    assert (drawn.width(), drawn.height()) == (200, 100)


def test_a_mirrored_picture_is_the_flipped_picture() -> None:
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), np.uint8)
    plain = draw(result(image=image), NOTHING)
    mirrored = draw(
        result(image=image),
        OverlayOptions(
            points=False, lines=False, numbers=False, box=False, axes=False, mirror=True
        ),
    )
    assert mirrored.flipped() != plain
    assert mirrored.flipped(_horizontal()) == plain


def _horizontal() -> object:
    from PySide6.QtCore import Qt

    return Qt.Orientation.Horizontal


@pytest.mark.parametrize("mirror", [False, True])
def test_points_lie_on_their_pixels_in_the_colour_of_their_region(mirror: bool) -> None:
    someone = face()
    options = OverlayOptions(
        points=True, lines=False, numbers=False, box=False, axes=False, mirror=mirror
    )
    drawn = draw(result(someone), options)
    for region, indices in IBUG68.groups.items():
        blue, green, red = region_colour(region)
        x, y = (someone.points[indices[0]] + 0.5) * 2
        x = 320 - x if mirror else x
        assert near(drawn, x, y, QColor(red, green, blue)), region


def test_a_bare_picture_has_no_overlay() -> None:
    everything = OverlayOptions(lines=True)
    assert draw(result(face()), everything, bare=True) == draw(result(), everything)
    assert draw(result(face()), everything) != draw(result(), everything)


def test_twice_the_screen_pixels_give_twice_the_picture() -> None:
    drawn = draw(result(face()), OverlayOptions(), ratio=2.0)
    assert (drawn.width(), drawn.height()) == (640, 480)


def test_angles_are_whole_degrees_with_their_sign() -> None:
    assert pose_text(face(pose=HeadPose(12.4, -3.6, 0.2))).split("\n") == ["1", "+12°", "−4°", "0°"]


def test_angles_that_are_not_known_are_a_dash() -> None:
    assert pose_text(face()).split("\n") == ["1", "–", "–", "–"]


def test_points_far_outside_the_picture_are_no_error() -> None:
    far = np.tile([[-5000.0, 90000.0]], (68, 1))
    drawn = draw(result(face(far, HeadPose(1, 2, 3))), OverlayOptions(lines=True))
    assert not drawn.isNull()
