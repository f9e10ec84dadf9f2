"""The map for print: exact pages, the words and figures of the map, nothing on top of another."""

import itertools
import json
import re
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import matplotlib.image
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from conftest import one_line_of
from hostile import HOSTILE, hostile
from library import LINES
from matplotlib.path import Path as Outline

import lineplan as lp
from lineplan.errors import LineplanError, LineplanWarning, UsageError
from lineplan.facts import Facts
from lineplan.figures import LAYERS, compose, page_size, write_figure
from lineplan.figures import sheet as sheets
from lineplan.figures.footnotes import attributions, statements
from lineplan.figures.ground import STROKES, simplified
from lineplan.figures.layout import Captions
from lineplan.figures.lines import lines_between
from lineplan.figures.placement import Place, Placement
from lineplan.figures.sheet import Sheet, drawing_style, measure, wrap
from lineplan.labels import LANGUAGES, catalogue
from lineplan.style import PAINTS

pytestmark = pytest.mark.printed

SVG = "{http://www.w3.org/2000/svg}"
POINT_MM = 25.4 / 72
GEOD = pyproj.Geod(ellps="WGS84")
# Where each status must be, longitude first; away from names and dots.
KNOWN = {
    "recognized-fill": [(34.0, 45.55), (39.2, 49.45)],
    "demilitarized_buffer-tint": [(37.57, 48.73), (37.2, 48.55)],
    "frozen_at_line-fill": [(34.2, 46.9), (36.6, 47.0)],
    "frozen_at_line-tint": [(33.6, 47.3)],
    "unaffected-tint": [(33.3, 49.3)],
}


def ground_of(paint: str) -> str:
    status, _, side = paint.rpartition("-")
    return str(getattr(PAINTS[status], side))


