"""The window that shows the inside of the present model: filters and feature maps of a face."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import PfldLiveError
from app.core.face import Face
from app.core.frame import Image
from app.ui.panels.combo import RoomyCombo
from app.ui.wrapped_label import WrappedLabel
from app.vision.result import FrameResult

if TYPE_CHECKING:  # onnxruntime takes a while to import
    from collections.abc import Callable

    from app.vision.feature_maps import Inside, NetworkInside
    from app.vision.zoo import ZooEntry

_log = logging.getLogger(__name__)

_FILTERS: Final = "Filters of the first layer"
_OF_FILTERS: Final = -1


@dataclass(frozen=True, eq=False, slots=True)
class _Shown:
    """What the thread has made: the network at work, a sheet of it, and a remark."""

    inside: Inside
    sheet: Image
    note: str


class FeatureMapsDialog(QDialog):
    """Looks into a model while the video goes on; the network runs on a thread of its own."""

    _done = Signal(object)

    def __init__(
        self, parent: QWidget, entry: ZooEntry, result: Callable[[], FrameResult | None]
    ) -> None:
        """Open on the faces of the present picture.

        Args:
            parent: the window.
            entry: the model.
            result: gives what is shown now.
        """
        super().__init__(parent)
        self.setWindowTitle(f"Feature maps of {entry.label}")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._entry = entry
        self._result = result
        self._taken: FrameResult | None = None
        self._network: NetworkInside | None = None
        self._inside: Inside | None = None
        self._thread: threading.Thread | None = None
        self._busy = False
        self._again = False
        self.face = RoomyCombo("Face", "Which face of the picture")
        self.layer = RoomyCombo("Layer", "Whose maps are shown; each map has its own colour scale")
        self.take = QPushButton("Take the present picture")
        self.crop = _PictureLabel(QSize(112, 112))
        self.crop.setMaximumWidth(220)
        self.sheet = _PictureLabel(QSize(240, 240))
        self.note = WrappedLabel()
        left = QVBoxLayout()
        for widget in (
            *(QLabel("Face"), self.face, self.take, QLabel("What the network sees"), self.crop),
            *(QLabel("Layer"), self.layer, self.note),
        ):
            left.addWidget(widget)
        left.addStretch(1)
        row = QHBoxLayout(self)
        row.addLayout(left)
        row.addWidget(self.sheet, 1)
        self.resize(960, 700)
        self.face.activated.connect(lambda _: self._look())
        self.layer.activated.connect(lambda _: self._start())
        self.take.clicked.connect(self._take)
        self._done.connect(self._show)
        self._take()

    @property
    def busy(self) -> bool:
        """Whether the network still works."""
        return self._busy

    def _take(self) -> None:
        result = self._result()
        if result is None or not result.faces:
            self.note.say("There is no face in the picture; pause the video where there is one.")
            return
        self._taken = result
        self._inside = None
        self.face.clear()
        for face in result.faces:
            self.face.addItem(f"face {face.id}", face.id)
        self._look()

    def _look(self) -> None:
        """Run the network on the chosen face."""
        self._inside = None
        self._start()

    def _start(self) -> None:
        """Make what is chosen visible; what is chosen meanwhile comes after it."""
        if self.busy:
            self._again = True
            return
        faces = {} if self._taken is None else {face.id: face for face in self._taken.faces}
        face = faces.get(self.face.currentData())
        if self._taken is None or face is None:
            return
        number = self.layer.currentData() if self.layer.count() else 0
        self.note.say("The network runs …" if self._inside is None else "")
        self._busy = True
        self._thread = threading.Thread(
            target=self._work,
            args=(self._taken.frame.image, face, self._inside, number),
            name="feature maps",
        )
        self._thread.start()

    def _work(self, image: Image, face: Face, inside: Inside | None, number: int) -> None:
        from app.vision.contact_sheet import inside_sheet
        from app.vision.face_extent import FaceExtent
        from app.vision.feature_maps import NetworkInside

        try:
            if self._network is None:
                self._network = NetworkInside(self._entry.path)
            if inside is None:
                box = FaceExtent(face.layout).box(face.raw_points)
                inside = self._network.look(image, box)
            layer = None if number == _OF_FILTERS else number
            self._done.emit(_Shown(inside, *inside_sheet(self._network, inside, layer)))
        except PfldLiveError as error:
            self._done.emit(str(error))
        except Exception as error:  # the next request must not wait for this one
            _log.exception("the feature maps failed")
            self._done.emit(f"The feature maps failed ({type(error).__name__}): {error}")

    def _show(self, shown: _Shown | str) -> None:
        self._busy = False
        if isinstance(shown, str):
            self.note.say(shown)
            return
        self._inside = shown.inside
        self.crop.show_image(shown.inside.crop)
        self.sheet.show_image(shown.sheet)
        self.note.say(shown.note)
        if self.layer.count() == 0:
            self.layer.addItem(_FILTERS, _OF_FILTERS)
            for number, layer in enumerate(shown.inside.layers):
                self.layer.addItem(layer.title, number)
            self.layer.setCurrentIndex(1)
        if self._again:
            self._again = False
            self._start()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Wait for the network, which takes a moment."""
        if self._thread is not None:
            self._thread.join()
        super().closeEvent(event)

    def reject(self) -> None:
        """Esc closes like the button of the window."""
        self.close()


class _PictureLabel(QWidget):
    """A picture as large as it fits, with its pixels to be seen."""

    def __init__(self, least: QSize) -> None:
        super().__init__()
        self._least = least
        self.image: QImage | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_image(self, image: Image) -> None:
        """Show (H, W, 3) BGR or (H, W) grey uint8."""
        pixels = np.repeat(image[:, :, None], 3, axis=2) if image.ndim == 2 else image
        pixels = np.ascontiguousarray(pixels)
        height, width = pixels.shape[:2]
        self.image = QImage(
            pixels.data, width, height, width * 3, QImage.Format.Format_BGR888
        ).copy()
        self.update()

    def sizeHint(self) -> QSize:
        """Twice what is needed."""
        return self._least * 2

    def minimumSizeHint(self) -> QSize:
        """Still to be made out."""
        return self._least

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it in the middle, keeping its form."""
        if self.image is None:
            return
        painter = QPainter(self)
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) // 2, (self.height() - size.height()) // 2
        smooth = size.width() < self.image.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.translate(left, top)
        painter.scale(size.width() / self.image.width(), size.height() / self.image.height())
        painter.drawImage(0, 0, self.image)
