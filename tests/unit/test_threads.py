import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import app.core.geometry, numpy as np, os
np.ones((400, 400)) @ np.ones((400, 400))
print(len(os.listdir("/proc/self/task")))
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads by /proc")
def test_numpy_gets_no_threads_that_would_spin_between_frames() -> None:
    clean = {k: v for k, v in os.environ.items() if k != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=clean, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "1"
