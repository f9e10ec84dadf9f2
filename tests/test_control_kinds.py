"""Which adapter reads a file: by its content, by name, or not without asking."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import LineString, Point, box, mapping
from toyland import claims

import lineplan as lp
from lineplan.control.sourcefile import SourceFile, load_source_file

SQUARE = box(30.2, -0.5, 31.2, 0.5)
FRONT = LineString([(31, -2), (31, 2)])


def collection(*features: tuple[shapely.Geometry, dict[str, Any]], **more: Any) -> dict[str, Any]:
    return more | {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": mapping(geometry), "properties": properties}
            for geometry, properties in features
        ],
    }


def written(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


DAILY = collection((SQUARE, {}), name="deepstatemap_data_20251120")
FEED = collection((SQUARE, {"name": "Окуповано", "fill": "#a52714", "styleHash": "1"}))
NZZ = {"value": collection((SQUARE, {"type": "nochange", "date": "2025-11-19"}))}
PLAIN = collection((SQUARE, {}))
LINES = collection((FRONT, {}))


@pytest.mark.parametrize(
    ("document", "kind"),
    [
        (DAILY, "deepstate_daily"),
        (FEED, "deepstate_feed"),
        (NZZ, "liveuamap"),
        (NZZ["value"], "liveuamap"),
        (PLAIN, "polygons"),
        (collection((SQUARE, {"name": "deepstatemap_data_20251120"})), "polygons"),
        (collection((SQUARE, {"name": "Окуповано"})), "polygons"),
        (collection((SQUARE, {"name": "x", "styleHash": "1"})), "polygons"),
        (collection((SQUARE, {}), (Point(30, 0), {})), "polygons"),
    ],
)
def test_content_tells_the_kind_whatever_the_name(
    document: Any, kind: str, tmp_path: Path, toy: lp.Dataset
) -> None:
    path = written(tmp_path / "nzz_deepstate.geojson", document)
    source_file = SourceFile(values={"Окуповано": "bora", "nochange": "bora"})
    how = source_file if kind in ("deepstate_feed", "liveuamap") else None
    assert lp.read_control(path, toy, kind=how).kind == kind


def test_polygons_and_lines_are_not_guessed_between(tmp_path: Path, toy: lp.Dataset) -> None:
    path = written(tmp_path / "both.geojson", collection((SQUARE, {}), (FRONT, {})))
    with pytest.raises(lp.ControlError, match="as lines and as polygons; say which with --source"):
        lp.read_control(path, toy)
    read = lp.read_control(path, toy, kind="polygons")
    assert read.kind == "polygons"
    assert any("1 feature(s) that are no polygon left out (1 LineString)" in n for n in read.notes)
    assert lp.read_control(path, toy, kind="lines", left="aria").kind == "lines"
    assert lp.read_control(path, toy, left="aria").kind == "lines", "an option can settle it"


def test_what_nobody_knows_names_the_kinds(tmp_path: Path, toy: lp.Dataset) -> None:
    path = written(tmp_path / "points.geojson", collection((Point(30, 0), {"a": 1})))
    with pytest.raises(lp.GeometryError, match=r"draws point.*--source KIND.*settlements"):
        lp.read_control(path, toy)
    table = tmp_path / "t.csv"
    table.write_text("a,b\n1,2\n")
    with pytest.raises(lp.ControlError, match=r"table whose columns \(a, b\) are not recognised"):
        lp.read_control(table, toy)


def test_unknown_kinds_list_the_known(tmp_path: Path, toy: lp.Dataset) -> None:
    with pytest.raises(lp.ControlError, match="no kind of source 'isw'; there are deepstate_daily"):
        lp.read_control(written(tmp_path / "m.geojson", PLAIN), toy, kind="isw")


def test_a_kind_that_does_not_fit_says_so(tmp_path: Path, ukraine: lp.Dataset) -> None:
    path = written(tmp_path / "m.geojson", {"type": "Feature", "geometry": mapping(SQUARE)})
    for kind in ("deepstate_feed", "liveuamap"):
        with pytest.raises(lp.ControlError, match="FeatureCollection"):
            lp.read_control(path, ukraine, kind=kind)


def test_the_daily_area_has_its_papers(tmp_path: Path, ukraine: lp.Dataset) -> None:
    document = collection((box(36, 46, 38, 48), {}), name="deepstatemap_data_20251120")
    control = lp.read_control(written(tmp_path / "day_20251120.geojson", document), ukraine)
    assert control.as_of == dt.date(2025, 11, 20)
    assert control.claims["held_by"].tolist() == ["ru"]
    assert control.source == "DeepState, area of the day (day_20251120.geojson)"
    assert control.attribution == "DeepState (deepstatemap.live)"
    assert not control.is_holder_assumed


def test_every_reading_says_as_what(tmp_path: Path, toy: lp.Dataset) -> None:
    notes = lp.read_control(written(tmp_path / "m.geojson", PLAIN), toy).notes
    assert notes[0] == "m.geojson: read as polygons, 1 area(s) of 1 holder(s)"


def test_the_datasets_own_source_needs_no_options(ukraine: lp.Dataset) -> None:
    with pytest.raises(lp.ControlError, match="the dataset says how to read it"):
        lp.read_control(None, ukraine, holder="x")


# A base below a source


def test_a_base_fills_only_what_the_source_leaves_out(tmp_path: Path, toy: lp.Dataset) -> None:
    value = collection(
        (box(31, -1, 31.5, 1), {"type": "gains", "date": "2025-11-19"}),
        (box(31.5, -1, 31.7, 1), {"type": "losses", "date": "2025-11-19"}),
    )
    path = written(tmp_path / "n.json", {"value": value})
    base = tmp_path / "base.geojson"
    claims(("bora", box(31.2, -1, 32, 1))).to_file(base)
    how = SourceFile(values={"gains": "bora", "losses": "none"})
    alone = lp.read_control(path, toy, kind=how)
    control = lp.read_control(path, toy, kind=how, base=base)
    assert shapely.union_all(alone.claims.geometry).area == pytest.approx(0.5 * 2)
    held = shapely.union_all(control.claims.geometry)
    assert held.area == pytest.approx((0.5 + 0.3) * 2), "losses are newer than the base"
    assert not held.contains(Point(31.6, 0))
    assert control.source == "n.json, on the base of base.geojson"
    assert any("as the base" in note and "sha256" in note for note in control.notes)


def test_narrow_seams_to_the_base_are_closed_and_wide_gaps_are_not(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    """Two maps draw their common border 2 km apart, round a pocket 40 km across elsewhere."""
    ours = box(30.2, -0.8, 30.8, 0.8)
    ring = box(30.8, -0.8, 31.8, 0.8)
    seam, pocket = box(30.8, -0.7, 30.82, -0.6), box(30.8, 0, 31.2, 0.4)
    path = tmp_path / "ours.geojson"
    claims(("bora", ours)).to_file(path)
    base = tmp_path / "base.geojson"
    claims(("bora", ring.difference(seam).difference(pocket))).to_file(base)
    control = lp.read_control(path, toy, base=base)
    held = shapely.union_all(control.claims.geometry)
    assert held.contains(seam.centroid)
    assert not held.contains(pocket.centroid)
    (said,) = [note for note in control.notes if "gap(s) enclosed" in note]
    assert "24.6 km² in 1 gap(s)" in said


# Source files


def test_a_source_file_survives_being_written(tmp_path: Path) -> None:
    given = SourceFile(
        kind="lines",
        title='A "quoted" title with a \\ and a tab\t\x7f',
        columns={"date": "when", "holder": "who"},
        values={"Grey zone": "contested", "Зайнято": "bora"},
        rule=[{"held_by": "bora", "pattern": r"\d+ км", "control_class": "partial"}],
        seeds=[{"lon": 30.5, "lat": -1, "held_by": "bora"}],
        base=str(tmp_path / "base.geojson"),
    )
    path = tmp_path / "deeper" / "mine.toml"
    path.parent.mkdir()
    given.save(path)
    assert 'base = "../base.geojson"' in path.read_text(encoding="utf-8")
    read = load_source_file(path)
    assert Path(read.base).resolve() == tmp_path / "base.geojson"
    assert read.model_copy(update={"base": given.base}) == given


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind = 'isw'", "kind: Input should be"),
        ("colour = 1", "colour: Extra inputs"),
        ("[[rule]]\nheld_by = 'bora'", "rule.0: Value error, needs either values or a pattern"),
        ("[[rule]]\nheld_by = 'bora'\npattern = '('", "is no regular expression"),
        ("[[seeds]]\nlon = 300\nlat = 1\nheld_by = 'bora'", "seeds.0.lon"),
        ("kind = ", "cannot be read as a source file"),
    ],
)
def test_a_faulty_source_file_is_one_clear_line(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "s.toml"
    path.write_text(text)
    with pytest.raises(lp.ControlError, match=re.escape(said)) as caught:
        load_source_file(path)
    assert len(str(caught.value).splitlines()) == 1


def test_a_source_file_can_be_the_source(tmp_path: Path, toy: lp.Dataset) -> None:
    gpd.GeoDataFrame({"who": ["B"]}, geometry=[SQUARE], crs=4326).to_file(tmp_path / "m.gpkg")
    control = lp.read_control(tmp_path / "m.gpkg", toy, holder="who", values={"B": "bora"})
    assert control.source_file is not None
    path = control.source_file.save(tmp_path / "m.toml")
    assert lp.read_control(path, toy).claims.equals(control.claims)
    (tmp_path / "bare.toml").write_text("kind = 'kml'")
    with pytest.raises(lp.ControlError, match="names no file"):
        lp.read_control(tmp_path / "bare.toml", toy)
    with pytest.raises(lp.ControlError, match="leave out --source"):
        lp.read_control(path, toy, kind="kml")


@pytest.mark.parametrize(
    ("name", "pattern", "day"),
    [
        ("Control_25_11_18.kml", "%y_%m_%d", dt.date(2025, 11, 18)),
        ("feed_1648989208.json", "%s", dt.date(2022, 4, 3)),
        ("a_20251120_b.json", "%Y%m%d", dt.date(2025, 11, 20)),
        ("18.11.2025.json", "%d.%m.%Y", dt.date(2025, 11, 18)),
        ("a_20251320.json", "%Y%m%d", None),
        ("other.json", "%Y%m%d", None),
        ("a.json", "%Y", None),
    ],
)
def test_a_source_file_says_how_names_are_dated(
    name: str, pattern: str, day: dt.date | None, tmp_path: Path, toy: lp.Dataset
) -> None:
    path = written(tmp_path / Path(name).with_suffix(".geojson").name, PLAIN)
    assert lp.read_control(path, toy, kind=SourceFile(date_in_name=pattern)).as_of == day


def test_the_datasets_source_files_name_declared_parties(ukraine: lp.Dataset) -> None:
    files = [file for file in ukraine.files if file.role == "source"]
    assert len(files) == 3
    parties = {party.id for party in ukraine.parties} | {"contested", "unknown", "none"}
    for file in files:
        how = load_source_file(ukraine.folder / file.path)
        assert how.kind == Path(file.path).stem
        assert {rule.held_by for rule in how.rules} <= parties
        assert all([how.title, how.attribution, how.licence, how.viewpoint])
