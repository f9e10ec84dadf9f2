"""Settlement tables: a row for a place and a day, with the party that holds it.

Ground is given to the nearest place (Voronoi cells, on an equal-area plane), clipped to the units.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.control.content import Content
from lineplan.control.rules import classify
from lineplan.control.sourcefile import SourceFile
from lineplan.control.state import Drawn, choose_day, date_in_name, day_of
from lineplan.control.tablefile import read_table
from lineplan.dataset import Dataset
from lineplan.errors import ControlError
from lineplan.features import Layer

_GUESSES: dict[str, tuple[str, ...]] = {
    "holder": ("held_by", "holder", "controlled_by", "control", "party", "status"),
    "date": ("date", "as_of", "day", "datetime"),
    "place": ("geonameid", "geonames_id", "place_id", "place", "id", "settlement", "name"),
    "lon": ("lon", "longitude", "lng", "long", "x"),
    "lat": ("lat", "latitude", "y"),
}
_EDGE_KM = 5.0
_BEYOND_DEG = 0.01
_MARGIN_M = 50_000.0
_GRID_DEG = 1e-9


def recognises(content: Content) -> bool:
    """Whether it is a table, or points, with a holder, and a place or a position."""
    found = _columns(content, SourceFile())
    if "holder" not in found:
        return False
    if content.form == "table":
        return "place" in found or {"lon", "lat"} <= found.keys()
    return content.drawn == {"point"}


def read(content: Content, how: SourceFile, dataset: Dataset, as_of: date | None) -> Drawn:
    """Read the latest state of every place on or before a day, and give ground to the nearest."""
    name = content.path.name
    notes: list[str] = []
    columns = _columns(content, how)
    if "holder" not in columns:
        raise ControlError(
            f"{name}: which column says who holds a place? name it with --holder "
            f"({', '.join(content.columns)})"
        )
    table = _positioned(content, columns, dataset, notes)
    if not len(table):
        raise ControlError(f"{name}: has no row with a place that is known")
    table, day = _of_day(table, columns, how, name, as_of)
    meaning = classify(table, how, dataset, columns["holder"], name, notes)
    places = _one_a_place(pd.concat([table[["lon", "lat"]], meaning], axis=1), name, notes)
    return Drawn(_cells(places, dataset, name, notes), day, tuple(notes))


def _columns(content: Content, how: SourceFile) -> dict[str, str]:
    """The column for each part: as named, or guessed by its name."""
    by_name = {column.strip().casefold(): column for column in reversed(content.columns)}
    found: dict[str, str] = {}
    for part, guesses in _GUESSES.items():
        named = how.columns.get(part)  # type: ignore[call-overload]
        if named is not None and named not in content.columns:
            raise ControlError(
                f"{content.path.name}: has no column {named!r}; its columns are "
                f"{', '.join(content.columns)}"
            )
        column = named or next((by_name[guess] for guess in guesses if guess in by_name), None)
        if column is not None:
            found[part] = column
    return found


def _positioned(
    content: Content, columns: dict[str, str], dataset: Dataset, notes: list[str]
) -> pd.DataFrame:
    """The rows with `lon` and `lat`, their own or those of the dataset's places."""
    name = content.path.name
    if content.form != "table":
        return _of_points(content.layer, notes)
    table = read_table(content.bytes, content.path, set(columns.values()))
    if {"lon", "lat"} <= columns.keys():
        for part, limit in (("lon", 180), ("lat", 90)):
            degrees = pd.to_numeric(table[columns[part]], errors="coerce")
            wrong = ~(degrees.abs() <= limit)
            if wrong.any():
                row = int(np.flatnonzero(wrong)[0])
                raise ControlError(
                    f"{name}: row {row + 2}: {columns[part]} {table[columns[part]].iloc[row]!r} is "
                    f"not a number of degrees between -{limit} and {limit}"
                )
            table[part] = degrees.astype(float)
        return table
    if "place" not in columns:
        raise ControlError(
            f"{name}: has neither coordinates nor ids of places; its columns are "
            f"{', '.join(content.columns)}"
        )
    known = dataset.places().drop_duplicates("geonameid").set_index("geonameid")
    ids = pd.to_numeric(table[columns["place"]], errors="coerce")
    found = ids.isin(known.index)
    if not found.all():
        lost = table.loc[~found, columns["place"]]
        notes.append(
            f"{name}: {lost.nunique():,} of {ids.nunique():,} place(s) are not among the dataset's "
            f"places and were left out, with {len(lost):,} row(s): give columns lon and lat to "
            f"keep them (such as {', '.join(map(str, lost.unique()[:3]))})"
        )
    table, ids = table[found], ids[found].astype("int64")
    return table.assign(lon=known.loc[ids, "lon"].to_numpy(), lat=known.loc[ids, "lat"].to_numpy())


def _of_points(layer: Layer, notes: list[str]) -> pd.DataFrame:
    features = layer.keep(None)
    notes.extend(features.notes)
    points = features.frame.geometry.representative_point()
    return pd.DataFrame(features.frame.drop(columns="geometry")).assign(lon=points.x, lat=points.y)


