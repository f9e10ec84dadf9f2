"""Strips along a line, against other ways of making them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point, Polygon

import lineplan as lp
from lineplan import geodesy

GEOD = pyproj.Geod(ellps="WGS84")


def km2(geometry: shapely.Geometry) -> float:
    return float(geodesy.area_m2([geometry])[0]) / 1e6


def geodesic(lon: float, lat: float, azimuth: float, length_km: float) -> LineString:
    """A line that is straight on the ground."""
    along = np.linspace(0, length_km * 1000, 401)
    start = np.full((3, len(along)), [[lon], [lat], [azimuth]])
    lons, lats, _ = GEOD.fwd(*start, along)
    return LineString(np.c_[lons, lats])


STRAIGHT = geodesic(36.0, 47.0, 60.0, 200.0)
# A front with a salient, a bend back on itself and a sharp corner.
BENT = LineString([(36, 47), (36.8, 47.4), (36.7, 47.9), (37.6, 47.7), (37.4, 48.6), (38.4, 48.6)])


def aeqd_tiles(line: shapely.Geometry, width_km: float) -> shapely.Geometry:
    """Every 10 km of the line widened on an azimuthal equidistant plane of its own."""
    tiles = []
    for part in shapely.get_parts(shapely.segmentize(line, 0.02)):
        xy = shapely.get_coordinates(part)
        along = np.r_[0, np.cumsum(GEOD.line_lengths(xy[:, 0], xy[:, 1]))]
        for number in range(int(along[-1] // 10_000) + 1):
            at = np.flatnonzero((along >= number * 10_000) & (along < (number + 1) * 10_000))
            if not len(at):
                continue
            piece = xy[at[0] : at[-1] + 2]
            lon, lat = piece.mean(axis=0)
            plane = pyproj.Transformer.from_crs(
                "OGC:CRS84", f"+proj=aeqd +lon_0={lon} +lat_0={lat} +datum=WGS84", always_xy=True
            )
            flat = np.c_[plane.transform(piece[:, 0], piece[:, 1])]
            shape = LineString(flat) if len(flat) > 1 else Point(flat[0])
            ground = shapely.segmentize(shape.buffer(width_km * 1000, quad_segs=256), 2000)
            tiles.append(
                shapely.transform(
                    ground,
                    lambda x, y, plane=plane: plane.transform(x, y, direction="INVERSE"),
                    interleaved=False,
                )
            )
    return shapely.union_all(tiles, grid_size=1e-9)


@pytest.fixture(scope="module")
def contact() -> shapely.Geometry:
    """The embedded line of contact without its enclaves."""
    line = lp.arrange().line
    return shapely.multilinestrings(line.geometry[line["kind"] == "line"].to_numpy())


@pytest.mark.parametrize(
    ("width_km", "percent"), [(2, 0.01), (15, 0.01), (30, 0.01), (50, 0.01), (140, 0.025)]
)
def test_along_the_line_of_contact_as_by_tiles(
    contact: shapely.Geometry, width_km: float, percent: float
) -> None:
    ours, tiles = geodesy.strip(contact, width_km), aeqd_tiles(contact, width_km)
    difference = shapely.symmetric_difference(ours, tiles, grid_size=1e-9)
    assert ours.is_valid
    assert 100 * km2(difference) / km2(tiles) <= percent


@pytest.mark.parametrize("width_km", [2, 15, 50])
def test_on_a_straight_line_the_area_is_known_by_hand(width_km: float) -> None:
    rectangle, ends = 200 * 2 * width_km, np.pi * width_km**2
    assert km2(geodesy.strip(STRAIGHT, width_km)) == pytest.approx(rectangle + ends, rel=1e-4)


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("width_km", [5, 10])
def test_one_side_of_a_straight_line_is_a_rectangle(width_km: float, side: str) -> None:
    """Iraq and Kuwait, 1991: 10 km on one side, 5 km on the other."""
    assert km2(geodesy.strip(STRAIGHT, width_km, side=side)) == pytest.approx(
        200 * width_km, rel=1e-4
    )


def test_left_is_left_in_the_direction_of_the_line() -> None:
    west_to_east = LineString([(36, 48), (37, 48)])
    left, right = (geodesy.strip(west_to_east, 10, side=side) for side in ("left", "right"))
    assert left.contains(Point(36.5, 48.05))
    assert right.contains(Point(36.5, 47.95))
    turned = west_to_east.reverse()
    assert geodesy.strip(turned, 10, side="left").equals_exact(right, 1e-6, normalize=True)


@pytest.mark.parametrize("width_km", [3, 15, 60])
def test_the_two_sides_make_up_the_strip_between_the_ends(width_km: float) -> None:
    """Also where the line bends so that one side folds over the other."""
    left, right = (geodesy.strip(BENT, width_km, side=side) for side in ("left", "right"))
    assert km2(shapely.intersection(left, right, grid_size=1e-9)) < 1e-3
    whole = geodesy.strip(BENT, width_km)
    both = shapely.union(left, right, grid_size=1e-9)
    beyond_the_ends = km2(shapely.difference(whole, both, grid_size=1e-9))
    assert beyond_the_ends <= np.pi * width_km**2 * 1.001  # two half discs
    assert km2(shapely.difference(both, whole, grid_size=1e-9)) < 1e-4 * km2(whole)


def test_every_edge_of_the_strip_is_at_its_distance() -> None:
    ground = geodesy.strip(BENT, 15)
    lon, lat = shapely.get_coordinates(shapely.boundary(ground)).T
    assert geodesy.distance_km(lon, lat, BENT) == pytest.approx(15, rel=2e-4)


@settings(deadline=None, max_examples=30)
@given(
    st.floats(0.5, 60),
    st.floats(1.01, 2),
    st.lists(st.tuples(st.floats(34, 39), st.floats(46, 50)), min_size=2, max_size=6, unique=True),
)
def test_a_wider_strip_never_shrinks(
    width_km: float, factor: float, points: list[tuple[float, float]]
) -> None:
    line = LineString(np.round(points, 2))
    if line.length < 0.02:
        return
    narrow, wide = geodesy.strip(line, width_km), geodesy.strip(line, width_km * factor)
    assert km2(narrow) < km2(wide)
    assert km2(shapely.difference(narrow, wide, grid_size=1e-9)) < 1e-4 * km2(narrow)


def test_pieces_and_height_do_not_matter() -> None:
    pieces = MultiLineString([BENT.coords[:3], BENT.coords[2:]])
    high = shapely.force_3d(BENT, 200)
    whole = km2(geodesy.strip(BENT, 15))
    assert km2(geodesy.strip(pieces, 15)) == pytest.approx(whole, rel=1e-5)
    assert km2(geodesy.strip(high, 15)) == pytest.approx(whole, rel=1e-12)


def test_a_polygon_and_a_point_have_a_strip_too() -> None:
    assert km2(geodesy.strip(Point(37, 48), 10)) == pytest.approx(np.pi * 100, rel=1e-4)
    square = Polygon([(37, 48), (37.1, 48), (37.1, 48.1), (37, 48.1)])
    assert geodesy.strip(square, 5).contains(square)


@pytest.mark.parametrize("width_km", [0, -3, float("nan"), float("inf")])
def test_a_strip_needs_a_width(width_km: float) -> None:
    with pytest.raises(lp.GeometryError, match="give a width above 0"):
        geodesy.strip(BENT, width_km)


def test_a_point_has_no_left_side() -> None:
    with pytest.raises(lp.GeometryError, match="no left side"):
        geodesy.strip(Point(37, 48), 10, side="left")


def test_one_degree_cell_with_geodesic_edges() -> None:
    cell = shapely.box(0, 0, 1, 1)
    assert geodesy.area_m2([cell], edges="geodesic")[0] == pytest.approx(
        12_308_778_361.4695, abs=1e-3
    )


def test_geodesic_edges_differ_little_on_the_units() -> None:
    units = lp.load_dataset().units().geometry.to_numpy()
    lonlat, geodesic_m2 = geodesy.area_m2(units), geodesy.area_m2(units, edges="geodesic")
    assert np.abs(lonlat / geodesic_m2 - 1).max() < 100e-6
    assert geodesic_m2 == pytest.approx(
        [abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(u))[0]) for u in units], rel=1e-12
    )


@pytest.mark.parametrize(
    ("line", "width_km", "said"),
    [
        ([(179.5, 48), (179.99, 48)], 50, "reaches a pole or the antimeridian"),
        ([(10, 88), (20, 88.5)], 100, "reaches a pole or the antimeridian"),
        ([(30, 0), (31, 0)], 20_000, "is more than 2,000 km"),
    ],
)
def test_strips_that_cannot_be_drawn(line: list[Any], width_km: float, said: str) -> None:
    with pytest.raises(lp.GeometryError, match=said):
        geodesy.strip(shapely.LineString(line), width_km)


def test_a_side_is_one_of_three() -> None:
    with pytest.raises(lp.GeometryError, match="side 'up' is none"):
        geodesy.strip(BENT, 5, side="up")  # type: ignore[arg-type]
