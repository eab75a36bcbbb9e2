"""`pfld-live evaluate`: the error of models on labelled clips."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.cli.delivery import Delivery, deliver
from app.cli.frame_counter import FrameCounter
from app.cli.options import vision_settings
from app.cli.stopping import Stopping
from app.cli.summary import write_json
from app.core.claims import Claims
from app.core.errors import ModelError, PfldLiveError
from app.core.files import is_folder, write_text
from app.evaluate.find import FoundClips, find_clips
from app.evaluate.jobs import Job, make_jobs, run_job, run_jobs
from app.evaluate.measures import Figures, measure, measure_shared
from app.evaluate.report.facts import report_facts
from app.evaluate.report.page import render_report
from app.evaluate.results import ClipResult
from app.evaluate.run import EvaluationSettings
from app.evaluate.summary import rows_as_csv, summary
from app.record.output import check_apart, check_place
from app.vision.detectors import DEFAULT_DETECTOR
from app.vision.zoo import Zoo, ZooEntry

ABOVE_LIMIT = 1
"""Exit code of `--fail-above`."""


def evaluate(options: argparse.Namespace) -> int:
    """Evaluate, print a table, write what was asked for."""
    wanted = _outputs(options)
    if options.jobs < 1:
        raise PfldLiveError("--jobs must be at least 1.")
    if options.fail_above is not None and options.fail_above >= 1:
        raise PfldLiveError(
            "--fail-above takes a share of the eye distance below 1; for 5 % write 0.05."
        )
    settings = EvaluationSettings(
        detector=options.detector or DEFAULT_DETECTOR,
        vision=vision_settings(options),
        field_of_view_deg=options.fov,
        follow_labelled=options.max_faces is None,
    )
    found = find_clips(options.clip)
    for name in found.unlabelled:
        print(f"left out: {name} has no labels", file=sys.stderr)
    models = _models(options.models)
    jobs = make_jobs(found.places, models, settings, _results_folder(options, found))
    for job in jobs:
        if job.kept is not None:
            check_place(job.kept)
    kept = jobs[0].kept and jobs[0].kept.parent
    with Claims(wanted if kept is None else (*wanted, kept)):
        results = _run(jobs, options.jobs)
        measured = {entry.label: measure(results, entry.label) for entry in models}
        deliver(
            "\n".join((*_table(results, measured), *_notes(results))),
            (
                *_files(options, results, measured, settings),
                Delivery("kept results", kept, lambda _: None),
            ),
        )
    return _verdict(options.fail_above, models[0].label, measured)


def _outputs(options: argparse.Namespace) -> Sequence[Path]:
    """The files that were asked for; whether they can be kept is found out before the work."""
    wanted = [p for p in (options.report, options.json, options.csv) if p is not None]
    for path in wanted:
        check_place(path)
    check_apart(wanted, source=options.clip)
    return wanted


def _models(text: str | None) -> list[ZooEntry]:
    zoo = Zoo.scan()
    if not text:
        if not zoo.usable:
            raise ModelError("No usable model was found; see `pfld-live models`.")
        return [entry for entry in zoo.usable if not entry.reference]
    chosen = {entry.label: entry for entry in (zoo.find(name) for name in text.split(","))}
    return list(chosen.values())


def _results_folder(options: argparse.Namespace, found: FoundClips) -> Path | None:
    """Where results are kept: for one clip only where a place is named."""
    folder: Path | None = options.results
    if folder is None and not found.single:
        folder = Path(f"{options.clip.resolve().name}-results")
    if folder is not None:
        check_place(folder / "result" if is_folder(folder) else folder)
        folder.mkdir(exist_ok=True)
    return folder


def _run(jobs: Sequence[Job], workers: int) -> list[ClipResult]:
    """The results; a wish to end is heard between two frames, and what is finished is kept."""
    progress = FrameCounter(len(jobs))
    finished = 0

    def clips(done: int, already: bool) -> None:
        nonlocal finished
        finished = done
        progress.clips(done, already)

    def frames(done: int, total: int) -> None:
        stopping.check()
        progress.frames(done, total)

    try:
        with Stopping() as stopping, stopping.held_back():
            if workers > 1 and len(jobs) > 1:
                return run_jobs(
                    jobs, workers=min(workers, len(jobs)), on_done=clips, check=stopping.check
                )
            results = []
            for job in jobs:
                result, already = run_job(job, frames)
                results.append(result)
                clips(len(results), already)
                stopping.check()
            return results
    except KeyboardInterrupt:
        progress.clear()
        kept = jobs[0].kept
        if kept is not None:
            print(
                f"{finished} of {len(jobs)} clips are finished and kept in {kept.parent}; the same "
                "command goes on with the others.",
                file=sys.stderr,
            )
        raise
    finally:
        progress.clear()


def _files(
    options: argparse.Namespace,
    results: Sequence[ClipResult],
    measured: dict[str, Figures],
    settings: EvaluationSettings,
) -> Iterator[Delivery]:
    """What was asked for."""
    how = settings.as_dict()
    yield Delivery(
        "report",
        options.report,
        lambda path: write_text(
            path, render_report(results, measured, facts=report_facts(results, how))
        ),
    )
    yield Delivery(
        "summary",
        options.json,
        lambda path: write_json(path, summary(results, measured, settings=how)),
    )
    yield Delivery("rows", options.csv, lambda path: write_text(path, rows_as_csv(results)))


def _notes(results: Sequence[ClipResult]) -> Iterator[str]:
    origins = dict.fromkeys(result.origin.in_words() for result in results)
    problems = [problem for result in results for problem in result.problems]
    for note in (*origins, *problems):
        if note:
            yield f"note: {note}"


def _table(results: Sequence[ClipResult], measured: dict[str, Figures]) -> Iterator[str]:
    """The lines of the table."""
    faces = sum(len(result.labels.frame) for result in results)
    where = results[0].clip if len(results) == 1 else f"{len(results)} clips"
    yield f"{where}: {faces} labelled faces; errors in percent of the eye distance"
    width = max(len(name) for name in measured)
    points, shared = measure_shared(results, measured)
    mixed = len({model.layout for model in measured.values()}) > 1
    if mixed:
        yield f"models of different layouts: {points} points are shared by all"
    head: tuple[str, ...] = (
        "NME",
        "95 % interval",
        "fails 8 %",
        "AUC 8 %",
        "pose",
        "missed",
        "false",
    )
    sizes: tuple[int, ...] = (6, 14, 9, 7, 6, 6, 6)
    if mixed:
        head, sizes = ("points", "shared", *head), (6, 6, *sizes)
    yield (
        f"{'model':<{width}}"
        + "".join(f"  {cell:>{size}}" for cell, size in zip(head, sizes, strict=True))
    )
    for name, model in measured.items():
        interval = model.total.ci95
        cells = [
            _cell(100 * model.total.nme, 2),
            "–" if interval is None else f"{100 * interval[0]:.2f} – {100 * interval[1]:.2f}",
            _cell(100 * model.failure_rate_8, 1),
            _cell(model.auc_8, 3),
            _cell(float(model.pose.mean()), 1, "°"),
            str(model.total.missed),
            str(model.false_faces),
        ]
        if mixed:
            cells[:0] = [str(int(model.known.sum())), _cell(100 * shared[name].nme, 2)]
        yield (
            f"{name:<{width}}"
            + "".join(f"  {cell:>{size}}" for cell, size in zip(cells, sizes, strict=True))
        )


def _cell(value: float, digits: int, unit: str = "") -> str:
    return f"{value:.{digits}f}{unit}" if math.isfinite(value) else "–"


def _verdict(limit: float | None, first: str, measured: dict[str, Figures]) -> int:
    if limit is None:
        return 0
    error = measured[first].total.nme
    if error <= limit:
        return 0
    reached = "is unknown" if math.isnan(error) else f"is {error:.4f}, above {limit:g}"
    print(f"pfld-live: the NME of {first} {reached}.", file=sys.stderr)
    return ABOVE_LIMIT
