from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from models.pfld.network import Pfld  # noqa: E402
from models.training.latency import measure_latencies, with_block  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.torch

RECIPES = sorted((Path(__file__).parents[4] / "models" / "pfld").glob("*.toml"))


def parameters(recipe: Recipe) -> int:
    return sum(p.numel() for p in Pfld(recipe.network).parameters())


def test_other_blocks_make_another_network_of_the_same_channels() -> None:
    recipe = Recipe.load(RECIPES[0])
    fused, inverted = with_block(recipe, "fused"), with_block(recipe, "inverted")
    assert parameters(inverted) < parameters(fused)
    channels = [[s.channels for s in r.network.stages] for r in (fused, inverted)]
    assert channels[0] == channels[1]
    assert inverted.name == f"{recipe.name} inverted"


def test_networks_of_other_families_and_sizes_are_timed_in_one_run() -> None:
    folder = RECIPES[0].parents[1]
    paths = (RECIPES[0], folder / "keypoints15" / "keypoints15.toml")
    recipes = [Recipe.load(path) for path in paths]
    rows = measure_latencies(recipes)
    assert [row.name for row in rows] == [recipe.name for recipe in recipes]
    assert all(row.fp32_ms > 0 and row.int8_ms > 0 for row in rows)
    assert all(row.macs > 10**6 and row.int8_bytes > 10**5 for row in rows)
