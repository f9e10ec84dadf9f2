"""How far inland a piece of ground reaches from the units' outer boundary.

Whether it is within a tolerance is decided from bounds where they are enough, as they are for
nearly all pieces; the rest is measured on a plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.noding import Edges, Ground
from lineplan.snapping import Bool, Float, Int

FRONTIER_MATCH_M = 5_000.0
"""Two sources of units draw one frontier about a kilometre apart, rarely more than five."""
# A degree of latitude is 110.57 to 111.70 km long.
_SHORT_DEGREE_M, _LONG_DEGREE_M = 110_500.0, 111_750.0
# Lengths on the plane of a large country are off by less than half a percent.
_SURELY = 0.99


def is_frontier(edges: Edges, outer: Int, frontier: shapely.Geometry) -> Bool:
    """Whether edges keep to the frontier: an inner border meets it at its end only."""
    start, end = edges.start[outer], edges.end[outer]
    found = np.ones(len(outer), dtype=bool)
    if not len(outer):
        return found
    shapely.prepare(frontier)
    steepest = np.cos(np.radians(min(np.abs(np.r_[start, end][:, 1]).max(), 89.0)))
    surely_deg = FRONTIER_MATCH_M * _SURELY / _LONG_DEGREE_M
    hardly_deg = FRONTIER_MATCH_M / _SURELY / _SHORT_DEGREE_M / steepest
    unsure = np.zeros(len(outer), dtype=bool)
    for share in (0.5, 0.0, 1.0):
        left = np.flatnonzero(found)
        points = shapely.points(start[left] + share * (end[left] - start[left]))
        near = shapely.dwithin(frontier, points, surely_deg)
        beyond = left[~near]
        found[beyond] = shapely.dwithin(frontier, points[~near], hardly_deg)
        unsure[beyond] = True
    unsure &= found
    if unsure.any():
        found[unsure] = _is_frontier_on_plane(edges, outer[unsure], frontier)
    return found


def _is_frontier_on_plane(edges: Edges, outer: Int, frontier: shapely.Geometry) -> Bool:
    bounds = _bounds(edges)
    segments = geodesy.to_plane(edges.lines(outer), bounds)
    tree = shapely.STRtree(geodesy.to_plane(geodesy.segments(frontier), bounds))
    found = np.ones(len(outer), dtype=bool)
    for share in (0.0, 0.5, 1.0):
        at = shapely.line_interpolate_point(segments, share, normalized=True)
        near = tree.query(at, predicate="dwithin", distance=FRONTIER_MATCH_M)
        found &= np.isin(np.arange(len(outer)), near[0])
    return found


def _bounds(edges: Edges) -> tuple[float, float, float, float]:
    (west, south), (east, north) = edges.start.min(axis=0), edges.start.max(axis=0)
    return float(west), float(south), float(east), float(north)


def surely_within(ground: Ground, piece: Int, count: int, tolerance_km: float) -> Bool:
    """Which pieces lie within a distance of their own outer edges by a bound on their reach.

    `piece` is the piece of each face, -1 for none. A place in a piece is no farther from its
    boundary than the radius of a disc as large as the piece, a place on the boundary no farther
    from a corner than half an edge, and a corner no farther than the nearest corner of an outer
    edge.
    """
    edges = ground.edges
    of_edge = np.maximum(piece[edges.left], np.where(edges.right >= 0, piece[edges.right], -1))
    at = np.flatnonzero(of_edge >= 0)
    at = at[np.argsort(of_edge[at], kind="stable")]
    of_edge, is_outer = of_edge[at], edges.right[at] < 0
    # Degrees of longitude of a piece are as long as where it is nearest to the equator, or shorter.
    start, end = edges.start[at], edges.end[at]
    lowest = np.full(count, 90.0)
    np.minimum.at(lowest, of_edge, np.minimum(np.abs(start[:, 1]), np.abs(end[:, 1])))
    scale = np.cos(np.radians(lowest))[of_edge]
    start, end = ((xy[:, 0] * scale + 1j * xy[:, 1]) * _LONG_DEGREE_M for xy in (start, end))

    size_m2 = np.bincount(piece[piece >= 0], ground.area_m2[piece >= 0], minlength=count)
    slack_m = np.sqrt(size_m2 / np.pi) / _SURELY
    half_edge_m = np.zeros(count)
    np.maximum.at(half_edge_m, of_edge, np.abs(end - start) / 2)

    edges_of = np.bincount(of_edge, minlength=count)
    outer_of = np.bincount(of_edge[is_outer], minlength=count)
    outer = start[is_outer]
    pairs = edges_of * outer_of
    pairs[pairs > _MOST_PAIRS] = 0
    corner = np.repeat(np.arange(len(at)), np.where(pairs > 0, outer_of, 0)[of_edge])
    step = np.repeat((pairs > 0) * outer_of, edges_of)
    turn = np.arange(len(corner)) - np.repeat(np.cumsum(step) - step, step)
    first_outer = (np.cumsum(outer_of) - outer_of)[of_edge[corner]]
    distance_m = np.abs(start[corner] - outer[first_outer + turn])
    begins = np.flatnonzero(turn == 0)
    corner_m = np.full(count, np.inf)
    corner_m[pairs > 0] = 0
    if len(begins):
        nearest_m = np.minimum.reduceat(distance_m, begins)
        np.maximum.at(corner_m, of_edge[corner[begins]], nearest_m)
    return np.asarray(corner_m + half_edge_m + slack_m <= tolerance_km * 1000 * _SURELY)


# A piece of more corners than a table of this size has is measured instead.
_MOST_PAIRS = 1_000_000


def within(
    ground: Ground,
    piece: Int,
    chosen: Int,
    tolerance_km: float,
    frontier: shapely.Geometry | None,
) -> Bool:
    """Whether the chosen pieces lie wholly within a distance of the outer boundary."""
    tolerance_m = tolerance_km * 1000
    faces = np.flatnonzero(np.isin(piece, chosen))
    piece_of = np.searchsorted(chosen, piece[faces])
    boundary = OuterBoundary.of(ground, frontier, near=ground.polygons[faces], within_m=tolerance_m)
    polygons = boundary.on_plane(ground.polygons[faces])
    reach_m = boundary.reach_m(polygons, piece_of, len(chosen))
    found = reach_m <= tolerance_m
    # The middle of a piece can be farther inland than its edge, by no more than the radius of
    # the largest circle in it; between the points on its edge are 560 m.
    room_m = tolerance_m - reach_m - 280
    for number in np.flatnonzero(found):
        # Edges that all but meet can cross on the plane, however short they are.
        parts = shapely.make_valid(polygons[piece_of == number], method="structure")
        whole = shapely.union_all(parts)
        if room_m[number] > 0 and shapely.is_empty(shapely.buffer(whole, -room_m[number])):
            continue
        found[number] = boundary.strip(whole, tolerance_m).covers(whole)
    return np.asarray(found)


@dataclass(frozen=True)
class OuterBoundary:
    """The units' outer boundary on a plane, where it is coast or frontier."""

    bounds: tuple[float, float, float, float]
    segments: NDArray[Any]
    tree: shapely.STRtree

    @classmethod
    def of(
        cls,
        ground: Ground,
        frontier: shapely.Geometry | None,
        near: NDArray[Any] | None = None,
        within_m: float = 0.0,
    ) -> OuterBoundary:
        """The whole, or what is within a distance of some polygons and perhaps more."""
        edges = ground.edges
        outer = np.flatnonzero(edges.right < 0)
        if near is not None:
            outer = outer[_are_near(edges.start[outer], edges.end[outer], near, within_m)]
        if frontier is not None:
            outer = outer[is_frontier(edges, outer, frontier)]
        # Cut so short that edges straight in degrees are straight on the plane.
        short = geodesy.segments(shapely.segmentize(edges.lines(outer), 0.02))
        segments = geodesy.to_plane(short, _bounds(edges))
        return cls(_bounds(edges), segments, shapely.STRtree(segments))

    def on_plane(self, polygons: NDArray[Any]) -> NDArray[Any]:
        """Polygons on the plane, with a corner every 0.005 degree, at most 560 m."""
        return geodesy.to_plane(shapely.segmentize(polygons, 0.005), self.bounds)

    def reach_m(self, polygons: NDArray[Any], piece_of: Int, count: int) -> Float:
        """How far inland the corners of pieces reach; `polygons` are on the plane."""
        points, polygon_of = shapely.get_coordinates(polygons, return_index=True)
        (point, _), distance_m = self.tree.query_nearest(
            shapely.points(points), return_distance=True, all_matches=False
        )
        reach_m = np.zeros(count)
        np.maximum.at(reach_m, piece_of[polygon_of[point]], distance_m)
        return reach_m

    def strip(self, whole: shapely.Geometry, width_m: float) -> shapely.Geometry:
        """Ground on the plane that is so near, as far as a piece is concerned."""
        near = self.tree.query(whole, predicate="dwithin", distance=width_m)
        return shapely.union_all(shapely.buffer(self.segments[near], width_m, quad_segs=64))


def _are_near(start: Float, end: Float, polygons: NDArray[Any], distance_m: float) -> Bool:
    """Which edges' boxes come so near the box of a polygon."""
    box = shapely.bounds(polygons)
    lat = distance_m / _SURELY / _SHORT_DEGREE_M
    steepest = np.cos(np.radians(np.minimum(np.abs(box[:, [1, 3]]).max(axis=1), 89.0)))
    margin = np.stack([lat / steepest, np.full(len(box), lat)], axis=1)
    low, high = np.minimum(start, end), np.maximum(start, end)
    found = np.zeros(len(start), dtype=bool)
    for least, most in zip(box[:, :2] - margin, box[:, 2:] + margin, strict=True):
        found |= ((low <= most) & (high >= least)).all(axis=1)
    return found
