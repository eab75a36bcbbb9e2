"""One picture of a source, with the times that belong to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """One BGR picture, never written to after it was made.

    Attributes:
        image: (H, W, 3) uint8, BGR, C-contiguous, made read-only here.
        time_ns: when the picture was taken, on the time line of its source: the monotonic
            clock for a camera, the presentation time counted from the start for a clip,
            0 for a single image. Speeds and durations are measured on it.
        arrived_ns: monotonic clock when the program got the picture; latency counts from here.
        sequence: number of the picture in its source, from 0; gaps are frames never delivered.
        source: short name of the source, for people.
        epoch: grows when the time line breaks (a seek, a loop, a camera opened again). Whatever
            remembers earlier frames forgets them when it changes.

    Raises:
        ValueError: the image is not (H, W, 3) uint8, or is empty.
    """

    image: Image
    time_ns: int
    arrived_ns: int
    sequence: int
    source: str
    epoch: int = 0

    def __post_init__(self) -> None:
        image = self.image
        if image.ndim != 3 or image.shape[2] != 3 or image.size == 0 or image.dtype != np.uint8:
            raise ValueError(
                f"a frame needs a non-empty (H, W, 3) uint8 image, got shape {image.shape} "
                f"and dtype {image.dtype}"
            )
        if not image.flags.c_contiguous:
            image = np.ascontiguousarray(image)
            object.__setattr__(self, "image", image)
        image.setflags(write=False)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return int(self.image.shape[1])

    @property
    def height(self) -> int:
        """Height in pixels."""
        return int(self.image.shape[0])

    @property
    def time_s(self) -> float:
        """`time_ns` in seconds."""
        return self.time_ns / 1e9
