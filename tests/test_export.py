"""Files for other programs: complete, repeatable, with their papers, and never half written."""

import dataclasses
import json
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import fiona
import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

import lineplan as lp
from lineplan import export, geodesy
from lineplan.export import write_arrangement

ENDINGS = ("gpkg", "parquet", "geojson", "fgb", "kml")
GROUND = ("zones", "line", "units", "reassigned")
KML = "{http://www.opengis.net/kml/2.2}"
every_format = pytest.mark.parametrize("ending", ENDINGS)


@pytest.fixture(scope="module")
def arrangement(point21: lp.Arrangement) -> lp.Arrangement:
    return point21


@pytest.fixture(scope="module")
def written(
    arrangement: lp.Arrangement, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("written")
    return {e: write_arrangement(arrangement, folder / f"point21.{e}") for e in ENDINGS}


HOSTILE = "<script>alert(1)</script> ]]> & \"'\x0b${x} {{ y }}"


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> lp.Arrangement:
    """Somebody's own files, with a unit of a hostile name."""
    home = tmp_path_factory.mktemp("o.somebody")
    data = lp.load_dataset("ukraine")
    (home / "line-2025-11-20.geojson").write_text(data.path("control").read_text() + "\n")
    units = data.units().set_index("unit_id")
    units = units.loc[["UA-09", "UA-14", "UA-23", "UA-40", "UA-43", "UA-65", "UA-63"]]
    units = units.rename(index={"UA-63": HOSTILE}).reset_index()
    units[["unit_id", "geometry"]].to_file(home / "regions.gpkg")
    line = home / "line-2025-11-20.geojson"
    return lp.arrange(control=line, units=home / "regions.gpkg", reconcile=False)


def read(path: Path, layer: str) -> Any:
    if path.suffix == ".parquet":
        return pd.read_parquet(path) if layer == "sources" else gpd.read_parquet(path)
    return gpd.read_file(path, layer=layer)


def same_columns(frame: pd.DataFrame, other: pd.DataFrame) -> bool:
    return [c for c in frame if c != "geometry"] == [c for c in other if c != "geometry"]


# What is in the files


@every_format
def test_zones_come_back_as_they_were(
    arrangement: lp.Arrangement, written: dict[str, Path], ending: str
) -> None:
    frame = read(written[ending], "zones")
    if ending == "kml":
        frame = frame[list(arrangement.zones)].fillna({"clause_id": ""})  # KML has no empty text
    assert same_columns(frame, arrangement.zones)
    assert frame.crs.to_epsg() == 4326
    frame = frame.set_index("zone_id").loc[arrangement.zones["zone_id"]].reset_index()
    for column in arrangement.zones.columns.drop("geometry"):
        before, after = arrangement.zones[column], frame[column]
        if pd.api.types.is_float_dtype(before):
            assert after.dtype == float, column
            np.testing.assert_allclose(after, before, rtol=1e-13, err_msg=column)
        else:
            assert list(after) == list(before), column
    # KML readers give a multipolygon of one part as a polygon.
    assert set(frame.geom_type) - ({"Polygon"} if ending == "kml" else set()) == {"MultiPolygon"}


@every_format
def test_figures_can_be_recomputed_from_the_file(written: dict[str, Path], ending: str) -> None:
    frame = read(written[ending], "zones")
    geometries = shapely.force_2d(frame.geometry.to_numpy())
    km2 = geodesy.area_m2(geometries) / 1e6
    np.testing.assert_allclose(km2, frame["area_km2"], rtol=1e-9)
    assert shapely.is_valid(geometries).all()
    assert shapely.coverage_is_valid(geometries)


@every_format
@pytest.mark.parametrize("layer", GROUND)
def test_every_layer_in_every_format(
    arrangement: lp.Arrangement, tmp_path: Path, ending: str, layer: str
) -> None:
    path = write_arrangement(arrangement, tmp_path / f"x.{ending}", layer=layer)
    before, frame = getattr(arrangement, layer), read(path, layer)
    if ending == "kml":
        frame = frame.rename(columns={"Name": "name"})[list(before)]
    assert same_columns(frame, before)
    assert len(frame) == len(before)
    if ending != "kml":
        assert set(frame.geom_type) == {"LineString" if layer == "line" else "MultiPolygon"}
    if ending in ("gpkg", "geojson", "fgb"):
        assert fiona.listlayers(path) == [layer] + ["layer_styles"] * (ending == "gpkg")


def test_a_geopackage_holds_every_layer_and_fiona_reads_them(
    arrangement: lp.Arrangement, written: dict[str, Path]
) -> None:
    assert fiona.listlayers(written["gpkg"]) == [*export.LAYERS, "layer_styles"]
    kinds = {}
    for layer in export.LAYERS:
        with fiona.open(written["gpkg"], layer=layer) as source:
            kinds[layer] = source.schema["geometry"]
            assert len(source) == len(list(source))
            if layer != "sources":
                frame = getattr(arrangement, layer)
                assert len(source) == len(frame)
                assert list(source.schema["properties"]) == list(frame.columns.drop("geometry"))
                assert source.crs.to_epsg() == 4326
    polygons = dict.fromkeys(("zones", "units", "reassigned"), "MultiPolygon")
    assert kinds == {**polygons, "line": "LineString", "sources": "None"}


@every_format
def test_a_layer_without_rows_keeps_its_columns_and_kind(tmp_path: Path, ending: str) -> None:
    raw = lp.arrange(reconcile=False)
    assert raw.reassigned.empty
    path = write_arrangement(raw, tmp_path / f"x.{ending}", layer="reassigned")
    frame = read(path, "reassigned")
    assert len(frame) == 0
    assert frame.crs.to_epsg() == 4326
    if ending in ("geojson", "kml"):  # where columns are told by rows
        return
    assert [c for c in raw.reassigned if c in frame] == list(raw.reassigned)
    if ending in ("gpkg", "fgb"):
        assert pyogrio.read_info(path, layer="reassigned")["geometry_type"] == "MultiPolygon"


def test_geojson_is_what_rfc_7946_asks_for(written: dict[str, Path]) -> None:
    document = json.loads(written["geojson"].read_text(encoding="utf-8"))
    assert document["type"] == "FeatureCollection"
    assert "crs" not in document
    lonlat = np.array(gpd.read_file(written["geojson"]).get_coordinates())
    assert (lonlat == lonlat.round(9)).all()
    for feature in document["features"]:
        for shell, *holes in feature["geometry"]["coordinates"]:
            assert shapely.LinearRing(shell).is_ccw
            assert not any(shapely.LinearRing(hole).is_ccw for hole in holes)


# Papers


def conditions_in(path: Path) -> Any:
    if path.suffix == ".parquet":
        return json.loads(pq.read_schema(path).metadata[b"lineplan"])
    if path.suffix == ".geojson":
        return json.loads(path.read_text(encoding="utf-8"))["lineplan"]
    return json.loads(pyogrio.read_info(path, layer="zones")["layer_metadata"]["lineplan"])


@pytest.mark.parametrize("ending", ["gpkg", "parquet", "geojson", "fgb"])
def test_conditions_travel_in_the_file(
    arrangement: lp.Arrangement, written: dict[str, Path], ending: str
) -> None:
    assert conditions_in(written[ending]) == arrangement.conditions


def test_kml_says_in_words_what_google_earth_shows(
    arrangement: lp.Arrangement, written: dict[str, Path]
) -> None:
    document = ElementTree.parse(written["kml"]).getroot()[0]
    assert document.findtext(f"{KML}name") == arrangement.conditions["plan_title"]
    about = document.findtext(f"{KML}description", "")
    assert "Proposal, not in force." in about
    assert "Line of contact: " in about
    for key in arrangement.conditions:
        assert f"{key}: " in about
    marks = list(document.iter(f"{KML}Placemark"))
    assert len(marks) == len(arrangement.zones)
    for mark, zone in zip(marks, arrangement.zones.itertuples(), strict=True):
        said = mark.findtext(f"{KML}description", "")
        assert mark.findtext(f"{KML}name", "").startswith(f"{zone.unit_name}: ")
        assert said.startswith(zone.status_label)
        assert "20 November 2025" in said
        for clause in arrangement.plan.clause:
            if clause.id == zone.clause_id:
                assert f"Clause: {clause.id}<br>" in said
                assert f"{clause.text[0].quote} ({clause.text[0].language}, published)" in said


def test_sources_tell_where_every_figure_comes_from(
    arrangement: lp.Arrangement, written: dict[str, Path]
) -> None:
    table = read(written["gpkg"], "sources").set_index("kind")
    assert list(table.columns) == list(export._COLUMNS[1:])
    assert table.loc["plan", "note"] == "Proposal, not in force"
    assert set(table.loc["plan source", "name"]) == {s.name for s in arrangement.plan.source}
    quotes = [json.loads(note)[0]["quote"] for note in table.loc["clause", "note"]]
    assert quotes == [clause.text[0].quote for clause in arrangement.plan.clause]
    assert "21.1=de_facto" in set(table.loc["reading not chosen", "name"])
    control, units = table.loc["control"], table.loc["units"]
    assert control["date"] == "2025-11-20"
    assert control["licence"] == "CC-BY-4.0"
    for role, row in (("control", control), ("units", units)):
        file = arrangement.dataset.file(role)
        assert row["sha256"] == file.sha256
        assert row["attribution"] == file.attribution
        assert row["viewpoint"] == file.viewpoint
        assert row["note"] == file.description
    compiled_from = table.loc["control, derived from"]
    assert len(compiled_from) == 3
    assert compiled_from["url"].str.startswith("https://").all()
    assert compiled_from["licence"].str.len().gt(0).all()
    said = table.loc["condition"].set_index("name")["note"]
    assert list(said.index) == list(arrangement.conditions)
    assert said["line_date"] == "2025-11-20"
    assert json.loads(said["parameters"]) == arrangement.conditions["parameters"]


def test_a_reading_that_is_chosen_says_so(tmp_path: Path) -> None:
    chosen = lp.arrange(readings={"21.1": "de_facto"})
    path = write_arrangement(chosen, tmp_path / "x.parquet", layer="sources")
    table = read(path, "sources")
    assert table.loc[table["name"] == "21.1=de_facto", "kind"].tolist() == ["reading"]
    assert conditions_in(path) == chosen.conditions


def test_other_sources_do_not_borrow_the_papers_of_the_dataset(
    guest: lp.Arrangement, tmp_path: Path
) -> None:
    table = read(write_arrangement(guest, tmp_path / "x.gpkg"), "sources").set_index("kind")
    assert table.loc["control", "name"] == "line-2025-11-20.geojson"
    assert table.loc["control", "date"] == "2025-11-20"
    assert table.loc["control", ["licence", "attribution", "url", "note"]].tolist() == [""] * 4
    assert table.loc["control", "sha256"] == guest.control.sha256
    assert "control, derived from" not in table.index
    assert table.loc["units", "name"] == "regions.gpkg"
    assert table.loc["units", "licence"] == ""


@every_format
def test_no_path_and_no_user_name_in_any_file(
    guest: lp.Arrangement, tmp_path: Path, ending: str
) -> None:
    path = write_arrangement(guest, tmp_path / f"x.{ending}")
    content = path.read_bytes()
    if ending == "parquet":  # compressed
        table = pq.read_table(path)
        content = f"{table.drop_columns('geometry').to_pydict()} {table.schema.metadata}".encode()
    assert b"line-2025-11-20.geojson" in content
    for secret in ("o.somebody", str(tmp_path), str(guest.dataset.folder), str(Path.cwd())):
        assert secret.encode() not in content
    for scratch in (b"draft.", b".lineplan-"):
        assert scratch not in content


@every_format
def test_hostile_names_stay_text(guest: lp.Arrangement, tmp_path: Path, ending: str) -> None:
    frame = read(write_arrangement(guest, tmp_path / f"x.{ending}"), "zones")
    # What XML cannot hold becomes a space.
    expected = HOSTILE.replace("\x0b", " ").replace("]]>", "]] >") if ending == "kml" else HOSTILE
    assert expected in set(frame["unit_name"])
    if ending == "kml":
        assert any(name.startswith(f"{expected}: ") for name in frame["Name"])
        assert not any("<script" in text for text in frame["description"])
        assert any("&lt;script&gt;" in text for text in frame["description"])


# Repeatable, and whole or not at all


@every_format
def test_two_runs_give_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764547200")
    path = write_arrangement(lp.arrange(), tmp_path / f"x.{ending}")
    first = path.read_bytes()
    second = lp.arrange()
    assert write_arrangement(second, path).read_bytes() == first
    assert write_arrangement(second, tmp_path / f"another name.{ending}").read_bytes() == first


def test_the_day_of_the_file_is_the_day_of_its_conditions(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764547200")
    monkeypatch.setattr(pyogrio, "set_gdal_config_options", calls := Recorder(pyogrio))
    path = write_arrangement(lp.arrange(), tmp_path / "x.gpkg")
    with sqlite3.connect(path) as database:
        days = set(database.execute("select last_change from gpkg_contents"))
    database.close()
    assert days == {("2025-12-01T00:00:00.000Z",)}
    assert calls.last == {"OGR_CURRENT_DATE": None}


class Recorder:
    """Keeps the last options set."""

    def __init__(self, module: Any) -> None:
        self.set = module.set_gdal_config_options
        self.last: dict[str, Any] = {}

    def __call__(self, options: dict[str, Any]) -> None:
        self.last = options
        self.set(options)


def test_reading_leaves_nothing_beside_the_file(
    arrangement: lp.Arrangement, tmp_path: Path
) -> None:
    path = write_arrangement(arrangement, tmp_path / "x.gpkg")
    for layer in fiona.listlayers(path):
        read(path, layer)
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Path]:
    """A folder with old files, that must be the same after the test."""
    before = {f"x.{ending}": f"old {ending}".encode() for ending in ENDINGS}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    yield tmp_path
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def last_layer_fails(frame: Any, path: Path, *, layer: str, **options: Any) -> None:
    if layer == "sources" or path.suffix != ".gpkg":
        path.write_bytes(b"half")
        raise pyogrio.errors.DataLayerError("disk full\nmore")
    real_write(frame, path, layer=layer, **options)


def loses_the_end(frame: Any, path: Path, **options: Any) -> None:
    real_write(frame, path, **options)
    os.truncate(path, path.stat().st_size // 2)


real_write = pyogrio.write_dataframe


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "fgb", "kml"])
@pytest.mark.parametrize("fault", [last_layer_fails, loses_the_end])
def test_an_older_file_outlives_a_failed_write(
    monkeypatch: pytest.MonkeyPatch,
    arrangement: lp.Arrangement,
    old: Path,
    ending: str,
    fault: Any,
) -> None:
    monkeypatch.setattr(pyogrio, "write_dataframe", fault)
    with pytest.raises(lp.LineplanError, match=rf"x\.{ending}: cannot be written \(") as caught:
        write_arrangement(arrangement, old / f"x.{ending}")
    assert "\n" not in str(caught.value)
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


