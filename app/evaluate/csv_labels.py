"""Labels of images as a table: columns `image`, then `x0`, `y0`, `x1`, `y1` and so on.

`image` is a path from the folder of the table. An image may have several rows, one per face. An
empty cell is a point that is not labelled. Other columns are not read. Pixels count from 0.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.core.files import is_file, write_text
from app.core.layout import IBUG68, LAYOUTS, LandmarkLayout
from app.evaluate.clip import LabelledClip
from app.evaluate.labels import LabelError, LabelsBuilder, broken
from app.evaluate.metrics import Floats


def read_csv_labels(path: Path) -> LabelledClip:
    """The images that a table names, in the order of their first rows.

    Raises:
        LabelError: the table is broken or names an image that does not exist.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise LabelError(f"{path.name} cannot be read: {reason}; choose another file.") from error
    reader = csv.reader(io.StringIO(text))
    header = next(reader, [])
    layout = _layout(path, header)
    columns = [header.index(f"{axis}{i}") for i in range(layout.count) for axis in "xy"]
    name_column = header.index("image")
    faces: dict[str, list[tuple[int, npt.NDArray[np.float64]]]] = {}
    for row in reader:
        line = reader.line_num
        if not row:
            continue
        if len(row) != len(header):
            raise broken(path, f"it has {len(row)} cells instead of {len(header)}", line)
        name = row[name_column]
        if name not in faces and not is_file(path.parent / name):
            raise broken(path, f"there is no image {name}", line)
        try:
            values = [float(row[c]) if row[c].strip() else None for c in columns]
        except ValueError as error:
            raise broken(path, f"a coordinate is not a number ({error})", line) from error
        if any(value is not None and not math.isfinite(value) for value in values):
            raise broken(path, "a coordinate is not a number; leave the cell empty", line)
        points = np.array([math.nan if v is None else v for v in values]).reshape(-1, 2)
        faces.setdefault(name, []).append((line, points))
    if not faces:
        raise broken(path, "it holds no labels")
    builder = LabelsBuilder(layout)
    for number, rows in enumerate(faces.values()):
        for person, (line, points) in enumerate(rows):
            try:
                builder.add(frame=number, person=person, points=points)
            except ValueError as error:
                raise broken(path, str(error), line) from error
    return LabelledClip(
        name=path.name,
        media=path.parent,
        images=tuple(path.parent / name for name in faces),
        label_files=(path,),
        labels=builder.build(np.ones(len(faces), bool)),
        complete=True,
    )


def write_csv_labels(
    path: Path,
    faces: Iterable[tuple[str, Floats]],
    layout: LandmarkLayout = IBUG68,
) -> None:
    """Write one row per face: path of the image from the table's folder, points (N, 2).

    Raises:
        OutputError: the file cannot be written.
        ValueError: a face does not have the points of the layout.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image", *(f"{axis}{i}" for i in range(layout.count) for axis in "xy")])
    for name, points in faces:
        if points.shape != (layout.count, 2):
            raise ValueError(f"points must have shape ({layout.count}, 2), got {points.shape}")
        cells = ["" if math.isnan(v) else f"{v:.4f}" for v in points.astype(np.float64).ravel()]
        writer.writerow([name, *cells])
    write_text(path, text.getvalue())


def _layout(path: Path, header: list[str]) -> LandmarkLayout:
    """The layout with as many points as the table."""
    if "image" not in header:
        raise broken(path, "there is no column image", 1)
    count = 0
    while f"x{count}" in header and f"y{count}" in header:
        count += 1
    for layout in LAYOUTS.values():
        if layout.count == count:
            return layout
    known = ", ".join(f"{layout.count} ({name})" for name, layout in LAYOUTS.items())
    raise broken(path, f"it has columns for {count} points; known are {known}", 1)
