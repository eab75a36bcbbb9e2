"""The truth about each frame, as a file that tests and reports read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.core.face import HeadPose
from app.core.layout import IBUG68
from app.evaluate.attributes import ATTRIBUTES, attribute_flags, shows_expression
from demo_clip.expression import Expression
from demo_clip.render import FOCAL_LENGTH, FRAME_SIZE
from demo_clip.timeline import DURATION_S, FPS, Event

FORMAT = "pfld-live-labels"
VERSION = 1
_HIDDEN_OPACITY = 0.5


@dataclass(frozen=True, eq=False)
class Truth:
    """One face in one frame.

    Attributes:
        person: 0 the main person, 1 the second.
        points: (68, 2) frame pixels.
        turned_away: (68,) True where the face itself hides the point.
        pose: in the camera's axes.
        expression: what the eyes and the mouth were asked to do.
        mouth_open: gap of the inner lips over their width, measured on the face, 0..1.
    """

    person: int
    points: npt.NDArray[np.float64]
    turned_away: npt.NDArray[np.bool_]
    pose: HeadPose
    expression: Expression
    mouth_open: float


def inside(points: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """(N,) True where points (N, 2) lie in the frame."""
    low, high = points.min(axis=1) >= -0.5, (points < np.array(FRAME_SIZE) - 0.5).all(axis=1)
    return np.asarray(low & high)


def face_line(truth: Truth, covers: Sequence[npt.NDArray[np.float32]]) -> dict[str, object]:
    """The entry of one face. `covers`: opacities (H, W) of all that was drawn in front of it."""
    points = truth.points
    hidden = ~inside(points)
    column = np.clip(np.round(points[:, 0]).astype(int), 0, FRAME_SIZE[0] - 1)
    row = np.clip(np.round(points[:, 1]).astype(int), 0, FRAME_SIZE[1] - 1)
    for cover in covers:
        hidden |= cover[row, column] > _HIDDEN_OPACITY
    flags = attribute_flags(
        np.array([truth.pose.yaw]),
        np.array([truth.pose.pitch]),
        expression=shows_expression(points[None], IBUG68),
        occluded=np.array([bool(hidden.any())]),
    )[0]
    away = truth.turned_away & ~hidden
    return {
        "person": truth.person,
        "points": [[round(float(x), 2), round(float(y), 2)] for x, y in points],
        "hidden": np.nonzero(hidden)[0].tolist(),
        "turned_away": np.nonzero(away)[0].tolist(),
        "pose": {name: round(value, 2) for name, value in asdict(truth.pose).items()},
        "eyes": {
            "left_open": round(truth.expression.left_eye, 3),
            "right_open": round(truth.expression.right_eye, 3),
        },
        "mouth_open": round(truth.mouth_open, 3),
        "attributes": [name for name, on in zip(ATTRIBUTES, flags, strict=True) if on],
    }


def covered_spans(
    frames: Sequence[Sequence[dict[str, object]]], kind: str, person: int, *, hidden: bool
) -> list[Event]:
    """Events for the spans in which a person is labelled (or has hidden points)."""
    spans: list[tuple[int, int]] = []
    for number, faces in enumerate(frames):
        if any(face["person"] == person and (face["hidden"] or not hidden) for face in faces):
            if spans and spans[-1][1] == number:
                spans[-1] = (spans[-1][0], number + 1)
            else:
                spans.append((number, number + 1))
    return [
        Event(kind, round(first / FPS, 4), round((end - first) / FPS, 4), person)
        for first, end in spans
    ]


def header(clip: str, frames: int, events: Sequence[Event]) -> dict[str, object]:
    """The first line of the file."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "clip": clip,
        "frames": frames,
        "fps": FPS,
        "size": list(FRAME_SIZE),
        "layout": IBUG68.name,
        "made_by": "assets/make_demo_clip.py: rendered, so the points are exact",
        "truth": "rendered",
        "licence": "portrait: NASA, public domain; clip and labels: CC0-1.0",
        "camera": {"focal_px": FOCAL_LENGTH},
        "persons": {"0": "main", "1": "second face"},
        "fields": {
            "points": "[x, y] frame pixels; the centre of the first pixel is (0, 0)",
            "hidden": "points behind another thing or outside the picture",
            "turned_away": "points that the face itself hides",
            "pose": "degrees; yaw > 0 to the right edge, pitch > 0 up, roll > 0 clockwise",
            "eyes": "1 as open as in the portrait, 0 shut; left is left in the picture",
            "mouth_open": "gap of the inner lips over their width, on the face itself",
        },
        "event_rule": "an event lasts while its movement is at least half of its full size",
        "events": [
            {
                "kind": event.kind,
                "start_s": event.start_s,
                "duration_s": min(event.duration_s, round(DURATION_S - event.start_s, 4)),
                "person": event.person,
                **event.detail,
            }
            for event in sorted(events, key=lambda event: (event.start_s, event.kind))
        ],
    }


def write(path: Path, lines: Sequence[dict[str, object]]) -> None:
    """Write JSON Lines so that a kill leaves the old file or the new one."""
    partial = path.with_name(path.name + ".part")
    text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)
