"""Settlement tables: ground to the nearest place, the latest state, disputes."""

import datetime as dt
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import Point, box
from toyland import SQUARE_KM2, units

import lineplan as lp
from lineplan import geodesy

PLAN = Path(__file__).parent / "data" / "cases" / "held_and_unheld" / "plan.toml"
# A place in the middle of each of the four squares: cells are the squares themselves.
MIDDLE = {"nw": (30.5, 0.5), "ne": (31.5, 0.5), "sw": (30.5, -0.5), "se": (31.5, -0.5)}


def table(path: Path, *rows: str, head: str = "place,lon,lat,date,status") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def rows(day: str = "20250101", **holders: str) -> list[str]:
    return [f"{p},{MIDDLE[p][0]},{MIDDLE[p][1]},{day},{h}" for p, h in holders.items()]


FOUR = rows(nw="ARIA", ne="BORA", sw="ARIA", se="BORA")


def ground(control: lp.Control) -> dict[str, shapely.Geometry]:
    land = shapely.union_all(units().geometry.to_numpy())
    return {
        holder: shapely.intersection(geometry, land, grid_size=1e-9)
        for holder, geometry in zip(control.claims["held_by"], control.claims.geometry, strict=True)
    }


def km2(geometry: shapely.Geometry) -> float:
    return float(geodesy.area_m2([geometry])[0] / 1e6)


def test_ground_is_given_to_the_nearest_place(tmp_path: Path, toy: lp.Dataset) -> None:
    control = lp.read_control(table(tmp_path / "t.csv", *FOUR), toy)
    assert control.kind == "settlements"
    assert control.as_of == dt.date(2025, 1, 1)
    found = ground(control)
    assert km2(found["bora"]) == pytest.approx(2 * SQUARE_KM2, rel=1e-5)
    assert found["bora"].contains(Point(31.01, 0.9))
    assert found["aria"].contains(Point(30.99, 0.9))
    arrangement = lp.arrange(PLAN, dataset=toy, control=control)
    held = arrangement.areas("held_by").set_index("held_by")["area_km2"]
    assert held["bora"] == pytest.approx(2 * SQUARE_KM2, rel=1e-5)


def test_it_says_how_coarse_that_is(tmp_path: Path, toy: lp.Dataset) -> None:
    notes = lp.read_control(table(tmp_path / "t.csv", *FOUR), toy).notes
    (said,) = [note for note in notes if "nearest" in note]
    assert "nearest of 4 places" in said
    assert "110.6 km apart" in said, "a degree of latitude on the equator"


