"""Results made ready for the screen, on a thread of their own.

Turning a frame into the pixels of the screen (size, mirror, byte order) costs more than painting
it, so neither the vision thread nor the GUI thread does it. Doing it here also means that a
paused picture is made anew, sharp, when the window changes its size.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QImage

from app.capture.mailbox import Mailbox
from app.core.frame import Image
from app.ui.viewport import Viewport
from app.vision.result import FrameResult


@dataclass(frozen=True, eq=False, slots=True)
class Picture:
    """A result and its frame in screen pixels.

    Attributes:
        result: the result that the picture shows.
        image: RGB32, exactly `viewport.device_width` by `device_height`, mirrored if need be.
        viewport: where it belongs in the view that it was made for.
    """

    result: FrameResult
    image: QImage
    viewport: Viewport


@dataclass(frozen=True, slots=True)
class Canvas:
    """What the pictures are made for.

    Attributes:
        width, height: logical pixels of the view.
        ratio: screen pixels per logical pixel.
        mirror: whether left and right are exchanged.
    """

    width: int = 0
    height: int = 0
    ratio: float = 1.0
    mirror: bool = False


def render(result: FrameResult, canvas: Canvas) -> Picture:
    """Make the picture of a result."""
    frame = result.frame
    viewport = Viewport.fit(
        (frame.width, frame.height),
        (canvas.width, canvas.height),
        ratio=canvas.ratio,
        mirror=canvas.mirror,
    )
    return Picture(result, _screen_image(frame.image, viewport), viewport)


def _screen_image(image: Image, viewport: Viewport) -> QImage:
    from app._opencv import cv2  # takes a while to import; the window is up by now

    size = (viewport.device_width, viewport.device_height)
    if size != (viewport.frame_width, viewport.frame_height):
        # Averaging costs more and only matters where several pixels become one.
        shrinks_much = size[0] < 0.6 * viewport.frame_width
        image = cv2.resize(  # type: ignore[assignment]
            image, size, interpolation=cv2.INTER_AREA if shrinks_much else cv2.INTER_LINEAR
        )
    if viewport.mirror:
        image = cv2.flip(image, 1)  # type: ignore[assignment]
    pixels = cv2.cvtColor(image, cv2.COLOR_BGR2BGRA)
    # The QImage keeps the array alive, and nobody else writes to it.
    return QImage(pixels.data, size[0], size[1], size[0] * 4, QImage.Format.Format_RGB32)


class PictureThread:
    """Takes the newest result, renders it and leaves it in `pictures`.

    Owned by one object, which calls `start` once and `stop` once.
    """

    def __init__(
        self,
        *,
        results: Mailbox[FrameResult],
        on_picture: Callable[[], None],
        on_error: Callable[[BaseException], None],
    ) -> None:
        """Prepare the thread.

        Args:
            results: where the results come from.
            on_picture: called on this thread when `pictures` was empty and now is not.
            on_error: called on this thread with an exception that nobody expected.
        """
        self.pictures: Mailbox[Picture] = Mailbox()
        self._results = results
        self._on_picture = on_picture
        self._on_error = on_error
        self._wake = threading.Condition()
        self._due = False
        self._stopping = False
        self._canvas = Canvas()
        self._thread = threading.Thread(target=self._run, name="pictures")

    def start(self) -> None:
        """Begin to render."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """End the thread; True once it has ended."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def wake(self) -> None:
        """There is a new result; for any thread."""
        with self._wake:
            self._due = True
            self._wake.notify()

    def set_canvas(self, canvas: Canvas) -> None:
        """Render for another size, ratio or mirror, the last result too. For any thread."""
        with self._wake:
            if canvas != self._canvas:
                self._canvas = canvas
                self._due = True
                self._wake.notify()

    def _run(self) -> None:
        last: FrameResult | None = None
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._due or self._stopping)
                if self._stopping:
                    return
                self._due = False
                canvas = self._canvas
            last = self._results.take() or last
            if last is None or canvas.width <= 0 or canvas.height <= 0:
                continue
            try:
                picture = render(last, canvas)
            except Exception as error:  # a thread that dies in silence would freeze the picture
                last = None
                self._on_error(error)
                continue
            if self.pictures.put(picture):
                self._on_picture()
