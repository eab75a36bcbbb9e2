"""Whether a window could be shown; needs no Qt."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping


def display_available(
    environment: Mapping[str, str] = os.environ, platform: str = sys.platform
) -> bool:
    """Whether there is a screen to show a window on.

    A Qt platform that was chosen by hand counts as one, except `minimal`, which draws nothing.
    """
    chosen = environment.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if chosen:
        return chosen != "minimal"
    if platform in ("win32", "darwin"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))
