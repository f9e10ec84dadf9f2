"""Boundaries of polygons noded on a grid: where they meet, they share a node.

Units are drawn with common corners and a claim crosses few of their edges, so only the places where
boundaries meet cost anything; a general noder treats every edge as one that may cross another.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Float = NDArray[np.float64]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]

TOUCH_CELLS = 0.75
"""A node so near an edge lies on it. Rounding moves a crossing by half a diagonal, 0.71 cells, so
a crossing never becomes the end of one of its edges."""
ROUNDS = 10
"""Rounds of noding after which a more patient noder gets its turn; real days need two or three."""


@dataclass(frozen=True)
class Boundaries:
    """Directed edges of polygons, each with its polygon on the left, in the order of their rings.

    `xy` are the nodes, in cells of the grid (east + i north). Edge i runs from node `start[i]` to
    `end[i]` along ring `ring[i]` of polygon `polygon[i]`; `edge` numbers edges without regard to
    direction.
    """

    xy: Complex
    start: Int
    end: Int
    ring: Int
    polygon: Int
    edge: Int

    @classmethod
    def of(cls, polygons: NDArray[Any], grid_deg: float) -> Boundaries:
        """Boundaries with their corners on the grid, not yet noded."""
        # By the reciprocal, which is whole: 31.5 degrees must come back as 31.5.
        parts, polygon_of_part = shapely.get_parts(polygons, return_index=True)
        parts = shapely.orient_polygons(parts, exterior_cw=False)
        rings, part_of = shapely.get_rings(parts, return_index=True)
        degrees, ring_of = shapely.get_coordinates(rings, return_index=True)
        cells = np.rint(degrees * round(1 / grid_deg)).view(np.complex128).ravel()
        xy, node = np.unique(cells, return_inverse=True)
        at = np.flatnonzero((ring_of[1:] == ring_of[:-1]) & (node[1:] != node[:-1]))
        ring = ring_of[at]
        polygon = polygon_of_part[part_of][ring]
        return cls(xy, node[at], node[at + 1], ring, polygon, np.empty(0, int))._numbered()

    def noded(self) -> Boundaries | None:
        """The same, with a node wherever boundaries meet; None if that does not settle."""
        found, fresh = self, np.ones(len(self.start), dtype=bool)
        for _ in range(ROUNDS):
            edge, places = found._meetings(fresh)
            if not len(edge):
                return found._without_spikes()
            found, fresh = found._split(edge, places)
        return None

    def _numbered(self) -> Boundaries:
        low, high = np.minimum(self.start, self.end), np.maximum(self.start, self.end)
        _, edge = np.unique(low * len(self.xy) + high, return_inverse=True)
        return replace(self, edge=edge)

    def ends(self) -> tuple[Int, Int]:
        """Lower and higher node of each edge."""
        ends = np.empty((2, int(self.edge.max(initial=-1)) + 1), dtype=np.int64)
        ends[0, self.edge] = np.minimum(self.start, self.end)
        ends[1, self.edge] = np.maximum(self.start, self.end)
        return ends[0], ends[1]

    def _meetings(self, fresh: Bool) -> tuple[Int, Complex]:
        """Edges that lack a node, and where: at nodes that lie on them, and at crossings.

        Only meetings of an edge that is `fresh` with any other are looked for.
        """
        low, high = self.ends()
        is_fresh = np.zeros(len(low), dtype=bool)
        is_fresh[self.edge[fresh]] = True
        one, other = close_pairs(self.xy[low], self.xy[high], is_fresh, 1.0)
        begin, along = self.xy[low], self.xy[high] - self.xy[low]
        length = np.abs(along)
        turned_east = along.conj() / length
        edges, places, aside = [], [], []
        apart = np.ones(len(one), dtype=bool)
        for edge, its in ((one, other), (other, one)):
            for node in (low[its], high[its]):
                # Real part: how far ahead of the edge's beginning; imaginary: how far to its left.
                seen = turned_east[edge] * (self.xy[node] - begin[edge])
                ahead, left = seen.real, seen.imag
                is_end = (node == low[edge]) | (node == high[edge])
                near = (np.abs(left) < TOUCH_CELLS) & (ahead > 0) & (ahead < length[edge])
                touches = np.flatnonzero(near & ~is_end)
                apart &= ~(near | is_end)
                edges.append(edge[touches])
                places.append(self.xy[node[touches]])
                aside.append(left)
        crossing = np.flatnonzero(apart & (aside[0] * aside[1] < 0) & (aside[2] * aside[3] < 0))
        a, b = aside[2][crossing], aside[3][crossing]
        first, second = one[crossing], other[crossing]
        place = begin[first] + a / (a - b) * along[first]
        place = np.rint(place.real) + 1j * np.rint(place.imag)
        return np.concatenate([*edges, first, second]), np.concatenate([*places, place, place])

    def _split(self, edge: Int, places: Complex) -> tuple[Boundaries, Bool]:
        """With nodes put on edges, and which edges are new."""
        xy, node = np.unique(np.r_[self.xy, places], return_inverse=True)
        start, end, node = node[self.start], node[self.end], node[len(self.xy) :]
        low, high = self.ends()
        along = self.xy[high[edge]] - self.xy[low[edge]]
        ahead = (along.conj() * (places - self.xy[low[edge]])).real
        order = np.lexsort((node, ahead, edge))
        edge, node = edge[order], node[order]
        again = np.r_[False, (edge[1:] == edge[:-1]) & (node[1:] == node[:-1])]
        edge, node = edge[~again], node[~again]

        count = np.bincount(edge, minlength=len(low))
        before = np.cumsum(count) - count
        pieces = count[self.edge] + 1
        row = np.repeat(np.arange(len(start)), pieces)
        number = np.arange(len(row)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
        later = number > 0
        split, number = self.edge[row[later]], number[later] - 1
        forward = (self.start < self.end)[row[later]]
        inner = before[split] + np.where(forward, number, count[split] - 1 - number)
        new_start = start[row]
        new_start[later] = node[inner]
        new_end = end[row]
        new_end[:-1][later[1:]] = new_start[1:][later[1:]]
        found = Boundaries(
            xy, new_start, new_end, self.ring[row], self.polygon[row], self.edge
        )._numbered()
        return found, pieces[row] > 1

    def _without_spikes(self) -> Boundaries:
        """Without edges that a polygon runs along both ways: it has no ground between them."""
        edges = int(self.edge.max(initial=-1)) + 1
        key = self.polygon * edges + self.edge
        if np.diff(np.sort(key)).all():
            return self
        _, pair = np.unique(key, return_inverse=True)
        way = np.where(self.start < self.end, 1, -1)
        net = np.bincount(pair, weights=way)
        kept = np.flatnonzero(net[pair] == way)
        kept = np.sort(kept[np.unique(pair[kept], return_index=True)[1]])
        start, end, ring, polygon = (
            of[kept] for of in (self.start, self.end, self.ring, self.polygon)
        )
        return Boundaries(self.xy, start, end, ring, polygon, self.edge)._numbered()


def close_pairs(begin: Complex, end: Complex, fresh: Bool, within: float) -> tuple[Int, Int]:
    """Pairs of edges whose boxes come so near each other (in cells), one of each pair fresh.

    Edges are laid in bands of latitude, and those of a band are swept from west to east.
    """
    if not len(begin):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    west, east = np.minimum(begin.real, end.real), np.maximum(begin.real, end.real)
    south, north = np.minimum(begin.imag, end.imag), np.maximum(begin.imag, end.imag)
    # A band is so high that few edges are in two of them, however long the longest.
    per_cell = 1 / (8 * max(float((north - south).mean()), 1.0))
    first = ((south - south.min()) * per_cell).astype(np.int64)
    bands = ((north + within - south.min()) * per_cell).astype(np.int64) - first + 1
    edge = np.repeat(np.arange(len(begin)), bands)
    band = first[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(bands) - bands, bands)
    width = int(east.max() - west.min() + within) + 2
    from_key = band * width + (west - west.min()).astype(np.int64)[edge]
    to_key = from_key + (east - west + within).astype(np.int64)[edge] + 1
    order = np.argsort(from_key)
    edge, from_key, to_key = edge[order], from_key[order], to_key[order]

    def beginning_within(boxes: Any, others: Any) -> Int:
        """Pairs of which the second begins where the first extends."""
        at = np.searchsorted(from_key[others], from_key[boxes])
        count = np.searchsorted(from_key[others], to_key[boxes], side="right") - at
        one = np.repeat(edge[boxes], count)
        place = np.arange(len(one)) + np.repeat(at - (np.cumsum(count) - count), count)
        return np.stack([one, edge[others][place]])

    every = slice(None)
    some = every if fresh.all() else np.flatnonzero(fresh[edge])
    pairs = beginning_within(some, every)
    if some is not every:
        pairs = np.concatenate([pairs, beginning_within(every, some)], axis=1)
    one, other = pairs
    close = (
        (south[one] <= north[other] + within)
        & (south[other] <= north[one] + within)
        & (one != other)
    )
    return one[close], other[close]
