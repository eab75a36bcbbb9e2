"""Where a recording goes: the names of its files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from app.core.claims import is_claimed
from app.record.output import check_apart, check_place, check_video_name

_FORBIDDEN: Final = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
"""On one system or another (Windows is the strictest)."""

_DEVICES: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for itself."""

_LONGEST: Final = 120
"""Bytes of a name before its ending; file systems take 255 with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFiles:
    """The files of one recording; None for what is not wanted.

    Attributes:
        annotated, clean: videos.
        sidecar: JSON Lines of what was found.
        table: the same as CSV.
        manifest: which models, settings and version.
    """

    annotated: Path | None = None
    clean: Path | None = None
    sidecar: Path | None = None
    table: Path | None = None
    manifest: Path | None = None

    def __iter__(self) -> Iterator[Path]:
        files = (self.annotated, self.clean, self.sidecar, self.table, self.manifest)
        return (path for path in files if path is not None)

    def check(self) -> None:
        """Make sure that all of them can be made.

        Raises:
            OutputError: one of them cannot.
        """
        for path in self:
            check_place(path)
        for video in (self.annotated, self.clean):
            if video is not None:
                check_video_name(video)
        check_apart(tuple(self), source=None)

    def numbered(self, number: int) -> RecordFiles:
        """The same with -2, -3, … in their names; unchanged for 1."""
        if number == 1:
            return self

        def other(path: Path | None) -> Path | None:
            if path is None or (path.exists() and not path.is_file()):
                return path  # a pipe or a device takes it all
            stem, dot, endings = _split(path.name)
            return path.with_name(f"{stem}-{number}{dot}{endings}")

        return replace(
            self,
            annotated=other(self.annotated),
            clean=other(self.clean),
            sidecar=other(self.sidecar),
            table=other(self.table),
            manifest=other(self.manifest),
        )

    def exist(self) -> bool:
        """Whether one of them is there or about to be written; devices and pipes do not count."""
        return any(path.is_file() or is_claimed(path) for path in self)

    def free(self, number: int) -> RecordFiles:
        """The same with this number, or the next one of which no file is there."""
        while self.numbered(number).exist():
            number += 1
        return self.numbered(number)


def files_in(
    folder: Path, name: str, *, annotated: bool, clean: bool, sidecar: bool, table: bool
) -> RecordFiles:
    """The files of a recording side by side in a folder, of names that are still free.

    Args:
        folder: exists.
        name: what they begin with, made fit by `safe_name`.
        annotated: whether there is a video with the overlay.
        clean: whether there is one without.
        sidecar: whether what was found is kept as JSON Lines.
        table: whether it is kept as CSV.
    """
    stem = safe_name(name)
    wanted = RecordFiles(
        annotated=folder / f"{stem}.mp4" if annotated else None,
        clean=folder / f"{stem}{'-clean' if annotated else ''}.mp4" if clean else None,
        sidecar=folder / f"{stem}.faces.jsonl" if sidecar else None,
        table=folder / f"{stem}.faces.csv" if table else None,
        manifest=folder / f"{stem}.manifest.json",
    )
    return wanted.free(1)


def safe_name(text: str) -> str:
    """A text made fit to be a file name on every system; "recording" if nothing is left of it."""
    name = _FORBIDDEN.sub("_", text.encode("utf-8", "replace").decode("utf-8"))
    name = name.encode("utf-8")[:_LONGEST].decode("utf-8", "ignore").strip(" .-")
    if _DEVICES.fullmatch(name):
        name = f"_{name}"
    return name or "recording"


def _split(name: str) -> tuple[str, str, str]:
    """A file name before and after the endings that this program gives."""
    for ending in (".faces.jsonl", ".faces.csv", ".manifest.json"):
        if name.endswith(ending):
            return name.removesuffix(ending), "", ending
    stem, dot, ending = name.rpartition(".")
    return (stem, dot, ending) if stem else (name, "", "")
