"""What a source's terms say of passing its geometry on, and that nobody passes it on unawares."""

import json
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
import toyland
from conftest import one_line_of
from shapely.geometry import box

import lineplan as lp
from lineplan.control import SourceFile, pack
from lineplan.control.terms import Terms, check_passing_on, strictest

DAY = "2025-11-20"
FORMS = ("x.gpkg", "x.parquet", "x.geojson", "x.fgb", "x.kml")


def feed(folder: Path, day: str = DAY, *, without: float = 0) -> Path:
    """A made file that has what DeepState's daily files are known by."""
    name = f"deepstatemap_data_{day.replace('-', '')}"
    ground = lp.read_control(None, lp.load_dataset()).claims.geometry.union_all()
    ground = ground - box(38, 48, 38 + without, 48.1)
    content = {
        "type": "FeatureCollection",
        "name": name,
        "features": [
            {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(ground)}
        ],
    }
    path = folder / f"{name}.geojson"
    path.write_text(json.dumps(content))
    return path


def plain(folder: Path, name: str = "mine.geojson") -> Path:
    ground = gpd.GeoDataFrame({"held_by": ["ru"]}, geometry=[box(37.8, 46.8, 40, 49.9)], crs=4326)
    ground.to_file(folder / name)
    return folder / name


@pytest.fixture(scope="module")
def forbidden(tmp_path_factory: pytest.TempPathFactory) -> lp.Arrangement:
    return lp.arrange(control=feed(tmp_path_factory.mktemp("feed")))


# The rule


def test_the_strictest_counts() -> None:
    assert strictest(["allowed", "not stated"]) == "not stated"
    assert strictest(["forbidden", "allowed", "not stated"]) == "forbidden"
    assert strictest(["allowed"]) == "allowed"
    assert strictest([]) == "not stated"


@pytest.mark.parametrize(
    ("said", "permission", "outcome"),
    [
        (["allowed"], False, False),
        (["allowed"], True, False),
        (["not stated"], False, False),
        (["not stated"], True, True),
        (["forbidden"], True, True),
        (["allowed", "forbidden"], True, True),
    ],
)
def test_who_answers_for_passing_on(said: list[Any], permission: bool, outcome: bool) -> None:
    terms = [Terms("a map", each) for each in said]
    assert check_passing_on(terms, has_permission=permission) is outcome


@pytest.mark.parametrize("said", [["forbidden"], ["allowed", "not stated", "forbidden"]])
def test_what_is_forbidden_is_refused(said: list[Any]) -> None:
    with pytest.raises(lp.ControlError, match=r"^a map: its terms do not allow .*: by nobody\. "):
        check_passing_on([Terms("a map", each, "by nobody") for each in said])


# A known feed


def test_maps_and_files_are_refused(forbidden: lp.Arrangement, tmp_path: Path) -> None:
    assert forbidden.control.redistribution == "forbidden"
    with pytest.raises(lp.ControlError, match="--i-have-permission"):
        forbidden.map()
    for name in FORMS:
        with pytest.raises(lp.ControlError, match=r"has_permission=True"):
            forbidden.write(tmp_path / name)
    for layer in ("zones", "line", "reassigned"):
        with pytest.raises(lp.ControlError, match=r"DeepStateMap\.live License Agreement"):
            forbidden.write(tmp_path / "x.geojson", layer=layer)
    assert list(tmp_path.iterdir()) == []


def test_figures_and_what_is_not_of_the_source_are_free(
    forbidden: lp.Arrangement, tmp_path: Path
) -> None:
    assert forbidden.areas()["area_km2"].sum() == pytest.approx(599_094, abs=1)
    assert len(forbidden.places(status="demilitarized_buffer")) > 10
    assert forbidden.write(tmp_path / "units.gpkg", layer="units").exists()
    sources = pq.read_table(forbidden.write(tmp_path / "s.parquet", layer="sources")).to_pylist()
    (control,) = [row for row in sources if row["kind"] == "control"]
    assert control["licence"].startswith("DeepStateMap.live License Agreement")


def conditions_in(path: Path) -> dict[str, Any]:
    if path.suffix == ".geojson":
        return json.loads(path.read_text())["lineplan"]
    if path.suffix == ".parquet":
        return json.loads(pq.read_metadata(path).metadata[b"lineplan"])
    return json.loads(pyogrio.read_info(path, layer="zones")["layer_metadata"]["lineplan"])


