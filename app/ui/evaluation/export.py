"""Writes what is shown to files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.files import write_bytes, write_text
from app.evaluate.report.facts import report_facts
from app.evaluate.report.page import render_report
from app.evaluate.summary import rows_as_csv, summary
from app.ui.evaluation.runs import Run

if TYPE_CHECKING:
    from app.ui.evaluation.plots.page import PlotPage


def suggested_name(run: Run, kind: str, page: PlotPage | None) -> str:
    """A file name such as "demo-by-attribute.png"."""
    clip = re.sub(r"[^\w.-]+", "-", Path(run.results[0].clip).stem) or "clip"
    what = {"csv": "-rows", "json": "-summary", "html": "-report"}.get(kind, "")
    if kind in ("png", "svg") and page is not None:
        what = f"-{page.file_name}"
    return f"{clip}{what}.{kind}"


def writer(kind: str, path: Path, run: Run, page: PlotPage | None) -> Callable[[], None]:
    """What writes the file; on any thread. A plot is drawn now, on this one.

    Args:
        kind: "png" or "svg" of the plot that is shown, "csv", "json" or "html" of the run.
        path: where to.
        run: what is shown.
        page: the plot that is shown.
    """
    if kind in ("png", "svg"):
        if page is None:
            raise ValueError("no plot is shown")
        data = page.png() if kind == "png" else page.svg()
        return lambda: write_bytes(path, data)
    figures = {name: measured.figures for name, measured in run.measured.items()}
    if kind == "csv":
        return lambda: write_text(path, rows_as_csv(run.results))
    if kind == "json":

        def write_summary() -> None:
            facts = summary(run.results, figures, settings=run.settings)
            write_text(path, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")

        return write_summary

    def write_report() -> None:
        facts = report_facts(run.results, run.settings)
        write_text(path, render_report(run.results, figures, facts=facts))

    return write_report
