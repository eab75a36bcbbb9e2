"""The training loop: resumable, on a count of steps or a budget of minutes."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.swa_utils import AveragedModel

from app.core.card import Coordinates
from app.evaluate.metrics import nme, point_errors
from models.training.batches import (
    AugmentedBatches,
    Batch,
    Faces,
    Framing,
    in_layout,
    plain_crops,
    stream,
)
from models.training.evaluation import to_unit
from models.training.point_loss import PointLoss
from models.training.recipe import Recipe, Schedule
from models.training.start import start_from

LOWEST_RATE = 0.01
"""Learning rate at the end of the cosine, as a share of the highest."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How one call of the training goes, beside what the recipe says.

    Attributes:
        folder: checkpoint, log and plot lie here.
        minutes: budget of training time that replaces the recipe's count of steps, or None. The
            schedule then follows the clock, so it is complete when the time is up, however busy
            the machine is.
        stop_after: end this call after so many steps, to be resumed later, or None.
        workers: processes that make batches.
        save_every: steps between checkpoints.
        validate_every: steps between validations.
    """

    folder: Path
    minutes: float | None = None
    stop_after: int | None = None
    workers: int = 1
    save_every: int = 200
    validate_every: int = 600

    @property
    def checkpoint(self) -> Path:
        """File that holds everything needed to go on."""
        return self.folder / "checkpoint.pt"

    @property
    def log(self) -> Path:
        """File with one JSON object per logged step."""
        return self.folder / "log.jsonl"


def learning_rate(schedule: Schedule, progress: float) -> float:
    """Warm-up along a line, then a cosine; progress runs from 0 to 1."""
    if progress < schedule.warm_up:
        return schedule.learning_rate * max(progress / schedule.warm_up, 1e-3)
    phase = (progress - schedule.warm_up) / (1 - schedule.warm_up)
    share = LOWEST_RATE + (1 - LOWEST_RATE) * 0.5 * (1 + math.cos(math.pi * min(phase, 1.0)))
    return schedule.learning_rate * share


def normalised(images: Tensor, framing: Framing) -> Tensor:
    """(B, C, N, N) uint8 to what the network takes."""
    return (images.float() - framing.mean) / framing.std


class Trainer:
    """Network, average, optimiser and position in the schedule."""

    def __init__(
        self, recipe: Recipe, run: Run, faces: Faces, validation: Faces, report: Report
    ) -> None:
        torch.manual_seed(recipe.schedule.seed)
        torch.set_flush_denormal(True)
        schedule = recipe.schedule
        self._recipe, self._run, self._report = recipe, run, report
        self._batches = AugmentedBatches(
            faces,
            recipe.crop,
            recipe.jitter,
            batch_size=schedule.batch_size,
            negatives=schedule.negatives,
            seed=schedule.seed,
            layout=recipe.system.layout,
            accessories=recipe.data.accessories,
        )
        images, points = plain_crops(validation, recipe.crop)
        layout = recipe.system.layout
        self._validation = (images, *in_layout(points, validation.counts_here, layout))
        self.network = recipe.build_network().to(memory_format=torch.channels_last)
        if recipe.start is not None and not run.checkpoint.is_file():
            self._start(recipe.start)
        self.average = AveragedModel(
            self.network, multi_avg_fn=ramped_average(schedule.average), use_buffers=True
        )
        self._optimiser = AdamW(_parameter_groups(self.network, schedule.weight_decay), lr=0.0)
        self._loss = recipe.build_loss(faces.attributes[faces.rows])
        self.step = 0
        self._elapsed = 0.0
        self._frozen = False
        if run.checkpoint.is_file():
            self._resume()

    def train(self) -> None:
        """Go on until the schedule is complete or `stop_after` steps are done."""
        schedule, run = self._recipe.schedule, self._run
        run.folder.mkdir(parents=True, exist_ok=True)
        # A budget of time knows no last step; the stream is then simply left.
        last = schedule.steps if run.minutes is None else 10_000_000
        if run.stop_after is not None:
            last = min(last, self.step + run.stop_after)
        self.network.train()
        if self._frozen:
            freeze_statistics(self.network)
        started, elapsed_before, losses = time.monotonic(), self._elapsed, []
        first_step = self.step
        for batch in stream(self._batches, self.step, last, workers=run.workers):
            progress = self._progress()
            if progress >= 1:
                break
            if progress >= schedule.frozen_from and not self._frozen:
                self._freeze_statistics()
            losses.append(self._train_step(batch, learning_rate(schedule, progress)))
            self.step += 1
            self._elapsed = elapsed_before + time.monotonic() - started
            if self.step % run.save_every == 0:
                row = {
                    "step": self.step,
                    "progress": round(self._progress(), 4),
                    "minutes": round(self._elapsed / 60, 2),
                    "loss": round(float(np.mean(losses)), 6),
                    "crops_per_s": round(
                        (self.step - first_step)
                        * schedule.batch_size
                        / (time.monotonic() - started)
                    ),
                }
                losses.clear()
                if self.step % run.validate_every == 0:
                    row |= self.validate()
                self._log(row)
                self._save()
        if self._progress() >= 1:
            self._log({"step": self.step, "progress": 1.0, **self.validate()})
        self._save()

    def validate(self) -> dict[str, float]:
        """The averaged network on the validation crops: the NME, a share of the eye distance, and
        the loss where it looks at nothing but the points.
        """
        images, truth, counts = self._validation
        recipe, system = self._recipe, self._recipe.system
        predicted = predict(self.average.module, images, recipe.crop, system.coordinates)
        errors = point_errors(predicted, truth, system.layout, counts=counts)
        figures = {"val_nme": round(float(np.nanmean(nme(errors))), 5)}
        if isinstance(self._loss, PointLoss):
            arrays = (torch.from_numpy(array) for array in (predicted, truth, counts))
            figures["val_loss"] = round(float(self._loss.of_points(*arrays)), 6)
        return figures

    def _progress(self) -> float:
        if self._run.minutes is not None:
            return self._elapsed / (60 * self._run.minutes)
        return self.step / self._recipe.schedule.steps

    def _train_step(self, batch: Batch, rate: float) -> float:
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        images = normalised(batch.images, self._recipe.crop)
        half = self._recipe.schedule.half_precision
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            prediction = self.network(images.contiguous(memory_format=torch.channels_last))
        loss = self._loss(prediction, batch)
        self._optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self.average.update_parameters(self.network)
        return float(loss.detach())

    def _freeze_statistics(self) -> None:
        """Go on from the average, whose statistics belong to its weights, and keep them."""
        self.network.load_state_dict(self.average.module.state_dict())
        freeze_statistics(self.network)
        self._frozen = True
        self._report(f"statistics frozen at step {self.step}")

    def _log(self, row: dict[str, Any]) -> None:
        with self._run.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        self._report("  ".join(f"{key} {value}" for key, value in row.items()))

    def _save(self) -> None:
        partial = self._run.checkpoint.with_suffix(".partial")
        torch.save(
            {
                "step": self.step,
                "elapsed": self._elapsed,
                "frozen": self._frozen,
                "network": self.network.state_dict(),
                "average": self.average.state_dict(),
                "optimiser": self._optimiser.state_dict(),
            },
            partial,
        )
        partial.replace(self._run.checkpoint)

    def _start(self, trained: str) -> None:
        """Begin with the weights of another run, which lies beside this one."""
        runs = self._run.folder.parents[len(Path(self._recipe.name).parts) - 1]
        seed = self._recipe.schedule.seed
        start = start_from(self.network, runs / trained / "checkpoint.pt", seed)
        parts = [f"starting from {trained}"]
        for says, names in (("new", start.new), ("left out", start.left_out)):
            if names:
                layers = dict.fromkeys(".".join(name.split(".")[:-1][:3]) for name in names)
                parts.append(f"{says}: {', '.join(layers)}")
        self._report("; ".join(parts))

    def _resume(self) -> None:
        state = torch.load(self._run.checkpoint, weights_only=True)
        self.step, self._elapsed = state["step"], state["elapsed"]
        self._frozen = state.get("frozen", False)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._report(f"going on at step {self.step}")


def freeze_statistics(network: nn.Module) -> None:
    """Normalise by the statistics that a network has, as it will when it is used, no longer by
    those of each batch; scale and offset are still learned.
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.eval()


def ramped_average(decay: float) -> Callable[[Any, Any, Any], None]:
    """Moving average for `AveragedModel` that follows quickly at first.

    The decay is (1 + n) / (10 + n) after n updates until it reaches `decay`: the first, useless
    weights would else stay in the average for thousands of steps.
    """

    def update(averages: Any, values: Any, updates: Any) -> None:
        share = 1 - min(decay, (1 + float(updates)) / (10 + float(updates)))
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, share)
            else:
                average.copy_(value)

    return update


def load_trained(recipe: Recipe, checkpoint: Path) -> nn.Module:
    """The averaged network of a checkpoint, ready to predict."""
    state = torch.load(checkpoint, weights_only=True)
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
    training = network.training
    network.eval()
    points = []
    with torch.inference_mode():
        for start in range(0, len(images), 64):
            part = torch.from_numpy(images[start : start + 64]).permute(0, 3, 1, 2)
            points.append(network(normalised(part, framing)).points.numpy())
    network.train(training)
    found = np.concatenate(points).reshape(len(images), -1, 2)
    return to_unit(found, coordinates, framing.size)


def _parameter_groups(network: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weight decay for weights alone: it would pull normalisation and biases for nothing."""
    weights = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return [{"params": weights, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]
