"""What an atlas opens on, prints and saves: each plan's ground, the page's words."""

import re
from xml.etree import ElementTree

import folium
import pytest

import lineplan as lp
from browser.conftest import settled
from browser.test_atlas_page import click, saved, state
from browser.test_map import errors_of, point_in, show, text_of
from lineplan.labels import LANGUAGES, catalogue
from lineplan.webmap import build_map

pytestmark = pytest.mark.browser

FAR_APART = ["point21", "as_held", "disengagement2016", "plan20"]


def squeezed(text):
    """A text without spaces: a picture breaks lines where it likes."""
    return "".join(text.split())


def texts_of(driver, selector):
    script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
    return driver.execute_script(script, selector)


def picture_of(driver):
    """The saved picture: its root, and everything it says."""
    root = ElementTree.fromstring(saved(driver, "svg")[1])
    lines = root.iter("{http://www.w3.org/2000/svg}text")
    return root, squeezed("".join("".join(line.itertext()) for line in lines))


@pytest.fixture(scope="session")
def far_apart(tmp_path_factory):
    """Texts of much and of little ground, on one day."""
    path = tmp_path_factory.mktemp("far_apart") / "map.html"
    lp.atlas(FAR_APART).save(path)
    return path


# --- the saved picture ---------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("plan", ["point21", "as_held", "disengagement2016"])
def test_a_saved_picture_says_what_the_page_says(open_file, far_apart, plan, lang):
    driver = open_file(far_apart, address=f"#plan={plan}&lang={lang}")
    settled(driver)
    legend = texts_of(driver, "#figures :is(h3, .figure, .range, .holders span)")
    small = texts_of(driver, "#about :is(p, li)")
    _, said = picture_of(driver)
    assert len(legend) >= 4
    assert len(small) > 8
    assert [text for text in legend + small if squeezed(text) not in said] == []
    if plan == "as_held":
        unchanged = driver.execute_script(
            "return lineplan.app.words.plan(lineplan.app.plan).status"
        )
        assert [text for text in unchanged.values() if squeezed(text) in said] == []


def test_a_saved_picture_joins_in_the_marks_of_its_language(open_file, far_apart):
    driver = open_file(far_apart, address="#lang=zh-Hant")
    settled(driver)
    legend = squeezed("".join(texts_of(driver, "#figures :is(h3, .figure, .holders span)")))
    _, said = picture_of(driver)
    assert re.search("[\u4e00-\u9fff]", legend)
    assert not re.search("[\u4e00-\u9fff)）][,:;]", said)


def test_a_saved_picture_has_the_locator_where_the_page_has_it(open_file, far_apart):
    for plan, is_there in (("disengagement2016", True), ("as_held", False)):
        driver = open_file(far_apart, address=f"#plan={plan}")
        settled(driver)
        root, _ = picture_of(driver)
        assert bool(root.findall(".//*[@id='locator']")) is is_there, plan


def test_terms_that_forbid_passing_on_go_with_the_picture(open_file, real_data, tmp_path):
    control = sorted((real_data / "deepstate_daily").glob("*20251120*"))[0]
    lp.atlas(["point21"], control=control, has_permission=True).save(tmp_path / "map.html")
    driver = open_file(tmp_path / "map.html")
    settled(driver)
    _, said = picture_of(driver)
    stated = catalogue("en").text("footer.permission")
    assert stated in text_of(driver, "#about")
    assert squeezed(stated) in said
    assert "GeoNames" in said


@pytest.mark.filterwarnings("ignore:layers were added")
def test_layers_that_are_not_in_the_picture_are_told_there_and_on_the_page(open_map, point21):
    lost = catalogue("en").text("page.added_unsaved")
    driver = open_map()
    assert lost not in text_of(driver, "#about")
    assert squeezed(lost) not in picture_of(driver)[1]
    plan_map = build_map(point21)
    folium.Marker((48.7, 37.5)).add_to(plan_map)
    driver = open_map(plan_map)
    assert lost in text_of(driver, "#about")
    assert squeezed(lost) in picture_of(driver)[1]


# --- figures -------------------------------------------------------------------------------------


def test_a_length_is_rounded_once(open_map, point21):
    length = point21.conditions["line_length_km"]
    assert round(length) != int(round(length, 1) + 0.5)  # one that tells
    assert f"{length:,.0f} km" in text_of(open_map(), "#about")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_share_that_is_not_zero_is_not_shown_as_zero(page, lang):
    driver, words = page(f"#lang={lang}"), catalogue(lang)
    shown = driver.execute_script(
        "return [0, 1e-7, 0.0004, 0.0006].map((s) => lineplan.app.words.percent(s))"
    )
    least = words.percent(0.001)
    assert shown == [words.percent(0), f"<{least}", f"<{least}", least]


# --- views ---------------------------------------------------------------------------------------

IN_SIGHT = """
    const { app, map } = lineplan, frame = map.getContainer().getBoundingClientRect();
    const named = app.plan.zones.some((zone) => zone.clause), all = L.latLngBounds([]);
    app.sides[0].layers.forEach((layer, i) => {
      const counts = !named || app.plan.zones[i].clause;
      if (counts && app.m2(app.plan)[i]) all.extend(layer.getBounds());
    });
    const pixels = L.bounds(map.latLngToContainerPoint(all.getNorthWest()),
      map.latLngToContainerPoint(all.getSouthEast())), size = pixels.getSize();
    return [pixels.min.x >= -2 && pixels.max.x <= frame.width + 2 && pixels.min.y >= -2 &&
      pixels.max.y <= frame.height + 2, Math.max(size.x / frame.width, size.y / frame.height)];
"""
WHERE = "const m = lineplan.map, c = m.getCenter(); return [c.lat, c.lng, m.getZoom()]"


