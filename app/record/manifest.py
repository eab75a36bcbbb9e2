"""How a recording was made: models, settings and version, beside the video."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from app import __version__
from app.core.files import write_text
from app.record.places import RecordFiles
from app.record.settings import RecordSettings
from app.vision.result import FrameResult


class Manifest:
    """Written whole when a recording begins, when its models change, and at its end.

    Args:
        path: file to write; an older one is replaced.
        files: what it describes.
        settings: of the recording.
        about: further settings, ready for JSON.
    """

    def __init__(
        self, path: Path, files: RecordFiles, settings: RecordSettings, about: Mapping[str, Any]
    ) -> None:
        self._path = path
        self._models: list[str] = []
        self._detectors: list[str] = []
        self._facts: dict[str, Any] = {
            "program": "PFLD Live",
            "version": __version__,
            "system": platform.platform(),
            "started": datetime.now().astimezone().isoformat(timespec="milliseconds"),
            "complete": False,
            "files": {key: path.name for key, path in asdict(files).items() if path is not None},
            "models": self._models,
            "detectors": self._detectors,
            "settings": {
                "record": {**asdict(settings), "what": settings.what.value},
                **about,
            },
        }

    def note(self, result: FrameResult) -> None:
        """Take over what a frame says of itself; writes when that is news.

        Raises:
            OutputError: the file cannot be written.
        """
        if "source" not in self._facts:
            frame = result.frame
            self._facts["source"] = frame.source
            self._facts["size"] = [frame.width, frame.height]
        elif result.model in ("", *self._models) and result.detector in ("", *self._detectors):
            return
        for name, known in ((result.model, self._models), (result.detector, self._detectors)):
            if name and name not in known:
                known.append(name)
        self._write()

    def complete(self, **facts: object) -> None:
        """Say how it ended.

        Raises:
            OutputError: the file cannot be written.
        """
        self._facts |= {"complete": True, **facts}
        self._write()

    def _write(self) -> None:
        write_text(self._path, json.dumps(self._facts, indent=2, ensure_ascii=False) + "\n")
