"""Settlement tables: a row for a place and a day, with the party that holds it.

The state of a day is the latest row of every place on or before it. Rows are of one place where
they lie at the same position, or where a column names the same place (see `_place_of`). Ground is
given to the nearest place (Voronoi cells, on an equal-area plane), clipped to the units.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.control.content import Content
from lineplan.control.rules import classify
from lineplan.control.sourcefile import HeldClass, SourceFile
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
_IDS = {"geonameid", "geonames_id", "place_id"}
"""Columns that number places: what they name may move any distance."""
_SAME_NAME_KM = 2.0
"""Places of one name that lie no farther apart may be one; farther ones are namesakes."""
_KM_PER_DEGREE = 111.2
_CLASSES = (*get_args(HeldClass), "liberated")
"""Classes of control, the more of a claim the earlier."""
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
    table = Settlements(content, how, dataset)
    name = content.path.name
    if table.days:
        return table.draw(choose_day(list(table.days), as_of, name))
    named = date_in_name(Path(name), how.date_in_name)
    return table.draw(choose_day([named] if named else [], as_of, name, is_one_day=True))


def is_dated(content: Content, how: SourceFile) -> bool:
    """Whether a column says which day each row is of."""
    return "date" in _columns(content, how)


class Settlements:
    """A settlement table, read once for all of its days.

    Attributes
    ----------
    days : tuple of datetime.date
        Days of which there is a row, ascending; none where no column states days.
    notes : tuple of str
        Rows that were left out, of whatever day.
    """

    def __init__(self, content: Content, how: SourceFile, dataset: Dataset) -> None:
        name = content.path.name
        notes: list[str] = []
        columns = _columns(content, how)
        if "holder" not in columns:
            raise ControlError(
                f"{name}: which column says who holds a place? name it with --holder "
                f"({', '.join(content.columns)})"
            )
        looked_at = {columns["holder"], *(rule.column for rule in how.rules)}
        looked_at &= {*content.columns}
        table = _positioned(content, columns, looked_at, dataset, notes)
        if not len(table):
            raise ControlError(f"{name}: has no row with a place that is known")
        self._how, self._dataset, self._name = how, dataset, name
        self._holder = columns["holder"]
        self.days, on = _days(table, columns, name)
        at = table.groupby(["lon", "lat"], sort=True)
        self._points = at.size().index.to_frame(index=False)
        point = at.ngroup().to_numpy()
        place = _place_of(table, columns.get("place"), self._points, point, on, name, notes)[point]
        self.notes = tuple(notes)
        # Few different things are said in many rows: each is kept once.
        alike = table.groupby(sorted(looked_at), sort=False, dropna=False)
        said = alike.ngroup().to_numpy()
        self._said = table.loc[~pd.Series(said, index=table.index).duplicated(), sorted(looked_at)]
        # A claim is what is said of a place on a day, in one row or several.
        order = np.lexsort((place, on))
        place, on, self._said_in = place[order], on[order], said[order].astype(np.int32)
        starts = np.flatnonzero(np.r_[True, (np.diff(on) != 0) | (np.diff(place) != 0)])
        self._rows = np.r_[starts, len(order)]
        self._place = place[starts].astype(np.int32)
        self._point = point[order][starts].astype(np.int32)
        self._of_day = np.searchsorted(on[starts], np.arange(max(1, len(self.days)) + 1))
        self._cells_of: tuple[bytes, NDArray[Any], str] | None = None

    def draw(self, day: date | None) -> Drawn:
        """What is held on one of the days, or on the only one where none is stated."""
        claims = next(now for known, now in self._states() if not self.days or known == day)
        where = np.flatnonzero(claims >= 0)
        rows, count = self._rows_of(claims[where])
        said = self._said.iloc[self._said_in[rows]].reset_index(drop=True)
        notes = list(self.notes)
        meaning = classify(said, self._how, self._dataset, self._holder, self._name, notes)
        points = self._point[claims[where]]
        places = self._points.iloc[points].reset_index(drop=True)
        meaning = _one_a_place(
            meaning, np.repeat(np.arange(len(where)), count), places, self._name, notes
        )
        cells, coarseness = self._cells(points, places)
        notes.append(coarseness)
        return Drawn(self._grounds_of(meaning, cells), day, tuple(notes))

    @cached_property
    def grounds(self) -> dict[date, str]:
        """For each day what tells its ground and holders from those of others."""
        meaning = classify(self._said, self._how, self._dataset, self._holder, self._name, [])
        means = meaning.groupby(["held_by", "control_class"]).ngroup().to_numpy()
        found = {}
        for day, claims in self._states():
            where = np.flatnonzero(claims >= 0)
            rows, count = self._rows_of(claims[where])
            points = self._point[claims[where]]
            digest = hashlib.sha256(np.repeat(points, count).tobytes())
            digest.update(means[self._said_in[rows]].tobytes())
            found[day] = digest.hexdigest()
        return found

    def _states(self) -> Iterator[tuple[date, NDArray[Any]]]:
        """Day by day the latest claim of each place, -1 where there is none yet."""
        latest = np.full(len(self._points), -1)
        for day, (start, end) in zip(self.days or [date.min], pairwise(self._of_day), strict=True):
            latest[self._place[start:end]] = np.arange(start, end)
            yield day, latest

    def _rows_of(self, claims: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """The rows of some claims, one claim after the other, and how many each has."""
        starts, count = self._rows[claims], np.diff(self._rows)[claims]
        before = np.cumsum(count) - count
        return np.repeat(starts - before, count) + np.arange(count.sum()), count

    def _cells(self, points_of: NDArray[Any], places: pd.DataFrame) -> tuple[NDArray[Any], str]:
        """Cells of the places on the plane, and how coarse they are; once for the same places."""
        if self._cells_of is None or self._cells_of[0] != points_of.tobytes():
            points = shapely.points(places["lon"], places["lat"])
            inside = shapely.contains(self._units, points)
            if not inside.any():
                west, south, east, north = shapely.total_bounds(points)
                raise ControlError(
                    f"{self._name}: none of its places ({west:.2f}, {south:.2f} to {east:.2f}, "
                    f"{north:.2f}) lies in the units; are longitude and latitude swapped?"
                )
            flat = geodesy.to_plane(points, self._units.bounds)
            said = _coarseness(flat, int((~inside).sum()), self._name)
            cells = _voronoi(flat, geodesy.to_plane([self._units], self._units.bounds)[0])
            self._cells_of = points_of.tobytes(), cells, said
        return self._cells_of[1:]

    @cached_property
    def _units(self) -> shapely.Geometry:
        units = self._dataset.units().geometry.to_numpy()
        units = shapely.union_all(units, grid_size=_GRID_DEG)
        shapely.prepare(units)
        return units

    @cached_property
    def _clip(self) -> shapely.Geometry:
        # A little beyond coast and frontier: an edge along the units' own is noded with it twice,
        # and not always to the same place.
        return shapely.buffer(self._units, _BEYOND_DEG, quad_segs=2)

    def _grounds_of(self, meaning: pd.DataFrame, cells: NDArray[Any]) -> gpd.GeoDataFrame:
        """Ground nearest to the places of each holder, within the units."""
        rows = []
        for key, part in meaning.groupby(["held_by", "control_class"], sort=True):
            merged = shapely.coverage_union_all(cells[part.index])
            # Edges bend between plane and degrees; short ones do not matter.
            merged = shapely.segmentize(merged, _EDGE_KM * 1000)
            ground = geodesy.from_plane([merged], self._units.bounds)[0]
            ground = shapely.make_valid(ground)
            ground = shapely.intersection(ground, self._clip, grid_size=_GRID_DEG)
            rows.append({"held_by": key[0], "control_class": key[1], "geometry": ground})
        frame = gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326")
        return frame[~frame.geometry.is_empty].reset_index(drop=True)


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
    content: Content,
    columns: dict[str, str],
    looked_at: set[str],
    dataset: Dataset,
    notes: list[str],
) -> pd.DataFrame:
    """The rows with `lon` and `lat`, their own or those of the dataset's places."""
    name = content.path.name
    if content.form != "table":
        return _of_points(content.layer, notes)
    table = read_table(content.bytes, content.path, {*columns.values(), *looked_at})
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


