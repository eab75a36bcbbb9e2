"""ONNX files as callables: the one place that knows onnxruntime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from app.core.card import ModelCard
from app.core.errors import ModelError
from app.core.untrusted import shown
from app.vision.channels_last import refuse_channels_last
from app.vision.onnx_file import NO_MODEL, OnnxFile
from app.vision.trial import came_with_the_program, read_model, try_model
from app.vision.watchdog import Watchdog

Outputs = dict[str, npt.NDArray[np.float32]]

_WARM_UP_RUNS = 3
MOST_RUN_S = 5.0
"""One run of a network takes no longer; the slowest of the program takes 0.1 s."""
_watchdog = Watchdog(MOST_RUN_S)
_FLOATS = ("tensor(float)", "tensor(float16)", "tensor(double)")
_FARTHEST = 1000.0
"""Points of no crop lie farther outside of it, in sides of the crop, and no trust is larger."""
_WIDEST_DEG = 3600.0
"""No angle of a head is larger, however it is counted."""

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
    _watched: bool = False

    def run(self, crop: npt.NDArray[np.float32]) -> Outputs:
        """Run the network once.

        Args:
            crop: (1, C, S, S) float32, normalised as the card says.

        Returns:
            Output name -> array.

        Raises:
            ModelError: the network fails on this crop.
        """
        try:
            if self._watched:
                values = self._run_watched(crop)
            else:
                values = self._session.run(self._outputs, {self._input: crop})
        except Exception as error:  # onnxruntime's own exceptions share no base but this one
            raise ModelError(
                f"The model {self.card.label} fails: {first_line(error)}; choose another one."
            ) from error
        return dict(zip(self._outputs, values, strict=True))

    def _run_watched(self, crop: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        options = onnxruntime.RunOptions()

        def end() -> None:
            options.terminate = True

        with _watchdog.over(end):
            values: list[npt.NDArray[np.float32]] = self._session.run(
                self._outputs, {self._input: crop}, options
            )
        return values

    def blank_crop(self) -> npt.NDArray[np.float32]:
        """A crop (1, C, S, S) of nothing, to try the network with."""
        side = self.card.input_size
        return np.zeros((1, self.card.depth, side, side), np.float32)


def load_model(path: Path) -> OnnxModel:
    """Open an ONNX file that carries a card, and warm it up: the first frame is not the slow one.

    One thread per session: these networks take a few milliseconds, and a pool that spins
    between frames burns a core to save nothing. Subnormal numbers are flushed, which some
    trained networks are full of and which are up to twenty times slower.

    A file that did not come with the program is tried first, and what is opened is what was
    tried, whatever happens to the file meanwhile; see `app.vision.trial`.

    Raises:
        ModelError: onnxruntime refuses the file, it has no card, its shapes disagree with it, or
            it takes too much time or memory.
    """
    if came_with_the_program(path):
        model = _open(path, _options(), path)
    else:
        data = read_model(path)
        try_model(data).checked()
        # Its trial may not have shown it the picture that it loops for ever on.
        model = replace(_open(data, _options(), path), _watched=True)
        del data
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
    if not path.is_file():
        raise ModelError(
            f"There is no model file {path}; choose one that `pfld-live models` lists."
        )
    return _open(path, options, path).card


def open_bytes(data: bytes) -> OnnxModel:
    """The model that a file holds, made ready to be fast.

    Raises:
        ModelError: as `load_model`.
    """
    return _open(data, _options(), Path())


def _open(held: Path | bytes, options: onnxruntime.SessionOptions, path: Path) -> OnnxModel:
    """A model that has given what its card promises."""
    source = held if isinstance(held, bytes) else str(held)
    try:
        session = onnxruntime.InferenceSession(
            source, sess_options=options, providers=["CPUExecutionProvider"]
        )
        metadata = session.get_modelmeta().custom_metadata_map
    except Exception as error:  # onnxruntime's own exceptions share no base but this one
        raise ModelError(f"onnxruntime refuses the file: {first_line(error)}") from error
    card = ModelCard.from_metadata(metadata)
    _check_shapes(card, session)
    outputs = _output_names(card)
    model = OnnxModel(path, card, session, session.get_inputs()[0].name, outputs)
    try:
        first = session.run(outputs, {model._input: model.blank_crop()})
    except Exception as error:
        raise ModelError(f"the network does not run: {first_line(error)}") from error
    check_outputs(card, dict(zip(outputs, first, strict=True)))
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
            raise ModelError(f"onnxruntime refuses the network: {first_line(error)}") from error

    def run(self, crop: npt.NDArray[np.float32]) -> Outputs:
        """Tensor name -> its values for a crop (1, C, S, S) float32.

        Raises:
            ModelError: the network fails on this crop.
        """
        try:
            values = self._session.run(self._names, {self._session.get_inputs()[0].name: crop})
        except Exception as error:  # onnxruntime's own exceptions share no base but this one
            raise ModelError(f"The network fails: {first_line(error)}; choose another.") from error
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
            + ", ".join(f"{shown(i.name)} {i.type}" for i in inputs[:8])
        )
    refuse_channels_last(inputs[0].shape)
    wanted = (1, card.depth, card.input_size, card.input_size)
    got = tuple(inputs[0].shape)
    fits = len(got) == 4 and all(
        not isinstance(g, int) or g == w for g, w in zip(got, wanted, strict=True)
    )
    if not fits:
        raise ModelError(f"the card promises input {wanted}, the network takes {got}")
    kinds = {output.name: output.type for output in session.get_outputs()}
    for name in _output_names(card):
        if name not in kinds:
            raise ModelError(
                f"the card names output {name!r}, the network has only "
                f"{', '.join(map(shown, kinds))}"
            )
        if kinds[name] not in _FLOATS:
            raise ModelError(f"{name!r} must be float numbers, the network gives {kinds[name]}")


def check_outputs(card: ModelCard, outputs: Outputs) -> None:
    """Make sure that what a network gives is what its card promises.

    Raises:
        ModelError: it is not.
    """
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
    side = card.input_size if card.coordinates == "pixels" else 1
    for name, low, high in (
        (card.points_output, -_FARTHEST * side, _FARTHEST * side),
        (card.trust_output, -_FARTHEST, _FARTHEST),
        (card.pose_output, -_WIDEST_DEG, _WIDEST_DEG),
        (card.visibility_output, 0, 1),
        (card.expression_output, 0, 1),
    ):
        values = outputs[name] if name is not None else np.zeros(1, np.float32)
        if not np.isfinite(values).all():
            raise ModelError(f"{name!r} holds values that are not numbers")
        if values.min() < low or values.max() > high:
            raise ModelError(f"{name!r} should lie between {low:g} and {high:g}, it does not")


def _output_names(card: ModelCard) -> tuple[str, ...]:
    named = (
        card.points_output,
        card.trust_output,
        card.pose_output,
        card.visibility_output,
        card.expression_output,
    )
    return tuple(name for name in named if name is not None)


def first_line(error: BaseException) -> str:
    """The telling part of onnxruntime's messages, which run over several lines."""
    if any(words in str(error) for words in _NO_MODEL):
        return NO_MODEL
    if "terminate flag" in str(error):
        return f"it takes longer than {MOST_RUN_S:.0f} s for one face"
    lines = str(error).strip().splitlines() or [type(error).__name__]
    text = lines[0].split(" : ")[-1].strip().rstrip(".")
    plain = "".join(c if c.isprintable() else "?" for c in text)  # names in it are the file's
    return plain if len(plain) <= 300 else plain[:299] + "…"
