"""Keeps the labels of a labelling that is under way, so that a kill loses moments of work."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from app.evaluate.labelling import ClipLabelling
from app.evaluate.project_labels import write_label_file

EVERY_S: Final = 1.0
"""Time between two writings, and so what a kill may lose of the labels of a short clip."""

_SHARE: Final = 0.05
"""Share of the time that writing may take: the file of a long clip is written less often."""


class LabelKeeper:
    """Writes the labels so far into their file, again and again.

    Args:
        path: the label file.
        labelling: makes the labels.
    """

    def __init__(self, path: Path, labelling: ClipLabelling) -> None:
        self._path, self._labelling = path, labelling
        self._due_s = 0.0

    def after_step(self) -> None:
        """Write if it is time to.

        Raises:
            OutputError: the file cannot be written.
        """
        if time.monotonic() >= self._due_s:
            self.keep()

    def keep(self) -> None:
        """Write now; frames that were not reached are marked as not labelled.

        Raises:
            OutputError: the file cannot be written.
        """
        began_s = time.monotonic()
        write_label_file(self._path, self._labelling.file())
        ended_s = time.monotonic()
        self._due_s = ended_s + max(EVERY_S, (ended_s - began_s) / _SHARE)
