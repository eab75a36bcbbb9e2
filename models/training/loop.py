"""The training loop: resumable, on a count of steps or a budget of minutes.

Recipes that take the same crops may learn side by side: making the crops is then paid once, and a
GPU that one small network would leave half idle has work.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from app.core.errors import SourceError
from models.training.batches import AugmentedBatches, Batch, Faces, stream
from models.training.learner import Learner, Report
from models.training.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """How one call of the training goes, beside what the recipes say.

    Attributes:
        runs: folder of all runs; checkpoint, log and plot of a recipe lie in one of its name.
        minutes: budget of training time that replaces the recipes' count of steps, or None. The
            schedule then follows the clock, so it is complete when the time is up, however busy
            the machine is.
        stop_after: end this call after so many steps, to be resumed later, or None.
        device: where torch computes, `cpu` or `cuda`.
        compiled: let torch compile the networks first, which needs a C++ compiler.
        workers: processes that make batches.
        log_every: steps between lines of the log.
        validate_every: steps between validations, a multiple of `log_every`.
        save_every: seconds between checkpoints, written where a line of the log is.
    """

    runs: Path
    minutes: float | None = None
    stop_after: int | None = None
    device: str = "cpu"
    compiled: bool = False
    workers: int = 1
    log_every: int = 200
    validate_every: int = 600
    save_every: float = 60.0


class Trainer:
    """Learners of the same crops, and their position in the schedule.

    Raises:
        SourceError: the recipes want different crops or schedules or faces that are not there,
            their checkpoints lie at different steps, or there is no such device.
    """

    def __init__(
        self,
        recipes: Sequence[Recipe],
        run: Run,
        faces: Faces,
        validation: Faces,
        report: Report,
    ) -> None:
        torch.set_flush_denormal(True)
        self._run, self._report = run, report
        first = recipes[0]
        for recipe in recipes[1:]:
            if recipe.shared != first.shared:
                raise SourceError(
                    f"{recipe.path} and {first.path} cannot be trained side by side: they may "
                    "differ in name, start, corners, network, loss, size of the crop, learning "
                    "rate, weight decay and optimiser alone"
                )
        if len({recipe.name for recipe in recipes}) < len(recipes):
            raise SourceError("two recipes of one name would share one folder; train one of them")
        self._schedule = first.schedule
        self._device = device_of(run.device)
        self._batches = AugmentedBatches(
            faces,
            max((recipe.crop for recipe in recipes), key=lambda crop: crop.size),
            first.jitter,
            batch_size=first.schedule.batch_size,
            negatives=first.schedule.negatives,
            seed=first.schedule.seed,
            layout=first.system.layout,
            accessories=first.data.accessories,
            clear=first.data.clear,
            shown=first.data.shown,
        )
        self.learners = [
            Learner(
                recipe, run.runs, faces, validation, self._device, report, compiled=run.compiled
            )
            for recipe in recipes
        ]
        self.step = 0
        self._elapsed = 0.0
        self._resume()

    def train(self) -> None:
        """Go on until the schedule is complete or `stop_after` steps are done."""
        run = self._run
        # A budget of time knows no last step; the stream is then simply left.
        last = self._schedule.steps if run.minutes is None else 10_000_000
        if run.stop_after is not None:
            last = min(last, self.step + run.stop_after)
        for learner in self.learners:
            learner.begin()
        started, elapsed_before = time.monotonic(), self._elapsed
        first_step, saved = self.step, started
        losses: list[list[torch.Tensor]] = [[] for _ in self.learners]
        on_gpu = self._device.type != "cpu"
        for batch in stream(self._batches, self.step, last, workers=run.workers, pin_memory=on_gpu):
            progress = self._progress()
            if progress >= 1:
                break
            here = Batch(*(tensor.to(self._device, non_blocking=True) for tensor in batch))
            for learner, values in zip(self.learners, losses, strict=True):
                values.append(learner.learn(here, progress))
            self.step += 1
            self._elapsed = elapsed_before + time.monotonic() - started
            if self.step % run.log_every == 0:
                passed = time.monotonic() - started
                crops = (self.step - first_step) * self._schedule.batch_size
                row = {
                    "step": self.step,
                    "progress": round(self._progress(), 4),
                    "minutes": round(self._elapsed / 60, 2),
                    "crops_per_s": round(crops / passed),
                }
                for learner, values in zip(self.learners, losses, strict=True):
                    loss = {"loss": round(float(torch.stack(values).mean()), 6)}
                    values.clear()
                    measure = self.step % run.validate_every == 0
                    self._log(learner, row | loss | (learner.validate() if measure else {}))
                if time.monotonic() - saved >= run.save_every:
                    self._save()
                    saved = time.monotonic()
        if self._progress() >= 1:
            for learner in self.learners:
                self._log(learner, {"step": self.step, "progress": 1.0, **learner.validate()})
        self._save()

    def _progress(self) -> float:
        if self._run.minutes is not None:
            return self._elapsed / (60 * self._run.minutes)
        return self.step / self._schedule.steps

    def _log(self, learner: Learner, row: dict[str, Any]) -> None:
        learner.folder.mkdir(parents=True, exist_ok=True)
        with learner.log.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
        name = [learner.recipe.name] if len(self.learners) > 1 else []
        self._report("  ".join([*name, *(f"{key} {value}" for key, value in row.items())]))

    def _save(self) -> None:
        # A kill on the way must not leave checkpoints of different steps.
        for learner in self.learners:
            learner.write({"step": self.step, "elapsed": self._elapsed})
        for learner in self.learners:
            learner.commit()

    def _resume(self) -> None:
        begun = [learner for learner in self.learners if learner.checkpoint.is_file()]
        if not begun:
            return
        positions = [learner.resume() for learner in begun]
        if len(begun) < len(self.learners) or any(p != positions[0] for p in positions):
            raise SourceError(
                "the checkpoints of these recipes lie at different steps; train them one by one, "
                "or delete their folders to begin again"
            )
        self.step, self._elapsed = positions[0]["step"], positions[0]["elapsed"]
        self._report(f"going on at step {self.step}")


def device_of(name: str) -> torch.device:
    """The device of a name.

    Raises:
        SourceError: torch knows none of this name, or this machine has none.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise SourceError(f"torch cannot compute on {name!r} here: {reason}") from error
    torch.backends.cudnn.benchmark = device.type == "cuda"
    return device
