"""Ground of many days as arcs: each is stored once, with the days on which it is there.

A state is the coverage of one day by faces. Its edges are put on a grid, each with the face on its
left and on its right; an edge that is there on several days, between the same faces, is one edge
with a life. Chains of edges that live and die together, between the same faces, are arcs. What does
not change from one day to the next is the same arc, so it cannot be drawn differently.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

STEP_DEG = 1e-4
"""Grid of displayed coordinates: about 10 m."""
NOTHING = 0
"""The face outside all ground; faces are numbered from 1."""

Int = NDArray[np.int64]
_SHIFT = 22
_X0, _Y0 = 1_900_000, 1_000_000


class Life(NamedTuple):
    """The faces beside an edge or arc from one state to another, both included."""

    left: int
    right: int
    first: int
    last: int


@dataclass(frozen=True)
class Arc:
    """A line that is there, whole, in some states.

    Attributes
    ----------
    points : ndarray of int
        x and y on the grid of `STEP_DEG`.
    lives : tuple of Life
        When, and between which faces.
    """

    points: Int
    lives: tuple[Life, ...]


@dataclass(frozen=True)
class Edges:
    """Edges with the states they are in; the columns of a table.

    Attributes
    ----------
    low, high : ndarray of int
        Ends as `vertex_ids`, the smaller first.
    left, right : ndarray of int
        Faces beside the edge as it runs from `low` to `high`; `NOTHING` outside.
    first, last : ndarray of int
        States between which, both included, it is there.
    """

    low: Int
    high: Int
    left: Int
    right: Int
    first: Int
    last: Int


def vertex_ids(xy: NDArray[Any]) -> Int:
    """One number for each point of the grid."""
    x, y = np.asarray(xy, dtype=np.int64).T
    return ((x + _X0) << _SHIFT) + (y + _Y0)


def vertices(ids: Int) -> Int:
    """Points of the grid by their numbers."""
    ids = np.asarray(ids, dtype=np.int64)
    return np.c_[(ids >> _SHIFT) - _X0, (ids & ((1 << _SHIFT) - 1)) - _Y0]


def edges_of(shapes: NDArray[Any], faces: Int) -> tuple[Int, Int, Int, Int]:
    """Edges of one coverage on the grid.

    Parameters
    ----------
    shapes : ndarray of shapely geometry
        Polygons that share their common edges vertex by vertex, in degrees.
    faces : ndarray of int
        Number of the face that each is part of, from 1.

    Returns
    -------
    tuple of ndarray
        `low`, `high`, `left` and `right`, as in `Edges`, in order. Edges inside a face, and those
        that the grid makes run both ways beside it, are left out.
    """
    parts, part_of = shapely.get_parts(shapely.orient_polygons(shapes), return_index=True)
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    xy, point_of = shapely.get_coordinates(rings, return_index=True)
    ids = vertex_ids(np.rint(xy / STEP_DEG))
    face = np.asarray(faces)[part_of[ring_of[point_of]]]
    real = (point_of[1:] == point_of[:-1]) & (ids[1:] != ids[:-1])
    start, end, face = ids[:-1][real], ids[1:][real], face[:-1][real]
    return _netted(
        np.minimum(start, end), np.maximum(start, end), face, np.where(start < end, 1, -1)
    )


def _netted(low: Int, high: Int, face: Int, turns: Int) -> tuple[Int, Int, Int, Int]:
    """Left and right face of each edge; a face that lies on both sides lies on neither."""
    order = np.lexsort((face, high, low))
    low, high, face, turns = low[order], high[order], face[order], turns[order]
    new = np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1]) | (face[1:] != face[:-1])]
    at = np.flatnonzero(new)
    net = np.add.reduceat(turns, at) if len(at) else turns
    low, high, face = low[at], high[at], face[at]
    low, high, face, net = low[net != 0], high[net != 0], face[net != 0], net[net != 0]
    edge = np.cumsum(np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])]) - 1
    count = int(edge[-1]) + 1 if len(edge) else 0
    left, right = np.zeros(count, np.int64), np.zeros(count, np.int64)
    left[edge[net > 0]] = face[net > 0]
    right[edge[net < 0]] = face[net < 0]
    first = np.r_[True, edge[1:] != edge[:-1]] if count else np.zeros(0, bool)
    return low[first], high[first], left, right


class Recorder:
    """Takes the states of a coverage one after another and keeps the life of every edge."""

    def __init__(self) -> None:
        self._rows: list[NDArray[np.int64]] = []
        self._alive: dict[tuple[int, int, int, int], int] = {}
        self.states = 0

    def add(self, shapes: NDArray[Any], faces: Int) -> None:
        """Take the next state; as `edges_of`."""
        seen = set(zip(*(column.tolist() for column in edges_of(shapes, faces)), strict=True))
        gone = self._alive.keys() - seen
        self._end(gone)
        for edge in seen - self._alive.keys():
            self._alive[edge] = self.states
        self.states += 1

    def edges(self) -> Edges:
        """Every edge of all states so far."""
        alive = dict(self._alive)
        self._end(set(alive))
        table = np.concatenate(self._rows) if self._rows else np.zeros((0, 6), np.int64)
        self._alive = alive
        self._rows = [table[table[:, 5] < self.states - 1]]
        table = table[np.lexsort(table.T[[4, 1, 0]])]
        return Edges(*table.T)

    def _end(self, edges: Any) -> None:
        rows = [(*edge, self._alive.pop(edge), self.states - 1) for edge in edges]
        if rows:
            self._rows.append(np.array(rows, dtype=np.int64))


def arcs_of(edges: Edges) -> list[Arc]:
    """Join edges that live together into arcs, in an order that depends on nothing but them."""
    ends, forward = _lived(edges)
    at: dict[int, list[int]] = defaultdict(list)
    for number, (low, high) in enumerate(ends):
        at[low].append(number)
        at[high].append(number)

    def along(number: int, start: int) -> tuple[Life, ...]:
        """Lives of an edge walked from `start`."""
        return forward[number] if ends[number][0] == start else _turned(forward[number])

    def beyond(number: int, point: int, lived: tuple[Life, ...]) -> int | None:
        """The edge that goes on from `point` as part of the same arc."""
        here = at[point]
        if len(here) != 2:
            return None
        other = here[1] if here[0] == number else here[0]
        return other if along(other, point) == lived else None

    free = [True] * len(ends)

    def follow(number: int, start: int) -> list[int]:
        """Points from `start` along free edges to where the arc ends."""
        lived, path = along(number, start), [start]
        while True:
            free[number] = False
            low, high = ends[number]
            path.append(high if path[-1] == low else low)
            onward = beyond(number, path[-1], lived)
            if onward is None or not free[onward]:
                return path
            number = onward

    found = []
    for number, (low, _) in enumerate(ends):
        if not free[number]:
            continue
        lived = forward[number]
        after = follow(number, low)
        back = beyond(number, low, _turned(lived))
        if back is not None and free[back]:
            after = follow(back, low)[:0:-1] + after
        found.append(Arc(vertices(np.array(after)), lived))
    return found


def _lived(edges: Edges) -> tuple[list[list[int]], list[tuple[Life, ...]]]:
    """Both ends of every edge, each once, and its lives from the first end to the second."""
    pairs, row_of = np.unique(np.c_[edges.low, edges.high], axis=0, return_inverse=True)
    lives: list[list[Life]] = [[] for _ in pairs]
    columns = (edges.left, edges.right, edges.first, edges.last)
    rows = zip(row_of.ravel().tolist(), *(column.tolist() for column in columns), strict=True)
    for pair, *life in rows:
        lives[pair].append(Life(*life))
    return pairs.tolist(), [_joined(found) for found in lives]


def _turned(lives: tuple[Life, ...]) -> tuple[Life, ...]:
    """The same lives seen from the other end."""
    return tuple(Life(life.right, life.left, life.first, life.last) for life in lives)


def _joined(lives: list[Life]) -> tuple[Life, ...]:
    """Lives of one edge in order of time; those that follow one another are one.

    Several at the same time are those of lines that now lie on one another: what is left between
    one face and the next is a single edge.
    """
    lives.sort(key=lambda life: (life.first, life.last))
    if any(one.last >= two.first for one, two in pairwise(lives)):
        lives = _flattened(lives)
    joined: list[Life] = []
    for life in lives:
        before = joined[-1] if joined else None
        if before and before[:2] == life[:2] and before.last + 1 == life.first:
            joined[-1] = before._replace(last=life.last)
        else:
            joined.append(life)
    return tuple(joined)


def _flattened(lives: Sequence[Life]) -> list[Life]:
    stops = sorted({life.first for life in lives} | {life.last + 1 for life in lives})
    flat = []
    for first, after in pairwise(stops):
        sides: dict[int, int] = defaultdict(int)
        for life in lives:
            if life.first <= first <= life.last:
                sides[life.left] += 1
                sides[life.right] -= 1
        left = [face for face, net in sides.items() if net > 0]
        right = [face for face, net in sides.items() if net < 0]
        if left or right:
            one, other = (side[0] if side else NOTHING for side in (left, right))
            flat.append(Life(one, other, first, after - 1))
    return flat
