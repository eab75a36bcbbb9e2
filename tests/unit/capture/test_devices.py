from pathlib import Path

import pytest

from app.capture.devices import camera_targets


@pytest.fixture
def sysfs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def add(root: Path, number: int, name: str, index: int | None = 0) -> None:
    node = root / f"video{number}"
    node.mkdir()
    (node / "name").write_text(name + "\n")
    if index is not None:
        (node / "index").write_text(f"{index}\n")


def test_lists_names_in_the_order_of_device_numbers(sysfs: Path) -> None:
    add(sysfs, 10, "Late")
    add(sysfs, 2, "Early")
    assert dict(camera_targets(sysfs)) == {"Early": "/dev/video2", "Late": "/dev/video10"}
    assert list(camera_targets(sysfs)) == ["Early", "Late"]


def test_nodes_without_pictures_are_left_out(sysfs: Path) -> None:
    add(sysfs, 0, "Webcam", index=0)
    add(sysfs, 1, "Webcam", index=1)
    assert dict(camera_targets(sysfs)) == {"Webcam": "/dev/video0"}


def test_equal_names_are_numbered(sysfs: Path) -> None:
    for number in (0, 2, 4):
        add(sysfs, number, "Webcam")
    assert list(camera_targets(sysfs)) == ["Webcam", "Webcam (2)", "Webcam (3)"]


def test_a_node_without_a_name_file_goes_by_its_number(sysfs: Path) -> None:
    (sysfs / "video3").mkdir()
    assert dict(camera_targets(sysfs)) == {"video3": "/dev/video3"}


def test_no_folder_means_no_cameras(sysfs: Path) -> None:
    assert dict(camera_targets(sysfs / "nothing")) == {}
