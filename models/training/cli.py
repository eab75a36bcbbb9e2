"""`python -m models.training COMMAND`: from pictures to a measured model file."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import PfldLiveError

if TYPE_CHECKING:
    from models.training.crops import Crops
    from models.training.labels import Labels
    from models.training.loop import Run
    from models.training.recipe import Recipe

DATA_VARIABLE = "PFLD_DATA"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 when it worked, 2 with one sentence when the user can mend it."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except PfldLiveError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models.training",
        description="Make landmark models: labels, training, export, quantization, report.",
        epilog="In this order: labels, then train, export, quantize and report of one recipe.",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path(os.environ.get(DATA_VARIABLE, "../shared/data")),
        help=f"folder with p1/ and faces/ (default: ${DATA_VARIABLE} or %(default)s)",
    )
    parser.add_argument(
        "--runs",
        type=Path,
        default=Path("runs"),
        help="folder for caches, checkpoints and logs (default: %(default)s)",
    )
    parser.add_argument(
        "--zoo",
        type=Path,
        default=Path("models"),
        help="folder for finished model files (default: %(default)s)",
    )
    parser.add_argument(
        "--peers",
        type=Path,
        default=Path("../shared/peers"),
        help="folder with the second teacher and the peers' ONNX files (default: %(default)s)",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    command = commands.add_parser(
        "labels",
        help="let FaceMesh label all pictures and cut the crops (an hour, once)",
        description="Label every picture with FaceMesh in several views, cut the face crops, and "
        "make synthetic faces of them: turned further, with shut eyes, with open mouths. All is "
        "cached in RUNS/labels; an interrupted run goes on at the view at which it stopped.",
    )
    command.set_defaults(run=_labels)

    command = commands.add_parser(
        "sheet",
        help="draw random labels on a contact sheet, to be looked at",
        description="Draw the points of random faces of every source and of turned faces.",
    )
    command.add_argument("output", type=Path, help="picture to write, for example sheet.png")
    command.add_argument("--seed", type=int, default=0, help="which faces (default: %(default)s)")
    command.set_defaults(run=_sheet)

    command = commands.add_parser(
        "face-points",
        help="write the mean 3D face points of the program",
        description="Write the mean 3D face, 68 points, that the program fits head poses with.",
    )
    command.add_argument(
        "--output",
        type=Path,
        default=Path("assets/face_points_68.json"),
        help="file to write (default: %(default)s)",
    )
    command.set_defaults(run=_face_points)

    command = commands.add_parser(
        "detector-boxes",
        help="measure how the detectors' boxes relate to the face box",
        description="Measure the step from each detector's square to the face box, the tight "
        "upright box around the 68 points, on training faces in webcam-like frames, and what the "
        "program's boxes are off by on val.",
    )
    command.add_argument(
        "--faces", type=int, default=1500, help="number of faces (default: %(default)s)"
    )
    command.set_defaults(run=_detector_boxes)

    command = commands.add_parser(
        "map",
        help="print what each step from the meshes to people's points is worth",
        description="Print the errors of fixed vertices and of the learned map on the val faces "
        "whose points people checked, and how far their labels lie to the right.",
    )
    command.set_defaults(run=_map)

    command = commands.add_parser(
        "pack",
        help="write crops and labels to a few small files, to be trained on elsewhere",
        description="Write everything that training needs to one file of labels and PARTS files "
        "of pictures, a fiftieth of the size of the caches.",
    )
    command.add_argument("folder", type=Path, help="folder to write to")
    command.add_argument(
        "--parts", type=int, default=1, help="number of files of pictures (default: %(default)s)"
    )
    command.add_argument(
        "--quality", type=int, default=80, help="of WebP, 1 to 100 (default: %(default)s)"
    )
    command.set_defaults(run=_pack)

    command = commands.add_parser(
        "unpack",
        help="make the caches from what `pack` wrote",
        description="Write the caches in RUNS/labels from the files of `pack`.",
    )
    command.add_argument("folders", type=Path, nargs="+", help="where these files lie")
    command.set_defaults(run=_unpack)

    command = commands.add_parser(
        "latency",
        help="time the networks of recipes before any training",
        description="Time the untrained networks of recipes in fp32 and int8 on one thread, in "
        "one run, and each once more with inverted blocks.",
    )
    command.add_argument("recipes", type=Path, nargs="+", help="for example models/pfld/*.toml")
    command.set_defaults(run=_latency)

    command = commands.add_parser(
        "train",
        help="train the models of recipes, or go on where they stopped",
        description="Train the model of a recipe, or of several side by side on the same crops. "
        "Checkpoint, log and plot lie in RUNS/NAME; the same command goes on from there.",
    )
    command.add_argument("recipes", type=Path, nargs="+", help="for example models/pfld/0.5x.toml")
    command.add_argument(
        "--device", default="cpu", help="where torch computes, cpu or cuda (default: %(default)s)"
    )
    command.add_argument(
        "--compile",
        action="store_true",
        help="let torch compile the networks first: a minute, then half as fast again; needs a "
        "C++ compiler",
    )
    command.add_argument(
        "--minutes",
        type=float,
        help="training time; replaces the recipe's number of steps, and the schedule follows "
        "the clock",
    )
    command.add_argument(
        "--threads", type=int, default=1, help="threads of torch (default: %(default)s)"
    )
    command.add_argument(
        "--workers", type=int, default=1, help="processes that make batches (default: %(default)s)"
    )
    command.set_defaults(run=_train)

    command = commands.add_parser(
        "ablation",
        help="train the variants of a recipe and print what each is worth",
        description="Train every variant of an ablation file, or go on where it stopped, and "
        "write the table of their errors on val to RUNS/NAME/table.md.",
    )
    command.add_argument("file", type=Path, help="for example models/pfld/ablations/loss.toml")
    command.add_argument(
        "--threads", type=int, default=1, help="threads of torch (default: %(default)s)"
    )
    command.set_defaults(run=_ablation)

    command = commands.add_parser(
        "worst",
        help="draw the val faces on which a model fails most, to be looked at",
        description="Draw the worst val faces of every attribute with truth and prediction.",
    )
    command.add_argument("model", type=Path, help="for example models/pfld-0.5x-int8.onnx")
    command.add_argument("output", type=Path, help="picture to write, for example worst.png")
    command.set_defaults(run=_worst)

    command = commands.add_parser(
        "compare",
        help="measure our models beside those of other projects",
        description="Measure the PFLD files of the zoo, the peers and two face meshes in one run, "
        "on val faces whose points people checked, and print the table.",
    )
    command.set_defaults(run=_compare)

    command = commands.add_parser(
        "prune",
        help="print what thinning out the connected layers of a trained model costs",
        description="Set the smallest weights of the fully connected layers to 0, or lower their "
        "rank, without further training, and print the error on val as a table.",
    )
    _add_recipe(command)
    command.set_defaults(run=_prune)

    command = commands.add_parser(
        "export",
        help="write the fp32 ONNX file of a trained model",
        description="Write ZOO/NAME-fp32.onnx from the averaged weights of the last checkpoint.",
    )
    _add_recipe(command)
    command.set_defaults(run=_export)

    command = commands.add_parser(
        "quantize",
        help="write the int8 ONNX file from the fp32 one",
        description="Write ZOO/NAME-int8.onnx, calibrated on augmented training crops.",
    )
    _add_recipe(command)
    command.set_defaults(run=_quantize)

    command = commands.add_parser(
        "report",
        help="measure the files of recipes, put the figures into their cards, write RESULTS.md",
        description="Measure all files of the recipes of one family in one run: errors by "
        "attribute, trust, pose, size, milliseconds.",
    )
    command.add_argument("recipes", type=Path, nargs="+", help="for example models/pfld/0.5x.toml")
    command.add_argument(
        "--without-detectors",
        action="store_true",
        help="leave out the errors around the boxes of the detectors, which take most of the time",
    )
    command.set_defaults(run=_report)
    return parser


def _add_recipe(command: argparse.ArgumentParser) -> None:
    command.add_argument("recipe", type=Path, help="for example models/pfld/0.5x.toml")


# Each command imports what it needs: torch and mediapipe take seconds to load.


def _labels(options: argparse.Namespace) -> None:
    from models.training.crops import add_synthetic, build_crops, load_crops
    from models.training.labels import build_labels, fitted_map, view_of_teacher
    from models.training.meshes import extract_meshes
    from models.training.sources import list_pictures
    from models.training.synthetic import make_faces

    def show_view(view: str, done: int, total: int) -> None:
        print(f"meshes, view {view}: {done} of {total}", flush=True)

    pictures = list_pictures(options.data)
    extract_meshes(
        options.data, pictures, _meshes(options), peers=options.peers, progress=show_view
    )
    view = view_of_teacher(options.data, pictures, _meshes(options))
    labels = build_labels(options.data, pictures, view)
    print(f"{len(labels)} of {len(pictures)} pictures are usable")
    folder = _crop_folder(options)
    build_crops(options.data, labels, folder, progress=_count("crops"))
    crops = load_crops(folder, labels)
    made, images = make_faces(
        labels,
        crops,
        view,
        mapped=fitted_map(options.data, pictures, view),
        peers=options.peers,
        progress=_count("synthetic faces"),
    )
    add_synthetic(folder, labels, made, images).save(_label_file(options))


def _sheet(options: argparse.Namespace) -> None:
    from models.training.crops import load_crops
    from models.training.labels import Labels
    from models.training.sheet import label_sheet

    labels = Labels.load(_label_file(options))
    label_sheet(labels, load_crops(_crop_folder(options), labels), options.output, options.seed)


def _face_points(options: argparse.Namespace) -> None:
    from models.training.face_points import write_face_points
    from models.training.labels import mean_face_points, view_of_teacher
    from models.training.sources import list_pictures

    pictures = list_pictures(options.data)
    view = view_of_teacher(options.data, pictures, _meshes(options))
    points, depth, faces = mean_face_points(pictures, view)
    write_face_points(points, depth, faces, options.output)


def _detector_boxes(options: argparse.Namespace) -> None:
    from models.training.detector_boxes import measure_all
    from models.training.labels import Labels

    labels = Labels.load(_label_file(options))
    squares, spreads = measure_all(options.data, labels, faces=options.faces)
    for name, square in squares.items():
        print(f"{name}: {square}")
    for name, off in spreads.items():
        print(
            f"{name}: finds {off.found:.1%}; off by {off.shift:.3f} per axis, {off.scale:.3f} in "
            f"the log of the size and {off.roll:.1f} degrees"
        )


def _map(options: argparse.Namespace) -> None:
    from models.training.labels import view_of_teacher
    from models.training.map_steps import measure_steps
    from models.training.sources import list_pictures

    pictures = list_pictures(options.data)
    view = view_of_teacher(options.data, pictures, _meshes(options))
    steps, shift, faces = measure_steps(options.data, pictures, view)
    print(
        f"{faces} faces, percent of the eye distance; labels lie {100 * shift:.2f} to the right\n"
    )
    print("| points from | 68 points | core, offsets removed | slope of lids | of lips |")
    print("|---|---:|---:|---:|---:|")
    for s in steps:
        print(
            f"| {s.says} | {100 * s.all:.2f} | {100 * s.core:.2f} | {s.lids:.2f} | {s.lips:.2f} |"
        )


def _pack(options: argparse.Namespace) -> None:
    from models.training.crops import load_crops
    from models.training.labels import Labels
    from models.training.packing import pack

    labels = Labels.load(_label_file(options))
    crops = load_crops(_crop_folder(options), labels)
    pack(labels, crops, options.folder, parts=options.parts, quality=options.quality)


def _unpack(options: argparse.Namespace) -> None:
    from app.core.errors import SourceError
    from models.training.packing import unpack

    if _label_file(options).exists():
        raise SourceError(
            f"{_label_file(options)} holds labels already; name another folder with --runs"
        )
    unpack(options.folders, _crop_folder(options)).save(_label_file(options))


def _latency(options: argparse.Namespace) -> None:
    from models.training.latency import measure_latencies, with_block
    from models.training.recipe import Recipe

    recipes = [Recipe.load(path) for path in options.recipes]
    recipes += [with_block(recipe, "inverted") for recipe in recipes if recipe.family == "pfld"]
    print("| network | million multiplications | fp32 ms | int8 ms | int8 MB |")
    print("|---|---:|---:|---:|---:|")
    for row in measure_latencies(recipes):
        print(
            f"| {row.name} | {row.macs / 1e6:.1f} | {row.fp32_ms:.2f} | {row.int8_ms:.2f} "
            f"| {row.int8_bytes / 1e6:.2f} |"
        )


def _train(options: argparse.Namespace) -> None:
    from models.training.crops import load_crops
    from models.training.labels import Labels
    from models.training.loop import Run
    from models.training.plot import plot_training
    from models.training.recipe import Recipe

    recipes = [Recipe.load(path) for path in options.recipes]
    labels = Labels.load(_label_file(options))
    crops = load_crops(_crop_folder(options), labels)
    run = Run(
        runs=options.runs,
        minutes=options.minutes,
        device=options.device,
        compiled=options.compile,
        workers=options.workers,
    )
    _run_training(recipes, labels, crops, run, options.threads)
    for recipe in recipes:
        folder = options.runs / recipe.name
        plot_training(folder / "log.jsonl", folder / "training.png")


def _ablation(options: argparse.Namespace) -> None:
    from models.training.ablation import Ablation, table_of
    from models.training.crops import load_crops
    from models.training.labels import Labels
    from models.training.loop import Run

    ablation = Ablation.load(options.file)
    labels = Labels.load(_label_file(options))
    crops = load_crops(_crop_folder(options), labels)
    for variant in ablation.variants:
        print(variant.says, flush=True)
        run = Run(runs=options.runs)
        _run_training([variant.recipe], labels, crops, run, options.threads)
        table = table_of(ablation, labels, crops, options.runs)
        (options.runs / ablation.folder / "table.md").write_text(table, encoding="utf-8")
    print(table)


def _run_training(
    recipes: Sequence[Recipe], labels: Labels, crops: Crops, run: Run, threads: int
) -> None:
    """Train recipes side by side, or go on with them, and tell on the console how it goes."""
    import cv2
    import torch

    from models.training.batches import Faces
    from models.training.loop import Trainer

    torch.set_num_threads(threads)
    cv2.setNumThreads(1)
    trainer = Trainer(
        recipes,
        run,
        Faces.of(labels, crops, *recipes[0].data.splits),
        Faces.of(labels, crops, "val"),
        lambda line: print(line, flush=True),
    )
    trainer.train()


def _worst(options: argparse.Namespace) -> None:
    from models.training.evaluation import ModelFile
    from models.training.labels import Labels
    from models.training.worst import worst_sheet

    worst_sheet(
        ModelFile(options.model), options.data, Labels.load(_label_file(options)), options.output
    )


def _compare(options: argparse.Namespace) -> None:
    from models.training.comparison import compare, comparison_text
    from models.training.labels import Labels

    labels = Labels.load(_label_file(options))
    zoo = sorted(options.zoo.glob("pfld-*.onnx"))
    print(comparison_text(*compare(options.data, labels, zoo=zoo, peers=options.peers)))


def _prune(options: argparse.Namespace) -> None:
    import torch

    from models.training.batches import Faces
    from models.training.crops import load_crops
    from models.training.labels import Labels
    from models.training.learner import load_trained
    from models.training.pruning import thin_out
    from models.training.recipe import Recipe

    torch.set_num_threads(1)
    recipe = Recipe.load(options.recipe)
    labels = Labels.load(_label_file(options))
    network = load_trained(recipe, options.runs / recipe.name / "checkpoint.pt")
    faces = Faces.of(labels, load_crops(_crop_folder(options), labels), "val")
    print("| connected layers | weights left | share of all parameters | NME % |")
    print("|---|---:|---:|---:|")
    for row in thin_out(recipe, network, faces):
        print(f"| {row.says} | {row.weights:,} | {row.share:.0%} | {100 * row.nme:.2f} |")


def _export(options: argparse.Namespace) -> None:
    from models.training.crops import load_crops
    from models.training.export import card_of, export
    from models.training.expression import expression_correlations, told_well
    from models.training.labels import Labels
    from models.training.learner import load_trained
    from models.training.recipe import Recipe
    from models.training.trust import refit_trust, trust_examples

    recipe = Recipe.load(options.recipe)
    network = load_trained(recipe, options.runs / recipe.trained_as / "checkpoint.pt")
    made_by = f"{options.recipe.as_posix()} at commit {_commit()}"
    fp32: Path = options.zoo / f"{recipe.name}-fp32.onnx"
    labels = Labels.load(_label_file(options))
    crops = load_crops(_crop_folder(options), labels)
    if recipe.system.finish is not None:
        print(f"finished: {recipe.system.finish(network, recipe, labels, crops)}")
    expressions: list[str] = []
    if recipe.system.aside:
        found = expression_correlations(network, recipe, labels, crops)
        expressions = told_well(found)
        print("correlation of the blendshapes with the teacher on val:")
        print(", ".join(f"{name} {value:.2f}" for name, value in found.items()))
    export(network, card_of(recipe, made_by, expressions), fp32, corners=recipe.corners)
    if recipe.system.trust:
        refit_trust(fp32, trust_examples(recipe, labels, crops))


def _quantize(options: argparse.Namespace) -> None:
    from models.training.crops import load_crops
    from models.training.labels import Labels
    from models.training.quantization import calibration_inputs, quantize
    from models.training.recipe import Recipe
    from models.training.trust import refit_trust, trust_examples

    recipe = Recipe.load(options.recipe)
    labels = Labels.load(_label_file(options))
    crops = load_crops(_crop_folder(options), labels)
    stem = options.zoo / recipe.name
    int8 = Path(f"{stem}-int8.onnx")
    inputs = calibration_inputs(recipe, labels, crops)
    quantize(Path(f"{stem}-fp32.onnx"), int8, inputs, parts=recipe.system.quantized_parts)
    if recipe.system.trust:
        refit_trust(int8, trust_examples(recipe, labels, crops))


def _report(options: argparse.Namespace) -> None:
    from models.training.crops import load_crops
    from models.training.labels import Labels
    from models.training.recipe import Recipe
    from models.training.report import write_report

    labels = Labels.load(_label_file(options))
    write_report(
        [Recipe.load(path) for path in options.recipes],
        labels,
        load_crops(_crop_folder(options), labels),
        data=options.data,
        runs=options.runs,
        zoo=options.zoo,
        detectors=not options.without_detectors,
    )


def _meshes(options: argparse.Namespace) -> Path:
    from models.training.labels import mesh_folder

    return mesh_folder(options.runs)


def _label_file(options: argparse.Namespace) -> Path:
    from models.training.labels import label_file

    return label_file(options.runs)


def _crop_folder(options: argparse.Namespace) -> Path:
    from models.training.crops import crop_folder

    return crop_folder(options.runs)


def _commit() -> str:
    """Short hash of the checked-out commit, or `unknown` outside a checkout."""
    try:
        result = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return result.stdout.strip()


def _count(what: str) -> Callable[[int, int], None]:
    def show(done: int, total: int) -> None:
        print(f"{what}: {done} of {total}", flush=True)

    return show
