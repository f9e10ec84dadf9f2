"""Figures by any other polygons (districts, communities, cells of a grid): zones cut by them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.errors import GeometryError, PartitionError, UsageError
from lineplan.features import read_features
from lineplan.partition.noding import GRID_DEG, SLIVER_WIDTH_M

OUTSIDE = "outside"
"""`report_id` of ground that lies in no polygon of a report."""
NOISE_KM2 = 1e-6
"""Pieces below this are what the grid of the noding makes of one edge drawn twice, not ground."""
_PROPORTIONAL = ("area_sq_mi", "share_of_unit")
# Noding moves an edge by up to one step of the grid, which is less than this on the ground.
_GRID_M = 1.2e-4


@dataclass(frozen=True, eq=False)
class ReportAreas:
    """Polygons that figures are asked for by.

    Attributes
    ----------
    frame : GeoDataFrame
        `report_id`, `report_name` (where the file has a column ``name``) and `geometry`
        (EPSG:4326), in the order of the file, none overlapping another.
    name, sha256, id_column : str
        The file, without its folder, and the column with the ids.
    notes : tuple of str
        What was repaired, dropped, merged or settled.
    """

    frame: gpd.GeoDataFrame
    name: str
    sha256: str
    id_column: str
    notes: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """`report_id`, and `report_name` where there is one."""
        return [c for c in self.frame.columns if c != "geometry"]

    @property
    def papers(self) -> dict[str, str]:
        """What the polygons are, for the conditions of a figure."""
        return {
            "report_source": self.name,
            "report_sha256": self.sha256,
            "report_id_column": self.id_column,
        }

    def rows_of(self, positions: NDArray[np.int64]) -> pd.DataFrame:
        """`columns` at positions of the frame; -1 is ground or a point outside all of them."""
        rows = pd.DataFrame(self.frame[self.columns]).reindex(positions).reset_index(drop=True)
        rows.loc[positions < 0, self.columns] = ""
        rows.loc[positions < 0, "report_id"] = OUTSIDE
        return rows


def read_report(path: str | Path, id_column: str | None) -> ReportAreas:
    """Read polygons to report figures by, of any format and coordinate reference system.

    Parameters
    ----------
    path : str or Path
        A vector file (``FILE:LAYER`` for one of several layers).
    id_column : str
        Column that tells the polygons apart. Features of one id are merged.

    Returns
    -------
    ReportAreas

    Raises
    ------
    UsageError
        There is no such column, or none is named; the columns are listed.
    GeometryError
        The file cannot be read, a feature has no id, or polygons overlap by more than slivers.
    """
    features = read_features(path, kind="polygon")
    frame, name = features.frame, features.name
    columns = [str(c) for c in frame.columns if c != "geometry"]
    if id_column not in columns:
        problem = "name the column of ids (--report-id)"
        if id_column is not None:
            problem = f"has no column {id_column!r}"
        raise UsageError(f"{name}: {problem}; its columns are {', '.join(columns) or 'none'}")
    ids = [_text(value) for value in frame[id_column]]
    if without := [n for n, report_id in enumerate(ids) if not report_id]:
        raise GeometryError(
            f"{name}: {len(without)} feature(s) have nothing in column {id_column!r}, the first "
            f"near {_place(frame.geometry.iloc[without[0]])}; fill it in or remove them"
        )
    if OUTSIDE in ids:
        raise GeometryError(f"{name}: the id {OUTSIDE!r} means ground in no polygon; rename it")
    named = next((c for c in columns if c.casefold() == "name" and c != id_column), None)
    kept = gpd.GeoDataFrame({"report_id": ids}, geometry=frame.geometry.to_numpy(), crs=frame.crs)
    if named is not None:
        kept.insert(1, "report_name", [_text(value) for value in frame[named]])
    merged = kept.dissolve("report_id", as_index=False, sort=False, grid_size=GRID_DEG)
    merged = merged[kept.columns]
    notes = list(features.notes)
    if len(merged) < len(kept):
        notes.append(f"{name}: {len(kept)} features merged into {len(merged)} by {id_column}")
    merged = _settled(merged, name, notes)
    return ReportAreas(merged, name, features.sha256, id_column, tuple(notes))


def split_by(zones: gpd.GeoDataFrame, report: ReportAreas) -> gpd.GeoDataFrame:
    """Zones cut by the polygons of a report.

    Parameters
    ----------
    zones : GeoDataFrame
        `area_km2`, `geometry` (EPSG:4326) and any other columns.
    report : ReportAreas

    Returns
    -------
    GeoDataFrame
        One row for each zone and polygon that share ground, and one with `report_id`
        ``outside`` for the ground of each zone that lies in no polygon: `report_id`,
        `report_name` where there is one, and the columns of `zones`, with the area of the piece.
        The pieces of a zone add up to it.

    Raises
    ------
    GeometryError
        No polygon shares ground with any zone.
    PartitionError
        Pieces do not add up to a zone.
    """
    shapes, whole_km2 = zones.geometry.to_numpy(), zones["area_km2"].to_numpy()
    areas = report.frame.geometry.to_numpy()
    zone, area = shapely.STRtree(areas).query(shapes, predicate="intersects")
    order = np.lexsort((area, zone))
    zone, area = zone[order], area[order]
    pieces = _polygons(shapely.intersection(shapes[zone], areas[area], grid_size=GRID_DEG))
    if len(zones) and not (geodesy.area_m2(pieces) > NOISE_KM2 * 1e6).any():
        raise GeometryError(
            f"{report.name}: none of its polygons ({_bounds(report.frame)}) share ground with the "
            f"zones ({_bounds(zones)})"
        )
    at = [np.flatnonzero(zone == number) for number in range(len(zones))]
    covered = [shapely.union_all(areas[area[here]], grid_size=GRID_DEG) for here in at]
    rest = _polygons(
        shapely.difference(shapes, np.array(covered, dtype=object), grid_size=GRID_DEG)
    )
    pieces = np.concatenate([pieces, rest])
    zone = np.concatenate([zone, np.arange(len(zones))])
    area = np.concatenate([area, np.full(len(zones), -1)])
    km2 = geodesy.area_m2(pieces) / 1e6
    kept = (km2 > NOISE_KM2) | (whole_km2[zone] <= NOISE_KM2)
    pieces, zone, area, km2 = pieces[kept], zone[kept], area[kept], km2[kept]
    _balance(zones, zone, area, km2)
    order = np.argsort(zone, kind="stable")
    rows = pd.DataFrame(zones.drop(columns="geometry").iloc[zone[order]]).reset_index(drop=True)
    share = km2[order] / np.where(rows["area_km2"] > 0, rows["area_km2"], 1)
    rows["area_km2"] = km2[order]
    for column in rows.columns.intersection(_PROPORTIONAL):
        rows[column] *= share
    frame = pd.concat([report.rows_of(area[order]), rows], axis=1)
    return gpd.GeoDataFrame(frame, geometry=pieces[order], crs=zones.crs)


def report_at(report: ReportAreas, lon: Any, lat: Any) -> pd.DataFrame:
    """Polygon of a report that points lie in.

    Parameters
    ----------
    report : ReportAreas
    lon, lat : array-like of float, shape (n,)
        Degrees.

    Returns
    -------
    DataFrame
        `report_id` (``outside`` for none; of two whose border a point lies on, the first) and
        `report_name` where there is one.
    """
    points = shapely.points(np.asarray(lon, dtype=float), np.asarray(lat, dtype=float))
    found = np.full(len(points), -1)
    polygon, point = shapely.STRtree(points).query(
        report.frame.geometry.to_numpy(), predicate="intersects"
    )
    found[point[::-1]] = polygon[::-1]
    return report.rows_of(found)


def _balance(
    zones: gpd.GeoDataFrame,
    zone: NDArray[np.int64],
    area: NDArray[np.int64],
    km2: NDArray[np.float64],
) -> None:
    """Make the pieces of each zone add up to it, in place: by what lies outside, or the largest."""
    whole_km2 = zones["area_km2"].to_numpy()
    left = whole_km2 - np.bincount(zone, weights=km2, minlength=len(zones))
    edge_m = geodesy.length_m(shapely.boundary(zones.geometry.to_numpy()))
    allowed = 1e-9 * whole_km2 + edge_m * _GRID_M / 1e6 + 100 * NOISE_KM2
    if (np.abs(left) > allowed).any():
        worst = int(np.argmax(np.abs(left) - allowed))
        raise PartitionError(
            f"pieces of the zone near {_place(zones.geometry.iloc[worst])} differ from it by "
            f"{abs(left[worst]) * 1e6:,.1f} m²"
        )
    for number in np.flatnonzero(left):
        here = np.flatnonzero(zone == number)
        outside = here[area[here] < 0]
        km2[outside[0] if len(outside) else here[km2[here].argmax()]] += left[number]


def _settled(frame: gpd.GeoDataFrame, name: str, notes: list[str]) -> gpd.GeoDataFrame:
    """Polygons without overlaps: slivers go to the first, anything wider is refused."""
    shapes = frame.geometry.to_numpy().copy()
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    later = one < other
    first, second = one[later], other[later]
    both = _polygons(shapely.intersection(shapes[first], shapes[second], grid_size=GRID_DEG))
    slivers_m2, pairs = 0.0, 0
    order = np.lexsort((first, second))
    for a, b, overlap in zip(first[order], second[order], both[order], strict=True):
        parts = shapely.get_parts(overlap)
        area_m2 = geodesy.area_m2(parts)
        if area_m2.sum() <= 0:
            continue
        width_m = 2 * area_m2 / geodesy.length_m(shapely.boundary(parts))
        if width_m.max() > SLIVER_WIDTH_M:
            ids = frame["report_id"]
            raise GeometryError(
                f"{name}: {ids.iloc[a]} and {ids.iloc[b]} overlap by "
                f"{area_m2.sum() / 1e6:,.3f} km² near {_place(parts[int(width_m.argmax())])}; "
                "figures by them would count that ground twice"
            )
        shapes[b] = _polygons(shapely.difference(shapes[b : b + 1], overlap, grid_size=GRID_DEG))[0]
        slivers_m2, pairs = slivers_m2 + float(area_m2.sum()), pairs + 1
    if pairs:
        notes.append(
            f"{name}: {pairs} pair(s) of polygons overlap by slivers less than "
            f"{SLIVER_WIDTH_M:.0f} m wide, {slivers_m2:,.0f} m² in all; counted with the first"
        )
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs))


def _polygons(geometries: NDArray[Any]) -> NDArray[Any]:
    """Of each geometry, what of it is ground."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    ground = shapely.get_dimensions(parts) == 2
    parts, owner = parts[ground], owner[ground]
    found = np.full(len(geometries), shapely.MultiPolygon(), dtype=object)
    for number in np.unique(owner):
        mine = parts[owner == number]
        found[number] = mine[0] if len(mine) == 1 else shapely.multipolygons(mine)
    return found


def _text(value: Any) -> str:
    """An id or a name as text: 7.0, as files with empty cells have it, is 7."""
    if pd.isna(value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _place(geometry: shapely.Geometry) -> str:
    inside = shapely.point_on_surface(geometry)
    return f"{inside.x:.4f}, {inside.y:.4f}"


def _bounds(frame: gpd.GeoDataFrame) -> str:
    west, south, east, north = frame.total_bounds
    return f"{west:.2f}, {south:.2f} to {east:.2f}, {north:.2f}"
