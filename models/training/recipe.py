"""A recipe: everything that fixes how a model is made, in one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from torch import nn

from app.core.errors import SourceError
from models.training.augmentation import Jitter
from models.training.corners import with_margin
from models.training.crops import Framing
from models.training.families import Family, find_family
from models.training.optimisation import METHODS, Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The `[schedule]` table.

    Attributes:
        steps: length of the run; a time budget on the command line replaces it. With 0 there is
            none: the files are made from the weights that the recipe starts with.
        batch_size: crops per step.
        learning_rate: highest, after the warm-up; it falls to 1 % of it along a cosine.
        warm_up: share of the run over which it rises from 0.
        weight_decay: of the optimiser.
        average: decay of the moving average of the weights per step.
        negatives: share of crops that hold no well-framed face.
        seed: of the first weights and of every random choice.
        half_precision: compute the convolutions in bfloat16.
        frozen_from: share of the run after which batch normalisation keeps its means and
            variances (new layers need some of the run to find theirs); 1 for never. Those of a
            batch change from one to the next, which shakes every point and is no part of the
            network that is used.
        optimiser: `adamw`, or `muon` for kernels of convolutions and AdamW for the rest.
    """

    steps: int
    batch_size: int
    learning_rate: float
    warm_up: float
    weight_decay: float
    average: float
    negatives: float
    seed: int
    half_precision: bool
    frozen_from: float = 1.0
    optimiser: Method = "adamw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """The `[data]` table: what is trained on beside the faces of the pictures.

    Attributes:
        synthetic: faces made from them: turned further, with shut eyes, with open mouths.
        accessories: glasses, masks and hands drawn over them.
        clear: share of the crops in which nothing more is covered, blurred or drowned in noise:
            light and colour change alone.
        shown: how often an epoch shows each face of a source, by the name of the source (`p1`,
            `faces-p1`, `prajnasb`, `chandrika`, `mux`; `turned`, `eyes` and `mouth` for
            synthetic faces); once where it is not named. Rare classes are weighed by the faces
            as they are, not by how often they are shown.
    """

    synthetic: bool = True
    accessories: bool = True
    clear: float = 0.0
    shown: Mapping[str, float] = field(default_factory=dict)

    @property
    def splits(self) -> tuple[str, ...]:
        """Splits of the labels to train on."""
        return ("train", "synthetic") if self.synthetic else ("train",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What `python -m models.training train RECIPE` reads.

    Attributes:
        name: of the model, and of its folder of runs.
        family: the system that it belongs to.
        start: name of the recipe whose trained weights this one begins with (see `start`), path
            of an fp32 model file likewise, or None to begin with random ones.
        path: where the recipe lies, for the card.
        corners: the exported files look at each face from the four corners of a slightly larger
            crop, twice in the mirror, and average: four times the time for a smaller and steadier
            error.
        network: what the family read from the `[network]` table.
        loss: what it read from the `[loss]` table.
    """

    name: str
    family: str
    start: str | None
    path: Path
    network: Any
    crop: Framing
    jitter: Jitter
    loss: Any
    schedule: Schedule
    data: Data = Data()
    corners: bool = False

    @property
    def shared(self) -> tuple[Any, ...]:
        """What recipes must have in common to be trained side by side on the same batches."""
        crop = replace(self.crop, size=0)
        schedule = replace(self.schedule, learning_rate=0.0, weight_decay=0.0, optimiser="adamw")
        return crop, self.jitter, self.data, schedule, self.system.layout.name

    @property
    def system(self) -> Family:
        """What the family gives to the training."""
        return find_family(self.family)

    @property
    def trained_as(self) -> str:
        """Name of the run whose weights the files are made from."""
        return self.start if self.schedule.steps == 0 and self.start else self.name

    @property
    def file_crop(self) -> Framing:
        """What the exported files are given."""
        return with_margin(self.crop) if self.corners else self.crop

    def build_network(self) -> nn.Module:
        """The network with its first weights."""
        return self.system.build_network(self.network)

    def build_loss(self, attributes: npt.NDArray[np.bool_]) -> nn.Module:
        """The loss for training faces of these attributes (M, 6)."""
        return self.system.build_loss(self.loss, attributes)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a recipe.

        Raises:
            SourceError: the file is missing, is not TOML, lacks a value, says what no recipe
                knows, names a family that does not exist, freezes statistics at random weights
                or wants an unknown optimiser.
        """
        try:
            values = tomllib.loads(path.read_text(encoding="utf-8"))
            return cls.from_tables(values, path)
        except OSError as error:
            raise SourceError(f"the recipe {path} cannot be read: {error}") from error
        except (tomllib.TOMLDecodeError, TypeError, KeyError) as error:
            raise SourceError(f"the recipe {path} is wrong: {error}") from error

    @classmethod
    def from_tables(cls, values: Mapping[str, Any], path: Path) -> Self:
        """Build a recipe from the tables of its file.

        Raises:
            SourceError: see `load`.
        """
        known = {known.name for known in fields(cls)} - {"path"}
        unknown = sorted(set(values) - known)
        if unknown:
            raise SourceError(f"the recipe {path} says {', '.join(unknown)}, which no recipe knows")
        crop = Framing(**values["crop"])
        schedule = Schedule(**values["schedule"])
        if schedule.frozen_from == 0 and "start" not in values:
            raise SourceError(
                f"the recipe {path} freezes statistics that nothing has set: give it a `start`, or "
                "a `frozen_from` above 0"
            )
        if schedule.optimiser not in METHODS:
            raise SourceError(
                f"the recipe {path} wants the optimiser {schedule.optimiser!r}; there are "
                f"{' and '.join(METHODS)}"
            )
        family = find_family(values["family"])
        return cls(
            name=values["name"],
            family=values["family"],
            start=values.get("start"),
            path=path,
            network=family.read_network({"input_size": crop.size, **values["network"]}),
            crop=crop,
            jitter=Jitter(**values["jitter"]),
            loss=family.read_loss(values["loss"]),
            schedule=schedule,
            data=Data(**values.get("data", {})),
            corners=values.get("corners", False),
        )
