"""From one day to the next by the edges of the claim that appear and vanish.

The area that a claim has in a unit is a sum over its edges, so a day that draws the line of the day
before with a few edges exchanged differs from it by the loops that these edges make. That holds as
long as nothing else changes: no ground is cut off or joined, no loop comes near the units' outer
boundary or a piece that border reconciliation looked at. Where that is not certain there is no
step, and the day is measured in full.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.chronology.daily import Figures
from lineplan.control import Control
from lineplan.ground import MOST, Ground, Setting
from lineplan.partition.noding import GRID_DEG
from lineplan.partition.reconciliation import NOISE_M2

Int = NDArray[np.int64]
Float = NDArray[np.float64]
Node = tuple[int, int]
_MARGIN_DEG = 1e-6
_MISSED_M2 = 0.01
_LEAST_M2 = 1.0
"""A unit in which a holder has less is measured in full: the holder may be gone from it."""


@dataclass(frozen=True, eq=False)
class Claim:
    """Boundary of the ground of the one holder that a source draws, on the grid.

    Edge i runs from `start[i]` to `end[i]` along ring `ring[i]`, the ground on its left; `row`
    finds an edge. `is_hole` is of rings.
    """

    holder: str
    start: Int
    end: Int
    ring: Int
    is_hole: NDArray[np.bool_]
    row: dict[bytes, int]

    @classmethod
    def of(cls, claims: gpd.GeoDataFrame) -> Claim | None:
        """None where there is more than one area, or a corner is in more than one ring."""
        if len(claims) != 1:
            return None
        parts = shapely.orient_polygons(
            shapely.get_parts(claims.geometry.to_numpy()), exterior_cw=False
        )
        rings, part_of = shapely.get_rings(parts, return_index=True)
        degrees, ring_of = shapely.get_coordinates(rings, return_index=True)
        cells = np.rint(degrees * round(1 / GRID_DEG)).astype(np.int64)
        moves = (cells[1:] != cells[:-1]).any(axis=1)
        at = np.flatnonzero((ring_of[1:] == ring_of[:-1]) & moves)
        start, end = cells[at], cells[at + 1]
        if len(set(_bytes(start))) != len(start):
            return None
        row = dict(zip(_bytes(np.hstack([start, end])), range(len(start)), strict=True))
        is_hole = np.r_[False, part_of[1:] == part_of[:-1]]
        return cls(str(claims["held_by"].iloc[0]), start, end, ring_of[at], is_hole, row)


def _bytes(rows: Int) -> list[bytes]:
    """Each row as bytes, which are quick to compare."""
    return np.ascontiguousarray(rows).view(f"V{rows.shape[1] * 8}").ravel().tolist()


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
        _, first, count = np.unique(
            np.sort(ends, axis=1), axis=0, return_index=True, return_counts=True
        )
        self.inner = shapely.STRtree(edges[first[count == 2]])
        self.outer = shapely.STRtree(edges[first[count != 2]])

    def shares(
        self, rings: NDArray[Any], boxes: NDArray[Any]
    ) -> tuple[dict[str, float], float] | None:
        """Area that loops wind round in each unit, and by how much the parts miss the whole.

        None where part of a loop is in none of them.
        """
        whole_m2 = geodesy.signed_ring_area_m2(rings)
        change_m2: dict[str, float] = defaultdict(float)
        missed_m2 = 0.0
        in_several = np.unique(self.inner.query(boxes)[0])
        alone = np.setdiff1d(np.arange(len(rings)), in_several)
        loop, unit = self.tree.query(shapely.get_point(rings[alone], 0), predicate="within")
        if not np.array_equal(loop, np.arange(len(alone))):
            return None
        for number, m2 in zip(unit.tolist(), whole_m2[alone].tolist(), strict=True):
            change_m2[self.names[number]] += m2
        for ring, total_m2 in zip(rings[in_several], whole_m2[in_several].tolist(), strict=True):
            lacking_m2 = total_m2
            for polygon, winding in _windings(ring):
                near = np.sort(self.tree.query(polygon))
                part_m2 = geodesy.area_m2(shapely.intersection(self.shapes[near], polygon))
                for number, m2 in zip(near.tolist(), (winding * part_m2).tolist(), strict=True):
                    if m2:
                        change_m2[self.names[number]] += m2
                lacking_m2 -= winding * float(part_m2.sum())
            if abs(lacking_m2) > _MISSED_M2:
                return None
            missed_m2 += abs(lacking_m2)
        return dict(change_m2), missed_m2

    def crossings(self, ends: Float) -> int:
        """How often edges cross a border between units."""
        return int(self.inner.query(shapely.linestrings(ends), predicate="crosses").shape[1])


@dataclass(frozen=True, eq=False)
class State:
    """A day from which the next can be reached in a step.

    `is_enclave` says of each ring of the claim whether it is a closed line of contact; `pieces`
    are those that border reconciliation looked at.
    """

    claim: Claim
    figures: Figures
    is_enclave: NDArray[np.bool_]
    pieces: shapely.STRtree

    @classmethod
    def of(cls, ground: Ground, figures: Figures) -> State | None:
        """A day that is measured in full; None where no step begins from it."""
        if ground.control.draws_every_party:
            return None  # unclaimed ground is nobody's, and all of it may be reconciled
        claim = Claim.of(ground.control.claims)
        default_holder = ground.dataset.default_holder
        holders = {held_by for _, held_by in figures.cell_m2}
        if claim is None or holders != {claim.holder, default_holder} or len(holders) != 2:
            return None
        line = ground.partition.line
        closed = line.geometry.to_numpy()[(line["kind"] == "enclave").to_numpy()]
        nodes = set(_bytes(np.rint(shapely.get_coordinates(closed) / GRID_DEG).astype(np.int64)))
        first = np.unique(claim.ring, return_index=True)[1]
        is_enclave = np.zeros(len(claim.is_hole), dtype=bool)
        is_enclave[claim.ring[first]] = [node in nodes for node in _bytes(claim.start[first])]
        return cls(claim, figures, is_enclave, shapely.STRtree(ground.partition.looked_at))

    def step(self, source: Control, setting: Setting, borders: Borders) -> State | None:
        """The next day, None where it is not certain that it is a step away.

        Parameters
        ----------
        source : Control
        setting : Setting
        borders : Borders
            Of the units of `setting`.

        Returns
        -------
        State or None
        """
        old, new = self.claim, Claim.of(source.claims)
        if new is None or new.holder != old.holder or source.draws_every_party:
            return None
        before = _rings_before(old, new)
        if before is None:
            return None
        fresh = _rows(new, new.row.keys() - old.row.keys())
        gone = _rows(old, old.row.keys() - new.row.keys())
        state = replace(
            self, claim=new, is_enclave=np.where(before < 0, True, self.is_enclave[before])
        )
        if not len(fresh) and not len(gone):
            return state
        if _has_small_hole(new, np.unique(new.ring[fresh])):
            return None
        rings = _loops(
            np.r_[new.start[fresh], old.end[gone]], np.r_[new.end[fresh], old.start[gone]]
        )
        boxes = shapely.box(*(shapely.bounds(rings) + _MARGIN_DEG * np.array([-1, -1, 1, 1])).T)
        if borders.outer.query(boxes).size or self.pieces.query(boxes).size:
            return None
        shares = borders.shares(rings, boxes)
        if shares is None:
            return None
        change_m2, residual_m2 = shares
        figures = _moved(self.figures, change_m2, new.holder, setting.dataset.default_holder)
        if figures is None:
            return None
        line_m, enclave_m, segments = figures.line_m, figures.enclave_m, figures.segments
        for sign, claim, at, is_enclave in (
            (1, new, fresh, state.is_enclave),
            (-1, old, gone, self.is_enclave),
        ):
            ends = np.stack([claim.start[at], claim.end[at]], axis=1) * np.float64(GRID_DEG)
            length_m = geodesy.segment_length_m(ends[:, 0], ends[:, 1])
            enclosed = is_enclave[claim.ring[at]]
            line_m += sign * float(length_m[~enclosed].sum())
            enclave_m += sign * float(length_m[enclosed].sum())
            segments += sign * (len(at) + borders.crossings(ends))
        figures = replace(
            figures,
            line_m=line_m,
            enclave_m=enclave_m,
            segments=segments,
            residual_m2=figures.residual_m2 + residual_m2,
        )
        if source.is_holder_assumed and _share(figures) > MOST:
            return None
        return replace(state, figures=figures)


def _rows(claim: Claim, keys: set[bytes]) -> Int:
    return np.array(sorted(claim.row[key] for key in keys), dtype=np.int64)


def _rings_before(old: Claim, new: Claim) -> Int | None:
    """The ring that each ring has come from, -1 for one that is new as a whole.

    None unless every other ring keeps edges of one ring, each of another, and its side. Then no
    ground of the holder, or enclosed by it, is cut off or joined: rings of valid polygons do not
    cross, and no corner is in two of them; a ring that is new, or gone, as a whole lies within one
    piece of ground.
    """
    common = new.row.keys() & old.row.keys()
    pairs = {(int(new.ring[new.row[k]]), int(old.ring[old.row[k]])) for k in common}
    before = np.full(len(new.is_hole), -1)
    for after, ring in pairs:
        if before[after] >= 0 or new.is_hole[after] != old.is_hole[ring]:
            return None
        before[after] = ring
    return before if len({ring for _, ring in pairs}) == len(pairs) else None


def _has_small_hole(claim: Claim, rings: Int) -> bool:
    """Whether a hole among the rings may be so small that reconciliation fills it."""
    for ring in rings[claim.is_hole[rings]]:
        edges = claim.start[claim.ring == ring] * GRID_DEG
        if geodesy.area_m2([shapely.Polygon(edges)])[0] < 2 * NOISE_M2:
            return True
    return False


def _loops(start: Int, end: Int) -> NDArray[Any]:
    """Closed loops of directed edges that pass no node twice, as rings in degrees."""
    ahead: dict[Node, list[Node]] = defaultdict(list)
    for one, other in zip(map(tuple, start.tolist()), map(tuple, end.tolist()), strict=True):
        ahead[one].append(other)
    loops: list[list[Node]] = []
    for begin in list(ahead):
        path, place = [begin], {begin: 0}
        while ahead[path[-1]]:
            node = ahead[path[-1]].pop()
            if node in place:
                loops.append(path[place[node] :])
                for passed in path[place[node] + 1 :]:
                    del place[passed]
                del path[place[node] + 1 :]
            else:
                place[node] = len(path)
                path.append(node)
    # There and back along an edge winds round nothing.
    loops = [loop for loop in loops if len(loop) > 2]
    corners = np.array([node for loop in loops for node in loop], dtype=np.int64).reshape(-1, 2)
    ring_of = np.repeat(np.arange(len(loops)), [len(loop) for loop in loops])
    return shapely.linearrings(corners * GRID_DEG, indices=ring_of)


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


def _moved(figures: Figures, change_m2: dict[str, float], to: str, of: str) -> Figures | None:
    """Figures with ground moved from one holder to another, None if one may be gone from a unit."""
    cell_m2 = dict(figures.cell_m2)
    for unit_id, m2 in change_m2.items():
        for cell, change in (((unit_id, to), m2), ((unit_id, of), -m2)):
            if cell not in cell_m2 or cell_m2[cell] + change < _LEAST_M2:
                return None
            cell_m2[cell] += change
    inside_km2 = figures.inside_km2 + sum(change_m2.values()) / 1e6
    return replace(figures, cell_m2=cell_m2, inside_km2=inside_km2)


def _share(figures: Figures) -> float:
    return figures.inside_km2 * 1e6 / sum(figures.cell_m2.values())
