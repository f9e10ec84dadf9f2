"""Area, length and distance on the WGS 84 ellipsoid. The only module that knows the ellipsoid.

An edge of a polygon is taken as straight in longitude and latitude, as RFC 7946 (section 3.1.1)
defines a GeoJSON edge. Areas are then additive: cutting a polygon in two does not change the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer

from lineplan.errors import GeometryError

Float = NDArray[np.float64]
Edges = Literal["lonlat", "geodesic"]
Side = Literal["both", "left", "right"]

SEMI_MAJOR_AXIS_M = 6378137.0
FLATTENING = 1 / 298.257223563
WIDEST_KM = 2_000.0
"""On the plane of a wider strip lengths are off by more than 0.5 %."""
SQUARE_MILE_KM2 = 1.609344**2
"""Square kilometres in one international square mile."""

_E2 = FLATTENING * (2 - FLATTENING)
_E = _E2**0.5
_GEOD = Geod(ellps="WGS84")
# A short edge is integrated by the even terms of Taylor's series about its middle, which are exact
# to 4e-15 on edges that span no more latitude than this; a longer one by quadrature.
_LONG_EDGE_RAD = np.radians(0.1)
# Vertices that are measured at a time: few enough for their arrays to stay in the cache.
_CHUNK = 15_000


def _authalic_q(sin_lat: Float) -> Float:
    """Snyder (1987), Map Projections, eq. 3-12."""
    return (1 - _E2) * (sin_lat / (1 - _E2 * sin_lat**2) + np.arctanh(_E * sin_lat) / _E)


def _second_derivative(odd: Float) -> Float:
    """Second derivative by latitude of a polynomial in odd powers of its sine."""
    power = 2 * np.arange(len(odd)) + 1
    raised = (power * (power - 1) * odd)[1:]
    return np.r_[raised, 0] - power**2 * odd


def _q_series(count: int) -> Float:
    """Coefficients of q by odd powers of sin(latitude): the series of eq. 3-12."""
    k = np.arange(count)
    return (1 - _E2) * (2 * k + 2) / (2 * k + 1) * _E2**k


_Q = _q_series(7)
_Q_2 = _second_derivative(_q_series(12))[:5] / 6
_Q_4 = _second_derivative(_second_derivative(_q_series(12)))[:3] / 120


def _at(odd: Float, sin_lat: Float, square: Float) -> Float:
    """Value of a polynomial in odd powers, by Horner's rule."""
    value = np.full_like(square, odd[-1])
    for coefficient in odd[-2::-1]:
        value *= square
        value += coefficient
    value *= sin_lat
    return value


def _mean_q(lat0: Float, lat1: Float) -> Float:
    """Mean of q along edges on which latitude runs evenly from `lat0` to `lat1` (radians)."""
    half_square = ((lat1 - lat0) / 2) ** 2
    sin_lat = np.sin((lat0 + lat1) / 2)
    square = sin_lat * sin_lat
    mean = _at(_Q_4, sin_lat, square)
    mean *= half_square
    mean += _at(_Q_2, sin_lat, square)
    mean *= half_square
    mean += _at(_Q, sin_lat, square)
    long = half_square > (_LONG_EDGE_RAD / 2) ** 2
    if long.any():
        mean[long] = _integrate_q(lat0[long], lat1[long], 10)
    return mean


@cache
def _gauss_legendre(order: int) -> tuple[Float, Float]:
    nodes, weights = np.polynomial.legendre.leggauss(order)
    return (nodes + 1) / 2, weights / 2


def _integrate_q(lat0: Float, lat1: Float, order: int) -> Float:
    """The same by Gauss-Legendre quadrature."""
    mean = np.zeros_like(lat0)
    for node, weight in zip(*_gauss_legendre(order), strict=True):
        mean += weight * _authalic_q(np.sin(lat0 + node * (lat1 - lat0)))
    return mean


