"""Figures of day after day: in steps where that is certain, else measured in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from lineplan.chronology.borders import Borders
from lineplan.chronology.changes import Change, changes_of
from lineplan.chronology.daily import Figures, figures_of
from lineplan.chronology.linework import Claim, Exchange
from lineplan.chronology.states import State, is_misread
from lineplan.control.archive import Archive
from lineplan.control.state import Outline
from lineplan.errors import LineplanError
from lineplan.ground import Setting

STATES = 3
"""Days from which a step is tried."""
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

    def figures(self, item: Day) -> Figures:
        """Figures of a day; raises LineplanError where it cannot be used."""
        assert item.drawn is not None
        for number, state in enumerate(self.states):
            near = self._near(state, item)
            if near is None or (item.drawn.is_holder_assumed and is_misread(near.figures)):
                continue
            del self.states[number]
            self.states.insert(0, near)
            return near.figures
        ground = self.setting.lay(self.archive.control(item.day))
        figures = figures_of(ground)
        begun = State.of(ground, figures, item.claim, self.borders) if item.claim else None
        if begun is not None:
            self.states.insert(0, begun)
            del self.states[STATES:]
        return figures

    def _near(self, state: State, item: Day) -> State | None:
        claim, change = item.claim, item.change
        if claim is None or item.drawn is None or claim.held_by != state.claim.held_by:
            return None
        if change is None or change.exchange.old is not state.claim:
            (change,) = changes_of([Exchange.of(state.claim, claim)], self.borders)
        return state.step(change, item.drawn, self.setting, self.borders)
