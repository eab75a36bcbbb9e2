"""The window on a desktop whose language writes 0,5."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.comma_locale import comma_environment

ROOT = Path(__file__).resolve().parents[2]

DESKTOPS = [
    pytest.param({"LC_ALL": "de_DE.UTF-8"}, id="German"),
    pytest.param({"LANG": "C.UTF-8", "LC_NUMERIC": "fr_FR.UTF-8"}, id="French numbers alone"),
]


@pytest.mark.skipif(sys.platform != "linux", reason="locales are built as glibc reads them")
@pytest.mark.parametrize("variables", DESKTOPS)
def test_blazeface_the_mesh_and_labelling_work_under_a_decimal_comma(
    variables: dict[str, str], turning: Path, tmp_path: Path
) -> None:
    clip = tmp_path / "turning.mp4"
    shutil.copy(turning, clip)
    done = subprocess.run(
        [sys.executable, "-m", "tests.gui.comma_window", str(clip)],
        cwd=ROOT,
        env=comma_environment(QT_QPA_PLATFORM="offscreen", **variables),
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["detector"] == "blazeface"
    assert seen["points"] == 478
    assert seen["labelling"] == 20
    assert clip.with_name("turning.labels.jsonl").is_file()
    assert any("," in text for text in seen["fields"]), "people may read their own comma"
