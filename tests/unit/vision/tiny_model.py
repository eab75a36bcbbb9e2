"""Landmark networks of a few hundred bytes, for what the zoo must accept and refuse."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from app.core.card import ModelCard

CARD = ModelCard(
    name="tiny",
    family="tiny",
    precision="fp32",
    layout="ibug68",
    input_size=16,
    channels="bgr",
    mean=(0.0, 0.0, 0.0),
    std=(255.0, 255.0, 255.0),
    crop_scale=1.3,
    crop_shift=0.0,
    points_output="points",
    coordinates="unit",
    trust_output="trust",
)


def write_model(
    path: Path,
    *,
    card: ModelCard | None = CARD,
    numbers: int = 136,
    size: int = 16,
    metadata: dict[str, str] | None = None,
    depth: int = 3,
    channels_last: bool = False,
    angles: tuple[float, ...] = (10.0, -20.0, 5.0),
    seen: tuple[float, ...] = (0.25, 0.5, 0.75),
    told: tuple[float, ...] = (0.125, 1.0),
    **card_changes: object,
) -> Path:
    """A network that puts every point into the middle and trusts bright crops.

    Args:
        path: where to write.
        card: what it says about itself, None for nothing.
        numbers: how many coordinates it really gives.
        size: the input that it really takes.
        metadata: instead of a card.
        depth: channels of its input.
        channels_last: they come last.
        angles: what its output `angles` always says.
        seen: what its output `seen` always says.
        told: what its output `told` always says.
        card_changes: fields of the card that differ.
    """
    sides = (1, size, size, depth) if channels_last else (1, depth, size, size)
    half = np.full((1, numbers), 0.5, np.float32)
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Reshape", ["mean", "one"], ["trust"]),
        helper.make_node("Mul", ["trust", "nothing"], ["zero"]),
        helper.make_node("Add", ["zero", "half"], ["points"]),
        helper.make_node("Add", ["zero", "turned"], ["angles"]),
        helper.make_node("Add", ["zero", "clear"], ["seen"]),
        helper.make_node("Add", ["zero", "shown"], ["told"]),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, sides)],
        [
            helper.make_tensor_value_info("points", TensorProto.FLOAT, (1, numbers)),
            helper.make_tensor_value_info("trust", TensorProto.FLOAT, (1, 1)),
            helper.make_tensor_value_info("angles", TensorProto.FLOAT, (1, len(angles))),
            helper.make_tensor_value_info("seen", TensorProto.FLOAT, (1, len(seen))),
            helper.make_tensor_value_info("told", TensorProto.FLOAT, (1, len(told))),
        ],
        [
            numpy_helper.from_array(half, "half"),
            numpy_helper.from_array(np.array([angles], np.float32), "turned"),
            numpy_helper.from_array(np.array([seen], np.float32), "clear"),
            numpy_helper.from_array(np.array([told], np.float32), "shown"),
            numpy_helper.from_array(np.zeros(1, np.float32), "nothing"),
            numpy_helper.from_array(np.array([1, 1], np.int64), "one"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    if metadata is None:
        metadata = {}
        if card is not None:
            metadata = dataclasses.replace(card, **card_changes).to_metadata()
    helper.set_model_props(model, metadata)
    onnx.save(model, str(path))
    return path
