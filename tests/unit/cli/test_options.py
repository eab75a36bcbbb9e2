"""Every option of every command is used, or refused with a sentence."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from app.cli.main import main
from app.cli.options import apply_pipeline
from app.cli.parser import build_parser
from app.core.resources import asset

DEMO = str(asset("demo.mp4"))


@pytest.fixture(autouse=True)
def windowless(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", DEMO, "--quality", "best"], "--quality changes nothing without --output"),
        (["run", DEMO, "--record", "both"], "--record changes nothing without --output"),
        (["run", DEMO, "--constant-rate", "25"], "--constant-rate changes nothing"),
        (["run", DEMO, "--draw", "box"], "--draw changes nothing without --output or --snapshot"),
        (["run", DEMO, "--overwrite"], "--overwrite changes nothing without --output"),
        (["run", DEMO, "--send-host", "pc"], "--send-host changes nothing without --send"),
        (
            ["run", DEMO, "--output", "o.mp4", "--record", "clean", "--draw", "box"],
            "--draw changes nothing in a clean video",
        ),
        (
            ["run", DEMO, "--pipeline", "seed-001", "--model", "m", "--detector", "haar"],
            "--pipeline changes nothing",
        ),
        (["maps", DEMO, "--filters", "--layer", "2", "--output", "m.png"], "leave --layer out"),
        (["run", DEMO, "--max-faces", "9" * 400], "between 1 and 64"),
        (["evaluate", DEMO, "--max-faces", "9" * 400], "between 1 and 64"),
        (["label", DEMO, "--max-faces", "9" * 400], "between 1 and 64"),
        (["bench", "--frames", "9" * 400], "--frames must be from 1"),
        (["bench", "--frames", "0"], "--frames must be from 1"),
        (["evaluate", DEMO, "--fov", "inf"], "must lie between"),
        (["run", DEMO, "--detect-interval", "nan"], "must lie between"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused_before_the_work(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    preset = next(iter(_choices("run", "--pipeline")))
    filled = [preset if word == "seed-001" else word for word in arguments]
    assert main(filled) == 2
    captured = capsys.readouterr()
    said = [x for x in captured.err.splitlines() if "working without a window" not in x]
    assert len(said) == 1
    assert words in said[0]
    assert captured.out == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "x.mp4", "--seconds", "inf"],
        ["run", "x.mp4", "--seconds", "1e400"],
        ["run", "x.mp4", "--constant-rate", "inf"],
        ["run", "x.mp4", "--model", ""],
        ["run", "x.mp4", "--send", " , "],
        ["run", "x.mp4", "--send-host", ""],
        ["evaluate", "x.mp4", "--models", ","],
        ["drowsiness", "x.mp4", "--profile", " "],
        ["maps", "x.mp4", "--no-smoothing"],
        ["maps", "x.mp4", "--detect-interval", "1"],
    ],
)
def test_values_that_mean_nothing_are_wrong_arguments(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_drowsiness_follows_the_pipeline_that_is_named(
    short_video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    used = {}
    for preset in _choices("drowsiness", "--pipeline"):
        options = argparse.Namespace(pipeline=preset, model=None, detector=None)
        apply_pipeline(options)
        out = tmp_path / f"{preset}.json"
        code = main(["drowsiness", str(short_video), "--pipeline", preset, "--json", str(out)])
        said = capsys.readouterr()
        if code == 0:
            used[preset] = json.loads(out.read_text())["model"]
            assert used[preset] == options.model
        else:
            assert "no points on the eyelids" in said.err
    assert len(set(used.values())) > 1


def test_labels_that_are_there_already_take_no_wishes_for_new_ones(
    short_video: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "own.mp4"
    clip.write_bytes(short_video.read_bytes())
    assert main(["label", str(clip)]) == 0
    capsys.readouterr()
    pts = ["--pts", str(tmp_path / "pts")]
    assert main(["label", str(clip), *pts, "--max-faces", "2"]) == 2
    assert "--max-faces and --fov change nothing" in capsys.readouterr().err
    assert main(["label", str(clip), *pts]) == 0


class _Seen(argparse.Namespace):
    """Knows which options were looked at."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        object.__setattr__(self, "seen", set())

    def __getattribute__(self, name: str) -> Any:
        value = object.__getattribute__(self, name)
        if not name.startswith("_") and name != "seen":
            object.__getattribute__(self, "seen").add(name)
        return value


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "{clip}", "--headless"],
        ["demo", "--headless", "--output", "{folder}/d.mp4"],
        ["drowsiness", "{clip}"],
        ["evaluate", "{clip}", "--models", "pfld-0.25x"],
        ["label", "{clip}", "--pts", "{folder}/pts", "--overwrite"],
        ["maps", "{clip}"],
        ["bench", "{clip}", "--frames", "2", "--no-window", "--models", "pfld-0.25x"],
        ["models"],
        ["card", "{model}"],
    ],
)
def test_a_command_looks_at_each_of_its_options(
    arguments: list[str], short_video: Path, tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(short_video.read_bytes())
    own = arguments[0] != "label"
    if own:
        labels = short_video.with_name("short.labels.jsonl").read_text("utf-8")
        (tmp_path / "clip.labels.jsonl").write_text(labels.replace("short.mp4", "clip.mp4"))
    model = next(asset("demo.mp4").parent.parent.glob("models/*.onnx"))
    places = {"clip": clip, "folder": tmp_path, "model": model}
    options = build_parser().parse_args([word.format(**places) for word in arguments])
    seen = _Seen(**vars(options))
    assert seen.command(seen) == 0
    names = set(vars(options)) - {"command", "source", "model", "detector"}
    assert names - seen.seen == set()


@pytest.mark.parametrize("first", ["{clip}", "./{name}", "{folder}"])
def test_a_source_alone_is_opened(
    first: str,
    short_video: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    assert main(["run", str(short_video), "--snapshot", str(folder / "1.png")]) == 0
    monkeypatch.chdir(short_video.parent)
    capsys.readouterr()
    source = first.format(clip=short_video, name=short_video.name, folder=folder)
    assert main([source, "--detector", "haar"]) == 0
    assert " frames in " in capsys.readouterr().out


@pytest.mark.parametrize("text", ["absent.mp4", "no/such/clip", "rtsp://a..b/x"])
def test_a_source_alone_that_is_not_there_is_one_sentence(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([text, "--headless"]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert text in sentence


@pytest.mark.parametrize("text", ["evalaute", "walk", "window_probe"])
def test_a_command_with_a_typo_is_told_without_inner_commands(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([text, "clip.mp4"])
    assert ended.value.code == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert repr(text) in sentence
    assert "window-probe" not in sentence.replace(text, "")


def _choices(command: str, option: str) -> list[str]:
    (commands,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    parser = commands.choices[command]
    (action,) = (a for a in parser._actions if option in a.option_strings)
    return list(action.choices)
