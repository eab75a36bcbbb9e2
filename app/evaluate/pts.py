"""`.pts` files of iBUG: one face each, beside images or in the `annot` folder of 300-VW.

    version: 1
    n_points: 68
    {
    227.5 222.8
    ...
    }

They count pixels from 1 as Matlab does, so the centre of the top left pixel is (1, 1); the
program's own points count from 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.capture.kinds import is_video
from app.core.errors import OutputError, SourceError
from app.core.files import write_text
from app.core.layout import IBUG68, LandmarkLayout
from app.core.untrusted import (
    MOST_FRAMES,
    UnusableError,
    read_text,
    written_number,
    written_whole,
)
from app.evaluate.clip import LabelledClip
from app.evaluate.images import images_in
from app.evaluate.label_file import LabelFile
from app.evaluate.labels import LabelError, LabelsBuilder, broken, check_points, unreadable
from app.evaluate.metrics import Floats

ANNOTATIONS: Final = "annot"
_FIRST_PIXEL: Final = 1.0


def read_pts(path: Path, layout: LandmarkLayout = IBUG68) -> npt.NDArray[np.float64]:
    """Points (N, 2) of a `.pts` file in frame pixels counted from 0.

    Raises:
        LabelError: the file cannot be read or is broken.
    """
    try:
        lines = read_text(path).splitlines()
    except (OSError, UnusableError) as error:
        raise unreadable(path, error) from error
    opening = next((i for i, text in enumerate(lines) if text.strip() == "{"), None)
    if opening is None:
        raise broken(path, "there is no { before the points")
    points = []
    closed = False
    for number, text in enumerate(lines[opening + 1 :], start=opening + 2):
        if text.strip() == "}":
            closed = True
            break
        try:
            x, y = (written_number(word) for word in text.split())
        except UnusableError as error:
            raise broken(path, f"a coordinate is not a number ({error})", number) from error
        except ValueError as error:
            raise broken(path, "there should be two numbers", number) from error
        points.append((x, y))
    if not closed:
        raise broken(path, f"it was cut off after {len(points)} points", len(lines))
    miscount = _count_problem(lines[:opening], len(points))
    found = np.array(points, np.float64).reshape(-1, 2) - _FIRST_PIXEL
    try:
        check_points(found, layout)
    except ValueError as error:
        raise broken(path, f"{error}; {miscount}" if miscount else str(error)) from error
    if miscount:
        raise broken(path, miscount)
    return found


def _count_problem(head: Sequence[str], found: int) -> str:
    """How the number of points differs from what the head of the file announces; "" if not."""
    for text in head:
        name, colon, announced = (part.strip() for part in text.partition(":"))
        if colon and name.lower() == "n_points" and announced != str(found):
            return f"it announces {announced[:40] or 'no number of'} points and holds {found}"
    return ""


def write_pts(path: Path, points: Floats) -> None:
    """Write points (N, 2), frame pixels counted from 0, as a `.pts` file.

    Raises:
        OutputError: the file cannot be written.
        ValueError: a point is unknown, which the format cannot say.
    """
    if not np.isfinite(points).all():
        raise ValueError("a .pts file cannot leave points out")
    body = "".join(f"{x:.4f} {y:.4f}\n" for x, y in points.astype(np.float64) + _FIRST_PIXEL)
    write_text(path, f"version: 1\nn_points: {len(points)}\n{{\n{body}}}\n")


def write_pts_folder(folder: Path, file: LabelFile, images: Sequence[Path] = ()) -> int:
    """Write the labels of a clip as `.pts` files: `000001.pts` for its first frame as in 300-VW,
    or the names of the images.

    The format holds one face: of several the one with the lowest number is taken.

    Args:
        folder: made if it is missing; files of these names in it are replaced.
        file: the labels.
        images: the images of a folder in their order; () for a video.

    Returns:
        How many files were written; frames without a face have none.

    Raises:
        OutputError: a file cannot be written, or a point is not labelled.
    """
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} cannot be made: {error.strerror}; choose another place."
        ) from error
    written = 0
    for number, frame in enumerate(file.frames):
        if not frame.faces:
            continue
        face = min(frame.faces, key=lambda face: face.person)
        name = images[number].stem if images else f"{number + 1:06}"
        if np.isnan(face.points).any():
            raise OutputError(
                f"Frame {number} has points that are not labelled, which .pts files cannot say; "
                "label them, or write a table."
            )
        write_pts(folder / f"{name}.pts", face.points)
        written += 1
    return written


def read_300vw(folder: Path) -> LabelledClip:
    """A folder of 300-VW: one video and `annot/000001.pts` for its first frame and so on.

    Frames without a file are not labelled: what is predicted there does not count.

    Raises:
        LabelError: the video or the labels are missing, or a label is broken.
    """
    videos = [p for p in sorted(folder.iterdir()) if not p.name.startswith(".") and is_video(p)]
    if len(videos) != 1:
        raise LabelError(
            f"The folder {folder.name} should hold one video beside {ANNOTATIONS}, it holds "
            f"{len(videos)}; take the others out."
        )
    numbered: dict[int, Path] = {}
    for path in sorted((folder / ANNOTATIONS).glob("*.pts")):
        number = written_whole(path.stem)
        if number is None or not 1 <= number <= MOST_FRAMES:
            raise broken(
                path,
                f"its name should be the number of a frame, counted from 1 to {MOST_FRAMES:,}",
            )
        if number in numbered:
            raise broken(path, f"frame {number} has two label files")
        numbered[number] = path
    if not numbered:
        raise LabelError(f"The folder {folder.name}/{ANNOTATIONS} holds no .pts file; add labels.")
    builder = LabelsBuilder(IBUG68)
    labelled = np.zeros(max(numbered), bool)
    for number in sorted(numbered):
        builder.add(frame=number - 1, person=0, points=read_pts(numbered[number]))
        labelled[number - 1] = True
    return LabelledClip(
        name=folder.name,
        media=videos[0],
        label_files=tuple(numbered[n] for n in sorted(numbered)),
        labels=builder.build(labelled),
        complete=False,
    )


def read_pts_images(folder: Path) -> LabelledClip:
    """A folder of images, each with a `.pts` file of the same name beside it.

    Images without one are left out.

    Raises:
        LabelError: a label is broken or has no image.
    """
    files = {path.stem: path for path in folder.glob("*.pts")}
    images = [path for path in images_in(folder) if path.stem in files]
    lonely = set(files) - {path.stem for path in images}
    if lonely:
        raise LabelError(f"There is no image for {min(lonely)}.pts in {folder.name}; add it.")
    if not images:
        raise SourceError(f"The folder {folder.name} holds no labelled image; choose another.")
    builder = LabelsBuilder(IBUG68)
    for number, image in enumerate(images):
        builder.add(frame=number, person=0, points=read_pts(files[image.stem]))
    return LabelledClip(
        name=folder.name,
        media=folder,
        images=tuple(images),
        label_files=tuple(files[image.stem] for image in images),
        labels=builder.build(np.ones(len(images), bool)),
        complete=True,
    )
