"""Boundaries of the units, and what loops of edges gain and lose beside them."""

from __future__ import annotations

from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.chronology.linework import Bool, Float, Int
from lineplan.partition.noding import GRID_DEG

OUTSIDE = -1
"""Number of the unit that ground outside all units is counted in."""
MARGIN_DEG = 1e-6
"""What comes nearer than this (0.1 m) is taken to touch."""
_MISSED_M2 = 0.01


class Shares(NamedTuple):
    """Area that loops wind round in units, counter-clockwise; clockwise it counts negative.

    `loop`, `unit` and `area_m2` go together. `missed_m2` is by how much the parts of each loop miss
    its whole; infinite where it cannot be parted.
    """

    loop: Int
    unit: Int
    area_m2: Float
    missed_m2: Float


class Borders:
    """Boundaries of the units: those between two of them, and the outer ones.

    Parameters
    ----------
    units : GeoDataFrame
    """

    def __init__(self, units: gpd.GeoDataFrame) -> None:
        self.names: list[str] = units["unit_id"].tolist()
        self.shapes = units.geometry.to_numpy().copy()
        shapely.prepare(self.shapes)
        self.tree = shapely.STRtree(self.shapes)
        edges = geodesy.segments(shapely.boundary(self.shapes))
        ends = np.rint(shapely.get_coordinates(edges) / GRID_DEG).view(np.complex128).reshape(-1, 2)
        ends.sort(axis=1)
        order = np.lexsort(ends.T)
        again = (ends[order][1:] == ends[order][:-1]).all(axis=1)
        is_inner = np.r_[again, False]
        is_outer = ~(is_inner | np.r_[False, again])
        self.inner = shapely.STRtree(edges[order[is_inner]])
        self.outer = shapely.STRtree(edges[order[is_outer]])

    def shares(self, rings: NDArray[Any]) -> Shares:
        """Area that loops gain and lose in each unit; none comes near the outer boundary."""
        whole_m2 = geodesy.signed_ring_area_m2(rings) if len(rings) else np.empty(0)
        is_apart = are_near(rings, self.inner)
        alone = np.flatnonzero(~is_apart)
        at, unit = self.tree.query(shapely.get_point(rings[alone], 0), predicate="within")
        unit_of = np.full(len(alone), OUTSIDE)
        unit_of[at] = unit
        loops, units, areas_m2 = [alone], [unit_of], [whole_m2[alone]]
        missed_m2 = np.where(is_apart, np.inf, 0.0)
        for number in np.flatnonzero(is_apart):
            lacking_m2 = whole_m2[number]
            for polygon, winding in _windings(rings[number]):
                near = np.sort(self.tree.query(polygon))
                # Of a unit only what is around: it has thousands of corners, the loop a few.
                around = shapely.clip_by_rect(self.shapes[near], *_box(polygon))
                part_m2 = winding * geodesy.area_m2(shapely.intersection(around, polygon))
                loops.append(np.full(len(near), number))
                units.append(near)
                areas_m2.append(part_m2)
                lacking_m2 -= part_m2.sum()
            if abs(lacking_m2) <= _MISSED_M2:
                missed_m2[number] = abs(lacking_m2)
        parts = [np.concatenate(part) for part in (loops, units, areas_m2)]
        return Shares(parts[0], parts[1], parts[2], missed_m2)

    def crossings(self, ends: Float) -> Int:
        """How often each edge crosses a border between units; `ends` has the shape (n, 2, 2)."""
        lines = shapely.linestrings(ends)
        return np.bincount(self.inner.query(lines, predicate="crosses")[0], minlength=len(lines))


def _box(shape: shapely.Geometry) -> tuple[float, float, float, float]:
    west, south, east, north = shape.bounds
    return west - MARGIN_DEG, south - MARGIN_DEG, east + MARGIN_DEG, north + MARGIN_DEG


def are_near(rings: NDArray[Any], tree: shapely.STRtree) -> Bool:
    """Which rings, with what they wind round, come near something in a tree."""
    found = np.zeros(len(rings), dtype=bool)
    boxes = shapely.box(*(shapely.bounds(rings) + MARGIN_DEG * np.array([-1, -1, 1, 1])).T)
    hits = np.unique(tree.query(boxes)[0])
    if len(hits):
        shapes = shapely.polygons(rings[hits])
        crossed = ~shapely.is_valid(shapes)
        shapes[crossed] = shapely.convex_hull(shapes[crossed])
        touched = tree.query(shapes, predicate="dwithin", distance=MARGIN_DEG)[0]
        found[hits[touched]] = True
    return found


def _windings(ring: shapely.Geometry) -> list[tuple[shapely.Geometry, int]]:
    """Ground that a ring winds round, and how often, counter-clockwise; it may cross itself."""
    polygon = shapely.polygons(ring)
    if shapely.is_valid(polygon):
        return [(polygon, 1 if shapely.is_ccw(ring) else -1)]
    corners = shapely.get_coordinates(ring).view(np.complex128).ravel()
    # Not on the grid, which moves what crosses on long edges by more than is allowed to be missed.
    lines = shapely.get_parts(shapely.union_all([ring]))
    found = []
    for face in shapely.get_parts(shapely.polygonize(lines)):
        inside = shapely.get_coordinates(shapely.point_on_surface(face)).view(np.complex128)[0, 0]
        turned = np.angle((corners[1:] - inside) / (corners[:-1] - inside)).sum()
        if winding := round(turned / (2 * np.pi)):
            found.append((face, winding))
    return found
