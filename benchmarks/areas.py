"""Area of all snapshots, against pyproj one geometry at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import shapely
from inputs import Inputs
from measure import Row, interleaved, said, times
from numpy.typing import NDArray

from lineplan import geodesy

OWN_BOUND = 1e-10
PYPROJ_BOUND = 1e-7
GEOD = pyproj.Geod(ellps="WGS84")
SEMI_MAJOR_M, FLATTENING = 6378137.0, 1 / 298.257223563
E2 = FLATTENING * (2 - FLATTENING)
E = np.sqrt(E2)


def rows(inputs: Inputs, runs: int, limit: int | None, sample: int) -> list[Row]:
    snapshots, name = inputs.snapshots(limit)
    seconds = interleaved(
        {"ours": lambda: geodesy.area_m2(snapshots), "pyproj": lambda: per_geometry(snapshots)},
        runs,
    )
    ours = geodesy.area_m2(snapshots)
    by_quadrature = np.array([by_definition(geometry) for geometry in snapshots])
    own = float(np.abs(ours / by_quadrature - 1).max())
    at = np.linspace(0, len(snapshots) - 1, sample).astype(int)
    fine = shapely.orient_polygons(shapely.segmentize(snapshots[at], 0.01))
    oracle = float(np.abs(ours[at] / per_geometry(fine) - 1).max())
    vertices = int(shapely.get_num_coordinates(snapshots).sum())
    return [
        Row(
            f"area of {name} ({vertices:,} vertices)",
            said(seconds["ours"]),
            f"pyproj.Geod per geometry {said(seconds['pyproj'])}",
            times(seconds["ours"], seconds["pyproj"]),
            "≥ 15x",
            seconds["pyproj"] >= 15 * seconds["ours"],
            f"{own:.1e} from 12-point Gauss-Legendre (bound {OWN_BOUND:.0e}); {oracle:.1e} from "
            f"pyproj on edges cut to 0.01°, {sample} days (bound {PYPROJ_BOUND:.0e})",
            own <= OWN_BOUND and oracle <= PYPROJ_BOUND,
        )
    ]


def per_geometry(geometries: NDArray[Any]) -> NDArray[np.float64]:
    return np.array([abs(GEOD.geometry_area_perimeter(g)[0]) for g in geometries])


def by_definition(geometry: shapely.Geometry) -> float:
    """The integral of Snyder (1987), eq. 3-11 and 3-12, ring by ring, without lineplan."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    total = 0.0
    for polygon in shapely.get_parts(geometry):
        for number, ring in enumerate((polygon.exterior, *polygon.interiors)):
            lon, lat = np.radians(np.asarray(ring.coords)[:, :2]).T
            sin_lat = np.sin(np.outer((nodes + 1) / 2, np.diff(lat)) + lat[:-1])
            q = (1 - E2) * (sin_lat / (1 - E2 * sin_lat**2) + np.arctanh(E * sin_lat) / E)
            area = SEMI_MAJOR_M**2 / 2 * abs(np.sum(np.diff(lon) * (weights / 2 @ q)))
            total += -area if number else area
    return total
