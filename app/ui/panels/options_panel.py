"""What is drawn, and the numbers that the vision stage goes by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QGridLayout

from app.ui.panels.quantity_field import QuantityField
from app.ui.panels.section import Section
from app.ui.preferences import Preferences
from app.vision.settings import (
    DETECT_INTERVAL,
    FIELD_OF_VIEW,
    MAX_FACES,
    TRUST,
    VisionSettings,
)

_FIELDS = {
    "max_faces": MAX_FACES,
    "detect_interval_s": DETECT_INTERVAL,
    "field_of_view_deg": FIELD_OF_VIEW,
    "min_trust": TRUST,
}


class OptionsPanel(Section):
    """Check boxes for the overlay and fields for `VisionSettings`."""

    settings_changed = Signal(object)
    """The new `VisionSettings`."""

    def __init__(
        self,
        preferences: Preferences,
        overlay: Mapping[str, QAction],
        wishes: Mapping[str, Any],
    ) -> None:
        """Make the panel.

        Args:
            preferences: where settings are remembered.
            overlay: name -> checkable action.
            wishes: fields of `VisionSettings` that are not as remembered, for this time only.
        """
        super().__init__("options", "Options")
        self._preferences = preferences
        self.settings = replace(remembered_settings(preferences), **wishes)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(4)
        self.boxes: dict[str, QCheckBox] = {}
        for place, (name, action) in enumerate(overlay.items()):
            self.boxes[name] = _bound_box(action)
            grid.addWidget(self.boxes[name], place // 3, place % 3)
        self.body.addLayout(grid)
        self.smooth = QCheckBox("&Smooth the points")
        self.smooth.setToolTip("Steadies still faces; fast movement passes almost unchanged")
        self.smooth.setChecked(self.settings.smooth)
        self.smooth.toggled.connect(self._apply)
        self.body.addWidget(self.smooth)
        self.fields: dict[str, QuantityField] = {}
        for name, quantity in _FIELDS.items():
            field = QuantityField(quantity, getattr(self.settings, name))
            field.changed.connect(self._apply)
            self.fields[name] = field
            self.body.addWidget(field)

    def _apply(self) -> None:
        before = self.settings
        self.settings = replace(
            self.settings,
            max_faces=round(self.fields["max_faces"].value),
            detect_interval_s=self.fields["detect_interval_s"].value,
            field_of_view_deg=self.fields["field_of_view_deg"].value,
            min_trust=self.fields["min_trust"].value,
            smooth=self.smooth.isChecked(),
        )
        for name in (*_FIELDS, "smooth"):
            value = getattr(self.settings, name)
            if value != getattr(before, name):
                self._preferences.set(f"vision/{name}", value)
        self.settings_changed.emit(self.settings)


def remembered_settings(preferences: Preferences) -> VisionSettings:
    """The settings of the last time."""

    def number(name: str) -> float:
        return preferences.get_quantity(f"vision/{name}", _FIELDS[name])

    return VisionSettings(
        max_faces=round(number("max_faces")),
        detect_interval_s=number("detect_interval_s"),
        field_of_view_deg=number("field_of_view_deg"),
        min_trust=number("min_trust"),
        smooth=preferences.get("vision/smooth", VisionSettings().smooth),
    )


def _bound_box(action: QAction) -> QCheckBox:
    """A check box that is another face of an action."""
    box = QCheckBox(action.text().replace("&", ""))
    box.setToolTip(action.toolTip())
    box.setChecked(action.isChecked())
    box.toggled.connect(action.setChecked)

    def follow(on: bool) -> None:
        with QSignalBlocker(box):
            box.setChecked(on)

    action.toggled.connect(follow)
    action.enabledChanged.connect(box.setEnabled)
    box.setEnabled(action.isEnabled())
    return box
