"""A real receiver gets what is sent, and decodes it by the layouts alone."""

from __future__ import annotations

import json
import math
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from app.cli.main import main
from app.core.errors import PfldLiveError
from app.core.face import Box, Face, HeadPose
from app.core.layout import IBUG68, KEYPOINTS15
from app.core.resources import asset
from app.core.rotation import matrix_to_pose, pose_to_matrix
from app.record.live_out.moment import Moment, TimeLine
from app.record.live_out.openseeface import OPEN_EYE, SHUT_EYE, encode
from app.record.live_out.protocols import PROTOCOLS, LiveOutSettings
from app.record.live_out.sender import LiveOut
from app.vision.pose import PoseEstimator, mean_face
from app.vision.result import FrameResult

ResultMaker = Callable[..., FrameResult]
PATIENCE_S = 20.0
OSF_BYTES = 1785


class Receiver:
    """Listens on a port of this machine and keeps all datagrams."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.port: int = self._socket.getsockname()[1]
        self.got: list[bytes] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while not self._stop.is_set():
            try:
                self.got.append(self._socket.recv(65536))
            except TimeoutError:
                continue

    def until(self, count: int) -> list[bytes]:
        end = time.monotonic() + PATIENCE_S
        while len(self.got) < count:
            assert time.monotonic() < end, f"{len(self.got)} of {count} datagrams came"
            time.sleep(0.01)
        return self.got

    def close(self) -> None:
        self._stop.set()
        self._thread.join()
        self._socket.close()


@pytest.fixture
def receivers() -> Iterator[dict[str, Receiver]]:
    made = {name: Receiver() for name in PROTOCOLS}
    yield made
    for receiver in made.values():
        receiver.close()


def openseeface(packet: bytes) -> dict[str, object]:
    """What OpenSeeFace's own receiver reads from 1785 bytes, in our words."""
    assert len(packet) == OSF_BYTES
    take = iter(struct.unpack("<di2f2fBf4f3f3f68f136f210f14f", packet))

    def some(count: int) -> np.ndarray:
        return np.array([next(take) for _ in range(count)])

    found: dict[str, object] = {"time": next(take), "id": next(take)}
    found["size"], found["eyes"] = some(2), some(2)
    found["success"], found["error"] = next(take), next(take)
    found["quaternion"], found["euler"], found["translation"] = some(4), some(3), some(3)
    found["confidence"] = some(68)
    found["points"] = some(136).reshape(68, 2)
    found["solid"] = some(210).reshape(70, 3) * [1, -1, -1]
    found["features"] = some(14)
    return found


def rotation_of(quaternion: np.ndarray) -> np.ndarray:
    x, y, z, w = quaternion
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def our_pose(quaternion: np.ndarray) -> HeadPose:
    """Our angles from what OpenSeeFace sends: the inverse rotation, seen from behind."""
    behind = np.array([[0, 1, 0], [1, 0, 0], [0, 0, -1]])
    return matrix_to_pose(behind @ rotation_of(quaternion).T)


def opentrack_forward(yaw: float, pitch: float) -> np.ndarray:
    """Where the nose points, in our camera axes."""
    yaw, pitch = math.radians(yaw), math.radians(pitch)
    return np.array(
        [-math.sin(yaw) * math.cos(pitch), -math.sin(pitch), -math.cos(yaw) * math.cos(pitch)]
    )


def angles(pose: HeadPose) -> list[float]:
    return [pose.yaw, pose.pitch, pose.roll]


