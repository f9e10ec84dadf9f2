"""How far inland a piece of ground reaches from the units' outer boundary.

Whether it is within a tolerance is decided from bounds where they are enough, as they are for
nearly all pieces; the rest is measured on a plane.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.partition.noding import Edges, Ground
from lineplan.partition.snapping import Bool, Complex, Float, Int

FRONTIER_MATCH_M = 5_000.0
"""Two sources of units draw one frontier about a kilometre apart, rarely more than five."""
# A degree of latitude is 110.57 to 111.70 km long.
_SHORT_DEGREE_M, _LONG_DEGREE_M = 110_500.0, 111_750.0
# Lengths on the plane of a large country are off by less than half a percent.
_SURELY = 0.99
# A piece of more pairs of an inland and an outer edge is measured on the plane.
_MOST_PAIRS = 100_000
_STEP_M = 1000.0
_FINE_M = 500.0


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
    # An edge is wholly near if its middle is nearer by half its length.
    half_deg = np.hypot(*(end - start).T) / 2
    near = shapely.dwithin(
        frontier, shapely.points((start + end) / 2), np.maximum(surely_deg - half_deg, 0)
    )
    unsure = np.zeros(len(outer), dtype=bool)
    for share in (0.5, 0.0, 1.0):
        left = np.flatnonzero(found & ~near)
        points = shapely.points(start[left] + share * (end[left] - start[left]))
        sure = shapely.dwithin(frontier, points, surely_deg)
        beyond = left[~sure]
        found[beyond] = shapely.dwithin(frontier, points[~sure], hardly_deg)
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
    """Which pieces plainly lie within a distance of their own outer edges.

    `piece` is the piece of each face, -1 for none. Lengths are measured on a plane for each piece
    on which none is too short. No place on an edge is farther than half the sum of its length and
    the distances of its ends, and no place inside farther from the boundary than the radius of a
    disc as large as the piece.
    """
    edges, limit_m = ground.edges, tolerance_km * 1000 * _SURELY
    of_edge = np.maximum(piece[edges.left], np.where(edges.right >= 0, piece[edges.right], -1))
    at = np.flatnonzero(of_edge >= 0)
    at = at[np.argsort(of_edge[at], kind="stable")]
    of_edge, is_outer = of_edge[at], edges.right[at] < 0
    start, end = edges.start[at], edges.end[at]
    # A degree of longitude is longest where a piece is nearest to the equator.
    lowest = np.full(count, 90.0)
    np.minimum.at(lowest, of_edge, np.minimum(np.abs(start[:, 1]), np.abs(end[:, 1])))
    scale_m = _LONG_DEGREE_M * np.stack([np.cos(np.radians(lowest)), np.ones(count)], axis=1)
    begin, finish = ((xy * scale_m[of_edge]).view(np.complex128)[:, 0] for xy in (start, end))

    reach_m = _reach_at_most_m(begin, finish, of_edge, is_outer, count)
    size_m2 = np.bincount(piece[piece >= 0], ground.area_m2[piece >= 0], minlength=count)
    room_m = limit_m - reach_m
    found = np.sqrt(size_m2 / np.pi) / _SURELY <= room_m
    for number in np.flatnonzero(~found & (room_m > 0)):
        faces = shapely.transform(ground.polygons[piece == number], scale_m[number].__mul__)
        own = (of_edge == number) & is_outer
        lines = shapely.linestrings(
            np.stack([begin[own], finish[own]], axis=1).view(np.float64).reshape(-1, 2, 2)
        )
        distance_m = partial(shapely.distance, shapely.multilinestrings(lines))
        found[number] = _is_peeled(faces, float(room_m[number]), limit_m, distance_m)
    return np.asarray(found)


def _reach_at_most_m(
    begin: Complex, finish: Complex, of_edge: Int, is_outer: Bool, count: int
) -> Float:
    """At most how far from a piece's outer edges its boundary is; edges sorted by piece.

    Infinite for a piece of so many edges that it is better measured.
    """
    # Long edges are cut, as half their length counts.
    along = finish - begin
    inland = np.flatnonzero(~is_outer)
    cuts = np.ceil(np.abs(along[inland]) / _STEP_M).astype(np.int64)
    inland = np.repeat(inland, cuts)
    step = along[inland] / np.repeat(cuts, cuts)
    turn = np.arange(len(inland)) - np.repeat(np.cumsum(cuts) - cuts, cuts)
    corner, of_inland = begin[inland] + turn * step, of_edge[inland]

    outer_of = np.bincount(of_edge[is_outer], minlength=count)
    first_outer = np.cumsum(outer_of) - outer_of
    outer_of[outer_of * np.bincount(of_inland, minlength=count) > _MOST_PAIRS] = 0
    times = outer_of[of_inland]
    begins = np.cumsum(times) - times
    one = np.repeat(np.arange(len(inland)), times)
    other = np.arange(len(one)) + np.repeat(first_outer[of_inland] - begins, times)
    outer_begin, along = begin[is_outer][other], along[is_outer][other]
    span_m = np.where(times > 0, np.abs(step), np.inf)
    some = np.flatnonzero(times)
    for place in (corner, corner + step) if len(some) else ():
        beside = place[one] - outer_begin
        share = np.clip((along.conj() * beside).real / np.abs(along) ** 2, 0, 1)
        span_m[some] += np.minimum.reduceat(np.abs(beside - share * along), begins[some])
    reach_m = np.zeros(count)
    np.maximum.at(reach_m, of_inland, span_m / 2)
    return reach_m


def _is_peeled(
    faces: NDArray[Any], room_m: float, limit_m: float, distance_m: Callable[[Any], Float]
) -> bool:
    """Whether nothing is left of a piece when all that is surely near enough is peeled off.

    Its boundary is `room_m` nearer than the limit, and so is what lies less than that inside. Of
    the rest the boundary is looked at again.
    """
    rest = _whole(faces)
    while room_m > _FINE_M / 50:
        rest = shapely.buffer(rest, -room_m, quad_segs=2)
        if rest.is_empty:
            return True
        fine = shapely.get_coordinates(shapely.segmentize(rest, _FINE_M))
        room_m = limit_m - float(distance_m(shapely.points(fine)).max()) - _FINE_M / 2
    return False


def _whole(faces: NDArray[Any]) -> shapely.Geometry:
    # Edges that all but meet can cross on a plane, however short they are.
    if len(faces) == 1 and shapely.is_valid(faces[0]):
        return faces[0]
    return shapely.union_all(shapely.make_valid(faces, method="structure"))


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
    for number in np.flatnonzero(found):
        parts = polygons[piece_of == number]
        room_m = tolerance_m - float(reach_m[number]) - 280
        if not _is_peeled(parts, room_m, tolerance_m, boundary.distance_m):
            whole = _whole(parts)
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
        reach_m = np.zeros(count)
        np.maximum.at(reach_m, piece_of[polygon_of], self.distance_m(shapely.points(points)))
        return reach_m

    def distance_m(self, points: NDArray[Any]) -> Float:
        """Distance from points on the plane."""
        _, found = self.tree.query_nearest(points, return_distance=True, all_matches=False)
        return np.asarray(found)

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
