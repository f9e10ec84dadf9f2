"""The page itself: complete, self-contained, small, repeatable, and safe against its data."""

import dataclasses
import io
import json
import re
from pathlib import Path

import folium
import pytest
import shapely
from hostile import HOSTILE, hostile

import lineplan as lp
from lineplan.labels import LANGUAGES
from lineplan.webmap import PlanMap, build_map
from lineplan.webmap.geometry import STEP_DEG, chains, encode, topology
from lineplan.webmap.page import fill, in_script
from lineplan.webmap.style import PAINTS


@pytest.fixture(scope="module")
def arrangement(point21):
    return point21


@pytest.fixture(scope="module")
def page(arrangement):
    return build_map(arrangement).html()


def data_of(page):
    block = re.search(r'<script type="application/json" id="lineplan-data">(.*?)</script>', page)
    return json.loads(block[1])


def test_page_asks_nothing_of_the_network(page):
    assert not re.search(r"<(script|img|iframe|link)\b[^>]*\b(src|href)=", page)
    assert "sourceMappingURL" not in page
    assert not re.search(r"url\((?!data:|#|\"#)", page)
    assert "@import" not in page
    for name in ("jquery", "bootstrap", "awesome-markers", "cdn."):
        assert name not in page.lower()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_page_is_small(arrangement, lang):
    size = len(build_map(arrangement, lang=lang).html().encode())
    assert size <= 360_000


def test_same_arrangement_same_bytes(arrangement):
    def with_layers():
        plan_map = build_map(arrangement)
        group = folium.FeatureGroup("mine").add_to(plan_map)
        folium.Marker((48.7, 37.5), popup="here", tooltip="there").add_to(group)
        folium.LayerControl().add_to(plan_map)
        return plan_map.html()

    assert build_map(arrangement).html() == build_map(arrangement).html()
    assert with_layers() == with_layers()


def test_rendering_twice_gives_the_same(arrangement, tmp_path):
    plan_map = build_map(arrangement)
    folium.Marker((48.7, 37.5)).add_to(plan_map)
    first = plan_map.html()
    assert plan_map.html() == first
    plan_map.save(tmp_path / "a.html")
    plan_map.save(str(tmp_path / "b.html"))
    buffer = io.BytesIO()
    plan_map.save(buffer, close_file=False)
    written = {(tmp_path / "a.html").read_bytes(), (tmp_path / "b.html").read_bytes()}
    assert written == {buffer.getvalue()} == {first.encode()}


def test_every_zone_and_status_is_drawn_and_said(arrangement, page):
    data = data_of(page)
    assert [zone["id"] for zone in data["zones"]] == list(arrangement.zones["zone_id"])
    assert {zone["status"] for zone in data["zones"]} == set(arrangement.zones["status"])
    for zone in data["zones"]:
        assert zone["polygons"], zone["id"]
        assert f'id="lp-{zone["paint"]}"' in page
    for status in set(arrangement.zones["status"]):
        assert status in PAINTS


def test_the_two_sides_of_a_frozen_unit_differ_in_paint(page):
    frozen = [zone for zone in data_of(page)["zones"] if zone["status"] == "frozen_at_line"]
    assert {(zone["held_by"], zone["paint"]) for zone in frozen} == {
        ("ru", "frozen_at_line-fill"),
        ("ua", "frozen_at_line-tint"),
    }


def test_areas_in_the_page_are_those_of_the_arrangement(arrangement, page):
    said = {zone["id"]: zone["area_km2"] for zone in data_of(page)["zones"]}
    for row in arrangement.zones.itertuples():
        assert said[row.zone_id] == pytest.approx(row.area_km2, abs=1e-3)
    assert "about 5,900 km²" in page
    assert "5,652–6,262 km²" in page


def test_displayed_shapes_stay_close_to_the_computed_ones(arrangement, page):
    data = data_of(page)
    arcs = [decode(arc) for arc in data["arcs"]]
    for zone, shape in zip(data["zones"], arrangement.zones.geometry, strict=True):
        parts = [
            shapely.Polygon(join(rings[0], arcs), [join(ring, arcs) for ring in rings[1:]])
            for rings in zone["polygons"]
        ]
        drawn = shapely.make_valid(shapely.MultiPolygon(parts))
        assert drawn.symmetric_difference(shape).area < 0.02 * shape.area + 0.01
        assert shapely.hausdorff_distance(drawn, shape) < 0.05


def test_drawn_line_of_contact_is_the_arrangements(arrangement, page):
    data = data_of(page)
    arcs = [decode(arc) for arc in data["arcs"]]
    drawn = shapely.MultiLineString([join(line, arcs) for line in data["lines"]["line"]])
    line = shapely.union_all(arrangement.line.geometry.to_numpy())
    assert shapely.hausdorff_distance(drawn, line) < 0.05
    assert drawn.length == pytest.approx(line.length, rel=0.05)


