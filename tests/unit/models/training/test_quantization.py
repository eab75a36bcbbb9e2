from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest

torch = pytest.importorskip("torch")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from models.training import quantization  # noqa: E402
from models.training.export import card_of, export  # noqa: E402
from models.training.quantization import SMALL_LAYER, last_layers, quantize  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.torch


def names_of(nodes: list, **sizes: tuple[int, int]) -> list[str]:
    """Which nodes stay in float; `sizes` are those of weights, others are large."""
    outputs = [helper.make_tensor_value_info("points", TensorProto.FLOAT, None)]
    weights = [numpy_helper.from_array(np.zeros(s, np.float32), n) for n, s in sizes.items()]
    graph = helper.make_graph(nodes, "graph", [], outputs, weights)
    return sorted(last_layers(helper.make_model(graph)))


def test_means_over_maps_stay_in_float_where_only_the_last_products_read_them() -> None:
    nodes = [
        helper.make_node("Conv", ["crop", "w0"], ["map"], name="first"),
        helper.make_node("GlobalAveragePool", ["map"], ["gate"], name="squeeze"),
        helper.make_node("Conv", ["gate", "w1"], ["factor"], name="excite"),
        helper.make_node("Mul", ["map", "factor"], ["scaled"], name="scale"),
        helper.make_node("GlobalAveragePool", ["scaled"], ["mean"], name="pool"),
        helper.make_node("Flatten", ["mean"], ["part"], name="flatten"),
        helper.make_node("Concat", ["part", "part"], ["features"], name="join"),
        helper.make_node("Gemm", ["features", "w2"], ["points"], name="points"),
    ]
    assert names_of(nodes) == ["flatten", "join", "points", "pool"]


def test_the_products_that_no_other_follows_stay_in_float() -> None:
    nodes = [
        helper.make_node("Conv", ["crop", "w0"], ["map"], name="first"),
        helper.make_node("Relu", ["map"], ["bent"], name="bend"),
        helper.make_node("Gemm", ["bent", "w1"], ["hidden"], name="hidden"),
        helper.make_node("Gemm", ["hidden", "w2"], ["points"], name="points"),
        helper.make_node("Gemm", ["hidden", "w3"], ["logit"], name="logit"),
        helper.make_node("Sigmoid", ["logit"], ["trust"], name="trust"),
    ]
    assert names_of(nodes) == ["logit", "points", "trust"]