def test_the_latest_state_of_each_place_on_or_before_the_day(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    later, last = rows("2025-02-01", sw="BORA"), rows("20250301", nw="BORA")
    path = table(tmp_path / "t.csv", *last, *FOUR, *later)
    share = {}
    for day in (None, dt.date(2025, 1, 31), dt.date(2025, 2, 15), dt.date(2026, 1, 1)):
        control = lp.read_control(path, toy, as_of=day)
        share[day] = round(km2(ground(control)["bora"]) / SQUARE_KM2)
    assert list(share.values()) == [4, 2, 3, 4]
    feb = lp.read_control(path, toy, as_of=dt.date(2025, 2, 15))
    assert feb.as_of == dt.date(2025, 2, 1)
    with pytest.raises(lp.ControlError, match="its first is 2025-01-01"):
        lp.read_control(path, toy, as_of=dt.date(2024, 1, 1))


def test_contested_and_disputed_places(tmp_path: Path, toy: lp.Dataset) -> None:
    path = table(
        tmp_path / "t.csv",
        *rows(nw="CONTESTED", ne="BORA", sw="ARIA", se="BORA"),
        *rows(se="ARIA"),
    )
    control = lp.read_control(path, toy)
    assert km2(ground(control)["contested"]) == pytest.approx(2 * SQUARE_KM2, rel=1e-5)
    (said,) = [note for note in control.notes if "several holders" in note]
    assert "1 place(s) have several holders on one day and are read as contested" in said
    assert "31.500, -0.500" in said


def test_columns_and_values_are_nameable(tmp_path: Path, toy: lp.Dataset) -> None:
    path = table(
        tmp_path / "t.tsv",
        "1\t0.5\t30.5\tred\t2025-01-01\tx",
        "2\t0.5\t31.5\tblue\t2025-01-01\ty",
        head="n\tnorth\teast\tflag\twhen\tstatus",
    )
    with pytest.raises(lp.ControlError, match="not recognised as places"):
        lp.read_control(path, toy)
    control = lp.read_control(
        path,
        toy,
        kind="settlements",
        holder="flag",
        values={"red": "bora", "blue": "aria"},
        columns={"lon": "east", "lat": "north", "date": "when"},
    )
    assert control.as_of == dt.date(2025, 1, 1)
    assert ground(control)["bora"].contains(Point(30.5, -0.5))


def test_ids_of_places_stand_for_positions(tmp_path: Path, ukraine: lp.Dataset) -> None:
    places = ukraine.places().set_index("name")
    kyiv, donetsk = places.loc["Kyiv", "geonameid"], places.loc["Donetsk", "geonameid"]
    path = table(
        tmp_path / "control_latest.csv",
        f"{kyiv},20250101,UA",
        f"{donetsk},20250101,RU",
        "999,20250101,RU",
        head="geonameid,date,status",
    )
    control = lp.read_control(path, ukraine)
    held = control.claims.set_index("held_by").geometry
    assert held["ru"].contains(Point(37.8, 48.0))
    assert held["ua"].contains(Point(30.5, 50.4))
    assert any("1 of 3 place(s) are not among the dataset's places" in n for n in control.notes)


def test_points_of_a_vector_file(tmp_path: Path, toy: lp.Dataset) -> None:
    holders = ["aria", "bora", "aria", "bora"]
    frame = gpd.GeoDataFrame({"held_by": holders}, geometry=[Point(p) for p in MIDDLE.values()])
    frame.set_crs(4326).to_file(tmp_path / "p.gpkg")
    control = lp.read_control(tmp_path / "p.gpkg", toy)
    assert control.kind == "settlements"
    assert km2(ground(control)["bora"]) == pytest.approx(2 * SQUARE_KM2, rel=1e-5)


def test_a_zipped_table(tmp_path: Path, toy: lp.Dataset) -> None:
    inside = table(tmp_path / "t.csv", *FOUR)
    with ZipFile(tmp_path / "t.zip", "w", ZIP_DEFLATED) as archive:
        archive.write(inside, "control_latest_2025.csv")
    assert lp.read_control(tmp_path / "t.zip", toy).kind == "settlements"


def test_one_place_holds_all(tmp_path: Path, toy: lp.Dataset) -> None:
    control = lp.read_control(table(tmp_path / "t.csv", *rows(ne="BORA")), toy)
    assert km2(ground(control)["bora"]) == pytest.approx(4 * SQUARE_KM2)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,300,0.5,20250101,BORA", "row 2: lon '300' is not a number of degrees between -180"),
        ("x,nan,0.5,20250101,BORA", "row 2: lon 'nan' is not a number"),
        ("x,,0.5,20250101,BORA", "row 2: lon '' is not a number"),
        ("x,0.5,30.5,20250101,BORA", "swapped?"),
        ("x,30.5,0.5,soon,BORA", "date = 'soon' is not a date"),
        ("x,30.5,0.5,,BORA", "1 row(s) have no date"),
        ("x,30.5,0.5,20250101,MARS", "no status says who holds the ground: 'mars' (1)"),
        ("", "has no row with a place"),
    ],
)
def test_faults_are_one_clear_line(row: str, said: str, tmp_path: Path, toy: lp.Dataset) -> None:
    path = table(tmp_path / "t.csv", *filter(None, [row]))
    with pytest.raises(lp.ControlError) as caught:
        lp.read_control(path, toy)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_years_of_many_places_are_quick(tmp_path: Path, toy: lp.Dataset) -> None:
    """200,000 rows: days are parsed once each."""
    import time

    lines = [
        f"{i},{30 + i % 40 / 20},{-1 + i // 40 / 20},2025-01-{d:02d},{'BORA' if i % 2 else 'ARIA'}"
        for i in range(1600)
        for d in (1, 2, 3)
    ]
    path = table(tmp_path / "t.csv", *lines * 42)
    start = time.perf_counter()
    control = lp.read_control(path, toy)
    assert time.perf_counter() - start < 10
    assert any("nearest of 1,600 places" in note for note in control.notes)
    total = sum(map(km2, ground(control).values()))
    assert total == pytest.approx(4 * SQUARE_KM2, rel=1e-6), "cells neither overlap nor gape"
    assert box(30, -1, 32, 1).area == 4
