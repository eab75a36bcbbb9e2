"""Our models beside those of other projects, on the points that mean the same in all of them."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from app.core.errors import SourceError
from app.core.face import Box
from app.core.geometry import crop_transform, points_from_unit
from app.core.mesh import ibug68_from_mesh
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
from models.training.meshes import ATTENTIVE, VIEWS, MeshTeacher, View, mean_mesh
from models.training.peers import CORE, PEERS, PeerModel
from models.training.sources import Picture, read_picture

Image = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]

HELEN_COLUMNS: Final = (
    "eye_left_outer", "eye_left_inner", "eye_right_inner", "eye_right_outer", "mouth_left",
    "mouth_right", "lip_upper_top", "lip_lower_bottom", "lip_upper_bottom", "lip_lower_top",
)  # fmt: skip
"""Columns of helen48 in the order of `CORE`."""

TUNING_FACES: Final = 250
TUNED_SCALES: Final = (1.0, 1.1, 1.2, 1.3, 1.4, 1.5)
TUNED_SHIFTS: Final = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15)
"""Crops that are tried for each model on training faces."""

DETECTOR: Final = "blazeface_short"
"""Whose faces all models get."""

MESH_SURROUNDINGS: Final = 2.2
"""Side of the square that FaceMesh sees, as a multiple of the box."""


@dataclass(frozen=True, eq=False, slots=True)
class Shown:
    """A picture with a face, in its pixels: BlazeFace's own square, the face box that the program
    makes of it, tilted as the eyes are, and the truth of `CORE` (10, 2).
    """

    image: Image
    square: Box
    box: Box
    truth: Points


Locate = Callable[[Shown], Points]
"""A model: `CORE` (10, 2) in pixels of the picture; NaN where it sees no face."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """A row of the table."""

    name: str
    megabytes: float
    milliseconds: float
    framing: str
    helen: float
    helen_plain: float
    val: float | None


def helen_faces(data: Path) -> list[Shown]:
    """The hand-labelled photographs in which BlazeFace finds the labelled face.

    Raises:
        SourceError: the table is missing.
    """
    folder = data / "helen48"
    table = folder / "points29.csv"
    if not table.is_file():
        raise SourceError(f"{table} is missing; name the data folder with --data")
    tools = detectors()
    finders = {name: tools[name] for name in ("blazeface_short", "blazeface_full")}
    faces = []
    with table.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            image = read_picture(folder, Picture(row["image"], "val", "helen48"))
            truth = np.array(
                [[float(row[f"{name}_{axis}"]) for axis in "xy"] for name in HELEN_COLUMNS]
            )
            found = _face_of(image, truth, finders)
            if found is not None:
                name, face = found
                box = program_box(name, face)
                faces.append(Shown(image, face.square, box, truth.astype(np.float32)))
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
        truth = np.where(known[:, None], labels.points[row], np.nan)[list(CORE)]
        if np.isfinite(truth).all():
            box = program_box(DETECTOR, face)
            faces.append(Shown(image, face.square, box, truth.astype(np.float32)))
    return faces


def errors_of(locate: Locate, faces: Sequence[Shown]) -> tuple[float, float]:
    """NME over `CORE`, plain and with each point's mean offset removed, shares of the distance
    between the outer eye corners. A face that is not seen is left out of both.
    """
    offsets = np.stack([(locate(f) - f.truth) / _eyes(f.truth) for f in faces])
    offsets = offsets[np.isfinite(offsets).all(axis=(1, 2))]
    centred = offsets - offsets.mean(axis=0)
    return tuple(float(np.linalg.norm(o, axis=2).mean()) for o in (offsets, centred))  # type: ignore[return-value]


def _eyes(truth: Points) -> float:
    return float(np.linalg.norm(truth[3] - truth[0]))


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
        return points[list(CORE)]

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
        return points_from_unit(model.core_points(image), matrix, size=size)

    return locate


def teacher(mesh: MeshTeacher, views: Sequence[View]) -> Locate:
    """FaceMesh, the mean over some views of the surroundings of the box: in the whole picture it
    may choose another face.
    """

    def locate(shown: Shown) -> Points:
        size = round(shown.square.side * MESH_SURROUNDINGS)
        matrix = crop_transform(shown.square, scale=MESH_SURROUNDINGS, shift=0.0, size=size)
        image = warp(shown.image, matrix, size, cv2.BORDER_REPLICATE)
        looks = [(view, mesh.find(image, view)) for view in views]
        seen = [(view.upright(m), view.attention) for view, m in looks if m is not None]
        if not seen:
            return np.full((len(CORE), 2), np.nan, np.float32)
        meshes, attention = zip(*seen, strict=True)
        mesh478 = mean_mesh(np.stack(meshes), np.array(attention))
        points = ibug68_from_mesh(mesh478[:, :2])[list(CORE)]
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
    return min(tried, key=lambda crop: errors_of(theirs(model, crop), faces)[1])


def compare(
    data: Path, labels: Labels, *, zoo: Sequence[Path], peers: Path
) -> tuple[list[Contestant], int, int]:
    """Measure our files, the peers and FaceMesh in one run.

    Args:
        data: folder of the pictures.
        labels: all faces.
        zoo: our model files.
        peers: folder of the peers' files.

    Returns:
        The rows, best on helen48 first, and the number of faces of helen48 and of val.
    """
    tuning = labelled_faces(data, labels, usable_rows(labels)[:TUNING_FACES].tolist())
    helen, val = helen_faces(data), labelled_faces(data, labels, labels.of("val").tolist())
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
    table = []
    for model in files:
        for looks, says in ((1, "one look"), (2, "two looks")):
            locate = ours(model, looks)
            plain, centred = errors_of(locate, helen)
            table.append(
                Contestant(
                    name=model.path.stem,
                    megabytes=model.path.stat().st_size / 1e6,
                    milliseconds=looks * times[model.path.stem],
                    framing=f"{model.card.crop_scale:.3g} of the face box, {says}",
                    helen=centred,
                    helen_plain=plain,
                    val=errors_of(locate, val)[1],
                )
            )
    for rival in rivals:
        crop = tune(rival, tuning)
        locate = theirs(rival, crop)
        plain, centred = errors_of(locate, helen)
        table.append(
            Contestant(
                name=rival.peer.name,
                megabytes=rival.megabytes,
                milliseconds=times[rival.peer.name],
                framing=str(crop),
                helen=centred,
                helen_plain=plain,
                val=errors_of(locate, val)[1],
            )
        )
    mesh = MeshTeacher()
    spent = {kind: _mesh_time(helen[0].image, attention=kind) for kind in (True, False)}
    for views, says in (
        (VIEWS[:1], "its own"),
        (ATTENTIVE, f"its own, mean of {len(ATTENTIVE)} views"),
        (VIEWS, "the same and without attention: the truth of training"),
    ):
        plain, centred = errors_of(teacher(mesh, views), helen)
        table.append(
            Contestant(
                name="MediaPipe FaceMesh",
                megabytes=float("nan"),
                milliseconds=sum(spent[view.attention] for view in views),
                framing=says,
                helen=centred,
                helen_plain=plain,
                val=None,
            )
        )
    return sorted(table, key=lambda c: c.helen), len(helen), len(val)


def comparison_text(table: Sequence[Contestant], helen: int, val: int) -> str:
    """The Markdown of the table."""
    lines = [
        f"Errors over eye corners, mouth corners and lip mid points in percent of the eye "
        f"distance: on helen48 ({helen} photographs, points placed by hand) and on val ({val} "
        "faces, FaceMesh truth), all as BlazeFace finds them. *Offsets removed* takes out each "
        "point's mean offset, since the conventions differ. Milliseconds: median on one thread, "
        "in turns in one run; FaceMesh with its tracking, on threads of its own choice.",
        "",
        "| model | MB | ms | crop | helen48, offsets removed | helen48, plain | val, offsets "
        "removed |",
        "|---|---:|---:|---|---:|---:|---:|",
    ]
    for c in table:
        size = "–" if np.isnan(c.megabytes) else f"{c.megabytes:.2f}"
        last = "its own truth" if c.val is None else f"{100 * c.val:.2f}"
        lines.append(
            f"| {c.name} | {size} | {c.milliseconds:.2f} | {c.framing} | {100 * c.helen:.2f} | "
            f"{100 * c.helen_plain:.2f} | {last} |"
        )
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


def _mesh_time(image: Image, *, attention: bool) -> float:
    """Median milliseconds of FaceMesh on one picture again and again, as on a calm video."""
    import mediapipe as mp  # takes seconds and is needed by this command alone

    mesh: Any = mp.solutions.face_mesh.FaceMesh(max_num_faces=1, refine_landmarks=attention)
    rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    times = []
    for turn in range(WARM_UP_RUNS + TIMED_RUNS // 4):
        start = time.perf_counter()
        mesh.process(rgb)
        if turn >= WARM_UP_RUNS:
            times.append(1000 * (time.perf_counter() - start))
    mesh.close()
    return float(np.median(times))
