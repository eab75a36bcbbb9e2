"""`pfld-live run` and `demo`: a source through the pipeline, with or without a window."""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from app.cli.options import CAMERA_GIVE_UP_S, vision_settings
from app.cli.stopping import Stopping, ending_at_once
from app.cli.summary import RunSummary, write_json
from app.core.errors import SourceError
from app.core.resources import asset
from app.ui.display import display_available
from app.vision.detectors import DEFAULT_DETECTOR

_DEMO_VIDEO = Path("pfld-live-demo.mp4")


def demo(options: argparse.Namespace) -> int:
    """Play the bundled clip."""
    clip = asset("demo.mp4")
    if not clip.is_file():
        raise SourceError(f"The demo clip {clip} is missing; install PFLD Live again.")
    options.source, options.seconds = str(clip), None
    if _wants_window(options):
        return _open_window(options, demo=True)
    if options.output is None:
        options.output = _DEMO_VIDEO
    return process_headless(options)


def run(options: argparse.Namespace) -> int:
    """Work through any source."""
    if _wants_window(options):
        return _open_window(options)
    return process_headless(options)


def _open_window(options: argparse.Namespace, *, demo: bool = False) -> int:
    from app.cli.window import open_window

    return open_window(options, demo=demo)


def _wants_window(options: argparse.Namespace) -> bool:
    if options.headless or options.output or options.json or options.predictions:
        return False
    if options.seconds is not None:
        return False
    if display_available():
        return True
    print("There is no display: working without a window.", file=sys.stderr)
    return False


def process_headless(options: argparse.Namespace) -> int:
    """Process a source as fast as possible, write what was asked for, print the summary."""
    from app.capture.source import Pace, SourceOptions, open_source
    from app.record.overlay import OverlayPainter
    from app.record.predictions import PredictionsWriter
    from app.record.video import VideoSink
    from app.vision.offline import open_pipeline, process

    _check_outputs(options)
    settings = vision_settings(options)
    source = open_source(options.source, SourceOptions(pace=Pace.FAST, give_up_s=CAMERA_GIVE_UP_S))
    summary = RunSummary(source=source.name)
    progress = _Progress()
    with ExitStack() as stack:
        with ending_at_once():
            video = predictions = None
            if options.output is not None:
                video = stack.enter_context(VideoSink(options.output))
            if options.predictions is not None:
                predictions = stack.enter_context(PredictionsWriter(options.predictions))
            stack.enter_context(source)
            pipeline = stack.enter_context(
                open_pipeline(
                    model=options.model or "",
                    detector=options.detector or DEFAULT_DETECTOR,
                    settings=settings,
                )
            )
            painter = OverlayPainter()
        stopping = stack.enter_context(Stopping())
        started = time.perf_counter()
        try:
            for result in process(source, pipeline, seconds=options.seconds):
                with stopping.held_back():
                    summary.add(result)
                    summary.seconds = time.perf_counter() - started
                    if predictions is not None:
                        predictions.write(result)
                    if video is not None:
                        video.write(painter.paint(result), result.frame.time_ns)
                progress.show(summary, source.info.frames)
        except KeyboardInterrupt:  # the usual way to end a camera
            summary.problems = ("Stopped by the user.",)
        finally:
            progress.clear()
        summary.problems = (*summary.problems, *source.problems)
    if options.json is not None:
        write_json(options.json, summary.as_dict())
    print(summary.as_text())
    for name, path in (("video", options.output), ("predictions", options.predictions)):
        if path is not None:
            print(f"{name}: {path.resolve()}")
    return 0


def _check_outputs(options: argparse.Namespace) -> None:
    """Find out before the work whether its results can be kept."""
    from app.capture.source import local_path
    from app.record.output import check_apart, check_place

    wanted = [p for p in (options.output, options.json, options.predictions) if p is not None]
    for path in wanted:
        check_place(path)
    check_apart(wanted, source=local_path(options.source))


class _Progress:
    """One line on a terminal that counts frames; silent elsewhere."""

    def __init__(self) -> None:
        self._on = sys.stderr.isatty()
        self._next_s = 0.0

    def show(self, summary: RunSummary, total: int | None) -> None:
        now_s = time.monotonic()
        if not self._on or now_s < self._next_s:
            return
        self._next_s = now_s + 0.2
        of = f"/{total}" if total else ""
        self._print(
            f"\r{summary.frames}{of} frames, {summary.fps:.1f} fps, "
            f"{summary.frames_with_face} with a face "
        )

    def clear(self) -> None:
        if self._on:
            self._print("\r\x1b[K")

    @staticmethod
    def _print(text: str) -> None:
        with suppress(OSError):  # the terminal was closed
            print(text, end="", file=sys.stderr, flush=True)
