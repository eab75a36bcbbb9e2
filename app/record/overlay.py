"""Burns what is known of the faces into a picture, for videos and snapshots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.core.face import Face
from app.core.frame import Image
from app.record.axes import XY, pose_axes
from app.record.label_placement import LabelPlacer, Rect
from app.record.style import Colour, OverlayOptions, region_colour
from app.vision.result import FrameResult

_SHIFT: Final = 4
"""OpenCV draws at sixteenths of a pixel."""

_FAR: Final = 1e5
"""Coordinates beyond this, in pixels, are drawn here: OpenCV wraps around at 2^31."""

_FONT: Final = cv2.FONT_HERSHEY_SIMPLEX
_DARK: Final[Colour] = (16, 14, 12)
_LIGHT: Final[Colour] = (255, 255, 255)

_MIN_FONT_SCALE: Final = 0.4
_FONT_SCALE_PER_PIXEL: Final = 1 / 1000
"""Of the shorter side of the picture: capitals are 10 pixels high at 480p, 24 at 1080p."""

_LINES: Final = 4
"""Of text beside a face: id, yaw, pitch, roll."""

_LEGIBLE_SIDE: Final = 120
"""Numbers are left out of pictures smaller than this: they would cover the face."""


class OverlayPainter:
    """Draws results of one video, one after the other; a label stays on its side of a face.

    Line widths and letters grow with the picture and the face.

    Args:
        options: what is to be seen.
    """

    def __init__(self, options: OverlayOptions | None = None) -> None:
        self._options = options or OverlayOptions()
        self._placer = LabelPlacer()

    def paint(self, result: FrameResult) -> Image:
        """The frame of a result with its faces drawn in: a new (H, W, 3) uint8 BGR array."""
        return self.paint_faces(result.frame.image, result.faces)

    def paint_faces(self, image: Image, faces: Sequence[Face]) -> Image:
        """A copy of a BGR picture (H, W, 3) with faces, given in its pixels, drawn in."""
        mirror = self._options.mirror
        # A mirrored view of a read-only array is copied like the array itself.
        canvas: Image = (image[:, ::-1] if mirror else image).copy(order="C")
        views = [_View(face, canvas.shape[1] if mirror else None) for face in faces]
        for view in views:
            if self._options.box:
                _draw_box(canvas, view)
            if self._options.lines:
                _draw_lines(canvas, view)
            if self._options.points:
                _draw_points(canvas, view)
            if self._options.axes:
                _draw_axes(canvas, view)
        if self._options.numbers and min(canvas.shape[:2]) >= _LEGIBLE_SIDE:
            self._draw_numbers(canvas, views)
        return canvas

    def _draw_numbers(self, canvas: Image, views: Sequence[_View]) -> None:
        height, width = canvas.shape[:2]
        scale = max(_MIN_FONT_SCALE, min(height, width) * _FONT_SCALE_PER_PIXEL)
        thickness = max(1, round(1.5 * scale))
        (text_width, capitals), base = cv2.getTextSize("pitch +000", _FONT, scale, thickness)
        line = capitals + base + max(1, round(4 * scale))
        size = (float(text_width), float(line * _LINES))
        labels = self._placer.place(
            [(view.face.id, view.bounds) for view in views],
            size,
            Rect(0, 0, width, height),
            gap=capitals,
        )
        for view in views:
            spot = labels[view.face.id]
            for i, text in enumerate(_texts(view.face)):
                at = (round(spot.left), round(spot.top + i * line + capitals))
                _put(canvas, text, at, _DARK, scale, thickness + max(2, round(3 * scale)))
                _put(canvas, text, at, _LIGHT, scale, thickness)


class _View:
    """A face as it lies in the canvas, which may be mirrored."""

    def __init__(self, face: Face, mirror_width: int | None) -> None:
        self.face = face
        self._mirror_width = mirror_width
        self.points = self.flip(face.points.astype(np.float64))
        finite = self.points[np.isfinite(self.points).all(axis=1)]
        if not len(finite):
            finite = np.zeros((1, 2))
        low, high = finite.min(axis=0), finite.max(axis=0)
        self.bounds = Rect(float(low[0]), float(low[1]), *(float(v) for v in high - low))
        self.unit = min(max(float((high - low).max()) / 150, 0.75), 6.0)
        """Width of a line, pixels."""

    def flip(self, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Points (N, 2) of the frame in the canvas."""
        if self._mirror_width is None:
            return points
        flipped = points.copy()
        flipped[:, 0] = self._mirror_width - 1 - flipped[:, 0]
        return flipped


