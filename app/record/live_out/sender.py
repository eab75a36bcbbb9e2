"""Sends results over UDP on a thread of its own."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from app.capture.mailbox import Mailbox
from app.core.errors import PfldLiveError
from app.core.hosts import plain_host
from app.record.live_out import json_lines, openseeface, opentrack
from app.record.live_out.moment import Moment, TimeLine
from app.record.live_out.protocols import PROTOCOLS, LiveOutSettings
from app.record.sidecar import State
from app.vision.result import FrameResult

_log = logging.getLogger(__name__)

ENCODERS: Final[Mapping[str, Callable[[Moment], list[bytes]]]] = MappingProxyType(
    {
        "json": json_lines.encode,
        "openseeface": openseeface.encode,
        "opentrack": opentrack.encode,
    }
)
"""Name of a protocol -> the datagrams of a moment, maybe none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveOutStatus:
    """What a sender has done.

    Attributes:
        sent: name of each protocol -> datagrams sent.
        failed: datagrams that could not be sent.
        dropped: frames left out because newer ones came first.
        problem: why the last datagram could not be sent, in a sentence, or "".
    """

    sent: Mapping[str, int] = field(default_factory=dict)
    failed: int = 0
    dropped: int = 0
    problem: str = ""


class LiveOut:
    """Sends the newest result by each wanted protocol; never holds up whoever gives it.

    Nobody need listen. What cannot be sent is counted, and the next frame tried again.
    """

    def __init__(self, settings: LiveOutSettings) -> None:
        self._settings = settings
        self._box: Mailbox[tuple[FrameResult, State | None]] = Mailbox()
        self._line = TimeLine()
        self._lock = threading.Lock()
        self._status = LiveOutStatus(sent=dict.fromkeys(settings.ports, 0))
        self._socket: socket.socket | None = None
        self._address: tuple[Any, ...] = ()
        self._thread = threading.Thread(target=self._run, name="live out", daemon=True)

    def start(self) -> None:
        """Begin to send; once only."""
        self._thread.start()

    def put(self, result: FrameResult, state: State | None = None) -> None:
        """Send a result soon, unless a newer one comes first; for any thread, never waits."""
        self._box.put((result, state))

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Send what waits and end the thread; True once it has ended."""
        self._box.close()
        if self._thread.ident is None:
            self._hang_up()
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def status(self) -> LiveOutStatus:
        """The state of this moment."""
        with self._lock:
            return replace(self._status, dropped=self._box.dropped)

    def send(self, result: FrameResult, state: State | None = None) -> None:
        """Send a result now, on the calling thread; for those who have no `start`ed thread."""
        self._send(Moment(result, self._line.at(result.frame), state))

    def _run(self) -> None:
        while True:
            item = self._box.take(None)
            if item is None:
                break
            self.send(*item)
        self._hang_up()

    def _send(self, moment: Moment) -> None:
        for name, port in self._settings.ports.items():
            try:
                datagrams = ENCODERS[name](moment)
                sent = self._post(datagrams, port)
            except OSError as error:
                self._failed(name, error.strerror or str(error))
            except PfldLiveError as error:
                self._failed(name, str(error).rstrip("."))
            except Exception as error:  # a bug in one protocol must not silence the others
                _log.exception("%s cannot be sent", name)
                self._failed(name, f"{type(error).__name__}: {error}")
            else:
                self._succeeded(name, sent)

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _post(self, datagrams: list[bytes], port: int) -> int:
        """Send to a port; the number of datagrams."""
        if not datagrams:
            return 0
        if self._socket is None:  # the name of a host is looked up once
            family, *_, address = socket.getaddrinfo(
                plain_host(self._settings.host), port, type=socket.SOCK_DGRAM
            )[0]
            self._address = address
            self._socket = socket.socket(family, socket.SOCK_DGRAM)
            self._socket.setblocking(False)
        for datagram in datagrams:
            self._socket.sendto(datagram, (self._address[0], port, *self._address[2:]))
        return len(datagrams)

    def _succeeded(self, name: str, sent: int) -> None:
        with self._lock:
            counts = {**self._status.sent, name: self._status.sent[name] + sent}
            problem = "" if sent else self._status.problem
            self._status = replace(self._status, sent=counts, problem=problem)

    def _failed(self, name: str, reason: str) -> None:
        label, host = PROTOCOLS[name].label, self._settings.host
        with self._lock:
            self._status = replace(
                self._status,
                failed=self._status.failed + 1,
                problem=f"{label} data cannot be sent to {host}: {reason}; check host and port.",
            )
