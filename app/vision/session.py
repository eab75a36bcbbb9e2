"""ONNX files as callables: the one place that knows onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from app.core.card import ModelCard
from app.core.errors import ModelError
from app.vision.onnx_file import NO_MODEL, OnnxFile

Outputs = dict[str, npt.NDArray[np.float32]]

_WARM_UP_RUNS = 3

_NO_MODEL = ("Protobuf parsing failed", "does not have a graph")
"""How onnxruntime says that a file holds something else; its own words name its source files."""


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A landmark network that is ready to run on one thread.

    Attributes:
        path: the file it came from.
        card: what the file says about itself, checked against its shapes.
    """

    path: Path
    card: ModelCard
    _session: onnxruntime.InferenceSession
    _input: str
    _outputs: tuple[str, ...]

    def run(self, crop: npt.NDArray[np.float32]) -> Outputs:
        """Run the network once.

        Args:
            crop: (1, C, S, S) float32, normalised as the card says.

        Returns:
            Output name -> array.
        """
        values = self._session.run(self._outputs, {self._input: crop})
        return dict(zip(self._outputs, values, strict=True))

    def blank_crop(self) -> npt.NDArray[np.float32]:
        """A crop (1, C, S, S) of nothing, to try the network with."""
        side = self.card.input_size
        return np.zeros((1, self.card.depth, side, side), np.float32)


def load_model(path: Path) -> OnnxModel:
    """Open an ONNX file that carries a card, and warm it up: the first frame is not the slow one.

    One thread per session: these networks take a few milliseconds, and a pool that spins
    between frames burns a core to save nothing. Subnormal numbers are flushed, which some
    trained networks are full of and which are up to twenty times slower.

    Raises:
        ModelError: onnxruntime refuses the file, it has no card, or its shapes disagree with it.
    """
    model = _open(path, _options())
    for _ in range(_WARM_UP_RUNS):
        model.run(model.blank_crop())
    return model


def check_model(path: Path) -> ModelCard:
    """The card of an ONNX file, once onnxruntime has opened and run it.

    For files that are looked at and not used: nothing is made ready to be fast, which takes up to
    seven times the memory of an fp32 file, part of it for good.

    Raises:
        ModelError: as `load_model`.
    """
    options = _options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.enable_cpu_mem_arena = False
    return _open(path, options).card


def _open(path: Path, options: onnxruntime.SessionOptions) -> OnnxModel:
    """A model that has given what its card promises."""
    if not path.is_file():
        raise ModelError(
            f"There is no model file {path}; choose one that `pfld-live models` lists."
        )
    try:
        session = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )
        metadata = session.get_modelmeta().custom_metadata_map
    except Exception as error:  # onnxruntime's own exceptions share no base but this one
        raise ModelError(f"onnxruntime refuses the file: {_first_line(error)}") from error
    card = ModelCard.from_metadata(metadata)
    _check_shapes(card, session)
    outputs = _output_names(card)
    model = OnnxModel(path, card, session, session.get_inputs()[0].name, outputs)
    try:
        first = model.run(model.blank_crop())
    except Exception as error:
        raise ModelError(f"the network does not run: {_first_line(error)}") from error
    _check_results(card, first)
    return model


class InsideSession:
    """A network that also gives tensors from its inside."""

    def __init__(self, file: OnnxFile, tensors: Sequence[str]) -> None:
        """Make the network ready.

        Args:
            file: changed here: it gets the tensors as outputs.
            tensors: names of tensors in it.

        Raises:
            ModelError: onnxruntime refuses the network.
        """
        file.add_outputs(tensors)
        self._names = tuple(dict.fromkeys(tensors))
        try:
            self._session = onnxruntime.InferenceSession(
                file.to_bytes(), sess_options=_options(), providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime's own exceptions share no base but this one
            raise ModelError(f"onnxruntime refuses the network: {_first_line(error)}") from error

    def run(self, crop: npt.NDArray[np.float32]) -> Outputs:
        """Tensor name -> its values for a crop (1, C, S, S) float32."""
        values = self._session.run(self._names, {self._session.get_inputs()[0].name: crop})
        return dict(zip(self._names, values, strict=True))


def _options() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.set_denormal_as_zero", "1")
    options.log_severity_level = 4  # what goes wrong is raised; nothing belongs in a terminal
    return options


def _check_shapes(card: ModelCard, session: onnxruntime.InferenceSession) -> None:
    inputs = session.get_inputs()
    if len(inputs) != 1 or inputs[0].type != "tensor(float)":
        raise ModelError(
            "the network must have one float32 input, it has "
            + ", ".join(f"{i.name} {i.type}" for i in inputs)
        )
    wanted = (1, card.depth, card.input_size, card.input_size)
    got = tuple(inputs[0].shape)
    fits = len(got) == 4 and all(
        not isinstance(g, int) or g == w for g, w in zip(got, wanted, strict=True)
    )
    if not fits:
        raise ModelError(f"the card promises input {wanted}, the network takes {got}")
    names = [output.name for output in session.get_outputs()]
    for name in _output_names(card):
        if name not in names:
            raise ModelError(
                f"the card names output {name!r}, the network has only {', '.join(names)}"
            )


def _check_results(card: ModelCard, outputs: Outputs) -> None:
    points = outputs[card.points_output]
    count = card.landmark_layout.count
    if points.size != 2 * count or points.shape[0] != 1:
        raise ModelError(
            f"layout {card.layout} needs {2 * count} numbers in {card.points_output!r}, "
            f"the network gives shape {points.shape}"
        )
    if card.trust_output is not None and outputs[card.trust_output].size != 1:
        raise ModelError(
            f"{card.trust_output!r} must be one number, the network gives shape "
            f"{outputs[card.trust_output].shape}"
        )
    if card.pose_output is not None and outputs[card.pose_output].size != 3:
        raise ModelError(
            f"{card.pose_output!r} must be yaw, pitch and roll, the network gives shape "
            f"{outputs[card.pose_output].shape}"
        )
    if card.visibility_output is not None and outputs[card.visibility_output].size != 3:
        raise ModelError(
            f"{card.visibility_output!r} must be three numbers, of the left eye, the right eye and "
            f"the mouth, the network gives shape {outputs[card.visibility_output].shape}"
        )
    wanted = len(card.expressions)
    if card.expression_output is not None and outputs[card.expression_output].size != wanted:
        raise ModelError(
            f"{card.expression_output!r} must be {wanted} numbers, one of each expression that the "
            f"card names, the network gives shape {outputs[card.expression_output].shape}"
        )


def _output_names(card: ModelCard) -> tuple[str, ...]:
    named = (
        card.points_output,
        card.trust_output,
        card.pose_output,
        card.visibility_output,
        card.expression_output,
    )
    return tuple(name for name in named if name is not None)


def _first_line(error: Exception) -> str:
    """The telling part of onnxruntime's messages, which run over several lines."""
    if any(words in str(error) for words in _NO_MODEL):
        return NO_MODEL
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].split(" : ")[-1].strip().rstrip(".")
