"""The parts of the evaluation that can be looked at alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.evaluate.store import StoredRun
from app.ui.evaluation.runs import Run, describe, series_of
from app.ui.evaluation.timeline import by_frame, frame_edges, spans, thinned


def test_a_frame_counts_with_its_worst_face() -> None:
    frame = np.array([0, 1, 1, 3, 4], np.int32)
    face = np.array([0.1, 0.2, 0.3, np.inf, np.nan])
    assert by_frame(frame, face, 6).tolist()[:2] == [0.1, 0.3]
    assert np.isnan(by_frame(frame, face, 6)[[2, 4, 5]]).all()
    assert by_frame(frame, face, 6)[3] == np.inf


def test_spans_are_runs_of_true() -> None:
    assert spans(np.array([True, True, False, True])) == [(0, 2), (3, 4)]
    assert spans(np.zeros(3, bool)) == []


def test_every_frame_has_an_edge_before_and_after_it() -> None:
    assert frame_edges(np.array([0.0, 0.1, 0.2])).tolist() == pytest.approx([0.0, 0.1, 0.2, 0.3])
    assert frame_edges(np.array([0.5])).tolist() == [0.5, 1.5]


def test_a_thinned_curve_keeps_peaks_and_gaps() -> None:
    y = np.full(10_000, 3.0)
    y[1234], y[6789] = 40.0, 0.5
    y[2000:3000] = np.nan
    x, thin = thinned(np.arange(10_000.0), y, 1000)
    assert len(x) <= 1000
    assert (np.diff(x) > 0).all()
    assert np.nanmax(thin) == 40.0
    assert np.nanmin(thin) == 0.5
    assert np.isnan(thin[(x > 2010) & (x < 2990)]).all()


NOON = datetime(2026, 11, 22, 12, 0, 9, 73_000, tzinfo=UTC)
UNMEASURED: Mapping[str, Any] = {"pfld-0.5x int8": None}


def kept(made_at: datetime) -> StoredRun:
    return StoredRun(
        id=made_at.isoformat(),
        made_at=made_at,
        clips=("clip.mp4",),
        frames=1,
        faces=1,
        nme=dict.fromkeys(UNMEASURED, 0.02),
        settings={},
        program="1",
    )


def test_runs_of_one_second_are_told_apart_in_lists_and_plots() -> None:
    first, second, later = (kept(NOON + timedelta(milliseconds=ms)) for ms in (0, 810, 2000))
    words = describe([first, second, later])
    times = [name.partition(" · ")[0] for name in words]
    assert [time.partition(":")[2][2:] for time in times] == [":09.073", ":09.883", ":11"]
    runs = [
        Run(results=(), measured=UNMEASURED, settings={}, stored=one) for one in (first, second)
    ]
    labels = [series.label for series in series_of(*runs)]
    assert [label[-7:] for label in labels] == [":09.073", ":09.883"]


def test_runs_of_different_seconds_are_named_to_the_second() -> None:
    first, later = (
        Run(results=(), measured=UNMEASURED, settings={}, stored=kept(NOON + timedelta(seconds=s)))
        for s in (0, 2)
    )
    assert [series.label[-3:] for series in series_of(first, later)] == [":09", ":11"]
    assert later.when.endswith(":11")
