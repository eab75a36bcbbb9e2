"""Model files with a good card that do what no file should."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import GraphProto, NodeProto, TensorProto, helper, numpy_helper

from tests.unit.vision.tiny_model import CARD

_CARD = CARD.to_metadata()
_OUTPUTS = {
    "points": (TensorProto.FLOAT, (1, 136)),
    "trust": (TensorProto.FLOAT, (1, 1)),
}


def _save(
    path: Path,
    nodes: list[NodeProto],
    weights: dict[str, np.ndarray],
    *,
    kinds: dict[str, int] | None = None,
) -> Path:
    """A network with the good ways to points and trust, unless the nodes give them."""
    given = {name for node in nodes for name in node.output}
    weights = {"half": np.full((1, 136), 0.5, np.float32)} | weights
    weights["sure"] = np.ones((1, 1), np.float32)
    good = {
        "points": helper.make_node("Identity", ["half"], ["points"]),
        "trust": helper.make_node("Identity", ["sure"], ["trust"]),
    }
    graph = helper.make_graph(
        [*nodes, *(node for name, node in good.items() if name not in given)],
        "hostile",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, (1, 3, 16, 16))],
        [
            helper.make_tensor_value_info(name, (kinds or {}).get(name, kind), shape)
            for name, (kind, shape) in _OUTPUTS.items()
        ],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    helper.set_model_props(model, _CARD)
    onnx.save(model, str(path))
    return path


def _body(nodes: list[NodeProto]) -> GraphProto:
    return helper.make_graph(
        nodes,
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, ()),
            helper.make_tensor_value_info("go", TensorProto.BOOL, ()),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 136)),
        ],
        [
            helper.make_tensor_value_info("goes", TensorProto.BOOL, ()),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 136)),
        ],
    )


def endless(path: Path, *, on_bright: bool = False) -> Path:
    """A loop without end; with `on_bright` only where the picture is bright."""
    body = _body(
        [
            helper.make_node("Identity", ["go"], ["goes"]),
            helper.make_node("Mul", ["x", "factor"], ["y"]),
        ]
    )
    nodes = [helper.make_node("Loop", ["", "yes", "half"], ["points"], body=body)]
    if on_bright:
        nodes = [
            helper.make_node("ReduceMax", ["image"], ["most"], keepdims=0),
            helper.make_node("Greater", ["most", "dark"], ["bright"]),
            helper.make_node("Loop", ["", "bright", "half"], ["points"], body=body),
        ]
    weights = {
        "yes": np.array(True),
        "factor": np.array(1, np.float32),
        "dark": np.array(0.1, np.float32),
    }
    return _save(path, nodes, weights)


def swamping(path: Path) -> Path:
    """Four gigabytes from a file of a kilobyte."""
    nodes = [
        helper.make_node("ConstantOfShape", ["shape"], ["many"]),
        helper.make_node("ReduceMax", ["many"], ["one"], keepdims=0),
        helper.make_node("Add", ["half", "one"], ["points"]),
    ]
    return _save(path, nodes, {"shape": np.array([2**30], np.int64)})


def failing_on_a_face(path: Path) -> Path:
    """An index beyond the end as soon as the picture is not dark."""
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["most"], keepdims=0),
        helper.make_node("Mul", ["most", "hundred"], ["large"]),
        helper.make_node("Cast", ["large"], ["index"], to=TensorProto.INT64),
        helper.make_node("Gather", ["two", "index"], ["value"]),
        helper.make_node("Add", ["half", "value"], ["points"]),
    ]
    weights = {"hundred": np.array(100, np.float32), "two": np.zeros(2, np.float32)}
    return _save(path, nodes, weights)


def giving(path: Path, value: float) -> Path:
    """The same value for every coordinate."""
    nodes = [helper.make_node("Identity", ["value"], ["points"])]
    return _save(path, nodes, {"value": np.full((1, 136), value, np.float32)})


def giving_on_bright(path: Path, value: float) -> Path:
    """The value where the picture is bright, and good points where it is dark."""
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["most"], keepdims=0),
        helper.make_node("Greater", ["most", "dark"], ["bright"]),
        helper.make_node("Where", ["bright", "value", "half"], ["points"]),
    ]
    weights = {
        "value": np.full((1, 136), value, np.float32),
        "dark": np.array(0.1, np.float32),
    }
    return _save(path, nodes, weights)


def trusting(path: Path, value: float) -> Path:
    """A probability of that value."""
    nodes = [helper.make_node("Identity", ["value"], ["trust"])]
    return _save(path, nodes, {"value": np.full((1, 1), value, np.float32)})


def talking(path: Path) -> Path:
    """Texts in the place of points."""
    nodes = [helper.make_node("Cast", ["half"], ["points"], to=TensorProto.STRING)]
    return _save(path, nodes, {}, kinds={"points": TensorProto.STRING})


def reading(path: Path, where: str, location: str) -> Path:
    """Points from another file: as a weight, as a constant or inside a loop."""
    tensor = TensorProto(name="weight", data_type=TensorProto.FLOAT, dims=[1, 136])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    nodes, constant = [], helper.make_node("Constant", [], ["read"], value=tensor)
    if where == "weight":
        nodes = [helper.make_node("Identity", ["weight"], ["points"])]
    elif where == "constant":
        nodes = [constant, helper.make_node("Identity", ["read"], ["points"])]
    else:
        body = _body(
            [
                constant,
                helper.make_node("Identity", ["go"], ["goes"]),
                helper.make_node("Add", ["x", "read"], ["y"]),
            ]
        )
        nodes = [helper.make_node("Loop", ["three", "", "half"], ["points"], body=body)]
    _save(path, nodes, {"three": np.array(3, np.int64)})
    if where == "weight":
        model = onnx.load(str(path), load_external_data=False)
        model.graph.initializer.append(tensor)
        path.write_bytes(model.SerializeToString())
    return path
