"""Errors and attributes of a clip by frame, as the plot over time needs them; without Qt."""

from __future__ import annotations

from itertools import groupby

import numpy as np
import numpy.typing as npt

from app.evaluate.attributes import ATTRIBUTES
from app.evaluate.labels import Labels, Numbers
from app.evaluate.metrics import Errors

Flags = npt.NDArray[np.bool_]


def by_frame(frame: Numbers, face: Errors, frames: int) -> Errors:
    """(frames,) the largest error of each frame, inf where a face was missed, NaN without one.

    Args:
        frame: (L,) the frame of each face.
        face: (L,) its error.
        frames: how many there are.
    """
    values = np.full(frames, -1.0)
    known = ~np.isnan(face)
    np.maximum.at(values, frame[known], face[known])
    values[values < 0] = np.nan
    return values


def attribute_frames(labels: Labels, name: str) -> Flags:
    """(T,) True for the frames in which a face has an attribute."""
    has = np.zeros(labels.frames, bool)
    has[labels.frame[labels.attributes[:, ATTRIBUTES.index(name)]]] = True
    return has


def spans(flags: Flags) -> list[tuple[int, int]]:
    """First and one after last of each run of True."""
    found, start = [], 0
    for value, run in groupby(flags.tolist()):
        length = len(list(run))
        if value:
            found.append((start, start + length))
        start += length
    return found


def frame_edges(times_s: Errors) -> Errors:
    """(T + 1,) where each frame begins on the time axis, and where the last one ends."""
    if len(times_s) < 2:
        return np.array([*times_s.tolist(), *(times_s + 1.0).tolist()])
    last = times_s[-1] + np.median(np.diff(times_s))
    return np.append(times_s, last)


def thinned(x: Errors, y: Errors, most: int) -> tuple[Errors, Errors]:
    """A curve with at most about `most` points that looks the same.

    Each stretch keeps its lowest and its highest point; a stretch without any value stays a gap.

    Args:
        x: (T,) rising.
        y: (T,) NaN where there is nothing to draw.
        most: at least 4.
    """
    if len(x) <= most:
        return x, y
    buckets = np.array_split(np.arange(len(x)), most // 2)
    kept: list[int] = []
    for bucket in buckets:
        values = y[bucket]
        known = np.flatnonzero(~np.isnan(values))
        if not known.size:
            kept.append(int(bucket[0]))
            continue
        ends = {int(known[values[known].argmin()]), int(known[values[known].argmax()])}
        kept.extend(int(bucket[end]) for end in sorted(ends))
    return x[kept], y[kept]
