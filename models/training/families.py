"""What a model family gives to the training that all families share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from app.core.card import Coordinates
from app.core.errors import SourceError
from app.core.layout import IBUG68, LandmarkLayout


class Prediction(NamedTuple):
    """What a network says of a batch of B crops; a family may add fields of its own.

    points: (B, 2 N), x before y, in the coordinates of the family.
    trust: (B, 1), the logit of "this crop holds a well-framed face", or None of a network that
        has no opinion.
    pose: (B, 3) yaw, pitch, roll in radians, as the crop shows the head, or None likewise.
    visibility: (B, 3), the logits of "it can be seen" of left eye, right eye and mouth, or None.
    expression: (B, 52) of `BLENDSHAPES`, about 0..1, or None.
    """

    points: Tensor
    trust: Tensor | None = None
    pose: Tensor | None = None
    visibility: Tensor | None = None
    expression: Tensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A system of the documents: `FAMILY` in models/NAME/family.py.

    Attributes:
        read_network: the `[network]` table of a recipe, with the side of the input
            (`input_size`), to what fixes the shape of the network.
        read_loss: the `[loss]` table to what fixes the loss.
        build_network: what `read_network` gave to a network that answers a batch of normalised
            crops with a `Prediction`.
        build_loss: what `read_loss` gave, and the attributes (M, 6) of the training faces, to
            the loss: a prediction and a `batches.Batch` to a scalar.
        layout: what the points mean.
        coordinates: what the numbers of a point mean.
        trust: whether the networks say how far a crop deserves belief.
        pose: whether they say how the head is turned.
        aside: whether they tell what can be seen and what the face expresses.
        finish: changes a trained network before it is exported, or None: network, recipe, labels
            and crops.
        quantized_parts: modules of the networks that int8 covers; () for all of them.
    """

    read_network: Callable[[Mapping[str, Any]], Any]
    read_loss: Callable[[Mapping[str, Any]], Any]
    build_network: Callable[[Any], nn.Module]
    build_loss: Callable[[Any, npt.NDArray[np.bool_]], nn.Module]
    layout: LandmarkLayout = IBUG68
    coordinates: Coordinates = "unit"
    trust: bool = True
    pose: bool = False
    aside: bool = False
    finish: Callable[[Any, Any, Any, Any], Any] | None = None
    quantized_parts: tuple[str, ...] = ()


def find_family(name: str) -> Family:
    """The family of a name.

    Raises:
        SourceError: there is no such folder in models/.
    """
    module = f"models.{name}.family"
    if not name.isidentifier() or find_spec(f"models.{name}") is None or find_spec(module) is None:
        raise SourceError(f"the family {name!r} is none of those in models/")
    family: Family = import_module(module).FAMILY
    return family
