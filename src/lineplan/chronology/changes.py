"""What a claim gains and loses from one day to another: loops of edges, and their area by unit.

The area that a claim has in a unit is a sum over its edges, so two claims differ by the loops that
their different edges make.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.chronology.borders import OUTSIDE, Borders, Shares, are_near
from lineplan.chronology.linework import Bool, Exchange, Float, Int, degrees_of


@dataclass(frozen=True, eq=False)
class Change:
    """What a claim gains and loses against another.

    Attributes
    ----------
    exchange : Exchange
    rings : ndarray of shapely LinearRing
        Its loops, in degrees.
    is_outer : ndarray of bool
        Which loops come near the units' outer boundary.
    change_m2 : dict of int to float
        Gain by unit (number, or `OUTSIDE`), where no loop comes near the outer boundary.
    missed_m2 : float
        By how much the parts of loops miss their whole; infinite where that is not measured.
    fresh, gone : ndarray of int
        Edges of the new claim and of the old one that are exchanged.
    length_m, parts : ndarray
        Of the fresh edges, then of those gone: length, and how many edges they are when borders of
        units cut them; both 0 outside the units.
    """

    exchange: Exchange
    rings: NDArray[Any]
    is_outer: Bool
    change_m2: dict[int, float]
    missed_m2: float
    fresh: Int
    gone: Int
    length_m: Float
    parts: Int

    @property
    def sign(self) -> Int:
        """1 for each fresh edge, then -1 for each that is gone."""
        return np.repeat([1, -1], [len(self.fresh), len(self.gone)])

    def ends(self) -> Float:
        """Ends of the fresh edges, then of those gone: degrees, shape (n, 2, 2)."""
        return _ends(self.exchange, self.fresh, self.gone)

    def only(self, loops: Bool, edges: Bool, borders: Borders) -> Change:
        """Only some loops, and edges of the fresh ones and then of those gone."""
        count = len(self.fresh)
        shares = borders.shares(self.rings[loops])
        fresh, gone = self.fresh[edges[:count]], self.gone[edges[count:]]
        length_m, parts = _on_line(_ends(self.exchange, fresh, gone), shares, borders)
        change_m2: dict[int, float] = defaultdict(float)
        for unit, m2 in zip(shares.unit.tolist(), shares.area_m2.tolist(), strict=True):
            change_m2[unit] += m2
        return Change(
            self.exchange,
            self.rings[loops],
            self.is_outer[loops],
            change_m2,
            float(shares.missed_m2.sum()),
            fresh,
            gone,
            length_m,
            parts,
        )


def changes_of(exchanges: Sequence[Exchange], borders: Borders) -> list[Change]:
    """What is exchanged, measured for many days at once."""
    if not exchanges:
        return []
    loops = [loop for exchange in exchanges for loop in exchange.loops]
    corners = np.array([node for loop in loops for node in loop], dtype=np.complex128)
    ring_of = np.repeat(np.arange(len(loops)), [len(loop) for loop in loops])
    rings = shapely.linearrings(degrees_of(corners), indices=ring_of)
    counts = [len(exchange.loops) for exchange in exchanges]
    day_of = np.repeat(np.arange(len(exchanges)), counts)
    is_outer = are_near(rings, borders.outer)
    # Where a loop is at the outer boundary, loops are measured when it is known which are needed.
    inland = np.flatnonzero(~np.isin(day_of, day_of[is_outer]))
    shares = borders.shares(rings[inland])
    missed_m2 = np.full(len(rings), np.inf)
    missed_m2[inland] = shares.missed_m2
    change_m2: list[dict[int, float]] = [defaultdict(float) for _ in exchanges]
    for day, unit, m2 in zip(
        day_of[inland[shares.loop]].tolist(),
        shares.unit.tolist(),
        shares.area_m2.tolist(),
        strict=True,
    ):
        change_m2[day][unit] += m2

    ends = [_ends(exchange, exchange.fresh, exchange.gone) for exchange in exchanges]
    length_m, parts = _on_line(np.concatenate(ends), shares, borders)
    of_edges, of_loops = np.cumsum([len(some) for some in ends])[:-1], np.cumsum(counts)[:-1]
    return list(
        map(
            Change,
            exchanges,
            np.split(rings, of_loops),
            np.split(is_outer, of_loops),
            change_m2,
            [float(missed.sum()) for missed in np.split(missed_m2, of_loops)],
            [exchange.fresh for exchange in exchanges],
            [exchange.gone for exchange in exchanges],
            np.split(length_m, of_edges),
            np.split(parts, of_edges),
        )
    )


def _ends(exchange: Exchange, fresh: Int, gone: Int) -> Float:
    """Ends of edges that are fresh, then of those gone: degrees, shape (n, 2, 2)."""
    both = exchange.new.ends(fresh), exchange.old.ends(gone)
    return np.concatenate([np.stack(ends, axis=1) for ends in both])


def _on_line(ends: Float, shares: Shares, borders: Borders) -> tuple[Float, Int]:
    """Length of edges, and how many each is when borders of units cut it; 0 outside the units."""
    length_m = geodesy.segment_length_m(ends[:, 0], ends[:, 1])
    parts = 1 + borders.crossings(ends)
    if (shares.unit == OUTSIDE).any():  # no loop comes near the outer boundary, so no edge does
        is_in = np.zeros(len(ends), dtype=bool)
        is_in[borders.tree.query(shapely.points(ends[:, 0]), predicate="intersects")[0]] = True
        length_m, parts = length_m * is_in, parts * is_in
    return length_m, parts
