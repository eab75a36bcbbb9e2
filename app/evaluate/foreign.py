"""Tells label files of other programs from broken ones of this one's formats."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.evaluate.labels import LabelError

_LOOK: Final = 1 << 18
"""Bytes at either end of a file in which its keys are looked for; the rest may be pictures."""
_LEAST: Final = 2


@dataclass(frozen=True, slots=True)
class _Format:
    name: str
    keys: tuple[bytes, ...]
    needed: bytes


_FORMATS: Final = (
    _Format("labelme", (b"shapes", b"imagePath", b"imageData", b"imageWidth"), b"shapes"),
    _Format("COCO", (b"annotations", b"images", b"categories"), b"annotations"),
    _Format("VIA", (b"regions", b"shape_attributes", b"region_attributes"), b"regions"),
    _Format("Label Studio", (b"annotations", b"result", b"completed_by"), b"annotations"),
)


def refuse_foreign(path: Path) -> None:
    """Say so if a JSON file is one of another labelling program.

    Raises:
        LabelError: it is; the message says what to do with it.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_LOOK)
            file.seek(0, 2)
            file.seek(max(file.tell() - _LOOK, 0))
            text = start + file.read(_LOOK)
    except OSError:  # whoever reads it says why not
        return
    found = set(re.findall(rb'"(\w{1,40})"\s*:', text))
    for known in _FORMATS:
        if known.needed in found and sum(key in found for key in known.keys) >= _LEAST:
            raise LabelError(
                f"{path.name}: that is a {known.name} file, which does not say which landmark each "
                'point is; write the points of each image as NAME.json with {"points": [[x, y], '
                "…]} in the order of a layout, or as NAME.pts."
            )
