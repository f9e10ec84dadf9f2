"""Commands that print figures: areas, places and points."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lineplan.cli.options import (
    Ground,
    PlanArgument,
    ReportByOption,
    ReportIdOption,
    StatusOption,
    read_report_areas,
    with_ground,
)
from lineplan.cli.output import EXACT, FormatOption, OutOption, TableFormat, say, write
from lineplan.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


class By(StrEnum):
    """What areas are broken down by."""

    status = "status"
    unit = "unit"
    held_by = "held_by"
    clause = "clause"


@with_ground
def areas(
    plan: PlanArgument = "point21",
    by: Annotated[
        list[By] | None,
        typer.Option(
            metavar="status|unit|held_by|clause", help="Break down by; repeat for several."
        ),
    ] = None,
    status: StatusOption = None,
    report_by: ReportByOption = None,
    report_id: ReportIdOption = None,
    form: FormatOption = TableFormat.table,
    output: OutOption = None,
    *,
    ground: Ground,
) -> None:
    """Compute areas on the ellipsoid, by status and holder unless told otherwise.

    Example: lineplan areas --status demilitarized_buffer --by unit --format csv

    With several --control, each source has a column, and the last is their range.
    """
    from lineplan import tables

    ground.check_outputs([plan], output, files=(report_by,))
    keys = [key.value for key in by or (By.status, By.held_by)]
    if len(ground.control or ()) > 1:
        if report_by is not None:
            raise UsageError("--report-by goes with one --control")
        sources = ground.arrange_each(plan)
        write(tables.side_by_side(sources, keys, status=status, form=form.value), output)
        return
    report = read_report_areas(report_by, report_id)
    arrangement = ground.arrange(plan)
    table = arrangement.areas(keys, status=status, report_by=report)
    if form in EXACT:
        conditions = arrangement.conditions | (report.papers if report else {})
        write(tables.exact(table, conditions, form.value), output)
    else:
        text = tables.areas_for_reading(arrangement, table, form.value, report_by=report)
        write(text, output)


@with_ground
def places(
    plan: PlanArgument = "point21",
    status: StatusOption = None,
    unit: Annotated[
        str | None, typer.Option(metavar="ID", help="Only places in this unit.")
    ] = None,
    places_file: Annotated[
        Path | None,
        typer.Option(
            "--places", metavar="FILE", help="Other places: CSV with name, lon, lat; or vector."
        ),
    ] = None,
    population: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of --places with their population."),
    ] = None,
    population_date: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Day that the population figures hold for."),
    ] = None,
    report_by: ReportByOption = None,
    report_id: ReportIdOption = None,
    form: FormatOption = TableFormat.table,
    output: OutOption = None,
    *,
    ground: Ground,
) -> None:
    """List populated places with the zone they would lie in.

    Example: lineplan places --status demilitarized_buffer

    The embedded population figures are nominal and pre-war, not present population; they are
    summed only when you give dated ones of your own (--places, --population, --population-date).
    """
    from lineplan import tables
    from lineplan.days import as_date
    from lineplan.exposure import NOMINAL, POPULATION_NOTE

    if (population or population_date) and places_file is None:
        raise UsageError("--population and --population-date need --places FILE")
    if population_date is not None and population is None:
        raise UsageError("--population-date needs --population COLUMN")
    day = as_date(population_date)
    ground.check_outputs([plan], output, files=(report_by, places_file))
    report = read_report_areas(report_by, report_id)
    arrangement = ground.arrange(plan)
    table = arrangement.places(
        status=status, unit=unit, places=places_file, population=population, report_by=report
    )
    _say_displaced(table)
    note = POPULATION_NOTE
    if population is not None:
        note = f"as of {day}" if day else "undated"
    conditions = arrangement.conditions | {"population": note} | (report.papers if report else {})
    if population is not None and day is not None:
        counted = table[(table["status"] != "") & table[population].notna()]
        conditions["population_total"] = float(counted[population].sum())
        conditions["population_places"] = len(counted)
        say(
            f"population as of {day} in {len(counted)} place(s): "
            f"{conditions['population_total']:,.0f}; {len(table) - len(counted)} place(s) without "
            "a figure or outside the units left out"
        )
    figure = population or (NOMINAL if places_file is None else None)
    if form is TableFormat.csv:
        table = table.rename(columns={NOMINAL: f"population ({POPULATION_NOTE})"})
    if form in EXACT:
        write(tables.exact(table, conditions, form.value), output)
        return
    columns = ["name", "unit_name", "held_by", "status", *(report.columns if report else [])]
    columns += [figure] if figure else []
    shown = table[[c for c in columns if c in table.columns]]
    body = tables.grid(shown.rename(columns={figure: f"population ({note})"}), form.value)
    write(f"{tables.heading(arrangement, form.value)}\n{body}\n", output)


@with_ground
def locate(
    where: Annotated[
        list[str],
        typer.Argument(
            metavar="LON LAT [PLAN] | FILE.csv [PLAN]",
            help="Degrees, longitude first; or a table with columns lon and lat.",
        ),
    ],
    form: FormatOption = TableFormat.table,
    output: OutOption = None,
    *,
    ground: Ground,
) -> None:
    """Say what would hold at a point: unit, holder, status, clause, distance to the line.

    Example: lineplan locate 37.57 48.73
    """
    from lineplan import tables
    from lineplan.exposure import SNAP_KM

    lon, lat, given, plan = _points(where)
    ground.check_outputs([plan], output, files=where[:1])
    arrangement = ground.arrange(plan)
    table = arrangement.locate(lon, lat)
    _say_outside(table, SNAP_KM)
    if given is not None:
        found = table.drop(columns=["lon", "lat"])
        table = given.rename(columns={c: f"{c}_given" for c in found.columns}).join(found)
    if form in EXACT:
        write(tables.exact(table, arrangement.conditions, form.value), output)
    elif given is None and form is TableFormat.table:
        write(tables.point_for_reading(arrangement, table.iloc[0]), output)
    else:
        table = table.drop(columns="status_label").round({"outside_km": 1, "line_km": 1})
        body = tables.grid(table, form.value)
        write(f"{tables.heading(arrangement, form.value)}\n{body}\n", output)


def _points(where: list[str]) -> tuple[list[float], list[float], pd.DataFrame | None, str]:
    """Longitudes, latitudes, the table they come from (None for one point), and the plan."""
    from lineplan.features import read_points

    try:
        lon = float(where[0])
    except ValueError:
        if len(where) > 2 or any(text.startswith("-") for text in where):
            raise UsageError(
                f"locate {' '.join(where)}: write LON LAT [PLAN] or FILE.csv [PLAN]"
            ) from None
        table = read_points(where[0])
        return list(table["lon"]), list(table["lat"]), table, (where[1:] or ["point21"])[0]
    try:
        lat = float(where[1])
    except (IndexError, ValueError):
        raise UsageError(f"locate {' '.join(where)}: a point needs LON and LAT") from None
    if (
        len(where) > 3
        or any(text.startswith("--") for text in where)
        or not (-180 <= lon <= 180 and -90 <= lat <= 90)
    ):
        raise UsageError(f"locate {' '.join(where)}: write LON LAT [PLAN], in degrees")
    return [lon], [lat], None, (where[2:] or ["point21"])[0]


def _say_outside(table: pd.DataFrame, snap_km: float) -> None:
    near = table[table["outside_km"] > 0]
    lost = int(table["outside_km"].isna().sum())
    if len(near):
        farthest = near.loc[near["outside_km"].idxmax()]
        say(
            f"note: {len(near)} point(s) lie outside every unit and are counted with the nearest; "
            f"the farthest by {farthest['outside_km']:.1f} km ({farthest['lon']:g} "
            f"{farthest['lat']:g}, {farthest['unit_name']})"
        )
    if lost:
        say(f"note: {lost} point(s) lie in no unit, nor within {snap_km} km of one")


def _say_displaced(table: pd.DataFrame) -> None:
    elsewhere = int((table["elsewhere"] != "").sum())
    outside = int((table["outside_km"] > 0).sum()) - elsewhere
    if elsewhere:
        say(f"note: {elsewhere} place(s) lie in the polygon of another unit; their code counts")
    if outside:
        say(f"note: {outside} place(s) lie outside every unit and are counted with the nearest")
    lost = int((table["status"] == "").sum())
    if lost:
        say(f"note: {lost} place(s) lie in no unit")
