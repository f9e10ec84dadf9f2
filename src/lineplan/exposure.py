"""What lies in each zone: populated places, and any points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.arrangement import Arrangement
from lineplan.errors import UsageError
from lineplan.features import read_points
from lineplan.reporting import ReportAreas, report_at

SNAP_KM = 2.5
"""A point outside every unit is counted with the nearest zone up to this distance.

Units of 1:10m keep about a kilometre from survey-grade borders; of the embedded places 48 lie
outside every unit, the farthest by 2.0 km.
"""
NOMINAL = "population_nominal_prewar"
POPULATION_NOTE = "nominal, pre-war, not present population"

_FROM_ZONE = ["unit_id", "unit_name", "held_by", "status", "status_label", "clause_id"]


def locate_points(arrangement: Arrangement, lon: Any, lat: Any) -> pd.DataFrame:
    """Unit, holder, status and clause at points, and how far the line of contact is.

    Parameters
    ----------
    arrangement : Arrangement
    lon, lat : float or array-like of float, shape (n,)
        Degrees.

    Returns
    -------
    DataFrame
        `lon`, `lat`, `unit_id`, `unit_name`, `held_by`, `status`, `status_label`, `clause_id`
        ("" where the point lies in no unit nor near one), `outside_km` (distance to the zone it
        is counted with, 0 inside it, NaN where there is none) and `line_km` (distance to the line
        of contact, enclaves included; NaN where there is no line).
    """
    lon, lat = _degrees(lon, lat)
    zone, outside_km = rows_at(arrangement.zones, lon, lat, None)
    line = shapely.union_all(arrangement.line.geometry.to_numpy())
    table = pd.DataFrame({"lon": lon, "lat": lat})
    table[_FROM_ZONE] = _columns_at(arrangement, zone)
    return table.assign(outside_km=outside_km, line_km=geodesy.distance_km(lon, lat, line))


def _degrees(lon: Any, lat: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        lon = np.atleast_1d(np.asarray(lon, dtype=float))
        lat = np.atleast_1d(np.asarray(lat, dtype=float))
    except (TypeError, ValueError):
        raise UsageError("longitude and latitude must be numbers of degrees") from None
    if lon.shape != lat.shape or lon.ndim != 1:
        raise UsageError(f"{lon.size} longitudes and {lat.size} latitudes are no list of points")
    wrong = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        raise UsageError(f"point {at}: {lon[at]:g} {lat[at]:g} is no place in degrees, lon first")
    return lon, lat


def find_places(
    arrangement: Arrangement,
    *,
    status: str | None = None,
    unit: str | None = None,
    places: str | Path | None = None,
    population: str | None = None,
    report_by: ReportAreas | None = None,
) -> pd.DataFrame:
    """Populated places with the zone they lie in, the most populous first.

    Parameters
    ----------
    arrangement : Arrangement
    status, unit : str, optional
        Only places with this status, in this unit (id or English name).
    places : str or Path, optional
        A table or vector file of other places, with `name`; the dataset's when not given.
    population : str, optional
        Column of `places` with their population.
    report_by : ReportAreas, optional
        Polygons to say which of them each place lies in (`lineplan.read_report`).

    Returns
    -------
    DataFrame
        `name`, `unit_id`, `unit_name`, `held_by`, `status`, `status_label`, `clause_id`, with
        `report_by` `report_id` (``outside`` for none, by position) and `report_name`, the
        population, `lon`, `lat`, `outside_km` (distance to the zone a place is counted with) and
        `elsewhere` (unit whose polygon it lies in, where that is not the unit of its code).
        The dataset's population is called `population_nominal_prewar`: it is undated and must
        never be presented as current.

    Raises
    ------
    UsageError
        A status, unit or column is unknown, or a population is not a number.

    Notes
    -----
    The unit code of a place counts before its position: coordinates of places and coarse
    boundaries differ by up to a few kilometres.
    """
    if places is None:
        table = arrangement.dataset.places().rename(columns={"population": NOMINAL})
        figure: str | None = NOMINAL
        table[NOMINAL] = table[NOMINAL].where(table[NOMINAL] > 0).astype("Int64")
    else:
        table, figure = read_points(places), population
        if population is not None:
            table[population] = _people(table, population, Path(places).name)
    known = set(arrangement.units["unit_id"])
    codes = table["unit_id"].where(table["unit_id"].isin(known), "") if "unit_id" in table else None
    lon, lat = table["lon"].to_numpy(), table["lat"].to_numpy()
    zone, outside_km = rows_at(arrangement.zones, lon, lat, codes)
    table = table.rename(columns={c: f"{c}_given" for c in _FROM_ZONE})
    table[_FROM_ZONE] = _columns_at(arrangement, zone)
    reported: list[str] = [] if report_by is None else report_by.columns
    if report_by is not None:
        table = table.rename(columns={c: f"{c}_given" for c in reported})
        table[reported] = report_at(report_by, lon, lat).to_numpy()
    table["outside_km"] = outside_km
    table["elsewhere"] = _elsewhere(arrangement, table)
    if status is not None:
        table = table[table["status"] == _known(status, arrangement.zones["status"], "status")]
    if unit is not None:
        ids, names = arrangement.units["unit_id"], arrangement.units["name"]
        chosen = dict(zip(names, ids, strict=True)).get(unit, unit)
        table = table[table["unit_id"] == _known(chosen, ids, "unit")]
    if figure is not None:
        table = table.sort_values(figure, ascending=False, kind="stable", na_position="last")
    first = ["name", *_FROM_ZONE, *reported, figure, "lon", "lat", "outside_km", "elsewhere"]
    first = [c for c in first if c in table.columns]
    return table[[*first, *table.columns.difference(first, sort=False)]].reset_index(drop=True)


def _people(table: pd.DataFrame, column: str, name: str) -> pd.Series[float]:
    """A column of population; a cell can be empty, but not anything else than a number."""
    if column in ("name", "lon", "lat", "outside_km", "elsewhere", *_FROM_ZONE):
        raise UsageError(f"{name}: column {column!r} is no population; rename it if it is one")
    if column not in table.columns:
        raise UsageError(
            f"{name}: has no column {column!r}; its columns are "
            f"{', '.join(map(str, table.columns))}"
        )
    given = table[column]
    people = pd.to_numeric(given, errors="coerce")
    wrong = (given.notna() & people.isna()) | (people < 0) | np.isinf(people)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise UsageError(
            f"{name}: row {row + 2}: {column} {given.iloc[row]!s} is not a number of people"
        )
    return people.astype("Float64" if (people % 1 > 0).any() else "Int64")


def _known(value: str, values: pd.Series, kind: str) -> str:
    if value not in set(values):
        raise UsageError(f"no {kind} {value!r}; there are {', '.join(sorted(set(values)))}")
    return value


def _columns_at(arrangement: Arrangement, zone: NDArray[np.int64]) -> pd.DataFrame:
    """The zone's columns for each point; "" where a point has none."""
    columns = pd.DataFrame(arrangement.zones[_FROM_ZONE])
    return columns.reindex(zone).fillna("").reset_index(drop=True).to_numpy()


