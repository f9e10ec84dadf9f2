"""Commands on data: pack and inspect; --control with an archive."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from conftest import one_line_of
from shapely.geometry import box

import lineplan as lp
from lineplan.cli import output

DAYS = ["2025-11-17", "2025-11-18", "2025-11-20"]


@pytest.fixture(autouse=True)
def days(tmp_path: Path) -> Path:
    """Three days of a made line; nothing changes on the second, the 19th is missing."""
    folder = tmp_path / "days"
    folder.mkdir()
    for day, west in zip(DAYS, (38, 38, 37.5), strict=True):
        ground = box(west, 46, 41, 50)
        frame = gpd.GeoDataFrame({"held_by": ["ru"]}, geometry=[ground], crs=4326)
        frame.to_file(folder / f"line_{day}.geojson")
    return folder


def test_pack(line: Any, tmp_path: Path) -> None:
    said = line("data", "pack", "days", "-o", "archive.parquet")
    size = (tmp_path / "archive.parquet").stat().st_size
    assert (said.status, said.out) == (0, "")
    assert said.err.splitlines() == [
        "note: no state of 1 day(s): 2025-11-19",
        "wrote archive.parquet: 3 day(s), 2025-11-17 to 2025-11-20, of them 1 unchanged; "
        f"{size:,} bytes",
        "note: a working copy of your own: days: whether its geometry may be passed on is not "
        "stated",
    ]


def test_pack_some_days(line: Any, tmp_path: Path, ukraine: lp.Dataset) -> None:
    said = line("data", "pack", "days", "-o", "a.parquet", "--from", DAYS[1], "--to", DAYS[1])
    assert "wrote a.parquet: 1 day(s), 2025-11-18 to 2025-11-18" in said.err
    assert [f"{d}" for d in lp.open_archive(tmp_path / "a.parquet", ukraine).days] == DAYS[1:2]
    late = line("data", "pack", "days", "-o", "b.parquet", "--from", "2026-01-01")
    assert late.status == 2
    assert "no state from 2026-01-01" in late.err
    assert line("data", "pack", "days", "-o", "b.parquet", "--from", "soon").status == 2
    assert not (tmp_path / "b.parquet").exists()


def test_pack_with_a_bad_day(line: Any, days: Path, tmp_path: Path) -> None:
    (days / "line_2025-11-18.geojson").write_text("{}")
    said = one_line_of(line("data", "pack", "days", "-o", "a.parquet"))
    assert said.startswith("lineplan: 2025-11-18: ")
    assert "line_2025-11-18.geojson" in said
    assert said.endswith("(--keep-going leaves such days out)")
    assert not (tmp_path / "a.parquet").exists()
    kept = line("data", "pack", "days", "-o", "a.parquet", "--keep-going")
    assert kept.status == 0
    assert "warning: left out: 2025-11-18: " in kept.err
    assert "note: no state of 2 day(s): 2025-11-18, 2025-11-19" in kept.err


@pytest.mark.parametrize("command", ["areas", "locate", "compare", "export"])
def test_an_archive_as_control(command: str, line: Any, days: Path, tmp_path: Path) -> None:
    """What an archive says of a day is what that day's file says."""
    line("data", "pack", "days", "-o", "archive.parquet")
    call: tuple[str, ...] = {
        "areas": ("areas", "--format", "json"),
        "locate": ("locate", "37.7", "48", "--format", "json"),
        "compare": ("compare", "point21", "as_held", "--format", "json"),
        "export": ("export", "-o", "out.parquet"),
    }[command]

    def ask(control: str, *more: str) -> tuple[Any, str]:
        said = line(*call, "--control", control, *more)
        assert said.status == 0, said.err
        if command == "export":
            return gpd.read_parquet(tmp_path / "out.parquet")["area_km2"].sum(), said.err
        found = said.document
        return found.get("rows") or found, said.err

    plain, _ = ask("days/line_2025-11-18.geojson")
    for control in ("archive.parquet", "days"):
        of_day, said = ask(control, "--as-of", "2025-11-19")
        assert f"note: {control}: an archive of 3 day(s) from 2025-11-17 to 2025-11-20" in said
        assert "the state of 2025-11-18 is used" in said
        if command == "export":
            assert of_day == pytest.approx(plain)
        elif command == "areas":
            pd.testing.assert_frame_equal(pd.DataFrame(of_day), pd.DataFrame(plain))
    assert "no state on or before 2025-11-01" in one_line_of(
        line(*call, "--control", "archive.parquet", "--as-of", "2025-11-01")
    )


