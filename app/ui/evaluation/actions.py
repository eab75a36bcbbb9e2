"""The commands of the evaluation, as menu, side panel and dock share them."""

from __future__ import annotations

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction

from app.ui.preferences import Preferences

_TRUTH_KEY = "overlay/truth"


class EvaluationActions(QObject):
    """One action per command; `Evaluation` connects them.

    Attributes:
        show: opens the dock.
        demo: evaluates the demo clip.
        this_clip, choose_file, choose_folder, choose_demo: say what is to be evaluated.
        forget: deletes the kept run that is shown.
        truth: checkable: the labels of a labelled clip are drawn while it plays.
        label: opens the label editor.
    """

    def __init__(self, parent: QObject, preferences: Preferences) -> None:
        super().__init__(parent)
        self.show = self._action("&Evaluate…", "See where the models fail", "Ctrl+E")
        self.show.setIconText("Open…")
        self.demo = self._action(
            "Evaluate the &demo clip", "Run the chosen models over the demo clip"
        )
        self.demo.setIconText("Demo clip")
        self.label = self._action(
            "Edit &labels…", "Correct the labels of a clip, or let a machine make them", "Ctrl+L"
        )
        self.choose_demo = self._action("&Demo clip")
        self.this_clip = self._action("The clip that &plays")
        self.choose_file = self._action("Choose a &clip…")
        self.choose_folder = self._action("Choose a &folder…")
        self.forget = self._action("&Delete this run")
        self.truth = QAction("&Truth", self)
        self.truth.setCheckable(True)
        self.truth.setShortcut("T")
        self.truth.setToolTip("Draw the labels of a labelled clip beside what the model says (T)")
        self.truth.setStatusTip("Draw the labels of a labelled clip beside what the model says")
        self.truth.setChecked(preferences.get(_TRUTH_KEY, False))
        self.truth.toggled.connect(lambda on: preferences.set(_TRUTH_KEY, on))

    @property
    def choices(self) -> tuple[QAction, ...]:
        """Ways to choose a clip."""
        return (self.choose_demo, self.this_clip, self.choose_file, self.choose_folder)

    def _action(self, text: str, help: str = "", shortcut: str = "") -> QAction:
        action = QAction(text, self)
        if shortcut:
            action.setShortcut(shortcut)
        if help:
            action.setToolTip(f"{help} ({shortcut})" if shortcut else help)
            action.setStatusTip(help)
        return action
