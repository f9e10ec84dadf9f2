"""Areas, lengths and distances against other definitions of the same thing."""

from itertools import pairwise

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import example, given
from hypothesis import strategies as st
from shapely.geometry import (
    GeometryCollection,
    LineString,
    MultiLineString,
    MultiPolygon,
    Point,
    Polygon,
    box,
)

from lineplan import geodesy

EQUATOR_CELL_M2 = 12_308_463_893.975
GEOD = pyproj.Geod(ellps="WGS84")

# A shell with a hole, a coast with many corners, and a thin strip: at the latitudes that matter.
DONUT = Polygon(
    [(36, 47), (39.5, 47.3), (38.8, 49.6), (36.4, 49.2)],
    [[(37, 48), (37.2, 48.7), (38.1, 48.4), (37.9, 47.9)]],
)
STAR = Polygon(
    [
        (33 + (1 + i % 2) * np.cos(i * np.pi / 20), 45 + (1 + i % 2) * np.sin(i * np.pi / 20))
        for i in range(40)
    ]
)
STRIP = Polygon([(30, 46.5), (40, 48.5), (40, 48.501), (30, 46.501)])
SHAPES = [DONUT, STAR, STRIP, MultiPolygon([DONUT, STAR])]
names = ["donut", "star", "strip", "both"]


def one_area(geometry: shapely.Geometry) -> float:
    return float(geodesy.area_m2([geometry])[0])


def by_pyproj(geometry: shapely.Geometry) -> float:
    """Geodesic area on edges cut so short that geodesics and lon/lat edges are one."""
    dense = shapely.segmentize(geometry, 0.01)
    parts = (shapely.orient_polygons(part) for part in shapely.get_parts(dense))
    return sum(GEOD.geometry_area_perimeter(part)[0] for part in parts)


def by_quadrature(ring: np.ndarray, pieces: int = 400) -> float:
    """The definition itself: 12-point Gauss-Legendre on finely split edges, in plain loops."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    a, f = 6378137.0, 1 / 298.257223563
    e2 = f * (2 - f)
    e = np.sqrt(e2)
    total = 0.0
    for (lon0, lat0), (lon1, lat1) in pairwise(ring):
        for i in range(pieces):
            t = (i + (nodes + 1) / 2) / pieces
            sin = np.sin(np.radians(lat0 + t * (lat1 - lat0)))
            q = (1 - e2) * (sin / (1 - e2 * sin**2) + np.arctanh(e * sin) / e)
            total += np.radians(lon1 - lon0) / pieces * (weights / 2 * q).sum()
    return abs(a**2 / 2 * total)


def test_one_degree_cell_at_the_equator() -> None:
    assert one_area(box(0, 0, 1, 1)) == pytest.approx(EQUATOR_CELL_M2, abs=1e-3)
    assert one_area(box(30, -1, 31, 0)) == pytest.approx(EQUATOR_CELL_M2, abs=1e-3)


@pytest.mark.parametrize("shape", SHAPES, ids=names)
def test_agrees_with_pyproj_on_dense_edges(shape: shapely.Geometry) -> None:
    assert one_area(shape) == pytest.approx(by_pyproj(shape), rel=1e-7)


@pytest.mark.parametrize("shape", SHAPES, ids=names)
def test_agrees_with_an_equal_area_projection_on_dense_edges(shape: shapely.Geometry) -> None:
    project = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:6933", always_xy=True).transform
    plane = shapely.transform(shapely.segmentize(shape, 0.01), project, interleaved=False)
    assert one_area(shape) == pytest.approx(plane.area, rel=1e-7)


@pytest.mark.parametrize(
    "ring",
    [
        [(0, -60), (40, 70), (20, 80)],
        [(0, -85), (170, 85), (-170, 85)],
        [(20, 40), (40, 60), (10, 55)],
        [(20, 48), (20.49, 48.499), (20, 48.4)],
    ],
    ids=["hemispheres", "globe", "continent", "just short"],
)
def test_long_edges_are_as_exact_as_short_ones(ring: list[tuple[float, float]]) -> None:
    polygon = Polygon(ring)
    expected = by_quadrature(shapely.get_coordinates(polygon))
    assert one_area(polygon) == pytest.approx(expected, rel=1e-10)


def test_a_square_metre_keeps_its_digits() -> None:
    """Against the radii of curvature, which are exact for the infinitely small."""
    a, e2, lat, side = 6378137.0, 0.0066943799901413165, np.radians(48), 1e-5
    w = np.sqrt(1 - e2 * np.sin(lat) ** 2)
    north_m, east_m = np.radians(side) * a * (1 - e2) / w**3, np.radians(side) * a / w * np.cos(lat)
    cell = box(37 - side / 2, 48 - side / 2, 37 + side / 2, 48 + side / 2)
    assert one_area(cell) == pytest.approx(north_m * east_m, rel=1e-8)


def test_a_hole_is_taken_off() -> None:
    shell, hole = box(30, 45, 32, 47), box(30.5, 45.5, 31, 46)
    cut = Polygon(shell.exterior.coords, [hole.exterior.coords])
    assert one_area(cut) == pytest.approx(one_area(shell) - one_area(hole), rel=1e-12)


def test_a_hole_wound_like_its_shell_is_taken_off_all_the_same() -> None:
    """Pyproj adds it: its signed area trusts the winding."""
    shell = [(30, 45), (32, 45), (32, 47), (30, 47)]
    hole = [(30.5, 45.5), (31, 45.5), (31, 46), (30.5, 46)]
    alike, opposite = Polygon(shell, [hole]), Polygon(shell, [hole[::-1]])
    assert alike.exterior.is_ccw == alike.interiors[0].is_ccw
    assert one_area(alike) == one_area(opposite)
    trusting = abs(GEOD.geometry_area_perimeter(shapely.segmentize(alike, 0.01))[0])
    assert trusting > one_area(Polygon(shell))
    assert one_area(alike) == pytest.approx(by_pyproj(alike), rel=1e-7)


def test_two_parts_wound_oppositely_add_up() -> None:
    """Pyproj's signed areas of the two cancel out."""
    left = Polygon([(0, 0), (1, 0), (1, 1), (0, 1)])
    right = Polygon([(2, -1), (2, 0), (3, 0), (3, -1)])
    assert left.exterior.is_ccw != right.exterior.is_ccw
    both = MultiPolygon([left, right])
    assert abs(GEOD.geometry_area_perimeter(both)[0]) < 1
    assert one_area(both) == pytest.approx(2 * EQUATOR_CELL_M2, abs=2e-3)


