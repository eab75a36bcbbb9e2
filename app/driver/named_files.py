"""Small JSON files that a user names: one folder, one file per name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

from app.core.errors import OutputError, PfldLiveError
from app.core.files import write_text
from app.core.untrusted import UnusableError, read_json

_LONGEST_NAME: Final = 60
_LONGEST_FILE: Final = 240
"""Bytes of the name of a file before its endings; file systems take 255 with them."""
_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class NamedFiles:
    """A folder of them.

    Attributes:
        folder: it need not exist before something is saved.
        kind: what each file holds, for people and as a mark in the file, such as "driver profile".
    """

    folder: Path
    kind: str

    def names(self) -> tuple[str, ...]:
        """All names, sorted as people sort them; whether the files can be read is not asked.

        A file whose name is none that `save` makes is left out: nobody could load it.
        """
        try:
            found = [unquote(path.stem) for path in self.folder.glob(f"*{_SUFFIX}")]
        except OSError:
            return ()
        return tuple(sorted(filter(_can_be_a_name, found), key=str.casefold))

    def load(self, name: str) -> dict[str, Any]:
        """What was saved under a name.

        Raises:
            PfldLiveError: there is no such file, or it is none of this kind.
        """
        path = self._path(name)
        try:
            content = read_json(path)
        except FileNotFoundError as error:
            known = ", ".join(self.names()) or "none yet"
            raise PfldLiveError(f"There is no {self.kind} {name!r}; there are: {known}.") from error
        except (OSError, UnusableError) as error:
            raise self._broken(path) from error
        if not isinstance(content, dict) or content.get("kind") != self.kind:
            raise self._broken(path)
        values = content.get("values")
        if not isinstance(values, dict):
            raise self._broken(path)
        return values

    def save(self, name: str, values: Mapping[str, Any]) -> Path:
        """Save under a name, over what has that name; a kill leaves the old file or the new one.

        Raises:
            PfldLiveError: the name cannot be one.
            OutputError: the name is too long for a file, or the file cannot be written.
        """
        path = self._path(name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"The folder {self.folder} cannot be made: {error.strerror}; choose another one "
                "with PFLD_LIVE_CONFIG."
            ) from error
        content = {"kind": self.kind, "values": dict(values)}
        write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        return path

    def delete(self, name: str) -> None:
        """Remove a name; nothing happens if there is none.

        Raises:
            OutputError: the file cannot be removed.
        """
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{name!r} cannot be removed: {error.strerror}.") from error

    def _path(self, name: str) -> Path:
        name = name.strip()
        if not _can_be_a_name(name):
            raise PfldLiveError(
                f"A {self.kind} needs a name of 1 to {_LONGEST_NAME} printable characters, "
                f"got {name[: _LONGEST_NAME + 1]!r}."
            )
        safe = "".join(c if c.isalnum() or c in " -_.()" else quote(c, safe="") for c in name)
        if len(safe.encode()) > _LONGEST_FILE:
            raise OutputError(
                f"The name {name!r} of a {self.kind} is too long for a file; choose a shorter one."
            )
        return self.folder / f"{safe}{_SUFFIX}"

    def _broken(self, path: Path) -> PfldLiveError:
        return PfldLiveError(f"{path} holds no {self.kind}; remove it and save it again.")


def _can_be_a_name(name: str) -> bool:
    return 0 < len(name) <= _LONGEST_NAME and name.isprintable() and name == name.strip()
