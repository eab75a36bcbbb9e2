"""MediaPipe BlazeFace as a `FaceDetector`: short range, with full range for far faces."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from app._opencv import cv2
from app.core.face import Box
from app.core.frame import Image
from app.vision.box_mapping import BoxMapping
from app.vision.shrink import shrunk

_SHORT, _FULL = 0, 1  # MediaPipe's `model_selection`

# Measured on the training images: see models/pfld/RESULTS.md, "Face boxes".
_MAPPINGS = {
    _SHORT: BoxMapping(scale=0.926, dx=-0.014, dy=0.030),
    _FULL: BoxMapping(scale=0.867, dx=-0.004, dy=0.071),
}
_MIN_SCORE = 0.5
# The networks see 128 and 192 pixels; a smaller picture is converted faster.
_LONGER_SIDE = 640
# A face smaller than this share of the picture's longer side is beyond the short-range network.
_FAR_FACE = 0.12
_TURNS = 3


class BlazeFaceDetector:
    """Finds faces with one network a frame, the one that last had something to find.

    Short range (4 ms) finds every face of webcam size and none of the far ones; full range
    (8 ms) finds both. A fresh picture in which short range finds nothing is shown to full range
    as well. From then on the choice sticks: full range stays while it finds only far faces, and
    while nothing is found every third look is the other network's.

    MediaPipe is imported here, which takes seconds: make this object on a worker thread.
    """

    name = "blazeface"

    def __init__(self) -> None:
        with _native_stderr_silenced():
            from mediapipe.python.solutions import face_detection

            self._networks: dict[int, Any] = {
                choice: face_detection.FaceDetection(
                    min_detection_confidence=_MIN_SCORE, model_selection=choice
                )
                for choice in (_SHORT, _FULL)
            }
            for choice in (_SHORT, _FULL):  # the first run builds the graph
                self._run(choice, np.zeros((64, 64, 3), np.uint8))
        self._usual, self._misses = _SHORT, 0

    def detect(self, image: Image, *, fresh: bool) -> list[Box]:
        """Face boxes, best score first; see `FaceDetector`."""
        if fresh:
            self._usual, self._misses = _SHORT, 0
        choice = self._usual
        if self._misses % _TURNS == _TURNS - 1:
            choice = _SHORT + _FULL - self._usual
        boxes = self._run(choice, image)
        if fresh and not boxes:
            choice = _FULL
            boxes = self._run(choice, image)
        if not boxes:
            self._misses += 1
            return boxes
        far = _FAR_FACE * max(image.shape[:2])
        self._misses = 0
        self._usual = _FULL if choice == _FULL and min(box.side for box in boxes) < far else _SHORT
        return boxes

    def close(self) -> None:
        """Free the networks."""
        for network in self._networks.values():
            network.close()
        self._networks.clear()

    def _run(self, choice: int, image: Image) -> list[Box]:
        height, width = image.shape[:2]
        small, _ = shrunk(image, _LONGER_SIDE)
        found = self._networks[choice].process(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))
        boxes = []
        for detection in found.detections or ():
            place = detection.location_data.relative_bounding_box
            native = Box(
                place.xmin * width - 0.5,
                place.ymin * height - 0.5,
                (place.xmin + place.width) * width - 0.5,
                (place.ymin + place.height) * height - 0.5,
                float(detection.score[0]),
            )
            boxes.append(_MAPPINGS[choice].apply(native))
        return sorted(boxes, key=lambda box: -box.score)


@contextlib.contextmanager
def _native_stderr_silenced() -> Iterator[None]:
    """Keep the greetings of MediaPipe's C++ side out of the terminal.

    They are written to file descriptor 2 before its log levels can be set. Python's errors are
    exceptions and pass.
    """
    try:
        target = sys.__stderr__.fileno() if sys.__stderr__ is not None else 2
        kept = os.dup(target)
    except (OSError, ValueError):  # no terminal at all, as under pythonw
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, target)
        yield
    finally:
        os.dup2(kept, target)
        os.close(kept)
        os.close(nowhere)
