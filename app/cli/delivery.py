"""Hands results over: prints them first, then writes the files that were asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.cli.stopping import Stopping
from app.core.errors import OutputError


@dataclass(frozen=True, slots=True)
class Delivery:
    """A file that is written at the end.

    Attributes:
        name: what it is, for people.
        path: where it goes; None where it was not asked for.
        write: writes it; gives the number of files where there are several.
    """

    name: str
    path: Path | None
    write: Callable[[Path], int | None]


def deliver(text: str, files: Sequence[Delivery]) -> None:
    """Print the results, write every file, say where they are.

    What took long to find must not be lost to a reader that went away or to one place that
    cannot be written: the rest is done all the same, and the failure is told last.

    Raises:
        OutputError: one or more of the files cannot be written.
        OSError: nobody reads what is printed.
    """
    with Stopping() as stopping, stopping.held_back():
        _deliver(text, files)


def _deliver(text: str, files: Sequence[Delivery]) -> None:
    unread = _print(text)
    written, refused = [], []
    for file in files:
        if file.path is None:
            continue
        try:
            count = file.write(file.path)
        except OutputError as error:
            refused.append(str(error))
        else:
            many = "" if count is None else f"{count} "
            written.append(f"{many}{file.name}: {file.path.resolve()}")
    unread = _print("\n".join(written)) or unread
    if refused:
        raise OutputError(" ".join(refused))
    if unread is not None:
        raise unread


def _print(text: str) -> OSError | None:
    if text and sys.stdout is not None:
        try:
            print(text, flush=True)
        except OSError as error:
            return error
    return None
