"""One model of one run, as every plot and table of the evaluation shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.evaluate.attributes import ATTRIBUTES
from app.evaluate.measures import (
    FaceErrors,
    Figures,
    GroupFigures,
    face_errors,
    measure,
    measure_shared,
)
from app.evaluate.metrics import Errors
from app.evaluate.results import ClipResult

GROUPS: Final = ("all", *ATTRIBUTES)
"""What the bars stand for."""


@dataclass(frozen=True, eq=False, slots=True)
class Measured:
    """What a model comes down to on the clips of a run.

    Attributes:
        figures: the measures, over all clips.
        clips: the errors of each labelled face, one for each clip.
        shared: mean error on the points that all models of the run and the labels know, where
            these are not the same for all; else None.
    """

    figures: Figures
    clips: tuple[FaceErrors, ...]
    shared: float | None = None

    def group(self, name: str) -> GroupFigures:
        """Figures of one of `GROUPS`."""
        return self.figures.total if name == "all" else self.figures.by_attribute[name]

    @property
    def face(self) -> Errors:
        """NME of each labelled face of all clips; inf for a missed one."""
        return np.concatenate([clip.face for clip in self.clips])


def measure_all(results: Sequence[ClipResult]) -> dict[str, Measured]:
    """Measure all models of a run; takes about 0.1 s for each, so not in the GUI thread."""
    names = list(results[0].models)
    layouts = {result.models[name].layout for result in results for name in names}
    layouts |= {result.labels.layout for result in results}
    shared = measure_shared(results, names)[1] if len(layouts) > 1 else {}
    return {
        name: Measured(
            measure(results, name),
            tuple(face_errors(result, name) for result in results),
            shared[name].nme if name in shared else None,
        )
        for name in names
    }


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Series:
    """A model in a plot.

    Attributes:
        label: as legends have it; unique in a plot.
        number: its place, which gives its colour.
        model: label of the model.
        results: what it comes from, one per clip.
        measured: its figures and errors.
    """

    label: str
    number: int
    model: str
    results: tuple[ClipResult, ...]
    measured: Measured


_LIGHT: Final = (
    *("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#8a6d00", "#56b4e9", "#5b4b8a", "#777777"),
)
_DARK: Final = (
    *("#4aa8e0", "#f08040", "#2cc09a", "#e09cc2", "#d0b040", "#9adcff", "#a99be0", "#b0b0b0"),
)


def series_colour(number: int, *, dark: bool) -> str:
    """Colour of the series of this number; they come again after the last one.

    Those of the report (Okabe and Ito 2008), and the same hues for a dark ground.
    """
    colours = _DARK if dark else _LIGHT
    return colours[number % len(colours)]


def face_counts(series: Sequence[Series], name: str) -> str:
    """How many faces a group of bars stands for: "214", or "210–214" where models differ.

    Args:
        series: at least one.
        name: one of `GROUPS`.
    """
    counts = sorted({one.measured.group(name).faces for one in series})
    return f"{counts[0]}" if len(counts) == 1 else f"{counts[0]}–{counts[-1]}"


def in_words(series: Series, name: str) -> str:
    """A bar as a sentence, for the pointer."""
    group = series.measured.group(name)
    if not group.faces:
        return f"{series.label}, {name}: no face"
    interval = ""
    if group.ci95 is not None:
        interval = f" (95 %: {100 * group.ci95[0]:.2f} – {100 * group.ci95[1]:.2f})"
    missed = f", {group.missed} missed" if group.missed else ""
    return f"{series.label}, {name}: {100 * group.nme:.2f} %{interval}, {group.faces} faces{missed}"
