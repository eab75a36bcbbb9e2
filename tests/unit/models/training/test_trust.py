from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch")

from models.pfld.network import Architecture, Pfld, Stage  # noqa: E402
from models.training.batches import Batch  # noqa: E402
from models.training.corners import MARGIN  # noqa: E402
from models.training.crops import Framing  # noqa: E402
from models.training.evaluation import ModelFile  # noqa: E402
from models.training.export import card_of, export  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402
from models.training.trust import TrustExamples, refit_trust, walls  # noqa: E402

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


def examples_for(path: Path, truth_of: np.ndarray, images: np.ndarray) -> TrustExamples:
    """Examples whose true points are these (F, 68, 2); what comes after them is walls."""
    count = len(truth_of)
    batch = Batch(
        images=torch.from_numpy(images[:count]),
        points=torch.from_numpy(truth_of),
        meshes=torch.zeros(count, 468, 2),
        counts=torch.ones(count, 68, dtype=torch.bool),
        eye_distance=torch.full((count,), 0.4),
        rotations=torch.eye(3).repeat(count, 1, 1),
        attributes=torch.zeros(count, 6, dtype=torch.bool),
        positive=torch.ones(count, dtype=torch.bool),
        truth=torch.ones(count, 68, dtype=torch.bool),
        visible=torch.ones(count, 3),
        blendshapes=torch.zeros(count, 52),
    )
    inputs = ((images - np.float32(127.5)) / 64).astype(np.float32)
    return TrustExamples(inputs, batch, ModelFile(path).card.coordinates)


def test_trust_learns_how_far_the_points_of_the_file_itself_are_off(untrained: Path) -> None:
    rng = np.random.default_rng(0)
    side = ModelFile(untrained).card.input_size
    textured = rng.integers(0, 256, (60, 3, side, side)).astype(np.uint8)
    dark = rng.integers(0, 90, (60, 3, side, side)).astype(np.uint8)
    images = np.concatenate([textured, dark, walls(replace(FRAMING, size=side), 60)])
    before = [ModelFile(untrained).run(image.transpose(1, 2, 0))[0] for image in images[:120]]
    truth = np.stack(before).astype(np.float32)
    truth[60:] += 0.1  # of dark crops its points are wrong
    refit_trust(untrained, examples_for(untrained, truth, images))
    model = ModelFile(untrained)
    answers = [model.run(image.transpose(1, 2, 0)) for image in images]
    trust = np.array([t for _, t in answers])
    # Its features are random: a few of the crops look alike to it.
    assert (trust[:60] > 0.5).mean() > 0.9
    assert (trust[60:] < 0.5).mean() > 0.9
    assert np.array_equal(answers[0][0], before[0])
    onnx.checker.check_model(onnx.load(untrained))


@pytest.mark.parametrize("coordinates", ["unit", "symmetric", "pixels"])
def test_the_quality_of_an_answer_does_not_depend_on_the_coordinates_of_the_file(
    untrained: Path, coordinates: str
) -> None:
    rng = np.random.default_rng(0)
    truth = rng.random((3, 68, 2)).astype(np.float32)
    images = rng.integers(0, 256, (4, 3, 64, 64)).astype(np.uint8)
    found = truth + np.float32([[[0, 0]], [[0.08 * 0.4, 0]], [[0.2, 0]]])
    answers = np.concatenate([found, found[:1]]).reshape(4, -1)  # the last one of a wall
    scale, low = {"unit": (1, 0), "symmetric": (2, -1), "pixels": (64, 0)}[coordinates]
    examples = examples_for(untrained, truth, images)._replace(coordinates=coordinates)
    wanted = examples.quality_of((answers * scale + low).astype(np.float32))
    assert wanted == pytest.approx([1, 0.5, 0, 0], abs=1e-3)


def test_walls_have_little_texture_and_all_shades() -> None:
    crops = walls(FRAMING, 40)
    assert crops.shape == (40, 3, 64, 64)
    steps = np.abs(np.diff(crops.astype(float), axis=3)).mean()
    assert steps < 15
    assert crops.reshape(40, -1).mean(axis=1).std() > 15
