"""`pfld-live drowsiness`: the state of the driver over a clip, with a report."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.delivery import Delivery, deliver
from app.cli.options import CAMERA_GIVE_UP_S, apply_pipeline, vision_settings
from app.cli.progress import ProgressBar
from app.cli.stopping import Stopping, ending_at_once
from app.cli.summary import RunSummary, write_json
from app.core.claims import Claims
from app.core.errors import ModelError, PfldLiveError
from app.core.files import write_text
from app.driver.baseline import Baseline
from app.driver.measures import FaceMeasures
from app.driver.monitor import DriverMonitor
from app.driver.offline import follow_clip
from app.driver.perclos import Share
from app.driver.presets import Presets
from app.driver.profiles import Profiles
from app.driver.report import render_session
from app.driver.session import SessionLog, blink_statistics
from app.driver.settings import QUANTITIES, DriverSettings
from app.driver.state import CLOSURES, EventKind
from app.driver.summary import NOTE, SessionFacts, events_csv, session_summary, timeline_csv
from app.driver.watch import FaceWatch
from app.vision.detectors import DEFAULT_DETECTOR

if TYPE_CHECKING:  # what runs models takes a while to import
    from app.vision.pipeline import Pipeline


def drowsiness(options: argparse.Namespace) -> int:
    """Watch a clip, print what was found, write what was asked for."""
    with Claims(_outputs(options)):
        return _work(options)


def _work(options: argparse.Namespace) -> int:
    apply_pipeline(options)
    settings = driver_settings(options)
    baseline = Profiles().load(options.profile).baseline if options.profile else None
    measures, summary, failure = _watch(options)
    with Stopping() as stopping, stopping.held_back():
        _tell(options, settings, baseline, measures, summary)
    if failure is not None:
        raise failure
    return 0


def _tell(
    options: argparse.Namespace,
    settings: DriverSettings,
    baseline: Baseline | None,
    measures: Sequence[FaceMeasures],
    summary: RunSummary,
) -> None:
    """Judge what was seen, print it, write what was asked for."""
    log, monitor = follow_clip(measures, settings, baseline=baseline)
    facts = SessionFacts(
        source=summary.source,
        model=summary.model,
        eye_time=monitor.eye_time,
        settings=settings,
        baseline=monitor.baseline,
        baseline_source=monitor.source,
        problems=(*summary.problems, *_gaps(summary, log, monitor)),
    )
    deliver(
        _as_text(log, facts),
        (
            Delivery("report", options.report, lambda p: write_text(p, render_session(log, facts))),
            Delivery("json", options.json, lambda p: write_json(p, session_summary(log, facts))),
            Delivery("csv", options.csv, lambda p: write_text(p, timeline_csv(log))),
            Delivery("events", options.events, lambda p: write_text(p, events_csv(log))),
        ),
    )


def driver_settings(options: argparse.Namespace) -> DriverSettings:
    """The preset that the options name, or the defaults, with single values set.

    Raises:
        PfldLiveError: there is no such preset or setting, or a value is out of its range.
    """
    values = (Presets().load(options.preset) if options.preset else DriverSettings()).as_dict()
    for text in options.set or ():
        name, equals, number = text.partition("=")
        if not equals or name.strip() not in QUANTITIES:
            raise PfldLiveError(
                f"--set {text} names no threshold; write NAME=VALUE with a NAME of: "
                f"{', '.join(QUANTITIES)}."
            )
        try:
            values[name.strip()] = float(number)
        except ValueError as error:
            raise PfldLiveError(f"--set {text}: {number!r} is not a number.") from error
    return DriverSettings.from_dict(values)


def _outputs(options: argparse.Namespace) -> Sequence[Path]:
    """The files that were asked for; whether they can be kept is found out before the work."""
    from app.capture.source import local_path
    from app.record.output import check_apart, check_place

    named = (options.report, options.json, options.csv, options.events)
    wanted: Sequence[Path] = [path for path in named if path is not None]
    for path in wanted:
        check_place(path)
    check_apart(wanted, source=local_path(options.source))
    return wanted


def _watch(
    options: argparse.Namespace,
) -> tuple[list[FaceMeasures], RunSummary, PfldLiveError | None]:
    """Measure the main face of every frame; last comes what ended that before its time."""
    from app.capture.source import Pace, SourceOptions, open_source
    from app.vision.offline import open_pipeline, process

    settings = vision_settings(options)
    source = open_source(options.source, SourceOptions(pace=Pace.FAST, give_up_s=CAMERA_GIVE_UP_S))
    summary, progress = RunSummary(source=source.name), ProgressBar()
    watch = FaceWatch()
    watch.main_face.choose(options.face)
    measures: list[FaceMeasures] = []
    failure = None
    with ExitStack() as stack:
        with ending_at_once():
            stack.enter_context(source)
            pipeline = stack.enter_context(
                open_pipeline(
                    model=options.model or "",
                    detector=options.detector or DEFAULT_DETECTOR,
                    settings=settings,
                )
            )
        _check_model(pipeline)
        stopping = stack.enter_context(Stopping())
        started = time.perf_counter()
        try:
            for result in process(source, pipeline, seconds=options.seconds):
                with stopping.held_back():
                    summary.add(result)
                    summary.seconds = time.perf_counter() - started
                    measures.append(watch.measures(result))
                progress.show(summary, source.info.frames)
        except KeyboardInterrupt:  # the usual way to end a camera
            summary.problems = ("Stopped by the user.",)
        except PfldLiveError as error:  # what was seen before is told all the same
            if not measures:
                raise
            failure = error
        finally:
            progress.clear()
        summary.problems = (*summary.problems, *source.problems)
    return measures, summary, failure


def _check_model(pipeline: Pipeline) -> None:
    """Make sure that a model sees eyelids at all."""
    landmarker = pipeline.landmarker
    if landmarker is not None and not landmarker.layout.left_eye:
        raise ModelError(
            f"The model {landmarker.label} has no points on the eyelids; choose another one, see "
            "`pfld-live models`."
        )


def _gaps(summary: RunSummary, log: SessionLog, monitor: DriverMonitor) -> list[str]:
    """What could not be known, and why, one sentence each."""
    settings = monitor.settings
    if not summary.frames_with_face:
        return ["No face was found in any frame."]
    step_s = log.duration_s / max(log.frames - 1, 1)
    if step_s > settings.longest_gap_s or log.frames < 2:
        return [
            f"The frames are {step_s:.2f} s apart: the state of a driver needs moving pictures, at "
            f"least one every {settings.longest_gap_s:g} s."
        ]
    if monitor.baseline is None:
        return [
            f"The eyes were seen well for less than {settings.settle_s:g} s, so that open and shut "
            "could not be told apart; use a longer clip, a larger face or --profile."
        ]
    refused = sum(math.isnan(event.duration_s) for event in log.of_kind(EventKind.BLINK))
    if not refused:
        return []
    return [
        f"The durations of {refused} blinks are refused: they need {settings.blink_min_fps:g} fps "
        f"around them, the source has {1 / step_s:.1f} in the mean."
    ]


def _as_text(log: SessionLog, facts: SessionFacts) -> str:
    rate = (log.frames - 1) / log.duration_s if log.duration_s > 0 else 0.0
    lines = [
        f"{facts.source}: {log.frames} frames, {log.duration_s:.1f} s ({rate:.1f} fps), "
        f"model {facts.model}; eyes {facts.baseline_source.value}",
        f"states: {_states(log)}",
        f"eyes: {_eyes(log, facts.eye_time)}",
        f"mouth and head: {_counts(log)}",
        *(f"note: {problem}" for problem in facts.problems),
        NOTE,
    ]
    return "\n".join(lines)


def _states(log: SessionLog) -> str:
    time_s: dict[str, float] = {}
    for span in log.spans:
        name = span.condition.value
        time_s[name] = time_s.get(name, 0.0) + span.duration_s
    return ", ".join(f"{name} {seconds:.1f} s" for name, seconds in time_s.items()) or "none"


def _eyes(log: SessionLog, share: Share) -> str:
    closures = [event for event in log.events if event.kind in CLOSURES]
    microsleeps = sum(event.kind is EventKind.MICROSLEEP for event in closures)
    blinks = blink_statistics(log.of_kind(EventKind.BLINK), share.known_s)
    perclos = f"{100 * share.perclos:.1f} %" if share.known_s > 0 else "unknown"
    unknown = 100 * share.unknown if share.total_s > 0 else 100
    mean = f" of {blinks.mean_s:.2f} s in the mean" if blinks.timed else ""
    return (
        f"PERCLOS {perclos}, unknown for {unknown:.0f} % of the time; "
        f"blinks: {blinks.count}{mean}, long closures: {len(closures)}, of them microsleeps: "
        f"{microsleeps}"
    )


def _counts(log: SessionLog) -> str:
    words = {
        "yawns": EventKind.YAWN,
        "turns": EventKind.TURN,
        "nods": EventKind.NOD,
        "nodded off": EventKind.NOD_OFF,
        "turned away": EventKind.TURNED_AWAY,
        "face lost": EventKind.LOST_FACE,
    }
    return ", ".join(f"{name}: {len(log.of_kind(kind))}" for name, kind in words.items())
