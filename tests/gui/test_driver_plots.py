"""What the strips of the driver dock draw."""

from __future__ import annotations

import numpy as np

from app.ui.driver.plots import outline


def test_an_outline_keeps_dips_peaks_and_gaps() -> None:
    x = np.linspace(-60, 0, 1800)
    y = np.ones(1800)
    y[700:704] = 0.1  # a blink
    y[1200] = 1.4
    y[1500:1560] = np.nan
    kept_x, kept_y = outline(x, y, 600)
    assert len(kept_x) <= 600
    assert np.all(np.diff(kept_x) >= 0)
    assert np.nanmin(kept_y) == 0.1
    assert np.nanmax(kept_y) == 1.4
    gap = kept_x[np.isnan(kept_y)]
    assert gap.min() >= x[1500]
    assert gap.max() <= x[1559]
    assert len(gap) > 10


def test_what_is_short_stays_as_it_is() -> None:
    x = np.arange(5.0)
    kept_x, kept_y = outline(x, x, 10)
    assert kept_x is x
    assert kept_y is x
