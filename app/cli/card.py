"""`pfld-live card`: what a model says about itself, and what it ought to say."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.cli.console import print_json
from app.core.card import ModelCard
from app.core.errors import ModelError, OutputError
from app.core.resources import asset, user_models_folder
from app.vision.card_writer import card_values, make_card, read_settings, write_card
from app.vision.onnx_file import OnnxFile


def card(options: argparse.Namespace) -> int:
    """Print the card of a file, or write one."""
    path: Path = options.file
    file = OnnxFile.read(path)
    known, said = card_values(file, path)
    settings = read_settings(options.set)
    target = _target(options)
    if target is None and not settings and not options.tune:
        return _print(path, file, known, said=said, as_json=options.json)
    try:
        made = make_card(known, settings)
        target = target or path
        if options.tune:
            made = _tuned(file, made)
        refused = None
        try:
            write_card(file, made, target)
        except OutputError as error:  # what was found is told all the same
            refused = error
    except ModelError as error:
        raise ModelError(f"{path.name}: {str(error).rstrip('.')}.") from error
    if options.json:
        print_json(_as_dict(made))
    else:
        print(f"The card of {target}:\n")
        marks = {} if said else {name: "guessed" for name in known if name not in settings}
        if options.tune:
            marks |= dict.fromkeys(("crop_scale", "crop_shift", "channels"), "tuned")
        _print_card(_as_dict(made), marks)
    if refused is not None:
        raise refused
    if not options.json:
        print(f"\nTry it: pfld-live demo --model {_quoted(target)}")
    return 0


def _target(options: argparse.Namespace) -> Path | None:
    """Where the file with its card goes; None for the file itself."""
    if options.add and options.output is not None:
        raise OutputError("Choose --add or --output, not both.")
    if options.add:
        name: str = options.file.name
        return user_models_folder() / name
    target: Path | None = options.output
    if target is not None and target.suffix != ".onnx":
        raise OutputError(f"{target.name} must end in .onnx, or the program will not list it.")
    return target


def _tuned(file: OnnxFile, made: ModelCard) -> ModelCard:
    """The card with the crop that fits the demo clip best."""
    from app.evaluate.find import open_labelled_clip
    from app.evaluate.tune import tune_crop
    from app.vision.session import load_model

    print("Trying crops on the demo clip …", file=sys.stderr, flush=True)
    clip = open_labelled_clip(asset("demo.mp4"))
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / "trial.onnx"
        write_card(file, made, trial)
        tuned = tune_crop(load_model(trial), clip)
    print(
        f"error {100 * tuned.before:.1f} % before, {100 * tuned.error:.1f} % of the eye distance "
        f"with crop_scale={tuned.card.crop_scale:g} crop_shift={tuned.card.crop_shift:g} "
        f"channels={tuned.card.channels}\n",
        file=sys.stderr,
    )
    return tuned.card


def _print(
    path: Path, file: OnnxFile, known: Mapping[str, Any], *, said: bool, as_json: bool
) -> int:
    if said:
        made = make_card(known, {})
        if as_json:
            print_json(_as_dict(made))
        else:
            _print_card(_as_dict(made), {})
        return 0
    if as_json:
        raise ModelError(f"{path.name} carries no card that can be read.")
    try:
        ModelCard.from_metadata(file.metadata)
    except ModelError as error:
        print(f"{path.name}: {error}.\n")
    for kind, infos in (("input", file.inputs), ("output", file.outputs)):
        for info in infos:
            sides = " × ".join("?" if side is None else str(side) for side in info.shape)
            print(f"{kind:<7} {info.name}  {sides}")
    print("\nA card could say:\n")
    _print_card(known, dict.fromkeys(known, "guessed"))
    name = _quoted(path)
    unknown = "" if "layout" in known else " --set layout=… --set points_output=…"
    print(
        f"\nWrite it into a copy in your model folder, with the crop that fits the demo clip "
        f"best:\n  pfld-live card {name}{unknown} --tune --add\n"
        f"or say what the model needs:\n"
        f"  pfld-live card {name}{unknown} --set channels=rgb --set mean=127.5 --set std=128 --add"
    )
    return 0


def _print_card(values: Mapping[str, Any], marks: Mapping[str, str]) -> None:
    width = max(len(field.name) for field in dataclasses.fields(ModelCard))
    for field in dataclasses.fields(ModelCard):
        if field.name in values:
            mark = f"   ({marks[field.name]})" if field.name in marks else ""
            print(f"{field.name:<{width}}  {_text(values[field.name])}{mark}")


def _text(value: Any) -> str:
    if value is None or value in ("", {}, ()):
        return "–"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {number:.2f}" for key, number in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _as_dict(made: ModelCard) -> dict[str, Any]:
    values = dataclasses.asdict(made)
    values["nme_val"] = dict(made.nme_val)
    return values


def _quoted(path: Path) -> str:
    text = str(path)
    return f'"{text}"' if " " in text else text
