"""What the window remembers from one start to the next."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QByteArray, QSettings

from app.core.quantity import Quantity

T = TypeVar("T", bool, int, float, str)


def default_settings() -> QSettings:
    """The file of this user; the same format on every system."""
    return QSettings(
        QSettings.Format.IniFormat, QSettings.Scope.UserScope, "pfld-live", "pfld-live"
    )


class Preferences:
    """Typed access to the settings file; whatever is broken in it reads as the default."""

    def __init__(self, settings: QSettings | None = None) -> None:
        self._settings = settings or default_settings()

    def get(self, key: str, default: T) -> T:
        """The value stored under a key, of the type of its default."""
        kind = type(default)
        text = self._settings.value(key)
        if not isinstance(text, str | bool | int | float):
            return default
        if kind is bool:
            return kind(str(text).lower() in ("true", "1"))
        try:
            return kind(text)
        except ValueError:
            return default

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


@contextmanager
def temporary_preferences() -> Iterator[Preferences]:
    """Preferences that are empty at first and gone in the end."""
    with tempfile.TemporaryDirectory(prefix="pfld-live-") as folder:
        path = str(Path(folder) / "settings.ini")
        preferences = Preferences(QSettings(path, QSettings.Format.IniFormat))
        yield preferences
        preferences.save()
