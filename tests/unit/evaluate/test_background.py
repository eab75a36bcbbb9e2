"""Evaluations on a thread of their own."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.evaluate import background
from app.evaluate.background import BackgroundEvaluation, Phase
from app.evaluate.find import open_labelled_clip
from app.evaluate.run import ClipEvaluation, EvaluationSettings, evaluate_clip
from app.evaluate.store import ResultStore
from app.vision.zoo import ZooEntry

PATIENCE_S = 60.0


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def test_a_background_run_ends_with_what_a_plain_one_gives_and_keeps_it(
    cut_clip: Path, models: list[ZooEntry], quick: EvaluationSettings, tmp_path: Path
) -> None:
    told = []
    run = BackgroundEvaluation(
        [cut_clip, cut_clip],
        models,
        quick,
        store=ResultStore(tmp_path / "kept"),
        on_results=lambda: told.append(len(run.results())),
    )
    run.start()
    wait(lambda: run.status().phase.over)
    assert run.stop(PATIENCE_S)
    status = run.status()
    assert status.phase is Phase.DONE
    assert (status.clip_number, status.clips, status.frame, status.frames) == (1, 2, 24, 24)
    assert status.problem == ""
    assert status.kept in ResultStore(tmp_path / "kept").runs()
    assert told[-1] == 2
    plain = evaluate_clip(open_labelled_clip(cut_clip), models, quick)
    for result in run.results():
        for name, model in plain.models.items():
            assert np.array_equal(result.models[name].points, model.points, equal_nan=True)


def test_results_appear_while_it_runs_and_stay_when_it_is_cancelled(
    cut_clip: Path,
    models: list[ZooEntry],
    quick: EvaluationSettings,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(background, "PARTIAL_EVERY_S", 0.0)
    step = ClipEvaluation.step

    def stop_at_ten(evaluation: ClipEvaluation) -> bool:
        if evaluation.done == 10:
            run.cancel()
        return step(evaluation)

    monkeypatch.setattr(ClipEvaluation, "step", stop_at_ten)
    seen = []
    run = BackgroundEvaluation(
        [cut_clip, cut_clip],
        models,
        quick,
        store=ResultStore(tmp_path / "kept"),
        on_results=lambda: seen.append(run.results()[-1].labels.frames),
    )
    run.start()
    wait(lambda: run.status().phase.over)
    assert run.stop(PATIENCE_S)
    assert run.status().phase is Phase.CANCELLED
    assert seen[:10] == list(range(1, 11))
    (result,) = run.results()
    assert result.labels.frames == len(result.times_s) == 11
    assert result.labels.frame.max() == 10
    for model in result.models.values():
        assert len(model.points) == len(result.labels.frame)
    assert ResultStore(tmp_path / "kept").runs() == ()


def test_what_goes_wrong_is_a_sentence(
    cut_video: Path, models: list[ZooEntry], quick: EvaluationSettings
) -> None:
    run = BackgroundEvaluation([cut_video], models, quick)
    run.start()
    wait(lambda: run.status().phase.over)
    assert run.stop(PATIENCE_S)
    assert run.status().phase is Phase.FAILED
    assert "no cut.labels.jsonl" in run.status().problem


def test_a_run_that_cannot_be_kept_can_still_be_seen(
    cut_clip: Path, models: list[ZooEntry], quick: EvaluationSettings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    run = BackgroundEvaluation(
        [cut_clip], models[:1], quick, store=ResultStore(tmp_path / "file" / "kept")
    )
    run.start()
    wait(lambda: run.status().phase.over)
    assert run.stop(PATIENCE_S)
    assert run.status().phase is Phase.DONE
    assert "cannot be kept" in run.status().problem
    assert len(run.results()) == 1


def test_a_run_that_never_started_can_be_stopped(quick: EvaluationSettings) -> None:
    assert BackgroundEvaluation([], [], quick).stop(1.0)
