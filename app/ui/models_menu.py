"""The Models menu: the user's folder, the pipelines of the documents, looking into a network."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QAction, QDesktopServices
from PySide6.QtWidgets import QMainWindow

from app.core.errors import PfldLiveError
from app.core.resources import user_models_folder
from app.ui.actions import make_action
from app.ui.banner import BannerStack, Message
from app.vision.presets import PRESETS, Preset

if TYPE_CHECKING:
    from app.vision.zoo import Zoo

_log = logging.getLogger(__name__)


class ModelActions(QObject):
    """Actions on models, and the work behind them that is not the engine's."""

    rescan_wanted = Signal()
    preset_chosen = Signal(str, str)
    """Label of a model and name of a detector."""

    _added = Signal(str, str)

    def __init__(
        self, window: QMainWindow, *, banners: BannerStack, show_maps: Callable[[], object]
    ) -> None:
        super().__init__(window)
        self._banners = banners
        self._zoo: Zoo | None = None
        self._threads: list[threading.Thread] = []
        self.folder = make_action(
            window,
            "Open model &folder",
            self._open_folder,
            help=f"Your own models lie in {user_models_folder()}",
        )
        self.reload = make_action(
            window,
            "&Reload models",
            self.rescan_wanted.emit,
            shortcut="Ctrl+R",
            help="Look again at what lies in the model folders",
        )
        self.maps = make_action(
            window,
            "Feature &maps…",
            show_maps,
            shortcut="Ctrl+M",
            help="See what the layers of the present model make of a face",
        )
        self.presets: dict[str, QAction] = {}
        for preset in PRESETS:
            action = make_action(
                window,
                preset.title,
                partial(self._choose, preset),
                help="Detector and model together, as in its document",
            )
            action.setEnabled(False)
            self.presets[preset.name] = action
        self._added.connect(self._tell_added)

    @property
    def all(self) -> tuple[QAction | None, ...]:
        """As the menu shows them; None is a line between groups."""
        return (*self.presets.values(), None, self.maps, None, self.folder, self.reload)

    def show_zoo(self, zoo: Zoo) -> None:
        """Offer the presets whose model is there."""
        if zoo is self._zoo:
            return
        self._zoo = zoo
        for preset in PRESETS:
            there = preset.entry(zoo) is not None
            action = self.presets[preset.name]
            action.setEnabled(there)
            action.setToolTip(action.statusTip() if there else "The zoo has no such model")

    def add(self, path: Path) -> None:
        """Copy a model file into the user's folder, in the background."""
        thread = threading.Thread(target=self._copy, args=(path,), name="add model", daemon=True)
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]
        thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Wait for what is being copied; True once nothing is."""
        for thread in self._threads:
            thread.join(timeout_s)
        return not any(thread.is_alive() for thread in self._threads)

    def _copy(self, path: Path) -> None:
        from app.vision.own_models import add_model

        try:
            self._added.emit(add_model(path).name, "")
        except PfldLiveError as error:
            self._added.emit("", str(error))
        except Exception as error:  # nobody else would hear of it
            _log.exception("a model cannot be added")
            self._added.emit("", f"{path.name} cannot be added ({type(error).__name__}): {error}")

    def _tell_added(self, name: str, problem: str) -> None:
        if problem:
            self._banners.announce(Message("add model", "warning", problem))
            return
        self._banners.announce(
            Message("add model", "info", f"{name} was added; choose it on the right.")
        )
        self.rescan_wanted.emit()

    def _choose(self, preset: Preset) -> None:
        entry = None if self._zoo is None else preset.entry(self._zoo)
        if entry is not None:
            self.preset_chosen.emit(entry.label, preset.detector)

    def _open_folder(self) -> None:
        folder = user_models_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            text = f"The folder {folder} cannot be made: {error.strerror}."
            self._banners.announce(Message("model folder", "warning", text))
            return
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            text = f"No program opens folders here; your own models belong into {folder}"
            self._banners.announce(Message("model folder", "info", text))
