"""The report as one HTML page."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import numpy as np

from app.core.html import html_page, html_table, percent, plain, swatch
from app.evaluate.measures import Figures, GroupFigures, face_errors, measure_shared, pooled_errors
from app.evaluate.report.plots import attribute_bars, error_curves, error_over_time, point_map
from app.evaluate.results import ClipResult, Worst

_CLIPS_SHOWN: Final = 12
_WORST_SHOWN: Final = 6


def render_report(
    results: Sequence[ClipResult], measured: Mapping[str, Figures], *, facts: Sequence[str]
) -> str:
    """The page.

    Args:
        results: one per clip.
        measured: label of the model -> its figures over all clips.
        facts: sentences about how the models were run.
    """
    names = list(measured)
    pooled = {name: pooled_errors(results, name) for name in names}
    title = results[0].clip if len(results) == 1 else f"{len(results)} clips"
    faces = sum(len(result.labels.frame) for result in results)
    frames = sum(int(result.labels.labelled.sum()) for result in results)
    sections = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="faint">{faces} labelled faces in {frames} frames. '
        f"{escape(' '.join(facts))}</p>",
        _summary_table(measured, *measure_shared(results, names)),
        "<p class='faint'>NME is the mean distance of the points to the truth as a share of the "
        "distance between the outer eye corners, over the faces that were found. A missed face "
        "counts as a failure. Brackets: 95&nbsp;% bootstrap interval.</p>",
        "<h2>Error by attribute</h2>",
        _legend(names),
        attribute_bars(measured),
        "<h2>Cumulative error</h2>",
        _legend(names),
        f'<div class="half">{error_curves(pooled)}</div>',
        "<h2>Error over time</h2>",
        "<p class='faint'>The worst face of each frame; marks at the upper edge are missed "
        "faces.</p>",
        _legend(names),
    ]
    shown = sorted(results, key=_worst_error, reverse=True)[:_CLIPS_SHOWN]
    for result in [result for result in results if result in shown]:
        if len(results) > 1:
            sections.append(f"<h3>{escape(result.clip)}</h3>")
        errors = {name: face_errors(result, name) for name in names}
        sections.append(error_over_time(result, errors))
    if len(results) > len(shown):
        left_out = len(results) - len(shown)
        sections.append(f'<p class="faint">{left_out} clips with smaller errors not drawn.</p>')
    sections += ["<h2>Error by region and point</h2>", _region_table(measured)]
    sections.append(_point_maps(measured))
    sections.append("<h2>Worst faces</h2>")
    sections.append(
        '<p class="faint"><span class="truth">Truth</span> and '
        '<span class="guess">prediction</span>.</p>'
    )
    sections += [_worst_faces(results, name, number) for number, name in enumerate(names)]
    return html_page(f"{title}: error of {', '.join(names)}", sections)


def _summary_table(
    measured: Mapping[str, Figures], points: int, shared: Mapping[str, GroupFigures]
) -> str:
    head = [
        "model",
        "NME",
        "fails 8\u00a0%",
        "fails 10\u00a0%",
        "AUC 8\u00a0%",
        "pose MAE",
        "eye opening",
    ]
    head += ["jitter", "missed", "false"]
    mixed = len({model.layout for model in measured.values()}) > 1
    if mixed:  # an error on 15 points says nothing beside one on 68
        head[1:1] = ["points", f"NME on {points} shared points"]
    rows = []
    for number, (name, model) in enumerate(measured.items()):
        interval = ""
        if model.total.ci95:
            low, high = (100 * end for end in model.total.ci95)
            interval = f" [{low:.2f}, {high:.2f}]"
        rows.append(
            [
                f"{swatch(number)}{escape(name)}",
                *([str(int(model.known.sum())), percent(shared[name].nme)] if mixed else []),
                percent(model.total.nme) + interval,
                percent(model.failure_rate_8),
                percent(model.failure_rate_10),
                plain(model.auc_8, 3),
                plain(float(np.mean(model.pose)), 1, "°"),
                plain(model.eye_opening_error, 3),
                percent(model.jitter),
                str(model.total.missed),
                str(model.false_faces),
            ]
        )
    return html_table(head, rows)


def _region_table(measured: Mapping[str, Figures]) -> str:
    regions = list(dict.fromkeys(r for model in measured.values() for r in model.by_region))
    rows = [
        [f"{swatch(number)}{escape(name)}"]
        + [percent(model.by_region.get(region, math.nan)) for region in regions]
        for number, (name, model) in enumerate(measured.items())
    ]
    return html_table(["model", *regions], rows)


def _point_maps(measured: Mapping[str, Figures]) -> str:
    known = [m.by_point[np.isfinite(m.by_point)] for m in measured.values()]
    high = max((float(errors.max()) for errors in known if errors.size), default=0.0)
    if not high > 0:
        return ""
    maps = [
        f'<figure class="face">{point_map(model.layout, model.by_point, high)}'
        f"<figcaption>{swatch(number)}{escape(name)}</figcaption></figure>"
        for number, (name, model) in enumerate(measured.items())
    ]
    return (
        f'<p class="faint">The area of a disc is the mean error of its point; the largest is '
        f'{100 * high:.1f} %.</p><div class="row">{"".join(maps)}</div>'
    )


def _worst_faces(results: Sequence[ClipResult], name: str, number: int) -> str:
    found: list[tuple[ClipResult, Worst]] = [
        (result, worst) for result in results for worst in result.models[name].worst
    ]
    found.sort(key=lambda pair: -pair[1].error)
    figures = []
    for result, worst in found[:_WORST_SHOWN]:
        data = base64.b64encode(worst.jpeg).decode("ascii")
        clip = f"{result.clip}, " if len(results) > 1 else ""
        words = f"{clip}frame {worst.frame}: {100 * worst.error:.1f} %"
        figures.append(
            f'<figure><img src="data:image/jpeg;base64,{data}" alt="{escape(words)}">'
            f"<figcaption>{escape(words)}</figcaption></figure>"
        )
    body = "".join(figures) or '<p class="faint">No face was found.</p>'
    return f'<h3>{swatch(number)}{escape(name)}</h3><div class="row">{body}</div>'


def _worst_error(result: ClipResult) -> float:
    return max((w.error for m in result.models.values() for w in m.worst), default=math.inf)


def _legend(names: Sequence[str]) -> str:
    items = (
        f'<span class="item">{swatch(number)}{escape(name)}</span>'
        for number, name in enumerate(names)
    )
    return f'<p class="legend">{"".join(items)}</p>'