def test_the_border_is_the_units_outer_boundary_with_crimea(arrangement, page):
    data = data_of(page)
    arcs = [decode(arc) for arc in data["arcs"]]
    drawn = shapely.MultiLineString([join(line, arcs) for line in data["lines"]["border"]])
    outline = shapely.union_all(arrangement.units.geometry.to_numpy()).boundary
    assert shapely.hausdorff_distance(drawn, outline) < 0.05
    assert drawn.distance(shapely.Point(36.6, 45.4)) < 0.2  # Kerch
    assert 'data-layer="border"' not in page


def test_inside_the_picture(page):
    picture = page[page.index('<section class="picture"') : page.index('<aside class="panel"')]
    for text in ("Proposal, not in force", "28-point draft, Point 21", "20 November 2025"):
        assert text in picture


def test_footer_says_the_conditions(page):
    footer = page[page.index('<footer class="about">') : page.index("lineplan-data")]
    for text in (
        "68/262",
        "ES-11/4",
        "takes no position",
        "about 1 km",
        "Displayed shapes are simplified",
        "32 km²",
        "тимчасово окупована територія",
        "Readings chosen: none",
        "GeoNames",
        "Natural Earth",
        "lineplan",
    ):
        assert text in footer
    assert "United Nations" not in page


def test_an_old_line_is_told_above_the_map_and_a_fresh_one_is_not(arrangement):
    def with_age(days):
        conditions = {**arrangement.conditions, "line_age_days": days}
        return build_map(dataclasses.replace(arrangement, conditions=conditions)).html()

    assert 'class="notice"' in with_age(15)
    assert 'class="notice"' not in with_age(14)


def test_a_line_without_a_date_says_so(arrangement):
    conditions = {**arrangement.conditions, "line_date": None, "line_age_days": None}
    page = build_map(dataclasses.replace(arrangement, conditions=conditions)).html()
    assert "a date not stated" in page
    assert 'class="notice"' not in page


def test_the_quotation_and_our_translation_are_both_there(page):
    clause = data_of(page)["clauses"]["21.4"]
    assert clause["quotes"][0]["text"].startswith("烏克蘭自目前控制的頓內茨克州撤軍")
    assert clause["quotes"][1]["by"] == "our translation"
    assert clause["readings"]


def test_published_words_in_the_language_of_the_page_need_no_translation(arrangement):
    clause = data_of(build_map(arrangement, lang="zh-Hant").html())["clauses"]["21.4"]
    assert [quote["lang"] for quote in clause["quotes"]] == ["zh-Hant"]


def test_what_the_text_leaves_open_is_said(page):
    zones = {zone["id"]: zone for zone in data_of(page)["zones"]}
    provisions = dict(zones["UA-14/ua/21.4"]["provisions"])
    assert provisions["Would be administered by"] == "the text does not say"
    assert provisions["Would be held by"] == "no party"
    assert "may not enter" in provisions["Forces"]
    assert "withdrawal not stated" in zones["UA-09/ua/21.1"]["label"]
    assert dict(zones["UA-09/ua/21.1"]["facts"])["Held now"].startswith("Not mapped as held by")


def test_hostile_text_stays_text(arrangement):
    page = build_map(hostile(arrangement), title=HOSTILE).html()
    scripts = re.findall(r"<script[^>]*>", page)
    assert scripts == [
        '<script type="application/json" id="lineplan-data">',
        "<script>",
        "<script>",
    ]
    assert page.count("<img") == page.count("'<img")
    assert data_of(page)["zones"][0]["unit"] == HOSTILE
    assert "49" not in re.search(r"<h1>(.*?)</h1>", page)[1]


def test_hostile_terms_stay_text(arrangement, tmp_path):
    terms = tmp_path / "terms.toml"
    terms.write_text(f'"standing.proposal" = {json.dumps("</p><script>x</script>{{ 1 }}")}')
    page = build_map(arrangement, terms=terms).html()
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
    assert "House style replaced these labels: standing.proposal" in page


def test_hostile_text_does_not_break_added_layers(arrangement):
    plan_map = build_map(hostile(arrangement), title=HOSTILE)
    folium.Marker((48.7, 37.5)).add_to(plan_map)
    assert "L.marker(" in plan_map.html()


def test_markers_in_data_are_not_filled():
    assert fill("<b><!--lp:a--></b>", {"a": "<!--lp:a-->"}) == "<b><!--lp:a--></b>"


def test_json_in_a_script_cannot_close_it():
    assert not set("<>&\u2028\u2029") & set(in_script(["</script>&\u2028\u2029"]))
    assert json.loads(in_script([HOSTILE])) == [HOSTILE]