def _draw_box(canvas: Image, view: _View) -> None:
    box = view.face.box
    corners = np.array([[box.x0, box.y0], [box.x1, box.y0], [box.x1, box.y1], [box.x0, box.y1]])
    _polyline(canvas, view.flip(corners), True, region_colour("box"), view.unit)


def _draw_lines(canvas: Image, view: _View) -> None:
    layout = view.face.layout
    for dark in (True, False):
        for region, indices in layout.groups.items():
            points = view.points[list(indices)]
            if region in layout.loose or len(points) < 2 or not np.isfinite(points).all():
                continue
            colour = _DARK if dark else region_colour(region)
            width = view.unit + (2 if dark else 0)
            _polyline(canvas, points, region in layout.closed, colour, width)


def _draw_points(canvas: Image, view: _View) -> None:
    radius = 1.5 * view.unit
    for dark in (True, False):
        for region, indices in view.face.layout.groups.items():
            colour = _DARK if dark else region_colour(region)
            size = round((radius + (0.8 if dark else 0.0)) * 2**_SHIFT)
            for point in view.points[list(indices)]:
                if np.isfinite(point).all():
                    centre = _fixed(point)
                    cv2.circle(canvas, centre, size, colour, cv2.FILLED, cv2.LINE_AA, _SHIFT)


def _draw_axes(canvas: Image, view: _View) -> None:
    axes = pose_axes(view.face)
    if axes is None:
        return
    ends: tuple[tuple[str, XY], ...] = (
        ("axis_x", axes.right),
        ("axis_y", axes.down),
        ("axis_z", axes.forward),
    )
    for dark in (True, False):
        for name, end in ends:
            line = view.flip(np.array([axes.origin, end]))
            colour = _DARK if dark else region_colour(name)
            _polyline(canvas, line, False, colour, 1.6 * view.unit + (2 if dark else 0))


def _polyline(
    canvas: Image, points: npt.NDArray[np.float64], closed: bool, colour: Colour, width: float
) -> None:
    fixed = np.array([_fixed(p) for p in points], dtype=np.int32)
    cv2.polylines(canvas, [fixed], closed, colour, max(1, round(width)), cv2.LINE_AA, _SHIFT)


def _fixed(point: npt.NDArray[np.float64]) -> tuple[int, int]:
    x, y = np.clip(point, -_FAR, _FAR)
    return round(float(x) * 2**_SHIFT), round(float(y) * 2**_SHIFT)


def _texts(face: Face) -> list[str]:
    pose = face.pose
    angles = (pose.yaw, pose.pitch, pose.roll) if pose else (None, None, None)
    named = zip(("yaw", "pitch", "roll"), angles, strict=True)
    return [f"face {face.id}", *(f"{name} {_degrees(angle)}" for name, angle in named)]


def _degrees(angle: float | None) -> str:
    # The letters of OpenCV are ASCII only: no degree sign, no minus, no dash.
    if angle is None or not np.isfinite(angle):
        return "?"
    whole = round(angle)
    return f"{whole:+d}" if whole else "0"


def _put(
    canvas: Image, text: str, at: tuple[int, int], colour: Colour, scale: float, thickness: int
) -> None:
    cv2.putText(canvas, text, at, _FONT, scale, colour, thickness, cv2.LINE_AA)
