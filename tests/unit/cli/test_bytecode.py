"""What a start imports is compiled once, and not by each `uv run`."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_first_start_leaves_bytecode_for_the_next_ones(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "app", "models"],
        cwd=tmp_path,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "PYTHONPYCACHEPREFIX": str(tmp_path / "cache"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        stdout=subprocess.DEVNULL,
        timeout=120,
        check=True,
    )
    kept = {path.name.split(".")[0] for path in (tmp_path / "cache").rglob("*.pyc")}
    assert {"zoo", "session", "multiarray"} <= kept


def test_uv_does_not_go_through_all_packages_at_each_call() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["uv"]
    assert "compile-bytecode" not in settings