def _days(
    table: pd.DataFrame, columns: dict[str, str], name: str
) -> tuple[tuple[date, ...], NDArray[Any]]:
    """The days there are, and of each row which of them it is of."""
    if "date" not in columns:
        return (), np.zeros(len(table), dtype=np.int32)
    # A table of years has few days and many rows.
    codes, values = pd.factorize(table[columns["date"]], use_na_sentinel=False)
    on = [day_of(value, columns["date"], name) for value in values]
    undated = np.isin(codes, [code for code, day in enumerate(on) if day is None])
    if undated.any():
        raise ControlError(
            f"{name}: {int(undated.sum())} row(s) have no {columns['date']}; which day are they of?"
        )
    days = sorted({day for day in on if day is not None})
    number = {day: at for at, day in enumerate(days)}
    return tuple(days), np.array([number[day] for day in on if day is not None])[codes]


def _place_of(
    table: pd.DataFrame,
    column: str | None,
    points: pd.DataFrame,
    point: NDArray[Any],
    on: NDArray[Any],
    name: str,
    notes: list[str],
) -> NDArray[Any]:
    """Which place each position is of: the number of the first of its positions.

    Positions are of one place where the same is written in the column of places, and no day has
    two of them. Names must lie within 2 km of each other too: namesakes are many. So a place whose
    coordinate is corrected stays one place, and lies where its latest row says.
    """
    place = np.arange(len(points))
    if column is None:
        return place
    codes, values = pd.factorize(table[column])
    # A table of years has many rows, and few values that stand at several positions.
    pairs = pd.unique(codes * len(points) + point)
    told, count = np.unique(pairs // len(points), return_counts=True)
    several = [n for n in told[count > 1] if n >= 0 and str(values[n]).strip()]
    said = pd.DataFrame({"value": codes, "point": point, "on": on})
    said = said[np.isin(codes, several)].drop_duplicates()
    most_km = np.inf if column.strip().casefold() in _IDS else _SAME_NAME_KM
    lonlat = points[["lon", "lat"]].to_numpy()
    moved: list[tuple[float, str]] = []
    for value, rows in said.groupby("value"):
        own = np.unique(rows["point"])
        for some in _near(own, lonlat, most_km):
            if len(some) < 2:
                continue
            if rows.loc[rows["point"].isin(some), "on"].duplicated().any():
                continue  # two of them on one day are two places
            # One of them may be a position of a place of another name as well.
            place[np.isin(place, place[some])] = place[some].min()
            moved.append((_km_apart(lonlat[some], lonlat[some[0]]).max(), str(values[value])))
    if moved:
        km, value = max(moved)
        notes.append(
            f"{name}: {len(moved):,} place(s) lie elsewhere in a later row, told by {column}, and "
            f"are drawn where the latest row says (at most {km:.2f} km, {value!r})"
        )
    return place


def _near(own: NDArray[Any], lonlat: NDArray[Any], most_km: float) -> list[NDArray[Any]]:
    """Positions in groups, within which one leads to the next by no more than a distance."""
    if most_km == np.inf:
        return [own]
    left, groups = own, []
    while len(left):
        group, rest = left[:1], left[1:]
        fresh = group
        while len(fresh) and len(rest):
            near = np.zeros(len(rest), dtype=bool)
            for at in fresh:
                near |= _km_apart(lonlat[rest], lonlat[at]) <= most_km
            fresh, rest = rest[near], rest[~near]
            group = np.r_[group, fresh]
        groups.append(np.sort(group))
        left = rest
    return groups


def _km_apart(some: NDArray[Any], one: NDArray[Any]) -> NDArray[Any]:
    """Kilometres between positions that are near each other, to a per cent."""
    east, north = (some - one).T * _KM_PER_DEGREE
    return np.hypot(east * np.cos(np.radians(one[1])), north)


def _one_a_place(
    meaning: pd.DataFrame,
    place: NDArray[Any],
    places: pd.DataFrame,
    name: str,
    notes: list[str],
) -> pd.DataFrame:
    """What is said of each place, in whichever order its rows of a day stand.

    Several holders make it contested; of several classes of one holder the one holds that claims
    least.
    """
    rank = {claimed: number for number, claimed in enumerate(_CLASSES, 1)}
    least = meaning.assign(place=place, rank=meaning["control_class"].map(rank).fillna(0))
    least = least.sort_values(["place", "rank", "control_class", "held_by"])
    at = least.groupby("place", sort=True)
    found = at[["held_by", "control_class"]].last()
    disputed = at["held_by"].nunique().gt(1).to_numpy(dtype=bool)
    if disputed.any():
        first = places[disputed].iloc[0]
        notes.append(
            f"{name}: {int(disputed.sum())} place(s) have several holders on one day and are read "
            f"as contested (such as {first['lon']:.3f}, {first['lat']:.3f})"
        )
        found.loc[disputed, "held_by"] = "contested"
        found.loc[disputed, "control_class"] = ""
    differ = at["control_class"].nunique().gt(1).to_numpy(dtype=bool) & ~disputed
    if differ.any():
        first = places[differ].iloc[0]
        notes.append(
            f"{name}: {int(differ.sum())} place(s) have several classes of control on one day and "
            f"are read as the one that claims least (such as {first['lon']:.3f}, "
            f"{first['lat']:.3f})"
        )
    return found


def _voronoi(flat: NDArray[Any], units: shapely.Geometry) -> NDArray[Any]:
    """Cells of points, in their order, over the whole of the units."""
    if len(flat) == 1:
        return np.array([shapely.envelope(shapely.buffer(units, _MARGIN_M))], dtype=object)
    # Long straight edges of units bulge on the plane, beyond the hull of their corners.
    beyond = shapely.buffer(shapely.envelope(units), _MARGIN_M)
    cells = shapely.voronoi_polygons(shapely.multipoints(flat), extend_to=beyond, ordered=True)
    return shapely.get_parts(cells)


def _coarseness(flat: NDArray[Any], outside: int, name: str) -> str:
    beyond = f" ({outside:,} of them outside the units)" if outside else ""
    if len(flat) == 1:
        return f"{name}: one place{beyond}; all ground is given to it"
    pairs, metres = shapely.STRtree(flat).query_nearest(
        flat, exclusive=True, return_distance=True, all_matches=False
    )
    del pairs
    middle, most = np.quantile(metres / 1000, [0.5, 0.95])
    return (
        f"{name}: ground is given to the nearest of {len(flat):,} places{beyond}, which lie "
        f"{middle:.1f} km apart (median; 95 % within {most:.1f} km): a line between them is no "
        "finer than that"
    )
