from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from models.training.columns import join_columns

FLOAT = TensorProto.FLOAT
SHIPPED = Path(__file__).parents[4] / "models" / "pfld-0.25x-fp32.onnx"


def run(model: Any, crop: np.ndarray) -> list[np.ndarray]:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: crop})


def one_convolution(
    *,
    side: int | str = 16,
    channels: int = 3,
    kernel: int = 3,
    stride: int = 2,
    offsets: bool = True,
    after: str = "Relu",
) -> Any:
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((5, channels, kernel, kernel), np.float32)
    added = rng.standard_normal(5, np.float32)
    nodes = [
        helper.make_node(
            "Conv", ["crop", "w", *(["b"] if offsets else [])], ["map"], "first",
            strides=[stride] * 2, pads=[kernel // 2] * 4, kernel_shape=[kernel] * 2,
        ),
        helper.make_node(after, ["map"], ["bent"], "bend"),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("crop", FLOAT, [2, channels, side, side])],
        [helper.make_tensor_value_info("bent", FLOAT, [2, 5, None, None])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(added, "b")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_joined_columns_give_the_same_maps_up_to_the_border() -> None:
    model = one_convolution()
    crop = np.random.default_rng(1).standard_normal((2, 3, 16, 16), np.float32)
    (wanted,) = run(model, crop)
    assert join_columns(model)
    onnx.checker.check_model(model, full_check=True)
    (joined,) = run(model, crop)
    assert joined.shape == wanted.shape == (2, 5, 8, 8)
    np.testing.assert_allclose(joined, wanted, rtol=1e-4, atol=1e-5)


def test_a_shipped_network_answers_as_before() -> None:
    model = onnx.load(SHIPPED)
    size = model.graph.input[0].type.tensor_type.shape.dim[2].dim_value
    crop = np.random.default_rng(1).standard_normal((1, 3, size, size), np.float32)
    wanted = run(model, crop)
    assert join_columns(model)
    onnx.checker.check_model(model, full_check=True)
    first = next(node for node in model.graph.node if node.op_type == "Conv")
    kernel = next(t for t in model.graph.initializer if t.name == first.input[1])
    assert tuple(kernel.dims)[1:] == (12, 3, 2)
    for joined, answer in zip(run(model, crop), wanted, strict=True):
        np.testing.assert_allclose(joined, answer, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "other",
    [
        {"kernel": 5},
        {"stride": 1},
        {"after": "Sigmoid"},
        {"side": 18},
        {"side": "open"},
        {"channels": 1},
        {"channels": 64},
        {"offsets": False},
    ],
    ids=str,
)
def test_another_first_convolution_is_left_alone(other: dict[str, Any]) -> None:
    model = one_convolution(**other)
    before = model.SerializeToString()
    assert not join_columns(model)
    assert model.SerializeToString() == before


def test_a_convolution_that_stays_in_float_is_left_alone() -> None:
    assert not join_columns(one_convolution(), except_for=["first"])


def test_a_convolution_whose_maps_are_read_elsewhere_is_left_alone() -> None:
    for reader in ("Sigmoid", None):
        model = one_convolution()
        if reader is None:  # as an answer of the network itself
            model.graph.output.append(helper.make_tensor_value_info("map", FLOAT, [2, 5, 8, 8]))
        else:
            model.graph.node.append(helper.make_node(reader, ["map"], ["other"], "reader"))
        before = model.SerializeToString()
        assert not join_columns(model)
        assert model.SerializeToString() == before


def test_weights_that_others_read_too_stay() -> None:
    model = one_convolution()
    model.graph.node.append(
        helper.make_node("Conv", ["bent", "v", "b"], ["second"], "second", kernel_shape=[1, 1])
    )
    model.graph.initializer.append(numpy_helper.from_array(np.ones((5, 5, 1, 1), np.float32), "v"))
    model.graph.output.append(helper.make_tensor_value_info("second", FLOAT, [2, 5, 8, 8]))
    crop = np.random.default_rng(1).standard_normal((2, 3, 16, 16), np.float32)
    wanted = run(model, crop)
    assert join_columns(model)
    assert {t.name for t in model.graph.initializer} >= {"b", "v"}
    assert "w" not in {t.name for t in model.graph.initializer}
    for joined, answer in zip(run(model, crop), wanted, strict=True):
        np.testing.assert_allclose(joined, answer, rtol=1e-4, atol=1e-5)
