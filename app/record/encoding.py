"""How H.264 is encoded, with more or less work."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final

from app._av import av
from app.record.quality import Quality

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

EFFORTS: Final = ("veryfast", "superfast", "ultrafast")
"""Presets of x264, the later the less work for the same quality in a larger file."""

# All efforts must write the same headers, as a stream has one header: what the presets disagree
# on stands fixed here, and `stitchable` keeps the rest independent of the quality.
_SAME_HEADERS: Final = "stitchable=1:ref=1:cabac=1:8x8dct=1:weightp=1:bframes=0"

_BT601: Final = 6  # AVCOL_SPC_SMPTE170M: how the picture is converted, said to be shown alike
_LIMITED_RANGE: Final = 1  # AVCOL_RANGE_MPEG


def prepare_encoder(
    codec: VideoCodecContext,
    *,
    size: tuple[int, int],
    time_base: Fraction,
    quality: Quality,
    effort: str,
) -> None:
    """Set up an encoder that was not opened yet.

    Args:
        codec: of libx264.
        size: width and height in pixels, both even.
        time_base: seconds per tick.
        quality: how good the pictures are.
        effort: one of `EFFORTS`.
    """
    codec.width, codec.height = size
    codec.pix_fmt = "yuv420p"
    codec.time_base = time_base
    codec.colorspace, codec.color_range = _BT601, _LIMITED_RANGE
    # zerolatency: no picture waits in the encoder, where a kill would lose it.
    codec.options = {
        "preset": effort,
        "tune": "zerolatency",
        "crf": str(quality.crf),
        "x264-params": _SAME_HEADERS,
    }


def next_encoder(
    *, size: tuple[int, int], time_base: Fraction, quality: Quality, effort: str
) -> VideoCodecContext:
    """An open encoder that goes on with a stream begun with another effort.

    The arguments are those of `prepare_encoder`.
    """
    codec = av.video.codeccontext.VideoCodecContext.create("libx264", "w")
    codec.framerate = Fraction(30)  # a hint only; the pictures carry their times
    codec.flags |= av.codec.context.Flags.global_header
    prepare_encoder(codec, size=size, time_base=time_base, quality=quality, effort=effort)
    codec.open()
    return codec