@pytest.fixture(autouse=True)
def _any_fonts() -> Any:
    """A machine without CJK fonts is told so; what is tested here does not depend on it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "no installed font", LineplanWarning)
        yield


@cache
def drawn(size: str = "a4", lang: str = "en", plan: str = "point21", **options: Any) -> Sheet:
    return composed(laid(plan), lang, size=size, **options)


def composed(arrangement: lp.Arrangement, lang: str = "en", **options: Any) -> Sheet:
    facts = Facts(arrangement, catalogue(lang))
    words = {key: options.pop(key) for key in Captions._fields if key in options}
    return compose(facts, Captions(**{"title": facts.plan_title, **words}), **options)


@cache
def laid(plan: str) -> lp.Arrangement:
    return lp.arrange(plan, lines=LINES if plan == "minsk2" else None)


def svg_of(arrangement: lp.Arrangement, folder: Path, **options: Any) -> ET.Element:
    return ET.parse(write_figure(arrangement, folder / "figure.svg", **options)).getroot()


@pytest.fixture(scope="module")
def svg(tmp_path_factory: pytest.TempPathFactory) -> ET.Element:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LineplanWarning)
        return svg_of(laid("point21"), tmp_path_factory.mktemp("svg"))


def group(svg: ET.Element, name: str) -> ET.Element:
    (found,) = (g for g in svg.iter(f"{SVG}g") if g.get("id") == name)
    return found


def texts(element: ET.Element) -> list[str]:
    return ["".join(text.itertext()) for text in element.iter(f"{SVG}text")]


# --- pages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "width", "height"),
    [
        ("a4", 297, 210),
        ("a4-portrait", 210, 297),
        ("16:9", 338.667, 190.5),
        ("260x200mm", 260, 200),
    ],
)
def test_a_page_has_exactly_its_size(
    size: str, width: float, height: float, tmp_path: Path
) -> None:
    sheet = drawn(size)
    about = {"title": "t", "description": "d"}
    sheet.save(tmp_path / "a.pdf", dpi=72, about=about)
    sheet.save(tmp_path / "a.svg", dpi=72, about=about)
    sheet.save(tmp_path / "a.png", dpi=72, about=about)
    box = re.search(rb"/MediaBox \[ ([\d. ]+) \]", (tmp_path / "a.pdf").read_bytes())
    assert box is not None
    assert [float(n) * POINT_MM for n in box[1].split()] == pytest.approx(
        [0, 0, width, height], abs=0.01
    )
    root = ET.parse(tmp_path / "a.svg").getroot()
    said = [float(root.attrib[key].removesuffix("pt")) for key in ("width", "height")]
    assert [mm * POINT_MM for mm in said] == pytest.approx([width, height], abs=0.01)
    rows, columns = matplotlib.image.imread(tmp_path / "a.png").shape[:2]
    assert (columns, rows) == pytest.approx((width / POINT_MM, height / POINT_MM), abs=1)


def test_sixteen_by_nine_is_a_screen_at_144_dpi(tmp_path: Path) -> None:
    drawn("16:9").save(tmp_path / "a.png", dpi=144, about={"title": "", "description": ""})
    assert matplotlib.image.imread(tmp_path / "a.png").shape[:2] == (1080, 1920)


def test_a_column_is_as_wide_as_asked_and_as_high_as_needed() -> None:
    heights = {lang: drawn("column", lang).height_mm for lang in LANGUAGES}
    assert {drawn("column", lang).width_mm for lang in LANGUAGES} == {90}
    assert len(set(heights.values())) > 1
    lowest = min(box[1] for *_, box in drawn("column").boxes())
    assert 3 < lowest < 10


@pytest.mark.parametrize("size", ["a5ish", "100", "10x10mm", "20mm", "100x9000mm", "-1x2mm", ""])
def test_what_is_no_page_is_said(size: str) -> None:
    with pytest.raises(UsageError, match=r"^size "):
        page_size(size)


def test_a_page_too_small_for_its_words_says_what_it_needs() -> None:
    with pytest.raises(UsageError, match=r"no room .* make it \d+ mm higher, or give the width"):
        composed(laid("point21"), size="120x90mm")


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_it_says_what_the_map_says(lang: str, tmp_path: Path) -> None:
    facts = Facts(laid("point21"), catalogue(lang))
    drawn("a4", lang).save(tmp_path / "a.svg", dpi=72, about={"title": "", "description": ""})
    root = ET.parse(tmp_path / "a.svg").getroot()

    def said_in(*layers: str) -> str:
        return _squeezed("".join(w for layer in layers for w in texts(group(root, layer))))

    title = said_in("title")
    for words in (facts.plan_title, facts.force, facts.when):
        assert _squeezed(words) in title
    assert _squeezed(facts.source_line) in said_in("source-line")
    labels, table = said_in("labels-zones"), said_in("table")
    for status in facts.statuses():
        if status["named"]:
            assert _squeezed(status["label"]) in labels
            assert _squeezed(status["headline"]) in labels
            assert _squeezed("".join(status["range"])) in table
        assert _squeezed(status["label"]) in table
    footer = said_in("footer")
    for words in (*_statements(facts), facts.words.text("map.border")):
        assert _squeezed(words) in footer + said_in("key")
    assert _squeezed(facts.words.text("map.line_label", date=facts.line_date)) in said_in(
        "labels-line"
    )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_reference_says_who_holds_what_and_no_change(lang: str, tmp_path: Path) -> None:
    facts = Facts(laid("as_held"), catalogue(lang))
    drawn("a4", lang, "as_held").save(
        tmp_path / "a.svg", dpi=72, about={"title": "", "description": ""}
    )
    root = ET.parse(tmp_path / "a.svg").getroot()
    said = _squeezed("".join(texts(root)))
    held = laid("as_held").areas("held_by").to_dict("records")
    for row in held:
        label = facts.holder(row["held_by"])
        label = _squeezed(label[:1].upper() + label[1:])
        assert label + _squeezed(facts.words.area(row["area_km2"])) in said
        assert _squeezed(facts.words.percent(row["share_of_units"])) in said
    for key in ("short.unaffected", "field.status", "footer.opinion"):
        assert _squeezed(facts.words.text(key)) not in said, key
    assert _squeezed(facts.words.text("footer.opinion_reference")) in said


def _statements(facts: Facts) -> list[str]:
    said = [line for line in statements(facts, 0) if line != facts.words.accuracy(0)]
    return [*said, *attributions(facts)]


def _squeezed(words: str) -> str:
    return re.sub(r"\s", "", words)


def test_words_of_the_newsroom_are_in_the_picture() -> None:
    sheet = drawn(title="T1", subtitle="S1", note="N1", byline="B1")
    by_layer = {(layer, words) for layer, words, _ in sheet.boxes()}
    assert {("title", "T1"), ("title", "S1"), ("source-line", "N1"), ("source-line", "B1")} <= (
        by_layer
    )


def test_a_reference_is_not_called_a_proposal() -> None:
    said = [words for layer, words, _ in drawn(plan="as_held").boxes() if layer == "title"]
    assert "Reference, not a proposal" in said
    assert "Proposal, not in force" not in said


def test_the_table_is_lineplan_areas(svg: ET.Element, line: Any) -> None:
    said = line("areas", "point21", "--format", "json")
    rows = json.loads(said.out)["rows"] if '"rows"' in said.out else json.loads(said.out)
    table = texts(group(svg, "table"))
    frame = pd.DataFrame(rows if isinstance(rows, list) else rows["areas"])
    assert len(frame) == 7
    for row in frame.itertuples():
        assert f"{row.area_km2:,.0f} km²" in table
        digits = 2 if row.share_of_units < 0.001 else 1  # 65 km² are no 0.0 %
        assert f"{row.share_of_units:.{digits}%}" in table
    assert f"{frame['area_km2'].sum():,.0f} km²" in table
    assert "about 5,900 km²" in table


def test_text_is_live_and_named_in_fonts_that_are_common(svg: ET.Element) -> None:
    styles = {text.attrib["style"] for text in svg.iter(f"{SVG}text")}
    assert styles
    assert all("font" in style for style in styles)
    for style in styles:
        if "Liberation Sans" in style:
            assert "Arial" in style


def test_no_letter_is_cut_from_its_word() -> None:
    for lang in ("uk", "ru"):
        names = {
            word for name in Facts(laid("point21"), catalogue(lang)).unit_names().values()
            for word in name.upper().split()
        }  # fmt: skip
        for layer, words, _ in drawn("column", lang).boxes():
            if layer == "labels-units":
                assert set(words.split()) <= names


@pytest.mark.parametrize(
    ("size", "lang"),
    [
        *((size, lang) for size in ("a4", "column") for lang in LANGUAGES),
        ("a4-portrait", "ru"),
        ("16:9", "uk"),
    ],
)
def test_no_words_lie_on_others_nor_leave_the_page(size: str, lang: str) -> None:
    _check_boxes(drawn(size, lang))


@pytest.mark.parametrize("focus", ["UA-14", "UA-30", "37,48,38.5,49.2"])
def test_a_focus_neither(focus: str) -> None:
    _check_boxes(drawn("a4", "en", focus=focus))


@pytest.mark.parametrize("plan", ["plan20", "minsk2", "as_held"])
def test_other_plans_neither(plan: str) -> None:
    sheet = drawn("a4", "uk", plan)
    _check_boxes(sheet)
    statuses = set(laid(plan).zones["status"])
    assert _painted(sheet) >= {status for status in statuses if status != "unaffected"}


def _painted(sheet: Sheet) -> set[str]:
    """Statuses of the zones that are on the sheet."""
    status_of = {}
    for plan in ("plan20", "minsk2", "as_held"):
        for row in laid(plan).zones.itertuples():
            status_of[sheets._as_id(f"zone-{row.zone_id}")] = (plan, row.status)
    found = {artist.get_gid() for artist in sheet._layers["zones"].children}
    return {status_of[gid][1] for gid in found if gid in status_of}


def _check_boxes(sheet: Sheet) -> None:
    boxes = sheet.boxes()
    assert len(boxes) > 60
    left, bottom, right, top = sheet.window.frame if sheet.window else (0, 0, 0, 0)
    for (layer, words, a), (other, others, b) in itertools.combinations(boxes, 2):
        width = min(a[2], b[2]) - max(a[0], b[0])
        height = min(a[3], b[3]) - max(a[1], b[1])
        assert not (width > 0.01 and height > 0.01), (layer, words, other, others)
    for layer, words, (x0, y0, x1, y1) in boxes:
        assert x0 > 0 < y0, words
        assert x1 < sheet.width_mm, words
        assert y1 < sheet.height_mm, words
        if layer.startswith("labels-"):
            assert left <= x0 <= x1 <= right, words
            assert bottom <= y0 <= y1 <= top, words


# --- ground ------------------------------------------------------------------------------------


def test_every_layer_is_a_named_group_in_order(svg: ET.Element) -> None:
    (figure,) = (g for g in svg.iter(f"{SVG}g") if g.get("id") == "figure_1")
    names = [child.get("id") for child in figure if child.tag == f"{SVG}g"]
    assert names == [name for name in LAYERS if name in names]
    assert set(LAYERS) - set(names) == set()
    ids = [element.get("id") for element in svg.iter() if element.get("id")]
    assert len(ids) == len(set(ids))


def test_every_zone_that_is_seen_is_a_named_shape(svg: ET.Element) -> None:
    sheet = drawn()
    assert sheet.window is not None
    found = {g.get("id") for g in group(svg, "zones")}
    view = sheet.window.ground()
    for row in laid("point21").zones.itertuples():
        if shapely.intersection(row.geometry, view).area > 0.01:
            assert sheets._as_id(f"zone-{row.zone_id}") in found


@pytest.mark.parametrize("paint", KNOWN)
def test_known_places_have_the_fill_of_their_status(
    paint: str, svg: ET.Element, tmp_path: Path
) -> None:
    window = drawn().window
    assert window is not None
    height = float(svg.attrib["height"].removesuffix("pt"))
    for lon, lat in KNOWN[paint]:
        x, y = (mm / POINT_MM for mm in window.spot(lon, lat))
        point = shapely.Point(x, height - y)
        fills = [
            _style(path)["fill"]
            for zone in group(svg, "zones")
            for path in zone.iter(f"{SVG}path")
            if _outline(path.attrib["d"]).contains(point)
        ]
        assert fills == [ground_of(paint)], (lon, lat)


@pytest.mark.parametrize(
    ("plan", "size"), [("geneva19", "16:9"), ("as_held", "a4"), ("as_held", "400x160mm")]
)
def test_the_base_goes_on_to_every_corner_of_the_frame(plan: str, size: str) -> None:
    sheet = drawn(size, plan=plan)
    window = sheet.window
    assert window is not None
    left, bottom, right, top = window.frame

    def of(layer: str) -> Any:
        rings = []
        for artist in sheet._layers[layer].children:
            for path in artist.get_paths() if hasattr(artist, "get_paths") else [artist.get_path()]:
                rings += [shapely.make_valid(shapely.Polygon(r)) for r in path.to_polygons()]
        return shapely.union_all(rings)

    land, sea = of("land"), of("sea")
    for x in (left + 0.5, right - 0.5):
        for y in (bottom + 0.5, top - 0.5):
            assert sea.contains(shapely.Point(x, y))
        # West and east of Ukraine there is land between 47 and 50 degrees north on every page.
        assert land.contains(shapely.Point(x, (bottom + top) / 2))
    for lon, lat, is_land in ((19.9, 47.2, True), (43.5, 49.0, True), (31.5, 43.6, False)):
        spot = shapely.Point(window.spot(lon, lat))
        if window.shape.contains(spot):
            assert land.contains(spot) is is_land, (lon, lat)


def test_pixels_have_the_fill_of_their_status(tmp_path: Path) -> None:
    sheet = drawn()
    window = sheet.window
    assert window is not None
    sheet.save(tmp_path / "a.png", dpi=200, about={"title": "", "description": ""})
    pixels = np.rint(matplotlib.image.imread(tmp_path / "a.png")[..., :3] * 255).astype(int)
    per_mm = 200 / 25.4
    for paint, places in KNOWN.items():
        for lon, lat in places:
            x, y = window.spot(lon, lat)
            column, row = round(x * per_mm), round((sheet.height_mm - y) * per_mm)
            near = pixels[row - 9 : row + 10, column - 9 : column + 10].reshape(-1, 3)
            # Names, dots and hatching may lie on the very spot; its ground shows around them.
            assert ground_of(paint) in {f"#{r:02x}{g:02x}{b:02x}" for r, g, b in near}
            grounds = {ground_of(other) for other in KNOWN if other != paint}
            assert not grounds & {f"#{r:02x}{g:02x}{b:02x}" for r, g, b in near}


def _style(path: ET.Element) -> dict[str, str]:
    pairs = (item.split(":") for item in path.attrib["style"].split(";") if ":" in item)
    return {key.strip(): value.strip() for key, value in pairs}


def _outline(d: str) -> shapely.Geometry:
    rings = []
    for part in d.split("M")[1:]:
        points = np.array(re.findall(r"(-?[\d.]+) (-?[\d.]+)", part), dtype=float)
        if len(points) > 3:
            rings.append(shapely.Polygon(points))
    shape = shapely.Polygon()
    for ring in rings:  # even-odd
        shape = shape.symmetric_difference(shapely.make_valid(ring))
    return shape


def test_the_border_is_drawn_at_least_as_heavy_as_the_line(svg: ET.Element) -> None:
    def widest(name: str) -> float:
        return max(
            float(_style(path)["stroke-width"])
            for path in group(svg, name).iter(f"{SVG}path")
            if _style(path)["stroke"] != "#fffefb"  # what keeps the dashes clear of the ground
        )

    assert widest("border") >= widest("line-of-contact") > widest("unit-boundaries")
    dashed = [_style(path) for path in group(svg, "line-of-contact").iter(f"{SVG}path")]
    assert any("stroke-dasharray" in style for style in dashed)
    assert not any("stroke-dasharray" in _style(p) for p in group(svg, "border").iter(f"{SVG}path"))


def test_the_lines_are_those_of_the_arrangement() -> None:
    arrangement = laid("point21")
    window = drawn().window
    assert window is not None
    found = lines_between(simplified(arrangement, window), arrangement)
    line = shapely.union_all(arrangement.line.geometry.to_numpy())
    assert shapely.hausdorff_distance(found["line"], line) < 0.03
    assert found["line"].length == pytest.approx(line.length, rel=0.05)
    outline = shapely.union_all(arrangement.units.geometry.to_numpy()).boundary
    assert shapely.hausdorff_distance(found["border"], outline) < 0.03
    inner = shapely.union_all(arrangement.units.geometry.boundary.to_numpy()).difference(outline)
    assert found["units"].length == pytest.approx(inner.length, rel=0.05)
    assert found["units"].intersection(found["border"]).length == 0


def test_the_border_has_crimea_within() -> None:
    sheet = drawn()
    assert sheet.window is not None
    x, y = sheet.window.spot(36.61, 45.35)  # east of Kerch
    (border,) = sheet._layers["border"].children
    vertices = border.get_path().vertices
    assert np.hypot(*(vertices - (x, y)).T).min() < 2


def test_lines_have_the_colours_of_the_web_map() -> None:
    folder = resources.files("lineplan.webmap")
    css = "".join(
        f.read_text("utf-8") for f in folder.iterdir() if f.name.endswith((".css", ".js"))
    )
    for colour, _ in STROKES.values():
        assert colour in css


def test_the_scale_is_true_and_the_bar_as_long_as_it_says() -> None:
    for focus in (None, "UA-14", "20,44,42,53"):
        sheet = drawn("a4", "en", focus=focus)
        window = sheet.window
        assert window is not None
        lon, lat = window.centre
        for azimuth in range(0, 360, 45):
            there = GEOD.fwd(lon, lat, azimuth, 50_000)[:2]
            (x0, y0), (x1, y1) = window.spot(lon, lat), window.spot(*there)
            km = np.hypot(x1 - x0, y1 - y0) * window.metres_per_mm / 1000
            assert km == pytest.approx(50, rel=5e-4)
        (said,) = (words for layer, words, _ in sheet.boxes() if layer == "scale-bar")
        bars = sheet._layers["scale-bar"].children
        lines = [v for a in bars if len(v := getattr(a, "get_path", _no_path)().vertices) == 4]
        length = np.ptp(lines[0][:, 0]) * window.metres_per_mm / 1000
        assert length == pytest.approx(float(said.split()[0].replace(",", "")), rel=1e-3)
        footer = " ".join(words for layer, words, _ in sheet.boxes() if layer == "footer")
        said_scale = re.search(r"scale 1:([\d,]+)", footer)
        assert said_scale is not None
        scale = float(said_scale[1].replace(",", ""))
        assert scale == pytest.approx(window.metres_per_mm * 1000, rel=5e-3)


def _no_path() -> Outline:
    return Outline(np.empty((0, 2)))


def test_shares_of_the_page_are_shares_of_the_ground() -> None:
    """The projection is equal-area: what is drawn has the area that is said."""
    sheet = drawn()
    window = sheet.window
    assert window is not None
    for row in laid("point21").zones.itertuples():
        if row.status == "demilitarized_buffer":
            (shape,) = window.place([row.geometry])
            km2 = shape.area * window.metres_per_mm**2 / 1e6
            assert km2 == pytest.approx(row.area_km2, rel=1e-5)


def test_a_figure_stands_only_where_its_ground_is_seen() -> None:
    words = [
        w for layer, w, _ in drawn("a4", "en", focus="UA-14").boxes() if layer == "labels-zones"
    ]
    assert "about 5,900 km²" in words
    assert "about 53,300 km²" not in words
    assert "about 74,100 km²" not in words


def _ground(sheet: Sheet) -> dict[str, shapely.Geometry]:
    """Ground of each status on the page, from the arrangement, in mm."""
    assert sheet.window is not None
    zones = laid("point21").zones
    return {
        str(status): shapely.union_all(sheet.window.seen(shapes.to_numpy()))
        for status, shapes in zones.groupby("status").geometry
    }


def _leaders(sheet: Sheet) -> list[shapely.LineString]:
    paths = [
        getattr(artist, "get_path", _no_path)() for artist in sheet._layers["leaders"].children
    ]
    return [shapely.LineString(path.vertices) for path in paths if len(path.vertices) == 2]


@pytest.mark.parametrize("lang", ["en", "uk", "zh-Hant"])
@pytest.mark.parametrize("size", ["a4", "a4-portrait", "16:9", "column"])
def test_a_status_stands_on_its_own_ground_or_outside_with_a_stroke(size: str, lang: str) -> None:
    sheet = drawn(size, lang)
    ground = _ground(sheet)
    spoken_of = [shape for status, shape in ground.items() if status != "unaffected"]
    facts = Facts(laid("point21"), catalogue(lang))
    ends = [shapely.Point(stroke.coords[0]) for stroke in _leaders(sheet)]
    boxes = [(w, shapely.box(*box)) for layer, w, box in sheet.boxes() if layer == "labels-zones"]
    assert len(boxes) >= 3
    for status in facts.statuses():
        own = shapely.buffer(ground[status["status"]], 0.15)  # drawn shapes are simplified
        for words, box in boxes:
            if words != status.get("headline"):
                continue
            if not own.contains(box):
                assert shapely.union_all(spoken_of).disjoint(box), words
                assert any(own.contains(end) for end in ends), words
    # All lines of labels, whosever they are: on one status, or on none.
    for words, box in boxes:
        on = [name for name, shape in ground.items() if shape.intersection(box).area > 0.3]
        assert len(on) <= 1, (words, on)
    assert sheet.window is not None
    width = sheet.window.frame[2] - sheet.window.frame[0]
    assert all(stroke.length <= max(0.3 * width, 38) + 0.1 for stroke in _leaders(sheet))


@pytest.mark.parametrize(
    ("plan", "size", "focus"),
    [
        ("disengagement2016", "a4", None),
        ("disengagement2016", "column", None),
        ("point21", "a4", "UA-14"),
    ],
)
def test_from_near_there_are_locator_status_and_the_largest_city(
    plan: str, size: str, focus: str | None
) -> None:
    sheet = drawn(size, plan=plan, focus=focus)
    assert sheet._layers["inset"].children
    said: dict[str, list[str]] = {layer: [] for layer, _, _ in sheet.boxes()}
    for layer, words, _ in sheet.boxes():
        said[layer].append(words)
    assert " ".join(said["labels-zones"]).count("Proposed demilitarised buffer") == 1
    if focus:
        assert "Kramatorsk" in said["labels-cities"]


CHIEF = ("Donetsk", "Luhansk", "Mariupol", "Zaporizhzhia", "Simferopol", "Sevastopol")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("size", ["a4", "a4-portrait", "16:9", "column"])
def test_every_status_and_the_large_cities_are_named(size: str, lang: str) -> None:
    """In every size and language: what the plan says of ground, its figure, the line's day."""
    boxes = drawn(size, lang).boxes()
    facts = Facts(laid("point21"), catalogue(lang))
    assert len(_named_on(facts, drawn(size, lang))) == 4
    assert any(layer == "labels-line" for layer, *_ in boxes)
    context = laid("point21").dataset.context().set_index("name", drop=False)
    labels = {words for layer, words, _ in boxes if layer == "labels-cities"}
    assert labels >= {context.loc[name, facts.words.name_column] for name in CHIEF}


