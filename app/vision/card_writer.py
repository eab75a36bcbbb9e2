"""Gives a foreign ONNX file the card that makes it a model of the program."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from app.core.card import ModelCard
from app.core.errors import ModelError
from app.core.files import refusal, write_bytes
from app.core.layout import LAYOUTS
from app.vision.channels_last import refuse_channels_last
from app.vision.onnx_file import OnnxFile, TensorInfo
from app.vision.trial import try_model

_WHOLE: Final = ("input_size",)
_NUMBER: Final = ("crop_scale", "crop_shift", "milliseconds")
_NUMBERS: Final = ("mean", "std")
_NAMES: Final = ("expressions",)
_OPTIONAL: Final = (
    *("trust_output", "pose_output", "visibility_output", "expression_output", "milliseconds"),
)
# The error by attribute is measured, not claimed; there is one task alone.
_NOT_SET_BY_HAND: Final = ("nme_val", "task")
SETTABLE: Final = tuple(
    f.name for f in dataclasses.fields(ModelCard) if f.name not in _NOT_SET_BY_HAND
)
"""What a user may set."""

# What most public models of this kind do: pixels / 255, points as shares of the crop, and a crop
# that is a little larger than the face.
_USUAL: Final[Mapping[str, Any]] = {
    "family": "foreign",
    "channels": "bgr",
    "mean": 0.0,
    "std": 255.0,
    "crop_scale": 1.2,
    "crop_shift": 0.0,
    "coordinates": "unit",
}


def read_settings(texts: Iterable[str]) -> dict[str, Any]:
    """`KEY=VALUE` texts as fields of a card; lists have commas, and an empty value is none.

    Raises:
        ModelError: a key is unknown, or its value is no number where one is needed.
    """
    values: dict[str, Any] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or key not in SETTABLE:
            raise ModelError(
                f"{text!r} is no setting of a card; write KEY=VALUE with one of: "
                f"{', '.join(SETTABLE)}."
            )
        values[key] = _value(key, value)
    return values


def card_values(file: OnnxFile, path: Path) -> tuple[dict[str, Any], bool]:
    """What is known of a file's card.

    Returns:
        The fields that its card says, and True; or where it has none that can be read, those that
        can be guessed, and False.

    Raises:
        ModelError: the network is of a kind that no card can describe.
    """
    try:
        card = ModelCard.from_metadata(file.metadata)
    except ModelError:
        for info in file.inputs:
            try:
                refuse_channels_last(info.shape)
            except ModelError as error:
                raise ModelError(f"{path.name}: {error}.") from error
        return _guessed(file, path), False
    return {f.name: getattr(card, f.name) for f in dataclasses.fields(card)}, True


def make_card(known: Mapping[str, Any], settings: Mapping[str, Any]) -> ModelCard:
    """The card of what is known with what a user sets; one number for `mean` or `std` counts for
    all channels.

    Raises:
        ModelError: something is missing or contradicts something else.
    """
    values = {**known, **settings}
    depth = 1 if values.get("channels") == "grey" else 3
    for name in _NUMBERS:
        numbers = values.get(name, ())
        numbers = numbers if isinstance(numbers, tuple) else (numbers,)
        if len(set(numbers)) == 1:
            numbers = numbers[:1] * depth
        values[name] = numbers
    if missing := [f for f in ("name", "layout", "input_size", "points_output") if f not in values]:
        raise ModelError(
            "the file does not tell, and the card needs, "
            + ", ".join(missing)
            + f"; add --set {missing[0]}=…"
            + (f" (one of {', '.join(LAYOUTS)})" if missing[0] == "layout" else "")
        )
    return ModelCard(**values)


def write_card(file: OnnxFile, card: ModelCard, target: Path) -> None:
    """Write the file with a card, if it then is a model that runs.

    `target` is replaced in one step or stays as it is; it may be the file itself.

    Raises:
        ModelError: the network disagrees with the card.
        OutputError: the file cannot be written.
    """
    file.set_metadata(card.to_metadata())
    data = file.to_bytes()
    try_model(data).checked()
    if target.is_symlink():
        target = target.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(target, error) from error
    write_bytes(target, data)


def _value(key: str, text: str) -> Any:
    if not text and key in _OPTIONAL:
        return None
    try:
        if key in _NUMBERS:
            return tuple(float(number) for number in text.split(","))
        if key in _NAMES:
            return tuple(name.strip() for name in text.split(",") if name.strip())
        if key in _WHOLE:
            return int(text)
        if key in _NUMBER:
            return float(text)
    except ValueError as error:
        kind = "numbers with commas" if key in _NUMBERS else "a number"
        raise ModelError(f"{key} must be {kind}, got {text!r}.") from error
    return text


def _guessed(file: OnnxFile, path: Path) -> dict[str, Any]:
    values: dict[str, Any] = dict(_USUAL)
    values["name"] = path.stem[:40]
    kinds = file.weight_types
    values["precision"] = (
        "int8" if kinds & {"int8", "uint8"} else "fp16" if "float16" in kinds else "fp32"
    )
    if (side := _input_side(file.inputs)) is not None:
        values["input_size"] = side
    if any(len(x.shape) == 4 and x.shape[1] == 1 for x in file.inputs):
        values["channels"] = "grey"
    by_count = {2 * layout.count: name for name, layout in LAYOUTS.items()}
    for output in file.outputs:
        if output.numbers in by_count:
            values["points_output"] = output.name
            values["layout"] = by_count[output.numbers]
            break
    return values


def _input_side(inputs: tuple[TensorInfo, ...]) -> int | None:
    for info in inputs:
        if len(info.shape) == 4 and info.shape[2] == info.shape[3]:
            return info.shape[2]
    return None
