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


@pytest.mark.parametrize(
    ("name", "needs", "trained"),
    [
        ("0.25x", "runs/before/pfld-0.25x-fp32.onnx", ["0.25x"]),
        ("1x", "pfld-0.5x-before", ["0.5x", "1x"]),
    ],
)
def test_what_no_recipe_makes_is_named(name: str, needs: str, trained: list[str]) -> None:
    lines = commands_for([Recipe.load(FOLDER / f"{name}.toml")])
    assert lines[0].startswith(f"# what follows needs {needs}")
    assert [Path(line.split()[-1]).stem for line in lines if " train " in line] == trained
