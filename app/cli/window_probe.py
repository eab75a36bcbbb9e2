"""Starts the window in a process of its own and reads what it measured."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from app.core.clock import now_ns
from app.core.errors import PfldLiveError
from app.ui.display import display_available

_SECONDS = 8.0
_TIMEOUT_S = 90.0


def probe_window() -> dict[str, Any]:
    """Start-up time, memory, paint time and latency of the window on the demo clip.

    Without a display Qt draws into memory.

    Raises:
        PfldLiveError: the window does not start or never ends.
    """
    environment = dict(os.environ)
    if not display_available():
        environment["QT_QPA_PLATFORM"] = "offscreen"
    # A desktop bundle is its own interpreter and knows no -m.
    program = [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "app"]
    command = [*program, "window-probe", str(now_ns()), str(_SECONDS)]
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PfldLiveError(
            f"The window did not end within {_TIMEOUT_S:.0f} s; use --no-window."
        ) from error
    try:
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError) as error:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise PfldLiveError(f"The window did not start: {lines[-1]}; use --no-window.") from error
    return report
