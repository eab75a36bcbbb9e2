"""Decides what is evaluated and shown; the widgets tell what the user wants."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QDir, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QDockWidget, QFileDialog, QMainWindow

from app.capture.kinds import VIDEO_SUFFIXES
from app.core.resources import asset
from app.ui.banner import BannerStack, Message
from app.ui.evaluation.actions import EvaluationActions
from app.ui.evaluation.playing import PlayedLabels
from app.ui.panels.evaluation_panel import EvaluationPanel
from app.ui.preferences import Preferences
from app.ui.sources import Sources
from app.ui.worker import Worker

if TYPE_CHECKING:
    from app.evaluate.background import BackgroundEvaluation, EvaluationStatus
    from app.evaluate.results import ClipResult
    from app.evaluate.store import ResultStore, StoredRun
    from app.ui.evaluation.runs import Run
    from app.ui.evaluation.view import EvaluationView
    from app.ui.picture import Picture
    from app.vision.engine import EngineStatus
    from app.vision.zoo import Zoo, ZooEntry

POLL_MS: Final = 100
"""Progress is shown this often."""
STOP_S: Final = 10.0
_DOCK_HEIGHT: Final = 330


class Evaluation(QObject):
    """The evaluation of a window: one run at a time, kept ones, and two beside each other.

    Attributes:
        dock: None until it is wanted for the first time.
        view: inside the dock.
        run: what is shown, or None.
        compared: what is shown beside it, or None.
    """

    shown = Signal()
    """What is shown has changed."""
    _news = Signal(object)

    def __init__(
        self,
        window: QMainWindow,
        *,
        actions: EvaluationActions,
        panel: EvaluationPanel,
        sources: Sources,
        played: PlayedLabels,
        banners: BannerStack,
        preferences: Preferences,
        detector: Callable[[], str],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._actions = actions
        self._panel = panel
        self._sources = sources
        self._played = played
        self._banners = banners
        self._preferences = preferences
        self._detector = detector
        self.worker = Worker("evaluation work", self)
        self.dock: QDockWidget | None = None
        self.view: EvaluationView | None = None
        self.run: Run | None = None
        self.compared: Run | None = None
        self._store: ResultStore | None = None
        self._zoo: Zoo | None = None
        self._preferred = ""
        self._place: Path | None = None
        self._job: BackgroundEvaluation | None = None
        self._settings: dict[str, Any] = {}
        self._when_ready: list[Callable[[], None]] = []
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._news.connect(self._measure)
        for action, run in (
            (actions.show, self.open),
            (actions.demo, self.evaluate_demo),
            (actions.choose_demo, lambda: self.choose(asset("demo.mp4"))),
            (actions.this_clip, self._choose_played),
            (actions.choose_file, self._ask_for_file),
            (actions.choose_folder, self._ask_for_folder),
            (actions.forget, self._forget),
        ):
            action.triggered.connect(lambda _=False, run=run: run())

    # What the user wants.

    def open(self) -> None:
        """Show the dock."""
        self._with_dock(lambda: None)

    def evaluate_demo(self) -> None:
        """Run the chosen models over the demo clip."""
        self.choose(asset("demo.mp4"))
        self._with_dock(self.start)

    def choose(self, place: Path) -> None:
        """Say what to evaluate.

        Args:
            place: a labelled clip, its label file, or a folder with one or several clips.
        """
        self._place = place
        if self.view is not None:
            self.view.show_clip(place.name, str(place))

    def start(self) -> None:
        """Run the chosen models over the chosen clip; the dock is open."""
        view = self.view
        if view is None or self._job is not None:
            return
        models = view.models.chosen
        if self._place is None:
            self._choose_played()
        if self._place is None:
            self._fail("Choose a clip with labels first; the demo clip is one.")
        elif not models:
            self._fail("Choose at least one model to evaluate.")
        else:
            place, detector = self._place, self._detector()
            self._fail("")
            self._show_words("Looking for the labels …")
            self.worker.submit(
                "begin",
                lambda: _prepare(place, models, detector, self._store),
                self._begin,
                failed=self._fail,
                instead=True,
            )

    def cancel(self) -> None:
        """End the run after the present frame."""
        self.worker.forget("begin")
        if self._job is not None:
            self._job.cancel()

    def show_stored(self, stored: StoredRun) -> None:
        """Show a kept run."""
        store = self._store
        if store is None:
            return
        from app.ui.evaluation.runs import load_run

        self.worker.submit(
            "load", lambda: load_run(store, stored), self._show_run, failed=self._fail, instead=True
        )

    def compare(self, stored: StoredRun | None) -> None:
        """Show a kept run beside the one that is shown; None for none."""
        store = self._store
        if stored is None or store is None:
            self.compared = None
            self._show()
            return
        from app.ui.evaluation.runs import load_run

        self.worker.submit(
            "compare",
            lambda: load_run(store, stored),
            self._show_compared,
            failed=self._fail,
            instead=True,
        )

    def export(self, kind: str) -> None:
        """Ask where to, and write; `kind` is one of `app.ui.evaluation.view.EXPORTS`."""
        from app.ui.evaluation.export import suggested_name

        page = self.view.results.current_page if self.view is not None else None
        if self.run is None:
            return
        folder = self._preferences.get_folder("evaluation/folder", QDir.homePath())
        name = suggested_name(self.run, kind, page)
        text, _ = QFileDialog.getSaveFileName(
            self._window, "Export", str(folder / name), f"{kind.upper()} (*.{kind})"
        )
        if text:
            self.write(kind, Path(text))

    def write(self, kind: str, path: Path) -> None:
        """Write what is shown to a file; see `export`."""
        from app.ui.evaluation.export import writer

        run = self.run
        if run is None or self.view is None:
            return
        self._preferences.set("evaluation/folder", str(path.parent))
        self.worker.submit(
            f"export {path}",
            writer(kind, path, run, self.view.results.current_page),
            lambda _: self._show_words(f"Written: {path.name}"),
            failed=self._fail,
        )

    def go_to(self, frame: int) -> None:
        """Show a frame of the first clip of the run in the video, standing still."""
        if self.run is None or frame >= len(self.run.results[0].times_s):
            return
        result = self.run.results[0]
        time_s = float(result.times_s[frame]) + 1e-4 if result.moving else frame + 0.5
        self.worker.submit(
            "media",
            lambda: _media(result),
            lambda media: self._played.go_to(media, time_s),
            failed=self._fail,
            instead=True,
        )

    # What the window tells.

    def show_status(self, status: EngineStatus) -> None:
        """Follow the engine: its models are the ones to choose from."""
        zoo = status.loader.zoo
        if zoo is not None and status.model and (zoo is not self._zoo):
            self._zoo, self._preferred = zoo, status.model
            self._show_zoo()

    def show_picture(self, picture: Picture) -> None:
        """Mark the moment in the plot over time, if it is the clip of the run that plays."""
        if self.view is None or self.run is None or not self.view.isVisible():
            return
        frame = picture.result.frame
        own = self._played.clip
        same = own is not None and own.name == self.run.results[0].clip
        self.view.results.show_here(frame.sequence if same else None)

    def stop(self, timeout_s: float = STOP_S) -> bool:
        """End everything; True once no thread runs any more."""
        self._timer.stop()
        job, self._job = self._job, None
        ended = job is None or job.stop(timeout_s)
        return self.worker.stop(timeout_s) and ended

    # The dock.

    def _with_dock(self, then: Callable[[], None]) -> None:
        """Do something as soon as the dock is there; what it needs is imported on a thread."""
        if self.view is not None:
            self._raise_dock()
            then()
            return
        self._when_ready.append(then)
        self.worker.submit(
            "import", _import_parts, self._make_dock, failed=self._fail, instead=True
        )

    def _make_dock(self, store: ResultStore) -> None:
        from app.ui.evaluation.view import EvaluationView

        self._store = store
        self.view = view = EvaluationView(self._actions.choices, self._actions.forget)
        view.start_wanted.connect(self.start)
        view.cancel_wanted.connect(self.cancel)
        view.run_chosen.connect(self.show_stored)
        view.comparison_chosen.connect(self.compare)
        view.export_wanted.connect(self.export)
        view.results.moment_chosen.connect(self.go_to)
        self.dock = QDockWidget("Evaluation", self._window)
        self.dock.setObjectName("evaluationDock")
        self.dock.setWidget(view)
        self.dock.setAllowedAreas(
            Qt.DockWidgetArea.BottomDockWidgetArea | Qt.DockWidgetArea.TopDockWidgetArea
        )
        self._window.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.dock)
        room = min(_DOCK_HEIGHT, int(self._window.height() * 0.48))
        self._window.resizeDocks([self.dock], [room], Qt.Orientation.Vertical)
        self._actions.truth.setChecked(True)  # whoever evaluates wants to see where it fails
        self._show_zoo()
        if self._place is None and self._played.clip is not None:
            self._place = self._played.clip.place
        if self._place is not None:
            self.choose(self._place)
        self._list_runs()
        self._show()
        waiting, self._when_ready = self._when_ready, []
        for then in waiting:
            then()

    def _raise_dock(self) -> None:
        if self.dock is not None:
            self.dock.show()
            self.dock.raise_()

    def _show_zoo(self) -> None:
        if self.view is not None and self._zoo is not None:
            self.view.models.show_zoo(self._zoo, self._preferred)

    # A run.

    def _begin(
        self, prepared: tuple[BackgroundEvaluation, dict[str, Any], list[_Listener]]
    ) -> None:
        job, settings, listeners = prepared
        listeners.append(lambda: self._news.emit(job))
        self._job, self._settings = job, settings
        self.compared = None
        job.start()
        self._timer.start()
        self._poll()

    def _poll(self) -> None:
        job = self._job
        if job is None:
            return
        status = job.status()
        self._show_status(status)
        if not status.phase.over:
            return
        self._timer.stop()
        self._job = None
        self.worker.forget("measure")
        if status.problem:
            self._fail(status.problem)
        self._measure_last(job, status)

    def _show_status(self, status: EvaluationStatus) -> None:
        from app.ui.evaluation.view import status_words

        if self.view is not None:
            self.view.show_status(status)
        if status.phase.over:
            self._panel.show_state(status_words(status) or status.problem)
        else:
            self._panel.show_progress(status_words(status), status.frame, status.frames)

    def _measure(self, job: BackgroundEvaluation) -> None:
        """There is more to see of a run that goes on."""
        if job is self._job:
            settings = self._settings
            self.worker.submit(
                "measure",
                lambda: _measured(job, settings, None),
                self._show_run,
                failed=self._fail,
                rests=True,
            )

    def _measure_last(self, job: BackgroundEvaluation, status: EvaluationStatus) -> None:
        settings = self._settings
        self.worker.submit(
            "measure",
            lambda: _measured(job, settings, status.kept),
            self._show_run,
            failed=self._fail,
            instead=True,
        )
        self._list_runs()

    # What is shown.

    def _show_run(self, run: Run | None) -> None:
        if run is None:
            return
        self.run = run
        if run.stored is not None and self.compared is not None:
            same = self.compared.stored is not None and self.compared.stored.id == run.stored.id
            self.compared = None if same else self.compared
        if self._job is None:
            self.choose(_common_place(run))
        self._show()
        self._list_runs()

    def _show_compared(self, run: Run) -> None:
        self.compared = run
        self._show()
        self._list_runs()

    def _show(self) -> None:
        if self.view is None:
            return
        from app.ui.evaluation.runs import series_of, summary_words

        series = series_of(self.run, self.compared)
        self.view.results.show_series(series)
        self.view.allow_exports(self.run is not None and self._job is None)
        self._actions.forget.setEnabled(self.run is not None and self.run.stored is not None)
        self._panel.show_series(series)
        if self.run is not None:
            self.view.show_origin(self.run.results[0].origin.in_words())
            if self._job is None:
                self._panel.show_state(summary_words(self.run))
        self.shown.emit()

    def _list_runs(self) -> None:
        store = self._store
        if store is not None:
            self.worker.submit("list", store.runs, self._show_list, failed=self._fail)

    def _show_list(self, runs: tuple[StoredRun, ...]) -> None:
        if self.view is not None:
            shown = None if self.run is None else self.run.stored
            compared = None if self.compared is None else self.compared.stored
            self.view.show_runs(runs, shown, compared)

    def _forget(self) -> None:
        store, run = self._store, self.run
        if store is None or run is None or run.stored is None:
            return
        stored = run.stored
        self.worker.submit(
            "forget", lambda: store.delete(stored), self._forgotten, failed=self._fail
        )

    def _forgotten(self, _: None) -> None:
        self.run = self.compared
        self.compared = None
        self._show()
        self._list_runs()
        self._show_words("The run was deleted.")

    def _fail(self, text: str) -> None:
        """Say what went wrong, in the dock and above the video; "" for nothing."""
        if self.view is not None:
            self.view.show_problem(text)
        if text:
            self._show_words("")
            self._panel.show_state(text)
            self._banners.announce(Message("evaluation", "error", text))
        else:
            self._banners.withdraw("evaluation")

    def _show_words(self, text: str) -> None:
        if self.view is not None:
            self.view.words.setText(text)

    # Choosing a clip.

    def _choose_played(self) -> None:
        clip = self._played.clip
        if clip is not None:
            self.choose(clip.place)
        elif self._sources.path is not None:
            self.choose(self._sources.path)

    def _ask_for_file(self) -> None:
        folder = self._preferences.get("open/folder", QDir.homePath())
        videos = " ".join(f"*{suffix}" for suffix in sorted(VIDEO_SUFFIXES))
        text, _ = QFileDialog.getOpenFileName(
            self._window,
            "Choose a clip with labels",
            folder,
            f"Videos and labels ({videos} *.labels.jsonl *.csv);;All files (*)",
        )
        if text:
            self._preferences.set("open/folder", str(Path(text).parent))
            self.choose(Path(text))

    def _ask_for_folder(self) -> None:
        text = QFileDialog.getExistingDirectory(
            self._window,
            "Choose a folder with labels, or of labelled clips",
            self._preferences.get("open/folder", QDir.homePath()),
        )
        if text:
            self.choose(Path(text))


_Listener = Callable[[], None]
_Prepared = tuple["BackgroundEvaluation", dict[str, Any], list[_Listener]]


def _import_parts() -> ResultStore:
    """Import what the dock needs; the GUI thread finds it ready."""
    import pyqtgraph  # noqa: F401

    import app.ui.evaluation.view  # noqa: F401
    from app.evaluate.store import ResultStore

    return ResultStore()


def _prepare(
    place: Path, models: tuple[ZooEntry, ...], detector: str, store: ResultStore | None
) -> _Prepared:
    """An evaluation that is ready to start, how it is run, and who is told of its results.

    Raises:
        LabelError: there is no clip with labels at the place.
    """
    from app.evaluate.background import BackgroundEvaluation
    from app.evaluate.find import find_clips
    from app.evaluate.run import EvaluationSettings

    settings = EvaluationSettings(detector=detector)
    listeners: list[_Listener] = []

    def tell() -> None:
        for listener in listeners:
            listener()

    job = BackgroundEvaluation(
        find_clips(place).places, models, settings, store=store, on_results=tell
    )
    return job, settings.as_dict(), listeners


def _measured(
    job: BackgroundEvaluation, settings: dict[str, Any], stored: StoredRun | None
) -> Run | None:
    """What is known so far; None if nothing is."""
    from app.ui.evaluation.runs import Run
    from app.ui.evaluation.series import measure_all

    results = job.results()
    if not results:
        return None
    measured = measure_all(results)
    return Run(results=results, measured=measured, settings=settings, stored=stored)


def _media(result: ClipResult) -> Path:
    """The video or folder of the images of a result."""
    from app.evaluate.find import open_labelled_clip

    return open_labelled_clip(result.place).media


def _common_place(run: Run) -> Path:
    places = [result.place for result in run.results]
    return places[0] if len(places) == 1 else places[0].parent
