import subprocess
import sys

CODE = """
import builtins
real, importers = builtins.__import__, set()

def watch(name, globals=None, *rest):
    who = (globals or {}).get("__name__", "")
    if name.split(".")[0] == "av" and who.startswith("app"):
        importers.add(who)
    return real(name, globals, *rest)

builtins.__import__ = watch
import app.capture.clip, app.capture.stream, app.record.recorder
print(*importers)
"""


def test_pyav_is_imported_in_one_place_so_that_two_threads_cannot_meet_half_of_it() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["app._av"]
