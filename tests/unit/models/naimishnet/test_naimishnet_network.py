"""What seed 002 says of its network: five convolutions, the first of 32 kernels of 5×5, on a
square grey picture; batch normalisation, pooling and dropout at each; most parameters sit in the
fully connected layers.
"""

from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from app.core.errors import SourceError  # noqa: E402
from models.naimishnet.network import NaimishNet  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.torch

FOLDER = Path(__file__).parents[4] / "models" / "naimishnet"
RECIPE = Recipe.load(FOLDER / "naimishnet.toml")


def layers(network: NaimishNet, kind: type) -> list:
    return [layer for layer in network.modules() if isinstance(layer, kind)]


def test_five_convolutions_read_a_square_grey_crop() -> None:
    network = NaimishNet(RECIPE.network).eval()
    convolutions = layers(network, nn.Conv2d)
    assert len(convolutions) == len(layers(network, nn.MaxPool2d)) == 5
    assert [c.kernel_size for c in convolutions] == [(k, k) for k in (5, 4, 3, 2, 1)]
    assert (convolutions[0].in_channels, convolutions[0].out_channels) == (1, 32)
    assert RECIPE.crop.channels == "grey"
    size = RECIPE.crop.size
    assert network(torch.zeros(2, 1, size, size)).points.shape == (2, 2 * 68)


def test_every_layer_but_the_last_is_normalised_and_drops_values() -> None:
    network = NaimishNet(RECIPE.network)
    assert len(layers(network, nn.BatchNorm2d)) == 5
    assert len(layers(network, nn.BatchNorm1d)) == 2
    dropout = [layer.p for layer in layers(network, nn.Dropout)]
    assert dropout == list(RECIPE.network.dropout)
    assert dropout == sorted(dropout)  # it rises with depth


def test_the_fully_connected_layers_hold_nine_tenths_of_the_parameters() -> None:
    network = NaimishNet(RECIPE.network)
    convolutions = 25 * 32 + 16 * 32 * 64 + 9 * 64 * 128 + 4 * 128 * 256 + 256 * 512
    normalisation = 2 * (32 + 64 + 128 + 256 + 512 + 1000 + 1000)
    connected = 512 * 2 * 2 * 1000 + 1000 * 1000 + (1000 + 1) * (136 + 1)
    count = sum(p.numel() for p in network.parameters())
    assert count == convolutions + normalisation + connected
    assert sum(p.numel() for p in layers(network, nn.Conv2d)[0].parameters()) == 800
    assert 0.88 < connected / count < 0.92


def test_fewer_convolutions_do_not_mean_fewer_parameters() -> None:
    def count(convolutions: int) -> int:
        shape = replace(
            RECIPE.network,
            channels=RECIPE.network.channels[:convolutions],
            dropout=(0.0,) * (convolutions + 2),
        )
        return sum(p.numel() for p in NaimishNet(shape).parameters())

    assert count(1) > count(3) > count(5)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_recipe_builds(path: Path) -> None:
    recipe = Recipe.load(path)
    size = recipe.crop.size
    prediction = recipe.build_network().eval()(torch.zeros(1, 1, size, size))
    assert prediction.points.shape == (1, 136)


def test_a_recipe_without_a_dropout_per_layer_is_refused(tmp_path: Path) -> None:
    text = (FOLDER / "naimishnet.toml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace("dropout = [0.0, ", "dropout = ["), encoding="utf-8")
    with pytest.raises(SourceError, match="one number per convolution"):
        Recipe.load(wrong)
