"""What the window remembers from one start to the next."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

from PySide6.QtCore import QByteArray, QSettings

from app.core.quantity import Quantity

T = TypeVar("T", bool, int, float, str)

_SWITCHES: Final = {"true": True, "1": True, "false": False, "0": False}
_LARGEST: Final = 2**31 - 1
"""Qt's widgets take no larger whole number."""
_LONGEST: Final = 4096
"""Characters of a text; no path is longer."""
_ESCAPE: Final = re.compile(rb"\\x([0-9a-fA-F]+)")
_CONTINUED: Final = re.compile(rb"\\\r?\n")
_PACKED: Final = (b"@variant(", b"@datetime(")
"""How Qt stores what is neither text, number nor bytes. This program never does, and Qt ends the
process where such a value is damaged."""


def default_settings() -> QSettings:
    """The file of this user; the same format on every system."""
    return QSettings(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, "pfld-live", "pfld-live"
    )


class Preferences:
    """Typed access to the settings file; whatever is broken in it reads as the default."""

    def __init__(self, settings: QSettings | None = None) -> None:
        self._settings = _without_packed_values(settings or default_settings())

    def get(self, key: str, default: T) -> T:
        """The value stored under a key, of the type of its default."""
        kind = type(default)
        stored = self._settings.value(key)
        if not isinstance(stored, str | bool | int | float):
            return default
        if kind is bool:
            return kind(_SWITCHES.get(str(stored).lower(), default))
        if kind is str:
            fits = isinstance(stored, str) and len(stored) <= _LONGEST and "\0" not in stored
            return kind(stored) if fits else default
        try:
            value = kind(stored)
            size = abs(float(value))
        except (ValueError, OverflowError):
            return default
        return value if size <= _LARGEST else default  # nan is not

    def get_choice(self, key: str, default: T, choices: Collection[T]) -> T:
        """The stored value, or the default where it is none of those that there are."""
        value = self.get(key, default)
        return value if value in choices else default

    def get_folder(self, key: str, default: str) -> Path:
        """The stored folder, or the default where what is stored is no path of this system."""
        text = self.get(key, default)
        return Path(text if Path(text).is_absolute() else default)

    def get_quantity(self, key: str, quantity: Quantity) -> float:
        """The stored number, or the default where there is none within the range."""
        value = self.get(key, float(quantity.default))
        return value if quantity.low <= value <= quantity.high else quantity.default

    def set(self, key: str, value: bool | int | float | str) -> None:
        """Remember a value."""
        self._settings.setValue(key, value)

    def get_bytes(self, key: str) -> QByteArray:
        """A stored geometry or state; empty where there is none."""
        value = self._settings.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()

    def set_bytes(self, key: str, value: QByteArray) -> None:
        """Remember a geometry or state."""
        self._settings.setValue(key, value)

    def save(self) -> None:
        """Write to disk now."""
        self._settings.sync()


def _without_packed_values(settings: QSettings) -> QSettings:
    """The settings, whose file has lost what Qt cannot be trusted to unpack."""
    path = Path(settings.fileName())
    try:
        content = path.read_bytes()
        kept = _CONTINUED.sub(b"", content).splitlines(keepends=True)
        kept = [line for line in kept if not _is_packed(line)]
        if len(kept) < len(content.splitlines()):
            path.write_bytes(b"".join(kept))
            settings.sync()  # reads the file again
    except FileNotFoundError:  # the first start
        pass
    except OSError:  # rather nothing remembered than no window
        return QSettings(os.devnull, QSettings.Format.IniFormat)
    return settings


def _is_packed(line: bytes) -> bool:
    plain = _ESCAPE.sub(lambda match: bytes([int(match[1], 16) & 0xFF]), line).lower()
    return any(mark in plain for mark in _PACKED)


@contextmanager
def temporary_preferences() -> Iterator[Preferences]:
    """Preferences that are empty at first and gone in the end."""
    with tempfile.TemporaryDirectory(prefix="pfld-live-") as folder:
        path = str(Path(folder) / "settings.ini")
        preferences = Preferences(QSettings(path, QSettings.Format.IniFormat))
        yield preferences
        preferences.save()