def test_archives_side_by_side(line: Any) -> None:
    line("data", "pack", "days", "-o", "archive.parquet")
    two = ("--control", "archive.parquet", "--control", "days/line_2025-11-17.geojson")
    said = line("areas", *two)
    assert "A: line_2025-11-20.geojson; line of 2025-11-20" in said.out
    assert "B: line_2025-11-17.geojson; line of 2025-11-17" in said.out


def test_inspect_an_archive(line: Any, tmp_path: Path) -> None:
    line("data", "pack", "days", "-o", "archive.parquet")
    for name, kind in (("archive.parquet", "packed"), ("days", "folder")):
        found = line("data", "inspect", name, "--format", "json").document
        assert (found["name"], found["kind"]) == (name, kind)
        assert (found["days"], found["first"], found["last"]) == (3, DAYS[0], DAYS[-1])
        assert (found["missing"], found["unchanged"]) == (["2025-11-19"], 1)
        assert found["holders"] == ["ru"]
        assert found["crs"] in ("EPSG:4326", "OGC:CRS84")
        assert (found["features"], found["vertices"]) == (2, 10), "of the days that differ"
        (row,) = found["classes"]
        km2 = row.pop("km2")
        assert row == {
            "control_class": "not stated", "held_by": "ru", "features": 1, "is_counted": True
        }  # fmt: skip
        assert km2 == pytest.approx(115_000, rel=0.05)
        assert found["faults"] == []
    text = line("data", "inspect", "archive.parquet").out
    assert "kind               packed: GeoParquet that lineplan data pack wrote" in text
    assert "days               3, 2025-11-17 to 2025-11-20; 1 unchanged" in text
    assert "missing            2025-11-19" in text
    assert f"km² on 2025-11-20  not stated, ru: {km2:,.0f} in 1 feature(s)" in text


def settlements(path: Path) -> Path:
    """Three days of made settlements: places of the dataset, and one that it does not know."""
    places = lp.load_dataset().places().set_index("name")["geonameid"]
    held = {"Kyiv": "UA", "Odesa": "UA", "Kharkiv": "UA", "Luhansk": "RU", "Donetsk": "RU"}
    rows = [f"{places[name]},20251117,{holder}" for name, holder in held.items()]
    rows += [
        f"{places['Kharkiv']},20251118,UA",
        "999,20251118,RU",
        f"{places['Odesa']},20251120,RU",
    ]
    path.write_text("\n".join(["geonameid,date,status", *rows]) + "\n")
    return path


def test_a_settlement_table_is_an_archive(line: Any, tmp_path: Path) -> None:
    """Packed, through time, inspected and drawn: each day is what --as-of reads of it."""
    table = settlements(tmp_path / "t.csv")
    lost = "t.csv: 1 of 6 place(s) are not among the dataset's places and were left out"
    packed = line("data", "pack", "t.csv", "-o", "a.parquet")
    assert packed.err.count(lost) == 1, "once, and not for every day"
    assert "3 day(s), 2025-11-17 to 2025-11-20, of them 1 unchanged" in packed.err
    found = line("data", "inspect", "t.csv", "--format", "json").document
    assert (found["kind"], found["form"]) == ("settlements", "archive of settlements")
    assert (found["days"], found["missing"], found["unchanged"]) == (3, ["2025-11-19"], 1)
    assert found["holders"] == ["ru", "ua"]
    assert found["faults"] == []
    assert lost in found["notes"][0]
    followed = line("timeline", "as_held", "--control", "t.csv", "-o", "s.csv")
    assert followed.err.count(lost) == 1
    series = pd.read_csv(tmp_path / "s.csv").groupby(["date", "held_by"])["area_km2"].sum()
    for day in DAYS:
        areas = ("areas", "as_held", "--by", "held_by", "--format", "json", "--as-of", day)
        asked = pd.DataFrame(line(*areas, "--control", "t.csv").document["rows"])
        kept = pd.DataFrame(line(*areas, "--control", "a.parquet").document["rows"])
        pd.testing.assert_frame_equal(asked, kept)
        for row in asked.itertuples():
            assert series[day, row.held_by] == pytest.approx(row.area_km2, abs=1e-5)
    assert series["2025-11-20", "ru"] > series["2025-11-18", "ru"] + 30_000
    drawn = line("map", "as_held", "--control", "t.csv", "--from", "2025-11-18", "-o", "m.html")
    assert drawn.status == 0
    assert lost in drawn.err
    alone = line("data", "inspect", str(table), "--source", "polygons")
    assert "fault" in alone.out


