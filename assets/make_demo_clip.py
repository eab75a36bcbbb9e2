"""Make the demo clip and its labels from a public-domain portrait.

A person in front of a camera turns, nods, tilts the head, blinks, closes the eyes for two seconds,
yawns and smiles; a second person looks in; a card passes in front of the face. Everything is
rendered from one photograph, so the landmarks, the pose and the state of eyes and mouth are known
exactly in every frame and stand in the label file.

    uv run --group training-tools python assets/make_demo_clip.py
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from demo_clip import labels, portrait, timeline, visitor
from demo_clip.actor import Actor
from demo_clip.labels import Truth
from demo_clip.occluder import Occluder
from demo_clip.person import build_person
from demo_clip.pixels import Array, Image
from demo_clip.render import FRAME_SIZE, Placement
from demo_clip.scene import background
from demo_clip.timeline import wander

from app._opencv import cv2

ASSETS = Path(__file__).resolve().parent
_SEED = 7
_NOISE = 1.7
"""Standard deviation of the sensor noise in grey levels: an ordinary webcam indoors."""

_MIN_SHARE_IN_FRAME = 0.5
"""A face is labelled while at least this share of its points lies in the frame."""


@dataclass(frozen=True, eq=False)
class Scene:
    """All that is drawn."""

    main: Actor
    visitor: Actor
    occluder: Occluder
    backdrop: Array


def build_scene() -> Scene:
    """Both persons, the card and the background, from the portrait (takes some seconds)."""
    photo = portrait.load_portrait()
    matte = portrait.person_matte(photo)
    cutout = portrait.take_apart(photo, matte)
    pose = portrait.PORTRAIT_POSE
    main = build_person(cutout, portrait.face_mesh(cutout.picture), pose)
    other = visitor.reshape_cutout(cutout)
    other_mesh = portrait.face_mesh(other.picture)
    other = visitor.recolour(other, other_mesh)
    second = build_person(other, other_mesh, pose.mirrored())
    return Scene(Actor(main), Actor(second), Occluder(), background(photo, matte))


def render(scene: Scene, number: int) -> tuple[Image, list[dict[str, object]]]:
    """Frame (480, 640, 3) BGR and the labels of its faces."""
    time = number / timeline.FPS
    shake_x, shake_y = 1.6 * wander(time, 11), 1.3 * wander(time, 12)
    shift = np.array([[1, 0, shake_x - 20], [0, 1, shake_y - 10]], np.float64)
    frame = np.asarray(cv2.warpAffine(scene.backdrop, shift, FRAME_SIZE), np.float32)

    truths: list[tuple[Truth, list[Array]]] = []
    presence = timeline.presence(time)
    if presence > 0:
        x = 790 - 248 * presence + 2 * wander(time, 16) + shake_x
        y = 305 + 3 * np.sin(9 * presence) + 1.5 * wander(time, 17) + shake_y
        pose = timeline.visitor_pose(time)
        place = Placement(pose, (x, y), 570.0, 0.15 * pose.roll)
        truth, _ = scene.visitor.draw(frame, place, timeline.visitor_expression(time))
        truths.append((replace(truth, person=timeline.VISITOR), []))

    pose = timeline.main_pose(time)
    x = 316 - 48 * presence + 3 * wander(time, 13) + 0.2 * pose.yaw + 0.3 * pose.roll + shake_x
    y = 338 + 2.5 * wander(time, 14) + shake_y
    place = Placement(pose, (x, y), 342.0 + 4 * wander(time, 15), 0.12 * pose.roll)
    truth, cover = scene.main.draw(frame, place, timeline.main_expression(time))
    for _, covers in truths:
        covers.append(cover)
    truths.append((truth, []))

    progress = timeline.occluder_progress(time)
    if progress is not None:
        card = scene.occluder.cover(frame, progress)
        for _, covers in truths:
            covers.append(card)

    noise = np.random.default_rng((_SEED, number)).standard_normal(frame.shape, np.float32)
    image = np.clip(frame + _NOISE * noise + 0.5, 0, 255).astype(np.uint8)
    faces = [
        labels.face_line(truth, covers)
        for truth, covers in truths
        if labels.inside(truth.points).mean() >= _MIN_SHARE_IN_FRAME
    ]
    faces.sort(key=lambda face: face["person"] == timeline.VISITOR)
    return image, faces


def write_video(path: Path, images: Iterator[Image], *, quality: int) -> None:
    """Encode H.264; `quality` is the constant rate factor of x264 (lower is better)."""
    import av

    partial = path.with_name(path.stem + ".part" + path.suffix)
    with av.open(str(partial), "w", options={"movflags": "faststart"}) as container:
        options = {"crf": str(quality), "preset": "slow", "threads": "1", "g": "60"}
        stream = container.add_stream("libx264", rate=timeline.FPS, options=options)
        stream.width, stream.height = FRAME_SIZE
        stream.pix_fmt = "yuv420p"
        stream.time_base = Fraction(1, timeline.FPS)
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, timeline.FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    partial.replace(path)


def make(folder: Path, frames: range, *, quality: int) -> None:
    """Render the frames and write `demo.mp4` and `demo.labels.jsonl` into a folder."""
    scene = build_scene()
    found: list[list[dict[str, object]]] = []

    def images() -> Iterator[Image]:
        for number in frames:
            image, faces = render(scene, number)
            found.append(faces)
            print(f"\rframe {len(found)} of {len(frames)}", end="", file=sys.stderr, flush=True)
            yield image

    folder.mkdir(parents=True, exist_ok=True)
    write_video(folder / "demo.mp4", images(), quality=quality)
    print(file=sys.stderr)
    events = timeline.movements()
    events += labels.covered_spans(found, "occluder", timeline.MAIN, hidden=True)
    events += labels.covered_spans(found, "second_face", timeline.VISITOR, hidden=False)
    head = labels.header("demo.mp4", len(found), events)
    lines = [
        {"frame": number, "time_s": round(number / timeline.FPS, 4), "faces": faces}
        for number, faces in enumerate(found)
    ]
    labels.write(folder / "demo.labels.jsonl", [head, *lines])


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n    ")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    total = round(timeline.DURATION_S * timeline.FPS)
    parser.add_argument(
        "--folder", type=Path, default=ASSETS, help="where to write (default: %(default)s)"
    )
    parser.add_argument(
        "--frames", type=int, default=total, metavar="N", help="only the first N (of %(default)s)"
    )
    parser.add_argument(
        "--quality",
        type=int,
        default=19,
        metavar="CRF",
        help="x264 rate factor, lower is better and larger (default: %(default)s)",
    )
    options = parser.parse_args(arguments)
    if not 1 <= options.frames <= total:
        parser.error(f"--frames must lie in 1..{total}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = parse(arguments)
    cv2.setNumThreads(1)  # more do not help pictures of this size
    make(options.folder, range(options.frames), quality=options.quality)
    return 0


if __name__ == "__main__":
    sys.exit(main())
