from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from app.core.errors import SourceError  # noqa: E402
from models.training.families import find_family  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402

pytestmark = pytest.mark.torch

MODELS = Path(__file__).parents[4] / "models"
RECIPES = sorted(MODELS.glob("*/*.toml"))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_recipe_belongs_to_the_family_whose_folder_holds_it(path: Path) -> None:
    recipe = Recipe.load(path)
    assert recipe.family == path.parent.name
    assert recipe.system is find_family(recipe.family)


@pytest.mark.parametrize("name", ["unheard_of", "training", "../pfld", ""])
def test_an_unknown_family_is_refused_in_one_sentence(name: str) -> None:
    with pytest.raises(SourceError, match="is none of those in models"):
        find_family(name)
