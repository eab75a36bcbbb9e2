"""All thresholds of the rules, as their quantities declare them, and presets of them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from app.core.errors import PfldLiveError
from app.driver.settings import GROUPS, QUANTITIES, DriverSettings
from app.ui.driver.names_box import NamesBox
from app.ui.panels.quantity_field import QuantityField
from app.ui.panels.section import WheelGuard
from app.ui.wrapped_label import WrappedLabel


class ThresholdsPage(QScrollArea):
    """A field for each threshold; what contradicts itself is said and not used."""

    changed = Signal(object)
    """`DriverSettings` to go by."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.settings = DriverSettings()
        self._showing = False
        self.names = NamesBox("preset", "Defaults", can_rename=False)
        self.names.name.setPlaceholderText("Name of a preset")
        self.state = WrappedLabel(quiet=True)
        self.problem = WrappedLabel(problem=True)
        self.fields: dict[str, QuantityField] = {}
        self._wheel = WheelGuard(self)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(6, 6, 6, 6)
        column.setSpacing(4)
        for widget in (self.names, self.state, self.problem):
            column.addWidget(widget)
        for title, names in GROUPS.items():
            label = QLabel(f"<b>{title}</b>")
            column.addWidget(label)
            for name in names:
                field = self.fields[name] = QuantityField(QUANTITIES[name])
                quantity = QUANTITIES[name]
                field.setToolTip(f"{field.toolTip()} Default: {quantity.source}.")
                field.changed.connect(lambda _, name=name: self._edited(name))
                for child in field.findChildren(QWidget):
                    self._wheel.watch(child)
                column.addWidget(field)
        column.addStretch(1)
        self.setWidget(inside)

    def show_settings(self, settings: DriverSettings) -> None:
        """Show other values."""
        self.settings = settings
        self._showing = True
        for name, field in self.fields.items():
            field.set_value(getattr(settings, name))
        self._showing = False
        self.problem.say("")
        self.state.say("")

    def _edited(self, _name: str) -> None:
        if self._showing:
            return
        try:
            settings = DriverSettings(**{name: field.value for name, field in self.fields.items()})
        except PfldLiveError as error:
            self.problem.say(f"{error} Until then the last values hold.")
            return
        self.problem.say("")
        self.settings = settings
        kept = self.names.current or "the defaults"
        self.state.say(f"Changed from {kept}; save it as a preset to keep it.")
        self.changed.emit(settings)
