"""The command line as a user types it, in a process of its own where that matters."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from app._opencv import cv2
from app.capture.source import Pace, SourceOptions, open_source
from app.cli.main import main
from app.core.resources import asset, models_folder
from app.vision.result import STAGES
from app.vision.zoo import Zoo


def _without_display() -> dict[str, str]:
    hidden = {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}
    return {key: value for key, value in os.environ.items() if key not in hidden}


def _command(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=cwd,
        env=_without_display() | {"PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with every tenth frame of the first three seconds of the demo clip."""
    folder = tmp_path_factory.mktemp("frames")
    with open_source(str(asset("demo.mp4")), SourceOptions(pace=Pace.FAST)) as source:
        for frame in source:
            if frame.sequence >= 90:
                break
            if frame.sequence % 10 == 0:
                cv2.imwrite(str(folder / f"frame{frame.sequence}.png"), frame.image)
    return folder


@pytest.mark.parametrize("command", [[], ["demo"], ["run"], ["models"], ["bench"]])
def test_every_command_explains_itself(
    command: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*command, "--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "usage: pfld-live" in text
    assert len(text.splitlines()) > 5


def test_help_does_not_wait_for_heavy_imports() -> None:
    code = (
        "import sys; from app.cli.main import build_parser; build_parser(); "
        "heavy = {'cv2', 'av', 'mediapipe', 'onnxruntime', 'PySide6'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "absent.mp4"], "absent.mp4"),
        (["run", "{notes}"], "notes.mp4"),
        (["run", "{empty}"], "empty.png"),
        (["run", "{folder}"], "folder"),
        (["run", "{clip}", "--model", "no-such-model"], "no-such-model"),
        (["run", "{clip}", "--max-faces", "99"], "between 1 and 64"),
        (["run", "{clip}", "--headless", "--output", "{folder}"], "is a folder"),
        (["run", "{clip}", "--json", "{folder}/no/such/summary.json"], "does not exist"),
        (["run", "{clip}", "--output", "{clip}"], "is the source itself"),
        (["run", "{clip}", "--headless", "--output", "{folder}/video.txt"], "video.txt"),
        (["run", "{clip}", "--headless", "--draw", "nose"], "--draw takes points, lines"),
        (["run", "{clip}", "--headless", "--constant-rate", "999"], "between 1 and 120 fps"),
        (["run", "{clip}", "--json", "{fresh}", "--predictions", "{fresh}"], "asked for twice"),
        (["bench", "{clip}", "--models", "no-such-model"], "no-such-model"),
        (["bench", "{clip}", "--json", "{folder}"], "is a folder"),
        (["bench", "--frames", "9999999", "--json", "{folder}/no/such/b.json"], "does not exist"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "minimal")
    places = {
        "notes": tmp_path / "notes.mp4",
        "empty": tmp_path / "empty.png",
        "folder": tmp_path / "folder",
        "clip": asset("demo.mp4"),
        "fresh": tmp_path / "fresh.json",
    }
    places["notes"].write_text("these are notes, no video")
    places["empty"].write_bytes(b"")
    places["folder"].mkdir()
    filled = [a.format(**places) if a.startswith("{") else a for a in arguments]
    assert main(filled) == 2
    printed = capsys.readouterr()
    message = [x for x in printed.err.splitlines() if "working without a window" not in x]
    assert len(message) == 1
    assert words in message[0]
    assert printed.out == ""


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["walk"], "'walk'"),
        (["run"], "SOURCE"),
        (["run", "x.mp4", "--max-faces", "many"], "'many'"),
        (["run", "x.mp4", "--seconds", "soon"], "'soon' is not a number above 0"),
        (["run", "x.mp4", "--seconds", "nan"], "'nan' is not a number above 0"),
        (["run", "x.mp4", "--detector", "eyes"], "'eyes'"),
        (["models", "x"], "x"),
    ],
)
def test_wrong_arguments_are_one_sentence_that_names_the_help(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    (message,) = capsys.readouterr().err.splitlines()
    assert message.startswith("pfld-live")
    assert words in message
    assert "--help" in message


def test_a_reader_that_goes_away_is_no_crash(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "app", "models"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert done.stderr == ""
    assert done.returncode == 141


@pytest.mark.parametrize(
    ("library", "command"),
    [
        ("numpy", ["models"]),
        ("PySide6.QtWidgets", ["demo"]),
        ("mediapipe", ["run", str(asset("demo.mp4")), "--headless"]),
    ],
)
def test_ctrl_c_while_a_library_starts_is_neither_a_traceback_nor_a_crash(
    library: str, command: list[str], tmp_path: Path
) -> None:
    code = f"""
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == {library!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, CtrlC())
from app.cli.main import main
main({command!r})
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ
        | {"QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path(__file__).parents[3])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 128 + signal.SIGINT
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_told_to_end_keeps_what_it_has(number: int, tmp_path: Path) -> None:
    lines = tmp_path / "faces.jsonl"
    with subprocess.Popen(
        [
            sys.executable,
            "-m",
            "app",
            "run",
            str(asset("demo.mp4")),
            "--headless",
            "--detector",
            "haar",
            "--output",
            "video.mp4",
            "--predictions",
            lines.name,
            "--json",
            "summary.json",
        ],
        cwd=tmp_path,
        env=_without_display() | {"PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that starts the tests in the background has switched Ctrl+C off.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as running:
        end_s = time.monotonic() + 60
        while not (lines.exists() and lines.read_text("utf-8").count("\n") > 3):
            assert time.monotonic() < end_s
            time.sleep(0.02)
        running.send_signal(number)
        printed, errors = running.communicate(timeout=60)
    assert (running.returncode, errors) == (128 + number, "")
    assert "Stopped by the user" in printed
    frames = json.loads((tmp_path / "summary.json").read_text("utf-8"))["frames"]
    assert 3 < frames < 600
    assert len(lines.read_text("utf-8").splitlines()) == frames
    with open_source(str(tmp_path / "video.mp4"), SourceOptions(pace=Pace.FAST)) as video:
        assert sum(1 for _ in video) == frames


def test_a_run_writes_summary_and_predictions(short_clip: Path, tmp_path: Path) -> None:
    summary_file, predictions_file = tmp_path / "summary.json", tmp_path / "faces.jsonl"
    code = main(
        [
            "run",
            str(short_clip),
            "--headless",
            "--json",
            str(summary_file),
            "--predictions",
            str(predictions_file),
            "--detector",
            "haar",
        ]
    )
    assert code == 0
    summary = json.loads(summary_file.read_text("utf-8"))
    assert summary["frames"] == 9
    assert summary["frames_with_face"] == 9
    assert summary["max_faces"] >= 1
    assert summary["seconds"] > 0
    assert summary["fps"] > 0
    assert list(summary["stages_ms"]) == list(STAGES)
    assert all(v["p50"] <= v["p95"] for v in summary["stages_ms"].values())
    lines = [json.loads(x) for x in predictions_file.read_text("utf-8").splitlines()]
    assert [line["frame"] for line in lines] == list(range(9))
    (face, *_) = lines[0]["faces"]
    assert face["layout"] == "ibug68"
    points = np.array(face["points"])
    assert points.shape == (68, 2)
    x0, y0, x1, y1 = face["box"]
    assert x0 < points[:, 0].mean() < x1
    assert y0 < points[:, 1].mean() < y1
    assert {"id", "yaw", "pitch", "roll", "trust"} <= set(face)


def test_a_recording_has_video_lines_table_and_manifest(short_clip: Path, tmp_path: Path) -> None:
    video = tmp_path / "take.mp4"
    arguments = [
        *("run", str(short_clip), "--headless", "--detector", "haar", "--output", str(video)),
        *("--sidecar", str(tmp_path / "faces.jsonl"), "--csv", str(tmp_path / "faces.csv")),
        *("--record", "both", "--quality", "small", "--draw", "box"),
        *("--snapshot", str(tmp_path / "last.png")),
    ]
    assert main(arguments) == 0
    for name in ("take.mp4", "take-clean.mp4"):
        with open_source(str(tmp_path / name), SourceOptions(pace=Pace.FAST)) as written:
            assert sum(1 for _ in written) == 9
    last = cv2.imread(str(short_clip / "frame80.png"))
    assert (cv2.imread(str(tmp_path / "last-clean.png")) == last).all()
    assert (cv2.imread(str(tmp_path / "last.png")) != last).any()
    line = json.loads((tmp_path / "faces.jsonl").read_text("utf-8").splitlines()[0])
    assert 0.1 < line["faces"][0]["openings"]["left_eye"] < 0.6
    assert line["state"]["condition"] == "unknown"  # nobody's open eyes are known in 0.3 s
    assert line["state"]["reasons"]
    assert len((tmp_path / "faces.csv").read_text("utf-8").splitlines()) >= 10
    manifest = json.loads((tmp_path / "take.manifest.json").read_text("utf-8"))
    assert manifest["complete"]
    assert manifest["models"] == [line["model"]]
    assert manifest["detectors"] == ["haar"]
    assert manifest["settings"]["record"]["overlay"]["box"] is True
    assert manifest["settings"]["record"]["overlay"]["points"] is False


def test_a_video_that_is_there_is_kept_unless_the_user_says_otherwise(
    short_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = tmp_path / "ü 12:30.mp4"
    video.write_bytes(b"precious")
    arguments = ["run", str(short_clip), "--detector", "haar", "--output", str(video)]
    assert main(arguments) == 2
    assert "exists already; choose another name, or add --overwrite" in capsys.readouterr().err
    assert video.read_bytes() == b"precious"
    assert main([*arguments, "--overwrite"]) == 0
    with open_source(str(video), SourceOptions(pace=Pace.FAST)) as written:
        assert sum(1 for _ in written) == 9


def test_a_full_disk_ends_a_run_with_one_sentence(
    short_clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    full = tmp_path / "faces.jsonl"
    full.symlink_to("/dev/full")
    assert main(["run", str(short_clip), "--detector", "haar", "--sidecar", str(full)]) == 2
    (message,) = [x for x in capsys.readouterr().err.splitlines() if "a window" not in x]
    assert "no more room for faces.jsonl" in message


def test_a_source_without_a_face_is_an_empty_result_and_no_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i in range(3):
        cv2.imwrite(str(tmp_path / f"{i}.png"), np.full((90, 120, 3), 50 * i, np.uint8))
    summary_file = tmp_path / "summary.json"
    assert main(["run", str(tmp_path), "--json", str(summary_file), "--detector", "haar"]) == 0
    summary = json.loads(summary_file.read_text("utf-8"))
    assert (summary["frames"], summary["frames_with_face"], summary["max_faces"]) == (3, 0, 0)
    assert summary["stages_ms"]["landmarks"] == {"p50": None, "p95": None}
    assert "No face was found" in capsys.readouterr().out


def test_demo_without_a_display_writes_a_video_next_to_the_user(tmp_path: Path) -> None:
    done = _command("demo", "--detector", "haar", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "frames with a face" in done.stdout
    with open_source(str(tmp_path / "pfld-live-demo.mp4"), SourceOptions(pace=Pace.FAST)) as clip:
        assert clip.info.frames == 600
        assert clip.info.duration_s == pytest.approx(20, abs=0.1)


def test_nothing_but_our_own_words_reaches_the_terminal(short_clip: Path, tmp_path: Path) -> None:
    done = _command("run", str(short_clip), "--headless", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stderr == ""


def test_pictures_of_floating_point_numbers_raise_no_warning_beside_a_network(
    tmp_path: Path,
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((90, 120, 3), np.uint8))
    # Read after the network was loaded.
    cv2.imwrite(str(tmp_path / "b.tif"), np.full((90, 120, 3), 0.5, np.float32))
    done = _command("run", ".", "--headless", "--detector", "haar", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 frames" in done.stdout


def test_the_zoo_is_listed_as_a_table_and_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = min(models_folder().glob("*.onnx")).read_bytes()
    (tmp_path / "half.onnx").write_bytes(whole[: len(whole) // 2])
    monkeypatch.setenv("PFLD_LIVE_MODELS", str(tmp_path))
    assert main(["models"]) == 0
    table = capsys.readouterr().out
    assert "unusable: half.onnx: " in table
    assert str(tmp_path) in table
    assert main(["models", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert {entry["usable"] for entry in entries} == {True, False}
    assert all(entry["problem"] for entry in entries if not entry["usable"])


def test_bench_measures_all_models_on_the_same_frames(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report_file = tmp_path / "bench.json"
    code = main(
        ["bench", "--frames", "20", "--detector", "haar", "--no-window", "--json", str(report_file)]
    )
    assert code == 0
    report = json.loads(report_file.read_text("utf-8"))
    assert report["frames"] == 20
    assert {model["label"] for model in report["models"]} == {e.label for e in Zoo.scan().usable}
    for model in report["models"]:
        assert model["megabytes"] > 0
        assert model["fps"] > 0
        assert model["faces_per_frame"] == 1
        assert model["stages_ms"]["landmarks"]["p50"] > 0
    assert report["peak_rss_mb"] > 50
    assert "peak memory" in capsys.readouterr().out


def test_a_pipeline_sets_detector_and_model(tmp_path: Path) -> None:
    summary = tmp_path / "summary.json"
    clip = str(asset("demo.mp4"))
    done = main(
        ["run", clip, "--pipeline", "mediapipe", "--seconds", "0.2", "--json", str(summary)]
    )
    assert done == 0
    said = json.loads(summary.read_text("utf-8"))
    assert (said["model"], said["detector"]) == ("mesh478 fp16", "blazeface")


def test_a_pipeline_whose_model_is_missing_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("app.vision.zoo.models_folder", lambda: tmp_path)
    monkeypatch.setenv("PFLD_LIVE_MODELS", str(tmp_path))
    assert main(["run", str(asset("demo.mp4")), "--pipeline", "haar-grey", "--headless"]) == 2
    assert "needs a model of the family naimishnet" in capsys.readouterr().err