def area_m2(geometries: Any, *, edges: Edges = "lonlat") -> Float:
    """Area of polygons on the ellipsoid.

    The area between an edge and the equator is ``a**2 / 2`` times the integral of the authalic
    function ``q`` over longitude (Snyder 1987, *Map Projections: A Working Manual*, USGS
    Professional Paper 1395, eq. 3-11 and 3-12), here by the series of ``q`` about the middle of
    each edge. The winding of rings does not matter: shells count positive and holes negative.

    Parameters
    ----------
    geometries : array-like of shapely geometries, shape (n,)
        Polygons, MultiPolygons and collections of these in degrees (EPSG:4326, longitude first).
        Other geometries and None have no area.
    edges : {"lonlat", "geodesic"}
        What an edge is between its vertices: straight in longitude and latitude, or the shortest
        path on the ellipsoid (Karney 2013, *Algorithms for geodesics*, through pyproj). On units
        of Ukraine the two differ by less than 100 ppm; only the first adds up when ground is cut.

    Returns
    -------
    ndarray of float, shape (n,)
        Square metres.
    """
    geometries = np.atleast_1d(np.asarray(geometries, dtype=object))
    chunk = np.cumsum(shapely.get_num_coordinates(geometries)) // _CHUNK
    chunks = np.split(geometries, np.flatnonzero(np.diff(chunk)) + 1)
    return np.concatenate([_area_of_chunk(part, edges) for part in chunks])


def _area_of_chunk(geometries: NDArray[Any], edges: Edges) -> Float:
    parts, part_of = shapely.get_parts(geometries, return_index=True)
    kind = shapely.get_type_id(parts)
    while (kind >= shapely.GeometryType.MULTIPOINT).any():  # collections may lie in collections
        parts, of = shapely.get_parts(parts, return_index=True)
        part_of, kind = part_of[of], shapely.get_type_id(parts)
    polygonal = kind == shapely.GeometryType.POLYGON
    parts, part_of = parts[polygonal], part_of[polygonal]
    rings, polygon_of = shapely.get_rings(parts, return_index=True)
    if not len(rings):
        return np.zeros(len(geometries))
    per_ring = _ring_area_m2(rings) if edges == "lonlat" else _geodesic_ring_area_m2(rings)
    is_hole = np.r_[False, polygon_of[1:] == polygon_of[:-1]]
    per_ring[is_hole] *= -1
    total = np.bincount(part_of[polygon_of], weights=per_ring, minlength=len(geometries))
    return total.astype(np.float64)


def _geodesic_ring_area_m2(rings: NDArray[Any]) -> Float:
    return np.array([abs(_GEOD.geometry_area_perimeter(shapely.Polygon(r))[0]) for r in rings])


def _ring_area_m2(rings: NDArray[Any]) -> Float:
    """Unsigned area of each ring, edges straight in longitude and latitude."""
    return np.abs(signed_ring_area_m2(rings))


def signed_ring_area_m2(rings: NDArray[Any]) -> Float:
    """Area that closed chains of edges wind round, edges straight in longitude and latitude.

    Parameters
    ----------
    rings : ndarray of shapely LinearRings
        In degrees (EPSG:4326); a ring may cross itself.

    Returns
    -------
    ndarray of float
        Square metres: positive for what a ring winds round counter-clockwise, negative for what it
        winds round clockwise.
    """
    degrees, ring_of = shapely.get_coordinates(rings, return_index=True)
    lon, lat = np.radians(degrees.T)
    leaps = np.flatnonzero(np.diff(ring_of))
    edge = _mean_q(lat[:-1], lat[1:])
    # Longitude returns to its start, so a constant can be taken off q: a small polygon is then a
    # sum of small numbers.
    edge -= _authalic_q(np.sin(lat[np.r_[0, leaps + 1]]))[ring_of[:-1]]
    edge *= np.diff(lon)
    edge[leaps] = 0  # from one ring to the next is no edge
    total = np.bincount(ring_of[:-1], weights=edge, minlength=len(rings))
    return np.asarray(-(SEMI_MAJOR_AXIS_M**2) / 2 * total, dtype=np.float64)


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
    return _azimuth_and_distance(start, end)[1]


def _azimuth_and_distance(start: Float, end: Float) -> tuple[Float, Float]:
    """Azimuth (degrees) and geodesic distance (metres) of each pair of places."""
    count = len(start)
    if count == 1:
        # pyproj takes an array of one for a number, which NumPy warned of until it refused it.
        start, end = np.repeat(start, 2, axis=0), np.repeat(end, 2, axis=0)
    azimuth, _, distance = _GEOD.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    return np.asarray(azimuth)[:count], np.asarray(distance)[:count]


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
    pieces = shapely.get_parts(target)
    # GEOS ends the process when it is to segmentize a collection with empty parts.
    pieces = shapely.segmentize(pieces[~shapely.is_empty(pieces)], 0.02)
    if shapely.get_dimensions(target) == 1:
        pieces = segments(pieces)
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