def test_folium_layers_can_be_added(arrangement):
    plan_map = build_map(arrangement)
    assert isinstance(plan_map, PlanMap)
    assert isinstance(plan_map, folium.Map)
    folium.Marker((48.7, 37.5), popup="Here", icon=folium.Icon(color="green")).add_to(plan_map)
    group = folium.FeatureGroup(name="mine").add_to(plan_map)
    shape = {"type": "Point", "coordinates": [37, 48]}
    folium.GeoJson({"type": "Feature", "properties": {}, "geometry": shape}).add_to(group)
    folium.LayerControl().add_to(plan_map)
    page = plan_map.html()
    for text in ("L.marker(", "L.geoJson(", "L.control.layers(", "L.AwesomeMarkers"):
        assert text in page
    assert "data:image/png" in page
    assert not re.search(r"<(script|img|link)\b[^>]*\b(src|href)=", page)


def test_a_map_without_layers_carries_no_folium_script(page):
    assert "var map_lineplan" not in page


def test_in_a_notebook(arrangement):
    shown = build_map(arrangement)._repr_html_()
    assert shown.startswith("<iframe")
    assert "28-point draft" in shown


def test_in_a_figure_of_someone_elses(arrangement):
    figure = folium.Figure(width="800px", height="500px")
    plan_map = build_map(arrangement)
    figure.add_child(plan_map)
    html = figure.render()
    assert html.count("<iframe srcdoc=") == 1
    assert "lineplan-data" in html


@pytest.mark.parametrize(
    "focus",
    [
        "UA-14",
        "donetsk",
        "Донецька область",
        "demilitarized_buffer",
        (37, 48, 38, 49),
        "37,48,38,49",
    ],
)
def test_focus(arrangement, focus):
    (south, west), (north, east) = data_of(build_map(arrangement, focus=focus).html())["view"]
    assert 36 < west < east < 40
    assert 46.5 < south < north < 50


def test_default_view_is_the_ground_the_plan_speaks_of(arrangement, page):
    named = arrangement.zones[arrangement.zones["clause_id"] != ""].total_bounds
    (south, west), (north, east) = data_of(page)["view"]
    assert (west, south, east, north) == pytest.approx(named, abs=1e-3)


@pytest.mark.parametrize("focus", ["Atlantis", "1,2,3,x", (1, 2, 3), (38, 49, 37, 48)])
def test_unknown_focus_is_one_clear_line(arrangement, focus):
    with pytest.raises(lp.UsageError) as caught:
        build_map(arrangement, focus=focus)
    assert "\n" not in str(caught.value)


def test_other_points_of_the_text_can_be_switched_on(page):
    data = data_of(page)
    assert [point["number"] for point in data["points"]] == [19, 23]
    assert data["points"][0]["places"]
    assert data["points"][1]["lines"]
    assert re.search(r'data-layer="point19"(?! checked)', page)


def test_city_names_are_those_of_the_page(arrangement):
    texts = {label["text"] for label in data_of(build_map(arrangement, lang="uk").html())["labels"]}
    assert {"Київ", "Одеса", "Краматорськ"} <= texts


# A square of two zones side by side with an island in the right one:
#   +---+---+
#   | a | b |   b has a hole filled by c
#   +---+---+
def test_topology_stores_shared_edges_once():
    hole = shapely.box(1.4, 0.4, 1.6, 0.6)
    a, b = shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1) - hole
    found = topology([a, b, hole])
    arcs = [[(x * STEP_DEG, y * STEP_DEG) for x, y in arc] for arc in found.arcs]
    assert sorted(map(sorted, found.owners)) == [[0], [0, 1], [1], [1, 2]]
    for shape, polygons in zip((a, b, hole), found.polygons, strict=True):
        rings = [join(ring, arcs) for ring in polygons[0]]
        assert shapely.equals_exact(
            shapely.Polygon(rings[0], rings[1:]), shape, 1e-9, normalize=True
        )


