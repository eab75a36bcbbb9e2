"""A recorded clip with its labels, and the frames of it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.capture.folder import folder_of_images, left_out
from app.capture.images import read_image
from app.capture.source import Pace
from app.core.clock import now_ns
from app.core.errors import SourceError
from app.core.frame import Frame
from app.evaluate.labels import LabelError, LabelOrigin, Labels

_READ_AHEAD = 4
_POLL_S = 0.1


@dataclass(frozen=True, eq=False, slots=True, kw_only=True)
class LabelledClip:
    """A clip whose faces are known.

    Attributes:
        name: for people.
        media: the video file, or the folder of the images.
        images: the image of each frame; () for a video.
        label_files: what the labels came from.
        labels: the faces.
        complete: the labels speak of every frame, so the numbers of frames must agree.
        size: width and height of every frame in pixels where the labels say, else None.
        field_of_view_deg: horizontal angle of the camera where the labels say, else None.
        origin: where the labels come from.
        place: the path that it was opened by, with which it can be opened again.
    """

    name: str
    media: Path
    images: tuple[Path, ...] = ()
    label_files: tuple[Path, ...]
    labels: Labels
    complete: bool
    size: tuple[int, int] | None = None
    field_of_view_deg: float | None = None
    origin: LabelOrigin = field(default_factory=LabelOrigin)
    place: Path = Path()

    @property
    def moving(self) -> bool:
        """Whether a frame has to do with the one before it."""
        return not self.images

    @contextmanager
    def frames(self, problems: list[str] | None = None) -> Iterator[Iterator[Frame]]:
        """All frames in order, read ahead on a thread of its own and checked against the labels.

        Args:
            problems: gets a sentence for each thing that goes wrong without ending the clip.

        Raises:
            SourceError: the clip cannot be read.
            LabelError: size or number of the frames disagrees with the labels.
        """
        noted = [] if problems is None else problems
        noted.extend(self._left_out())
        lengths: list[int] = []
        reader = _ReadAhead(
            self._images(noted, lengths) if self.images else self._video(noted, lengths)
        )
        try:
            yield self._checked(iter(reader), lengths)
        finally:
            reader.stop()

    def _left_out(self) -> Iterator[str]:
        """A sentence for the images of the folder without labels, and one for its other files."""
        if self.images and self.media.is_dir():
            folder = folder_of_images(self.media)
            labelled = set(self.images)
            names = [path.name for path in folder.images if path not in labelled]
            yield from filter(None, (left_out(names, "not labelled"), folder.note))

    def _video(self, problems: list[str], lengths: list[int]) -> Iterator[Frame]:
        from app.capture.clip import ClipSource

        with ClipSource(self.media, pace=Pace.FAST) as source:
            announced = source.info.frames
            if announced is not None and announced < self.labels.frames:
                raise self._too_many(announced)
            try:
                yield from source
            finally:
                lengths.append(source.length)
                problems.extend(source.problems)

    def _images(self, problems: list[str], lengths: list[int]) -> Iterator[Frame]:
        lengths.append(len(self.images))
        for number, path in enumerate(self.images):
            try:
                read = read_image(path)
            except SourceError as error:
                if number < self.labels.frames and self.labels.labelled[number]:
                    raise
                reason = str(error).removesuffix("; choose another file.").removesuffix(".")
                problems.append(f"{reason}; it was left out.")
                continue  # it keeps its place
            problems.extend(read.notes)
            # Images have nothing to do with each other: each has an epoch of its own.
            yield Frame(read.image, number * 10**9, now_ns(), number, path.name, epoch=number)

    def _checked(self, frames: Iterator[Frame], lengths: list[int]) -> Iterator[Frame]:
        count = 0
        for frame in frames:
            if self.size is not None and (frame.width, frame.height) != self.size:
                raise LabelError(
                    f"The labels of {self.name} are for pictures of {self.size[0]}×{self.size[1]} "
                    f"pixels, but frame {frame.sequence} has {frame.width}×{frame.height}: they "
                    "belong to another clip; choose the right label file."
                )
            count = frame.sequence + 1  # frames that cannot be decoded keep their place
            if self.complete and count > self.labels.frames:
                raise LabelError(
                    f"The labels of {self.name} end after {self.labels.frames} frames, but the "
                    "clip goes on: they belong to another clip; choose the right label file."
                )
            yield frame
        count = max((count, *lengths))
        if count < self.labels.frames:
            raise self._too_many(count)

    def _too_many(self, count: int) -> LabelError:
        return LabelError(
            f"{self.name} has {count} frames, but labels for {self.labels.frames}: they belong "
            "to another clip, or the clip was cut off; choose the right label file."
        )


class _ReadAhead:
    """Draws from an iterator on another thread, a few items ahead of who asks.

    Decoding lets go of Python's lock, so it costs no time where a second core is free.
    """

    def __init__(self, frames: Iterator[Frame]) -> None:
        self._frames = frames
        self._queue: queue.Queue[Frame | BaseException | None] = queue.Queue(_READ_AHEAD)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="evaluate-read", daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        while True:
            item = self._queue.get()
            if item is None:
                return
            if isinstance(item, BaseException):
                raise item
            yield item

    def stop(self) -> None:
        """End the thread and close what it read from."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        last: BaseException | None = None
        try:
            for frame in self._frames:
                if not self._put(frame):
                    return
        except BaseException as error:  # raised again where they are used
            last = error
        finally:
            close = getattr(self._frames, "close", None)
            if close is not None:
                close()
        self._put(last)

    def _put(self, item: Frame | BaseException | None) -> bool:
        while not self._stopping.is_set():
            try:
                self._queue.put(item, timeout=_POLL_S)
            except queue.Full:
                continue
            return True
        return False
