"""What is drawn: the ground of one day or of many, cut as several plans ask for, and its papers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lineplan import __version__, geodesy
from lineplan.arrangement import PERMISSION, unused_clauses
from lineplan.assessments import assess
from lineplan.baselines import Lines, strips_of
from lineplan.control.archive import Archive
from lineplan.control.assumed import said_of_days
from lineplan.control.terms import Terms, TermsError, check_passing_on
from lineplan.dataset import Dataset
from lineplan.days import today
from lineplan.errors import LineplanError
from lineplan.ground import Ground, Setting
from lineplan.plan import LINE, Plan
from lineplan.webmap.coverage import Arc, Recorder, arcs_of
from lineplan.webmap.packing import coverage_of
from lineplan.webmap.simplification import simplified
from lineplan.zoning import look_up

TOLERANCE_DEG = 0.001
"""A pixel at the closest zoom, some 100 m."""
MOVED = "is_moved"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Day:
    """A day that can be shown.

    Attributes
    ----------
    day : datetime.date or None
        None where the source states none.
    state : int
        Which ground: days of the same ground share one.
    conditions : mapping
        Everything but the plan that a figure of this day depends on.
    """

    day: date | None
    state: int
    conditions: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Recording:
    """Ground of some days as arcs, with the areas of its faces.

    Attributes
    ----------
    dataset : Dataset
    units : GeoDataFrame
        As of `lineplan.ground.Ground`.
    plans : tuple of Plan
        With their parameters chosen.
    faces : DataFrame
        What a plan can ask of ground: `unit_id`, `held_by`, `is_moved` (by border reconciliation)
        and a column for each strip; `area_m2` in the first state that has it. Face ``n`` of arcs
        and areas is row ``n - 1``.
    arcs : list of Arc
        Simplified.
    areas_m2 : list of dict
        For each state the area of each face, to a square metre, from the full shapes.
    days : list of Day
    assessed : dict
        By plan id and state, what `lineplan.assessments.assess` gives where that is something.
    drift : float
        The largest difference between the drawn and the computed area of a face in the first
        and the last state, as a share of it, among faces of more than 100 km².
    notes : tuple of str
        What was assumed, dropped, repaired or reassigned, of one day; of the setting, of many.
    terms : tuple of Terms
        What the sources' own terms say of passing their geometry on, each once.
    skipped : dict of date to str
        Bad days, and why.
    """

    dataset: Dataset
    units: gpd.GeoDataFrame
    plans: tuple[Plan, ...]
    faces: pd.DataFrame
    arcs: list[Arc]
    areas_m2: list[dict[int, int]]
    days: list[Day]
    assessed: dict[tuple[str, int], pd.DataFrame]
    drift: float
    notes: tuple[str, ...]
    terms: tuple[Terms, ...]
    skipped: dict[date, str]


def said_of(ground: Ground, *, has_permission: bool = False) -> dict[str, Any]:
    """What the page says of the ground of a day.

    Keys and figures are those of `lineplan.arrangement.ground_conditions`, without the table of
    reassigned pieces, which would take a quarter of the time of a day.

    Raises
    ------
    ControlError
        The terms of a source forbid passing its geometry on, and no permission is stated.
    """
    is_permitted = check_passing_on(ground.terms, has_permission=has_permission)
    source, line, faces = ground.control, ground.partition.line, ground.partition.faces
    length_km = float(line["length_km"].sum())
    segments = int(line["vertices"].sum() - len(line))
    moved = faces["held_by"] != faces["held_by_mapped"]
    return {
        "line_source": source.source,
        "line_source_attribution": source.attribution,
        "line_source_licence": source.licence,
        "line_source_permission": PERMISSION if is_permitted else "",
        "line_source_sha256": source.sha256,
        "line_date": source.as_of.isoformat() if source.as_of else None,
        "line_age_days": max(0, (today() - source.as_of).days) if source.as_of else None,
        "line_length_km": length_km,
        "line_vertex_spacing_km": length_km / segments if segments else None,
        "legal_baseline": ground.dataset.manifest.legal_baseline,
        "reassigned_km2": float(faces.loc[moved, "area_m2"].sum() / 1e6),
        "generated": today().isoformat(),
        "lineplan_version": __version__,
        **ground.papers,
    }


def record_ground(
    ground: Ground, plans: Sequence[Plan], *, has_permission: bool = False
) -> Recording:
    """Record one day.

    Parameters
    ----------
    ground : Ground
        Cut for all plans.
    plans : sequence of Plan
        With their parameters chosen.
    has_permission : bool
        As for `lineplan.control.terms.check_passing_on`.

    Raises
    ------
    ControlError
        The terms of a source forbid passing its geometry on, and no permission is stated.
    """
    said = said_of(ground, has_permission=has_permission)
    recorder = _Recording(plans)
    day = Day(ground.control.as_of, recorder.add(ground), said)
    return recorder.finish(ground.dataset, ground.units, [day], ground.notes, {})


def record_archive(
    archive: Archive,
    setting: Setting,
    plans: Sequence[Plan],
    *,
    lines: Lines | None = None,
    keep_going: bool = False,
    has_permission: bool = False,
    progress: Progress | None = None,
) -> Recording:
    """Record every day of an archive; days of unchanged ground cost nothing.

    Parameters
    ----------
    archive : Archive
    setting : Setting
    plans : sequence of Plan
        With their parameters chosen.
    lines : mapping of date to str or Path, optional
        As for `lineplan.baselines.strips_of`.
    keep_going : bool
        Skip days that cannot be used.
    has_permission : bool
        As for `lineplan.control.terms.check_passing_on`.
    progress : callable, optional
        Called with the number of days that are done, and of all.

    Raises
    ------
    LineplanError
        A day cannot be used; the message begins with it.
    """
    if not has_permission:  # said before the work, not after it
        check_passing_on(archive.terms())
    recorder = _Recording(plans)
    cut = _Cutter(plans, lines or {})
    shown: dict[date, Day] = {}
    skipped: dict[date, str] = {}
    assumed: dict[date, tuple[str, ...]] = {}
    origins: dict[date, date] = {}
    for done, day in enumerate(archive.days):
        if progress is not None:
            progress(done, len(archive.days))
        origin = origins.setdefault(archive.same_as.get(day, day), day)
        if origin in shown:
            shown[day] = _again(shown[origin], day)
            assumed[day] = assumed[origin]
            continue
        if origin in skipped:
            skipped[day] = skipped[origin]
            continue
        try:
            ground = cut(setting.lay(archive.control(day)))
            said = said_of(ground, has_permission=has_permission)
        except TermsError:
            raise
        except (LineplanError, OSError) as fault:
            reason = "; ".join(str(fault).splitlines())
            if not keep_going:
                raise LineplanError(f"{day}: {reason}") from None
            skipped[day] = reason
            continue
        shown[day] = Day(day, recorder.add(ground), said)
        assumed[day] = ground.control.assumed
    if not shown:
        day, reason = next(iter(skipped.items()))
        raise LineplanError(f"{archive.name}: no day can be used; {day}: {reason}")
    if progress is not None:
        progress(len(archive.days), len(archive.days))
    notes = (*archive.notes, *said_of_days(assumed)[0], *setting.notes)
    return recorder.finish(setting.dataset, setting.units, list(shown.values()), notes, skipped)


def _again(before: Day, day: date) -> Day:
    dated = {"line_date": day.isoformat(), "line_age_days": max(0, (today() - day).days)}
    return Day(day, before.state, {**before.conditions, **dated})


class _Cutter:
    """Cuts ground for plans; what does not hang on the day's line is made once."""

    def __init__(self, plans: Sequence[Plan], lines: Mapping[date, str | Path]) -> None:
        self._plans, self._lines = plans, lines
        strips = [strip for plan in plans for strip in plan.strips()]
        self._moves = any(strip.of == LINE and float(strip.km) > 0 for strip in strips)
        self._fixed: dict[str, shapely.Geometry] | None = None

    def __call__(self, ground: Ground) -> Ground:
        if self._moves or self._fixed is None:
            cut = ground.cut_for(self._plans, self._lines)
            if not self._moves:
                self._fixed = strips_of(self._plans, ground.partition, ground.dataset, self._lines)
                self._papers, self._terms = cut.papers, cut.other_terms
            return cut
        if not self._fixed:
            return ground
        parted = ground.partition.cut(self._fixed)
        return replace(ground, partition=parted, papers=self._papers, other_terms=self._terms)


