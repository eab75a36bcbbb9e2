"""`pfld-live label`: reference points for a clip of one's own."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from app.capture.kinds import VIDEO_SUFFIXES, is_video
from app.capture.source import local_path
from app.cli.delivery import Delivery, deliver
from app.cli.frame_counter import FrameCounter
from app.cli.stopping import Stopping, ending_at_once
from app.core.claims import Claims
from app.core.errors import OutputError, SourceError
from app.core.files import exists, is_file, is_folder
from app.evaluate.csv_labels import write_csv_labels
from app.evaluate.find import own_labels
from app.evaluate.images import images_in
from app.evaluate.keeping import LabelKeeper
from app.evaluate.label_file import FrameLabels, LabelFile
from app.evaluate.labelling import ClipLabelling, LabellingSettings, doubtful_frames
from app.evaluate.labels import MACHINE, LabelError
from app.evaluate.project_labels import read_label_file
from app.evaluate.pts import write_pts_folder
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
    wanted = [file for file in (path, options.csv, options.pts) if file is not None]
    with Claims(wanted):
        return _work(options, clip, path)


def _work(options: argparse.Namespace, clip: Path, path: Path) -> int:
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
    images = images_in(clip) if clip.is_dir() else ()
    deliver(
        "\n".join(_words(file, path)),
        (
            Delivery(".pts files", options.pts, lambda p: write_pts_folder(p, file, images)),
            Delivery("table", options.csv, lambda p: _write_table(p, file, images)),
        ),
    )
    return 0


def _write_table(path: Path, file: LabelFile, images: Sequence[Path]) -> None:
    folder = path.resolve().parent
    names = [str(image.resolve().relative_to(folder)) for image in images]
    faces = (
        (names[number], face.points)
        for number, frame in enumerate(file.frames)
        for face in frame.faces or ()
    )
    write_csv_labels(path, faces, file.layout)


def _check_clip(clip: Path) -> None:
    if not exists(clip):
        what = "is no file" if local_path(str(clip)) is None else "does not exist"
        raise SourceError(f"{str(clip)!r} {what}; name a video or a folder of images.")
    if clip.is_dir():
        if not images_in(clip):
            raise SourceError(f"The folder {clip.name} holds no images; choose another one.")
    elif not is_video(clip):
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
    with ExitStack() as stack:
        with ending_at_once():
            run = stack.enter_context(ClipLabelling(clip, settings, known=known))
        stopping = stack.enter_context(Stopping())
        keeper = LabelKeeper(path, run)
        try:
            more = True
            while more:
                with stopping.held_back():
                    more = run.step()
                    if more:
                        keeper.after_step()
                progress.frames(run.done, run.total)
        except KeyboardInterrupt:
            progress.clear()
            keeper.keep()
            total = len(run.file().frames)
            print(
                f"{run.done} of {total} frames are labelled; the same command goes on from "
                f"there.\nlabels: {path.resolve()}"
            )
            raise
        finally:
            progress.clear()
        problems, file = run.problems, run.file()
        with stopping.held_back():
            keeper.keep()
    for problem in problems:
        print(f"note: {problem}", file=sys.stderr)
    return file


def _words(file: LabelFile, path: Path) -> Iterator[str]:
    """What to know of the labels."""
    faces = [face for frame in file.frames for face in frame.faces or ()]
    persons = len({face.person for face in faces})
    seen = sum(bool(frame.faces) for frame in file.frames)
    who = f", {persons} {'person' if persons == 1 else 'persons'}" if file.size else ""
    yield f"{len(file.frames)} frames, {seen} with a face{who}"
    yield file.origin.in_words()
    doubtful = doubtful_frames(file)
    if doubtful:
        more = f" and {len(doubtful) - _SHOWN} more" if len(doubtful) > _SHOWN else ""
        numbers = ", ".join(str(number) for number in doubtful[:_SHOWN])
        yield f"look over first: frame {numbers}{more} (picture and mirror image disagree)"
    yield f"labels: {path.resolve()}"
