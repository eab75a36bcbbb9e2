"""The profiles and presets that the user keeps, and which of them are in use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from app.driver.presets import Presets
from app.driver.profiles import Profile, Profiles
from app.driver.settings import DriverSettings
from app.ui.driver.parts import PRESET, PROFILE, Kept, look_up
from app.ui.preferences import Preferences
from app.ui.worker import Worker

if TYPE_CHECKING:
    from app.ui.driver.person_page import PersonPage
    from app.ui.driver.thresholds_page import ThresholdsPage
    from app.ui.driver.view import DriverView


class DriverChoices(QObject):
    """Connects the pages of a person and of the thresholds with the user's folders.

    Files are read and written by the worker; what cannot be is told on the page that asked.
    """

    profile_chosen = Signal(object)
    """The `Profile` to measure by, or None for none."""
    settings_chosen = Signal(object)
    """The `DriverSettings` to judge by."""

    def __init__(
        self,
        view: DriverView,
        worker: Worker,
        preferences: Preferences,
        *,
        failed: Callable[[str], None],
    ) -> None:
        """Connect the pages.

        Args:
            view: of the dock.
            worker: does what touches files.
            preferences: remember the names.
            failed: takes a sentence when the folders cannot be looked through.
        """
        super().__init__(view)
        self._person, self._thresholds, self._plots = view.person, view.thresholds, view.plots
        self._worker = worker
        self._preferences = preferences
        self._failed = failed
        person, presets = self._person.names, self._thresholds.names
        person.chosen.connect(self._choose_profile)
        self._person.save_wanted.connect(self._save_profile)
        person.rename_wanted.connect(self._rename_profile)
        person.delete_wanted.connect(self._delete_profile)
        self._thresholds.changed.connect(self._use_settings)
        presets.chosen.connect(self._choose_preset)
        presets.save_wanted.connect(self._save_preset)
        presets.delete_wanted.connect(self._delete_preset)

    def begin(self, edited: DriverSettings | None) -> None:
        """Show what lies in the user's folders and fill the pages.

        Args:
            edited: settings that differ from every preset, or None.
        """

        def fill(kept: Kept) -> None:
            if kept.profile is not None:
                self._person.show_profile(kept.profile)
            self._thresholds.show_settings(edited or kept.settings)
            self._plots.show_settings(self._thresholds.settings)

        self._refresh(fill)

    def _refresh(self, then: Callable[[Kept], None] = lambda _: None) -> None:
        profile = self._preferences.get(PROFILE, "")
        preset = self._preferences.get(PRESET, "")

        def show(kept: Kept) -> None:
            self._person.names.show_names(kept.profiles, profile)
            self._thresholds.names.show_names(kept.presets, preset)
            then(kept)

        self._worker.submit(
            "kept", lambda: look_up(profile, preset), show, failed=self._failed, instead=True
        )

    def _ask(
        self,
        page: PersonPage | ThresholdsPage,
        work: Callable[[], Any],
        done: Callable[[Any], None],
    ) -> None:
        """Do something with the files of a page, which tells what went wrong the last time."""

        def succeeded(result: Any) -> None:
            page.problem.say("")
            done(result)

        self._worker.submit(type(page).__name__, work, succeeded, failed=page.problem.say)

    # Profiles.

    def _choose_profile(self, name: str) -> None:
        self._preferences.set(PROFILE, name)

        def load() -> Profile | None:
            return Profiles().load(name) if name else None

        self._ask(self._person, load, self._use_profile)

    def _use_profile(self, profile: Profile | None) -> None:
        if profile is not None:
            self._person.show_profile(profile)
        self.profile_chosen.emit(profile)

    def _save_profile(self, profile: Profile) -> None:
        def save() -> str:
            Profiles().save(profile)
            return profile.name

        self._ask(self._person, save, self._profile_kept)

    def _rename_profile(self, old: str, _new: str) -> None:
        person = self._person.names.name.text().strip()
        glasses = self._person.glasses.isChecked()

        def rename() -> str:
            profiles = Profiles()
            renamed = replace(profiles.load(old), person=person, glasses=glasses)
            profiles.save(renamed)
            profiles.delete(old)
            return renamed.name

        self._ask(self._person, rename, self._profile_kept)

    def _profile_kept(self, name: str) -> None:
        self._preferences.set(PROFILE, name)
        self._refresh()

    def _delete_profile(self, name: str) -> None:
        self._preferences.set(PROFILE, "")
        self._ask(self._person, lambda: Profiles().delete(name), lambda _: self._refresh())

    # Presets.

    def _use_settings(self, settings: DriverSettings) -> None:
        self._plots.show_settings(settings)
        self.settings_chosen.emit(settings)

    def _choose_preset(self, name: str) -> None:
        def load() -> DriverSettings:
            return Presets().load(name) if name else DriverSettings()

        def use(settings: DriverSettings) -> None:
            self._preferences.set(PRESET, name)
            self._thresholds.show_settings(settings)
            self._thresholds.names.name.setText(name)
            self._use_settings(settings)

        self._ask(self._thresholds, load, use)

    def _save_preset(self, name: str) -> None:
        settings = self._thresholds.settings

        def saved(_: None) -> None:
            self._preferences.set(PRESET, name)
            self._thresholds.state.say(f"Saved as {name}.")
            self._refresh()

        self._ask(self._thresholds, lambda: Presets().save(name, settings), saved)

    def _delete_preset(self, name: str) -> None:
        self._preferences.set(PRESET, "")
        self._ask(self._thresholds, lambda: Presets().delete(name), lambda _: self._refresh())
