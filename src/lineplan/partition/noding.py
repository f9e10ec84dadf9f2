"""Faces from linework: boundaries noded once, and laid to units."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.errors import PartitionError
from lineplan.partition.halfedges import Chains, Mosaic
from lineplan.partition.snapping import Bool, Boundaries, Int

GRID_DEG = 1e-9
"""Noding grid: 0.1 mm. At 1e-7 a real day's units are 200 to 370 m² off instead of three."""
SLIVER_WIDTH_M = 100.0
"""Units that overlap or gape by less than this on average are drawn carelessly, not in dispute."""


def node_faces(linework: NDArray[Any]) -> NDArray[Any]:
    """Polygons that lines enclose, noded once on the grid, shells counter-clockwise."""
    # Without a grid, noding near-coincident edges can be badly wrong (shapely issue 2368).
    noded = shapely.union_all(linework, grid_size=GRID_DEG)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    return shapely.orient_polygons(faces, exterior_cw=False)


def contained(polygons: NDArray[Any], shapes: NDArray[Any]) -> NDArray[np.int64]:
    """Pairs (shape, polygon) in which a point inside the polygon lies inside the shape."""
    tree = shapely.STRtree(shapely.point_on_surface(polygons))
    shapely.prepare(shapes)
    return tree.query(shapes, predicate="contains").T


