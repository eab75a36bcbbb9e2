"""The parts of the evaluation that can be looked at alone."""

from __future__ import annotations

import numpy as np
import pytest

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
