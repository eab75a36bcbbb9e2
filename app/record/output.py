"""What the writers of files share."""

from __future__ import annotations

import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.capture.kinds import is_image
from app.core.errors import OutputError
from app.core.files import is_pipe, partial_file, refusal

VIDEO_SUFFIXES: Final = (".mp4", ".m4v", ".mov", ".mkv")
"""What the name of a recorded video may end in."""


class Writer(ABC):
    """Something that writes a file and is closed at the end of its `with` block."""

    @abstractmethod
    def close(self) -> None:
        """Complete the file; may be called twice.

        Raises:
            OutputError: it cannot be completed.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def check_place(path: Path) -> None:
    """Make sure that a file can be made at a place, without making it.

    Raises:
        OutputError: the folder is missing or closed to the user, a folder has that name, or the
            name is too long.
    """
    folder = path.absolute().parent
    try:
        there, is_folder = folder.is_dir(), path.is_dir()
        longest = os.pathconf(folder, "PC_NAME_MAX") if there and os.name == "posix" else 255
    except (OSError, ValueError) as error:
        if getattr(error, "errno", None) == errno.ENAMETOOLONG:
            raise _too_long(path, "the system") from error
        raise refusal(path, error) from error
    if not there:
        raise OutputError(f"The folder {folder} does not exist; make it first.")
    if is_folder:
        raise OutputError(f"{path} is a folder; name a file in it.")
    partial = partial_file(path)
    if partial.is_dir() and not partial.is_symlink():
        raise OutputError(f"{partial} is a folder that is in the way of {path.name}; move it away.")
    if len(os.fsencode(path.name)) > longest:
        raise _too_long(path, f"its folder, which takes {longest} bytes")
    writable = path if path.exists() else folder
    if not os.access(writable, os.W_OK):
        raise OutputError(f"{writable} may not be written to; choose another place.")


def _too_long(path: Path, place: str) -> OutputError:
    name = path.name if len(path.name) < 40 else f"{path.name[:20]}…{path.name[-12:]}"
    return OutputError(f"The name {name} is too long for {place}; choose a shorter one.")


def check_video_name(path: Path) -> None:
    """Make sure that a file name ends as a video does, and is that of no pipe.

    Raises:
        OutputError: it does not, or is one.
    """
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        ends = ", ".join(VIDEO_SUFFIXES)
        raise OutputError(f"{path.name} is no name for a video; use one of {ends}.")
    if is_pipe(path):
        raise OutputError(f"{path.name} is a pipe, and a video needs a file; choose another name.")


def check_apart(outputs: Sequence[Path], *, source: Path | None) -> None:
    """Make sure that no output is written over another one or over what is read.

    Args:
        outputs: the files to be written.
        source: the file or folder that is read, None for a camera or stream.

    Raises:
        OutputError: a file has two roles, under whatever name (links count).
    """
    for i, path in enumerate(outputs):
        if path.exists() and not path.is_file():
            continue  # a device or a pipe
        if source is not None and _same(path, source):
            raise OutputError(f"{path} is the source itself; choose another name.")
        if source is not None and _same(path.parent, source) and is_image(path):
            raise OutputError(f"{path} is a picture of the source; choose another name.")
        if any(_same(path, other) for other in outputs[:i]):
            raise OutputError(f"{path} was asked for twice; give each output a name of its own.")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.resolve() == other.resolve() or one.samefile(other)
    except OSError:  # one of them is not there
        return False
