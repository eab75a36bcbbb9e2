"""Networks whose input has the colours last, as TensorFlow and Keras write them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.core.errors import ModelError

_COLOURS: Final = (1, 3, 4)


def refuse_channels_last(shape: Sequence[object]) -> None:
    """Look at the shape of an input, whose open sides may be anything but numbers.

    Raises:
        ModelError: the colours come last.
    """
    if len(shape) != 4 or shape[3] not in _COLOURS or shape[1] in _COLOURS:
        return
    sides = ", ".join(str(side) if isinstance(side, int) else "open" for side in shape)
    raise ModelError(
        f"the network takes its colours last (NHWC: {sides}), the program gives them first "
        "(NCHW); export it again, with tf2onnx by --inputs-as-nchw and the name of its input"
    )
