"""Puts a model file of the user's into the user's model folder."""

from __future__ import annotations

from pathlib import Path

from app.core.card import ModelCard
from app.core.errors import ModelError, OutputError
from app.core.files import write_bytes
from app.core.resources import user_models_folder
from app.vision.onnx_file import OnnxFile


def add_model(path: Path) -> Path:
    """Copy an ONNX file with a card into the model folder; the zoo lists it after its next scan.

    A file that lies there already stays; another one of the same name gets a number.

    Returns:
        Where it lies now.

    Raises:
        ModelError: it is no ONNX file, or has no card that can be read.
        OutputError: the folder cannot be written.
    """
    file = OnnxFile.read(path)
    try:
        ModelCard.from_metadata(file.metadata)
    except ModelError as error:
        raise ModelError(
            f"{path.name} was not added: {error}. Without a card the program does not know its "
            f'input and its points; write one with: pfld-live card "{path}" --tune --add'
        ) from error
    folder = user_models_folder()
    data = path.read_bytes()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target, number = folder / path.name, 1
        while target.exists() and target.read_bytes() != data:
            number += 1
            target = folder / f"{path.stem}-{number}{path.suffix}"
        if not target.exists():
            write_bytes(target, data)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{path.name} cannot be put into {folder}: {reason}.") from error
    return target
