"""Figures by any other polygons: each cell by hand, sums, and what a file may not do."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import toyland
from conftest import one_line_of
from shapely.geometry import box
from toyland import SQUARE_KM2, claims, frame

import lineplan as lp
from lineplan.geodesy import area_m2
from lineplan.plan.file import parse_plan
from lineplan.reporting import report_at, split_by


def band_km2(south: float, north: float, width: float) -> float:
    """Area between two parallels over some degrees of longitude, by the closed formula."""
    flattening = 1 / 298.257223563
    square = flattening * (2 - flattening)
    e = math.sqrt(square)

    def q(latitude: float) -> float:
        s = math.sin(math.radians(latitude))
        return (1 - square) * (
            s / (1 - square * s * s) - math.log((1 - e * s) / (1 + e * s)) / (2 * e)
        )

    return 6378.137**2 / 2 * (q(north) - q(south)) * math.radians(width)


LOW, HIGH = band_km2(0, 0.5, 0.5), band_km2(0.5, 1, 0.5)


def cells(*, without: tuple[str, ...] = ()) -> gpd.GeoDataFrame:
    """Toyland in cells of half a degree: ``c30.5_-1`` has its corner at 30.5°E 1°S."""
    rows = [
        (f"c{west:g}_{south:g}", box(west, south, west + 0.5, south + 0.5))
        for west in np.arange(30, 32, 0.5)
        for south in np.arange(-1, 1, 0.5)
    ]
    return frame([row for row in rows if row[0] not in without], "cell")


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., lp.ReportAreas]:
    def read(polygons: gpd.GeoDataFrame, column: str = "cell", ending: str = "gpkg") -> Any:
        path = tmp_path / f"report.{ending}"
        path.unlink(missing_ok=True)
        polygons.to_file(path)
        return lp.read_report(path, column)

    return read


@pytest.fixture
def zones() -> gpd.GeoDataFrame:
    units = toyland.units()
    return units.assign(
        area_km2=area_m2(units.geometry.to_numpy()) / 1e6, share_of_unit=1.0, kept="yes"
    )


@pytest.fixture(scope="module")
def arrangement(toy: lp.Dataset, tmp_path_factory: pytest.TempPathFactory) -> lp.Arrangement:
    """T-NE is a special zone; bora holds everything east of 31.25°E."""
    raw = {
        "id": "p",
        "dataset": "toyland",
        "date": dt.date(2026, 1, 1),
        "in_force": False,
        "elsewhere": "unaffected",
        "title": "P",
        "clause": [
            {
                "id": "1",
                "subject": "s",
                "text": [{"language": "en", "kind": "published", "quote": "q"}],
                "where": {"units": ["T-NE"]},
                "status": "special_zone",
            }
        ],
    }
    path = tmp_path_factory.mktemp("toy") / "held_20260101.geojson"
    claims(("bora", box(31.25, -1.5, 32.5, 1.5))).to_file(path)
    return lp.arrange(parse_plan(raw, toy, name="p"), dataset=toy, control=path)


# Zones cut


def test_cells_have_the_areas_known_by_hand(
    zones: gpd.GeoDataFrame, report: Callable[..., lp.ReportAreas]
) -> None:
    assert pytest.approx(SQUARE_KM2, rel=1e-12) == 2 * (LOW + HIGH)
    split = split_by(zones, report(cells()))
    assert len(split) == 16
    for row in split.itertuples():
        south = float(row.report_id.partition("_")[2])
        km2 = LOW if south in (0, -0.5) else HIGH
        assert row.area_km2 == pytest.approx(km2, rel=1e-9)
        assert row.share_of_unit == pytest.approx(km2 / SQUARE_KM2, rel=1e-9)
        assert row.kept == "yes"
        assert area_m2([row.geometry])[0] / 1e6 == pytest.approx(km2, rel=1e-9)
    north_west = split[split["unit_id"] == "T-NW"]["report_id"]
    assert sorted(north_west) == ["c30.5_0", "c30.5_0.5", "c30_0", "c30_0.5"]


def test_ground_in_no_polygon_has_its_own_row(
    zones: gpd.GeoDataFrame, report: Callable[..., lp.ReportAreas]
) -> None:
    split = split_by(zones, report(cells(without=("c30_0", "c31_-1", "c31.5_-1"))))
    outside = split[split["report_id"] == "outside"].set_index("unit_id")["area_km2"]
    assert dict(outside) == pytest.approx({"T-NW": LOW, "T-SE": 2 * HIGH}, rel=1e-9)
    sums = split.groupby("unit_id")["area_km2"].sum()
    assert dict(sums) == pytest.approx(dict(zones.set_index("unit_id")["area_km2"]), rel=1e-15)
    (hole,) = split[(split["report_id"] == "outside") & (split["unit_id"] == "T-NW")].geometry
    assert hole.equals(box(30, 0, 30.5, 0.5))


def test_a_zone_wholly_outside_is_one_row(
    zones: gpd.GeoDataFrame, report: Callable[..., lp.ReportAreas]
) -> None:
    split = split_by(zones, report(frame([("a", box(30.2, 0.2, 30.4, 0.4))], "cell")))
    rows = split.groupby("unit_id")["report_id"].agg(list).to_dict()
    assert rows["T-NW"] == ["a", "outside"]
    assert rows["T-NE"] == rows["T-SE"] == rows["T-SW"] == ["outside"]
    assert split.set_index("unit_id").loc["T-SE", "area_km2"] == pytest.approx(SQUARE_KM2)


def test_small_ground_is_ground(
    zones: gpd.GeoDataFrame, report: Callable[..., lp.ReportAreas]
) -> None:
    """A hundred square metres that no polygon covers are said, not lost as noise."""
    side = 10 / 111_000
    hole = box(30.5, 0.5, 30.5 + side, 0.5 + side)
    split = split_by(zones, report(frame([("a", box(29, -2, 33, 2) - hole)], "cell")))
    (km2,) = split[split["report_id"] == "outside"]["area_km2"]
    assert km2 == pytest.approx(1e-4, rel=0.05)


def test_what_is_too_small_to_be_ground_is_not_lost_from_the_sum(
    report: Callable[..., lp.ReportAreas],
) -> None:
    """A quarter of a square metre is noise in the drawing; the zone still adds up."""
    side = 0.5 / 111_000
    small = box(30.5, 0.5, 30.51, 0.51)
    zones = gpd.GeoDataFrame({"unit_id": ["T-NW"]}, geometry=[small], crs="EPSG:4326")
    zones["area_km2"] = area_m2(zones.geometry.to_numpy()) / 1e6
    hole = box(30.502, 0.502, 30.502 + side, 0.502 + side)
    cells = frame([("a", box(30, 0, 30.506, 1) - hole), ("b", box(30.506, 0, 31, 1))], "cell")
    split = split_by(zones, report(cells))
    assert list(split["report_id"]) == ["a", "b"]
    assert split["area_km2"].sum() == pytest.approx(zones["area_km2"].sum(), rel=1e-12)


def test_a_polygon_far_away_is_an_error(
    zones: gpd.GeoDataFrame, report: Callable[..., lp.ReportAreas]
) -> None:
    far = report(frame([("a", box(0, 30, 1, 31))], "cell"))
    with pytest.raises(lp.GeometryError, match=r"none of its polygons \(0.00, 30.00 to 1.00, 31"):
        split_by(zones, far)


def test_pieces_that_do_not_add_up_are_refused(
    zones: gpd.GeoDataFrame, report: Callable[..., lp.ReportAreas]
) -> None:
    wrong = zones.assign(area_km2=zones["area_km2"] + [0, 0, 0.01, 0])
    with pytest.raises(lp.PartitionError, match=r"differ from it by 10,000.0 m²"):
        split_by(wrong, report(cells()))


# Files


def test_any_crs_and_format(zones: gpd.GeoDataFrame, report: Callable[..., lp.ReportAreas]) -> None:
    keys = ["unit_id", "report_id"]
    plain = split_by(zones, report(cells())).set_index(keys)["area_km2"]
    for ending, crs in (("geojson", 4326), ("shp", 3857), ("fgb", 3395)):
        split = split_by(zones, report(cells().to_crs(crs), ending=ending))
        assert dict(split.set_index(keys)["area_km2"]) == pytest.approx(dict(plain), rel=1e-8)
        assert split["area_km2"].sum() == pytest.approx(zones["area_km2"].sum(), rel=1e-12)


def test_features_of_one_id_are_merged_and_said(report: Callable[..., lp.ReportAreas]) -> None:
    polygons = cells()
    polygons["row"] = [name.partition("_")[2] for name in polygons["cell"]]
    polygons["NAME"] = "n " + polygons["row"]
    read = report(polygons, "row")
    assert list(read.frame["report_id"]) == ["-1", "-0.5", "0", "0.5"]
    assert list(read.frame["report_name"]) == ["n -1", "n -0.5", "n 0", "n 0.5"]
    assert read.frame.geometry.iloc[0].equals(box(30, -1, 32, -0.5))
    assert "report.gpkg: 16 features merged into 4 by row" in read.notes


def test_numbers_are_ids_as_they_are_written(report: Callable[..., lp.ReportAreas]) -> None:
    polygons = cells().iloc[:2].assign(code=[7.0, 12.0])
    assert list(report(polygons, "code").frame["report_id"]) == ["7", "12"]


@pytest.mark.parametrize("column", ["nope", None])
def test_a_column_that_is_none_is_answered_with_the_columns(
    column: str | None, tmp_path: Path
) -> None:
    cells().assign(name="x").to_file(tmp_path / "r.gpkg")
    with pytest.raises(lp.UsageError) as caught:
        lp.read_report(tmp_path / "r.gpkg", column)
    assert str(caught.value).startswith("r.gpkg: ")
    assert str(caught.value).endswith("its columns are cell, name")
    assert "\n" not in str(caught.value)


def test_a_feature_without_id_is_refused(report: Callable[..., lp.ReportAreas]) -> None:
    polygons = cells()
    polygons.loc[3, "cell"] = None
    with pytest.raises(
        lp.GeometryError,
        match=r"1 feature\(s\) have nothing in column 'cell'.* "
        r"near 30\.2500, 0\.7500",
    ):
        report(polygons)
    polygons.loc[3, "cell"] = "outside"
    with pytest.raises(lp.GeometryError, match="'outside' means ground in no polygon"):
        report(polygons)


def test_polygons_that_overlap_are_refused_with_names_area_and_place(
    report: Callable[..., lp.ReportAreas],
) -> None:
    two = frame([("a", box(30, 0, 31, 1)), ("b", box(30.75, 0, 32, 1))], "cell")
    with pytest.raises(lp.GeometryError) as caught:
        report(two)
    km2 = SQUARE_KM2 / 4
    assert f"a and b overlap by {km2:,.3f} km² near 30.8750, 0.5000" in str(caught.value)


def test_slivers_are_counted_with_the_first_and_said(
    zones: gpd.GeoDataFrame, report: Callable[..., lp.ReportAreas]
) -> None:
    over = 50 / 111_320
    read = report(frame([("a", box(30, -1, 31 + over, 1)), ("b", box(31, -1, 32, 1))], "cell"))
    (note,) = read.notes
    assert "1 pair(s) of polygons overlap by slivers less than 100 m wide" in note
    assert "counted with the first" in note
    split = split_by(zones, read)
    assert split["area_km2"].sum() == pytest.approx(zones["area_km2"].sum(), rel=1e-12)
    by = split.groupby("report_id")["area_km2"].sum()
    assert by["a"] == pytest.approx(2 * SQUARE_KM2 * (1 + over), rel=1e-9)
    assert by["b"] == pytest.approx(2 * SQUARE_KM2 * (1 - over), rel=1e-9)


# Points


def test_points_lie_in_one_polygon_or_outside(report: Callable[..., lp.ReportAreas]) -> None:
    read = report(cells(without=("c31_0",)).assign(name="x"))
    found = report_at(read, [30.25, 30.5, 31.25, 99], [0.75, 0.75, 0.25, 0])
    assert list(found["report_id"]) == ["c30_0.5", "c30_0.5", "outside", "outside"]
    assert list(found["report_name"]) == ["x", "x", "", ""]


# Arrangements


def test_areas_of_an_arrangement(
    arrangement: lp.Arrangement, report: Callable[..., lp.ReportAreas]
) -> None:
    table = arrangement.areas(report_by=report(cells(without=("c31.5_0",))))
    assert list(table.columns[:4]) == ["report_id", "status", "status_label", "held_by"]
    found = table.set_index(["report_id", "status", "held_by"])["area_km2"]
    # 31.25°E runs through the middle of the cells that begin at 31°E.
    for holder in ("aria", "bora"):
        assert found["c31_0", "special_zone", holder] == pytest.approx(LOW / 2, rel=1e-8)
        assert found["c31_-1", "unaffected", holder] == pytest.approx(HIGH / 2, rel=1e-8)
    assert found["c30_0", "unaffected", "aria"] == pytest.approx(LOW, rel=1e-8)
    assert found["outside", "special_zone", "bora"] == pytest.approx(LOW, rel=1e-8)
    assert list(found.index)[-1] == ("outside", "special_zone", "bora")
    assert found.sum() == pytest.approx(4 * SQUARE_KM2, rel=1e-9)
    assert table["share_of_units"].sum() == pytest.approx(1, rel=1e-9)
    assert table[["assessed_min_km2", "assessed_max_km2"]].isna().all(axis=None)
    only = arrangement.areas("unit", status="special_zone", report_by=report(cells()))
    assert set(only["unit_id"]) == {"T-NE"}
    assert only["share_of_unit"].sum() == pytest.approx(1, rel=1e-9)


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cells of 0.7 degrees over the east of Ukraine, off every round number, in metres."""
    steps = [
        box(west, south, west + 0.7, south + 0.7)
        for west in np.arange(30.0137, 38, 0.7)
        for south in np.arange(44.0137, 50, 0.7)
    ]
    shapes = [shapely.segmentize(cell, 0.01) for cell in steps]
    codes = [f"g{n}" for n in range(len(shapes))]
    path = tmp_path_factory.mktemp("grid") / "grid.gpkg"
    polygons = gpd.GeoDataFrame({"code": codes, "name": codes}, geometry=shapes, crs=4326)
    polygons.to_crs(3857).to_file(path)
    return path


