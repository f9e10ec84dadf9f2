"""The map as a reader meets it: in a browser, from a file, without a network."""

import json
import re

import folium
import pytest
import shapely
from hostile import HOSTILE, hostile

from lineplan.labels import LANGUAGES
from lineplan.webmap import build_map

pytestmark = pytest.mark.browser


def requests_of(driver):
    """Every request since the page was opened, but for the page itself."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]
    return [url for url in urls if not url.startswith(("data:", "file://"))] + [
        url for url in urls if url.startswith("file://") and not url.endswith("/map.html")
    ]


def errors_of(driver):
    return [entry["message"] for entry in driver.get_log("browser")]


def point_in(arrangement, zone_id):
    """A point well inside a zone, as (lat, lon)."""
    shape = arrangement.zones.set_index("zone_id").geometry[zone_id]
    largest = max(shapely.get_parts(shape), key=lambda part: part.area)
    centre = shapely.get_point(shapely.maximum_inscribed_circle(largest), 0)
    return centre.y, centre.x


def show(driver, at, zoom=8):
    """Move the map to a place and return where it is in the window."""
    script = """
        lineplan.map.setView(arguments[0], arguments[1], {animate: false});
        const frame = lineplan.map.getContainer().getBoundingClientRect();
        const point = lineplan.map.latLngToContainerPoint(arguments[0]);
        return [Math.round(frame.left + point.x), Math.round(frame.top + point.y)];
    """
    return driver.execute_script(script, list(at), zoom)


def click_at(driver, x, y):
    for kind in ("mousePressed", "mouseReleased"):
        event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
        driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)


def press(driver, key):
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(driver).send_keys(key).perform()


def text_of(driver, selector):
    return driver.execute_script("return document.querySelector(arguments[0]).innerText", selector)


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_opens_without_a_request_or_an_error(open_map, lang, size):
    driver = open_map(lang=lang, width=size[0], height=size[1])
    assert driver.execute_script("return document.querySelectorAll('path.lp-zone').length") > 30
    assert requests_of(driver) == []
    assert errors_of(driver) == []


def test_every_zone_is_visible_where_it_must_be(open_map, point21):
    driver = open_map()
    for zone_id, status in point21.zones[["zone_id", "status"]].itertuples(index=False):
        x, y = show(driver, point_in(point21, zone_id), zoom=10)
        found = driver.execute_script(
            "const e = document.elementFromPoint(arguments[0], arguments[1]);"
            "return [e.dataset.zone, e.dataset.status, getComputedStyle(e).fillOpacity,"
            "  document.querySelector(e.getAttribute('fill').slice(4, -1)) !== null]",
            x,
            y,
        )
        assert found == [zone_id, status, "1", True]


def test_zones_are_painted_in_their_colours(open_map, point21):
    """Pixels, not only elements: a pattern that is not found paints nothing."""
    driver = open_map()
    seen = {}
    for zone_id in ("UA-43/ru/21.1", "UA-23/ru/21.2", "UA-63/ru/21.3", "UA-14/ua/21.4"):
        x, y = show(driver, point_in(point21, zone_id), zoom=9)
        driver.execute_script("document.querySelector('.leaflet-lp-labels-pane')?.remove()")
        seen[zone_id] = average_colour(driver, x, y)
    for one in seen:
        for other in seen:
            if one < other:
                apart = sum(abs(a - b) for a, b in zip(seen[one], seen[other], strict=True))
                assert apart > 60, (one, other, seen)
    red, green, blue = seen["UA-14/ua/21.4"]
    assert red > green > blue + 40


def average_colour(driver, x, y):
    clip = {"x": x - 7, "y": y - 7, "width": 14, "height": 14, "scale": 1}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "clip": clip})
    script = """
        const done = arguments[arguments.length - 1], image = new Image();
        image.onload = () => {
          const canvas = document.createElement("canvas");
          canvas.width = image.width; canvas.height = image.height;
          const pen = canvas.getContext("2d");
          pen.drawImage(image, 0, 0);
          const all = pen.getImageData(0, 0, image.width, image.height).data, sum = [0, 0, 0];
          for (let i = 0; i < all.length; i += 4)
            for (let c = 0; c < 3; c++) sum[c] += all[i + c] / (all.length / 4);
          done(sum);
        };
        image.src = "data:image/png;base64," + arguments[0];
    """
    return driver.execute_async_script(script, shot["data"])


def test_a_click_on_the_buffer_shows_its_clause(open_map, point21):
    driver = open_map()
    click_at(driver, *show(driver, point_in(point21, "UA-14/ua/21.4")))
    said = text_of(driver, "#details")
    for text in (
        "Donetsk",
        "Proposed neutral demilitarised buffer, to be recognised as Russian",
        "Not mapped as held by Russian forces on 20 November 2025",
        "Clause 21.4",
        "烏克蘭自目前控制的頓內茨克州撤軍",
        "our translation",
        "5,865 km²",
        "5,652–6,262 km²",
        "the text does not say",
        "may not enter",
    ):
        assert text in said
    quotation = "return document.querySelector('#details blockquote p').lang"
    assert driver.execute_script(quotation) == "zh-Hant"


def test_hover_tells_unit_status_holder_and_area(open_map, point21):
    driver = open_map()
    x, y = show(driver, point_in(point21, "UA-14/ua/21.4"))
    for dx in (0, 3):
        event = {"type": "mouseMoved", "x": x + dx, "y": y}
        driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)
    said = text_of(driver, ".lp-tip")
    for text in ("Donetsk", "buffer", "not mapped as held by Russian forces", "5,865 km²"):
        assert text in said


def test_zones_by_keyboard_alone(open_map):
    from selenium.webdriver.common.keys import Keys

    driver = open_map()
    wanted = "path[data-zone='UA-14/ua/21.4']"
    for _ in range(60):
        press(driver, Keys.TAB)
        if driver.execute_script("return document.activeElement.matches(arguments[0])", wanted):
            break
    else:
        pytest.fail("the buffer cannot be reached with the Tab key")
    press(driver, Keys.ENTER)
    assert "Clause 21.4" in text_of(driver, "#details")
    assert driver.execute_script("return document.activeElement.id") == "details"
    press(driver, Keys.ESCAPE)
    assert driver.execute_script("return document.getElementById('details').hidden")
    assert driver.execute_script("return document.activeElement.matches(arguments[0])", wanted)


def test_a_row_of_the_table_zooms_and_opens_its_zone(open_map):
    from selenium.webdriver.common.keys import Keys

    driver = open_map()
    before = driver.execute_script("return lineplan.map.getZoom()")
    row = "[...document.querySelectorAll('button[data-row]')].find((b) => b.innerText == 'Sumy')"
    driver.execute_script(f"{row}.focus()")
    press(driver, Keys.ENTER)
    assert text_of(driver, "#details-title") == "Sumy"
    assert "21.3" in text_of(driver, "#details")
    assert driver.execute_script("return lineplan.map.getZoom()") > before


def test_every_zone_has_a_row(open_map, point21):
    driver = open_map()
    rows = driver.execute_script(
        "return [...document.querySelectorAll('button[data-row]')].map((b) => +b.dataset.row)"
    )
    assert sorted(rows) == list(range(len(point21.zones)))  # the embedded day has every zone


def test_the_recognised_border_cannot_be_switched_off_and_is_the_heaviest_line(open_map):
    driver = open_map()
    driver.execute_script(
        "document.querySelectorAll('input[data-layer]').forEach((i) => i.checked && i.click())"
    )
    contact = "return document.querySelector('.map path.lp-contact')"
    assert driver.execute_script(contact) is None
    box = "const b = document.querySelector('.map path.lp-border').getBoundingClientRect();"
    assert driver.execute_script(box + "return b.width * b.height") > 10_000
    width = (
        "return parseFloat(document.querySelector('.map path.lp-{}').getAttribute('stroke-width'))"
    )
    border = driver.execute_script(width.format("border"))
    driver.execute_script("document.querySelector('input[data-layer=line]').click()")
    assert border >= driver.execute_script(width.format("contact"))
    dashes = "return document.querySelector('.map .lp-contact').getAttribute('stroke-dasharray')"
    assert driver.execute_script(dashes)


def test_other_points_of_the_text_are_off_and_can_be_switched_on(open_map):
    driver = open_map()
    count = "return document.querySelectorAll('.leaflet-lp-points-pane path').length"
    assert driver.execute_script(count) == 0
    driver.execute_script(
        "document.querySelectorAll('input[data-layer^=point]').forEach((i) => i.click())"
    )
    assert driver.execute_script(count) > 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_is_left_untranslated_or_unfilled(open_map, lang):
    driver = open_map(lang=lang)
    driver.execute_script("lineplan.app.select(lineplan.app.plan, 0)")
    said = driver.execute_script("return document.body.innerText")
    keys = r"\b(status|short|field|page|map|footer|holder|holder_short|value|figure)\.[a-z_]+"
    assert not re.search(keys, said)
    assert not re.search(r"\{\w+\}|undefined|NaN|\[object", said)
    assert driver.execute_script("return document.documentElement.lang") == lang


LABELS_THAT_COVER = """
        const things = document.querySelectorAll(".lp-label.shown .lp-text, .leaflet-control");
        const boxes = [...things].map((e) => e.getBoundingClientRect());
        return boxes.filter((a, i) => boxes.some((b, j) => i < j &&
          a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length;
"""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_labels_do_not_cover_one_another_at_any_zoom(open_map, lang):
    driver = open_map(lang=lang)
    for zoom in (5, 5.75, 6.5, 7.25, 8, 9, 10.5):
        driver.execute_script(
            "lineplan.map.setView([48.3, 37.4], arguments[0], {animate: false})", zoom
        )
        assert driver.execute_script(LABELS_THAT_COVER) == 0, zoom


def test_the_first_view_is_labelled(open_map):
    driver = open_map()
    assert driver.execute_script(LABELS_THAT_COVER) == 0
    labels = "return [...document.querySelectorAll('.lp-label.shown')].map((e) => e.innerText)"
    shown = driver.execute_script(labels)
    assert len(shown) > 15
    assert any("20 November 2025" in " ".join(text.split()) for text in shown)


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_fits_its_window(open_map, lang, size):
    driver = open_map(lang=lang, width=size[0], height=size[1])
    wide = "return document.documentElement.scrollWidth - window.innerWidth"
    assert driver.execute_script(wide) <= 0
    picture = "const b = document.querySelector('.picture').getBoundingClientRect();"
    width, bottom = driver.execute_script(picture + "return [b.width, b.bottom]")
    assert bottom <= size[1]
    assert width >= 0.65 * size[0]


VIEW_IN_SIGHT = """
    const map = lineplan.map, frame = map.getContainer().getBoundingClientRect();
    const all = L.latLngBounds([]), pixels = L.bounds([]);
    const side = lineplan.app.sides[0];
    side.plan.zones.forEach((z, i) => z.clause && all.extend(side.layers[i].getBounds()));
    pixels.extend(map.latLngToContainerPoint(all.getNorthWest()));
    pixels.extend(map.latLngToContainerPoint(all.getSouthEast()));
    const size = pixels.getSize();
    return [pixels.min.x >= -2 && pixels.max.x <= frame.width + 2 && pixels.min.y >= -2 &&
      pixels.max.y <= frame.height + 2, Math.max(size.x / frame.width, size.y / frame.height)];
"""


@pytest.mark.parametrize("size", [(600, 400), (844, 390), (768, 1024), (1600, 1000), (1920, 500)])
def test_the_first_view_shows_the_plan_whole_in_every_frame(open_map, size):
    driver = open_map(width=size[0], height=size[1])
    whole, share = driver.execute_script(VIEW_IN_SIGHT)
    assert whole
    assert share > 0.4
    bottom = "return document.getElementById('sourceline').getBoundingClientRect().bottom"
    assert driver.execute_script(bottom) <= size[1] + 1


def test_print_shows_the_plan_whole(open_map):
    driver = open_map()
    driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    whole, share = driver.execute_script(VIEW_IN_SIGHT)
    width = driver.execute_script("return lineplan.map.getSize().x")
    driver.execute_script("window.dispatchEvent(new Event('afterprint'))")
    assert whole
    assert share > 0.5
    assert 650 < width < 720  # the paper's, not the window's
    assert driver.execute_script("return lineplan.map.getSize().x") > 800


def test_only_ground_a_clause_speaks_of_is_a_stop_of_the_tab_key(open_map):
    driver = open_map()
    stops = driver.execute_script(
        "return [...document.querySelectorAll('path.lp-zone')].map((e) => [e.tabIndex, "
        "e.getAttribute('role'), !!e.getAttribute('aria-label')])"
    )
    assert {tuple(stop) for stop in stops} == {(0, "button", True), (-1, None, False)}


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_names_of_the_line_and_of_regions_stand_clear_of_the_line(open_map, lang, size):
    driver = open_map(lang=lang, width=size[0], height=size[1])
    shown = driver.execute_script("""
        const path = document.querySelector(".map .lp-contact"), matrix = path.getScreenCTM();
        const points = [], length = path.getTotalLength();
        for (let d = 0; d < length; d += 2) {
          points.push(path.getPointAtLength(d).matrixTransform(matrix));
        }
        return [...document.querySelectorAll(".lp-line.shown, .lp-unit.shown")].map((label) => {
          const b = label.querySelector(".lp-text").getBoundingClientRect();
          return [label.innerText, label.classList.contains("lp-line"), points.some((p) =>
            p.x > b.left && p.x < b.right && p.y > b.top && p.y < b.bottom)];
        });
    """)
    assert [name for name, _, crossed in shown if crossed] == []
    assert [is_line for _, is_line, _ in shown].count(True) == 1
    assert len(shown) > 1


def test_the_picture_keeps_title_source_and_notice(open_map):
    driver = open_map()
    said = text_of(driver, ".leaflet-container")
    for text in ("Proposal, not in force", "Point 21", "Text:", "Line of contact:", "km"):
        assert text in said


@pytest.mark.parametrize("with_policy", [True, False])
def test_hostile_text_never_runs(open_file, point21, tmp_path, with_policy):
    """In every place a text can come from; the policy is not what keeps it from running."""
    texts = dict.fromkeys(("title", "subtitle", "note", "byline"), HOSTILE)
    page = build_map(hostile(point21), **texts).html()
    if not with_policy:
        page, count = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
        assert count == 1
    (tmp_path / "map.html").write_text(page, encoding="utf-8")
    driver = open_file(tmp_path / "map.html")
    driver.execute_script("""
        const { app } = lineplan;
        for (const language of app.data.languages) {
          app.go({ lang: language.id });
          app.plan.zones.forEach((zone, i) => app.select(app.plan, i));
        }
        app.go({ lang: "en" });
    """)
    click_at(driver, *show(driver, point_in(point21, "UA-14/ua/21.4")))
    assert driver.execute_script("return window.hostile") is None
    assert driver.execute_script("return document.images.length") == 0
    assert "{{ 7*7 }}" in text_of(driver, "#details")
    assert errors_of(driver) == []
    assert requests_of(driver) == []


@pytest.mark.filterwarnings("ignore:layers were added")
def test_folium_layers_draw_without_a_request(open_map, point21):
    plan_map = build_map(point21)
    folium.Marker((48.7, 37.5), popup="Here").add_to(plan_map)
    folium.Marker((48.2, 37.5), icon=folium.Icon(color="green")).add_to(plan_map)
    group = folium.FeatureGroup(name="mine").add_to(plan_map)
    square = shapely.box(36, 47, 36.5, 47.5).__geo_interface__
    feature = {"type": "Feature", "properties": {"a": "b"}, "geometry": square}
    features = {"type": "FeatureCollection", "features": [feature]}
    folium.GeoJson(features, tooltip=folium.GeoJsonTooltip(["a"])).add_to(group)
    folium.LayerControl(collapsed=False).add_to(plan_map)
    driver = open_map(plan_map)
    assert errors_of(driver) == []
    assert requests_of(driver) == []
    icon = "return document.querySelector('.leaflet-marker-icon:not(.lp-anchor)').naturalWidth"
    assert driver.execute_script(icon) > 0
    assert driver.execute_script("return document.querySelectorAll('.lp-pin').length") == 1
    assert "mine" in text_of(driver, ".leaflet-control-layers")
    driver.execute_script("document.querySelector('.leaflet-marker-icon:not(.lp-anchor)').click()")
    assert text_of(driver, ".leaflet-popup-content").strip() == "Here"
    assert "Layers were added to this map by its maker" in text_of(driver, "#about")


def test_in_a_frame(open_file, point21, tmp_path):
    path = tmp_path / "map.html"
    path.write_text(f"<!doctype html><body>{build_map(point21)._repr_html_()}", "utf-8")
    driver = open_file(path)
    driver.switch_to.frame(0)
    try:
        assert driver.execute_script("return document.querySelectorAll('path.lp-zone').length") > 30
        assert driver.execute_script("return lineplan.map.getSize().y") > 300
    finally:
        driver.switch_to.default_content()
    assert errors_of(driver) == []
    assert requests_of(driver) == []
