"""Our models beside those of other projects, on the points that mean the same in all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from app.core.face import Box
from app.core.geometry import crop_transform, points_from_unit
from app.core.layout import IBUG68
from app.core.mesh import ibug68_from_mesh
from app.evaluate.metrics import FAILURE_LIMIT
from models.training.crops import true_box, warp
from models.training.detector_boxes import (
    Detection,
    Detector,
    detect_faces,
    detectors,
    program_box,
    usable_rows,
)
from models.training.evaluation import TIMED_RUNS, WARM_UP_RUNS, ModelFile
from models.training.labels import Labels
from models.training.mesh_map import GAPS, gap_line
from models.training.meshes import VIEWS, MeshTeacher, View
from models.training.peers import CORE, PEERS, PeerModel
from models.training.sources import Picture, hand_labels, list_pictures, read_picture

Image = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Shares = npt.NDArray[np.float64]

TUNING_FACES: Final = 250
TUNED_SCALES: Final = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5)
TUNED_SHIFTS: Final = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15)
"""Crops that are tried for each model on training faces."""

DETECTOR: Final = "blazeface_short"
"""Whose faces all models get."""

REFERENCE: Final = "FaceMesh (wheel)"
"""Name of the row that the others are compared with."""

DRAWS: Final = 4000

MESH_SURROUNDINGS: Final = 2.2
"""Side of the square that FaceMesh sees, as a multiple of the box."""


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """A picture with a face, in its pixels: BlazeFace's own square, the face box that the program
    makes of it, tilted as the eyes are, and the truth (68, 2), NaN where a point is not known.
    """

    image: Image
    square: Box
    box: Box
    truth: Points


Locate = Callable[[Shown], Points]
"""A model: (68, 2) in pixels of the picture; NaN for points that it does not have, and throughout
where it sees no face."""


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class Errors:
    """What a model is off by on F faces, shares of the distance between the outer eye corners; NaN
    where it saw no face.

    Attributes:
        all: (F,) mean over the 68 points; NaN of a model that lacks some.
        core: (F,) mean over `CORE`.
        centred: (F,) the same with each point's mean offset removed.
        lids, lips: slope of the gaps against those of the truth, NaN of a model without them.
    """

    all: Shares
    core: Shares
    centred: Shares
    lids: float
    lips: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of the table.

    Attributes:
        name: of the model.
        megabytes: of its file, NaN where it has none of its own.
        milliseconds: of one answer.
        framing: the crop that it gets.
        errors: on the faces.
        behind: how much larger its centred error is than that of the reference, on the faces
            that both see: mean, and the limits of the 95 % interval.
    """

    name: str
    megabytes: float
    milliseconds: float
    framing: str
    errors: Errors
    behind: tuple[float, float, float]


def hand_faces(data: Path) -> list[Shown]:
    """The val faces whose points people checked, as far as BlazeFace finds them.

    Raises:
        SourceError: the table is missing.
    """
    pictures = list_pictures(data)
    checked = hand_labels(data)
    tools = detectors()
    finders = {name: tools[name] for name in ("blazeface_short", "blazeface_full")}
    faces = []
    for picture in pictures:
        if picture.path not in checked or picture.split != "val":
            continue
        image, truth = read_picture(data, picture), checked[picture.path]
        found = _face_of(image, truth, finders)
        if found is not None:
            name, face = found
            faces.append(Shown(image, face.square, program_box(name, face), truth))
    return faces


def _face_of(
    image: Image, truth: npt.NDArray[Any], finders: Mapping[str, Detector]
) -> tuple[str, Detection] | None:
    """The face around the true points, of the first detector that finds one."""
    middle = truth.mean(axis=0)
    for name, detect in finders.items():
        found = [
            (float(np.hypot(*(np.array(d.square.centre) - middle))), d)
            for d in detect(image)
            if d.square.x0 <= middle[0] <= d.square.x1 and d.square.y0 <= middle[1] <= d.square.y1
        ]
        if found:
            return name, min(found, key=lambda near: near[0])[1]
    return None


def labelled_faces(data: Path, labels: Labels, rows: Sequence[int]) -> list[Shown]:
    """Faces of the labels as short-range BlazeFace finds them in a webcam's frame."""
    faces = []
    for row, face in detect_faces(data, labels, rows, names=[DETECTOR])[DETECTOR]:
        path, squeeze = str(labels.paths[row]), float(labels.squeeze[row])
        image = read_picture(data, Picture(path, "val", "", squeeze=squeeze))
        known = labels.inside[row] & labels.counts[row]
        truth = np.where(known[:, None], labels.points[row], np.nan)
        if np.isfinite(truth[list(CORE)]).all():
            box = program_box(DETECTOR, face)
            faces.append(Shown(image, face.square, box, truth.astype(np.float32)))
    return faces


