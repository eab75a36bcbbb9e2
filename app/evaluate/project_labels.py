"""The project's own label files: JSON Lines, one line of facts and one line per frame.

A clip `walk.mp4` has its labels in `walk.labels.jsonl` beside it, a folder of images `walk/` in
`walk.labels.jsonl` beside the folder. UTF-8, one JSON object per line.

The first line holds

- `format` "pfld-live-labels", `version` 1;
- `clip`: name of the file or folder, beside the label file;
- `frames`: how many frames the clip has; there is one further line for each;
- `size`: [width, height] of every frame in pixels; may be missing for a folder of images;
- `layout`: name of the landmark layout, such as `ibug68`;
- `camera` (may be missing): {"focal_px": focal length in pixels};
- `truth` (unknown if missing): "machine" for labels that a program has guessed, "hand" for those
  that people have set, "rendered" for exact ones;
- `made_by` (may be missing): who or what labelled, for people.

Further keys, such as `licence` or `events`, are for people and other tools.

Each further line holds `frame` (0, 1, 2, ... without gaps, images in natural order) and `faces`:
a list, empty where there is no face, or null where nobody has looked; and `corrected` (false if
missing): true where a person has looked at what a machine said and put it right. A face holds

- `points`: [x, y] in frame pixels for each point of the layout, the centre of the top left pixel
  being (0, 0); null for a point that is not labelled. The outer eye corners must be there;
- `person` (its place in the list if missing): the same number for the same person;
- `hidden` (none if missing): indices of points behind another thing or outside the picture;
- `pose` (unknown if missing or null): {"yaw", "pitch", "roll"} in degrees: yaw > 0 to the right
  edge of the picture, pitch > 0 up, roll > 0 clockwise;
- `attributes` (derived from pose, eyes, mouth and hidden points if missing): a list of names from
  `app.evaluate.attributes.ATTRIBUTES`.

What may be there and is not measured against: `eyes`, {"left_open", "right_open"}: 1 as open as
is usual for the person, 0 shut; `mouth_open`: gap of the inner lips over their width;
`turned_away`: indices of points that the face itself hides; `disagreement` of a machine with its
own view of the mirror image, a share of the eye distance; `time_s` of a frame. A file that is
read and written again keeps these and all keys that are not known here.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.core.face import HeadPose
from app.core.files import exists, write_text
from app.core.layout import LAYOUTS, LandmarkLayout
from app.core.text import readable
from app.core.untrusted import (
    MOST_FRAMES,
    UnusableError,
    as_number,
    as_text,
    as_whole,
    parse_json,
    read_lines,
    shortened,
)
from app.evaluate.attributes import ATTRIBUTES
from app.evaluate.clip import LabelledClip
from app.evaluate.foreign import refuse_foreign
from app.evaluate.images import images_in
from app.evaluate.label_file import FaceLabel, FrameLabels, LabelFile, LabelPoints
from app.evaluate.labels import (
    MOST_PERSON,
    LabelError,
    Labels,
    LabelsBuilder,
    broken,
    unreadable,
)

FORMAT: Final = "pfld-live-labels"
VERSION: Final = 1
SUFFIX: Final = ".labels.jsonl"

_HEADER_KEYS: Final = frozenset(
    {"format", "version", "clip", "frames", "size", "layout", "truth", "made_by"}
)
_FRAME_KEYS: Final = frozenset({"frame", "faces", "corrected"})
_FACE_KEYS: Final = frozenset({"person", "points", "hidden", "pose", "attributes"})
_NUMBERS: Final = frozenset({int, float})
_LONGEST: Final = 255
"""Bytes of a name, as file systems have it, and characters of what people are told."""
_FOCAL_PX: Final = (1.0, 1e6)
_MEASURE: Final = 1e4
"""No share or ratio is larger."""
MOST_PIXELS: Final = 65_535
"""Side of a frame: no video or JPEG is wider."""
_POINT_DIGITS: Final = 4
_ANGLE_DIGITS: Final = 3


def read_label_file(path: Path) -> LabelFile:
    """All that a label file says; the clip need not be there.

    Raises:
        LabelError: the file is missing or broken.
    """
    lines = _lines(path)
    _, header = next(lines, (1, None))
    if header is None:
        raise broken(path, "it is empty")
    layout, count, size, focal = _read_header(path, header)
    frames: list[FrameLabels] = []
    for line, values in lines:
        if len(frames) == count:
            raise broken(path, f"there are more lines than the {count} frames it promises", line)
        try:
            frames.append(_read_frame(values, len(frames), layout))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            problem = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise broken(path, problem, line) from error
    if len(frames) < count:
        raise broken(path, f"it ends after {len(frames)} of {count} frames, so it was cut off")
    return LabelFile(
        clip=header["clip"],
        layout=layout,
        frames=tuple(frames),
        size=size,
        focal_px=focal,
        truth=header.get("truth", ""),
        made_by=header.get("made_by", ""),
        extra={name: value for name, value in header.items() if name not in _HEADER_KEYS},
    )


def write_label_file(path: Path, file: LabelFile) -> None:
    """Write a label file, whole or not at all; coordinates to 1/10,000 of a pixel.

    Raises:
        OutputError: it cannot be written.
    """
    lines = [_header(file), *(_frame(frame, n) for n, frame in enumerate(file.frames))]
    write_text(path, "".join(_as_line(line) for line in lines))


def read_project_labels(path: Path) -> LabelledClip:
    """A clip from its label file; the clip lies beside it.

    Raises:
        LabelError: the file is broken, or the clip is missing.
    """
    file = read_label_file(path)
    media = _beside(path, file.clip)
    if media is None:
        raise LabelError(f"{path.name} is for {file.clip}, which does not lie beside it.")
    return LabelledClip(
        name=media.name,
        media=media,
        images=images_in(media) if media.is_dir() else (),
        label_files=(path,),
        labels=as_labels(file),
        complete=True,
        size=file.size,
        field_of_view_deg=None
        if file.focal_px is None or file.size is None
        else math.degrees(2 * math.atan(file.size[0] / 2 / file.focal_px)),
        origin=file.origin,
    )


def _beside(path: Path, clip: str) -> Path | None:
    """The clip that a label file names, in the folder of that file; None if there is none."""
    if exists(path.parent / clip):
        return path.parent / clip
    # A name that is no UTF-8 stands in the file as far as it can be written.
    others = (media for media in path.parent.iterdir() if readable(media.name) == clip)
    return next(others, None)


def as_labels(file: LabelFile) -> Labels:
    """What errors are measured against, as arrays."""
    builder = LabelsBuilder(file.layout)
    for number, frame in enumerate(file.frames):
        for face in frame.faces or ():
            pose = face.pose
            builder.add(
                frame=number,
                person=face.person,
                points=face.points,
                hidden=sorted(face.hidden),
                pose=None if pose is None else (pose.yaw, pose.pitch, pose.roll),
                attributes=None if face.attributes is None else sorted(face.attributes),
            )
    return builder.build(np.array([frame.faces is not None for frame in file.frames], bool))


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Line number from 1 and value of each line."""
    try:
        for number, text, ended in read_lines(path):
            try:
                yield number, parse_json(text)
            except UnusableError as error:
                if number == 1:
                    refuse_foreign(path)
                cut = "" if ended else ", and the file ends in this line"
                raise broken(path, f"{error}{cut}", number) from error
    except (OSError, UnusableError) as error:
        raise unreadable(path, error) from error


