"""How the window looks: light and dark, as the system says."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from app.core.resources import asset

Scheme = Qt.ColorScheme
Role = QPalette.ColorRole

STAGE: Final = QColor("#101214")
"""Around the video, in both schemes: colours are judged best against near black."""

_COLOURS: Final[dict[Scheme, dict[Role, str]]] = {
    Scheme.Light: {
        Role.Window: "#f3f4f6",
        Role.WindowText: "#1b1f24",
        Role.Base: "#ffffff",
        Role.AlternateBase: "#f0f1f4",
        Role.Text: "#1b1f24",
        Role.Button: "#fbfbfc",
        Role.ButtonText: "#1b1f24",
        Role.BrightText: "#b42318",
        Role.PlaceholderText: "#5b6470",
        Role.ToolTipBase: "#1b1f24",
        Role.ToolTipText: "#f3f4f6",
        Role.Highlight: "#0f766e",
        Role.HighlightedText: "#ffffff",
        Role.Accent: "#0f766e",
        Role.Link: "#0f766e",
        Role.Light: "#ffffff",
        Role.Midlight: "#e7e9ed",
        Role.Mid: "#c6cbd2",
        Role.Dark: "#9aa1ab",
        Role.Shadow: "#6b727c",
    },
    Scheme.Dark: {
        Role.Window: "#1d2024",
        Role.WindowText: "#e7e9ec",
        Role.Base: "#15181b",
        Role.AlternateBase: "#1a1d21",
        Role.Text: "#e7e9ec",
        Role.Button: "#2a2e34",
        Role.ButtonText: "#e7e9ec",
        Role.BrightText: "#ff8a80",
        Role.PlaceholderText: "#9aa3ad",
        Role.ToolTipBase: "#e7e9ec",
        Role.ToolTipText: "#1d2024",
        Role.Highlight: "#11857a",
        Role.HighlightedText: "#ffffff",
        Role.Accent: "#2dd4bf",
        Role.Link: "#5eead4",
        Role.Light: "#3b4149",
        Role.Midlight: "#31363d",
        Role.Mid: "#3a4048",
        Role.Dark: "#101214",
        Role.Shadow: "#8b949e",
    },
}
_DISABLED: Final = {Scheme.Light: "#8b929b", Scheme.Dark: "#6d757f"}

BANNERS: Final[dict[Scheme, dict[str, tuple[str, str]]]] = {
    # severity -> background, edge; text is the normal text colour
    Scheme.Light: {
        "info": ("#e3f2f1", "#0f766e"),
        "warning": ("#fdf2d6", "#b7791f"),
        "error": ("#fde5e2", "#b42318"),
    },
    Scheme.Dark: {
        "info": ("#17332f", "#2dd4bf"),
        "warning": ("#3a2e12", "#e0a82e"),
        "error": ("#43201d", "#ff8a80"),
    },
}


class Theme(QObject):
    """Applies the colours to an application and follows the system."""

    changed = Signal()

    def __init__(self, application: QApplication, forced: Scheme | None = None) -> None:
        """Style the application now.

        Args:
            application: the one that is styled.
            forced: light or dark whatever the system says; None follows it.
        """
        super().__init__(application)
        self._application = application
        self._forced = forced
        application.setStyle("Fusion")
        self._apply()
        application.styleHints().colorSchemeChanged.connect(self._apply)

    @property
    def scheme(self) -> Scheme:
        """Light or dark; light where the system does not say."""
        if self._forced is not None:
            return self._forced
        system = self._application.styleHints().colorScheme()
        return Scheme.Dark if system == Scheme.Dark else Scheme.Light

    def _apply(self) -> None:
        hints = self._application.styleHints()  # held, or what it owns is gone at once
        contrast = hints.accessibility().contrastPreference()
        # Whoever asked the system for high contrast has chosen better colours than these.
        if contrast != Qt.ContrastPreference.HighContrast:
            self._application.setPalette(palette_of(self.scheme))
        self._application.setStyleSheet(style_sheet(self.scheme))
        self.changed.emit()


def palette_of(scheme: Scheme) -> QPalette:
    """The palette of a scheme."""
    palette = QPalette()
    for role, colour in _COLOURS[scheme].items():
        palette.setColor(role, QColor(colour))
    disabled = QColor(_DISABLED[scheme])
    for role in (Role.WindowText, Role.Text, Role.ButtonText, Role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, disabled)
    palette.setColor(
        QPalette.ColorGroup.Disabled, Role.Highlight, QColor(_COLOURS[scheme][Role.Mid])
    )
    return palette


def style_sheet(scheme: Scheme) -> str:
    """What a palette cannot say."""
    colours = _COLOURS[scheme]
    line = colours[Role.Mid]
    check = asset("icons/check.svg").as_posix()
    banners = "\n".join(
        f'Banner[severity="{severity}"] {{ background: {back}; border: none;'
        f" border-left: 4px solid {edge}; }}"
        for severity, (back, edge) in BANNERS[scheme].items()
    )
    return f"""
    #sectionHeader {{
        border: none; padding: 4px 6px; font-weight: 600; text-align: left;
        background: {colours[Role.Midlight]}; border-radius: 4px;
    }}
    #sectionHeader:hover {{ background: {line}; }}
    #sectionHeader:focus {{ border: 1px solid {colours[Role.Highlight]}; padding: 3px 5px; }}
    /* Dark in both schemes, as the stage around the video is. */
    #emptyPage {{ background: {STAGE.name()}; }}
    #emptyPage QLabel {{ color: {_COLOURS[Scheme.Dark][Role.Text]}; }}
    #emptyPage #emptyHint {{ color: {_COLOURS[Scheme.Dark][Role.PlaceholderText]}; }}
    #sidePanel {{ border: none; }}
    #transport {{ border: none; border-top: 1px solid {line}; }}
    #recordBar {{ border: none; border-top: 1px solid {line}; }}
    #recordSign {{ color: {colours[Role.BrightText]}; }}
    QCheckBox {{ spacing: 6px; }}
    QCheckBox::indicator {{
        width: 14px; height: 14px; border: 1px solid {colours[Role.Shadow]}; border-radius: 3px;
        background: {colours[Role.Base]};
    }}
    QCheckBox::indicator:focus, QCheckBox::indicator:hover {{
        border-color: {colours[Role.Accent]};
    }}
    QCheckBox::indicator:checked {{
        background: {colours[Role.Highlight]}; border-color: {colours[Role.Highlight]};
        image: url("{check}");
    }}
    QLabel[quiet="true"] {{ color: {colours[Role.PlaceholderText]}; }}
    QLabel[problem="true"] {{ color: {colours[Role.BrightText]}; }}
    QSplitter::handle {{ background: {line}; }}
    {banners}
    """