def test_inspect_says_which_days_are_bad(line: Any, days: Path) -> None:
    (days / "line_2025-11-17.geojson").write_text("{}")
    bow = shapely.Polygon([(37, 47), (38, 48), (38, 47), (37, 48)])
    gpd.GeoDataFrame(geometry=[bow], crs=4326).to_file(days / "line_2025-11-20.geojson")
    found = line("data", "inspect", "days", "--format", "json").document
    first, second = found["faults"]
    assert first.startswith("2025-11-17: ")
    assert second.startswith("2025-11-20: line_2025-11-20.geojson: feature 0 repaired (Self-inter")
    assert "[37.5 47.5]" in second, "with the place"


def test_inspect_a_file(line: Any, tmp_path: Path) -> None:
    bow = shapely.Polygon([(37, 47), (38, 48), (38, 47), (37, 48)])
    frame = gpd.GeoDataFrame({"who": ["a"]}, geometry=[bow], crs=4326).to_crs(3857)
    frame.to_file(tmp_path / "mine.gpkg")
    found = line("data", "inspect", "mine.gpkg", "--format", "json").document
    assert (found["kind"], found["why"]) == ("polygons", "it draws polygons")
    assert found["crs"] == "EPSG:3857"
    assert (found["days"], found["first"], found["missing"]) == (0, None, [])
    assert (found["features"], found["vertices"]) == (1, 5)
    assert any("feature 0 repaired (Self-intersection[37.5 47.5" in f for f in found["faults"])
    said = line("data", "inspect", "mine.gpkg").out
    assert "days     none stated" in said
    assert "CRS      EPSG:3857" in said
    named = line("data", "inspect", "mine.gpkg", "--source", "polygons", "--format", "json")
    assert named.document["why"] == "--source names it"
    (tmp_path / "how.toml").write_text('kind = "polygons"\nfile = "mine.gpkg"\n')
    said = line("data", "inspect", "how.toml").out
    assert "kind     polygons: how.toml names it" in said
    assert "fault    feature 0 repaired (Self-intersection" in said, "the first line names the file"


def test_inspect_what_is_no_source(line: Any, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("name,colour\na,b\n")
    found = line("data", "inspect", "x.csv", "--format", "json").document
    assert (found["kind"], found["form"]) == ("none", "table")
    assert any("are not recognised as places with their holder" in f for f in found["faults"])
    bow = shapely.LineString([(37, 47), (38, 48)])
    gpd.GeoDataFrame(geometry=[bow], crs=4326).to_file(tmp_path / "front.geojson")
    said = line("data", "inspect", "front.geojson").out
    assert "kind     lines: it draws lines" in said
    assert "--left PARTY" in said
    assert "no such file" in one_line_of(line("data", "inspect", "nothing.geojson"))


def test_of_pieces_along_the_border_the_largest_are_said() -> None:
    pieces = [f"border piece {n}, 9 km² in UA-14, reassigned from ua to ru" for n in range(1, 8)]
    pieces[6] = "border piece 7, 9 km² in UA-14, stays with ua: it reaches 9 km inland"
    notes = ["a.geojson: read", *pieces, "b.geojson: read"]
    said = output.brief(notes)
    assert said[:-1] == [*notes[:6], "b.geojson: read"]
    assert said[-1].startswith("and 2 smaller border piece(s), 1 of which stay as mapped (lineplan")
    assert output.brief(notes[:6]) == notes[:6]


def test_progress_is_only_for_terminals(capsys: pytest.CaptureFixture[str]) -> None:
    with output.progress("packing", 2) as step:
        step("one")
        step("two")
    assert capsys.readouterr() == ("", "")


@pytest.mark.realdata
def test_inspect_real_sources(line: Any, real_data: Path) -> None:
    kinds = {
        path.name: line("data", "inspect", path, "--format", "json").document["kind"]
        for path in sorted((real_data / "other").iterdir())
    }
    assert kinds == {
        "deepstate_full_1648989208.geojson": "deepstate_feed",
        "deepstate_full_1754251105.geojson": "deepstate_feed",
        "mapsite_Control_25_11_18.kml": "kml",
        "mapsite_FrontLine_25_11_18.kml": "lines",
        "nzz_2025-11-20.json": "liveuamap",
        "units_kherson_islet_first.geojson": "polygons",
    }


@pytest.mark.realdata
def test_areas_of_a_real_day_from_the_archive(line: Any, real_data: Path, tmp_path: Path) -> None:
    span = ("--from", "2025-11-18", "--to", "2025-11-27")
    line("data", "pack", real_data / "deepstate_daily", "-o", "a.parquet", *span)
    call = ("areas", "--format", "json", "--control")
    packed = line(*call, "a.parquet", "--as-of", "2025-11-20").document
    plain = line(*call, real_data / "deepstate_daily" / "deepstatemap_data_20251120.geojson")
    assert packed["rows"] == plain.document["rows"]
    for key in ("line_date", "line_source", "control_class"):
        assert packed["conditions"][key] == plain.document["conditions"][key]
