"""`pfld-live label`: reference points for a clip of one's own."""

import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.cli.main import main
from app.core.layout import IBUG68
from app.evaluate.editing import LabelEditor
from app.evaluate.find import open_labelled_clip
from app.evaluate.label_file import FaceLabel, FrameLabels, LabelFile
from app.evaluate.labelling import ClipLabelling, LabellingSettings, doubtful_frames
from app.evaluate.labels import MACHINE, LabelError
from app.evaluate.metrics import nme, point_errors
from app.evaluate.project_labels import read_label_file, write_label_file
from app.evaluate.run import EvaluationSettings, evaluate_clip
from app.vision.zoo import ZooEntry
from tests.unit.evaluate.label_lines import Lines, main_points

SETTINGS = LabellingSettings()


def labelled(media: Path, *, known: LabelFile | None = None, frames: int = 1000) -> LabelFile:
    with ClipLabelling(media, SETTINGS, known=known) as run:
        while run.done < frames and run.step():
            pass
    return run.file()


@pytest.fixture(scope="session")
def machine_labels(cut_video: Path) -> LabelFile:
    return labelled(cut_video)


def test_the_labels_lie_where_the_faces_are(machine_labels: LabelFile, demo_labels: Lines) -> None:
    file = machine_labels
    assert (file.truth, file.size, len(file.frames)) == (MACHINE, (640, 480), 24)
    assert "FaceMesh" in file.made_by
    main = [next(f for f in frame.faces or () if f.person == 0) for frame in file.frames]
    truth = np.array(main_points(demo_labels))
    errors = nme(point_errors(np.array([face.points for face in main]), truth, IBUG68))
    assert errors.max() < 0.08
    assert {face.person for face in file.frames[-1].faces} == {0, 1}
    assert all(face.pose is not None and "frontal" in face.attributes for face in main)
    # The eyes are shut in most of these frames.
    shut = [face.extra["eyes"]["left_open"] for face in main]
    assert min(shut) < 0.7 <= max(shut) == 1.0
    assert file.frames[3].extra["time_s"] == pytest.approx(3 / 30, abs=1e-3)


def test_frames_on_which_the_views_disagree_are_named_until_they_are_corrected() -> None:
    points = np.random.default_rng(0).uniform(0, 90, (68, 2))

    def frame(disagreement: float, *, corrected: bool = False) -> FrameLabels:
        face = FaceLabel(person=0, points=points, extra={"disagreement": disagreement})
        return FrameLabels(faces=(face,), corrected=corrected)

    frames = (frame(0.02), frame(0.2), frame(0.2, corrected=True), FrameLabels(faces=None))
    assert doubtful_frames(LabelFile(clip="a.mp4", layout=IBUG68, frames=frames)) == [1]


def test_a_labelling_that_was_stopped_goes_on_and_ends_the_same(
    cut_video: Path, machine_labels: LabelFile, tmp_path: Path
) -> None:
    half = labelled(cut_video, frames=10)
    assert [frame.faces is None for frame in half.frames] == [False] * 10 + [True] * 14
    path = tmp_path / "half.labels.jsonl"
    write_label_file(path, half)
    whole = labelled(cut_video, known=read_label_file(path))
    for now, then in zip(whole.frames, machine_labels.frames, strict=True):
        assert [face.person for face in now.faces] == [face.person for face in then.faces]
        for one, other in zip(now.faces, then.faces, strict=True):
            assert one.points == pytest.approx(other.points)
            assert one.attributes == other.attributes


def test_labels_of_another_clip_are_not_carried_on(
    cut_images: Path, cut_video: Path, machine_labels: LabelFile
) -> None:
    with pytest.raises(LabelError, match="4 frames, but labels for 24"):
        labelled(cut_images, known=machine_labels)


def run_label(media: Path, *more: str) -> int:
    return main(["label", str(media), *more])


@pytest.fixture
def clip(tmp_path: Path, cut_video: Path) -> Path:
    path = tmp_path / "mine.mp4"
    path.write_bytes(cut_video.read_bytes())
    return path


@pytest.fixture
def labelled_clip(clip: Path, machine_labels: LabelFile) -> Path:
    write_label_file(clip.with_name("mine.labels.jsonl"), replace(machine_labels, clip=clip.name))
    return clip


