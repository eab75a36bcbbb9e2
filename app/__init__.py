"""PFLD Live: live facial landmarks and head pose from a webcam or a clip."""

__version__ = "0.1.0"
