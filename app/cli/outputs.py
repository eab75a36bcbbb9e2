"""What the options of `run` and `demo` mean for the files that are written."""

from __future__ import annotations

import argparse
import re
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.capture.source import local_path
from app.core.claims import Claims
from app.core.errors import OutputError, PfldLiveError
from app.core.frame import Frame
from app.core.hosts import plain_host
from app.record.live_out.protocols import LOCAL, PROTOCOLS, LiveOutSettings
from app.record.output import check_apart, check_place
from app.record.places import RecordFiles
from app.record.quality import DEFAULT_QUALITY
from app.record.recorder import Recorder
from app.record.settings import RecordSettings, What
from app.record.snapshot import SnapshotFiles
from app.record.style import OverlayOptions
from app.vision.settings import VisionSettings


def record_settings(options: argparse.Namespace) -> RecordSettings:
    """How to record.

    Raises:
        PfldLiveError: an option is wrong.
    """
    return RecordSettings(
        what=What(options.record or What.ANNOTATED),
        overlay=_overlay(options.draw),
        quality=options.quality or DEFAULT_QUALITY,
        constant_rate=options.constant_rate,
    )


def record_files(options: argparse.Namespace, what: What, claims: ExitStack) -> RecordFiles:
    """The files to write, checked and claimed before the work.

    Args:
        options: what the user asked for.
        what: is recorded.
        claims: keeps other programs from writing any of the files until it is closed.

    Raises:
        OutputError: one of them cannot be written, holds something already, or another program
            writes it.
    """
    video, sidecar = options.output, options.sidecar
    for path in (video, options.snapshot):
        if path is not None:
            check_place(path)  # other names are made from it
    clean = video if what is What.CLEAN else None
    if what is What.BOTH and video is not None:
        clean = video.with_name(f"{video.stem}-clean{video.suffix}")
    files = RecordFiles(
        annotated=video if what.annotated else None,
        clean=clean,
        sidecar=sidecar,
        table=options.csv,
        manifest=video.with_suffix(".manifest.json") if video and sidecar else None,
    )
    files.check()
    wanted = [path for path in (*files, options.json) if path is not None]
    if options.snapshot is not None:
        snapshot = SnapshotFiles.at(options.snapshot)
        snapshot.check()
        wanted += [snapshot.annotated, snapshot.clean]
    for path in wanted:
        check_place(path)
    check_apart(wanted, source=local_path(options.source))
    claims.enter_context(Claims(wanted))
    if not options.overwrite:
        for path in (files.annotated, files.clean):
            if path is not None and path.is_file() and path.stat().st_size:
                raise OutputError(
                    f"{path} exists already; choose another name, or add --overwrite."
                )
    return files


def open_recorder(
    files: RecordFiles, settings: RecordSettings, vision: VisionSettings, *, live: bool
) -> Recorder:
    """A recorder into these files; what follows a lost camera goes into files with a number."""
    about: Mapping[str, Any] = {"vision": asdict(vision)}

    def place(_frame: Frame, number: int) -> RecordFiles:
        return files.free(number + 1) if number else files  # the first may be overwritten

    return Recorder(place, settings, about=about, live=live)


def live_out_settings(options: argparse.Namespace) -> LiveOutSettings:
    """What is sent to other programs.

    Raises:
        PfldLiveError: an option is wrong.
    """
    ports: dict[str, int] = {}
    for item in (options.send or "").split(","):
        name, _, port = item.strip().partition(":")
        if not name:
            continue
        if name not in PROTOCOLS or not re.fullmatch("[0-9]{0,9}", port):
            raise PfldLiveError(
                f"{item.strip()!r} cannot be sent; --send takes {', '.join(PROTOCOLS)}, each maybe "
                "with a port as in json:5000."
            )
        ports[name] = int(port or PROTOCOLS[name].port.default)
    if options.send_host is not None and not ports:
        raise PfldLiveError("--send-host needs --send, which says what goes there.")
    host = LOCAL if options.send_host is None else plain_host(options.send_host)
    settings = LiveOutSettings(ports=ports, host=host)
    if ports:
        _check_known(host)
    return settings


def _check_known(host: str) -> None:
    try:
        socket.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise PfldLiveError(
            f"No machine {host!r} is known here: {error.strerror or error}; check --send-host."
        ) from error


def _overlay(text: str | None) -> OverlayOptions:
    if text is None:
        return OverlayOptions()
    names = list(asdict(OverlayOptions()))
    wanted = {name.strip() for name in text.split(",")} - {""}
    if unknown := wanted - set(names):
        raise PfldLiveError(
            f"{', '.join(sorted(unknown))} cannot be drawn; --draw takes {', '.join(names)}."
        )
    return OverlayOptions(**{name: name in wanted for name in names})


def written(recordings: Sequence[RecordFiles]) -> Iterator[tuple[str, Path]]:
    """Name and path of each file that was written."""
    for files in recordings:
        named = {
            "video": files.annotated or files.clean,
            "clean video": files.clean if files.annotated else None,
            "predictions": files.sidecar,
            "table": files.table,
            "manifest": files.manifest,
        }
        for name, path in named.items():
            if path is not None and path.exists():
                yield name, path
