"""MediaPipe's FaceMesh as a `Landmarker`: the reference that anybody can compare with."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from app._opencv import cv2
from app.core.card import ModelCard
from app.core.face import Box
from app.core.frame import Image
from app.core.geometry import crop_transform, points_from_unit
from app.core.layout import MESH478, LandmarkLayout
from app.core.native_noise import native_stderr_silenced
from app.vision.crop import cut_crop
from app.vision.landmarker import Landmarks
from app.vision.light_import import without_plots
from app.vision.mediapipe_graph import MediaPipeGraph

_SIZE: Final = 192

CARD: Final = ModelCard(
    name="mesh478",
    family="mesh478",
    precision="fp16",
    layout=MESH478.name,
    input_size=_SIZE,
    channels="rgb",
    mean=(0.0, 0.0, 0.0),
    std=(255.0, 255.0, 255.0),
    # FaceMesh takes 1.5 times the longer side of the box around its own points; in the median
    # over 7,000 meshes of the training pictures that is this much of the face box.
    crop_scale=1.72,
    crop_shift=-0.1,
    points_output="landmarks",
    coordinates="unit",
    trust_output="score",
    trained_on="pictures of Google (MediaPipe FaceMesh V2, attention mesh)",
    licence="Apache-2.0",
    made_by="mediapipe 0.10.21",
)
"""What the network of MediaPipe's wheel would say about itself if it were an ONNX file."""

# MediaPipe's own graph of FaceMesh (modules/face_landmark/face_landmark_cpu) without its search
# and its memory: the box is known here, the crop comes cut, and the score of the face comes out.
_GRAPH: Final = """
input_stream: "image"
output_stream: "landmarks"
output_stream: "score"
node {
  calculator: "ConstantSidePacketCalculator"
  output_side_packet: "PACKET:with_attention"
  options { [mediapipe.ConstantSidePacketCalculatorOptions.ext] { packet { bool_value: true } } }
}
node {
  calculator: "FaceLandmarksModelLoader"
  input_side_packet: "WITH_ATTENTION:with_attention"
  output_side_packet: "MODEL:model"
}
node {
  calculator: "TfLiteCustomOpResolverCalculator"
  output_side_packet: "OP_RESOLVER:op_resolver"
  options { [mediapipe.TfLiteCustomOpResolverCalculatorOptions.ext] { use_gpu: false } }
}
node {
  calculator: "ImageToTensorCalculator"
  input_stream: "IMAGE:image"
  output_stream: "TENSORS:input"
  options {
    [mediapipe.ImageToTensorCalculatorOptions.ext] {
      output_tensor_width: 192
      output_tensor_height: 192
      output_tensor_float_range { min: 0.0 max: 1.0 }
    }
  }
}
node {
  calculator: "InferenceCalculator"
  input_stream: "TENSORS:input"
  input_side_packet: "MODEL:model"
  input_side_packet: "OP_RESOLVER:op_resolver"
  output_stream: "TENSORS:outputs"
  options { [mediapipe.InferenceCalculatorOptions.ext] { delegate { xnnpack {} } } }
}
node {
  calculator: "SplitTensorVectorCalculator"
  input_stream: "outputs"
  output_stream: "points"
  output_stream: "flag"
  options {
    [mediapipe.SplitVectorCalculatorOptions.ext] {
      ranges { begin: 0 end: 6 }
      ranges { begin: 6 end: 7 }
    }
  }
}
node {
  calculator: "TensorsToFloatsCalculator"
  input_stream: "TENSORS:flag"
  output_stream: "FLOAT:score"
  options { [mediapipe.TensorsToFloatsCalculatorOptions.ext] { activation: SIGMOID } }
}
node {
  calculator: "TensorsToFaceLandmarksWithAttention"
  input_stream: "TENSORS:points"
  output_stream: "LANDMARKS:landmarks"
}
"""

_OPTIONS: Final = (
    "core.constant_side_packet_calculator_pb2",
    "core.split_vector_calculator_pb2",
    "tensor.image_to_tensor_calculator_pb2",
    "tensor.inference_calculator_pb2",
    "tensor.tensors_to_floats_calculator_pb2",
    "tflite.tflite_custom_op_resolver_calculator_pb2",
)
"""Modules that tell the reader of the graph what its options mean."""


def network_file() -> Path | None:
    """The network in MediaPipe's wheel, found without importing it; None if it is missing."""
    spec = find_spec("mediapipe")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0])
    path = folder / "modules" / "face_landmark" / "face_landmark_with_attention.tflite"
    return path if path.is_file() else None


class MeshLandmarker:
    """A `Landmarker` for single pictures: it remembers nothing of the frame before.

    MediaPipe is imported here, which takes seconds: make this object on a worker thread.
    """

    def __init__(self) -> None:
        with native_stderr_silenced():  # it greets before its log levels can be set
            with without_plots():
                from google.protobuf import text_format
                from mediapipe.framework.calculator_pb2 import CalculatorGraphConfig

                for module in _OPTIONS:
                    import_module(f"mediapipe.calculators.{module}")
            config = text_format.Parse(_GRAPH, CalculatorGraphConfig())
            self._graph = MediaPipeGraph(config, {"landmarks": "proto", "score": "float"})
            self._graph.run(np.zeros((_SIZE, _SIZE, 3), np.uint8))  # the slow first run

    @property
    def label(self) -> str:
        """Name and precision."""
        return CARD.label

    @property
    def layout(self) -> LandmarkLayout:
        """What the points mean."""
        return MESH478

    def locate(self, image: Image, box: Box) -> Landmarks:
        """Landmarks of a face; see `Landmarker`."""
        transform = crop_transform(box, scale=CARD.crop_scale, shift=CARD.crop_shift, size=_SIZE)
        crop = cv2.cvtColor(cut_crop(image, transform, _SIZE), cv2.COLOR_BGR2RGB)
        found = self._graph.run(np.asarray(crop, np.uint8))
        unit = np.array([(p.x, p.y) for p in found["landmarks"].landmark], np.float32)
        return Landmarks(points_from_unit(unit, transform, size=_SIZE), found["score"])

    def close(self) -> None:
        """Free the graph."""
        self._graph.close()
