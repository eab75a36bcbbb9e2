"""MediaPipe's graphs, one picture at a time on the thread that asks."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from app.core.c_numbers import use_c_numbers
from app.core.frame import Image

Kind = Literal["float", "proto", "proto_list"]
"""What an output of a graph holds: the name that `mediapipe.packet_getter` gives it."""

_ON_THIS_THREAD: Final = "ApplicationThreadExecutor"
_FAILED: Final = (RuntimeError, ValueError)
"""What MediaPipe raises when a graph fails, by the kind of its trouble."""


class MediaPipeGraph:
    """A running graph with one picture as its input.

    MediaPipe's `solutions` hand each picture to a pool of threads that wait for each other, and
    make a new class for each answer. The same graph on the calling thread finds a face in four
    fifths of the time, and needs no threads. While it runs, other threads may.

    Any thread may use it, but only one at a time.
    """

    def __init__(self, config: Any, outputs: Mapping[str, Kind]) -> None:
        """Start the graph and load its networks.

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

        use_c_numbers()  # the graph is text
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
        self._start()

    def _start(self) -> None:
        self._graph.start_run()
        self._graph.wait_until_idle()  # nothing is opened before somebody waits

    def run(self, rgb: Image) -> dict[str, Any]:
        """What the graph says of a picture (H, W, 3) uint8, red first; None where nothing.

        Raises:
            RuntimeError, ValueError: the picture is none, or the graph failed. It can go on with
                the next one.
        """
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
            # MediaPipe would read as many bytes as a colour picture has, whatever lies there.
            raise ValueError(f"a picture (H, W, 3) uint8 is needed, not {rgb.shape} {rgb.dtype}")
        self._seen.clear()
        view = np.ascontiguousarray(rgb).view()
        view.flags.writeable = False  # MediaPipe copies what somebody might still change
        # The name must outlive the wait: MediaPipe lets go of the array without asking Python.
        packet = self._make(view, image_format=self._format).at(next(self._time))
        try:
            self._graph.add_packet_to_input_stream(stream=self._input, packet=packet)
            self._graph.wait_until_idle()
        except _FAILED:
            self.close()
            self._start()
            raise
        return {name: self._value(name) for name in self._read}

    def _value(self, name: str) -> Any:
        packet = self._seen.get(name)
        return None if packet is None or packet.is_empty() else self._read[name](packet)

    def close(self) -> None:
        """Stop the graph."""
        with contextlib.suppress(*_FAILED):  # says once more what was raised before
            self._graph.close()