@dataclass(frozen=True)
class Edges:
    """Edges of a coverage; nodes are shared exactly, so equal coordinates are one node.

    `left` and `right` are the faces on either side of the way from `start` to `end`, `right` -1 on
    the outer boundary. Faces must be oriented as by `node_faces`.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    left: Int
    right: Int

    @classmethod
    def of(cls, polygons: NDArray[Any]) -> Edges:
        """Edges of faces that share their nodes."""
        rings, face_of_ring = shapely.get_rings(polygons, return_index=True)
        xy, ring_of = shapely.get_coordinates(rings, return_index=True)
        _, node = np.unique(xy.view(np.complex128).ravel(), return_inverse=True)
        inside = ring_of[1:] == ring_of[:-1]
        a, b = node[:-1][inside], node[1:][inside]
        face = face_of_ring[ring_of[:-1][inside]]
        key = np.minimum(a, b).astype(np.int64) * (node.max() + 1) + np.maximum(a, b)
        order = np.argsort(key, kind="stable")
        same = key[order][1:] == key[order][:-1]
        first = np.r_[True, ~same]
        right = np.full(len(key), -1)
        right[np.flatnonzero(same)] = face[order][1:][same]
        at = order[first]
        return cls(xy[:-1][inside][at], xy[1:][inside][at], face[at], right[first])

    def among(self, chosen: Bool) -> Edges:
        """Edges of the chosen faces, numbered anew; the others are outside."""
        number = np.r_[np.where(chosen, np.cumsum(chosen) - 1, -1), -1]
        left, right = number[self.left], number[self.right]
        at = np.flatnonzero((left >= 0) | (right >= 0))
        start, end, left, right = self.start[at], self.end[at], left[at], right[at]
        turn = left < 0
        start[turn], end[turn] = end[turn], start[turn]
        left[turn], right[turn] = right[turn], left[turn]
        return Edges(start, end, left, right)

    def lines(self, chosen: NDArray[Any]) -> NDArray[Any]:
        """The chosen edges as LineStrings."""
        return shapely.linestrings(np.stack([self.start[chosen], self.end[chosen]], axis=1))


@dataclass(frozen=True)
class Faces:
    """Faces that the boundaries of polygons enclose.

    `inside` pairs polygons with the faces that lie in them. `mosaic` is what the faces were traced
    from, None where that did not settle and they come from the more patient noder of GEOS.
    """

    polygons: NDArray[Any]
    inside: Int
    edges: Edges
    mosaic: Mosaic | None = None

    @classmethod
    def of(cls, polygons: NDArray[Any]) -> Faces:
        """Faces of valid polygons, noded on the grid."""
        boundaries = Boundaries.of(polygons, GRID_DEG).noded()
        if boundaries is None:
            return cls.by_union(polygons)
        mosaic = Mosaic.of(Chains.of(boundaries), round(1 / GRID_DEG))
        start, end, left, right = mosaic.edges()
        return cls(mosaic.polygons, mosaic.inside(), Edges(start, end, left, right), mosaic)

    @classmethod
    def by_union(cls, polygons: NDArray[Any]) -> Faces:
        """The same by the union of all boundaries, each face laid by a point inside it."""
        faces = node_faces(shapely.boundary(polygons))
        # On the same grid as the faces, so that a point inside a face is on the right side.
        inside = contained(faces, shapely.set_precision(polygons, GRID_DEG))
        return cls(faces, inside, Edges.of(faces))


def components(count: int, one: Int, other: Int) -> Int:
    """A face of the connected component of each of `count` faces; `one` is joined to `other`."""
    joined = np.sort(np.minimum(one, other) * count + np.maximum(one, other))
    joined = joined[np.diff(joined, prepend=-1) > 0]
    neighbours = defaultdict(list)
    for a, b in zip((joined // count).tolist(), (joined % count).tolist(), strict=True):
        neighbours[a].append(b)
        neighbours[b].append(a)
    component = [-1] * count
    for seed in range(count):
        if component[seed] >= 0:
            continue
        component[seed] = seed
        ahead = [seed]
        while ahead:
            for face in neighbours[ahead.pop()]:
                if component[face] < 0:
                    component[face] = seed
                    ahead.append(face)
    return np.array(component, dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Ground:
    """Faces that cover the units, each of one unit and one holder.

    `holder_mapped` is the holder before border reconciliation; to the right of the `edges` on the
    outer boundary is no face.
    """

    polygons: NDArray[Any]
    unit_id: NDArray[Any]
    holder: NDArray[Any]
    holder_mapped: NDArray[Any]
    area_m2: NDArray[np.float64]
    edges: Edges


@dataclass(frozen=True)
class UnitFaces:
    """Which unit each face lies in.

    `unit_of` is -1 outside all units; `moved_m2` is what each unit gained or lost when slivers
    were settled, and `repairs` says so in words.
    """

    unit_of: Int
    moved_m2: NDArray[np.float64]
    repairs: tuple[str, ...]


def assign_units(faces: Faces, units: gpd.GeoDataFrame) -> UnitFaces:
    """Lay faces to units; settle slivers where units overlap or gape, refuse more than slivers.

    The units are the first polygons that the faces were made of.
    """
    names = units["unit_id"].to_numpy()
    pairs = faces.inside[faces.inside[:, 0] < len(units)]
    pairs = pairs[np.argsort(pairs[:, 0], kind="stable")]
    unit_of = np.full(len(faces.polygons), -1)
    unit_of[pairs[::-1, 1]] = pairs[::-1, 0]  # of two units, the first
    moved_m2 = np.zeros(len(units))
    repairs: list[str] = []
    twice: dict[tuple[int, int], list[int]] = defaultdict(list)
    for unit, face in pairs[unit_of[pairs[:, 1]] != pairs[:, 0]].tolist():
        twice[int(unit_of[face]), unit].append(face)
    # Claims can cut a wide overlap into narrow faces: it is measured whole.
    overlaps = [
        (first, unit, overlap)
        for (first, unit), found in twice.items()
        for overlap in shapely.get_parts(shapely.coverage_union_all(faces.polygons[found]))
    ]
    for first, unit, overlap in overlaps:
        area_m2, width_m, place = _measure(overlap)
        both = f"{names[first]} and {names[unit]}"
        if width_m > SLIVER_WIDTH_M:
            raise PartitionError(
                f"units {both} overlap by {area_m2 / 1e6:,.3f} km² near {place}; mend the units"
            )
        moved_m2[unit] -= area_m2
        repairs.append(
            f"units {both} overlap by {area_m2:,.1f} m² near {place}; counted with the first"
        )
    _close_gaps(faces, unit_of, moved_m2, names, repairs)
    return UnitFaces(unit_of, moved_m2, tuple(repairs))


def _close_gaps(
    faces: Faces,
    unit_of: Int,
    moved_m2: NDArray[np.float64],
    names: NDArray[Any],
    repairs: list[str],
) -> None:
    """Give narrow gaps enclosed by units to the unit they border most."""
    outside = np.flatnonzero(unit_of < 0)
    if not len(outside):
        return
    edges = faces.edges
    inner = (edges.left >= 0) & (edges.right >= 0)
    left, right = edges.left[inner], edges.right[inner]
    both_out = (unit_of[left] < 0) & (unit_of[right] < 0)
    group = components(len(unit_of), left[both_out], right[both_out])
    outermost = np.maximum(edges.left, edges.right)[~inner]
    is_open = np.isin(group, group[outermost])
    for gap in np.unique(group[outside[~is_open[outside]]]):
        members = np.flatnonzero((group == gap) & (unit_of < 0))
        area_m2, width_m, place = _measure(shapely.coverage_union_all(faces.polygons[members]))
        if width_m > SLIVER_WIDTH_M:
            repairs.append(
                f"{area_m2 / 1e6:,.2f} km² enclosed by the units near {place} are in none of them"
            )
            continue
        ours, theirs = np.isin(left, members), np.isin(right, members)
        beside = np.r_[unit_of[right[ours & ~theirs]], unit_of[left[theirs & ~ours]]]
        at = np.flatnonzero(inner)[
            np.r_[np.flatnonzero(ours & ~theirs), np.flatnonzero(theirs & ~ours)]
        ]
        shared_m = geodesy.segment_length_m(edges.start[at], edges.end[at])
        unit = int(np.bincount(beside, weights=shared_m).argmax())
        unit_of[members] = unit
        moved_m2[unit] += area_m2
        repairs.append(
            f"a gap of {area_m2:,.1f} m² between units near {place} is counted with {names[unit]}"
        )


def _measure(face: shapely.Geometry) -> tuple[float, float, str]:
    """Area (m²), mean width (m) and a place inside."""
    area_m2 = float(geodesy.area_m2([face])[0])
    length_m = float(geodesy.length_m([shapely.boundary(face)])[0])
    inside = shapely.point_on_surface(face)
    return area_m2, 2 * area_m2 / length_m, f"{inside.x:.4f}, {inside.y:.4f}"