@pytest.mark.parametrize("name", FORMS[:3])
def test_files_say_whose_word_it_is(name: str, forbidden: lp.Arrangement, tmp_path: Path) -> None:
    said = conditions_in(forbidden.write(tmp_path / name, has_permission=True))
    assert said["line_source_permission"] == "stated by whoever made this file"
    assert said["line_source_redistribution"] == "forbidden"
    assert forbidden.conditions["line_source_permission"] == "", "said of the file, not for good"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "Whoever made this map states that the source permits passing its geometry on."),
        ("uk", "джерело дозволяє передавати"),
        ("ru", "источник разрешает передавать"),
        ("zh-Hant", "來源方已允許"),
    ],
)
def test_the_map_says_whose_word_it_is(lang: str, words: str, forbidden: lp.Arrangement) -> None:
    page = forbidden.map(lang=lang, has_permission=True).html()
    assert words in page
    assert "deepstatemap.live/license-en.html" in page


def test_the_embedded_line_may_be_passed_on(point21: lp.Arrangement) -> None:
    assert point21.control.redistribution == "allowed"
    assert point21.for_others() is point21
    assert "states that the source permits" not in point21.map(has_permission=True).html()


# The command line


@pytest.mark.parametrize(
    "call", [("map", "-o", "x.html"), ("report", "-o", "x.html"), ("export", "-o", "x.gpkg")]
)
def test_commands_refuse_in_one_line(call: tuple[str, ...], line: Any, tmp_path: Path) -> None:
    source = feed(tmp_path)
    said = one_line_of(line(*call, "--control", source))
    assert said.startswith(f"lineplan: DeepState, area of the day ({source.name}): its terms do")
    assert "https://deepstatemap.live/license-en.html" in said
    assert "--i-have-permission" in said
    assert not (tmp_path / call[-1]).exists()
    (tmp_path / call[-1]).write_text("older")
    assert line(*call, "--control", source).status == 1
    assert (tmp_path / call[-1]).read_text() == "older", "existing output is untouched"
    permitted = line(*call, "--control", source, "--i-have-permission")
    assert permitted.status == 0
    assert "make sure" not in permitted.err
    assert (tmp_path / call[-1]).stat().st_size > 100_000


def test_figures_are_never_refused(line: Any, tmp_path: Path) -> None:
    source = feed(tmp_path)
    calls: tuple[tuple[Any, ...], ...] = (
        ("areas",),
        ("places", "--status", "demilitarized_buffer"),
        ("locate", "37.57", "48.73"),
        ("compare", "point21", "as_held", "--format", "html", "-o", "c.html"),
        ("export", "-o", "units.gpkg", "--layer", "units"),
    )
    for call in calls:
        assert line(*call, "--control", source).status == 0, call
    page = (tmp_path / "c.html").read_text()
    assert "<svg" not in page
    assert "coordinates" not in page, "a comparison holds figures, no geometry"


def test_what_is_not_stated_is_noted(line: Any, tmp_path: Path) -> None:
    mine = plain(tmp_path)
    said = line("map", "-o", "x.html", "--control", mine, "--as-of", DAY)
    assert said.status == 0
    assert said.err.endswith(
        "note: mine.geojson: whether its geometry may be passed on is not stated; make sure before "
        "you pass the file on\n"
    )
    allowed = lp.control.load_source_file(write_source(tmp_path, 'licence = "CC BY 4.0"'))
    assert allowed.redistribution == "not stated", "a name of a licence is not read as a promise"
    write_source(tmp_path, 'licence = "CC BY 4.0"\nredistribution = "allowed"')
    said = line("map", "-o", "x.html", "--control", "how.toml", "--as-of", DAY)
    assert "make sure" not in said.err
    assert "(CC BY 4.0)" in (tmp_path / "x.html").read_text()
    write_source(tmp_path, 'licence = "ours alone"\nredistribution = "forbidden"')
    assert "ours alone" in one_line_of(
        line("map", "-o", "x.html", "--control", "how.toml", "--as-of", DAY)
    )
    write_source(tmp_path, 'redistribution = "perhaps"')
    assert "how.toml: redistribution: " in one_line_of(
        line("map", "-o", "x.html", "--control", "how.toml")
    )


def write_source(folder: Path, papers: str) -> Path:
    path = folder / "how.toml"
    path.write_text(f'file = "mine.geojson"\n{papers}\n')
    return path


# What the terms go with


