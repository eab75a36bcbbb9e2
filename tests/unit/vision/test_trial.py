"""Files that nobody knows are tried where they do no harm, once."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import ModelError
from app.core.face import Box
from app.core.resources import models_folder
from app.vision import session, trial
from app.vision.card_writer import write_card
from app.vision.landmarker import OnnxLandmarker
from app.vision.loader import Loader
from app.vision.onnx_file import OnnxFile
from app.vision.session import load_model, open_bytes
from app.vision.zoo import Zoo
from tests.unit.vision import hostile_models as hostile
from tests.unit.vision.tiny_model import CARD, write_model

LIMITED = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="this system cannot limit memory"
)


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(trial, "_found", {})
    monkeypatch.setattr(trial, "MOST_CPU_S", 1.0)
    monkeypatch.setenv("PFLD_LIVE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def _forget() -> None:
    trial._found.clear()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (hostile.endless, "takes too long"),
        (lambda path: hostile.endless(path, on_bright=True), "takes too long"),
        pytest.param(hostile.swamping, "MB of memory", marks=LIMITED),
        (hostile.failing_on_a_face, "the network does not run"),
        (hostile.talking, "'points' must be float numbers, the network gives tensor(string)"),
        (lambda path: hostile.giving(path, float("nan")), "values that are not numbers"),
        (lambda path: hostile.giving_on_bright(path, float("inf")), "values that are not numbers"),
        (lambda path: hostile.giving(path, 1e30), "should lie between -1000 and 1000"),
        (lambda path: hostile.trusting(path, float("nan")), "values that are not numbers"),
        (lambda path: hostile.trusting(path, 7e4), "'trust' should lie between"),
    ],
    ids=[
        *("endless", "endless-on-bright", "swamping", "failing", "talking", "nan"),
        *("inf-on-bright", "far", "trust-nan", "trust-far"),
    ],
)
def test_a_file_that_does_harm_is_listed_with_the_reason(
    make: Callable[[Path], Path], words: str, tmp_path: Path
) -> None:
    path = make(tmp_path / "bad.onnx")
    (entry,) = Zoo.scan([tmp_path]).entries
    assert entry.card is None
    assert entry.problem is not None
    assert words in entry.problem
    with pytest.raises(ModelError):
        load_model(path)
    file = OnnxFile.read(path)
    with pytest.raises(ModelError):
        write_card(file, CARD, tmp_path / "copy.onnx")
    assert not (tmp_path / "copy.onnx").exists()


@pytest.mark.parametrize("where", ["weight", "constant", "loop"])
@pytest.mark.parametrize("location", ["secret", "../../etc/passwd"])
def test_a_file_that_reads_other_files_is_refused(
    where: str, location: str, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(np.full(136, 0.5, np.float32).tobytes())
    path = hostile.reading(tmp_path / "reader.onnx", where, location)
    with pytest.raises(ModelError, match="its weights lie in other files"):
        load_model(path)
    (entry,) = Zoo.scan([tmp_path]).entries
    assert "its weights lie in other files" in str(entry.problem)


def test_what_was_found_is_remembered_by_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    write_model(folder / "good.onnx", name="good")
    hostile.trusting(folder / "bad.onnx", 7e4)
    first = Zoo.scan([folder])
    assert [entry.label for entry in first.entries] == ["good fp32", "bad.onnx"]
    _forget()  # as a new start does
    (folder / "good.onnx").rename(folder / "renamed.onnx")
    monkeypatch.setattr(trial, "_tried", lambda _: pytest.fail("it was tried again"))
    again = Zoo.scan([folder])
    assert [entry.label for entry in again.entries] == ["good fp32", "bad.onnx"]
    assert again.entries[0].card == first.entries[0].card
    assert again.entries[1].problem == first.entries[1].problem


def test_a_start_opens_no_file_that_it_knows() -> None:
    Zoo.scan()
    program = """
import onnxruntime
from app.vision.zoo import Zoo
onnxruntime.InferenceSession = None
print(len(Zoo.scan(new=False).usable), Zoo.scan(new=False).untried)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout.decode().strip() == f"{len(Zoo.scan().usable)} False"


@pytest.mark.parametrize(
    "text", ["[" * 9999, '{"card": "{}", "problem": ""}', "5", ""], ids=["deep", "card", "5", "no"]
)
def test_a_broken_memory_is_as_good_as_none(
    text: str, tmp_path: Path, nothing_is_known: Path
) -> None:
    (tmp_path / "m").mkdir()
    write_model(tmp_path / "m" / "good.onnx", name="good")
    assert Zoo.scan([tmp_path / "m"]).usable
    _forget()
    for kept in (nothing_is_known / "models").iterdir():
        kept.write_text(text)
    assert [entry.label for entry in Zoo.scan([tmp_path / "m"]).usable] == ["good fp32"]


