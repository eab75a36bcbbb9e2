"""What a session and the dock need and what takes a while to import: made on a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from app.core.errors import PfldLiveError
from app.ui.multimedia import silence_libraries

if TYPE_CHECKING:
    from app.driver.alarm import Alarm
    from app.driver.live import LiveDriver
    from app.driver.presets import Presets
    from app.driver.profiles import Profile, Profiles
    from app.driver.settings import DriverSettings
    from app.record.moments import MomentMemory

PROFILE: Final = "driver/profile"
PRESET: Final = "driver/preset"
"""Preferences: the names of those in use, "" for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session that can begin.

    Attributes:
        live: takes results.
        alarm: of `live`; its settings may be replaced.
        memory: takes pictures; not started.
        problems: what could not be loaded, one sentence each.
    """

    live: LiveDriver
    alarm: Alarm
    memory: MomentMemory
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What lies in the user's folders.

    Attributes:
        profiles, presets: their names.
        profile: the one that is in use, None for none.
        settings: of the preset that is in use; the defaults without one.
    """

    profiles: tuple[str, ...]
    presets: tuple[str, ...]
    profile: Profile | None
    settings: DriverSettings


def make_session(
    *, profile: str, preset: str, settings: DriverSettings | None, clock: Callable[[], int]
) -> Session:
    """Prepare a session with what the user chose the last time.

    Args:
        profile: name, "" for none.
        preset: name, "" for the defaults.
        settings: to be used in place of the preset, as when they were edited.
        clock: nanoseconds, for the alarm.
    """
    from app.driver.alarm import Alarm
    from app.driver.live import LiveDriver
    from app.driver.presets import Presets
    from app.driver.profiles import Profiles
    from app.record.moments import MomentMemory

    silence_libraries()
    for name in ("PySide6.QtMultimedia", "app.ui.driver.output"):
        import_module(name)
    problems: list[str] = []
    baseline = None
    if profile:
        try:
            baseline = Profiles().load(profile).baseline
        except PfldLiveError as error:
            problems.append(str(error))
    if settings is None and preset:
        try:
            settings = Presets().load(preset)
        except PfldLiveError as error:
            problems.append(str(error))
    alarm = Alarm()
    live = LiveDriver(settings, baseline=baseline, alarm=alarm, clock=clock)
    return Session(live=live, alarm=alarm, memory=MomentMemory(), problems=tuple(problems))


def import_dock() -> None:
    """Import what the dock needs."""
    silence_libraries()
    needed = "pyqtgraph", "app.ui.driver.view", "app.ui.driver.choices", "app.ui.driver.output"
    for name in ("PySide6.QtMultimedia", *needed):
        import_module(name)


def look_up(profile: str, preset: str) -> Kept:
    """Read what is kept; a broken file counts as not chosen, as using it has told already."""
    from app.driver.presets import Presets
    from app.driver.profiles import Profiles
    from app.driver.settings import DriverSettings

    profiles, presets = Profiles(), Presets()
    return Kept(
        profiles=profiles.names(),
        presets=presets.names(),
        profile=_or_none(profiles, profile),
        settings=_or_default(presets, preset) or DriverSettings(),
    )


def _or_none(profiles: Profiles, name: str) -> Profile | None:
    try:
        return profiles.load(name) if name else None
    except PfldLiveError:
        return None


def _or_default(presets: Presets, name: str) -> DriverSettings | None:
    try:
        return presets.load(name) if name else None
    except PfldLiveError:
        return None
