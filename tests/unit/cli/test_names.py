"""Files whose names are no UTF-8, have spaces around them, are numbers, or are very long."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.cli.main import main

HAAR = ["--detector", "haar"]
ODD = os.fsdecode(b"n\xff")

NAMES = [" outer ", "2024", "-%s {0}", "名前 😀"]
if sys.platform == "linux":  # elsewhere names are Unicode
    NAMES.append(ODD)

Bring = Callable[[str], Path]


@pytest.fixture
def bring(short_video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bring:
    """Put the clip with its labels into the present folder under another name."""
    monkeypatch.chdir(tmp_path)

    def copy(name: str) -> Path:
        labels = short_video.with_name("short.labels.jsonl").read_text("utf-8")
        clip = Path(name)
        shutil.copy(short_video, clip)
        shown = name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        text = labels.replace('"short.mp4"', json.dumps(shown))
        clip.with_name(clip.stem + ".labels.jsonl").write_text(text, "utf-8")
        return clip

    return copy


def named(clip: Path) -> str:
    """As a shell passes it: a dash at the start would be an option."""
    return f"./{clip}" if str(clip).startswith("-") else str(clip)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_takes_every_name_and_writes_all_it_was_asked_for(
    name: str, bring: Bring, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = bring(f"{name}.mp4")
    outputs = {kind: Path(f"{name} out.{kind}") for kind in ("mp4", "jsonl", "csv", "png", "json")}
    options = ("--output", "--sidecar", "--csv", "--snapshot", "--json")
    wanted = [f"{o}={p}" for o, p in zip(options, outputs.values(), strict=True)]
    assert main(["run", named(clip), "--headless", *HAAR, *wanted]) == 0
    assert main(["drowsiness", named(clip), *HAAR, f"--report={name}.html"]) == 0
    report = [f"--report={name} e.html", f"--json={name} e.json", f"--csv={name} e.csv"]
    models = ["--models", "pfld-0.25x", *HAAR, "--results", "kept"]
    assert main(["evaluate", named(clip), *models, *report]) == 0
    assert main(["maps", named(clip), *HAAR, f"--output={name} maps.png"]) == 0
    assert "Traceback" not in capsys.readouterr().err
    written = [*outputs.values(), *(Path(f"{name}{end}") for end in (".html", " e.csv"))]
    assert [path for path in written if not path.exists()] == []
    for path in Path().rglob("*"):
        if path.suffix in (".html", ".csv", ".json", ".jsonl"):
            path.read_text("utf-8")  # strictly: other programs refuse what is no UTF-8
    summary = json.loads(Path(f"{name} e.json").read_text("utf-8"))
    assert summary


@pytest.mark.parametrize("name", NAMES[-1:])
def test_labels_are_made_for_every_name(name: str, bring: Bring) -> None:
    clip = bring(f"{name}.mp4")
    labels = clip.with_name(f"{name}.labels.jsonl")
    labels.unlink()
    assert main(["label", str(clip), f"--pts={name}.pts"]) == 0
    assert labels.read_text("utf-8").count("\n") == 7
    assert len(list(Path(f"{name}.pts").iterdir())) == 6


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")
def test_labels_find_their_clip_under_a_name_that_cannot_be_written(bring: Bring) -> None:
    clip = bring(f"{ODD}.mp4")
    labels = clip.with_name(f"{ODD}.labels.jsonl")
    assert main(["evaluate", str(labels), "--models", "pfld-0.25x", *HAAR]) == 0


def test_a_folder_named_like_a_number_is_the_folder(
    bring: Bring, capsys: pytest.CaptureFixture[str]
) -> None:
    bring("clip.mp4")
    assert main(["run", "clip.mp4", "--headless", *HAAR, "--snapshot", "1.png"]) == 0
    Path("0").mkdir()
    Path("1.png").rename("0/1.png")
    capsys.readouterr()
    assert main(["run", "0", "--headless", *HAAR]) == 0
    assert "0: 1 frames" in capsys.readouterr().out


def test_spaces_around_a_name_belong_to_the_clip_that_must_not_be_overwritten(
    bring: Bring, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = bring(" a.mp4")
    before = clip.read_bytes()
    outputs = ["--output", " a.mp4", "--overwrite"]
    assert main(["run", " a.mp4", "--headless", *HAAR, *outputs]) == 2
    assert "is the source itself" in capsys.readouterr().err
    assert clip.read_bytes() == before


@pytest.mark.parametrize("length", [256, 5000])
@pytest.mark.parametrize(
    "command",
    [
        ["run", "clip.mp4", "--headless", *HAAR, "--json"],
        ["run", "clip.mp4", "--headless", *HAAR, "--sidecar"],
        ["run", "clip.mp4", "--headless", *HAAR, "--csv"],
        ["drowsiness", "clip.mp4", *HAAR, "--report"],
        ["drowsiness", "clip.mp4", *HAAR, "--events"],
        ["evaluate", "clip.mp4", "--models", "pfld-0.25x", *HAAR, "--report"],
        ["evaluate", "clip.mp4", "--models", "pfld-0.25x", *HAAR, "--json"],
        ["evaluate", "clip.mp4", "--models", "pfld-0.25x", *HAAR, "--results"],
        ["label", "clip.mp4", "--pts"],
        ["bench", "clip.mp4", "--no-window", "--frames", "999999", "--json"],
    ],
)
def test_a_name_too_long_to_be_written_is_refused_before_the_work(
    command: list[str], length: int, bring: Bring, capsys: pytest.CaptureFixture[str]
) -> None:
    bring("clip.mp4")
    assert main([*command, "y" * length]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert "too long" in captured.err


@pytest.mark.parametrize("option", ["--output", "--snapshot"])
def test_names_that_are_made_from_a_long_one_are_checked_before_the_work(
    option: str, bring: Bring, capsys: pytest.CaptureFixture[str]
) -> None:
    bring("clip.mp4")
    ending = ".mp4" if option == "--output" else ".png"
    name = "y" * (253 - len(ending)) + ending
    record = ["--record", "both"] if option == "--output" else []
    assert main(["run", "clip.mp4", "--headless", *HAAR, *record, option, name]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)
    assert "too long" in captured.err


def test_a_name_of_exactly_the_longest_length_is_written(bring: Bring) -> None:
    bring("clip.mp4")
    assert main(["run", "clip.mp4", "--headless", *HAAR, "--json", "y" * 255]) == 0
    assert Path("y" * 255).is_file()


@pytest.mark.parametrize("length", [251])
def test_labels_of_a_clip_with_a_long_name_have_no_place(
    length: int, bring: Bring, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = Path("y" * length + ".mp4")
    shutil.copy(bring("clip.mp4"), clip)
    for command in (
        ["evaluate", str(clip), "--models", "pfld-0.25x"],
        ["label", str(clip)],
    ):
        assert main(command) == 2
        captured = capsys.readouterr()
        assert (captured.out, captured.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("name", ["y" * 256, "y" * 5000, "/".join(["y" * 200] * 30)])
@pytest.mark.parametrize("command", ["run", "drowsiness", "evaluate", "label", "maps", "bench"])
def test_a_name_that_no_file_can_have_is_one_sentence(
    command: str, name: str, bring: Bring, capsys: pytest.CaptureFixture[str]
) -> None:
    extra = ["--headless"] if command == "run" else []
    extra = ["--no-window"] if command == "bench" else extra
    assert main([command, name, *extra]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err.count("\n")) == ("", 1)


@pytest.mark.parametrize("place", [".", "..", "/"])
def test_a_folder_without_a_name_of_its_own_is_a_folder(
    place: str, bring: Bring, capsys: pytest.CaptureFixture[str]
) -> None:
    bring("clip.mp4")
    Path("inner").mkdir()
    if place == "..":
        os.chdir("inner")
    if place != "/":
        assert main(["evaluate", place, "--models", "pfld-0.25x", *HAAR, "--results", "."]) == 0
    assert main(["label", place]) == 2
    assert main(["run", "clip.mp4", "--headless", "--output", place, "--sidecar", "x"]) == 2
    assert main(["run", "clip.mp4", "--headless", "--snapshot", place]) == 2
    assert "Traceback" not in capsys.readouterr().err
