"""Icons in the colours of the palette."""

from __future__ import annotations

import weakref
from functools import cache
from typing import Protocol

from PySide6.QtCore import QByteArray, QObject, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QImage, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.core.resources import asset

SIZES = (16, 20, 40)


class HasIcon(Protocol):
    """An action or a button."""

    def setIcon(self, icon: QIcon, /) -> None:
        """Show an icon."""


def app_icon() -> QIcon:
    """The icon of the program."""
    icon = QIcon()
    for side in (16, 24, 32, 48, 64, 128, 256):
        icon.addPixmap(_pixmap(_text("pfld-live"), side))
    return icon


def icon(name: str, palette: QPalette) -> QIcon:
    """An icon of `assets/icons/` drawn in the text colour of a palette.

    A missing file gives an empty icon: a button without a picture still has its text.
    """
    made = QIcon()
    for group, mode in (
        (QPalette.ColorGroup.Active, QIcon.Mode.Normal),
        (QPalette.ColorGroup.Disabled, QIcon.Mode.Disabled),
    ):
        colour = palette.color(group, QPalette.ColorRole.ButtonText)
        for side in SIZES:
            made.addPixmap(pixmap(name, colour, side), mode)
    return made


def pixmap(name: str, colour: QColor, side: int, ratio: float = 1.0) -> QPixmap:
    """An icon of `assets/icons/` in one colour, `side` logical pixels wide and high."""
    picture = _pixmap(_text(name).replace("currentColor", colour.name()), round(side * ratio))
    picture.setDevicePixelRatio(ratio)
    return picture


class PaletteIcons(QObject):
    """Keeps the icons of buttons and actions in step with the palette."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._users: weakref.WeakKeyDictionary[HasIcon, str] = weakref.WeakKeyDictionary()
        self._palette = QPalette()

    def set(self, user: HasIcon, name: str) -> None:
        """Give `user` the icon called `name` from now on."""
        self._users[user] = name
        user.setIcon(icon(name, self._palette))

    def repaint(self, palette: QPalette) -> None:
        """Draw all icons anew for a palette."""
        self._palette = palette
        for user, name in list(self._users.items()):
            user.setIcon(icon(name, palette))


@cache
def _text(name: str) -> str:
    try:
        return asset(f"icons/{name}.svg").read_text(encoding="utf-8")
    except OSError:
        return ""


def _pixmap(svg: str, side: int) -> QPixmap:
    image = QImage(QSize(side, side), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    if svg:
        painter = QPainter(image)
        QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, side, side))
        painter.end()
    return QPixmap.fromImage(image)
