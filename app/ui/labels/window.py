"""The window of the label editor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QSlider,
    QSpinBox,
    QStackedWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import PfldLiveError
from app.core.files import exists
from app.evaluate.derive import face_attributes
from app.evaluate.editing import LabelEditor
from app.evaluate.find import own_labels
from app.evaluate.label_file import FaceLabel, LabelFile
from app.evaluate.labelling import doubtful_frames
from app.evaluate.labels import MACHINE
from app.evaluate.project_labels import read_label_file, write_label_file
from app.ui.actions import make_action
from app.ui.banner import BannerStack, Message
from app.ui.icons import PaletteIcons
from app.ui.labels.canvas import LabelCanvas
from app.ui.labels.face_form import FaceForm
from app.ui.labels.frames import FrameFetcher
from app.ui.labels.machine import MachineLabelling
from app.ui.theme import Theme
from app.ui.worker import Worker
from app.vision.settings import FIELD_OF_VIEW

if TYPE_CHECKING:
    from app.core.frame import Frame

_POLL_MS: Final = 100
_STOP_S: Final = 10.0


class LabelWindow(QMainWindow):
    """Labels of one clip: step, drag, set, undo, save.

    Attributes:
        editor: None until the labels are there.
        number: of the frame that is shown.
    """

    saved = Signal(object)
    """The path of the media whose labels were written."""
    closed = Signal()

    def __init__(
        self, media: Path, *, icons: PaletteIcons, theme: Theme, parent: QWidget | None = None
    ) -> None:
        """Open the editor; what there is is loaded in the background.

        Args:
            media: a video, or a folder of images.
            icons: of the application.
            theme: of the application.
            parent: the main window.
        """
        super().__init__(parent, Qt.WindowType.Window)
        self.media = media
        self.path = own_labels(media)
        self.editor: LabelEditor | None = None
        self.number = 0
        self._person: int | None = None
        self._follow = False
        self._labelled_size: tuple[int, int] | None = None
        self._shown: Frame | None = None
        self._machine: MachineLabelling | None = None
        self._worker = Worker("label files", self)
        self._fetcher = FrameFetcher(media, self)
        self._fetcher.fetched.connect(self._show_frame)
        self._fetcher.failed.connect(lambda text: self._fail("frames", text))
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._show_progress)
        self.banners = BannerStack(icons=icons, theme=theme)
        self.canvas = LabelCanvas()
        self.form = FaceForm()
        self.stack = QStackedWidget()
        self._make_actions(icons)
        self._lay_out()
        self._connect()
        self._show_edits()
        self.setMinimumSize(760, 480)
        self.resize(1100, 720)
        self._load()

    # Building.

    def _make_actions(self, icons: PaletteIcons) -> None:
        keys = QKeySequence.StandardKey
        self.save_action = make_action(
            self, "&Save", self.save, shortcut=keys.Save, help="Write the labels"
        )
        self.undo_action = make_action(self, "&Undo", self._undo, shortcut=keys.Undo)
        self.redo_action = make_action(self, "&Redo", self._redo, shortcut=keys.Redo)
        self.back = make_action(
            self, "Frame back", lambda: self.go_to(self.number - 1), shortcut=",", help="One back"
        )
        self.forward = make_action(
            self,
            "Frame forward",
            lambda: self.go_to(self.number + 1),
            shortcut=".",
            help="One forward",
        )
        self.fit_face = make_action(
            self, "Fit &face", self._fit_face, shortcut="F", help="Zoom to the face and follow it"
        )
        self.fit_whole = make_action(
            self, "&Whole picture", self._fit_whole, shortcut="W", help="Show the whole picture"
        )
        self.doubtful = make_action(
            self,
            "Next &doubtful",
            self._next_doubtful,
            shortcut="D",
            help="The next frame that the machine was not sure of",
        )
        icons.set(self.back, "step-back")
        icons.set(self.forward, "step-forward")
        self.edits: tuple[QAction, ...] = (
            *(self.back, self.forward, self.fit_face, self.fit_whole, self.doubtful),
        )

    def _lay_out(self) -> None:
        bar = QToolBar("Label editor")
        bar.setMovable(False)
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        for actions in (
            (self.save_action, self.undo_action, self.redo_action),
            (self.fit_face, self.fit_whole),
            (self.doubtful,),
        ):
            bar.addActions(list(actions))
            bar.addSeparator()
        self.addToolBar(bar)
        self.addActions([self.back, self.forward])
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Frame")
        self.box = QSpinBox()
        self.box.setAccessibleName("Number of the frame")
        self.box.setKeyboardTracking(False)
        self.total = QLabel()
        player = QHBoxLayout()
        player.setContentsMargins(8, 4, 8, 4)
        for action in (self.back, self.forward):
            button = QPushButton(action.icon(), "")
            button.setToolTip(action.toolTip())
            button.setAccessibleName(action.text())
            button.setAutoRepeat(True)
            button.clicked.connect(action.trigger)
            player.addWidget(button)
        player.addWidget(self.slider, 1)
        player.addWidget(self.box)
        player.addWidget(self.total)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.canvas, 1)
        left.addLayout(player)
        page = QWidget()
        row = QHBoxLayout(page)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(self.form)
        self.stack.addWidget(self._start_page())
        self.stack.addWidget(page)
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banners)
        column.addWidget(self.stack, 1)
        self.setCentralWidget(middle)

    def _start_page(self) -> QWidget:
        """What is seen while there are no labels."""
        self.words = QLabel("Looking for labels …")
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setFixedWidth(320)
        self.progress.hide()
        self.by_machine = QPushButton("Label by machine")
        self.by_machine.clicked.connect(self._label_or_cancel)
        self.by_machine.hide()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(40, 40, 40, 40)
        column.addStretch(1)
        column.addWidget(self.words)
        for widget in (self.progress, self.by_machine):
            column.addWidget(widget, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        return page

    def _connect(self) -> None:
        self.canvas.point_dragged.connect(self._drag)
        self.canvas.point_chosen.connect(self._choose_point)
        self.canvas.view_moved.connect(self._stop_following)
        self.slider.valueChanged.connect(self.go_to)
        self.box.valueChanged.connect(lambda value: self.go_to(value - 1))
        form = self.form
        form.person_chosen.connect(self._choose_person)
        form.attributes_set.connect(self._set_attributes)
        form.hidden_set.connect(self._set_hidden)
        form.corrected_set.connect(self._set_corrected)
        form.remove_wanted.connect(self._remove_face)
        form.copy_wanted.connect(self._copy_faces)

    # Loading.

    def _load(self) -> None:
        path = self.path
        self._worker.submit(
            "load",
            lambda: read_label_file(path) if exists(path) else None,
            self._loaded,
            failed=self._refused,
        )

    def _refused(self, text: str) -> None:
        self._fail("labels", text)
        self.words.setText(text)

    def _loaded(self, file: LabelFile | None) -> None:
        if file is None:
            self._offer_machine()
            return
        self.editor = LabelEditor(file)
        self._labelled_size = file.size
        last = self.editor.frames - 1
        with QSignalBlocker(self.slider), QSignalBlocker(self.box):
            self.slider.setRange(0, last)
            self.box.setRange(1, last + 1)
        self.total.setText(f"of {last + 1}")
        self.stack.setCurrentIndex(1)
        self._fetcher.start()
        self._follow_person()
        self.go_to(0)
        self._show_edits()

    def _offer_machine(self) -> None:
        self.words.setText(
            f"{self.media.name} has no labels yet.\n\nFaceMesh can set the points of every frame; "
            "they are marked as made by a machine, and you correct what is wrong."
        )
        self.by_machine.setText("Label by machine")
        self.by_machine.show()
        self.setWindowTitle(f"Labels of {self.media.name}")

    def _label_or_cancel(self) -> None:
        if self._machine is not None:
            self._machine.cancel()
            self.by_machine.setEnabled(False)
            return
        self._machine = MachineLabelling(self.media, self)
        self._machine.ended.connect(self._labelled)
        self._machine.start()
        self.by_machine.setText("Stop")
        self.progress.setRange(0, 0)
        self.progress.show()
        self._timer.start()

    def _show_progress(self) -> None:
        if self._machine is None:
            return
        state = self._machine.progress
        self.progress.setRange(0, state.total or 0)
        self.progress.setValue(state.done)
        of = f" of {state.total}" if state.total else ""
        self.words.setText(f"{state.done}{of} frames are labelled" if state.done else "Starting …")

    def _labelled(self, problem: str) -> None:
        self._timer.stop()
        self._machine = None
        self.progress.hide()
        self.by_machine.setEnabled(True)
        if problem:
            self._fail("labels", problem)
            self._offer_machine()
            return
        self.saved.emit(self.media)
        self._load()

    # Frames.

    def go_to(self, number: int) -> None:
        """Show another frame."""
        editor = self.editor
        if editor is None:
            return
        self.number = min(max(number, 0), editor.frames - 1)
        with QSignalBlocker(self.slider), QSignalBlocker(self.box):
            self.slider.setValue(self.number)
            self.box.setValue(self.number + 1)
        self._fetcher.want(self.number)
        if self._shown is not None and self._shown.sequence == self.number:
            self._show_labels()

    @property
    def ready(self) -> bool:
        """Whether the frame of `number` is on view."""
        return self._shown is not None and self._shown.sequence == self.number

    def _show_frame(self, frame: Frame) -> None:
        size = frame.width, frame.height
        if self._labelled_size is not None and size != self._labelled_size:
            wide, high = self._labelled_size
            self._fail(
                "labels",
                f"The labels of {self.media.name} are for pictures of {wide}×{high} pixels, but "
                f"these have {size[0]}×{size[1]}: they belong to another clip.",
            )
        self._shown = frame
        self.canvas.show_image(frame.image)
        if frame.sequence == self.number:
            self._follow_person()
            self._show_labels()
            if self._follow:
                self.canvas.show_face()

    def _follow_person(self) -> None:
        """Keep the person, or take the first face of the frame."""
        persons = [face.person for face in self._faces]
        if self._person not in persons:
            self._person = persons[0] if persons else None

    @property
    def _faces(self) -> tuple[FaceLabel, ...]:
        return () if self.editor is None else self.editor.frame(self.number).faces or ()

    @property
    def _face(self) -> FaceLabel | None:
        return next((face for face in self._faces if face.person == self._person), None)

    def _show_labels(self) -> None:
        """Show what is said of the frame."""
        editor = self.editor
        if editor is None or not self.ready:
            return
        labels = editor.frame(self.number)
        self._follow_person()
        self.canvas.show_faces(editor.layout, self._faces, self._person)
        origin = editor.file.origin
        unseen = "Nobody has looked at this frame yet."
        known = "Made by a machine." if origin.truth == MACHINE else ""
        state = unseen if labels.faces is None else "" if labels.corrected else known
        words = f"Frame {self.number + 1} of {editor.frames}"
        self.form.show_frame(words, state, corrected=labels.corrected)
        self.form.show_persons([face.person for face in self._faces], self._person)
        face = self._face
        names = self._derived(face) if face is not None and face.attributes is None else ()
        if face is not None and face.attributes is not None:
            names = face.attributes
        self.form.show_attributes(names, derived=face is not None and face.attributes is None)
        self._show_point()
        self.form.origin.say(origin.in_words())
        self.form.copy.setEnabled(self.number > 0)

    def _derived(self, face: FaceLabel) -> frozenset[str]:
        """The attributes that follow from the points."""
        if self.editor is None or self._shown is None:
            return frozenset()
        return face_attributes(
            face,
            self.editor.layout,
            size=(self._shown.width, self._shown.height),
            field_of_view_deg=FIELD_OF_VIEW.default,
        )

    def _show_point(self) -> None:
        point, face = self.canvas.chosen_point, self._face
        self.form.show_point(point, hidden=face is not None and point in face.hidden)

    # Edits.

    def _drag(self, person: int, point: int, x: float, y: float, gesture: int) -> None:
        if self.editor is not None and self.ready:
            editor, number = self.editor, self.number
            self._edit(lambda: editor.set_point(number, person, point, x, y, gesture=gesture))

    def _set_attributes(self, names: frozenset[str]) -> None:
        editor, person = self.editor, self._person
        if editor is not None and person is not None:
            self._edit(lambda: editor.set_attributes(self.number, person, names))

    def _set_hidden(self, hidden: bool) -> None:
        editor, person, point = self.editor, self._person, self.canvas.chosen_point
        if editor is not None and person is not None and point >= 0:
            self._edit(lambda: editor.set_hidden(self.number, person, [point], hidden))

    def _set_corrected(self, corrected: bool) -> None:
        editor = self.editor
        if editor is not None:
            self._edit(lambda: editor.set_corrected([self.number], corrected))

    def _remove_face(self) -> None:
        editor, person = self.editor, self._person
        if editor is not None and person is not None:
            self._edit(lambda: editor.remove_face(self.number, person))

    def _copy_faces(self) -> None:
        editor = self.editor
        if editor is None or self.number == 0:
            return
        here = {face.person for face in self._faces}
        for face in editor.frame(self.number - 1).faces or ():
            if face.person not in here:
                self._edit(partial(editor.add_face, self.number, face))

    def _edit(self, change: Callable[[], None]) -> None:
        """Make a change; one that is not possible is told and leaves everything as it is."""
        try:
            change()
        except PfldLiveError as error:
            self._fail("edit", str(error))
        else:
            self.banners.withdraw("edit")
        self._show_labels()
        self._show_edits()

    def _undo(self) -> None:
        if self.editor is not None:
            self._went_to(self.editor.undo())

    def _redo(self) -> None:
        if self.editor is not None:
            self._went_to(self.editor.redo())

    def _went_to(self, frames: tuple[int, ...]) -> None:
        """Show a frame that an undone or repeated edit concerns."""
        if frames and self.number not in frames:
            self.go_to(frames[0])
        self._show_labels()
        self._show_edits()

    def _show_edits(self) -> None:
        """Say what could be undone, and whether anything is unsaved."""
        editor = self.editor
        undo, redo = (editor.undo_words, editor.redo_words) if editor is not None else ("", "")
        for action, name, words in (
            (self.undo_action, "Undo", undo),
            (self.redo_action, "Redo", redo),
        ):
            action.setEnabled(bool(words))
            action.setToolTip(f"{name}: {words}" if words else f"Nothing to {name.lower()}")
        modified = editor is not None and editor.modified
        self.save_action.setEnabled(modified)
        for action in self.edits:
            action.setEnabled(editor is not None)
        self.setWindowTitle(f"Labels of {self.media.name}[*]")
        self.setWindowModified(modified)

    # The user looks around.

    def _choose_person(self, person: int) -> None:
        self._person = person
        self.canvas.choose_point(-1)
        self._show_labels()
        if self._follow:
            self.canvas.show_face()

    def _choose_point(self, person: int, _point: int) -> None:
        if person != self._person:
            self._person = person
            self._show_labels()
        self._show_point()

    def _fit_face(self) -> None:
        self._follow = True
        self.canvas.show_face()

    def _fit_whole(self) -> None:
        self._follow = False
        self.canvas.show_whole()

    def _stop_following(self) -> None:
        self._follow = False

    def _next_doubtful(self) -> None:
        if self.editor is None:
            return
        doubtful = doubtful_frames(self.editor.file)
        later = [number for number in doubtful if number > self.number]
        if later or doubtful:
            self.go_to((later or doubtful)[0])
        else:
            self.banners.announce(
                Message("doubtful", "info", "No frame is doubtful that nobody has corrected.")
            )

    # Saving and closing.

    def save(self) -> None:
        """Write the labels in the background."""
        editor = self.editor
        if editor is None or not editor.modified:
            return
        state, file, path = editor.state, editor.file, self.path
        self._worker.submit(
            "save",
            lambda: write_label_file(path, file),
            lambda _: self._was_saved(state),
            failed=lambda text: self._fail("save", text),
        )

    def _was_saved(self, state: int) -> None:
        if self.editor is not None:
            self.editor.mark_saved(state)
        self.banners.withdraw("save")
        self._show_edits()
        self.saved.emit(self.media)

    def keep_unsaved(self) -> None:
        """Save without asking, as nobody may be there to answer."""
        editor = self.editor
        if editor is None or not editor.modified:
            return
        try:
            write_label_file(self.path, editor.file)
        except PfldLiveError as error:
            self._fail("save", str(error))
        else:
            self._was_saved(editor.state)

    def may_close(self) -> bool:
        """Ask what becomes of unsaved changes; False if the window is to stay."""
        editor = self.editor
        if editor is None or not editor.modified:
            return True
        buttons = QMessageBox.StandardButton
        answer = QMessageBox.question(
            self,
            "Unsaved labels",
            f"The labels of {self.media.name} have changes that are not saved.",
            buttons.Save | buttons.Discard | buttons.Cancel,
            buttons.Save,
        )
        if answer == buttons.Save:
            try:
                write_label_file(self.path, editor.file)
            except PfldLiveError as error:
                self._fail("save", str(error))
                return False
            self._was_saved(editor.state)
            return True
        if answer == buttons.Discard:
            editor.mark_saved(editor.state)
            return True
        return False

    def stop(self) -> bool:
        """End the threads; True once they have ended."""
        machine, self._machine = self._machine, None
        self._timer.stop()
        ended = machine is None or machine.stop(_STOP_S)
        return self._fetcher.stop() and self._worker.stop(_STOP_S) and ended

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about changes, then end the threads."""
        if not self.may_close():
            event.ignore()
            return
        event.accept()
        self.hide()
        self.stop()
        self.closed.emit()

    def _fail(self, key: str, text: str) -> None:
        self.banners.announce(Message(key, "error", text))
