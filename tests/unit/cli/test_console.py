"""Terminals, pipes and disks that cannot take what is printed."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.console import Console, print_json
from app.cli.main import main

ROOT = Path(__file__).parents[3]


def run(
    *arguments: str, cwd: Path, stdout: int, encoding: str = "utf-8"
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "app", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding},
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=120,
        check=False,
    )


def printed(text: str, encoding: str, monkeypatch: pytest.MonkeyPatch) -> str:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, write_through=True))
    with Console() as console:
        print(text)
    assert console.failure is None
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "漢字 n? 3 – 5 °, 640×480 …\n"),
        ("cp1252", "?? n? 3 – 5 °, 640×480 …\n"),
        ("cp437", "?? n? 3 - 5 °, 640x480 ...\n"),
        ("ascii", "?? n? 3 - 5 ?, 640x480 ...\n"),
    ],
)
def test_what_a_code_page_lacks_is_written_otherwise(
    encoding: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert printed("漢字 n\udcff 3 – 5 °, 640×480 …", encoding, monkeypatch) == shown


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
def test_json_means_the_same_on_every_terminal(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding, write_through=True))
    with Console():
        print_json({"name": '漢字 "–"\n😀', "file": "n\udcff.onnx"})
    assert json.loads(raw.getvalue().decode(encoding)) == {
        "name": '漢字 "–"\n😀',
        "file": "n\ufffd.onnx",
    }


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_help_comes_in_every_code_page(encoding: str, tmp_path: Path) -> None:
    for arguments in (["--help"], ["run", "--help"], ["evaluate", "--help"]):
        done = run(*arguments, cwd=tmp_path, stdout=subprocess.PIPE, encoding=encoding)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"usage: pfld-live" in done.stdout


def test_a_clip_is_worked_through_whatever_the_terminal_can_show(
    short_video: Path, tmp_path: Path
) -> None:
    clip = tmp_path / "漢字.mp4"
    clip.write_bytes(short_video.read_bytes())
    arguments = ["run", clip.name, "--headless", "--detector", "haar", "--json", "s.json"]
    done = run(*arguments, cwd=tmp_path, stdout=subprocess.PIPE, encoding="cp437")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"??.mp4: 6 frames")
    assert json.loads((tmp_path / "s.json").read_text("utf-8"))["source"] == "漢字.mp4"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk at hand")
def test_results_are_kept_when_the_disk_of_the_standard_output_is_full(
    short_video: Path, tmp_path: Path
) -> None:
    arguments = ["run", str(short_video), "--headless", "--detector", "haar", "--json", "s.json"]
    with Path("/dev/full").open("w") as full:
        done = run(*arguments, cwd=tmp_path, stdout=full.fileno())
    assert done.returncode == 2
    assert done.stderr.decode() == (
        "pfld-live: What was found cannot be printed: No space left on device.\n"
    )
    assert json.loads((tmp_path / "s.json").read_text())["frames"] == 6


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a full disk at hand")
@pytest.mark.parametrize("command", [["--help"], ["models"], ["models", "--json"]])
def test_short_commands_end_without_a_traceback_on_a_full_disk(
    command: list[str], tmp_path: Path
) -> None:
    with Path("/dev/full").open("w") as full:
        done = run(*command, cwd=tmp_path, stdout=full.fileno())
    assert b"Traceback" not in done.stderr
    assert done.stderr.count(b"\n") <= 1


class _Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_words_for_people_on_a_full_disk_do_not_stop_the_work(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, short_video: Path
) -> None:
    monkeypatch.setattr(sys, "stderr", _Full())
    monkeypatch.setattr(sys, "stdout", _Full())
    out = tmp_path / "s.json"
    arguments = ["run", str(short_video), "--headless", "--detector", "haar", "--json", str(out)]
    assert main(arguments) == 2
    assert json.loads(out.read_text())["frames"] == 6


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix closes descriptors")
def test_a_file_does_not_get_the_number_of_a_closed_standard_descriptor(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        "for number in (0, 1, 2): os.close(number)\n"
        "from app.cli.console import Console\n"
        "with Console():\n"
        "    file = open('out.txt', 'w')\n"
        "    file.write(str(file.fileno())); file.close()\n"
        "os._exit(0)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=60,
        check=True,
    )
    assert int((tmp_path / "out.txt").read_text()) > 2
