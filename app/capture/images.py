"""Single images and folders of images."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app._opencv import cv2
from app.capture.folder import folder_of_images
from app.capture.heif import Heif
from app.capture.image_head import BrokenImageError, ImageHead, read_head
from app.capture.kinds import (
    HEAD_BYTES,
    IMAGE_KINDS,
    IMAGE_SUFFIXES,
    Content,
    kind_of_bytes,
)
from app.capture.pixels import scaled_to_bytes, to_bgr
from app.capture.playback import Picture, PlayedSource
from app.capture.source import IMAGES_PER_SECOND, Pace, SourceInfo
from app.core.errors import SourceError
from app.core.frame import Image
from app.core.native_noise import native_stderr_silenced

MOST_PIXELS: Final = 134_000_000
"""Largest picture that is decoded: a common telephone takes up to 108 million."""
MOST_BYTES: Final = 1 << 30
"""Largest file that is read, and most memory that decoded pixels may take."""

_CHOOSE: Final = "; choose another file."


@dataclass(frozen=True, eq=False, slots=True)
class ReadImage:
    """A picture that was read.

    Attributes:
        image: (H, W, 3) uint8 BGR, the right way up.
        notes: a sentence for each thing that the picture holds and that is not shown.
    """

    image: Image
    notes: tuple[str, ...] = ()


def load_image(path: Path) -> Image:
    """The pixels of `read_image`.

    Raises:
        SourceError: see there.
    """
    return read_image(path).image


def read_image(path: Path) -> ReadImage:
    """Read an image file as (H, W, 3) uint8 BGR, turned as its EXIF orientation asks.

    Only pictures whose first bytes are those of a kind in
    `app.capture.kinds.IMAGE_KINDS` reach a decoder,
    whatever their names, and only after their size is known. Grey, 16-bit and transparent images
    become plain BGR as `app.capture.pixels` says. The file may have any name that the system
    allows, also where OpenCV itself cannot open such names.

    Raises:
        SourceError: the file is missing, empty, too large or no image that can be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(HEAD_BYTES)
            kind = kind_of_bytes(start)
            if not start:
                raise SourceError(f"{path.name} is empty{_CHOOSE}")
            if kind is None or kind.content not in (Content.IMAGE, Content.FOREIGN):
                raise _refusal(path)
            if kind.content is Content.FOREIGN:
                raise SourceError(
                    f"{path.name} is a picture of the kind {kind.name}, which is not read; save it "
                    f"as one of {IMAGE_KINDS}."
                )
            data = start + file.read(MOST_BYTES)
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise SourceError(f"{path.name} cannot be read: {reason}{_CHOOSE}") from error
    if len(data) > MOST_BYTES:
        raise SourceError(
            f"{path.name} has more than {MOST_BYTES >> 20} MiB; choose a smaller picture."
        )
    try:
        if kind.name == "HEIC":
            return _heic(path, data)
        head = read_head(kind.name, data)
        _check_size(path, head)
        return ReadImage(_decoded(head), _notes(path, head))
    except (BrokenImageError, cv2.error, ValueError, MemoryError) as error:
        raise _refusal(path) from error


