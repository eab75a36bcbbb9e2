"""What is said of a face beside its points: attributes, hidden points, who it is."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QGroupBox,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.evaluate.attributes import ATTRIBUTES
from app.ui.panels.combo import RoomyCombo
from app.ui.wrapped_label import WrappedLabel


class FaceForm(QWidget):
    """Shows what it is told and tells what the user wants."""

    person_chosen = Signal(int)
    attributes_set = Signal(object)
    """A frozenset of names."""
    hidden_set = Signal(bool)
    corrected_set = Signal(bool)
    remove_wanted = Signal()
    copy_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(240)
        self.frame = QLabel()
        font = self.frame.font()
        font.setBold(True)
        self.frame.setFont(font)
        self.state = WrappedLabel(quiet=True)
        self.corrected = QCheckBox("Corrected by hand")
        self.corrected.setToolTip("A person has put this frame right, or found it right as it is")
        self.corrected.clicked.connect(self.corrected_set)
        self.person = RoomyCombo("Face", "The face that is worked on")
        self.person.activated.connect(lambda i: self.person_chosen.emit(self.person.itemData(i)))
        self.boxes = {name: QCheckBox(name) for name in ATTRIBUTES}
        self.attributes = QGroupBox("Attributes")
        grid = QGridLayout(self.attributes)
        for place, box in enumerate(self.boxes.values()):
            grid.addWidget(box, place // 2, place % 2)
            box.clicked.connect(self._tell_attributes)
        self.derived = WrappedLabel(quiet=True)
        grid.addWidget(self.derived, 3, 0, 1, 2)
        self.point = QLabel()
        self.hidden = QCheckBox("Hidden behind something")
        self.hidden.clicked.connect(self.hidden_set)
        self.remove = QPushButton("Remove this face")
        self.remove.clicked.connect(self.remove_wanted)
        self.copy = QPushButton("Take faces from the frame before")
        self.copy.setToolTip("Copy the faces that this frame does not have yet")
        self.copy.clicked.connect(self.copy_wanted)
        self.origin = WrappedLabel(quiet=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        for widget in (
            *(self.frame, self.state, self.corrected, self.person, self.attributes),
            *(self.point, self.hidden, self.remove, self.copy),
        ):
            column.addWidget(widget)
        column.addStretch(1)
        column.addWidget(self.origin)

    def show_frame(self, words: str, state: str, *, corrected: bool) -> None:
        """Say which frame it is and what is known of it."""
        self.frame.setText(words)
        self.state.say(state)
        self.corrected.setChecked(corrected)

    def show_persons(self, persons: Sequence[int], chosen: int | None) -> None:
        """List the faces of the frame."""
        with QSignalBlocker(self.person):
            self.person.clear()
            for person in persons:
                self.person.addItem(f"Face {person + 1}", person)
            self.person.setPlaceholderText("No face in this frame")
            self.person.setCurrentIndex(self.person.findData(chosen) if chosen is not None else -1)
        self.person.setEnabled(len(persons) > 1)
        for widget in (self.attributes, self.remove):
            widget.setEnabled(chosen is not None)

    def show_attributes(self, names: Collection[str], *, derived: bool) -> None:
        """Tick the attributes of the face; `derived` ones were not set by anybody."""
        for name, box in self.boxes.items():
            box.setChecked(name in names)
        self.derived.say("Derived from pose, eyes, mouth and hidden points." if derived else "")

    def show_point(self, point: int, *, hidden: bool) -> None:
        """Say which point is chosen; -1 for none."""
        self.point.setText(f"Point {point + 1}" if point >= 0 else "No point is chosen")
        self.hidden.setChecked(hidden)
        self.hidden.setEnabled(point >= 0)

    def _tell_attributes(self) -> None:
        self.attributes_set.emit(frozenset(n for n, box in self.boxes.items() if box.isChecked()))
