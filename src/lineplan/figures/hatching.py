"""Hatching as plain shapes, the same in every format, one lattice for the whole page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from lineplan.style import DASH_SHARE, OPEN_INK, PAINTS

if TYPE_CHECKING:
    from lineplan.figures.sheet import Sheet

MM_PER_PX = 0.22
"""A pixel of the web map's pattern on paper."""


class Ink(NamedTuple):
    """How ground of one paint is filled and hatched; empty strings where it is not."""

    ground: str
    mark: str
    kind: str
    turn: int


def ink_of(paint: str) -> Ink:
    """
    Return how a paint such as ``frozen_at_line-tint`` is drawn.

    The hatching is the web map's: its opacity is mixed into the colour, because what is
    transparent does not survive every press.
    """
    status, _, side = paint.rpartition("-")
    colours = PAINTS[status]
    if side == "open":
        return Ink(colours.tint, OPEN_INK, "cross", 45)
    ground = colours.tint if side == "tint" else colours.fill
    lighter = side == "tint"
    share = {"lines": 0.55 if lighter else 0.75, "dots": 0.8, "dashes": 0.65}.get(
        colours.hatch, 1.0
    )
    mark = _mixed(colours.ink, ground, share)
    return Ink(ground, mark if colours.hatch else "", colours.hatch, 135 if lighter else 45)


def paint_ground(
    sheet: Sheet,
    shape: shapely.Geometry,
    paint: str,
    *,
    layers: tuple[str, str],
    name: str | None = None,
    scale: float = 1.0,
) -> None:
    """Fill a shape in one layer and hatch it in another."""
    ink = ink_of(paint)
    # A hair of its own colour closes the seams that renderers leave between neighbours.
    sheet.fill(layers[0], shape, ink.ground, name=name, edge=ink.ground, width_mm=0.05)
    px = MM_PER_PX * scale
    if ink.kind == "lines":
        sheet.stroke(layers[1], _lines(shape, 7 * px, ink.turn), ink.mark, 1.5 * px, cap="butt")
    elif ink.kind == "cross":
        for turn in (45, 135):
            sheet.stroke(layers[1], _lines(shape, 6 * px, turn), ink.mark, 0.9 * px, cap="butt")
    elif ink.kind == "dots":
        sheet.dots(layers[1], _dots(shape, 7 * px, 1.15 * px), 1.15 * px, ink.mark)
    elif ink.kind == "dashes":
        dashes = _dashes(shape, 9 * px)
        sheet.stroke(layers[1], dashes, ink.mark, 1.1 * px, cap="butt")


def _lines(shape: shapely.Geometry, apart: float, turn: int) -> shapely.Geometry:
    """Parallels that rise to the right (45) or to the left (135), within a shape."""
    if shapely.is_empty(shape):
        return shape
    x0, y0, x1, y1 = shape.bounds
    rise = 1 if turn == 45 else -1
    # y - rise * x is the same along a line; the lattice starts at the corner of the page.
    offsets = [y - rise * x for x in (x0, x1) for y in (y0, y1)]
    step = apart * math.sqrt(2)
    first, last = math.floor(min(offsets) / step), math.ceil(max(offsets) / step)
    lines = shapely.linestrings(
        [[(x0, n * step + rise * x0), (x1, n * step + rise * x1)] for n in range(first, last + 1)]
    )
    return shapely.intersection(shapely.multilinestrings(lines), shape)


def _dots(shape: shapely.Geometry, tile: float, radius: float) -> np.ndarray:
    """Centres of the dots that lie wholly within a shape; at least one in any."""
    if shapely.is_empty(shape):
        return np.empty((0, 2))
    x0, y0, x1, y1 = shape.bounds
    columns = np.arange(math.floor(x0 / tile), math.ceil(x1 / tile) + 1) * tile
    rows = np.arange(math.floor(y0 / tile), math.ceil(y1 / tile) + 1) * tile
    corners = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    centres = np.concatenate([corners + tile / 4, corners + 3 * tile / 4])
    inside = shapely.buffer(shape, -radius)
    return centres[shapely.contains_xy(inside, centres)]


def _dashes(shape: shapely.Geometry, tile: float) -> shapely.Geometry:
    """Level dashes in staggered rows, within a shape."""
    if shapely.is_empty(shape):
        return shape
    x0, y0, x1, y1 = shape.bounds
    columns = np.arange(math.floor(x0 / tile) - 1, math.ceil(x1 / tile) + 1) * tile
    rows = np.arange(math.floor(y0 / tile), math.ceil(y1 / tile) + 1) * tile
    corners = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    starts = np.concatenate([corners + tile / 4, corners + 3 * tile / 4])
    ends = starts + np.array([DASH_SHARE * tile, 0.0])
    lines = shapely.linestrings(np.stack([starts, ends], axis=1))
    return shapely.intersection(shapely.multilinestrings(lines), shape)


def _mixed(ink: str, ground: str, share: float) -> str:
    pairs = zip(_channels(ink), _channels(ground), strict=True)
    return "#" + "".join(f"{round(share * a + (1 - share) * b):02x}" for a, b in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    red, green, blue = (int(colour[n : n + 2], 16) for n in (1, 3, 5))
    return red, green, blue
