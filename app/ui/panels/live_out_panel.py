"""Which live data go to other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLineEdit

from app.core.errors import PfldLiveError
from app.core.hosts import plain_host
from app.record.live_out.protocols import LOCAL, PROTOCOLS, LiveOutSettings
from app.ui.panels.quantity_field import QuantityField
from app.ui.panels.section import Section
from app.ui.preferences import Preferences
from app.ui.wrapped_label import WrappedLabel

if TYPE_CHECKING:
    from app.record.live_out.sender import LiveOutStatus


class LiveOutPanel(Section):
    """A check box and a port for each protocol, and the machine that listens."""

    changed = Signal(object)
    """The new `LiveOutSettings`."""

    def __init__(self, preferences: Preferences) -> None:
        super().__init__("live", "Live data")
        self._preferences = preferences
        self.boxes: dict[str, QCheckBox] = {}
        self.ports: dict[str, QuantityField] = {}
        for name, protocol in PROTOCOLS.items():
            box = QCheckBox(protocol.label)
            box.setToolTip(f"Send over UDP: {protocol.summary}")
            box.setChecked(preferences.get(f"live/{name}", False))
            port = QuantityField(
                protocol.port, preferences.get_quantity(f"live/{name} port", protocol.port)
            )
            port.setVisible(box.isChecked())
            box.toggled.connect(port.setVisible)
            box.toggled.connect(self._apply)
            port.changed.connect(self._apply)
            self.boxes[name], self.ports[name] = box, port
            self.body.addWidget(box)
            self.body.addWidget(port)
        self.host = QLineEdit(_remembered_host(preferences))
        self.host.setAccessibleName("Host")
        self.host.setToolTip(f"Machine that listens; {LOCAL} is this one")
        self.host.editingFinished.connect(self._apply)
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.addRow("&Host", self.host)
        self.body.addLayout(form)
        self.state = WrappedLabel(quiet=True)
        self.problem = WrappedLabel(problem=True)
        self.body.addWidget(self.state)
        self.body.addWidget(self.problem)
        self._last = self.settings

    @property
    def settings(self) -> LiveOutSettings:
        """What is sent where."""
        return LiveOutSettings(
            ports={
                name: round(self.ports[name].value)
                for name, box in self.boxes.items()
                if box.isChecked()
            },
            host=self.host.text().strip() or LOCAL,
        )

    def show_status(self, status: LiveOutStatus | None) -> None:
        """Say what was sent; None while nothing is wanted."""
        if status is None:
            self.state.say("Nothing is sent.")
            self.problem.say("")
            return
        sent = ", ".join(f"{PROTOCOLS[name].label} {n}" for name, n in status.sent.items())
        self.state.say(f"Sent: {sent}; failed {status.failed}, left out {status.dropped}")
        self.problem.say(status.problem)

    def _apply(self) -> None:
        settings = self.settings
        if settings == self._last:
            return
        self._last = settings
        for name, box in self.boxes.items():
            self._preferences.set(f"live/{name}", box.isChecked())
            self._preferences.set(f"live/{name} port", self.ports[name].value)
        self._preferences.set("live/host", settings.host)
        self.changed.emit(settings)


def _remembered_host(preferences: Preferences) -> str:
    """The host of the last time, or this machine where what is stored can be none."""
    text = preferences.get("live/host", LOCAL)
    try:
        plain_host(text)
    except PfldLiveError:
        return LOCAL
    return text
