"""Models run over labelled clips."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app._opencv import cv2
from app.core.errors import PfldLiveError
from app.core.frame import Frame
from app.core.layout import LAYOUTS
from app.evaluate.csv_labels import write_csv_labels
from app.evaluate.find import open_labelled_clip
from app.evaluate.measures import measure
from app.evaluate.pts import write_pts
from app.evaluate.results import ClipResult, load_result, save_result
from app.evaluate.run import EvaluationSettings, evaluate_clip
from app.evaluate.summary import summary
from app.evaluate.worst import KEPT, WorstFaces
from app.vision.pipeline import Pipeline
from app.vision.settings import VisionSettings
from app.vision.zoo import Zoo, ZooEntry
from tests.unit.evaluate.label_lines import Lines, main_face_alone, main_points, write_lines


def figures_of(result: ClipResult) -> dict:
    measured = {name: measure([result], name) for name in result.models}
    return summary([result], measured, settings={})["models"]


def test_a_clip_is_measured_with_all_its_faces(
    cut_clip: Path, models: list[ZooEntry], quick: EvaluationSettings
) -> None:
    clip = open_labelled_clip(cut_clip)
    seen = []
    result = evaluate_clip(clip, models, quick, on_progress=lambda *count: seen.append(count))
    assert seen == [(n + 1, 24) for n in range(24)]
    assert list(result.models) == [entry.label for entry in models]
    assert result.field_of_view_deg == pytest.approx(51.73, abs=0.01)
    assert result.times_s[1] - result.times_s[0] == pytest.approx(1 / 30, abs=1e-3)
    labels = len(clip.labels.frame)
    for values in figures_of(result).values():
        assert values["faces"] + values["missed"] == labels
        assert values["faces"] >= 24
        assert 0.02 < values["nme"] < 0.3
        assert values["ci95"][0] < values["nme"] < values["ci95"][1]
        assert len(values["by_point"]) == LAYOUTS[values["layout"]].count
        assert values["pose_mae"] < 30
        assert values["jitter"] > 0
        assert values["by_attribute"]["occlusion"]["faces"] <= 24


def test_a_model_is_measured_alike_alone_and_beside_others(
    cut_clip: Path, models: list[ZooEntry], quick: EvaluationSettings
) -> None:
    clip = open_labelled_clip(cut_clip)
    together = evaluate_clip(clip, models, quick)
    alone = evaluate_clip(clip, models[-1:], quick)
    label = models[-1].label
    own, beside = figures_of(alone)[label], figures_of(together)[label]
    del own["shared"], beside["shared"]  # these are compared on the points of all models
    assert own == beside


def test_a_model_of_another_layout_is_measured_on_the_points_it_shares(
    cut_clip: Path, quick: EvaluationSettings
) -> None:
    mesh = next(entry for entry in Zoo.scan().usable if entry.reference)
    result = evaluate_clip(open_labelled_clip(cut_clip), [mesh], quick)
    said = result.models[mesh.label]
    assert (said.layout.name, said.points.shape[1]) == ("mesh478", 478)
    values = figures_of(result)[mesh.label]
    assert (values["layout"], values["points"]) == ("ibug68", 68)
    assert values["faces"] >= 24
    assert values["nme"] < 0.1
    assert len(said.worst) > 0
    kept = cut_clip.with_name("kept.npz")
    save_result(kept, result, "key")
    again = load_result(kept, "key")
    assert again is not None
    assert figures_of(again)[mesh.label] == values


def test_smoothing_is_off_unless_asked_for(
    cut_clip: Path, models: list[ZooEntry], quick: EvaluationSettings
) -> None:
    assert not EvaluationSettings().vision.smooth
    clip = open_labelled_clip(cut_clip)
    smoothed = replace(quick, vision=VisionSettings(smooth=True))
    (raw,) = figures_of(evaluate_clip(clip, models[:1], quick)).values()
    (calm,) = figures_of(evaluate_clip(clip, models[:1], smoothed)).values()
    assert calm["jitter"] < raw["jitter"]


def test_every_frame_is_decoded_once_for_all_models(
    cut_clip: Path,
    models: list[ZooEntry],
    quick: EvaluationSettings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[Frame] = []
    process = Pipeline.process

    def spy(pipeline: Pipeline, frame: Frame) -> object:
        shown.append(frame)
        return process(pipeline, frame)

    monkeypatch.setattr(Pipeline, "process", spy)
    evaluate_clip(open_labelled_clip(cut_clip), models, quick)
    assert len(shown) == 24 * len(models)
    assert len({id(frame) for frame in shown}) == 24


def test_a_300vw_folder_gives_the_figures_of_the_own_format(
    cut_clip: Path, demo_labels: Lines, models: list[ZooEntry], quick: EvaluationSettings
) -> None:
    lines = main_face_alone(demo_labels)
    write_lines(cut_clip.with_name("cut.labels.jsonl"), lines)
    folder = cut_clip.with_name("001")
    (folder / "annot").mkdir(parents=True)
    (folder / "vid.mp4").write_bytes(cut_clip.read_bytes())
    for number, points in enumerate(main_points(lines), start=1):
        write_pts(folder / "annot" / f"{number:06}.pts", points)
    own = evaluate_clip(open_labelled_clip(cut_clip), models, quick)
    other = evaluate_clip(open_labelled_clip(folder), models, quick)
    assert figures_of(other) == figures_of(own)
    assert figures_of(own)[models[0].label]["pose_mae"] is None, "no pose is labelled"
    assert figures_of(own)[models[0].label]["by_attribute"]["frontal"]["faces"] == 24


def test_images_with_pts_and_tables_give_the_figures_of_the_own_format(
    cut_images: Path, demo_labels: Lines, models: list[ZooEntry], quick: EvaluationSettings
) -> None:
    lines = main_face_alone(demo_labels)
    points = main_points(lines)[::6]
    for number, face in enumerate(points):
        write_pts(cut_images / f"still{number}.pts", face)
    by_pts = figures_of(evaluate_clip(open_labelled_clip(cut_images), models, quick))
    table = cut_images / "keypoints.csv"
    write_csv_labels(table, [(f"still{n}.png", face) for n, face in enumerate(points)])
    by_table = figures_of(evaluate_clip(open_labelled_clip(table), models, quick))
    header = lines[0] | {"clip": "stills", "frames": len(points)}
    frames = [line | {"frame": n} for n, line in enumerate(lines[1::6])]
    write_lines(cut_images.with_name("stills.labels.jsonl"), [header, *frames])
    own = figures_of(evaluate_clip(open_labelled_clip(cut_images), models, quick))
    assert by_pts == by_table == own
    assert own[models[0].label]["faces"] == 4
    assert own[models[0].label]["jitter"] is None, "images do not follow each other"


def test_faces_in_unlabelled_frames_are_neither_right_nor_wrong(
    cut_clip: Path, demo_labels: Lines, models: list[ZooEntry], quick: EvaluationSettings
) -> None:
    path = cut_clip.with_name("cut.labels.jsonl")
    write_lines(path, [demo_labels[0], *({**line, "faces": None} for line in demo_labels[1:])])
    (values,) = figures_of(evaluate_clip(open_labelled_clip(cut_clip), models[:1], quick)).values()
    assert (values["faces"], values["missed"], values["false_faces"]) == (0, 0, 0)
    write_lines(path, [demo_labels[0], *({**line, "faces": []} for line in demo_labels[1:])])
    (values,) = figures_of(evaluate_clip(open_labelled_clip(cut_clip), models[:1], quick)).values()
    assert values["false_faces"] >= 24


def test_an_image_that_cannot_be_read_is_an_error_and_not_left_out(
    cut_images: Path, demo_labels: Lines, models: list[ZooEntry], quick: EvaluationSettings
) -> None:
    write_pts(cut_images / "still1.pts", main_points(demo_labels)[6])
    (cut_images / "still1.png").write_bytes(b"no picture")
    with pytest.raises(PfldLiveError, match=r"still1\.png"):
        evaluate_clip(open_labelled_clip(cut_images), models[:1], quick)


def test_a_kept_result_comes_back_whole_and_only_for_its_key(
    cut_clip: Path, models: list[ZooEntry], quick: EvaluationSettings, tmp_path: Path
) -> None:
    result = evaluate_clip(open_labelled_clip(cut_clip), models, quick)
    path = tmp_path / "kept.npz"
    save_result(path, result, "key")
    kept = load_result(path, "key")
    assert kept is not None
    assert figures_of(kept) == figures_of(result)
    for name, model in result.models.items():
        assert kept.models[name].worst == model.worst
        assert len(model.worst) > 0
    assert load_result(path, "other") is None
    path.write_bytes(path.read_bytes()[:1000])
    assert load_result(path, "key") is None
    assert load_result(tmp_path / "absent.npz", "key") is None


def test_the_worst_faces_are_kept_one_a_moment(demo_frames: list[Frame]) -> None:
    frame = demo_frames[0]
    truth = np.random.default_rng(0).uniform(200, 300, (68, 2)).astype(np.float32)
    worst = WorstFaces(moving=True)
    for number in range(300):
        worst.offer(frame, number, number, float((number * 37) % 300), truth, truth + 5)
    kept = worst.result()
    errors = [w.error for w in kept]
    assert len(kept) == KEPT
    assert errors == sorted(errors, reverse=True)
    assert errors[0] == 299
    assert len({w.frame // 15 for w in kept}) == KEPT
    picture = cv2.imdecode(np.frombuffer(kept[0].jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (260, 260, 3)


def crowd(tmp_path: Path, frames: list[Frame], labels: Lines, *, across: int, down: int) -> Path:
    """A folder with one picture of many faces, all labelled."""
    image = cv2.resize(frames[0].image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    height, width = image.shape[:2]
    (points,) = (np.array(face["points"]) for face in labels[1]["faces"] if face["person"] == 0)
    folder = tmp_path / "crowd"
    folder.mkdir()
    cv2.imwrite(str(folder / "all.png"), np.tile(image, (down, across, 1)))
    places = [(x * width, y * height) for y in range(down) for x in range(across)]
    faces = [("all.png", 0.5 * (points + 0.5) - 0.5 + place) for place in places]
    write_csv_labels(folder / "keypoints.csv", faces)
    return folder


@pytest.mark.parametrize(("across", "down"), [(3, 2), (5, 4)])
def test_as_many_faces_are_followed_as_are_labelled(
    tmp_path: Path,
    demo_frames: list[Frame],
    demo_labels: Lines,
    models: list[ZooEntry],
    across: int,
    down: int,
) -> None:
    folder = crowd(tmp_path, demo_frames, demo_labels, across=across, down=down)
    settings = EvaluationSettings(vision=VisionSettings(smooth=False))
    result = evaluate_clip(open_labelled_clip(folder), models[-1:], settings)
    (values,) = figures_of(result).values()
    assert values["faces"] + values["missed"] == across * down
    assert values["faces"] > VisionSettings().max_faces  # what the detector sees of the crowd
    assert result.problems == ()


def test_a_wished_limit_of_faces_holds_and_is_told(
    tmp_path: Path, demo_frames: list[Frame], demo_labels: Lines, models: list[ZooEntry]
) -> None:
    folder = crowd(tmp_path, demo_frames, demo_labels, across=3, down=2)
    settings = EvaluationSettings(
        vision=VisionSettings(smooth=False, max_faces=2), follow_labelled=False
    )
    result = evaluate_clip(open_labelled_clip(folder), models[-1:], settings)
    (values,) = figures_of(result).values()
    assert (values["faces"], values["missed"]) == (2, 4)
    assert "up to 6 faces labelled in a frame, of which 2 are followed" in result.problems[0]


def test_images_without_labels_are_told(
    tmp_path: Path, demo_frames: list[Frame], demo_labels: Lines, models: list[ZooEntry]
) -> None:
    folder = crowd(tmp_path, demo_frames, demo_labels, across=1, down=1)
    for name in ("more.jfif", "other.jpg", "third.tiff", "fourth.webp"):
        (folder / name).write_bytes((folder / "all.png").read_bytes())
    (folder / "film.ts").write_bytes(b"film")
    clip = open_labelled_clip(folder)
    result = evaluate_clip(clip, models[-1:], EvaluationSettings(detector="haar"))
    assert result.problems == (
        "fourth.webp, more.jfif, other.jpg and 1 more are not labelled and left out.",
        "film.ts is no picture and left out.",
    )
