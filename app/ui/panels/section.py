"""One section of the side panel, and the panel that holds them."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QFrame,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

PANEL_WIDTH = 300


class Section(QWidget):
    """A headline and what belongs to it; a click on the headline folds it away."""

    folded = Signal(str, bool)

    def __init__(self, name: str, title: str) -> None:
        """Make an empty section; `body` is the layout to fill.

        Args:
            name: key under which its state is remembered.
            title: the headline.
        """
        super().__init__()
        self.setObjectName(name)
        self._header = QToolButton()
        self._header.setObjectName("sectionHeader")
        self._header.setText(title)
        self._header.setCheckable(True)
        self._header.setChecked(True)
        self._header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._header.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._header.setAccessibleName(f"{title} section")
        self._header.toggled.connect(self._fold)
        self._content = QWidget()
        self.body = QVBoxLayout(self._content)
        self.body.setContentsMargins(6, 6, 6, 8)
        self.body.setSpacing(5)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._header)
        column.addWidget(self._content)
        self._fold(True)

    @property
    def open(self) -> bool:
        """Whether the content is to be seen."""
        return self._header.isChecked()

    def set_open(self, value: bool) -> None:
        """Unfold or fold the section."""
        self._header.setChecked(value)

    def _fold(self, unfolded: bool) -> None:
        self._content.setVisible(unfolded)
        self._header.setArrowType(Qt.ArrowType.DownArrow if unfolded else Qt.ArrowType.RightArrow)
        self.folded.emit(self.objectName(), not unfolded)


class SidePanel(QScrollArea):
    """The sections, one below the other, scrolling as one."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("sidePanel")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(PANEL_WIDTH)
        self.setAccessibleName("Side panel")
        # Tab reaches the fields; the area itself has nothing to say to the keyboard.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._wheel = WheelGuard(self)
        self.sections: dict[str, Section] = {}
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(6, 6, 6, 6)
        self._column.setSpacing(2)
        self._column.addStretch(1)
        self.setWidget(inside)

    def add(self, section: Section) -> None:
        """Put a section below the others."""
        self.sections[section.objectName()] = section
        self._column.insertWidget(self._column.count() - 1, section)
        for field in section.findChildren(QWidget):
            self._wheel.watch(field)


class WheelGuard(QObject):
    """Lets the wheel scroll the panel instead of changing the field under the pointer."""

    def watch(self, field: QWidget) -> None:
        """Guard a field, if the wheel would change it."""
        if isinstance(field, QComboBox | QAbstractSpinBox | QAbstractSlider):
            field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            field.installEventFilter(self)

    def eventFilter(self, field: QObject, event: QEvent) -> bool:
        """Pass the wheel on unless the field was chosen before."""
        if (
            event.type() == QEvent.Type.Wheel
            and isinstance(field, QWidget)
            and not field.hasFocus()
        ):
            event.ignore()
            return True
        return False
