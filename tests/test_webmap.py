"""The page itself: complete, self-contained, small, repeatable, and safe against its data."""

import base64
import dataclasses
import datetime as dt
import hashlib
import io
import json
import re
from pathlib import Path

import folium
import pytest
import shapely
from hostile import HOSTILE, hostile
from unpacking import unpack, unpack_areas, unpacked

import lineplan as lp
from lineplan.facts import clause_name
from lineplan.labels import LANGUAGES, catalogue
from lineplan.style import PAINTS
from lineplan.webmap import PlanMap, build_map
from lineplan.webmap.coverage import STEP_DEG
from lineplan.webmap.packing import coverage_of
from lineplan.webmap.page import asset, fill
from lineplan.webmap.polylines import encode
from lineplan.webmap.texts import DATE_MARK


@pytest.fixture(scope="module")
def arrangement(point21):
    return point21


@pytest.fixture(scope="module")
def page(arrangement):
    return build_map(arrangement).html()


def data_of(page):
    """What the page says, as data."""
    return json.loads(unpacked(page)[0])


def arcs_of(page):
    return unpack(unpacked(page)[1])


def zones_of(page, plan=0):
    """Zones of a plan in the last state: what is said of each, its area and its shape."""
    data, arcs = data_of(page), arcs_of(page)
    state = data["days"]["states"][-1]
    areas, shapes = unpack_areas(unpacked(page)[2])[state], coverage_of(arcs, state)
    said = data["plans"][plan]
    zones = []
    for number, zone in enumerate(said["zones"]):
        faces = [f for f, m2 in areas.items() if m2 and said["ofFace"][f - 1] == number]
        if not faces:
            continue
        texts = said["texts"][0]["answers"][zone["answer"]]
        zones.append(
            {
                **zone,
                **texts,
                **said["answers"][zone["answer"]],
                "m2": sum(areas[face] for face in faces),
                "shape": shapely.coverage_union_all([shapes[face] for face in faces]),
            }
        )
    return zones


def lines_of(page, test):
    """Arcs whose faces (left, right; None outside) pass a test."""
    faces = data_of(page)["faces"]
    kept = [
        arc.points * STEP_DEG
        for arc in arcs_of(page)
        if test(*(faces[f - 1] if f else None for f in arc.lives[0][:2]))
    ]
    return shapely.MultiLineString(kept)


def test_page_asks_nothing_of_the_network(page):
    assert not re.search(r"<(script|img|iframe|link)\b[^>]*\b(src|href)=", page)
    assert not re.search(r"url\((?!data:|#|\"#)", page)
    assert "@import" not in page
    for text in (page, *(part.decode() for part in unpacked(page)[3:])):
        assert "sourceMappingURL" not in text
        for name in ("jquery", "bootstrap", "awesome-markers", "cdn."):
            assert name not in text.lower()


def test_the_policy_allows_the_pages_own_scripts_and_nothing_else(page):
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    allowed = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert allowed["default-src"] == allowed["base-uri"] == allowed["form-action"] == "'none'"
    assert allowed["img-src"] == "data:"
    assert "unsafe" not in policy
    assert "http" not in policy
    scripts = [*re.findall(r"<script>(.*?)</script>", page, re.DOTALL)]
    scripts += [part.decode() for part in unpacked(page)[3:]]
    assert allowed["script-src"].split() == [hash_of(text) for text in scripts]
    styles = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    assert allowed["style-src"].split() == [hash_of(text) for text in styles]
    # A style or handler in the markup would need a policy that lets anyone's run.
    assert not re.search(r"<[^>]*\s(style|on\w+)=", page)


def hash_of(text):
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_pages_script_never_makes_markup_or_code_of_text(page):
    own = unpacked(page)[4].decode()
    for name in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "new Function",
    ):
        assert name not in own


def test_page_is_small(arrangement):
    assert len(build_map(arrangement).html().encode()) <= 300_000
    assert len(build_map(arrangement, languages=["en"]).html().encode()) <= 240_000


