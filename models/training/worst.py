"""The val faces on which a model fails most, drawn with truth and prediction, for the eye."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from app.core.face import Box
from app.core.geometry import crop_transform
from app.core.layout import IBUG68
from app.evaluate.attributes import ATTRIBUTES
from app.evaluate.metrics import nme, point_errors
from models.training.crops import true_box
from models.training.evaluation import ModelFile, frame_faces, predict_framed
from models.training.labels import Labels
from models.training.sheet import contact_sheet
from models.training.sources import Picture, read_picture

TILE: Final = 224
CAPTION: Final = 18
"""Side of a face on the sheet and height of the words under it, pixels."""

COLUMNS: Final = 7
TRUTH_COLOUR: Final = (90, 255, 90)
FOUND_COLOUR: Final = (60, 60, 255)


def worst_sheet(model: ModelFile, data: Path, labels: Labels, output: Path) -> None:
    """Draw, in a row for each attribute, the faces with the largest errors: truth green,
    prediction red, a line between them. A face is drawn once, in the first row it belongs to.
    """
    rows = labels.of("val")
    boxes = {int(row): true_box(labels.points[row]) for row in rows}
    points, _ = predict_framed(model, frame_faces(data, labels, boxes, model.framing))
    counts = (labels.counts & labels.inside)[rows]
    errors = nme(point_errors(points, labels.points[rows], IBUG68, counts=counts))
    flags = labels.attributes()[rows]
    order = np.argsort(np.where(np.isnan(errors), 0.0, -errors))
    drawn: set[int] = set()
    tiles = []
    for index, attribute in enumerate(ATTRIBUTES):
        fresh = [i for i in order.tolist() if flags[i, index] and i not in drawn][:COLUMNS]
        drawn.update(fresh)
        for i in fresh:
            says = f"{attribute}  {100 * errors[i]:.1f} %"
            tiles.append(_tile(data, labels, int(rows[i]), points[i], says))
        blank = np.zeros((TILE + CAPTION, TILE, 3), np.uint8)
        tiles += [blank] * (COLUMNS - len(fresh))
    cv2.imwrite(str(output), contact_sheet(tiles, columns=COLUMNS))


def _tile(
    data: Path, labels: Labels, row: int, found: npt.NDArray[np.float32], says: str
) -> npt.NDArray[np.uint8]:
    picture = Picture(str(labels.paths[row]), "val", "", squeeze=float(labels.squeeze[row]))
    matrix = crop_transform(Box.around(labels.points[row]), scale=1.4, shift=0.0, size=TILE)
    tile = cv2.warpAffine(read_picture(data, picture), matrix, (TILE, TILE))
    truth, prediction = (
        np.round((p @ matrix[:, :2].T + matrix[:, 2]) * 16).astype(int)
        for p in (labels.points[row], found)
    )
    for a, b in zip(truth, prediction, strict=True):
        cv2.line(tile, a.tolist(), b.tolist(), FOUND_COLOUR, 1, cv2.LINE_AA, 4)
        cv2.circle(tile, a.tolist(), 24, TRUTH_COLOUR, -1, cv2.LINE_AA, 4)
        cv2.circle(tile, b.tolist(), 24, FOUND_COLOUR, -1, cv2.LINE_AA, 4)
    caption = np.zeros((CAPTION, TILE, 3), np.uint8)
    cv2.putText(
        caption, says, (4, 13), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (255, 255, 255), 1, cv2.LINE_AA
    )
    return np.vstack([np.asarray(tile, np.uint8), caption])
