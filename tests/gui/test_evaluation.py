"""Evaluating in the window: run, watch, cancel, keep, reopen, compare, jump, export."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.resources import asset
from app.evaluate.find import open_labelled_clip
from app.evaluate.jobs import Job, run_job
from app.evaluate.measures import measure
from app.evaluate.run import EvaluationSettings
from app.ui.evaluation.control import Evaluation
from app.ui.main_window import MainWindow
from app.vision.zoo import Zoo

MakeWindow = Callable[..., MainWindow]
Wait = Callable[..., None]

SHIPPED = Path(__file__).parents[2] / "models" / "pfld-0.5x-int8.onnx"
BARS, CURVE, OVER_TIME, BY_POINT, TABLE = range(5)
LONG_MS = 60_000


@pytest.fixture
def window(make_window: MakeWindow, wait: Wait, zoo_folder: Path, turning: Path) -> MainWindow:
    """A window with a real model and the mean face, playing the labelled clip."""
    shutil.copy(SHIPPED, zoo_folder / SHIPPED.name)
    return make_window(str(turning))


@pytest.fixture
def evaluation(window: MainWindow, wait: Wait) -> Evaluation:
    """With its dock open and both models chosen."""
    evaluation = window.evaluation
    evaluation.open()
    wait(lambda: evaluation.view is not None and len(evaluation.view.models.chosen) == 1)
    wait(lambda: window.played.clip is not None)
    evaluation.view.models.choose({"pfld-0.5x int8", "mean-face fp32"})
    return evaluation


def finish(evaluation: Evaluation, wait: Wait, qtbot: QtBot, place: Path) -> None:
    """Evaluate a clip to its end."""
    before = evaluation.run
    evaluation.choose(place)
    qtbot.mouseClick(evaluation.view.go, Qt.MouseButton.LeftButton)
    wait(
        lambda: evaluation.run is not before
        and evaluation.run.stored is not None
        and getattr(evaluation.view.run.currentData(), "id", "") == evaluation.run.stored.id,
        LONG_MS,
    )


def texts(window: MainWindow) -> str:
    return "\n".join(message.text for message in window.banners.messages)


# Running.


def test_a_run_ends_with_the_figures_of_the_command_line_in_panel_table_and_plots(
    window: MainWindow, evaluation: Evaluation, wait: Wait, qtbot: QtBot, turning: Path
) -> None:
    finish(evaluation, wait, qtbot, turning)
    entry = Zoo.scan().find("pfld-0.5x int8")
    settings = EvaluationSettings(detector="haar")
    expected, _ = run_job(Job(place=turning, models=(entry,), settings=settings))
    figures = measure([expected], entry.label)
    shown = evaluation.run.measured[entry.label].figures
    assert shown.total == figures.total
    for name in ("profile", "frontal"):
        assert shown.by_attribute[name] == figures.by_attribute[name]
    assert window.panels.evaluation.bars.isVisibleTo(window)
    words = window.panels.evaluation.bars.words
    profile = figures.by_attribute["profile"]
    assert profile.faces > 5
    assert any(f"{entry.label}, profile: {100 * profile.nme:.2f} %" in text for text in words)
    view = evaluation.view
    view.results.setCurrentIndex(TABLE)
    wait(lambda: view.results.drawn)
    cells = {
        view.results.table.item(row, 0).text(): view.results.table.item(row, 1).text()
        for row in range(view.results.table.rowCount())
    }
    assert cells[entry.label] == f"{100 * figures.total.nme:.2f} %"
    for tab in (BARS, CURVE, OVER_TIME, BY_POINT):
        view.results.setCurrentIndex(tab)
        wait(lambda: view.results.drawn and view.results.current_page is not None)
        assert [one.label for one in view.results.current_page.series] == list(cells)


def test_results_appear_while_the_demo_clip_runs_and_cancel_keeps_nothing(
    window: MainWindow, evaluation: Evaluation, wait: Wait, qtbot: QtBot
) -> None:
    qtbot.mouseClick(window.panels.evaluation.buttons[0], Qt.MouseButton.LeftButton)
    wait(lambda: evaluation.run is not None, LONG_MS)
    part = evaluation.run.results[0]
    assert part.clip == "demo.mp4"
    assert 0 < part.labels.frames < 600
    assert evaluation.run.stored is None
    assert evaluation.view.bar.isVisible()
    assert evaluation.view.bar.maximum() == 600
    wait(lambda: "fps" in evaluation.view.words.text())
    wait(lambda: evaluation.view.results.drawn)
    qtbot.mouseClick(evaluation.view.go, Qt.MouseButton.LeftButton)
    wait(lambda: "Cancelled" in evaluation.view.words.text(), LONG_MS)
    assert evaluation.view.go.text() == "Evaluate"
    assert not evaluation.view.bar.isVisible()
    assert evaluation.view.run.count() == 0


def test_closing_the_window_ends_a_run(
    window: MainWindow, evaluation: Evaluation, wait: Wait
) -> None:
    evaluation.evaluate_demo()
    wait(lambda: evaluation.view.bar.isVisible() and evaluation.view.bar.value() > 0, LONG_MS)
    window.close()
    assert window.shut_down()


def test_without_a_chosen_model_the_window_asks_for_one(
    window: MainWindow, evaluation: Evaluation
) -> None:
    evaluation.view.models.choose(set())
    evaluation.evaluate_demo()
    assert "at least one model" in evaluation.view.problem.plain


# Keeping.


def test_a_kept_run_is_opened_again_in_another_window_and_compared_with_a_new_one(
    window: MainWindow,
    evaluation: Evaluation,
    wait: Wait,
    qtbot: QtBot,
    turning: Path,
    make_window: MakeWindow,
) -> None:
    finish(evaluation, wait, qtbot, turning)
    first = evaluation.run
    window.close()
    again = make_window(str(turning)).evaluation
    again.open()
    wait(lambda: again.view is not None and again.view.run.count() == 1)
    again.view.run.setCurrentIndex(0)
    again.view.run.activated.emit(0)
    wait(lambda: again.run is not None)
    label = "pfld-0.5x int8"
    assert again.run.stored.id == first.stored.id
    assert again.run.measured[label].figures.total == first.measured[label].figures.total
    wait(lambda: bool(again.view.models.chosen))
    again.view.models.choose({label})
    finish(again, wait, qtbot, turning)
    assert again.view.run.count() == 2
    old = next(
        row
        for row in range(again.view.compared.count())
        if getattr(again.view.compared.itemData(row), "id", "") == first.stored.id
    )
    again.view.compared.setCurrentIndex(old)
    again.view.compared.activated.emit(old)
    wait(lambda: again.compared is not None and again.view.results.drawn)
    page = again.view.results.current_page
    assert [one.model for one in page.series] == [label, label, "mean-face fp32"]
    assert len({one.label for one in page.series}) == 3
    assert page.series[0].measured.figures.total == page.series[1].measured.figures.total
    assert len(window.panels.evaluation.bars.words) > 0


def test_a_kept_run_can_be_deleted(
    window: MainWindow, evaluation: Evaluation, wait: Wait, qtbot: QtBot, turning: Path
) -> None:
    evaluation.view.models.choose({"mean-face fp32"})
    finish(evaluation, wait, qtbot, turning)
    evaluation._actions.forget.trigger()
    wait(lambda: evaluation.view.run.count() == 0)
    assert evaluation.run is None
    assert not evaluation._actions.forget.isEnabled()


# Jumping.


def test_a_click_in_the_plot_over_time_shows_that_frame_standing_still(
    window: MainWindow, evaluation: Evaluation, wait: Wait, qtbot: QtBot, turning: Path
) -> None:
    evaluation.view.models.choose({"mean-face fp32"})
    finish(evaluation, wait, qtbot, turning)
    click_on_frame(evaluation, wait, qtbot, 15)
    wait(lambda: window.view.picture.result.frame.sequence == 15)
    wait(lambda: window._link._engine.capture.status.paused)


def test_a_click_opens_the_clip_when_something_else_plays(
    window: MainWindow,
    evaluation: Evaluation,
    wait: Wait,
    qtbot: QtBot,
    turning: Path,
    clip: Path,
) -> None:
    evaluation.view.models.choose({"mean-face fp32"})
    finish(evaluation, wait, qtbot, turning)
    window.files.open(clip)
    wait(lambda: window.view.picture.result.frame.source == clip.name)
    click_on_frame(evaluation, wait, qtbot, 6)
    wait(
        lambda: (window.view.picture.result.frame.source, window.view.picture.result.frame.sequence)
        == (turning.name, 6)
    )


def click_on_frame(evaluation: Evaluation, wait: Wait, qtbot: QtBot, frame: int) -> None:
    results = evaluation.view.results
    results.setCurrentIndex(OVER_TIME)
    wait(lambda: results.current_page is not None and results.drawn)
    page = results.current_page
    QApplication.processEvents()
    box = page.view.getPlotItem().vb
    scene = box.mapViewToScene(QPointF(page.x_of(frame), 1.0))
    qtbot.mouseClick(
        page.view.viewport(), Qt.MouseButton.LeftButton, pos=page.view.mapFromScene(scene)
    )


# Exporting.


def test_every_plot_and_table_can_be_exported(
    window: MainWindow,
    evaluation: Evaluation,
    wait: Wait,
    qtbot: QtBot,
    turning: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finish(evaluation, wait, qtbot, turning)
    results = evaluation.view.results
    asked: list[str] = []

    def ask(_parent: object, _title: str, place: str, _filter: str) -> tuple[str, str]:
        asked.append(Path(place).name)
        return str(tmp_path / Path(place).name), ""

    monkeypatch.setattr("app.ui.evaluation.control.QFileDialog.getSaveFileName", ask)
    for tab in (BARS, CURVE, OVER_TIME, BY_POINT):
        results.setCurrentIndex(tab)
        wait(lambda: results.drawn and results.current_page is not None)
        for kind in ("png", "svg"):
            evaluation.view.exports[kind].trigger()
    results.setCurrentIndex(TABLE)
    assert not evaluation.view.exports["png"].isEnabled()
    for kind in ("csv", "json", "html"):
        evaluation.view.exports[kind].trigger()
    assert len(set(asked)) == 11
    wait(lambda: all((tmp_path / name).is_file() for name in asked))
    for name in asked:
        path = tmp_path / name
        if path.suffix == ".png":
            image = QImage(str(path))
            colours = {image.pixel(x, image.height() // 2) for x in range(image.width())}
            assert len(colours) > 3, name
        elif path.suffix == ".svg":
            assert QSvgRenderer(str(path)).isValid(), name
    rows = (tmp_path / "turning-rows.csv").read_text("utf-8").splitlines()
    faces = len(evaluation.run.results[0].labels.frame)
    assert len(rows) >= 1 + 2 * faces
    summary = json.loads((tmp_path / "turning-summary.json").read_text("utf-8"))
    total = evaluation.run.measured["pfld-0.5x int8"].figures.total
    assert summary["models"]["pfld-0.5x int8"]["nme"] == round(total.nme, 6)
    page = (tmp_path / "turning-report.html").read_text("utf-8")
    assert "pfld-0.5x int8" in page
    assert "Detector haar" in page


def test_an_export_that_cannot_be_written_is_told(
    window: MainWindow,
    evaluation: Evaluation,
    wait: Wait,
    qtbot: QtBot,
    turning: Path,
    tmp_path: Path,
) -> None:
    evaluation.view.models.choose({"mean-face fp32"})
    finish(evaluation, wait, qtbot, turning)
    evaluation.write("csv", tmp_path / "nowhere" / "rows.csv")
    wait(lambda: "rows.csv cannot be written" in texts(window))


# Labels that cannot be used.


def broken_clip(folder: Path, turning: Path, change: Callable[[str], str | None]) -> Path:
    """A copy of the clip whose label file is changed; None leaves it out."""
    clip = folder / "walk.mp4"
    shutil.copy(turning, clip)
    labels = turning.with_suffix(".labels.jsonl").read_text("utf-8")
    text = change(labels.replace("turning.mp4", "walk.mp4"))
    if text is not None:
        clip.with_suffix(".labels.jsonl").write_text(text, "utf-8")
    return clip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text[: len(text) // 2], "walk.labels.jsonl, line"),
        (lambda text: "\n".join(text.splitlines()[:10]) + "\n", "it was cut off"),
        (lambda text: text.replace("[640,480]", "[320,240]", 1), "another clip"),
        (lambda _: None, "walk.mp4 has no labels"),
    ],
    ids=["truncated", "fewer frames", "another clip", "none"],
)
def test_labels_that_cannot_be_used_are_told_in_the_window(
    window: MainWindow,
    evaluation: Evaluation,
    wait: Wait,
    qtbot: QtBot,
    turning: Path,
    tmp_path: Path,
    change: Callable[[str], str | None],
    words: str,
) -> None:
    clip = broken_clip(tmp_path, turning, change)
    evaluation.view.models.choose({"mean-face fp32"})
    evaluation.choose(clip)
    qtbot.mouseClick(evaluation.view.go, Qt.MouseButton.LeftButton)
    wait(lambda: words in evaluation.view.problem.plain, LONG_MS)
    assert words in texts(window)
    assert evaluation.view.go.text() == "Evaluate"
    finish(evaluation, wait, qtbot, turning)
    assert evaluation.view.problem.plain == ""
    assert words not in texts(window)


def test_broken_labels_of_the_clip_that_plays_are_told_and_it_plays_on(
    make_window: MakeWindow, wait: Wait, turning: Path, tmp_path: Path
) -> None:
    clip = broken_clip(tmp_path, turning, lambda text: text[: len(text) // 2])
    window = make_window(str(clip))
    wait(lambda: "walk.labels.jsonl" in texts(window))
    wait(lambda: window.view.picture is not None)
    assert not window.menus.truth.isEnabled()


# Truth and prediction in the video.


def test_the_video_shows_labels_and_predictions_until_they_are_switched_off(
    window: MainWindow, wait: Wait
) -> None:
    truth = window.menus.truth
    wait(truth.isEnabled)
    for other in ("points", "axes", "box", "numbers"):  # some of them are green, too
        window.overlay.actions[other].setChecked(False)
    window._link.seek(0.3)
    window._link.play(False)
    wait(lambda: window.view.picture is not None and bool(window.view.picture.result.faces))
    assert green_pixels(window) < 20
    truth.trigger()
    wait(lambda: green_pixels(window) > 100)
    assert window.panels.options.boxes["truth"].isChecked()
    truth.trigger()
    wait(lambda: green_pixels(window) < 20)


def test_a_clip_without_labels_has_no_truth_to_show(
    make_window: MakeWindow, wait: Wait, clip: Path
) -> None:
    window = make_window(str(clip))
    wait(lambda: window.view.picture is not None)
    assert not window.menus.truth.isEnabled()
    assert texts(window) == ""


def green_pixels(window: MainWindow) -> int:
    """Pixels of the picture that are as green as labels are and nothing in the clip is."""
    if window.view.picture is None:
        return 0
    image = window.view.picture.image
    flat = np.frombuffer(image.constBits(), np.uint8)
    pixels = flat.reshape(image.height(), image.width(), 4).astype(int)
    blue, green, red = (pixels[:, :, channel] for channel in range(3))
    return int(((green > red + 70) & (green > blue + 40)).sum())


def test_the_demo_clip_is_labelled(turning: Path) -> None:
    assert open_labelled_clip(asset("demo.mp4")).labels.frames == 600
    assert open_labelled_clip(turning).labels.frames == 20
