import pytest

torch = pytest.importorskip("torch")

from onnx import TensorProto, helper  # noqa: E402

from models.training.quantization import last_layers  # noqa: E402

pytestmark = pytest.mark.torch


def test_the_products_that_no_other_follows_stay_in_float() -> None:
    nodes = [
        helper.make_node("Conv", ["crop", "w0"], ["map"], name="first"),
        helper.make_node("Relu", ["map"], ["bent"], name="bend"),
        helper.make_node("Gemm", ["bent", "w1"], ["hidden"], name="hidden"),
        helper.make_node("Gemm", ["hidden", "w2"], ["points"], name="points"),
        helper.make_node("Gemm", ["hidden", "w3"], ["logit"], name="logit"),
        helper.make_node("Sigmoid", ["logit"], ["trust"], name="trust"),
    ]
    outputs = [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("points",)]
    model = helper.make_model(helper.make_graph(nodes, "graph", [], outputs))
    assert sorted(last_layers(model)) == ["logit", "points", "trust"]
