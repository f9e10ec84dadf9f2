"""Faces, border reconciliation and the line of contact, on the country of four squares."""

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
import toyland
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon, box
from toyland import SQUARE_KM2, claims, frame

import lineplan as lp
from lineplan.partition import Partition, partition

GEOD = pyproj.Geod(ellps="WGS84")
TOYLAND = box(30, -1, 32, 1)
EAST = ("bora", box(31.5, -1.5, 32.5, 1.5))


def part(claimed: gpd.GeoDataFrame, units: gpd.GeoDataFrame | None = None, **how: Any) -> Partition:
    units = toyland.units() if units is None else units
    return partition(units, claimed, default_holder="aria", **how)


def km2(parted: Partition, *, by: Sequence[str] = ("unit_id", "held_by")) -> dict[Any, float]:
    by = list(by) if len(by) > 1 else by[0]
    return (parted.faces.groupby(by)["area_m2"].sum() / 1e6).to_dict()


def held(parted: Partition, holder: str) -> float:
    return km2(parted, by=["held_by"]).get(holder, 0.0)


def pieces(parted: Partition) -> list[tuple[str, str, str]]:
    rows = parted.reassigned.drop_duplicates("piece")
    return list(zip(rows["action"], rows["reason"], rows["held_by"], strict=True))


def holder_at(parted: Partition, lon: float, lat: float) -> str:
    (found,) = parted.faces.loc[parted.faces.contains(shapely.Point(lon, lat)), "held_by"]
    return str(found)


# Known answers


def test_half_of_the_east() -> None:
    half = SQUARE_KM2 / 2
    assert km2(part(claims(EAST))) == pytest.approx(
        {
            ("T-NE", "aria"): half,
            ("T-NE", "bora"): half,
            ("T-NW", "aria"): SQUARE_KM2,
            ("T-SE", "aria"): half,
            ("T-SE", "bora"): half,
            ("T-SW", "aria"): SQUARE_KM2,
        },
        abs=1e-6,
    )


def test_claims_beyond_the_units_are_reported() -> None:
    outside = part(claims(EAST)).proof.outside_units_km2
    beside, above = box(32, -1, 32.5, 1), box(31.5, 1, 32.5, 1.5)
    expected = area_km2(beside) + 2 * area_km2(above)
    assert outside == pytest.approx(expected, rel=1e-7)


def area_km2(geometry: shapely.Geometry) -> float:
    dense = shapely.orient_polygons(shapely.segmentize(geometry, 0.01))
    return GEOD.geometry_area_perimeter(dense)[0] / 1e6


def test_a_claim_without_ground_in_the_units() -> None:
    parted = part(claims(("bora", box(40, 0, 41, 1))))
    assert km2(parted, by=["held_by"]) == pytest.approx({"aria": 4 * SQUARE_KM2})
    assert len(parted.line) == 0
    assert len(parted.reassigned) == 0


def test_a_claim_on_everything() -> None:
    parted = part(claims(("bora", box(29, -2, 33, 2))))
    assert km2(parted, by=["held_by"]) == pytest.approx({"bora": 4 * SQUARE_KM2})
    assert len(parted.line) == 0


def test_three_holders_meet() -> None:
    north, south = ("bora", box(31, 0, 32.5, 1.5)), ("cora", box(31, -1.5, 32.5, 0))
    parted = part(claims(north, south))
    assert km2(parted) == pytest.approx(
        {
            ("T-NE", "bora"): SQUARE_KM2,
            ("T-NW", "aria"): SQUARE_KM2,
            ("T-SE", "cora"): SQUARE_KM2,
            ("T-SW", "aria"): SQUARE_KM2,
        }
    )
    along_the_equator = GEOD.line_length([31, 32], [0, 0]) / 1000
    length = parted.line.set_index("between")["length_km"]
    assert set(length.index) == {"aria/bora", "aria/cora", "bora/cora"}
    assert length["bora/cora"] == pytest.approx(along_the_equator)


