"""What the HTML reports share: one self-contained page without network, scripts or libraries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from app.core.svg import colour

_STYLE: Final = """
body{font:15px/1.5 system-ui,"DejaVu Sans",sans-serif;color:#1c2430;background:#fff;
margin:0 auto;max-width:1040px;padding:24px 20px 60px}
h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:38px 0 6px}
h3{font-size:15px;margin:18px 0 4px}
p{margin:4px 0 10px}.faint{color:#5b6675;fill:#5b6675}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14px;margin:10px 0}
th,td{padding:4px 10px;text-align:right;border-bottom:1px solid #e3e7ec;white-space:nowrap}
th:first-child,td:first-child{text-align:left;padding-left:0}th{font-weight:600}
table.words th,table.words td{text-align:left;vertical-align:top}
table.words td:last-child{white-space:normal}
.wide{overflow-x:auto}.wide th{white-space:normal;vertical-align:bottom}
.swatch{display:inline-block;width:11px;height:11px;border-radius:2px;
margin-right:7px}
.legend span.item{margin-right:20px;white-space:nowrap}
svg{width:100%;height:auto;display:block}svg text{font-size:12px;fill:#1c2430}
svg .tick{font-size:11.5px}svg .faint{fill:#5b6675}
.grid{stroke:#dde2e8;stroke-width:1}.axis{stroke:#5b6675;stroke-width:1}
.edge{stroke:#9aa5b1;stroke-width:1}
.disc{fill:#d55e00;fill-opacity:.55;stroke:#8f3f00;stroke-width:.6}
.half{max-width:620px}.row{display:flex;flex-wrap:wrap;gap:14px}
figure{margin:0;width:148px}figure.face{width:300px}
figure img{width:100%;border-radius:4px;display:block}
figcaption{font-size:12.5px;color:#5b6675;margin-top:3px}
.truth{color:#2b8a3e;font-weight:600}.guess{color:#c2410c;font-weight:600}
"""


def html_page(title: str, sections: Sequence[str]) -> str:
    """A page.

    Args:
        title: plain text.
        sections: HTML, one after the other.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>"
        '<meta name="viewport" content="width=device-width">'
        f"<style>{_STYLE}</style></head>\n<body>\n" + "\n".join(sections) + "\n</body></html>\n"
    )


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]], *, words: bool = False) -> str:
    """A table.

    Args:
        head: plain text.
        rows: cells that are HTML already.
        words: they hold words, which stand to the left and may take several lines.
    """
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    kind = ' class="words"' if words else ""
    return f'<div class="wide"><table{kind}><tr>{top}</tr>{body}</table></div>'


def swatch(number: int) -> str:
    """A small square in the colour of this number."""
    return f'<span class="swatch" style="background:{colour(number)}"></span>'


def percent(value: float, digits: int = 2) -> str:
    """A share as percent, a dash where it is unknown."""
    return f"{100 * value:.{digits}f} %" if math.isfinite(value) else "–"


def plain(value: float, digits: int, unit: str = "") -> str:
    """A number, a dash where it is unknown."""
    return f"{value:.{digits}f}{unit}" if math.isfinite(value) else "–"
