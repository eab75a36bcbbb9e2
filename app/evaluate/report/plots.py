"""The plots of the report."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.layout import IBUG68, LandmarkLayout
from app.core.layout import point_map as layout_map
from app.core.svg import Plot, colour, n, picture, ticks
from app.evaluate.attributes import ATTRIBUTES
from app.evaluate.labels import Numbers
from app.evaluate.measures import FaceErrors, Figures
from app.evaluate.metrics import FAILURE_LIMIT, Errors, cumulative_curve
from app.evaluate.results import ClipResult
from app.vision.pose import mean_face

_CURVE_END: Final = 0.15
_SPANS: Final = {
    "profile": "#7aa6c2",
    "head-up": "#c2a97a",
    "head-down": "#a58fc0",
    "expression": "#88b98a",
    "occlusion": "#c98b8b",
}


def attribute_bars(measured: Mapping[str, Figures]) -> str:
    """Mean error by attribute with 95 % intervals, models side by side."""
    names = ["all", *ATTRIBUTES]
    groups = [
        [m.total if name == "all" else m.by_attribute[name] for m in measured.values()]
        for name in names
    ]
    ends = [g.ci95[1] if g.ci95 else g.nme for group in groups for g in group if g.faces]
    plot = Plot(len(names), 1.1 * max(ends, default=0.1), y_label="NME", bottom=48)
    plot.y_axis()
    width = 0.76 / len(measured)
    for place, (name, group) in enumerate(zip(names, groups, strict=True)):
        for number, (model, figures) in enumerate(zip(measured, group, strict=True)):
            if not figures.faces:
                continue
            start = place + 0.12 + number * width
            words = f"{model}, {name}: {100 * figures.nme:.2f} % of {figures.faces} faces"
            plot.rect(start, start + 0.92 * width, 0, figures.nme, colour(number), words)
            if figures.ci95:
                middle = start + 0.46 * width
                plot.line([(middle, end) for end in figures.ci95], "#222", 1.5)
                for end in figures.ci95:
                    arm = min(0.04, width / 4)
                    plot.line([(middle - arm, end), (middle + arm, end)], "#222", 1.5)
        faces = sorted({figures.faces for figures in group})
        amount = f"{faces[0]}" if len(faces) == 1 else f"{faces[0]}–{faces[-1]}"
        plot.x_axis([(place + 0.5, name)])
        plot.text(plot.x(place + 0.5), plot.height - 14, f"{amount} faces", kind="tick faint")
    return plot.svg()


def error_curves(errors: Mapping[str, FaceErrors]) -> str:
    """Cumulative error curves."""
    plot = Plot(_CURVE_END, 1.0, 600, 320, "NME", "share of the labelled faces")
    plot.y_axis()
    plot.x_axis([(v, f"{100 * v:g} %") for v in ticks(_CURVE_END, 8)])
    plot.line([(FAILURE_LIMIT, 0), (FAILURE_LIMIT, 1)], "#bbb", 1)
    plot.text(plot.x(FAILURE_LIMIT) + 5, plot.y(0) - 7, "failure", anchor="start")
    limits = np.linspace(0, _CURVE_END, 151)
    for number, faces in enumerate(errors.values()):
        shares = cumulative_curve(faces.face, limits)
        if not np.isnan(shares).any():
            plot.line(zip(limits.tolist(), shares.tolist(), strict=True), colour(number), 2)
    return plot.svg()


def error_over_time(result: ClipResult, errors: Mapping[str, FaceErrors]) -> str:
    """NME of each frame, the worst of its faces, above stripes for the attributes."""
    labels = result.labels
    end = labels.frames
    frame_errors = [_by_frame(labels.frame, faces.face, end) for faces in errors.values()]
    finite = np.concatenate([values[np.isfinite(values)] for values in frame_errors] or [[]])
    high = float(np.clip(1.1 * finite.max(initial=0.05), 0.05, 0.4))
    band = 13.0
    plot = Plot(
        end, high, 920, 300, _time_label(result), "NME", bottom=50 + band * len(_SPANS), left=92
    )
    plot.y_axis()
    base = plot.height - plot.bottom
    for row, (name, fill) in enumerate(_SPANS.items()):
        top = base + 9 + row * band
        plot.text(plot.left - 6, top + 9, name, anchor="end")
        has = np.zeros(end, bool)
        has[labels.frame[labels.attributes[:, ATTRIBUTES.index(name)]]] = True
        for first, last in _spans(has):
            plot.parts.append(
                f'<rect x="{n(plot.x(first))}" y="{n(top)}" height="{n(band - 2)}" '
                f'width="{n(plot.x(last) - plot.x(first))}" fill="{fill}"><title>{name}, frames '
                f"{first} to {last - 1}</title></rect>"
            )
            plot.parts.append(
                f'<rect x="{n(plot.x(first))}" y="{n(plot.top)}" height="{n(base - plot.top)}" '
                f'width="{n(plot.x(last) - plot.x(first))}" fill="{fill}" opacity="0.13"/>'
            )
    for number, values in enumerate(frame_errors):
        shown = np.minimum(values, high)
        for first, last in _spans(np.isfinite(values)):
            points = [(i + 0.5, float(shown[i])) for i in range(first, last)]
            plot.line(
                [(first, points[0][1]), *points] if last - first == 1 else points,
                colour(number),
                1.3,
            )
        for first, last in _spans(np.isinf(values)):
            plot.rect(first, last, high * 0.97, high, colour(number), f"missed, frame {first}")
    seconds = result.moving and result.times_s[-1] > 0
    total = float(result.times_s[-1]) if seconds else float(end - 1)
    for value in ticks(total, 10):
        where = float(np.searchsorted(result.times_s, value)) if seconds else value
        plot.text(plot.x(where + 0.5), plot.height - 22, f"{value:g}")
    return plot.svg()


def point_map(layout: LandmarkLayout, errors: Errors, high: float) -> str:
    """Error of each point as the area of a disc on a mean face.

    Args:
        layout: of the points; those that the mean face has are drawn.
        errors: (N,) shares of the eye distance.
        high: error of the largest disc, the same for all models.
    """
    face = layout_map(IBUG68, layout)(mean_face()[:, :2])
    seen = ~np.isnan(face).any(axis=1)
    if not seen.any():
        return ""
    low, side = face[seen].min(axis=0), 260.0
    zoom = side / float((face[seen].max(axis=0) - low).max())
    places = (face - low) * zoom + 24
    width, height = places[seen].max(axis=0) + 24
    parts = [
        f'<line x1="{n(places[a, 0])}" y1="{n(places[a, 1])}" x2="{n(places[b, 0])}" '
        f'y2="{n(places[b, 1])}" class="edge"/>'
        for a, b in layout.edges
        if seen[a] and seen[b]
    ]
    for index, error in enumerate(errors):
        if np.isfinite(error) and seen[index]:
            radius = 13 * np.sqrt(min(error / high, 1.0))
            parts.append(
                f'<circle cx="{n(places[index, 0])}" cy="{n(places[index, 1])}" r="{n(radius)}" '
                f'class="disc"><title>point {index}: {100 * error:.2f} %</title></circle>'
            )
    return picture(float(width), float(height), "".join(parts), "error per point")


def _by_frame(frame: Numbers, face: Errors, frames: int) -> Errors:
    """(T,) the largest error of each frame, NaN where there is none."""
    values = np.full(frames, -1.0)
    known = ~np.isnan(face)
    np.maximum.at(values, frame[known], face[known])
    values[values < 0] = np.nan
    return values


def _spans(flags: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and one after last of each run of True."""
    spans, start = [], 0
    for value, run in groupby(flags.tolist()):
        length = len(list(run))
        if value:
            spans.append((start, start + length))
        start += length
    return spans


def _time_label(result: ClipResult) -> str:
    return "seconds" if result.moving else "image"
