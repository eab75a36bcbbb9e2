"""How the boxes of the program's detectors relate to the face box, measured on real faces.

The face box is the tight box around the 68 points; a detector's own square maps to it by a scale
and a shift. What remains after the median map is the jitter that training must cover.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from app.core.face import Box
from models.training.labels import Labels
from models.training.sources import Picture, read_picture

Image = npt.NDArray[np.uint8]
Detector = Callable[[Image], Sequence[Box]]

CANVAS = 640
"""Side of the square that each picture is placed in, as a webcam frame would show it, pixels."""

FACE_SHARES: Final = (0.2, 0.4)
"""Range of the face box's side as a share of the canvas."""

HAAR_SHRINK = 0.5
HAAR_MIN_SIDE = 40
"""Haar looks at a picture shrunken by this factor for faces of at least this side (pixels
there): at full size and with default settings it takes 150 ms."""

SAME_FACE = 0.25
"""Smallest overlap (IoU) for a detection to count as the labelled face, before any mapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxMap:
    """From a detector's square to the face box.

    Attributes:
        scale: side of the face box over the side of the native box (median).
        dx: rightward shift of the centre as a share of the native side (median).
        dy: downward shift likewise.
        scale_std: spread of the residual log scale, from the middle 90 % of the faces.
        shift_std: spread of the residual shift per axis as a share of the face box's side.
        found: share of the faces that were found.
    """

    scale: float
    dx: float
    dy: float
    scale_std: float
    shift_std: float
    found: float

    def face_box(self, native: Box) -> Box:
        """The face box, a square, that a native box stands for."""
        cx, cy = native.centre
        cx, cy = cx + self.dx * native.side, cy + self.dy * native.side
        half = native.side * self.scale / 2
        return Box(cx - half, cy - half, cx + half, cy + half, native.score)


def detectors() -> dict[str, Detector]:
    """The detectors of the program by name; they take BGR pictures."""
    import mediapipe as mp  # takes seconds and is needed by few commands

    def blaze(model: int) -> Detector:
        network: Any = mp.solutions.face_detection.FaceDetection(
            model_selection=model, min_detection_confidence=0.5
        )

        def detect(image: Image) -> list[Box]:
            height, width = image.shape[:2]
            found = network.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).detections or []
            boxes = []
            for detection in found:
                b = detection.location_data.relative_bounding_box
                x, y = b.xmin * width - 0.5, b.ymin * height - 0.5
                boxes.append(Box(x, y, x + b.width * width, y + b.height * height))
            return boxes

        return detect

    cascade = cv2.CascadeClassifier(
        str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml")
    )

    def haar(image: Image) -> list[Box]:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        small = cv2.resize(grey, None, fx=HAAR_SHRINK, fy=HAAR_SHRINK, interpolation=cv2.INTER_AREA)
        found = cascade.detectMultiScale(
            small, scaleFactor=1.1, minNeighbors=4, minSize=(HAAR_MIN_SIDE, HAAR_MIN_SIDE)
        )
        return [
            Box(*((np.array([x, y, x + w, y + h]) / HAAR_SHRINK - 0.5).tolist()))
            for x, y, w, h in found
        ]

    return {"blazeface_short": blaze(0), "blazeface_full": blaze(1), "haar": haar}


def on_canvas(image: Image, face: Box, share: float) -> tuple[Image, float, float, float]:
    """The picture in a webcam-like frame whose face has the given share of the side.

    Returns:
        The square frame, then zoom, left and top: a picture point p lies at zoom * p + (left,
        top) in it. What the picture does not cover repeats its border.
    """
    zoom = CANVAS * share / face.side
    cx, cy = face.centre
    left, top = CANVAS / 2 - zoom * cx, CANVAS / 2 - zoom * cy
    matrix = np.array([[zoom, 0.0, left], [0.0, zoom, top]])
    frame = cv2.warpAffine(
        image, matrix, (CANVAS, CANVAS), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(frame, dtype=np.uint8), zoom, left, top


def detect_faces(
    data: Path, labels: Labels, rows: Iterable[int], *, names: Collection[str] | None = None
) -> dict[str, list[tuple[int, Box]]]:
    """Native boxes, in picture pixels, of the labelled faces that each detector finds.

    Args:
        data: folder of the pictures.
        labels: all faces.
        rows: of the faces to look for.
        names: detectors to ask, None for all; Haar takes most of the time.

    Returns:
        By detector: (row, box) for each face found.
    """
    rng = np.random.default_rng(0)
    tools = {name: t for name, t in detectors().items() if names is None or name in names}
    found: dict[str, list[tuple[int, Box]]] = {name: [] for name in tools}
    for row in rows:
        picture = Picture(str(labels.paths[row]), "train", "", squeeze=float(labels.squeeze[row]))
        truth = Box.around(labels.points[row])
        image = read_picture(data, picture)
        frame, zoom, left, top = on_canvas(image, truth, float(rng.uniform(*FACE_SHARES)))
        for name, detect in tools.items():
            boxes = [
                Box((b.x0 - left) / zoom, (b.y0 - top) / zoom, (b.x1 - left) / zoom,
                    (b.y1 - top) / zoom)
                for b in detect(frame)
            ]  # fmt: skip
            best = max(boxes, key=truth.iou, default=None)
            if best is not None and truth.iou(best) >= SAME_FACE:
                found[name].append((int(row), best))
    return found


def measure_map(found: Sequence[tuple[int, Box]], labels: Labels, tried: int) -> BoxMap:
    """The median map of one detector, and what it leaves.

    Args:
        found: from `detect_faces`.
        labels: gives the true face boxes.
        tried: number of faces that the detector was shown.
    """
    truths = [Box.around(labels.points[row]) for row, _ in found]
    native = np.array([box.side for _, box in found])
    sides = np.array([box.side for box in truths])
    shifts = np.array([box.centre for box in truths]) - [box.centre for _, box in found]
    scale = float(np.median(sides / native))
    shift = np.median(shifts / native[:, None], axis=0)
    left_over = (shifts - shift * native[:, None]) / sides[:, None]
    return BoxMap(
        scale=scale,
        dx=float(shift[0]),
        dy=float(shift[1]),
        scale_std=_robust_std(np.log(sides / native / scale)),
        shift_std=_robust_std(left_over.ravel()),
        found=len(found) / tried,
    )


def measure_all(data: Path, labels: Labels, *, faces: int) -> Mapping[str, BoxMap]:
    """The maps of all detectors on training faces."""
    rows = usable_rows(labels)[:faces]
    found = detect_faces(data, labels, rows)
    return {name: measure_map(boxes, labels, len(rows)) for name, boxes in found.items()}


def usable_rows(labels: Labels) -> npt.NDArray[np.int64]:
    """Training faces that are whole, bare and not stretched, in a random but fixed order."""
    usable = (
        (labels.split == "train")
        & ~labels.masked
        & (labels.squeeze == 1.0)
        & labels.inside.all(axis=1)
        & (labels.source != "mux")
    )
    return np.random.default_rng(0).permutation(np.flatnonzero(usable))


def _robust_std(values: npt.NDArray[np.float64]) -> float:
    """Standard deviation that the 5 % and 95 % points of a normal spread would have."""
    low, high = np.percentile(values, [5, 95])
    return float((high - low) / (2 * 1.645))
