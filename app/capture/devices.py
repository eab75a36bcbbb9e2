"""Cameras of this machine, and what is asked of them; needs neither OpenCV nor Qt."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

CameraTarget = int | str
"""What OpenCV opens: an index, or a device path such as `/dev/video0`."""

CameraBackend = Literal["auto", "v4l2", "msmf", "dshow", "avfoundation", "any"]

SYSFS = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """What is asked of a camera; it may answer with something else.

    Attributes:
        width, height: picture size in pixels, or None for the camera's own choice.
        fps: pictures per second, or None for the camera's own choice.
        mjpg: ask for compressed pictures. Over USB 2 most cameras reach 30 fps above 640×480
            only with them.
        backend: the driver interface that OpenCV uses; `auto` is the usual one of the system.
    """

    width: int | None = 640
    height: int | None = 480
    fps: float | None = 30.0
    mjpg: bool = True
    backend: CameraBackend = "auto"


def camera_targets(root: Path = SYSFS) -> Mapping[str, CameraTarget]:
    """Names of the cameras and what opens them, in the order of their device numbers.

    Read from sysfs, so Linux only; elsewhere the mapping is empty and cameras are reached by
    number, or by a mapping that somebody else provides. Two cameras of one name become
    `Name` and `Name (2)`.

    Args:
        root: the folder that the kernel fills.
    """
    if not sys.platform.startswith("linux") or not root.is_dir():
        return {}
    found: dict[str, CameraTarget] = {}
    nodes = [n for n in root.iterdir() if re.fullmatch(r"video\d+", n.name)]
    for node in sorted(nodes, key=lambda n: int(n.name.removeprefix("video"))):
        # A webcam has several nodes; those with an index above 0 carry metadata, no pictures.
        if _text(node / "index") not in ("", "0"):
            continue
        plain = _text(node / "name") or node.name
        name, copy = plain, 1
        while name in found:
            copy += 1
            name = f"{plain} ({copy})"
        found[name] = f"/dev/{node.name}"
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