def _of_day(
    table: pd.DataFrame, columns: dict[str, str], how: SourceFile, name: str, as_of: date | None
) -> tuple[pd.DataFrame, date | None]:
    """The latest rows of every place on or before the day, and the day of the latest of all."""
    if "date" not in columns:
        named = date_in_name(Path(name), how.date_in_name)
        return table, choose_day([named] if named else [], as_of, name, is_one_day=True)
    written = table[columns["date"]]
    # A table of years has few days and many rows.
    days = {value: day_of(value, columns["date"], name) for value in written.unique()}
    on = written.map(days)
    if on.isna().any():
        raise ControlError(
            f"{name}: {int(on.isna().sum())} row(s) have no {columns['date']}; which day are they "
            "of?"
        )
    day = choose_day(sorted(set(on)), as_of, name)
    table = table.assign(_on=pd.to_datetime(on))[on <= day]
    latest = table.groupby(["lon", "lat"])["_on"].transform("max")
    return table[table["_on"] == latest].drop(columns="_on"), day


def _one_a_place(rows: pd.DataFrame, name: str, notes: list[str]) -> pd.DataFrame:
    """One row a place; two claims on one place and day make it contested."""
    at = rows.groupby(["lon", "lat"], sort=True)
    places = at.first().reset_index()
    disputed = at["held_by"].agg(lambda holders: len(set(holders)) > 1).to_numpy(dtype=bool)
    if disputed.any():
        first = places[disputed].iloc[0]
        notes.append(
            f"{name}: {int(disputed.sum())} place(s) have several holders on one day and are read "
            f"as contested (such as {first['lon']:.3f}, {first['lat']:.3f})"
        )
        places.loc[disputed, "held_by"] = "contested"
        places.loc[disputed, "control_class"] = ""
    return places


def _cells(places: pd.DataFrame, dataset: Dataset, name: str, notes: list[str]) -> gpd.GeoDataFrame:
    """Ground nearest to the places of each holder, within the units."""
    units = shapely.union_all(dataset.units().geometry.to_numpy(), grid_size=_GRID_DEG)
    points = shapely.points(places["lon"], places["lat"])
    shapely.prepare(units)
    inside = shapely.contains(units, points)
    if not inside.any():
        west, south, east, north = shapely.total_bounds(points)
        raise ControlError(
            f"{name}: none of its places ({west:.2f}, {south:.2f} to {east:.2f}, {north:.2f}) lies "
            "in the units; are longitude and latitude swapped?"
        )
    bounds = tuple(units.bounds)
    flat = geodesy.to_plane(points, bounds)
    _say_coarseness(flat, int((~inside).sum()), name, notes)
    # A little beyond coast and frontier: an edge along the units' own is noded with it twice, and
    # not always to the same place.
    clip = shapely.buffer(units, _BEYOND_DEG, quad_segs=2)
    cells = _voronoi(flat, geodesy.to_plane([units], bounds)[0])
    keys = places[["held_by", "control_class"]].apply(tuple, axis=1)
    rows = []
    for key in sorted(set(keys)):
        merged = shapely.coverage_union_all(cells[(keys == key).to_numpy()])
        # Edges bend between plane and degrees; short ones do not matter.
        ground = geodesy.from_plane([shapely.segmentize(merged, _EDGE_KM * 1000)], bounds)[0]
        ground = shapely.intersection(shapely.make_valid(ground), clip, grid_size=_GRID_DEG)
        rows.append({"held_by": key[0], "control_class": key[1], "geometry": ground})
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326")
    return frame[~frame.geometry.is_empty].reset_index(drop=True)


def _voronoi(flat: NDArray[Any], units: shapely.Geometry) -> NDArray[Any]:
    """Cells of points, in their order, over the whole of the units."""
    if len(flat) == 1:
        return np.array([shapely.envelope(shapely.buffer(units, _MARGIN_M))], dtype=object)
    # Long straight edges of units bulge on the plane, beyond the hull of their corners.
    beyond = shapely.buffer(shapely.envelope(units), _MARGIN_M)
    cells = shapely.voronoi_polygons(shapely.multipoints(flat), extend_to=beyond, ordered=True)
    return shapely.get_parts(cells)


def _say_coarseness(flat: NDArray[Any], outside: int, name: str, notes: list[str]) -> None:
    beyond = f" ({outside:,} of them outside the units)" if outside else ""
    if len(flat) == 1:
        notes.append(f"{name}: one place{beyond}; all ground is given to it")
        return
    pairs, metres = shapely.STRtree(flat).query_nearest(
        flat, exclusive=True, return_distance=True, all_matches=False
    )
    del pairs
    middle, most = np.quantile(metres / 1000, [0.5, 0.95])
    notes.append(
        f"{name}: ground is given to the nearest of {len(flat):,} places{beyond}, which lie "
        f"{middle:.1f} km apart (median; 95 % within {most:.1f} km): a line between them is no "
        "finer than that"
    )
