"""Where the pictures come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QHBoxLayout,
    QSizePolicy,
    QToolButton,
)

from app.capture.devices import CameraSettings
from app.ui.cameras import CameraInfo
from app.ui.elided_label import ElidedLabel
from app.ui.panels.combo import RoomyCombo
from app.ui.panels.section import Section
from app.ui.preferences import Preferences
from app.ui.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from app.capture.grabber import CaptureStatus

_USUAL_SIZES: Final = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
_SIDES: Final = range(16_385)
"""Pixels that a side may have; 0 is as the camera likes."""
_RATES: Final = (15.0, 25.0, 30.0, 60.0)


class SourcePanel(Section):
    """Camera and its settings, files, and what the source really delivers."""

    camera_chosen = Signal(object)
    """A `CameraInfo` to open with `settings`."""

    def __init__(self, preferences: Preferences, file_actions: Sequence[QAction]) -> None:
        super().__init__("source", "Source")
        self._preferences = preferences
        self._cameras: tuple[CameraInfo, ...] = ()
        self.name = ElidedLabel("No source")
        font = self.name.font()
        font.setBold(True)
        self.name.setFont(font)
        self.negotiated = WrappedLabel(quiet=True)
        self.negotiated.setToolTip("What the source really delivers")
        self.camera = RoomyCombo("Camera", "The camera to use; the list follows the plugs")
        self.camera.activated.connect(self._choose_camera)
        self.picture_size = RoomyCombo(
            "Picture size", "Size asked of the camera; it may answer another"
        )
        self.rate = RoomyCombo("Pictures per second", "Rate asked of the camera")
        self.mjpg = QCheckBox("Compressed (MJPG)")
        self.mjpg.setToolTip(
            "Over USB 2 most cameras reach 30 pictures a second above 640×480 only with this"
        )
        self._fill_rates()
        self._fill_sizes(())
        self.mjpg.setChecked(preferences.get("camera/mjpg", CameraSettings().mjpg))
        self.picture_size.activated.connect(self._change_settings)
        self.rate.activated.connect(self._change_settings)
        self.mjpg.clicked.connect(self._change_settings)
        self._lay_out(file_actions)
        self.show_cameras(())
        self.show_camera(None)

    @property
    def settings(self) -> CameraSettings:
        """What is asked of a camera."""
        width, height = self.picture_size.currentData() or (None, None)
        return CameraSettings(
            width=width,
            height=height,
            fps=self.rate.currentData(),
            mjpg=self.mjpg.isChecked(),
        )

    def show_cameras(self, cameras: tuple[CameraInfo, ...]) -> None:
        """List the cameras, keeping the choice."""
        chosen = self.camera.currentData()
        self._cameras = cameras
        model = QStandardItemModel(self.camera)
        for camera in cameras:
            item = QStandardItem(camera.name)
            item.setData(camera.id, Qt.ItemDataRole.UserRole)
            item.setToolTip(f"{camera.name}\n{camera.id}")
            model.appendRow(item)
        if not cameras:
            model.appendRow(QStandardItem("No camera found"))
        with QSignalBlocker(self.camera):
            self.camera.setModel(model)
            self.camera.setCurrentIndex(self.camera.findData(chosen) if chosen else -1)
            self.camera.setPlaceholderText("Choose a camera" if cameras else "No camera found")
        self.camera.setEnabled(bool(cameras))

    def show_camera(self, camera: CameraInfo | None) -> None:
        """Mark the camera that is open; None for another kind of source."""
        with QSignalBlocker(self.camera):
            self.camera.setCurrentIndex(-1 if camera is None else self.camera.findData(camera.id))
        for field in (self.picture_size, self.rate, self.mjpg):
            self._form.setRowVisible(field, camera is not None)
        if camera is not None:
            self._fill_sizes(camera.sizes)

    def show_name(self, name: str) -> None:
        """Name the source."""
        self.name.setText(name or "No source")
        if not name:
            self.negotiated.say("")

    def show_capture(self, capture: CaptureStatus | None) -> None:
        """Show what the source delivers."""
        info = None if capture is None else capture.info
        self.negotiated.say("" if info is None else "\n".join((info.summary, *info.notes)))

    def _lay_out(self, file_actions: Sequence[QAction]) -> None:
        self._form = form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setVerticalSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, field in (
            ("C&amera", self.camera),
            ("Si&ze", self.picture_size),
            ("Rat&e", self.rate),
            ("", self.mjpg),
        ):
            form.addRow(label, field)
        files = QHBoxLayout()
        files.setSpacing(4)
        for action in file_actions:
            button = QToolButton()
            button.setDefaultAction(action)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            files.addWidget(button)
        self.body.addWidget(self.name)
        self.body.addWidget(self.negotiated)
        self.body.addLayout(form)
        self.body.addLayout(files)

    def _fill_rates(self) -> None:
        self.rate.addItem("As the camera likes", None)
        for rate in _RATES:
            self.rate.addItem(f"{rate:g} fps", rate)
        usual = CameraSettings().fps or 0.0
        wanted = self._preferences.get_choice("camera/fps", usual, (0.0, *_RATES))
        self.rate.setCurrentIndex(max(self.rate.findData(wanted), 0))

    def _fill_sizes(self, offered: tuple[tuple[int, int], ...]) -> None:
        default = CameraSettings()
        wanted = self.picture_size.currentData() or (
            self._preferences.get_choice("camera/width", default.width or 0, _SIDES),
            self._preferences.get_choice("camera/height", default.height or 0, _SIDES),
        )
        with QSignalBlocker(self.picture_size):
            self.picture_size.clear()
            self.picture_size.addItem("As the camera likes", None)
            for width, height in offered or _USUAL_SIZES:
                self.picture_size.addItem(f"{width} × {height}", (width, height))
            sizes = [self.picture_size.itemData(i) for i in range(self.picture_size.count())]
            self.picture_size.setCurrentIndex(sizes.index(wanted) if wanted in sizes else 0)

    def _choose_camera(self, index: int) -> None:
        id = self.camera.itemData(index)
        for camera in self._cameras:
            if camera.id == id:
                self._preferences.set("camera/id", camera.id)
                self._preferences.set("camera/name", camera.name)
                self.camera_chosen.emit(camera)

    def _change_settings(self) -> None:
        settings = self.settings
        self._preferences.set("camera/width", settings.width or 0)
        self._preferences.set("camera/height", settings.height or 0)
        self._preferences.set("camera/fps", settings.fps or 0.0)
        self._preferences.set("camera/mjpg", settings.mjpg)
        self._choose_camera(self.camera.currentIndex())
