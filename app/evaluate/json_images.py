"""Images, each with a JSON file of the same name beside it: `walk.png` and `walk.json`.

The file holds one object: `faces` as in a line of the project's own label files (see
`app.evaluate.project_labels`), or, for one face, its `points` and whatever else such a face has.
`layout` names the meaning of the points; without it their number tells. All files of a folder have
the same layout. Pixels count from 0.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.core.files import is_file
from app.core.layout import LAYOUTS, LandmarkLayout
from app.core.untrusted import UnusableError, read_json, shortened
from app.evaluate.clip import LabelledClip
from app.evaluate.foreign import refuse_foreign
from app.evaluate.images import images_in
from app.evaluate.label_file import FrameLabels, LabelFile
from app.evaluate.labels import LabelError, broken, unreadable
from app.evaluate.project_labels import as_labels, check_persons, read_face


def has_json_labels(folder: Path) -> bool:
    """Whether an image of a folder has a JSON file beside it."""
    return any(is_file(path.with_suffix(".json")) for path in images_in(folder))


def read_json_images(folder: Path) -> LabelledClip:
    """A folder of images with JSON files; images without one are left out.

    Raises:
        LabelError: a label is broken, or layouts differ.
    """
    images = [path for path in images_in(folder) if is_file(path.with_suffix(".json"))]
    layout: LandmarkLayout | None = None
    frames = []
    for image in images:
        path = image.with_suffix(".json")
        values = _load(path)
        faces = values.get("faces", [values])
        try:
            if not isinstance(faces, list):
                raise ValueError("faces should be a list")
            own = _layout(values, faces)
            if own is not None and layout is not None and own is not layout:
                raise ValueError(f"layout {own.name} is not that of the others, {layout.name}")
            layout = layout or own
            labels = tuple(read_face(v, n, own or LAYOUTS["ibug68"]) for n, v in enumerate(faces))
            check_persons(labels)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problem = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise broken(path, problem) from error
        frames.append(FrameLabels(faces=labels))
    if layout is None:
        raise LabelError(f"The JSON files in {folder.name} hold no face; choose another folder.")
    file = LabelFile(clip=folder.name, layout=layout, frames=tuple(frames))
    return LabelledClip(
        name=folder.name,
        media=folder,
        images=tuple(images),
        label_files=tuple(image.with_suffix(".json") for image in images),
        labels=as_labels(file),
        complete=True,
        origin=file.origin,
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        values = read_json(path)
    except (OSError, UnusableError) as error:
        raise unreadable(path, error) from error
    if not isinstance(values, dict) or not ("faces" in values or "points" in values):
        refuse_foreign(path)
        raise broken(path, "it has neither faces nor points")
    return values


def _layout(values: dict[str, Any], faces: list[Any]) -> LandmarkLayout | None:
    """The layout of a file; None where it holds no face and names none."""
    name = values.get("layout")
    if name is not None:
        if not isinstance(name, str) or name not in LAYOUTS:
            raise ValueError(f"layout {shortened(name)} is none of {', '.join(LAYOUTS)}")
        return LAYOUTS[name]
    if not faces:
        return None
    count = len(faces[0]["points"])
    for layout in LAYOUTS.values():
        if layout.count == count:
            return layout
    known = ", ".join(f"{layout.count} ({name})" for name, layout in LAYOUTS.items())
    raise ValueError(f"it has {count} points; known are {known}")