def _read_header(
    path: Path, header: Any
) -> tuple[LandmarkLayout, int, tuple[int, int] | None, float | None]:
    """Layout, number of frames, size of a frame, focal length in pixels."""
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        refuse_foreign(path)
        raise broken(path, f'it does not begin with "format": "{FORMAT}"', 1)
    if header.get("version") != VERSION:
        said = shortened(header.get("version"))
        raise broken(path, f"it has version {said}, this program reads {VERSION}", 1)
    name = header.get("layout")
    layout = LAYOUTS.get(name) if isinstance(name, str) else None
    if layout is None:
        raise broken(path, f"layout {shortened(name)} is none of {', '.join(LAYOUTS)}", 1)
    clip = header.get("clip")
    if not isinstance(clip, str):
        raise broken(path, "it does not name its clip", 1)
    if not _is_name(clip):
        raise broken(path, f"its clip {shortened(clip)} is no name of a file beside it", 1)
    try:
        frames = as_whole(header.get("frames"), "frames", 1, MOST_FRAMES)
        pixels = _size(header.get("size"))
        camera = header.get("camera", {})
        focal = camera.get("focal_px") if isinstance(camera, dict) else camera
        if focal is not None:
            focal = as_number(focal, "focal_px of the camera", *_FOCAL_PX)
        for key in ("truth", "made_by"):
            as_text(header.get(key, ""), key, _LONGEST)
    except UnusableError as error:
        raise broken(path, str(error), 1) from error
    return layout, frames, pixels, focal


