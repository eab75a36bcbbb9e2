"""Writes files whole or not at all."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from app.core.errors import OutputError

_FLAGS: Final = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_EXCL
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


def partial_of(path: Path) -> Path:
    """Where a file lies until it is whole: beside it, so that it can take its place in one step."""
    return path.with_name(path.name + ".part")


def write_partial(path: Path, data: bytes) -> Path:
    """Write what shall take the place of `path` beside it.

    A file is made that was not there before: whoever has laid a link or a pipe at that name would
    else choose where the data goes. What a kill has left there is taken away.

    Returns:
        Where it lies; the caller lets it replace `path` or takes it away.

    Raises:
        OSError: it cannot be written; nothing is left behind.
    """
    partial = partial_of(path)
    if partial.is_symlink() or partial.is_file():
        partial.unlink()
    handle = os.open(partial, _FLAGS, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    return partial


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file; a kill leaves the old one or the new one. Into a link, pipe or device as it
    stands.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            path.write_bytes(data)
            return
        partial = write_partial(path, data)
        try:
            partial.replace(path)
        except OSError:
            with suppress(OSError):
                partial.unlink()
            raise
    except OSError as error:
        raise refusal(path, error) from error


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text as `write_bytes` does.

    Raises:
        OutputError: the file cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def refusal(path: Path, error: Exception) -> OutputError:
    """The sentence for a failure to write, as Python or PyAV reports it."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutputError(
            f"There is no more room for {path.name}; free some or choose another disk."
        )
    reason = getattr(error, "strerror", None) or str(error)
    blocking = getattr(error, "filename", None)
    if blocking is not None and Path(os.fsdecode(blocking)) == partial_of(path):
        reason = f"{partial_of(path).name} is in the way ({reason})"
    return OutputError(f"{path.name} cannot be written: {reason}; choose another place.")
