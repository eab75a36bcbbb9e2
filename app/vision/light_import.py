"""Imports MediaPipe without the plotting library that its drawing helpers ask for."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from types import ModuleType

_lock = threading.Lock()
_PLOTS = "matplotlib"


@contextlib.contextmanager
def without_plots() -> Iterator[None]:
    """Let what is imported within find an empty matplotlib, unless the real one is there already.

    MediaPipe imports all of matplotlib with its first module, for a helper that nobody here
    calls: 30 MB and half a second of every start. Afterwards the real one can be imported as ever.
    """
    with _lock:
        if _PLOTS in sys.modules:
            yield
            return
        package, helper = ModuleType(_PLOTS), ModuleType(f"{_PLOTS}.pyplot")
        package.pyplot = helper  # type: ignore[attr-defined]
        empty = {module.__name__: module for module in (package, helper)}
        sys.modules.update(empty)
        try:
            yield
        finally:
            for name in empty:
                sys.modules.pop(name, None)
