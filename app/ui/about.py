"""The About and Shortcuts windows."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from app import __version__
from app.core.resources import user_models_folder

_PARTS: Final = (
    ("PySide6-Essentials", "Qt for Python", "LGPL-3.0"),
    ("mediapipe", "MediaPipe, face detector and mesh", "Apache-2.0"),
    ("onnxruntime", "ONNX Runtime", "MIT"),
    ("opencv-python", "OpenCV, with FFmpeg", "Apache-2.0, LGPL-2.1"),
    ("av", "PyAV, with FFmpeg, x264, x265", "BSD-3-Clause, LGPL-3.0, GPL-2.0"),
    ("numpy", "NumPy", "BSD-3-Clause"),
    ("pyqtgraph", "pyqtgraph", "MIT"),
)


def about_dialog(parent: QWidget) -> QDialog:
    """Name, version, licence, and the works that the program stands on."""
    rows = "".join(
        f"<tr><td>{escape(name)}</td><td>{_version(package)}</td><td>{escape(licence)}</td></tr>"
        for package, name, licence in _PARTS
    )
    return _dialog(
        parent,
        "About PFLD Live",
        f"<h2>PFLD Live {__version__}</h2>"
        "<p>Live facial landmarks and head pose from a webcam or a clip, with quantized PFLD "
        "models. Everything is computed on this machine; no picture leaves it.</p>"
        "<p>MIT licence. A prototype: not a medical or safety device.</p>"
        f"<p>Your own models belong into<br><code>{escape(str(user_models_folder()))}</code></p>"
        "<h3>Built with</h3>"
        f"<table cellspacing='0' cellpadding='3'>{rows}</table>"
        f"<p>Python {platform.python_version()}, Qt {qVersion()}, {escape(platform.platform())}"
        "</p>",
    )


def shortcuts_dialog(parent: QWidget, actions: Iterable[QAction]) -> QDialog:
    """All actions that have a key."""
    rows = []
    for action in actions:
        keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
        if keys:
            name = action.text().replace("&", "").removesuffix("…")
            what = action.statusTip() or action.toolTip().partition(" (")[0]
            rows.append(
                f"<tr><td><b>{escape(keys)}</b></td><td>{escape(name)}</td>"
                f"<td>{escape(what if what != name else '')}</td></tr>"
            )
    rows.append("<tr><td><b>Space</b></td><td>Play or pause</td><td>over the video</td></tr>")
    return _dialog(
        parent,
        "Keyboard shortcuts",
        f"<table cellspacing='0' cellpadding='4'>{''.join(rows)}</table>",
    )


def _dialog(parent: QWidget, title: str, html: str) -> QDialog:
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    text = QTextBrowser()
    text.setOpenExternalLinks(True)
    text.setHtml(html)
    text.setAccessibleName(title)
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.addWidget(text)
    column.addWidget(buttons)
    dialog.resize(560, 460)
    return dialog


def _version(package: str) -> str:
    try:
        return escape(version(package))
    except PackageNotFoundError:
        return "not installed"
