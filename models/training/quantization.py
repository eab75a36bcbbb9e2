"""From fp32 to int8: static, unsigned activations and signed weights, calibrated on real crops."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from app.core.card import ModelCard
from models.training.batches import AugmentedBatches, Faces
from models.training.columns import join_columns
from models.training.crops import Crops
from models.training.export import INPUT, POINTS, store_in_half, write_card
from models.training.labels import Labels
from models.training.learner import normalised
from models.training.recipe import Recipe

CALIBRATION_CROPS = 200
"""Enough for the ranges to settle, and a minute of work."""

KEPT_VALUES = (99.99, 99.95)
"""Percents of a tensor's values that its range may cover; the others are cut off. Steps over all of
them are too coarse, and no share fits every network: a few values of 1x are so large that 99.99 %
cost it 0.4 points of NME, while 99.95 % cost the narrower ones a little.
"""

PRODUCTS = ("Conv", "Gemm", "MatMul")
SMALL_LAYER = 32768
"""Weights of a fully connected layer up to which it may stay in float with what follows it."""

GATHERINGS = ("GlobalAveragePool", "Flatten", "Reshape", "Concat")
"""What turns maps into the features that the last products read."""


class _Crops(CalibrationDataReader):
    """Normalised crops, one at a time."""

    def __init__(self, inputs: npt.NDArray[np.float32]) -> None:
        self._inputs: Iterator[npt.NDArray[np.float32]] = iter(inputs)

    def get_next(self) -> dict[str, npt.NDArray[np.float32]] | None:
        """The next input as the runtime takes it, None at the end."""
        crop = next(self._inputs, None)
        return None if crop is None else {INPUT: crop[None]}


def calibration_inputs(recipe: Recipe, labels: Labels, crops: Crops) -> npt.NDArray[np.float32]:
    """(CALIBRATION_CROPS, C, N, N) normalised training crops, framed as detectors frame them."""
    batches = AugmentedBatches(
        Faces.of(labels, crops, "train"),
        recipe.file_crop,
        recipe.jitter,
        batch_size=CALIBRATION_CROPS,
        negatives=0.0,
        seed=recipe.schedule.seed + 1,
    )
    inputs: npt.NDArray[np.float32] = normalised(batches[0].images, recipe.file_crop).numpy()
    return inputs


def last_layers(model: Any) -> list[str]:
    """Names of the products that no other product follows, of what follows them, of the small
    hidden layers before them, and of the means over maps and joins that feed all these alone.

    They stay in float: eight bits across the crop are steps of 0.4 % of it, which a still face
    would show as jitter, and so are eight bits of a feature that is the mean of 200 such values;
    the layers cost nothing.
    """
    feeds_a_product: set[str] = set()
    feeds_others: set[str] = set()
    names = []
    small = _small_layers(model)
    for node in reversed(model.graph.node):
        followed = any(output in feeds_a_product for output in node.output)
        alone = not any(output in feeds_others for output in node.output)
        if not followed or (alone and (node.op_type in GATHERINGS or node.name in small)):
            names.append(node.name)
        else:
            feeds_others.update(node.input)
        if followed:
            feeds_a_product.update(node.input)
        elif node.op_type in PRODUCTS:
            feeds_a_product.update(node.input[:2])  # the third is added, not multiplied
    return names


def _small_layers(model: Any) -> set[str]:
    """Names of the small fully connected layers of a model, and of the Relu behind each."""
    sizes = {w.name: int(np.prod(w.dims)) for w in model.graph.initializer}
    layers = [
        node
        for node in model.graph.node
        if node.op_type == "Gemm" and sizes.get(node.input[1], SMALL_LAYER + 1) <= SMALL_LAYER
    ]
    outputs = {node.output[0] for node in layers}
    return {node.name for node in layers} | {
        node.name
        for node in model.graph.node
        if node.op_type == "Relu" and node.input[0] in outputs
    }


def quantize(
    fp32: Path, int8: Path, inputs: npt.NDArray[np.float32], *, parts: Sequence[str] = ()
) -> None:
    """Write the int8 file of an fp32 file, with its card.

    Of the ranges in `KEPT_VALUES` the one is taken that leaves the points nearest to those of the
    fp32 file. Weights are quantized per channel to seven bits (`reduce_range`): on a CPU without
    VNNI the sums of eight-bit products overflow 16 bits, and one file must serve all CPUs.

    Args:
        fp32: file written by `export`.
        int8: file to write.
        inputs: (F, C, N, N) normalised training crops.
        parts: modules of the network to quantize, all if empty; see `Family.quantized_parts`.
    """
    with tempfile.TemporaryDirectory() as folder:
        prepared, tried = Path(folder) / "prepared.onnx", Path(folder) / "tried.onnx"
        # Folds batch normalisation and removes identities: without it int8 is slower than fp32.
        quant_pre_process(str(fp32), str(prepared), skip_symbolic_shape=True)
        model: Any = onnx.load(prepared)
        left_alone = last_layers(model)
        if parts:
            left_alone += [
                node.name
                for node in model.graph.node
                if not any(f"/{part}/" in node.name for part in parts)
            ]
        if join_columns(model, except_for=left_alone):
            onnx.save(model, prepared)
        wanted = _points(fp32, inputs)
        distances: list[float] = []
        for kept in KEPT_VALUES:
            quantize_static(
                str(prepared),
                str(tried),
                _Crops(inputs),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                nodes_to_exclude=left_alone,
                calibrate_method=CalibrationMethod.Percentile,
                extra_options={"CalibPercentile": kept},
            )
            distances.append(float(np.abs(_points(tried, inputs) - wanted).mean()))
            if distances[-1] == min(distances):
                shutil.copyfile(tried, int8)
    quantized: Any = onnx.load(int8)
    store_in_half(quantized)  # of the layers that stay in float
    del quantized.graph.value_info[:]  # shapes of what lies inside, which the runtime finds itself
    source: Any = onnx.load(fp32)
    card = ModelCard.from_metadata({p.key: p.value for p in source.metadata_props})
    write_card(quantized, replace(card, precision="int8", nme_val={}, milliseconds=None))
    onnx.save(quantized, int8)


def _points(path: Path, inputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The points (F, 2 K) that a file finds in normalised crops (F, C, N, N)."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run([POINTS], {INPUT: crop[None]})[0] for crop in inputs])