def _named_on(facts: Facts, sheet: Sheet) -> list[str]:
    """Statuses that the plan names, each of which stands on the map with its figure."""
    said = _squeezed("".join(w for layer, w, _ in sheet.boxes() if layer == "labels-zones"))
    named = [status for status in facts.statuses() if status["named"]]
    for status in named:
        assert _squeezed(status["label"]) in said
        assert _squeezed(status["headline"]) in said
    return [status["status"] for status in named]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("size", ["a4", "a4-portrait", "16:9", "column"])
def test_every_status_of_a_plan_with_more_of_them(size: str, lang: str) -> None:
    """Five, of which one has 135 km²."""
    facts = Facts(laid("plan20"), catalogue(lang))
    assert len(_named_on(facts, drawn(size, lang, "plan20"))) >= 5


def test_places_chosen_together_leave_each_other_room() -> None:
    """The first would like the only place of the second best, and takes its next."""
    frame, only, next_best = (0, 0, 40, 10), (2, 2, 12, 6), (20, 2, 30, 6)
    placement = Placement(frame)
    wishes = [(100.0, [Place(only, 0), Place(next_best, 5)]), (90.0, [Place(only, 0)])]
    found = [place and place.box for place in placement.together(wishes)]
    assert found == [next_best, only]
    assert not placement.is_free(shapely.box(*only))
    # Where there is room for one, it is for what is worth more.
    least = [(50.0, [Place(only, 0)]), (90.0, [Place(only, 9)])]
    assert [place is not None for place in Placement(frame).together(least)] == [False, True]


