"""Which ground a frame on the page shows, in which projection and scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from lineplan import geodesy

STEP_DEG = 0.05
"""Edges are straight in longitude and latitude; on the page they bend at this spacing."""
ROOM = 0.035
"""Ground left free around what is shown, as a share of it."""

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Window:
    """A frame on the page and the ground in it.

    Parameters
    ----------
    bounds
        West, south, east and north that the projection is centred on, in degrees.
    frame
        Left, bottom, right and top on the page, in mm.
    origin_m
        What lies in the lower left corner of the frame, in metres on the plane.
    metres_per_mm
        The scale, true at the centre; 0.2 % off 800 km away from it.
    """

    bounds: Box
    frame: Box
    origin_m: tuple[float, float]
    metres_per_mm: float

    @property
    def shape(self) -> shapely.Polygon:
        """The frame."""
        return shapely.box(*self.frame)

    @property
    def scale(self) -> int:
        """Denominator of the scale, in three digits."""
        whole = self.metres_per_mm * 1000
        step = 10 ** max(0, len(str(int(whole))) - 3)
        return int(round(whole / step) * step)

    @property
    def centre(self) -> tuple[float, float]:
        """Longitude and latitude of the centre of the projection."""
        west, south, east, north = self.bounds
        return (west + east) / 2, (south + north) / 2

    def place(self, shapes: Any) -> np.ndarray:
        """Shapes in degrees to mm on the page, also beyond the frame."""
        dense = shapely.segmentize(np.asarray(shapes, dtype=object), STEP_DEG)
        planar = geodesy.to_plane(dense, self.bounds)
        left, bottom = self.frame[:2]
        x0, y0 = self.origin_m
        return np.asarray(
            shapely.transform(
                planar, lambda xy: (xy - (x0, y0)) / self.metres_per_mm + (left, bottom)
            )
        )

    def seen(self, shapes: Any) -> np.ndarray:
        """What the frame shows of shapes in degrees, in mm on the page."""
        placed = self.place(shapes)
        whole = np.where(shapely.is_valid(placed), placed, shapely.make_valid(placed))
        return np.asarray(shapely.intersection(whole, self.shape))

    def spot(self, lon: float, lat: float) -> tuple[float, float]:
        """A point in degrees on the page."""
        (placed,) = self.place([shapely.Point(lon, lat)])
        return float(placed.x), float(placed.y)

    def ground(self) -> shapely.Polygon:
        """All that the frame shows, in degrees."""
        left, bottom = self.frame[:2]
        edge = shapely.segmentize(self.shape.exterior, 5.0)
        planar = shapely.transform(
            edge, lambda xy: (xy - (left, bottom)) * self.metres_per_mm + self.origin_m
        )
        (degrees,) = geodesy.from_plane([planar], self.bounds)
        return shapely.Polygon(degrees)

    def in_degrees(self) -> Box:
        """West, south, east and north of all that the frame shows."""
        west, south, east, north = (float(value) for value in self.ground().bounds)
        return west, south, east, north


def shape_of(corners: Sequence[Sequence[float]]) -> float:
    """Width over height of (south, west), (north, east), on the ground."""
    width, height = _extent(_bounds(corners))[2:]
    return width / height


def fit(corners: Sequence[Sequence[float]], frame: Box, known: Box | None = None) -> Window:
    """
    Show all of (south, west), (north, east) in a frame, as large as goes.

    Parameters
    ----------
    corners
        In degrees.
    frame
        On the page, in mm.
    known
        West, south, east and north of the base map: what is free around the corners is taken
        from where the base goes on.
    """
    bounds = _bounds(corners)
    x, y, width, height = _extent(bounds)
    left, bottom, right, top = frame
    room = 1 + 2 * ROOM
    metres_per_mm = max(width * room / (right - left), height * room / (top - bottom))
    across, up = (right - left) * metres_per_mm, (top - bottom) * metres_per_mm
    x0, y0 = x + width / 2 - across / 2, y + height / 2 - up / 2
    if known is not None:
        spare = (across - width * room) / 2, (up - height * room) / 2
        x0 += _shift(x0, across, spare[0], _inner(known, bounds, axis=0))
        y0 += _shift(y0, up, spare[1], _inner(known, bounds, axis=1))
    return Window(bounds, frame, (x0, y0), metres_per_mm)


def _shift(start: float, size: float, spare: float, known: tuple[float, float]) -> float:
    """How far to move a window along one axis so that it shows no more than is known."""
    low, high = known
    over, under = max(0.0, start + size - high), max(0.0, low - start)
    return max(-spare, min(spare, under - over)) if not (over and under) else 0.0


def _inner(known: Box, bounds: Box, *, axis: int) -> tuple[float, float]:
    """Least and greatest coordinate along an axis between which all that is seen is known."""
    west, south, east, north = known
    sides = [((west, south), (west, north)), ((east, south), (east, north))]
    if axis == 1:
        sides = [((west, south), (east, south)), ((west, north), (east, north))]
    lines = shapely.segmentize(shapely.linestrings(sides), STEP_DEG)
    low, high = geodesy.to_plane(lines, bounds)
    return float(low.bounds[axis + 2]), float(high.bounds[axis])


def _bounds(corners: Sequence[Sequence[float]]) -> Box:
    (south, west), (north, east) = corners
    return west, south, east, north


def _extent(bounds: Box) -> Box:
    """Lower left corner, width and height of bounds on their plane, in metres."""
    edge = shapely.segmentize(shapely.box(*bounds).exterior, STEP_DEG)
    (planar,) = geodesy.to_plane([edge], bounds)
    x0, y0, x1, y1 = (float(value) for value in planar.bounds)
    return x0, y0, x1 - x0, y1 - y0
