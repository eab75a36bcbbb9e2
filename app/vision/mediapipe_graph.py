"""MediaPipe's graphs, one picture at a time on the thread that asks."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final, Literal

from app.core.frame import Image

Kind = Literal["float", "proto", "proto_list"]
"""What an output of a graph holds: the name that `mediapipe.packet_getter` gives it."""

_ON_THIS_THREAD: Final = "ApplicationThreadExecutor"


class MediaPipeGraph:
    """A running graph with one picture as its input.

    MediaPipe's `solutions` hand each picture to a pool of threads that wait for each other, and
    make a new class for each answer. The same graph on the calling thread finds a face in four
    fifths of the time, and needs no threads. While it runs, other threads may.

    Not for use from several threads.
    """

    def __init__(self, config: Any, outputs: Mapping[str, Kind]) -> None:
        """Start the graph.

        Args:
            config: a `CalculatorGraphConfig`; it is changed here.
            outputs: name of an output -> what it holds.

        Raises:
            RuntimeError, ValueError: MediaPipe cannot run it.
        """
        import mediapipe
        from mediapipe.python import (
            CalculatorGraph,
            ImageFormat,
            packet_creator,
            packet_getter,
            resource_util,
        )

        resource_util.set_resource_dir(str(Path(mediapipe.__file__).parents[1]))
        config.executor.add().type = _ON_THIS_THREAD
        (self._input,) = (stream.split(":")[-1] for stream in config.input_stream)
        self._make = packet_creator.create_image_frame
        self._format = ImageFormat.SRGB
        self._read = {name: getattr(packet_getter, f"get_{kind}") for name, kind in outputs.items()}
        self._time = count(1)
        self._seen: dict[str, Any] = {}
        self._graph = CalculatorGraph(graph_config=config)
        for name in outputs:
            self._graph.observe_output_stream(name, self._seen.__setitem__, True)
        self._graph.start_run()

    def run(self, rgb: Image) -> dict[str, Any]:
        """What the graph says of a picture (H, W, 3) uint8, red first; None where nothing.

        Raises:
            RuntimeError: the graph failed.
        """
        self._seen.clear()
        view = rgb.view()
        view.flags.writeable = False  # MediaPipe copies what somebody might still change
        packet = self._make(view, image_format=self._format).at(next(self._time))
        self._graph.add_packet_to_input_stream(stream=self._input, packet=packet)
        self._graph.wait_until_idle()
        return {name: self._value(name) for name in self._read}

    def _value(self, name: str) -> Any:
        packet = self._seen.get(name)
        return None if packet is None or packet.is_empty() else self._read[name](packet)

    def close(self) -> None:
        """Stop the graph and free its networks."""
        self._graph.close()
