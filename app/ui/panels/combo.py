"""A list box that fits into the side panel."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QSizePolicy


def roomy_combo(name: str, tip: str) -> QComboBox:
    """A combo box that takes the room there is, however long its entries are."""
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setToolTip(tip)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(8)
    combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return combo