class _Recording:
    """Takes ground after ground."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self._plans = tuple(plans)
        self._recorder = Recorder()
        self._numbers: dict[tuple[Any, ...], int] = {}
        self._first_m2: list[float] = []
        self._areas: list[dict[int, int]] = []
        self._assessed: dict[tuple[str, int], pd.DataFrame] = {}
        self._columns: list[str] = []
        self._terms: dict[Terms, None] = {}

    def add(self, ground: Ground) -> int:
        """The number of the state."""
        faces = ground.partition.faces
        strips = [c for c in faces if c not in _PLAIN]
        self._columns = ["unit_id", "held_by", MOVED, *strips]
        moved = (faces["held_by"] != faces["held_by_mapped"]).to_numpy()
        keyed = faces.assign(**{MOVED: moved})
        numbers = self._number(keyed)
        m2 = np.bincount(numbers, weights=faces["area_m2"].to_numpy())
        for number in range(len(self._first_m2) + 1, len(self._numbers) + 1):
            self._first_m2.append(float(m2[number]))
        self._terms |= dict.fromkeys(ground.terms)
        state = len(self._areas)
        self._areas.append({n: round(m2[n]) for n in np.unique(numbers).tolist()})
        self._recorder.add(faces.geometry.to_numpy(), numbers)
        for plan in self._plans:
            table = assess(plan, ground)
            if len(table):
                self._assessed[plan.id, state] = table
        return state

    def _number(self, faces: pd.DataFrame) -> np.ndarray:
        keys = zip(*(faces[column].tolist() for column in self._columns), strict=True)
        return np.array([self._numbers.setdefault(key, len(self._numbers) + 1) for key in keys])

    def finish(
        self,
        dataset: Dataset,
        units: gpd.GeoDataFrame,
        days: list[Day],
        notes: tuple[str, ...],
        skipped: dict[date, str],
    ) -> Recording:
        faces = pd.DataFrame(list(self._numbers), columns=self._columns)
        arcs = simplified(arcs_of(self._recorder.edges()), TOLERANCE_DEG)
        return Recording(
            dataset,
            units,
            self._plans,
            faces.assign(area_m2=self._first_m2),
            arcs,
            self._areas,
            days,
            self._assessed,
            max(_drift(arcs, state, self._areas[state]) for state in (0, len(self._areas) - 1)),
            (*notes, *self._unused(faces)),
            tuple(self._terms),
            skipped,
        )

    def _unused(self, faces: pd.DataFrame) -> list[str]:
        """Clauses that catch no ground on any day, in words."""
        ground = faces.assign(area_m2=self._first_m2)
        return [
            note for plan in self._plans for note in unused_clauses(plan, look_up(plan, ground))
        ]


_PLAIN = ("unit_id", "held_by", "held_by_mapped", "area_m2", "geometry")


def _drift(arcs: Iterable[Arc], state: int, areas_m2: Mapping[int, int]) -> float:
    drawn = coverage_of(arcs, state)
    large = [face for face, m2 in areas_m2.items() if m2 > 1e8]
    if not large:
        return 0.0
    m2 = geodesy.area_m2([drawn.get(face, shapely.Polygon()) for face in large])
    return float(max(abs(a / areas_m2[face] - 1) for face, a in zip(large, m2, strict=True)))
