"""What a path leads to, where it is no ordinary file."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISBLK, S_ISCHR, S_ISFIFO, S_ISSOCK
from typing import Final

from app.core.errors import SourceError

_KINDS: Final = (
    (S_ISFIFO, "a pipe"),
    (S_ISSOCK, "a socket"),
    (S_ISCHR, "a device"),
    (S_ISBLK, "a disk"),
)


def check_kind(path: Path) -> None:
    """Refuse what is there but is no file: reading a pipe would wait for ever.

    Raises:
        SourceError: it is a pipe, a socket or a device.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # whoever opens it says why
        return
    for is_kind, name in _KINDS:
        if is_kind(mode):
            raise SourceError(
                f"{path.name} is {name}, not a file, and cannot be read from the start again: "
                "save the recording to a file first, or send it to a URL such as "
                "udp://127.0.0.1:5000 and open that."
            )
