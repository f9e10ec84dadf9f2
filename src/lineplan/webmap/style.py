"""How each status is painted: one hue family a status, hatching for what is open or empty.

The hues are told apart in the three colour-vision deficiencies and belong to no flag. Ground of
the default holder takes the lighter tint, so the two sides of a frozen region differ in fill.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Hatch = Literal["", "lines", "dots", "cross"]


@dataclass(frozen=True)
class Paint:
    """Colours of one status.

    Parameters
    ----------
    fill
        Ground held by another than the default holder.
    tint
        Ground of the default holder.
    ink
        Colour of the hatching.
    hatch
        Its kind; empty for none.
    """

    fill: str
    tint: str
    ink: str
    hatch: Hatch = ""


PAINTS: dict[str, Paint] = {
    "recognized": Paint("#b09ac9", "#dcd1e8", "#6f5491"),
    "demilitarized_buffer": Paint("#e0a13a", "#efb95c", "#8a5300", "dots"),
    "frozen_at_line": Paint("#6fae9f", "#cfe6de", "#1f6557", "lines"),
    "relinquished": Paint("#8a5a3c", "#bc987e", "#54341f"),
    "limited_forces": Paint("#a9b665", "#dbe2b4", "#5f6b1f", "dots"),
    "special_zone": Paint("#b0578a", "#e6c3d6", "#5c2344", "lines"),
    "contested": Paint("#d9d6d0", "#d9d6d0", "#7d7a74", "cross"),
    "unspecified": Paint("#bfb8a6", "#ebe5d2", "#8b8676"),
    "unaffected": Paint("#c9c5bc", "#f6f4ee", "#8b8676"),
}
"""Paint by status, in the order of the legend."""


OPEN = ("contested", "unknown")
"""Holders that are none: ground crossed with grey whatever a plan says of it."""
OPEN_INK = "#4d4b47"


def side(held_by: str, default_holder: str) -> str:
    """Name the shade of a holder's ground: ``tint`` for the default holder, else ``fill``."""
    if held_by in OPEN:
        return "open"
    return "tint" if held_by == default_holder else "fill"


def swatch(status: str, held_by: str, default_holder: str) -> str:
    """
    Return the key of a zone's paint, such as ``frozen_at_line-tint``.

    Ground that is contested or unknown, and of which no clause speaks, is painted as contested.
    """
    if held_by in OPEN and status in ("unaffected", "unspecified"):
        return "contested-fill"
    known = status if status in PAINTS else "unspecified"
    return f"{known}-{side(held_by, default_holder)}"


def patterns() -> str:
    """Return the SVG ``<pattern>`` elements, ``lp-<status>-<side>``, that the page refers to."""
    shapes = []
    for status, paint in PAINTS.items():
        for name, ground in (("fill", paint.fill), ("tint", paint.tint)):
            size, turn, marks = _hatching(paint, lighter=name == "tint")
            shapes.append(
                f'<pattern id="lp-{status}-{name}" width="{size}" height="{size}" '
                f'patternUnits="userSpaceOnUse" patternTransform="rotate({turn})">'
                f'<rect width="{size}" height="{size}" fill="{ground}"/>{marks}</pattern>'
            )
        shapes.append(
            f'<pattern id="lp-{status}-open" width="6" height="6" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)"><rect width="6" height="6" fill="{paint.tint}"/>'
            f'<path d="M0 0V6M0 0H6" stroke="{OPEN_INK}" stroke-width=".9"/></pattern>'
        )
    return "".join(shapes)


def _hatching(paint: Paint, *, lighter: bool) -> tuple[float, int, str]:
    """Return tile size, rotation and the marks of a paint's hatching."""
    opacity = 0.55 if lighter else 0.75
    if paint.hatch == "lines":
        line = f'<path d="M0 0V7" stroke="{paint.ink}" stroke-width="1.5" opacity="{opacity}"/>'
        return 7, 135 if lighter else 45, line
    if paint.hatch == "dots":
        dot = f'<circle r="1.15" fill="{paint.ink}" opacity="0.8" '
        return 7, 0, f'{dot}cx="1.75" cy="1.75"/>{dot}cx="5.25" cy="5.25"/>'
    if paint.hatch == "cross":
        return 6, 45, f'<path d="M0 0V6M0 0H6" stroke="{paint.ink}" stroke-width=".9"/>'
    return 8, 0, ""
