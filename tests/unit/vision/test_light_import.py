import subprocess
import sys
import threading
from importlib.util import find_spec

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


def test_a_second_thread_waits_and_then_finds_one_too(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    inside, leave = threading.Event(), threading.Event()
    found: list[bool] = []

    def first() -> None:
        with without_plots():
            inside.set()
            leave.wait(10)

    def second() -> None:
        with without_plots():
            found.append(find_spec("matplotlib") is not None)

    threads = [threading.Thread(target=target) for target in (first, second)]
    threads[0].start()
    assert inside.wait(10)
    threads[1].start()
    threads[1].join(0.1)
    assert threads[1].is_alive()
    leave.set()
    for thread in threads:
        thread.join(10)
    assert found == [True]
    assert "matplotlib" not in sys.modules


def test_what_fails_to_import_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ImportError), without_plots():
        raise ImportError
    assert "matplotlib" not in sys.modules
