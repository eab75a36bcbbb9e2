"""The images of a folder in the order in which frames are counted."""

from __future__ import annotations

from pathlib import Path

from app.capture.images import natural_key
from app.capture.source import IMAGE_SUFFIXES
from app.core.errors import SourceError


def images_in(folder: Path) -> tuple[Path, ...]:
    """Image files in natural order, `img2` before `img10`; sub-folders are not searched.

    Raises:
        SourceError: the folder cannot be read.
    """
    try:
        found = [
            path
            for path in folder.iterdir()
            if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
        ]
    except OSError as error:
        raise SourceError(
            f"The folder {folder.name} cannot be read: {error.strerror}; choose another one."
        ) from error
    return tuple(sorted(found, key=lambda path: (natural_key(path.name), path.name)))
