"""MediaPipe BlazeFace as a `FaceDetector`: short range, with full range for far faces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np

from app._opencv import cv2
from app.core.face import Box
from app.core.face_boxes import Network, blazeface_box
from app.core.frame import Image
from app.core.native_noise import native_stderr_silenced
from app.vision.detector import NEAR
from app.vision.light_import import without_plots
from app.vision.mediapipe_graph import MediaPipeGraph
from app.vision.shrink import part_around, shrunk

_NETWORKS: Final[tuple[Network, ...]] = ("short", "full")
# The networks see 128 and 192 pixels; a smaller picture is converted faster.
_LONGER_SIDE = 640
# A face smaller than this share of the picture's longer side is beyond the short-range network.
_FAR_FACE = 0.12


@dataclass(frozen=True, slots=True)
class _Look:
    """One way to look at a picture: with a network, at all of it or at the square at one end."""

    network: Network
    end: Literal["first", "last"] | None = None


_LOOKS = (_Look("short"), _Look("full"), _Look("full", "first"), _Look("full", "last"))


class BlazeFaceDetector:
    """Finds faces with one look a frame.

    Short range finds every face of webcam size and none of the far ones; full range, which takes
    twice as long, finds nearly all, and smaller ones yet with one end of the picture alone: left or
    right, of an upright picture top or bottom.
    A look that finds nothing is followed by the next one at the next frame; a fresh picture is
    looked at in all ways until a face is found. Full range stays while it finds far faces.

    MediaPipe is imported here, which takes seconds: make this object on a worker thread.
    """

    name = "blazeface"

    def __init__(self) -> None:
        with native_stderr_silenced():  # it greets before its log levels can be set
            with without_plots():
                import mediapipe

            self._networks: dict[Network, MediaPipeGraph] = {
                name: _graph(Path(mediapipe.__file__).parent, name) for name in _NETWORKS
            }
            for name in _NETWORKS:  # the first run is slow
                self._run(_Look(name), np.zeros((64, 64, 3), np.uint8))
        self._look = 0

    def detect(self, image: Image, *, fresh: bool) -> list[Box]:
        """Face boxes, best score first; see `FaceDetector`."""
        if fresh:
            self._look = 0
        boxes = self._run(_LOOKS[self._look], image)
        while fresh and not boxes and self._look < len(_LOOKS) - 1:
            self._look += 1
            boxes = self._run(_LOOKS[self._look], image)
        self._look = self._next_look(boxes, _FAR_FACE * max(image.shape[:2]))
        return boxes

    def detect_near(self, image: Image, box: Box) -> list[Box]:
        """Face boxes close to where a face was; see `FaceDetector`."""
        part, left, top = part_around(image, box, sides=NEAR)
        if not part.size:
            return []
        return [found.moved(left, top) for found in self._run(_Look("short"), part)]

    def _next_look(self, boxes: list[Box], far: float) -> int:
        whole = _LOOKS[self._look].end is None
        if not boxes or not whole:
            # Part of a picture is no place to stay: a face may come up in the other.
            return (self._look + 1) % len(_LOOKS)
        return self._look if min(box.side for box in boxes) < far else 0

    def close(self) -> None:
        """Free the networks."""
        for network in self._networks.values():
            network.close()
        self._networks.clear()

    def _run(self, look: _Look, image: Image) -> list[Box]:
        height, width = image.shape[:2]
        left = top = 0
        if look.end is not None:
            side = min(width, height)
            if look.end == "last":
                left, top = width - side, height - side
            width = height = side
        part = np.ascontiguousarray(image[top : top + height, left : left + width])
        small, _ = shrunk(part, _LONGER_SIDE)
        rgb = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)
        found = self._networks[look.network].run(rgb)
        boxes = []
        for detection in found["detections"] or ():
            place = detection.location_data.relative_bounding_box
            square = Box(
                left + place.xmin * width - 0.5,
                top + place.ymin * height - 0.5,
                left + (place.xmin + place.width) * width - 0.5,
                top + (place.ymin + place.height) * height - 0.5,
                float(detection.score[0]),
            )
            keypoints = np.array(
                [
                    [left + k.x * width - 0.5, top + k.y * height - 0.5]
                    for k in detection.location_data.relative_keypoints
                ]
            )
            boxes.append(blazeface_box(look.network, square, keypoints))
        return sorted(boxes, key=lambda box: -box.score)


def _graph(root: Path, network: Network) -> MediaPipeGraph:
    """MediaPipe's own graph around one of the networks, from its package at `root`.

    It believes faces from a score of 0.5 (short) or 0.6 (full) on. `min_detection_confidence` of
    `solutions.FaceDetection` comes too late to change that, so that the sizes and places of the
    boxes in `app.core.face_boxes` were measured with these, too.
    """
    from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig

    file = root / "modules" / "face_detection" / f"face_detection_{network}_range_cpu.binarypb"
    config = CalculatorGraphConfig.FromString(file.read_bytes())
    return MediaPipeGraph(config, {"detections": "proto_list"})
