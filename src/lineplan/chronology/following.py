"""Figures of day after day: in steps where that is certain, else measured in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan.chronology.borders import MARGIN_DEG, Borders
from lineplan.chronology.changes import Change, changes_of
from lineplan.chronology.daily import Figures, figures_of
from lineplan.chronology.linework import Claim, Exchange
from lineplan.chronology.states import State, is_misread
from lineplan.control.archive import Archive
from lineplan.control.state import Outline
from lineplan.errors import LineplanError
from lineplan.ground import Ground, Setting

STATES = 3
"""Days from which a step is tried."""
_ONE = "units without claims"
AT_ONCE = 32
"""Days that are read and compared at once: few enough to stay in a processor's cache."""


@dataclass(frozen=True, eq=False)
class Day:
    """A day as it is drawn, or why it cannot be read.

    `change` leads to `claim` from the last one before it that could be read.
    """

    day: date
    drawn: Outline | None = None
    fault: Exception | None = None
    claim: Claim | None = None
    change: Change | None = None


def read_days(
    archive: Archive, days: Sequence[date], setting: Setting, borders: Borders
) -> Iterator[Day]:
    """Days with the change from each to the next."""
    last: Claim | None = None
    for first in range(0, len(days), AT_ONCE):
        read = [_read(archive, day, setting) for day in days[first : first + AT_ONCE]]
        exchanges: dict[date, Exchange] = {}
        for item in read:
            if item.claim is not None and last is not None and last.held_by == item.claim.held_by:
                exchanges[item.day] = Exchange.of(last, item.claim)
            last = item.claim or last
        changes = dict(zip(exchanges, changes_of(list(exchanges.values()), borders), strict=True))
        for item in read:
            yield Day(item.day, item.drawn, item.fault, item.claim, changes.get(item.day))


def _read(archive: Archive, day: date, setting: Setting) -> Day:
    try:
        drawn = archive.outline(day)
    except (LineplanError, OSError) as fault:
        return Day(day, fault=fault)
    return Day(day, drawn, claim=Claim.of(drawn, fills_noise=setting.reconcile))


@dataclass(eq=False)
class Follower:
    """Figures of one day after another.

    `states` are days from which steps can begin, the latest first. One from which there was no step
    is kept: a source may take back what it drew.
    """

    archive: Archive
    setting: Setting
    borders: Borders
    states: list[State] = field(default_factory=list)
    _settings: dict[tuple[int, ...], Setting] = field(default_factory=dict)

    def figures(self, item: Day) -> Figures:
        """Figures of a day; raises LineplanError where it cannot be used."""
        assert item.drawn is not None
        for number, change in self._changes(item):
            near = self.states[number].step(change, item.drawn, self.setting, self.borders)
            if near is None or (item.drawn.is_holder_assumed and is_misread(near.figures)):
                continue
            del self.states[number]
            self.states.insert(0, near)
            return near.figures
        ground, figures = self._in_full(item)
        begun = State.of(ground, figures, item.claim, self.borders) if item.claim else None
        if begun is not None:
            self.states.insert(0, begun)
            del self.states[STATES:]
        return figures

    def _in_full(self, item: Day) -> tuple[Ground, Figures]:
        """Ground of a day and its figures; units without claims are laid as one, which is quick."""
        assert item.drawn is not None
        control = self.archive.control(item.day)
        claimed = self.borders.tree.query(
            item.drawn.polygons, predicate="dwithin", distance=MARGIN_DEG
        )
        apart = np.setdiff1d(np.arange(len(self.borders.names)), claimed[1])
        # Where all that is unclaimed may be reconciled, units without claims may be too.
        is_plain = self.setting.frontier is None and not item.drawn.draws_every_party
        if len(apart) > 1 and is_plain:
            try:
                ground = self._with_one(tuple(apart.tolist())).lay(control)
            except LineplanError:
                pass  # the fault is told in terms of the units
            else:
                return ground, self._parted(figures_of(ground), apart)
        ground = self.setting.lay(control)
        return ground, figures_of(ground)

    def _with_one(self, apart: tuple[int, ...]) -> Setting:
        """The setting with some of its units made one."""
        if apart not in self._settings:
            units = self.setting.units
            shape = shapely.coverage_union_all(units.geometry.to_numpy()[list(apart)])
            row = units.iloc[[apart[0]]].assign(unit_id=_ONE, geometry=[shape])
            others = units.drop(index=units.index[list(apart)])
            self._settings[apart] = replace(
                self.setting, units=pd.concat([others, row], ignore_index=True)
            )
        return self._settings[apart]

    def _parted(self, figures: Figures, apart: NDArray[np.int64]) -> Figures:
        """Figures with the units for the one that they were made."""
        default_holder = self.setting.dataset.default_holder
        cell_m2 = {cell: m2 for cell, m2 in figures.cell_m2.items() if cell[0] != _ONE}
        area_m2 = self.setting.units["area_km2"].to_numpy()[apart] * 1e6
        for number, m2 in zip(apart.tolist(), area_m2.tolist(), strict=True):
            cell_m2[self.borders.names[number], default_holder] = m2
        return replace(figures, cell_m2=dict(sorted(cell_m2.items())))

    def _changes(self, item: Day) -> Iterator[tuple[int, Change]]:
        """The change from each state; from an older one if less is exchanged than since then."""
        fewest = 0
        for number, state in enumerate(self.states):
            claim, change = item.claim, item.change
            if claim is None or claim.held_by != state.claim.held_by:
                continue
            if change is None or change.exchange.old is not state.claim:
                exchange = Exchange.of(state.claim, claim)
                if number and exchange.size >= fewest:
                    continue
                (change,) = changes_of([exchange], self.borders)
            fewest = min(fewest, change.exchange.size) if number else change.exchange.size
            yield number, change
