"""The menu bar."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from app.ui.actions import OverlayActions, make_action
from app.ui.driver.actions import DriverActions
from app.ui.evaluation.actions import EvaluationActions
from app.ui.icons import PaletteIcons
from app.ui.models_menu import ModelActions
from app.ui.recording.actions import RecordActions
from app.ui.transport import TransportBar

_SEPARATOR: Final = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """What the menus call."""

    open_file: Callable[[], object]
    open_folder: Callable[[], object]
    open_demo: Callable[[], object]
    open_camera: Callable[[], object]
    toggle_full_screen: Callable[[], object]
    toggle_panel: Callable[[bool], object]
    show_shortcuts: Callable[[], object]
    show_about: Callable[[], object]


class Menus:
    """Builds the actions and the menus of a window.

    Attributes:
        menus: as the menu bar shows them.
        open_file, open_folder, demo, camera: shown as buttons elsewhere, too.
        panel, full_screen: checkable.
        truth, label: of the evaluation.
    """

    def __init__(self, window: QMainWindow, commands: Commands, icons: PaletteIcons) -> None:
        self._window = window
        self.menus: list[QMenu] = []
        self.open_file = make_action(
            window,
            "Open &file…",
            commands.open_file,
            shortcut=QKeySequence.StandardKey.Open,
            help="Open a video or an image",
        )
        self.open_folder = make_action(
            window,
            "Open f&older…",
            commands.open_folder,
            shortcut="Ctrl+Shift+O",
            help="Open a folder of images",
        )
        self.demo = make_action(
            window,
            "&Demo clip",
            commands.open_demo,
            shortcut="Ctrl+D",
            help="Play the clip that comes with the program",
        )
        self.camera = make_action(
            window,
            "&Camera",
            commands.open_camera,
            shortcut="Ctrl+K",
            help="Go back to the camera",
        )
        self.quit = make_action(
            window, "&Quit", window.close, shortcut="Ctrl+Q", help="Close the window"
        )
        self.panel = QAction("&Side panel", window)
        self.panel.setCheckable(True)
        self.panel.setChecked(True)
        self.panel.setShortcut("F9")
        self.panel.setStatusTip("Show or hide the side panel")
        self.panel.toggled.connect(commands.toggle_panel)
        self.full_screen = make_action(
            window,
            "F&ull screen",
            commands.toggle_full_screen,
            shortcut="F11",
            help="Video on the whole screen; Esc goes back",
        )
        self.full_screen.setCheckable(True)
        self.shortcuts = make_action(
            window, "&Keyboard shortcuts", commands.show_shortcuts, shortcut="F1"
        )
        self.about = make_action(window, "&About PFLD Live", commands.show_about)
        self.about.setMenuRole(QAction.MenuRole.AboutRole)
        self.quit.setMenuRole(QAction.MenuRole.QuitRole)
        for action, name in (
            (self.open_file, "file"),
            (self.open_folder, "folder"),
            (self.demo, "demo"),
            (self.camera, "camera"),
        ):
            icons.set(action, name)

    def build(
        self,
        overlay: OverlayActions,
        transport: TransportBar,
        recording: RecordActions,
        evaluation: EvaluationActions,
        models: ModelActions,
        driver: DriverActions,
    ) -> None:
        """Fill the menu bar."""
        self.truth, self.label = evaluation.truth, evaluation.label
        play = (transport.play, transport.back, transport.forward, transport.loop)
        self._menu(
            "&File",
            (self.open_file, self.open_folder, self.demo, self.camera, _SEPARATOR, self.quit),
        )
        self._menu("&Playback", play)
        self._menu("&Record", recording.all)
        self._menu(
            "&View",
            (*overlay.actions.values(), evaluation.truth, _SEPARATOR, self.panel, self.full_screen),
        )
        self._menu("&Models", models.all)
        self._menu("&Evaluation", (evaluation.show, evaluation.demo, _SEPARATOR, evaluation.label))
        self._menu("&Driver", driver.all)
        self._menu("&Help", (self.shortcuts, self.about))

    def _menu(self, title: str, actions: Iterable[QAction | None]) -> QMenu:
        menu = self._window.menuBar().addMenu(title)
        self.menus.append(menu)
        for action in actions:
            if action is None:
                menu.addSeparator()
            else:
                menu.addAction(action)
                # So that the shortcut works while the menu bar is hidden.
                self._window.addAction(action)
        return menu