def segments(lines: Any) -> NDArray[Any]:
    """The edges of lines, one LineString each.

    Parameters
    ----------
    lines : shapely geometry, or array-like of them
        Lines.

    Returns
    -------
    ndarray of shapely geometries
    """
    degrees, line_of = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    inside = line_of[1:] == line_of[:-1]
    return shapely.linestrings(np.stack([degrees[:-1][inside], degrees[1:][inside]], axis=1))


def _equidistant(lon: float, lat: float, degrees: Float) -> Float:
    start = np.tile([lon, lat], (len(degrees), 1))
    azimuth, distance = _azimuth_and_distance(start, degrees)
    angle = np.radians(azimuth)
    return np.column_stack([np.sin(angle) * distance, np.cos(angle) * distance])


def strip(line: shapely.Geometry, width_km: float, *, side: Side = "both") -> shapely.Geometry:
    """Ground within a distance of a line.

    Every 200 km of the line are widened on a Lambert azimuthal equal-area plane of their own
    (Snyder 1987, chapter 24), on which lengths are off by less than 0.01 %.

    Parameters
    ----------
    line : shapely geometry
        LineString or MultiLineString in degrees (EPSG:4326); for ``left`` and ``right`` in the
        direction it is drawn. Other geometries have a strip too, on both sides.
    width_km : float
        Distance on each side.
    side : {"both", "left", "right"}
        One side ends squarely at the ends of the line and is made on one plane, which is exact to
        0.1 % of its width 400 km from its middle; both sides go round the ends.

    Returns
    -------
    shapely geometry
        Polygon or MultiPolygon in degrees, its edges short enough to be straight in longitude and
        latitude.

    Raises
    ------
    GeometryError
        The width is not a positive number or above `WIDEST_KM`, the strip reaches a pole or the
        antimeridian, the side is none, or one side was asked for of what is no line.
    """
    if not (np.isfinite(width_km) and width_km > 0):
        raise GeometryError(f"a strip {width_km} km wide has no ground; give a width above 0")
    if width_km > WIDEST_KM:
        raise GeometryError(f"a strip {width_km:g} km wide is more than {WIDEST_KM:,.0f} km")
    if side not in ("both", "left", "right"):
        raise GeometryError(f"side {side!r} is none; write both, left or right")
    _check_within_map(line, width_km)
    fine = shapely.segmentize(shapely.force_2d(line), 0.02)
    is_line = shapely.get_dimensions(line) == 1
    if side == "both":
        tiles = _tiles(fine) if is_line else [fine]
        ground = [_on_plane(tile, lambda flat: _round(flat, width_km)) for tile in tiles]
        # A grid, because the tiles' edges all but coincide where they overlap.
        return shapely.union_all(ground, grid_size=1e-9)
    if not is_line:
        raise GeometryError(f"a {line.geom_type} has no {side} side; give a line")
    return _on_plane(fine, lambda flat: _one_side(flat, width_km * 1000, side))


def _check_within_map(line: shapely.Geometry, width_km: float) -> None:
    """Refuse strips that reach a pole or the antimeridian, where polygons in degrees end."""
    if line.is_empty:
        return
    west, south, east, north = line.bounds
    reach = width_km / 110.5
    top = max(abs(south), abs(north)) + reach
    aside = reach / np.cos(np.radians(min(top, 89.0)))
    if top >= 89 or west - aside < -180 or east + aside > 180:
        raise GeometryError(
            f"a strip {width_km:g} km wide of what lies at {west:.2f}, {south:.2f} to {east:.2f}, "
            f"{north:.2f} reaches a pole or the antimeridian"
        )


