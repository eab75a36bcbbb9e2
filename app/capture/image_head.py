"""What a picture says of itself before anybody decodes it: size, way up, pages, brightness."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MOST_PAGES: Final = 10_000
_PROFILE_BYTES: Final = 1 << 20
_ORIENTATION: Final = 274
_WHOLE_NUMBERS: Final = {1: "B", 3: "H", 4: "I"}
"""Types of TIFF values that are whole numbers, as `struct` calls them."""


class BrokenImageError(Exception):
    """The first bytes promise a picture that the others do not keep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageHead:
    """What stands in front of the pixels.

    Attributes:
        width, height: as stored, before it is turned.
        pixel_bytes: that one decoded pixel takes.
        orientation: 1 to 8 as in EXIF; 1 is upright.
        pages: pictures in the file, of which the decoder gives the first.
        moving: these are the pictures of an animation, no pages.
        preview: only a smaller copy of the picture can be decoded.
        transfer: `PQ` or `HLG` where the values are those of an HDR screen, else "".
        data: the file with its orientation taken out where the decoder would act on it, and its
            first page first.
    """

    width: int
    height: int
    pixel_bytes: int = 3
    orientation: int = 1
    pages: int = 1
    moving: bool = False
    preview: bool = False
    transfer: str = ""
    data: bytes


def read_head(name: str, data: bytes) -> ImageHead:
    """What a picture says of itself.

    Args:
        name: its kind: JPEG, PNG, BMP, WebP or TIFF.
        data: the whole file.

    Raises:
        BrokenImageError: it is cut off or contradicts itself.
    """
    readers = {"JPEG": _jpeg, "PNG": _png, "BMP": _bmp, "WebP": _webp, "TIFF": _tiff}
    try:
        head = readers[name](data)
    except (struct.error, IndexError, OverflowError) as error:
        raise BrokenImageError("it is cut off") from error
    if head.width < 1 or head.height < 1:
        raise BrokenImageError("it has no pixels")
    return head


def _jpeg(data: bytes) -> ImageHead:
    orientation, profile, place = 1, b"", 2
    while True:
        while data[place] == 0xFF:  # any number of these may stand before a marker
            place += 1
        marker = data[place]
        (length,) = struct.unpack_from(">H", data, place + 1)
        body = data[place + 3 : place + 1 + length]
        if marker == 0xE1 and body.startswith(b"Exif\0\0"):
            orientation = _exif_orientation(body[6:])
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
            profile += body[14:]
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", body, 1)
            return ImageHead(
                width=width,
                height=height,
                orientation=orientation,
                transfer=_profile_transfer(profile),
                data=data,
            )
        elif marker in (0xD9, 0xDA):
            raise BrokenImageError("it says nothing of its size")
        place += 1 + length
        if length < 2 or data[place] != 0xFF:
            raise BrokenImageError("its parts do not join")


def _png(data: bytes) -> ImageHead:
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    orientation, frames, transfer = 1, 1, ""
    for name, body in _png_chunks(data):
        if name == b"eXIf":
            orientation = _exif_orientation(body)
        elif name == b"acTL":
            frames = max(struct.unpack_from(">I", body)[0], 1)
        elif name == b"cICP" and len(body) > 1:
            transfer = {16: "PQ", 18: "HLG"}.get(body[1], transfer)
        elif name == b"iCCP" and not transfer:
            packed = body.partition(b"\0")[2][1:]
            try:
                profile = zlib.decompressobj().decompress(packed, _PROFILE_BYTES)
            except zlib.error:
                continue
            transfer = _profile_transfer(profile)
    channels = {0: 1, 2: 3, 3: 4, 4: 4, 6: 4}.get(colour, 4)
    return ImageHead(
        width=width,
        height=height,
        pixel_bytes=channels * (2 if depth == 16 else 1),
        orientation=orientation,
        pages=frames,
        moving=frames > 1,
        transfer=transfer,
        data=data,
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, place)
        yield name, data[place + 8 : place + 8 + min(length, _PROFILE_BYTES)]
        place += 12 + length


def _bmp(data: bytes) -> ImageHead:
    (size,) = struct.unpack_from("<I", data, 14)
    if size == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return ImageHead(width=width, height=abs(height), pixel_bytes=4, data=data)


