"""Which landmark model runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QStandardItem, QStandardItemModel

from app.core.resources import user_models_folder
from app.ui.panels.combo import RoomyCombo
from app.ui.panels.section import Section
from app.ui.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from app.vision.engine import EngineStatus
    from app.vision.zoo import Zoo, ZooEntry

_REASON: Final = 110
"""Characters of a reason that fit; the tooltip has all."""


class ModelPanel(Section):
    """The zoo as a list; files that cannot be used are there too, greyed, with the reason."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__("model", "Model")
        self.zoo: Zoo | None = None
        self.running: ZooEntry | None = None
        self.combo = RoomyCombo("Landmark model", "What finds the points of each face")
        self.combo.setPlaceholderText("Looking for models …")
        self.combo.setEnabled(False)
        self.combo.activated.connect(self._choose)
        self.facts = WrappedLabel(quiet=True)
        self.state = WrappedLabel()
        self.unusable = WrappedLabel(problem=True)
        self.folder = WrappedLabel(quiet=True)
        self.folder.say(f"Your own models: {user_models_folder()}")
        for widget in (self.combo, self.facts, self.state, self.unusable, self.folder):
            self.body.addWidget(widget)

    def show_status(self, status: EngineStatus) -> None:
        """Follow the loader."""
        loader = status.loader
        if loader.zoo is not None and loader.zoo is not self.zoo:
            self._show_zoo(loader.zoo)
        running = status.model
        shown = loader.model_loading or running
        if shown and shown != self.combo.currentText():
            with QSignalBlocker(self.combo):
                self.combo.setCurrentIndex(self.combo.findData(shown))
        entries = () if self.zoo is None else self.zoo.usable
        self.running = next((e for e in entries if e.label == running), None)
        self.facts.say("" if self.running is None else _facts(self.running))
        self.state.say(f"Loading {loader.model_loading} …" if loader.model_loading else "")

    def _show_zoo(self, zoo: Zoo) -> None:
        self.zoo = zoo
        model = QStandardItemModel(self.combo)
        for entry in zoo.entries:
            item = QStandardItem(entry.label)
            item.setData(entry.label, Qt.ItemDataRole.UserRole)
            item.setToolTip(_tip(entry))
            if entry.problem is not None:
                item.setText(f"{entry.label} (cannot be used)")
                item.setEnabled(False)
            model.appendRow(item)
        with QSignalBlocker(self.combo):
            self.combo.setModel(model)
            self.combo.setCurrentIndex(-1)
        self.combo.setEnabled(bool(zoo.usable))
        self.combo.setPlaceholderText("Choose a model" if zoo.usable else "No model found")
        broken = [e for e in zoo.entries if e.problem is not None]
        self.unusable.say("\n".join(_shortened(f"{e.label}: {e.problem}") for e in broken))
        self.unusable.setToolTip("\n".join(f"{e.path}: {e.problem}" for e in broken))

    def _choose(self, index: int) -> None:
        self.chosen.emit(self.combo.itemData(index))


def _shortened(text: str) -> str:
    return text if len(text) <= _REASON else text[:_REASON].rstrip() + " …"


def _facts(entry: ZooEntry) -> str:
    card = entry.card
    if card is None:
        return entry.problem or ""
    parts = [
        card.precision,
        f"{entry.megabytes:.1f} MB",
        f"{card.landmark_layout.count} points",
    ]
    if (error := card.nme_val.get("all")) is not None:
        parts.append(f"error {error:.1f} %")
    return " · ".join(parts)


def _tip(entry: ZooEntry) -> str:
    lines = [str(entry.path), _facts(entry)]
    if entry.card is not None:
        lines += [f"Trained on: {entry.card.trained_on}"] if entry.card.trained_on else []
        lines += [f"Licence: {entry.card.licence}"] if entry.card.licence else []
    return "\n".join(lines)
