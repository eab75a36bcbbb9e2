"""OpenCV's Haar cascade as a `FaceDetector` (seed 002)."""

from __future__ import annotations

from pathlib import Path

from app._opencv import cv2
from app.core.errors import ModelError
from app.core.face import Box
from app.core.face_boxes import HAAR
from app.core.frame import Image
from app.vision.detector import NEAR
from app.vision.shrink import part_around, shrunk

_CASCADE = "haarcascade_frontalface_default.xml"
# At full size the cascade takes 150 ms for 640x480; on a picture this wide, about 10.
_LONGER_SIDE = 320
_SCALE_STEP = 1.1
_MIN_NEIGHBOURS = 4
_SMALLEST = 0.07  # of the longer side


class HaarDetector:
    """Finds frontal faces; quick to start and without any network, but blind to turned heads."""

    name = "haar"

    def __init__(self) -> None:
        path = Path(cv2.__file__).parent / "data" / _CASCADE
        self._cascade = cv2.CascadeClassifier(str(path))
        if self._cascade.empty():
            raise ModelError(
                f"OpenCV's face cascade {_CASCADE} is missing; install opencv-python again."
            )

    def detect(self, image: Image, *, fresh: bool) -> list[Box]:  # noqa: ARG002 - no memory
        """Face boxes, best score first; see `FaceDetector`."""
        small, zoom = shrunk(image, _LONGER_SIDE)
        grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
        least = max(20, round(_SMALLEST * max(grey.shape)))
        places, _, weights = self._cascade.detectMultiScale3(
            grey,
            scaleFactor=_SCALE_STEP,
            minNeighbors=_MIN_NEIGHBOURS,
            minSize=(least, least),
            outputRejectLevels=True,
        )
        boxes = []
        for (x, y, w, h), weight in zip(places, weights, strict=True):
            native = Box(
                x * zoom - 0.5,
                y * zoom - 0.5,
                (x + w) * zoom - 0.5,
                (y + h) * zoom - 0.5,
                _score(float(weight)),
            )
            boxes.append(HAAR.apply(native))
        return sorted(boxes, key=lambda box: -box.score)

    def detect_near(self, image: Image, box: Box) -> list[Box]:
        """Face boxes close to where a face was; see `FaceDetector`."""
        part, left, top = part_around(image, box, sides=NEAR)
        if not part.size:
            return []
        return [found.moved(left, top) for found in self.detect(part, fresh=True)]

    def close(self) -> None:
        """Nothing to free."""


def _score(weight: float) -> float:
    """A stage sum, unbounded, squeezed into 0..1; sums below 0 are barely faces."""
    return min(max(weight, 0.0) / (1.0 + max(weight, 0.0)), 1.0)
