"""`pfld-live drowsiness` as a user types it."""

import csv
import json
from pathlib import Path

import pytest

from app._opencv import cv2
from app.capture.source import Pace, SourceOptions, open_source
from app.cli.main import main
from app.core.resources import asset
from app.driver.baseline import Baseline
from app.driver.presets import Presets
from app.driver.profiles import Profile, Profiles
from app.driver.settings import DriverSettings

DEMO = str(asset("demo.mp4"))
QUICK = ["--detector", "haar", "--seconds", "0.2"]


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "config"
    monkeypatch.setenv("PFLD_LIVE_CONFIG", str(folder))
    return folder


def test_the_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["drowsiness", "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    for words in ("--report", "--json", "--csv", "--profile", "--preset", "not a safety device"):
        assert words in " ".join(text.split())


def test_a_clip_gives_a_report_json_and_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {name: tmp_path / f"out.{name}" for name in ("report", "json", "csv", "events")}
    wanted = [text for name, path in places.items() for text in (f"--{name}", str(path))]
    assert main(["drowsiness", DEMO, "--seconds", "5", *wanted]) == 0
    summary = json.loads(places["json"].read_text("utf-8"))
    assert [entry["start_s"] for entry in summary["blinks"]] == pytest.approx([0.75, 3.35], abs=0.1)
    assert [entry["start_s"] for entry in summary["turns"]] == pytest.approx([1.9, 4.2], abs=0.1)
    assert (summary["yawns"], summary["closures"], summary["nods"]) == ([], [], [])
    assert [entry["state"] for entry in summary["states"]] == ["alert"]
    assert 0 < summary["perclos"] < 0.15
    assert summary["unknown_share"] == 0
    assert summary["settings"] == DriverSettings().as_dict()
    assert summary["baseline_source"] == "learned from the whole clip"
    with places["csv"].open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == summary["frames"] == 150
    assert places["events"].read_text("utf-8").count("blink,") == 2
    assert "<svg" in places["report"].read_text("utf-8")
    said = capsys.readouterr().out
    assert "blinks: 2" in said
    assert "not a safety device" in said
    assert all(str(path) in said for path in places.values())


def test_profile_preset_and_single_thresholds_are_gone_by(tmp_path: Path) -> None:
    baseline = Baseline(left_open=0.4, right_open=0.4, left_shut=0.1, right_shut=0.1)
    Profiles().save(Profile(person="Ada", glasses=True, baseline=baseline))
    Presets().save("strict", DriverSettings(away_s=1.0, yawn_s=1.5))
    out = tmp_path / "out.json"
    chosen = ["--profile", "Ada (with glasses)", "--preset", "strict", "--set", "yawn_s=3"]
    assert main(["drowsiness", DEMO, *QUICK, *chosen, "--json", str(out)]) == 0
    summary = json.loads(out.read_text("utf-8"))
    assert summary["baseline_source"] == "profile"
    assert summary["baseline"]["left_open"] == pytest.approx(0.4, abs=0.01)
    assert (summary["settings"]["away_s"], summary["settings"]["yawn_s"]) == (1.0, 3.0)


def test_pictures_far_apart_and_clips_too_short_say_why_nothing_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    with open_source(DEMO, SourceOptions(pace=Pace.FAST)) as source:
        frames = [frame for frame, _ in zip(source, range(2), strict=False)]
    for number, frame in enumerate(frames):
        cv2.imwrite(str(folder / f"{number}.png"), frame.image)
    assert main(["drowsiness", str(folder), "--detector", "haar"]) == 0
    assert "1.00 s apart" in capsys.readouterr().out
    assert main(["drowsiness", DEMO, *QUICK]) == 0
    said = capsys.readouterr().out
    assert "seen well for less than 3 s" in said
    assert "PERCLOS unknown" in said


def test_a_clip_without_a_face_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.json"
    picture = tmp_path / "grey.png"
    with open_source(DEMO, SourceOptions(pace=Pace.FAST)) as source:
        frame = next(iter(source))
    cv2.imwrite(str(picture), frame.image[:60, :60])
    assert main(["drowsiness", str(picture), "--detector", "haar", "--json", str(out)]) == 0
    assert "No face was found" in capsys.readouterr().out
    assert json.loads(out.read_text("utf-8"))["perclos"] is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["absent.mp4"], "absent.mp4"),
        (["{notes}"], "notes.mp4"),
        (["{clip}", "--json", "{folder}"], "is a folder"),
        (["{clip}", "--report", "{folder}/no/such/report.html"], "does not exist"),
        (["{clip}", "--report", "{clip}"], "is the source itself"),
        (["{clip}", "--json", "{fresh}", "--csv", "{fresh}"], "asked for twice"),
        (["{clip}", "--profile", "Nobody"], "'Nobody'"),
        (["{clip}", "--preset", "none"], "'none'"),
        (["{clip}", "--set", "microsleep_s"], "write NAME=VALUE"),
        (["{clip}", "--set", "nonsense=1"], "perclos_drowsy"),
        (["{clip}", "--set", "microsleep_s=soon"], "'soon' is not a number"),
        (["{clip}", "--set", "microsleep_s=nan"], "between 0.5 and 5 s"),
        (["{clip}", "--set", "microsleep_s=90"], "between 0.5 and 5 s"),
        (["{clip}", "--set", "long_closure_s=1.5"], "must not be above"),
        (["{clip}", "--model", "no-such-model"], "no-such-model"),
        (["{clip}", "--model", "keypoints15"], "no points on the eyelids"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {
        "notes": tmp_path / "notes.mp4",
        "folder": tmp_path,
        "clip": DEMO,
        "fresh": tmp_path / "fresh.json",
    }
    places["notes"].write_text("these are notes, no video")
    filled = [argument.format(**places) for argument in arguments]
    assert main(["drowsiness", *filled]) == 2
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1
    assert words in printed.err
    assert printed.out == ""
    assert not places["fresh"].exists()