def _tiles(lines: shapely.Geometry) -> list[shapely.Geometry]:
    """Lines cut at vertices into pieces of about 200 km."""
    tiles = []
    for line in shapely.get_parts(lines):
        xy = shapely.get_coordinates(line)
        along_km = np.r_[0, np.cumsum(segment_length_m(xy[:-1], xy[1:]))] / 1000
        cuts = np.flatnonzero(np.diff(along_km // _TILE_KM)) + 1
        for start, end in zip([0, *cuts], [*cuts, len(xy) - 1], strict=True):
            if end > start:
                tiles.append(shapely.LineString(xy[start : end + 1]))
    return tiles


def _on_plane(
    geometry: shapely.Geometry, widen: Callable[[shapely.Geometry], shapely.Geometry]
) -> shapely.Geometry:
    plane = _plane_of(tuple(geometry.bounds))
    flat = shapely.transform(geometry, plane.transform, interleaved=False)
    ground = shapely.segmentize(widen(flat), 2000)
    return shapely.transform(
        ground, lambda x, y: plane.transform(x, y, direction="INVERSE"), interleaved=False
    )


def _round(flat: shapely.Geometry, width_km: float) -> shapely.Geometry:
    return shapely.buffer(flat, width_km * 1000, quad_segs=_QUAD_SEGS)


_TILE_KM = 200.0
# With 16 segments a quadrant a strip of 40 km along the line loses about 25 km².
_QUAD_SEGS = 128


def _one_side(line: shapely.Geometry, width_m: float, side: Side) -> shapely.Geometry:
    """Of the ground beside a line on a plane, what lies on one side of its nearest edge."""
    line = shapely.remove_repeated_points(line)
    ground = shapely.buffer(line, width_m, quad_segs=_QUAD_SEGS, cap_style="flat")
    # The line alone does not cut the ground in two where it ends in, or comes back to, ground
    # beside another part of it; there the sides meet halfway between the two.
    halfway = shapely.voronoi_polygons(
        shapely.segmentize(line, width_m / 8), extend_to=ground, only_edges=True
    )
    cuts = [shapely.boundary(ground), line, halfway, _beyond_ends(line, 2 * width_m)]
    noded = shapely.union_all(cuts, grid_size=1e-3)
    pieces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    inside = shapely.point_on_surface(pieces)
    within = shapely.covers(ground, inside)
    chosen = _is_left(inside[within], line) == (side == "left")
    return shapely.union_all(pieces[within][chosen], grid_size=1e-3)


def _beyond_ends(lines: shapely.Geometry, length_m: float) -> shapely.Geometry:
    """Lines going straight on from both ends of each line."""
    beyond = []
    for line in shapely.get_parts(lines):
        xy = shapely.get_coordinates(line)
        for end, before in ((xy[0], xy[1]), (xy[-1], xy[-2])):
            on = (end - before) / np.hypot(*(end - before)) * length_m
            beyond.append(shapely.LineString([end, end + on]))
    return shapely.multilinestrings(beyond)


def _is_left(points: NDArray[Any], line: shapely.Geometry) -> NDArray[np.bool_]:
    """Whether points lie on the left of the nearest edge."""
    edges = segments(line)
    point, edge = shapely.STRtree(edges).query_nearest(points)
    ends = shapely.get_coordinates(edges[edge]).reshape(-1, 2, 2)
    along = ends[:, 1] - ends[:, 0]
    across = shapely.get_coordinates(points[point]) - ends[:, 0]
    turn = along[:, 0] * across[:, 1] - along[:, 1] * across[:, 0]
    # Of the two edges at a corner, the one that the point lies less in line with knows its side.
    aside = np.abs(turn) / np.hypot(*along.T)
    last = np.lexsort((aside, point))[np.cumsum(np.bincount(point, minlength=len(points))) - 1]
    return np.asarray(turn[last] > 0)


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
    return shapely.transform(
        np.asarray(geometries, dtype=object), _plane_of(bounds).transform, interleaved=False
    )


def from_plane(geometries: Any, bounds: tuple[float, float, float, float]) -> NDArray[Any]:
    """Geometries in degrees, the reverse of `to_plane`.

    Parameters
    ----------
    geometries : array-like of shapely geometries
        In metres on the plane of `bounds`.
    bounds : tuple of float
        As given to `to_plane`.

    Returns
    -------
    ndarray of shapely geometries
        In degrees (EPSG:4326).
    """
    plane = _plane_of(bounds)
    return shapely.transform(
        np.asarray(geometries, dtype=object),
        lambda x, y: plane.transform(x, y, direction="INVERSE"),
        interleaved=False,
    )


def _plane_of(bounds: tuple[float, ...]) -> Transformer:
    west, south, east, north = bounds
    return _plane(round((west + east) / 2, 3), round((south + north) / 2, 3))


@cache
def _plane(lon: float, lat: float) -> Transformer:
    plane = CRS.from_proj4(f"+proj=laea +lon_0={lon} +lat_0={lat} +datum=WGS84 +units=m")
    return Transformer.from_crs("OGC:CRS84", plane, always_xy=True)
