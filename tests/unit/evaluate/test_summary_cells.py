"""What names become in the tables of an evaluation."""

import csv
import dataclasses
import io
from pathlib import Path

import numpy as np

from app.core.layout import IBUG68
from app.evaluate.labels import LabelOrigin, LabelsBuilder
from app.evaluate.results import ClipResult, ModelResult
from app.evaluate.summary import rows_as_csv


def test_a_name_that_looks_like_a_formula_is_none_in_the_table() -> None:
    points = np.random.default_rng(0).uniform(0, 99, (68, 2))
    builder = LabelsBuilder(IBUG68)
    builder.add(frame=0, person=0, points=points)
    model = ModelResult(
        layout=IBUG68,
        points=points[None].astype(np.float32),
        pose=np.zeros((1, 3)),
        false_frames=np.zeros(1, np.int32),
        worst=(),
    )
    result = ClipResult(
        clip="=1+cmd.mp4",
        place=Path("=1+cmd.mp4"),
        origin=LabelOrigin(),
        moving=True,
        field_of_view_deg=60.0,
        labels=builder.build(np.ones(1, bool)),
        times_s=np.zeros(1),
        sizes=np.full((1, 2), 100, np.int32),
        models={"@SUM(A1) fp32": model},
    )
    rows = list(csv.reader(io.StringIO(rows_as_csv([result]))))
    assert [row[:2] for row in rows[1:]] == [["'=1+cmd.mp4", "'@SUM(A1) fp32"]] * 2
    plain = dataclasses.replace(result, clip="a.mp4", models={"m int8": model})
    rows = list(csv.reader(io.StringIO(rows_as_csv([plain]))))
    assert [row[:2] for row in rows[1:]] == [["a.mp4", "m int8"]] * 2
