"""Locales with a decimal comma, for processes that a test starts."""

from __future__ import annotations

import functools
import os
import subprocess
import tempfile
from pathlib import Path

LANGUAGES = ("de_DE", "fr_FR")


def comma_environment(**variables: str) -> dict[str, str]:
    """The environment of this process, with the given variables in place of its own locale; its
    locales are those of `LANGUAGES`, as UTF-8.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("LC_", "LANG"))}
    return kept | {"LOCPATH": str(_folder())} | variables


@functools.cache
def _folder() -> Path:
    """Built once a process; needs the sources of the locales (`locales` on Debian), no root."""
    folder = Path(_keep().name)
    for name in LANGUAGES:
        command = ["localedef", "--no-archive", "-i", name, "-f", "UTF-8"]
        done = subprocess.run([*command, folder / f"{name}.UTF-8"], capture_output=True, text=True)
        assert done.returncode == 0, f"install the sources of the locales: {done.stderr}"
    return folder


@functools.cache
def _keep() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="pfld-live-locales-")