@pytest.mark.parametrize("shape", SHAPES, ids=names)
def test_winding_does_not_matter(shape: shapely.Geometry) -> None:
    assert one_area(shapely.reverse(shape)) == pytest.approx(one_area(shape), rel=1e-13)


def test_what_is_no_polygon_has_no_area() -> None:
    nothing = [None, Polygon(), MultiPolygon(), Point(1, 1), LineString([(0, 0), (1, 1)])]
    assert geodesy.area_m2([*nothing, box(0, 0, 1, 1)]).tolist()[:-1] == [0.0] * 5
    assert geodesy.area_m2([]).tolist() == []
    assert geodesy.area_m2(nothing).tolist() == [0.0] * 5


def test_collections_have_the_area_of_what_is_in_them() -> None:
    inner = GeometryCollection([MultiPolygon([DONUT, STRIP]), Point(1, 1), Polygon()])
    outer = GeometryCollection([inner, STAR])
    alone = geodesy.area_m2([DONUT, STRIP, STAR])
    both = geodesy.area_m2([DONUT, outer])
    assert both == pytest.approx([alone[0], alone.sum()], rel=1e-15)


def test_an_empty_polygon_leaves_its_neighbours_alone() -> None:
    found = geodesy.area_m2([Polygon(), DONUT, None, STAR, MultiPolygon([Polygon(), DONUT])])
    assert found.tolist() == [0.0, one_area(DONUT), 0.0, one_area(STAR), one_area(DONUT)]


def test_one_geometry_is_as_good_as_a_list() -> None:
    assert geodesy.area_m2(DONUT).tolist() == geodesy.area_m2([DONUT]).tolist()


degree = st.floats(-0.9, 0.9).map(lambda value: round(value, 6))