def test_same_arrangement_same_bytes(arrangement):
    def with_layers():
        plan_map = build_map(arrangement)
        group = folium.FeatureGroup("mine").add_to(plan_map)
        folium.Marker((48.7, 37.5), popup="here", tooltip="there").add_to(group)
        folium.LayerControl().add_to(plan_map)
        with pytest.warns(lp.LineplanWarning, match="layers were added"):
            return plan_map.html()

    assert build_map(arrangement).html() == build_map(arrangement).html()
    assert with_layers() == with_layers()


@pytest.mark.filterwarnings("ignore:layers were added")
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
    zones = zones_of(page)
    assert [zone["id"] for zone in zones] == list(arrangement.zones["zone_id"])
    assert {zone["status"] for zone in zones} == set(arrangement.zones["status"])
    for zone in zones:
        assert zone["shape"].area > 0, zone["id"]
        assert f'id="lp-{zone["paint"]}"' in page
    for status in set(arrangement.zones["status"]):
        assert status in PAINTS


def test_the_two_sides_of_a_frozen_unit_differ_in_paint(page):
    frozen = [zone for zone in zones_of(page) if zone["status"] == "frozen_at_line"]
    assert {(zone["held_by"], zone["paint"]) for zone in frozen} == {
        ("ru", "frozen_at_line-fill"),
        ("ua", "frozen_at_line-tint"),
    }


def test_areas_in_the_page_are_those_of_the_arrangement(arrangement, page):
    said = {zone["id"]: zone["m2"] for zone in zones_of(page)}
    for row in arrangement.zones.itertuples():
        assert said[row.zone_id] == pytest.approx(row.area_km2 * 1e6, abs=2)
    plan = data_of(page)["plans"][0]
    low, high = plan["ranges"]["0"]["status"]["demilitarized_buffer"]
    assert (round(low), round(high)) == (5652, 6262)


def test_displayed_shapes_stay_close_to_the_computed_ones(arrangement, page):
    shapes = arrangement.zones.set_index("zone_id").geometry
    zones = zones_of(page)
    assert shapely.coverage_is_valid([zone["shape"] for zone in zones])
    for zone in zones:
        drawn, shape = zone["shape"], shapes[zone["id"]]
        assert drawn.is_valid
        assert shapely.hausdorff_distance(drawn, shape) < 0.005
        assert drawn.symmetric_difference(shape).area < 0.002 * shape.length
    # The footer says by how much at most.
    footer = " ".join(str(line) for line in data_of(page)["plans"][0]["footer"][0])
    stated = float(re.search(r"by up to ([\d.]+)%", footer)[1])
    large = [zone for zone in zones if zone["m2"] > 1e8]
    worst = max(abs(lp.geodesy.area_m2([zone["shape"]])[0] / zone["m2"] - 1) for zone in large)
    assert 100 * worst <= stated + 0.05


def test_drawn_line_of_contact_is_the_arrangements(arrangement, page):
    drawn = lines_of(page, lambda a, b: a and b and a[1] != b[1])
    line = shapely.union_all(arrangement.line.geometry.to_numpy())
    assert shapely.hausdorff_distance(drawn, line) < 0.005
    assert drawn.length == pytest.approx(line.length, rel=0.05)


def test_the_border_is_the_units_outer_boundary_with_crimea(arrangement, page):
    drawn = lines_of(page, lambda a, b: (a is None) != (b is None))
    outline = shapely.union_all(arrangement.units.geometry.to_numpy()).boundary
    assert shapely.hausdorff_distance(drawn, outline) < 0.01
    assert drawn.distance(shapely.Point(36.6, 45.4)) < 0.2  # Kerch


def test_inside_the_picture(page):
    picture = page[page.index('<section class="picture"') : page.index('<aside class="panel"')]
    for text in ("Proposal, not in force", "28-point draft, Point 21", "20 November 2025"):
        assert text in picture


