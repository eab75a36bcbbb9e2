"""What a file holds, by its first bytes: a picture that is read, one that is not, a video.

A name only decides where the first bytes say nothing. The program opens pictures of six kinds and
no others: the libraries would decode many more, by code that nobody looks after any more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Final

IMAGE_SUFFIXES: Final = frozenset(
    {".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".webp", ".tif", ".tiff"}
    | {".heic", ".heif"}
)
"""Endings of the pictures that are read, for dialogs and for files that are damaged."""
VIDEO_SUFFIXES: Final = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts"}
    | {".3gp", ".wmv", ".flv", ".ogv", ".gif"}
)
"""Endings of videos, for playing, labelling and evaluating alike."""

IMAGE_KINDS: Final = "JPEG, PNG, BMP, WebP, TIFF, HEIC"
"""The pictures that are read, in words."""

HEAD_BYTES: Final = 512
"""So many first bytes tell what a file is."""


class Content(Enum):
    """What a file holds."""

    IMAGE = "image"
    """A picture that is read."""
    FOREIGN = "foreign image"
    """A picture of a kind that is not read."""
    VIDEO = "video"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file is.

    Attributes:
        content: in short.
        name: such as `PNG`; "" where only the name of the file tells.
    """

    content: Content
    name: str = ""


# Kind of the picture -> what it begins with.
_READ: Final = (
    ("JPEG", rb"\xff\xd8\xff"),
    ("PNG", rb"\x89PNG\r\n\x1a\n"),
    ("BMP", rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
    ("WebP", rb"RIFF.{4}WEBP"),
    ("TIFF", rb"II\*\0|MM\0\*"),
    ("HEIC", rb".{4}ftyp(hei[cxms]|mif[12]|miaf)"),
)
_FOREIGN: Final = (
    ("raw camera picture", rb"II\*\0.{4}CR|IIRO|IIRS|IIU\0|FUJIFILMCCD-RAW|FOVb|\0MRM"),
    ("BigTIFF", rb"II\+\0|MM\0\+"),
    ("AVIF", rb".{4}ftyp(avif|mif[12].{4}(.{4}){0,8}avif)"),
    ("JPEG 2000", rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    ("JPEG XL", rb"\xff\x0a|\0\0\0\x0cJXL "),
    ("JPEG-LS", rb"\xff\xd8\xff\xf7"),
    ("Sun raster", rb"\x59\xa6\x6a\x95"),
    ("Radiance HDR", rb"#\?(RADIANCE|RGBE)"),
    ("OpenEXR", rb"v/1\x01"),
    ("PNM", rb"P[1-7Ffh][\s#]"),
    ("Photoshop", rb"8BPS"),
    ("PCX", rb"\x0a[\0-\x05]\x01[\x01\x02\x04\x08]"),
    ("DDS", rb"DDS \x7c"),
    ("DPX", rb"SDPX|XPDS"),
    ("SGI", rb"\x01\xda[\0\x01][\x01\x02]"),
    ("QOI", rb"qoif"),
    ("icon", rb"\0\0[\x01\x02]\0[\x01-\xff]\0"),
    ("SVG", rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg"),
    ("XPM", rb"/\* XPM \*/|#define \w+_width "),
)
_VIDEO: Final = (
    ("GIF", rb"GIF8[79]a"),
    ("MP4", rb".{4}(ftyp|moov|mdat|wide|skip|free|pnot)"),
    ("Matroska", rb"\x1a\x45\xdf\xa3"),
    ("AVI", rb"RIFF.{4}AVI "),
    ("MPEG-TS", rb"\x47.{187}\x47|.{4}\x47.{191}\x47"),
    ("MPEG", rb"\0\0\x01[\xb3\xba]"),
    ("Ogg", rb"OggS"),
    ("FLV", rb"FLV\x01"),
    ("ASF", rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
)


@cache
def _table() -> tuple[tuple[Content, str, re.Pattern[bytes]], ...]:
    """Content, name and pattern of each kind; made when it is needed, as a start does not wait."""
    rows = (
        # What JPEG-LS and raw files begin with, plain JPEG and TIFF begin with, too.
        (Content.FOREIGN, _FOREIGN),
        (Content.IMAGE, _READ),
        (Content.VIDEO, _VIDEO),
    )
    return tuple(
        (content, name, re.compile(pattern, re.DOTALL))
        for content, kinds in rows
        for name, pattern in kinds
    )


def kind_of_bytes(start: bytes) -> FileKind | None:
    """What a file is that begins so; None where that does not tell.

    Args:
        start: its first bytes, `HEAD_BYTES` of them where it has so many.
    """
    for content, name, pattern in _table():
        if pattern.match(start):
            return FileKind(content, name)
    return None


def kind_of(path: Path) -> FileKind:
    """What a file is, by its first bytes or else by its ending.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        start = file.read(HEAD_BYTES)
    return kind_of_bytes(start) or _kind_of_name(path)


def is_video(path: Path) -> bool:
    """Whether there is a video at a path; what cannot be read is told when it is opened."""
    return _content(path) is Content.VIDEO


def is_image(path: Path) -> bool:
    """Whether there is a single picture at a path, also of a kind that is not read."""
    return _content(path) in (Content.IMAGE, Content.FOREIGN)


def _content(path: Path) -> Content:
    try:
        return kind_of(path).content if path.is_file() else Content.OTHER
    except OSError:
        return _kind_of_name(path).content


def _kind_of_name(path: Path) -> FileKind:
    suffix = path.suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return FileKind(Content.IMAGE)
    if suffix in VIDEO_SUFFIXES:
        return FileKind(Content.VIDEO)
    return FileKind(Content.OTHER)
