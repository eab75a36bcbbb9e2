"""`pfld-live bench`: speed of the models, start of the window, memory; on this machine."""

from __future__ import annotations

import argparse
import platform
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from app import __version__
from app.capture.source import FrameSource, Pace, SourceOptions, local_path, open_source
from app.cli.options import CAMERA_GIVE_UP_S
from app.cli.summary import stages_as_dict, write_json
from app.cli.window_probe import probe_window
from app.core.errors import ModelError, PfldLiveError
from app.core.memory import peak_rss_mb
from app.core.meters import StageMeter
from app.core.resources import asset
from app.record.output import check_apart, check_place
from app.vision.detectors import find_detector
from app.vision.landmarkers import open_landmarker
from app.vision.pipeline import Pipeline
from app.vision.settings import VisionSettings
from app.vision.zoo import Zoo, ZooEntry

_WARM_UP_FRAMES = 10
_MOST_FRAMES = 10_000_000


@dataclass(slots=True)
class _Lane:
    """One model on its way over the frames."""

    entry: ZooEntry
    pipeline: Pipeline
    meter: StageMeter
    total_s: float = 0.0
    faces: int = 0


def bench(options: argparse.Namespace) -> int:
    """Measure, print a table, write JSON."""
    if not 1 <= options.frames <= _MOST_FRAMES:
        raise PfldLiveError(f"--frames must be from 1 to {_MOST_FRAMES}.")
    if options.json is not None:
        check_place(options.json)
        check_apart([options.json], source=local_path(options.source or ""))
    settings = VisionSettings(
        max_faces=options.max_faces, detect_interval_s=options.detect_interval
    )
    entries = _entries(options.models)
    source = open_source(
        options.source or str(asset("demo.mp4")),
        SourceOptions(pace=Pace.FAST, loop=True, give_up_s=CAMERA_GIVE_UP_S),
    )
    window = None if options.no_window else probe_window()
    lanes, frames = _run(source, entries, options.detector, settings, options.frames)
    report: dict[str, Any] = {
        "version": __version__,
        "machine": platform.processor() or platform.machine(),
        "source": source.name,
        "detector": options.detector,
        "detect_interval_s": options.detect_interval,
        "max_faces": options.max_faces,
        "frames": frames,
        "models": [_as_dict(lane, frames) for lane in lanes],
        "startup_ms": None if window is None else window["startup_ms"],
        "peak_rss_mb": round(max(peak_rss_mb(), (window or {}).get("peak_rss_mb", 0.0)), 1),
        "window": window,
    }
    _print(report)
    if options.json is not None:
        write_json(options.json, report)
    return 0


def _entries(text: str | None) -> list[ZooEntry]:
    zoo = Zoo.scan()
    if text:
        return [zoo.find(name) for name in text.split(",")]
    if not zoo.usable:
        raise ModelError("No usable model was found; see `pfld-live models`.")
    return list(zoo.usable)


def _run(
    source: FrameSource,
    entries: list[ZooEntry],
    detector: str,
    settings: VisionSettings,
    count: int,
) -> tuple[list[_Lane], int]:
    """Show every frame to every model in turn, so that a slow moment of the machine hits all."""
    with ExitStack() as stack:
        lanes = []
        for entry in entries:
            face_detector = find_detector(detector).make()
            stack.callback(face_detector.close)
            landmarker = open_landmarker(entry)
            stack.callback(landmarker.close)
            pipeline = Pipeline(detector=face_detector, landmarker=landmarker, settings=settings)
            lanes.append(_Lane(entry, pipeline, StageMeter(length=count)))
        stack.enter_context(source)
        measured = 0
        for number, frame in enumerate(source):
            if measured == count:
                break
            for lane in lanes:
                result = lane.pipeline.process(frame)
                if number < _WARM_UP_FRAMES:
                    continue
                lane.meter.add(result.stages_ms)
                lane.total_s += result.stages_ms["total"] / 1e3
                lane.faces += len(result.faces)
            measured += number >= _WARM_UP_FRAMES
    return lanes, measured


def _as_dict(lane: _Lane, frames: int) -> dict[str, Any]:
    card = lane.entry.card
    return {
        "name": lane.entry.path.stem if card is None else card.name,
        "label": lane.entry.label,
        "precision": None if card is None else card.precision,
        "megabytes": round(lane.entry.megabytes, 3),
        "stages_ms": stages_as_dict(lane.meter.percentiles()),
        "fps": round(frames / lane.total_s, 1) if lane.total_s else 0.0,
        "faces_per_frame": round(lane.faces / frames, 3) if frames else 0.0,
    }


def _print(report: dict[str, Any]) -> None:
    print(
        f"{report['source']}: {report['frames']} frames, detector {report['detector']} every "
        f"{report['detect_interval_s']:g} s, at most {report['max_faces']} faces; ms p50 / p95"
    )
    width = max(len(model["label"]) for model in report["models"])
    stages = list(report["models"][0]["stages_ms"])
    print(f"{'model':<{width}}  {'MB':>6}" + "".join(f"  {s:>13}" for s in stages) + "     fps")
    for model in report["models"]:
        cells = [_pair(model["stages_ms"][stage]) for stage in stages]
        print(
            f"{model['label']:<{width}}  {model['megabytes']:>6.2f}"
            + "".join(f"  {cell:>13}" for cell in cells)
            + f"  {model['fps']:>6.1f}"
        )
    if window := report["window"]:
        print(
            f"window visible {window['startup_ms']:.0f} ms after the start; paint "
            f"{_pair(window['paint_ms'])} ms, capture to paint {_pair(window['latency_ms'])} ms "
            "(p50 / p95)"
        )
    else:
        print("the window was not measured", file=sys.stderr)
    print(f"peak memory {report['peak_rss_mb']:.0f} MB")


def _pair(values: Mapping[str, float | None]) -> str:
    p50, p95 = values["p50"], values["p95"]
    return "–" if p50 is None or p95 is None else f"{p50:.2f} / {p95:.2f}"
