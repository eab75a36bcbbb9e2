"""Runs a built bundle as a user would: `python packaging/smoke.py dist/pfld-live/pfld-live`.

It must list its models and find the face of its demo clip, with nothing of the source tree and
no Python around it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def main(arguments: list[str]) -> int:
    """Exit code 0 if the bundle works."""
    program = Path(arguments[0]).resolve()
    hidden = ("PYTHON", "VIRTUAL_ENV", "DISPLAY", "WAYLAND_DISPLAY")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
    with tempfile.TemporaryDirectory() as folder:

        def run(*words: str) -> str:
            done = subprocess.run(
                [str(program), *words],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
            if done.returncode:
                raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
            return done.stdout

        models = json.loads(run("models", "--json"))
        if not any(model["usable"] for model in models):
            raise SystemExit("the bundle has no usable model")
        run("demo", "--headless", "--json", "summary.json")
        summary = json.loads((Path(folder) / "summary.json").read_text("utf-8"))
        if summary["frames_with_face"] < 0.9 * summary["frames"]:
            raise SystemExit(f"the bundle finds too few faces: {summary}")
    print(f"{program.name}: {len(models)} models, {summary['frames_with_face']} faces found")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
