"""How recordings and streams are opened: which formats are let in, which pictures are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from app._av import av
from app.core.errors import SourceError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

_CONTAINERS: Final = (
    "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "mpegts", "mpeg",
    "mpegvideo", "flv", "live_flv", "asf", "ogg", "mxf", "nut", "dv", "ivf", "obu", "h261", "h263",
    "h264", "hevc", "vvc", "m4v", "vc1", "mjpeg", "yuv4mpegpipe", "gif", "apng", "jpeg_pipe",
)  # fmt: skip
"""FFmpeg's names of the containers that hold recordings. Not among them are single pictures,
which `app.capture.images` reads, play lists of other files, and text that becomes pictures."""

_STREAMED: Final = ("hls", "dash", "rtsp", "rtp", "sdp", "mpjpeg", "jpeg_pipe")
"""Formats that only come from the network."""

_DECODERS: Final = frozenset({
    "h264", "hevc", "vvc", "vp8", "vp9", "libvpx", "libvpx-vp9", "av1", "libdav1d", "libaom-av1",
    "mpeg1video", "mpeg2video", "mpeg4", "msmpeg4v1", "msmpeg4v2", "msmpeg4", "h261", "h263",
    "h263i", "h263p", "flv", "wmv1", "wmv2", "wmv3", "vc1", "mjpeg", "mjpegb", "theora", "vp3",
    "vp6", "vp6a", "vp6f", "prores", "dnxhd", "cfhd", "dvvideo", "huffyuv", "ffvhuff", "ffv1",
    "utvideo", "magicyuv", "rawvideo", "v210", "gif", "apng", "png", "qtrle", "svq1", "svq3",
    "cinepak", "msvideo1",
})  # fmt: skip
"""FFmpeg's decoders of moving pictures that are let in."""

_SOUND: Final = (
    "aac", "aac_latm", "mp3", "mp3float", "mp2", "mp2float", "ac3", "eac3", "opus", "libopus",
    "vorbis", "flac", "alac", "amrnb", "amrwb", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_u8",
    "pcm_alaw", "pcm_mulaw", "wmav1", "wmav2",
)  # fmt: skip
"""Decoders of sound, which FFmpeg uses to learn the length of a recording."""

_NETWORK: Final = (
    "http,https,httpproxy,tls,tcp,udp,udplite,rtp,srtp,rtmp,rtmps,rtmpt,rtsp,crypto,data,srt,ftp"
)
_NOT_SHOWN: Final = ("attached_pic", "timed_thumbnails", "still_image")


def open_file(path: str, *, timeout_s: float | None = None) -> InputContainer:
    """Open a recording for reading.

    Args:
        path: an absolute path, or a URL. A file may not lead to other files or into the network.
        timeout_s: how long a server may take to answer; None for a file.

    Raises:
        av.FFmpegError, OSError, ValueError: it cannot be opened, or its format is not let in.
    """
    return _open(path, _let_in(local=timeout_s is None), timeout_s)


def open_stream(url: str, *, timeout_s: tuple[float, float]) -> InputContainer:
    """Open what comes live from the network.

    Args:
        url: address, of any protocol.
        timeout_s: how long opening and each reading may take.

    Raises:
        av.FFmpegError, OSError, ValueError: it cannot be opened, or its format is not let in.
    """
    options = {**_let_in(local=False), "fflags": "nobuffer"}
    if url.lower().startswith("rtsp"):
        options["rtsp_transport"] = "tcp"
    return _open(url, options, timeout_s)


def _let_in(*, local: bool) -> dict[str, str]:
    return {
        "format_whitelist": ",".join(_CONTAINERS if local else (*_CONTAINERS, *_STREAMED)),
        "codec_whitelist": ",".join((*sorted(_DECODERS), *_SOUND)),
        "protocol_whitelist": "file" if local else _NETWORK,
    }


def _open(
    path: str, options: dict[str, str], timeout_s: float | tuple[float, float] | None
) -> InputContainer:
    # Not `options`: PyAV hands those to as many streams as the header names, and FFmpeg reads on
    # behind their end where more are found later, as in FLV. That ends the program.
    return av.open(path, container_options=options, metadata_errors="replace", timeout=timeout_s)


def pictures(container: InputContainer) -> tuple[VideoStream, str]:
    """The stream of pictures that a player chooses, and a sentence where there were several.

    Covers and thumbnails are never chosen. The one that the file calls its default goes first,
    then the largest, then the first.

    Raises:
        SourceError: there is none, or none that can be decoded; the words are the reason only.
    """
    skipped = [getattr(av.stream.Disposition, name) for name in _NOT_SHOWN]
    moving = [s for s in container.streams.video if not any(s.disposition & f for f in skipped)]
    if not moving:
        raise SourceError("it holds no moving pictures")
    known = [s for s in moving if s.codec_context is not None and decodable(s)]
    if not known:
        raise SourceError(
            f"its pictures are coded in a way that is not known ({_codec(moving[0])})"
        )
    default = av.stream.Disposition.default

    def rank(stream: VideoStream) -> tuple[bool, bool, int]:
        context = stream.codec_context
        return (
            stream.frames != 1,
            bool(stream.disposition & default),
            context.width * context.height,
        )

    best = max(known, key=rank)  # the first of equals
    if len(moving) == 1:
        return best, ""
    size = f"{best.codec_context.width}×{best.codec_context.height}"
    number = moving.index(best) + 1
    return best, f"It holds {len(moving)} streams of pictures; number {number} ({size}) is shown."


def decodable(stream: VideoStream) -> bool:
    """Whether the decoder of a stream is let in."""
    return stream.codec_context.codec.name in _DECODERS


def _codec(stream: VideoStream) -> str:
    context = stream.codec_context
    return context.name if context is not None else "no decoder"
