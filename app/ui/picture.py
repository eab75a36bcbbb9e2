"""Results made ready for the screen, on a thread of their own.

Turning a frame into the pixels of the screen (size, mirror, byte order) and drawing several
faces over it takes longer than the GUI thread may be busy, and is none of the vision thread's
business. Here it is done in the exact pixels of the view, so that the GUI thread only copies;
when the view or the options change, the last result is drawn anew, even if it stands still.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QImage, QPainter

from app.capture.mailbox import Mailbox
from app.core.clock import now_ns
from app.core.frame import Image
from app.record.label_placement import Rect
from app.record.style import OverlayOptions
from app.ui.overlay_painter import OverlayPainter
from app.ui.split_picture import paint_overlaid, second_result, side_by_side
from app.ui.theme import STAGE
from app.ui.viewport import Viewport
from app.ui.watched_painter import paint_watched
from app.vision.result import FrameResult

if TYPE_CHECKING:  # not needed before a labelled clip is open
    from app.evaluate.truth import ClipTruth

STAGE_BGRA = (STAGE.blue(), STAGE.green(), STAGE.red(), 255)


@dataclass(frozen=True, slots=True)
class Canvas:
    """What the pictures are made for.

    Attributes:
        width, height: logical pixels of the view.
        ratio: screen pixels per logical pixel.
        options: what is drawn over the frame, and whether it is mirrored.
        bare: draw nothing over the frame, as when it is old news.
        truth: labels to draw beside the predictions, or None.
        beside: a second model that is compared has a half of the view of its own; else both are
            drawn over one picture.
        watched: id of the face that is marked as the one that counts, or None.
    """

    width: int = 0
    height: int = 0
    ratio: float = 1.0
    options: OverlayOptions = field(default_factory=OverlayOptions)
    bare: bool = False
    truth: ClipTruth | None = None
    beside: bool = True
    watched: int | None = None

    @property
    def device_size(self) -> tuple[int, int]:
        """Width and height in screen pixels."""
        return math.ceil(self.width * self.ratio), math.ceil(self.height * self.ratio)


@dataclass(frozen=True, eq=False, slots=True)
class Picture:
    """A result drawn in screen pixels, over the whole of a view.

    Attributes:
        result: the result that the picture shows.
        image: RGB32, of `canvas.device_size`; frame, overlay and the bars around.
        canvas: what it was made for.
        viewport: where the frame lies in it.
        prepared_ms: how long it took to make.
    """

    result: FrameResult
    image: QImage
    canvas: Canvas
    viewport: Viewport
    prepared_ms: float


def render(
    result: FrameResult,
    canvas: Canvas,
    overlay: OverlayPainter,
    second: OverlayPainter | None = None,
) -> Picture:
    """Make the picture of a result.

    Args:
        result: what to draw.
        canvas: how to draw it.
        overlay: remembers where labels were.
        second: the same for a second model.
    """
    started_ns = now_ns()
    frame, comparison = result.frame, result.comparison
    if comparison is not None and canvas.beside and not canvas.bare:
        half = replace(canvas, width=canvas.width // 2)
        left = render(replace(result, comparison=None), half, overlay)
        right = render(second_result(result, comparison), half, second or OverlayPainter())
        names = (result.model, comparison.model)
        image = side_by_side(canvas.device_size, canvas.ratio, left.image, right.image, names)
        return Picture(result, image, canvas, left.viewport, (now_ns() - started_ns) / 1e6)
    viewport = Viewport.fit(
        (frame.width, frame.height),
        (canvas.width, canvas.height),
        ratio=canvas.ratio,
        mirror=canvas.options.mirror,
    )
    image = _screen_image(frame.image, viewport, canvas)
    if not canvas.bare:
        painter = QPainter(image)
        painter.scale(canvas.ratio, canvas.ratio)
        view = Rect(0, 0, canvas.width, canvas.height)
        options = canvas.options
        pairs = None  # the colours of two models leave none for labels
        if canvas.truth is not None and comparison is None:
            pairs = canvas.truth.pairs(frame, result.faces)
        if pairs is not None:  # in two colours instead of those of the regions
            options = replace(options, points=False, lines=False)
        if comparison is None:
            overlay.paint(painter, result.faces, viewport, options, view)
        else:
            paint_overlaid(painter, result, comparison, viewport, options, view, overlay)
        if pairs is not None:
            from app.ui.truth_painter import paint_truth

            paint_truth(painter, pairs, viewport, view)
        for face in result.faces:
            if face.id == canvas.watched:
                paint_watched(painter, face, viewport)
        painter.end()
    return Picture(result, image, canvas, viewport, (now_ns() - started_ns) / 1e6)


def _screen_image(image: Image, viewport: Viewport, canvas: Canvas) -> QImage:
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
    width, height = canvas.device_size
    pixels = np.empty((height, width, 4), np.uint8)
    for left, top, bar_width, bar_height in viewport.bars(width, height):
        pixels[top : top + bar_height, left : left + bar_width] = STAGE_BGRA
    left, top = viewport.device_left, viewport.device_top
    cv2.cvtColor(image, cv2.COLOR_BGR2BGRA, dst=pixels[top : top + size[1], left : left + size[0]])
    # The QImage keeps the array alive, and nobody else writes to it.
    return QImage(pixels.data, width, height, width * 4, QImage.Format.Format_RGB32)


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
        """Draw for another view or with other options, the last result too. For any thread."""
        with self._wake:
            if canvas != self._canvas:
                self._canvas = canvas
                self._due = True
                self._wake.notify()

    def _run(self) -> None:
        last: FrameResult | None = None
        overlay, second = OverlayPainter(), OverlayPainter()
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
                picture = render(last, canvas, overlay, second)
            except Exception as error:  # a thread that dies in silence would freeze the picture
                last = None
                self._on_error(error)
                continue
            if self.pictures.put(picture):
                self._on_picture()
