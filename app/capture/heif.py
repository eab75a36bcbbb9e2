"""HEIC, the pictures of telephones: single pictures and grids of tiles, coded as HEVC.

FFmpeg's own reader would take one tile of a grid for the whole picture and leave it on its side, so
the container is read here (ISO/IEC 23008-12) and FFmpeg decodes the tiles alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.capture.image_head import BrokenImageError
from app.core.frame import Image

# More than any camera makes; a file that asks for more only wants to keep the reader busy.
_MOST_ITEMS: Final = 4096
_MOST_TILES: Final = 1024
_MOST_PIECES: Final = 64
_LARGE_TILE: Final = 1 << 22
_TRANSFER: Final = {16: "PQ", 18: "HLG"}


@dataclass(slots=True)
class _Item:
    """One thing that a file holds: a picture, a tile, a grid.

    Attributes:
        kind: `hvc1`, `grid` or another.
        pieces: offset and length of its bytes, in the file or in the box `idat`.
        inside: they lie in that box.
        properties: its properties in their order: name and body.
        parts: for a grid, the numbers of its tiles.
    """

    kind: bytes = b""
    pieces: list[tuple[int, int]] = field(default_factory=list)
    inside: bool = False
    properties: list[tuple[bytes, bytes]] = field(default_factory=list)
    parts: list[int] = field(default_factory=list)

    def first(self, name: bytes) -> bytes:
        """The body of a property."""
        for own, body in self.properties:
            if own == name:
                return body
        raise BrokenImageError(f"it lacks {name.decode('ascii', 'replace')}")


class Heif:
    """The first picture of a HEIC file, decoded on request.

    Attributes:
        width, height: before it is turned.
        transfer: `PQ` or `HLG` for an HDR picture, else "".
    """

    def __init__(self, data: bytes) -> None:
        """Read what stands in front of the pixels.

        Raises:
            BrokenImageError: it is damaged, or put together in a way that is not read.
        """
        self._data = data
        try:
            self._items, primary, self._idat = _read(data)
            self._item = self._items[primary]
            self.width, self.height = struct.unpack_from(">II", self._item.first(b"ispe"), 4)
            colour = [b for n, b in self._item.properties if n == b"colr" and b[:4] == b"nclx"]
            self._full_range = bool(colour and colour[0][10] & 0x80)
            code = struct.unpack_from(">H", colour[0], 6)[0] if colour else 0
            self.transfer = _TRANSFER.get(code, "")
        except (struct.error, IndexError, KeyError, StopIteration) as error:
            raise BrokenImageError("it is cut off") from error
        if self._item.kind not in (b"hvc1", b"grid"):
            raise BrokenImageError("it is no HEVC picture")

    def decode(self, *, most_pixels: int) -> Image:
        """The picture, (H, W, 3) uint8 BGR, as its `irot` and `imir` ask.

        Raises:
            BrokenImageError, ValueError: it cannot be decoded.
        """
        try:
            if self._item.kind == b"grid":
                image = self._grid(most_pixels)
            else:
                image = self._tile(self._item, most_pixels)
        except (struct.error, IndexError, KeyError) as error:
            raise BrokenImageError("it is cut off") from error
        image = image[: self.height, : self.width]
        for name, body in self._item.properties:
            if name == b"irot":
                image = np.rot90(image, body[0] & 3)  # anticlockwise, as numpy turns
            elif name == b"imir":
                image = image[:, ::-1] if body[0] & 1 else image[::-1]
        return np.ascontiguousarray(image)

    def _grid(self, most_pixels: int) -> Image:
        head = self._bytes(self._item)
        rows, columns = head[2] + 1, head[3] + 1
        self.width, self.height = struct.unpack_from(">II" if head[1] & 1 else ">HH", head, 4)
        tiles = [self._items[number] for number in self._item.parts]
        if len(tiles) > _MOST_TILES:
            raise BrokenImageError("it has too many tiles")
        if len(tiles) != rows * columns or self.width * self.height > most_pixels:
            raise BrokenImageError("its tiles do not fill it")
        whole = np.zeros((self.height, self.width, 3), np.uint8)
        for number, tile in enumerate(tiles):
            image = self._tile(tile, max(4 * most_pixels // len(tiles), _LARGE_TILE))
            top, left = image.shape[0] * (number // columns), image.shape[1] * (number % columns)
            room = whole[top : top + image.shape[0], left : left + image.shape[1]]
            room[:] = image[: room.shape[0], : room.shape[1]]
        return whole

    def _tile(self, item: _Item, most_pixels: int) -> Image:
        from app._av import av  # only these pictures need it

        if item.kind != b"hvc1":
            raise BrokenImageError("a tile is no HEVC picture")
        decoder: Any = av.CodecContext.create("hevc", "r")
        decoder.extradata = item.first(b"hvcC")
        decoder.options = {"max_pixels": str(most_pixels)}
        decoder.thread_count = 1
        try:
            frames = decoder.decode(av.Packet(self._bytes(item))) + decoder.decode(None)
        except (av.FFmpegError, OSError) as error:
            raise BrokenImageError("it cannot be decoded") from error
        if not frames:
            raise BrokenImageError("a tile holds no picture")
        frame = frames[0]
        if self._full_range:
            frame.color_range = 2
        image: npt.NDArray[Any] = frame.to_ndarray(format="bgr24")
        return np.asarray(image, np.uint8)

    def _bytes(self, item: _Item) -> bytes:
        source = self._idat if item.inside else self._data
        parts = []
        for offset, length in item.pieces:
            part = source[offset : offset + length] if length else source[offset:]
            if len(part) < length:
                raise BrokenImageError("it is cut off")
            parts.append(part)
        return b"".join(parts)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, begin and end of the body of each box between two places."""
    while start + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        stop = end if size == 0 else min(start + size, end)
        if stop < body:
            raise BrokenImageError("its boxes do not fit")
        yield name, body, stop
        start = stop


