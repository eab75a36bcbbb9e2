"""The project's own label files: JSON Lines, one line of facts and one line per frame.

A clip `walk.mp4` has its labels in `walk.labels.jsonl` beside it, a folder of images `walk/` in
`walk.labels.jsonl` beside the folder. UTF-8, one JSON object per line.

The first line holds

- `format` "pfld-live-labels", `version` 1;
- `clip`: name of the file or folder, beside the label file;
- `frames`: how many frames the clip has; there is one further line for each;
- `size`: [width, height] of every frame in pixels; may be missing for a folder of images;
- `layout`: name of the landmark layout, such as `ibug68`;
- `camera` (may be missing): {"focal_px": focal length in pixels}.

Further keys, such as `made_by`, `licence` or `events`, are for people and other tools.

Each further line holds `frame` (0, 1, 2, ... without gaps, images in natural order) and `faces`:
a list, empty where there is no face, or null where nobody has looked. A face holds

- `points`: [x, y] in frame pixels for each point of the layout, the centre of the top left pixel
  being (0, 0); null for a point that is not labelled. The outer eye corners must be there;
- `person` (its place in the list if missing): the same number for the same person;
- `hidden` (none if missing): indices of points behind another thing or outside the picture;
- `pose` (unknown if missing or null): {"yaw", "pitch", "roll"} in degrees: yaw > 0 to the right
  edge of the picture, pitch > 0 up, roll > 0 clockwise;
- `attributes` (derived from pose, eyes, mouth and hidden points if missing): a list of names from
  `app.evaluate.attributes.ATTRIBUTES`.

`turned_away`, `eyes`, `mouth_open` and anything else is not read here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
import numpy.typing as npt

from app.core.layout import LAYOUTS, LandmarkLayout
from app.evaluate.clip import LabelledClip
from app.evaluate.images import images_in
from app.evaluate.labels import LabelError, LabelsBuilder, broken

FORMAT: Final = "pfld-live-labels"
VERSION: Final = 1
SUFFIX: Final = ".labels.jsonl"


def read_project_labels(path: Path) -> LabelledClip:
    """A clip from its label file; the clip lies beside it.

    Raises:
        LabelError: the file is broken, or the clip is missing.
    """
    lines = _lines(path)
    _, header = next(lines, (1, None))
    if header is None:
        raise broken(path, "it is empty")
    layout, frames, size, focal = _read_header(path, header)
    builder = LabelsBuilder(layout)
    labelled = np.zeros(frames, bool)
    count = 0
    for line, values in lines:
        if count == frames:
            raise broken(path, f"there are more lines than the {frames} frames it promises", line)
        try:
            labelled[count] = _read_frame(builder, values, count, layout)
        except (ValueError, TypeError, KeyError) as error:
            problem = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise broken(path, problem, line) from error
        count += 1
    if count < frames:
        raise broken(path, f"it ends after {count} of {frames} frames, so it was cut off")
    media = path.parent / str(header["clip"])
    if not media.exists():
        raise LabelError(f"{path.name} is for {header['clip']}, which does not lie beside it.")
    return LabelledClip(
        name=media.name,
        media=media,
        images=images_in(media) if media.is_dir() else (),
        label_files=(path,),
        labels=builder.build(labelled),
        complete=True,
        size=size,
        field_of_view_deg=None
        if focal is None or size is None
        else math.degrees(2 * math.atan(size[0] / 2 / focal)),
    )


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Line number from 1 and value of each line."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, text in enumerate(file, start=1):
                try:
                    yield number, json.loads(text, parse_constant=_refuse_constant)
                except ValueError as error:
                    cut = "" if text.endswith("\n") else ", and the file ends in this line"
                    reason = error.msg if isinstance(error, json.JSONDecodeError) else error
                    raise broken(path, f"it is no JSON ({reason}{cut})", number) from error
    except UnicodeDecodeError as error:
        raise broken(path, "it is no UTF-8 text") from error
    except OSError as error:
        raise LabelError(
            f"{path.name} cannot be read: {error.strerror}; choose another file."
        ) from error


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number; a point without a label is null")


def _read_header(
    path: Path, header: Any
) -> tuple[LandmarkLayout, int, tuple[int, int] | None, float | None]:
    """Layout, number of frames, size of a frame, focal length in pixels."""
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise broken(path, f'it does not begin with "format": "{FORMAT}"', 1)
    if header.get("version") != VERSION:
        raise broken(
            path, f"it has version {header.get('version')}, this program reads {VERSION}", 1
        )
    layout = LAYOUTS.get(str(header.get("layout")))
    if layout is None:
        raise broken(path, f"layout {header.get('layout')!r} is none of {', '.join(LAYOUTS)}", 1)
    if not isinstance(header.get("clip"), str):
        raise broken(path, "it does not name its clip", 1)
    try:
        frames = int(header["frames"])
        size = header.get("size")
        pixels = None if size is None else (int(size[0]), int(size[1]))
        focal = header.get("camera", {}).get("focal_px")
        if frames < 1 or (focal is not None and not focal > 0):
            raise ValueError
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise broken(path, "frames, size or camera is missing or wrong", 1) from error
    return layout, frames, pixels, None if focal is None else float(focal)


def _read_frame(builder: LabelsBuilder, values: Any, frame: int, layout: LandmarkLayout) -> bool:
    """Add the faces of one line; False where nobody has looked."""
    if not isinstance(values, dict) or values.get("frame") != frame:
        found = values.get("frame") if isinstance(values, dict) else None
        raise ValueError(f"frame {frame} should come here, not {found}")
    faces = values["faces"]
    if faces is None:
        return False
    persons = set()
    for place, face in enumerate(faces):
        person = int(face.get("person", place))
        if person in persons:
            raise ValueError(f"person {person} occurs twice")
        persons.add(person)
        pose = face.get("pose")
        try:
            builder.add(
                frame=frame,
                person=person,
                points=_points(face["points"], layout),
                hidden=[int(index) for index in face.get("hidden", ())],
                pose=None
                if pose is None
                else (float(pose["yaw"]), float(pose["pitch"]), float(pose["roll"])),
                attributes=face.get("attributes"),
            )
        except ValueError as error:
            raise ValueError(f"face {place}: {error}") from error
    return True


def _points(values: Any, layout: LandmarkLayout) -> npt.NDArray[np.float64]:
    if len(values) != layout.count:
        raise ValueError(
            f"a face of layout {layout.name} needs {layout.count} points, got {len(values)}"
        )
    nothing = (math.nan, math.nan)
    points = [nothing if point is None else point for point in values]
    try:
        return np.array(points, np.float64).reshape(layout.count, 2)
    except (ValueError, TypeError) as error:
        raise ValueError("a point is not a pair of numbers") from error
