from __future__ import annotations

import json
from pathlib import Path

import pytest

from app._opencv import cv2
from app.capture.source import Pace, SourceOptions, open_source
from app.core.frame import Frame
from app.core.resources import asset
from app.evaluate.run import EvaluationSettings
from app.record.video import VideoSink
from app.vision.settings import VisionSettings
from app.vision.zoo import Zoo, ZooEntry
from tests.unit.evaluate.label_lines import Lines, write_lines

FIRST, COUNT = 396, 24  # of the demo clip: a second face comes in from the side at 404


@pytest.fixture(scope="session")
def demo_frames() -> list[Frame]:
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        source.seek(FIRST / 30)
        frames = []
        for frame in source:
            frames.append(frame)
            if len(frames) == COUNT:
                break
    assert [f.sequence for f in frames] == list(range(FIRST, FIRST + COUNT))
    return frames


@pytest.fixture(scope="session")
def demo_labels() -> Lines:
    """Header and lines for the frames of `cut_clip`."""
    lines = asset("demo.labels.jsonl").read_text("utf-8").splitlines()
    header, *frames = (json.loads(line) for line in [lines[0], *lines[1 + FIRST :][:COUNT]])
    for number, frame in enumerate(frames):
        frame["frame"] = number
    return [header | {"clip": "cut.mp4", "frames": COUNT}, *frames]


@pytest.fixture(scope="session")
def cut_video(tmp_path_factory: pytest.TempPathFactory, demo_frames: list[Frame]) -> Path:
    """A moment of the demo clip as a video without labels."""
    path = tmp_path_factory.mktemp("cut") / "cut.mp4"
    with VideoSink(path) as sink:
        for frame in demo_frames:
            sink.write(frame.image, frame.time_ns)
    return path


@pytest.fixture
def cut_clip(tmp_path: Path, cut_video: Path, demo_labels: Lines) -> Path:
    """The video with its labels beside it."""
    path = tmp_path / "cut.mp4"
    path.write_bytes(cut_video.read_bytes())
    write_lines(tmp_path / "cut.labels.jsonl", demo_labels)
    return path


@pytest.fixture
def cut_images(tmp_path: Path, demo_frames: list[Frame]) -> Path:
    """Every sixth picture as a folder of images without labels."""
    folder = tmp_path / "stills"
    folder.mkdir()
    for number, frame in enumerate(demo_frames[::6]):
        cv2.imwrite(str(folder / f"still{number}.png"), frame.image)
    return folder


@pytest.fixture(scope="session")
def models() -> list[ZooEntry]:
    return [entry for entry in Zoo.scan().usable if not entry.reference]


@pytest.fixture
def quick() -> EvaluationSettings:
    """The detector that starts at once."""
    return EvaluationSettings(detector="haar", vision=VisionSettings(smooth=False))
