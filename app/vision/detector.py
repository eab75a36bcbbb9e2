"""What a face detector is."""

from __future__ import annotations

from typing import Protocol

from app.core.face import Box
from app.core.frame import Image


class FaceDetector(Protocol):
    """Finds faces in a picture.

    The boxes follow the convention of the whole program, whoever finds them: the tight upright
    box around the 68 iBUG points. Each detector knows the step from its own box to that one.
    """

    @property
    def name(self) -> str:
        """Key of the detector."""

    def detect(self, image: Image, *, fresh: bool) -> list[Box]:
        """Face boxes in frame pixels, best score first.

        Args:
            image: (H, W, 3) uint8 BGR.
            fresh: the picture has nothing to do with the last one; a detector that spreads its
                work over frames must not do so here.
        """

    def detect_near(self, image: Image, box: Box) -> list[Box]:
        """Face boxes close to where a face was; quicker than `detect`, and sees smaller ones.

        Args:
            image: (H, W, 3) uint8 BGR.
            box: the face box of some frames ago.
        """

    def close(self) -> None:
        """Free what the detector holds; it is not used again."""


NEAR = 5.0
"""Side of what `detect_near` looks at, in sides of the face box: a face that moved by its own size
is still in it, and large enough there for networks that were made for near faces."""
