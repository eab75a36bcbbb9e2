"""Driver settings under a name."""

from __future__ import annotations

from pathlib import Path

from app.core.resources import user_config_folder
from app.driver.named_files import NamedFiles
from app.driver.settings import DriverSettings


class Presets:
    """The presets of this user of the computer."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open a folder; None for `driver-presets` in the user's configuration."""
        self._files = NamedFiles(folder or user_config_folder() / "driver-presets", "driver preset")

    def names(self) -> tuple[str, ...]:
        """Names of all presets."""
        return self._files.names()

    def load(self, name: str) -> DriverSettings:
        """The settings with a name.

        Raises:
            PfldLiveError: there are none, or the file is broken or out of range.
        """
        return DriverSettings.from_dict(self._files.load(name))

    def save(self, name: str, settings: DriverSettings) -> Path:
        """Keep settings, instead of those with the same name.

        Raises:
            PfldLiveError: the name cannot be one, or the file cannot be written.
        """
        return self._files.save(name, settings.as_dict())

    def delete(self, name: str) -> None:
        """Forget a preset."""
        self._files.delete(name)
