"""What is kept of a person: the baseline, with and without glasses, under a name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app.core.errors import PfldLiveError
from app.core.resources import user_config_folder
from app.driver.baseline import Baseline
from app.driver.named_files import NamedFiles

_GLASSES: Final = " (with glasses)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A person as calibrated once.

    Attributes:
        person: name.
        glasses: whether they were worn: lenses change what shut and open eyes look like.
        baseline: as calibrated.
    """

    person: str
    glasses: bool
    baseline: Baseline

    @property
    def name(self) -> str:
        """The name under which it is saved."""
        return self.person.strip() + (_GLASSES if self.glasses else "")


class Profiles:
    """The profiles of this user of the computer."""

    def __init__(self, folder: Path | None = None) -> None:
        """Open a folder; None for `profiles` in the user's configuration."""
        self._files = NamedFiles(folder or user_config_folder() / "profiles", "driver profile")

    def names(self) -> tuple[str, ...]:
        """Names of all profiles."""
        return self._files.names()

    def load(self, name: str) -> Profile:
        """The profile with a name.

        Raises:
            PfldLiveError: there is none, or its file is broken.
        """
        values = self._files.load(name)
        person, baseline = values.get("person"), values.get("baseline")
        glasses = values.get("glasses", False)
        if not isinstance(person, str) or not isinstance(baseline, dict):
            raise PfldLiveError(f"The driver profile {name!r} is broken; calibrate again.")
        if not person.isprintable() or not isinstance(glasses, bool):
            raise PfldLiveError(f"The driver profile {name!r} is broken; calibrate again.")
        return Profile(
            person=person,
            glasses=glasses,
            baseline=Baseline.from_dict(baseline),
        )

    def save(self, profile: Profile) -> Path:
        """Keep a profile, instead of the one with the same name.

        Raises:
            PfldLiveError: its name cannot be one, or the file cannot be written.
        """
        return self._files.save(
            profile.name,
            {
                "person": profile.person.strip(),
                "glasses": profile.glasses,
                "baseline": profile.baseline.as_dict(),
            },
        )

    def delete(self, name: str) -> None:
        """Forget a profile."""
        self._files.delete(name)
