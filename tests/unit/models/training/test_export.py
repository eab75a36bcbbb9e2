from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx  # noqa: E402

from app.core.layout import LAYOUTS  # noqa: E402
from models.training.evaluation import ModelFile, count_macs  # noqa: E402
from models.training.export import HALF_FROM, card_of, export  # noqa: E402
from models.training.learner import normalised  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.torch

RECIPES = Path(__file__).parents[4] / "models"


def test_large_kernels_are_stored_in_half_and_computed_in_full(tmp_path: Path) -> None:
    torch.manual_seed(0)
    recipe = Recipe.load(RECIPES / "pfld" / "gpu" / "0.25x.toml")
    network, path = recipe.build_network(), tmp_path / "model.onnx"
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # the last one of a new block is 0
            torch.nn.init.normal_(module.weight, 1.0, 0.1)
    export(network, card_of(recipe, "a test"), path)
    graph = onnx.load(path).graph
    types = {tensor.name: tensor.data_type for tensor in graph.initializer}
    casts = [node for node in graph.node if node.op_type == "Cast" and node.input[0] in types]
    unpacked = {node.output[0]: types[node.input[0]] for node in casts}
    sizes = {t.name: int(np.prod(t.dims)) for t in graph.initializer}
    kernels = [node.input[1] for node in graph.node if node.op_type == "Conv"]
    assert {unpacked[k] for k in kernels if k in unpacked} == {onnx.TensorProto.FLOAT16}
    assert all(sizes[k] < HALF_FROM for k in kernels if k not in unpacked)
    size = recipe.crop.size
    crop = np.random.default_rng(0).integers(0, 256, (size, size, 3)).astype(np.uint8)
    with torch.inference_mode():
        images = torch.from_numpy(crop).permute(2, 0, 1)[None]
        expected = network.eval()(normalised(images, recipe.crop)).points[0].numpy()
    points, _ = ModelFile(path).run(crop)
    assert 1e-7 < np.abs(points.ravel() - expected).max() < 1e-3


@pytest.mark.parametrize(
    "recipe", ["pfld/0.25x.toml", "keypoints15/keypoints15.toml"], ids=["unit", "symmetric"]
)
def test_a_mirrored_file_averages_a_crop_and_its_mirror_image(recipe: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    read = Recipe.load(RECIPES / recipe)
    network, card = read.build_network(), card_of(read, "a test")
    files = []
    for mirrored in (False, True):
        path = tmp_path / f"{mirrored}.onnx"
        export(network, card, path, mirrored=mirrored)
        files.append(ModelFile(path))
    plain, both = files
    assert count_macs(both.path) == 2 * count_macs(plain.path)
    rng = np.random.default_rng(0)
    crop = rng.integers(0, 256, (card.input_size, card.input_size, 3)).astype(np.uint8)
    (points, trust), (other, other_trust) = plain.run(crop), plain.run(crop[:, ::-1])
    back = other[list(LAYOUTS[card.layout].mirror)] * [-1, 1] + [1, 0]
    assert np.abs(points - back).max() > 1e-3
    found, found_trust = both.run(crop)
    np.testing.assert_allclose(found, (points + back) / 2, atol=1e-5)
    logits = [np.log(t / (1 - t)) for t in (trust, other_trust, found_trust)]
    assert logits[2] == pytest.approx((logits[0] + logits[1]) / 2, abs=1e-3)
    if card.pose_output:
        angles, other_angles = plain.pose(crop), plain.pose(crop[:, ::-1])
        expected = (angles + other_angles * [-1, 1, -1]) / 2
        np.testing.assert_allclose(both.pose(crop), expected, atol=1e-3)