def _webp(data: bytes) -> ImageHead:
    width = height = frames = 0
    orientation, profile, place = 1, b"", 12
    while place + 8 <= len(data):
        name, length = struct.unpack_from("<4sI", data, place)
        start = place + 8
        if name == b"VP8X":
            width, height = (_three(data, start + 4) + 1, _three(data, start + 7) + 1)
        elif name == b"VP8 " and not width:
            width, height = (v & 0x3FFF for v in struct.unpack_from("<HH", data, start + 6))
        elif name == b"VP8L" and not width:
            (bits,) = struct.unpack_from("<I", data, start + 1)
            width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        elif name == b"ANMF":
            frames += 1
        elif name == b"EXIF":
            body = data[start : start + length]
            orientation = _exif_orientation(body.removeprefix(b"Exif\0\0"))
        elif name == b"ICCP":
            profile = data[start : start + min(length, _PROFILE_BYTES)]
        place = start + length + length % 2
    return ImageHead(
        width=width,
        height=height,
        pixel_bytes=4,
        orientation=orientation,
        pages=max(frames, 1),
        moving=frames > 1,
        transfer=_profile_transfer(profile),
        data=data,
    )


def _three(data: bytes, place: int) -> int:
    low, high = struct.unpack_from("<HB", data, place)
    return int(low | high << 16)


def _tiff(data: bytes) -> ImageHead:
    order = "<" if data[:2] == b"II" else ">"
    (offset,) = struct.unpack_from(f"{order}I", data, 4)
    pages: list[tuple[int, _Tags]] = []
    seen: set[int] = set()
    while offset and offset not in seen and len(pages) < _MOST_PAGES:
        seen.add(offset)
        try:
            tags = _tags(data, offset, order)
        except struct.error:
            if not pages:
                raise
            break
        pages.append((offset, tags))
        offset = tags.following
    if not pages:
        raise BrokenImageError("it holds no picture")
    whole = [page for page in pages if not page[1].first(254, 0) & 1]  # not a smaller copy
    place, tags = (whole or pages)[0]
    orientation = tags.first(_ORIENTATION, 1)
    changed = bytearray(data)
    struct.pack_into(f"{order}I", changed, 4, place)
    if _ORIENTATION in tags.places:  # what the decoder does with it depends on the kind of pixels
        kind, at = tags.places[_ORIENTATION]
        struct.pack_into(order + _WHOLE_NUMBERS[kind], changed, at, 1)
    channels = 4 if tags.first(277, 1) > 1 or tags.first(262, 1) in (3, 6) else 1
    return ImageHead(
        width=tags.first(256, 0),
        height=tags.first(257, 0),
        pixel_bytes=channels * max(-(-tags.first(258, 1) // 8), 1),
        orientation=orientation if 1 <= orientation <= 8 else 1,
        pages=max(len(whole), 1),
        preview=not whole,
        data=bytes(changed),
    )


@dataclass(frozen=True, slots=True)
class _Tags:
    """The tags of one page.

    Attributes:
        values: tag -> its first value, where that is a whole number.
        places: tag -> its type and where its value stands.
        following: where the next page begins, or 0.
    """

    values: dict[int, int]
    places: dict[int, tuple[int, int]]
    following: int

    def first(self, tag: int, missing: int) -> int:
        """The first value of a tag."""
        return self.values.get(tag, missing)


def _tags(data: bytes, offset: int, order: str) -> _Tags:
    (count,) = struct.unpack_from(f"{order}H", data, offset)
    values, places = {}, {}
    for place in range(offset + 2, offset + 2 + 12 * count, 12):
        tag, kind, amount = struct.unpack_from(f"{order}HHI", data, place)
        if kind not in _WHOLE_NUMBERS or not amount:
            continue
        number = order + _WHOLE_NUMBERS[kind]
        at = place + 8
        if struct.calcsize(number) * amount > 4:
            (at,) = struct.unpack_from(f"{order}I", data, at)
        try:
            (values[tag],) = struct.unpack_from(number, data, at)
        except struct.error:
            continue
        places[tag] = kind, at
    (following,) = struct.unpack_from(f"{order}I", data, offset + 2 + 12 * count)
    return _Tags(values, places, following)


def _exif_orientation(exif: bytes) -> int:
    """The orientation in a block of EXIF, which is a small TIFF; 1 where it does not say."""
    if exif[:4] not in (b"II*\0", b"MM\0*"):
        return 1
    order = "<" if exif[:2] == b"II" else ">"
    try:
        (offset,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, offset)
        for place in range(offset + 2, offset + 2 + 12 * count, 12):
            tag, kind = struct.unpack_from(f"{order}HH", exif, place)
            if tag == _ORIENTATION:
                number = order + _WHOLE_NUMBERS.get(kind, "H")
                (value,) = struct.unpack_from(number, exif, place + 8)
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def _profile_transfer(profile: bytes) -> str:
    """Which curve of HDR screens a colour profile asks for."""
    at = profile.find(b"cicp\0\0\0\0")  # its own tag, since ICC 4.4
    if at >= 0 and len(profile) > at + 9:
        code = profile[at + 9]
        if code in (16, 18):
            return "PQ" if code == 16 else "HLG"
    text = profile.replace(b"\0", b"")  # names may be in UTF-16
    if b"2100" in text:
        return "PQ" if b"PQ" in text else "HLG" if b"HLG" in text else ""
    return ""
