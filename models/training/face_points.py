"""`assets/face_points_68.json`: the mean face in 3D that the program fits poses with."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.core.layout import IBUG68

COMMAND = "python -m models.training face-points"


def write_face_points(
    points: npt.NDArray[np.float64], depth: float, faces: int, path: Path
) -> None:
    """Write the points with a header that says where they come from.

    Args:
        points: (68, 3) from `mean_face_points`.
        depth: the depth factor that is in them.
        faces: number of pictures that the teacher saw.
        path: file to write.
    """
    header = {
        "layout": IBUG68.name,
        "unit": "distance between the outer eye corners",
        "axes": "x right, y down, z away from the camera, for a face that looks into the camera",
        "origin": "midway between the outer eye corners",
        "zero_pitch": (
            "the median pitch of near-frontal press and web portraits (|yaw| < 10 degrees) reads 0"
        ),
        "source": (
            f"MediaPipe FaceMesh (0.10.21, with attention) on {faces} training pictures and their "
            "mirror images; no face mask, no stretched picture"
        ),
        "method": (
            "mean over near-frontal faces after aligning them by rotation, scale and shift; made "
            f"symmetric; depth times {depth:.3f}, the factor by which a fit to x and y alone over "
            "all directions of the head is deeper than FaceMesh's own z"
        ),
        "command": COMMAND,
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in header.items()]
    rows = ",\n".join("    " + json.dumps([round(float(v), 4) + 0.0 for v in p]) for p in points)
    text = "{\n" + "\n".join(lines) + f'\n  "points": [\n{rows}\n  ]\n}}\n'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
