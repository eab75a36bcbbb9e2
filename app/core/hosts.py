"""Names and addresses of machines, as people type them."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from app.core.errors import PfldLiveError

_LONGEST_NAME: Final = 253
"""Characters, RFC 1035."""
_LONGEST_LABEL: Final = 63
"""Characters between two full stops, RFC 1035."""
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?", re.IGNORECASE)
_NUMBERS: Final = re.compile(r"[0-9.]+")


def plain_host(text: str) -> str:
    """A machine as the system's calls want it: an address of IPv6 without its brackets.

    Raises:
        PfldLiveError: the text can be no name and no address; the message says why.
    """
    host = text.strip()
    if host.startswith("[") or host.endswith("]") or host.count(":") > 1:
        return _ipv6(host)
    if ":" in host:
        raise PfldLiveError(f"{text!r} is no host: leave {host[host.index(':') :]!r} out of it.")
    if _NUMBERS.fullmatch(host):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError as error:
            raise PfldLiveError(
                f"{text!r} is no address: it has four numbers of 0 to 255, as in 192.168.0.7."
            ) from error
    labels = _ascii(host).removesuffix(".").split(".")
    fine = all(len(label) <= _LONGEST_LABEL and _LABEL.fullmatch(label) for label in labels)
    if not fine or len(host) > _LONGEST_NAME:
        raise _no_name(text)
    return host


def _ipv6(host: str) -> str:
    inner = host.removeprefix("[").removesuffix("]")
    try:
        if host.startswith("[") != host.endswith("]"):
            raise ValueError("a bracket is missing")
        return str(ipaddress.IPv6Address(inner))
    except ValueError as error:
        raise PfldLiveError(
            f"{host!r} is no address of IPv6; write one as in ::1 or [fe80::1%eth0], without a "
            "port."
        ) from error


def _ascii(host: str) -> str:
    """The name as it goes over the wire."""
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise _no_name(host) from error


def _no_name(text: str) -> PfldLiveError:
    return PfldLiveError(
        f"{text[:80]!r} can be no name of a machine; write a name such as studio-pc or an address "
        "such as 192.168.0.7."
    )