def test_the_line_of_contact_leaves_out_the_frontier() -> None:
    (line,) = part(claims(EAST)).line.itertuples()
    expected = GEOD.line_length([31.5] * 3, [-1, 0, 1]) / 1000
    assert (line.line_id, line.between, line.kind) == ("L1", "aria/bora", "line")
    assert line.length_km == pytest.approx(expected)
    assert line.vertices == len(line.geometry.coords) == 3
    assert sorted(line.geometry.coords) == [(31.5, -1), (31.5, 0), (31.5, 1)]


def test_an_enclave_is_a_line_of_its_own() -> None:
    parted = part(claims(EAST, ("bora", box(30.4, 0.4, 30.6, 0.6))))
    assert parted.line["kind"].tolist() == ["line", "enclave"]


def test_the_line_is_where_the_holders_change_after_reconciliation() -> None:
    short = claims(("bora", box(31.5, -1.5, 31.98, 1.5)))
    assert len(part(short).line) == 1
    assert len(part(short, reconcile=False).line) == 2


# Overlapping and contested claims


OVERLAP = claims(("bora", box(31.5, -1.5, 32.5, 1.5)), ("cora", box(31.75, 0, 32.5, 1.5)))
QUARTER = SQUARE_KM2 / 4


def test_ground_claimed_twice_is_an_error_that_says_by_whom_how_much_and_where() -> None:
    beyond = area_km2(box(31.75, 0, 32.5, 1.5)) - QUARTER
    with pytest.raises(lp.ConflictError) as caught:
        part(OVERLAP)
    message = str(caught.value)
    assert "bora and cora both claim" in message
    assert f"{QUARTER + beyond:,.1f} km²" in message
    assert "--on-overlap" in message
    assert "\n" not in message


def test_overlap_contested() -> None:
    parted = part(OVERLAP, on_overlap="contested")
    assert km2(parted)["T-NE", "contested"] == pytest.approx(QUARTER)
    assert km2(parted)["T-NE", "bora"] == pytest.approx(QUARTER)


def test_overlap_first() -> None:
    assert km2(part(OVERLAP, on_overlap="first"))["T-NE", "bora"] == pytest.approx(2 * QUARTER)
    turned = part(OVERLAP[::-1], on_overlap="first")
    assert km2(turned)["T-NE", "cora"] == pytest.approx(QUARTER)


def test_one_party_may_claim_the_same_ground_twice() -> None:
    again = claims(EAST, ("bora", box(31.7, -1.5, 32.5, 1.5)))
    assert held(part(again), "bora") == pytest.approx(SQUARE_KM2)


def test_contested_ground_counted_with_a_party() -> None:
    ground = claims(EAST, ("contested", box(31.25, -1.5, 31.5, 1.5)))
    assert held(part(ground), "contested") == pytest.approx(SQUARE_KM2 / 2)
    assert held(part(ground, contested="bora"), "bora") == pytest.approx(1.5 * SQUARE_KM2)
    assert held(part(ground, contested="aria"), "aria") == pytest.approx(3 * SQUARE_KM2)


# Border reconciliation


def test_a_strip_within_the_tolerance_goes_to_the_holder_it_borders() -> None:
    short = claims(("bora", box(31.5, -1.5, 31.98, 1.5)))
    strip_km2 = 2 * SQUARE_KM2 * 0.02
    assert held(part(short, reconcile=False), "bora") == pytest.approx(SQUARE_KM2 - strip_km2)
    parted = part(short)
    assert held(parted, "bora") == pytest.approx(SQUARE_KM2)
    assert pieces(parted) == [("reassigned", "border", "bora")]
    rows = parted.reassigned
    assert rows["unit_id"].tolist() == ["T-NE", "T-SE"]
    assert rows["held_by_mapped"].unique().tolist() == ["aria"]
    assert rows["area_km2"].sum() == pytest.approx(strip_km2)
    assert rows["reach_km"].tolist() == pytest.approx([2.226, 2.226], abs=0.005)
    for row in rows.itertuples():
        assert row.geometry.contains(shapely.Point(row.lon, row.lat))


