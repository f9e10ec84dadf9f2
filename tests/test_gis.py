"""How exported files look in other programs: the map's colours, hatches and words."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import fiona
import geopandas as gpd
import pyogrio
import pytest
import shapely

import lineplan as lp
from lineplan import export, style
from lineplan.control.kmlfile import features_of_kml
from lineplan.facts import Facts
from lineplan.gis import kml as gis_kml
from lineplan.gis import legend_of
from lineplan.gis.legend import Entry
from lineplan.gis.qml import qml
from lineplan.gis.sld import sld
from lineplan.labels import LANGUAGES, Catalogue, catalogue

KML = "{http://www.opengis.net/kml/2.2}"
SE = "{http://www.opengis.net/se}"
OGC = "{http://www.opengis.net/ogc}"
every_language = pytest.mark.parametrize("lang", LANGUAGES)
GROUND = ("zones", "line", "units", "reassigned")


@pytest.fixture(scope="module")
def package(point21: lp.Arrangement, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return point21.write(tmp_path_factory.mktemp("package") / "point21.gpkg")


def styles_in(path: Path) -> dict[str, dict[str, Any]]:
    with closing(sqlite3.connect(path)) as database:
        database.row_factory = sqlite3.Row
        return {
            row["f_table_name"]: dict(row) for row in database.execute("SELECT * FROM layer_styles")
        }


def rgb(text: str) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in text.split(",")[:3])


def options(layer: ElementTree.Element) -> dict[str, str]:
    return {o.get("name", ""): o.get("value", "") for o in layer.findall("Option/Option")}


def rules_of(style_qml: str) -> Iterator[tuple[str, str, ElementTree.Element]]:
    """Label, filter and symbol of every rule."""
    root = ElementTree.fromstring(style_qml)
    symbols = {symbol.get("name"): symbol for symbol in root.findall("renderer-v2/symbols/symbol")}
    for rule in root.iter("rule"):
        yield rule.get("label", ""), rule.get("filter", ""), symbols[rule.get("symbol")]


# The table that QGIS looks for


def test_the_table_is_the_one_qgis_makes_itself(package: Path) -> None:
    # Columns, kinds and row of gpkg_contents as QGIS 3.22 wrote them into a file without styles.
    with closing(sqlite3.connect(package)) as database:
        columns = [(row[1], row[2]) for row in database.execute("PRAGMA table_info(layer_styles)")]
        kind = database.execute(
            "SELECT data_type, identifier FROM gpkg_contents WHERE table_name = 'layer_styles'"
        ).fetchall()
    texts = (
        *("f_table_catalog", "f_table_schema", "f_table_name", "f_geometry_column"),
        *("styleName", "styleQML", "styleSLD"),
    )
    assert columns == [
        ("id", "INTEGER"),
        *((name, "TEXT") for name in texts),
        ("useAsDefault", "BOOLEAN"),
        *((name, "TEXT") for name in ("description", "owner", "ui")),
        ("update_time", "DATETIME"),
    ]
    assert kind == [("attributes", "layer_styles")]


def test_every_layer_has_one_default_style(package: Path) -> None:
    rows = styles_in(package)
    assert list(rows) == list(export.LAYERS)
    with closing(sqlite3.connect(package)) as database:
        geometry = dict(
            database.execute("SELECT table_name, column_name FROM gpkg_geometry_columns")
        )
    for layer, row in rows.items():
        assert row["useAsDefault"] == 1
        assert row["f_geometry_column"] == geometry.get(layer, "")
        assert row["f_table_catalog"] == row["f_table_schema"] == row["owner"] == ""
        assert row["ui"] is None
        assert "Proposal, not in force" in row["description"]


def test_the_style_is_of_the_day_of_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1764547200")
    rows = styles_in(lp.arrange().write(tmp_path / "x.gpkg"))
    assert {row["update_time"][:10] for row in rows.values()} == {"2025-12-01"}


@pytest.mark.parametrize("layer", GROUND)
def test_a_package_of_one_layer_has_its_style(
    point21: lp.Arrangement, tmp_path: Path, layer: str
) -> None:
    path = point21.write(tmp_path / "x.gpkg", layer=layer)
    assert list(styles_in(path)) == [layer]


def test_programs_read_every_layer_as_before(point21: lp.Arrangement, package: Path) -> None:
    listed = [name for name, _ in pyogrio.list_layers(package)]
    assert listed == [*export.LAYERS, "layer_styles"]
    for layer in GROUND:
        frame = gpd.read_file(package, layer=layer)
        with fiona.open(package, layer=layer) as source:
            assert len(source) == len(frame) == len(getattr(point21, layer))


@pytest.mark.parametrize("one", [True, False], ids=["one layer", "every layer"])
def test_lineplan_reads_what_it_exports(point21: lp.Arrangement, tmp_path: Path, one: bool) -> None:
    path = point21.write(tmp_path / "x-2025-11-20.gpkg", layer="units" if one else None)
    again = lp.arrange(units=path if one else f"{path}:units", reconcile=False)
    raw = lp.arrange(reconcile=False)
    assert len(again.units) == len(raw.units)
    kilometres = [a.areas("status").set_index("status")["area_km2"] for a in (again, raw)]
    assert (kilometres[0] - kilometres[1]).abs().max() < 1e-3
    if not one:
        with pytest.raises(
            lp.LineplanError, match=r"has 5 layers \(zones, line, .*, sources\); name"
        ):
            lp.arrange(units=path)
        held = lp.read_control(
            f"{path}:zones", lp.load_dataset(), holder="held_by", values={"ru": "ru"}
        )
        assert lp.arrange(control=held, reconcile=False).areas("held_by")["area_km2"].sum() > 5e5


# The colours and words of the map


def test_every_ground_is_painted_as_on_the_map(point21: lp.Arrangement, package: Path) -> None:
    seen = {}
    for _, told, symbol in rules_of(styles_in(package)["zones"]["styleQML"]):
        first, *hatch = symbol.findall("layer")
        assert first.get("class") == "SimpleFill"
        seen[told] = (rgb(options(first)["color"]), [mark.get("class") for mark in hatch])
    marks = {"": [], "lines": ["LinePatternFill"], "dots": ["PointPatternFill"]}
    for zone in point21.zones.itertuples():
        paint = style.PAINTS[zone.status]
        told = f"\"status\" = '{zone.status}' AND \"held_by\" = '{zone.held_by}'"
        ground = paint.tint if zone.held_by == "ua" else paint.fill
        assert seen[told] == (ground, marks[paint.hatch])


def test_a_frozen_unit_has_two_fills_and_hatchings_that_cross(package: Path) -> None:
    looks = {}
    for _, told, symbol in rules_of(styles_in(package)["zones"]["styleQML"]):
        if "frozen" in told:
            fill, hatch = symbol.findall("layer")
            looks[told[-4:]] = (options(fill)["color"], options(hatch)["angle"])
    assert looks == {"'ru'": ("111,174,159,255", "45"), "'ua'": ("207,230,222,255", "135")}


def test_contested_ground_is_crossed(tmp_path: Path) -> None:
    data = lp.load_dataset()
    held = gpd.read_file(data.path("control"))
    grey = [shapely.box(34.5, 49.5, 35.2, 50), shapely.box(37.2, 48.6, 37.5, 48.8)]
    shapes = [*held.geometry, *(shape.difference(held.union_all()) for shape in grey)]
    status = ["Occupied"] * len(held) + ["Grey", "Grey"]
    own = tmp_path / "line-2025-11-20.geojson"
    gpd.GeoDataFrame({"status": status}, geometry=shapes, crs=4326).to_file(own)
    values = {"Occupied": "ru", "Grey": "contested"}
    control = lp.read_control(own, data, holder="status", values=values)
    path = lp.arrange(control=control).write(tmp_path / "x.gpkg")
    crossed = {
        told: rgb(options(symbol.findall("layer")[0])["color"])
        for _, told, symbol in rules_of(styles_in(path)["zones"]["styleQML"])
        if [mark.get("class") for mark in symbol.findall("layer")[1:]] == ["LinePatternFill"] * 2
    }
    recognized, unaffected = (
        f"\"status\" = '{status}' AND \"held_by\" = 'contested'"
        for status in ("recognized", "unaffected")
    )
    assert crossed == {
        recognized: style.PAINTS["recognized"].tint,
        unaffected: style.PAINTS["contested"].fill,
    }


def test_lines_are_those_of_the_page() -> None:
    folder = Path(style.__file__).parent / "webmap"
    script = (folder / "script" / "view.js").read_text(encoding="utf-8")
    sheet = (folder / "map.css").read_text(encoding="utf-8")
    for stroke, drawn, colour in (
        (style.BORDER, "border", "border"),
        (style.UNIT_BOUNDARY, "units", "unit"),
        (style.LINE, "contact", "contact"),
        (style.LINE_HALO, "casing", "halo"),
        (style.REASSIGNED, "moved", "moved"),
    ):
        assert f"--{colour}: {stroke.colour};" in sheet.split("@media")[0]
        assert re.search(rf"\.lp-{drawn}\b[^{{]*{{[^}}]*stroke: var\(--{colour}\)", sheet)
        width = re.search(rf'weight: ([\d.]+)[^}}]*className: "lp-{drawn}"', script)
        assert width
        assert float(width[1]) == stroke.width_px
        if stroke.dash_px:
            assert f'dashArray: "{stroke.dash_px[0]} {stroke.dash_px[1]}"' in script
    assert style.BORDER.width_px >= style.LINE.width_px


def test_the_recognised_border_is_at_least_as_heavy_as_the_line(package: Path) -> None:
    rows = styles_in(package)

    def widths(layer: str) -> dict[str, float]:
        return {
            label: max(
                float(options(e)["line_width"])
                for e in symbol.iter("layer")
                if e.get("class") == "SimpleLine"
            )
            for label, _, symbol in rules_of(rows[layer]["styleQML"])
        }

    border = widths("units")["Internationally recognised border"]
    dashes = [
        options(layer)
        for _, _, symbol in rules_of(rows["line"]["styleQML"])
        for layer in symbol.findall("layer")
    ]
    halo, line = dashes
    assert "use_custom_dash" not in halo
    assert line["use_custom_dash"] == "1"
    assert line["customdash"] == "1.852;1.058"  # 7 and 4 pixels of 1/96 inch
    assert float(line["line_width"]) < float(halo["line_width"])
    assert border >= float(line["line_width"]) > widths("units")["Regional boundaries"]


@every_language
def test_legend_and_aliases_are_in_the_language(
    point21: lp.Arrangement, tmp_path: Path, lang: str
) -> None:
    words = catalogue(lang)
    path = point21.write(tmp_path / "x.gpkg", lang=lang)
    rows = styles_in(path)
    facts = Facts(point21, words)
    expected = []
    for status in facts.statuses():
        label = status["label"]
        alone = len(status["holders"]) == 1
        expected += [
            label if alone else words.text("join.dated", name=label, date=holder["label"])
            for holder in status["holders"]
        ]
    assert [label for label, _, _ in rules_of(rows["zones"]["styleQML"])] == expected
    for layer, row in rows.items():
        root = ElementTree.fromstring(row["styleQML"])
        aliases = {alias.get("field"): alias.get("name") for alias in root.iter("alias")}
        frame = gpd.read_file(path, layer=layer)
        assert set(aliases) == set(frame) - {"geometry"}
        assert not any("_" in str(alias) for alias in aliases.values())
        assert all(aliases.values())
    aliases = ElementTree.fromstring(rows["zones"]["styleQML"]).iter("alias")
    area = next(alias.get("name") for alias in aliases if alias.get("field") == "area_km2")
    assert area == words.text("column.area_km2")
    zones = gpd.read_file(path, layer="zones")
    assert list(zones["status"]) == list(point21.zones["status"])
    said = [
        words.status_label(
            row.status,
            held_by=row.held_by,
            to_be_held_by=row.to_be_held_by,
            recognized_as=row.recognized_as,
            recognition=row.recognition,
            recognized_by=row.recognized_by,
            dataset=point21.dataset,
            date=facts.line_day,
            plan_title=facts.plan_title,
        )
        for row in point21.zones.itertuples()
    ]
    assert list(zones["status_label"]) == said
    if lang == "en":
        assert area == "Area (km²)"
        assert said == list(point21.zones["status_label"])
    else:
        assert not set(said) & set(point21.zones["status_label"])


def test_an_unknown_language_is_told(point21: lp.Arrangement, tmp_path: Path) -> None:
    with pytest.raises(
        lp.LineplanError, match="unknown language 'de'; choose from en, uk, ru, zh-Hant"
    ):
        point21.write(tmp_path / "x.gpkg", lang="de")
    assert not any(tmp_path.iterdir())


def test_the_command_line_takes_a_language(line: Any) -> None:
    said = line("export", "-o", "x.gpkg", "--lang", "uk")
    assert said.status == 0
    words = catalogue("uk")
    told = words.text("map.line_label", date=words.date(date(2025, 11, 20)))
    assert told.startswith("Лінія зіткнення, 20")
    assert told in styles_in(Path("x.gpkg"))["line"]["styleQML"]


def test_sld_has_the_same_classes(package: Path) -> None:
    for layer, row in styles_in(package).items():
        root = ElementTree.fromstring(row["styleSLD"])
        assert root.get("version") == "1.1.0"
        assert root.findtext(f".//{SE}Name") == layer
        rules = {label: (told, symbol) for label, told, symbol in rules_of(row["styleQML"])}
        titles = [title.text for title in root.iter(f"{SE}Title")]
        assert titles == list(rules)
        for rule in root.iter(f"{SE}Rule"):
            told, symbol = rules[str(rule.findtext(f"{SE}Description/{SE}Title"))]
            pairs = zip(rule.iter(f"{OGC}PropertyName"), rule.iter(f"{OGC}Literal"), strict=True)
            assert " AND ".join(f"\"{c.text}\" = '{v.text}'" for c, v in pairs) == told
            fills = [p.text for p in rule.iter(f"{SE}SvgParameter") if p.get("name") == "fill"]
            painted = [e for e in symbol.findall("layer") if e.get("class") == "SimpleFill"]
            assert fills == [rgb(options(e)["color"]) for e in painted]
            hatched = [e for e in symbol.findall("layer") if "Pattern" in e.get("class", "")]
            assert bool(hatched) == bool(list(rule.iter(f"{SE}GraphicFill")))


def test_names_from_a_file_break_no_style(tmp_path: Path) -> None:
    messages = {key: f"<script>'\"]]>&\x0b{text}" for key, text in catalogue("en").messages.items()}
    words, arrangement = Catalogue("en", messages), lp.arrange()
    for layer in GROUND:
        legend = legend_of(arrangement, layer, getattr(arrangement, layer), words)
        root = ElementTree.fromstring(qml(legend))
        assert len(list(root.iter("rule"))) == len(legend.entries)
        assert "<script" not in root.findtext("mapTip", "")
        assert ElementTree.fromstring(sld(legend)) is not None


# Google Earth


@pytest.fixture(scope="module")
def kml(
    point21: lp.Arrangement, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, ElementTree.Element]:
    folder = tmp_path_factory.mktemp("kml")
    return {
        layer: ElementTree.parse(point21.write(folder / f"{layer}.kml", layer=layer)).getroot()[0]
        for layer in GROUND
    }


def test_kml_has_one_style_for_each_status_and_holder(
    point21: lp.Arrangement, kml: dict[str, ElementTree.Element]
) -> None:
    styles = {s.get("id"): s for s in kml["zones"].findall(f"{KML}Style")}
    marks = list(kml["zones"].iter(f"{KML}Placemark"))
    assert len(styles) == len(point21.zones.groupby(["status", "held_by"]))
    for mark, zone in zip(marks, point21.zones.itertuples(), strict=True):
        shown = styles[mark.findtext(f"{KML}styleUrl", "").removeprefix("#")]
        paint = style.PAINTS[zone.status]
        red, green, blue = re.findall(
            "..", (paint.tint if zone.held_by == "ua" else paint.fill)[1:]
        )
        assert shown.findtext(f"{KML}PolyStyle/{KML}color") == f"cc{blue}{green}{red}"
        assert shown.findtext(f"{KML}PolyStyle/{KML}fill") == "1"


def test_kml_elements_stand_in_the_order_of_the_schema(kml: dict[str, ElementTree.Element]) -> None:
    # Of OGC 07-147r2: what it has before, and after, a style.
    order = [
        "name",
        "description",
        "styleUrl",
        "Style",
        "Schema",
        "ExtendedData",
        "Folder",
        "Document",
    ]
    order += ["Point", "LineString", "Polygon", "MultiGeometry"]
    for layer, document in kml.items():
        ids = [e.get("id") for e in document.iter() if e.get("id")]
        assert len(ids) == len(set(ids)), layer
        for parent in [document, *document.iter(f"{KML}Placemark")]:
            tags = [child.tag.removeprefix(KML) for child in parent]
            assert tags == sorted(tags, key=order.index), layer
        for shape in (*document.iter(f"{KML}Polygon"), *document.iter(f"{KML}LineString")):
            assert shape[0].tag == f"{KML}tessellate"


def test_kml_lines_and_borders(kml: dict[str, ElementTree.Element]) -> None:
    def shown(layer: str) -> tuple[str | None, ...]:
        (one,) = kml[layer].findall(f"{KML}Style")
        return tuple(
            one.findtext(f"{KML}{p}")
            for p in (f"LineStyle/{KML}color", f"LineStyle/{KML}width", f"PolyStyle/{KML}fill")
        )

    assert shown("line") == ("ff1b1917", "2", "0")
    assert shown("units") == ("ff433f3b", "2.5", "0")
    assert shown("reassigned")[2] == "1"


@every_language
def test_kml_balloons_are_words(point21: lp.Arrangement, tmp_path: Path, lang: str) -> None:
    words = catalogue(lang)
    root = ElementTree.parse(point21.write(tmp_path / "x.kml", lang=lang)).getroot()
    assert root.findtext(f"{KML}Document/{KML}name") == words.name(point21.plan.title)
    zones = gpd.read_parquet(point21.write(tmp_path / "x.parquet", lang=lang)).to_dict("records")
    for mark, zone in zip(root.iter(f"{KML}Placemark"), zones, strict=True):
        said = mark.findtext(f"{KML}description", "")
        assert mark.findtext(f"{KML}name", "").startswith(zone["unit_name"])
        assert said.startswith(zone["status_label"])
        assert words.text("column.area_km2") in said
        assert "area_km2" not in said
        assert (
            words.text(
                "join.set",
                name=words.text("field.held_by"),
                value=Facts(point21, words).holder(zone["held_by"]),
            )
            in said
        )


def test_a_kml_that_was_exported_is_a_source_by_its_styles(
    point21: lp.Arrangement, tmp_path: Path
) -> None:
    path = point21.write(tmp_path / "x.kml")
    colours = {f["properties"]["color"] for f in features_of_kml(path.read_bytes(), path)}
    assert style.PAINTS["demilitarized_buffer"].tint in colours


def test_a_style_id_is_an_xml_name() -> None:
    names = [
        gis_kml._id(Entry(key, "")) for key in ("frozen_at_line-ru", "a b", "a_b", "<&>", "乌")
    ]
    assert names[0] == "style-frozen_at_line-ru"
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z][\w.-]*", name) for name in names)
