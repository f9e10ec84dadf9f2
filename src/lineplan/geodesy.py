"""Area, length and distance on the WGS 84 ellipsoid. The only module that knows the ellipsoid.

An edge of a polygon is taken as straight in longitude and latitude, as RFC 7946 (section 3.1.1)
defines a GeoJSON edge. Areas are then additive: cutting a polygon in two does not change the sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer

Float = NDArray[np.float64]

SEMI_MAJOR_AXIS_M = 6378137.0
FLATTENING = 1 / 298.257223563
SQUARE_MILE_KM2 = 1.609344**2
"""Square kilometres in one international square mile."""

_E2 = FLATTENING * (2 - FLATTENING)
_E = _E2**0.5
_GEOD = Geod(ellps="WGS84")
# Three points are exact to 4e-15 on the edges that maps have; an edge that spans more latitude
# than this is integrated with ten.
_LONG_EDGE_RAD = np.radians(0.5)


def _authalic_q(sin_lat: Float) -> Float:
    """Snyder (1987), Map Projections, eq. 3-12."""
    return (1 - _E2) * (sin_lat / (1 - _E2 * sin_lat**2) + np.arctanh(_E * sin_lat) / _E)


@cache
def _gauss_legendre(order: int) -> tuple[Float, Float]:
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return (nodes + 1) / 2, weights / 2


def _integrate_q(lat0: Float, lat1: Float, order: int) -> Float:
    """Mean of q along edges on which latitude runs evenly from `lat0` to `lat1` (radians)."""
    mean = np.zeros_like(lat0)
    for node, weight in zip(*_gauss_legendre(order), strict=True):
        mean += weight * _authalic_q(np.sin(lat0 + node * (lat1 - lat0)))
    return mean


def area_m2(geometries: Any) -> Float:
    """Area of polygons on the ellipsoid, edges straight in longitude and latitude.

    The area between an edge and the equator is ``a**2 / 2`` times the integral of the authalic
    function ``q`` over longitude (Snyder 1987, *Map Projections: A Working Manual*, USGS
    Professional Paper 1395, eq. 3-11 and 3-12), here by Gauss-Legendre quadrature. The winding of
    rings does not matter: shells count positive and holes negative.

    Parameters
    ----------
    geometries : array-like of shapely geometries, shape (n,)
        Polygons and MultiPolygons in degrees (EPSG:4326, longitude first). Other geometries and
        None have no area.

    Returns
    -------
    ndarray of float, shape (n,)
        Square metres.
    """
    geometries = np.atleast_1d(np.asarray(geometries, dtype=object))
    parts, part_of = shapely.get_parts(geometries, return_index=True)
    polygonal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts, part_of = parts[polygonal], part_of[polygonal]
    rings, polygon_of = shapely.get_rings(parts, return_index=True)
    if not len(rings):
        return np.zeros(len(geometries))
    degrees, ring_of = shapely.get_coordinates(rings, return_index=True)
    lon, lat = np.radians(degrees).T
    inside = ring_of[1:] == ring_of[:-1]
    lat0, lat1 = lat[:-1][inside], lat[1:][inside]
    mean_q = _integrate_q(lat0, lat1, 3)
    long = np.abs(lat1 - lat0) > _LONG_EDGE_RAD
    if long.any():
        mean_q[long] = _integrate_q(lat0[long], lat1[long], 10)
    # Longitude returns to its start, so a constant can be taken off q: what is left are small
    # numbers, and a small polygon keeps its digits.
    starts = np.flatnonzero(np.r_[True, ring_of[1:] != ring_of[:-1]])
    base = _authalic_q(np.sin(lat[starts]))[ring_of[:-1][inside]]
    edge = (lon[1:] - lon[:-1])[inside] * (mean_q - base)
    per_ring = np.abs(np.bincount(ring_of[:-1][inside], weights=edge, minlength=len(rings)))
    is_hole = np.r_[False, polygon_of[1:] == polygon_of[:-1]]
    per_ring[is_hole] *= -1
    total = np.bincount(part_of[polygon_of], weights=per_ring, minlength=len(geometries))
    return np.asarray(SEMI_MAJOR_AXIS_M**2 / 2 * total, dtype=np.float64)


def length_m(lines: Any) -> Float:
    """Length of lines on the ellipsoid, geodesic from vertex to vertex.

    Parameters
    ----------
    lines : array-like of shapely geometries, shape (n,)
        Lines in degrees (EPSG:4326, longitude first).

    Returns
    -------
    ndarray of float, shape (n,)
        Metres.
    """
    lines = np.atleast_1d(np.asarray(lines, dtype=object))
    parts, part_of = shapely.get_parts(lines, return_index=True)
    degrees, line_of = shapely.get_coordinates(parts, return_index=True)
    if len(degrees) < 2:
        return np.zeros(len(lines))
    inside = line_of[1:] == line_of[:-1]
    start, end = degrees[:-1][inside], degrees[1:][inside]
    edge = segment_length_m(start, end)
    total = np.bincount(part_of[line_of[:-1][inside]], weights=edge, minlength=len(lines))
    return total.astype(np.float64)


def segment_length_m(start: Float, end: Float) -> Float:
    """Geodesic length of segments.

    Parameters
    ----------
    start, end : ndarray of float, shape (n, 2)
        Longitude and latitude in degrees.

    Returns
    -------
    ndarray of float, shape (n,)
        Metres.
    """
    *_, distance = _GEOD.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    return np.asarray(distance)


def distance_km(lon: Float, lat: Float, target: shapely.Geometry) -> Float:
    """Distance from points to the nearest place of a geometry.

    Each point is the centre of its own azimuthal equidistant view of the target, in which the
    distance from the centre is the distance on the ellipsoid (Snyder 1987, chapter 25); the
    target's edges are first cut to 0.02 degree so that they stay straight in longitude and
    latitude.

    Parameters
    ----------
    lon, lat : ndarray of float, shape (n,)
        Degrees.
    target : shapely geometry
        In degrees (EPSG:4326). A polygon is at distance 0 from the points inside it.

    Returns
    -------
    ndarray of float, shape (n,)
        Kilometres; NaN where the target is empty.
    """
    lon, lat = np.atleast_1d(lon).astype(float), np.atleast_1d(lat).astype(float)
    if target.is_empty:
        return np.full(len(lon), np.nan)
    pieces = shapely.get_parts(shapely.segmentize(target, 0.02))
    if shapely.get_dimensions(target) == 1:
        pieces = _segments(pieces)
    tree = shapely.STRtree(pieces)
    out = np.empty(len(lon))
    for i, (x, y) in enumerate(zip(lon, lat, strict=True)):
        point = shapely.Point(x, y)
        # In degrees a place can be up to 1/cos(latitude) times nearer or farther than it looks.
        reach = shapely.distance(point, pieces[tree.nearest(point)]) / np.cos(np.radians(y)) * 1.05
        near = tree.query(point.buffer(max(reach, 1e-6)))
        local = shapely.transform(
            pieces[near], lambda xy, x=x, y=y: _equidistant(x, y, xy), include_z=False
        )
        out[i] = shapely.distance(shapely.Point(0, 0), local).min() / 1000
    return out


def _segments(lines: Sequence[shapely.Geometry] | NDArray[Any]) -> NDArray[Any]:
    degrees, line_of = shapely.get_coordinates(lines, return_index=True)
    inside = line_of[1:] == line_of[:-1]
    return shapely.linestrings(np.stack([degrees[:-1][inside], degrees[1:][inside]], axis=1))


def _equidistant(lon: float, lat: float, degrees: Float) -> Float:
    count = len(degrees)
    azimuth, _, distance = _GEOD.inv(
        np.full(count, lon), np.full(count, lat), degrees[:, 0], degrees[:, 1]
    )
    angle = np.radians(azimuth)
    return np.column_stack([np.sin(angle) * distance, np.cos(angle) * distance])


def to_plane(geometries: Any, bounds: tuple[float, float, float, float]) -> NDArray[Any]:
    """Geometries in metres on an equal-area plane centred on `bounds`.

    One Lambert azimuthal equal-area plane for a whole country: 400 km from its centre lengths are
    off by 0.1 %, areas not at all (Snyder 1987, chapter 24).

    Parameters
    ----------
    geometries : array-like of shapely geometries
        In degrees (EPSG:4326).
    bounds : tuple of float
        West, south, east and north of the whole, in degrees; the plane is centred on their middle.

    Returns
    -------
    ndarray of shapely geometries
        In metres.
    """
    west, south, east, north = bounds
    transformer = _plane(round((west + east) / 2, 3), round((south + north) / 2, 3))
    return shapely.transform(
        np.asarray(geometries, dtype=object), transformer.transform, interleaved=False
    )


@cache
def _plane(lon: float, lat: float) -> Transformer:
    plane = CRS.from_proj4(f"+proj=laea +lon_0={lon} +lat_0={lat} +datum=WGS84 +units=m")
    return Transformer.from_crs("OGC:CRS84", plane, always_xy=True)