def test_a_base_brings_its_terms(tmp_path: Path, ukraine: lp.Dataset) -> None:
    base = feed(tmp_path)
    mine = tmp_path / "mine.geojson"
    ground = gpd.GeoDataFrame({"held_by": ["ru"]}, geometry=[box(37, 46.8, 37.5, 48)], crs=4326)
    ground.to_file(mine)
    write_source(tmp_path, 'licence = "CC BY 4.0"\nredistribution = "allowed"\nattribution = "Us"')
    alone = lp.read_control(tmp_path / "how.toml", ukraine)
    assert alone.redistribution == "allowed"
    on_base = lp.read_control(mine, ukraine, kind=tmp_path / "how.toml", base=base)
    assert on_base.redistribution == "forbidden"
    assert on_base.licence.startswith("CC BY 4.0; DeepStateMap.live License")
    assert on_base.attribution == "Us; DeepState (deepstatemap.live)"


def test_folders_and_packed_archives_keep_the_terms(
    tmp_path: Path, ukraine: lp.Dataset, line: Any
) -> None:
    folder = tmp_path / "days"
    folder.mkdir()
    feed(folder, "2025-11-19", without=0.1)
    feed(folder)
    packed = tmp_path / "a.parquet"
    said = line("data", "pack", folder, "-o", packed)
    assert said.status == 0, "a working copy of one's own is not refused"
    assert "note: a working copy of your own: DeepState, area of the day: its terms do" in said.err
    for source in (folder, packed):
        control = lp.read_control(source, ukraine)
        assert control.redistribution == "forbidden"
        assert control.licence.startswith("DeepStateMap.live License Agreement")
        assert "its terms do not allow" in one_line_of(line("map", "--control", source))
    again = tmp_path / "b.parquet"
    report = pack(lp.open_archive(packed, ukraine), again)
    assert report.terms.redistribution == "forbidden"
    assert again.read_bytes() == packed.read_bytes()
    metadata = json.loads(pq.read_metadata(packed).metadata[b"lineplan"])
    assert metadata["redistribution"] == "forbidden"


def test_inspect_tells_the_terms(line: Any, tmp_path: Path) -> None:
    found = line("data", "inspect", feed(tmp_path), "--format", "json").document
    assert found["redistribution"] == "forbidden"
    said = line("data", "inspect", plain(tmp_path)).out
    assert "licence  not stated\npass on  not stated\n" in said


def test_the_line_of_another_day_brings_its_terms(
    tmp_path: Path, toy: lp.Dataset, line: Any
) -> None:
    """A strip along somebody's line repeats that line."""
    plan = tmp_path / "strip.toml"
    plan.write_text(
        'id = "strip"\ndataset = "toyland"\ndate = 2025-01-01\nin_force = false\n'
        'elsewhere = "unaffected"\ntitle = { en = "A strip" }\n[[clause]]\nid = "1"\n'
        'subject = "a strip"\nstatus = "demilitarized_buffer"\n'
        'text = [ { language = "en", kind = "our wording", quote = "Ten kilometres." } ]\n'
        'where = { within = { of = "line@2024-01-01", km = 10 } }\n'
    )
    east = toyland.claims(("bora", box(31.5, -1.5, 32.5, 1.5)))
    (tmp_path / "then").mkdir()
    ground = toyland.claims(("bora", box(31.2, -1.5, 32.5, 1.5)))
    ground.to_file(tmp_path / "then" / "mine.geojson")
    how = write_source(tmp_path / "then", 'title = "Their line"\nredistribution = "forbidden"')
    made = lp.arrange(
        plan,
        dataset=toy,
        control=lp.Control(east, None, "a source", redistribution="allowed"),
        lines={"2024-01-01": how},
    )
    assert [said.redistribution for said in made.ground.terms] == ["allowed", "forbidden"]
    with pytest.raises(lp.ControlError, match="Their line"):
        made.write(tmp_path / "x.gpkg")


# Real files


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("deepstate_daily/deepstatemap_data_20251120.geojson", "forbidden"),
        ("other/deepstate_full_1754251105.geojson", "forbidden"),
        ("other/nzz_2025-11-20.json", "not stated"),
        ("other/mapsite_Control_25_11_18.kml", "not stated"),
    ],
)
def test_real_sources(name: str, said: str, real_data: Path, ukraine: lp.Dataset) -> None:
    assert lp.read_control(real_data / name, ukraine).redistribution == said


def test_zones_through_time_are_refused_and_figures_are_not(tmp_path: Path) -> None:
    days = tmp_path / "days"
    days.mkdir()
    for day in (DAY, "2025-11-21"):
        feed(days, day)
    zones = tmp_path / "zones.gpkg"
    with pytest.raises(lp.LineplanError, match="--i-have-permission"):
        lp.timeline("as_held", control=days, zones=zones)
    assert not zones.exists()
    assert len(lp.timeline("as_held", control=days).days) == 2
    found = lp.timeline("as_held", control=days, zones=zones, has_permission=True)
    assert found.conditions["line_source_permission"].startswith("stated by")
    said = json.loads(pyogrio.read_info(zones, layer="as_held")["layer_metadata"]["lineplan"])
    assert said["line_source_permission"] == found.conditions["line_source_permission"]


