"""A folder of clips as independent jobs whose results are kept, so that a stopped run goes on."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from multiprocessing import connection
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from app import __version__
from app.core.errors import PfldLiveError
from app.evaluate.clip import LabelledClip
from app.evaluate.find import open_labelled_clip
from app.evaluate.results import ClipResult, load_result, save_result
from app.evaluate.run import EvaluationSettings, Progress, evaluate_clip
from app.vision.zoo import ZooEntry

_CHECK_S: Final = 0.2
_PATIENCE_S: Final = 0.8
"""Time that a process has for its present frame or the start of a model when it is to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One clip to evaluate.

    Attributes:
        place: see `app.evaluate.find.open_labelled_clip`.
        models: to run over it.
        settings: how.
        kept: file of the result, or None where it is not kept.
    """

    place: Path
    models: tuple[ZooEntry, ...]
    settings: EvaluationSettings
    kept: Path | None = None

    @property
    def key(self) -> str:
        """Text that changes with everything that decides about the result but the files' times."""
        how = {
            "program": __version__,
            "place": str(self.place.resolve()),
            "models": [(entry.label, str(entry.path.resolve())) for entry in self.models],
            "settings": asdict(self.settings),
        }
        return json.dumps(how, sort_keys=True)


def make_jobs(
    places: Sequence[Path],
    models: Sequence[ZooEntry],
    settings: EvaluationSettings,
    folder: Path | None,
) -> list[Job]:
    """One job per clip; `folder` is where results are kept."""
    return [
        Job(
            place=place,
            models=tuple(models),
            settings=settings,
            kept=None if folder is None else folder / f"{place.name}.npz",
        )
        for place in places
    ]


def run_job(job: Job, on_progress: Progress | None = None) -> tuple[ClipResult, bool]:
    """The result of a job, and whether it was already there.

    A kept result is used if it was made in the same way and is newer than the clip, the labels
    and the models.

    Raises:
        PfldLiveError: the clip, its labels, a model or the detector cannot be used.
    """
    clip = open_labelled_clip(job.place)
    if job.kept is not None and _is_newer(job.kept, clip, job.models):
        kept = load_result(job.kept, job.key)
        if kept is not None:
            return kept, True
    result = evaluate_clip(clip, job.models, job.settings, on_progress=on_progress)
    if job.kept is not None:
        save_result(job.kept, result, job.key)
    return result, False


def run_jobs(
    jobs: Sequence[Job],
    *,
    workers: int,
    on_done: Callable[[int, bool], None],
    check: Callable[[], None] = lambda: None,
) -> list[ClipResult]:
    """All results in the order of the jobs, from several processes.

    Args:
        jobs: the clips; each has a file for its result, which is how it gets from one process
            to another.
        workers: processes at a time, at least 1.
        on_done: told the number of finished jobs, and whether the last one was already there.
        check: called a few times a second; what it raises ends the work.

    Raises:
        PfldLiveError: a job failed, or somebody ended one of the processes; those that had started
            are broken off, what is finished is kept.
    """
    if any(job.kept is None for job in jobs):
        raise ValueError("jobs for several processes need files for their results")
    done = 0
    # Not forked: the libraries that decode and infer have threads of their own.
    context = multiprocessing.get_context("spawn")
    told, telling = context.Pipe(duplex=False)
    with (
        told,
        telling,
        ProcessPoolExecutor(
            min(workers, len(jobs)), mp_context=context, initializer=_begin, initargs=(told,)
        ) as pool,
    ):
        left = {pool.submit(_work, job) for job in jobs}
        try:
            while left:
                finished, left = wait(left, timeout=_CHECK_S, return_when=FIRST_COMPLETED)
                for future in finished:
                    try:
                        already = future.result()
                    except BrokenProcessPool as error:
                        raise PfldLiveError(
                            "One of the processes was ended from outside, perhaps because memory "
                            f"ran out: {done} of {len(jobs)} clips are finished and kept; call the "
                            "same command again for the others, maybe with fewer --jobs."
                        ) from error
                    done += 1
                    on_done(done, already)
                check()
        except BaseException:
            telling.close()
            raise
        finally:
            for future in left:
                future.cancel()
    return [run_job(job)[0] for job in jobs]


class _BrokenOffError(Exception):
    """The process that asked for a job does not want its result any more."""


_stop = threading.Event()


def _begin(ending: Connection) -> None:
    """Prepare a process for its jobs: its parent alone decides when they end."""
    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", None)):
        if number is not None:
            signal.signal(number, signal.SIG_IGN)
    threading.Thread(target=_end_when_told, args=(ending,), name="end-watch", daemon=True).start()


def _end_when_told(ending: Connection) -> None:
    """End when the other end of a pipe is closed, also by the death of the parent.

    Not an event of multiprocessing: setting one waits for ever for a process that was killed.
    """
    connection.wait([ending])
    _stop.set()
    # What a library does at its start cannot be broken off otherwise.
    time.sleep(_PATIENCE_S)
    os._exit(1)


def _work(job: Job) -> bool:
    """Do a job in another process; whether its result was already there."""
    return run_job(job, _watch)[1]


def _watch(done: int, total: int) -> None:  # noqa: ARG001
    if _stop.is_set():
        raise _BrokenOffError


def _is_newer(kept: Path, clip: LabelledClip, models: Sequence[ZooEntry]) -> bool:
    sources = [*clip.label_files, *(entry.path for entry in models)]
    sources += clip.images or (clip.media,)
    try:
        made = kept.stat().st_mtime_ns
        return all(path.stat().st_mtime_ns < made for path in sources)
    except OSError:
        return False
