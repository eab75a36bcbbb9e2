"""Runs as the window shows them: the one that goes on, kept ones, and two beside each other."""

from __future__ import annotations

import math
from collections import Counter
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
        return _times_of([self])[0]


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
    when = _times_of(runs)
    names = dict.fromkeys(name for one in runs for name in one.measured)
    found = [
        (name, one, time)
        for name in names
        for one, time in zip(runs, when, strict=True)
        if name in one.measured
    ]
    return tuple(
        Series(
            label=name if len(runs) == 1 else f"{name}, {time}",
            number=number,
            model=name,
            results=one.results,
            measured=one.measured[name],
        )
        for number, (name, one, time) in enumerate(found)
    )


def summary_words(run: Run) -> str:
    """What a run is of, and how good its best model is."""
    clips = run.results[0].clip if len(run.results) == 1 else f"{len(run.results)} clips"
    known = [(m.figures.total.nme, name) for name, m in run.measured.items()]
    best = min((pair for pair in known if math.isfinite(pair[0])), default=None)
    words = f"{clips}, {run.when}"
    return words if best is None else f"{words}: {best[1]} {100 * best[0]:.2f} %"


def local_times(times: Sequence[datetime]) -> list[str]:
    """Times as lists have them: "22 Nov 2026 13:05:09" in the user's own zone, with thousandths
    of a second where two would read alike.
    """
    local = [time.astimezone() for time in times]
    names = [f"{time.day} {time:%b %Y %H:%M:%S}" for time in local]
    taken = Counter(names)
    return [
        name if taken[name] == 1 else f"{name}.{time.microsecond // 1000:03d}"
        for name, time in zip(names, local, strict=True)
    ]


def describe(runs: Sequence[StoredRun]) -> list[str]:
    """Kept runs in a list."""
    times = local_times([run.made_at for run in runs])
    return [
        f"{time} · {run.name} · {_models(tuple(run.nme))}"
        for run, time in zip(runs, times, strict=True)
    ]


def _times_of(runs: Sequence[Run]) -> list[str]:
    """When each of these was made, or "now"."""
    kept = iter(local_times([run.stored.made_at for run in runs if run.stored is not None]))
    return ["now" if run.stored is None else next(kept) for run in runs]


def _models(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} models"
