"""Labels of images as a table: columns `image`, then `x0`, `y0`, `x1`, `y1` and so on.

`image` is a path from the folder of the table. An image may have several rows, one per face. An
empty cell is a point that is not labelled. Other columns are not read. Pixels count from 0. A name
that a spreadsheet would take for a formula has an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.core.cells import as_cell, from_cell
from app.core.files import write_text
from app.core.layout import IBUG68, LAYOUTS, LandmarkLayout
from app.core.untrusted import UnusableError, is_file_in, read_text, shown, written_number
from app.evaluate.clip import LabelledClip
from app.evaluate.labels import LabelsBuilder, broken, unreadable
from app.evaluate.metrics import Floats


def read_csv_labels(path: Path) -> LabelledClip:
    """The images that a table names, in the order of their first rows.

    Raises:
        LabelError: the table is broken or names an image that does not exist.
    """
    try:
        text = read_text(path)
    except (OSError, UnusableError) as error:
        raise unreadable(path, error) from error
    reader = _rows(path, text)
    _, header = next(reader, (1, []))
    layout = _layout(path, header)
    columns = [header.index(f"{axis}{i}") for i in range(layout.count) for axis in "xy"]
    name_column = header.index("image")
    faces: dict[str, list[tuple[int, npt.NDArray[np.float64]]]] = {}
    for line, row in reader:
        if not row:
            continue
        if len(row) != len(header):
            raise broken(path, f"it has {len(row)} cells instead of {len(header)}", line)
        name = row[name_column] if is_file_in(path.parent, row[name_column]) else ""
        name = name or from_cell(row[name_column])
        if name not in faces and not is_file_in(path.parent, name):
            raise broken(path, f"there is no image {shown(name)}", line)
        try:
            values = [written_number(row[c]) if row[c].strip() else math.nan for c in columns]
        except UnusableError as error:
            problem = f"a coordinate is not a number ({error}); leave the cell empty"
            raise broken(path, problem, line) from error
        points = np.array(values).reshape(-1, 2)
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
        writer.writerow([as_cell(name), *cells])
    write_text(path, text.getvalue())


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Number of the line and cells of each row."""
    reader = csv.reader(io.StringIO(text, newline=""))
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise broken(path, f"it is no table ({error})", reader.line_num) from error
        yield reader.line_num, row


def _layout(path: Path, header: list[str]) -> LandmarkLayout:
    """The layout with as many points as the table."""
    if "image" not in header:
        raise broken(path, "there is no column image", 1)
    if len(set(header)) != len(header):
        raise broken(path, "two columns have the same name", 1)
    count = 0
    while f"x{count}" in header and f"y{count}" in header:
        count += 1
    for layout in LAYOUTS.values():
        if layout.count == count:
            return layout
    known = ", ".join(f"{layout.count} ({name})" for name, layout in LAYOUTS.items())
    raise broken(path, f"it has columns for {count} points; known are {known}", 1)
