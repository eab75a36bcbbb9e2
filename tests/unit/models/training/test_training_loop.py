import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from app.core.card import ModelCard  # noqa: E402
from app.core.errors import SourceError  # noqa: E402
from models.training.batches import Faces  # noqa: E402
from models.training.corners import MARGIN  # noqa: E402
from models.training.crops import build_crops, load_crops  # noqa: E402
from models.training.evaluation import ModelFile, count_macs  # noqa: E402
from models.training.export import card_of, export  # noqa: E402
from models.training.labels import Labels  # noqa: E402
from models.training.learner import (  # noqa: E402
    Learner,
    decay_after,
    learning_rate,
    load_trained,
    normalised,
)
from models.training.loop import Run, Trainer, device_of  # noqa: E402
from models.training.quantization import calibration_inputs, quantize  # noqa: E402
from models.training.recipe import Recipe  # noqa: E402
from models.training.trust import trust_examples  # noqa: E402

pytestmark = pytest.mark.torch

STEPS = 24


def tiny_recipe(steps: int = STEPS, frozen_from: float = 1.0, optimiser: str = "adamw") -> Recipe:
    def stage(channels: int) -> dict:
        return {
            "block": "fused", "channels": channels, "expansion": 1, "repeats": 1, "stride": 2,
        }  # fmt: skip

    tables = {
        "name": "tiny",
        "family": "pfld",
        "network": {
            "stem": 8,
            "bottleneck": 8,
            "scale3": 16,
            "pose_stage": 0,
            "stages": [stage(8), {**stage(16), "block": "inverted"}, stage(16)],
        },
        "crop": {"size": 64, "scale": 1.3, "shift": 0.0, "mean": 127.5, "std": 64.0},
        "jitter": {"rotation": 5.0, "scale": 0.05, "shift": 0.03, "stretch": 0.02},
        "loss": {"form": "practical", "distance": "wing"},
        "schedule": {
            "steps": steps,
            "batch_size": 12,
            "learning_rate": 3e-3,
            "warm_up": 0.1,
            "weight_decay": 0.01,
            "average": 0.9,
            "negatives": 0.1,
            "seed": 0,
            "half_precision": False,
            "frozen_from": frozen_from,
            "optimiser": optimiser,
        },
    }
    return Recipe.from_tables(tables, Path("tiny.toml"))


@pytest.fixture(scope="module")
def sets(drawn_data: Path, drawn_labels: Labels, tmp_path_factory: pytest.TempPathFactory) -> tuple:
    folder = tmp_path_factory.mktemp("crops")
    build_crops(drawn_data, drawn_labels, folder)
    crops = load_crops(folder, drawn_labels)
    return tuple(Faces.of(drawn_labels, crops, split) for split in ("train", "val"))


def trainer(
    sets: tuple,
    runs: Path,
    *,
    frozen_from: float = 1.0,
    optimiser: str = "adamw",
    **options: int,
) -> Trainer:
    run = Run(runs=runs, workers=0, log_every=8, validate_every=8, **options)
    recipe = tiny_recipe(frozen_from=frozen_from, optimiser=optimiser)
    return Trainer([recipe], run, *sets, lambda _line: None)


def only(one: Trainer) -> Learner:
    (learner,) = one.learners
    return learner


def statistics_of(learner: Learner) -> list[torch.Tensor]:
    return [t.clone() for n, t in learner.network.state_dict().items() if "running" in n]


