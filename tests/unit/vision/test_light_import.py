import subprocess
import sys
import threading

import pytest

from app.vision.light_import import without_plots

MAKERS = (
    "app.vision.blazeface:BlazeFaceDetector",
    "app.vision.facemesh:FaceMesh",
    "app.vision.mesh_landmarker:MeshLandmarker",
)


def output_of(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("maker", MAKERS)
def test_what_uses_mediapipe_does_without_its_plots(maker: str) -> None:
    module, name = maker.split(":")
    code = f"from {module} import {name}; {name}().close(); import sys; "
    assert output_of(code + "print([m for m in sys.modules if 'matplotlib' in m])") == "[]"


def test_the_real_library_can_be_imported_afterwards() -> None:
    code = (
        "from app.vision.blazeface import BlazeFaceDetector; BlazeFaceDetector().close(); "
        "import matplotlib.pyplot as plots; print(plots.figure.__name__)"
    )
    assert output_of(code) == "figure"


def test_one_that_is_there_already_stays() -> None:
    code = (
        "import matplotlib; from app.vision.light_import import without_plots\n"
        "import sys\n"
        "with without_plots(): print(sys.modules['matplotlib'] is matplotlib)\n"
        "print(sys.modules['matplotlib'] is matplotlib)"
    )
    assert output_of(code).split() == ["True", "True"]


def test_two_threads_may_import_at_once() -> None:
    def visit() -> None:
        with without_plots():
            inside.append("matplotlib" in sys.modules)

    inside: list[bool] = []
    loaded = "matplotlib" in sys.modules
    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert inside == [True] * 8
    assert ("matplotlib" in sys.modules) == loaded
