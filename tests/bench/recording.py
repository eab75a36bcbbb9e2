"""What recording costs the live pipeline: 720p, annotated, 30 fps, in turns with and without.

    uv run python tests/bench/recording.py --seconds 60

The demo clip is scaled to 1280×720 and played in real time; stretches with and without a recorder
take turns, so that a busy machine hits both alike. Prints milliseconds from the arrival of a frame
to the end of the vision stage (p50, p95), frames left out before and by the recorder, and what the
record thread spent on a frame.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

from app._av import av
from app._opencv import cv2
from app.capture.source import Pace, SourceOptions, open_source
from app.core.resources import asset
from app.record.places import RecordFiles, files_in
from app.record.recorder import Recorder
from app.record.settings import RecordSettings
from app.record.take import Take
from app.record.video import VideoSink
from app.vision.engine import LiveEngine
from app.vision.result import FrameResult
from app.vision.settings import VisionSettings

SIZE = (1280, 720)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="recorded in all")
    parser.add_argument("--turns", type=int, default=3, help="stretches of each kind")
    parser.add_argument("--detector", default="blazeface")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        report = measure(folder, _clip(folder), options)
    print(json.dumps(report, indent=2))


def measure(folder: Path, clip: Path, options: argparse.Namespace) -> dict[str, object]:
    spent: list[float] = []
    write = Take.write

    def timed(take: Take, *arguments: object) -> None:
        started = time.perf_counter()
        write(take, *arguments)  # type: ignore[arg-type]
        spent.append((time.perf_counter() - started) * 1e3)

    Take.write = timed  # type: ignore[method-assign]
    engine = LiveEngine(settings=VisionSettings(), on_result=lambda: None, on_change=lambda: None)
    engine.start()
    engine.set_model("")
    engine.set_detector(options.detector)
    engine.open(open_source(str(clip), SourceOptions(loop=True)))
    _wait_for_face(engine)
    latency: dict[bool, list[float]] = {False: [], True: []}
    missed = {False: 0, True: 0}
    recorded = dropped = 0
    notes = []
    for turn in range(2 * options.turns):
        on = turn % 2 == 1
        recorder = Recorder(lambda *_: _place(folder), RecordSettings()) if on else None
        values = latency[on]

        def hear(
            result: FrameResult,
            values: list[float] = values,
            recorder: Recorder | None = recorder,
        ) -> None:
            values.append((result.finished_ns - result.frame.arrived_ns) / 1e6)
            if recorder is not None:
                recorder.put(result)

        if recorder is not None:
            recorder.start()
        before = engine.status().capture.dropped  # type: ignore[union-attr]
        end = engine.listen(hear)
        time.sleep(options.seconds / options.turns)
        end()
        missed[on] += engine.status().capture.dropped - before  # type: ignore[union-attr]
        if recorder is not None:
            assert recorder.stop(60)
            status = recorder.status
            recorded, dropped = recorded + status.frames, dropped + status.dropped
            notes += [text for text in (status.note, status.problem) if text]
    assert engine.stop(60)
    return {
        "size": "×".join(str(v) for v in SIZE),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "threads": threading.active_count(),
        "latency_ms_without": _percentiles(latency[False]),
        "latency_ms_recording": _percentiles(latency[True]),
        "frames": {"without": len(latency[False]), "recording": len(latency[True])},
        "missed_before_vision": {"without": missed[False], "recording": missed[True]},
        "recorded": recorded,
        "dropped_by_recorder": dropped,
        "record_ms_per_frame": _percentiles(spent),
        "notes": notes,
    }


def _place(folder: Path) -> RecordFiles:
    return files_in(folder, "bench", annotated=True, clean=False, sidecar=True, table=False)


def _wait_for_face(engine: LiveEngine) -> None:
    while True:
        result = engine.results.take(60.0)
        assert result is not None, engine.status()
        if result.faces:
            return


def _percentiles(values: list[float]) -> list[float]:
    return [round(float(v), 2) for v in np.percentile(values, [50, 95])]


def _clip(folder: Path) -> Path:
    path = folder / "720p.mp4"
    with (
        open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source,
        VideoSink(path) as sink,
    ):
        for frame in source:
            sink.write(cv2.resize(frame.image, SIZE), frame.time_ns)
    with av.open(str(path)) as container:
        assert container.streams.video[0].height == SIZE[1]
    return path


if __name__ == "__main__":
    main()
