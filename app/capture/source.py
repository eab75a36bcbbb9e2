"""What every source of frames offers, and how a text chooses one."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self
from urllib.parse import SplitResult, unquote, urlsplit

from app.capture.devices import CameraSettings, CameraTarget, camera_targets
from app.capture.kinds import Content, FileKind, kind_of
from app.capture.special_files import check_kind
from app.core.errors import PfldLiveError, SourceError
from app.core.frame import Frame
from app.core.hosts import plain_host

IMAGES_PER_SECOND: Final = 1.0
"""How fast the images of a folder follow each other, unless something else is wished."""


class Pace(Enum):
    """How fast the frames of a file come."""

    REAL_TIME = "real-time"
    """Each when it is due, as a player shows it."""
    FAST = "fast"
    """As soon as they are asked for, none left out."""


class SourceState(Enum):
    """What a source is doing."""

    CLOSED = "closed"
    OPENING = "opening"
    RUNNING = "running"
    PAUSED = "paused"
    STALLED = "stalled"
    """A camera has stopped; it is being let go."""
    REOPENING = "reopening"
    """A camera that was lost is being opened again."""
    LOST = "lost"
    """A camera is gone; the next try comes later."""
    ENDED = "ended"
    FAILED = "failed"
    """The source gave up; its message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCondition:
    """State of a source with words for people.

    Attributes:
        state: what it is doing.
        message: one sentence, or "" when there is nothing to say.
        attempt: number of the present or the next try to open a lost camera again, from 1.
        next_try_s: seconds until that try, or None.
    """

    state: SourceState
    message: str = ""
    attempt: int = 0
    next_try_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """What was found when a source was opened.

    Attributes:
        width, height: size of the first picture in pixels.
        fps: nominal pictures per second, or None where nobody knows.
        frames: number of pictures, or None where it is not known beforehand.
        duration_s: length in seconds, or None where there is none.
        fourcc: how the pictures are coded, for example `MJPG` or `h264`; "" if unknown.
        backend: what delivers them, for example `V4L2` or `PyAV`.
        notes: one sentence for each wish that was not fulfilled.
    """

    width: int
    height: int
    fps: float | None = None
    frames: int | None = None
    duration_s: float | None = None
    fourcc: str = ""
    backend: str = ""
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """One line such as `1280×720, 30 fps, MJPG, V4L2`."""
        rate = "" if self.fps is None else f"{self.fps:.4g} fps"
        parts = (f"{self.width}×{self.height}", rate, self.fourcc, self.backend)
        return ", ".join(p for p in parts if p)


class FrameSource(ABC):
    """Something that gives frames one after the other.

    Only one thread opens, reads and closes a source; `interrupt`, `condition` and `info` may be
    used from others. `with source:` opens and closes it, and iterating gives all its frames:

        with open_source("clip.mp4", SourceOptions(pace=Pace.FAST)) as source:
            for frame in source: ...

    Attributes:
        name: short name for people.
        live: the pictures come whether or not someone reads, so unread ones are lost.
    """

    live: ClassVar[bool] = False

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def open(self) -> None:
        """Get ready to read; waits until the first picture is there.

        Raises:
            SourceError: it cannot be opened, or `interrupt` was called meanwhile.
        """

    @abstractmethod
    def read(self, timeout_s: float | None = None) -> Frame | None:
        """The next frame.

        Args:
            timeout_s: how long to wait for it; None waits as long as it takes.

        Returns:
            The frame, or None at the end.

        Raises:
            TimeoutError: none came in time, or `interrupt` was called. Not a failure.
            SourceError: the source is gone for good.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back what `open` took. May be called twice, and before `open`."""

    @abstractmethod
    def interrupt(self) -> None:
        """Make a pending or later `open` or `read` give up at once; for any thread.

        A source that was interrupted can only be closed.
        """

    @property
    @abstractmethod
    def info(self) -> SourceInfo:
        """What was found; only after `open`."""

    @property
    @abstractmethod
    def condition(self) -> SourceCondition:
        """What the source is doing now."""

    @property
    def problems(self) -> tuple[str, ...]:
        """One sentence for each thing that went wrong without ending the source."""
        return ()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        while True:
            try:
                frame = self.read()
            except TimeoutError:  # interrupted
                return
            if frame is None:
                return
            yield frame


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions:
    """Wishes for a source; each kind uses those that concern it.

    Attributes:
        pace: speed of clips and images.
        loop: start files again at their end.
        images_per_second: how many images of a folder come in a second, when in real time.
        camera: size, rate and coding asked of a camera.
        cameras: gives the names of the cameras and what opens them; asked again whenever a lost
            camera is looked for, as it may come back under another number.
        give_up_s: a camera or stream that stays away for so long ends with SourceError; None
            waits for ever.
    """

    pace: Pace = Pace.REAL_TIME
    loop: bool = False
    images_per_second: float = IMAGES_PER_SECOND
    camera: CameraSettings = field(default_factory=CameraSettings)
    cameras: Callable[[], Mapping[str, CameraTarget]] = camera_targets
    give_up_s: float | None = None


RECORDED_SCHEMES = frozenset({"http", "https", "ftp"})
"""Protocols over which recordings are offered; the others only carry what is live."""

