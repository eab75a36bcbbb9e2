"""Labels a clip by machine, in the background: what `pfld-live label` does."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.core.claims import Claims
from app.core.errors import PfldLiveError
from app.core.files import exists
from app.evaluate.find import own_labels
from app.evaluate.keeping import LabelKeeper
from app.evaluate.labelling import ClipLabelling, LabellingSettings
from app.evaluate.project_labels import read_label_file

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Labelled:
    """How far a labelling is.

    Attributes:
        done: finished frames.
        total: all of them; None while that is not known.
    """

    done: int = 0
    total: int | None = None


class MachineLabelling(QObject):
    """Labels the frames that have no labels yet, and writes the file; also when it is stopped, so
    that it can go on later.
    """

    ended = Signal(str)
    """"" if the file was written, else one sentence why not."""

    def __init__(self, media: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._media = media
        self._stopping = threading.Event()
        self._progress = Labelled()
        self._thread = threading.Thread(target=self._run, name="label by machine", daemon=True)

    @property
    def progress(self) -> Labelled:
        """How far it is."""
        return self._progress

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """End after the present frame and write what there is."""
        self._stopping.set()

    def stop(self, timeout_s: float) -> bool:
        """Cancel and wait; True once the thread has ended."""
        self.cancel()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._label()
        except PfldLiveError as error:
            self.ended.emit(str(error))
        except Exception as error:
            _log.exception("labelling failed")
            self.ended.emit(f"{self._media.name} cannot be labelled: {error}")
        else:
            self.ended.emit("")

    def _label(self) -> None:
        path = own_labels(self._media)
        with Claims((path,)):
            known = read_label_file(path) if exists(path) else None
            with ClipLabelling(self._media, LabellingSettings(), known=known) as run:
                keeper = LabelKeeper(path, run)
                while not self._stopping.is_set() and run.step():
                    self._progress = Labelled(run.done, run.total)
                    keeper.after_step()
                if run.done:
                    keeper.keep()
