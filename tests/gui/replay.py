"""The demo clip as the vision stage saw it once, played as fast or slowly as a test likes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from app.capture.mailbox import Mailbox
from app.capture.source import Pace, SourceOptions, open_source
from app.core.clock import now_ns
from app.core.frame import Frame
from app.core.resources import asset
from app.vision.engine import EngineStatus
from app.vision.offline import open_pipeline
from app.vision.result import FrameResult
from app.vision.settings import VisionSettings


@dataclass(frozen=True)
class Seen:
    """A result whose picture is compressed: the whole clip would take half a gigabyte."""

    result: FrameResult
    jpeg: bytes

    @property
    def time_s(self) -> float:
        return self.result.frame.time_s

    def live(self) -> FrameResult:
        image = cv2.imdecode(np.frombuffer(self.jpeg, np.uint8), cv2.IMREAD_COLOR)
        frame = self.result.frame
        fresh = Frame(image, frame.time_ns, now_ns(), frame.sequence, frame.source, frame.epoch)
        return replace(self.result, frame=fresh)


def see_demo() -> list[Seen]:
    """Run the shipped model over the demo clip, at 15 frames a second."""
    seen = []
    tiny = np.zeros((1, 1, 3), np.uint8)
    options = SourceOptions(pace=Pace.FAST)
    with (
        open_source(str(asset("demo.mp4")), options) as source,
        open_pipeline(model="pfld-0.5x int8", detector="haar", settings=VisionSettings()) as made,
    ):
        for frame in source:
            if frame.sequence % 2:
                continue
            result = made.process(frame)
            _, jpeg = cv2.imencode(".jpg", frame.image)
            small = Frame(tiny, frame.time_ns, 0, frame.sequence, frame.source, frame.epoch)
            seen.append(Seen(replace(result, frame=small), jpeg.tobytes()))
    return seen


class ReplayEngine:
    """Stands where `LiveEngine` stands; its results are those that the test delivers."""

    def __init__(
        self, *, settings: VisionSettings, on_result: Callable[[], None], on_change: object
    ) -> None:
        self.results: Mailbox[FrameResult] = Mailbox()
        self.listeners: list[Callable[[FrameResult], None]] = []
        self._on_result = on_result
        self.capture = None

    def deliver(self, seen: Iterable[Seen], each: Callable[[FrameResult], object]) -> None:
        """Give results to everybody; `each` is called after each."""
        for one in seen:
            result = one.live()
            self.results.put(result)
            self._on_result()
            for listener in list(self.listeners):
                listener(result)
            each(result)

    def listen(self, listener: Callable[[FrameResult], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def status(self) -> EngineStatus:
        return EngineStatus(model="pfld-0.5x int8", detector="haar")

    def start(self) -> None:
        pass

    def stop(self, timeout_s: float = 0.0) -> bool:
        return True

    def open(self, source: object) -> None:
        pass

    def close_source(self) -> None:
        pass

    def set_model(self, text: str) -> None:
        pass

    def set_rival(self, text: str) -> None:
        pass

    def rescan(self) -> None:
        pass

    def set_detector(self, name: str) -> None:
        pass

    def set_settings(self, settings: VisionSettings) -> None:
        pass
