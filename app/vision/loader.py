"""Opens models and detectors in the background, so that nobody waits for them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal

from app.core.errors import PfldLiveError
from app.vision.detector import FaceDetector
from app.vision.detectors import find_detector
from app.vision.landmarker import Landmarker
from app.vision.trial import stop_trials
from app.vision.zoo import Zoo, ZooEntry

_log = logging.getLogger(__name__)

_Slot = Literal["model", "rival"]
_SLOTS: Final[tuple[_Slot, ...]] = ("model", "rival")


@dataclass(frozen=True, slots=True)
class LoaderStatus:
    """What is loaded, what is on its way and what went wrong; "" and None where nothing is.

    `rival` is the second model, to compare with.
    """

    zoo: Zoo | None = None
    model_loading: str = ""
    model_problem: str = ""
    rival_loading: str = ""
    rival_problem: str = ""
    detector_loading: str = ""
    detector_problem: str = ""


class Loader:
    """One thread that scans the zoo and opens what was last asked for.

    A wish that is replaced by a newer one before its turn is never loaded. What is ready waits
    until `take_landmarker` or `take_detector` fetches it; what nobody fetched is closed.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        """Prepare; `on_change` is called on the loader's thread after each step."""
        self._on_change = on_change
        self._wake = threading.Condition()
        self._stopping = False
        self._scan = True
        self._untried = False
        self._wanted: dict[_Slot, str] = {}
        self._rival = ""
        self._detector: str | None = None
        self._status = LoaderStatus()
        self._ready: dict[_Slot, Landmarker] = {}
        self._detector_ready: FaceDetector | None = None
        self._thread = threading.Thread(target=self._run, name="loader", daemon=True)

    def start(self) -> None:
        """Start the thread; it scans the zoo first."""
        self._thread.start()

    def stop(self, timeout_s: float) -> bool:
        """Finish what is being loaded (an import cannot be broken off) and end the thread.

        Returns:
            False if it still runs after `timeout_s`.
        """
        with self._wake:
            self._stopping = True
            self._wake.notify()
        stop_trials()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        if self._thread.is_alive():
            return False
        if detector := self.take_detector():
            detector.close()
        for slot in _SLOTS:
            if landmarker := self._take(slot):
                landmarker.close()
        return True

    def want_model(self, text: str) -> None:
        """Ask for a model by label, name or path; "" is the zoo's default."""
        self._want("model", text)

    def want_rival(self, text: str) -> None:
        """Ask for a second model by label, name or path; "" takes the wish back."""
        with self._wake:
            self._rival = text
        if text:
            self._want("rival", text)
            return
        with self._wake:
            self._wanted.pop("rival", None)
        if landmarker := self._take("rival"):
            landmarker.close()
        self._set(rival_problem="")

    def want_scan(self) -> None:
        """Look again at what lies in the folders."""
        with self._wake:
            self._scan = True
            self._wake.notify()

    def want_detector(self, name: str) -> None:
        """Ask for a detector by name."""
        with self._wake:
            self._detector = name
            self._wake.notify()

    def take_landmarker(self) -> Landmarker | None:
        """The landmarker that has become ready since the last call, if any."""
        return self._take("model")

    def take_rival(self) -> Landmarker | None:
        """The second landmarker that has become ready since the last call, if any."""
        return self._take("rival")

    def take_detector(self) -> FaceDetector | None:
        """The detector that has become ready since the last call, if any."""
        with self._wake:
            ready, self._detector_ready = self._detector_ready, None
            return ready

    def status(self) -> LoaderStatus:
        """A snapshot for any thread."""
        with self._wake:
            return self._status

    def _run(self) -> None:
        while job := self._next_job():
            job()

    def _next_job(self) -> Callable[[], None] | None:
        """Wait for something to do; None when it is time to end."""
        with self._wake:
            while not self._stopping:
                if self._scan:
                    self._scan = False
                    return self._load_zoo
                # The model is up in a moment, the detector may import for seconds.
                for slot in _SLOTS:
                    if slot in self._wanted:
                        return partial(self._load_model, slot, self._wanted.pop(slot))
                if self._detector is not None:
                    name, self._detector = self._detector, None
                    return partial(self._load_detector, name)
                if self._untried:
                    return self._try_new
                self._wake.wait()
            return None

    def _load_zoo(self) -> None:
        zoo = Zoo.scan(new=False)
        self._untried = zoo.untried
        self._set(zoo=zoo)

    def _try_new(self) -> None:
        """Try the files that nobody has seen yet: nothing waits for them but who asks for them."""
        self._untried = False
        self._set(zoo=Zoo.scan(go_on=lambda: not self._stopping))

    def _want(self, slot: _Slot, text: str) -> None:
        with self._wake:
            self._wanted[slot] = text
            self._wake.notify()

    def _take(self, slot: _Slot) -> Landmarker | None:
        with self._wake:
            return self._ready.pop(slot, None)

    def _load_model(self, slot: _Slot, text: str) -> None:
        from app.vision.landmarkers import open_landmarker

        loading, problem = f"{slot}_loading", f"{slot}_problem"
        self._set(**{loading: text or "default model", problem: ""})
        try:
            entry = self._entry(text)
            ready = open_landmarker(entry)
        except PfldLiveError as error:
            self._set(**{loading: "", problem: str(error)})
            return
        except Exception as error:  # a thread that dies silently would look like a slow disk
            _log.exception("a model cannot be opened")
            self._set(**{loading: "", problem: f"The model cannot be opened: {error}"})
            return
        with self._wake:
            if slot == "rival" and self._rival != text:  # nobody wants it any more
                unused: Landmarker | None = ready
            else:
                unused, self._ready[slot] = self._ready.get(slot), ready
        if unused is not None:
            unused.close()
        self._set(**{loading: ""})

    def _entry(self, text: str) -> ZooEntry:
        zoo = self.status().zoo or Zoo.scan(new=False)
        try:
            return zoo.choose(text)
        except PfldLiveError:
            if not self._untried:
                raise
        self._try_new()
        return (self.status().zoo or zoo).choose(text)

    def _load_detector(self, name: str) -> None:
        self._set(detector_loading=name, detector_problem="")
        try:
            ready = find_detector(name).make()
        except PfldLiveError as error:
            self._set(detector_loading="", detector_problem=str(error))
            return
        except Exception as error:
            _log.exception("a detector cannot start")
            self._set(detector_loading="", detector_problem=f"{name} cannot start: {error}")
            return
        with self._wake:
            replaced, self._detector_ready = self._detector_ready, ready
        if replaced is not None:
            replaced.close()
        self._set(detector_loading="")

    def _set(self, **changes: object) -> None:
        with self._wake:
            self._status = replace(self._status, **changes)  # type: ignore[arg-type]
        self._on_change()
