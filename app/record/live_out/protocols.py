"""The ways to send that there are, and which of them are wanted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from app.core.quantity import Quantity

LOCAL: Final = "127.0.0.1"
"""This machine, which no packet leaves."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """A way to send.

    Attributes:
        name: on the command line and in settings.
        label: in the window.
        summary: what it sends, in a few words.
        port: where receivers listen unless told otherwise.
    """

    name: str
    label: str
    summary: str
    port: Quantity


def _port(label: str, default: int, source: str) -> Quantity:
    return Quantity(
        name=f"Port for {label}",
        default=default,
        low=1,
        high=65535,
        step=1,
        unit="",
        help="UDP port that the receiver listens on.",
        source=source,
    )


PROTOCOLS: Final[Mapping[str, Protocol]] = MappingProxyType(
    {
        protocol.name: protocol
        for protocol in (
            Protocol(
                "json",
                "JSON",
                "one line of JSON for each frame, as in a sidecar",
                _port("JSON", 11574, "next to that of OpenSeeFace, and not registered"),
            ),
            Protocol(
                "openseeface",
                "OpenSeeFace",
                "points, pose, eyes and mouth for VSeeFace, VTube Studio and the like",
                _port("OpenSeeFace", 11573, "the default of OpenSeeFace"),
            ),
            Protocol(
                "opentrack",
                "opentrack",
                'place and angles of the largest head for opentrack, input "UDP over network"',
                _port("opentrack", 4242, "the default of opentrack"),
            ),
        )
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOutSettings:
    """What is sent where.

    Attributes:
        ports: name of each wanted protocol -> port.
        host: name or address of the machine that listens.

    Raises:
        PfldLiveError: a port is out of its range.
        ValueError: there is no such protocol.
    """

    ports: Mapping[str, int] = field(default_factory=dict)
    host: str = LOCAL

    def __post_init__(self) -> None:
        for name, port in self.ports.items():
            if name not in PROTOCOLS:
                raise ValueError(f"there is no protocol {name!r}")
            PROTOCOLS[name].port.check(port if math.isfinite(port) else 0)
