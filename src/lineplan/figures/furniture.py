"""Scale bar and locator, and the corners where they may stand."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import shapely

from lineplan.figures.ground import LAND, STROKES, Drawn
from lineplan.figures.hatching import MM_PER_PX
from lineplan.figures.placement import Place
from lineplan.figures.window import Box, Window, fit
from lineplan.figures.words import INK, PAPER

if TYPE_CHECKING:
    from lineplan.facts import Facts
    from lineplan.figures.sheet import Sheet

_GAP_MM, _BAR_MM = 2.0, 35.0
_COVERED = 0.05
"""What a mm² of covered ground costs."""


def shows_all(facts: Facts, window: Window) -> bool:
    """Whether all units are in the frame, so that a locator would say nothing."""
    box = shapely.box(*window.in_degrees())
    whole = shapely.box(*facts.arrangement.units.total_bounds)
    return bool(shapely.intersection(box, whole).area > 0.85 * whole.area)


def corners(drawn: Drawn, facts: Facts, window: Window, size: tuple[float, float]) -> list[Place]:
    """The corners of the frame in which a thing of a size may stand.

    All of them, dearer what covers more: scale bar and locator may want the same.
    """
    left, bottom, right, top = window.frame
    width, height = size
    named = (facts.arrangement.zones["clause_id"] != "").to_numpy()
    found = []
    for x in (left + _GAP_MM, right - _GAP_MM - width):
        for y in (bottom + _GAP_MM, top - _GAP_MM - height):
            corner = (x, y, x + width, y + height)
            box = shapely.box(*corner)
            areas = shapely.area(shapely.intersection(drawn.zones, box))
            line = shapely.length(shapely.intersection(drawn.lines["line"], box))
            covered = float(areas[named].sum() * 8 + areas.sum() + line * 40)
            found.append(Place(corner, covered * _COVERED))
    return found


def bar_size(window: Window, scale: float) -> tuple[float, float]:
    """Width and height of the scale bar with its figure, in mm."""
    km = bar_length_km(window, _BAR_MM * scale)
    return km * 1000 / window.metres_per_mm + 2.0, 6.5 * scale


def bar_length_km(window: Window, room_mm: float) -> float:
    """The longest round length that fits into `room_mm`."""
    room_km = room_mm * window.metres_per_mm / 1000
    power = 10.0 ** math.floor(math.log10(room_km))
    return max(step * power for step in (1, 2, 5) if step * power <= room_km)


def draw_scale_bar(sheet: Sheet, facts: Facts, window: Window, box: Box, scale: float) -> None:
    """Draw the scale bar into a corner."""
    km = bar_length_km(window, _BAR_MM * scale)
    length = km * 1000 / window.metres_per_mm
    x0 = box[0] + 1.0
    y = box[1] + 2.2 * scale
    text = facts.words.text
    key, number = ("figure.km", km) if km >= 1 else ("figure.m", km * 1000)
    said = text(key, number=facts.words.number(number))
    tick = 1.1 * scale
    bar = [(x0, y + tick), (x0, y), (x0 + length, y), (x0 + length, y + tick)]
    sheet.stroke("scale-bar", [shapely.LineString(bar)], PAPER, 1.3 * scale, cap="round")
    sheet.stroke("scale-bar", [shapely.LineString(bar)], INK, 0.4 * scale, cap="butt")
    middle = x0 + length / 2
    half = shapely.LineString([(middle, y), (middle, y + tick * 0.7)])
    sheet.stroke("scale-bar", [half], INK, 0.3 * scale, cap="butt")
    size = 6.3 * scale
    sheet.text(
        "scale-bar", (middle, y + 1.8 * scale), said, size, align="center", halo=PAPER,
        halo_layer="scale-bar",
    )  # fmt: skip


def draw_inset(sheet: Sheet, facts: Facts, window: Window, box: Box, scale: float) -> None:
    """Draw the locator: all units, and what the map shows of them."""
    units = facts.arrangement.units
    shown = window.ground()
    west, south, east, north = (
        float(v) for v in shapely.union(shown, shapely.box(*units.total_bounds)).bounds
    )
    locator = fit([[south, west], [north, east]], box)
    outline = shapely.union_all(shapely.coverage_simplify(units.geometry.to_numpy(), 0.03))
    sheet.fill("inset", locator.shape, LAND)
    width = 1.3 * MM_PER_PX * scale
    country = locator.seen([outline])[0]
    sheet.fill("inset", country, "#f6f4ee", edge=STROKES["border"][0], width_mm=width)
    shown = locator.seen([shown])[0]
    sheet.fill("inset", shown, "none", edge="#0b6e6e", width_mm=0.5 * scale)
    sheet.fill("inset", locator.shape, "none", edge="#8b8676", width_mm=0.2)