def test_a_figure_is_refused_and_says_whose_word_it_is(
    forbidden: lp.Arrangement, tmp_path: Path
) -> None:
    path = tmp_path / "x.svg"
    with pytest.raises(lp.ControlError, match="--i-have-permission"):
        forbidden.figure(path)
    assert not path.exists()
    forbidden.figure(path, size="a4-portrait", has_permission=True)
    words = " ".join(re.sub(r"<[^>]+>", " ", path.read_text()).split())
    assert "states that the source permits passing its geometry on" in words


# Terms are not got round


@pytest.mark.parametrize("kind", ["deepstate_daily", "polygons"])
def test_a_source_file_makes_terms_no_laxer(kind: str, tmp_path: Path, line: Any) -> None:
    source = tmp_path / "mine.toml"
    source.write_text(
        f'kind = "{kind}"\nfile = "{feed(tmp_path).name}"\ntitle = "Ours"\nlicence = "free"\n'
        'redistribution = "allowed"\n'
    )
    told = lp.read_control(source, lp.load_dataset())
    assert (told.redistribution, told.terms.source[:4]) == ("forbidden", "Ours")
    asked = ("map", "as_held", "--control", str(source), "-o", str(tmp_path / "m.html"))
    said = one_line_of(line(*asked))
    assert "a source file that states laxer terms does not change them" in said
    assert "DeepStateMap.live License Agreement" in said
    assert not (tmp_path / "m.html").exists()
    assert line(*asked, "--i-have-permission").status == 0


def test_a_source_file_makes_terms_no_laxer_than_the_index(tmp_path: Path) -> None:
    path = plain(tmp_path)
    index = {
        "format": "lineplan index of fetched files",
        "version": 1,
        "source": {
            "name": "x",
            "title": "X",
            "url": "https://example.org/%Y%m%d.geojson",
            "redistribution": "forbidden",
            "licence": "for nobody",
            "attribution": "X",
        },
        "files": {
            path.name: {
                "url": "https://example.org/1",
                "sha256": "",
                "bytes": 1,
                "fetched_at": "2025-11-20T00:00:00Z",
            }
        },
    }
    (tmp_path / "lineplan-index.json").write_text(json.dumps(index))
    said = SourceFile(redistribution="allowed")
    told = lp.read_control(path, lp.load_dataset(), kind=said)
    assert told.redistribution == "forbidden"
    assert told.licence.startswith("for nobody (a source file")


def test_a_source_file_makes_terms_stricter(tmp_path: Path) -> None:
    said = SourceFile(redistribution="forbidden")
    assert lp.read_control(plain(tmp_path), lp.load_dataset(), kind=said).terms.redistribution == (
        "forbidden"
    )


@pytest.mark.parametrize("going", [(), ("--keep-going",)])
@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("command", ["timeline", "map"])
def test_a_refusal_is_no_bad_day(
    command: str, is_packed: bool, going: tuple[str, ...], tmp_path: Path, line: Any
) -> None:
    (days := tmp_path / "days").mkdir()
    plain(days, "c_20251101.geojson")
    feed(days)
    control = days
    if is_packed:
        control = tmp_path / "days.parquet"
        pack(lp.open_archive(days, lp.load_dataset()), control)
    out = tmp_path / ("out.html" if command != "timeline" else "out.gpkg")
    where = ("-o", str(out))
    if command == "timeline":
        where = ("-o", str(tmp_path / "t.csv"), "--zones", str(out))
    elif command == "map":
        where += ("--from", "2025-11-01", "--to", "2025-11-30")
    said = one_line_of(line(command, "as_held", "--control", str(control), *where, *going))
    assert "its terms do not allow its geometry to be passed on" in said
    assert not out.exists()
    assert not (tmp_path / "t.csv").exists()


def test_terms_that_are_met_late_are_a_refusal_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain(tmp_path, "c_20251101.geojson")
    feed(tmp_path)
    monkeypatch.setattr(lp.Archive, "terms", lambda self: [])
    asked: dict[str, Any] = {"control": tmp_path, "keep_going": True}
    (out := tmp_path / "out").mkdir()
    with pytest.raises(lp.ControlError, match="do not allow"):
        lp.timeline("as_held", zones=out / "z.gpkg", **asked)
    with pytest.raises(lp.ControlError, match="do not allow"):
        lp.atlas(["as_held"], **asked)
