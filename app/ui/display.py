"""Whether a window could be shown; needs no Qt."""

from __future__ import annotations

import os
import re
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

_TIMEOUT_S: Final = 2.0
_X_DISPLAY: Final = re.compile(r"(?:(?:tcp|inet|inet6|unix)/)?(?P<host>.*):(?P<number>\d+)(\.\d+)?")
_X_SOCKETS = Path("/tmp", ".X11-unix")  # fixed by the X protocol, whatever TMPDIR says
_X_PORT: Final = 6000  # of display 0 (https://www.x.org/releases/current/doc/man/man7/X.7.xhtml)


def display_available(
    environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> bool:
    """Whether there is a screen to show a window on.

    Where a variable names a display server, somebody must answer there: without one, Qt ends
    the process. A Qt platform that was chosen by hand counts as a screen, except `minimal`,
    which draws nothing.
    """
    chosen = environment.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if chosen:
        return chosen != "minimal"
    if platform in ("win32", "darwin"):
        return True
    return _wayland_answers(environment) or _x_answers(environment.get("DISPLAY", ""))


def _wayland_answers(environment: Mapping[str, str]) -> bool:
    if environment.get("WAYLAND_SOCKET"):  # an open connection, inherited
        return True
    name, folder = environment.get("WAYLAND_DISPLAY"), environment.get("XDG_RUNTIME_DIR")
    if not name or not (folder or name.startswith("/")):
        return False
    return _listens(str(Path(folder or "/") / name))


def _x_answers(display: str) -> bool:
    if not display:
        return False
    found = _X_DISPLAY.fullmatch(display)
    if found is None:
        return True  # some other way to name one; Qt will see
    host, number = found["host"].strip("[]"), int(found["number"])
    if host in ("", "unix"):
        place = str(_X_SOCKETS / f"X{number}")
        return _listens("\0" + place) or _listens(place)
    if host.startswith("/"):
        return _listens(display)
    with suppress(OSError, OverflowError):
        socket.create_connection((host, _X_PORT + number), _TIMEOUT_S).close()
        return True
    return False


def _listens(place: str) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_TIMEOUT_S)
        connection.connect(place)
        return True
    return False
