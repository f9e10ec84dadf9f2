"""From one day to the next, where border reconciliation decides what it decided the day before.

It looks at ground that is cut off and touches the units' outer boundary. So a change is a step
where no loop comes near that boundary or a piece that was looked at, and rings of the claim that
reach the boundary go on one by one. Where loops do come near, the ground round them is measured
anew in windows. Where it is not certain that this is enough there is no step.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.chronology.borders import OUTSIDE, Borders, are_near
from lineplan.chronology.changes import Change
from lineplan.chronology.daily import Figures
from lineplan.chronology.linework import Bool, Claim, Complex, Exchange, Int, cells_of, degrees_of
from lineplan.chronology.windows import Measured, Windows
from lineplan.control.state import Outline
from lineplan.ground import MOST, Ground, Setting

_LEAST_M2 = 1.0
"""A unit in which a holder has less is measured in full: the holder may be gone from it."""
_ONE_IN = 6
_NOTHING_M2 = 1e-6
"""Less than this is what rounding leaves of ground that is in no loop."""


@dataclass(frozen=True, eq=False)
class State:
    """A day from which the next can be reached in a step.

    `polygons` is what the source draws, `is_open` says of each ring of the claim whether it is more
    than a closed line of contact, and `leaving` are keys of edges that are not all in the units.
    `pieces` are those at that boundary that border reconciliation looked at; `rest_m2` is ground
    of the default holder, on a day measured in full, that is not the main body.
    """

    claim: Claim
    polygons: NDArray[Any]
    is_open: Bool
    leaving: Int
    noise_m2: float
    pieces: shapely.STRtree
    rest_m2: float
    figures: Figures

    @classmethod
    def of(cls, ground: Ground, figures: Figures, claim: Claim, borders: Borders) -> State | None:
        """A day that is measured in full; None where no step begins from it."""
        default_holder = ground.dataset.default_holder
        holders = {held_by for _, held_by in figures.cell_m2}
        if holders != {claim.held_by, default_holder} or len(holders) != 2:
            return None
        if claim.touches_itself():
            return None
        line = ground.partition.line
        enclaves = line.geometry.to_numpy()[(line["kind"] == "enclave").to_numpy()]
        every = np.ones(len(claim.is_hole), dtype=bool)
        is_open = _are_open(claim, every, cells_of(shapely.get_coordinates(enclaves)))
        pieces = shapely.STRtree(ground.partition.looked_at)
        noise_m2 = _noise_m2(claim, pieces, borders)
        if noise_m2 is None:
            return None
        polygons = ground.control.claims.geometry.to_numpy()
        leaving = _leaving(claim, np.arange(len(claim.key)), borders)
        default_m2 = _held_m2(figures, default_holder)
        rest_m2 = default_m2 - ground.partition.main_body_m2
        state = cls(claim, polygons, is_open, leaving, noise_m2, pieces, rest_m2, figures)
        return state if _is_main_sure(claim, rest_m2, default_m2) else None

    def step(
        self, change: Change, drawn: Outline, setting: Setting, borders: Borders
    ) -> State | None:
        """The day after a change, None where it is not certain that it is a step away.

        Parameters
        ----------
        change : Change
            Of the claim of this day.
        drawn : Outline
            The day after it.
        setting : Setting
        borders : Borders
            Of the units of `setting`.

        Returns
        -------
        State or None
        """
        if setting.frontier is not None:
            return None  # the main body may be reconciled too, when units are part of a country
        exchange = change.exchange
        if exchange.new.touches_itself(exchange.fresh):
            return None
        default_m2 = _held_m2(self.figures, setting.dataset.default_holder)
        if not _is_main_sure(exchange.new, self.rest_m2, default_m2):
            return None
        is_open = change.exchange.opened(self.is_open)
        is_suspect = change.is_outer | are_near(change.rings, self.pieces)
        if is_open is None:
            is_suspect |= change.exchange.are_several
        if is_suspect.any():
            return self._step_in_windows(change, is_suspect, drawn, setting, borders)
        if is_open is None or not np.isfinite(change.missed_m2):
            return None
        noise_m2: float | None = self.noise_m2
        if change.exchange.new.noise_key != self.claim.noise_key:
            noise_m2 = _noise_m2(change.exchange.new, self.pieces, borders)
        if noise_m2 is None:
            return None
        joined_m = self._joined_m(change.exchange, is_open)
        figures = self._figures(change, is_open, noise_m2, joined_m)
        moved = _moved(figures, change.change_m2, change.exchange.new, setting, borders)
        return (
            None
            if moved is None
            else replace(
                self,
                claim=change.exchange.new,
                polygons=drawn.polygons,
                is_open=is_open,
                noise_m2=noise_m2,
                figures=moved,
            )
        )

    def _figures(
        self,
        change: Change,
        is_open: Bool,
        noise_m2: float,
        joined_m: float,
    ) -> Figures:
        """Figures after a change, but for the ground that is moved."""
        on_line = self._are_on_line(change, is_open)
        length_m, more_m2 = change.sign * change.length_m, noise_m2 - self.noise_m2
        figures = self.figures
        return replace(
            figures,
            line_m=figures.line_m + float(length_m[on_line].sum()) + joined_m,
            enclave_m=figures.enclave_m + float(length_m[~on_line].sum()) - joined_m,
            segments=figures.segments + int((change.sign * change.parts).sum()),
            reassigned_m2=figures.reassigned_m2 + more_m2,
            residual_m2=figures.residual_m2 + change.missed_m2,
            inside_km2=figures.inside_km2 - more_m2 / 1e6,
        )

    def _joined_m(
        self, exchange: Exchange, is_open: Bool, but: tuple[Bool, Bool] | None = None
    ) -> float:
        """Length of edges that come from an enclave to the line, less of those the other way.

        `but` are rings of this day, and of the next, that are left out.
        """
        at = np.flatnonzero(exchange.before >= 0)
        old, new = exchange.old.ring[exchange.before[at]], exchange.new.ring[at]
        more = is_open[new].astype(np.int64) - self.is_open[old]
        if but is not None:
            more[but[0][old] | but[1][new]] = 0
        some = np.flatnonzero(more)
        if not len(some):
            return 0.0
        length_m = geodesy.segment_length_m(*exchange.new.ends(at[some]))
        return float((more[some] * length_m).sum())

    def _are_on_line(self, change: Change, is_open: Bool) -> Bool:
        """Which edges are of the line of contact and not of an enclave: fresh ones, then gone."""
        old, new = change.exchange.old, change.exchange.new
        fresh, gone = is_open[new.ring[change.fresh]], self.is_open[old.ring[change.gone]]
        return np.concatenate([fresh, gone])

    def _step_in_windows(
        self,
        change: Change,
        is_suspect: Bool,
        drawn: Outline,
        setting: Setting,
        borders: Borders,
    ) -> State | None:
        """A step for which the ground round suspect loops is measured anew."""
        exchange = change.exchange
        old, new = exchange.old, exchange.new
        windows = Windows.around(change.rings, is_suspect, self.pieces.geometries)
        if windows is None:
            return None
        # Rings that lie in a window are looked at there.
        were_in, are_in = windows.hold_rings(old), windows.hold_rings(new)
        leaves = (exchange.before >= 0) & np.isin(new.key, self.leaving)
        is_open = exchange.opened(self.is_open & ~were_in)
        if is_open is None:
            is_open = self._opened_by_leaving(exchange, leaves, borders)
            parts = shapely.bounds(change.rings[exchange.are_several])
            if is_open is None or not windows.hold(parts).all():
                return None
        found = windows.compare(self.polygons, drawn.polygons, setting, borders)
        # What is cut off in a window must not be the main body.
        half_m2 = _held_m2(self.figures, setting.dataset.default_holder) / 2
        if found is None or any(m.reassigned_m2 > half_m2 for pair in found for m in pair):
            return None
        enclaves = np.concatenate([after.enclaves for _, after in found])
        is_open[are_in] = _are_open(new, are_in, enclaves)[are_in]
        ends = change.ends()
        edge_in = windows.hold(np.c_[ends.min(axis=1), ends.max(axis=1)])
        count = len(change.fresh)
        fresh = change.fresh[edge_in[:count]]
        # Of other rings those stay open that leave the units as they did, and no other opens.
        for ring in np.setdiff1d(new.ring[fresh], np.flatnonzero(are_in)):
            own = new.ring == ring
            if not (own & leaves).any() if is_open[ring] else self._is_at_border(new, own, borders):
                return None

        rest = change.only(~windows.hold(shapely.bounds(change.rings)), ~edge_in, borders)
        outside = ~windows.hold(shapely.bounds(self.pieces.geometries).reshape(-1, 4))
        pieces = shapely.STRtree(
            np.concatenate([self.pieces.geometries[outside], *(after.pieces for _, after in found)])
        )
        noise_m2 = _noise_m2(new, pieces, borders)
        if noise_m2 is None or not np.isfinite(rest.missed_m2):
            return None
        # Edges in a window that are of an enclave which is only partly in it.
        is_partly = ~np.concatenate(
            [are_in[new.ring[change.fresh]], were_in[old.ring[change.gone]]]
        )
        is_partly &= edge_in & ~self._are_on_line(change, is_open)
        length_m = geodesy.segment_length_m(ends[is_partly, 0], ends[is_partly, 1])
        partly_m = float((change.sign[is_partly] * length_m).sum())
        joined_m = self._joined_m(exchange, is_open, (were_in, are_in))
        figures = self._figures(rest, is_open, noise_m2, joined_m)
        figures, change_m2 = _after_windows(figures, found, partly_m, rest.change_m2)
        moved = _moved(figures, change_m2, new, setting, borders)
        leaving = np.concatenate([self.leaving, _leaving(new, fresh, borders)])
        return (
            None
            if moved is None
            else State(new, drawn.polygons, is_open, leaving, noise_m2, pieces, self.rest_m2, moved)
        )

    def _opened_by_leaving(self, exchange: Exchange, leaves: Bool, borders: Borders) -> Bool | None:
        """Which rings are open where some are joined or parted; None where it is not certain."""
        new, count = exchange.new, len(exchange.new.is_hole)
        found = np.bincount(new.ring[leaves], minlength=count) > 0
        at = np.flatnonzero(exchange.before >= 0)
        was_open = self.is_open[exchange.old.ring[exchange.before[at]]]
        doubtful = (np.bincount(new.ring[at[was_open]], minlength=count) > 0) & ~found
        for ring in np.unique(new.ring[exchange.fresh]):
            if doubtful[ring] and self._is_at_border(new, new.ring == ring, borders):
                return None
            doubtful[ring] = False
        return found | doubtful

    def _is_at_border(self, claim: Claim, edges: Bool, borders: Borders) -> bool:
        """Whether a ring comes near the outer boundary, or a piece at it."""
        ring = shapely.linearrings(degrees_of(claim.start[edges])[None])
        return bool(are_near(ring, borders.outer).any() or are_near(ring, self.pieces).any())


def _are_open(claim: Claim, rings: Bool, enclaves: Complex) -> Bool:
    """Which of the chosen rings are no closed line of contact; `enclaves` are corners of these."""
    found = np.zeros(len(rings), dtype=bool)
    ring, first = np.unique(claim.ring, return_index=True)
    ring, first = ring[rings[ring]], first[rings[ring]]
    found[ring] = ~np.isin(claim.start[first], enclaves)
    return found


def _leaving(claim: Claim, edges: Int, borders: Borders) -> Int:
    """Keys of edges, of those given, that are at least partly outside the units; not of all."""
    lines = shapely.linestrings(np.stack(claim.ends(edges), axis=1))
    leaves = np.zeros(len(edges), dtype=bool)
    leaves[borders.outer.query(lines, predicate="crosses")[0]] = True
    # Of long stretches outside, a few edges are enough to know a ring by.
    some = np.flatnonzero(~leaves)[::_ONE_IN]
    start, end = claim.ends(edges[some])
    is_in = np.zeros(len(some), dtype=bool)
    is_in[borders.tree.query(shapely.points((start + end) / 2), predicate="intersects")[0]] = True
    leaves[some] = ~is_in
    return claim.key[edges[leaves]]


def _after_windows(
    figures: Figures,
    found: list[tuple[Measured, Measured]],
    partly_m: float,
    change_m2: dict[int, float],
) -> tuple[Figures, dict[int, float]]:
    """Figures with what changes in windows, but for the ground that is moved; and that ground."""
    change_m2, total_m2 = defaultdict(float, change_m2), defaultdict[int, float](float)
    for pair in found:
        for sign, measured in zip((-1, 1), pair, strict=True):
            change_m2[OUTSIDE] += sign * measured.outside_m2
            for (unit, is_held), m2 in measured.cell_m2.items():
                total_m2[unit] += sign * m2
                change_m2[unit] += sign * m2 * is_held

    def more(name: str) -> Any:
        return sum(getattr(after, name) - getattr(before, name) for before, after in found)

    reassigned_m2 = more("reassigned_m2")
    return replace(
        figures,
        line_m=figures.line_m + more("line_m") - partly_m,
        enclave_m=figures.enclave_m + more("enclave_m") + partly_m,
        segments=figures.segments + more("segments"),
        reassigned_m2=figures.reassigned_m2 + reassigned_m2,
        residual_m2=figures.residual_m2 + sum(map(abs, total_m2.values())),
        inside_km2=figures.inside_km2 - reassigned_m2 / 1e6,
    ), change_m2


def _noise_m2(claim: Claim, pieces: shapely.STRtree, borders: Borders) -> float | None:
    """Area of the noise, None where it is not certain that it is noise."""
    if not len(claim.noise):
        return 0.0
    if are_near(claim.noise, borders.outer).any() or are_near(claim.noise, pieces).any():
        return None
    inside = borders.tree.query(shapely.get_point(claim.noise, 0), predicate="intersects")[0]
    return claim.noise_m2() if len(np.unique(inside)) == len(claim.noise) else None


def _held_m2(figures: Figures, holder: str) -> float:
    return sum(m2 for (_, held_by), m2 in figures.cell_m2.items() if held_by == holder)


def _is_main_sure(claim: Claim, rest_m2: float, default_m2: float) -> bool:
    """Whether the main body of the default holder is more than half of its ground.

    Ground is cut off from it only in holes of the claim, and at the outer boundary, where it is
    reassigned.
    """
    return rest_m2 + claim.holes_m2 < default_m2 / 2


def is_misread(figures: Figures) -> bool:
    """Whether a source claims more than one party can hold."""
    return figures.inside_km2 * 1e6 / sum(figures.cell_m2.values()) > MOST


def _moved(
    figures: Figures, change_m2: dict[int, float], claim: Claim, setting: Setting, borders: Borders
) -> Figures | None:
    """Figures with ground moved to the holder who claims it.

    None if so little is left in a unit, or new in it, that there may be nothing.
    """
    cell_m2, is_new, total_m2, outside_m2 = dict(figures.cell_m2), False, 0.0, 0.0
    for unit, m2 in change_m2.items():
        if unit == OUTSIDE:
            outside_m2 = m2
            continue
        total_m2 += m2
        for holder, more_m2 in ((claim.held_by, m2), (setting.dataset.default_holder, -m2)):
            cell = borders.names[unit], holder
            if abs(more_m2) < _NOTHING_M2:
                continue
            is_new |= cell not in cell_m2
            cell_m2[cell] = cell_m2.get(cell, 0.0) + more_m2
            if cell_m2[cell] < _LEAST_M2:
                return None
    return replace(
        figures,
        cell_m2=dict(sorted(cell_m2.items())) if is_new else cell_m2,
        inside_km2=figures.inside_km2 + total_m2 / 1e6,
        outside_km2=figures.outside_km2 + outside_m2 / 1e6,
    )