class ImagesSource(PlayedSource):
    """An image, or the images of a folder in natural order, one epoch each.

    Images have nothing to do with each other, so none inherits anything from the one before. A
    file that cannot be read is left out and becomes a problem; its number stays free.
    `Frame.source` is the file's name, `Frame.time_ns` its number times the time it stands.

    Args:
        path: an image file or a folder (its sub-folders are not searched).
        pace, loop: see `SourceOptions`.
        images_per_second: how many come in a second, in real time.
    """

    def __init__(
        self,
        path: Path,
        *,
        pace: Pace = Pace.FAST,
        loop: bool = False,
        images_per_second: float = IMAGES_PER_SECOND,
    ) -> None:
        if not images_per_second > 0:
            raise ValueError(f"images_per_second must be above 0, got {images_per_second}")
        super().__init__(path.name or str(path), pace=pace, loop=loop)
        self._path = path
        self._step_ns = round(1e9 / images_per_second)
        self._files: tuple[Path, ...] = ()
        self._next = 0
        self._notes: dict[int, tuple[str, ...]] = {}
        self._left_out = ""

    @property
    def files(self) -> tuple[Path, ...]:
        """The image files in order; `Frame.sequence` counts in them. Only after `open`."""
        return self._files

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each file that was left out, and for what others hold beside a picture."""
        notes = [note for i in sorted(self._notes) for note in self._notes[i]]
        return tuple(note for note in (self._left_out, *notes) if note)

    def _load(self) -> SourceInfo:
        folder = self._path.is_dir()
        self._files = self._list() if folder else (self._path,)
        self._next = 0
        if not folder:
            first: Picture | None = self._read(0)
        else:
            first = self._next_picture()
        if first is None:
            raise SourceError(
                f"None of the {len(self._files)} images in the folder {self.name} can be read; "
                "choose another folder."
            )
        self._waiting = first
        self._next = first.index + 1
        height, width = first.image().shape[:2]
        return SourceInfo(
            width=width,
            height=height,
            fps=1e9 / self._step_ns if folder else None,
            frames=len(self._files),
            duration_s=len(self._files) * self._step_ns / 1e9 if folder else None,
            fourcc=self._files[first.index].suffix.lstrip(".").lower(),
            backend="OpenCV",
        )

    def _list(self) -> tuple[Path, ...]:
        found = folder_of_images(self._path)
        if not found.images:
            kinds = ", ".join(sorted(s.lstrip(".") for s in IMAGE_SUFFIXES))
            raise SourceError(f"The folder {self.name} holds no images ({kinds}); choose another.")
        self._left_out = found.note
        return found.images

    def _unload(self) -> None:
        """Nothing stays open between two images."""

    def _next_picture(self) -> Picture | None:
        while self._next < len(self._files):
            index = self._next
            self._next += 1
            try:
                return self._read(index)
            except SourceError as error:
                reason = str(error).removesuffix(_CHOOSE).removesuffix(".")
                self._notes[index] = (f"{reason}; it was left out.",)
        return None

    def _read(self, index: int) -> Picture:
        read = read_image(self._files[index])
        self._notes[index] = read.notes
        return self._picture(index, read.image)

    def _picture(self, index: int, image: Image) -> Picture:
        return Picture(
            index=index,
            time_ns=index * self._step_ns,
            duration_ns=self._step_ns,
            image=lambda: image,
            name=self._files[index].name,
            own_epoch=True,
        )

    def _go_to(self, index: int) -> None:
        self._next = min(max(index, 0), len(self._files))

    def _index_at(self, time_s: float) -> int:
        return min(max(int(time_s * 1e9) // self._step_ns, 0), len(self._files) - 1)


def _heic(path: Path, data: bytes) -> ReadImage:
    heif = Heif(data)
    head = ImageHead(width=heif.width, height=heif.height, transfer=heif.transfer, data=b"")
    _check_size(path, head)
    return ReadImage(heif.decode(most_pixels=MOST_PIXELS), _notes(path, head))


def _check_size(path: Path, head: ImageHead) -> None:
    """Make sure that the pixels fit.

    Raises:
        SourceError: they do not.
    """
    pixels = head.width * head.height
    if pixels > MOST_PIXELS or pixels * head.pixel_bytes > MOST_BYTES:
        raise SourceError(
            f"{path.name} has {head.width}×{head.height} pixels, more than are read "
            f"({MOST_PIXELS // 10**6} million); make it smaller."
        )


def _notes(path: Path, head: ImageHead) -> tuple[str, ...]:
    notes = []
    if head.pages > 1:
        what = "pictures that follow each other" if head.moving else "pages"
        notes.append(f"{path.name} has {head.pages} {what}; only the first is shown.")
    if head.preview:
        notes.append(f"{path.name} shows a small preview only; save the picture itself as TIFF.")
    if head.transfer:
        notes.append(
            f"{path.name} is an HDR picture ({head.transfer}), shown without tone mapping: its "
            "brightness is not as meant."
        )
    return tuple(notes)


def _decoded(head: ImageHead) -> Image:
    """The pixels of the first page, the right way up.

    Raises:
        BrokenImageError, cv2.error, ValueError: they cannot be decoded.
    """
    image = _imdecode(np.frombuffer(head.data, np.uint8), cv2.IMREAD_UNCHANGED)
    if image is None:  # what has channels of its own kind, OpenCV can still make BGR of
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        image = _imdecode(np.frombuffer(head.data, np.uint8), flags)
    if image is None:
        raise BrokenImageError("it cannot be decoded")
    return _turned(to_bgr(scaled_to_bytes(image)), head.orientation)


def _turned(image: Image, orientation: int) -> Image:
    """The picture as an orientation of EXIF (1 to 8) asks for it."""
    if orientation >= 5:
        image = image.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)


def _imdecode(data: npt.NDArray[np.uint8], flags: int) -> npt.NDArray[Any] | None:
    # The stub promises an array, but OpenCV gives None for what it cannot read.
    with native_stderr_silenced():  # libpng and libjpeg print about damaged files
        image: npt.NDArray[Any] | None = cv2.imdecode(data, flags)
    return image


def _refusal(path: Path) -> SourceError:
    return SourceError(f"{path.name} is not an image that can be read{_CHOOSE}")
