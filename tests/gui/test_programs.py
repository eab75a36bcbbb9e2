"""The window as a process of its own, as the command line starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from app.ui.application import close_on_signals
from tests.gui.conftest import MakeWindow, Wait

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_probe_measures_the_window_and_ends_cleanly() -> None:
    done = run("app", "window-probe", str(time.monotonic_ns()), "4")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["view"] == "1280x720"
    assert report["startup_ms"] > 0
    assert report["paint_ms"]["p95"] > 0
    assert report["peak_rss_mb"] < 600


def test_a_view_that_has_not_its_size_yet_gets_it_before_the_end() -> None:
    done = run("app", "window-probe", str(time.monotonic_ns()), "0.05")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["view"] == "1280x720"


def test_a_screenshot_shows_window_and_clip(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "window.png"
    done = run(
        "app.ui.screenshot",
        *("--clip", str(clip), "--out", str(out), "--size", "900x600"),
        *("--at", "0.2", "--faces", "0", "--scheme", "dark", "--set", "detector=haar"),
    )
    assert done.returncode == 0, done.stderr
    image = QImage(str(out))
    assert (image.width(), image.height()) == (900, 600)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGTERM")
def test_a_polite_kill_closes_the_window() -> None:
    code = (
        "import os, signal\n"
        "from app.ui.application import run_window\n"
        "from app.ui.preferences import temporary_preferences\n"
        "with temporary_preferences() as preferences:\n"
        "    raise SystemExit(run_window(demo=True, preferences=preferences,\n"
        "        on_shown=lambda _: os.kill(os.getpid(), signal.SIGTERM)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_window_without_cutting_into_what_runs(
    make_window: MakeWindow, wait: Wait, number: int
) -> None:
    # What runs may hold the very lock that closing needs.
    window = make_window()
    restore = close_on_signals(window)
    try:
        os.kill(os.getpid(), number)
        assert window.isVisible()
        wait(lambda: not window.isVisible())
    finally:
        restore()
