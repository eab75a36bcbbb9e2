from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from app.vision.joined_columns import separate_kernel, separate_maps
from models.training.columns import join_columns, joined_kernel

SHIPPED = Path(__file__).parents[4] / "models" / "pfld-0.25x-fp32.onnx"


def run(model: Any, crop: np.ndarray) -> list[np.ndarray]:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: crop})


def one_convolution(
    *, side: int = 16, kernel: int = 3, stride: int = 2, after: str = "Relu"
) -> Any:
    rng = np.random.default_rng(0)
    weights = rng.standard_normal((5, 3, kernel, kernel), np.float32)
    offsets = rng.standard_normal(5, np.float32)
    nodes = [
        helper.make_node(
            "Conv", ["crop", "w", "b"], ["map"], "first",
            strides=[stride] * 2, pads=[kernel // 2] * 4, kernel_shape=[kernel] * 2,
        ),
        helper.make_node(after, ["map"], ["bent"], "bend"),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("crop", TensorProto.FLOAT, [2, 3, side, side])],
        [helper.make_tensor_value_info("bent", TensorProto.FLOAT, [2, 5, None, None])],
        [numpy_helper.from_array(weights, "w"), numpy_helper.from_array(offsets, "b")],
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
    names = {node.name for node in model.graph.node}
    size = model.graph.input[0].type.tensor_type.shape.dim[2].dim_value
    crop = np.random.default_rng(1).standard_normal((1, 3, size, size), np.float32)
    wanted = run(model, crop)
    assert join_columns(model)
    onnx.checker.check_model(model, full_check=True)
    assert not {node.name for node in model.graph.node} >= names
    for joined, answer in zip(run(model, crop), wanted, strict=True):
        np.testing.assert_allclose(joined, answer, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "other", [{"kernel": 5}, {"stride": 1}, {"after": "Sigmoid"}, {"side": 18}], ids=str
)
def test_another_first_convolution_is_left_alone(other: dict[str, Any]) -> None:
    model = one_convolution(**other)
    before = model.SerializeToString()
    assert not join_columns(model)
    assert model.SerializeToString() == before


def test_a_convolution_that_stays_in_float_is_left_alone() -> None:
    model = one_convolution()
    assert not join_columns(model, except_for=["first"])


def test_what_was_joined_comes_apart_again() -> None:
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal((7, 3, 3, 3), np.float32)
    assert np.array_equal(separate_kernel(joined_kernel(kernel), 3), kernel)
    maps = rng.standard_normal((7, 8, 8), np.float32)
    joined = maps.reshape(7, 8, 4, 2).transpose(3, 0, 1, 2).reshape(14, 8, 4)
    assert np.array_equal(separate_maps(joined), maps)


@pytest.mark.parametrize("shape", [(16, 3, 3, 3), (16, 3, 7, 7), (8, 1, 4, 4)], ids=str)
def test_a_plain_kernel_is_no_joined_one(shape: tuple[int, ...]) -> None:
    kernel = np.ones(shape, np.float32)
    assert separate_kernel(kernel, shape[1]).shape == shape
    assert separate_maps(np.ones((16, 9, 9), np.float32)).shape == (16, 9, 9)
