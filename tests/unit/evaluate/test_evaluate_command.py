"""`pfld-live evaluate` as a user types it."""

import html.parser
import json
import multiprocessing
import os
import re
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app._opencv import cv2
from app.capture.clip import ClipSource
from app.cli.main import main
from app.evaluate import jobs
from app.evaluate.attributes import ATTRIBUTES
from app.evaluate.clip import LabelledClip
from app.evaluate.find import find_clips
from app.evaluate.pts import write_pts
from app.evaluate.results import ClipResult
from app.evaluate.run import ClipEvaluation, EvaluationSettings
from app.vision.zoo import ZooEntry
from tests.unit.evaluate.label_lines import Lines, write_lines

QUICK = ["--detector", "haar"]


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for option in ("--models", "--report", "--json", "--csv", "--fail-above", "--jobs"):
        assert option in text


def test_the_files_of_two_runs_are_equal_byte_for_byte(cut_clip: Path, tmp_path: Path) -> None:
    written = []
    for run in ("one", "two"):
        folder = tmp_path / run
        folder.mkdir()
        outputs = [folder / name for name in ("out.json", "rows.csv", "out.html")]
        arguments = ["evaluate", str(cut_clip), *QUICK, "--json", str(outputs[0])]
        arguments += ["--csv", str(outputs[1]), "--report", str(outputs[2])]
        assert main(arguments) == 0
        written.append([path.read_bytes() for path in outputs])
    assert written[0] == written[1]


def test_the_json_has_the_promised_form(
    cut_clip: Path,
    tmp_path: Path,
    models: list[ZooEntry],
    capsys: pytest.CaptureFixture[str],
) -> None:
    out = tmp_path / "out.json"
    assert main(["evaluate", str(cut_clip), *QUICK, "--json", str(out)]) == 0
    values = json.loads(out.read_text("utf-8"))
    assert list(values["models"]) == [entry.label for entry in models]
    for model in values["models"].values():
        assert {"nme", "failure_rate_8", "failure_rate_10", "auc_8", "pose_mae"} <= set(model)
        assert {"missed", "false_faces", "by_region", "by_point", "jitter"} <= set(model)
        assert "eye_opening_error" in model
        assert list(model["by_attribute"]) == list(ATTRIBUTES)
        for group in model["by_attribute"].values():
            assert set(group) == {"nme", "faces", "ci95"}
    assert values["settings"]["smoothing"] is False
    assert values["clips"][0]["frames"] == 24
    table = capsys.readouterr()
    assert all(entry.label in table.out for entry in models)
    assert table.err == ""


