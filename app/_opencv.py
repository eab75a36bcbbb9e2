"""The one import of cv2.

The wheel of opencv-python points Qt at its own Qt 5 plugins by two environment variables. When
Qt 6 then fails for a reason of its own, it blames that path; so both are taken back at once.
"""

import os

# Windows: the default backend otherwise takes seconds to open a camera (opencv #17687).
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")

import cv2

for _name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
    if "cv2" in os.environ.get(_name, ""):
        del os.environ[_name]

# What OpenCV would print becomes an error, or the condition of its source.
cv2.setLogLevel(0)

__all__ = ["cv2"]
