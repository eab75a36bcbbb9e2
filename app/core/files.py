"""Looks for files, and writes text files whole or not at all."""

from __future__ import annotations

from pathlib import Path

from app.core.errors import OutputError
from app.core.text import readable


def exists(path: Path) -> bool:
    """Whether something lies there; no for names that no file can have, such as too long ones."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def is_file(path: Path) -> bool:
    """Whether a file lies there; no for names that no file can have, such as too long ones."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder lies there; no for names that no file can have, such as too long ones."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; a kill leaves the old file or the new one. Into a link, pipe or device as
    it stands. What is no character, as a file name may hold, becomes U+FFFD.

    Raises:
        OutputError: the file cannot be written.
    """
    text = readable(text)
    partial = path.with_name(path.name + ".part")
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_text(text, encoding="utf-8", newline="\n")
            return
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise OutputError(
            f"{path.name} cannot be written: {reason}; choose another place."
        ) from error