def same_weights(one: Learner, other: Learner) -> bool:
    pairs = zip(one.average.state_dict().values(), other.average.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def test_the_loss_falls_and_is_logged(sets: tuple, tmp_path: Path) -> None:
    one = trainer(sets, tmp_path)
    one.train()
    rows = [json.loads(line) for line in (tmp_path / "tiny" / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows if "loss" in row]
    assert losses[-1] < 0.75 * losses[0]
    assert rows[-1]["step"] == STEPS
    assert rows[-1]["val_nme"] < next(row["val_nme"] for row in rows if "val_nme" in row)


@pytest.mark.parametrize(
    "options", [{}, {"frozen_from": 0.25}, {"optimiser": "muon"}], ids=["plain", "frozen", "muon"]
)
def test_an_interrupted_run_ends_with_the_same_weights(
    sets: tuple, tmp_path: Path, options: dict
) -> None:
    whole = trainer(sets, tmp_path / "whole", **options)
    whole.train()
    trainer(sets, tmp_path / "parts", stop_after=9, **options).train()
    rest = trainer(sets, tmp_path / "parts", **options)
    assert rest.step == 9
    rest.train()
    assert rest.step == whole.step == STEPS
    assert same_weights(only(whole), only(rest))


def test_side_by_side_each_learns_what_it_learns_alone(sets: tuple, tmp_path: Path) -> None:
    alone = trainer(sets, tmp_path / "alone")
    alone.train()
    recipe = tiny_recipe()
    wide = replace(recipe, name="wide", network=replace(recipe.network, scale3=24))
    run = Run(runs=tmp_path / "both", workers=0, stop_after=9)
    Trainer([wide, recipe], run, *sets, lambda _line: None).train()
    both = Trainer([wide, recipe], replace(run, stop_after=None), *sets, lambda _line: None)
    assert both.step == 9
    both.train()
    assert same_weights(only(alone), both.learners[1])
    assert (tmp_path / "both" / "wide" / "checkpoint.pt").is_file()


def test_beside_a_larger_crop_a_network_learns_from_shrunken_ones(
    sets: tuple, tmp_path: Path
) -> None:
    recipe = tiny_recipe()
    network = replace(recipe.network, input_size=96)
    large = replace(recipe, name="large", network=network, crop=replace(recipe.crop, size=96))
    run = Run(runs=tmp_path, workers=0)
    both = Trainer([recipe, large], run, *sets, lambda _line: None)
    before = [learner.validate()["val_nme"] for learner in both.learners]
    both.train()
    after = [learner.validate()["val_nme"] for learner in both.learners]
    assert all(a < 0.8 * b for a, b in zip(after, before, strict=True))


def test_recipes_of_different_crops_do_not_train_side_by_side(sets: tuple, tmp_path: Path) -> None:
    recipe = tiny_recipe()
    other = replace(recipe, name="other", crop=replace(recipe.crop, scale=1.5))
    with pytest.raises(SourceError, match="side by side"):
        Trainer([recipe, other], Run(runs=tmp_path), *sets, lambda _line: None)


def test_a_checkpoint_of_another_network_is_refused(sets: tuple, tmp_path: Path) -> None:
    trainer(sets, tmp_path, stop_after=1).train()
    recipe = tiny_recipe()
    wide = replace(recipe, network=replace(recipe.network, scale3=24))
    with pytest.raises(SourceError, match="another network"):
        Trainer([wide], Run(runs=tmp_path), *sets, lambda _line: None)


def test_a_checkpoint_of_another_optimiser_is_refused(sets: tuple, tmp_path: Path) -> None:
    trainer(sets, tmp_path, stop_after=1).train()
    recipe = tiny_recipe()
    other = replace(recipe, schedule=replace(recipe.schedule, optimiser="muon"))
    with pytest.raises(SourceError, match="optimiser"):
        Trainer([other], Run(runs=tmp_path), *sets, lambda _line: None)


def test_a_recipe_that_wants_an_unknown_optimiser_is_refused() -> None:
    with pytest.raises(SourceError, match="'sgd'; there are adamw and muon"):
        tiny_recipe(optimiser="sgd")


def test_recipes_of_one_name_do_not_share_a_folder(sets: tuple, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="one name"):
        Trainer([tiny_recipe(), tiny_recipe()], Run(runs=tmp_path), *sets, lambda _line: None)


def test_a_word_that_no_recipe_knows_is_refused() -> None:
    path = Path(__file__).parents[4] / "models" / "pfld" / "0.5x.toml"
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    with pytest.raises(SourceError, match=r"0\.5x\.toml says mirrored, which no recipe knows"):
        Recipe.from_tables({**values, "mirrored": True}, path)


def test_learners_at_different_steps_do_not_go_on_together(sets: tuple, tmp_path: Path) -> None:
    trainer(sets, tmp_path, stop_after=1).train()
    recipes = [tiny_recipe(), replace(tiny_recipe(), name="other")]
    with pytest.raises(SourceError, match="different steps"):
        Trainer(recipes, Run(runs=tmp_path), *sets, lambda _line: None)


@pytest.mark.parametrize("name", ["abacus", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match=f"'{name}'"):
        device_of(name)


def test_frozen_statistics_stay_while_the_weights_go_on(sets: tuple, tmp_path: Path) -> None:
    one = trainer(sets, tmp_path, frozen_from=0.5, stop_after=STEPS // 2)
    one.train()
    averaged = [t for n, t in only(one).average.module.state_dict().items() if "running" in n]
    assert not all(map(torch.equal, statistics_of(only(one)), averaged))
    rest = trainer(sets, tmp_path, frozen_from=0.5)
    before = only(rest).network.stem[0].weight.clone()
    rest.train()
    assert all(map(torch.equal, statistics_of(only(rest)), averaged))
    assert not torch.equal(only(rest).network.stem[0].weight, before)


def test_statistics_that_nothing_has_set_are_not_frozen() -> None:
    with pytest.raises(SourceError, match="frozen_from"):
        tiny_recipe(frozen_from=0.0)


def test_a_recipe_goes_on_from_the_weights_of_another(sets: tuple, tmp_path: Path) -> None:
    first = trainer(sets, tmp_path)
    first.train()
    recipe = replace(tiny_recipe(), name="more/tiny", start="tiny")
    lines: list[str] = []
    second = Trainer([recipe], Run(runs=tmp_path, workers=0), *sets, lines.append)
    assert lines == ["starting from tiny"]
    assert only(second).validate() == only(first).validate()


def test_layers_that_a_recipe_leaves_out_are_reported(sets: tuple, tmp_path: Path) -> None:
    trainer(sets, tmp_path, stop_after=1).train()
    recipe = replace(tiny_recipe(), name="more", start="tiny")
    stages = (*recipe.network.stages[:2], replace(recipe.network.stages[2], repeats=2))
    deeper = replace(recipe, network=replace(recipe.network, stages=stages))
    lines: list[str] = []
    run = Run(runs=tmp_path, workers=0, stop_after=1)
    Trainer([deeper], run, *sets, lines.append).train()
    back = replace(tiny_recipe(), name="back", start="more")
    Trainer([back], run, *sets, lines.append)
    assert lines[0] == "starting from tiny; new: stages.2.1"
    assert lines[-1] == "starting from more; left out: stages.2.1"


def test_a_budget_of_minutes_completes_the_schedule(sets: tuple, tmp_path: Path) -> None:
    run = Run(runs=tmp_path, minutes=0.02, workers=0)
    Trainer([tiny_recipe(steps=10**6)], run, *sets, lambda _line: None).train()
    rows = [json.loads(line) for line in (tmp_path / "tiny" / "log.jsonl").read_text().splitlines()]
    assert rows[-1]["progress"] == 1.0
    assert rows[-1]["step"] < 10**4


def test_the_rate_rises_then_falls_to_a_hundredth() -> None:
    schedule = replace(tiny_recipe().schedule, learning_rate=1.0, warm_up=0.1)
    rates = [learning_rate(schedule, p) for p in np.linspace(0, 1, 101)]
    assert rates[0] < 0.01
    assert np.argmax(rates) == 10
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] == pytest.approx(0.01)
    assert (np.diff(rates[10:]) < 0).all()


def test_the_average_forgets_the_first_weights_soon() -> None:
    average = 0.0
    for updates in range(1, 60):
        average += (1 - decay_after(updates, 0.999)) * (1.0 - average)
    assert average > 0.99
    assert decay_after(10**6, 0.999) == 0.999


def test_only_sources_that_there_are_can_be_shown_more_often(sets: tuple, tmp_path: Path) -> None:
    recipe = tiny_recipe()
    recipe = replace(recipe, data=replace(recipe.data, shown={"nowhere": 2.0}))
    with pytest.raises(SourceError, match="no face comes from nowhere"):
        Trainer([recipe], Run(runs=tmp_path, workers=0), *sets, lambda _line: None)


def test_what_a_file_with_corners_is_made_with_has_its_margin(
    sets: tuple, drawn_labels: Labels, tmp_path: Path
) -> None:
    recipe = replace(tiny_recipe(), corners=True)
    card, crops = card_of(recipe, "a test"), sets[0].crops
    side = recipe.crop.size + MARGIN
    assert card.input_size == side
    fp32, int8 = tmp_path / "tiny-fp32.onnx", tmp_path / "tiny-int8.onnx"
    torch.manual_seed(0)
    export(recipe.build_network(), card, fp32, corners=True)
    inputs = calibration_inputs(recipe, drawn_labels, crops)
    assert inputs.shape[1:] == (3, side, side)
    quantize(fp32, int8, inputs[:20])
    crop = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
    points, close = (ModelFile(file).run(crop)[0] for file in (fp32, int8))
    assert np.abs(close - points).mean() < 0.05
    examples = trust_examples(recipe, drawn_labels, crops)
    assert examples.inputs.shape[1:] == (3, side, side)
    assert len(examples.inputs) > len(examples.batch.points)


def test_exported_and_quantized_files_say_what_torch_says(
    sets: tuple, drawn_labels: Labels, tmp_path: Path
) -> None:
    trainer(sets, tmp_path).train()
    recipe = tiny_recipe()
    network = load_trained(recipe, tmp_path / "tiny" / "checkpoint.pt")
    fp32, int8 = tmp_path / "tiny-fp32.onnx", tmp_path / "tiny-int8.onnx"
    export(network, card_of(recipe, "a test"), fp32)
    inputs = calibration_inputs(recipe, drawn_labels, sets[0].crops)
    quantize(fp32, int8, inputs[:40])
    files = [ModelFile(fp32), ModelFile(int8)]
    assert [f.card.precision for f in files] == ["fp32", "int8"]
    assert files[0].card == ModelCard.from_metadata(card_of(recipe, "a test").to_metadata())
    assert count_macs(fp32) > 100_000
    crop = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    with torch.inference_mode():
        images = torch.from_numpy(crop).permute(2, 0, 1)[None]
        expected = network(normalised(images, recipe.crop))
    points, trust = files[0].run(crop)
    # Large layers are stored in half precision: 0.05 % of each weight.
    assert points.ravel() == pytest.approx(expected.points[0].numpy(), abs=5e-4)
    assert trust == pytest.approx(float(torch.sigmoid(expected.trust)), abs=5e-4)
    close, _ = files[1].run(crop)
    assert np.abs(close - points).mean() < 0.05