def test_new_files_keep_nobody_waiting_who_wants_another_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.endless(tmp_path / "loop.onnx")
    monkeypatch.setenv("PFLD_LIVE_MODELS", str(tmp_path))
    tried = []
    monkeypatch.setattr(trial, "_tried", lambda data: tried.append(data))
    zoo = Zoo.scan(new=False)
    assert zoo.untried
    assert "loop.onnx" not in [entry.path.name for entry in zoo.entries]
    assert Zoo.entry_for("").card is not None
    assert Zoo.entry_for("pfld-0.5x").label == "pfld-0.5x int8"
    assert tried == []


def test_a_model_that_fails_later_is_one_sentence(tmp_path: Path) -> None:
    bright = np.full((64, 64, 3), 255, np.uint8)
    for make in (
        hostile.failing_on_a_face,
        lambda path: hostile.giving_on_bright(path, float("nan")),
    ):
        data = make(tmp_path / "late.onnx").read_bytes()
        landmarker = OnnxLandmarker(open_bytes(data))  # as if the trial had not seen it
        with pytest.raises(ModelError, match=r"The model tiny fp32 .*; choose another one\."):
            landmarker.locate(bright, Box(8, 8, 56, 56))


def test_a_trial_needs_no_home_and_runs_from_every_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app").mkdir()  # what lies in the user's folder is not taken for the program
    (tmp_path / "app" / "__init__.py").write_text("raise SystemExit(3)")
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PFLD_LIVE_CACHE", os.devnull)
    path = write_model(tmp_path / "good.onnx", name="good")
    assert load_model(path).card.name == "good"


def test_a_pipe_in_the_model_folder_keeps_nobody_waiting(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "pipe.onnx")
    started = time.monotonic()
    (entry,) = Zoo.scan([tmp_path]).entries
    assert entry.problem == "it is no file"
    assert time.monotonic() - started < 5


def test_the_models_of_the_program_are_known_after_one_start(nothing_is_known: Path) -> None:
    zoo = Zoo.scan([models_folder()])
    kept = [json.loads(p.read_text()) for p in (nothing_is_known / "models").iterdir()]
    assert len(kept) == len(zoo.usable) > 0
    assert all(said["problem"] == "" for said in kept)


def test_a_desktop_bundle_tries_files_through_its_own_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A bundle is one program, as the command is here: it knows no -m.
    suffix = ".exe" if sys.platform == "win32" else ""
    entry = Path(sys.executable).with_name(f"pfld-live{suffix}")
    path = write_model(tmp_path / "good.onnx", name="good")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(entry))
    assert trial.verdict(path).checked().name == "good"


def test_a_trial_that_was_broken_off_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nothing_is_known: Path
) -> None:
    monkeypatch.setattr(trial, "MOST_CPU_S", 60.0)
    path = hostile.endless(tmp_path / "loop.onnx")
    stopper = threading.Timer(2.0, trial.stop_trials)
    stopper.start()
    started = time.monotonic()
    assert "broken off" in trial.verdict(path).problem
    assert time.monotonic() - started < 15
    stopper.join()
    assert not trial.is_known(path)


def test_closing_does_not_wait_for_a_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "MOST_CPU_S", 60.0)
    for number in range(3):
        hostile.endless(tmp_path / f"loop{number}.onnx", on_bright=bool(number % 2))
    monkeypatch.setenv("PFLD_LIVE_MODELS", str(tmp_path))
    loader = Loader(lambda: None)
    loader.start()
    while not trial._children:
        time.sleep(0.02)
    assert loader.status().zoo is not None  # the models that are known are there already
    started = time.monotonic()
    assert loader.stop(10.0)
    assert time.monotonic() - started < 8


def test_a_loop_that_the_trial_did_not_see_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hostile.endless(tmp_path / "late.onnx", on_bright=True)
    monkeypatch.setattr(session._watchdog, "most_s", 0.5)
    monkeypatch.setattr(session, "try_model", lambda _: trial.Verdict(CARD))
    landmarker = OnnxLandmarker(load_model(tmp_path / "late.onnx"))
    dark, bright = (np.full((64, 64, 3), grey, np.uint8) for grey in (0, 255))
    assert landmarker.locate(dark, Box(8, 8, 56, 56)).points.shape == (68, 2)
    with pytest.raises(ModelError, match=r"takes longer than .* for one face; choose another"):
        landmarker.locate(bright, Box(8, 8, 56, 56))
    assert landmarker.locate(dark, Box(8, 8, 56, 56)).points.shape == (68, 2)