_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_NETWORK = frozenset(
    {"http", "https", "rtsp", "rtsps", "rtmp", "rtmps", "tcp", "udp", "rtp", "srt"}
)
_LISTENING = frozenset({"tcp", "udp", "rtp", "srt"})
"""Of these a URL without a host means: wait here for whoever sends."""
_SECRETS = re.compile(r"://[^/]*@")
_CAMERA_NUMBER = re.compile(r"(?:camera )?([0-9]{1,9})", re.IGNORECASE)


def open_source(text: str, options: SourceOptions | None = None) -> FrameSource:
    """Choose the source that a text means; `with` or `open()` then opens it.

    In this order: the name of a camera, a camera number (unless a file has that name; `camera 0`
    always is one), a device path, a folder of images, an image or a video file, a URL, a part of
    one camera's name. Spaces around the text count only where they belong to the name of a file.

    Raises:
        SourceError: the text means none of these.
    """
    options = options or SourceOptions()
    text = text if _is_file_or_folder(Path(text)) else text.strip()
    cameras = options.cameras()
    by_name = {name.casefold(): name for name in cameras}
    if name := by_name.get(text.casefold()):
        return _named_camera(name, options)
    path = local_path(text)
    here = path is not None and _is_file_or_folder(path)
    if not here and (match := _CAMERA_NUMBER.fullmatch(text)):
        number = int(match[1])
        return _camera(f"Camera {number}", lambda: number, options)
    if text.startswith("/dev/") and not here:
        if not Path(text).exists():
            raise SourceError(f"There is no camera at {text}; {_cameras_in_words(cameras)}")
        return _camera(text, lambda: text, options)
    if path is None:
        return _from_url(text, options)
    if text and _exists(path):
        return _from_path(path, options)
    parts = [name for folded, name in by_name.items() if text and text.casefold() in folded]
    if len(parts) == 1:
        return _named_camera(parts[0], options)
    raise SourceError(
        f"There is no file, camera or URL {text!r}: check the spelling; "
        f"{_cameras_in_words(cameras)}"
    )


def local_path(text: str) -> Path | None:
    """The file or folder that a text would be, whether there is one or not; None for a URL."""
    if _is_file_or_folder(Path(text)):
        return Path(text)
    text = text.strip()
    if text.lower().startswith("file://"):
        return Path(unquote(_split_url(text).path))
    return None if _URL.match(text) else Path(text)


def without_secrets(url: str) -> str:
    """A URL as people may see it: without user name, password and query."""
    parts = _split_url(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"


def _split_url(url: str) -> SplitResult:
    """The parts of a URL.

    Raises:
        SourceError: it is none; the message hides a user name and password.
    """
    shown = _SECRETS.sub("://", url)
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise SourceError(
            f"{shown!r} is no address; write one of IPv6 in brackets, as in rtsp://[::1]:554/name."
        ) from error
    if parts.scheme.lower() not in _NETWORK:
        return parts
    try:
        _ = parts.port
    except ValueError as error:
        raise SourceError(
            f"{shown!r} has no port of 0 to 65535 after its host; write as in rtsp://HOST:554/name."
        ) from error
    if not parts.hostname and parts.scheme.lower() in _LISTENING:
        return parts
    try:
        plain_host(parts.hostname or "")
    except PfldLiveError as error:
        raise SourceError(f"{shown!r} leads nowhere: {error}") from error
    return parts


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # the name is too long, or a folder on the way is closed
        return False


def _is_file_or_folder(path: Path) -> bool:
    """Whether pictures may lie there; a device is a camera."""
    try:
        return bool(path.name) and (path.is_file() or path.is_dir())
    except (OSError, ValueError):
        return False


def _from_path(path: Path, options: SourceOptions) -> FrameSource:
    from app.capture.images import ImagesSource

    check_kind(path)
    if path.is_dir():
        return ImagesSource(
            path,
            pace=options.pace,
            loop=options.loop,
            images_per_second=options.images_per_second,
        )
    try:
        kind: FileKind = kind_of(path)
    except OSError as error:
        raise SourceError(
            f"{path.name} cannot be read: {error.strerror}; choose another file."
        ) from error
    if kind.content in (Content.IMAGE, Content.FOREIGN):  # the second is refused with its name
        return ImagesSource(path, pace=options.pace, loop=options.loop)

    from app.capture.clip import ClipSource

    return ClipSource(path, pace=options.pace, loop=options.loop)


def _from_url(url: str, options: SourceOptions) -> FrameSource:
    if _split_url(url).scheme.lower() in RECORDED_SCHEMES:
        from app.capture.recorded import is_recording

        if is_recording(url):
            from app.capture.clip import ClipSource

            return ClipSource(url, pace=options.pace, loop=options.loop)

    from app.capture.stream import stream_source

    return stream_source(url, give_up_s=options.give_up_s)


def _named_camera(name: str, options: SourceOptions) -> FrameSource:
    def locate() -> CameraTarget:
        target = options.cameras().get(name)
        if target is None:
            raise SourceError(f"{name} is not connected.")
        return target

    return _camera(name, locate, options)


def _camera(name: str, locate: Callable[[], CameraTarget], options: SourceOptions) -> FrameSource:
    from app.capture.camera import camera_source

    return camera_source(name, locate, options.camera, give_up_s=options.give_up_s)


def _cameras_in_words(cameras: Mapping[str, CameraTarget]) -> str:
    if not cameras:
        return "no camera was found."
    return "cameras: " + ", ".join(cameras) + "."
