"""Milliseconds of a network before it is trained: the shape decides, not the weights."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from models.pfld.network import Block
from models.training.evaluation import ModelFile, count_macs, time_models
from models.training.export import card_of, export
from models.training.quantization import quantize
from models.training.recipe import Recipe

CALIBRATION_INPUTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """What one candidate costs.

    Attributes:
        name: of the recipe, with the block where it was replaced.
        macs: multiplications of one inference.
        fp32_ms: median of one inference on one thread.
        int8_ms: likewise.
        int8_bytes: size of the int8 file.
    """

    name: str
    macs: int
    fp32_ms: float
    int8_ms: float
    int8_bytes: int


def with_block(recipe: Recipe, block: Block) -> Recipe:
    """A recipe of PFLD with another kind of block in every stage."""
    stages = tuple(replace(stage, block=block) for stage in recipe.network.stages)
    network = replace(recipe.network, stages=stages)
    return replace(recipe, name=f"{recipe.name} {block}", network=network)


def measure_latencies(recipes: Sequence[Recipe]) -> list[Latency]:
    """Time the untrained networks of recipes, all in turns within one run."""
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for index, recipe in enumerate(recipes):
            pair = tuple(Path(folder) / f"{index}-{p}.onnx" for p in ("fp32", "int8"))
            card = card_of(recipe, "untrained")
            export(recipe.build_network(), card, pair[0], corners=recipe.corners)
            shape = (CALIBRATION_INPUTS, card.depth, card.input_size, card.input_size)
            inputs = rng.standard_normal(shape, dtype=np.float32)
            quantize(pair[0], pair[1], inputs, parts=recipe.system.quantized_parts)
            paths.append(pair)
        models = [ModelFile(path) for pair in paths for path in pair]
        sides = [model.card.input_size for model in models]
        crops = [rng.integers(0, 256, (side, side, 3)).astype(np.uint8) for side in sides]
        times = time_models(models, crops)
        return [
            Latency(
                name=recipe.name,
                macs=count_macs(pair[0]),
                fp32_ms=times[2 * index],
                int8_ms=times[2 * index + 1],
                int8_bytes=pair[1].stat().st_size,
            )
            for index, (recipe, pair) in enumerate(zip(recipes, paths, strict=True))
        ]
