"""PFLD Live: live facial landmarks and head pose from a webcam or a clip."""

import os

__version__ = "0.1.0"

# Before numpy is imported: its BLAS starts a thread per core that keeps spinning for a while
# after each product, and at thirty small products a second it never stops.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
