"""The line of contact: edges between faces of different holders."""

from __future__ import annotations

from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.partition.noding import Ground
from lineplan.partition.snapping import Float, Int


class _Contact(NamedTuple):
    """Edges between faces of different holders, the first holder in the alphabet on the left."""

    start: Float
    end: Float
    first: Int
    second: Int
    between: NDArray[Any]

    @classmethod
    def of(cls, ground: Ground) -> _Contact:
        edges = ground.edges
        holders, holder = np.unique(ground.holder.astype(str), return_inverse=True)
        at = np.flatnonzero((edges.right >= 0) & (holder[edges.left] != holder[edges.right]))
        left, right = edges.left[at], edges.right[at]
        # Turned so that lines keep a side.
        turn = holder[left] > holder[right]
        start = np.where(turn[:, None], edges.end[at], edges.start[at])
        end = np.where(turn[:, None], edges.start[at], edges.end[at])
        first, second = np.where(turn, right, left), np.where(turn, left, right)
        between = np.char.add(np.char.add(holders[holder[first]], "/"), holders[holder[second]])
        return cls(start, end, first, second, between)


def line_of_contact(ground: Ground) -> gpd.GeoDataFrame:
    """Edges between faces of different holders, merged, longest first."""
    start, end, _, _, between = _Contact.of(ground)
    lines: list[shapely.Geometry] = []
    sides: list[str] = []
    for pair in np.unique(between):
        chosen = between == pair
        edges_of_pair = shapely.linestrings(np.stack([start[chosen], end[chosen]], axis=1))
        merged = shapely.line_merge(shapely.multilinestrings(edges_of_pair), directed=True)
        parts = shapely.get_parts(merged)
        lines.extend(parts)
        sides.extend([str(pair)] * len(parts))
    kind = np.where([line.is_closed for line in lines], "enclave", "line").astype(object)
    frame = gpd.GeoDataFrame(
        {
            "between": pd.Series(sides, dtype=object),
            "kind": kind,
            "length_km": geodesy.length_m(lines) / 1000 if lines else np.array([]),
            "vertices": shapely.get_num_coordinates(lines) if lines else np.array([], dtype=int),
        },
        geometry=lines,
        crs="EPSG:4326",
    ).sort_values("length_km", ascending=False, ignore_index=True)
    frame.insert(0, "line_id", [f"L{i + 1}" for i in range(len(frame))])
    return frame


def line_by_unit(ground: Ground, line: gpd.GeoDataFrame) -> pd.DataFrame:
    """Length of the line by unit, holders and kind."""
    start, end, first, second, between = _Contact.of(ground)
    length_km = geodesy.segment_length_m(start, end) / 1000
    kind = _kind_of(start, end, line.geometry.tolist(), line["kind"].to_numpy())
    unit = ground.unit_id
    table = pd.DataFrame(
        {
            "unit_id": np.r_[unit[first], unit[second]],
            "between": np.tile(between, 2),
            "kind": np.tile(kind, 2),
            "length_km": np.tile(length_km / 2, 2),
            "edges": 0.5,
        }
    )
    table = table.groupby(["unit_id", "between", "kind"], as_index=False).sum()
    table["vertex_spacing_km"] = table["length_km"] / table.pop("edges")
    return table


def _kind_of(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    lines: list[shapely.Geometry],
    kind: NDArray[Any],
) -> NDArray[Any]:
    """The kind of line that each edge is part of."""
    if not lines:
        return np.array([], dtype=object)
    xy, line_of = shapely.get_coordinates(lines, return_index=True)
    inside = line_of[1:] == line_of[:-1]
    ways = np.r_[np.c_[xy[:-1], xy[1:]][inside], np.c_[start, end]]
    _, number = np.unique(ways, axis=0, return_inverse=True)
    count = int(inside.sum())
    of_way = np.empty(number.max() + 1, dtype=object)
    of_way[number[:count]] = kind[line_of[:-1][inside]]
    return of_way[number[count:]]