def errors_of(locate: Locate, faces: Sequence[Shown]) -> Errors:
    """What a model is off by on faces."""
    truth = np.stack([f.truth for f in faces]).astype(np.float64)
    found = np.stack([locate(f) for f in faces]).astype(np.float64)
    left, right = IBUG68.outer_eye_corners
    eyes = np.linalg.norm(truth[:, right] - truth[:, left], axis=1)
    offsets = (found - truth) / eyes[:, None, None]
    core = offsets[:, list(CORE)]
    seen = np.isfinite(core).all(axis=(1, 2))
    centred = core - core[seen].mean(axis=0)
    whole = np.isfinite(offsets).all(axis=(1, 2))
    slopes = [
        gap_line(found[whole], truth[whole], pairs)[0] if whole.any() else float("nan")
        for pairs in GAPS
    ]
    return Errors(
        all=np.linalg.norm(offsets, axis=2).mean(axis=1),
        core=np.linalg.norm(core, axis=2).mean(axis=1),
        centred=np.linalg.norm(centred, axis=2).mean(axis=1),
        lids=slopes[0],
        lips=slopes[1],
    )


def paired_difference(one: Shares, other: Shares) -> tuple[float, float, float]:
    """Mean of `one` - `other` (F,) over the faces that have both, and its 95 % interval from 4,000
    draws of the faces (bootstrap).
    """
    difference = (one - other)[np.isfinite(one) & np.isfinite(other)]
    drawn = np.random.default_rng(0).integers(0, len(difference), (DRAWS, len(difference)))
    low, high = np.percentile(difference[drawn].mean(axis=1), [2.5, 97.5])
    return float(difference.mean()), float(low), float(high)


def ours(model: ModelFile, looks: int) -> Locate:
    """A model of the zoo, framed as the program frames it: a face that a detector has just found
    is looked at a second time, in the box around the points of the first look.
    """
    card = model.card

    def locate(shown: Shown) -> Points:
        box = shown.box
        for _ in range(looks):
            matrix = crop_transform(
                box, scale=card.crop_scale, shift=card.crop_shift, size=card.input_size
            )
            crop = warp(shown.image, matrix, card.input_size, cv2.BORDER_CONSTANT)
            unit, _ = model.run(crop)
            points = points_from_unit(unit, matrix, size=card.input_size)
            box = true_box(points)
        return points

    return locate


@dataclass(frozen=True, slots=True)
class PeerCrop:
    """How a peer is shown a face.

    Attributes:
        upright: as ours are, in the program's face box, else in BlazeFace's own square.
        scale: side of the crop as a multiple of that of the box.
        shift: downward shift of its centre as a share of that side.
    """

    upright: bool
    scale: float
    shift: float

    def __str__(self) -> str:
        box = " of the face box" if self.upright else ""
        return f"{self.scale:g}{box}, down {self.shift:g}"


def theirs(model: PeerModel, crop: PeerCrop) -> Locate:
    """A peer on crops of its own."""
    size = model.peer.size

    def locate(shown: Shown) -> Points:
        box = shown.box if crop.upright else shown.square
        matrix = crop_transform(box, scale=crop.scale, shift=crop.shift, size=size)
        image = warp(shown.image, matrix, size, cv2.BORDER_CONSTANT)
        points = np.full((IBUG68.count, 2), np.nan, np.float32)
        points[list(CORE)] = points_from_unit(model.core_points(image), matrix, size=size)
        return points

    return locate


def teacher(mesh: MeshTeacher, views: Sequence[View]) -> Locate:
    """A face mesh, the mean over some views of the surroundings of the box: in the whole picture
    it may choose another face. Its points are those of the mesh that lie nearest to the 68.
    """

    def locate(shown: Shown) -> Points:
        size = round(shown.square.side * MESH_SURROUNDINGS)
        matrix = crop_transform(shown.square, scale=MESH_SURROUNDINGS, shift=0.0, size=size)
        image = warp(shown.image, matrix, size, cv2.BORDER_REPLICATE)
        looks = [(view, mesh.find(image, view)) for view in views]
        seen = [view.upright(found.mesh) for view, found in looks if found is not None]
        if not seen:
            return np.full((IBUG68.count, 2), np.nan, np.float32)
        points = ibug68_from_mesh(np.mean(seen, axis=0)[:, :2])
        return points_from_unit(((points + 0.5) / size).astype(np.float32), matrix, size=size)

    return locate


def tune(model: PeerModel, faces: Sequence[Shown]) -> PeerCrop:
    """The crop with the smallest error on training faces, offsets removed."""
    tried = [
        PeerCrop(upright, scale, shift)
        for upright in (False, True)
        for scale in TUNED_SCALES
        for shift in TUNED_SHIFTS
    ]
    return min(tried, key=lambda crop: np.nanmean(errors_of(theirs(model, crop), faces).centred))


