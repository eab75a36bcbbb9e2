"""Image files made byte by byte, with what OpenCV does not write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction

import av
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


def box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + name + body


def hevc(image: np.ndarray) -> tuple[bytes, bytes]:
    """A grey picture (H, W) as one HEVC frame: its `hvcC` and its bytes."""
    encoder = av.CodecContext.create("libx265", "w")
    encoder.height, encoder.width = image.shape
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 25)
    encoder.options = {"x265-params": "log-level=none:keyint=1:qp=4"}
    bgr = np.repeat(image[:, :, None], 3, axis=2)
    frame = av.VideoFrame.from_ndarray(bgr, format="bgr24")
    frame = frame.reformat(format="yuv420p")
    data = b"".join(bytes(p) for p in encoder.encode(frame) + encoder.encode(None))
    units = data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]
    heads = [u for u in units if u[0] >> 1 & 63 in (32, 33, 34)]
    rest = [u for u in units if u[0] >> 1 & 63 < 32]
    config = b"\1\1" + bytes(19) + bytes([3]) + bytes([len(heads)])
    for unit in heads:
        config += struct.pack(">BHH", unit[0] >> 1 & 63, 1, len(unit)) + unit
    return config, b"".join(struct.pack(">I", len(u)) + u for u in rest)


def heic(*tiles: np.ndarray, columns: int = 1, irot: int = 0, imir: int | None = None) -> bytes:
    """A HEIC file of grey tiles (H, W) of one size; one tile is no grid."""
    coded = [hevc(tile) for tile in tiles]
    height, width = tiles[0].shape
    grid = len(tiles) > 1
    rows = len(tiles) // columns
    payload = [data for _, data in coded]
    if grid:
        size = struct.pack(">HH", columns * width, rows * height)
        payload.append(bytes([0, 0, rows - 1, columns - 1]) + size)
    primary = len(payload)
    kinds = [b"hvc1"] * len(tiles) + [b"grid"] * grid
    infe = [
        box(b"infe", struct.pack(">IHH", 2 << 24, n, 0), kind, b"\0")
        for n, kind in enumerate(kinds, start=1)
    ]
    whole = struct.pack(">III", 0, columns * width, rows * height)
    properties = [box(b"ispe", struct.pack(">III", 0, width, height)), box(b"ispe", whole)]
    properties += [box(b"hvcC", config) for config, _ in coded]
    turned = [box(b"irot", bytes([irot]))]
    turned += [] if imir is None else [box(b"imir", bytes([imir]))]
    last = len(properties)
    properties += turned
    ipma = struct.pack(">II", 0, len(kinds))
    for n in range(1, len(kinds) + 1):
        own = [2] if grid and n == primary else [1, 2 + n]
        if n == primary:
            own += [last + 1 + i for i in range(len(turned))]
        ipma += struct.pack(">HB", n, len(own)) + bytes(own)
    iprp = box(b"iprp", box(b"ipco", *properties), box(b"ipma", ipma))
    iref = b""
    if grid:
        ways = struct.pack(f">HH{len(tiles)}H", primary, len(tiles), *range(1, len(tiles) + 1))
        iref = box(b"iref", b"\0" * 4, box(b"dimg", ways))
    start = box(b"ftyp", b"heic", b"\0" * 4, b"mif1heic")

    def meta(first: int) -> bytes:
        iloc = struct.pack(">IHH", 0, 0x4400, len(payload))
        place = first
        for n, data in enumerate(payload, start=1):
            iloc += struct.pack(">HHHII", n, 0, 1, place, len(data))
            place += len(data)
        return box(
            b"meta",
            b"\0" * 4,
            box(b"hdlr", b"\0" * 8 + b"pict" + bytes(13)),
            box(b"pitm", struct.pack(">IH", 0, primary)),
            box(b"iloc", iloc),
            box(b"iinf", struct.pack(">IH", 0, len(kinds)), *infe),
            iref,
            iprp,
        )

    offset = len(start) + len(meta(0)) + 8
    return start + meta(offset) + box(b"mdat", *payload)


def heic_start(brand: bytes = b"heic") -> bytes:
    """The beginning of a HEIC or AVIF file, which is enough to be known."""
    return box(b"ftyp", brand, b"\0" * 4, b"mif1" + brand)