def test_a_stroke_crosses_no_words() -> None:
    stroke = Place((30, 4, 38, 8), 0, "left", ((3, 6), (29, 6)))
    across, aside = Place((10, 4, 20, 8)), Place((10, 12, 20, 16), 50)
    placement = Placement((0, 0, 40, 20))
    found = placement.together([(1000.0, [stroke]), (500.0, [across, aside])])
    assert found == [stroke, aside]


@pytest.mark.parametrize("size", ["a4", "a4-portrait", "16:9", "column"])
def test_words_keep_clear_of_the_line_and_the_border(size: str) -> None:
    """A millimetre from the dashes; only names of cities may cross the border, at the coast."""
    sheet = drawn(size)
    scale = page_size(size).text_scale
    paths = {
        layer: shapely.union_all(
            [
                line
                for artist in sheet._layers[layer].children
                for line in _strokes(artist.get_path())
            ]
        )
        for layer in ("line-of-contact", "border")
    }
    for layer, words, box in sheet.boxes():
        if layer.startswith("labels-"):
            shape = shapely.box(*box)
            assert shape.distance(paths["line-of-contact"]) >= 1.0 * scale, words
            if layer != "labels-cities":
                assert shape.distance(paths["border"]) >= 1.0 * scale, words


def _strokes(path: Outline) -> list[shapely.LineString]:
    starts = [*np.flatnonzero(path.codes == Outline.MOVETO), len(path.vertices)]
    parts = [path.vertices[a:b] for a, b in itertools.pairwise(starts)]
    return [shapely.LineString(part) for part in parts if len(part) > 1]


