"""The lists of WFLW: one line per face, 98 points, a box, six flags and the name of the image.

    x0 y0 … x97 y97 left top right bottom pose expression illumination make-up occlusion blur NAME

as in `list_98pt_rect_attr_test.txt`. Pixels count from 0. Images lie below `WFLW_images`, which is
looked for beside the list and above it, or else beside the list itself. An image may have several
lines; faces that nobody labelled, as in the crowds of WFLW, pass for false ones.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from app.core.files import is_file
from app.core.layout import WFLW98
from app.evaluate.clip import LabelledClip
from app.evaluate.labels import HAND, LabelError, LabelOrigin, LabelsBuilder, broken

PATTERN: Final = "list_98pt*.txt"
"""Names of the lists, by which a folder is known to hold one."""
_IMAGES: Final = "WFLW_images"
_COORDINATES: Final = 2 * WFLW98.count
_BOX: Final = 4
_FLAGS: Final = ("pose", "expression", "illumination", "make-up", "occlusion", "blur")
_KEPT: Final = ("expression", "occlusion")
"""Flags that are attributes of the program, too; its classes of pose follow from the points."""


def read_wflw(path: Path) -> LabelledClip:
    """The images that a list names, in the order of their first lines.

    Raises:
        LabelError: the list cannot be read, is broken or names an image that does not exist.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise LabelError(f"{path.name} cannot be read: {reason}; choose another file.") from error
    folder = _images_folder(path)
    faces: dict[str, list[tuple[int, list[str]]]] = {}
    length = _COORDINATES + _BOX + len(_FLAGS) + 1
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        words = line.split(maxsplit=length - 1)
        if len(words) != length:
            raise broken(path, f"it has {len(words)} words instead of {length}", number)
        name = words[-1].strip()
        if name not in faces and not is_file(folder / name):
            raise broken(path, f"there is no image {name} in {folder.name}", number)
        faces.setdefault(name, []).append((number, words))
    if not faces:
        raise broken(path, "it holds no labels")
    builder = LabelsBuilder(WFLW98)
    for frame, rows in enumerate(faces.values()):
        for person, (number, words) in enumerate(rows):
            try:
                _add(builder, frame, person, words)
            except ValueError as error:
                raise broken(path, str(error), number) from error
    return LabelledClip(
        name=path.name,
        media=folder,
        images=tuple(folder / name for name in faces),
        label_files=(path,),
        labels=builder.build(np.ones(len(faces), bool)),
        complete=True,
        origin=LabelOrigin(truth=HAND, made_by="WFLW", frames=len(faces)),
    )


def _add(builder: LabelsBuilder, frame: int, person: int, words: list[str]) -> None:
    try:
        points = np.array([float(word) for word in words[:_COORDINATES]]).reshape(-1, 2)
    except ValueError as error:
        raise ValueError(f"a coordinate is not a number ({error})") from error
    if not np.isfinite(points).all():
        raise ValueError("a coordinate is not a number")
    flags = dict(zip(_FLAGS, words[_COORDINATES + _BOX : -1], strict=True))
    for name, flag in flags.items():
        if flag not in ("0", "1"):
            raise ValueError(f"the flag {name} should be 0 or 1, not {flag}")
    builder.add(
        frame=frame,
        person=person,
        points=points,
        attributes=[name for name in _KEPT if flags[name] == "1"],
        derive_others=True,
    )


def _images_folder(path: Path) -> Path:
    for folder in path.resolve().parents[:3]:
        if (folder / _IMAGES).is_dir():
            return folder / _IMAGES
    return path.parent
