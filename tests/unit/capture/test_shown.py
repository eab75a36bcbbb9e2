"""What the pictures of a file look like: upright, with square pixels, in ordinary colours."""

from __future__ import annotations

import gc
import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from app.capture.clip import ClipSource
from app.core.frame import Image

ONE = 1 << 16
CORNERS = {"red": (0, 0, 220), "green": (0, 200, 0), "blue": (220, 0, 0), "white": (240, 240, 240)}


def quarters(width: int = 64, height: int = 48) -> Image:
    """Red, green / blue, white, in BGR."""
    image = np.zeros((height, width, 3), np.uint8)
    half, middle = height // 2, width // 2
    image[:half, :middle], image[:half, middle:] = CORNERS["red"], CORNERS["green"]
    image[half:, :middle], image[half:, middle:] = CORNERS["blue"], CORNERS["white"]
    return image


def seen(image: npt.NDArray[np.uint8]) -> list[str]:
    """Names of the colours at the four corners, row by row."""
    height, width = image.shape[:2]
    places = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]

    def name(y: int, x: int) -> str:
        colour = image[y, x].astype(int)
        return min(CORNERS, key=lambda n: float(np.abs(colour - CORNERS[n]).sum()))

    return [name(y, x) for y, x in places]


def write(
    path: Path,
    image: Image,
    *,
    pixel: Fraction | None = None,
    coding: str = "yuv420p",
    count: int = 20,
    settings: Callable[[av.VideoCodecContext], None] | None = None,
) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = image.shape[:2]
        stream.pix_fmt = coding
        if pixel is not None:
            stream.codec_context.sample_aspect_ratio = pixel
        if settings is not None:
            settings(stream.codec_context)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def first(path: Path) -> Image:
    with ClipSource(path) as clip:
        frame = clip.read()
        assert frame is not None
        assert (clip.info.width, clip.info.height) == (frame.width, frame.height)
    return frame.image


@pytest.mark.parametrize(
    ("matrix", "meant"),
    [
        ((1, 0, 0, 1), ["red", "green", "blue", "white"]),
        ((-1, 0, 0, 1), ["green", "red", "white", "blue"]),
        ((1, 0, 0, -1), ["blue", "white", "red", "green"]),
        ((-1, 0, 0, -1), ["white", "blue", "green", "red"]),
        ((0, 1, -1, 0), ["blue", "red", "white", "green"]),
        ((0, -1, 1, 0), ["green", "white", "red", "blue"]),
        ((0, 1, 1, 0), ["red", "blue", "green", "white"]),
        ((0, -1, -1, 0), ["white", "green", "blue", "red"]),
        ((0, 0, 0, 0), ["red", "green", "blue", "white"]),
    ],
)
def test_each_of_the_eight_orientations_is_laid_down(
    tmp_path: Path, matrix: tuple[int, int, int, int], meant: list[str]
) -> None:
    """(x, y) of the stored picture goes to (a·x + c·y, b·x + d·y)."""
    path = write(tmp_path / "clip.mp4", quarters())
    a, b, c, d = (ONE * n for n in matrix)
    data = bytearray(path.read_bytes())
    start = data.find(b"tkhd") + 44
    data[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    image = first(path)
    assert image.shape[:2] == ((64, 48) if matrix[1] else (48, 64))
    assert seen(image) == meant


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts"])
@pytest.mark.parametrize(
    ("pixel", "size"), [(Fraction(2), (128, 48)), (Fraction(1, 2), (64, 96)), (None, (64, 48))]
)
def test_pixels_that_are_not_square_are_shown_square(
    tmp_path: Path, name: str, pixel: Fraction | None, size: tuple[int, int]
) -> None:
    image = first(write(tmp_path / name, quarters(), pixel=pixel))
    assert (image.shape[1], image.shape[0]) == size
    assert seen(image) == ["red", "green", "blue", "white"]


def test_a_pixel_that_cannot_be_is_taken_for_a_square_one(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mkv", quarters(), pixel=Fraction(200, 1))
    assert first(path).shape == (48, 64, 3)


def test_light_of_a_wide_range_is_shown_as_ordinary_light(tmp_path: Path) -> None:
    """PQ codes 203 cd/m², white paper, as 0.58; shown as it is it would look grey and dull."""
    paper, dark = np.full((48, 64, 3), 148, np.uint8), np.full((48, 64, 3), 40, np.uint8)

    def hdr(context: av.VideoCodecContext) -> None:
        context.color_trc, context.color_primaries, context.colorspace = 16, 9, 9

    with ClipSource(write(tmp_path / "paper.mkv", paper, settings=hdr)) as clip:
        frame = clip.read()
        notes = clip.info.notes
    assert frame is not None
    assert notes == ("Its pictures are HDR (PQ); they are shown in the range of ordinary screens.",)
    light = float(frame.image.mean())
    assert 175 < light < 215
    assert np.ptp(frame.image.reshape(-1, 3).mean(0)) < 8  # grey stays grey
    assert float(first(write(tmp_path / "dark.mkv", dark, settings=hdr)).mean()) < 40
    assert abs(float(first(write(tmp_path / "plain.mkv", paper)).mean()) - 148) < 3


@pytest.mark.parametrize("coding", ["yuv420p10le", "yuv422p10le", "yuv444p"])
def test_ten_bits_are_shown_in_eight(tmp_path: Path, coding: str) -> None:
    image = first(write(tmp_path / "clip.mkv", quarters(), coding=coding))
    assert seen(image) == ["red", "green", "blue", "white"]
    assert abs(image[36, 48].astype(int) - 240).max() < 6


def two_streams(path: Path, sizes: list[tuple[int, int]], default: int | None = None) -> Path:
    """A clip with several streams, each of one shade: 60, 120, 180."""
    with av.open(str(path), "w") as container:
        streams = []
        for width, height in sizes:
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            streams.append(stream)
        if default is not None:
            for number, stream in enumerate(streams):
                chosen = av.stream.Disposition.default
                stream.disposition = chosen.value if number == default else 0
        for number in range(3):
            for shade, stream in zip((60, 120, 180), streams, strict=False):
                image = np.full((stream.height, stream.width, 3), shade, np.uint8)
                frame = av.VideoFrame.from_ndarray(image, format="bgr24")
                frame.pts = number
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("sizes", "default", "shade", "note"),
    [
        ([(32, 32), (96, 64)], None, 120, "number 2 (96×64)"),
        ([(96, 64), (32, 32)], None, 60, "number 1 (96×64)"),
        ([(96, 64), (64, 48)], 1, 120, "number 2 (64×48)"),
    ],
)
def test_the_stream_that_a_player_chooses_is_shown_and_named(
    tmp_path: Path, sizes: list[tuple[int, int]], default: int | None, shade: int, note: str
) -> None:
    path = two_streams(tmp_path / "clip.mkv", sizes, default)
    with ClipSource(path) as clip:
        frame = clip.read()
        notes = clip.info.notes
    assert frame is not None
    assert abs(float(frame.image.mean()) - shade) < 4
    assert notes == (f"It holds 2 streams of pictures; {note} is shown.",)


def test_pictures_that_were_shown_do_not_stay_in_memory(tmp_path: Path) -> None:
    path = write(tmp_path / "clip.mp4", quarters())
    gc.collect()
    gc.disable()  # what only it can free stays for long

    def alive() -> int:
        return sum(isinstance(thing, av.VideoFrame) for thing in gc.get_objects())

    before = alive()
    try:
        with ClipSource(path) as clip:
            for _ in clip:
                assert alive() - before <= 8
    finally:
        gc.enable()
