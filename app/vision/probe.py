"""Opens and runs a model file in a process of its own; see `app.vision.trial`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.card import METADATA_KEY, ModelCard
from app.core.errors import ModelError
from app.core.memory import peak_rss_mb
from app.vision.session import check_outputs, first_line, open_bytes
from app.vision.trial import MOST_BYTES, checked_file

_STATUS: Final = Path("/proc/self/status")
_NO_ROOM: Final = ("bad_alloc", "bad allocation", "Failed to allocate", "out of memory")


def probe_model(cpu_s: float, most_bytes: int) -> int:
    """Try the model that comes through the standard input, and print what was found as JSON.

    Args:
        cpu_s: computing time that it may take.
        most_bytes: memory that it may take.

    Returns:
        The exit code, 0 whatever was found.
    """
    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    too_much = f"it needs more than {most_bytes / 1e6:.0f} MB of memory"
    card, problem = None, ""
    before_mb = peak_rss_mb()
    _limit(cpu_s, most_bytes)
    try:
        card = _tried(data)
    except ModelError as error:
        problem = too_much if any(words in str(error) for words in _NO_ROOM) else str(error)
    except MemoryError:
        problem = too_much
    except Exception as error:  # whatever a file brings about is its own fault
        problem = f"it cannot be opened ({type(error).__name__}: {first_line(error)})"
    if not problem and (peak_rss_mb() - before_mb) * 1e6 > most_bytes:  # where no limit holds
        problem = too_much
    text = None if card is None else card.to_metadata()[METADATA_KEY]
    print(json.dumps({"card": text, "problem": problem}))
    return 0


def _tried(data: bytes) -> ModelCard:
    checked_file(data)
    model = open_bytes(data)
    for crop in _crops(model.card):
        try:
            outputs = model.run(crop)
        except ModelError as error:
            reason = error.__cause__ or error
            raise ModelError(f"the network does not run: {first_line(reason)}") from error
        check_outputs(model.card, outputs)
    return model.card


def _crops(card: ModelCard) -> Iterator[npt.NDArray[np.float32]]:
    """Pictures of all kinds as the network gets them: dark, light, noisy, smooth, like a face."""
    side, depth = card.input_size, card.depth
    line = np.linspace(-1.0, 1.0, side)
    y, x = np.meshgrid(line, line, indexing="ij")
    face = np.where((x / 0.7) ** 2 + (y / 0.9) ** 2 < 1, 190.0, 60.0)
    for dark_x, dark_y, wide in ((-0.3, -0.2, 0.12), (0.3, -0.2, 0.12), (0.0, 0.45, 0.2)):
        face[((x - dark_x) / wide) ** 2 + ((y - dark_y) / 0.08) ** 2 < 1] = 40.0
    noise = np.random.default_rng(0).uniform(0, 255, (depth, side, side))
    pictures = [np.zeros((side, side)), np.full((side, side), 255.0), noise, face]
    pictures.append(127.5 + 100 * x * y)
    mean = np.array(card.mean).reshape(-1, 1, 1)
    std = np.array(card.std).reshape(-1, 1, 1)
    for picture in pictures:
        values = np.broadcast_to(picture, (depth, side, side))
        yield ((values - mean) / std)[None].astype(np.float32)


def _limit(cpu_s: float, most_bytes: int) -> None:
    """Let the system end this process where it takes too much; nothing where it cannot."""
    try:
        import resource
    except ImportError:  # Windows
        return
    spent = resource.getrusage(resource.RUSAGE_SELF)
    until_s = int(spent.ru_utime + spent.ru_stime + cpu_s) + 1
    wanted = {resource.RLIMIT_CPU: until_s, resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: 0}
    if (taken := _address_space()) is not None:
        wanted[resource.RLIMIT_AS] = taken + most_bytes
    for what, most in wanted.items():
        try:
            hard = resource.getrlimit(what)[1]
            soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (soft, hard))
        except (OSError, ValueError):  # this system does not have the limit
            continue


def _address_space() -> int | None:
    """Bytes of addresses that this process has taken; None where nobody can tell."""
    if _STATUS.is_file():
        for line in _STATUS.read_text("ascii", "replace").splitlines():
            if line.startswith("VmSize:"):
                return int(line.split()[1]) * 1024
    return None
