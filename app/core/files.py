"""Looks for files, writes them whole or not at all, and opens those that take it bit by bit."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from app.core.claims import Claims
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


PIPE_PATIENCE_S: Final = 1.5
"""A pipe that nobody reads gets a reader within this time, or it is refused."""

_OTHERS_S: Final = 0.5
"""Another program that writes the same file in one go is done after this time."""


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with Unix line ends; see `write_bytes`. What is no character, as a file name
    may hold, becomes U+FFFD.

    Raises:
        OutputError: see `write_bytes`.
    """
    write_bytes(path, readable(text).encode("utf-8"))


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file; a kill leaves the old one or the new one. Into a link, pipe or device as it
    stands.

    Args:
        path: file to write.
        data: all of it.

    Raises:
        OutputError: the file cannot be written, another program writes it, or it is a pipe that
            nobody reads.
    """
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            with Claims((path,), patience_s=_OTHERS_S), os.fdopen(open_output(path), "wb") as file:
                file.write(data)
            return
        with Claims((path,), patience_s=_OTHERS_S):
            _replace(path, data)
    except OSError as error:
        raise refusal(path, error) from error


def partial_file(path: Path) -> Path:
    """Where a file grows before it takes its place."""
    name = path.name + ".part"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f".pfld-live-{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:16]}.part"
    return path.with_name(name)


def open_output(path: Path) -> int:
    """A descriptor of an emptied file for writing.

    Raises:
        OutputError: it is a pipe that nobody reads.
        OSError: it cannot be opened.
    """
    if not is_pipe(path):
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _BINARY, 0o666)
    end_s = time.monotonic() + PIPE_PATIENCE_S
    while True:  # an ordinary opening would wait for ever, and nothing could end that
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            if time.monotonic() >= end_s:
                raise OutputError(
                    f"{path.name} is a pipe that nobody reads; start its reader first."
                ) from error
            time.sleep(0.02)
        else:
            os.set_blocking(descriptor, True)
            return descriptor


def is_pipe(path: Path) -> bool:
    """Whether a path is a named pipe."""
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except OSError:
        return False


def refusal(path: Path, error: Exception) -> OutputError:
    """The sentence for a failure to write, as Python or PyAV reports it."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return OutputError(
            f"There is no more room for {path.name}; free some or choose another disk."
        )
    reason = getattr(error, "strerror", None) or str(error)
    return OutputError(f"{path.name} cannot be written: {reason}; choose another place.")


_LONGEST_NAME: Final = 255
"""Bytes of a name that usual file systems take."""

_BINARY: Final = getattr(os, "O_BINARY", 0)
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY | getattr(os, "O_NOFOLLOW", 0)


def _replace(path: Path, data: bytes) -> None:
    partial = partial_file(path)
    if partial.is_dir() and not partial.is_symlink():
        raise OutputError(f"{path.name} cannot be written: move the folder {partial.name} away.")
    # A killed program may have left one. A link in its place is not followed.
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, _NEW, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