@pytest.mark.parametrize(
    ("lang", "name"),
    [("en", "CRIMEA"), ("uk", "РЕСПУБЛІКАКРИМ"), ("zh-Hant", "克里米亞自治共和國")],
)
@pytest.mark.parametrize("size", ["a4", "a4-portrait", "16:9", "column"])
def test_crimea_is_named(size: str, lang: str, name: str) -> None:
    labels = [words for layer, words, _ in drawn(size, lang).boxes() if layer == "labels-units"]
    assert name in _squeezed("".join(labels))


# --- files -------------------------------------------------------------------------------------


def test_same_arrangement_same_bytes(tmp_path: Path) -> None:
    """Also in another process, with another seed for the order of sets."""
    code = (
        "import lineplan as lp, sys\n"
        "a = lp.arrange('point21')\n"
        "for ending in ('svg', 'pdf', 'png'):\n"
        "    a.figure(f'{sys.argv[1]}.{ending}', lang='uk', size='column', dpi=100)"
    )
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code, tmp_path / seed],
            check=True,
            env={"PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": "1763640000", "PATH": ""},
        )
    for ending in ("svg", "pdf", "png"):
        one, other = ((tmp_path / f"{seed}.{ending}").read_bytes() for seed in ("1", "2"))
        assert one == other
        assert len(one) > 50_000


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    spoiled = hostile(laid("point21"))
    path = write_figure(spoiled, tmp_path / "a.svg", title=HOSTILE + " $\\alpha$ \x00\x1b]0;x\x07")
    root = ET.parse(path).getroot()  # well-formed
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not tags & {"script", "img", "image", "foreignObject", "a", "iframe"}
    assert not any(name.startswith("on") for e in root.iter() for name in e.attrib)
    title = _squeezed("".join(texts(group(root, "title"))))
    assert "</script><script>window.hostile=1</script>" in title
    assert "$\\alpha$" in title
    assert "\N{REPLACEMENT CHARACTER}" in title
    for ending in (".pdf", ".png"):
        write_figure(spoiled, tmp_path / f"a{ending}", title=HOSTILE)
    _check_boxes(composed(spoiled))


