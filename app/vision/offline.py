"""A source worked through frame by frame, on the calling thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from app.capture.source import FrameSource
from app.vision.detectors import find_detector
from app.vision.pipeline import Pipeline
from app.vision.result import FrameResult
from app.vision.settings import VisionSettings
from app.vision.zoo import Zoo


@contextmanager
def open_pipeline(*, model: str, detector: str, settings: VisionSettings) -> Iterator[Pipeline]:
    """A pipeline that is ready to run.

    Args:
        model: label, name or path; "" for the zoo's default.
        detector: name of a detector.
        settings: for all frames.

    Raises:
        PfldLiveError: the model or the detector is unknown or cannot be opened.
    """
    from app.vision.landmarkers import open_landmarker

    entry = Zoo.entry_for(model)
    with ExitStack() as stack:
        landmarker = open_landmarker(entry)
        stack.callback(landmarker.close)
        face_detector = find_detector(detector).make()
        stack.callback(face_detector.close)
        yield Pipeline(detector=face_detector, landmarker=landmarker, settings=settings)


def process(
    source: FrameSource, pipeline: Pipeline, *, seconds: float | None = None
) -> Iterator[FrameResult]:
    """Results for the frames of an open source, in order.

    Args:
        source: an open source; a camera gives its newest frame each time.
        pipeline: runs on the calling thread.
        seconds: end when this much time of the source has passed; None for all of it.

    Raises:
        SourceError: the source fails on the way.
    """
    first_ns: int | None = None
    for frame in source:
        first_ns = frame.time_ns if first_ns is None else first_ns
        if seconds is not None and frame.time_ns - first_ns >= seconds * 1e9:
            return
        yield pipeline.process(frame)