def test_chains_join_arcs_and_stop_where_they_branch():
    found = topology([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    outer = [len(owners) == 1 for owners in found.owners]
    assert len(chains(found, outer)) == 1
    assert sum(map(len, chains(found, [True] * len(outer)))) == len(found.arcs)


def test_encoding_is_steps_from_the_first_point():
    points = [(10, 20), (11, 18), (11, 19), (-400_000, 900_000)]
    assert [(round(x / STEP_DEG), round(y / STEP_DEG)) for x, y in decode(encode(points))] == points
    assert encode([(1, -1), (17, 0)]) == "A@_@A"
    assert not set("<>&'\"") & set(encode(points))


def test_contested_ground_has_its_own_paint(arrangement):
    zones = arrangement.zones.copy()
    index = zones.index[zones["zone_id"] == "UA-63/ua/-"][0]
    zones.loc[index, ["held_by", "zone_id"]] = ["contested", "UA-63/contested/-"]
    page = build_map(dataclasses.replace(arrangement, zones=zones)).html()
    zone = next(z for z in data_of(page)["zones"] if z["id"] == "UA-63/contested/-")
    assert zone["paint"] == "contested-fill"
    assert dict(zone["facts"])["Held now"].startswith("Control contested or not established")
    figures = page[page.index('<section class="figures">') : page.index('<section class="key">')]
    assert "#lp-contested-fill" in figures


def test_contested_ground_of_a_clause_is_not_painted_as_held(arrangement):
    zones = arrangement.zones.copy()
    zones.loc[zones["zone_id"] == "UA-14/ua/21.4", "held_by"] = "contested"
    page = build_map(dataclasses.replace(arrangement, zones=zones)).html()
    zone = next(z for z in data_of(page)["zones"] if z["id"] == "UA-14/ua/21.4")
    assert zone["paint"] == "demilitarized_buffer-open"
    assert 'id="lp-demilitarized_buffer-open"' in page


def test_the_table_says_what_areas_says(arrangement, page):
    table = page[page.index("<table") : page.index("</table>")]
    rows = re.findall(r'data-row="(\d+)".*?</th><td>(.*?)</td><td class="n">(.*?)</td>', table)
    areas = arrangement.areas(by=("unit_id", "held_by", "status", "clause_id"))
    said = sorted(area for _, _, area in rows)
    assert said == sorted(f"{area:,.0f} km²" for area in areas["area_km2"])
    total = arrangement.zones["area_km2"].sum()
    assert f'<td class="n">{total:,.0f} km²</td>' in table[table.index("<tfoot>") :]


def test_what_all_assessments_agree_on_is_not_called_a_range(page):
    assert "the same in every assessment: <span" in page
    assert "range over assessments: <span" in page


def test_a_reading_says_whether_this_map_uses_it(arrangement):
    chosen = lp.arrange(arrangement.plan.choose(readings={"21.3": "to_ukraine"}))
    for used, said in ((arrangement, "not used for this map"), (chosen, "chosen for this map")):
        page = build_map(used).html()
        texts = [reading["text"] for reading in data_of(page)["clauses"]["21.3"]["readings"]]
        assert said in texts[1]
        assert "map)" not in texts[0]
    assert "Readings chosen: 21.3: The text does not say who would hold these areas" in page
    assert "Who would hold the areas that Russia gives up: Ukraine" in page


@pytest.mark.parametrize("lang", ["uk", "ru", "zh-Hant"])
def test_no_english_sentence_is_left_under_the_map(arrangement, lang):
    page = build_map(arrangement, lang=lang).html()
    footer = page[page.index('<footer class="about">') : page.index("lineplan-data")]
    footer += page[page.index('<p class="sourceline"') : page.index("<noscript>")]
    text = re.sub(r"<[^>]*>", " ", footer)
    words = r"[A-Za-z]{3,}"
    found = re.findall(rf"{words}(?: {words}){{2,}}", text)
    assert set(found) <= {"Central News Agency"}


def test_a_dataset_without_base_map_places_and_register(toy):
    case = Path(__file__).parent / "data" / "cases" / "three_holders"
    arrangement = lp.arrange(case / "plan.toml", dataset=toy, control=case / "control.geojson")
    page = build_map(arrangement, lang="uk").html()
    data = data_of(page)
    assert len(data["zones"]) == len(arrangement.zones)
    assert data["land"] == data["points"] == []
    assert "Boran forces" in page  # a name missing in one language shows in English


def test_data_files_of_the_page_are_found_in_the_package():
    from lineplan.webmap.page import asset

    for name in ("page.html", "map.css", "map.js", "folium.js"):
        assert asset(name)
    assert Path(lp.__file__).parent.joinpath("webmap", "page.html").is_file()


def decode(text):
    steps, value, shift = [], 0, 0
    for bits in (ord(character) - 63 for character in text):
        value, shift = value | (bits & 31) << shift, shift + 5
        if not bits & 32:
            steps.append(~(value >> 1) if value & 1 else value >> 1)
            value = shift = 0
    x = y = 0
    line = []
    for dx, dy in zip(steps[::2], steps[1::2], strict=True):
        x, y = x + dx, y + dy
        line.append((x * STEP_DEG, y * STEP_DEG))
    return line


def join(numbers, arcs):
    line = []
    for n in numbers:
        arc = arcs[n] if n >= 0 else arcs[~n][::-1]
        line += arc[1:] if line else arc
    return line
