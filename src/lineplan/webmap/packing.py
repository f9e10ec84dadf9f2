"""Arcs as bytes: small whole numbers of seven bits a byte, like beside like, for deflate to press.

The page's script (``geometry.js``) reads what `pack` writes.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan.webmap.coverage import STEP_DEG, Arc, vertex_ids

_STREAMS = 6
"""Sides, counts of points, starts, x steps, y steps, lives."""


def pack(arcs: Sequence[Arc]) -> bytes:
    """
    Write arcs.

    Returns
    -------
    bytes
        The lengths of the streams and the streams: pairs of faces beside lines, the most frequent
        first; number of points of each arc; where it starts, from the end of the one before; its
        steps in x; in y; its lives (pair, first state from that of the arc before or the end of the
        life before, and how many states longer).
    """
    arcs = _ordered(arcs)
    counted = Counter((life.left, life.right) for arc in arcs for life in arc.lives)
    pairs = [pair for pair, _ in sorted(counted.items(), key=lambda item: (-item[1], item[0]))]
    number = {pair: n for n, pair in enumerate(pairs)}
    sides, counts, starts, steps_x, steps_y, lives = ([] for _ in range(_STREAMS))
    sides += [len(pairs), *(face for pair in pairs for face in pair)]
    at, state = (0, 0), 0
    for arc in arcs:
        points = arc.points.tolist()
        counts.append(len(points))
        starts += [_unsigned(points[0][0] - at[0]), _unsigned(points[0][1] - at[1])]
        steps = np.diff(arc.points, axis=0).tolist()
        steps_x += [_unsigned(x) for x, _ in steps]
        steps_y += [_unsigned(y) for _, y in steps]
        at = points[-1]
        lives.append(len(arc.lives))
        before = state
        for life in arc.lives:
            lives += [number[life[:2]], life.first - before, life.last - life.first]
            before = life.last
        state = arc.lives[0].first
    streams = [_bytes(s) for s in (sides, counts, starts, steps_x, steps_y, lives)]
    return _bytes(len(stream) for stream in streams) + b"".join(streams)


def coverage_of(arcs: Iterable[Arc], state: int) -> dict[int, shapely.Geometry]:
    """
    Build the ground of every face in one state.

    Returns
    -------
    dict of int to shapely geometry
        By number of the face, in degrees.
    """
    walked: dict[int, list[NDArray[np.int64]]] = defaultdict(list)
    for arc in arcs:
        for life in arc.lives:
            if life.first <= state <= life.last:
                walked[life.left].append(arc.points)
                walked[life.right].append(arc.points[::-1])
    return {face: _ground(walked[face]) for face in sorted(walked) if face}


def _ground(lines: Sequence[NDArray[np.int64]]) -> shapely.Geometry:
    """What lies on the left of lines that close."""
    starts = vertex_ids(np.concatenate([line[:-1] for line in lines]))
    ends = vertex_ids(np.concatenate([line[1:] for line in lines]))
    ahead = set(zip(starts.tolist(), ends.tolist(), strict=True))
    found = shapely.polygonize([shapely.LineString(line) for line in lines])
    parts = shapely.orient_polygons(shapely.get_parts(found))
    kept = []
    for part in parts:
        first, second = vertex_ids(np.rint(shapely.get_coordinates(part)[:2])).tolist()
        if (first, second) in ahead:
            kept.append(part)
    return shapely.transform(shapely.coverage_union_all(kept), lambda xy: xy * STEP_DEG)


def _ordered(arcs: Sequence[Arc]) -> list[Arc]:
    """Arcs by the state they begin in, each from where the one before ends, if one does."""
    groups: dict[int, list[Arc]] = defaultdict(list)
    for arc in arcs:
        groups[arc.lives[0].first].append(arc)
    return [arc for first in sorted(groups) for arc in _chained(groups[first])]


def _chained(arcs: list[Arc]) -> Iterator[Arc]:
    ends = [vertex_ids(arc.points[[0, -1]]).tolist() for arc in arcs]
    left = sorted(range(len(arcs)), key=lambda n: (ends[n], arcs[n].points.tolist()))
    at: dict[int, list[int]] = defaultdict(list)
    for n in left:
        for end in ends[n]:
            at[end].append(n)
    taken = [False] * len(arcs)
    for n in left:
        following: int | None = n
        point = ends[n][0]
        while following is not None and not taken[following]:
            taken[following] = True
            arc = arcs[following]
            start, end = ends[following]
            yield arc if start == point else _reversed(arc)
            point = end if start == point else start
            following = next((m for m in at[point] if not taken[m]), None)


def _reversed(arc: Arc) -> Arc:
    lives = tuple(life._replace(left=life.right, right=life.left) for life in arc.lives)
    return Arc(arc.points[::-1], lives)


def _unsigned(value: int) -> int:
    return -2 * value - 1 if value < 0 else 2 * value


def _bytes(values: Iterable[int]) -> bytes:
    out = bytearray()
    for value in values:
        while value > 127:
            out.append(value & 127 | 128)
            value >>= 7
        out.append(value)
    return bytes(out)


def pack_areas(areas_m2: Sequence[Mapping[int, int]]) -> bytes:
    """
    Write the areas of faces in every state as changes against the state before.

    Returns
    -------
    bytes
        For each state how many faces differ, and for each of these its number, from the one
        before, and the difference in square metres.
    """
    values: list[int] = []
    before: Mapping[int, int] = {}
    for now in areas_m2:
        differ = {
            face: now.get(face, 0) - before.get(face, 0)
            for face in sorted({*before, *now})
            if now.get(face, 0) != before.get(face, 0)
        }
        values.append(len(differ))
        last = 0
        for face, change in differ.items():
            values += [face - last, _unsigned(change)]
            last = face
        before = now
    return _bytes(values)
