"""Face-landmark models of other projects, run by their own conventions: to be measured, no more.

The files lie outside the repository and are never shipped; see the README of their folder.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from app.core.errors import SourceError

Crop = npt.NDArray[np.uint8]
Outputs = list[npt.NDArray[np.float32]]

CORE: Final = (36, 39, 42, 45, 48, 54, 51, 57, 62, 66)
"""Points of `ibug68` that mean the same everywhere: eye corners from left to right, mouth
corners, middle of the upper and the lower lip's outline, the same of the inner lips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """How a foreign model wants its crop, and what its answer means.

    Attributes:
        name: as the tables show it.
        file: name in the folder of peers.
        size: side of the input.
        rgb: order of the channels.
        mean, std: of each channel, 0..255.
        core: its points that mean the same as `CORE`.
        decode: outputs of the network to points (K, 2) in 0..1 across the crop.
        scale: side of the crop as a multiple of the BlazeFace box's longer side.
        shift: downward shift of its centre as a share of that side.
    """

    name: str
    file: str
    size: int
    rgb: bool
    mean: tuple[float, ...]
    std: tuple[float, ...]
    core: tuple[int, ...]
    decode: Callable[[Outputs], npt.NDArray[np.float32]]
    scale: float
    shift: float

    def framed(self, scale: float, shift: float) -> Peer:
        """The same model with other crops."""
        return replace(self, scale=scale, shift=shift)


class PeerModel:
    """The file of a peer, ready to run on one thread."""

    def __init__(self, peer: Peer, folder: Path) -> None:
        path = folder / peer.file
        if not path.is_file():
            raise SourceError(f"{path} is missing; name the folder of the peers with --peers")
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.peer = peer
        self.megabytes = path.stat().st_size / 1e6
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def prepare(self, crop: Crop) -> npt.NDArray[np.float32]:
        """The network's input (1, 3, N, N) for a BGR crop (N, N, 3)."""
        mean, std = (np.array(v, np.float32) for v in (self.peer.mean, self.peer.std))
        shown = crop[..., ::-1] if self.peer.rgb else crop
        return np.ascontiguousarray(((shown - mean) / std).transpose(2, 0, 1)[None], np.float32)

    def infer(self, prepared: npt.NDArray[np.float32]) -> Outputs:
        """All outputs of the network."""
        outputs: Outputs = self._session.run(None, {self._input: prepared})
        return outputs

    def core_points(self, crop: Crop) -> npt.NDArray[np.float32]:
        """`CORE` (10, 2) in 0..1 across a BGR crop."""
        return self.peer.decode(self.infer(self.prepare(crop)))[list(self.peer.core)]


def _flat(outputs: Outputs) -> npt.NDArray[np.float32]:
    """Pairs of x and y as shares of the crop, in the output that is a row of numbers."""
    rows = [o for o in outputs if o.ndim == 2 and o.shape[1] % 2 == 0 and o.shape[1] > 100]
    return rows[0].reshape(-1, 2)


def _score_maps(outputs: Outputs) -> npt.NDArray[np.float32]:
    """66 score maps of 28 × 28, and as many of offsets down and across (OpenSeeFace)."""
    scores, rows, columns = outputs[0][0].reshape(3, 66, 28 * 28)
    best = scores.argmax(axis=1)
    each = np.arange(66)

    def offset(maps: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        value = np.clip(maps[each, best], 1e-7, 1 - 1e-7)
        return np.asarray(np.log(value / (1 - value)) / 16, np.float32)

    y = (best // 28) / 27 + offset(rows)
    x = (best % 28) / 27 + offset(columns)
    # Its unit is the distance between the middles of the first and the last pixel.
    return np.asarray((np.stack([x, y], axis=1) * 223 + 0.5) / 224, np.float32)


_WFLW: Final = (60, 64, 68, 72, 76, 82, 79, 85, 90, 94)
_OSF: Final = (36, 39, 42, 45, 58, 62, 50, 55, 60, 64)
_JD106: Final = (35, 39, 89, 93, 52, 61, 71, 53, 62, 60)
_BYTE: Final = (255.0, 255.0, 255.0)
_NOTHING: Final = (0.0, 0.0, 0.0)

PEERS: Final = (
    Peer(name="pfld_ghostone", file="pfld_ghostone_112.onnx", size=112, rgb=False, mean=_NOTHING,
         std=_BYTE, core=_WFLW, decode=_flat, scale=1.1, shift=0.1),
    Peer(name="pfld_ghostnet", file="pfld_ghostnet_112.onnx", size=112, rgb=False, mean=_NOTHING,
         std=_BYTE, core=_WFLW, decode=_flat, scale=1.1, shift=0.0),
    Peer(name="openseeface model 0", file="openseeface_lm_model0.onnx", size=224, rgb=True,
         mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375), core=_OSF,
         decode=_score_maps, scale=1.2, shift=0.05),
    Peer(name="pfld106_lite", file="pfld106_lite.onnx", size=112, rgb=False, mean=_NOTHING,
         std=_BYTE, core=_JD106, decode=_flat, scale=1.1, shift=0.05),
)  # fmt: skip
