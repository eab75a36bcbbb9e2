"""The sounds come from the script beside them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from app.core.resources import asset


def test_the_script_makes_the_sounds_byte_for_byte(tmp_path: Path) -> None:
    script = asset("make_sounds.py")
    subprocess.run([sys.executable, str(script), "--folder", str(tmp_path)], check=True)
    for name in ("alarm.wav", "done.wav"):
        assert (tmp_path / name).read_bytes() == asset(name).read_bytes()
