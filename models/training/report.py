"""RESULTS.md: what a model's files measure, made by one command."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import onnx

from app.core.card import Precision
from app.core.errors import SourceError
from app.core.face import Box
from app.core.layout import IBUG68, KEYPOINTS15, LandmarkLayout, point_map, shared_points
from app.core.openings import eye_aspect_ratios
from app.evaluate.attributes import ATTRIBUTES, CLOSED_EYES
from app.evaluate.metrics import (
    FAILURE_LIMIT,
    LOOSE_FAILURE_LIMIT,
    Errors,
    area_under_curve,
    failure_rate,
    keypoint_score,
    nme,
    point_errors,
    roc_auc,
)
from models.training.batches import in_layout
from models.training.crops import Crops, Framing, true_box
from models.training.detector_boxes import (
    BoxSpread,
    detect_faces,
    measure_framing,
    program_box,
)
from models.training.evaluation import (
    Framed,
    ModelFile,
    count_macs,
    frame_faces,
    negative_crops,
    predict_framed,
    time_models,
)
from models.training.export import write_card
from models.training.labels import Labels
from models.training.mesh_map import GAPS, gap_line
from models.training.outputs import Outputs, measure_outputs
from models.training.peers import CORE
from models.training.recipe import Recipe
from models.training.trust import walls

STEADY_YAW = 45.0
"""Degrees; FaceMesh compresses what turns further."""

NOTES_MARK = "<!-- what follows is written by hand and kept by `report` -->"


@dataclass(frozen=True, eq=False, slots=True)
class Measured:
    """Everything that is told of one file.

    Attributes:
        model: the file.
        faces: (F,) NME of the val faces around their true boxes.
        hand: what is told of the faces whose points people checked.
        outputs: what is told of trust, visibility and expression; None of a file without them.
        shared: (F,) NME on the points that keypoints15 has, too.
        score: 1 / (2 MSE), see `keypoint_score`.
        by_group: mean error of each group of points.
        p1: NME against the labels of p1, as they are and with each point's mean offset removed;
            None of a model with other points.
        by_box: NME around each detector's boxes, and around the true boxes of the same faces.
        trust: what is told of the trust; None of a model that has no opinion.
        shut: what is told of shut eyes; None of a model without points on the lids.
        pose: mean error of yaw, pitch and roll, degrees, against the geometry of FaceMesh where
            |yaw| < `STEADY_YAW`; None of a model that gives no pose.
        milliseconds: median of one inference on one thread.
    """

    model: ModelFile
    faces: Errors
    hand: Hand
    outputs: Outputs | None
    shared: Errors
    score: float
    by_group: dict[str, float]
    p1: tuple[float, float] | None
    by_box: dict[str, tuple[float, float, int]]
    trust: Trust | None
    shut: ShutEyes | None
    pose: tuple[float, float, float] | None
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Hand:
    """Errors against points that people checked.

    Attributes:
        core: mean over `CORE`, each point's mean offset removed.
        by_group: mean of each group of points.
        lids, lips: slopes of the gaps of lids and of lips against those of the truth.
    """

    core: float
    by_group: dict[str, float]
    lids: float
    lips: float


@dataclass(frozen=True, slots=True)
class Trust:
    """How well trust tells faces from what is none.

    Attributes:
        auc: of val faces against badly framed crops and backgrounds.
        distrusted: share of the val faces with a trust below 0.5.
        fooled: share of the badly framed crops and backgrounds with a trust above 0.5.
    """

    auc: float
    distrusted: float
    fooled: float


@dataclass(frozen=True, slots=True)
class ShutEyes:
    """How well shut eyes are seen.

    Attributes:
        auc: how well the eye aspect ratio tells shut eyes from open ones.
        error: mean difference of the eye aspect ratio on shut eyes.
    """

    auc: float
    error: float


def write_report(
    recipes: Sequence[Recipe],
    labels: Labels,
    crops: Crops,
    *,
    data: Path,
    runs: Path,
    zoo: Path,
    detectors: bool = True,
) -> None:
    """Measure the files of recipes, complete their cards and write RESULTS.md beside them.

    Args:
        recipes: of one family, that name the models; a column for each of their files.
        labels: all faces.
        crops: their stored crops.
        data: folder of the pictures.
        runs: folder of the training runs, for their curves.
        zoo: folder of the model files.
        detectors: measure the error around the boxes of the detectors, too, which takes most of
            the time.
    """
    if len({recipe.family for recipe in recipes}) > 1:
        raise SourceError("the recipes of one report need one family")
    models = []
    for recipe in recipes:
        paths = [zoo / f"{recipe.name}-{p}.onnx" for p in get_args(Precision)]
        if not any(path.is_file() for path in paths):
            raise SourceError(
                f"there is no {paths[0]}; make it with `python -m models.training export`"
            )
        models += [ModelFile(path) for path in paths if path.is_file()]
    rows = labels.of("val")
    boxes, spreads = _detector_boxes(data, labels, rows) if detectors else ({}, {})
    framings = {model.framing for model in models}
    cut = {framing: _cut(data, labels, crops, boxes, framing) for framing in framings}
    seen = [cut[model.framing] for model in models]
    milliseconds = time_models(models, [next(iter(s.framed.values())).crop for s in seen])
    measured = [
        _measure(
            model,
            labels,
            rows,
            shown,
            time,
            measure_outputs(model, labels, crops, data=data, jitter=recipes[0].jitter)
            if model.card.visibility_output
            else None,
        )
        for model, shown, time in zip(models, seen, milliseconds, strict=True)
    ]
    flags = labels.attributes()[rows]
    for result in measured:
        _complete_card(result, flags, labels.hand[rows])
    folder = recipes[0].path.parent
    for recipe in recipes:
        curve = runs / recipe.name / "training.png"
        if curve.is_file():  # else the one of the run that made the files stays
            shutil.copyfile(curve, folder / _curve(recipe))
    results = folder / "RESULTS.md"
    notes = _notes(results)
    text = _text(recipes, labels, measured, flags, spreads)
    results.write_text(f"{text}\n{NOTES_MARK}\n{notes}", encoding="utf-8")


@dataclass(frozen=True, eq=False, slots=True)
class Cut:
    """Crops as models of one framing want them.

    Attributes:
        framed: row of the labels -> the val face around its true box, upright.
        boxed: detector -> row -> the val face around the detector's box.
        negatives: crops (N, N, 3) without a well-framed face.
    """

    framed: dict[int, Framed]
    boxed: dict[str, dict[int, Framed]]
    negatives: list[npt.NDArray[np.uint8]]


def _cut(
    data: Path,
    labels: Labels,
    crops: Crops,
    boxes: Mapping[str, dict[int, Box]],
    framing: Framing,
) -> Cut:
    rows = labels.of("val")
    truths = {int(row): true_box(labels.points[row]) for row in rows}
    coloured = replace(framing, channels="bgr")
    return Cut(
        frame_faces(data, labels, truths, framing),
        {name: frame_faces(data, labels, found, framing) for name, found in boxes.items()},
        [
            *negative_crops(data, labels, crops, rows, framing),
            *(wall.transpose(1, 2, 0) for wall in walls(coloured, len(rows) // 4)),
        ],
    )


def _detector_boxes(
    data: Path, labels: Labels, rows: npt.NDArray[np.int64]
) -> tuple[dict[str, dict[int, Box]], dict[str, BoxSpread]]:
    """Face boxes of val faces as the program makes them of what each detector says."""
    boxes, spreads = {}, {}
    for name, found in detect_faces(data, labels, rows).items():
        here = [(row, program_box(name, detection)) for row, detection in found]
        boxes[name] = dict(here)
        spreads[name] = measure_framing(here, labels, len(rows))
    return boxes, spreads


def _measure(
    model: ModelFile,
    labels: Labels,
    rows: npt.NDArray[np.int64],
    shown: Cut,
    milliseconds: float,
    outputs: Outputs | None,
) -> Measured:
    layout, framed = model.card.landmark_layout, shown.framed
    points, trust = predict_framed(model, framed)
    truth68, counts68 = labels.points[rows], (labels.counts & labels.inside)[rows]
    truth, counts = in_layout(truth68, counts68, layout)
    errors = point_errors(points, truth, layout, counts=counts)
    faces = nme(errors)
    shared = list(shared_points([layout, KEYPOINTS15]))
    as68 = point_errors(point_map(layout, IBUG68)(points), truth68, IBUG68, counts=counts68)
    unit = [2 * np.hypot(*f.transform[0, :2]) / model.card.input_size for f in framed.values()]
    symmetric = np.array(unit)[:, None, None]
    place = {int(row): i for i, row in enumerate(rows)}
    by_box = {}
    for name, found in shown.boxed.items():
        here = [place[row] for row in found]
        around, _ = predict_framed(model, found)
        error = nme(point_errors(around, truth[here], layout, counts=counts[here]))
        by_box[name] = (float(np.nanmean(error)), float(np.nanmean(faces[here])), len(here))
    return Measured(
        model=model,
        faces=faces,
        hand=_against_people(points, labels, rows, layout),
        outputs=outputs,
        shared=nme(as68[:, shared]),
        score=keypoint_score(points * symmetric, truth * symmetric, counts=counts),
        by_group={
            group: float(np.nanmean(errors[:, list(indices)]))
            for group, indices in layout.groups.items()
        },
        p1=_against_p1(points, labels, rows) if layout is IBUG68 else None,
        by_box=by_box,
        trust=_measure_trust(model, trust, shown.negatives) if model.card.trust_output else None,
        shut=_measure_shut_eyes(points, truth, layout) if layout.left_eye else None,
        pose=_measure_pose(model, framed, labels.angles()[rows]),
        milliseconds=milliseconds,
    )


def _against_people(
    points: npt.NDArray[np.float32],
    labels: Labels,
    rows: npt.NDArray[np.int64],
    layout: LandmarkLayout,
) -> Hand:
    hand = labels.hand[rows]
    truth68, counts68 = labels.points[rows][hand], labels.counts[rows][hand]
    truth, counts = in_layout(truth68, counts68, layout)
    errors = point_errors(points[hand], truth, layout, counts=counts)
    as68 = point_map(layout, IBUG68)(points[hand])
    left, right = IBUG68.outer_eye_corners
    eyes = np.linalg.norm(truth68[:, right] - truth68[:, left], axis=1)[:, None, None]
    offsets = ((as68 - truth68) / eyes)[:, list(CORE)]
    offsets = offsets[:, np.isfinite(offsets).any(axis=(0, 2))]  # points that the layout has
    slopes = [float("nan")] * 2
    if layout is IBUG68:
        slopes = [gap_line(points[hand], truth68, pairs)[0] for pairs in GAPS]
    return Hand(
        core=float(np.nanmean(np.linalg.norm(offsets - np.nanmean(offsets, axis=0), axis=2))),
        by_group={
            group: float(np.nanmean(errors[:, list(indices)]))
            for group, indices in layout.groups.items()
        },
        lids=slopes[0],
        lips=slopes[1],
    )


def _measure_trust(
    model: ModelFile, high: npt.NDArray[np.float64], negatives: Sequence[npt.NDArray[np.uint8]]
) -> Trust:
    low = np.array([model.run(crop)[1] for crop in negatives])
    is_face = np.arange(len(high) + len(low)) < len(high)
    return Trust(
        auc=roc_auc(np.concatenate([high, low]), is_face),
        distrusted=float(np.mean(high < 0.5)),
        fooled=float(np.mean(low > 0.5)),
    )


def _measure_shut_eyes(
    points: npt.NDArray[np.float32], truth: npt.NDArray[np.floating[Any]], layout: LandmarkLayout
) -> ShutEyes:
    true_ear = eye_aspect_ratios(truth, layout).mean(axis=1)
    ear = eye_aspect_ratios(points, layout).mean(axis=1)
    shut = true_ear < CLOSED_EYES.value
    return ShutEyes(auc=roc_auc(-ear, shut), error=float(np.abs(ear - true_ear)[shut].mean()))


def _measure_pose(
    model: ModelFile, framed: dict[int, Framed], truth: npt.NDArray[np.float64]
) -> tuple[float, float, float] | None:
    if model.card.pose_output is None:
        return None
    found = np.stack([model.pose(face.crop) for face in framed.values()])
    # The crop was turned upright, which changes the roll alone.
    found[:, 2] += [np.degrees(np.arctan2(*f.transform[0, 1::-1])) for f in framed.values()]
    error = np.abs((found - truth + 180) % 360 - 180)
    yaw, pitch, roll = error[np.abs(truth[:, 0]) < STEADY_YAW].mean(axis=0).tolist()
    return yaw, pitch, roll


def _against_p1(
    points: npt.NDArray[np.float32], labels: Labels, rows: npt.NDArray[np.int64]
) -> tuple[float, float]:
    """NME against the coarse labels, plain and with the mean offset of each point removed."""
    coarse = labels.p1_points[rows]
    here = np.isfinite(coarse[:, 0, 0])
    coarse, points = coarse[here], points[here]
    plain = nme(point_errors(points, coarse, IBUG68))
    eyes = np.linalg.norm(coarse[:, 45] - coarse[:, 36], axis=1)[:, None, None]
    offset = ((points - coarse) / eyes).mean(axis=0)
    centred = nme(point_errors((points - offset * eyes).astype(np.float32), coarse, IBUG68))
    return float(plain.mean()), float(centred.mean())


def _complete_card(
    result: Measured, flags: npt.NDArray[np.bool_], hand: npt.NDArray[np.bool_]
) -> None:
    """Put the errors against people and the milliseconds into the card of the file itself."""
    errors = {"all": float(np.nanmean(result.faces[hand]))}
    for i, attribute in enumerate(ATTRIBUTES):
        here = flags[:, i] & hand
        if here.any():
            errors[attribute] = float(np.nanmean(result.faces[here]))
    card = replace(
        result.model.card,
        nme_val={name: round(100 * error, 3) for name, error in errors.items()},
        milliseconds=round(result.milliseconds, 3),
    )
    model = onnx.load(result.model.path)
    write_card(model, card)
    onnx.save(model, result.model.path)


def _text(
    recipes: Sequence[Recipe],
    labels: Labels,
    measured: Sequence[Measured],
    flags: npt.NDArray[np.bool_],
    spreads: Mapping[str, BoxSpread],
) -> str:
    rows = labels.of("val")
    names = _names(measured)
    paths = [recipe.path.as_posix() for recipe in recipes]
    head = "| | faces | " + " | ".join(names) + " |\n|---|---:|" + "---:|" * len(names)
    lines = [
        f"# {recipes[0].name if len(recipes) == 1 else recipes[0].family}: results",
        "",
        "Written by `report`. Errors (NME) in percent of the distance between the outer eye",
        "corners on faces of persons and photographs that are not in training; points outside the",
        "picture do not count. Upright crops around the true face box unless said.",
        "",
        "```",
        "python -m models.training labels",
        *commands_for(recipes),
        f"python -m models.training report {' '.join(paths)}",
        "```",
        "",
        "## Against people: val of 300-W",
        "",
        *_error_rows(head, measured, flags, labels.hand[rows]),
        *_hand_rows(measured),
        "",
        "## Against the teachers: val of the other sources",
        "",
        "Truth from two face meshes, through the map to the points of 300-W.",
        "",
        *_error_rows(head, measured, flags, ~labels.hand[rows]),
    ]
    lines += ["", "| points | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    lines += [
        f"| {group.replace('_', ' ')} | "
        + " | ".join(_percent(m.by_group[group]) for m in measured)
        + " |"
        for group in measured[0].by_group
    ]
    lines += ["", "| | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    table: list[tuple[str, list[str]]] = [
        ("median NME", [_percent(np.nanmedian(m.faces)) for m in measured]),
        (
            f"failure rate, NME > {FAILURE_LIMIT:.0%}",
            [_percent(failure_rate(m.faces)) + " %" for m in measured],
        ),
        (
            f"failure rate, NME > {LOOSE_FAILURE_LIMIT:.0%}",
            [_percent(failure_rate(m.faces, LOOSE_FAILURE_LIMIT)) + " %" for m in measured],
        ),
        (f"AUC to {FAILURE_LIMIT:.0%}", [f"{area_under_curve(m.faces):.3f}" for m in measured]),
        (
            "NME on the 13 points that keypoints15 has, too",
            [_percent(np.nanmean(m.shared)) for m in measured],
        ),
        (
            "score 1 / (2 MSE), coordinates in -1..1 of its crop",
            [f"{m.score:.0f}" for m in measured],
        ),
        *_rows_of_some(measured),
        ("ms per face, p50, one thread, one run", [f"{m.milliseconds:.2f}" for m in measured]),
        ("MB", [f"{m.model.path.stat().st_size / 1e6:.2f}" for m in measured]),
        (
            "million multiplications",
            [f"{_macs(measured, m) / 1e6:.1f}" for m in measured],
        ),
    ]
    lines += [f"| {name} | {' | '.join(values)} |" for name, values in table]
    if spreads:
        lines += _detector_lines(measured, spreads)
    for recipe in recipes:
        if recipe.trained_as != recipe.name:
            continue
        lines += ["", f"![Training curve of {recipe.name}]({_curve(recipe)})"]
    lines.append("")
    return "\n".join(lines)


def _error_rows(
    head: str,
    measured: Sequence[Measured],
    flags: npt.NDArray[np.bool_],
    faces: npt.NDArray[np.bool_],
) -> list[str]:
    """NME over some val faces (F,), in all and by attribute (F, 6), and the share of failures."""
    lines = [
        head,
        _row("all", int(faces.sum()), [_percent(np.nanmean(m.faces[faces])) for m in measured]),
    ]
    for i, attribute in enumerate(ATTRIBUTES):
        here = flags[:, i] & faces
        values = [_percent(np.nanmean(m.faces[here])) if here.any() else "–" for m in measured]
        lines.append(_row(attribute, int(here.sum()), values))
    failures = [_percent(failure_rate(m.faces[faces])) + " %" for m in measured]
    lines.append(_row(f"failures, NME > {FAILURE_LIMIT:.0%}", int(faces.sum()), failures))
    return lines


def _hand_rows(measured: Sequence[Measured]) -> list[str]:
    names = _names(measured)
    groups = measured[0].hand.by_group
    rows = [
        (group.replace("_", " "), [_percent(m.hand.by_group[group]) for m in measured])
        for group in groups
    ]
    rows.append(("core, each point's offset removed", [_percent(m.hand.core) for m in measured]))
    rows += [
        (f"slope of {part}", [_slope(getattr(m.hand, part)) for m in measured])
        for part in ("lids", "lips")
    ]
    return [
        "",
        "| | " + " | ".join(names) + " |",
        "|---|" + "---:|" * len(names),
        *(f"| {name} | {' | '.join(values)} |" for name, values in rows),
    ]


def _slope(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.2f}"


def commands_for(recipes: Sequence[Recipe]) -> list[str]:
    """What makes the files, each recipe after the one whose weights it begins with."""
    beside = {Recipe.load(path).name: path for path in recipes[0].path.parent.glob("*.toml")}
    wanted = {recipe.name: recipe for recipe in recipes}
    lines: list[str] = []
    done: set[str] = set()

    def add(name: str) -> None:
        if name in done:
            return
        done.add(name)
        if name not in beside:
            lines.append(f"# what follows needs {name}, see below")
            return
        recipe = wanted.get(name) or Recipe.load(beside[name])
        if recipe.start is not None:
            add(recipe.start)
        commands = ("train", "export", "quantize") if name in wanted else ("train",)
        if recipe.trained_as != name:
            commands = commands[1:]
        path = recipe.path.as_posix()
        lines.extend(f"python -m models.training {command} {path}" for command in commands)

    for recipe in recipes:
        add(recipe.name)
    return lines


def _names(measured: Sequence[Measured]) -> list[str]:
    """Headings of the columns: as short as tells the files apart."""
    cards = [m.model.card for m in measured]
    if len({card.name for card in cards}) == 1:
        return [card.precision for card in cards]
    return [f"{card.name.removeprefix(card.family + '-')} {card.precision}" for card in cards]


def _macs(measured: Sequence[Measured], one: Measured) -> int:
    """Multiplications of a model, counted in its first file: quantized ones have other nodes."""
    first = next(m for m in measured if m.model.card.name == one.model.card.name)
    return count_macs(first.model.path)


def _curve(recipe: Recipe) -> str:
    return f"{recipe.name}-training.png"


def _detector_lines(measured: Sequence[Measured], spreads: Mapping[str, BoxSpread]) -> list[str]:
    names = _names(measured)
    lines = [
        "",
        "## Boxes of the detectors",
        "",
        "What the face boxes that the program makes of a detector's answer are off by on val, and",
        "the error with one look at them. `true` is the error of the same faces around their true",
        "boxes.",
        "",
        "| detector | log size | shift | tilt, ° | found | val faces | "
        + " | ".join(names)
        + " | true |",
        "|---|" + "---:|" * (6 + len(names)),
    ]
    for name, spread in spreads.items():
        errors = [_percent(m.by_box[name][0]) for m in measured]
        lines.append(
            f"| {name} | {spread.scale:.3f} | {spread.shift:.3f} | "
            f"{spread.roll:.1f} | {spread.found:.1%} | "
            f"{measured[0].by_box[name][2]} | {' | '.join(errors)} | "
            f"{_percent(measured[0].by_box[name][1])} |"
        )
    return lines


def _rows_of_some(measured: Sequence[Measured]) -> list[tuple[str, list[str]]]:
    """What is told of models that have all the points of the p1 labels, a trust, or lids."""
    rows: list[tuple[str, list[str]]] = []
    if p1 := [m.p1 for m in measured if m.p1]:
        rows += [
            ("NME against the p1 labels", [_percent(error) for error, _ in p1]),
            ("the same, each point's mean offset removed", [_percent(error) for _, error in p1]),
        ]
    if trust := [m.trust for m in measured if m.trust]:
        rows += [
            ("trust: area under the ROC curve", [f"{t.auc:.4f}" for t in trust]),
            ("trust: faces below 0.5", [_percent(t.distrusted) + " %" for t in trust]),
            ("trust: crops without a face above 0.5", [_percent(t.fooled) + " %" for t in trust]),
        ]
    if told := [m.outputs for m in measured if m.outputs]:
        rows += [
            (
                "trust: area for answers off by more than 8 %, also displaced, turned, of things",
                [f"{o.trust_auc:.3f}" for o in told],
            ),
            (
                "trust: believed answers off by more than 8 %",
                [_percent(o.believed_wrong) + " %" for o in told],
            ),
            (
                "visibility of left eye / right eye / mouth: area",
                [" / ".join(f"{v:.3f}" for v in o.visibility_auc) for o in told],
            ),
            (
                "expression: blendshapes, mean and smallest correlation with the teacher",
                [
                    f"{len(o.expression)}, {np.mean(list(o.expression.values())):.2f}, "
                    f"{min(o.expression.values()):.2f}"
                    if o.expression
                    else "–"
                    for o in told
                ],
            ),
        ]
    if shut := [m.shut for m in measured if m.shut]:
        rows += [
            (
                f"shut eyes (EAR < {CLOSED_EYES.value}): area under the ROC curve",
                [f"{s.auc:.3f}" for s in shut],
            ),
            ("shut eyes: mean error of EAR", [f"{s.error:.3f}" for s in shut]),
        ]
    if any(m.pose for m in measured):
        says = [" / ".join(f"{a:.1f}" for a in m.pose) if m.pose else "–" for m in measured]
        rows.append((f"pose, |yaw| < {STEADY_YAW:g}°: mean error of yaw / pitch / roll, °", says))
    return rows


def _row(name: str, faces: int, values: Sequence[str]) -> str:
    return f"| {name} | {faces} | {' | '.join(values)} |"


def _percent(share: float | np.floating[Any]) -> str:
    return f"{100 * share:.2f}"


def _notes(results: Path) -> str:
    """The part of RESULTS.md below the mark, or nothing."""
    if not results.is_file():
        return ""
    _, mark, notes = results.read_text(encoding="utf-8").partition(NOTES_MARK)
    return notes.lstrip("\n") if mark else ""