def test_dollars_are_dollars(tmp_path: Path) -> None:
    root = svg_of(laid("point21"), tmp_path, title="$\\alpha_1$ and $x$", note="5 $ for $y^2$")
    said = texts(root)
    assert "$\\alpha_1$ and $x$" in said
    assert "5 $ for $y^2$" in said


def test_settings_of_the_user_change_nothing_and_are_kept(tmp_path: Path) -> None:
    import matplotlib as mpl

    plain = write_figure(laid("point21"), tmp_path / "a.svg").read_bytes()
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path", "lines.linewidth": 9}):
        before = dict(mpl.rcParams)
        assert write_figure(laid("point21"), tmp_path / "b.svg").read_bytes() == plain
        assert dict(mpl.rcParams) == before


def test_a_script_that_no_font_has_is_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caches = (sheets._families, sheets._font, sheets._line_height, measure, wrap, sheets.balanced)
    monkeypatch.setattr(sheets, "_FAMILIES", (("DejaVu Sans",),))
    for kept in caches:
        kept.cache_clear()
    try:
        with pytest.warns(LineplanWarning) as raised:
            write_figure(laid("point21"), tmp_path / "a.png", lang="zh-Hant", dpi=40)
    finally:
        for kept in caches:
            kept.cache_clear()
    (said,) = (str(w.message) for w in raised)
    assert "no installed font has" in said
    assert "fonts-noto-cjk" in said


