"""Clips whose pictures say their own number, so that none can be taken for another."""

from __future__ import annotations

import random
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT, BITS = 256, 64, 8

_HEAD = {".mp4": 4, ".mkv": 11}


def picture(number: int) -> npt.NDArray[np.uint8]:
    """(64, 256, 3) BGR: eight bars, light where the number has a 1; noise at the upper edge."""
    image = np.full((HEIGHT, WIDTH, 3), 60, np.uint8)
    for bit in range(BITS):
        image[:, bit * 32 + 4 : bit * 32 + 28] = 200 if number >> bit & 1 else 20
    image[:8] = np.random.default_rng(number).integers(0, 255, (8, WIDTH, 3))
    return image


def number_of(image: npt.NDArray[np.uint8]) -> int:
    """What a picture says."""
    bars = [image[20:56, bit * 32 + 8 : bit * 32 + 24].mean() for bit in range(BITS)]
    return sum(1 << bit for bit, light in enumerate(bars) if light > 110)


def write_clip(
    path: Path,
    *,
    codec: str = "libx264",
    numbers: range = range(60),
    gop: int = 12,
    b_frames: int = 2,
    first_pts: int = 0,
    format_name: str | None = None,
) -> Path:
    """Write a clip of 25 pictures per second."""
    options = {"movflags": "+faststart"} if path.suffix == ".mp4" else {}
    with av.open(str(path), "w", format=format_name, options=options) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.bit_rate = 2_000_000
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = b_frames
        for place, number in enumerate(numbers):
            frame = av.VideoFrame.from_ndarray(picture(number), format="bgr24")
            frame.pts = place + first_pts
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def damage(path: Path, packets: tuple[int, ...], *, noise: bool = False) -> Path:
    """Overwrite what some packets hold, behind the header that the container gives them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        found = [(p.pos, p.size) for p in container.demux(stream) if p.size]
    data, chance = bytearray(path.read_bytes()), random.Random(3)
    for number in packets:
        start, size = found[number]
        assert start is not None
        first, last = start + _HEAD.get(path.suffix, 8), start + size
        data[first:last] = chance.randbytes(last - first) if noise else bytes(last - first)
    path.write_bytes(data)
    return path
