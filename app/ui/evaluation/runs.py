"""Runs as the window shows them: the one that goes on, kept ones, and two beside each other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.evaluate.results import ClipResult
from app.evaluate.store import ResultStore, StoredRun
from app.ui.evaluation.series import Measured, Series, measure_all


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Run:
    """An evaluation that can be shown.

    Attributes:
        results: one per clip; of a run that goes on, the frames so far.
        measured: label of the model -> what that comes down to.
        settings: how the models were run, see `EvaluationSettings.as_dict`.
        stored: where it is kept, or None.
    """

    results: tuple[ClipResult, ...]
    measured: Mapping[str, Measured]
    settings: Mapping[str, Any]
    stored: StoredRun | None = None

    @property
    def when(self) -> str:
        """Date and time for people, or "now"."""
        return "now" if self.stored is None else local_time(self.stored.made_at)


def load_run(store: ResultStore, stored: StoredRun) -> Run:
    """Load and measure a kept run.

    Raises:
        PfldLiveError: it was deleted or is broken.
    """
    results = store.load(stored)
    return Run(
        results=results, measured=measure_all(results), settings=stored.settings, stored=stored
    )


def series_of(run: Run | None, compared: Run | None = None) -> tuple[Series, ...]:
    """All models of a run; with another one beside it, the same model of both side by side."""
    runs = [one for one in (run, compared) if one is not None]
    names = dict.fromkeys(name for one in runs for name in one.measured)
    found = [(name, one) for name in names for one in runs if name in one.measured]
    return tuple(
        Series(
            label=name if len(runs) == 1 else f"{name}, {one.when}",
            number=number,
            model=name,
            results=one.results,
            measured=one.measured[name],
        )
        for number, (name, one) in enumerate(found)
    )


def summary_words(run: Run) -> str:
    """What a run is of, and how good its best model is."""
    clips = run.results[0].clip if len(run.results) == 1 else f"{len(run.results)} clips"
    known = [(m.figures.total.nme, name) for name, m in run.measured.items()]
    best = min((pair for pair in known if math.isfinite(pair[0])), default=None)
    words = f"{clips}, {run.when}"
    return words if best is None else f"{words}: {best[1]} {100 * best[0]:.2f} %"


def local_time(when: datetime) -> str:
    """A time as lists have it: "22 Nov 2026 13:05:09" in the user's own zone."""
    local = when.astimezone()
    return f"{local.day} {local:%b %Y %H:%M:%S}"


def describe(stored: StoredRun) -> str:
    """A kept run in a list."""
    return f"{local_time(stored.made_at)} · {stored.name} · {_models(tuple(stored.nme))}"


def _models(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} models"