def test_what_cannot_be_decoded_is_said(
    cut_clip: Path,
    tmp_path: Path,
    models: list[ZooEntry],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sentence = "cut.mp4 is damaged: 1 part could not be decoded."
    monkeypatch.setattr(ClipSource, "problems", (sentence,))
    out = tmp_path / "out.json"
    arguments = ["evaluate", str(cut_clip), *QUICK, "--models", models[0].label]
    assert main([*arguments, "--json", str(out)]) == 0
    assert f"note: {sentence}" in capsys.readouterr().out
    assert json.loads(out.read_text("utf-8"))["clips"][0]["problems"] == [sentence]


def test_a_model_that_finds_no_face_is_above_every_limit(
    tmp_path: Path, models: list[ZooEntry], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "grey"
    folder.mkdir()
    for number in range(2):
        cv2.imwrite(str(folder / f"{number}.png"), np.full((90, 120, 3), 90, np.uint8))
        points = np.random.default_rng(number).uniform(20, 70, (68, 2))
        write_pts(folder / f"{number}.pts", points)
    arguments = ["evaluate", str(folder), *QUICK, "--models", models[0].label]
    report = tmp_path / "report.html"
    assert main([*arguments, "--report", str(report), "--fail-above", "0.9"]) == 1
    assert "is unknown" in capsys.readouterr().err
    assert "No face was found" in report.read_text("utf-8")


def test_an_error_above_the_limit_is_exit_code_1(
    cut_clip: Path, models: list[ZooEntry], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(cut_clip), *QUICK, "--models", models[0].label, "--fail-above"]
    assert main([*arguments, "0.9"]) == 0
    assert main([*arguments, "0.001"]) == 1
    assert f"the NME of {models[0].label} is 0." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["absent.mp4"], "absent.mp4"),
        (["{folder}", "--fail-above", "5"], "for 5 % write 0.05"),
        (["{folder}"], "no clip with labels"),
        (["{video}"], "no cut.labels.jsonl"),
        (["{clip}", "--models", "no-such-model"], "no-such-model"),
        (["{clip}", "--jobs", "0"], "--jobs"),
        (["{clip}", "--report", "{folder}/no/such/r.html"], "does not exist"),
        (["{clip}", "--report", "{clip}"], "is the source itself"),
        (["{clip}", "--json", "x.json", "--csv", "x.json"], "asked for twice"),
        (["{clip}", "--max-faces", "99"], "between 1 and 64"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    arguments: list[str],
    words: str,
    cut_clip: Path,
    cut_video: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    places = {"folder": tmp_path / "empty", "clip": cut_clip, "video": cut_video}
    assert main(["evaluate", *(a.format(**places) for a in arguments)]) == 2
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1
    assert words in printed.err
    assert printed.out == ""


@pytest.fixture
def clips(tmp_path: Path, cut_video: Path, demo_labels: Lines) -> Path:
    """A folder of two labelled clips and a video without labels."""
    folder = tmp_path / "clips"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.mp4").write_bytes(cut_video.read_bytes())
        header = demo_labels[0] | {"clip": f"{name}.mp4"}
        write_lines(folder / f"{name}.labels.jsonl", [header, *demo_labels[1:]])
    (folder / "c.mp4").write_bytes(cut_video.read_bytes())
    return folder


def test_finished_clips_of_a_folder_are_skipped_until_something_changes(
    clips: Path,
    tmp_path: Path,
    models: list[ZooEntry],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    done: list[str] = []
    evaluate_clip = jobs.evaluate_clip

    def spy(clip: LabelledClip, *arguments: Any, **named: Any) -> ClipResult:
        done.append(clip.name)
        return evaluate_clip(clip, *arguments, **named)

    monkeypatch.setattr(jobs, "evaluate_clip", spy)
    monkeypatch.chdir(tmp_path)
    arguments = ["evaluate", str(clips), *QUICK, "--models", models[-1].label]
    arguments += ["--json", "out.json", "--report", "out.html"]

    def evaluated(*more: str) -> list[str]:
        done.clear()
        assert main([*arguments, *more]) == 0
        return list(done)

    assert evaluated() == ["a.mp4", "b.mp4"]
    assert "left out: c.mp4 has no labels" in capsys.readouterr().err
    kept = sorted(path.name for path in Path("clips-results").iterdir())
    assert kept == ["a.mp4.npz", "b.mp4.npz"]
    first = Path("out.json").read_bytes()
    assert evaluated() == []
    assert Path("out.json").read_bytes() == first
    Path("clips-results/b.mp4.npz").unlink()  # as if the run had been stopped there
    assert evaluated() == ["b.mp4"]
    later = Path("clips-results/a.mp4.npz").stat().st_mtime_ns + 10**9
    os.utime(clips / "a.labels.jsonl", ns=(later, later))
    assert evaluated() == ["a.mp4"]
    assert evaluated("--smoothing") == ["a.mp4", "b.mp4"]
    values = json.loads(first)
    assert [clip["name"] for clip in values["clips"]] == ["a.mp4", "b.mp4"]


def test_several_jobs_give_the_same_bytes_as_one(
    clips: Path, tmp_path: Path, models: list[ZooEntry]
) -> None:
    outputs = []
    for workers in ("1", "2"):
        out = tmp_path / f"{workers}.json"
        arguments = ["evaluate", str(clips), *QUICK, "--models", models[-1].label]
        arguments += ["--results", str(tmp_path / f"kept{workers}"), "--jobs", workers]
        assert main([*arguments, "--json", str(out)]) == 0
        outputs.append(out.read_bytes())
    assert outputs[0] == outputs[1]


def test_a_broken_clip_in_a_folder_is_named_also_from_another_process(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = clips / "b.labels.jsonl"
    path.write_bytes(path.read_bytes()[:-500])
    arguments = ["evaluate", str(clips), *QUICK, "--results", str(tmp_path / "kept")]
    assert main([*arguments, "--jobs", "2"]) == 2
    assert "b.labels.jsonl, line 25" in capsys.readouterr().err


class _Page(html.parser.HTMLParser):
    """Notes what a page would fetch, its tags and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: Counter[str] = Counter()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href", "data")]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_report_needs_nothing_but_itself_and_escapes_names(
    cut_clip: Path, demo_labels: Lines, tmp_path: Path, models: list[ZooEntry]
) -> None:
    clip = cut_clip.rename(cut_clip.with_name("<b>&amp;.mp4"))
    header = demo_labels[0] | {"clip": clip.name}
    write_lines(cut_clip.with_name("<b>&amp;.labels.jsonl"), [header, *demo_labels[1:]])
    report = tmp_path / "report.html"
    assert main(["evaluate", str(clip), *QUICK, "--report", str(report)]) == 0
    text = report.read_text("utf-8")
    page = _Page()
    page.feed(text)
    assert page.fetched
    assert all(source.startswith("data:image/jpeg;base64,") for source in page.fetched)
    assert "b" not in page.tags
    assert "script" not in page.tags
    assert "url(" not in text
    assert not re.search(r"[\"=,]-?(nan|inf)\b", text), "a plot was drawn with unknown numbers"
    assert "<b>&amp;.mp4" in "".join(page.words)
    assert page.tags["svg"] == 3 + len(models)
    words = " ".join(page.words)
    assert all(entry.label in words for entry in models)
    assert all(name in words for name in ATTRIBUTES)


def test_a_wish_to_end_keeps_the_finished_clips_and_the_same_command_goes_on(
    clips: Path,
    tmp_path: Path,
    models: list[ZooEntry],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    step = ClipEvaluation.step

    def interrupted(run: ClipEvaluation) -> bool:
        if run.done == 9 and (tmp_path / "kept" / "a.mp4.npz").exists():
            os.kill(os.getpid(), signal.SIGTERM)
        return step(run)

    monkeypatch.setattr(ClipEvaluation, "step", interrupted)
    out = tmp_path / "out.json"
    arguments = ["evaluate", str(clips), *QUICK, "--models", models[-1].label]
    arguments += ["--results", str(tmp_path / "kept"), "--json", str(out)]
    assert main(arguments) == 128 + signal.SIGTERM
    assert "1 of 2 clips are finished and kept" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["a.mp4.npz"]
    assert not out.exists()
    monkeypatch.setattr(ClipEvaluation, "step", step)
    assert main(arguments) == 0
    assert out.exists()


def test_a_report_that_cannot_be_written_costs_neither_the_table_nor_the_rows(
    cut_clip: Path,
    tmp_path: Path,
    models: list[ZooEntry],
    capsys: pytest.CaptureFixture[str],
) -> None:
    full, rows = tmp_path / "full", tmp_path / "rows.csv"
    full.symlink_to("/dev/full")
    arguments = ["evaluate", str(cut_clip), *QUICK, "--models", models[-1].label]
    assert main([*arguments, "--report", str(full), "--csv", str(rows)]) == 2
    printed = capsys.readouterr()
    assert "labelled faces" in printed.out
    assert "no more room for full" in printed.err
    assert len(rows.read_text("utf-8").splitlines()) > 24


@pytest.mark.parametrize("victim", ["at work", "at its start"])
def test_a_process_that_is_killed_ends_the_work_with_one_sentence(
    victim: str,
    clips: Path,
    tmp_path: Path,
    models: list[ZooEntry],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = tmp_path / "kept"
    killed: list[int] = []

    def kill_one(of_finished: int) -> None:
        for process in multiprocessing.active_children():
            if not killed and (victim == "at its start" or (kept / "a.mp4.npz").exists()):
                os.kill(process.pid or 0, signal.SIGKILL)
                killed.append(of_finished)

    run_jobs = jobs.run_jobs

    def with_a_murder(*given: Any, **how: Any) -> list[ClipResult]:
        return run_jobs(*given, **how | {"check": lambda: kill_one(0)})

    monkeypatch.setattr("app.cli.evaluate.run_jobs", with_a_murder)
    for name in ("d", "e"):  # enough that one is always at work
        (clips / f"{name}.mp4").write_bytes((clips / "a.mp4").read_bytes())
        text = (clips / "a.labels.jsonl").read_text("utf-8").replace("a.mp4", f"{name}.mp4")
        (clips / f"{name}.labels.jsonl").write_text(text, "utf-8")
    arguments = ["evaluate", str(clips), *QUICK, "--models", models[-1].label]
    arguments += ["--results", str(kept), "--jobs", "2"]
    assert main(arguments) == 2
    assert killed
    (_, message) = capsys.readouterr().err.splitlines()  # before it: what has no labels
    assert "One of the processes was ended from outside" in message
    monkeypatch.setattr("app.cli.evaluate.run_jobs", run_jobs)
    assert main(arguments) == 0
    assert "4 clips" in capsys.readouterr().out


def test_several_processes_end_at_once_when_told_to(
    clips: Path, tmp_path: Path, models: list[ZooEntry], capsys: pytest.CaptureFixture[str]
) -> None:
    told = []

    def check() -> None:
        told.append(len(told))
        if len(told) == 2:
            raise KeyboardInterrupt

    found = find_clips(clips).places
    work = jobs.make_jobs(found, models[-1:], EvaluationSettings(detector="haar"), tmp_path)
    with pytest.raises(KeyboardInterrupt):
        jobs.run_jobs(work, workers=2, on_done=lambda *_: None, check=check)
    assert not list(tmp_path.glob("*.part"))
    assert capsys.readouterr().err == ""