def test_packets_decode_to_the_values_of_the_sidecar(
    receivers: dict[str, Receiver], tmp_path: Path
) -> None:
    sidecar = tmp_path / "faces.jsonl"
    ports = ",".join(f"{name}:{receiver.port}" for name, receiver in receivers.items())
    # Three seconds with smile, blink and turn, and one face.
    arguments = [
        *("run", str(asset("demo.mp4")), "--seconds", "3", "--detector", "haar"),
        *("--send", ports, "--sidecar", str(sidecar)),
    ]
    assert main(arguments) == 0
    lines = sidecar.read_text("utf-8").splitlines()
    assert len(lines) == 90
    got = {name: receiver.until(len(lines)) for name, receiver in receivers.items()}
    assert [d.decode("utf-8") for d in got["json"]] == [line + "\n" for line in lines]
    turned = 0.0
    for line, osf, six in zip(lines, got["openseeface"], got["opentrack"], strict=True):
        record = json.loads(line)
        (face,) = record["faces"]
        pose = HeadPose(face["yaw"], face["pitch"], face["roll"])
        turned = max(turned, abs(pose.yaw))
        points = np.array(face["points"])

        found = openseeface(osf)
        assert found["time"] == pytest.approx(record["time_s"], abs=1e-6)
        assert (found["id"], found["success"]) == (face["id"], 1)
        assert found["size"] == pytest.approx([640, 480])
        assert angles(our_pose(found["quaternion"])) == pytest.approx(angles(pose), abs=0.02)
        for sent, ratio in zip(
            found["eyes"],
            (face["openings"]["left_eye"], face["openings"]["right_eye"]),
            strict=True,
        ):
            share = (ratio - SHUT_EYE.default) / (OPEN_EYE.default - SHUT_EYE.default)
            assert sent == pytest.approx(min(max(share, 0), 1), abs=1e-3)
        assert found["points"][:48] == pytest.approx(points[:48], abs=0.006)
        # Pupils amid the lids: that of the person's right eye is on the left of the picture.
        assert found["points"][66] == pytest.approx(points[36:42].mean(axis=0), abs=0.01)
        assert found["confidence"][:66] == pytest.approx(face["trust"], abs=1e-4)
        assert found["error"] < 12

        x, y, z, yaw, pitch, roll = struct.unpack("<6d", six)
        px, py, pz = face["position_cm"]
        assert (x, -y, z) == pytest.approx((px, py, pz), abs=0.006)
        forward = -pose_to_matrix(pose)[:, 2]
        assert opentrack_forward(yaw, pitch) == pytest.approx(forward, abs=0.001)
        if abs(pose.pitch) < 3:
            assert roll == pytest.approx(pose.roll, abs=2.5)
    assert turned > 20


@pytest.mark.parametrize("pose", [HeadPose(0, 0, 0), HeadPose(25, -15, 10)])
def test_the_solid_face_of_openseeface_is_the_mean_face_whatever_the_pose(
    pose: HeadPose, make_result: ResultMaker
) -> None:
    focal = 160 / math.tan(math.radians(30))
    placed = mean_face() @ pose_to_matrix(pose).T + [0.4, -0.3, 6.0]
    pixels = focal * placed[:, :2] / placed[:, 2:] + [159.5, 119.5]
    points = pixels.astype(np.float32)
    known = PoseEstimator(IBUG68).estimate(points, width=320, height=240, field_of_view_deg=60.0)
    face = Face(7, Box.around(points), points, IBUG68, known, 0.8, points)
    (packet,) = encode(Moment(make_result(face), 0))
    found = openseeface(packet)
    solid = found["solid"]
    wanted = 0.632 * (mean_face()[30] - mean_face()) * [1, 1, 1]
    assert solid[:48] == pytest.approx(wanted[:48], abs=0.01)
    assert np.linalg.norm(solid[45] - solid[36]) == pytest.approx(0.632, abs=0.03)
    assert solid[36, 0] > 0 > solid[45, 0]  # x to the left of the picture
    assert solid[8, 1] < solid[30, 1] < solid[27, 1]  # y up
    assert solid[68, 2] < solid[66, 2]  # eyeballs behind the pupils
    assert found["error"] == pytest.approx(0, abs=0.3)
    # The receiver in Unity adds these offsets and has x to the right, y up, z away.
    x, y, z = found["euler"]
    if pose.yaw == 0:
        assert [abs(x), y, z] == pytest.approx([180, 0, 90], abs=1)
    tx, ty, tz = found["translation"]
    assert (-ty, -tx, -tz) == pytest.approx(0.632 * placed[30], rel=0.02)


def test_a_face_without_pose_has_points_and_no_success(make_result: ResultMaker) -> None:
    points = np.random.default_rng(0).uniform(50, 150, (68, 2)).astype(np.float32)
    face = Face(1, Box.around(points), points, IBUG68, None, 0.7, points)
    (packet,) = encode(Moment(make_result(face, face), 0))
    assert len(packet) == 2 * OSF_BYTES
    found = openseeface(packet[:OSF_BYTES])
    assert found["success"] == 0
    assert not found["solid"].any()
    assert found["points"][0] == pytest.approx(points[0])


def test_points_that_a_layout_lacks_have_no_confidence(make_result: ResultMaker) -> None:
    points = np.random.default_rng(0).uniform(50, 150, (15, 2)).astype(np.float32)
    face = Face(1, Box.around(points), points, KEYPOINTS15, None, 0.7, points)
    (packet,) = encode(Moment(make_result(face), 0))
    found = openseeface(packet)
    assert found["confidence"][0] == 0
    assert found["confidence"].max() == pytest.approx(0.7)
    assert found["eyes"] == pytest.approx([1, 1])