def _is_name(text: str) -> bool:
    """Whether a text can name a file or folder beside another one, and no other place."""
    try:
        bare = Path(text).name == text and "\0" not in text
        return bare and 0 < len(os.fsencode(text)) <= _LONGEST
    except ValueError:
        return False


def _size(values: Any) -> tuple[int, int] | None:
    if values is None:
        return None
    if not isinstance(values, list) or len(values) != 2:
        raise UnusableError("size should be a width and a height")
    width, height = (as_whole(value, "size", 1, MOST_PIXELS) for value in values)
    return width, height


def _read_frame(values: Any, frame: int, layout: LandmarkLayout) -> FrameLabels:
    """The labels of one line."""
    if not isinstance(values, dict) or values.get("frame") != frame:
        found = values.get("frame") if isinstance(values, dict) else None
        raise ValueError(f"frame {frame} should come here, not {shortened(found)}")
    faces = None
    if values["faces"] is not None:
        if not isinstance(values["faces"], list):
            raise ValueError("faces should be a list or null")
        faces = tuple(read_face(v, place, layout) for place, v in enumerate(values["faces"]))
        check_persons(faces)
    corrected = values.get("corrected", False)
    if not isinstance(corrected, bool):
        raise ValueError("corrected should be true or false")
    extra = {name: value for name, value in values.items() if name not in _FRAME_KEYS}
    return FrameLabels(faces=faces, corrected=corrected, extra=extra)


def check_persons(faces: Sequence[FaceLabel]) -> None:
    """Make sure that no person is in a frame twice.

    Raises:
        ValueError: somebody is.
    """
    seen: set[int] = set()
    for face in faces:
        if face.person in seen:
            raise ValueError(f"person {face.person} occurs twice")
        seen.add(face.person)


def read_face(values: Any, place: int, layout: LandmarkLayout) -> FaceLabel:
    """One face of a line.

    Args:
        values: as `app.core.untrusted.parse_json` gives them.
        place: in the list of faces.
        layout: what its points mean.

    Raises:
        ValueError, KeyError: something is missing or wrong.
    """
    if not isinstance(values, dict):
        raise ValueError(f"face {place} should be an object, not {shortened(values)}")
    try:
        face = FaceLabel(
            person=as_whole(values.get("person", place), "person", 0, MOST_PERSON),
            points=_points(values["points"], layout),
            hidden=frozenset(
                as_whole(index, "a hidden point", -MOST_PERSON, MOST_PERSON)
                for index in _list(values.get("hidden", []), "hidden")
            ),
            pose=_pose(values.get("pose")),
            attributes=_attributes(values.get("attributes")),
            extra={name: value for name, value in values.items() if name not in _FACE_KEYS},
        )
        _check_measures(face.extra)
        face.check(layout)
    except ValueError as error:
        raise ValueError(f"face {place}: {error}") from error
    return face


