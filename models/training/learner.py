"""A network that learns: with its loss, its optimiser and the average of its weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from app.core.card import Coordinates
from app.core.errors import SourceError
from app.evaluate.metrics import nme, point_errors
from models.training.batches import Batch, Faces, in_layout, plain_crops
from models.training.crops import Framing
from models.training.evaluation import to_unit
from models.training.optimisation import Descent
from models.training.point_loss import PointLoss
from models.training.recipe import Recipe, Schedule
from models.training.start import start_from, start_from_file

HAND = "ibug68"
"""Source of the faces whose points people checked."""

LOWEST_RATE = 0.01
"""Learning rate at the end of the cosine, as a share of the highest."""

LARGEST_GRADIENT = 1.0
"""Norm to which the gradients of a step are cut down."""

Report = Callable[[str], None]


class Learner:
    """What training changes for one recipe.

    Args:
        recipe: what is trained.
        runs: folder of all runs; checkpoint and log of this one lie in the folder of its name.
        faces: to train on.
        validation: to measure on.
        device: where to compute.
        report: is told what this learner begins with and what it does.
        compiled: let torch compile the network, for a minute of its time.
    """

    def __init__(
        self,
        recipe: Recipe,
        runs: Path,
        faces: Faces,
        validation: Faces,
        device: torch.device,
        report: Report,
        *,
        compiled: bool = False,
    ) -> None:
        torch.manual_seed(recipe.schedule.seed)
        self.recipe = recipe
        self.folder = runs / recipe.name
        self._device, self._report = device, report
        images, points = plain_crops(validation, recipe.crop)
        layout = recipe.system.layout
        self._validation = (images, *in_layout(points, validation.counts_here, layout))
        self._by_source = validation.source[validation.rows]
        self.network = recipe.build_network()
        if recipe.start is not None and not self.checkpoint.is_file():
            self._start(runs)
        self.network.to(device, memory_format=torch.channels_last)
        self.average = AveragedModel(self.network, multi_avg_fn=self._follow, use_buffers=True)
        # It counts in Python's time, not in the device's: reading it would wait for each step.
        self.average.n_averaged = self.average.n_averaged.cpu()
        schedule = recipe.schedule
        self._descent = Descent(self.network, schedule.optimiser, schedule.weight_decay)
        self._predict = torch.compile(self.network) if compiled else self.network
        self._loss = recipe.build_loss(faces.attributes[faces.rows]).to(device)
        self._frozen = False

    @property
    def checkpoint(self) -> Path:
        """File that holds everything needed to go on."""
        return self.folder / "checkpoint.pt"

    @property
    def log(self) -> Path:
        """File with one JSON object per logged step."""
        return self.folder / "log.jsonl"

    def begin(self) -> None:
        """Make the network ready to learn."""
        self.network.train()
        if self._frozen:
            freeze_statistics(self.network)

    def learn(self, batch: Batch, progress: float) -> Tensor:
        """One step on a batch that lies on the device; the loss, there, too.

        Args:
            batch: crops and what is known of them; crops that are too large are shrunken.
            progress: of the run, 0 to 1.
        """
        schedule = self.recipe.schedule
        if progress >= schedule.frozen_from and not self._frozen:
            self._freeze_statistics()
        images = normalised(resized(batch.images, self.recipe.crop.size), self.recipe.crop)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=schedule.half_precision):
            prediction = self._predict(images.contiguous(memory_format=torch.channels_last))
        loss: Tensor = self._loss(prediction, batch)
        loss.backward()
        self._descent.step(learning_rate(schedule, progress), LARGEST_GRADIENT)
        self.average.update_parameters(self.network)
        return loss.detach()

    def validate(self) -> dict[str, float]:
        """The averaged network on the validation crops: the NME, a share of the eye distance, and
        the loss where it looks at nothing but the points.
        """
        images, truth, counts = self._validation
        recipe, system = self.recipe, self.recipe.system
        predicted = predict(self.average.module, images, recipe.crop, system.coordinates)
        errors = point_errors(predicted, truth, system.layout, counts=counts)
        errors_of_faces = nme(errors)
        figures = {"val_nme": round(float(np.nanmean(errors_of_faces)), 5)}
        hand = self._by_source == HAND
        if hand.any():
            figures["val_hand"] = round(float(np.nanmean(errors_of_faces[hand])), 5)
        if isinstance(self._loss, PointLoss):
            arrays = (torch.from_numpy(array) for array in (predicted, truth, counts))
            figures["val_loss"] = round(float(self._loss.of_points(*arrays)), 6)
        return figures

    def write(self, position: dict[str, Any]) -> None:
        """Write weights and position in the run beside the checkpoint; `commit` puts them in its
        place.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        torch.save(
            {
                **position,
                "frozen": self._frozen,
                "network": self.network.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self._descent.state_dict(),
            },
            self._partial,
        )

    def commit(self) -> None:
        """Replace the checkpoint by what `write` wrote."""
        self._partial.replace(self.checkpoint)

    def resume(self) -> dict[str, Any]:
        """Read the checkpoint; the position in the run that it holds.

        Raises:
            SourceError: it belongs to another network.
        """
        state = torch.load(self.checkpoint, weights_only=True, map_location=self._device)
        self._frozen = state.pop("frozen", False)
        try:
            self.network.load_state_dict(state.pop("network"))
            self.average.load_state_dict(state.pop("average"))
            self._descent.load_state_dict(state.pop("optimiser"))
        except (RuntimeError, ValueError) as error:
            raise SourceError(
                f"{self.checkpoint} belongs to another network or optimiser than "
                f"{self.recipe.path}; delete {self.folder} to begin again"
            ) from error
        return dict(state)

    @property
    def _partial(self) -> Path:
        return self.checkpoint.with_suffix(".partial")

    def _follow(self, averages: Any, values: Any, _updates: Any) -> None:
        """Move the average towards the weights, as fast as `decay_after` says."""
        if averages[0].is_floating_point():
            decay = decay_after(int(self.average.n_averaged), self.recipe.schedule.average)
            get_ema_multi_avg_fn(decay)(averages, values, _updates)
        else:
            for average, value in zip(averages, values, strict=True):
                average.copy_(value)

    def _freeze_statistics(self) -> None:
        """Go on from the average, whose statistics belong to its weights, and keep them."""
        self.network.load_state_dict(self.average.module.state_dict())
        freeze_statistics(self.network)
        self._frozen = True
        self._report(f"{self.recipe.name}: statistics frozen")

    def _start(self, runs: Path) -> None:
        """Begin with the weights of another run or of a model file."""
        says = str(self.recipe.start)
        if says.endswith(".onnx"):
            start = start_from_file(self.network, Path(says))
        else:
            checkpoint = runs / says / self.checkpoint.name
            start = start_from(self.network, checkpoint, self.recipe.schedule.seed)
        parts = [f"starting from {says}"]
        for what, layers in (("new", start.new), ("left out", start.left_out)):
            if layers:
                short = dict.fromkeys(".".join(name.split(".")[:-1][:3]) for name in layers)
                parts.append(f"{what}: {', '.join(short)}")
        self._report("; ".join(parts))


