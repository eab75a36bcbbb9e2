from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx  # noqa: E402

from app.core.layout import LAYOUTS  # noqa: E402
from models.training.corners import MARGIN  # noqa: E402
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
def test_a_file_with_corners_averages_four_parts_of_its_crop(recipe: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    read = Recipe.load(RECIPES / recipe)
    read = replace(read, corners=False)
    network, square = read.build_network(), read.crop.size
    with torch.no_grad():  # an untrained network says nearly the same of all corners
        for name, parameter in network.named_parameters():
            if name.startswith(("trust", "pose")):
                parameter.mul_(50)
    plain, all_four = (tmp_path / f"{name}.onnx" for name in ("plain", "corners"))
    export(network, card_of(read, "a test"), plain)
    card = card_of(replace(read, corners=True), "a test")
    export(network, card, all_four, corners=True)
    assert card.input_size == square + MARGIN
    assert card.crop_scale / card.input_size == pytest.approx(read.crop.scale / square)
    one, four = ModelFile(plain), ModelFile(all_four)
    assert count_macs(four.path) == 4 * count_macs(one.path)
    rng = np.random.default_rng(0)
    crop = rng.integers(0, 256, (card.input_size, card.input_size, 3)).astype(np.uint8)
    points, logits, angles = [], [], []
    for x, y, mirrored in ((0, 0, 0), (5, 5, 0), (5, 0, 1), (0, 5, 1)):
        part = crop[y : y + square, x : x + square]
        part = part[:, ::-1] if mirrored else part
        own, trust = one.run(part)
        if mirrored:
            own = own[list(LAYOUTS[card.layout].mirror)] * [-1, 1] + [1, 0]
        points.append((own * square + [x, y]) / card.input_size)
        logits.append(np.log(trust / (1 - trust)))
        if card.pose_output:
            angles.append(one.pose(part) * ([-1, 1, -1] if mirrored else [1, 1, 1]))
    assert np.ptp(points, axis=0).max() > 1e-3
    assert np.ptp(logits) > 4e-3
    found, found_trust = four.run(crop)
    np.testing.assert_allclose(found, np.mean(points, axis=0), atol=1e-5)
    assert np.log(found_trust / (1 - found_trust)) == pytest.approx(np.mean(logits), abs=1e-3)
    if angles:
        assert np.ptp(angles, axis=0).max() > 4e-3
        np.testing.assert_allclose(four.pose(crop), np.mean(angles, axis=0), atol=1e-3)
