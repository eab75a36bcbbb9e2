"""Trust fitted anew on what a finished network computes.

Crops without a face drive the last maps of the network to twenty times the values of faces. Of
0.25x in fp32, 15 % of them were believed; in int8, ranges that fit faces cut the values off, and
trust, learned in fp32, then believes a grey wall, while ranges that fit both are too coarse for
the points. So the ranges fit faces, and the last layer of trust, which stays in float, is fitted
to the values of each file as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import torch
from onnx import numpy_helper
from torch.nn import functional

from app.core.card import Coordinates
from models.training.batches import AugmentedBatches, Batch, Faces
from models.training.crops import Crops, Framing, in_channels
from models.training.evaluation import to_unit
from models.training.export import INPUT, POINTS, TRUST
from models.training.labels import Labels
from models.training.learner import normalised
from models.training.quality import quality
from models.training.recipe import Recipe

FITTED_CROPS = 3000
FITTED_NEGATIVES = 0.5
"""Crops of the fit, and the share of badly framed faces and of pictures without a face among
them."""

FITTED_WALLS = 300
"""Crops with little or no texture beside them: walls, a covered camera."""

DECAY = 1e-3
"""Weight of the squared weights of the fit, on features of unit spread."""


class TrustExamples(NamedTuple):
    """Training crops, framed well and badly, and crops without a face.

    Attributes:
        inputs: (F, C, N, N) float32, normalised.
        batch: what is known of the first of them; the others are walls.
        coordinates: of the points that the file gives.
    """

    inputs: npt.NDArray[np.float32]
    batch: Batch
    coordinates: Coordinates

    def quality_of(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """How far answers (F, 2 K) in the coordinates of the file deserve belief, (F,)."""
        count, size = len(self.batch.points), self.inputs.shape[-1]
        found = to_unit(points[:count].reshape(count, -1, 2), self.coordinates, size)
        wanted = np.zeros(len(points), np.float32)
        wanted[:count] = quality(torch.from_numpy(found), self.batch).numpy()
        return wanted


def trust_examples(recipe: Recipe, labels: Labels, crops: Crops) -> TrustExamples:
    """Crops to fit the trust of a recipe's files to."""
    batches = AugmentedBatches(
        Faces.of(labels, crops, "train"),
        recipe.file_crop,
        recipe.jitter,
        batch_size=FITTED_CROPS,
        negatives=FITTED_NEGATIVES,
        seed=recipe.schedule.seed + 2,
        layout=recipe.system.layout,
    )
    batch = batches[0]
    images = torch.cat([batch.images, torch.from_numpy(walls(recipe.file_crop, FITTED_WALLS))])
    inputs = normalised(images, recipe.file_crop).numpy()
    return TrustExamples(inputs, batch, recipe.system.coordinates)


def walls(framing: Framing, count: int) -> npt.NDArray[np.uint8]:
    """Crops (count, C, N, N) of one colour or a soft gradient, with some noise."""
    rng = np.random.default_rng(0)
    size = framing.size
    found = []
    for _ in range(count):
        patches = rng.integers(0, 256, (*rng.integers(1, 5, 2), 3)).astype(np.uint8)
        soft = cv2.resize(patches, (size, size), interpolation=cv2.INTER_CUBIC)
        wall = soft * rng.uniform(0, 1) + rng.uniform(0, 100)
        wall += rng.normal(0, rng.uniform(0, 8), wall.shape)
        wall = in_channels(np.clip(wall, 0, 255).astype(np.uint8), framing.channels)
        found.append(wall.transpose(2, 0, 1))
    return np.stack(found)


def refit_trust(path: Path, examples: TrustExamples) -> None:
    """Fit the last layer of trust of a file to how far its own points are off, and write it back.

    A logistic regression on the features that the file itself computes.

    Args:
        path: an ONNX file whose trust is the sigmoid of one matrix product in float, or of its
            mean over the corners of the crop.
        examples: see `trust_examples`.
    """
    model: Any = onnx.load(path)
    made_by = {output: node for node in model.graph.node for output in node.output}
    layer = made_by[TRUST]
    while layer.op_type != "Gemm":  # a sigmoid, and with corners a mean before it
        layer = made_by[layer.input[0]]
    features, points = _features(model, layer.input[0], examples.inputs)
    wanted = examples.quality_of(points)
    weights, bias = _logistic_regression(torch.from_numpy(features), torch.from_numpy(wanted))
    values = {layer.input[1]: weights[None], layer.input[2]: bias[None]}
    for tensor in model.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(numpy_helper.from_array(values[tensor.name], tensor.name))
    onnx.save(model, path)


def _features(
    model: Any, name: str, inputs: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Values (F, E) of an inner tensor (1, E) of the model, of a tensor (4, E) the mean, and the
    points (F, 2 K).
    """
    probe = onnx.ModelProto()
    probe.CopyFrom(model)
    outputs = [output for output in probe.graph.output if output.name == POINTS]
    del probe.graph.output[:]
    probe.graph.output.extend([*outputs, onnx.helper.make_tensor_value_info(name, 1, None)])
    session = ort.InferenceSession(probe.SerializeToString(), providers=["CPUExecutionProvider"])
    seen = [session.run([name, POINTS], {INPUT: crop[None]}) for crop in inputs]
    return np.stack([f.mean(axis=0) for f, _ in seen]), np.concatenate([p for _, p in seen])


def _logistic_regression(
    features: torch.Tensor, wanted: torch.Tensor
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Weights (E,) and bias () for raw features (F, E) and wanted probabilities (F,)."""
    middle, spread = features.mean(dim=0), features.std(dim=0) + 1e-3
    scaled = (features - middle) / spread
    weights = torch.zeros(features.shape[1], requires_grad=True)
    bias = torch.zeros(1, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        error = functional.binary_cross_entropy_with_logits(scaled @ weights + bias, wanted)
        total = error + DECAY * (weights**2).sum()
        total.backward()
        return total

    optimiser.step(loss)
    raw = (weights / spread).detach()
    offset = bias.detach()[0] - (middle * raw).sum()
    return raw.numpy(), offset.numpy()
