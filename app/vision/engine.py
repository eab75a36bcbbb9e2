"""The live program without its window: capture, vision and loading, each on its thread."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from app.capture.grabber import CaptureStatus, CaptureThread
from app.capture.mailbox import Mailbox
from app.capture.source import FrameSource
from app.core.clock import now_ns
from app.core.errors import PfldLiveError
from app.core.frame import Frame
from app.core.meters import Percentiles, RateMeter, StageMeter
from app.vision.loader import Loader, LoaderStatus
from app.vision.pipeline import Pipeline
from app.vision.result import FrameResult
from app.vision.settings import VisionSettings

_log = logging.getLogger(__name__)

_IDLE_S = 0.1


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """What the engine is doing, for meters and messages.

    Attributes:
        capture: status of the capture thread, None while there is no source.
        loader: what is loaded and what is on its way.
        model: label of the model that runs now, "" for none.
        rival: label of the second model that is compared with it now, "" for none.
        detector: name of the detector that runs now, "" for none.
        models: label of each model that has run -> milliseconds of one run, crop and all.
        processed_fps: frames through the vision stage a second.
        stages: stage -> percentiles over the last frames, milliseconds.
        results_dropped: results that nobody fetched in time; `capture` counts the frames before.
        problem: what went wrong in the vision stage, in a sentence, or "".
    """

    capture: CaptureStatus | None = None
    loader: LoaderStatus = field(default_factory=LoaderStatus)
    model: str = ""
    rival: str = ""
    detector: str = ""
    models: Mapping[str, Percentiles] = field(default_factory=dict)
    processed_fps: float = 0.0
    stages: Mapping[str, Percentiles] = field(default_factory=dict)
    results_dropped: int = 0
    problem: str = ""


class LiveEngine:
    """Runs the pipeline on whatever source is open.

    Frames pass without faces until a model and a detector are ready. All methods may be called
    from any thread, return at once (but for `stop`), and never raise for what goes wrong later:
    that appears in `status`.
    """

    def __init__(
        self,
        *,
        settings: VisionSettings,
        on_result: Callable[[], None],
        on_change: Callable[[], None],
    ) -> None:
        """Prepare; nothing runs before `start`.

        Args:
            settings: to begin with.
            on_result: called on the vision thread when `results` holds a new result.
            on_change: called on some thread when the status changed in a way to be shown.
        """
        self.results: Mailbox[FrameResult] = Mailbox()
        self._listeners: tuple[Callable[[FrameResult], None], ...] = ()
        self._on_result = on_result
        self._on_change = on_change
        self._loader = Loader(on_change)
        self._capture: CaptureThread | None = None
        self._retired: list[CaptureThread] = []
        self._capture_lock = threading.Lock()
        self._settings = settings
        self._stopping = threading.Event()
        self._meter_lock = threading.Lock()
        self._rate = RateMeter()
        self._stages = StageMeter()
        self._models = StageMeter()
        self._running = ("", "", "")
        self._rival = ""
        self._problem = ""
        self._thread = threading.Thread(target=self._run, name="vision", daemon=True)

    def start(self) -> None:
        """Start the threads; the zoo is scanned first."""
        self._loader.start()
        self._thread.start()

    def stop(self, timeout_s: float = 15.0) -> bool:
        """End all threads.

        Returns:
            False if one still runs after `timeout_s`. Importing MediaPipe takes seconds and
            cannot be broken off, hence the long time.
        """
        self._stopping.set()
        end_ns = now_ns() + int(timeout_s * 1e9)

        def left_s() -> float:
            return max((end_ns - now_ns()) / 1e9, 0.0)

        with self._capture_lock:
            self._retire_capture()
            stopped = [capture.stop(left_s()) for capture in self._retired]
        if self._thread.is_alive():
            self._thread.join(left_s())
        return self._loader.stop(left_s()) and all(stopped) and not self._thread.is_alive()

    def open(self, source: FrameSource) -> None:
        """Show another source from now on; the engine opens, reads and closes it."""
        with self._capture_lock:
            self._retire_capture()
            if not self._stopping.is_set():
                self._capture = CaptureThread(source, lambda _: self._on_change())
                self._capture.start()

    def close_source(self) -> None:
        """Show nothing from now on."""
        with self._capture_lock:
            self._retire_capture()

    def listen(self, listener: Callable[[FrameResult], None]) -> Callable[[], None]:
        """Give every result to `listener`, too, on the vision thread, where it must not wait.

        Returns:
            What ends that.
        """
        with self._meter_lock:
            self._listeners = (*self._listeners, listener)

        def end() -> None:
            with self._meter_lock:
                self._listeners = tuple(other for other in self._listeners if other is not listener)

        return end

    def set_model(self, text: str) -> None:
        """Change to the model with this label, name or path; "" is the default one."""
        self._loader.want_model(text)

    def set_rival(self, text: str) -> None:
        """Compare with the model of this label, name or path on the same crops; "" ends that."""
        self._rival = text
        self._loader.want_rival(text)

    def rescan(self) -> None:
        """Look again at what lies in the model folders; the running models stay."""
        self._loader.want_scan()

    def set_detector(self, name: str) -> None:
        """Change to the detector with this name."""
        self._loader.want_detector(name)

    def set_settings(self, settings: VisionSettings) -> None:
        """Use other settings from the next frame on; a still picture is looked at again."""
        self._settings = settings

    @property
    def capture(self) -> CaptureThread | None:
        """The thread of the open source, to pause, step, seek and loop it."""
        return self._capture

    def status(self) -> EngineStatus:
        """A snapshot."""
        capture = self._capture
        captured = None if capture is None else capture.status
        loader = self._loader.status()
        with self._meter_lock:
            model, rival, detector = self._running
            return EngineStatus(
                capture=captured,
                loader=loader,
                model=model,
                rival=rival,
                detector=detector,
                models=self._models.percentiles(),
                processed_fps=self._rate.rate(now_ns()),
                stages=self._stages.percentiles(),
                results_dropped=self.results.dropped,
                problem=self._problem,
            )

    def _retire_capture(self) -> None:
        """Tell the old source to end without waiting for it; a camera may hang in its driver."""
        self._retired = [capture for capture in self._retired if not capture.stop(0.0)]
        if self._capture is not None:
            if not self._capture.stop(0.0):
                self._retired.append(self._capture)
            self._capture = None

    def _run(self) -> None:
        pipeline = Pipeline(detector=None, landmarker=None, settings=self._settings)
        last: Frame | None = None
        while not self._stopping.is_set():
            capture = self._capture
            frame = None if capture is None else capture.frames.take(_IDLE_S)
            redo = self._take_over(pipeline)
            if frame is not None:
                last = frame
            elif capture is None or capture.frames.closed:  # where nothing waits
                last = None
                self._stopping.wait(_IDLE_S / 2)
                continue
            elif redo and last is not None:
                # Nothing moves: what was just loaded or set is shown on the last picture.
                frame = last
                pipeline.look_again()
            else:
                continue
            self._deliver(pipeline, frame)
        for used in (pipeline.detector, pipeline.landmarker, pipeline.rival):
            if used is not None:
                used.close()

    def _take_over(self, pipeline: Pipeline) -> bool:
        """Put what was loaded or set into the pipeline; True if anything changed."""
        settings = self._settings
        set_anew = settings is not pipeline.settings
        pipeline.settings = settings
        landmarker, detector = self._loader.take_landmarker(), self._loader.take_detector()
        rival = self._loader.take_rival()
        rival_changed = rival is not None or (not self._rival and pipeline.rival is not None)
        if landmarker is not None:
            old, pipeline.landmarker = pipeline.landmarker, landmarker
            if old is not None:
                old.close()
        if rival_changed:
            old, pipeline.rival = pipeline.rival, rival
            if old is not None:
                old.close()
        if detector is not None:
            if pipeline.detector is not None:
                pipeline.detector.close()
            pipeline.detector = detector
            pipeline.look_again()
        if landmarker is None and detector is None and not rival_changed:
            return set_anew
        with self._meter_lock:
            self._stages.clear()
            self._running = (
                "" if pipeline.landmarker is None else pipeline.landmarker.label,
                "" if pipeline.rival is None else pipeline.rival.label,
                "" if pipeline.detector is None else pipeline.detector.name,
            )
        self._on_change()
        return True

    def _deliver(self, pipeline: Pipeline, frame: Frame) -> None:
        try:
            result = pipeline.process(frame)
        except PfldLiveError as error:  # such as a model that fails on this face
            self._report(str(error))
            result = FrameResult(frame, (), {}, "", "", now_ns())
        except Exception as error:  # a bug must not freeze the picture, nor pass in silence
            problem = f"The vision stage failed ({type(error).__name__}): {error}"
            if problem != self._problem:  # once, not with every frame
                _log.exception("the vision stage failed")
            self._report(problem)
            result = FrameResult(frame, (), {}, "", "", now_ns())
        else:
            self._report("")
        with self._meter_lock:
            self._rate.tick(result.finished_ns)
            if result.detector and result.model:
                self._stages.add(result.stages_ms)
            for label, runs in result.model_ms.items():
                for spent in runs:
                    self._models.add({label: spent})
        self.results.put(result)
        self._on_result()
        for listener in self._listeners:
            listener(result)

    def _report(self, problem: str) -> None:
        if problem != self._problem:
            self._problem = problem
            self._on_change()
