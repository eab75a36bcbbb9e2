"""A landmark network that sees the mean face in every crop: real, tiny and always trusted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from app.core.card import ModelCard
from app.core.resources import asset

CROP_SCALE = 1.3


def write_mean_face_model(
    path: Path, *, name: str = "mean-face", family: str = "mean-face"
) -> Path:
    """Write the network with its card as an ONNX file."""
    card = ModelCard(
        name=name,
        family=family,
        precision="fp32",
        layout="ibug68",
        input_size=16,
        channels="bgr",
        mean=(0.0, 0.0, 0.0),
        std=(255.0, 255.0, 255.0),
        crop_scale=CROP_SCALE,
        crop_shift=0.0,
        points_output="points",
        coordinates="unit",
        nme_val={"all": 12.3},
    )
    nodes = [
        helper.make_node("ReduceMean", ["image"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "nothing"], ["zero"]),
        helper.make_node("Add", ["zero", "face"], ["points"]),
    ]
    graph = helper.make_graph(
        nodes,
        "mean-face",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 16, 16))],
        [helper.make_tensor_value_info("points", TensorProto.FLOAT, (1, 136))],
        [
            numpy_helper.from_array(_points(), "face"),
            numpy_helper.from_array(np.zeros(1, np.float32), "nothing"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, card.to_metadata())
    onnx.save(model, str(path))
    return path


def _points() -> np.ndarray:
    """(1, 136) the mean face from the front, as shares of the crop."""
    text = asset("face_points_68.json").read_text("utf-8")
    points = np.array(json.loads(text)["points"])[:, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    side = (high - low).max() * CROP_SCALE
    unit = 0.5 + (points - (low + high) / 2) / side
    return unit.reshape(1, -1).astype(np.float32)
