from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import onnx  # noqa: E402
import onnxruntime as ort  # noqa: E402

from app.core.card import ModelCard  # noqa: E402
from app.core.layout import LAYOUTS  # noqa: E402
from models.training.blendshapes import BLENDSHAPES, mirrored_blendshapes  # noqa: E402
from models.training.corners import CORNERS, MARGIN  # noqa: E402
from models.training.evaluation import ModelFile, count_macs  # noqa: E402
from models.training.export import HALF_FROM, card_of, export  # noqa: E402
from models.training.learner import normalised  # noqa: E402
from models.training.mesh_map import LABEL_SHIFT  # noqa: E402
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
    kernels = [node.input[1] for node in graph.node if node.op_type in ("Conv", "Gemm")]
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
            if name.startswith(("trust", "quality", "pose", "visibility", "expression")):
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
            layout = LAYOUTS[card.layout]
            own = own[list(layout.mirror)] * [-1, 1] + [1, 0]
            left, right = layout.outer_eye_corners
            own[:, 0] += 2 * LABEL_SHIFT * np.hypot(*(own[right] - own[left]))
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


TOLD = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthSmileLeft")


@pytest.fixture
def speaking() -> tuple:
    """A recipe and a network that says of each crop something else."""
    torch.manual_seed(0)
    recipe = replace(Recipe.load(RECIPES / "pfld" / "0.25x.toml"), corners=False)
    network = recipe.build_network().eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.startswith(("aside", "visibility", "expression")):
                parameter.mul_(20)
        network.expression.bias += 0.5
    return recipe, network


def answers_of(path: Path, card: ModelCard, crop: np.ndarray) -> dict[str, np.ndarray]:
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    image = (crop.transpose(2, 0, 1)[None] - np.array(card.mean[0])) / card.std[0]
    found = session.run(names, {"crop": image.astype(np.float32)})
    return dict(zip(names, found, strict=True))


def a_crop(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (size, size, 3)).astype(np.uint8)


def test_a_file_tells_what_can_be_seen_and_the_blendshapes_that_its_card_names(
    speaking: tuple, tmp_path: Path
) -> None:
    recipe, network = speaking
    path, crop = tmp_path / "model.onnx", a_crop(recipe.crop.size)
    export(network, card_of(recipe, "a test", TOLD), path)
    card = ModelFile(path).card
    assert card.expressions == TOLD
    found = answers_of(path, card, crop)
    with torch.inference_mode():
        images = torch.from_numpy(crop).permute(2, 0, 1)[None]
        wanted = network(normalised(images, recipe.crop))
    seen, told = found[card.visibility_output], found[card.expression_output]
    assert seen == pytest.approx(torch.sigmoid(wanted.visibility).numpy(), abs=2e-3)
    chosen = [BLENDSHAPES.index(name) for name in TOLD]
    assert told == pytest.approx(wanted.expression[:, chosen].clamp(0, 1).numpy(), abs=5e-3)
    assert told.shape == (1, len(TOLD))


def test_without_a_blendshape_told_well_a_file_has_no_expression(
    speaking: tuple, tmp_path: Path
) -> None:
    recipe, network = speaking
    path = tmp_path / "model.onnx"
    export(network, card_of(recipe, "a test"), path)
    card = ModelFile(path).card
    assert (card.expression_output, card.expressions) == (None, ())
    found = answers_of(path, card, a_crop(recipe.crop.size))
    assert set(found) == {"points", "trust", "pose", "visibility"}


def test_corners_agree_on_sides_of_what_is_seen_and_expressed(
    speaking: tuple, tmp_path: Path
) -> None:
    recipe, network = speaking
    plain, four = tmp_path / "plain.onnx", tmp_path / "corners.onnx"
    export(network, card_of(recipe, "a test", TOLD), plain)
    card = card_of(replace(recipe, corners=True), "a test", TOLD)
    export(network, card, four, corners=True)
    crop, square = a_crop(card.input_size), recipe.crop.size
    logits, told = [], []
    with torch.inference_mode():
        for x, y, mirrored in CORNERS:
            part = crop[y : y + square, x : x + square]
            part = np.ascontiguousarray(part[:, ::-1] if mirrored else part)
            images = torch.from_numpy(part).permute(2, 0, 1)[None]
            answer = network(normalised(images, recipe.crop))
            seen, shapes = answer.visibility[0].numpy(), answer.expression[0].numpy()
            logits.append(seen[[1, 0, 2]] if mirrored else seen)
            told.append(mirrored_blendshapes(shapes) if mirrored else shapes)
    assert np.ptp(logits, axis=0).max() > 0.01
    found = answers_of(four, card, crop)
    wanted = 1 / (1 + np.exp(-np.mean(logits, axis=0)))
    assert found["visibility"][0] == pytest.approx(wanted, abs=2e-3)
    chosen = [BLENDSHAPES.index(name) for name in TOLD]
    expected = np.clip(np.mean(told, axis=0)[chosen], 0, 1)
    assert found["expression"][0] == pytest.approx(expected, abs=5e-3)
