"""Tries model files that nobody knows in a process of their own, and remembers what came out.

A file may hold a loop without end, ask for all the memory there is or make onnxruntime crash.
So a file that did not come with the program is opened and run elsewhere first, with limits of
time and memory. What was found is kept under the hash of its contents: a start opens no file
that it knows.

Where the system cannot limit the memory of a process (Windows), the time alone is limited.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from app import __version__
from app.core.card import METADATA_KEY, ModelCard
from app.core.errors import ModelError, OutputError
from app.core.files import write_text
from app.core.resources import models_folder, user_cache_folder
from app.core.untrusted import UnusableError, parse_json, read_bytes, read_json
from app.vision.onnx_file import NO_MODEL, OnnxFile

MOST_BYTES: Final = 512 * 2**20
"""Largest model file; the largest of the program has 17 MB."""
MOST_CPU_S: Final = 6.0
"""Computing time to open a file and run it nine times; the slowest of the program takes 1."""
MOST_WALL_S: Final = 20.0 if sys.platform == "win32" else 90.0
"""Time on the wall for the same. Where the system limits computing this is only for what waits:
on a machine that is busy with other work the start of a process alone may take long."""
SPARE_BYTES: Final = 2**30
TIMES_FILE: Final = 8
"""A network may take so much memory and so many times its file."""

_RULES: Final = 1
"""Changes with what is asked of a model: what was found by other rules is found anew."""
_MOST_KEPT: Final = 500
_MOST_SAID: Final = 2**20
_SMALL_BYTES: Final = 8 * 2**20
"""Of so small a file the card is read here: no trial is needed to say that it is wrong."""
_TIME: Final = "it takes too long to open and run"

_CRASHES: Final = ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGSYS")

_children: set[subprocess.Popen[bytes]] = set()
_found: dict[str, Verdict] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of the contents of a file.

    Attributes:
        card: None where it cannot be used.
        problem: why, without a full stop; "" where it can.
    """

    card: ModelCard | None
    problem: str = ""

    def checked(self) -> ModelCard:
        """The card.

        Raises:
            ModelError: the file cannot be used.
        """
        if self.card is None:
            raise ModelError(self.problem)
        return self.card


def came_with_the_program(path: Path) -> bool:
    """Whether a file lies in the program's own folder of models, and is trusted as its code is."""
    return path.resolve().parent == models_folder().resolve()


def read_model(path: Path) -> bytes:
    """The contents of a model file.

    Raises:
        ModelError: it cannot be read.
    """
    try:
        return read_bytes(path, most=MOST_BYTES)
    except FileNotFoundError as error:
        raise ModelError(
            f"There is no model file {path}; choose one that `pfld-live models` lists."
        ) from error
    except OSError as error:
        raise ModelError(f"it cannot be opened: {error.strerror}") from error
    except UnusableError as error:
        raise ModelError(str(error)) from error


def is_known(path: Path) -> bool:
    """Whether `verdict` answers at once for a file."""
    if came_with_the_program(path):
        return True
    try:
        return _known(_key(read_model(path))) is not None
    except ModelError:
        return True


def verdict(path: Path) -> Verdict:
    """What is known of a file; tries it where nothing is, which takes up to `MOST_WALL_S`."""
    try:
        data = read_model(path)
    except ModelError as error:
        return Verdict(None, str(error))
    if not came_with_the_program(path):
        return try_model(data)
    key = _key(data)
    if (found := _known(key)) is not None:
        return found
    del data
    # onnxruntime takes a while to import; whoever knows all files does not pay for it.
    from app.vision.session import check_model

    try:
        found = Verdict(check_model(path))
    except ModelError as error:
        return Verdict(None, str(error))
    _remember(key, found)
    return found


def try_model(data: bytes) -> Verdict:
    """What is known of the contents of a file that did not come with the program."""
    key = _key(data)
    if (found := _known(key)) is not None:
        return found
    if len(data) <= _SMALL_BYTES:
        try:
            ModelCard.from_metadata(checked_file(data).metadata)
        except ModelError as error:
            return Verdict(None, str(error))
    found, certain = _tried(data)
    if certain:
        _remember(key, found)
    return found


