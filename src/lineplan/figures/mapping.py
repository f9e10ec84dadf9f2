"""The map itself: ground, what stands in its corners, and what is written on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineplan.figures.furniture import bar_size, corners, draw_inset, draw_scale_bar, shows_all
from lineplan.figures.ground import draw_ground
from lineplan.figures.labelling import Labels

if TYPE_CHECKING:
    from lineplan.facts import Facts
    from lineplan.figures.sheet import Sheet
    from lineplan.figures.window import Window

MAP_LAYERS = (
    "sea",
    "land",
    "zones",
    "hatching",
    "rivers",
    "unit-boundaries",
    "other-borders",
    "line-of-contact",
    "border",
    "leaders",
    "label-halos",
    "cities",
    "labels-units",
    "labels-cities",
    "labels-zones",
    "labels-line",
    "scale-bar",
    "inset",
)
"""Layers of the map, the lowest first."""


def draw_map(
    sheet: Sheet, facts: Facts, window: Window, scale: float, *, least_points: float = 0.0
) -> None:
    """
    Draw the map into its frame.

    Parameters
    ----------
    sheet
        With `MAP_LAYERS`.
    facts
        What is said.
    window
        Which ground.
    scale
        Of text and lines; 1 for A4.
    least_points
        Names of units are not written smaller.
    """
    sheet.window = window
    drawn = draw_ground(sheet, facts, window, scale)
    labels = Labels(sheet, facts, window, drawn, scale, least_points)
    rooms = [corners(drawn, facts, window, bar_size(window, scale))]
    if not shows_all(facts, window):
        rooms.append(corners(drawn, facts, window, (30 * scale, 24 * scale)))
    bar, inset = (*labels.write(rooms), None)[:2]
    if bar is not None:
        draw_scale_bar(sheet, facts, window, bar, scale)
    if inset is not None:
        draw_inset(sheet, facts, window, inset, scale)
