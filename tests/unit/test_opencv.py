import ast
import os
import subprocess
import sys
from pathlib import Path

import app

CODE = """
import os, sys
import app.capture.camera, app.capture.clip, app.vision.haar, app.record.overlay
print([k for k in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR") if k in os.environ])
"""


def test_opencv_leaves_no_path_of_its_own_to_qt() -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("QT_QPA")}
    done = subprocess.run(
        [sys.executable, "-c", CODE], env=clean, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_cv2_is_imported_in_one_place() -> None:
    package = Path(app.__file__).parent
    direct = [
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Import) and any(name.name == "cv2" for name in node.names)
    ]
    assert direct == ["_opencv.py"]
