from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

from models.pfld.network import Architecture, Pfld, Stage  # noqa: E402
from models.training.corners import MARGIN  # noqa: E402
from models.training.crops import Framing  # noqa: E402
from models.training.evaluation import ModelFile  # noqa: E402
from models.training.export import card_of, export  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402
from models.training.trust import refit_trust, walls  # noqa: E402

pytestmark = pytest.mark.torch

FRAMING = Framing(size=64, scale=1.3, shift=0.0, mean=127.5, std=64.0)


@pytest.fixture(params=[False, True], ids=["plain", "corners"])
def untrained(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    torch.manual_seed(0)
    stage = Stage(block="fused", channels=16, expansion=1, repeats=1, stride=2)
    network = Architecture(
        input_size=64, stem=16, stages=(stage,) * 3, bottleneck=16, scale3=16, pose_stage=0
    )
    recipe = Recipe.load(Path(__file__).parents[4] / "models" / "pfld" / "0.5x.toml")
    side = FRAMING.size + MARGIN * request.param
    card = replace(card_of(recipe, "a test"), input_size=side)
    path = tmp_path / "untrained-fp32.onnx"
    export(Pfld(network), card, path, corners=request.param)
    return path


def test_trust_learns_from_what_the_file_itself_computes(untrained: Path) -> None:
    rng = np.random.default_rng(0)
    side = ModelFile(untrained).card.input_size
    textured = rng.integers(0, 256, (60, 3, side, side)).astype(np.uint8)
    flat = walls(replace(FRAMING, size=side), 60)
    images = np.concatenate([textured, flat])
    inputs = ((images - np.float32(127.5)) / 64).astype(np.float32)
    positive = np.arange(120) < 60
    points_before, _ = ModelFile(untrained).run(images[0].transpose(1, 2, 0))
    refit_trust(untrained, inputs, positive)
    model = ModelFile(untrained)
    answers = [model.run(image.transpose(1, 2, 0)) for image in images]
    trust = np.array([t for _, t in answers])
    assert (trust[:60] > 0.5).all()
    assert (trust[60:] < 0.5).all()
    assert np.array_equal(answers[0][0], points_before)
    onnx.checker.check_model(onnx.load(untrained))


def test_walls_have_little_texture_and_all_shades() -> None:
    crops = walls(FRAMING, 40)
    assert crops.shape == (40, 3, 64, 64)
    steps = np.abs(np.diff(crops.astype(float), axis=3)).mean()
    assert steps < 15
    assert crops.reshape(40, -1).mean(axis=1).std() > 15
