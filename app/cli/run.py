"""`pfld-live run` and `demo`: a source through the pipeline, with or without a window."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.delivery import Delivery, deliver
from app.cli.options import CAMERA_GIVE_UP_S, apply_pipeline, vision_settings
from app.cli.progress import ProgressBar
from app.cli.stopping import Stopping, ending_at_once
from app.cli.summary import RunSummary, write_json
from app.cli.unused import refuse_unused
from app.core.errors import OutputError, PfldLiveError, SourceError
from app.core.resources import asset
from app.ui.display import display_available
from app.vision.detectors import DEFAULT_DETECTOR

if TYPE_CHECKING:  # what encodes takes a while to import
    from app.record.recorder import Recorder, RecordStatus
    from app.record.settings import RecordSettings
    from app.record.sidecar import State
    from app.vision.result import FrameResult

_DEMO_VIDEO = Path("pfld-live-demo.mp4")


def demo(options: argparse.Namespace) -> int:
    """Play the bundled clip."""
    clip = asset("demo.mp4")
    if not clip.is_file():
        raise SourceError(f"The demo clip {clip} is missing; install PFLD Live again.")
    options.source, options.seconds, options.send, options.send_host = str(clip), None, None, None
    apply_pipeline(options)
    if _wants_window(options):
        refuse_unused(options)
        return _open_window(options, demo=True)
    if options.output is None:
        options.output, options.overwrite = _DEMO_VIDEO, True  # it is ours
    return process_headless(options)


def run(options: argparse.Namespace) -> int:
    """Work through any source."""
    apply_pipeline(options)
    if _wants_window(options):
        refuse_unused(options)
        return _open_window(options)
    return process_headless(options)


def _open_window(options: argparse.Namespace, *, demo: bool = False) -> int:
    from app.cli.window import open_window

    return open_window(options, demo=demo)


def _wants_window(options: argparse.Namespace) -> bool:
    if options.headless or options.seconds is not None:
        return False
    if options.output or options.json or options.sidecar or options.csv or options.send:
        return False
    if options.snapshot:
        return False
    if display_available():
        return True
    print("There is no display: working without a window.", file=sys.stderr)
    return False


def process_headless(options: argparse.Namespace) -> int:
    """Process a source as fast as possible, write what was asked for, print the summary."""
    from app.capture.source import Pace, SourceOptions, open_source
    from app.cli.outputs import (
        live_out_settings,
        open_recorder,
        record_files,
        record_settings,
        written,
    )
    from app.driver.monitor import DriverMonitor
    from app.driver.summary import state_record
    from app.record.live_out.sender import LiveOut
    from app.vision.offline import open_pipeline, process

    recording = record_settings(options)
    refuse_unused(options)
    sending = live_out_settings(options)
    settings = vision_settings(options)
    with ExitStack() as claims:
        files = record_files(options, recording.what, claims)
        source = open_source(
            options.source, SourceOptions(pace=Pace.FAST, give_up_s=CAMERA_GIVE_UP_S)
        )
        summary = RunSummary(source=source.name)
        progress = ProgressBar()
        recorder = last = failure = None
        live_out = LiveOut(sending) if sending.ports else None
        monitor = DriverMonitor() if any(files) or live_out is not None else None
        try:
            with ExitStack() as stack:
                with ending_at_once():
                    if any(files):
                        recorder = open_recorder(files, recording, settings, live=source.live)
                    stack.enter_context(source)
                    pipeline = stack.enter_context(
                        open_pipeline(
                            model=options.model or "",
                            detector=options.detector or DEFAULT_DETECTOR,
                            settings=settings,
                        )
                    )
                stopping = stack.enter_context(Stopping())
                if recorder is not None:
                    stack.enter_context(recorder)
                if live_out is not None:
                    stack.callback(live_out.stop)
                started = time.perf_counter()
                try:
                    for result in process(source, pipeline, seconds=options.seconds):
                        with stopping.held_back():
                            summary.add(result)
                            last = result
                            summary.seconds = time.perf_counter() - started
                            state = None
                            if monitor is not None:
                                state = state_record(monitor.update(result))
                            if recorder is not None:
                                _record(recorder, result, state, live=source.live)
                            if live_out is not None:
                                live_out.send(result, state)
                        progress.show(summary, source.info.frames)
                except KeyboardInterrupt:  # the usual way to end a camera
                    summary.problems = ("Stopped by the user.",)
                finally:
                    progress.clear()
                if recorder is not None:
                    _finish(recorder, stopping)
                    summary.problems = (*summary.problems, *_losses(recorder.status))
                if live_out is not None and (problem := live_out.status.problem):
                    summary.problems = (*summary.problems, problem)
                summary.problems = (*summary.problems, *source.problems)
        except PfldLiveError as error:  # what was found before is told all the same
            if last is None:
                raise
            failure = error
        recorded = written(() if recorder is None else recorder.status.files)
        files_there = [Delivery(name, path, lambda _: None) for name, path in recorded]
        deliver(summary.as_text(), (*files_there, *_last_files(options, summary, last, recording)))
        if failure is not None:
            raise failure
    if live_out is not None:
        print("sent: " + ", ".join(f"{n} {name}" for name, n in live_out.status.sent.items()))
    return 0


def _last_files(
    options: argparse.Namespace,
    summary: RunSummary,
    last: FrameResult | None,
    recording: RecordSettings,
) -> Iterator[Delivery]:
    """What is written at the end."""
    from app.record.snapshot import SnapshotFiles, save_snapshot

    if last is not None:
        yield Delivery(
            "snapshot",
            options.snapshot,
            lambda path: save_snapshot(last, recording.overlay, SnapshotFiles.at(path)),
        )
    yield Delivery("summary", options.json, lambda path: write_json(path, summary.as_dict()))


def _record(recorder: Recorder, result: FrameResult, state: State | None, *, live: bool) -> None:
    if not live:
        recorder.feed(result, state)
    elif not recorder.put(result, state) and (problem := recorder.status.problem):
        raise OutputError(problem)


def _finish(recorder: Recorder, stopping: Stopping) -> None:
    """Let the recorder write what waits; only a second Ctrl+C cuts through that."""
    try:
        with stopping.held_back():
            recorder.stop()
    except KeyboardInterrupt:
        if recorder.status.running:
            raise


def _losses(status: RecordStatus) -> Iterator[str]:
    if status.dropped:
        yield f"{status.dropped} frames were left out of the recording: the encoder was too slow."
    if status.note:
        yield status.note
