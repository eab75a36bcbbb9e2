"""QtMultimedia without what it says of libraries and servers that nobody needs here."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from PySide6.QtCore import (
    QLoggingCategory,
    QMessageLogContext,
    QtMsgType,
    qInstallMessageHandler,
)

_RULES: Final = "qt.multimedia.symbolsresolver*=false\nqt.multimedia.ffmpeg*.info=false"
_NO_SERVER: Final = "PulseAudioService: pa_context_connect() failed"


def silence_libraries() -> None:
    """Say nothing of libraries that only share screens; before QtMultimedia is imported."""
    QLoggingCategory.setFilterRules(_RULES)


@contextmanager
def without_sound_server() -> Iterator[None]:
    """Say nothing of a missing sound server either: without one the alarm is only seen."""

    def handle(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        if text == _NO_SERVER:
            return
        if callable(before):
            before(kind, context, text)
        else:
            print(text, file=sys.stderr)

    before = qInstallMessageHandler(handle)
    try:
        yield
    finally:
        qInstallMessageHandler(before)
