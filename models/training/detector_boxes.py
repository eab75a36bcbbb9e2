"""How the detectors of the program frame faces, measured on real ones.

The face box is the tight upright box around the 68 points; a detector's own square maps to it by a
scale and a shift. What remains is the jitter that training must cover.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from app.core.face import Box
from app.core.face_boxes import (
    HAAR,
    BoxMapping,
    Network,
    blazeface_box,
)
from app.core.geometry import upright_axes
from models.training.crops import true_box
from models.training.labels import Labels
from models.training.sources import Picture, read_picture

Image = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]


class Detection(NamedTuple):
    """What a detector says of one face, in pixels of the picture.

    square: its own box.
    keypoints: (6, 2) of BlazeFace, the eyes first, or None.
    """

    square: Box
    keypoints: Points | None


Detector = Callable[[Image], Sequence[Detection]]

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
class BoxSpread:
    """How far a detector's face boxes are from the true ones: root mean squares over the middle
    90 % of the faces, what is wrong on all of them included.

    Attributes:
        scale: of the log of the size.
        shift: of the shift per axis, as a share of the face box's side.
        roll: of the tilt, degrees.
        found: share of the faces that were found.
    """

    scale: float
    shift: float
    roll: float
    found: float


def program_box(name: str, detection: Detection) -> Box:
    """The face box that the program makes of a detection of the detector `name`."""
    if detection.keypoints is None:
        return HAAR.apply(detection.square)
    network: Network = "short" if name == "blazeface_short" else "full"
    return blazeface_box(network, detection.square, detection.keypoints)


def detectors() -> dict[str, Detector]:
    """The detectors of the program by name; they take BGR pictures."""
    import mediapipe as mp  # takes seconds and is needed by few commands

    def blaze(model: int) -> Detector:
        network: Any = mp.solutions.face_detection.FaceDetection(
            model_selection=model, min_detection_confidence=0.5
        )

        def detect(image: Image) -> list[Detection]:
            height, width = image.shape[:2]
            found = network.process(cv2.cvtColor(image, cv2.COLOR_BGR2RGB)).detections or []
            faces = []
            for detection in found:
                b = detection.location_data.relative_bounding_box
                x, y = b.xmin * width - 0.5, b.ymin * height - 0.5
                square = Box(x, y, x + b.width * width, y + b.height * height)
                places = [[k.x, k.y] for k in detection.location_data.relative_keypoints]
                faces.append(Detection(square, np.array(places) * [width, height] - 0.5))
            return faces

        return detect

    cascade = cv2.CascadeClassifier(
        str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_default.xml")
    )

    def haar(image: Image) -> list[Detection]:
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        small = cv2.resize(grey, None, fx=HAAR_SHRINK, fy=HAAR_SHRINK, interpolation=cv2.INTER_AREA)
        found = cascade.detectMultiScale(
            small, scaleFactor=1.1, minNeighbors=4, minSize=(HAAR_MIN_SIDE, HAAR_MIN_SIDE)
        )
        return [
            Detection(Box(*((np.array([x, y, x + w, y + h]) / HAAR_SHRINK - 0.5).tolist())), None)
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
    data: Path,
    labels: Labels,
    rows: Iterable[int],
    *,
    names: Collection[str] | None = None,
) -> dict[str, list[tuple[int, Detection]]]:
    """What each detector says of the labelled faces that it finds.

    Args:
        data: folder of the pictures.
        labels: all faces.
        rows: of the faces to look for.
        names: detectors to ask, None for all; Haar takes most of the time.

    Returns:
        By detector: (row, detection) for each face found.
    """
    rng = np.random.default_rng(0)
    tools = {name: t for name, t in detectors().items() if names is None or name in names}
    found: dict[str, list[tuple[int, Detection]]] = {name: [] for name in tools}
    for row in rows:
        picture = Picture(str(labels.paths[row]), "train", "", squeeze=float(labels.squeeze[row]))
        truth = Box.around(labels.points[row])
        image = read_picture(data, picture)
        frame, zoom, left, top = on_canvas(image, truth, float(rng.uniform(*FACE_SHARES)))
        for name, detect in tools.items():
            faces = [_from_canvas(d, zoom, np.array([left, top])) for d in detect(frame)]
            best = max(faces, key=lambda d: truth.iou(d.square), default=None)
            if best is not None and truth.iou(best.square) >= SAME_FACE:
                found[name].append((int(row), best))
    return found


def _from_canvas(detection: Detection, zoom: float, corner: Points) -> Detection:
    square, keypoints = detection
    low, high = (
        (np.array(point) - corner) / zoom
        for point in ((square.x0, square.y0), (square.x1, square.y1))
    )
    return Detection(
        Box(*low.tolist(), *high.tolist(), square.score),
        None if keypoints is None else (keypoints - corner) / zoom,
    )


def fit_square(found: Sequence[tuple[int, Detection]], labels: Labels) -> BoxMapping:
    """The median mapping from a detector's squares to the true boxes."""
    truths = [Box.around(labels.points[row]) for row, _ in found]
    native = np.array([detection.square.side for _, detection in found])
    centres = np.array([detection.square.centre for _, detection in found])
    shift = np.median((np.array([b.centre for b in truths]) - centres) / native[:, None], axis=0)
    scale = float(np.median(np.array([box.side for box in truths]) / native))
    return BoxMapping(scale=scale, dx=float(shift[0]), dy=float(shift[1]))


def measure_framing(boxes: Sequence[tuple[int, Box]], labels: Labels, tried: int) -> BoxSpread:
    """How far face boxes of one detector, by rows of the labels, are from the true ones."""
    truths = [true_box(labels.points[row]) for row, _ in boxes]
    sizes = [np.log(box.side / t.side) for (_, box), t in zip(boxes, truths, strict=True)]
    shifts = [
        upright_axes(t.roll) @ (np.array(box.centre) - t.centre) / t.side
        for (_, box), t in zip(boxes, truths, strict=True)
    ]
    rolls = [
        (box.roll - t.roll + 180) % 360 - 180 for (_, box), t in zip(boxes, truths, strict=True)
    ]
    return BoxSpread(
        scale=_off(np.array(sizes)),
        shift=float(np.hypot(*(_off(axis) for axis in np.array(shifts).T)) / np.sqrt(2)),
        roll=_off(np.array(rolls)),
        found=len(boxes) / tried,
    )


def measure_all(
    data: Path, labels: Labels, *, faces: int
) -> tuple[dict[str, BoxMapping], dict[str, BoxSpread]]:
    """The steps of the detectors to the face box on training faces, and how far the face boxes of
    the program are off on val.
    """
    found = detect_faces(data, labels, usable_rows(labels)[:faces])
    squares = {name: fit_square(seen, labels) for name, seen in found.items()}
    held_out = labels.of("val")
    spreads = {
        name: measure_framing(
            [(row, program_box(name, d)) for row, d in seen], labels, len(held_out)
        )
        for name, seen in detect_faces(data, labels, held_out).items()
    }
    return squares, spreads


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


def _off(values: npt.NDArray[np.float64]) -> float:
    """Root mean square that the 5, 50 and 95 % points of a normal spread would have."""
    low, middle, high = np.percentile(values, [5, 50, 95])
    return float(np.hypot(middle, (high - low) / (2 * 1.645)))