def _read(data: bytes) -> tuple[dict[int, _Item], int, bytes]:
    """The items of a file, the number of the primary one, and the box `idat`."""
    metas = [(body, end) for name, body, end in _boxes(data, 0, len(data)) if name == b"meta"]
    if not metas:
        raise BrokenImageError("it holds no single picture")
    start, stop = metas[0]
    inner = {name: (body, end) for name, body, end in _boxes(data, start + 4, stop)}
    items: dict[int, _Item] = {}
    _read_kinds(data, *inner[b"iinf"], items)
    _read_places(data, *inner[b"iloc"], items)
    _read_properties(data, *inner[b"iprp"], items)
    if b"iref" in inner:
        _read_parts(data, *inner[b"iref"], items)
    body, _ = inner[b"pitm"]
    (primary,) = struct.unpack_from(">H" if data[body] == 0 else ">I", data, body + 4)
    at, end = inner.get(b"idat", (0, 0))
    return items, primary, data[at:end]


def _read_kinds(data: bytes, start: int, end: int, items: dict[int, _Item]) -> None:
    begin = start + (6 if data[start] == 0 else 8)
    for name, body, _ in _boxes(data, begin, end):
        if name != b"infe" or data[body] < 2:
            continue
        wide = data[body] > 2
        (number,) = struct.unpack_from(">I" if wide else ">H", data, body + 4)
        kind = body + (10 if wide else 8)
        items[number] = _Item(kind=data[kind : kind + 4])
        if len(items) > _MOST_ITEMS:
            raise BrokenImageError("it holds too many things")


def _read_places(data: bytes, start: int, _: int, items: dict[int, _Item]) -> None:
    version, sizes = data[start], struct.unpack_from(">H", data, start + 4)[0]
    widths = [sizes >> 12 & 15, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15 if version else 0]
    place = start + 6

    def number(width: int) -> int:
        nonlocal place
        if place + width > len(data):
            raise BrokenImageError("it is cut off")
        place += width
        return int.from_bytes(data[place - width : place], "big")

    long = 4 if version == 2 else 2
    for _item in range(number(long)):
        own = items.get(number(long), _Item())
        method = number(2) & 15 if version else 0
        if method > 1:
            raise BrokenImageError("its pictures lie in each other")
        own.inside = method == 1
        number(2)
        base = number(widths[2])
        extents = number(2)
        if extents > _MOST_PIECES:
            raise BrokenImageError("its pictures lie in too many pieces")
        for _extent in range(extents):
            number(widths[3])
            offset = number(widths[0])
            own.pieces.append((base + offset, number(widths[1])))


def _read_properties(data: bytes, start: int, end: int, items: dict[int, _Item]) -> None:
    inner = [(name, body, stop) for name, body, stop in _boxes(data, start, end)]
    kept = next((body, stop) for name, body, stop in inner if name == b"ipco")
    properties = [(name, data[body:stop]) for name, body, stop in _boxes(data, *kept)]
    for name, body, _stop in inner:
        if name != b"ipma":
            continue
        version, wide = data[body], data[body + 3] & 1
        (count,) = struct.unpack_from(">I", data, body + 4)
        place = body + 8
        for _item in range(count):
            own = items.get(struct.unpack_from(">I" if version else ">H", data, place)[0], _Item())
            place += 4 if version else 2
            amount = data[place]
            place += 1
            for _property in range(amount):
                if wide:
                    index = struct.unpack_from(">H", data, place)[0] & 0x7FFF
                else:
                    index = data[place] & 0x7F
                place += 2 if wide else 1
                if 0 < index <= len(properties):
                    own.properties.append(properties[index - 1])


def _read_parts(data: bytes, start: int, end: int, items: dict[int, _Item]) -> None:
    form, width = (">I", 4) if data[start] else (">H", 2)
    for name, body, _ in _boxes(data, start + 4, end):
        if name != b"dimg":
            continue
        (owner,) = struct.unpack_from(form, data, body)
        (count,) = struct.unpack_from(">H", data, body + width)
        first = body + width + 2
        parts = [struct.unpack_from(form, data, first + i * width)[0] for i in range(count)]
        if owner in items:
            items[owner].parts = parts
