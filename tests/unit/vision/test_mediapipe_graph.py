"""MediaPipe's graph of BlazeFace on a picture of the demo clip."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.capture.source import Pace, SourceOptions, open_source
from app.core.frame import Image
from app.core.resources import asset
from app.vision.light_import import without_plots
from app.vision.mediapipe_graph import MediaPipeGraph

TASKS = Path("/proc/self/task")
NOTHING = np.full((480, 640, 3), 90, np.uint8)


def blazeface() -> Any:
    """The configuration of MediaPipe's own graph."""
    with without_plots():
        import mediapipe
    from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig

    folder = Path(mediapipe.__file__).parent / "modules" / "face_detection"
    file = folder / "face_detection_short_range_cpu.binarypb"
    return CalculatorGraphConfig.FromString(file.read_bytes())


@pytest.fixture
def make() -> Iterator[Callable[[], MediaPipeGraph]]:
    graphs: list[MediaPipeGraph] = []

    def make() -> MediaPipeGraph:
        graphs.append(MediaPipeGraph(blazeface(), {"detections": "proto_list"}))
        return graphs[-1]

    yield make
    for graph in graphs:
        graph.close()


@pytest.fixture
def graph(make: Callable[[], MediaPipeGraph]) -> MediaPipeGraph:
    return make()


@pytest.fixture(scope="module")
def picture() -> Image:
    """The first picture of the demo clip, red first."""
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        return np.ascontiguousarray(next(iter(source)).image[:, :, ::-1])


def left_edge(answer: dict[str, Any]) -> float:
    """Of the one face, as a share of the picture's width."""
    (face,) = answer["detections"]
    return float(face.location_data.relative_bounding_box.xmin)


def test_each_picture_gets_its_own_answer(graph: MediaPipeGraph, picture: Image) -> None:
    first = left_edge(graph.run(picture))
    mirrored = left_edge(graph.run(picture[:, ::-1]))
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


@pytest.mark.parametrize(
    "shape", [(480, 640), (480, 640, 4), (480, 640, 1), (0, 640, 3), (1, 480, 640, 3)]
)
def test_what_is_no_colour_picture_is_refused_and_harms_nothing(
    graph: MediaPipeGraph, picture: Image, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match=r"\(H, W, 3\) uint8"):
        graph.run(np.zeros(shape, np.uint8))
    assert graph.run(picture)["detections"]


def test_numbers_of_another_kind_are_refused(graph: MediaPipeGraph) -> None:
    with pytest.raises(ValueError, match="float32"):
        graph.run(np.zeros((480, 640, 3), np.float32))  # type: ignore[arg-type]


def network_on(side: int, file: str = "face_detection_short_range.tflite") -> MediaPipeGraph:
    """The network of BlazeFace, which wants 128 by 128 pixels, behind a part that makes others."""
    with without_plots():
        from google.protobuf import text_format
        from mediapipe.calculators.tensor import (
            image_to_tensor_calculator_pb2,  # noqa: F401  tells what the options mean
            inference_calculator_pb2,  # noqa: F401
        )
        from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig
    text = f"""
        input_stream: "image"
        output_stream: "answers"
        node {{
          calculator: "ImageToTensorCalculator"
          input_stream: "IMAGE:image"
          output_stream: "TENSORS:input"
          options {{ [mediapipe.ImageToTensorCalculatorOptions.ext] {{
            output_tensor_width: {side}
            output_tensor_height: {side}
            output_tensor_float_range {{ min: 0.0 max: 1.0 }}
          }} }}
        }}
        node {{
          calculator: "InferenceCalculatorCpu"
          input_stream: "TENSORS:input"
          output_stream: "TENSORS:answers"
          options {{ [mediapipe.InferenceCalculatorOptions.ext] {{
            model_path: "mediapipe/modules/face_detection/{file}"
            delegate {{ xnnpack {{}} }}
          }} }}
        }}
    """
    return MediaPipeGraph(text_format.Parse(text, CalculatorGraphConfig()), {"answers": "proto"})


def test_a_graph_that_failed_goes_on_and_can_be_closed() -> None:
    graph = network_on(64)
    messages = []
    for _ in range(2):
        with pytest.raises((RuntimeError, ValueError)) as caught:
            graph.run(NOTHING)
        messages.append(str(caught.value))
    assert "InferenceCalculator" in messages[0]
    assert messages[0] == messages[1]  # of this picture, not that the graph is broken
    graph.close()


def test_a_network_that_is_missing_is_noticed_at_the_start() -> None:
    with pytest.raises((RuntimeError, ValueError), match=r"nowhere\.tflite"):
        network_on(128, "nowhere.tflite")


@pytest.mark.skipif(not TASKS.is_dir(), reason="counts threads by /proc")
def test_it_needs_no_threads_of_its_own(make: Callable[[], MediaPipeGraph], picture: Image) -> None:
    def threads() -> set[str]:
        return {task.name for task in TASKS.iterdir()}

    before = threads()
    make().run(picture)
    assert not threads() - before


def test_one_thread_may_make_it_another_run_and_a_third_close_it(picture: Image) -> None:
    made: list[MediaPipeGraph] = []
    found: list[float] = []
    steps: tuple[Callable[[], object], ...] = (
        lambda: made.append(MediaPipeGraph(blazeface(), {"detections": "proto_list"})),
        lambda: found.append(left_edge(made[0].run(picture))),
        lambda: made[0].close(),
    )
    for step in steps:
        thread = threading.Thread(target=step)
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
    assert 0 < found[0] < 1


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
            quarter = (time.perf_counter() - start) / 4
            within += any(start + quarter < m < start + 3 * quarter for m in list(moments))
            moments.clear()
    finally:
        stop.set()
        clock.join(10)
    assert within > 10