def test_sums_are_those_of_the_zones(point21: lp.Arrangement, grid: Path) -> None:
    read = lp.read_report(grid, "code")
    split = split_by(point21.zones, read)
    sums = split.groupby("zone_id")["area_km2"].sum()
    zones = point21.zones.set_index("zone_id")["area_km2"]
    assert sums[zones.index].to_numpy() == pytest.approx(zones.to_numpy(), rel=1e-9)
    measured = area_m2(split.geometry.to_numpy()) / 1e6
    assert measured == pytest.approx(split["area_km2"].to_numpy(), abs=1e-4)
    keys = ["status", "held_by"]
    by = point21.areas(keys, report_by=read).groupby(keys)["area_km2"].sum()
    plain = point21.areas(keys).set_index(keys)["area_km2"]
    assert by[plain.index].to_numpy() == pytest.approx(plain.to_numpy(), rel=1e-9)
    labels = point21.areas(keys, report_by=read).groupby(keys)["status_label"].nunique()
    assert set(labels) == {1}


# The command line


def test_areas_in_every_form(line: Any, grid: Path, point21: lp.Arrangement) -> None:
    by = ("--report-by", grid, "--report-id", "code")
    said = line("areas", *by, "--format", "json")
    assert "note: grid.gpkg: brought from EPSG:3857" in said.err
    document = said.document
    assert document["conditions"]["report_source"] == "grid.gpkg"
    assert document["conditions"]["report_id_column"] == "code"
    assert len(document["conditions"]["report_sha256"]) == 64
    rows = pd.DataFrame(document["rows"])
    whole = point21.zones["area_km2"].sum()
    assert rows["area_km2"].sum() == pytest.approx(whole, rel=1e-9)
    assert rows["assessed_min_km2"].isna().all()
    comma = list(csv.DictReader(io.StringIO(line("areas", *by, "--format", "csv").out)))
    assert [r["report_id"] for r in comma] == list(rows["report_id"])
    assert {r["report_source"] for r in comma} == {"grid.gpkg"}
    buffer = ("areas", *by, "--status", "demilitarized_buffer")
    table = line(*buffer).out
    assert table.splitlines()[3].split()[:4] == ["reported", "by", "named", "status"]
    assert "not known" in table
    assert "Reported by grid.gpkg, column code." in table
    last = line("areas", *by).out.splitlines()
    outside = [r for r in last if r.startswith("outside")]
    assert "unaffected" in outside[-1]
    assert last[last.index(outside[-1]) + 1] == ""
    markdown = line(*buffer, "--format", "markdown").out
    assert "| reported by | named | status | held by | km² |" in markdown


