"""What models said of a labelled clip: compact arrays that can be kept in a file."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.files import write_bytes
from app.core.layout import LAYOUTS, LandmarkLayout
from app.evaluate.labels import LabelOrigin, Labels, Numbers
from app.evaluate.metrics import Errors

_VERSION: Final = 2


@dataclass(frozen=True, slots=True)
class Worst:
    """A face with a large error, as a picture.

    Attributes:
        frame: number of the frame.
        row: which label of the clip.
        error: NME, a share of the eye distance.
        jpeg: the face with truth and prediction drawn in.
    """

    frame: int
    row: int
    error: float
    jpeg: bytes


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ModelResult:
    """What one model said of the L labelled faces of a clip.

    Attributes:
        layout: what the points mean, N of them.
        points: (L, N, 2) float32, frame pixels; NaN for a face that was missed.
        pose: (L, 3) yaw, pitch, roll in degrees; NaN where unknown.
        false_frames: (X,) the frame of each face that matches no label.
        worst: faces with large errors, the largest first.
    """

    layout: LandmarkLayout
    points: npt.NDArray[np.float32]
    pose: Errors
    false_frames: Numbers
    worst: tuple[Worst, ...]

    @property
    def found(self) -> npt.NDArray[np.bool_]:
        """(L,) True for the labelled faces that were found."""
        found: npt.NDArray[np.bool_] = ~np.isnan(self.points).any(axis=(1, 2))
        return found


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class ClipResult:
    """All models on one clip.

    Attributes:
        clip: its name.
        place: the path that opens the clip and its labels again.
        origin: where the labels come from.
        moving: a video, where neighbouring frames belong together.
        field_of_view_deg: horizontal angle that poses were measured with.
        labels: the truth, with the attributes of every face.
        times_s: (T,) time of each frame that the labels reach to.
        sizes: (T, 2) width and height of each frame in pixels.
        models: label of the model -> what it said, in the order asked for.
        problems: sentences about what went wrong on the way.
    """

    clip: str
    place: Path
    origin: LabelOrigin
    moving: bool
    field_of_view_deg: float
    labels: Labels
    times_s: Errors
    sizes: Numbers
    models: Mapping[str, ModelResult]
    problems: tuple[str, ...] = ()


def save_result(path: Path, result: ClipResult, key: str) -> None:
    """Keep a result in a file, whole or not at all.

    Args:
        path: a .npz file; its folder exists.
        result: what to keep.
        key: says how it was made; `load_result` asks for the same.

    Raises:
        OutputError: it cannot be written.
    """
    labels = result.labels
    facts = {
        "version": _VERSION,
        "key": key,
        "clip": result.clip,
        "place": str(result.place),
        "origin": asdict(result.origin),
        "moving": result.moving,
        "field_of_view_deg": result.field_of_view_deg,
        "layout": labels.layout.name,
        "models": {name: model.layout.name for name, model in result.models.items()},
        "problems": list(result.problems),
    }
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "facts": np.frombuffer(json.dumps(facts).encode(), np.uint8),
        "times_s": result.times_s,
        "sizes": result.sizes,
    }
    for name in _LABEL_ARRAYS:
        arrays[f"labels.{name}"] = getattr(labels, name)
    for number, model in enumerate(result.models.values()):
        arrays[f"{number}.points"] = model.points
        arrays[f"{number}.pose"] = model.pose
        arrays[f"{number}.false_frames"] = model.false_frames
        arrays[f"{number}.worst"] = np.array(
            [(w.frame, w.row, w.error, len(w.jpeg)) for w in model.worst], np.float64
        ).reshape(-1, 4)
        arrays[f"{number}.jpegs"] = np.frombuffer(b"".join(w.jpeg for w in model.worst), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    write_bytes(path, file.getvalue())


def load_result(path: Path, key: str) -> ClipResult | None:
    """The result in a file, or None if there is none, it is broken or has another key."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            facts = json.loads(arrays["facts"].tobytes())
            if facts["version"] != _VERSION or facts["key"] != key:
                return None
            models = {
                name: _model(arrays, number, LAYOUTS[layout])
                for number, (name, layout) in enumerate(facts["models"].items())
            }
            return ClipResult(
                clip=facts["clip"],
                place=Path(facts["place"]),
                origin=LabelOrigin(**facts["origin"]),
                moving=facts["moving"],
                field_of_view_deg=facts["field_of_view_deg"],
                labels=Labels(
                    layout=LAYOUTS[facts["layout"]],
                    **{name: arrays[f"labels.{name}"] for name in _LABEL_ARRAYS},
                ),
                times_s=arrays["times_s"],
                sizes=arrays["sizes"],
                models=models,
                problems=tuple(facts["problems"]),
            )
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None


_LABEL_ARRAYS: Final = (
    *("labelled", "frame", "person", "points", "hidden", "pose", "attributes"),
    "has_attributes",
)


def _model(
    arrays: Mapping[str, npt.NDArray[np.generic]], number: int, layout: LandmarkLayout
) -> ModelResult:
    jpegs = arrays[f"{number}.jpegs"].tobytes()
    worst, start = [], 0
    for frame, row, error, length in arrays[f"{number}.worst"].tolist():
        jpeg = jpegs[start : start + int(length)]
        worst.append(Worst(int(frame), int(row), error, jpeg))
        start += int(length)
    return ModelResult(
        layout=layout,
        points=arrays[f"{number}.points"].astype(np.float32, copy=False),
        pose=arrays[f"{number}.pose"].astype(np.float64, copy=False),
        false_frames=arrays[f"{number}.false_frames"].astype(np.int32, copy=False),
        worst=tuple(worst),
    )
