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
from app.vision.way_up import Found, WayUp

_NETWORKS: Final[tuple[Network, ...]] = ("short", "full")
# The networks see 128 and 192 pixels; a smaller picture is converted faster.
_LONGER_SIDE = 640
# A face smaller than this share of the picture's longer side is beyond the short-range network.
_FAR_FACE = 0.12


@dataclass(frozen=True, slots=True)
class _Look:
    """One way to look at a picture: with a network, at all of it or at the square at one end, or
    turned anticlockwise by so many quarters.
    """

    network: Network
    end: Literal["first", "last"] | None = None
    turns: int = 0


_LOOKS = (_Look("short"), _Look("full"), _Look("full", "first"), _Look("full", "last"))
# Most faces stand upright, so that a turned look only comes after all of these.
_TURNED = tuple(_Look(network, turns=turns) for network in _NETWORKS for turns in (2, 1, 3))
# A turned look must be surer, or false faces come of it: the others saw none in this picture.
_LEAST_TURNED = 0.82


class BlazeFaceDetector:
    """Finds faces with one look a frame.

    Short range finds every face of webcam size and none of the far ones; full range, which takes
    twice as long, finds nearly all, and smaller ones yet with one end of the picture alone: left or
    right, of an upright picture top or bottom.
    A look that finds nothing is followed by the next one at the next frame; a fresh picture is
    looked at in all ways until a face is found. Full range stays while it finds far faces. Where
    no look finds any, the picture is turned: neither network knows faces on their heads, nor full
    range those that lie. What a face scores tells whether it was taken for one the right way up;
    see `app.vision.way_up`.

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
        self._next = 0
        self._way_up = WayUp(lambda part: [face.box for face in self._run(_LOOKS[0], part)])

    def detect(self, image: Image, *, fresh: bool) -> list[Box]:
        """Face boxes, best score first; see `FaceDetector`."""
        if fresh:
            self._next = 0
        look = _look(self._next)
        found = self._run(look, image)
        if fresh:
            for look in (*_LOOKS[1:], *_TURNED):
                if found:
                    break
                found = self._run(look, image)
            self._next = _LOOKS.index(look) if look in _LOOKS else 0
        far = _FAR_FACE * max(image.shape[:2])
        if not found or look not in (_LOOKS[0], _LOOKS[1]):
            # Part of a picture is no place to stay: a face may come up in the other.
            self._next += 1
        elif min(one.box.side for one in found) >= far:
            self._next = 0
        return self._way_up.upright(image, found, fresh=fresh)

    def detect_near(self, image: Image, box: Box) -> list[Box]:
        """Face boxes close to where a face was; see `FaceDetector`."""
        part, left, top = part_around(image, box, sides=NEAR)
        if not part.size:
            return []
        found = [one._replace(box=one.box.moved(left, top)) for one in self._run(_LOOKS[0], part)]
        return self._way_up.upright(image, found, fresh=False)

    def close(self) -> None:
        """Free the networks."""
        for network in self._networks.values():
            network.close()
        self._networks.clear()

    def _run(self, look: _Look, image: Image) -> list[Found]:
        """The faces that one look finds, best score first."""
        height, width = image.shape[:2]
        left = top = 0
        if look.end is not None:
            side = min(width, height)
            if look.end == "last":
                left, top = width - side, height - side
            width = height = side
        part = np.ascontiguousarray(image[top : top + height, left : left + width])
        small, _ = shrunk(part, _LONGER_SIDE)
        if look.turns:
            small = np.rot90(small, look.turns)
        rgb = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)
        found = self._networks[look.network].run(rgb)
        across, down = (height, width) if look.turns % 2 else (width, height)
        faces = []
        for detection in found["detections"] or ():
            place = detection.location_data.relative_bounding_box
            square = Box(
                place.xmin * across - 0.5,
                place.ymin * down - 0.5,
                (place.xmin + place.width) * across - 0.5,
                (place.ymin + place.height) * down - 0.5,
                float(detection.score[0]),
            )
            keypoints = np.array(
                [
                    [k.x * across - 0.5, k.y * down - 0.5]
                    for k in detection.location_data.relative_keypoints
                ]
            )
            box = blazeface_box(look.network, square, keypoints)
            if look.turns:
                if box.score < _LEAST_TURNED:
                    continue
                box = _turned_back(box, look.turns, width=across, height=down)
            faces.append(Found(box.moved(left, top), look.network, look.turns))
        return sorted(faces, key=lambda one: -one.box.score)


def _look(number: int) -> _Look:
    """The look that comes after so many that found nothing."""
    rounds, place = divmod(number, len(_LOOKS) + 1)
    return _LOOKS[place] if place < len(_LOOKS) else _TURNED[rounds % len(_TURNED)]


def _turned_back(box: Box, turns: int, *, width: int, height: int) -> Box:
    """A box of a picture of `width` and `height`, which had been turned anticlockwise by so many
    quarters, in the picture as it was before.
    """
    (x, y), half = box.centre, box.side / 2
    for _ in range(turns):  # clockwise by a quarter each time
        x, y, width, height = height - 1 - y, x, height, width
    roll = (box.roll + 90 * turns + 180) % 360 - 180
    return Box(x - half, y - half, x + half, y + half, box.score, roll)


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
