"""The images of a folder in the order in which frames are counted."""

from __future__ import annotations

from pathlib import Path

from app.capture.folder import folder_of_images


def images_in(folder: Path) -> tuple[Path, ...]:
    """The images that a folder plays, each at the place that is the number of its frame.

    Raises:
        SourceError: the folder cannot be read.
    """
    return folder_of_images(folder).images