def test_lines_break_between_words_and_between_ideographs() -> None:
    with drawing_style():
        assert wrap("one two three", 12, 9) == ("one two", "three")
        lines = wrap("本圖僅顯示文本所載安排，對任何領土之法律地位均不表立場。", 20, 8)
        assert "".join(lines) == "本圖僅顯示文本所載安排，對任何領土之法律地位均不表立場。"
        assert len(lines) > 2
        assert not any(line[0] in "，。" for line in lines)
        assert all(measure(line, 8)[0] <= 20 for line in lines)
        long = wrap("https://example.org/a/very/long/address/without/any/space", 20, 8)
        assert all(measure(line, 8)[0] <= 20 for line in long)


# --- command -----------------------------------------------------------------------------------


def test_the_command_draws(line: Any, tmp_path: Path) -> None:
    said = line(
        "figure", "point21", "-o", "a.svg", "--size", "column", "--lang", "uk",
        "--focus", "UA-14", "--title", "Т", "--byline", "Б",
    )  # fmt: skip
    assert said.status == 0
    assert said.out == ""
    assert re.search(r"^wrote a\.svg \([\d,]+ kB\)$", said.err, re.MULTILINE)
    said_in = texts(ET.parse(tmp_path / "a.svg").getroot())
    assert "Т" in said_in
    assert "Б" in said_in
    assert line("figure").status == 0
    assert (tmp_path / "point21.svg").is_file()


