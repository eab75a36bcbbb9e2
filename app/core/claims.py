"""Keeps two programs from writing one file at the same time.

A claim is a lock that the system holds on a small hidden file beside the output. It ends with the
program, however that ends, so what a killed one leaves behind blocks nobody.
"""

from __future__ import annotations

import errno
import hashlib
import os
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.core.errors import OutputError

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


_NO_LOCKS: Final = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})
"""Some network file systems know no locks: there nothing keeps two programs apart."""
_PAUSE_S: Final = 0.02


class Claims:
    """Outputs that nobody else may write, for use in a `with` statement.

    One program may claim a file several times, such as for a whole run and for each writing.
    Pipes and devices take whatever comes and are not claimed.

    Args:
        paths: files, or folders whose contents are written; their own folders exist.
        patience_s: how long to wait for others that write one of them.
    """

    def __init__(self, paths: Iterable[Path], *, patience_s: float = 0.0) -> None:
        self._paths = tuple(paths)
        self._patience_s = patience_s
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Claim all of them, or none.

        Raises:
            OutputError: another program writes one of them.
        """
        end_s = time.monotonic() + self._patience_s
        with ExitStack() as stack:
            for path in self._paths:
                if path.exists() and not path.is_file() and not path.is_dir():
                    continue
                lock = lock_file(path)
                while not _claim(lock, path):
                    if time.monotonic() >= end_s:
                        raise OutputError(
                            f"{path} is being written by another program: wait for it, or choose "
                            "another name."
                        )
                    time.sleep(_PAUSE_S)
                stack.callback(_release, lock)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()


def is_claimed(path: Path) -> bool:
    """Whether this program or another one is about to write a file."""
    lock = lock_file(path)
    if lock in _held:
        return True
    if not lock.exists():
        return False
    try:
        with Claims((path,)):
            return False
    except OutputError:
        return True


def remove_locks() -> None:
    """Tidy up before the process is left at once; takes no lock, as a signal may come anywhere."""
    for lock in list(_held):
        with suppress(OSError):
            lock.unlink(missing_ok=True)


def lock_file(path: Path) -> Path:
    """The hidden file beside an output whose lock is the claim; in a folder that is the output."""
    real = Path(os.path.realpath(path))
    name = hashlib.sha256(os.fsencode(real.name)).hexdigest()[:16]
    return (real if real.is_dir() else real.parent) / f".pfld-live-{name}.lock"


_held: dict[Path, tuple[int | None, int]] = {}
"""Lock file -> its descriptor, None where nothing can be locked, and how often it is claimed."""
_guard = threading.Lock()


def _claim(lock: Path, path: Path) -> bool:
    """Claim once more; False if another program has it."""
    with _guard:
        descriptor, times = _held.get(lock, (None, 0))
        if not times:
            try:
                descriptor = _locked(lock)
                if descriptor is None and path.is_file():  # a folder that takes no new files
                    descriptor = _locked(path, make=False)
            except BlockingIOError:
                return False
        _held[lock] = descriptor, times + 1
    return True


def _release(lock: Path) -> None:
    with _guard:
        descriptor, times = _held[lock]
        if times > 1:
            _held[lock] = descriptor, times - 1
            return
        del _held[lock]
        if descriptor is None:
            return
        if sys.platform == "win32":  # deletes no file that is open
            os.close(descriptor)
        with suppress(OSError):
            lock.unlink(missing_ok=True)
        if sys.platform != "win32":
            os.close(descriptor)


def _locked(path: Path, *, make: bool = True) -> int | None:
    """A descriptor of the locked file, or None where it can be neither made nor locked.

    Raises:
        BlockingIOError: another program holds the lock.
    """
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    while True:
        try:
            descriptor = os.open(path, flags | (os.O_CREAT if make else 0), 0o666)
        except OSError:
            return None
        try:
            _lock(descriptor)
            # Whoever had it may have removed it just now.
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        except OSError as error:
            os.close(descriptor)
            if error.errno in _NO_LOCKS:
                return None
            raise BlockingIOError(errno.EAGAIN, "locked by another program") from error
        os.close(descriptor)