def _list(values: Any, name: str) -> list[Any]:
    if not isinstance(values, list):
        raise ValueError(f"{name} should be a list, not {shortened(values)}")
    return values


def _pose(values: Any) -> HeadPose | None:
    if values is None:
        return None
    if not isinstance(values, dict):
        raise ValueError(f"pose should be an object, not {shortened(values)}")
    yaw, pitch, roll = (as_number(values[key], key, -360, 360) for key in ("yaw", "pitch", "roll"))
    return HeadPose(yaw, pitch, roll)


def _attributes(values: Any) -> frozenset[str] | None:
    if values is None:
        return None
    for name in _list(values, "attributes"):
        if not isinstance(name, str) or name not in ATTRIBUTES:
            raise ValueError(f"attribute {shortened(name)} is none of {', '.join(ATTRIBUTES)}")
    return frozenset(values)


def _check_measures(extra: Mapping[str, Any]) -> None:
    """Make sure that what else a face says and the program uses are numbers, or unknown."""
    eyes = extra.get("eyes")
    if eyes is not None:
        if not isinstance(eyes, dict):
            raise ValueError(f"eyes should be an object, not {shortened(eyes)}")
        for name, value in eyes.items():
            if name in ("left_open", "right_open") and value is not None:
                as_number(value, name, -_MEASURE, _MEASURE)
    for name in ("mouth_open", "disagreement"):
        if extra.get(name) is not None:
            as_number(extra[name], name, -_MEASURE, _MEASURE)


def _points(values: Any, layout: LandmarkLayout) -> LabelPoints:
    if len(_list(values, "points")) != layout.count:
        raise ValueError(
            f"a face of layout {layout.name} needs {layout.count} points, got {len(values)}"
        )
    points = np.full((layout.count, 2), math.nan)
    for place, point in enumerate(values):
        if point is None:
            continue
        if type(point) is not list or len(point) != 2 or not _NUMBERS.issuperset(map(type, point)):
            raise ValueError(f"point {place} is not a pair of numbers")
        points[place] = point
    return points


def _header(file: LabelFile) -> dict[str, Any]:
    header: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "clip": file.clip,
        "frames": len(file.frames),
        "size": None if file.size is None else list(file.size),
        "layout": file.layout.name,
        "truth": file.truth or None,
        "made_by": file.made_by or None,
    }
    header = {name: value for name, value in header.items() if value is not None}
    header.update(file.extra)
    if file.focal_px is not None:
        header["camera"] = {**header.get("camera", {}), "focal_px": file.focal_px}
    return header


def _frame(frame: FrameLabels, number: int) -> dict[str, Any]:
    line: dict[str, Any] = {"frame": number, **frame.extra}
    if frame.corrected:
        line["corrected"] = True
    line["faces"] = None if frame.faces is None else [_face(face) for face in frame.faces]
    return line


def _face(face: FaceLabel) -> dict[str, Any]:
    values: dict[str, Any] = {
        "person": face.person,
        "points": [
            None if math.isnan(x) else [x, y]
            for x, y in np.round(face.points, _POINT_DIGITS).tolist()
        ],
        "hidden": sorted(face.hidden),
        **face.extra,
    }
    if face.pose is not None:
        angles = (face.pose.yaw, face.pose.pitch, face.pose.roll)
        values["pose"] = {
            name: round(angle, _ANGLE_DIGITS)
            for name, angle in zip(("yaw", "pitch", "roll"), angles, strict=True)
        }
    if face.attributes is not None:
        values["attributes"] = [name for name in ATTRIBUTES if name in face.attributes]
    return values


def _as_line(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
