"""What seed 003 says of its network: (1, 96, 96) in, (2, 15) out, normalised, spatial dropout."""

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from models.keypoints15.network import Keypoints15  # noqa: E402
from models.training.evaluation import count_macs  # noqa: E402
from models.training.export import card_of, export  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.torch

RECIPE = Recipe.load(Path(__file__).parents[4] / "models" / "keypoints15" / "keypoints15.toml")


def test_a_grey_crop_of_96_pixels_becomes_15_points() -> None:
    assert (RECIPE.crop.size, RECIPE.crop.channels) == (96, "grey")
    prediction = Keypoints15(RECIPE.network).eval()(torch.zeros(2, 1, 96, 96))
    assert prediction.points.shape == (2, 2 * 15)
    assert prediction.trust.shape == (2, 1)


def test_it_has_the_parameters_that_its_layers_need() -> None:
    convolutions = 25 * 32 + 9 * (32 * 64 + 64 * 128 + 128 * 256)
    normalisation = 2 * (32 + 64 + 128 + 256 + 256)
    hidden = 256 * 6 * 6 * 256
    outputs = (256 + 1) * (30 + 1)
    count = sum(p.numel() for p in Keypoints15(RECIPE.network).parameters())
    assert count == convolutions + normalisation + hidden + outputs == 2_756_607


def test_every_convolution_is_normalised_and_drops_whole_maps() -> None:
    kinds = [type(layer) for layer in Keypoints15(RECIPE.network).maps]
    assert kinds == [nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.Dropout2d] * 4


def test_dropout_leaves_out_whole_maps() -> None:
    torch.manual_seed(0)
    network = Keypoints15(replace(RECIPE.network, spatial_dropout=0.5)).train()
    maps = network.maps(torch.randn(8, 1, 96, 96)).flatten(2)
    left_out = (maps == 0).all(dim=2)
    assert 0.3 < float(left_out.float().mean()) < 0.7


def test_its_file_has_the_multiplications_of_its_layers(tmp_path: Path) -> None:
    path = tmp_path / "made.onnx"
    export(Keypoints15(RECIPE.network), card_of(RECIPE, "a test"), path)
    convolutions = 25 * 32 * 48**2 + 9 * 32 * 64 * 24**2 + 9 * 64 * 128 * 12**2
    convolutions += 9 * 128 * 256 * 6**2
    connected = 256 * 6**2 * 256 + 256 * (30 + 1)
    assert count_macs(path) == convolutions + connected