def test_a_clip_is_labelled_corrected_saved_and_evaluated(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_label(clip) == 0
    said = capsys.readouterr().out
    assert "24 frames, 24 with a face, 2 persons" in said
    assert "not looked over by anybody" in said
    path = clip.with_name("mine.labels.jsonl")
    editor = LabelEditor(read_label_file(path))
    for point in range(10):
        x, y = editor.face(2, 0).points[point]
        editor.set_point(2, 0, point, x + 1.5, y - 2)
    editor.set_attributes(2, 0, ["frontal", "occlusion"])
    write_label_file(path, editor.file)
    assert "1 of 24 frames corrected by hand" in open_labelled_clip(clip).origin.in_words()
    out = tmp_path / "out.json"
    arguments = ["evaluate", str(clip), "--detector", "haar", "--json", str(out)]
    assert main([*arguments, "--report", str(tmp_path / "out.html")]) == 0
    values = json.loads(out.read_text("utf-8"))
    for model in values["models"].values():
        assert model["faces"] >= 24
        assert model["by_attribute"]["occlusion"]["faces"] >= 1
        assert model["nme"] < 0.2


def test_what_a_person_has_corrected_is_not_labelled_again(labelled_clip: Path) -> None:
    path = labelled_clip.with_name("mine.labels.jsonl")
    editor = LabelEditor(read_label_file(path))
    editor.set_point(5, 0, 8, 1.0, 2.0)
    write_label_file(path, editor.file)
    assert run_label(labelled_clip, "--overwrite", "--fov", "70") == 0
    again = read_label_file(path)
    assert again.frames[5].faces[0].points[8].tolist() == [1.0, 2.0]
    assert [n for n, frame in enumerate(again.frames) if frame.corrected] == [5]
    assert again.focal_px == pytest.approx(320 / np.tan(np.radians(35)), abs=0.01)


def test_ctrl_c_keeps_what_is_labelled_and_the_same_command_goes_on(
    clip: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    step = ClipLabelling.step

    def interrupted(run: ClipLabelling) -> bool:
        if run.done == 7:
            os.kill(os.getpid(), signal.SIGTERM)
        return step(run)

    monkeypatch.setattr(ClipLabelling, "step", interrupted)
    assert run_label(clip) == 128 + signal.SIGTERM
    assert "8 of 24 frames are labelled" in capsys.readouterr().out
    path = clip.with_name("mine.labels.jsonl")
    assert sum(frame.faces is not None for frame in read_label_file(path).frames) == 8
    monkeypatch.setattr(ClipLabelling, "step", step)
    assert run_label(clip) == 0
    assert all(frame.faces is not None for frame in read_label_file(path).frames)


def test_labels_are_written_as_pts_and_as_a_table(
    labelled_clip: Path, cut_images: Path, tmp_path: Path
) -> None:
    assert run_label(labelled_clip, "--pts", str(tmp_path / "annot")) == 0
    files = sorted(path.name for path in (tmp_path / "annot").iterdir())
    assert files == [f"{n:06}.pts" for n in range(1, 25)]
    table = cut_images / "keypoints.csv"
    assert run_label(cut_images, "--csv", str(table), "--pts", str(cut_images)) == 0
    own = open_labelled_clip(cut_images).labels
    main_face = own.points[own.person == 0]
    by_table = open_labelled_clip(table).labels
    assert len(by_table.frame) == len(own.frame)
    own_file = cut_images.with_name("stills.labels.jsonl")
    own_file.unlink()
    table.unlink()
    assert open_labelled_clip(cut_images).labels.points == pytest.approx(main_face, abs=1e-3)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{folder}/absent.mp4"], "does not exist"),
        (["{folder}/labels.txt"], "is no video"),
        (["{folder}/empty"], "holds no images"),
        (["{folder}/text.mp4"], "text.mp4"),
        (["{clip}"], "is labelled already"),
        (["{clip}", "--max-faces", "99"], "between 1 and 64"),
        (["{clip}", "--csv", "{folder}/x.csv"], "take --pts instead"),
        (["{clip}", "--pts", "{folder}/labels.txt"], "is a file"),
        (["{folder}/rendered.mp4"], "were not made by a machine"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(
    arguments: list[str],
    words: str,
    labelled_clip: Path,
    demo_labels: Lines,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = labelled_clip.parent
    (folder / "empty").mkdir()
    (folder / "labels.txt").write_text("no video", "utf-8")
    (folder / "text.mp4").write_text("no video", "utf-8")
    rendered = folder / "rendered.mp4"
    rendered.write_bytes(labelled_clip.read_bytes())
    lines = [demo_labels[0] | {"clip": rendered.name}, *demo_labels[1:]]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    rendered.with_name("rendered.labels.jsonl").write_text(text, "utf-8")
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert main(["label", *(a.format(folder=folder, clip=labelled_clip) for a in arguments)]) == 2
    printed = capsys.readouterr()
    assert len(printed.err.splitlines()) == 1
    assert words in printed.err
    assert before == {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_an_image_that_cannot_be_read_keeps_its_place_when_labelled_and_measured(
    cut_images: Path, models: list[ZooEntry], quick: EvaluationSettings
) -> None:
    (cut_images / "still1a.png").write_bytes(b"no picture")
    (cut_images / "still1b.avif").write_bytes(b"\0\0\0\x18ftypavif\0\0\0\0mif1avif")
    assert main(["label", str(cut_images)]) == 0
    clip = open_labelled_clip(cut_images)
    assert [path.name for path in clip.images][1:4] == ["still1.png", "still1a.png", "still1b.avif"]
    assert clip.labels.labelled.tolist() == [True, True, False, False, True, True]
    result = evaluate_clip(clip, models[-1:], quick)
    told = " ".join(result.problems)
    assert "still1a.png is not an image that can be read; it was left out." in told
    assert "still1b.avif is a picture of the kind AVIF" in told
    assert result.labels.frames == 6
