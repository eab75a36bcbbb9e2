"""A trained network as an ONNX file with its card."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from app.core.card import ModelCard
from models.training.blendshapes import BLENDSHAPES
from models.training.corners import FromCorners
from models.training.recipe import Recipe

OPSET = 17
DEGREES = 180 / math.pi
INPUT, POINTS, TRUST, POSE = "crop", "points", "trust", "pose"
VISIBILITY, EXPRESSION = "visibility", "expression"

TINY = 1e-20
"""Weights smaller than this become 0: subnormal numbers slow a CPU down by up to 20 times."""

HALF_FROM = 4096
"""Number of weights of a layer from which on they are stored in half precision: half of the bytes,
and steps of 0.05 % of each weight."""

TRAINED_ON = (
    "300-W (1,577 faces of its training part, points checked by people); YouTube Faces frames, "
    "LFW, web pictures with and without masks, pictures of yawns: points from two face meshes of "
    "MediaPipe, mapped to those of 300-W; blendshapes from MediaPipe's Face Landmarker"
)
LICENCE = (
    "for research, not for commercial use: 300-W, which it learned from, allows no more; the "
    "pictures belong to their owners"
)


class _Exported(nn.Module):
    """The network as the program sees it: points, and if it has them trust and visibility as
    probabilities, pose in degrees and some of the blendshapes.
    """

    def __init__(self, network: nn.Module, expressions: Sequence[str]) -> None:
        super().__init__()
        self._network = network
        self._told = [BLENDSHAPES.index(name) for name in expressions]

    def forward(self, crop: Tensor) -> tuple[Tensor, ...]:
        """(1, C, N, N) to points (1, 2 K), trust (1, 1), pose (1, 3), visibility (1, 3) and
        expression (1, E).
        """
        prediction = self._network(crop)
        outputs = [prediction.points]
        if prediction.trust is not None:
            outputs.append(torch.sigmoid(prediction.trust))
        if prediction.pose is not None:
            outputs.append(prediction.pose * DEGREES)
        if prediction.visibility is not None:
            outputs.append(torch.sigmoid(prediction.visibility))
        if prediction.expression is not None and self._told:
            outputs.append(prediction.expression[:, self._told].clamp(0, 1))
        return tuple(outputs)


def card_of(recipe: Recipe, made_by: str, expressions: Sequence[str] = ()) -> ModelCard:
    """The card of a recipe's fp32 file, still without measurements.

    Args:
        recipe: of the model.
        made_by: recipe and commit.
        expressions: blendshapes that the file tells of.
    """
    crop, system = recipe.file_crop, recipe.system
    depth = 1 if crop.channels == "grey" else 3
    return ModelCard(
        name=recipe.name,
        family=recipe.family,
        precision="fp32",
        layout=system.layout.name,
        input_size=crop.size,
        channels=crop.channels,
        mean=(crop.mean,) * depth,
        std=(crop.std,) * depth,
        crop_scale=crop.scale,
        crop_shift=crop.shift,
        points_output=POINTS,
        coordinates=system.coordinates,
        trust_output=TRUST if system.trust else None,
        pose_output=POSE if system.pose else None,
        pose_source="network" if system.pose else "points",
        visibility_output=VISIBILITY if system.aside else None,
        expression_output=EXPRESSION if expressions else None,
        expressions=tuple(expressions),
        trained_on=TRAINED_ON,
        licence=LICENCE,
        made_by=made_by,
    )


def export(network: nn.Module, card: ModelCard, path: Path, *, corners: bool = False) -> None:
    """Write the network and its card; the network is put into evaluation mode.

    Args:
        network: of the family's kind.
        card: what the file says of itself; with corners its input is the larger crop, see
            `Recipe.file_crop`.
        path: file to write.
        corners: the file asks the network about four corners of its crop and averages.
    """
    network.eval()
    asked = FromCorners(network, card) if corners else network
    exported = _Exported(asked, card.expressions)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter[parameter.abs() < TINY] = 0.0
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # The TorchScript exporter says that it is the old one; the new one needs onnxscript.
        warnings.simplefilter("ignore", DeprecationWarning)
        # The input has one shape, so what the tracer takes for constant is constant.
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        torch.onnx.export(
            exported.eval(),
            (torch.zeros(1, card.depth, card.input_size, card.input_size),),
            str(path),
            input_names=[INPUT],
            output_names=[
                name
                for name in (
                    card.points_output,
                    card.trust_output,
                    card.pose_output,
                    card.visibility_output,
                    card.expression_output,
                )
                if name
            ],
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load(path)
    store_in_half(model)
    write_card(model, card)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)


def store_in_half(model: Any) -> None:
    """Keep the weights of the large layers of a loaded model in half precision.

    The runtime unpacks them as it loads the file and computes in single precision as before.
    """
    kernels = {node.input[1] for node in model.graph.node if node.op_type in ("Conv", "Gemm")}
    largest, casts = np.finfo(np.float16).max, []
    for tensor in model.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        large = tensor.name in kernels and weights.size >= HALF_FROM
        if large and np.abs(weights).max() <= largest:
            full, packed = tensor.name, f"{tensor.name}.half"
            tensor.CopyFrom(numpy_helper.from_array(weights.astype(np.float16), packed))
            casts.append(helper.make_node("Cast", [packed], [full], full, to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def write_card(model: Any, card: ModelCard) -> None:
    """Put a card into a loaded ONNX model; one that is there already is replaced."""
    del model.metadata_props[:]
    for key, value in card.to_metadata().items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
