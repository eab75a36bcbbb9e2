"""Which pictures there are, and what their tables say about them."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from app.core.errors import SourceError

Split = Literal["train", "val"]

SQUEEZE_STRETCHED = 0.79
"""Width factor for the celebrity crops of `chandrika`, stretched sideways by about a quarter:
their mesh has a height-to-width ratio of 0.95 where other faces have 1.18 to 1.22."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of the data folder.

    Attributes:
        path: relative to the data folder; also its key in every cache.
        split: `val` where the person is a validation identity; faces without a name train.
        source: `p1` (with its own coarse labels), `faces-p1`, `prajnasb`, `chandrika`, `mux`,
            `ibug68` (with points that people checked) or `yawns`.
        masked: a face mask covers mouth, chin and nose.
        twin: path of the same picture without the drawn mask, or "".
        emotion: the label of the table, or "".
        squeeze: factor on the width that undoes a stretch, 1 for none.
        mouth: box around the mouth of the face that is meant, drawn by people: x0, y0, x1, y1 in
            pixels; None where there is none.
    """

    path: str
    split: Split
    source: str
    masked: bool = False
    twin: str = ""
    emotion: str = ""
    squeeze: float = 1.0
    mouth: tuple[float, float, float, float] | None = None


def list_pictures(data: Path) -> list[Picture]:
    """Every picture that may train or validate, in a fixed order.

    `helen48/` is for measuring only and is never listed.

    Raises:
        SourceError: the folder lacks one of the four tables.
    """
    tables = [
        data / "p1" / "keypoints.csv",
        data / "faces" / "manifest.csv",
        data / "ibug68" / "points68.csv",
        data / "yawns" / "labels.csv",
    ]
    for table in tables:
        if not table.is_file():
            raise SourceError(f"{table} is missing; name the data folder with --data")
    pictures = [
        Picture(f"p1/{row['image']}", _split(row["split"]), "p1") for row in _rows(tables[0])
    ]
    for row in _rows(tables[1]):
        if row["source"] == "mux" and _is_spare(row):
            continue
        stretched = row["source"] == "chandrika" and row["masked"] == "0" and row["identity"]
        pictures.append(
            Picture(
                path=f"faces/{row['image']}",
                split=_split(row["split"]),
                source="faces-p1" if row["source"] == "p1" else row["source"],
                masked=row["masked"] == "1",
                twin=f"faces/{row['pair']}" if row["masked"] == "1" and row["pair"] else "",
                emotion=row["emotion"],
                squeeze=SQUEEZE_STRETCHED if stretched else 1.0,
            )
        )
    pictures += [
        Picture(f"ibug68/images/{row['image']}", _split(row["split"]), "ibug68")
        for row in _rows(tables[2])
    ]
    for row in _rows(tables[3]):
        box = [float(row[name]) for name in ("x0", "y0", "x1", "y1") if row[name]]
        yawns = row["label"] != "none"
        pictures.append(
            Picture(
                path=f"yawns/images/{row['image']}",
                split=_split_of_video(row["image"]),
                source="yawns",
                emotion="yawn" if yawns else "",
                mouth=(box[0], box[1], box[2], box[3]) if len(box) == 4 else None,
            )
        )
    return pictures


def p1_labels(data: Path) -> dict[str, npt.NDArray[np.float32]]:
    """The coarse labels of p1: path -> points (68, 2) in picture pixels."""
    return _points_of(data / "p1" / "keypoints.csv", "p1")


def hand_labels(data: Path) -> dict[str, npt.NDArray[np.float32]]:
    """The points of 300-W, checked by people: path -> points (68, 2) in picture pixels."""
    return _points_of(data / "ibug68" / "points68.csv", "ibug68/images")


def _points_of(table: Path, folder: str) -> dict[str, npt.NDArray[np.float32]]:
    labels = {}
    for row in _rows(table):
        points = [[float(row[f"x{i}"]), float(row[f"y{i}"])] for i in range(68)]
        labels[f"{folder}/{row['image']}"] = np.array(points, dtype=np.float32)
    return labels


def _split_of_video(image: str) -> Split:
    """The split of a picture of `yawns`: pictures of one video bear its name and a number."""
    video = re.sub(r"_?\d+$", "", image.removesuffix("_jpg.jpg"))
    return "val" if int(sha1(video.encode()).hexdigest(), 16) % 4 == 2 else "train"


def _is_spare(row: dict[str, str]) -> bool:
    """Every other calm, unnamed-for-val face of the press photographs: there are 12,000 alike."""
    calm = row["emotion"] in ("", "neutral", "happiness")
    return calm and row["split"] != "val" and sha1(row["image"].encode()).digest()[0] % 2 == 0


def read_picture(data: Path, picture: Picture) -> npt.NDArray[np.uint8]:
    """The picture as (H, W, 3) uint8 BGR, squeezed where it was stretched.

    Raises:
        SourceError: the file cannot be decoded.
    """
    image = cv2.imread(str(data / picture.path), cv2.IMREAD_COLOR)
    if image is None:
        raise SourceError(f"{data / picture.path} cannot be read as a picture")
    if picture.squeeze != 1.0:
        width = round(image.shape[1] * picture.squeeze)
        image = cv2.resize(image, (width, image.shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(image, dtype=np.uint8)


def _split(value: str) -> Split:
    return "val" if value == "val" else "train"


def _rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))