def _elsewhere(arrangement: Arrangement, table: pd.DataFrame) -> list[str]:
    """Unit whose polygon a place lies in, where it is counted with another."""
    points = shapely.points(table["lon"].to_numpy(), table["lat"].to_numpy())
    tree = shapely.STRtree(points)
    ids = table["unit_id"].to_numpy()
    found = np.full(len(table), "", dtype=object)
    for unit, geometry in zip(
        arrangement.units["unit_id"], arrangement.units.geometry, strict=True
    ):
        inside = tree.query(geometry, predicate="intersects")
        found[inside[ids[inside] != unit]] = unit
    return list(found)


def rows_at(
    zones: gpd.GeoDataFrame,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    unit_ids: pd.Series | None,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Which of several pieces of ground points are counted with.

    Parameters
    ----------
    zones : GeoDataFrame
        `unit_id` and `geometry` (EPSG:4326): zones, or faces of a partition.
    lon, lat : ndarray of float, shape (n,)
        Degrees.
    unit_ids : Series of str, optional
        Unit that each point is said to lie in, "" for not said; it counts before the position.

    Returns
    -------
    ndarray of int, ndarray of float
        Position in `zones` (-1 for none), and the distance to that ground in km (NaN for none).
    """
    shapes = zones.geometry.to_numpy()
    zone = np.full(len(lon), -1)
    outside_km = np.zeros(len(lon))
    points = shapely.points(lon, lat)
    tree = shapely.STRtree(points)
    shapely.prepare(shapes)
    row, point = tree.query(shapes, predicate="intersects")[:, ::-1]
    zone[point] = row
    of_zone = zones["unit_id"].to_numpy()
    wanted = np.full(len(lon), "", dtype=object) if unit_ids is None else unit_ids.to_numpy()
    astray = (zone < 0) | ((wanted != "") & (of_zone[zone] != wanted))
    for unit in np.unique(wanted[astray].astype(str)):
        at = np.flatnonzero(astray & (wanted == unit))
        rows = np.flatnonzero(of_zone == unit) if unit else np.arange(len(zones))
        if not unit:
            # A unit code is believed at any distance, mere nearness only up to SNAP_KM, which is
            # less than this many degrees anywhere in a country that is not at a pole.
            near = shapely.STRtree(shapes).query(points[at], predicate="dwithin", distance=0.1)
            zone[at], outside_km[at] = -1, np.nan
            at, rows = at[np.unique(near[0])], np.unique(near[1])
        if not len(at):
            continue
        boundary = shapely.boundary(shapes[rows])
        km = np.stack([geodesy.distance_km(lon[at], lat[at], line) for line in boundary])
        nearest = km.argmin(axis=0)
        distance = km[nearest, np.arange(len(at))]
        counted = (distance <= SNAP_KM) | (unit != "")
        zone[at] = np.where(counted, rows[nearest], -1)
        outside_km[at] = np.where(counted, distance, np.nan)
    return zone, outside_km