def stop_trials() -> None:
    """Break off the trials that are on their way; nothing is remembered of them."""
    for child in tuple(_children):
        child.kill()


def checked_file(data: bytes) -> OnnxFile:
    """The contents of a file that is a model and nothing but itself.

    Raises:
        ModelError: it is none, or wants to read other files.
    """
    try:
        file = OnnxFile.parse(data)
    except ModelError as error:
        raise ModelError(f"onnxruntime refuses the file: {NO_MODEL}") from error
    if file.reads_other_files:
        raise ModelError(
            "its weights lie in other files, which may be any file of this computer; "
            "save the model as one file"
        )
    return file


def _tried(data: bytes) -> tuple[Verdict, bool]:
    """What came out of a trial, and whether it would come out again."""
    most_bytes = SPARE_BYTES + TIMES_FILE * len(data)
    command = [*_program(), "model-probe", str(MOST_CPU_S), str(most_bytes)]
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
    except OSError as error:
        return Verdict(None, f"it cannot be tried: {error.strerror}"), False
    _children.add(child)
    try:
        with child:
            try:
                said_bytes, _ = child.communicate(data, timeout=MOST_WALL_S)
            except subprocess.TimeoutExpired:
                # A busy machine may be to blame where computing time has a limit of its own.
                return Verdict(None, _TIME), not _limits_computing()
            finally:
                child.kill()
    finally:
        _children.discard(child)
    with contextlib.suppress(UnusableError, KeyError, TypeError, ModelError, ValueError):
        said = parse_json(said_bytes[:_MOST_SAID].decode("utf-8"))
        if said["problem"]:
            return Verdict(None, str(said["problem"])), True
        return Verdict(ModelCard.from_metadata({METADATA_KEY: said["card"]})), True
    if child.returncode == -_signal("SIGXCPU"):
        return Verdict(None, _TIME), True
    # From 0xC0000000 on is how Windows says the same.
    if -child.returncode in map(_signal, _CRASHES) or child.returncode >= 0xC0000000:
        return Verdict(None, "it makes onnxruntime crash"), True
    if child.returncode < 0:
        return Verdict(None, "its trial was broken off, perhaps for want of memory"), False
    return Verdict(None, "it cannot be tried: the program does not start a second time"), False


def _program() -> list[str]:
    # A desktop bundle is its own interpreter and knows no -m. Safe path: the folder that the user
    # is in may hold anything.
    frozen = getattr(sys, "frozen", False)
    return [sys.executable] if frozen else [sys.executable, "-P", "-m", "app"]


def _environment() -> dict[str, str]:
    environment = dict(os.environ)
    if not getattr(sys, "frozen", False):
        root = str(Path(__file__).resolve().parents[2])
        known = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = root if not known else root + os.pathsep + known
    environment["OMP_NUM_THREADS"] = environment["OPENBLAS_NUM_THREADS"] = "1"
    return environment


def _limits_computing() -> bool:
    return sys.platform != "win32"


def _signal(name: str) -> int:
    """Number of a signal; one that none has where the system lacks it."""
    return int(getattr(signal, name, 10**6))


def _key(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _known(key: str) -> Verdict | None:
    with _lock:
        if (found := _found.get(key)) is not None:
            return found
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, ModelError, RuntimeError):
        values = read_json(_place(key))
        found = Verdict(None, str(values["problem"]))
        if not found.problem:
            found = Verdict(ModelCard.from_metadata({METADATA_KEY: values["card"]}))
        with _lock:
            _found[key] = found
        return found
    return None


def _remember(key: str, found: Verdict) -> None:
    with _lock:
        _found[key] = found
    card = None if found.card is None else found.card.to_metadata()[METADATA_KEY]
    # Without a place to keep it the file is tried again next time.
    with contextlib.suppress(OSError, OutputError, RuntimeError):
        place = _place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        write_text(place, json.dumps({"card": card, "problem": found.problem}) + "\n")
        for old in _oldest(place.parent):
            old.unlink(missing_ok=True)


def _oldest(folder: Path) -> Iterator[Path]:
    kept = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    yield from kept[: max(len(kept) - _MOST_KEPT, 0)]


def _place(key: str) -> Path:
    return user_cache_folder() / "models" / f"{key}-{__version__}-{_RULES}.json"
