"""`pfld-live maps`: the inside of a network at work on a face."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.capture.source import Pace, SourceOptions, open_source
from app.cli.options import CAMERA_GIVE_UP_S, apply_pipeline, vision_settings
from app.core.errors import ModelError, PfldLiveError, SourceError
from app.core.face import Face
from app.core.frame import Frame
from app.record.snapshot import check_png, write_png
from app.vision.contact_sheet import inside_sheet
from app.vision.detectors import DEFAULT_DETECTOR
from app.vision.face_extent import FaceExtent
from app.vision.feature_maps import Inside, NetworkInside
from app.vision.offline import open_pipeline, process
from app.vision.zoo import Zoo


def maps(options: argparse.Namespace) -> int:
    """List the layers, or write the picture of one.

    Raises:
        PfldLiveError: there is no face, no such layer, or the picture cannot be written.
    """
    output: Path | None = options.output
    if options.filters and options.layer is not None:
        raise PfldLiveError("--filters shows the first layer; leave --layer out.")
    if output is not None:
        check_png(output)
    elif options.filters or options.layer is not None:
        raise PfldLiveError("Name the picture to draw with --output FILE.png.")
    apply_pipeline(options)
    entry = Zoo.entry_for(options.model or "")
    if entry.reference:
        raise ModelError(
            f"{entry.label} is no ONNX file; choose a model with a file of its own to look into it."
        )
    network = NetworkInside(entry.path)
    frame, face = _first_face(options)
    inside = network.look(frame.image, FaceExtent(face.layout).box(face.raw_points))
    if output is None:
        _list(entry.label, inside)
        return 0
    layer = None if options.filters else _chosen(inside, options.layer)
    sheet, note = inside_sheet(network, inside, layer)
    write_png(output, sheet)
    title = "filters of the first layer" if layer is None else inside.layers[layer].title
    print(f"{entry.label}, {title}: {output.resolve()}")
    if note:
        print(note)
    return 0


def _first_face(options: argparse.Namespace) -> tuple[Frame, Face]:
    """The largest face of the first frame that shows one."""
    source = open_source(options.source, SourceOptions(pace=Pace.FAST, give_up_s=CAMERA_GIVE_UP_S))
    with (
        source,
        open_pipeline(
            model=options.model or "",
            detector=options.detector or DEFAULT_DETECTOR,
            settings=vision_settings(options),
        ) as pipeline,
    ):
        for result in process(source, pipeline):
            if result.faces:
                return result.frame, max(result.faces, key=lambda face: face.box.area)
    raise SourceError(f"No face was found in {source.name}; choose a picture that shows one.")


def _chosen(inside: Inside, number: int | None) -> int:
    """Index of the layer of a number that counts from 1."""
    if number is None:
        return 0
    if not 1 <= number <= len(inside.layers):
        raise ModelError(f"There is no layer {number}; the network has 1 to {len(inside.layers)}.")
    return number - 1


def _list(label: str, inside: Inside) -> None:
    print(f"{label}: layers of the network")
    for layer in inside.layers:
        print(f"  {layer.title}")
