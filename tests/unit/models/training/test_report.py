from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from models.training.recipe import Recipe  # noqa: E402
from models.training.report import commands_for  # noqa: E402

pytestmark = pytest.mark.torch

FOLDER = Path(__file__).parents[4] / "models" / "pfld"
BASES = FOLDER / "ablations" / "bases"


def test_recipes_are_made_after_those_that_they_begin_with() -> None:
    names = "0.5x-third", "0.25x-first"
    lines = commands_for([Recipe.load(BASES / f"{name}.toml") for name in names])
    said = [line.removeprefix("python -m models.training ").split() for line in lines]
    steps = [(command, Path(path).stem) for command, path in said]
    assert steps == [
        ("train", "0.5x-first"),
        ("train", "0.5x-second"),
        *((command, "0.5x-third") for command in ("train", "export", "quantize")),
        *((command, "0.25x-first") for command in ("train", "export", "quantize")),
    ]


def test_a_recipe_that_begins_at_random_needs_no_other() -> None:
    lines = commands_for([Recipe.load(FOLDER / "gpu" / "0.25x.toml")])
    assert len(lines) == 3
    assert all(line.endswith("0.25x.toml") for line in lines)


def test_what_no_recipe_makes_is_named() -> None:
    lines = commands_for([Recipe.load(FOLDER / "0.5x.toml")])
    assert lines[0].startswith("# what follows needs models/pfld-0.5x-fp32.onnx")
    assert [line.split()[3] for line in lines[1:]] == ["train", "export", "quantize"]


def test_weights_that_another_recipe_trains_are_only_exported() -> None:
    lines = commands_for([Recipe.load(FOLDER / "0.5x-tta.toml")])
    made = [line.split()[3:5] for line in lines if line.startswith("python")]
    assert [(command, Path(recipe).stem) for command, recipe in made] == [
        ("train", "0.5x"),
        ("export", "0.5x-tta"),
        ("quantize", "0.5x-tta"),
    ]
