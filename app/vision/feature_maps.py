"""What the layers of a network make of a face, and the filters that begin it (seed 002)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.core.card import ModelCard
from app.core.errors import ModelError
from app.core.face import Box
from app.core.frame import Image
from app.core.joined_columns import separate_kernel, separate_maps
from app.vision.landmarker import crop_of, network_input
from app.vision.onnx_file import NodeInfo, OnnxFile
from app.vision.session import InsideSession

Maps = npt.NDArray[np.float32]

_CONVOLUTIONS: Final = ("Conv", "ConvTranspose")
# What follows a convolution and keeps the form of its maps, or makes them smaller.
_FURTHER: Final = (
    "Relu", "PRelu", "LeakyRelu", "Elu", "Clip", "HardSwish", "Sigmoid", "Tanh", "Gelu",
    "BatchNormalization", "MaxPool", "AveragePool", "Add",
)  # fmt: skip


@dataclass(frozen=True, eq=False, slots=True)
class Layer:
    """One layer at work.

    Attributes:
        title: number, kind, and how many maps of which size.
        maps: (C, H, W) float32.
    """

    title: str
    maps: Maps


@dataclass(frozen=True, eq=False, slots=True)
class Inside:
    """A network at work on one face.

    Attributes:
        crop: what the file is given, (S, S, 3) BGR or (S, S) grey, uint8. Where a file looks at
            several parts of it, the layers are those of the first.
        layers: in the order of the network.
    """

    crop: Image
    layers: tuple[Layer, ...]


class NetworkInside:
    """Runs an ONNX file and keeps what its layers say. Not for use from several threads."""

    def __init__(self, path: Path) -> None:
        """Make the network ready.

        Raises:
            ModelError: the file cannot be read, has no card, or has no convolution.
        """
        file = OnnxFile.read(path)
        self.card = ModelCard.from_metadata(file.metadata)
        nodes = [n for n in file.nodes if n.kind in _CONVOLUTIONS + _FURTHER]
        first = next((n for n in nodes if n.kind in _CONVOLUTIONS), None)
        if first is None:
            raise ModelError(f"{path.name} has no convolution whose maps could be seen.")
        self._nodes = nodes
        kernel, answer = first.inputs[1], first.outputs[0]
        weights = file.weight(kernel)
        tensors = [node.outputs[0] for node in nodes]
        if weights is None:  # quantized: the network itself unpacks them
            tensors.append(kernel)
        self._session = InsideSession(file, tensors)
        if weights is None:
            side = self.card.input_size
            nothing = np.zeros((1, self.card.depth, side, side), np.float32)
            weights = self._session.run(nothing)[kernel]
        self._filters = np.asarray(weights, np.float32)
        self._joined: set[str] = set()  # tensors whose maps hold two cells as one
        apart = separate_kernel(self._filters, self.card.depth)
        if apart is not None:
            self._filters = apart
            self._joined = {n.outputs[0] for n in nodes if n is first or answer in n.inputs}

    def filters(self) -> Maps:
        """(O, I, kernel height, kernel width) weights of the first convolution, for the channels
        of the crop.
        """
        return self._filters

    def look(self, image: Image, box: Box) -> Inside:
        """All layers on the face in a face box of a BGR image (H, W, 3) uint8."""
        crop, _ = crop_of(image, box, self.card)
        values = self._session.run(network_input(crop, self.card))
        layers: list[Layer] = []
        for node in self._nodes:
            maps = values[node.outputs[0]]
            if maps.ndim == 4:
                own = maps[0]
                if node.outputs[0] in self._joined:
                    own = separate_maps(own)
                layers.append(Layer(_title(len(layers) + 1, node, own), own))
        return Inside(crop, tuple(layers))


def _title(number: int, node: NodeInfo, maps: Maps) -> str:
    count, height, width = maps.shape
    return f"{number}  {node.kind}, {count} maps of {width}×{height}"