def test_nothing_is_sent_without_a_face_but_json(
    receivers: dict[str, Receiver], make_result: ResultMaker
) -> None:
    ports = {name: receiver.port for name, receiver in receivers.items()}
    sender = LiveOut(LiveOutSettings(ports=ports))
    sender.send(make_result())
    assert sender.stop()
    assert json.loads(receivers["json"].until(1)[0])["faces"] == []
    assert sender.status.sent == {"json": 1, "openseeface": 0, "opentrack": 0}
    assert sender.status.failed == 0


def test_the_thread_sends_the_newest_and_counts_the_rest(
    receivers: dict[str, Receiver], make_result: ResultMaker
) -> None:
    sender = LiveOut(LiveOutSettings(ports={"json": receivers["json"].port}))
    for i in range(3):  # nobody takes them yet
        sender.put(make_result(sequence=i, time_ns=i * 40_000_000))
    sender.start()
    (only,) = receivers["json"].until(1)
    assert json.loads(only)["frame"] == 2
    assert sender.status.dropped == 2
    sender.put(make_result(sequence=3, time_ns=120_000_000), {"state": "alert"})
    assert json.loads(receivers["json"].until(2)[1])["state"] == {"state": "alert"}
    assert sender.stop(PATIENCE_S)


def test_nobody_need_listen(make_result: ResultMaker) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sender = LiveOut(LiveOutSettings(ports={"json": port}))
    for i in range(5):
        sender.send(make_result(sequence=i, time_ns=i * 40_000_000))
    assert sender.stop()
    assert (sender.status.sent["json"], sender.status.problem) == (5, "")


def test_what_cannot_be_sent_is_counted_and_told(make_result: ResultMaker) -> None:
    points = np.random.default_rng(0).uniform(50, 150, (68, 2)).astype(np.float32)
    crowd = [Face(i, Box.around(points), points, IBUG68, None, 0.7, points) for i in range(80)]
    sender = LiveOut(LiveOutSettings(ports={"json": 9}))  # too long for a datagram
    sender.send(make_result(*crowd))
    assert sender.stop()
    assert sender.status.failed == 1
    assert "JSON data cannot be sent to 127.0.0.1: Message too long" in sender.status.problem


@pytest.mark.skipif(not socket.has_ipv6, reason="this system knows no IPv6")
def test_an_address_of_ipv6_is_taken_with_and_without_brackets(make_result: ResultMaker) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as receiver:
        receiver.settimeout(PATIENCE_S)
        receiver.bind(("::1", 0))
        for host in ("::1", "[::1]"):
            settings = LiveOutSettings(ports={"json": receiver.getsockname()[1]}, host=host)
            sender = LiveOut(settings)
            sender.send(make_result())
            assert sender.stop()
            assert sender.status.problem == ""
            assert json.loads(receiver.recv(100_000))["frame"] == 0


@pytest.mark.parametrize("host", ["a..b", "[::1", "x" * 70, "\udcff", "pc:80"])
def test_a_host_that_is_none_is_told_in_a_sentence(
    host: str, make_result: ResultMaker, caplog: pytest.LogCaptureFixture
) -> None:
    sender = LiveOut(LiveOutSettings(ports={"json": 9}, host=host))
    sender.send(make_result())
    assert sender.stop()
    assert sender.status.failed == 1
    assert sender.status.problem.startswith("JSON data cannot be sent to ")
    assert caplog.text == ""


@pytest.mark.parametrize("host", ["a..b", "[::1", "pc:80", "a b", "nobody.invalid"])
def test_a_host_that_is_none_is_refused_before_the_work(
    host: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = tmp_path / "s.json"
    demo = ["run", str(asset("demo.mp4")), "--headless", "--json", str(summary)]
    assert main([*demo, "--send", "json", "--send-host", host]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert not summary.exists()


def test_time_goes_on_where_a_source_begins_again(make_result: ResultMaker) -> None:
    line = TimeLine()
    frames = [(5, 0), (6, 0), (5, 1), (6, 1), (5, 1)]
    times = [line.at(make_result(time_ns=s * 10**9, epoch=e).frame) / 1e9 for s, e in frames]
    assert times == pytest.approx([0, 1, 1.033, 2.033, 2.066])


def test_settings_refuse_ports_and_protocols_that_do_not_exist() -> None:
    with pytest.raises(PfldLiveError, match="between 1 and 65535"):
        LiveOutSettings(ports={"json": 0})
    with pytest.raises(ValueError, match="no protocol"):
        LiveOutSettings(ports={"telex": 1})
    assert LiveOutSettings().host == "127.0.0.1"


@pytest.mark.parametrize(
    "text", ["telex", "json:many", "json:0", "json:70000", "json:" + "9" * 5000]
)
def test_a_wrong_wish_is_one_sentence(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(asset("demo.mp4")), "--headless", "--send", text]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
