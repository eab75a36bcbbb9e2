from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx  # noqa: E402

from app.core.layout import LAYOUTS  # noqa: E402
from models.training.evaluation import ModelFile, count_macs  # noqa: E402
from models.training.export import card_of, export  # noqa: E402
from models.training.loop import normalised  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.torch

RECIPES = Path(__file__).parents[4] / "models"


def test_large_kernels_are_stored_in_half_and_computed_in_full(tmp_path: Path) -> None:
    torch.manual_seed(0)
    recipe = Recipe.load(RECIPES / "pfld" / "0.25x-first.toml")
    network, path = recipe.build_network(), tmp_path / "model.onnx"
    export(network, card_of(recipe, "a test"), path)
    parameters = sum(p.numel() for p in network.parameters())
    assert path.stat().st_size < 3 * parameters
    session = onnx.load(path).graph
    assert {v.type.tensor_type.elem_type for v in (*session.input, *session.output)} == {
        onnx.TensorProto.FLOAT
    }
    crop = np.random.default_rng(0).integers(0, 256, (112, 112, 3)).astype(np.uint8)
    with torch.inference_mode():
        images = torch.from_numpy(crop).permute(2, 0, 1)[None]
        expected = network.eval()(normalised(images, recipe.crop)).points[0].numpy()
    points, _ = ModelFile(path).run(crop)
    assert 0 < np.abs(points.ravel() - expected).max() < 1e-3


@pytest.mark.parametrize(
    "recipe", ["pfld/0.25x-first.toml", "keypoints15/keypoints15.toml"], ids=["unit", "symmetric"]
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
