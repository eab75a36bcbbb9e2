"""What a session leaves on the disk: clips of its events, and a report with its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from PySide6.QtCore import QDir, QStandardPaths

from app.core.errors import OutputError, PfldLiveError
from app.core.files import write_text
from app.driver.live import LiveDriver
from app.driver.report import render_session
from app.driver.state import CLOSURES, EventKind
from app.driver.summary import events_csv, timeline_csv
from app.record.moments import Moment
from app.record.places import files_in

EVIDENCE: Final = CLOSURES | {
    EventKind.YAWN,
    EventKind.NOD_OFF,
    EventKind.TURNED_AWAY,
    EventKind.LOST_FACE,
}
"""Events of which a clip is kept where the user wants evidence."""


def clips_folder() -> Path:
    """Where evidence clips go unless the user says otherwise."""
    movies = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    return Path(movies or QDir.homePath()) / "PFLD Live"


def write_report(live: LiveDriver, page: Path) -> tuple[Path, ...]:
    """Write the session: the page, the timeline and the events beside it.

    Returns:
        The files.

    Raises:
        PfldLiveError: nothing was watched, or a file cannot be written.
    """
    log, facts = live.record()
    if not log.frames:
        raise PfldLiveError("Nothing was watched in this session, so there is nothing to report.")
    paths = page, page.with_suffix(".csv"), page.with_suffix(".events.csv")
    for path, text in zip(
        paths,
        (render_session(log, facts), timeline_csv(log), events_csv(log)),
        strict=True,
    ):
        write_text(path, text)
    return paths


def write_clip(moment: Moment, folder: Path, name: str) -> Path:
    """Write the pictures of an event under a name that is free.

    Args:
        moment: the pictures.
        folder: made if it is the usual one.
        name: of the clip, without an ending.

    Raises:
        PfldLiveError: the folder cannot be made, or the file not be written.
    """
    if folder == clips_folder():
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"The folder {folder} cannot be made: {error.strerror}; choose another one."
            ) from error
    files = files_in(folder, name, annotated=False, clean=True, sidecar=False, table=False)
    path = files.clean
    if path is None:
        raise ValueError("there is no name for the clip")
    moment.write(path)
    return path
