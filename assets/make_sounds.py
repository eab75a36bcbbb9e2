"""Makes the sounds of the alarm: `python assets/make_sounds.py`. Always the same bytes."""

from __future__ import annotations

import argparse
import io
import wave
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

RATE: Final = 22_050

Wave = npt.NDArray[np.float64]


def tone(frequency: float, seconds: float) -> Wave:
    """A soft square wave: the first odd harmonics, heard over a running car."""
    t = np.arange(round(seconds * RATE)) / RATE
    wave_ = sum(np.sin(2 * np.pi * k * frequency * t) / k for k in (1, 3, 5))
    edge = np.minimum(1.0, np.minimum(t, t[::-1]) / 0.008)  # without clicks
    return np.asarray(wave_ * edge)


def bell(frequency: float, seconds: float) -> Wave:
    """A tone that dies away."""
    t = np.arange(round(seconds * RATE)) / RATE
    ring = np.sin(2 * np.pi * frequency * t) + 0.3 * np.sin(4 * np.pi * frequency * t)
    return np.asarray(ring * np.exp(-5 * t / seconds) * np.minimum(1.0, t / 0.005))


def silence(seconds: float) -> Wave:
    """Nothing."""
    return np.zeros(round(seconds * RATE))


SOUNDS: Final = {
    # Two tones in turn, 0.6 s: about the pitches of a vehicle's warning (880 and 1175 Hz).
    "alarm.wav": (tone(880, 0.13), silence(0.03), tone(1175, 0.13), silence(0.31)),
    # "You may open your eyes": a rising third.
    "done.wav": (bell(784, 0.18), bell(988, 0.42)),
}


def as_wav(parts: tuple[Wave, ...]) -> bytes:
    """One channel of 16 bit, at nine tenths of the full level."""
    samples = np.concatenate(parts)
    samples = np.round(samples / np.abs(samples).max() * 0.9 * 32767).astype("<i2")
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(__file__).parent, help="where to")
    folder = parser.parse_args().folder
    for name, parts in SOUNDS.items():
        (folder / name).write_bytes(as_wav(parts))


if __name__ == "__main__":
    main()
