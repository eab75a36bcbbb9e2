"""Runs the window as a program."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from types import FrameType

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from app import __version__
from app.core.c_numbers import use_c_numbers
from app.ui.cameras import CameraWatcher
from app.ui.engine_link import EngineLink
from app.ui.faults import FaultReporter
from app.ui.main_window import MainWindow
from app.ui.preferences import Preferences
from app.ui.theme import Theme
from app.ui.window_options import WindowOptions


def run_window(
    source_text: str | None = None,
    demo: bool = False,
    options: WindowOptions | None = None,
    *,
    preferences: Preferences | None = None,
    scheme: Qt.ColorScheme | None = None,
    on_shown: Callable[[MainWindow], None] | None = None,
) -> int:
    """Show the window until it is closed.

    Args:
        source_text: what to open; None is the camera of the last time, or the first one.
        demo: play the bundled clip instead.
        options: further wishes.
        preferences: what is remembered; None is the file of the user.
        scheme: light or dark; None is as the system says.
        on_shown: called once with the window, right after it was painted for the first time.

    Returns:
        The exit code.
    """
    application = make_application()
    theme = Theme(application, scheme)
    link = EngineLink()
    window = MainWindow(
        link=link,
        cameras=CameraWatcher(),
        preferences=preferences or Preferences(),
        theme=theme,
        options=options,
    )
    faults = FaultReporter()
    faults.reported.connect(window.report)
    remove_hooks = faults.install()

    def shown() -> None:
        if on_shown is not None:
            on_shown(window)
        window.begin(source_text, demo=demo)

    window.first_painted.connect(shown)
    # Leaving the desktop's session closes no window, but must end the threads all the same.
    application.aboutToQuit.connect(window.shut_down)
    restore_signals = close_on_signals(window)
    window.show()
    try:
        return application.exec()
    finally:
        window.shut_down()
        restore_signals()
        remove_hooks()


def make_application() -> QApplication:
    """The one QApplication of the process, with its name set."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QApplication.setHighDpiScaleFactorRoundingPolicy(
        Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
    )
    application = QApplication(sys.argv[:1])
    use_c_numbers()  # Qt has just taken the locale of the desktop for the whole process
    application.setApplicationName("pfld-live")
    application.setApplicationDisplayName("PFLD Live")
    application.setApplicationVersion(__version__)
    application.setDesktopFileName("pfld-live")
    return application


def close_on_signals(window: MainWindow) -> Callable[[], None]:
    """Let Ctrl+C in the terminal, a polite kill and a closed terminal close the window.

    It closes as with its button, but asks nothing: unsaved labels are saved.

    Python handles a signal when it next runs code; the timer of the meters sees to that. That
    code may hold a lock that closing needs, so closing waits for the event loop.
    """
    old = {}

    def close(_number: int, _frame: FrameType | None) -> None:
        QTimer.singleShot(0, window, window.close_unasked)

    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows knows no SIGHUP
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            old[number] = signal.signal(number, close)

    def restore() -> None:
        for number, handler in old.items():
            signal.signal(number, handler)

    return restore
