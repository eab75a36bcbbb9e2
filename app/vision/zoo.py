"""The landmark models that lie in the program's folder and in the user's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.core.card import ModelCard
from app.core.errors import ModelError
from app.core.layout import IBUG68
from app.core.resources import models_folder, user_models_folder
from app.vision.trial import is_known, verdict

_QUICK_MS = 2.0
"""The network may take so long for one face: four faces at 30 frames a second then take a quarter
of the time, which leaves room for a recording and the driver's state on a slow laptop."""

_LIGHT_MB = 2.1
"""The size that the PFLD paper is proud of: what runs unasked should not grow past it."""


@dataclass(frozen=True, slots=True)
class ZooEntry:
    """One model: an ONNX file, or the reference that comes with MediaPipe.

    Attributes:
        path: where it lies.
        label: what it is called in lists; unique within its zoo.
        card: None where the file cannot be used.
        problem: why it cannot be used, or None.
        megabytes: size of the file, 10^6 bytes.
        reference: it is MediaPipe's FaceMesh and no ONNX file.
    """

    path: Path
    label: str
    card: ModelCard | None
    problem: str | None
    megabytes: float
    reference: bool = False


@dataclass(frozen=True, slots=True)
class Zoo:
    """All models that were found, usable ones first, each group by label.

    Attributes:
        entries: the models.
        untried: there are files that nobody has seen yet, and that are not among them.
    """

    entries: tuple[ZooEntry, ...]
    untried: bool = False

    @classmethod
    def scan(
        cls,
        folders: Sequence[Path] | None = None,
        *,
        new: bool = True,
        go_on: Callable[[], bool] = lambda: True,
    ) -> Self:
        """The card of every *.onnx of the folders.

        A file that cannot be used is listed with the reason. Where two cards have the same
        label, the file of the earlier folder keeps it and the other is listed by its file name.

        Args:
            folders: None for the program's own folder and the user's, and for FaceMesh beside
                them; a missing folder is empty.
            new: try the files that nobody has seen yet, which takes seconds each, once; or
                leave them out, and set `untried`.
            go_on: asked before each of the new files; False leaves out the rest.
        """
        entries: dict[str, ZooEntry] = {}
        untried = False
        if folders is None:
            folders = (models_folder(), user_models_folder())
            reference = _reference()
            entries[reference.label] = reference
        for folder in folders:
            for path in sorted(folder.glob("*.onnx")):
                if not (new and go_on()) and not is_known(path):
                    untried = True
                    continue
                entry = _read(path)
                if entry.label in entries:
                    label = f"{entry.label} ({path.parent.name}/{path.name})"
                    entry = ZooEntry(path, label, entry.card, entry.problem, entry.megabytes)
                entries[entry.label] = entry
        found = sorted(entries.values(), key=lambda e: (e.card is None, e.label))
        return cls(tuple(found), untried)

    @classmethod
    def entry_for(cls, text: str) -> ZooEntry:
        """What `choose` finds among the models of the program and the user. New files are tried
        only where nothing else fits.

        Raises:
            ModelError: as `choose`.
        """
        zoo = cls.scan(new=False)
        try:
            return zoo.choose(text)
        except ModelError:
            if not zoo.untried:
                raise
        return cls.scan().choose(text)

    @property
    def usable(self) -> tuple[ZooEntry, ...]:
        """The entries that can be run."""
        return tuple(entry for entry in self.entries if entry.card is not None)

    def default(self) -> ZooEntry:
        """The model to start with: the most accurate small and quick int8 one with the 68 points
        of the program's own folder; never the reference, which takes seconds to start.

        Raises:
            ModelError: no usable model was found.
        """
        files = [e for e in self.usable if not e.reference]
        if not files:
            raise ModelError(
                f"No usable model was found in {models_folder()} or {user_models_folder()}; "
                "put a landmark model (*.onnx with a card) there."
            )
        own = [e for e in files if e.path.parent == models_folder()] or files

        def rank(entry: ZooEntry) -> tuple[bool, bool, bool, float, str]:
            card = entry.card
            assert card is not None  # noqa: S101 - `usable` has kept those without out
            slow = card.milliseconds is not None and card.milliseconds > _QUICK_MS
            demanding = slow or entry.megabytes > _LIGHT_MB
            nme = card.nme_val.get("all", float("inf"))
            return demanding, card.layout != IBUG68.name, card.precision != "int8", nme, entry.label

        return min(own, key=rank)

    def choose(self, text: str) -> ZooEntry:
        """What `find` finds, or the `default` for "".

        Raises:
            ModelError: as these do.
        """
        return self.find(text) if text else self.default()

    def find(self, text: str) -> ZooEntry:
        """The usable entry that a user means: a label, a name, a file name or a path.

        A bare name (`pfld-0.5x`) prefers int8. A path to a file outside the folders is opened.

        Raises:
            ModelError: nothing fits, or what fits cannot be used.
        """
        wanted = text.strip()
        for entry in self.entries:
            if wanted in (entry.label, entry.path.name, entry.path.stem):
                return _usable(entry)
        named = [e for e in self.usable if e.card is not None and e.card.name == wanted]
        if named:
            return min(named, key=lambda e: (e.card is None or e.card.precision != "int8", e.label))
        path = Path(text if Path(text).is_file() else wanted)
        if path.suffix == ".onnx" and path.is_file():
            return _usable(_read(path))
        known = ", ".join(entry.label for entry in self.usable) or "none"
        raise ModelError(f"There is no model {text!r}; choose one of: {known}.")


def _usable(entry: ZooEntry) -> ZooEntry:
    if entry.problem is not None:
        raise ModelError(f"The model {entry.path.name} cannot be used: {entry.problem}.")
    return entry


def _reference() -> ZooEntry:
    from app.vision.mesh_landmarker import CARD, network_file

    path = network_file()
    if path is None:
        problem = "MediaPipe's network is missing; install mediapipe again"
        return ZooEntry(Path(CARD.name), CARD.label, None, problem, 0.0, reference=True)
    return ZooEntry(path, CARD.label, CARD, None, path.stat().st_size / 1e6, reference=True)


def _read(path: Path) -> ZooEntry:
    try:
        megabytes = path.stat().st_size / 1e6
    except OSError as error:  # a link that leads nowhere
        return ZooEntry(path, path.name, None, f"it cannot be opened: {error.strerror}", 0.0)
    found = verdict(path)
    if found.card is None:
        return ZooEntry(path, path.name, None, found.problem, megabytes)
    return ZooEntry(path, found.card.label, found.card, None, megabytes)
