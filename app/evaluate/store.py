"""Finished evaluations, kept to be looked at again and compared with later ones."""

from __future__ import annotations

import json
import math
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from app import __version__
from app.core.errors import OutputError, PfldLiveError
from app.core.files import write_text
from app.core.resources import user_data_folder
from app.core.untrusted import MOST_FRAMES, as_number, as_text, as_whole, read_json
from app.evaluate.measures import measure
from app.evaluate.results import ClipResult, load_result, save_result
from app.evaluate.run import EvaluationSettings

_FACTS: Final = "run.json"
_VERSION: Final = 1
_LONGEST: Final = 255
"""Characters of a name in the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """What a list of kept evaluations says of one, without loading it.

    Attributes:
        id: names it in its store.
        made_at: when it was finished, UTC.
        clips: names of the clips.
        frames, faces: labelled ones, of all clips together.
        nme: label of the model -> mean error, a share of the eye distance; None where unknown.
        settings: how the models were run, see `EvaluationSettings.as_dict`.
        program: version of the program that made it.
    """

    id: str
    made_at: datetime
    clips: tuple[str, ...]
    frames: int
    faces: int
    nme: Mapping[str, float | None]
    settings: Mapping[str, Any]
    program: str

    @property
    def name(self) -> str:
        """The clip, or the first one and how many more."""
        more = f" and {len(self.clips) - 1} more" if len(self.clips) > 1 else ""
        return self.clips[0] + more


class ResultStore:
    """Evaluations in a folder, each in a folder of its own.

    Several programs may use one store at a time: a run appears whole or not at all.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Use a folder, which need not exist; None is the user's own."""
        self.folder = user_data_folder() / "evaluations" if folder is None else folder

    def keep(
        self,
        results: Sequence[ClipResult],
        settings: EvaluationSettings,
        *,
        made_at: datetime | None = None,
    ) -> StoredRun:
        """Keep a finished evaluation.

        Args:
            results: one per clip, at least one, with the same models.
            settings: how the models were run.
            made_at: None for now.

        Raises:
            OutputError: it cannot be written.
        """
        when = (made_at or datetime.now(UTC)).astimezone(UTC)
        run = StoredRun(
            id=self._free_id(when, results[0].clip),
            made_at=when,
            clips=tuple(result.clip for result in results),
            frames=sum(int(result.labels.labelled.sum()) for result in results),
            faces=sum(len(result.labels.frame) for result in results),
            nme={name: _known(measure(results, name).total.nme) for name in results[0].models},
            settings=settings.as_dict(),
            program=__version__,
        )
        final = self.folder / run.id
        partial = self.folder / f".{run.id}.part"
        facts = {"version": _VERSION} | asdict(run) | {"made_at": run.made_at.isoformat()}
        try:
            partial.mkdir(parents=True)
            for number, result in enumerate(results):
                save_result(partial / f"{number}.npz", result, run.id)
            write_text(partial / _FACTS, json.dumps(facts, ensure_ascii=False, indent=1) + "\n")
            partial.rename(final)
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(
                f"The evaluation cannot be kept in {self.folder}: {reason}; make room there."
            ) from error
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return run

    def runs(self) -> tuple[StoredRun, ...]:
        """All kept evaluations, the newest first; what is broken is left out."""
        try:
            places = [path for path in self.folder.iterdir() if not path.name.startswith(".")]
        except OSError:  # nothing was ever kept
            return ()
        found = [run for path in places if (run := _read(path)) is not None]
        return tuple(sorted(found, key=lambda run: (run.made_at, run.id), reverse=True))

    def load(self, run: StoredRun) -> tuple[ClipResult, ...]:
        """The results of a kept evaluation, one per clip.

        Raises:
            PfldLiveError: it was deleted or is broken.
        """
        results = []
        for number in range(len(run.clips)):
            result = load_result(self.folder / run.id / f"{number}.npz", run.id)
            if result is None:
                raise PfldLiveError(
                    f"The kept evaluation of {run.name} is broken or was deleted; run it again."
                )
            results.append(result)
        return tuple(results)

    def delete(self, run: StoredRun) -> None:
        """Forget a kept evaluation; one that is gone already is fine.

        Raises:
            OutputError: it cannot be deleted.
        """
        try:
            shutil.rmtree(self.folder / run.id)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise OutputError(
                f"The kept evaluation of {run.name} cannot be deleted: {error.strerror}; "
                f"delete {self.folder / run.id} yourself."
            ) from error

    def _free_id(self, when: datetime, clip: str) -> str:
        """A name for a folder that is not taken: time and clip."""
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", clip).strip(".-")[:40]
        name = f"{when:%Y%m%dT%H%M%S}-{plain or 'clip'}"
        number, free = 2, name
        while (self.folder / free).exists() or (self.folder / f".{free}.part").exists():
            free, number = f"{name}-{number}", number + 1
        return free


def _read(folder: Path) -> StoredRun | None:
    try:
        facts = read_json(folder / _FACTS)
        if facts["version"] != _VERSION or facts["id"] != folder.name or not facts["clips"]:
            return None
        if not isinstance(facts["clips"], list):
            return None
        made_at = datetime.fromisoformat(facts["made_at"])
        if made_at.tzinfo is None:  # it could not be sorted among the others
            return None
        return StoredRun(
            id=folder.name,
            made_at=made_at.astimezone(UTC),
            clips=tuple(as_text(name, "a clip", _LONGEST) for name in facts["clips"]),
            frames=as_whole(facts["frames"], "frames", 0, MOST_FRAMES * len(facts["clips"])),
            faces=as_whole(facts["faces"], "faces", 0, 2**31),
            nme={name: _error(value) for name, value in facts["nme"].items()},
            settings=dict(facts["settings"]),
            program=as_text(facts["program"], "program", _LONGEST),
        )
    # A broken item must not hide the others, whatever is wrong with it.
    except (OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError):
        return None


def _error(value: Any) -> float | None:
    return None if value is None else as_number(value, "nme", 0.0, 1e9)


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
