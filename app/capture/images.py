"""Single images and folders of images."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from app._opencv import cv2
from app.capture.pixels import to_bgr
from app.capture.playback import Picture, PlayedSource
from app.capture.source import IMAGE_SUFFIXES, IMAGES_PER_SECOND, Pace, SourceInfo
from app.core.errors import SourceError
from app.core.frame import Image
from app.core.native_noise import native_stderr_silenced


def load_image(path: Path) -> Image:
    """Read an image file as (H, W, 3) uint8 BGR, turned as its EXIF orientation asks.

    Grey, 16-bit and transparent images become plain BGR as `to_bgr` says. The file may have any
    name that the system allows, also where OpenCV itself cannot open such names.

    Raises:
        SourceError: the file is missing, empty or no image that can be read.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise SourceError(f"{path.name} cannot be read: {reason}; choose another file.") from error
    if data.size == 0:
        raise SourceError(f"{path.name} is empty; choose another file.")
    try:
        image = _decode(data)
        if image is None:
            raise _refusal(path)
        return to_bgr(image)
    except (cv2.error, ValueError, MemoryError) as error:
        raise _refusal(path) from error


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Key that sorts `img2` before `img10`, whatever the case."""
    parts = re.findall(r"(\d+)|(\D+)", name.casefold())
    return tuple((0, int(n), "") if n else (1, 0, t) for n, t in parts)


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
        self._broken: dict[int, str] = {}

    @property
    def files(self) -> tuple[Path, ...]:
        """The image files in order; `Frame.sequence` counts in them. Only after `open`."""
        return self._files

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each file that was left out."""
        return tuple(self._broken[i] for i in sorted(self._broken))

    def _load(self) -> SourceInfo:
        folder = self._path.is_dir()
        self._files = self._list() if folder else (self._path,)
        self._next = 0
        if not folder:
            image = load_image(self._path)
            first: Picture | None = self._picture(0, image)
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
        try:
            found = [
                p
                for p in self._path.iterdir()
                if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".") and p.is_file()
            ]
        except OSError as error:
            raise SourceError(
                f"The folder {self.name} cannot be read: {error.strerror}; choose another one."
            ) from error
        if not found:
            kinds = ", ".join(sorted(s.lstrip(".") for s in IMAGE_SUFFIXES))
            raise SourceError(f"The folder {self.name} holds no images ({kinds}); choose another.")
        return tuple(sorted(found, key=lambda p: (natural_key(p.name), p.name)))

    def _unload(self) -> None:
        """Nothing stays open between two images."""

    def _next_picture(self) -> Picture | None:
        while self._next < len(self._files):
            index = self._next
            self._next += 1
            try:
                return self._picture(index, load_image(self._files[index]))
            except SourceError as error:
                reason = str(error).removesuffix("; choose another file.")
                self._broken[index] = f"{reason}; it was left out."
        return None

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


def _decode(data: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Image | None:
    start = data[:3].tobytes()
    if start == b"\xff\xd8\xff":  # JPEG has neither alpha nor 16 bits, but an orientation
        return _imdecode(data, cv2.IMREAD_COLOR)
    image = _imdecode(data, cv2.IMREAD_UNCHANGED)
    if image is None:
        return _imdecode(data, cv2.IMREAD_COLOR)
    if image.ndim == 3 and image.shape[2] == 3:
        raw = data.tobytes()
        if b"eXIf" in raw or b"EXIF" in raw:  # IMREAD_UNCHANGED does not turn the picture
            return _imdecode(data, cv2.IMREAD_COLOR)
    return image


def _imdecode(data: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], flags: int) -> Image | None:
    # The stub promises an array, but OpenCV gives None for what it cannot read.
    with native_stderr_silenced():  # libpng and libjpeg print about damaged files
        image: Image | None = cv2.imdecode(data, flags)  # type: ignore[assignment]
    return image


def _refusal(path: Path) -> SourceError:
    return SourceError(f"{path.name} is not an image that can be read; choose another file.")