@given(degree, degree)
@example(0.0, 0.0)
def test_cutting_does_not_change_the_sum(west_end: float, east_end: float) -> None:
    """A straight cut in lon/lat from one side of a cell to the other."""
    south, north = 48.0, 50.0
    below = Polygon([(36, south), (38, south), (38, 49 + east_end), (36, 49 + west_end)])
    above = Polygon([(36, 49 + west_end), (38, 49 + east_end), (38, north), (36, north)])
    whole = one_area(box(36, south, 38, north))
    assert one_area(below) + one_area(above) == pytest.approx(whole, rel=1e-12)


@given(degree, st.integers(1, 40))
def test_moving_along_a_parallel_does_not_change_the_area(lat: float, lon: int) -> None:
    moved = shapely.transform(STAR, lambda xy: xy + np.array([lon, lat]))
    stayed = shapely.transform(STAR, lambda xy: xy + np.array([0, lat]))
    assert one_area(moved) == pytest.approx(one_area(stayed), rel=1e-11)


def test_length_is_geodesic_from_vertex_to_vertex() -> None:
    line = LineString([(36, 47), (37, 48.5), (39, 48)])
    expected = GEOD.geometry_length(line)
    assert geodesy.length_m([line])[0] == pytest.approx(expected, rel=1e-12)
    two = MultiLineString([line, [(30, 46), (31, 46)]])
    assert geodesy.length_m([two, line])[0] == pytest.approx(GEOD.geometry_length(two), rel=1e-12)
    assert geodesy.length_m([line, two])[0] == pytest.approx(expected, rel=1e-12)


def test_the_jump_between_two_lines_has_no_length() -> None:
    apart = MultiLineString([[(30, 46), (31, 46)], [(38, 49), (39, 49)]])
    assert geodesy.length_m([apart])[0] < 200_000


def test_nothing_has_no_length() -> None:
    assert geodesy.length_m([]).tolist() == []
    assert geodesy.length_m([LineString()]).tolist() == [0.0]


def test_distance_to_points_is_pyprojs() -> None:
    rng = np.random.default_rng(21)
    for lat in (5.0, 48.0, 65.0, -48.0):
        for _ in range(10):
            places = np.c_[rng.uniform(20, 50, 4), rng.uniform(lat - 12, lat + 12, 4)]
            to_each = [GEOD.inv(37.0, lat, *place)[2] / 1000 for place in places]
            (found,) = geodesy.distance_km([37.0], [lat], shapely.MultiPoint(places))
            assert found == pytest.approx(min(to_each), rel=1e-9)


def test_distance_to_a_line_is_that_to_its_nearest_place() -> None:
    """Against pyproj on a line cut every metre or so."""
    line = LineString([(36.2, 47.4), (37.9, 48.9), (39.8, 48.7)])
    places = shapely.get_coordinates(shapely.segmentize(line, 0.0001))
    for lon, lat in [(37.57, 48.73), (36.0, 50.5), (39.0, 47.0), (30.52, 50.45)]:
        *_, metres = GEOD.inv(np.full(len(places), lon), np.full(len(places), lat), *places.T)
        (found,) = geodesy.distance_km([lon], [lat], line)
        assert found == pytest.approx(metres.min() / 1000, abs=0.001)


def test_distance_is_nought_inside_and_counted_from_the_edge_outside() -> None:
    cell = box(30, 45, 31, 46)
    inside, outside = geodesy.distance_km([30.5, 31.5], [45.5, 45.5], cell)
    assert inside == 0
    assert outside == pytest.approx(GEOD.inv(31, 45.5, 31.5, 45.5)[2] / 1000, rel=1e-4)


def test_distance_takes_no_notice_of_empty_parts() -> None:
    target = GeometryCollection([Polygon(), Point(31, 46), LineString()])
    expected = geodesy.distance_km(np.array([30.0]), np.array([46.0]), Point(31, 46))
    assert geodesy.distance_km(np.array([30.0]), np.array([46.0]), target) == expected


def test_distance_to_nothing_is_not_a_number() -> None:
    assert np.isnan(geodesy.distance_km([30.0], [45.0], LineString())).all()


def test_the_plane_keeps_areas() -> None:
    (plane,) = geodesy.to_plane([shapely.segmentize(DONUT, 0.01)], (22.1, 44.4, 40.2, 52.4))
    assert plane.area == pytest.approx(one_area(DONUT), rel=1e-6)


def test_a_square_mile() -> None:
    assert pytest.approx(2.589988110336) == geodesy.SQUARE_MILE_KM2
