from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from app.core.errors import SourceError  # noqa: E402
from models.training.ablation import Ablation, table_of  # noqa: E402
from models.training.batches import Faces  # noqa: E402
from models.training.crops import build_crops, load_crops  # noqa: E402
from models.training.labels import Labels  # noqa: E402
from models.training.loop import Run, Trainer  # noqa: E402

pytestmark = pytest.mark.torch

FOLDER = Path(__file__).parents[4] / "models" / "pfld" / "ablations"


def test_variants_change_what_they_name_and_keep_the_rest() -> None:
    ablation = Ablation.load(FOLDER / "loss.toml")
    losses = [variant.recipe.loss for variant in ablation.variants]
    assert [(loss.classes, loss.pose) for loss in losses[:4]] == [
        (False, False), (True, False), (False, True), (True, True),
    ]  # fmt: skip
    assert all(loss.form == "seed" and loss.head_pose_share == 0 for loss in losses[:4])


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_every_file_of_the_family_compares_equal_runs(path: Path) -> None:
    variants = Ablation.load(path).variants
    assert len({variant.recipe.schedule.steps for variant in variants}) == 1
    assert len({variant.recipe.name for variant in variants}) == len(variants)


def test_the_last_variant_is_the_recipe() -> None:
    last = Ablation.load(FOLDER / "loss.toml").variants[-1].recipe
    base = Ablation.load(FOLDER / "loss.toml").variants[0].recipe
    assert last.loss != base.loss
    from models.training.recipe import Recipe

    recipe = Recipe.load(FOLDER / "bases" / "0.25x-first.toml")
    assert (last.network, last.crop, last.jitter, last.loss, last.data) == (
        recipe.network, recipe.crop, recipe.jitter, recipe.loss, recipe.data,
    )  # fmt: skip


def test_a_wrong_file_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text('title = "x"\nbase = "none.toml"\n', encoding="utf-8")
    with pytest.raises(SourceError, match=r"wrong\.toml"):
        Ablation.load(tmp_path / "wrong.toml")


def test_what_would_change_nothing_is_refused(tmp_path: Path) -> None:
    base = (FOLDER / "bases" / "0.5x-third.toml").as_posix()
    for extra in ("corners = true\n", "[[variants]]\nsays = 'x'\nlos = { form = 'seed' }\n"):
        text = f"title = 'x'\nbase = '{base}'\n{extra}[[variants]]\nsays = 'y'\n"
        (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
        with pytest.raises(SourceError, match=r"wrong\.toml says (corners|los), which changes"):
            Ablation.load(tmp_path / "wrong.toml")


def test_the_table_has_a_row_for_every_variant_that_was_trained(
    drawn_data: Path, drawn_labels: Labels, tmp_path: Path
) -> None:
    ablation = Ablation.load(FOLDER / "loss.toml")
    build_crops(drawn_data, drawn_labels, tmp_path / "crops")
    crops = load_crops(tmp_path / "crops", drawn_labels)
    variant = ablation.variants[0].recipe
    run = Run(runs=tmp_path, workers=0, stop_after=1)
    faces = [Faces.of(drawn_labels, crops, split) for split in ("train", "val")]
    Trainer([variant], run, faces[0], faces[1], lambda _: None).train()
    lines = table_of(ablation, drawn_labels, crops, tmp_path).splitlines()
    rows = [line for line in lines if line.startswith("| L2")]
    assert len(rows) == 1
    assert rows[0].count("|") == lines[2].count("|")
