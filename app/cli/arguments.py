"""Groups of options that several commands share."""

from __future__ import annotations

import argparse
import math
from pathlib import Path


def add_vision_options(parser: argparse.ArgumentParser) -> None:
    """Model, detector and how faces are looked for."""
    group = add_network_options(parser)
    add_detail_options(group)
    group.add_argument(
        "--no-smoothing",
        dest="smooth",
        action="store_const",
        const=False,
        help="do not smooth the points",
    )


def add_network_options(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Model and detector."""
    from app.vision.presets import PRESETS

    group = parser.add_argument_group("what is looked for")
    group.add_argument(
        "--model",
        type=filled,
        metavar="NAME",
        help="landmark model: a name that `pfld-live models` lists, or an ONNX file with a card",
    )
    group.add_argument(
        "--pipeline",
        choices=[preset.name for preset in PRESETS],
        help="detector and model together: "
        + "; ".join(f"{preset.name}: {preset.title}" for preset in PRESETS),
    )
    add_detector_option(group)
    return group


def add_pipeline_options(group: argparse._ActionsContainer) -> None:
    """How faces are looked for, whatever the model."""
    add_detector_option(group)
    add_detail_options(group)


def add_detector_option(group: argparse._ActionsContainer) -> None:
    """What finds the faces."""
    from app.vision.detectors import DEFAULT_DETECTOR, DETECTORS

    group.add_argument(
        "--detector",
        choices=sorted(DETECTORS),
        help=f"face detector (default {DEFAULT_DETECTOR}). "
        + " ".join(f"{d.name}: {d.summary}" for d in DETECTORS.values()),
    )


def add_detail_options(group: argparse._ActionsContainer) -> None:
    """How many faces, how often, and through what lens."""
    from app.vision.settings import DETECT_INTERVAL, FIELD_OF_VIEW, MAX_FACES

    for flag, quantity, kind, metavar in (
        ("--max-faces", MAX_FACES, int, "N"),
        ("--fov", FIELD_OF_VIEW, float, "DEGREES"),
        ("--detect-interval", DETECT_INTERVAL, float, "SECONDS"),
    ):
        unit = f" {quantity.unit}" if quantity.unit else ""
        group.add_argument(
            flag,
            type=kind,
            metavar=metavar,
            help=f"{quantity.help} {quantity.low:g} to {quantity.high:g}{unit}, "
            f"default {quantity.default:g}.",
        )


def add_output_options(parser: argparse.ArgumentParser) -> None:
    """Files to write."""
    group = parser.add_argument_group("what is written")
    group.add_argument("--headless", action="store_true", help="open no window")
    group.add_argument(
        "--output", type=Path, metavar="FILE", help="write the annotated video (mp4 or mkv)"
    )
    group.add_argument("--json", type=Path, metavar="FILE", help="write the summary as JSON")
    group.add_argument(
        "--sidecar",
        "--predictions",
        type=Path,
        metavar="FILE",
        help="write one JSON line per frame: faces with points, pose, openings of eyes and mouth; "
        "together with --output a manifest with models and settings is written beside the video",
    )
    group.add_argument("--csv", type=Path, metavar="FILE", help="write one row per frame and face")
    group.add_argument(
        "--record",
        choices=("annotated", "clean", "both"),
        help="what --output shows; with `both` the clean video is NAME-clean.mp4 (default "
        "annotated)",
    )
    group.add_argument(
        "--draw",
        metavar="A,B",
        help="what is drawn into the annotated video: points, lines, numbers, box, axes, mirror "
        "(default points,numbers,box,axes)",
    )
    group.add_argument(
        "--quality",
        choices=("small", "good", "best"),
        help="small files or good pictures (default good)",
    )
    group.add_argument(
        "--constant-rate",
        type=positive,
        metavar="FPS",
        help="repeat or leave out pictures so that they follow each other at this rate; without "
        "it each keeps its true time",
    )
    group.add_argument(
        "--snapshot",
        type=Path,
        metavar="FILE",
        help="keep the last picture as PNG, with overlay and without (NAME-clean.png)",
    )
    group.add_argument(
        "--overwrite", action="store_true", help="replace a video that is there already"
    )


def add_send_options(parser: argparse.ArgumentParser) -> None:
    """Live data for other programs."""
    group = parser.add_argument_group("what is sent to other programs")
    group.add_argument(
        "--send",
        type=filled,
        metavar="A,B",
        help="send each frame over UDP: json, openseeface, opentrack, each maybe with a port as in "
        "json:5000 (default ports 11574, 11573, 4242)",
    )
    group.add_argument(
        "--send-host",
        type=filled,
        metavar="HOST",
        help="where to: a name or an address (default 127.0.0.1: this machine only)",
    )


def positive(text: str) -> float:
    """A number above 0 for argparse."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def filled(text: str) -> str:
    """A text that says something, for argparse; a variable of a shell may be empty."""
    if not text.strip(" ,"):
        raise argparse.ArgumentTypeError("nothing is named")
    return text