CATALOGUE = """msgid ""
msgstr "Language: fr\\n"

msgid "standing.proposal"
msgstr "Proposition, pas en vigueur"
"""


def test_a_further_language_is_that_of_its_catalogue(line: Any, tmp_path: Path) -> None:
    (tmp_path / "fr.po").write_text(CATALOGUE)
    for lang in ([], ["--lang", "fr"]):
        assert line("figure", "-o", "a.svg", "--catalogue", "fr.po", *lang).status == 0
        said = texts(ET.parse(tmp_path / "a.svg").getroot())
        assert "Proposition, pas en vigueur" in said
        assert "20 novembre 2025" in _spaced("".join(said))
        assert "Kharkiv" in said  # the data have no French names; the English ones stand
    assert line("figure", "-o", "a.svg", "--catalogue", "fr.po", "--lang", "en").status == 0
    assert "Proposal, not in force" in texts(ET.parse(tmp_path / "a.svg").getroot())
    assert line("report", "-o", "a.html", "--catalogue", "fr.po").status == 0
    page = (tmp_path / "a.html").read_text("utf-8")
    assert '<html lang="fr">' in page
    assert "Proposition, pas en vigueur" in page


def _spaced(words: str) -> str:
    return words.replace("\N{NO-BREAK SPACE}", " ")


def test_a_city_without_a_name_in_the_language_has_no_label() -> None:
    arrangement, shown = laid("point21"), "38.5,48.4,38.9,48.6"  # Brianka has none in Chinese
    names = {
        lang: {w for layer, w, _ in drawn("a4", lang, focus=shown).boxes() if layer == CITIES}
        for lang in LANGUAGES
    }
    assert "Brianka" in names["en"]
    known = pd.concat([arrangement.dataset.places(), arrangement.dataset.context()])
    for lang in LANGUAGES[1:]:
        own = known[catalogue(lang).name_column].dropna()
        assert names[lang]
        assert names[lang] <= set(own)


CITIES = "labels-cities"


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (["-o", "a.gif"], 2, "ends in .png, .svg or .pdf"),
        (["-o", "no/a.svg"], 1, "there is no folder no"),
        (["-o", "a.svg", "--size", "a3?"], 2, "choose from a4, a4-portrait, 16:9, column"),
        (["-o", "a.svg", "--size", "100x90mm"], 2, "has no room for the map"),
        (["-o", "a.png", "--dpi", "9999"], 2, "choose from 36 to 1200"),
        (["-o", "a.svg", "--lang", "fr"], 2, "unknown language 'fr'; choose from en, uk, ru"),
        (["-o", "a.svg", "--catalogue", "no.po"], 2, "catalogue no.po: cannot be read"),
        (["-o", "a.svg", "--focus", "Atlantis"], 2, "is no unit, status or W,S,E,N"),
        (["-o", "a.svg", "--focus", "2,48,3,49"], 2, "holds no ground of the units"),
    ],
)
def test_what_cannot_be_drawn_is_one_line_and_the_old_file_stays(
    options: list[str], status: int, words: str, line: Any, tmp_path: Path
) -> None:
    (tmp_path / "a.svg").write_text("old")
    said = line("figure", *options)
    assert said.status == status
    faults = [text for text in said.err.splitlines() if not text.startswith("note:")]
    assert len(faults) == 1
    assert words in faults[0]
    assert (tmp_path / "a.svg").read_text() == "old"


def test_without_matplotlib_one_line_says_what_to_install(
    line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "pip install 'lineplan[chart]'" in one_line_of(line("figure", "-o", "a.svg"))
    with pytest.raises(LineplanError, match="needs matplotlib"):
        laid("point21").figure("b.svg")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_source_of_control_from_outside_has_its_licence_in_the_footer(lang: str) -> None:
    arrangement = laid("point21")
    said = {
        **arrangement.conditions,
        "line_source_sha256": "0" * 64,  # of no file of the dataset
        "line_source_attribution": "Desk X",
        "line_source_licence": "CC-BY-4.0",
    }
    facts = Facts(replace(arrangement, conditions=said), catalogue(lang))
    (line,) = (line for line in attributions(facts) if "Desk X" in line)
    assert "CC-BY-4.0" in line
