"""The command line: commands, their options and what they call.

Nothing heavy is imported before a command runs: help and errors come at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, NoReturn

from app import __version__
from app.capture.devices import camera_targets
from app.cli.arguments import (
    add_network_options,
    add_output_options,
    add_pipeline_options,
    add_send_options,
    add_vision_options,
    filled,
    positive,
)
from app.core.files import exists

USER_ERROR: Final = 2
"""Exit code for what the user can mend."""

SOURCE_HELP = (
    "camera number (0; a file of that name goes first), camera name, video file, image, folder of "
    "images, or stream URL (rtsp://…)"
)


class _Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        self.exit(USER_ERROR, f"{self.prog}: {message}; see `{self.prog} --help`.\n")


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="pfld-live",
        usage="pfld-live [--help] [--version] [COMMAND | SOURCE] ...",
        description="Live facial landmarks and head pose from a webcam, a video or images. "
        "Without a command the window opens on the first camera; `pfld-live SOURCE` is short for "
        "`pfld-live run SOURCE`.",
        epilog="Exit codes: 0 all went well; 1 above --fail-above; 2 a mistake that can be mended; "
        "128 + N where signal N told the program to end (130 after Ctrl+C, 143 after kill).",
    )
    parser.add_argument("--version", action="version", version=f"pfld-live {__version__}")
    parser.set_defaults(command=_window, source=None, model=None, detector=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_demo(commands)
    _add_run(commands)
    _add_models(commands)
    _add_card(commands)
    _add_maps(commands)
    _add_bench(commands)
    _add_evaluate(commands)
    _add_label(commands)
    _add_drowsiness(commands)
    _add_window_probe(commands)
    _add_model_probe(commands)
    return parser


def with_command(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> Sequence[str]:
    """The arguments with `run` before a source that stands alone: `pfld-live clip.mp4` opens it.

    Raises:
        SystemExit: what stands first is neither a command nor a source.
    """
    first = arguments[0] if arguments else "-"
    if first.startswith("-") or first in _commands(parser):
        return arguments
    if not _may_be_source(first):
        parser.error(f"there is no command, file or camera {first!r}")
    return ["run", *arguments]


def _commands(parser: argparse.ArgumentParser) -> Collection[str]:
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return commands.choices


def _may_be_source(text: str) -> bool:
    """Whether a text looks like a file, a URL or a camera rather than a command with a typo."""
    marks = (".", "/", "\\", ":", " ")
    if any(mark in text for mark in marks) or text.isdigit() or exists(Path(text)):
        return True
    return any(text.casefold() in name.casefold() for name in camera_targets())


def _add_demo(commands: argparse._SubParsersAction[_Parser]) -> None:
    demo = commands.add_parser(
        "demo",
        help="play the bundled clip through the whole pipeline",
        description="Plays the bundled clip through the whole pipeline: in a window where there "
        "is a display, else without one, writing an annotated video and a summary.",
    )
    add_vision_options(demo)
    add_output_options(demo)
    demo.set_defaults(command=_demo)


def _add_run(commands: argparse._SubParsersAction[_Parser]) -> None:
    run = commands.add_parser(
        "run",
        help="find the faces of a camera, a video or images",
        description="Finds the faces of a source. Opens a window where there is a display and no "
        "file was asked for; otherwise works through the source as fast as possible.",
    )
    run.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    add_vision_options(run)
    add_output_options(run)
    add_send_options(run)
    run.add_argument(
        "--seconds",
        type=positive,
        metavar="S",
        help="end after so many seconds of the source (a camera never ends by itself)",
    )
    run.set_defaults(command=_run)


def _add_models(commands: argparse._SubParsersAction[_Parser]) -> None:
    models = commands.add_parser(
        "models",
        help="list the landmark models, with the reason for those that cannot be used",
        description="Lists the landmark models of the program and of your own model folder.",
    )
    models.add_argument("--json", action="store_true", help="print JSON instead of a table")
    models.set_defaults(command=_models)


def _add_card(commands: argparse._SubParsersAction[_Parser]) -> None:
    card = commands.add_parser(
        "card",
        help="show what a model file says about itself, or write it into a foreign one",
        description="Prints the card of an ONNX file. With --set, --tune, --add or --output it "
        "writes one: what is not set is taken from the old card, or guessed from the network. "
        "The file is only written if the network then runs as its card says.",
    )
    card.add_argument("file", type=Path, metavar="FILE.onnx", help="the model")
    card.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a line of the card, such as layout=wflw98, mean=127.5 or std=58.4,57.1,57.4 "
        "(0..255 scale); may be repeated",
    )
    card.add_argument(
        "--tune",
        action="store_true",
        help="find crop_scale, crop_shift and the order of the colours on the demo clip",
    )
    card.add_argument(
        "--output", type=Path, metavar="COPY.onnx", help="write a copy and leave FILE as it is"
    )
    card.add_argument(
        "--add", action="store_true", help="write the copy into your own model folder"
    )
    card.add_argument("--json", action="store_true", help="print JSON")
    card.set_defaults(command=_card)


def _add_maps(commands: argparse._SubParsersAction[_Parser]) -> None:
    maps = commands.add_parser(
        "maps",
        help="show what the layers of a model make of a face",
        description="Runs a model on the largest face of a picture, or of the first frame of a "
        "video that shows one, and lists its layers; with --output it draws the feature maps of "
        "one of them, or the filters of the first.",
    )
    maps.add_argument("source", metavar="SOURCE", help=SOURCE_HELP)
    maps.add_argument(
        "--layer", type=int, metavar="N", help="number of the layer, as the list has it (default 1)"
    )
    maps.add_argument(
        "--filters", action="store_true", help="draw the filters of the first layer instead"
    )
    maps.add_argument("--output", type=Path, metavar="FILE.png", help="write the picture")
    add_network_options(maps)
    maps.set_defaults(command=_maps)


def _add_bench(commands: argparse._SubParsersAction[_Parser]) -> None:
    from app.vision.detectors import DEFAULT_DETECTOR, DETECTORS

    bench = commands.add_parser(
        "bench",
        help="measure speed, start and memory on this machine",
        description="Runs models on the same frames in turn, and the window on its own, and "
        "prints milliseconds per stage, start-up time and memory.",
    )
    bench.add_argument(
        "source", nargs="?", metavar="SOURCE", help="video or images; the demo clip if left out"
    )
    bench.add_argument(
        "--models",
        type=filled,
        metavar="A,B",
        help="models to compare, separated by commas; all if left out",
    )
    bench.add_argument(
        "--detector", choices=sorted(DETECTORS), default=DEFAULT_DETECTOR, help="face detector"
    )
    bench.add_argument(
        "--max-faces", type=int, default=1, metavar="N", help="faces followed (default 1)"
    )
    bench.add_argument(
        "--frames", type=int, default=300, metavar="N", help="frames measured (default 300)"
    )
    bench.add_argument(
        "--detect-interval",
        type=float,
        default=0.0,
        metavar="S",
        help="seconds between two runs of the detector (default 0: every frame, the worst case)",
    )
    bench.add_argument("--no-window", action="store_true", help="do not measure the window")
    bench.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    bench.set_defaults(command=_bench)


def _add_evaluate(commands: argparse._SubParsersAction[_Parser]) -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="measure models on labelled clips",
        description="Runs models over a clip whose faces are labelled and says how far off they "
        "are, by attribute. Smoothing is off, so that the model is measured. Exit code 1 with "
        "--fail-above, 2 for what can be mended.",
    )
    evaluate.add_argument(
        "clip",
        type=Path,
        metavar="CLIP_OR_FOLDER",
        help="a video or a folder of images with NAME.labels.jsonl beside it, a folder of 300-VW "
        "(video and annot/*.pts), images with .pts or .json files, a keypoints.csv, a list of WFLW "
        "(list_98pt_*.txt), or a folder of these",
    )
    evaluate.add_argument(
        "--models",
        type=filled,
        metavar="A,B",
        help="models to compare, separated by commas; all if left out",
    )
    evaluate.add_argument("--report", type=Path, metavar="FILE", help="write an HTML report")
    evaluate.add_argument("--json", type=Path, metavar="FILE", help="write the summary as JSON")
    evaluate.add_argument("--csv", type=Path, metavar="FILE", help="write a row per face")
    evaluate.add_argument(
        "--fail-above",
        type=positive,
        metavar="NME",
        help="end with exit code 1 if the first model's NME is above this share, such as 0.05",
    )
    evaluate.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="clips at the same time (default 1)"
    )
    evaluate.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        help="keep the result of each clip there and skip clips that have one newer than clip, "
        "labels and models (for a folder of clips: FOLDERNAME-results if left out)",
    )
    add_pipeline_options(evaluate)
    evaluate.add_argument(
        "--smoothing",
        dest="smooth",
        action="store_true",
        help="smooth the points as the window does",
    )
    evaluate.set_defaults(command=_evaluate)


def _add_label(commands: argparse._SubParsersAction[_Parser]) -> None:
    from app.vision.settings import FIELD_OF_VIEW, MAX_FACES

    label = commands.add_parser(
        "label",
        help="let FaceMesh label your own clip, so that models can be measured on it",
        description="Labels a video or a folder of images with MediaPipe FaceMesh and writes "
        "NAME.labels.jsonl beside it, marked as machine-made. Labels that a person has corrected "
        "stay. Stopped on the way it keeps what it has, and goes on when it is called again.",
    )
    label.add_argument("clip", type=Path, metavar="CLIP", help="video or folder of images")
    label.add_argument(
        "--overwrite",
        action="store_true",
        help="label frames again that a machine has labelled and nobody has corrected",
    )
    label.add_argument(
        "--max-faces",
        type=int,
        metavar="N",
        help=f"faces in one frame at most, {MAX_FACES.low:g} to {MAX_FACES.high:g} "
        f"(default {MAX_FACES.default:g})",
    )
    label.add_argument(
        "--fov",
        type=float,
        metavar="DEGREES",
        help=f"horizontal angle of the camera, if you know it; without it the pose assumes "
        f"{FIELD_OF_VIEW.default:g}",
    )
    label.add_argument(
        "--pts", type=Path, metavar="FOLDER", help="also write the labels as .pts files"
    )
    label.add_argument(
        "--csv",
        type=Path,
        metavar="FILE",
        help="also write the labels of images as a table, into the folder of the images or above",
    )
    label.set_defaults(command=_label)


def _add_drowsiness(commands: argparse._SubParsersAction[_Parser]) -> None:
    drowsiness = commands.add_parser(
        "drowsiness",
        help="judge the state of the driver in a clip",
        description="Finds blinks, long closures, yawns, turns and nods of the main face, PERCLOS "
        "and the driver's state over time. Without --profile the clip itself teaches what the "
        "person's open and shut eyes look like. A prototype, not a safety device.",
    )
    drowsiness.add_argument("source", metavar="CLIP", help=SOURCE_HELP)
    drowsiness.add_argument("--report", type=Path, metavar="FILE", help="write an HTML report")
    drowsiness.add_argument("--json", type=Path, metavar="FILE", help="write the events as JSON")
    drowsiness.add_argument("--csv", type=Path, metavar="FILE", help="write a row per frame")
    drowsiness.add_argument("--events", type=Path, metavar="FILE", help="write a CSV row per event")
    drowsiness.add_argument(
        "--profile", type=filled, metavar="NAME", help="driver profile to go by"
    )
    drowsiness.add_argument(
        "--preset", type=filled, metavar="NAME", help="thresholds saved under a name"
    )
    drowsiness.add_argument(
        "--set",
        action="append",
        metavar="NAME=VALUE",
        help="change one threshold, such as microsleep_s=1.5; may be repeated, and a wrong name "
        "lists all",
    )
    drowsiness.add_argument(
        "--face",
        type=int,
        metavar="ID",
        help="id of the face to watch, as --sidecar of `run` has it (default: the largest)",
    )
    drowsiness.add_argument(
        "--seconds", type=positive, metavar="S", help="end after so many seconds of the source"
    )
    add_vision_options(drowsiness)
    drowsiness.set_defaults(command=_drowsiness)


def _add_window_probe(commands: argparse._SubParsersAction[_Parser]) -> None:
    probe = commands.add_parser("window-probe")  # without help: `bench` alone calls it
    probe.add_argument("start_ns", type=int)
    probe.add_argument("seconds", type=float)
    probe.set_defaults(command=_window_probe)


def _add_model_probe(commands: argparse._SubParsersAction[_Parser]) -> None:
    probe = commands.add_parser("model-probe")  # without help: `app.vision.trial` alone calls it
    probe.add_argument("cpu_s", type=float)
    probe.add_argument("most_bytes", type=int)
    probe.set_defaults(command=_model_probe)


def _model_probe(options: argparse.Namespace) -> int:
    from app.vision.probe import probe_model

    return probe_model(options.cpu_s, options.most_bytes)


def _window(options: argparse.Namespace) -> int:
    from app.cli.window import open_window

    return open_window(options)


def _demo(options: argparse.Namespace) -> int:
    from app.cli.run import demo

    return demo(options)


def _run(options: argparse.Namespace) -> int:
    from app.cli.run import run

    return run(options)


def _models(options: argparse.Namespace) -> int:
    from app.cli.models import list_models

    return list_models(as_json=options.json)


def _card(options: argparse.Namespace) -> int:
    from app.cli.card import card

    return card(options)


def _maps(options: argparse.Namespace) -> int:
    from app.cli.maps import maps

    return maps(options)


def _bench(options: argparse.Namespace) -> int:
    from app.cli.bench import bench

    return bench(options)


def _evaluate(options: argparse.Namespace) -> int:
    from app.cli.evaluate import evaluate

    return evaluate(options)


def _label(options: argparse.Namespace) -> int:
    from app.cli.label import label

    return label(options)


def _drowsiness(options: argparse.Namespace) -> int:
    from app.cli.drowsiness import drowsiness

    return drowsiness(options)


def _window_probe(options: argparse.Namespace) -> int:
    from app.ui.probe import measure_window

    return measure_window(options.start_ns, options.seconds)
