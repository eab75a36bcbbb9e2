"""The pictures of a folder: the same ones, in the same order, for playing, labelling, measuring."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.capture.kinds import Content, kind_of
from app.core.errors import SourceError

# What usually lies beside pictures and that nobody takes for one.
_COMPANIONS: Final = frozenset(
    {".json", ".jsonl", ".csv", ".pts", ".txt", ".md", ".xml", ".html", ".npz", ".ini", ".db"}
    | {".yaml", ".yml", ".part", ""}
)
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class FolderOfImages:
    """What a folder holds.

    Attributes:
        images: its pictures in natural order; some may turn out to be damaged, or of a kind that
            is not read. Their place is the number of their frame.
        others: names of the files that are no pictures, without labels and texts.
    """

    images: tuple[Path, ...]
    others: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """One sentence about what was left out, or ""."""
        return left_out(self.others)


def folder_of_images(folder: Path) -> FolderOfImages:
    """The pictures in a folder, by content, in natural order: `img2` before `img10`.

    Sub-folders and hidden files are not searched.

    Raises:
        SourceError: the folder cannot be read.
    """
    images, others = [], []
    try:
        for path in folder.iterdir():
            if path.name.startswith(".") or not path.is_file():
                continue
            content = _content(path)
            if content in (Content.IMAGE, Content.FOREIGN):
                images.append(path)
            elif path.suffix.lower() not in _COMPANIONS:
                others.append(path.name)
    except OSError as error:
        raise SourceError(
            f"The folder {folder.name} cannot be read: {error.strerror}; choose another one."
        ) from error
    ordered = sorted(images, key=lambda path: (natural_key(path.name), path.name))
    return FolderOfImages(tuple(ordered), tuple(sorted(others, key=natural_key)))


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Key that sorts `img2` before `img10`, whatever the case."""
    parts = re.findall(r"(\d+)|(\D+)", name.casefold())
    return tuple((0, int(n), "") if n else (1, 0, t) for n, t in parts)


def left_out(names: Sequence[str], what: str = "no picture") -> str:
    """A sentence that names files which were left out, or "" where there are none."""
    if not names:
        return ""
    shown = ", ".join(names[:_NAMED])
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    verb = "is" if len(names) == 1 else "are"
    return f"{shown}{more} {verb} {what} and left out."


def _content(path: Path) -> Content:
    """What a file of a folder holds; one that is closed to the user is told when it is read."""
    if path.suffix.lower() in _COMPANIONS and path.suffix:
        return Content.OTHER
    try:
        return kind_of(path).content
    except OSError:
        return Content.IMAGE