def compare(
    data: Path, labels: Labels, *, zoo: Sequence[Path], peers: Path
) -> tuple[list[Row], int]:
    """Measure our files, the peers and both face meshes in one run, on faces labelled by hand.

    Args:
        data: folder of the pictures.
        labels: all faces, for the crops of the peers.
        zoo: our model files.
        peers: folder of the peers' files.

    Returns:
        The rows, smallest error first, and the number of faces.
    """
    tuning = labelled_faces(data, labels, usable_rows(labels)[:TUNING_FACES].tolist())
    faces = hand_faces(data)
    files = [ModelFile(path) for path in zoo]
    rivals = [PeerModel(peer, peers) for peer in PEERS]
    runs: dict[str, Callable[[], object]] = {}
    for model in files:
        prepared = model.prepare(np.zeros((model.card.input_size,) * 2 + (3,), np.uint8))
        runs[model.path.stem] = lambda m=model, p=prepared: m.infer(p)  # type: ignore[misc]
    for rival in rivals:
        prepared = rival.prepare(np.zeros((rival.peer.size,) * 2 + (3,), np.uint8))
        runs[rival.peer.name] = lambda m=rival, p=prepared: m.infer(p)  # type: ignore[misc]
    times = _in_turns(runs)
    mesh = MeshTeacher(peers)
    measured: list[tuple[str, float, float, str, Errors]] = []
    for name, view in (
        (REFERENCE, VIEWS[0]),
        ("Face Landmarker (task file)", next(v for v in VIEWS if v.teacher == "task")),
    ):
        errors = errors_of(teacher(mesh, [view]), faces)
        spent = _mesh_time(mesh, view, faces[0].image)
        measured.append((name, float("nan"), spent, "its own", errors))
    for model in files:
        for looks, says in ((1, "one look"), (2, "two looks")):
            framing = f"{model.card.crop_scale:.3g} of the face box, {says}"
            size = model.path.stat().st_size / 1e6
            errors = errors_of(ours(model, looks), faces)
            name = model.path.stem
            measured.append((name, size, looks * times[name], framing, errors))
    for rival in rivals:
        crop = tune(rival, tuning)
        name = rival.peer.name
        errors = errors_of(theirs(rival, crop), faces)
        measured.append((name, rival.megabytes, times[name], str(crop), errors))
    reference = measured[0][4].centred
    rows = [
        Row(
            name=name,
            megabytes=size,
            milliseconds=spent,
            framing=framing,
            errors=errors,
            behind=paired_difference(errors.centred, reference),
        )
        for name, size, spent, framing, errors in measured
    ]
    return sorted(rows, key=lambda row: float(np.nanmean(row.errors.centred))), len(faces)


def comparison_text(rows: Sequence[Row], faces: int) -> str:
    """The Markdown of the table."""
    lines = [
        f"Errors in percent of the eye distance on {faces} val faces of 300-W, points checked by "
        "people, all as BlazeFace finds them. *Core*: eye corners, mouth corners and lip mid "
        "points, plain and with each point's mean offset removed, since the conventions differ; "
        f"*behind*: how much larger the latter is than that of {REFERENCE}, on the same faces, "
        "with the 95 % interval. *Slopes*: how far lids and lips open and close against the "
        "labels. Milliseconds: median on one thread, in turns in one run; the meshes with their "
        "detector.",
        "",
        "| model | MB | ms | crop | 68 points | over 8 % | core, plain | core | behind | lids | "
        "lips |",
        "|---|---:|---:|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        e = row.errors
        here = e.all[np.isfinite(e.all)]
        cells = [
            row.name,
            "–" if np.isnan(row.megabytes) else f"{row.megabytes:.2f}",
            f"{row.milliseconds:.2f}",
            row.framing,
            f"{100 * here.mean():.2f}" if len(here) else "–",
            f"{100 * np.mean(here > FAILURE_LIMIT):.1f} %" if len(here) else "–",
            f"{100 * np.nanmean(e.core):.2f}",
            f"{100 * np.nanmean(e.centred):.2f}",
            "{:+.2f} ({:+.2f} to {:+.2f})".format(*(100 * v for v in row.behind)),
            *("–" if np.isnan(slope) else f"{slope:.2f}" for slope in (e.lids, e.lips)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _in_turns(runs: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median milliseconds of each call, one after another in every round."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(WARM_UP_RUNS + TIMED_RUNS):
        for name, run in runs.items():
            run()  # once unmeasured: the model before has emptied the cache
            start = time.perf_counter()
            run()
            if turn >= WARM_UP_RUNS:
                times[name].append(1000 * (time.perf_counter() - start))
    return {name: float(np.median(spent)) for name, spent in times.items()}


def _mesh_time(mesh: MeshTeacher, view: View, image: Image) -> float:
    """Median milliseconds of a mesh on one picture."""
    times = []
    for turn in range(WARM_UP_RUNS + TIMED_RUNS // 8):
        start = time.perf_counter()
        mesh.find(image, view)
        if turn >= WARM_UP_RUNS:
            times.append(1000 * (time.perf_counter() - start))
    return float(np.median(times))
