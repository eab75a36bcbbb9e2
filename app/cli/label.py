"""`pfld-live label`: reference points for a clip of one's own."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from app.capture.source import local_path
from app.cli.frame_counter import FrameCounter
from app.cli.stopping import Stopping
from app.core.errors import OutputError, SourceError
from app.core.files import exists, is_file, is_folder
from app.evaluate.csv_labels import write_csv_labels
from app.evaluate.find import own_labels
from app.evaluate.images import images_in
from app.evaluate.label_file import FrameLabels, LabelFile
from app.evaluate.labelling import ClipLabelling, LabellingSettings, doubtful_frames
from app.evaluate.labels import MACHINE, LabelError
from app.evaluate.project_labels import read_label_file, write_label_file
from app.evaluate.pts import VIDEO_SUFFIXES, write_pts_folder
from app.record.output import check_place
from app.vision.settings import MAX_FACES

_SHOWN = 8


def label(options: argparse.Namespace) -> int:
    """Label what has no labels yet, write the file, say what to look at."""
    clip: Path = options.clip
    _check_clip(clip)
    path = own_labels(clip)
    check_place(path)
    _check_exports(options)
    settings = LabellingSettings(
        max_faces=int(MAX_FACES.default) if options.max_faces is None else options.max_faces,
        field_of_view_deg=options.fov,
    )
    known = _known(path, overwrite=options.overwrite)
    exports = options.pts is not None or options.csv is not None
    if known is None or any(frame.faces is None for frame in known.frames):
        file = _label(clip, path, settings, known)
    elif exports:
        if options.max_faces is not None or options.fov is not None:
            raise LabelError(
                f"{clip.name} is labelled already, so --max-faces and --fov change nothing; leave "
                "them out, or add --overwrite to label what nobody has corrected again."
            )
        file = known
    else:
        raise LabelError(
            f"{clip.name} is labelled already in {path.name}; correct it in the window, or add "
            "--overwrite to label what nobody has corrected again."
        )
    _say(file, path)
    images = images_in(clip) if clip.is_dir() else ()
    if options.pts is not None:
        written = write_pts_folder(options.pts, file, images)
        print(f"{written} .pts files: {options.pts.resolve()}")
    if options.csv is not None:
        folder = options.csv.resolve().parent
        names = [str(image.resolve().relative_to(folder)) for image in images]
        faces = (
            (names[number], face.points)
            for number, frame in enumerate(file.frames)
            for face in frame.faces or ()
        )
        write_csv_labels(options.csv, faces, file.layout)
        print(f"table: {options.csv.resolve()}")
    return 0


def _check_clip(clip: Path) -> None:
    if not exists(clip):
        what = "is no file" if local_path(str(clip)) is None else "does not exist"
        raise SourceError(f"{str(clip)!r} {what}; name a video or a folder of images.")
    if clip.is_dir():
        if not images_in(clip):
            raise SourceError(f"The folder {clip.name} holds no images; choose another one.")
    elif clip.suffix.lower() not in VIDEO_SUFFIXES:
        known = ", ".join(sorted(VIDEO_SUFFIXES))
        raise SourceError(
            f"{clip.name} is no video ({known}); put single images into a folder and name that."
        )


def _check_exports(options: argparse.Namespace) -> None:
    """Find out before the work whether its results can be kept."""
    if options.pts is not None:
        if is_file(options.pts):
            raise OutputError(f"{options.pts} is a file; name a folder for the .pts files.")
        check_place(options.pts / "000001.pts" if is_folder(options.pts) else options.pts)
    if options.csv is not None:
        check_place(options.csv)
        if not options.clip.is_dir():
            raise OutputError("A table names images; for a video take --pts instead of --csv.")
        if options.csv.resolve().parent not in (
            options.clip.resolve(),
            *options.clip.resolve().parents,
        ):
            raise OutputError(
                f"{options.csv} lies apart from the images that it names; put it into "
                f"{options.clip} or above."
            )


def _known(path: Path, *, overwrite: bool) -> LabelFile | None:
    """The labels that are there already, without those that are to be made again."""
    if not exists(path):
        return None
    file = read_label_file(path)
    if file.truth != MACHINE:
        raise LabelError(
            f"The labels in {path.name} were not made by a machine, so they stay; move them away "
            "to make new ones."
        )
    if overwrite:
        again = [f if f.corrected else FrameLabels(faces=None) for f in file.frames]
        return replace(file, frames=tuple(again))
    return file


def _label(
    clip: Path, path: Path, settings: LabellingSettings, known: LabelFile | None
) -> LabelFile:
    progress = FrameCounter()
    with Stopping() as stopping, ClipLabelling(clip, settings, known=known) as run:
        try:
            more = True
            while more:
                with stopping.held_back():
                    more = run.step()
                progress.frames(run.done, run.total)
        except KeyboardInterrupt:
            progress.clear()
            file = run.file()
            write_label_file(path, file)
            print(
                f"{run.done} of {len(file.frames)} frames are labelled; the same command goes on "
                f"from there.\nlabels: {path.resolve()}"
            )
            raise
        finally:
            progress.clear()
        problems, file = run.problems, run.file()
        with stopping.held_back():
            write_label_file(path, file)
    for problem in problems:
        print(f"note: {problem}", file=sys.stderr)
    return file


def _say(file: LabelFile, path: Path) -> None:
    faces = [face for frame in file.frames for face in frame.faces or ()]
    persons = len({face.person for face in faces})
    seen = sum(bool(frame.faces) for frame in file.frames)
    who = f", {persons} {'person' if persons == 1 else 'persons'}" if file.size else ""
    print(f"{len(file.frames)} frames, {seen} with a face{who}")
    print(file.origin.in_words())
    doubtful = doubtful_frames(file)
    if doubtful:
        more = f" and {len(doubtful) - _SHOWN} more" if len(doubtful) > _SHOWN else ""
        numbers = ", ".join(str(number) for number in doubtful[:_SHOWN])
        print(f"look over first: frame {numbers}{more} (picture and mirror image disagree)")
    print(f"labels: {path.resolve()}")