@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_scripts_the_table_says_of_which_text_and_day_it_is(ukraine, lang):
    atlas = lp.atlas(["plan20", "as_held"], dataset=ukraine, lang=lang).html()
    said = re.search(r'<p class="noscript">(.*?)</p>', atlas)[1]
    words = catalogue(lang)
    assert words.name(lp.load_plan("plan20", dataset=ukraine).title) in said
    assert words.date(dt.date(2025, 11, 20)).rstrip(".") in said


def test_footer_says_the_conditions(page):
    data = data_of(page)
    said = [line for line in data["plans"][0]["footer"][0] if isinstance(line, str)]
    footer = " ".join([*said, *data["attributions"][0]])
    for text in (
        "68/262",
        "ES-11/4",
        "takes no position",
        "about 1 km",
        "Displayed shapes are simplified",
        "тимчасово окупована територія",
        "Readings chosen: none",
        "GeoNames",
        "Natural Earth",
    ):
        assert text in footer
    assert "United Nations" not in footer
    assert data["days"]["moved"] == [pytest.approx(32, abs=0.5)]


def test_a_line_without_a_date_says_so(arrangement):
    control = dataclasses.replace(arrangement.control, as_of=None)
    ground = dataclasses.replace(arrangement.ground, control=control)
    page = build_map(dataclasses.replace(arrangement, ground=ground)).html()
    assert "a date not stated" in page
    assert data_of(page)["days"]["ages"] == [None]


def clause_of(page, clause, language=0):
    return data_of(page)["plans"][0]["texts"][language]["clauses"][clause]


def test_the_quotation_and_our_translation_are_both_there(page):
    clause = clause_of(page, "21.4")
    assert clause["quotes"][0]["text"].startswith("烏克蘭自目前控制的頓內茨克州撤軍")
    assert clause["quotes"][1]["by"] == "our translation"
    assert clause["readings"]