@every_format
@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_is_left_when_the_last_step_fails(
    monkeypatch: pytest.MonkeyPatch,
    arrangement: lp.Arrangement,
    old: Path,
    ending: str,
    fault: BaseException,
) -> None:
    def replace(self: Path, target: Path) -> Path:
        raise fault

    monkeypatch.setattr(Path, "replace", replace)
    expected = lp.LineplanError if isinstance(fault, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write_arrangement(arrangement, old / f"x.{ending}")


def test_parquet_that_cannot_be_finished_leaves_the_older_file(
    monkeypatch: pytest.MonkeyPatch, arrangement: lp.Arrangement, old: Path
) -> None:
    def write_table(table: Any, path: Path, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", write_table)
    with pytest.raises(lp.LineplanError, match="No space left on device"):
        write_arrangement(arrangement, old / "x.parquet")


# What cannot be asked for


@pytest.mark.parametrize(
    ("name", "layer", "message"),
    [
        ("x.gpkg", "zone", r"no layer 'zone'; .* are zones, line, units, reassigned, sources$"),
        ("x.kml", "sources", r"no layer 'sources'; .* are zones, line, units, reassigned$"),
        ("x.geojson", "sources", r"no layer 'sources'; .* are zones, line, units, reassigned$"),
        ("x.fgb", "", r"no layer ''; .* are zones, line, units, reassigned$"),
        ("x.shp", None, r"unknown ending '\.shp'; known are \.gpkg, \.parquet, \.geojson, \.fgb, "),
        ("x", None, "unknown ending ''"),
    ],
)
def test_unknown_layers_and_endings_are_told_with_the_known(
    arrangement: lp.Arrangement, tmp_path: Path, name: str, layer: str | None, message: str
) -> None:
    with pytest.raises(lp.LineplanError, match=message):
        write_arrangement(arrangement, tmp_path / name, layer=layer)
    assert not any(tmp_path.iterdir())


@every_format
def test_places_that_cannot_be_written_are_told_in_one_line(
    arrangement: lp.Arrangement, tmp_path: Path, ending: str
) -> None:
    with pytest.raises(lp.LineplanError, match=r"there is no folder .*missing; make it first$"):
        write_arrangement(arrangement, tmp_path / "missing" / f"x.{ending}")
    folder = tmp_path / f"folder.{ending}"
    folder.mkdir()
    with pytest.raises(
        lp.LineplanError, match=r"is a folder, which must not be replaced; name a file$"
    ):
        write_arrangement(arrangement, folder)
    assert list(tmp_path.iterdir()) == [folder]


@every_format
def test_endings_in_capitals_and_paths_as_text(
    arrangement: lp.Arrangement, tmp_path: Path, ending: str
) -> None:
    path = arrangement.write(str(tmp_path / f"X.{ending.upper()}"), layer="line")
    assert path == tmp_path / f"X.{ending.upper()}"
    same = write_arrangement(arrangement, tmp_path / f"x.{ending}", layer="line")
    assert path.read_bytes() == same.read_bytes()


def test_writing_changes_nothing_in_the_arrangement(
    arrangement: lp.Arrangement, tmp_path: Path
) -> None:
    before = {layer: getattr(arrangement, layer).copy() for layer in GROUND}
    shuffled = dataclasses.replace(arrangement, zones=arrangement.zones.iloc[::-1])
    for ending in ENDINGS:
        write_arrangement(arrangement, tmp_path / f"x.{ending}")
        path = write_arrangement(shuffled, tmp_path / f"y.{ending}")
        assert set(read(path, "zones")["zone_id"]) == set(arrangement.zones["zone_id"])
    for layer, frame in before.items():
        pd.testing.assert_frame_equal(getattr(arrangement, layer), frame)
