"""How each status is painted: one hue family a status, hatching for what is open or empty.

The hues are told apart in the three colour-vision deficiencies and belong to no flag. Ground of
the default holder takes the lighter tint, so the two sides of a frozen region differ in fill.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

Hatch = Literal["", "lines", "dots", "cross", "dashes"]


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
    "recognized": Paint("#b09ac9", "#ded4e8", "#6f5491"),
    "demilitarized_buffer": Paint("#e1992f", "#f0bb5d", "#8a5300", "dots"),
    "frozen_at_line": Paint("#6fae9f", "#cfe6de", "#1f6557", "lines"),
    "relinquished": Paint("#8a5a3c", "#c38d7c", "#54341f"),
    "limited_forces": Paint("#a4ae7e", "#dbe2b4", "#5f6b1f", "dots"),
    "special_zone": Paint("#b0578a", "#dfb8d7", "#5c2344", "lines"),
    "contested": Paint("#d9d6d0", "#d9d6d0", "#7d7a74", "cross"),
    "unspecified": Paint("#bfb8a6", "#ebe5d2", "#5c574a", "dashes"),
    "unaffected": Paint("#bebebe", "#f6f4ee", "#8b8676"),
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


class Stroke(NamedTuple):
    """How a line is drawn."""

    colour: str
    width_px: float
    dash_px: tuple[float, float] | None = None
    opacity: float = 1.0


BORDER = Stroke("#3b3f43", 2.5)
"""The recognised border: at least as heavy as the line of contact."""
UNIT_BOUNDARY = Stroke("#6f6a60", 0.9)
LINE = Stroke("#17191b", 2, (7, 4))
LINE_HALO = Stroke("#fffefb", 4.2, opacity=0.85)
REASSIGNED = Stroke("#7a2f6b", 1.2, opacity=0.5)
"""Ground moved by border reconciliation; the opacity is that of its fill."""


DASH_SHARE = 0.4
"""Length of a dash of a hatching, as a share of the way to the next in its row."""


class Ground(NamedTuple):
    """A paint as drawn on ground of one side: a colour, and over it a hatching.

    Parameters
    ----------
    colour
        Of the ground.
    hatch
        Kind of the hatching; empty for none, and then the rest means nothing.
    ink
        Colour of the hatching.
    step_px
        Distance of its lines, or between the centres of two dots or dashes of a row.
    turn_deg
        Direction of its lines, anticlockwise from east.
    mark_px
        Width of its lines and dashes as seen, or diameter of its dots.
    opacity
        Of its ink.
    """

    colour: str
    hatch: Hatch
    ink: str
    step_px: float = 8
    turn_deg: int = 0
    mark_px: float = 0
    opacity: float = 1


def ground(key: str) -> Ground:
    """Return how ground is drawn, by the key that `swatch` gives."""
    status, _, name = key.rpartition("-")
    paint = PAINTS[status]
    colour, ink = (paint.fill if name == "fill" else paint.tint), paint.ink
    if name == "open":
        return Ground(colour, "cross", OPEN_INK, 6, 45, 0.45)
    if paint.hatch == "lines":
        lighter = name == "tint"
        return Ground(
            colour, "lines", ink, 7, 135 if lighter else 45, 0.75, 0.55 if lighter else 0.75
        )
    if paint.hatch == "dots":
        return Ground(colour, "dots", ink, 7, 0, 2.3, 0.8)
    if paint.hatch == "dashes":
        return Ground(colour, "dashes", ink, 9, 0, 1.1, 0.65)
    if paint.hatch == "cross":
        return Ground(colour, "cross", ink, 6, 45, 0.45)
    return Ground(colour, "", ink)


def patterns() -> str:
    """Return the SVG ``<pattern>`` elements, ``lp-<status>-<side>``, that the page refers to."""
    keys = [f"{status}-{name}" for status in PAINTS for name in ("fill", "tint", "open")]
    return "".join(_pattern(key, ground(key)) for key in keys)


def _pattern(key: str, look: Ground) -> str:
    size, turn = f"{look.step_px:g}", look.turn_deg
    return (
        f'<pattern id="lp-{key}" width="{size}" height="{size}" '
        f'patternUnits="userSpaceOnUse" patternTransform="rotate({turn})">'
        f'<rect class="lp-{key}" width="{size}" height="{size}" fill="{look.colour}"/>'
        f"{_marks(look)}</pattern>"
    )


def _marks(look: Ground) -> str:
    """Return the marks of one tile of a hatching."""
    size, ink, opacity = f"{look.step_px:g}", look.ink, f"{look.opacity:g}"
    if look.hatch == "dots":
        dot = f'<circle r="{look.mark_px / 2:g}" fill="{ink}" opacity="{opacity}" '
        near, far = look.step_px / 4, look.step_px * 3 / 4
        return f'{dot}cx="{near:g}" cy="{near:g}"/>{dot}cx="{far:g}" cy="{far:g}"/>'
    if look.hatch == "dashes":
        long = DASH_SHARE * look.step_px
        rows = ((0.1 * look.step_px, look.step_px / 4), (0.6 * look.step_px, 0.75 * look.step_px))
        way = "".join(f"M{x:g} {y:g}h{min(long, look.step_px - x):g}" for x, y in rows)
        return (
            f'<path d="{way}" stroke="{ink}" stroke-width="{look.mark_px:g}" opacity="{opacity}"/>'
        )
    if not look.hatch:
        return ""
    way = f"M0 0V{size}" + (f"M0 0H{size}" if look.hatch == "cross" else "")
    # A tile shows only the inner half of a line along its edge.
    return (
        f'<path d="{way}" stroke="{ink}" stroke-width="{2 * look.mark_px:g}" opacity="{opacity}"/>'
    )
