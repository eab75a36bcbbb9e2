"""Where a picture lies in a widget, and which widget pixel shows which frame pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Viewport:
    """A picture fitted into a widget without stretching it.

    Lengths named `device_` are whole pixels of the screen, so that the picture can be drawn
    without resampling; all others are Qt's logical pixels.

    Attributes:
        frame_width, frame_height: size of the frame in its own pixels.
        device_left, device_top, device_width, device_height: the picture on the screen, counted
            from the corner of the widget.
        ratio: screen pixels per logical pixel.
        mirror: whether left and right are exchanged.
    """

    frame_width: int
    frame_height: int
    device_left: int
    device_top: int
    device_width: int
    device_height: int
    ratio: float
    mirror: bool

    @classmethod
    def fit(
        cls,
        frame_size: tuple[int, int],
        view_size: tuple[float, float],
        *,
        ratio: float = 1.0,
        mirror: bool = False,
    ) -> Viewport:
        """Centre a frame (width, height) as large as it fits into a view (width, height)."""
        frame_width, frame_height = frame_size
        view_width = max(1, int(view_size[0] * ratio))
        view_height = max(1, int(view_size[1] * ratio))
        zoom = min(view_width / frame_width, view_height / frame_height)
        width = min(view_width, max(1, round(frame_width * zoom)))
        height = min(view_height, max(1, round(frame_height * zoom)))
        return cls(
            frame_width,
            frame_height,
            (view_width - width) // 2,
            (view_height - height) // 2,
            width,
            height,
            ratio,
            mirror,
        )

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, top, width, height) of the picture in logical pixels of the widget."""
        return (
            self.device_left / self.ratio,
            self.device_top / self.ratio,
            self.device_width / self.ratio,
            self.device_height / self.ratio,
        )

    def bars(self, width: int, height: int) -> list[tuple[int, int, int, int]]:
        """What the picture leaves free of `width` by `height` screen pixels.

        Returns:
            (left, top, width, height) of each bar in screen pixels.
        """
        right = self.device_left + self.device_width
        bottom = self.device_top + self.device_height
        sides = [
            (0, 0, width, self.device_top),
            (0, bottom, width, height - bottom),
            (0, self.device_top, self.device_left, self.device_height),
            (right, self.device_top, width - right, self.device_height),
        ]
        return [side for side in sides if side[2] > 0 and side[3] > 0]

    def to_widget(self, points: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Frame pixels (N, 2) in logical pixels of the widget.

        The centre of the top left frame pixel is (0, 0), as everywhere in the program; Qt counts
        from the corner of a pixel.
        """
        mapped = np.array(points, dtype=np.float64).reshape(-1, 2) + 0.5
        if self.mirror:
            mapped[:, 0] = self.frame_width - mapped[:, 0]
        left, top, width, height = self.bounds
        mapped *= (width / self.frame_width, height / self.frame_height)
        mapped += (left, top)
        return mapped

    def to_frame(self, x: float, y: float) -> tuple[float, float]:
        """The frame pixel at a place of the widget; the inverse of `to_widget`."""
        left, top, width, height = self.bounds
        across = (x - left) * self.frame_width / width
        down = (y - top) * self.frame_height / height
        if self.mirror:
            across = self.frame_width - across
        return across - 0.5, down - 0.5
