"""How a source is read, on the command line, and several sources side by side."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely.geometry import LineString, box, mapping

from lineplan.cli import run


@dataclass
class Said:
    status: int
    out: str
    err: str


@pytest.fixture
def line(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Said]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: str) -> Said:
        capfd.readouterr()
        status = run(list(arguments))
        return Said(status, *capfd.readouterr())

    return call


EAST = box(37.5, 46, 41, 50)
MORE = box(37, 46, 41, 50)


@pytest.fixture(autouse=True)
def sources(tmp_path: Path) -> None:
    rows = {"stat": ["Occupied", "Grey zone"]}
    parts = [EAST, box(37, 46, 37.5, 50)]
    gpd.GeoDataFrame(rows, geometry=parts, crs=4326).to_file(tmp_path / "mapped.gpkg")
    for name, ground in (("east_20251120", EAST), ("more_20251119", MORE)):
        frame = gpd.GeoDataFrame({"held_by": ["ru"]}, geometry=[ground], crs=4326)
        frame.to_file(tmp_path / f"{name}.geojson")
    front = LineString([(37.5, 44), (37.5, 54)])
    gpd.GeoDataFrame(geometry=[front], crs=4326).to_file(tmp_path / "front.geojson")


MAPPED = ("--control", "mapped.gpkg", "--holder", "stat", "--value", "Occupied=ru")
GREY = ("--value", "Grey zone=contested")
AREAS = ("areas", "--by", "held_by", "--format", "json")


def held(said: Said) -> dict[str, float]:
    assert said.status == 0, said.err
    rows = json.loads(said.out)["rows"]
    return {row["held_by"]: row["area_km2"] for row in rows}


def test_a_table_is_mapped(line: Any) -> None:
    said = line(*AREAS, *MAPPED, *GREY, "--as-of", "2025-11-20")
    assert set(held(said)) == {"ru", "ua", "contested"}
    assert json.loads(said.out)["conditions"]["line_date"] == "2025-11-20"
    unknown = line(*AREAS, *MAPPED, "--as-of", "2025-11-20")
    assert set(held(unknown)) == {"ru", "ua", "unknown"}
    assert "1 row(s) read as unknown, whose stat no rule knows: 'grey zone' (1)" in unknown.err


def test_how_it_was_read_is_kept_and_used_again(line: Any, tmp_path: Path) -> None:
    said = line(*AREAS, *MAPPED, *GREY, "--save-source", "how.toml", "--as-of", "2025-11-20")
    assert "wrote how.toml" in said.err
    assert held(line(*AREAS, "--control", "how.toml", "--as-of", "2025-11-20")) == held(said)
    (tmp_path / "mapped.gpkg").rename(tmp_path / "other.gpkg")
    again = line(*AREAS, "--control", "other.gpkg", "--source", "how.toml", "--as-of", "2025-11-20")
    assert held(again) == held(said)
    assert "mapped.gpkg: no such file" in line("areas", "--control", "how.toml").err


def test_a_line_of_contact(line: Any) -> None:
    by_seed = held(line(*AREAS, "--control", "front.geojson", "--seed", "38,48=ru"))
    by_side = held(line(*AREAS, "--control", "front.geojson", "--left", "ua"))
    assert by_seed == by_side
    assert by_seed["ru"] == pytest.approx(
        held(line(*AREAS, "--control", "east_20251120.geojson"))["ru"], rel=0.05
    )


def test_sources_side_by_side_with_their_range(line: Any) -> None:
    three = ("--control", "east_20251120.geojson", "--control", "more_20251119.geojson")
    three += ("--control", "control-2025-11-20")
    said = line("areas", *three)
    assert said.status == 0
    heads = next(text for text in said.out.splitlines() if "range" in text).split()
    assert heads == ["status", "held", "by", "A", "B", "C", "range", "km²"]
    assert "A: east_20251120.geojson; line of 2025-11-20; held: not stated" in said.out
    assert "B: more_20251119.geojson; line of 2025-11-19" in said.out
    (buffer,) = [t.split() for t in said.out.splitlines() if t.startswith("demilitarized_buffer")]
    figures = [int(text.replace(",", "")) for text in buffer[2:5]]
    assert buffer[5] == f"{min(figures):,}-{max(figures):,}"
    rows = list(csv.DictReader(io.StringIO(line("areas", *three, "--format", "csv").out)))
    of_buffer = [row for row in rows if row["status"] == "demilitarized_buffer"]
    assert [round(float(row["area_km2"])) for row in of_buffer] == figures
    assert {round(float(row["least_km2"])) for row in of_buffer} == {min(figures)}
    assert [row["line_date"] for row in of_buffer] == ["2025-11-20", "2025-11-19", "2025-11-20"]
    document = json.loads(line("areas", *three, "--format", "json").out)
    assert len(document["conditions"]["sources"]) == 3
    assert {"control_class", "line_source"} <= document["rows"][0].keys()


def test_feeds_side_by_side_one_of_them_as_it_was_saved(line: Any, tmp_path: Path) -> None:
    """DeepState's day, NZZ's map on a base as --save-source keeps it, and KML: each as alone."""

    def collection(ground: Any, properties: dict[str, str], **more: str) -> dict[str, Any]:
        feature = {"type": "Feature", "properties": properties, "geometry": mapping(ground)}
        return {"type": "FeatureCollection", **more, "features": [feature]}

    daily = collection(EAST, {}, name="deepstatemap_data_20251120")
    (tmp_path / "deepstate.geojson").write_text(json.dumps(daily))
    gains = {"value": collection(MORE, {"type": "gains", "date": "2025-11-19"})}
    (tmp_path / "nzz.json").write_text(json.dumps(gains))
    crimea = gpd.GeoDataFrame(geometry=[box(32, 44, 37, 46)], crs=4326)
    crimea.to_file(tmp_path / "before_2022.geojson")
    corners = "37.2,46 41,46 41,50 37.2,50 37.2,46"
    (tmp_path / "some.kml").write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><styleUrl>#ru</styleUrl><Polygon>'
        f"<outerBoundaryIs><LinearRing><coordinates>{corners}</coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon></Placemark></kml>"
    )
    by = ("areas", "point21", "--by", "held_by", "--format", "csv")
    base = ("--base", "before_2022.geojson", "--save-source", "nzz.toml")
    alone = [
        line(*by, "--control", "deepstate.geojson"),
        line(*by, "--control", "nzz.json", *base),
        line(*by, "--control", "some.kml"),
    ]
    ru = [
        float(
            next(r for r in csv.DictReader(io.StringIO(s.out)) if r["held_by"] == "ru")["area_km2"]
        )
        for s in alone
    ]
    assert ru[1] > ru[2] + 20_000, "the base counts"
    assert "nzz.json: read as liveuamap, 1 area(s) of 1 holder(s)" in alone[1].err
    assert "note: deepstate.geojson: its polygons are read as held by ru\n" in alone[0].err
    together = ("deepstate.geojson", "nzz.toml", "some.kml")
    controls = [part for name in together for part in ("--control", name)]
    said = line("areas", "point21", "--by", "held_by", *controls)
    (row,) = [text.split() for text in said.out.splitlines() if text.startswith("ru ")]
    assert row[1:] == [f"{km2:,.0f}" for km2 in ru] + [f"{min(ru):,.0f}-{max(ru):,.0f}"]
    for who in (
        "A: DeepState, area of the day (deepstate.geojson); line of 2025-11-20",
        "B: Liveuamap, as published by NZZ (nzz.json), on the base of before_2022.geojson; line of "
        "2025-11-19",
        "C: some.kml; line of no stated date",
    ):
        assert who in said.out


def test_side_by_side_by_unit_and_status(line: Any) -> None:
    two = ("--control", "east_20251120.geojson", "--control", "more_20251119.geojson")
    said = line("areas", *two, "--status", "demilitarized_buffer", "--by", "unit")
    assert said.status == 0
    assert "Donetsk" in said.out
    assert "Luhansk" not in said.out
    assert line("areas", *two, "--status", "nonsense").status == 2
    assert "| A | B | range km² |" in line("areas", *two, "--format", "markdown").out


def test_side_by_side_a_status_that_one_source_lacks_is_0(line: Any, tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"held_by": ["ru"]}, geometry=[box(20, 44, 42, 53)], crs=4326)
    frame.to_file(tmp_path / "all.geojson")
    two = ("--control", "east_20251120.geojson", "--control", "all.geojson")
    said = line("areas", *two, "--status", "demilitarized_buffer")
    (buffer,) = [t.split() for t in said.out.splitlines() if t.startswith("demilitarized_buffer")]
    assert buffer[3] == "0"
    assert buffer[4].startswith("0-")


TWO = ("--control", "east_20251120.geojson", "--control", "more_20251119.geojson")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (("map", *TWO), "--control is given 2 times; this command reads one source"),
        (("places", *TWO), "--control is given 2 times"),
        (("compare", "point21", "as_held", *TWO), "--control is given 2 times"),
        (("areas", *TWO, "--left", "ru"), "go with one --control"),
        (("areas", "--left", "ru"), "need --control FILE"),
        (("areas", *MAPPED[:4], "--value", "Occupied"), "write --value VALUE=HOLDER"),
        (("areas", "--control", "front.geojson", "--seed", "38;48=ru"), "write --seed LON,LAT"),
        (("areas", "--control", "front.geojson", "--seed", "48,380=ru"), "write --seed LON,LAT"),
    ],
)
def test_options_that_do_not_fit_are_usage_errors(
    call: tuple[str, ...], said: str, line: Any
) -> None:
    found = line(*call)
    assert found.status == 2
    assert said in found.err
    assert len(found.err.strip().splitlines()) == 1


def test_a_line_without_sides_says_what_to_do(line: Any) -> None:
    found = line("areas", "--control", "front.geojson")
    assert found.status == 1
    assert "--left PARTY" in found.err
    assert "--seed LON,LAT=PARTY" in found.err


def test_the_embedded_source_keeps_its_own_reading(line: Any) -> None:
    found = line("areas", "--control", "control-2025-11-20", "--save-source", "x.toml")
    assert found.status == 2
    assert "is of the dataset" in found.err


@pytest.mark.parametrize(
    "option",
    ["source", "holder", "value", "control-class", "base", "seed", "left", "save-source"],
)
@pytest.mark.parametrize("command", ["map", "areas", "compare"])
def test_help_names_every_option(command: str, option: str, line: Any) -> None:
    assert f"--{option}" in line(command, "-h").out