def test_places_say_where_they_lie(line: Any, grid: Path) -> None:
    by = ("--report-by", grid, "--report-id", "code")
    document = line("places", *by, "--format", "json").document
    assert document["conditions"]["report_source"] == "grid.gpkg"
    polygons = gpd.read_file(grid).to_crs(4326).set_index("code").geometry
    rows = {r["name"]: r for r in document["rows"]}
    row = rows["Kramatorsk"]
    assert polygons[row["report_id"]].contains(shapely.Point(row["lon"], row["lat"]))
    assert row["report_name"] == row["report_id"]
    assert (rows["Lviv"]["report_id"], rows["Lviv"]["report_name"]) == ("outside", "")
    table = line("places", *by, "--status", "demilitarized_buffer").out
    assert f"{row['report_id']}" in next(
        r for r in table.splitlines() if r.startswith("Kramatorsk")
    )


def test_columns_of_own_places_are_kept(line: Any, grid: Path, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("name,lon,lat,report_id\nA,37.57,48.73,mine\n")
    options = ("--places", "p.csv", "--report-by", grid, "--report-id", "code")
    (row,) = line("places", *options, "--format", "json").document["rows"]
    assert row["report_id_given"] == "mine"
    assert row["report_id"].startswith("g")


def test_what_is_given_wrong_is_said_in_one_line(line: Any, grid: Path, tmp_path: Path) -> None:
    for command in ("areas", "places"):
        for arguments, told in (
            (("--report-id", "code"), "--report-id needs --report-by FILE"),
            (("--report-by", grid), "name the column of ids (--report-id); its columns are code"),
            (("--report-by", grid, "--report-id", "x"), "has no column 'x'; its columns are code"),
        ):
            said = line(command, *arguments)
            assert said.status == 2
            assert told in said.err.splitlines()[-1]
            assert said.out == ""
    two = frame([("a", box(36, 48, 37, 49)), ("b", box(36.5, 48, 38, 49))], "cell")
    two.to_file(tmp_path / "two.gpkg")
    said = line("areas", "--report-by", "two.gpkg", "--report-id", "cell")
    assert "two.gpkg: a and b overlap by" in one_line_of(said)
    assert "no such file" in one_line_of(line("areas", "--report-by", "no.gpkg"))
