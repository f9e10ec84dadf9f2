"""Whose ground a file draws, and of which day it speaks."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import toyland
from shapely.geometry import box
from toyland import SQUARE_KM2, claims

import lineplan as lp
from lineplan.control.state import choose_day, date_in_name

DAY = dt.date(2025, 11, 20)
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str = "map.geojson", **columns: list[Any]) -> Path:
        count = max((len(values) for values in columns.values()), default=1)
        geometry = [box(30 + i / 8, -0.5, 30.1 + i / 8, 0.5) for i in range(count)]
        frame = gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326")
        path = tmp_path / name
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_file(path)
        return path

    return written


# Dates


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("deepstatemap_data_20251120.geojson", DAY),
        ("nzz_2025-11-20.json", DAY),
        ("2025_11_20.kml", DAY),
        ("front 2025.11.20.geojson", DAY),
        ("20251120_to_20251120.geojson", DAY),
        ("from_2025-11-19_to_2025-11-20.geojson", None),
        ("deepstate_full_1648989208.geojson", None),
        ("build120251120.geojson", None),
        ("control_20251320.geojson", None),
        ("control_20250230.geojson", None),
        ("Control_25_11_18.kml", None),
        ("map.geojson", None),
    ],
)
def test_date_in_the_name(name: str, day: dt.date | None) -> None:
    assert date_in_name(Path(name)) == day


JAN, FEB, MAR = (dt.date(2025, month, 1) for month in (1, 2, 3))


@pytest.mark.parametrize(
    ("days", "as_of", "chosen"),
    [
        ([], None, None),
        ([], JAN, JAN),
        ([JAN], None, JAN),
        ([JAN], JAN, JAN),
        ([JAN, FEB, MAR], None, MAR),
        ([JAN, FEB, MAR], FEB, FEB),
        ([JAN, FEB, MAR], dt.date(2025, 2, 27), FEB),
        ([JAN, FEB, MAR], dt.date(2026, 1, 1), MAR),
    ],
)
def test_the_latest_state_on_or_before_the_day(
    days: list[dt.date], as_of: dt.date | None, chosen: dt.date | None
) -> None:
    assert choose_day(days, as_of, "map") == chosen


@pytest.mark.parametrize("as_of", [dt.date(2024, 12, 31), dt.date(2025, 1, 2)])
def test_contradicting_the_files_own_date_is_an_error(as_of: dt.date) -> None:
    with pytest.raises(lp.ControlError, match="map: is dated 2025-01-01, not"):
        choose_day([JAN], as_of, "map", is_one_day=True)


def test_before_the_first_state() -> None:
    with pytest.raises(lp.ControlError, match="its first is 2025-01-01"):
        choose_day([JAN, FEB], dt.date(2024, 12, 31), "map")


def test_the_name_of_a_file_dates_it(write: Write, toy: lp.Dataset) -> None:
    path = write("line_20251120.geojson")
    assert lp.read_control(path, toy).as_of == DAY
    assert lp.read_control(path, toy, as_of=DAY).as_of == DAY
    with pytest.raises(lp.ControlError, match="is dated 2025-11-20, not 2025-11-21"):
        lp.read_control(path, toy, as_of=dt.date(2025, 11, 21))


def test_an_undated_file_is_dated_by_the_user(write: Write, toy: lp.Dataset) -> None:
    assert lp.read_control(write(), toy, as_of=DAY).as_of == DAY
    undated = lp.read_control(write(), toy)
    assert undated.as_of is None
    assert any("states no date; state it with --as-of" in note for note in undated.notes)


def test_a_column_of_dates_holds_several_states(write: Write, toy: lp.Dataset) -> None:
    path = write(held_by=["bora", "cora"], as_of=["2025-01-01", "2025-02-01"])
    assert lp.read_control(path, toy).claims["held_by"].tolist() == ["cora"]
    earlier = lp.read_control(path, toy, as_of=dt.date(2025, 1, 31))
    assert earlier.claims["held_by"].tolist() == ["bora"]
    assert earlier.as_of == JAN


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("map.geojson", ["2025-01-01", None]),
        ("map.gpkg", [JAN, None]),
        ("map.parquet", [pd.Timestamp(JAN), pd.NaT]),
        ("map.geojson", ["2025-01-01T12:00:00", ""]),
    ],
    ids=["geojson", "gpkg", "parquet", "times"],
)
def test_rows_without_a_date_belong_to_every_day(
    name: str, days: list[Any], write: Write, toy: lp.Dataset
) -> None:
    control = lp.read_control(write(name, held_by=["bora", "cora"], as_of=days), toy)
    assert control.as_of == JAN
    assert control.claims["held_by"].tolist() == ["bora", "cora"]


def test_what_is_no_date_is_named(write: Write, toy: lp.Dataset) -> None:
    with pytest.raises(lp.ControlError, match="as_of = 'soon' is not a date; write YYYY-MM-DD"):
        lp.read_control(write(held_by=["bora"], as_of=["soon"]), toy)


# Holders


def test_a_file_without_a_column_of_holders_draws_the_claimants_ground(
    write: Write, toy: lp.Dataset
) -> None:
    control = lp.read_control(write(), toy)
    assert control.claims["held_by"].tolist() == ["bora"]
    assert any(
        "has no column 'held_by'; its polygons are read as held by bora" in note
        for note in control.notes
    )


@pytest.mark.parametrize("holder", [None, "held_by"])
def test_holders_are_read_alike_with_and_without_holder(
    write: Write, toy: lp.Dataset, holder: str | None
) -> None:
    path = write(held_by=["bora", "BORA ", "\u00a0Aria", None, "mars", " contested", "unknown"])
    control = lp.read_control(path, toy, holder=holder)
    read = ["bora", "bora", "aria", "unknown", "unknown", "contested", "unknown"]
    assert control.claims["held_by"].tolist() == read
    (said,) = [note for note in control.notes if "no rule knows" in note]
    assert "2 row(s) read as unknown, whose held_by no rule knows" in said
    assert "'(none)' (1)" in said
    assert "'mars' (1)" in said


def test_holders_of_whom_none_is_known_are_listed(write: Write, toy: lp.Dataset) -> None:
    with pytest.raises(lp.ControlError, match=r"'venus' \(2\), 'mars' \(1\); say it with --value"):
        lp.read_control(write(held_by=["mars", "venus", "Venus"]), toy)


def test_a_geoparquet_file_with_another_geometry_column(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "map.parquet"
    claims(("bora", box(30, 0, 30.5, 0.5))).rename_geometry("geom").to_parquet(path)
    assert len(lp.read_control(path, toy).claims) == 1


# Sources


def test_the_embedded_source_has_its_papers(ukraine: lp.Dataset) -> None:
    control = lp.read_control(None, ukraine)
    assert control.as_of == DAY
    assert all([control.source, control.attribution, control.licence, control.viewpoint])
    assert control.control_class != "not stated"
    assert set(control.claims["held_by"]) == {"ru"}


def test_an_embedded_source_has_a_name(ukraine: lp.Dataset) -> None:
    named = lp.read_control("control-2025-11-20", ukraine)
    assert named.claims.equals(lp.read_control(None, ukraine).claims)


def test_a_file_says_no_more_than_it_says(write: Write, toy: lp.Dataset) -> None:
    control = lp.read_control(write(), toy)
    assert control.source == "map.geojson"
    assert (control.attribution, control.licence, control.viewpoint) == ("", "", "")
    assert control.control_class == "not stated"
    assert len(control.sha256) == 64


def test_no_such_source(ukraine: lp.Dataset) -> None:
    with pytest.raises(lp.GeometryError, match=r"nowhere\.geojson: no such file"):
        lp.read_control("nowhere.geojson", ukraine)


PLAN = toyland.FOLDER.parent / "cases" / "held_and_unheld" / "plan.toml"


def state(*rows: Any) -> lp.Control:
    return lp.Control(claims(*rows), DAY, "a source")


def test_a_source_beside_the_units_is_an_error(toy: lp.Dataset) -> None:
    beside = state(("bora", box(40, 0, 41, 1)))
    with pytest.raises(lp.ControlError, match="a source: none of its ground") as caught:
        lp.arrange(PLAN, dataset=toy, control=beside)
    assert "swapped" not in str(caught.value)


def test_swapped_coordinates_are_suspected(ukraine: lp.Dataset) -> None:
    swapped = lp.Control(claims(("ru", box(47, 37, 48, 39))), DAY, "a source")
    with pytest.raises(lp.ControlError, match="longitude and latitude swapped"):
        lp.arrange(dataset=ukraine, control=swapped)


def test_a_source_that_draws_only_the_default_holder_speaks_of_the_units(
    toy: lp.Dataset,
) -> None:
    found = lp.arrange(PLAN, dataset=toy, control=state(("aria", box(29, -2, 33, 2))))
    assert found.zones["held_by"].unique().tolist() == ["aria"]
    assert found.areas("held_by")["area_km2"].tolist() == pytest.approx([4 * SQUARE_KM2])
