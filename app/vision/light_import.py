"""Imports MediaPipe without the plotting library that its drawing helpers ask for."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType

_lock = threading.Lock()
_LIBRARY = "matplotlib"


@contextlib.contextmanager
def without_plots() -> Iterator[None]:
    """Let what is imported within find an empty matplotlib, unless the real one is there already.

    MediaPipe imports all of matplotlib with its first module, for a helper that nobody here
    calls: 30 MB and half a second of every start. Afterwards the real one can be imported as
    ever; MediaPipe's own helper goes on without it, and so would another thread that imported it
    in that moment, which none of this program does.
    """
    with _lock:
        if _LIBRARY in sys.modules:
            yield
            return
        package, plots = _empty(_LIBRARY), _empty(f"{_LIBRARY}.pyplot")
        package.pyplot = plots  # type: ignore[attr-defined]
        stand_ins = {module.__name__: module for module in (package, plots)}
        sys.modules.update(stand_ins)
        try:
            yield
        finally:
            for name in stand_ins:
                del sys.modules[name]


def _empty(name: str) -> ModuleType:
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(name, None)  # or nobody could ask whether it can be found
    return module
