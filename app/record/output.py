"""What the writers of files share."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from app.core.errors import OutputError


def check_place(path: Path) -> None:
    """Make sure that a file can be made at a place, without making it.

    Raises:
        OutputError: the folder is missing or closed to the user, or a folder has that name.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise OutputError(f"The folder {folder} does not exist; make it first.")
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file in it.")
    writable = path if path.exists() else folder
    if not os.access(writable, os.W_OK):
        raise OutputError(f"{writable} may not be written to; choose another place.")


def refusal(path: Path, error: Exception) -> OutputError:
    """The sentence for a failure to write, as Python or PyAV reports it."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutputError(
            f"There is no more room for {path.name}; free some or choose another disk."
        )
    reason = getattr(error, "strerror", None) or str(error)
    return OutputError(f"{path.name} cannot be written: {reason}; choose another place.")
