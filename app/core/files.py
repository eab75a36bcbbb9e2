"""Writes text files whole or not at all."""

from __future__ import annotations

from pathlib import Path

from app.core.errors import OutputError


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; a kill leaves the old file or the new one. Into a link, pipe or device as
    it stands.

    Raises:
        OutputError: the file cannot be written.
    """
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
