"""Points in zones, against geopandas.sjoin."""

from __future__ import annotations

import time

import geopandas as gpd
import numpy as np
import shapely
from measure import Row, interleaved, said, times
from numpy.typing import NDArray

import lineplan as lp
from lineplan.exposure import locate_points, rows_at


def rows(arrangement: lp.Arrangement, runs: int, count: int, located: int) -> list[Row]:
    lon, lat = _inside(arrangement, count)
    # Shapes of its own, so that neither side profits from what the other has prepared.
    shapes = shapely.from_wkb(shapely.to_wkb(arrangement.zones.geometry.to_numpy()))
    zones = gpd.GeoDataFrame({"zone": np.arange(len(shapes))}, geometry=shapes, crs="EPSG:4326")

    def join(predicate: str) -> gpd.GeoDataFrame:
        points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat, crs="EPSG:4326"))
        return gpd.sjoin(points, zones, how="left", predicate=predicate)

    seconds = interleaved(
        {
            "ours": lambda: rows_at(arrangement.zones, lon, lat, None),
            "intersects": lambda: join("intersects"),
            "within": lambda: join("within"),
        },
        runs,
    )
    zone, _ = rows_at(arrangement.zones, lon, lat, None)
    joined = join("intersects")["zone"].groupby(level=0).first().to_numpy()
    differing = int((zone != joined).sum())
    found = [
        Row(
            f"zone of {count:,} points inside the units",
            said(seconds["ours"]),
            f"geopandas.sjoin({predicate}) {said(seconds[predicate])}",
            times(seconds["ours"], seconds[predicate]),
            "≥ 5x" if predicate == "intersects" else "-",
            seconds[predicate] >= 5 * seconds["ours"] if predicate == "intersects" else None,
            f"{differing} points in another zone" + (" (bound 0)" * (predicate == "intersects")),
            differing == 0,
        )
        for predicate in ("intersects", "within")
    ]
    start = time.perf_counter()
    locate_points(arrangement, lon[:located], lat[:located])
    each = (time.perf_counter() - start) / located
    found.append(
        Row(
            f"locate_points, distance to the line included ({located:,} points)",
            f"{each * 1e6:,.0f} µs a point",
        )
    )
    return found


def _inside(
    arrangement: lp.Arrangement, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Random points inside the units, the same ones each time."""
    rng = np.random.default_rng(21)
    units = arrangement.units.geometry.to_numpy()
    west, south, east, north = arrangement.units.total_bounds
    xy = rng.uniform([west, south], [east, north], (count * 3, 2))
    hit = shapely.STRtree(shapely.points(xy)).query(units, predicate="contains")[1]
    xy = xy[np.unique(hit)][:count]
    return xy[:, 0].copy(), xy[:, 1].copy()