@pytest.mark.parametrize("plan", FAR_APART)
@pytest.mark.parametrize("opened", [True, False], ids=["opened", "switched"])
def test_every_plan_is_shown_whole_and_large_enough(open_file, far_apart, plan, opened):
    driver = open_file(far_apart, address=f"#plan={plan}" if opened else "")
    settled(driver)
    if not opened:
        number = FAR_APART.index(plan)
        driver.execute_script("lineplan.app.go({plan: arguments[0]})", number)
        settled(driver)
    whole, share = driver.execute_script(IN_SIGHT)
    assert whole
    assert share > 0.25
    click(driver, ".lp-home")
    whole, share = driver.execute_script(IN_SIGHT)
    assert whole
    assert share > 0.4


def test_a_switch_keeps_the_view_as_long_as_the_ground_is_in_it(open_file, far_apart):
    driver = open_file(far_apart, address="#plan=as_held&at=48.2,37.6,8")
    settled(driver)
    before = driver.execute_script(WHERE)
    for plan in (3, 0, 1):  # all have ground there
        driver.execute_script("lineplan.app.go({plan: arguments[0]})", plan)
        settled(driver)
        assert driver.execute_script(WHERE) == pytest.approx(before), FAR_APART[plan]
    driver.execute_script("lineplan.app.view([50.2, 25.0, 8]); lineplan.app.go({plan: 2})")
    settled(driver)
    assert driver.execute_script(IN_SIGHT)[0]


def test_a_view_asked_for_is_that_of_every_plan(open_file, tmp_path):
    lp.atlas(FAR_APART, focus="UA-14").save(tmp_path / "map.html")
    driver = open_file(tmp_path / "map.html", address="#plan=point21")
    settled(driver)
    corners = "return [lineplan.map.getBounds().getWest(), lineplan.map.getBounds().getEast()]"
    for plan in FAR_APART:
        driver.execute_script(
            "const { app } = lineplan;"
            "app.go({plan: app.data.plans.findIndex((p) => p.id === arguments[0])})",
            plan,
        )
        settled(driver)
        west, east = driver.execute_script(corners)
        assert west < 36.6 < 39.0 < east, plan  # Donetsk region
        assert east - west < 8, plan


# --- paper and phones ----------------------------------------------------------------------------

MM = 96 / 25.4


@pytest.mark.parametrize("paper", [(297, 210), (279.4, 215.9)], ids=["a4", "letter"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_on_paper_that_lies_the_legend_stands_whole_beside_the_map(
    driver, open_file, far_apart, paper, lang
):
    wide, high = ((side - 24) * MM for side in paper)
    open_file(far_apart, int(wide), int(high), f"#plan=point21&lang={lang}")
    settled(driver)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
        picture, figures, key = driver.execute_script("""
            return ["picture", "figures", "key"].map((id) => {
              const b = document.getElementById(id).getBoundingClientRect();
              return [b.left, b.right, b.top, b.bottom];
            });
        """)
        driver.execute_script("window.dispatchEvent(new Event('afterprint'))")
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert figures[0] > picture[1]  # beside
    assert figures[1] > wide - 25  # the sheet is used to its edge, but for a scroll bar
    assert max(figures[3], key[3]) <= high  # and what stands there is on the one page


def test_a_tap_opens_the_sheet_and_no_tooltip(driver, open_map, point21):
    open_map(width=390, height=844)
    zone = point21.zones.loc[point21.zones["status"] == "demilitarized_buffer", "zone_id"].iloc[0]
    x, y = show(driver, point_in(point21, zone), zoom=7)
    driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": True})
    try:
        for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchEnd", [])):
            event = {"type": kind, "touchPoints": points}
            driver.execute_cdp_cmd("Input.dispatchTouchEvent", event)
        driver.execute_async_script("setTimeout(arguments[0], 500)")
    finally:
        driver.execute_cdp_cmd("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert "Donetsk" in text_of(driver, "#details")
    assert texts_of(driver, ".leaflet-tooltip") == []


@pytest.mark.parametrize("address", ["", "#with=plan20"])
def test_a_phone_on_its_side_shows_mostly_map(page, address):
    driver = page(address, width=844, height=390)
    seen = driver.execute_script("""
        const map = document.getElementById("map_lineplan").getBoundingClientRect();
        const time = document.getElementById("time").getBoundingClientRect();
        return Math.min(map.bottom, time.top) - map.top;
    """)
    assert seen > 390 / 2


# --- what is said --------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_two_texts_state_the_line_once(page, lang):
    driver = page(f"#lang={lang}")
    alone = text_of(driver, "#source")
    line = driver.execute_script("return lineplan.app.words.source(lineplan.app.day)")
    driver.execute_script("lineplan.app.go({other: 1})")
    both = text_of(driver, "#source")
    assert alone.count(line) == both.count(line) == 1
    assert both.endswith(alone[alone.index(line) :])
    driver.execute_script("lineplan.app.go({plan: 1, other: -1})")
    other = text_of(driver, "#source")
    for text in (alone, other):  # nothing else is lost
        assert text[: text.index(line) - 25].strip() in both


def test_a_text_the_map_does_not_have_is_told(page):
    driver = page("#plan=pointless<img src=x>&with=plan20")
    assert state(driver)[:2] == ["point21", "plan20"]
    assert "no text pointless<img src=x>; 28-point draft" in text_of(driver, "#notice")
    driver.execute_script("lineplan.app.go({plan: 1})")
    assert "pointless" not in text_of(driver, "#notice")
    driver.execute_script("location.hash = 'with=nothing'")
    settled(driver)
    settled(driver)
    assert "no text nothing" in text_of(driver, "#notice")
    assert errors_of(driver) == []