@pytest.mark.parametrize(("edge", "action"), [(31.956, "reassigned"), (31.954, "kept")])
def test_the_tolerance_is_five_kilometres(edge: float, action: str) -> None:
    """5 km at the equator are 0.0449 degrees."""
    assert pieces(part(claims(("bora", box(31.5, -1.5, edge, 1.5)))))[0][0] == action


@pytest.mark.parametrize("frontier", [None, TOYLAND.boundary])
@pytest.mark.parametrize(
    ("edge", "action"), [(31.98, "reassigned"), (31.956, "reassigned"), (31.954, "kept")]
)
def test_what_is_measured_on_a_plane_is_decided_alike(
    edge: float, action: str, frontier: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pieces of too many edges for a bound are measured."""
    monkeypatch.setattr("lineplan.partition.reach._MOST_PAIRS", 0)
    ground = claims(("bora", box(31.5, -1.5, edge, 1.5)))
    assert pieces(part(ground, frontier=frontier))[0][0] == action


def test_a_strip_beyond_the_tolerance_stays_and_is_listed() -> None:
    parted = part(claims(("bora", box(31.5, -1.5, 31.94, 1.5))))
    assert pieces(parted) == [("kept", "border", "aria")]
    assert parted.reassigned["reach_km"].iloc[0] == pytest.approx(6.68, abs=0.01)
    assert held(parted, "bora") == pytest.approx(2 * SQUARE_KM2 * 0.44)


def test_the_tolerance_is_the_datasets() -> None:
    short = claims(("bora", box(31.5, -1.5, 31.94, 1.5)))
    assert held(part(short, border_tolerance_km=7), "bora") == pytest.approx(SQUARE_KM2)


def test_a_wide_piece_whose_every_corner_is_near_the_coast_stays() -> None:
    """Its middle is 8 km inland although no vertex is: distance to vertices is not enough."""
    island = toyland.frame([("T-IS", box(33, 0, 33.15, 0.15))], "unit_id")
    units = pd.concat([toyland.units(), island], ignore_index=True)
    beach = claims(("bora", box(33.14, -0.1, 33.2, 0.2)))
    parted = part(beach, units)
    assert pieces(parted) == [("kept", "border", "aria")]
    assert holder_at(parted, 33.07, 0.07) == "aria"


def test_a_wide_piece_whose_whole_boundary_is_near_the_coast_stays() -> None:
    """Only a corner of the island is claimed; its middle is 8 km inland."""
    island = toyland.frame([("T-IS", box(33, 0, 33.15, 0.15))], "unit_id")
    units = pd.concat([toyland.units(), island], ignore_index=True)
    parted = part(claims(("bora", box(33.14, -0.1, 33.2, 0.01))), units)
    assert pieces(parted) == [("kept", "border", "aria")]
    assert parted.reassigned["reach_km"].iloc[0] < 5


def test_a_fragment_that_borders_no_claim_stays() -> None:
    island = toyland.frame([("T-IS", box(33, 0, 33.02, 0.02))], "unit_id")
    units = pd.concat([toyland.units(), island], ignore_index=True)
    parted = part(claims(EAST), units)
    assert holder_at(parted, 33.01, 0.01) == "aria"
    assert len(parted.reassigned) == 0


def test_touching_at_a_point_does_not_connect() -> None:
    """The strip along the coast meets aria's main body in the point 31.98 E 0 N only."""
    parted = part(claims(("bora", box(31.5, 0, 31.98, 1.5)), ("bora", box(31.98, -1.5, 32.5, 0))))
    assert holder_at(parted, 31.99, 0.5) == "bora"
    assert holder_at(parted, 31.97, -0.01) == "aria"


def test_a_strip_that_hangs_on_the_main_body_stays() -> None:
    parted = part(claims(("bora", box(31.5, -0.5, 31.98, 1.5))))
    assert holder_at(parted, 31.99, 0.5) == "aria"
    assert len(parted.reassigned) == 0


def test_a_piece_goes_to_the_holder_it_borders_most() -> None:
    strip = claims(("bora", box(31.5, -0.2, 31.98, 1.5)), ("cora", box(31.5, -1.5, 31.98, -0.2)))
    assert holder_at(part(strip), 31.99, -0.9) == "bora"
    strip = claims(("bora", box(31.5, 0.2, 31.98, 1.5)), ("cora", box(31.5, -1.5, 31.98, 0.2)))
    assert holder_at(part(strip), 31.99, 0.9) == "cora"


def test_ground_that_a_source_draws_is_never_touched() -> None:
    """A source that draws aria's strip says more than one that leaves it blank."""
    drawn = claims(("bora", box(31.5, -1.5, 31.98, 1.5)), ("aria", box(31.98, -1.5, 32.5, 1.5)))
    parted = part(drawn)
    assert holder_at(parted, 31.99, 0.5) == "aria"
    assert held(parted, "bora") == pytest.approx(2 * SQUARE_KM2 * 0.48)


def with_hole(hole: Polygon) -> gpd.GeoDataFrame:
    return claims(("bora", EAST[1] - hole))


def test_a_hole_of_a_third_of_a_hectare_is_noise() -> None:
    parted = part(with_hole(box(31.7, 0.5, 31.7005, 0.5005)))
    assert pieces(parted) == [("reassigned", "noise", "bora")]
    assert held(parted, "bora") == pytest.approx(SQUARE_KM2)
    assert len(parted.line) == 1


def test_a_hole_of_five_hectares_is_an_enclave() -> None:
    parted = part(with_hole(box(31.7, 0.5, 31.702, 0.502)))
    assert holder_at(parted, 31.701, 0.501) == "aria"
    assert parted.line["kind"].tolist() == ["line", "enclave"]
    assert len(parted.reassigned) == 0


def test_a_hole_between_two_holders_stays_however_small() -> None:
    hole = box(31.7, -0.0002, 31.7005, 0.0003)
    north, south = box(31.5, 0, 32.5, 1.5) - hole, box(31.5, -1.5, 32.5, 0) - hole
    parted = part(claims(("bora", north), ("cora", south)))
    assert holder_at(parted, 31.7002, 0.0001) == "aria"


def test_without_reconciliation_nothing_moves() -> None:
    short = claims(("bora", box(31.5, -1.5, 31.98, 1.5)))
    parted = part(short, reconcile=False)
    assert len(parted.reassigned) == 0
    assert (parted.faces["held_by"] == parted.faces["held_by_mapped"]).all()


# Leaves a strip along the border with the West, which hangs on it, and a wider one on the coast.
BOTH_SIDES = claims(("bora", box(31.01, -1.5, 31.98, 1.5)))


def test_part_of_a_country_gives_what_the_whole_gives() -> None:
    """Where the country goes on beyond the units given, there is no frontier and no mismatch."""
    units = toyland.units()
    east = units[units["unit_id"].isin(["T-NE", "T-SE"])].reset_index(drop=True)
    whole, some = part(BOTH_SIDES), part(BOTH_SIDES, east, frontier=TOYLAND.boundary)
    in_the_east = {k: area for k, area in km2(whole).items() if k[0] in set(east["unit_id"])}
    assert km2(some) == pytest.approx(in_the_east)
    assert some.reassigned["area_km2"].tolist() == whole.reassigned["area_km2"].tolist()
    assert in_the_east["T-NE", "aria"] == pytest.approx(SQUARE_KM2 / 100)


def test_units_that_follow_the_frontier_roughly_are_at_the_frontier() -> None:
    units = toyland.units()
    moved = units.set_geometry(shapely.transform(units.geometry.values, lambda xy: xy + 0.01))
    parted = part(claims(("bora", box(31.5, -1.5, 31.99, 1.5))), moved, frontier=TOYLAND.boundary)
    assert pieces(parted) == [("reassigned", "border", "bora")]


# The proof


def test_units_that_overlap_are_refused() -> None:
    units = toyland.units()
    units.loc[0, "geometry"] = box(30, 0, 31.01, 1)
    with pytest.raises(lp.PartitionError, match=r"T-N[WE]"):
        part(claims(EAST), units)


def test_a_hairline_gap_between_units_is_refused_with_its_place() -> None:
    units = toyland.units()
    units.loc[0, "geometry"] = box(30, 0, 31 - 5e-9, 1)
    with pytest.raises(lp.PartitionError, match=r"31\.0000?"):
        part(claims(EAST), units)


def test_the_proof_states_its_error() -> None:
    proof = part(claims(EAST)).proof
    assert 0 <= proof.conservation_error_m2 < 1


def test_nothing_given_is_changed() -> None:
    units, ground = toyland.units(), claims(("bora", box(31.5, -1.5, 31.98, 1.5)))
    before = units.copy(), ground.copy()
    part(ground, units)
    for given_one, copy in zip((units, ground), before, strict=True):
        pd.testing.assert_frame_equal(pd.DataFrame(given_one), pd.DataFrame(copy))


def test_a_second_time_is_like_the_first() -> None:
    first, second = part(BOTH_SIDES), part(BOTH_SIDES)
    for name in ("faces", "line", "reassigned"):
        assert getattr(first, name).to_json() == getattr(second, name).to_json()


@pytest.mark.parametrize("wobble", [1e-10, 1e-12, 1e-14])
def test_near_coincident_borders_are_noded_on_a_grid(wobble: float) -> None:
    """A claim that follows the units' border but for rounding leaves no gaps and no slivers.

    Without a grid, noding loses edges here (shapely issue 2368).
    """
    lats = np.linspace(-1.2, 1.2, 1001)
    border = np.c_[31 + np.random.default_rng(1).normal(0, wobble, 1001), lats]
    parted = part(claims(("bora", Polygon([*border, (32.5, 1.2), (32.5, -1.2)]))))
    assert len(parted.faces) == 4
    assert held(parted, "bora") == pytest.approx(2 * SQUARE_KM2, rel=1e-9)


# Properties

edge = st.floats(-0.99, 0.99).map(lambda value: round(value, 4))


@st.composite
def triangles(draw: st.DrawFn) -> Polygon:
    """Triangles in and around Toyland that are no slivers."""
    corners = [(31 + 1.4 * draw(edge), 1.4 * draw(edge)) for _ in range(3)]
    return Polygon(corners)


grounds = st.lists(
    st.tuples(
        st.sampled_from(["bora", "cora", "contested", "aria"]),
        triangles().filter(lambda t: t.area > 1e-3),
    ),
    min_size=1,
    max_size=4,
)
# A new node on a slanting edge of 100 km may lie 0.1 mm beside it.
NODING_KM2 = 1e-4
few = settings(max_examples=20, deadline=None)


@few
@given(grounds, st.booleans())
@example([("bora", box(29, -2, 33, 2))], True)
@example([EAST, ("bora", box(31.7, 0.5, 31.7005, 0.5005))], True)
def test_areas_sum_to_the_whole(ground: list[tuple[str, Polygon]], reconcile: bool) -> None:
    parted = part(claims(*ground), on_overlap="contested", reconcile=reconcile)
    assert km2(parted, by=["unit_id"]) == pytest.approx(
        dict.fromkeys(["T-NE", "T-NW", "T-SE", "T-SW"], SQUARE_KM2), rel=1e-9
    )


def turned(polygon: Polygon, start: int) -> Polygon:
    """The same polygon, wound the other way, begun elsewhere, each vertex written twice."""
    ring = shapely.get_coordinates(polygon)[:-1][::-1]
    return Polygon(np.repeat(np.roll(ring, start, axis=0), 2, axis=0))


@few
@given(grounds, st.permutations(range(4)), st.integers(0, 3))
def test_how_the_same_ground_is_written_does_not_matter(
    ground: list[tuple[str, Polygon]], order: list[int], start: int
) -> None:
    units = toyland.units()
    plainly = part(claims(*ground), units, on_overlap="first")
    shuffled = units.iloc[order].reset_index(drop=True)
    shuffled["geometry"] = [turned(square, start) for square in shuffled.geometry]
    otherwise = claims(*[(holder, turned(polygon, start)) for holder, polygon in ground])
    assert km2(part(otherwise, shuffled, on_overlap="first")) == pytest.approx(
        km2(plainly), rel=1e-9, abs=NODING_KM2
    )


@few
@given(grounds)
def test_the_order_of_claims_does_not_matter(ground: list[tuple[str, Polygon]]) -> None:
    one_way = part(claims(*ground), on_overlap="contested")
    other_way = part(claims(*ground[::-1]), on_overlap="contested")
    assert km2(one_way) == pytest.approx(km2(other_way), rel=1e-9, abs=NODING_KM2)


@few
@given(grounds, st.floats(30.05, 30.95).map(lambda lon: round(lon, 3)))
def test_splitting_a_unit_in_two_adds_up(ground: list[tuple[str, Polygon]], lon: float) -> None:
    units = toyland.units()
    halves = toyland.frame([("a", box(30, 0, lon, 1)), ("b", box(lon, 0, 31, 1))], "unit_id")
    split = pd.concat([units[units["unit_id"] != "T-NW"], halves], ignore_index=True)
    whole, parts = (km2(part(claims(*ground), u, on_overlap="first")) for u in (units, split))
    for holder in ("aria", "bora", "cora", "contested"):
        together = parts.get(("a", holder), 0.0) + parts.get(("b", holder), 0.0)
        assert together == pytest.approx(whole.get(("T-NW", holder), 0.0), rel=1e-9, abs=NODING_KM2)


@few
@given(edge, edge, edge)
def test_moving_the_line_one_way_never_shrinks_one_side(a: float, b: float, west: float) -> None:
    near, far = sorted([a, b])
    held_km2 = [
        held(part(claims(("bora", box(31 + lon, -1.5 + west / 3, 32.5, 1.5)))), "bora")
        for lon in (far, near)
    ]
    assert held_km2[0] <= held_km2[1] + 1e-6


def test_an_overlap_is_reported_whole_whichever_claim_comes_first() -> None:
    """Bora before cora and cora before bora were two overlaps, of which one was told."""
    ground = claims(
        ("bora", box(30, -1, 30.5, 1)),
        ("cora", box(30.4, -1, 31, 1)),
        ("bora", box(30.9, -1, 32, 1)),
    )
    with pytest.raises(lp.ConflictError, match=f"both claim {4 * SQUARE_KM2 * 0.1:,.1f} km²"):
        part(ground)


@pytest.mark.parametrize("height", [0.005, 0.00035])
def test_a_wide_overlap_is_wide_however_claims_cut_it(height: float) -> None:
    """Cut into strips of 40 m it was settled as 286 slivers: 12 km²."""
    units = frame([("u", box(30, 0, 31.01, 0.1)), ("v", box(31, 0, 32, 0.1))], "unit_id")
    cuts = [("bora", box(30.9, y, 31.1, y + height)) for y in np.arange(0, 0.1, 2 * height)]
    with pytest.raises(lp.PartitionError, match="units u and v overlap by"):
        partition(units, claims(*cuts), default_holder="aria")


def test_units_are_in_degrees_and_there_are_some() -> None:
    metres = toyland.units().to_crs("EPSG:3857")
    held = claims(("bora", box(30, 0, 31, 1)))
    with pytest.raises(lp.GeometryError, match="units: are not in degrees"):
        partition(metres, held, default_holder="aria")
    with pytest.raises(lp.GeometryError, match="units: there are none"):
        partition(metres.iloc[:0], held, default_holder="aria")
