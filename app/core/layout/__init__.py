"""What each landmark of a model means, and which points two models share."""

from collections.abc import Mapping
from types import MappingProxyType

from app.core.layout.ibug68 import IBUG68
from app.core.layout.keypoints15 import KEYPOINTS15
from app.core.layout.mapping import PointMap, point_map, shared_points
from app.core.layout.mesh478 import MESH478
from app.core.layout.scheme import LandmarkLayout
from app.core.layout.wflw98 import WFLW98

LAYOUTS: Mapping[str, LandmarkLayout] = MappingProxyType(
    {layout.name: layout for layout in (IBUG68, KEYPOINTS15, MESH478, WFLW98)}
)
"""Name in cards and label files -> layout."""

__all__ = [
    "IBUG68",
    "KEYPOINTS15",
    "LAYOUTS",
    "MESH478",
    "WFLW98",
    "LandmarkLayout",
    "PointMap",
    "point_map",
    "shared_points",
]
