"""Tests that mutants asked for: small parts of the partition and of geodesy by themselves."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
import toyland
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Point, Polygon, box
from test_geodesy import by_quadrature
from toyland import claims

import lineplan as lp
from lineplan import geodesy
from lineplan.partition import partition, reach
from lineplan.partition.coverage import _sum_of_chains, check_mosaic
from lineplan.partition.noding import Edges, Faces, components


def test_the_edge_between_the_first_two_nodes_counts_in_a_sum_of_chains() -> None:
    first = np.array([0])
    assert _sum_of_chains(first, np.array([0]), np.array([1]), 2).tolist() == [0]
    both = np.array([0, 0])
    assert _sum_of_chains(both, np.array([0, 1]), np.array([1, 0]), 2).tolist() == []


def test_faces_with_successive_numbers_are_joined_too() -> None:
    assert components(4, np.array([0, 0]), np.array([1, 2])).tolist() == [0, 0, 0, 3]
    assert components(3, np.array([], int), np.array([], int)).tolist() == [0, 1, 2]


def test_on_a_plane_only_the_edge_near_the_frontier_is_frontier() -> None:
    start, end = np.array([[31, 1.0], [31, 0.01]]), np.array([[31.1, 1.0], [31.1, 0.01]])
    edges = Edges(start, end, np.array([0, 1]), np.array([-1, -1]))
    frontier = LineString([(30.9, 0), (31.2, 0)])
    assert reach._is_frontier_on_plane(edges, np.arange(2), frontier).tolist() == [False, True]


def test_back_from_the_plane() -> None:
    bounds, place = (22.1, 44.4, 40.2, 52.4), Point(37.5, 48.2)
    (there,) = geodesy.to_plane([place], bounds)
    (back,) = geodesy.from_plane([there], bounds)
    assert back.coords[0] == pytest.approx(place.coords[0], abs=1e-8)


@pytest.mark.parametrize("span", [0.05, 0.11, 1.0, 3.0, 5.5])
def test_edges_of_every_length_are_exact(span: float) -> None:
    ring = [(20, 45), (20 + span, 45 + span), (20 + span / 3, 45 + span / 2)]
    polygon = Polygon(ring)
    expected = by_quadrature(shapely.get_coordinates(polygon))
    assert geodesy.area_m2([polygon])[0] == pytest.approx(expected, rel=1e-11)


def test_a_line_goes_straight_on_beyond_both_ends() -> None:
    line = LineString([(100, 200), (103, 204), (103, 210)])
    at_start, at_end = shapely.get_parts(geodesy._beyond_ends(line, 10.0))
    assert list(at_start.coords) == [(100, 200), (94, 192)]
    assert list(at_end.coords) == [(103, 210), (103, 220)]


@pytest.mark.parametrize("side", ["left", "right"])
def test_between_two_lines_closer_than_their_corners_the_sides_meet_halfway(
    side: geodesy.Side,
) -> None:
    """They lie 670 m apart and have corners every two kilometres, at different places."""
    lines = MultiLineString([[(36, 48), (36.2, 48)], [(36.033, 48.006), (36.171, 48.006)]])
    ground = geodesy.strip(lines, 0.6, side=side)
    lon = np.linspace(36.04, 36.16, 121)
    south, north = (shapely.contains_xy(ground, lon, lat) for lat in (48.0027, 48.0033))
    assert (south == (side == "left")).all()
    assert (north == (side == "right")).all()


def test_the_middle_of_an_edge_must_be_near_the_frontier_too() -> None:
    edges = Edges(np.array([[31, 0.0]]), np.array([[31.4, 0.0]]), np.array([0]), np.array([-1]))
    frontier = LineString([(31, 0), (31.2, 0.2), (31.4, 0)])
    assert not reach.is_frontier(edges, np.array([0]), frontier).any()
    assert reach.is_frontier(edges, np.array([0]), LineString([(31, 0), (31.4, 0)])).all()


def test_an_inland_edge_of_many_corners_reaches_as_far_as_a_straight_one() -> None:
    """A strip of 6.7 km; a corner every 560 m."""
    ground = shapely.segmentize(box(31.5, -1.5, 31.94, 1.5), 0.005)
    parted = partition(toyland.units(), toyland.claims(("bora", ground)), default_holder="aria")
    assert parted.reassigned["action"].unique().tolist() == ["kept"]


def test_the_reach_of_a_piece_is_that_of_its_edges_and_not_of_its_corners() -> None:
    """A headland of which every corner is on the coast."""
    coast = [(32, 1), (31.3, 1), (31, 1.1), (30.7, 1), (30, 1)]
    units = toyland.frame([("U", Polygon([(30, 0), (32, 0), *coast]))], "unit_id")
    ground = toyland.claims(("bora", box(30.5, -1, 33, 1)))
    (piece,) = partition(units, ground, default_holder="aria").reassigned.itertuples()
    assert piece.action == "kept"
    assert piece.reach_km == pytest.approx(10.5, abs=0.1)


def test_a_boundary_beside_which_a_part_vanishes_stays() -> None:
    """Three edges fall on one line of the grid: two of the part that vanishes, one that stays."""
    whole = MultiPolygon([box(30, 50, 31, 51), box(30, 50 - 3e-10, 31, 50 - 1e-10)])
    assert whole.is_valid
    faces = Faces.of(np.array([whole], dtype=object))
    assert faces.mosaic is not None
    check_mosaic(faces.polygons, faces.inside, faces.mosaic)
    assert geodesy.area_m2(faces.polygons).sum() == pytest.approx(
        geodesy.area_m2([box(30, 50, 31, 51)])[0], rel=1e-12
    )


@pytest.mark.parametrize(
    "number",
    [
        0,
        1,
    ],
)
def test_what_all_faces_have_too_much_is_not_set_off_against_what_a_polygon_lacks(
    number: int,
) -> None:
    """A face is there twice, and the polygon it lies in knows neither."""
    faces = Faces.of(np.array([box(30, 0, 31, 1), box(33, 0, 34, 1)], dtype=object))
    assert faces.mosaic is not None
    (mine,) = faces.inside[faces.inside[:, 0] == number, 1]
    twice = np.r_[faces.polygons, [faces.polygons[mine]]]
    others = faces.inside[faces.inside[:, 0] != number]
    with pytest.raises(lp.PartitionError, match="overlap or leave a gap"):
        check_mosaic(twice, others, faces.mosaic)


@pytest.mark.parametrize(("side_deg", "is_noise"), [(0.00085, True), (0.00095, False)])
def test_noise_is_under_a_hectare(side_deg: float, is_noise: bool) -> None:
    """0.89 and 1.11 ha at the equator."""
    hole = box(31.7, 0.5, 31.7 + side_deg, 0.5 + side_deg)
    ground = toyland.claims(("bora", box(31.5, -1.5, 32.5, 1.5) - hole))
    parted = partition(toyland.units(), ground, default_holder="aria")
    assert (parted.reassigned["reason"].tolist() == ["noise"]) == is_noise


KM = 1 / 110.574
"""A degree of latitude on the equator, to a few metres also of longitude."""


def pockets(reach_km: float, turned: int) -> gpd.GeoDataFrame:
    """All of the country but pockets 4 km wide on three of its sides and across two units."""
    deep, wide = reach_km * KM, 2 * KM
    holes = [
        box(30.5 - wide, 1 - deep, 30.5 + wide, 1.6),  # north
        box(30.5 - wide, -1.6, 30.5 + wide, -1 + deep),  # south
        box(32 - deep, 0.5 - wide, 32.6, 0.5 + wide),  # east
        box(32 - deep, -0.002, 32.6, 2 * wide),  # east, nearly all of it in one of two units
    ]
    ground = shapely.difference(box(29.5, -1.5, 32.5, 1.5), shapely.union_all(holes))
    ground = shapely.difference(ground, box(29.4, -0.6, 30.2, 0.6))  # the main body, in the west
    coordinates = list(shapely.get_parts(ground)[0].exterior.coords)[:-1]
    coordinates = coordinates[turned:] + coordinates[:turned]
    return claims(("bora", Polygon(coordinates[:: -1 if turned % 2 else 1])))


@pytest.mark.parametrize("turned", range(4))
@pytest.mark.parametrize("rows", [[0, 1, 2, 3], [3, 2, 1, 0]])
def test_pockets_on_every_side_are_told_by_their_reach(turned: int, rows: list[int]) -> None:
    """Whichever face of an edge is on its left, and whichever face of a piece comes first."""
    units = toyland.units().iloc[rows].reset_index(drop=True)
    for reach_km, moved in ((3, True), (10, False)):
        parted = partition(units, pockets(reach_km, turned), default_holder="aria")
        table = parted.reassigned
        assert table["piece"].nunique() == 4
        assert set(table["action"]) == {"reassigned" if moved else "kept"}
        assert table.groupby("piece")["reach_km"].first().to_numpy() == pytest.approx(
            reach_km, abs=0.1
        )
