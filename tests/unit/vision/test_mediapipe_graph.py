"""MediaPipe's graph of BlazeFace on a picture of the demo clip."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import mediapipe
import numpy as np
import pytest
from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig

from app.capture.source import Pace, SourceOptions, open_source
from app.core.frame import Image
from app.core.resources import asset
from app.vision.mediapipe_graph import MediaPipeGraph

FILE = "modules/face_detection/face_detection_short_range_cpu.binarypb"
NOTHING = np.full((480, 640, 3), 90, np.uint8)


def open_graph() -> MediaPipeGraph:
    file = Path(mediapipe.__file__).parent / FILE
    config = CalculatorGraphConfig.FromString(file.read_bytes())
    return MediaPipeGraph(config, {"detections": "proto_list"})


@pytest.fixture
def graph() -> Iterator[MediaPipeGraph]:
    graph = open_graph()
    yield graph
    graph.close()


@pytest.fixture(scope="module")
def picture() -> Image:
    """The first picture of the demo clip, red first."""
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        return np.ascontiguousarray(next(iter(source)).image[:, :, ::-1])


def left_edge(answer: dict[str, list[object]]) -> float:
    """Of the one face, as a share of the picture's width."""
    (face,) = answer["detections"]
    edge: float = face.location_data.relative_bounding_box.xmin  # type: ignore[attr-defined]
    return edge


def test_each_picture_gets_its_own_answer(graph: MediaPipeGraph, picture: Image) -> None:
    first = left_edge(graph.run(picture))
    mirrored = left_edge(graph.run(np.ascontiguousarray(picture[:, ::-1])))
    assert abs(first - mirrored) > 0.01
    assert graph.run(NOTHING) == {"detections": None}
    assert left_edge(graph.run(picture)) == pytest.approx(first)


def test_a_picture_stays_free_to_be_changed(graph: MediaPipeGraph, picture: Image) -> None:
    own = picture.copy()
    found = left_edge(graph.run(own))
    own[:] = 90
    assert graph.run(own) == {"detections": None}
    own[:] = picture
    assert left_edge(graph.run(own)) == pytest.approx(found)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the threads of a process from /proc")
def test_it_needs_no_threads_of_its_own(picture: Image) -> None:
    def threads() -> int:
        return len(list(Path("/proc/self/task").iterdir()))

    before = threads()
    graph = open_graph()
    graph.run(picture)
    assert threads() <= before
    graph.close()


def test_other_threads_go_on_while_it_runs(graph: MediaPipeGraph, picture: Image) -> None:
    moments: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.is_set():
            moments.append(time.perf_counter())
            time.sleep(0)

    large = np.tile(picture, (4, 4, 1))
    within = 0
    clock = threading.Thread(target=tick)
    clock.start()
    try:
        for _ in range(50):
            start = time.perf_counter()
            graph.run(large)
            end = time.perf_counter()
            middle = [m for m in moments if start + (end - start) / 4 < m < end - (end - start) / 4]
            within += bool(middle)
            moments.clear()
    finally:
        stop.set()
        clock.join(10)
    assert within > 10
