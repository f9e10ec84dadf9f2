"""The boundary of a claim as directed edges on the grid, and what one has that another has not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.control.state import Outline
from lineplan.partition.noding import GRID_DEG
from lineplan.partition.reconciliation import NOISE_M2

Bool = NDArray[np.bool_]
Int = NDArray[np.int64]
Float = NDArray[np.float64]
Complex = NDArray[np.complex128]

_PER_DEGREE = round(1 / GRID_DEG)
_M2_PER_CELL = 110_500 * 111_320 * GRID_DEG**2
_MOST = 1.5
"""How much larger a ring may be than its least area, being nearer to the equator elsewhere."""
_TOUCH_CELLS = 2.0
_MANY = 200
# Odd numbers without a pattern: sums of multiples of them are as good as never equal by chance.
_EAST, _NORTH = np.int64(0x1E3779B97F4A7C15), np.int64(0x42B2AE3D27D4EB4F)
_BEGIN, _FINISH = np.int64(0x165667B19E3779F9), np.int64(0x27D4EB2F165667C5)


@dataclass(frozen=True, eq=False)
class Claim:
    """Boundary of the ground of the one holder that a source draws, the ground on the left.

    Attributes
    ----------
    held_by : str
    start, end : ndarray of complex
        Ends of each edge in cells of the grid (east + i north), in the order of the rings.
    ring : ndarray of int
        Which ring an edge is of.
    is_hole : ndarray of bool
        Of the rings.
    noise : ndarray of shapely LinearRing
        Holes so small that border reconciliation fills them; they have no edges here.
    noise_key : bytes
        Tells sets of these apart.
    holes_m2 : float
        At most the area of all holes.
    key : ndarray of int
        Tells edges apart, as good as surely.
    order : ndarray of int
        What sorts `key`.
    """

    held_by: str
    start: Complex
    end: Complex
    ring: Int
    is_hole: Bool
    noise: NDArray[Any]
    noise_key: bytes
    holes_m2: float
    key: Int
    order: Int

    @classmethod
    def of(cls, drawn: Outline, *, fills_noise: bool) -> Claim | None:
        """None of several areas, or where a corner is in more than one ring.

        Parameters
        ----------
        drawn : Outline
        fills_noise : bool
            Whether border reconciliation fills small holes.
        """
        # What a source that draws every party leaves unclaimed is nobody's, and may be reconciled.
        if len(drawn.held_by) != 1 or drawn.draws_every_party:
            return None
        parts = shapely.orient_polygons(shapely.get_parts(drawn.polygons), exterior_cw=False)
        rings, part_of = shapely.get_rings(parts, return_index=True)
        degrees, ring_of = shapely.get_coordinates(rings, return_index=True)
        cells = np.rint(degrees * _PER_DEGREE)
        node = cells.astype(np.int64) @ np.array([_EAST, _NORTH])
        at = np.flatnonzero((ring_of[1:] == ring_of[:-1]) & (node[1:] != node[:-1]))
        ring, key = ring_of[at], node[at] * _BEGIN + node[at + 1] * _FINISH
        corners = np.sort(node[at])
        if (corners[1:] == corners[:-1]).any():
            return None
        cells = cells.view(np.complex128).ravel()
        start, end = cells[at], cells[at + 1]
        is_hole = np.r_[False, part_of[1:] == part_of[:-1]]
        noise, noise_key, holes_m2 = rings[:0], b"", 0.0
        if is_hole.any():
            least_m2 = _least_m2(start, end, ring, len(is_hole)) * is_hole
            holes_m2 = _MOST * float(least_m2.sum())
            is_noise = fills_noise & is_hole & (least_m2 < 1.1 * NOISE_M2)
            if is_noise.any():
                kept = ~is_noise[ring]
                noise, noise_key = rings[is_noise], np.sort(key[~kept]).tobytes()
                start, end, ring, key = start[kept], end[kept], ring[kept], key[kept]
        (held_by,) = drawn.held_by
        order = np.argsort(key)
        return cls(held_by, start, end, ring, is_hole, noise, noise_key, holes_m2, key, order)

    def touches_itself(self, fresh: Int | None = None) -> bool:
        """Whether a corner lies on an edge of another place: rings are then joined there.

        Only edges that are `fresh` are looked at, against all.
        """
        some = np.arange(len(self.start)) if fresh is None else fresh
        near = _near_pairs if len(some) < _MANY else _near_pairs_of_many
        one, other = near(self.start, self.end, some)
        apart = (self.start[one] != self.start[other]) & (self.end[one] != self.end[other])
        apart &= (self.start[one] != self.end[other]) & (self.end[one] != self.start[other])
        one, other = one[apart], other[apart]
        for edge, its in ((one, other), (other, one)):
            begin, along = self.start[edge], self.end[edge] - self.start[edge]
            for corner in (self.start[its], self.end[its]):
                seen = along.conj() * (corner - begin) / np.abs(along)
                beside = np.abs(seen.imag) < _TOUCH_CELLS
                if (beside & (seen.real > 0) & (seen.real < np.abs(along))).any():
                    return True
        return False

    def noise_m2(self) -> float | None:
        """Area of the noise, None where one may be no noise, or has ground of the holder in it."""
        areas_m2 = geodesy.area_m2(shapely.polygons(self.noise))
        west, south, east, north = shapely.bounds(self.noise).T[:, :, None] / GRID_DEG
        x, y = self.start.real, self.start.imag
        is_in = (west < x) & (x < east) & (south < y) & (y < north)
        if (areas_m2 > NOISE_M2 - 1).any() or is_in.any():
            return None
        return float(areas_m2.sum())

    def ends(self, edges: Int) -> tuple[Float, Float]:
        """Ends of edges in degrees, two arrays of shape (n, 2)."""
        return degrees_of(self.start[edges]), degrees_of(self.end[edges])


def degrees_of(cells: Complex) -> Float:
    """Cells of the grid as longitude and latitude, shape (n, 2)."""
    return cells.view(np.float64).reshape(-1, 2) / _PER_DEGREE  # so that 31 is 31 again


def _near_pairs(start: Complex, end: Complex, some: Int) -> tuple[Int, Int]:
    """Pairs of one of some edges and any whose boxes meet."""
    low = np.minimum(start.real, end.real), np.minimum(start.imag, end.imag)
    high = np.maximum(start.real, end.real), np.maximum(start.imag, end.imag)
    near = np.ones((len(some), len(start)), dtype=bool)
    for least, most in zip(low, high, strict=True):
        near &= least[some, None] <= most + _TOUCH_CELLS
        near &= most[some, None] >= least - _TOUCH_CELLS
    row, other = np.divmod(np.flatnonzero(near), len(start))  # of two dimensions it is slow
    return some[row], other


def _near_pairs_of_many(start: Complex, end: Complex, some: Int) -> tuple[Int, Int]:
    """The same where a tree is worth building."""
    lines = shapely.linestrings(np.stack([degrees_of(start), degrees_of(end)], axis=1))
    tree, reach = shapely.STRtree(lines), _TOUCH_CELLS * GRID_DEG
    row, other = tree.query(lines[some], predicate="dwithin", distance=reach)
    return some[row], other


def _least_m2(start: Complex, end: Complex, ring: Int, count: int) -> Float:
    """At least the area of each ring; rounding of cells is some tenths of a square metre."""
    twice = (start.conj() * end).imag
    cells = np.abs(np.bincount(ring, weights=twice, minlength=count)) / 2
    steepest = np.zeros(count)
    np.maximum.at(steepest, ring, np.abs(start.imag) * GRID_DEG)
    return cells * _M2_PER_CELL * np.cos(np.radians(np.minimum(steepest, 89.9)))


def cells_of(degrees: Float) -> Complex:
    """Longitude and latitude, shape (n, 2), as cells of the grid."""
    return np.rint(degrees * _PER_DEGREE).view(np.complex128).ravel()


@dataclass(frozen=True, eq=False)
class Exchange:
    """What one claim has that another has not.

    Attributes
    ----------
    old, new : Claim
    before : ndarray of int
        For each edge of `new` the same edge in `old`, -1 for one that is fresh.
    fresh, gone : ndarray of int
        Edges of `new` that `old` has not, and of `old` that `new` has not.
    loops : list of list of complex
        Closed chains that these make: what they wind round counter-clockwise is gained, what
        clockwise is lost.
    are_several : list of bool
        Which loops put more than one stretch of edges in the place of others, and so can join rings
        of the claim or part them.
    """

    old: Claim
    new: Claim
    before: Int
    fresh: Int
    gone: Int
    loops: list[list[complex]]
    are_several: list[bool]

    @property
    def size(self) -> int:
        """How many edges are exchanged."""
        return len(self.fresh) + len(self.gone)

    @classmethod
    def of(cls, old: Claim, new: Claim) -> Exchange:
        """From one claim to another."""
        ours, theirs = old.key[old.order], new.key[new.order]
        place = np.minimum(np.searchsorted(ours, theirs), len(ours) - 1)
        before = np.empty(len(theirs), dtype=np.int64)
        before[new.order] = np.where(ours[place] == theirs, old.order[place], -1)
        # Equal keys of edges that differ are next to impossible, not impossible.
        before[(old.start[before] != new.start) | (old.end[before] != new.end)] = -1
        is_gone = np.ones(len(ours), dtype=bool)
        is_gone[before[before >= 0]] = False
        fresh, gone = np.flatnonzero(before < 0), np.flatnonzero(is_gone)
        loops = _loops(
            np.concatenate([new.start[fresh], old.end[gone]]),
            np.concatenate([new.end[fresh], old.start[gone]]),
            len(fresh),
        )
        return cls(old, new, before, fresh, gone, *loops)

    def opened(self, is_open: Bool) -> Bool | None:
        """Which rings of `new` are open, None unless those of `old` go on one by one.

        Each keeps its side, and what it keeps of its edges keeps its order.

        Parameters
        ----------
        is_open : ndarray of bool
            Of the rings of `old`.
        """
        found = np.zeros(len(self.new.is_hole), dtype=bool)
        if not is_open.any():
            return found
        at = np.flatnonzero(self.before >= 0)
        was = self.before[at]
        some = is_open[self.old.ring[was]]
        was, ring, old_ring = was[some], self.new.ring[at[some]], self.old.ring[was[some]]
        if not len(was):
            return None
        first = np.flatnonzero(np.r_[True, (np.diff(ring) != 0) | (np.diff(old_ring) != 0)])
        one, other = old_ring[first], ring[first]
        count = int(is_open.sum())
        if not len(first) == len(np.unique(one)) == len(np.unique(other)) == count:
            return None
        # Once round a ring its edges come down one time only, from the last to the first.
        then = np.arange(1, len(was) + 1)
        then[np.r_[first[1:], len(was)] - 1] = first
        falls = np.add.reduceat(was[then] < was, first)
        if (self.new.is_hole[other] != self.old.is_hole[one]).any() or falls.max() > 1:
            return None
        found[other] = True
        return found


def _loops(start: Complex, end: Complex, fresh: int) -> tuple[list[list[complex]], list[bool]]:
    """Closed loops of directed edges that pass no node twice, and which are made of several parts.

    The first edges are fresh, the others gone.
    """
    ahead: dict[complex, list[tuple[complex, bool]]] = {}
    for number, (one, other) in enumerate(zip(start.tolist(), end.tolist(), strict=True)):
        ahead.setdefault(one, []).append((other, number < fresh))
    loops: list[list[complex]] = []
    are_several: list[bool] = []
    for begin in ahead:
        path, kinds, place = [begin], list[bool](), {begin: 0}
        while following := ahead[path[-1]]:
            node, is_fresh = following.pop()
            kinds.append(is_fresh)
            if node not in place:
                place[node] = len(path)
                path.append(node)
                continue
            first = place[node]
            loop, own = path[first:], kinds[first:]
            for passed in loop[1:]:
                del place[passed]
            del path[first + 1 :], kinds[first:]
            # There and back along an edge winds round nothing.
            if len(loop) > 2:
                loops.append(loop)
                turns = sum(one != other for one, other in pairwise([*own, own[0]]))
                are_several.append(turns > 2)
    return loops, are_several
