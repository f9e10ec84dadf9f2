"""Arcs with fewer points, such that the ground of every day stays a coverage.

Each arc is simplified alone, between its ends, so that a line that does not change is drawn the
same every day. Where that would make lines of one day cross, the arcs concerned keep more points.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan.webmap.coverage import STEP_DEG, Arc, Edges, Int, arcs_of, vertex_ids

_ROUNDS = 4
"""Arcs that become one line are joined and simplified again; later rounds find next to none."""
_TRIES = 8


def simplified(arcs: Sequence[Arc], tolerance_deg: float) -> list[Arc]:
    """Drop points of arcs that lie within a distance of the line without them.

    Parameters
    ----------
    arcs : sequence of Arc
        Of `lineplan.webmap.coverage.arcs_of`.
    tolerance_deg : float
        In each of a few rounds.

    Returns
    -------
    list of Arc
        In every state edges meet only at their ends, where they did so before.
    """
    found = list(arcs)
    for _ in range(_ROUNDS):
        fewer = _without_crossings(found, tolerance_deg / STEP_DEG)
        count = sum(len(arc.points) for arc in found)
        found = arcs_of(_edges(found, fewer))
        if sum(len(arc.points) for arc in found) == count:
            break
    return found


def _without_crossings(arcs: Sequence[Arc], tolerance: float) -> list[Int]:
    """Points that each arc keeps, on the grid."""
    lines = [shapely.LineString(arc.points) for arc in arcs]
    allowed = np.full(len(arcs), tolerance)
    kept = [_keep(line, tolerance) for line in lines]
    for attempt in range(_TRIES):
        crossing = _crossing(arcs, kept)
        crossing = crossing[allowed[crossing] > 0]
        if not len(crossing):
            break
        allowed[crossing] = 0 if attempt == _TRIES - 2 else allowed[crossing] / 2
        for number in crossing.tolist():
            kept[number] = _keep(lines[number], allowed[number])
    return kept


def _keep(line: shapely.Geometry, tolerance: float) -> Int:
    """A ring is simplified in two halves, so that it stays a ring while it is wide enough."""
    points = shapely.get_coordinates(line)
    if tolerance <= 0 or len(points) < 3:
        return points.astype(np.int64)
    if (points[0] != points[-1]).any():
        return _fewer(points, tolerance)
    far = int(np.hypot(*(points - points[0]).T).argmax())
    there, back = _fewer(points[: far + 1], tolerance), _fewer(points[far:], tolerance)
    return np.concatenate([there, back[1:]])


def _fewer(points: NDArray[np.float64], tolerance: float) -> Int:
    line = shapely.simplify(shapely.LineString(points), tolerance, preserve_topology=False)
    return shapely.get_coordinates(line).astype(np.int64)


def _crossing(arcs: Sequence[Arc], kept: Sequence[Int]) -> Int:
    """Arcs that touch another of the same state elsewhere than at a common point of both."""
    arc_of = np.repeat(np.arange(len(kept)), [len(points) - 1 for points in kept])
    starts = np.concatenate([points[:-1] for points in kept])
    ends = np.concatenate([points[1:] for points in kept])
    low, high = vertex_ids(starts), vertex_ids(ends)
    segments = shapely.linestrings(np.stack([starts, ends], axis=1).astype(float))
    one, other = shapely.STRtree(segments).query(segments, predicate="intersects")
    pair = one < other
    one, other = one[pair], other[pair]
    a, b, c, d = low[one], high[one], low[other], high[other]
    shared = (a == c).astype(int) + (a == d) + (b == c) + (b == d)
    # Two that share one end meet there alone unless they lie on one another; two that share both
    # would close ground between them, such as a spit.
    suspect = (shared != 1) | ((shared == 1) & _overlap(starts, ends, one, other))
    one, other = arc_of[one[suspect]], arc_of[other[suspect]]
    together = [
        _live_together(arcs[i], arcs[j]) for i, j in zip(one.tolist(), other.tolist(), strict=True)
    ]
    return np.unique(np.r_[one[together], other[together]])


def _overlap(starts: Int, ends: Int, one: Int, other: Int) -> NDArray[np.bool_]:
    """Whether segments that share an end run on in the same direction."""
    p, q = ends[one] - starts[one], ends[other] - starts[other]
    parallel = p[:, 0] * q[:, 1] == p[:, 1] * q[:, 0]
    # From the shared end, both must go the same way.
    heads = (starts[one] == starts[other]).all(axis=1)
    head_to_head = heads | (ends[one] == ends[other]).all(axis=1)
    same_way = (p * q).sum(axis=1) > 0
    return np.asarray(parallel & (same_way == head_to_head))


def _live_together(one: Arc, other: Arc) -> bool:
    return any(a.first <= b.last and b.first <= a.last for a in one.lives for b in other.lives)


def _edges(arcs: Sequence[Arc], kept: Sequence[Int]) -> Edges:
    tables = []
    for arc, points in zip(arcs, kept, strict=True):
        ids = vertex_ids(points)
        start, end = ids[:-1], ids[1:]
        moved = start != end
        start, end = start[moved], end[moved]
        ahead = start < end
        for life in arc.lives:
            columns = (
                np.minimum(start, end),
                np.maximum(start, end),
                np.where(ahead, life.left, life.right),
                np.where(ahead, life.right, life.left),
                np.full(len(start), life.first),
                np.full(len(start), life.last),
            )
            tables.append(np.stack(columns, axis=1))
    return Edges(*np.concatenate(tables).T)
