"""Cutting faces by strips, slivers between units, and the line of contact, on four squares."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import toyland
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box
from toyland import SQUARE_KM2, claims

import lineplan as lp
from lineplan import geodesy
from lineplan.partition import Partition, partition

EAST = claims(("bora", box(31, -1.5, 32.5, 1.5)))
MERIDIAN = LineString([(31, -1), (31, 1)])


def part(claimed: gpd.GeoDataFrame, units: gpd.GeoDataFrame | None = None, **how: Any) -> Partition:
    units = toyland.units() if units is None else units
    return partition(units, claimed, default_holder="aria", **how)


def km2(parted: Partition, *by: str) -> dict[Any, float]:
    keys = list(by) if len(by) > 1 else by[0]
    return (parted.faces.groupby(keys)["area_m2"].sum() / 1e6).to_dict()


# Cutting


def test_a_strip_of_ten_kilometres_along_the_middle() -> None:
    """The line is 221 km long, so each side has 2,211 km², and the ends reach into the sea."""
    cut = part(EAST).cut({"near": geodesy.strip(MERIDIAN, 10)})
    length_km = float(geodesy.length_m([MERIDIAN])[0]) / 1000
    found = km2(cut, "held_by", "near")
    assert found["aria", True] == pytest.approx(10 * length_km, rel=1e-4)
    assert found["bora", True] == pytest.approx(10 * length_km, rel=1e-4)
    assert sum(found.values()) == pytest.approx(4 * SQUARE_KM2, rel=1e-12)


def test_nested_strips_and_two_baselines() -> None:
    parted = part(EAST)
    rings = {f"{width} km": geodesy.strip(MERIDIAN, width) for width in (10, 20, 25)}
    equator = {"equator": geodesy.strip(LineString([(30, 0), (32, 0)]), 15)}
    cut = parted.cut(rings | equator)
    ring = km2(cut, "10 km", "20 km", "25 km")
    length_km = float(geodesy.length_m([MERIDIAN])[0]) / 1000
    assert ring[True, True, True] == pytest.approx(20 * length_km, rel=1e-4)
    assert ring[False, True, True] == pytest.approx(20 * length_km, rel=1e-4)
    assert ring[False, False, True] == pytest.approx(10 * length_km, rel=1e-4)
    assert set(ring) == {
        (True, True, True),
        (False, True, True),
        (False, False, True),
        (False, False, False),
    }
    assert shapely.coverage_is_valid(cut.faces.geometry.to_numpy(), gap_width=1e-8)


def test_cutting_leaves_the_partition_it_was_cut_from() -> None:
    parted = part(EAST)
    before = parted.faces.copy()
    cut = parted.cut({"near": geodesy.strip(MERIDIAN, 10)})
    pd.testing.assert_frame_equal(pd.DataFrame(parted.faces), pd.DataFrame(before))
    assert cut.line.equals(parted.line)
    assert cut.proof.conservation_error_m2 < 1


def test_only_what_an_edge_crosses_is_cut() -> None:
    parted = part(EAST)
    cut = parted.cut({"corner": box(31.8, 0.8, 32.5, 1.5)})
    assert len(cut.faces) == len(parted.faces) + 1
    assert km2(cut, "corner")[True] == pytest.approx(
        geodesy.area_m2([box(31.8, 0.8, 32, 1)])[0] / 1e6, rel=1e-9
    )


def test_ground_that_meets_no_face_cuts_nothing() -> None:
    cut = part(EAST).cut({"far": box(0, 40, 1, 41)})
    assert len(cut.faces) == len(part(EAST).faces)
    assert not cut.faces["far"].any()


def test_a_strip_must_not_take_the_name_of_a_column() -> None:
    with pytest.raises(lp.UsageError, match="'held_by'"):
        part(EAST).cut({"held_by": box(31, 0, 32, 1)})


@settings(deadline=None, max_examples=25)
@given(st.floats(1, 80), st.floats(1, 80), st.floats(30.2, 31.8), st.floats(-0.8, 0.8))
def test_cut_faces_cover_what_the_faces_covered(
    first_km: float, second_km: float, lon: float, lat: float
) -> None:
    parted = part(EAST)
    line = LineString([(30.1, -0.9), (lon, lat), (31.9, 0.7)])
    cut = parted.cut({"a": geodesy.strip(line, first_km), "b": geodesy.strip(line, second_km)})
    for key in ("unit_id", "held_by"):
        assert km2(cut, key) == pytest.approx(km2(parted, key), rel=1e-10)
    narrow, wide = ("a", "b") if first_km <= second_km else ("b", "a")
    assert not (cut.faces[narrow] & ~cut.faces[wide]).any() or abs(first_km - second_km) < 1e-6


# Slivers between units


def with_first(geometry: shapely.Geometry) -> gpd.GeoDataFrame:
    units = toyland.units()
    units.loc[0, "geometry"] = geometry
    return units


def test_units_that_overlap_a_little_are_settled_and_said() -> None:
    units = with_first(box(30, 0, 31.0005, 1))  # T-NW reaches 56 m into T-NE
    parted = part(EAST, units)
    (said,) = [r for r in parted.repairs if "overlap" in r]
    assert "T-NW and T-NE" in said
    sliver_km2 = float(geodesy.area_m2([box(31, 0, 31.0005, 1)])[0]) / 1e6
    assert km2(parted, "unit_id")["T-NE"] == pytest.approx(SQUARE_KM2 - sliver_km2, rel=1e-9)
    assert km2(parted, "unit_id")["T-NW"] == pytest.approx(SQUARE_KM2 + sliver_km2, rel=1e-9)


def test_units_that_overlap_more_are_refused_with_the_place() -> None:
    with pytest.raises(lp.PartitionError, match=r"T-NW and T-NE overlap by .* near 31\.00"):
        part(EAST, with_first(box(30, 0, 31.01, 1)))


def test_a_narrow_gap_inside_is_closed_and_said() -> None:
    """A gap of 45 m between T-NW and T-NE that ends before the coast."""
    short = shapely.Polygon([(30, 0), (31, 0), (30.9996, 0.5), (31, 0.9), (31, 1), (30, 1)])
    parted = part(EAST, with_first(short))
    (said,) = parted.repairs
    assert said.startswith("a gap of")
    assert sum(km2(parted, "unit_id").values()) == pytest.approx(4 * SQUARE_KM2, rel=1e-9)


def test_a_hole_inside_stays_and_is_said() -> None:
    """A lake that no unit has, 11 km wide."""
    lake = box(30.4, 0.4, 30.5, 0.5)
    parted = part(EAST, with_first(shapely.difference(box(30, 0, 31, 1), lake)))
    (said,) = parted.repairs
    assert "in none of them" in said
    lake_km2 = float(geodesy.area_m2([lake])[0]) / 1e6
    assert km2(parted, "unit_id")["T-NW"] == pytest.approx(SQUARE_KM2 - lake_km2, rel=1e-9)


def test_embedded_units_need_no_repair() -> None:
    assert not [n for n in lp.arrange().conditions["notes"] if "gap" in n or "overlap" in n]


# The line of contact


def test_the_line_runs_from_coast_to_coast_with_the_first_holder_on_its_left() -> None:
    (line,) = part(EAST).line.itertuples()
    assert line.between == "aria/bora"
    assert line.kind == "line"
    xy = shapely.get_coordinates(line.geometry)
    assert xy[0].tolist() == [31, -1]  # aria lies in the west: northward it is on the left
    assert xy[-1].tolist() == [31, 1]
    assert line.length_km == pytest.approx(221.149, abs=1e-3)


def test_coast_and_frontier_are_no_line_of_contact() -> None:
    everything = part(claims(("bora", box(29, -2, 33, 2))))
    assert everything.line.empty
    assert everything.line_by_unit.empty


def test_an_enclave_is_counted_apart() -> None:
    parted = part(claims(("bora", box(31, -1.5, 32.5, 1.5)), ("bora", box(30.3, 0.3, 30.5, 0.5))))
    kinds = parted.line.groupby("kind")["length_km"].sum()
    assert kinds["line"] == pytest.approx(221.149, abs=1e-3)
    assert kinds["enclave"] == pytest.approx(2 * (0.2 * 110.574 + 0.2 * 111.317), rel=1e-3)
    by_unit = parted.line_by_unit.set_index(["unit_id", "kind"])["length_km"]
    assert by_unit["T-NW", "enclave"] == pytest.approx(kinds["enclave"], rel=1e-9)


def test_a_line_along_the_border_of_units_is_shared_by_both() -> None:
    by_unit = part(EAST).line_by_unit.set_index("unit_id")["length_km"]
    assert len(by_unit) == 4
    assert by_unit.to_numpy() == pytest.approx(221.149 / 4, abs=1e-3)


def test_lengths_by_unit_add_up() -> None:
    a = lp.arrange()
    for kind in ("line", "enclave"):
        whole = a.line.loc[a.line["kind"] == kind, "length_km"].sum()
        parts = a.line_by_unit.loc[a.line_by_unit["kind"] == kind, "length_km"].sum()
        assert parts == pytest.approx(whole, rel=1e-9)
    assert (a.line_by_unit["vertex_spacing_km"] > 0).all()


def test_every_vertex_of_the_line_lies_between_its_holders() -> None:
    a = lp.arrange()
    shape = {h: shapely.union_all(z.geometry.to_numpy()) for h, z in a.zones.groupby("held_by")}
    for line in a.line.itertuples():
        left, right = line.between.split("/")
        for holder in (left, right):
            distance = shapely.distance(shapely.points(line.geometry.coords), shape[holder])
            assert distance.max() < 1e-8
        middle = line.geometry.interpolate(0.5, normalized=True)
        before, after = (line.geometry.interpolate(0.5 + d, normalized=True) for d in (-1e-4, 1e-4))
        turn = np.array([-(after.y - before.y), after.x - before.x])
        beside = shapely.Point(np.array([middle.x, middle.y]) + turn / np.hypot(*turn) * 1e-4)
        assert shape[left].distance(beside) == 0


@pytest.mark.parametrize("side", ["left", "right", "both"])
@pytest.mark.parametrize("ends", [[(30, 0.1), (32, 0.1)], [(30, -0.584), (31.767, 0.075)]])
def test_a_strip_that_begins_on_the_frontier(side: Any, ends: Any) -> None:
    """Its flat end lay a hair beside the frontier, and that was taken for a gap."""
    country = part(claims(("bora", box(31.5, -2, 33, 2))))
    strip = geodesy.strip(LineString(ends), 5, side=side)
    cut = country.cut({"near": strip}).faces
    inside = shapely.intersection(strip, box(30, -1, 32, 1))
    found = cut.loc[cut["near"], "area_m2"].sum()
    assert found == pytest.approx(geodesy.area_m2([inside])[0], rel=1e-9)


def test_a_strip_is_made_of_polygons() -> None:
    country = partition(
        toyland.units(), claims(("bora", box(31.5, -2, 33, 2))), default_holder="aria"
    )
    mixed = shapely.GeometryCollection([box(30, 0, 31, 1), shapely.Point(31, 0)])
    with pytest.raises(lp.GeometryError, match="'near': a GeometryCollection is no ground"):
        country.cut({"near": mixed})