def learning_rate(schedule: Schedule, progress: float) -> float:
    """Warm-up along a line, then a cosine; progress runs from 0 to 1."""
    if progress < schedule.warm_up:
        return schedule.learning_rate * max(progress / schedule.warm_up, 1e-3)
    phase = (progress - schedule.warm_up) / (1 - schedule.warm_up)
    share = LOWEST_RATE + (1 - LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * min(phase, 1.0)))
    return schedule.learning_rate * share


def decay_after(updates: int, decay: float) -> float:
    """Decay of the moving average of the weights after so many updates, up to `decay`.

    It is (1 + n) / (10 + n) at first: the first, useless weights would else stay in the average
    for thousands of steps.
    """
    return min(decay, (1 + updates) / (10 + updates))


def normalised(images: Tensor, framing: Framing) -> Tensor:
    """(B, C, N, N) uint8 to what the network takes."""
    return (images.float() - framing.mean) / framing.std


def resized(images: Tensor, size: int) -> Tensor:
    """Crops (B, C, N, N) uint8 as they are if N is `size`, else shrunken to it, float."""
    if images.shape[-1] == size:
        return images
    shape = (size, size)
    return functional.interpolate(images.float(), shape, mode="bilinear", antialias=True)


def freeze_statistics(network: nn.Module) -> None:
    """Normalise by the statistics that a network has, as it will when it is used, no longer by
    those of each batch; scale and offset are still learned.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.eval()


def load_trained(recipe: Recipe, checkpoint: Path) -> nn.Module:
    """The averaged network of a checkpoint, ready to predict on the CPU."""
    state = torch.load(checkpoint, weights_only=True, map_location="cpu")
    average = AveragedModel(recipe.build_network(), use_buffers=True)
    average.load_state_dict(state["average"])
    network: nn.Module = average.module
    return network.eval()


def predict(
    network: nn.Module,
    images: npt.NDArray[np.uint8],
    framing: Framing,
    coordinates: Coordinates = "unit",
) -> npt.NDArray[np.float32]:
    """Points (F, K, 2) in 0..1 for crops (F, N, N, C)."""
    training, device = network.training, next(network.parameters()).device
    network.eval()
    points = []
    with torch.inference_mode():
        for start in range(0, len(images), 64):
            part = torch.from_numpy(images[start : start + 64]).permute(0, 3, 1, 2).to(device)
            points.append(network(normalised(part, framing)).points.cpu().numpy())
    network.train(training)
    found = np.concatenate(points).reshape(len(images), -1, 2)
    return to_unit(found, coordinates, framing.size)
