"""Plans laid over the control of many days: figures by date."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from lineplan.arrangement import PERMISSION, check_units, plan_conditions
from lineplan.baselines import given_lines
from lineplan.chronology.batches import (
    Bad,
    DayRow,
    Done,
    Job,
    Journal,
    Progress,
    batches_of,
    run,
)
from lineplan.chronology.daily import Kind
from lineplan.chronology.zones import check_target, said_of, write_zones
from lineplan.control.archive import Archive, open_archive
from lineplan.control.assumed import said_of_days
from lineplan.control.terms import check_passing_on
from lineplan.dataset import Dataset
from lineplan.days import as_date
from lineplan.errors import LineplanError, UsageError
from lineplan.ground import Setting, read_setting
from lineplan.labels import catalogue
from lineplan.partition import OnOverlap
from lineplan.plan import Plan, Value
from lineplan.plan.choices import choose_each
from lineplan.plan.file import dataset_of, load_plan

Day = tuple[Done, tuple[Kind, ...]]
Rows = list[tuple[date, Day]]


@dataclass(frozen=True, eq=False)
class Timeline:
    """Figures of plans on every day of an archive of control.

    Attributes
    ----------
    areas : DataFrame
        One row for each date, plan, unit, holder, status and clause: `date`, `plan_id`, `unit_id`,
        `held_by`, `status`, `clause_id` ("" where no clause speaks), `area_km2`.
    days : DataFrame
        One row for each date: `date`, `line_length_km` (of the line of contact, enclaves apart),
        `enclave_length_km`, `vertex_spacing_km`, `reassigned_km2` (by border reconciliation),
        `residual_m2` (at most: sum over units of the difference between a unit and its parts, with
        what steps since the last day measured in full have added),
        `outside_units_km2`, `source`, `sha256`, `attribution`, `note` (the
        day it is the same as; what was repaired, left out or assumed when it was read, where that
        is not the same on all days); `control_class` where it differs by day.
    conditions : dict
        What every figure depends on: plans with readings and parameters, the archive, its days,
        days that are missing or were skipped, units, reconciliation. `notes` say once what
        reading assumed, with the number of days.
    """

    areas: pd.DataFrame
    days: pd.DataFrame
    conditions: dict[str, Any]


def timeline(
    *plans: str | Path | Plan,
    control: str | Path | Archive,
    dataset: str | Path | Dataset | None = None,
    first: str | date | None = None,
    last: str | date | None = None,
    units: str | Path | gpd.GeoDataFrame | None = None,
    unit_id: str | None = None,
    contested: str = "apart",
    on_overlap: OnOverlap = "error",
    reconcile: bool = True,
    set: Mapping[str, Value] | None = None,
    readings: Mapping[str, str] | None = None,
    lines: Mapping[str | date, str | Path] | None = None,
    executor: Executor | None = None,
    keep_going: bool = False,
    progress: Progress | None = None,
    journal: str | Path | None = None,
    zones: str | Path | None = None,
    lang: str = "en",
    has_permission: bool = False,
) -> Timeline:
    """Lay plans over the control of every day of an archive.

    Parameters
    ----------
    *plans : str, Path or Plan
        Ids of plans of the dataset, plan files, or plans; each once.
    control : str, Path or Archive
        An archive of control: a folder of daily files, or an archive file. What more there is to
        say of how it is read goes to `lineplan.open_archive`, whose result is given here.
    dataset, units, unit_id, contested, on_overlap, reconcile, lines
        As for `arrange`.
    first, last : str or datetime.date, optional
        First and last day; all days of the archive when not given.
    set, readings
        As for `compare`.
    executor : concurrent.futures.Executor, optional
        What batches of days run on (threads, processes, a Dask client's ``get_executor()``); one
        after another when not given. Figures do not depend on it. What is not in a packed archive
        (daily files, a dataset of one's own for them, files that plans measure from) must be seen
        by its workers under the same path.
    keep_going : bool
        Skip days that cannot be used; `conditions` lists them.
    progress : callable, optional
        Called with the number of days that are done, and of all.
    journal : str or Path, optional
        Folder in which finished batches are kept, so that the same call, begun anew, goes on where
        it was interrupted.
    zones : str or Path, optional
        GeoPackage (``.gpkg``: a layer for each plan, which QGIS's temporal controller plays) or
        GeoParquet (``.parquet``) to which the zones are written, a row for every stretch of days
        on which the geometry of a zone is the same: the columns of `Arrangement.zones`, `plan_id`,
        `valid_from`, `valid_to` (the first day after the stretch), `days` (of the stretch with a
        state in the archive) and `days_missing` (without one: a state lasts until the next).
        `status_label` speaks of the line of `valid_from`. Every day is computed in full for it.
        In QGIS a GeoPackage has the colours, hatches and words of an export.
    lang : str
        Language of what people read in `zones`, as for `Arrangement.write`.
    has_permission : bool
        You state that every source whose terms forbid it has permitted passing on its geometry,
        which `zones` hold; `conditions` then say so (`line_source_permission`).

    Returns
    -------
    Timeline

    Raises
    ------
    LineplanError
        An input cannot be used; for a day of the archive the message begins with the day.
    UsageError
        No plan is given, no day lies between `first` and `last`, or the language is unknown.
    """
    words = catalogue(lang)
    there = given_lines(lines)
    if zones is not None:
        check_target(Path(zones))
    if not plans:
        raise UsageError("a timeline needs at least one plan")
    dataset = dataset_of(plans[0], dataset)
    given = [plan if isinstance(plan, Plan) else load_plan(plan, dataset) for plan in plans]
    chosen = tuple(choose_each(given, set=set, readings=readings))
    setting = read_setting(
        dataset=dataset,
        units=units,
        unit_id=unit_id,
        contested=contested,
        on_overlap=on_overlap,
        reconcile=reconcile,
    )
    check_units(chosen, setting)
    archive = _opened(control, setting, as_date(first), as_date(last))
    if zones is not None and not has_permission:  # said before the work, not after it
        check_passing_on(archive.terms())
    days = {day: Path(file).absolute() for day, file in there.items()}
    base = archive.store.how.base if archive.store.how is not None else ""
    sources = [archive.store.path, *there.values(), base, base.rpartition(":")[0]]
    named = tuple((str(Path(path).absolute()), str(path)) for path in sources if path)
    job = Job(setting, chosen, days, keep_going, has_permission, named)
    tables, pictures = _shares(progress, is_halved=zones is not None)
    measured = _measured(
        job, archive, executor, Journal(Path(journal) if journal else None), tables
    )
    conditions = _conditions(job, archive, measured)
    if zones is not None:
        if has_permission:
            conditions["line_source_permission"] = PERMISSION
        without = write_zones(
            Path(zones),
            job,
            archive,
            {day: item.day for day, (item, _) in measured.rows},
            conditions,
            words=words,
            executor=executor,
            progress=pictures,
        )
        conditions |= said_of(without)
    return Timeline(_areas(measured.rows), _days(measured.rows), conditions)


class Measured(NamedTuple):
    """Each day with what is measured on it, or on the first day that it is the same as.

    `rows` pair a day with that and its kinds of ground; `skipped` are days that cannot be used.
    """

    rows: Rows
    skipped: list[Bad]


def _measured(
    job: Job, archive: Archive, executor: Executor | None, journal: Journal, tables: Progress | None
) -> Measured:
    """Run all batches; a day that is the same as one before it costs nothing."""
    origin = _origins(archive)
    batches = batches_of(job, archive, [day for day in archive.days if origin[day] == day])
    parts = run(batches, executor, journal, tables)
    done = {item.day: (item, part.kinds[item.kinds]) for part in parts for item in part.done}
    bad = {item.day: item for part in parts for item in part.bad}
    if not done:
        first = next(iter(bad.values()))
        raise LineplanError(f"{archive.name}: no day can be used; {first.day}: {first.reason}")
    return Measured(
        [(day, done[origin[day]]) for day in archive.days if origin[day] in done],
        [Bad(day, bad[origin[day]].reason) for day in archive.days if origin[day] in bad],
    )


def _conditions(job: Job, archive: Archive, measured: Measured) -> dict[str, Any]:
    """What every figure depends on."""
    setting, rows = job.setting, measured.rows
    said, _ = _said(rows)
    classes = sorted({item.figures.control_class for _, (item, _) in rows})
    return {
        "plans": [plan_conditions(plan) for plan in job.plans],
        "control_source": archive.name,
        "control_sha256": archive.sha256,
        "control_reading": archive.reading,
        "control_class": "; ".join(classes),
        "first_day": rows[0][0].isoformat(),
        "last_day": rows[-1][0].isoformat(),
        "days": len(rows),
        "days_missing": [day.isoformat() for day in archive.missing],
        "days_mended": {
            day.isoformat(): item.figures.mended for day, (item, _) in rows if item.figures.mended
        },
        "days_skipped": {item.day.isoformat(): item.reason for item in measured.skipped},
        "default_holder": setting.dataset.default_holder,
        "border_tolerance_km": setting.dataset.border_tolerance_km,
        "on_overlap": setting.on_overlap,
        **setting.papers,
        "notes": [*archive.notes, *said, *setting.notes],
    }


def _said(rows: Rows) -> tuple[list[str], dict[date, list[str]]]:
    """What reading assumed: of all the days, and of single ones."""
    return said_of_days({day: tuple(item.figures.assumed) for day, (item, _) in rows})


def _shares(
    progress: Progress | None, *, is_halved: bool
) -> tuple[Progress | None, Progress | None]:
    """Progress of the figures, and of the zones, which are the second half where they are asked."""
    if progress is None or not is_halved:
        return progress, None
    return (
        lambda done, total: progress(done, 2 * total),
        lambda done, total: progress(total + done, 2 * total),
    )


def _opened(
    control: str | Path | Archive, setting: Setting, first: date | None, last: date | None
) -> Archive:
    """The archive from the first day to the last."""
    if not isinstance(control, Archive):
        control = open_archive(control, setting.dataset, units=setting.given_units)
    return control.between(first, last)


def _origins(archive: Archive) -> dict[date, date]:
    """For each day the first one that it is the same as, itself if there is none before."""
    first: dict[date, date] = {}
    return {day: first.setdefault(archive.same_as.get(day, day), day) for day in archive.days}


def _areas(rows: Rows) -> pd.DataFrame:
    numbers: dict[tuple[Kind, ...], int] = {}
    of_day = np.array([numbers.setdefault(kinds, len(numbers)) for _, (_, kinds) in rows])
    count = np.array([len(kinds) for kinds in numbers])
    first = np.cumsum(count) - count
    flat = [kind for kinds in numbers for kind in kinds]
    table = pd.DataFrame(flat, columns=list(Kind._fields))
    each = count[of_day]
    begins = np.cumsum(each) - each
    table = table.take(np.arange(each.sum()) + np.repeat(first[of_day] - begins, each))
    table = table.reset_index(drop=True)
    table["area_km2"] = np.fromiter(
        itertools.chain.from_iterable(item.areas_km2 for _, (item, _) in rows), float
    )
    table.insert(0, "date", _dates([day for day, _ in rows]).repeat(each))
    return table


def _days(rows: Rows) -> pd.DataFrame:
    items = [item for _, (item, _) in rows]
    table = pd.DataFrame([item.figures for item in items], columns=list(DayRow._fields))
    table["vertex_spacing_km"] = table["vertex_spacing_km"].astype(float)
    table.insert(0, "date", _dates([day for day, _ in rows]))
    copied = [
        "" if day == item.day else f"as on {item.day}"
        for (day, _), item in zip(rows, items, strict=True)
    ]
    if len(set(table["control_class"])) == 1:
        del table["control_class"]  # conditions have it
    _, differing = _said(rows)
    assumed = ["; ".join(differing.get(day, ())) for day, _ in rows]
    said = zip(copied, table.pop("mended"), assumed, strict=True)
    del table["assumed"]
    table["note"] = ["; ".join(filter(None, each)) for each in said]
    return table


def _dates(days: list[date]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(days)).as_unit("ms")
