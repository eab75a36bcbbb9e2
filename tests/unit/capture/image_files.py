"""Image files made byte by byte, with what OpenCV does not write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import cv2
import numpy as np


def exif(orientation: int, *, order: str = "<") -> bytes:
    """A block of EXIF that says nothing but the orientation."""
    start = b"II*\0" if order == "<" else b"MM\0*"
    return start + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def encoded(suffix: str, image: np.ndarray, flags: Sequence[int] = ()) -> bytes:
    ok, data = cv2.imencode(suffix, image, flags)
    assert ok
    return data.tobytes()


def jpeg(image: np.ndarray, block: bytes) -> bytes:
    data = encoded(".jpg", image, (cv2.IMWRITE_JPEG_QUALITY, 98))
    body = b"Exif\0\0" + block
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:]


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png(image: np.ndarray, *chunks: bytes, last: bool = False) -> bytes:
    """A PNG with further chunks in front of its pixels, or behind them."""
    data = encoded(".png", image)
    cut = len(data) - 12 if last else 8 + 25
    return data[:cut] + b"".join(chunks) + data[cut:]


def webp(image: np.ndarray, block: bytes) -> bytes:
    data = encoded(".webp", image, (cv2.IMWRITE_WEBP_QUALITY, 101))
    picture = data[data.index(b"VP8", 12) :]
    if picture.startswith(b"VP8X"):
        picture = picture[18:]
    height, width = image.shape[:2]
    flags = 0x08 | (0x10 if image.ndim == 3 and image.shape[2] == 4 else 0)
    size = struct.pack("<I", width - 1)[:3] + struct.pack("<I", height - 1)[:3]
    body = b"VP8X" + struct.pack("<IB3x", 10, flags) + size + picture
    body += b"EXIF" + struct.pack("<I", len(block)) + block + b"\0" * (len(block) % 2)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def tiff(
    *pages: np.ndarray, order: str = "<", orientation: int = 1, preview: bool = False
) -> bytes:
    """An uncompressed TIFF; `preview` marks its first page as a smaller copy of the second."""
    data = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    for number, page in enumerate(pages):
        height, width = page.shape[:2]
        channels = page.shape[2] if page.ndim == 3 else 1
        colour = page if channels < 3 else page[..., [2, 1, 0, 3][:channels]]
        pixels = np.ascontiguousarray(colour).astype(page.dtype.newbyteorder(order)).tobytes()
        kind = {"u": 1, "i": 2, "f": 3}[page.dtype.kind]
        tags = [
            (254, 4, int(preview and number == 0)),
            (256, 4, width),
            (257, 4, height),
            (259, 3, 1),
            (262, 3, 2 if channels > 2 else 1),
            (274, 3, orientation),
            (277, 3, channels),
            (278, 4, height),
            (279, 4, len(pixels)),
            (284, 3, 1),
        ]
        after = len(data) + 2 + 12 * (len(tags) + 3 + (channels in (2, 4))) + 4
        bits, formats = after, after + 2 * channels
        where = formats + 2 * channels
        size = page.dtype.itemsize * 8
        tags += [(273, 4, where)]
        if channels in (2, 4):
            tags += [(338, 3, 2)]
        rows = [(tag, code, 1, value) for tag, code, value in tags]
        rows += [(258, 3, channels, size if channels == 1 else bits)]
        rows += [(339, 3, channels, kind if channels == 1 else formats)]
        ifd = struct.pack(f"{order}H", len(rows))
        for tag, code, count, value in sorted(rows):
            inline = code == 3 and count == 1
            held = (
                struct.pack(f"{order}HH", value, 0) if inline else struct.pack(f"{order}I", value)
            )
            if code == 3 and count == 2:
                one = size if tag == 258 else kind
                held = struct.pack(f"{order}HH", one, one)
            ifd += struct.pack(f"{order}HHI", tag, code, count) + held
        end = where + len(pixels)
        end += end % 2
        ifd += struct.pack(f"{order}I", end if number < len(pages) - 1 else 0)
        lists = struct.pack(f"{order}{channels}H", *[size] * channels)
        lists += struct.pack(f"{order}{channels}H", *[kind] * channels)
        data = (data + ifd + lists + pixels).ljust(end, b"\0")
    return data


def heic(*, irot: int = 0) -> bytes:
    """The beginning of a HEIC file, which is enough to be known."""
    body = b"heic" + b"\0\0\0\0" + b"mif1heic" + bytes([irot])
    return struct.pack(">I", len(body) + 8) + b"ftyp" + body
