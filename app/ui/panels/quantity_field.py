"""A number field made from a `Quantity`."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QSpinBox, QWidget

from app.core.quantity import Quantity


class QuantityField(QWidget):
    """Name and spin box; range, step, unit and tooltip come from the declaration."""

    changed = Signal(float)

    def __init__(self, quantity: Quantity, value: float | None = None) -> None:
        super().__init__()
        self.quantity = quantity
        self._box: QSpinBox | QDoubleSpinBox
        if quantity.decimals:
            self._box = _decimal_box(quantity)
        else:
            self._box = _whole_box(quantity)
        self._box.setAccessibleName(quantity.name)
        self._box.setKeyboardTracking(False)  # 1, 12, 120: only the last one is meant
        unit = f" {quantity.unit}" if quantity.unit else ""
        tip = f"{quantity.help} From {quantity.low:g} to {quantity.high:g}{unit}."
        self.setToolTip(tip)
        self.set_value(quantity.default if value is None else value)
        self._box.valueChanged.connect(lambda number: self.changed.emit(float(number)))
        label = QLabel(quantity.name)
        label.setBuddy(self._box)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label, 1)
        row.addWidget(self._box)
        self._box.setFixedWidth(96)

    @property
    def value(self) -> float:
        """The number as it stands."""
        return float(self._box.value())

    def set_value(self, value: float) -> None:
        """Show another number; what lies outside the range is brought to its end."""
        if isinstance(self._box, QSpinBox):
            self._box.setValue(round(value))
        else:
            self._box.setValue(value)


def _whole_box(quantity: Quantity) -> QSpinBox:
    box = QSpinBox()
    box.setRange(int(quantity.low), int(quantity.high))
    box.setSingleStep(int(quantity.step))
    box.setSuffix(_suffix(quantity))
    return box


def _decimal_box(quantity: Quantity) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(quantity.decimals)
    box.setRange(quantity.low, quantity.high)
    box.setSingleStep(quantity.step)
    box.setSuffix(_suffix(quantity))
    return box


def _suffix(quantity: Quantity) -> str:
    if not quantity.unit:
        return ""
    return quantity.unit if quantity.unit == "°" else f" {quantity.unit}"