def test_published_words_in_the_language_of_the_page_need_no_translation(page):
    clause = clause_of(page, "21.4", LANGUAGES.index("zh-Hant"))
    assert [quote["lang"] for quote in clause["quotes"]] == ["zh-Hant"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_clause_is_called_by_its_number_and_never_by_its_key(ukraine, lang):
    words = catalogue(lang)
    names = {}
    for file in Path("data/ukraine/plans").glob("*.toml"):
        if file.stem == "register":
            continue
        plan = lp.load_plan(file.stem, dataset=ukraine)
        for clause in plan.clause:
            name, heading = clause_name(clause, words)
            names[plan.id, clause.id] = name
            assert heading
            for word in re.findall(r"[a-z_]{3,}", clause.id):
                assert not re.search(rf"\b{word}\b", name + heading)
    assert names["plan20", "14.3-ua"] == "14.3"
    assert names["istanbul2022", "3.crimea"] == "3"
    assert names["june2025_ru", "II.1-distance"] == "II.1"
    assert names["plan20", "not_named"] == ""
    assert names["as_held", "held"] == words.text("quote.our_wording")
    assert names["april2025_ua_eu", "plant"] == words.text("clause.unnumbered")


def test_what_the_text_leaves_open_is_said(page):
    zones = {zone["id"]: zone for zone in zones_of(page)}
    provisions = dict(zones["UA-14/ua/21.4"]["provisions"])
    assert provisions["Would be administered by"] == "the text does not say"
    assert provisions["Would be held by"] == "no party"
    assert "may not enter" in provisions["Forces"]
    assert "withdrawal not stated" in zones["UA-09/ua/21.1"]["label"]
    assert zones["UA-09/ua/21.1"]["held"].startswith("Not mapped as held by")
    assert DATE_MARK in zones["UA-09/ua/21.1"]["held"]


def test_hostile_text_stays_text(arrangement):
    page = build_map(
        hostile(arrangement), title=HOSTILE, subtitle=HOSTILE, note=HOSTILE, byline=HOSTILE
    ).html()
    assert len(re.findall(r"<script\b", page)) == 2
    assert "<img" not in page
    assert data_of(page)["units"][0]["name"][0] == HOSTILE
    assert data_of(page)["heads"]["byline"] == HOSTILE
    assert "49" not in re.search(r"<h1[^>]*>(.*?)</h1>", page)[1]


def test_hostile_terms_stay_text(arrangement, tmp_path):
    terms = tmp_path / "terms.toml"
    terms.write_text(f'"standing.proposal" = {json.dumps("</p><script>x</script>{{ 1 }}")}')
    page = build_map(arrangement, terms=terms).html()
    assert "<script>x" not in page
    assert "&lt;script&gt;x" in page
    footer = data_of(page)["plans"][0]["footer"][0]
    assert "House style replaced these labels: standing.proposal." in footer


@pytest.mark.filterwarnings("ignore:layers were added")
def test_hostile_text_does_not_break_added_layers(arrangement):
    plan_map = build_map(hostile(arrangement), title=HOSTILE)
    folium.Marker((48.7, 37.5)).add_to(plan_map)
    assert "L.marker(" in plan_map.html()


def test_markers_in_data_are_not_filled():
    assert fill("<b><!--lp:a--></b>", {"a": "<!--lp:a-->"}) == "<b><!--lp:a--></b>"


def test_folium_layers_can_be_added(arrangement):
    plan_map = build_map(arrangement)
    assert isinstance(plan_map, PlanMap)
    assert isinstance(plan_map, folium.Map)
    folium.Marker((48.7, 37.5), popup="Here", icon=folium.Icon(color="green")).add_to(plan_map)
    group = folium.FeatureGroup(name="mine").add_to(plan_map)
    shape = {"type": "Point", "coordinates": [37, 48]}
    folium.GeoJson({"type": "Feature", "properties": {}, "geometry": shape}).add_to(group)
    folium.LayerControl().add_to(plan_map)
    with pytest.warns(lp.LineplanWarning, match="layers were added"):
        page = plan_map.html()
    for text in ("L.marker(", "L.geoJson(", "L.control.layers(", "L.AwesomeMarkers"):
        assert text in page
    assert "data:image/png" in page
    assert not re.search(r"<(script|img|link)\b[^>]*\b(src|href)=", page)
    assert '" data-added>' in page


def test_a_layer_that_names_a_server_relaxes_the_policy_for_it(arrangement):
    plan_map = build_map(arrangement)
    plan_map.get_root().header.add_child(
        folium.Element('<script src="https://tiles.example/x.js"></script>')
    )
    folium.Marker((48.7, 37.5)).add_to(plan_map)
    with pytest.warns(lp.LineplanWarning):
        page = plan_map.html()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    scripts = re.search(r"script-src ([^;]*)", policy)[1]
    assert scripts.endswith("https://tiles.example")
    assert "unsafe-inline" not in scripts


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


def test_no_city_is_labelled_in_another_language(ukraine, point21):
    plan20 = lp.arrange("plan20", control=point21.ground.control, dataset=ukraine)
    data = data_of(build_map(plan20).html())
    languages = [language["id"] for language in data["languages"]]
    texts = [label["text"] for label in data["labels"] if label["kind"] == "city"]
    script = {
        "en": r"[A-Za-z]",
        "uk": r"[\u0400-\u04ff]",
        "ru": r"[\u0400-\u04ff]",
        "zh-Hant": r"[\u4e00-\u9fff]",
    }
    for text in texts:
        for lang, name in zip(languages, text, strict=True):
            assert not name or re.match(script[lang], name), name
    left_out = {lang: sum(not text[n] for text in texts) for n, lang in enumerate(languages)}
    assert left_out["en"] == 0
    assert 0 < left_out["uk"] == left_out["ru"] < left_out["zh-Hant"] < len(texts) / 3


def test_default_view_is_the_ground_the_plan_speaks_of(arrangement, page):
    named = arrangement.zones[arrangement.zones["clause_id"] != ""].total_bounds
    (south, west), (north, east) = data_of(page)["view"]
    assert (west, south, east, north) == pytest.approx(named, abs=1e-3)


@pytest.mark.parametrize(
    "focus", ["Atlantis", "1,2,3,x", (1, 2, 3), (38, 49, 37, 48), "2,48,3,49", (2, 48, 3, 49)]
)
def test_unknown_focus_is_one_clear_line(arrangement, focus):
    with pytest.raises(lp.UsageError) as caught:
        build_map(arrangement, focus=focus)
    assert "\n" not in str(caught.value)


def test_other_points_of_the_text_are_there(page):
    points = data_of(page)["points"]
    assert [point["number"] for point in points] == [19, 23]
    assert points[0]["places"]
    assert points[1]["lines"]


@pytest.mark.parametrize("layers", [["rivers"], ["none"], []])
def test_context_that_is_not_chosen_is_not_in_the_file(arrangement, layers):
    data = data_of(build_map(arrangement, layers=layers).html())
    assert bool(data["rivers"]) == (layers == ["rivers"])
    assert data["points"] == data["neighbours"] == []
    assert {label["kind"] for label in data["labels"]} == {"unit"}


@pytest.mark.parametrize(
    ("option", "value"),
    [("layers", ["seas"]), ("lang", "xx"), ("languages", ["xx"]), ("tiles", "Nobody.Map")],
)
def test_what_is_not_known_is_one_clear_line(arrangement, option, value):
    with pytest.raises(lp.UsageError) as caught:
        build_map(arrangement, **{option: value})
    assert "\n" not in str(caught.value)


def test_only_the_languages_chosen_are_in_the_file(arrangement):
    data = data_of(build_map(arrangement, lang="uk", languages=["en"]).html())
    assert [language["id"] for language in data["languages"]] == ["en", "uk"]
    assert data["lang"] == "uk"
    assert len(data["plans"][0]["texts"]) == 2


def test_a_catalogue_file_adds_a_language(arrangement, tmp_path):
    file = tmp_path / "fr.po"
    file.write_text(
        'msgid ""\nmsgstr "Language: fr\\nContent-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "page.play"\nmsgstr "Lecture"\n'
    )
    data = data_of(build_map(arrangement, lang="fr", catalogues=[file]).html())
    french = next(language for language in data["languages"] if language["id"] == "fr")
    assert french["name"] == "Français"
    assert french["texts"]["page.play"] == "Lecture"
    assert french["months"][7] == "{d} août {y}"
    assert french["decimal"] == ","


@pytest.mark.parametrize(
    "text",
    [
        "no catalogue",
        'msgid ""\nmsgstr "Language: klingon\\n"\n',
        'msgid ""\nmsgstr "Language: fr\\n"\n\nmsgid "page.day_of"\nmsgstr "{nobody}"\n',
    ],
)
def test_a_catalogue_file_that_cannot_be_used_is_one_clear_line(arrangement, tmp_path, text):
    file = tmp_path / "bad.po"
    file.write_text(text)
    with pytest.raises(lp.UsageError, match=r"^catalogue bad\.po: ") as caught:
        build_map(arrangement, catalogues=[file])
    assert "\n" not in str(caught.value)


def test_tiles_are_asked_for_by_name_and_their_host_is_the_only_one_allowed(arrangement):
    page = build_map(arrangement, tiles="OpenStreetMap.Mapnik").html()
    assert "img-src data: https://tile.openstreetmap.org" in page
    tiles = data_of(page)["tiles"]
    assert tiles["url"] == "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
    assert "OpenStreetMap" in tiles["attribution"]
    assert "<" not in tiles["attribution"]


def test_city_names_are_in_every_language(page):
    labels = data_of(page)["labels"]
    texts = {label["text"][LANGUAGES.index("uk")] for label in labels if label["kind"] == "city"}
    assert {"Київ", "Одеса", "Краматорськ"} <= texts


def test_encoding_is_steps_from_the_first_point():
    points = [(10, 20), (11, 18), (11, 19), (-400_000, 900_000)]
    assert [(round(x / STEP_DEG), round(y / STEP_DEG)) for x, y in decode(encode(points))] == points
    assert encode([(1, -1), (17, 0)]) == "A@_@A"
    assert not set("<>&'\"") & set(encode(points))


def test_contested_ground_has_its_own_paint(arrangement):
    """Contested ground of no clause is crossed; of a clause, crossed on that clause's colour."""
    page = build_map(contested(arrangement)).html()
    zones = {zone["id"]: zone for zone in zones_of(page)}
    other = zones["UA-63/contested/-"]
    assert other["paint"] == "contested-fill"
    assert other["held"].startswith("Control contested or not established")
    assert zones["UA-23/contested/21.2"]["paint"] == "frozen_at_line-open"
    assert 'id="lp-frozen_at_line-open"' in page


def contested(arrangement):
    """The same plan on ground where every claim is contested."""
    claims = arrangement.control.claims.assign(held_by="contested")
    control = dataclasses.replace(arrangement.control, claims=claims)
    return lp.arrange("point21", control=control)


def test_a_reading_says_whether_this_map_uses_it(arrangement):
    chosen = lp.arrange(arrangement.plan.choose(readings={"21.3": "to_ukraine"}))
    for used, said in ((arrangement, "not used for this map"), (chosen, "chosen for this map")):
        page = build_map(used).html()
        texts = [reading["text"] for reading in clause_of(page, "21.3")["readings"]]
        assert said in texts[1]
        assert "map)" not in texts[0]
    footer = " ".join(str(line) for line in data_of(page)["plans"][0]["footer"][0])
    assert "Readings chosen: 21.3: The text does not say who would hold these areas" in footer
    assert "Who would hold the areas that Russia gives up: Ukraine" in footer


@pytest.mark.parametrize("lang", ["uk", "ru", "zh-Hant"])
def test_no_english_sentence_is_left_under_the_map(page, lang):
    number, data = LANGUAGES.index(lang), data_of(page)
    plan = data["plans"][0]
    texts = [
        *plan["footer"][number],
        *data["attributions"][number],
        plan["texts"][number]["source"],
    ]
    text = " . ".join(line for line in texts if isinstance(line, str))
    words = r"[A-Za-z]{3,}"
    found = re.findall(rf"{words}(?: {words}){{2,}}", text)
    assert set(found) <= {"Central News Agency"}


def test_a_dataset_without_base_map_places_and_register(toy):
    case = Path(__file__).parent / "data" / "cases" / "three_holders"
    arrangement = lp.arrange(case / "plan.toml", dataset=toy, control=case / "control.geojson")
    page = build_map(arrangement, lang="uk").html()
    assert len(zones_of(page)) == len(arrangement.zones)
    data = data_of(page)
    assert data["land"] == data["points"] == []
    # A name missing in one language shows in English.
    assert "Boran forces" in str(data["holders"][LANGUAGES.index("uk")])


def test_data_files_of_the_page_are_found_in_the_package():
    from lineplan.webmap.page import SCRIPTS

    for name in ("page.html", "map.css", *(f"script/{name}.js" for name in (*SCRIPTS, "boot"))):
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


def test_every_property_of_the_style_sheet_has_a_value_in_both_schemes():
    sheet = asset("map.css")
    light, dark = re.findall(r":root(?::not\(.in-light\))? \{([^}]*)\}", sheet)
    names = [set(re.findall(r"(--[\w-]+):", block)) for block in (light, dark)]
    assert names[0] == names[1]
    assert "var(" not in light + dark  # a property that refers to itself has no value
