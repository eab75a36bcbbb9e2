"""From a path to the labelled clips that it means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.capture.kinds import is_video
from app.core.files import exists, is_file
from app.evaluate.clip import LabelledClip
from app.evaluate.csv_labels import read_csv_labels
from app.evaluate.foreign import refuse_foreign
from app.evaluate.json_images import has_json_labels, read_json_images
from app.evaluate.labels import LabelError
from app.evaluate.project_labels import SUFFIX, read_project_labels
from app.evaluate.pts import ANNOTATIONS, read_300vw, read_pts_images
from app.evaluate.wflw import PATTERN, read_wflw

TABLE = "keypoints.csv"
_MOST_LOOKED_AT: Final = 20
"""JSON files of a folder; where these are none of another program, neither are the others."""


@dataclass(frozen=True, slots=True)
class FoundClips:
    """What a path means.

    Attributes:
        places: each opens with `open_labelled_clip`.
        single: the path is itself a clip, not a folder of clips.
        unlabelled: names of videos that have no labels and are left out.
    """

    places: tuple[Path, ...]
    single: bool
    unlabelled: tuple[str, ...] = ()


def find_clips(path: Path) -> FoundClips:
    """The clips at a path: a clip, or a folder of clips.

    Raises:
        LabelError: there is nothing at the path, or no clip with labels.
    """
    if not exists(path):
        raise LabelError(f"There is no file or folder {str(path)!r}; check the spelling.")
    if not path.is_dir():
        return FoundClips((path,), single=True)
    if _is_clip(path):
        return FoundClips((path,), single=True)
    places, unlabelled = [], []
    for inner in sorted(path.iterdir()):
        if inner.name.startswith("."):
            continue
        if _is_clip(inner):
            places.append(inner)
        elif is_video(inner):
            unlabelled.append(inner.name)
    if not places:
        for other in _json_files(path):
            refuse_foreign(other)
        raise LabelError(
            f"The folder {path.name} holds no clip with labels; put NAME{SUFFIX} beside "
            "NAME.mp4, or .pts files beside images."
        )
    return FoundClips(tuple(places), single=False, unlabelled=tuple(unlabelled))


def has_labels(path: Path) -> bool:
    """Whether there are labels for a video, an image or a folder, whatever they are worth."""
    return is_file(own_labels(path)) or _is_clip(path)


def open_labelled_clip(path: Path) -> LabelledClip:
    """The clip and its labels at a path: a video or a folder of images with a label file beside
    it, that label file, a folder of 300-VW, a folder of images with `.pts` or JSON files, a table,
    or a list of WFLW.

    Raises:
        LabelError: there are no labels, or they are broken.
        SourceError: a folder cannot be read.
    """
    return replace(_open(path), place=path.resolve())


def _open(path: Path) -> LabelledClip:
    if path.name.endswith(SUFFIX):
        return read_project_labels(path)
    if path.suffix.lower() == ".csv":
        return read_csv_labels(path)
    if path.suffix.lower() == ".txt" and path.is_file():
        return read_wflw(path)
    beside = own_labels(path)
    if is_file(beside):
        return read_project_labels(beside)
    if path.is_dir():
        if (path / ANNOTATIONS).is_dir():
            return read_300vw(path)
        if (path / TABLE).is_file():
            return read_csv_labels(path / TABLE)
        if any(path.glob("*.pts")):
            return read_pts_images(path)
        if has_json_labels(path):
            return read_json_images(path)
    for other in _json_files(path):
        refuse_foreign(other)
    raise LabelError(
        f"{path.name} has no labels: there is no {beside.name} beside it; choose a labelled clip."
    )


def _json_files(path: Path) -> list[Path]:
    """JSON files in which another program may have put the labels of a path."""
    if not path.is_dir():
        return [path] if path.suffix.lower() == ".json" else []
    found = (p for place in (path, path / "annotations") for p in place.glob("*.json"))
    return sorted(found)[:_MOST_LOOKED_AT]


def own_labels(path: Path) -> Path:
    """Where the project's own label file of a video or a folder of images belongs.

    Raises:
        LabelError: the path is the root of a file system.
    """
    if path.name in ("", ".."):  # `.` and its like have a name only where they lie
        path = path.resolve()
    if not path.name:
        raise LabelError("Labels of a whole disk have no place; name a clip or a folder.")
    # Of a folder the whole name counts, which may hold full stops.
    return path.with_name((path.name if path.is_dir() else path.stem) + SUFFIX)


def _is_clip(path: Path) -> bool:
    if not path.is_dir():
        if path.match(PATTERN):
            return True
        return is_file(own_labels(path)) and is_video(path)
    return (
        is_file(own_labels(path))
        or (path / ANNOTATIONS).is_dir()
        or (path / TABLE).is_file()
        or any(path.glob("*.pts"))
        or has_json_labels(path)
    )
