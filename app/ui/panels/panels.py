"""All sections of the side panel, in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtGui import QAction

from app.ui.menus import Menus
from app.ui.panels.compare_panel import ComparePanel
from app.ui.panels.detector_panel import DetectorPanel
from app.ui.panels.driver_panel import DriverPanel
from app.ui.panels.evaluation_panel import EvaluationPanel
from app.ui.panels.live_out_panel import LiveOutPanel
from app.ui.panels.meters_panel import MetersPanel
from app.ui.panels.model_panel import ModelPanel
from app.ui.panels.options_panel import OptionsPanel
from app.ui.panels.recording_panel import RecordingPanel
from app.ui.panels.section import SidePanel
from app.ui.panels.source_panel import SourcePanel
from app.ui.preferences import Preferences
from app.ui.video_view import VideoView

if TYPE_CHECKING:
    from app.vision.engine import EngineStatus


class Panels(SidePanel):
    """Builds the sections and keeps them up to date; which ones are folded is remembered."""

    def __init__(
        self,
        *,
        preferences: Preferences,
        menus: Menus,
        overlay: Mapping[str, QAction],
        wishes: Mapping[str, Any],
        evaluation: Sequence[QAction],
        recording: Sequence[QAction],
        driver: Sequence[QAction],
    ) -> None:
        """Build all sections.

        Args:
            preferences: what is remembered.
            menus: whose actions appear as buttons, too.
            overlay: name -> checkable action.
            wishes: fields of `VisionSettings` that are not as remembered.
            evaluation: buttons of the evaluation.
            recording: buttons of the recording.
            driver: the switch of the driver state, then its buttons.
        """
        super().__init__()
        self.source = SourcePanel(preferences, (menus.open_file, menus.demo))
        self.detector = DetectorPanel()
        self.model = ModelPanel()
        self.compare = ComparePanel()
        self.options = OptionsPanel(preferences, overlay, wishes)
        self.meters = MetersPanel()
        self.evaluation = EvaluationPanel(evaluation)
        self.recording = RecordingPanel(preferences, recording)
        self.live_out = LiveOutPanel(preferences)
        self.driver = DriverPanel(driver[0], driver[1:])
        for section in (
            *(self.source, self.detector, self.model, self.compare, self.options, self.meters),
            *(self.driver, self.recording, self.live_out, self.evaluation),
        ):
            folded = section in (self.recording, self.live_out)
            section.set_open(not preferences.get(f"folded/{section.objectName()}", folded))
            section.folded.connect(lambda name, on: preferences.set(f"folded/{name}", on))
            self.add(section)

    def show_status(self, status: EngineStatus, view: VideoView) -> None:
        """Show the state of this moment."""
        self.source.show_capture(status.capture)
        self.detector.show_status(status)
        self.model.show_status(status)
        self.compare.show_status(status, view.picture)
        faces = 0 if view.picture is None else len(view.picture.result.faces)
        self.meters.show_meters(status, view.meters, faces)