def test_a_small_hidden_layer_before_the_last_ones_stays_in_float() -> None:
    nodes = [
        helper.make_node("Conv", ["crop", "w0"], ["map"], name="first"),
        helper.make_node("GlobalAveragePool", ["map"], ["mean"], name="pool"),
        helper.make_node("Gemm", ["mean", "w1"], ["points"], name="points"),
        helper.make_node("Gemm", ["mean", "w2"], ["aside"], name="hidden"),
        helper.make_node("Relu", ["aside"], ["bent"], name="bend"),
        helper.make_node("Gemm", ["bent", "w3"], ["logit"], name="logit"),
        helper.make_node("Sigmoid", ["logit"], ["trust"], name="trust"),
    ]
    last = ["logit", "points", "trust"]
    small, large = (64, SMALL_LAYER // 64), (65, SMALL_LAYER // 64)
    assert names_of(nodes, w2=small) == sorted([*last, "bend", "hidden", "pool"])
    assert names_of(nodes, w2=large) == last


def test_a_small_layer_that_another_product_follows_is_quantized() -> None:
    nodes = [
        helper.make_node("Gemm", ["crop", "w0"], ["gate"], name="squeeze"),
        helper.make_node("Relu", ["gate"], ["bent"], name="bend"),
        helper.make_node("Conv", ["bent", "w1"], ["map"], name="second"),
        helper.make_node("Gemm", ["map", "w2"], ["points"], name="points"),
    ]
    assert names_of(nodes, w0=(8, 8)) == ["points"]


def test_a_product_that_is_added_to_the_last_one_is_a_last_one_itself() -> None:
    # What onnxruntime makes of the sum of two products: the one is the offset of the other.
    nodes = [
        helper.make_node("Conv", ["crop", "w0"], ["map"], name="first"),
        helper.make_node("GlobalAveragePool", ["map"], ["mean"], name="pool"),
        helper.make_node("Gemm", ["mean", "w1", "b1"], ["part"], name="features"),
        helper.make_node("Conv", ["map", "w2"], ["cells"], name="cells"),
        helper.make_node("Flatten", ["cells"], ["flat"], name="flatten"),
        helper.make_node("Gemm", ["flat", "w3", "part"], ["points"], name="sum"),
    ]
    assert names_of(nodes) == ["features", "flatten", "pool", "sum"]


def test_what_a_family_keeps_in_float_stays_so(tmp_path: Path) -> None:
    folder = Path(__file__).parents[4] / "models" / "landmark_transformer"
    recipe = Recipe.load(folder / "small.toml")
    fp32, int8 = tmp_path / "fp32.onnx", tmp_path / "int8.onnx"
    export(recipe.build_network(), card_of(recipe, "a test"), fp32)
    side = recipe.crop.size
    inputs = np.random.default_rng(0).standard_normal((4, 3, side, side), np.float32)
    quantize(fp32, int8, inputs, parts=recipe.system.quantized_parts)
    model = onnx.load(int8)
    made = {output: node.op_type for node in model.graph.node for output in node.output}
    products = {"Conv": True, "Gemm": False, "MatMul": False}
    read = [
        (node.op_type, made.get(node.input[1]) == "DequantizeLinear")
        for node in model.graph.node
        if node.op_type in products
    ]
    assert {kind for kind, _ in read} == set(products)
    assert all(small == products[kind] for kind, small in read)


def test_the_range_is_taken_that_keeps_the_points_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe.load(Path(__file__).parents[4] / "models" / "pfld" / "0.25x.toml")
    fp32 = tmp_path / "fp32.onnx"
    torch.manual_seed(0)
    export(recipe.build_network(), card_of(recipe, "a test"), fp32)
    inputs = np.random.default_rng(0).standard_normal((8, 3, *[recipe.crop.size] * 2), np.float32)

    def points(*kept: float) -> np.ndarray:
        monkeypatch.setattr(quantization, "KEPT_VALUES", kept)
        int8 = tmp_path / "int8.onnx"
        quantize(fp32, int8, inputs)
        session = ort.InferenceSession(str(int8), providers=["CPUExecutionProvider"])
        return session.run(["points"], {"crop": inputs[:1]})[0]

    wide, narrow = points(99.99), points(50.0)
    assert np.abs(wide - narrow).max() > 0
    for both in (points(50.0, 99.99), points(99.99, 50.0)):
        np.testing.assert_array_equal(both, wide)


def test_the_first_convolution_of_a_quantized_network_reads_four_pixels_as_one(
    tmp_path: Path,
) -> None:
    recipe = Recipe.load(Path(__file__).parents[4] / "models" / "pfld" / "0.25x.toml")
    fp32, int8 = tmp_path / "fp32.onnx", tmp_path / "int8.onnx"
    torch.manual_seed(0)
    export(recipe.build_network(), card_of(recipe, "a test"), fp32)
    inputs = np.random.default_rng(0).standard_normal((8, 3, *[recipe.crop.size] * 2), np.float32)
    quantize(fp32, int8, inputs)
    weights = {t.name: tuple(t.dims) for t in onnx.load(int8).graph.initializer}
    kernels = [name for name in weights if name.endswith("kernel_quantized")]
    stem = recipe.network.stem
    assert [weights[name] for name in kernels] == [(2 * stem, 12, 3, 2)]
    assert (stem, 3, 3, 3) not in weights.values()
