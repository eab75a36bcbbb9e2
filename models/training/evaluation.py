"""A model file measured on labelled faces, framed as the program frames them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from app.core.card import Coordinates, ModelCard
from app.core.face import Box
from app.core.geometry import crop_transform, points_from_unit
from app.core.layout import IBUG68
from models.training.augmentation import badly_framed_transform
from models.training.crops import Crops, Framing, background_square, in_channels, warp
from models.training.labels import Labels
from models.training.sources import Picture, read_picture

WARM_UP_RUNS = 30
TIMED_RUNS = 400


class ModelFile:
    """An ONNX file of the zoo, ready to run on one thread as the program runs it."""

    def __init__(self, path: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
        options.add_session_config_entry("session.set_denormal_as_zero", "1")
        self.path = path
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name
        self.card = ModelCard.from_metadata(self._session.get_modelmeta().custom_metadata_map)

    @property
    def framing(self) -> Framing:
        """How the model's crops lie around a face box."""
        card = self.card
        return Framing(
            size=card.input_size,
            scale=card.crop_scale,
            shift=card.crop_shift,
            mean=card.mean[0],
            std=card.std[0],
            channels=card.channels,
        )

    def run(self, crop: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.float32], float]:
        """Points (K, 2) in 0..1 and trust of a BGR crop (N, N, 3); NaN from a model that has no
        opinion.
        """
        points, *trust = self.infer(self.prepare(crop))
        unit = to_unit(points.reshape(-1, 2), self.card.coordinates, self.card.input_size)
        return unit, float(trust[0][0, 0]) if trust else float("nan")

    def prepare(self, crop: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The network's input (1, C, N, N) for a BGR crop."""
        crop = in_channels(crop, self.card.channels)
        mean, std = (np.array(v, dtype=np.float32) for v in (self.card.mean, self.card.std))
        return np.ascontiguousarray(((crop - mean) / std).transpose(2, 0, 1)[None], np.float32)

    def infer(self, prepared: npt.NDArray[np.float32]) -> list[npt.NDArray[np.float32]]:
        """Points and, where the card names it, trust, as the file gives them."""
        card = self.card
        outputs: list[npt.NDArray[np.float32]] = self._session.run(
            [name for name in (card.points_output, card.trust_output) if name],
            {self._input: prepared},
        )
        return outputs

    def told(self, crop: npt.NDArray[np.uint8], output: str) -> npt.NDArray[np.float32]:
        """The numbers of one output, flat, for a BGR crop (N, N, 3)."""
        return np.asarray(self._session.run([output], {self._input: self.prepare(crop)})[0]).ravel()

    def pose(self, crop: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Yaw, pitch and roll (3,) in degrees that a file with a pose output sees in a BGR crop."""
        found = self._session.run([self.card.pose_output], {self._input: self.prepare(crop)})
        return np.asarray(found[0], np.float32).reshape(3)


def to_unit(
    values: npt.NDArray[np.float32], coordinates: Coordinates, size: int
) -> npt.NDArray[np.float32]:
    """Coordinates of a network with a square input of `size` to 0..1 across it."""
    if coordinates == "symmetric":
        return (values + np.float32(1)) / np.float32(2)
    return values / np.float32(size) if coordinates == "pixels" else values


@dataclass(frozen=True, eq=False, slots=True)
class Framed:
    """A face in its picture and the crop that the program would cut around a box.

    Attributes:
        crop: (N, N, 3) uint8.
        transform: (2, 3), picture to crop.
    """

    crop: npt.NDArray[np.uint8]
    transform: npt.NDArray[np.float64]


def frame_faces(
    data: Path, labels: Labels, boxes: Mapping[int, Box], framing: Framing
) -> dict[int, Framed]:
    """The crop of each row's picture around the given face box."""
    framed = {}
    for row, box in boxes.items():
        path, squeeze = str(labels.paths[row]), float(labels.squeeze[row])
        image = read_picture(data, Picture(path, "val", "", squeeze=squeeze))
        matrix = crop_transform(box, scale=framing.scale, shift=framing.shift, size=framing.size)
        crop = warp(image, matrix, framing.size, cv2.BORDER_CONSTANT)
        framed[row] = Framed(crop, matrix)
    return framed


def predict_framed(
    model: ModelFile, framed: Mapping[int, Framed]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float64]]:
    """Points (F, K, 2) in picture pixels and trust (F,), in the order of the mapping."""
    points, trusts = [], []
    for face in framed.values():
        unit, trust = model.run(face.crop)
        points.append(points_from_unit(unit, face.transform, size=model.card.input_size))
        trusts.append(trust)
    return np.stack(points), np.array(trusts)


def negative_crops(
    data: Path, labels: Labels, crops: Crops, rows: Iterable[int], framing: Framing
) -> list[npt.NDArray[np.uint8]]:
    """Crops without a well-framed face: a badly framed one of each face, and a square of the
    picture beside it where there is room.
    """
    rng = np.random.default_rng(0)
    size = framing.size
    found = []
    for row in rows:
        matrix = badly_framed_transform(
            crops.points[row], size=size, crop_scale=framing.scale, rng=rng
        )
        found.append(warp(crops.image(row), matrix, size, cv2.BORDER_CONSTANT))
        image = read_picture(data, Picture(str(labels.paths[row]), "val", ""))
        square = background_square(image, Box.around(labels.points[row]), rng)
        if square is not None:
            found.append(np.asarray(cv2.resize(square, (size, size)), dtype=np.uint8))
    return found


def time_models(models: Sequence[ModelFile], crops: Sequence[npt.NDArray[np.uint8]]) -> list[float]:
    """Median milliseconds of one inference of each model on its crop (N, N, 3), in turns within
    one run.
    """
    prepared = [model.prepare(crop) for model, crop in zip(models, crops, strict=True)]
    times: list[list[float]] = [[] for _ in models]
    for turn in range(WARM_UP_RUNS + TIMED_RUNS):
        for model, values, spent in zip(models, prepared, times, strict=True):
            # Once unmeasured: the model that ran before has emptied the cache.
            model.infer(values)
            start = time.perf_counter()
            model.infer(values)
            if turn >= WARM_UP_RUNS:
                spent.append(1000 * (time.perf_counter() - start))
    return [float(np.median(spent)) for spent in times]


def count_macs(path: Path) -> int:
    """Multiplications of the convolutions and matrix products of an fp32 file."""
    model: Any = onnx.shape_inference.infer_shapes(onnx.load(path))
    graph = model.graph
    shapes = {w.name: tuple(w.dims) for w in graph.initializer} | {
        v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim)
        for v in [*graph.input, *graph.value_info, *graph.output]
    }
    total = 0
    for node in graph.node:
        if node.op_type == "Conv":
            each = shapes[node.input[1]][1:]
        elif node.op_type in ("Gemm", "MatMul"):
            each = shapes[node.input[0]][-1:]
        else:
            continue
        total += int(np.prod(shapes[node.output[0]])) * int(np.prod(each))
    return total


def outer_eyes(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """(F,) distance between the outer eye corners, pixels."""
    left, right = IBUG68.outer_eye_corners
    return np.linalg.norm(points[:, right].astype(np.float64) - points[:, left], axis=1)
