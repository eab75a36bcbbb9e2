"""What each part of a recipe brings: the same network trained with and without it."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from app.core.errors import SourceError
from app.core.layout import IBUG68
from app.core.openings import eye_aspect_ratios
from app.evaluate.attributes import ATTRIBUTES, CLOSED_EYES
from app.evaluate.metrics import nme, point_errors, roc_auc
from models.training.batches import Faces, plain_crops
from models.training.crops import Crops
from models.training.labels import Labels
from models.training.learner import load_trained, predict
from models.training.recipe import Recipe

TABLES = ("network", "crop", "jitter", "loss", "schedule", "data")


@dataclass(frozen=True, slots=True)
class Variant:
    """One row of the table: what it says, and the recipe that it names."""

    says: str
    recipe: Recipe


@dataclass(frozen=True, slots=True)
class Ablation:
    """What `python -m models.training ablation FILE` reads.

    Attributes:
        title: heading of the table.
        folder: name of its folder of runs.
        variants: in the order of the table.
    """

    title: str
    folder: str
    variants: tuple[Variant, ...]

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a file with `title`, `base` (a recipe beside it), tables or a `start` that change
        every variant, and `[[variants]]` with `says` and such of their own.

        A variant starts from the recipe; with `after = true` from the variant above it.

        Raises:
            SourceError: the file cannot be read, lacks a value or says what changes nothing.
        """
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            base_path = path.parent / values["base"]
            base = tomllib.loads(base_path.read_text(encoding="utf-8"))
            common = changed(base, values)
            variants: list[Variant] = []
            tables = common
            refuse_unknown(path, values, {"title", "base", "variants"})
            for number, entry in enumerate(values["variants"]):
                refuse_unknown(path, entry, {"says", "after"})
                tables = changed(tables if entry.get("after") else common, entry)
                tables["name"] = f"ablation-{path.stem}/{number}"
                variants.append(Variant(entry["says"], Recipe.from_tables(tables, path)))
            return cls(values["title"], f"ablation-{path.stem}", tuple(variants))
        except OSError as error:
            raise SourceError(f"the ablation {path} cannot be read: {error}") from error
        except (tomllib.TOMLDecodeError, TypeError, KeyError) as error:
            raise SourceError(f"the ablation {path} is wrong: {error}") from error


def refuse_unknown(path: Path, entry: dict[str, Any], others: set[str]) -> None:
    """Raise SourceError where an ablation says what changes nothing and is none of `others`."""
    unknown = sorted(set(entry) - others - {"start", *TABLES})
    if unknown:
        raise SourceError(f"the ablation {path} says {', '.join(unknown)}, which changes nothing")


def changed(base: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """The tables of a recipe with some values of some tables, and what it starts from, replaced."""
    tables = dict(base)
    if "start" in entry:
        tables["start"] = entry["start"]
    for name in TABLES:
        if name in entry:
            tables[name] = {**base.get(name, {}), **entry[name]}
    return tables


def table_of(ablation: Ablation, labels: Labels, crops: Crops, runs: Path) -> str:
    """Errors on val of every variant whose training has begun, as a Markdown table."""
    faces = Faces.of(labels, crops, "val")
    flags = labels.attributes()[faces.rows]
    head = ["trained with", "crops", "all", *ATTRIBUTES, "shut eyes, AUC"]
    lines = [f"### {ablation.title}", "", "| " + " | ".join(head) + " |", "|---|" + "---:|" * 9]
    for variant in ablation.variants:
        run = runs / variant.recipe.name
        if not (run / "checkpoint.pt").is_file():
            continue
        errors, auc = _measure(variant.recipe, faces, run)
        schedule = variant.recipe.schedule
        cells = [variant.says, f"{schedule.steps * schedule.batch_size / 1000:.0f} k"]
        cells.append(_percent(errors))
        cells += [_percent(errors[flags[:, i]]) for i in range(len(ATTRIBUTES))]
        lines.append("| " + " | ".join([*cells, f"{auc:.3f}"]) + " |")
    return "\n".join(lines) + "\n"


def _measure(recipe: Recipe, faces: Faces, run: Path) -> tuple[npt.NDArray[np.float64], float]:
    images, truth = plain_crops(faces, recipe.crop)
    network = load_trained(recipe, run / "checkpoint.pt")
    points = predict(network, images, recipe.crop)
    errors = nme(point_errors(points, truth, IBUG68, counts=faces.counts_here))
    ratios = [eye_aspect_ratios(p, IBUG68).mean(axis=1) for p in (points, truth)]
    return errors, roc_auc(-ratios[0], ratios[1] < CLOSED_EYES.value)


def _percent(errors: npt.NDArray[np.float64]) -> str:
    known = errors[np.isfinite(errors)]
    return f"{100 * known.mean():.2f}" if len(known) else "–"
