"""Kept evaluations."""

import io
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import OutputError, PfldLiveError
from app.core.resources import user_data_folder
from app.evaluate.find import open_labelled_clip
from app.evaluate.measures import measure
from app.evaluate.results import ClipResult
from app.evaluate.run import EvaluationSettings, evaluate_clip
from app.evaluate.store import ResultStore
from app.vision.zoo import ZooEntry

TODAY = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)


@pytest.fixture
def result(cut_clip: Path, models: list[ZooEntry], quick: EvaluationSettings) -> ClipResult:
    return evaluate_clip(open_labelled_clip(cut_clip), models, quick)


def test_runs_of_different_days_come_back_and_can_be_compared(
    result: ClipResult, quick: EvaluationSettings, tmp_path: Path, models: list[ZooEntry]
) -> None:
    store = ResultStore(tmp_path / "kept")
    assert store.runs() == ()
    old = store.keep([result], quick, made_at=TODAY - timedelta(days=7))
    new = store.keep([result, result], quick, made_at=TODAY)
    again = ResultStore(tmp_path / "kept")
    assert again.runs() == (new, old)
    assert new.id != old.id
    assert (old.name, new.name) == ("cut.mp4", "cut.mp4 and 1 more")
    assert (old.frames, new.frames) == (24, 48)
    assert old.settings["detector"] == "haar"
    (loaded,) = again.load(old)
    assert len(again.load(new)) == 2
    for entry in models:
        nme = measure([result], entry.label).total.nme
        assert old.nme[entry.label] == measure([loaded], entry.label).total.nme == nme
    assert loaded.place == result.place
    assert loaded.origin == result.origin
    assert loaded.origin.truth == "rendered"
    assert np.array_equal(loaded.times_s, result.times_s)


def test_runs_of_one_second_do_not_overwrite_each_other(
    result: ClipResult, quick: EvaluationSettings, tmp_path: Path
) -> None:
    store = ResultStore(tmp_path)
    runs = [store.keep([result], quick, made_at=TODAY) for _ in range(3)]
    assert len({run.id for run in runs}) == 3
    assert len(store.runs()) == 3


def test_a_deleted_run_is_gone_and_a_broken_one_says_so(
    result: ClipResult, quick: EvaluationSettings, tmp_path: Path
) -> None:
    store = ResultStore(tmp_path)
    one, two = (store.keep([result], quick, made_at=TODAY) for _ in range(2))
    store.delete(one)
    assert store.runs() == (two,)
    with pytest.raises(PfldLiveError, match=r"cut\.mp4 is broken or was deleted"):
        store.load(one)
    store.delete(one)
    data = tmp_path / two.id / "0.npz"
    data.write_bytes(data.read_bytes()[:900])
    with pytest.raises(PfldLiveError, match="broken"):
        store.load(two)
    (tmp_path / two.id / "run.json").write_text("{", "utf-8")
    assert store.runs() == ()


def test_a_store_that_cannot_be_written_says_so_and_leaves_nothing(
    result: ClipResult, quick: EvaluationSettings, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(OutputError, match="cannot be kept"):
        ResultStore(tmp_path / "file" / "kept").keep([result], quick)


def test_the_store_lies_in_the_users_data_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PFLD_LIVE_DATA", str(tmp_path))
    assert user_data_folder() == tmp_path
    assert ResultStore().folder == tmp_path / "evaluations"


def test_a_kept_run_has_all_it_needs_after_the_clip_is_gone(
    result: ClipResult, quick: EvaluationSettings, tmp_path: Path, cut_clip: Path
) -> None:
    store = ResultStore(tmp_path / "kept")
    run = store.keep([result], quick)
    cut_clip.unlink()
    loaded: Sequence[ClipResult] = store.load(run)
    assert all(model.worst for model in loaded[0].models.values())


@pytest.mark.parametrize(
    "change",
    [
        {"nme": json.loads("[" * 60 + "]" * 60)},
        {"nme": {"a": 1e400}},
        {"nme": {"a": "low"}},
        {"nme": [1]},
        {"frames": 10**30},
        {"frames": -1},
        {"faces": "many"},
        {"clips": "abc"},
        {"clips": [["a"]]},
        {"clips": ["\ud800"]},
        {"clips": ["\x1b[2J"]},
        {"made_at": "2026-11-22T12:30:00"},
        {"made_at": "soon"},
        {"made_at": 5},
        {"settings": 5},
        {"program": None},
    ],
    ids=lambda change: str(change)[:24],
)
def test_a_broken_run_never_hides_the_others(
    change: dict[str, object],
    result: ClipResult,
    quick: EvaluationSettings,
    tmp_path: Path,
) -> None:
    store = ResultStore(tmp_path)
    good, bad, huge = (store.keep([result], quick, made_at=TODAY) for _ in range(3))
    path = tmp_path / bad.id / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    (tmp_path / huge.id / "run.json").write_text("[" * 100_000, "utf-8")
    assert store.runs() == (good,)


def _rewritten(path: Path, name: str, data: bytes) -> None:
    with zipfile.ZipFile(path) as archive:
        parts = {member: archive.read(member) for member in archive.namelist()}
    parts[name] = data
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in parts.items():
            archive.writestr(member, content)


def _npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("facts.npy", _npy(np.frombuffer(b"[" * 100_000, np.uint8))),
        ("facts.npy", _npy(np.zeros((3, 3)))),
        ("labels.frame.npy", _npy(np.arange(5, dtype=np.int32))),
        ("labels.points.npy", _npy(np.array(["a"]))),
        ("times_s.npy", b"\x93NUMPY\x01\x00\x0a\x00{'a':1}  \n"),
        ("0.worst.npy", _npy(np.array([[1e300, 0, 0, 1e300]]))),
        ("0.points.npy", _npy(np.zeros((0, 68, 2), np.float32))),
    ],
    ids=["nested", "facts", "frame", "text", "header", "worst", "points"],
)
def test_a_damaged_result_is_no_result(
    name: str, data: bytes, result: ClipResult, quick: EvaluationSettings, tmp_path: Path
) -> None:
    store = ResultStore(tmp_path)
    run = store.keep([result], quick, made_at=TODAY)
    _rewritten(tmp_path / run.id / "0.npz", name, data)
    with pytest.raises(PfldLiveError, match="broken"):
        store.load(run)
