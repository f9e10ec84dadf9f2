"""The command line, as its users type it: what is printed, where, and with which exit status."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from conftest import one_line_of
from shapely.geometry import box
from unpacking import unpacked

import lineplan as lp

ROOT = Path(__file__).parents[1]


# -- help ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "",
        "map",
        "areas",
        "places",
        "locate",
        "export",
        "plans",
        "plans list",
        "plans show",
        "plans check",
        "plans new",
        "plans schema",
        "data",
        "data list",
        "compare",
        "data verify",
    ],
)
def test_h_works_everywhere(line: Any, command: str) -> None:
    said = line(*command.split(), "-h")
    assert said.status == 0
    assert "Usage" in said.out


@pytest.mark.parametrize("command", ["map", "areas", "places", "locate", "export"])
def test_ground_is_the_same_everywhere(line: Any, command: str) -> None:
    out = line(command, "-h").out
    for option in ("control", "units", "unit-id", "as-of", "set", "reading", "contested"):
        assert f"--{option}" in out
    assert "--on-overlap" in out
    assert "--no-reconcile" in out


def test_version() -> None:
    for arguments in (["--version"], ["-m", "lineplan", "--version"]):
        program = [
            sys.executable,
            *(arguments if "-m" in arguments else ["-m", "lineplan", *arguments]),
        ]
        done = subprocess.run(program, capture_output=True, text=True, check=True, cwd=ROOT)
        assert done.stdout == f"lineplan {lp.__version__}\n"


# -- areas ---------------------------------------------------------------------------------------


def test_areas_json(line: Any) -> None:
    said = line("areas", "--format", "json")
    assert said.status == 0
    document = said.document
    conditions, rows = document["conditions"], document["rows"]
    buffer = [r for r in rows if r["status"] == "demilitarized_buffer"]
    assert [r["held_by"] for r in buffer] == ["ua"]
    assert buffer[0]["area_km2"] == pytest.approx(5864.5, abs=0.1)
    assert buffer[0]["area_sq_mi"] == pytest.approx(5864.53 / 2.589988110336, abs=0.1)
    assert {"status", "status_label", "held_by", "share_of_units"} <= set(rows[0])
    assert conditions["line_date"] == "2025-11-20"
    assert conditions["line_age_days"] > 0
    units = lp.arrange().units["area_km2"].sum()
    assert sum(r["area_km2"] for r in rows) == pytest.approx(units, rel=1e-9)
    assert sum(r["share_of_units"] for r in rows) == pytest.approx(1, rel=1e-9)


def test_areas_keys(line: Any) -> None:
    arguments = ["areas", "--by", "unit", "--by", "clause", "--status", "relinquished"]
    rows = line(*arguments, "--format", "json").document["rows"]
    assert {r["unit_name"] for r in rows} == {"Kharkiv", "Sumy", "Dnipropetrovsk", "Mykolaiv"}
    assert {r["clause_id"] for r in rows} == {"21.3"}
    assert all(0 < r["share_of_unit"] < 0.1 for r in rows)
    assert "status" not in rows[0]


def test_areas_csv_keeps_source_and_date_in_every_row(line: Any) -> None:
    said = line("areas", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(said.out)))
    assert len(rows) == 7
    assert {r["line_date"] for r in rows} == {"2025-11-20"}
    assert all(r["line_source"] and r["plan_id"] == "point21" for r in rows)
    assert "note:" in said.err


def test_areas_table_and_markdown(line: Any) -> None:
    table = line("areas").out
    assert "a proposal, not in force" in table
    assert "5,652-6,262" in table
    assert "withdrawal not stated" in table
    markdown = line("areas", "--format", "markdown").out
    assert "| demilitarized_buffer | ua | 5,865 |" in markdown


def test_areas_to_a_file(line: Any, tmp_path: Path) -> None:
    said = line("areas", "--format", "json", "-o", tmp_path / "a.json")
    assert said.out == ""
    assert json.loads((tmp_path / "a.json").read_text())["rows"]


def test_readings_and_parameters_show(line: Any) -> None:
    out = line("areas", "--reading", "21.1=de_facto", "--set", "relinquished_to=ua").out
    assert "21.1=de_facto" in out
    assert "relinquished_to = ua" in out
    assert "[de facto; by the United States]" in out


# -- locate and places ---------------------------------------------------------------------------


def test_locate_kramatorsk(line: Any) -> None:
    out = line("locate", "37.57", "48.73").out
    for words in ("Donetsk (UA-14)", "held by  ua", "demilitarized_buffer", "21.4", "20.4 km"):
        assert words in out


def test_locate_the_city_of_kherson_outside_every_polygon(line: Any) -> None:
    said = line("locate", "32.617", "46.635", "--format", "json")
    (row,) = said.document["rows"]
    assert row["unit_name"] == "Kherson"
    assert row["outside_km"] == pytest.approx(0.4, abs=0.05)
    assert "counted with the nearest" in said.err


def test_locate_takes_negative_coordinates(line: Any) -> None:
    said = line("locate", "-5.5", "-48")
    assert said.status == 0
    assert "in no unit" in said.out


def test_locate_a_table(line: Any, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("name,Longitude,Latitude\nA,37.57,48.73\nB,30.52,50.45\n")
    rows = line("locate", tmp_path / "p.csv", "--format", "json").document["rows"]
    assert [(r["name"], r["status"]) for r in rows] == [
        ("A", "demilitarized_buffer"),
        ("B", "unaffected"),
    ]


def test_locate_names_the_bad_row(line: Any, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("lon,lat\n37.57,48.73\nx,50\n")
    assert "row 3: lon 'x'" in one_line_of(line("locate", tmp_path / "p.csv"))


def test_places_in_the_buffer(line: Any) -> None:
    said = line("places", "--status", "demilitarized_buffer")
    names = [row.split()[0] for row in said.out.splitlines()[4:8]]
    assert names == ["Kramatorsk", "Sloviansk", "Kostiantynivka", "Druzhkivka"]
    assert "nominal, pre-war, not present population" in said.out
    assert "population in" not in said.err


def test_places_json_never_sums_nominal_population(line: Any) -> None:
    document = line("places", "--unit", "UA-14", "--format", "json").document
    assert document["conditions"]["population"] == "nominal, pre-war, not present population"
    assert "population_total" not in document["conditions"]
    assert "population" not in document["rows"][0]
    assert "population_nominal_prewar" in document["rows"][0]


def test_own_places_with_a_date_are_summed(line: Any, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("name,lon,lat,people\nA,37.57,48.73,10\nB,37.6,48.85,5\n")
    arguments = ["places", "--places", tmp_path / "p.csv", "--population", "people"]
    said = line(*arguments, "--population-date", "2025-10-01", "--format", "json")
    assert said.document["conditions"]["population_total"] == 15
    assert "population_total" not in line(*arguments, "--format", "json").document["conditions"]


def test_population_needs_a_file(line: Any) -> None:
    assert line("places", "--population", "people").status == 2


# -- map and export ------------------------------------------------------------------------------


def test_map_and_export_write_and_say_so(line: Any, tmp_path: Path) -> None:
    said = line("map", "--lang", "uk", "--focus", "UA-14")
    assert said.status == 0
    assert said.out == ""
    assert "wrote point21.html" in said.err
    assert '<html lang="uk"' in (tmp_path / "point21.html").read_text(encoding="utf-8")
    assert line("export", "-o", "z.gpkg").status == 0
    assert len(gpd.read_file(tmp_path / "z.gpkg", layer="zones")) == len(lp.arrange().zones)


@pytest.mark.parametrize("focus", ["30,45,40,50", "-10,40,45,55", "Donetsk", "relinquished"])
def test_focus(line: Any, focus: str) -> None:
    assert line("map", "-o", "x.html", "--focus", focus).status == 0


@pytest.mark.parametrize("focus", ["40,45,30,50", "1,2,3", "nowhere"])
def test_bad_focus(line: Any, focus: str, tmp_path: Path) -> None:
    assert line("map", "-o", "x.html", "--focus", focus).status == 2
    assert not list(tmp_path.iterdir())


# -- bad input: one line, exit status 1, nothing written -----------------------------------------


def test_wrong_paths(line: Any) -> None:
    assert "nope.geojson: no such file" in one_line_of(line("map", "--control", "nope.geojson"))
    assert "nope.gpkg: no such file" in one_line_of(line("map", "--units", "nope.gpkg"))
    assert "nope.toml: no such file" in one_line_of(line("map", "nope.toml"))
    assert "neither a plan file nor a plan" in one_line_of(line("map", "nope"))


def test_wrong_layer(line: Any, tmp_path: Path) -> None:
    assert line("export", "-o", "z.gpkg").status == 0
    text = one_line_of(line("areas", "--units", f"{tmp_path / 'z.gpkg'}:lakes"))
    assert "has no layer 'lakes'" in text
    assert "zones, line, units" in text


def test_wrong_layer_to_write(line: Any, tmp_path: Path) -> None:
    said = line("export", "-o", "x.gpkg", "--layer", "lakes")
    assert said.status == 1
    assert said.err.splitlines()[-1].endswith("zones, line, units, reassigned, sources")
    assert not list(tmp_path.iterdir())


def test_units_from_our_own_geopackage(line: Any, tmp_path: Path) -> None:
    assert line("export", "-o", "z.gpkg").status == 0
    said = line("areas", "--units", f"{tmp_path / 'z.gpkg'}:units", "--format", "json")
    assert "27 of 27 are units of ukraine" in said.err
    (row,) = [r for r in said.document["rows"] if r["status"] == "demilitarized_buffer"]
    assert row["area_km2"] == pytest.approx(5864.5, abs=0.1)


def test_control_without_any_overlap(line: Any, tmp_path: Path) -> None:
    far = gpd.GeoDataFrame({"held_by": ["ru"]}, geometry=[box(0, 0, 1, 1)], crs="EPSG:4326")
    far.to_file(tmp_path / "far.geojson")
    text = one_line_of(line("map", "--control", "far.geojson", "--as-of", "2026-01-01"))
    assert "none of its ground" in text
    assert [p.name for p in tmp_path.iterdir()] == ["far.geojson"]


def test_control_with_longitude_and_latitude_swapped(line: Any, tmp_path: Path) -> None:
    far = gpd.GeoDataFrame(geometry=[box(48, 37, 49, 38)], crs="EPSG:4326")
    far.to_file(tmp_path / "far.geojson")
    assert "swapped?" in one_line_of(line("areas", "--control", "far.geojson"))


def test_overlapping_claims(line: Any, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"held_by": ["ru", "ua"]},
        geometry=[box(36, 47, 38, 49), box(37, 48, 39, 49)],
        crs="EPSG:4326",
    )
    frame.to_file(tmp_path / "two.geojson")
    text = one_line_of(line("map", "--control", "two.geojson", "--as-of", "2025-11-20"))
    assert "ru and ua both claim" in text
    assert "km²" in text
    assert not (tmp_path / "point21.html").exists()
    for choice in ("contested", "first"):
        assert line("areas", "--control", "two.geojson", "--on-overlap", choice).status == 0


def test_unknown_holder(line: Any, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"held_by": ["Occupied"]}, geometry=[box(36, 47, 38, 49)], crs=4326)
    frame.to_file(tmp_path / "c.geojson")
    assert "'occupied' (1)" in one_line_of(line("areas", "--control", "c.geojson"))


def test_a_plan_with_three_faults_lists_all_three(line: Any, tmp_path: Path) -> None:
    text = (ROOT / "data/ukraine/plans/point21.toml").read_text(encoding="utf-8")
    text = text.replace('status = "recognized"', 'status = "recognised"')
    text = text.replace('["UA-65", "UA-23"]', '["UA-65", "UA-99"]')
    text = text.replace('overrides = ["21.1"]', 'overrides = ["21.9"]\nwithin = 3')
    (tmp_path / "bad.toml").write_text(text, encoding="utf-8")
    for command in (["plans", "check", "bad.toml"], ["map", "bad.toml"]):
        said = line(*command)
        assert said.status == 1
        assert "Traceback" not in said.err
        faults = said.err.strip().splitlines()
        assert len(faults) == 4
        for clause, words in (
            ("21.1", "status"),
            ("21.2", "'UA-99'"),
            ("21.4", "'21.9'"),
            ("21.4", "unknown key 'within'"),
        ):
            assert any(f"clause {clause}" in fault and words in fault for fault in faults)
    assert [p.name for p in tmp_path.iterdir()] == ["bad.toml"]


def test_an_older_file_stays_when_a_run_fails(line: Any, tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("old")
    assert line("map", "-o", "x.html", "--control", "nope.geojson").status == 1
    assert (tmp_path / "x.html").read_text() == "old"


def test_missing_folder(line: Any) -> None:
    for arguments in (["map", "-o", "no/x.html"], ["export", "-o", "no/x.gpkg"]):
        said = line(*arguments)
        assert said.status == 1
        assert "there is no folder no" in said.err
    assert "there is no folder no" in line("areas", "-o", "no/x.csv").err


@pytest.mark.parametrize(
    "arguments",
    [
        ["areas", "--set", "width_km=3"],
        ["areas", "--set", "relinquished_to=xx"],
        ["areas", "--reading", "21.1=nope"],
        ["areas", "--reading", "21.1"],
        ["areas", "--status", "nope"],
        ["areas", "--as-of", "yesterday"],
        ["areas", "--by", "colour"],
        ["areas", "--nope"],
        ["locate", "37.5"],
        ["locate", "500", "48"],
        ["places", "--unit", "UA-99"],
        ["export", "-o", "x.docx"],
        ["export"],
    ],
    ids=" ".join,
)
def test_usage_errors(line: Any, arguments: list[str], tmp_path: Path) -> None:
    said = line(*arguments)
    assert said.status == 2
    assert said.out == ""
    assert said.err
    assert "Traceback" not in said.err
    assert not list(tmp_path.iterdir())


def test_as_of_must_not_contradict_the_file(line: Any, tmp_path: Path) -> None:
    ground = gpd.GeoDataFrame({"held_by": ["ru"]}, geometry=[box(36, 47, 38, 49)], crs=4326)
    ground.to_file(tmp_path / "line_20251120.geojson")
    call = ["areas", "--control", "line_20251120.geojson", "--as-of"]
    assert "is dated 2025-11-20, not 2026-01-01" in one_line_of(line(*call, "2026-01-01"))
    assert line(*call, "2025-11-20").status == 0


def test_as_of_takes_the_latest_state_on_or_before_it(line: Any) -> None:
    said = line("areas", "--as-of", "2026-01-01", "--format", "json")
    assert "the latest state on or before 2026-01-01 is of 2025-11-20" in said.err
    assert said.document["conditions"]["line_date"] == "2025-11-20"
    assert "has no state on or before 2025-11-19" in one_line_of(
        line("areas", "--as-of", "2025-11-19")
    )


def test_a_line_is_not_of_the_future(line: Any) -> None:
    assert "lies in the future" in line("areas", "--as-of", "2999-01-01").err


def test_a_source_that_seems_to_draw_every_party_is_refused(line: Any, tmp_path: Path) -> None:
    gpd.GeoDataFrame(geometry=[box(20, 40, 45, 55)], crs=4326).to_file(tmp_path / "all.geojson")
    assert "do not say who holds them" in one_line_of(line("areas", "--control", "all.geojson"))


def test_a_reading_and_a_value_must_agree(line: Any) -> None:
    arguments = ["areas", "--reading", "21.1=de_facto", "--set"]
    assert line(*arguments, "recognition_21_1=de jure").status == 2
    assert line(*arguments, "recognition_21_1=de facto").status == 0


def test_a_column_of_ids_needs_a_file_of_units(line: Any) -> None:
    assert line("areas", "--unit-id", "ID").status == 2


def test_columns_of_a_table_of_points_are_kept(line: Any, tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("lon,lat,held_by\n37.57,48.73,clinic A\n")
    (row,) = line("locate", "p.csv", "--format", "json").document["rows"]
    assert (row["held_by"], row["held_by_given"]) == ("ua", "clinic A")


def test_names_in_four_scripts_on_a_plain_console() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lineplan", "plans", "show", "point21"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        check=True,
    )
    assert b"21.4" in done.stdout


def test_a_zipped_shapefile_by_its_bare_name(line: Any, tmp_path: Path) -> None:
    folder = tmp_path / "shp"
    folder.mkdir()
    lp.load_dataset().units()[["unit_id", "geometry"]].to_file(folder / "units.shp")
    with zipfile.ZipFile(tmp_path / "units.zip", "w") as archive:
        for part in folder.iterdir():
            archive.write(part, part.name)
            archive.writestr(f"__MACOSX/._{part.name}", b"")
    assert "27 of 27" in line("areas", "--units", "units.zip").err


# -- data ------------------------------------------------------------------------------


def test_data(line: Any) -> None:
    rows = line("data", "list", "--format", "json").document["rows"]
    assert {"units", "control", "plan"} <= {r["role"] for r in rows}
    assert all(r["licence"] and r["sha256"] for r in rows)
    assert "units.geojson" in line("data", "list").out
    said = line("data", "verify")
    assert said.status == 0
    assert said.out.count("ok") == len(rows)


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ("people", "p.csv: row 2: people 12,000 is not a number of people"),
        ("status", "p.csv: column 'status' is no population"),
        ("lon", "p.csv: column 'lon' is no population"),
    ],
)
def test_a_population_that_is_none(line: Any, tmp_path: Path, column: str, told: str) -> None:
    (tmp_path / "p.csv").write_text('name,lon,lat,status,people\nA,37.57,48.73,x,"12,000"\n')
    arguments = ["places", "--places", "p.csv", "--population", column]
    said = line(*arguments, "--population-date", "2025-10-01")
    assert said.status == 2
    assert said.out == ""
    assert told in said.err


@pytest.mark.parametrize("command", ["areas", "map"])
def test_a_pipe_or_device_is_not_replaced(line: Any, tmp_path: Path, command: str) -> None:
    """As root, `-o /dev/null` put a plain file in the place of the device."""
    os.mkfifo(tmp_path / "pipe")
    assert "is a device or a pipe" in line(command, "-o", "pipe").err
    assert (tmp_path / "pipe").is_fifo()


def test_a_link_goes_on_leading_where_it_led(line: Any, tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("real.csv")
    assert line("areas", "--format", "csv", "-o", "link.csv").status == 0
    assert (tmp_path / "link.csv").is_symlink()
    assert "demilitarized_buffer" in (tmp_path / "real.csv").read_text()


def test_a_name_given_twice_is_an_error(line: Any) -> None:
    """The first of two readings of a clause was dropped without a word."""
    said = line("areas", "--reading", "21.1=de_facto", "--reading", "21.1=regions")
    assert said.status == 2
    assert "21.1 is given twice" in said.err


@pytest.mark.parametrize("command", ["map", "figure", "report"])
def test_a_key_of_a_terms_file_that_is_never_used_is_named(
    command: str, line: Any, tmp_path: Path
) -> None:
    """The example of docs/atlas.md changes the buffer in the legend; the other changes nothing."""
    docs = (Path(__file__).parents[1] / "docs" / "atlas.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", docs, re.DOTALL)
    (tmp_path / "house.toml").write_text(f'"column.status_label" = "x"\n{example}', "utf-8")
    name = {"map": "a.html", "figure": "a.svg", "report": "a.html"}[command]
    said = line(command, "point21", "-o", name, "--terms", "house.toml")
    assert said.status == 0
    assert said.err.count("not used here, so without effect: column.status_label\n") == 1
    written = (tmp_path / name).read_text("utf-8")
    shown = written if command != "map" else unpacked(written)[0].decode()
    assert "Demilitarised zone" in shown
