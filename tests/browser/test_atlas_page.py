"""The atlas as a reader meets it: plans, days, comparison, address, files, assistive technology."""

import csv
import io
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely

import lineplan as lp
from browser.conftest import PLANS, settled
from browser.test_map import errors_of, press, requests_of, text_of
from lineplan.labels import LANGUAGES

pytestmark = pytest.mark.browser


def state(driver):
    return driver.execute_script(
        "const { app } = lineplan;"
        "return [app.plan.id, app.other && app.other.id, app.day.date, app.words.language.id]"
    )


def keys():
    from selenium.webdriver.common.keys import Keys

    return Keys


def focus_by_tab(driver, selector, limit=150):
    """Reach an element with the Tab key alone."""
    driver.execute_script("document.activeElement.blur(); window.scrollTo(0, 0)")
    for _ in range(limit):
        press(driver, keys().TAB)
        if driver.execute_script("return document.activeElement.matches(arguments[0])", selector):
            return
    pytest.fail(f"{selector} cannot be reached with the Tab key")


def click(driver, selector):
    driver.find_element("css selector", selector).click()
    settled(driver)


def table_of(driver):
    """Unit, holder and area of every row of zones."""
    return driver.execute_script("""
        return [...document.querySelectorAll("#rows tbody tr:not(.group)")].map((row) =>
          [...row.children].slice(0, 3).map((cell) => cell.innerText));
    """)


def test_opens_quietly_with_the_first_plan_and_the_last_day(page):
    driver = page()
    assert state(driver) == ["point21", None, "2025-11-22", "en"]
    assert requests_of(driver) == []
    assert errors_of(driver) == []


def test_the_table_says_what_areas_says_for_every_plan_and_day(page, days, ukraine):
    driver = page()
    archive = lp.open_archive(days, ukraine)
    for number, plan in enumerate(PLANS):
        for at, day in enumerate(archive.days):
            driver.execute_script(
                "lineplan.app.go({plan: arguments[0], day: arguments[1]})", number, at
            )
            settled(driver)
            areas = lp.arrange(plan, control=archive.control(day)).areas(
                by=("unit", "held_by", "clause")
            )
            expected = sorted(
                (row.unit_name, f"{row.area_km2:,.0f} km²") for row in areas.itertuples()
            )
            assert sorted((unit, area) for unit, _, area in table_of(driver)) == expected


def test_each_day_shows_its_own_ground(page, days, ukraine):
    """Points across the line: what is drawn there is what the day's arrangement says."""
    driver = page()
    rng = np.random.default_rng(7)
    archive = lp.open_archive(days, ukraine)
    driver.execute_script("lineplan.map.setView([48.05, 37.75], 9, {animate: false})")
    for at, day in enumerate(archive.days):
        driver.execute_script("lineplan.app.go({day: arguments[0]})", at)
        zones = lp.arrange("point21", control=archive.control(day)).zones
        tree = shapely.STRtree(zones.boundary.to_numpy())
        spots = shapely.points(rng.uniform([37.3, 47.8], [38.2, 48.3], (60, 2)))
        clear = [s for s in spots if not len(tree.query(s, "dwithin", distance=0.01))]
        assert len(clear) > 30
        for spot in clear:
            expected = zones["zone_id"][zones.contains(spot).to_numpy()].tolist()
            found = driver.execute_script(
                "const p = lineplan.map.latLngToContainerPoint(arguments[0]),"
                " f = lineplan.map.getContainer().getBoundingClientRect();"
                "return document.elementsFromPoint(f.left + p.x, f.top + p.y)"
                " .filter((e) => e.dataset.zone).map((e) => e.dataset.zone)",
                [spot.y, spot.x],
            )
            assert found == expected, (day, spot)


def test_every_status_of_every_plan_is_painted_where_it_must_be(page, days, ukraine):
    driver = page()
    ground = lp.open_archive(days, ukraine).control(lp.open_archive(days, ukraine).days[-1])
    for number, plan in enumerate(PLANS):
        driver.execute_script("lineplan.app.go({plan: arguments[0]})", number)
        zones = lp.arrange(plan, control=ground).zones
        for status, rows in zones.groupby("status"):
            row = rows.loc[rows["area_km2"].idxmax()]
            largest = max(shapely.get_parts(row.geometry), key=lambda part: part.area)
            centre = shapely.get_point(shapely.maximum_inscribed_circle(largest), 0)
            found = driver.execute_script(
                "lineplan.map.setView(arguments[0], 9, {animate: false});"
                "const p = lineplan.map.latLngToContainerPoint(arguments[0]),"
                " f = lineplan.map.getContainer().getBoundingClientRect(),"
                " e = document.elementFromPoint(f.left + p.x, f.top + p.y);"
                "const paint = e.getAttribute('fill').slice(4, -1);"
                "return [e.dataset.status, !!document.querySelector(paint)]",
                [centre.y, centre.x],
            )
            assert found == [status, True], (plan, status)


def test_plans_are_switched_by_mouse_and_by_keyboard(page):
    driver = page()
    click(driver, "#plans label:nth-of-type(3)")
    assert state(driver)[0] == "as_held"
    assert "Control as it is" in text_of(driver, "#heading")
    assert "Control as it is" in text_of(driver, "#rows caption")
    focus_by_tab(driver, "#plans input")
    press(driver, keys().ARROW_LEFT)
    settled(driver)
    assert state(driver)[0] == "plan20"
    assert "20-point draft" in text_of(driver, "#heading")


def test_days_are_moved_by_mouse_and_by_keyboard(page):
    driver = page()
    before = table_of(driver)
    click(driver, "#earlier")
    assert state(driver)[2] == "2025-11-21"
    assert "21\u00a0November\u00a02025" in text_of(driver, "#deck")
    assert table_of(driver) != before
    click(driver, "#later")
    assert table_of(driver) == before
    focus_by_tab(driver, "#day")
    for key, day in [("HOME", "20"), ("ARROW_RIGHT", "21"), ("END", "22"), ("ARROW_LEFT", "21")]:
        press(driver, getattr(keys(), key))
        assert state(driver)[2] == f"2025-11-{day}"
    slider = driver.find_element("id", "day")
    assert slider.get_attribute("aria-valuetext") == "21 November 2025, day 2 of 3"


def test_play_runs_to_the_last_day_and_space_stops_it(page):
    driver = page()
    click(driver, "#play")
    driver.execute_async_script(
        "const done = arguments[0], { app } = lineplan;"
        "const wait = () => app.playing ? setTimeout(wait, 20) : done();"
        "wait();"
    )
    assert state(driver)[2] == "2025-11-22"
    focus_by_tab(driver, "#day")
    press(driver, keys().SPACE)
    assert driver.execute_script("return !!lineplan.app.playing")
    press(driver, keys().SPACE)
    assert not driver.execute_script("return !!lineplan.app.playing")


def test_what_is_shown_is_announced(page):
    driver = page()
    driver.execute_script("lineplan.app.go({plan: 1, day: 0})")
    driver.execute_async_script("setTimeout(arguments[0], 600)")
    said = text_of(driver, "#live").replace("\u00a0", " ")
    assert "20-point draft" in said
    assert "20 November 2025" in said


def test_the_address_keeps_what_is_shown_and_opens_it(page):
    driver = page("#plan=plan20&with=as_held&day=2025-11-21&lang=uk&at=48.2,37.6,8")
    assert state(driver) == ["plan20", "as_held", "2025-11-21", "uk"]
    zoom = driver.execute_script("const m = lineplan.map; return [m.getZoom(), m.getCenter().lat]")
    assert zoom == [8, pytest.approx(48.2, abs=0.01)]
    click(driver, "#later")
    address = driver.execute_script("return location.hash")
    for part in ("plan=plan20", "with=as_held", "day=2025-11-22", "lang=uk", "at=48.", ",8.00"):
        assert part in address
    assert errors_of(driver) == []


@pytest.mark.parametrize("address", ["#plan=<img>&day=x&at=1,2&lang=xx&with=no", "#table", "#%"])
def test_an_address_of_nonsense_changes_nothing(page, address):
    driver = page(address)
    assert state(driver) == ["point21", None, "2025-11-22", "en"]
    assert errors_of(driver) == []


def visit(driver, address):
    """Change the address of the open page, as an edited address or the Back key does."""
    driver.execute_script("location.hash = arguments[0]", address)
    settled(driver)
    settled(driver)


def test_what_an_address_leaves_out_is_as_the_page_opens(page):
    driver = page("#plan=plan20&with=as_held&day=2025-11-21&lang=uk&at=48.2,37.6,8&highlight=off")
    visit(driver, "#table")  # a place on the page, not an address of the map
    assert state(driver) == ["plan20", "as_held", "2025-11-21", "uk"]
    visit(driver, "day=2025-11-20")
    assert state(driver) == ["point21", None, "2025-11-20", "en"]
    assert driver.execute_script(
        "return [lineplan.app.moved, document.getElementById('highlight').checked]"
    ) == [False, True]
    visit(driver, "at=48.2,37.6,8")
    assert state(driver)[2] == "2025-11-22"
    driver.execute_script("lineplan.app.go({plan: 1})")  # a longer title must not move the view
    settled(driver)
    assert ",8.00" in driver.execute_script("return location.hash")
    visit(driver, "plan=as_held&with=as_held")
    assert state(driver)[:2] == ["as_held", None]


def test_the_address_keeps_divider_and_highlight(page):
    driver = page("#with=as_held&divider=0.25&highlight=off")
    shown = "return [lineplan.app.at.divider, document.getElementById('highlight').checked]"
    assert driver.execute_script(shown) == [0.25, False]
    focus_by_tab(driver, ".lp-divider")
    press(driver, keys().PAGE_UP)
    driver.execute_async_script("setTimeout(arguments[0], 300)")
    address = driver.execute_script("return location.hash")
    assert "divider=0.350" in address
    assert "highlight=off" in address


def test_an_address_beyond_the_map_or_its_days_is_brought_back_and_said(page):
    driver = page("#at=1e9,-1e9,99&day=2025-11-01")
    lat, lon, zoom = driver.execute_script(
        "const m = lineplan.map, c = m.getCenter(); return [c.lat, c.lng, m.getZoom()]"
    )
    (south, west), (north, east) = driver.execute_script("return lineplan.app.data.limits")
    assert south <= lat <= north
    assert west <= lon <= east
    assert zoom == 10.5
    assert state(driver)[2] == "2025-11-20"
    notice = text_of(driver, "#notice")
    assert "no line of 1 November 2025" in notice
    assert "20 November 2025" in notice
    click(driver, "#later")
    assert "nearest" not in driver.execute_script(
        "return document.getElementById('notice').textContent"
    )
    assert errors_of(driver) == []


def test_paper_shows_the_view_and_leaves_it_and_the_address_alone(page):
    driver = page("#at=48.2,37.6,9&day=2025-11-21")
    seen = (
        "const m = lineplan.map, c = m.getCenter();"
        "return [c.lat, c.lng, m.getZoom(), m.getSize().x, location.hash, lineplan.app.moved]"
    )
    bounds = "const b = lineplan.map.getBounds(); return [b.getWest(), b.getEast()]"
    driver.execute_script("lineplan.app.go({})")
    settled(driver)
    before, (west, east) = driver.execute_script(seen), driver.execute_script(bounds)
    driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    settled(driver)
    assert 650 < driver.execute_script(seen)[3] < 720
    on_paper = driver.execute_script(bounds)
    assert on_paper[0] <= west + 0.01
    assert on_paper[1] >= east - 0.01
    assert on_paper[1] - on_paper[0] < 2 * (east - west)
    driver.execute_script("window.dispatchEvent(new Event('afterprint'))")
    settled(driver)
    settled(driver)
    after = driver.execute_script(seen)
    assert after[:4] == pytest.approx(before[:4], abs=0.002)
    assert after[4:] == before[4:]


def test_two_texts_side_by_side(page):
    driver = page("#with=as_held&at=47.3,35.5,7")
    at = """
        const frame = lineplan.map.getContainer().getBoundingClientRect();
        const p = lineplan.map.latLngToContainerPoint([46.9, 35.5]);
        const all = document.elementsFromPoint(frame.left + p.x, frame.top + p.y);
        const e = all.find((element) => element.dataset.status);
        return [e.dataset.status, lineplan.app.divider.offsetLeft > p.x];
    """
    bar = ".lp-divider"
    focus_by_tab(driver, bar)
    press(driver, keys().END)
    assert driver.execute_script(at) == ["frozen_at_line", True]
    press(driver, keys().HOME)
    assert driver.execute_script(at) == ["unaffected", False]
    assert driver.find_element("css selector", bar).get_attribute("aria-valuenow") == "0"
    # By mouse: the grip is dragged from the left edge to the right.
    for kind, x in [
        ("mousePressed", 2),
        ("mouseMoved", 500),
        ("mouseMoved", 880),
        ("mouseReleased", 880),
    ]:
        event = {"type": kind, "x": x, "y": 500, "button": "left", "buttons": 1, "clickCount": 1}
        driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)
    assert driver.execute_script(at) == ["frozen_at_line", True]
    for text in ("28-point draft", "Control as it is"):
        assert text in text_of(driver, "#heading")
    assert "Under: Control as it is" in text_of(driver, "#rows thead")


def test_zones_of_two_texts_say_whose_they_are_and_the_hidden_are_no_stops(page):
    driver = page("#with=plan20&divider=0.5")
    bar, stops = (
        ".lp-divider",
        """
        return lineplan.app.sides.map((side) => side.layers.map((layer) => layer.getElement())
          .filter((path) => path.tabIndex === 0)
          .map((path) => [path.getAttribute("aria-label"), path.getAttribute("aria-hidden")]));
    """,
    )
    both = driver.execute_script(stops)
    assert all(both)
    for side, title in zip(both, ("28-point draft", "20-point draft"), strict=True):
        assert all(title in label and hidden == "false" for label, hidden in side)
    focus_by_tab(driver, bar)
    press(driver, keys().END)  # the first text alone
    first, none = driver.execute_script(stops)
    assert none == []
    assert len(first) > len(both[0])
    press(driver, keys().HOME)
    none, second = driver.execute_script(stops)
    assert none == []
    assert len(second) >= len(both[1])
    driver.execute_script("lineplan.app.go({other: -1})")
    settled(driver)
    alone = driver.execute_script(stops)[0]
    assert len(alone) == len(first)
    assert not any("28-point draft" in label for label, _ in alone)


def test_where_texts_differ_is_listed_and_the_rest_is_veiled(page, days, ukraine):
    driver = page("#with=as_held")
    said = text_of(driver, "#differ")
    zones = lp.arrange(
        "point21",
        control=lp.open_archive(days, ukraine).control(lp.open_archive(days, ukraine).days[-1]),
    ).zones
    frozen = zones[(zones["status"] == "frozen_at_line") & (zones["held_by"] == "ru")]
    assert f"{frozen['area_km2'].sum():,.0f} km²" in said
    veil = "return document.querySelector('.lp-veil').getAttribute('d').length"
    assert driver.execute_script(veil) > 1000
    click(driver, "#highlight")
    assert driver.execute_script("return document.querySelector('.lp-veil')") is None
    driver.execute_script("lineplan.app.go({other: -1})")
    assert driver.execute_script("return document.getElementById('differ').hidden")


def test_arrows_go_from_plan_to_plan_and_keep_the_focus(page):
    driver = page()
    focus_by_tab(driver, "#plans input")
    for plan in ("plan20", "as_held", "point21"):
        press(driver, keys().ARROW_RIGHT)
        settled(driver)
        assert state(driver)[0] == plan
        assert driver.execute_script("return document.activeElement.value") == plan


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_many_plans_are_chosen_from_a_list_that_takes_one_line(open_file, tmp_path, size):
    plans = ["alaska2025", "april2025_us", "as_held", "e3_text", "june2024", "plan20", "point21"]
    path = tmp_path / "map.html"
    lp.atlas(plans).save(path)
    driver = open_file(path, *size)
    assert driver.execute_script("return document.querySelectorAll('.tab').length") == 0
    height = "return document.getElementById('plans').getBoundingClientRect().height"
    assert driver.execute_script(height) < 50
    assert text_of(driver, "#plans label") == "Text shown"
    focus_by_tab(driver, "#plan")
    for plan in plans[1:3]:
        press(driver, keys().ARROW_DOWN)
        settled(driver)
        assert state(driver)[0] == plan
        assert driver.execute_script("return document.activeElement.id") == "plan"
    title = driver.execute_script("return document.getElementById('plan').selectedOptions[0].text")
    assert title == text_of(driver, "#heading") == "Control as it is (reference)"
    click(driver, "#language option[value='uk']")
    names = driver.execute_script("return [...document.getElementById('plan')].map((o) => o.text)")
    titles = driver.execute_script(
        "return lineplan.app.data.plans.map((p) => p.texts[lineplan.app.words.index].title)"
    )
    assert names == titles
    assert re.search("[а-яї]", "".join(names))


@pytest.fixture(scope="session")
def broken_off(days, tmp_path_factory):
    """An atlas of 20, 21 and 25 November."""
    folder = tmp_path_factory.mktemp("broken_off")
    for given, day in (("20", "20"), ("21", "21"), ("22", "25")):
        text = (days / f"control_202511{given}.geojson").read_text(encoding="utf-8")
        (folder / f"control_202511{day}.geojson").write_text(text, encoding="utf-8")
    path = tmp_path_factory.mktemp("gaps") / "map.html"
    lp.atlas(["point21"], control=folder).save(path)
    return path


def test_days_that_the_archive_lacks_are_ticks_under_the_slider_and_are_said(broken_off, open_file):
    driver = open_file(broken_off)
    settled(driver)
    tick, left, width = driver.execute_script("""
        const path = document.querySelector("#gaps path").getBoundingClientRect();
        const input = document.getElementById("day").getBoundingClientRect();
        return [path.left + path.width / 2, input.left + 8, input.width - 16];
    """)
    assert (tick - left) / width == pytest.approx(0.75, abs=0.01)  # between the second and third
    slider = driver.find_element("id", "day")
    said = "25 November 2025, day 3 of 3; no state of 3 days before it"
    assert slider.get_attribute("aria-valuetext") == said
    assert slider.get_attribute("title") in text_of(driver, "#about")
    assert "22 November 2025 – 24 November 2025" in slider.get_attribute("title")
    tree = driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    heard = [node for node in tree if node["role"]["value"] == "slider"]
    assert [node["name"]["value"] for node in heard] == ["Day of the line of contact"]
    assert heard[0]["description"]["value"] == slider.get_attribute("title")
    click(driver, "#earlier")
    assert slider.get_attribute("aria-valuetext") == "21 November 2025, day 2 of 3"


def test_an_archive_without_gaps_has_no_ticks(page):
    driver = page()
    assert (
        driver.execute_script("return document.querySelector('#gaps path').getAttribute('d')") == ""
    )
    assert driver.find_element("id", "day").get_attribute("title") == ""


NAMES_ON_GROUND = """
    const { app } = lineplan, frame = app.map.getContainer().getBoundingClientRect();
    const sides = [...document.getElementById("sides").children];
    const names = sides.map((e) => e.getBoundingClientRect());
    const covered = (at) => {
      const p = app.map.latLngToContainerPoint(at), x = frame.left + p.x, y = frame.top + p.y;
      return names.some((b) => x > b.left && x < b.right && y > b.top && y < b.bottom);
    };
    const found = app.sides.flatMap((side) => side.plan.zones.filter((zone, i) => zone.clause &&
      side.layers[i].getLatLngs().flat(2).some(covered)).map((zone) => zone.id));
    return [names.map((b) => b.width > 0 && b.height > 0), found];
"""


@pytest.mark.parametrize("where", [(1280, 800), (390, 844), (844, 390), "paper"], ids=str)
def test_names_of_two_texts_cover_no_ground_they_speak_of(page, where):
    width, height = (1280, 800) if where == "paper" else where
    driver = page("#with=plan20", width=width, height=height)
    if where == "paper":
        driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    assert driver.execute_script(NAMES_ON_GROUND) == [[True, True], []]
    names = text_of(driver, "#sides")
    assert names.index("28-point draft") < names.index("20-point draft")


@pytest.mark.parametrize("lang", ["en", "zh-Hant"])
def test_without_scripts_the_page_says_what_it_says_with_them(driver, open_file, tmp_path, lang):
    """Notice, age, subtitle, note and byline too."""
    path = tmp_path / "map.html"
    given = {"subtitle": "Below it", "note": "Mind the gap.", "byline": "A. Reader"}
    lp.arrange("point21").map(lang=lang, **given).save(path)
    ids = ["notice", "force", "heading", "subtitle", "deck", "note", "source", "byline"]
    said = []
    for off in (True, False):
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": off})
        try:
            open_file(path)
            parts = [driver.find_element("id", name) for name in ids]
            assert all(part.is_displayed() for part in parts)
            said.append([" ".join(part.text.split()) for part in parts])
        finally:
            driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert said[0] == said[1]
    assert all(said[0])
    assert [said[0][ids.index(name)] for name in given] == list(given.values())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_language_is_switched_whole(page, lang):
    driver = page("#with=plan20")
    click(driver, f"#language option[value='{lang}']")
    driver.execute_script("lineplan.app.select(lineplan.app.plan, 0)")
    said = driver.execute_script("""
        const spoken = [document.title, document.body.innerText];
        for (const e of document.querySelectorAll("[aria-label], [title], [aria-valuetext]"))
          for (const name of ["aria-label", "title", "aria-valuetext"])
            spoken.push(e.getAttribute(name) || "");
        return spoken.join("\\n");
    """)
    assert driver.execute_script("return document.documentElement.lang") == lang
    assert not re.search(r"\{\w+\}|undefined|NaN|\[object", said)
    keys = r"\b(status|short|field|page|map|footer|holder|holder_short|value|figure)\.[a-z_]+"
    assert not re.search(keys, said)
    if lang != "en":
        english = driver.execute_script("return lineplan.app.data.languages[0].texts")
        own = driver.execute_script("return lineplan.app.words.language.texts")
        left = [
            t
            for k, t in english.items()
            if "{" not in t and own[k] != t and re.search(rf"\b{re.escape(t)}\b", said)
        ]
        assert left == []
    back = "return document.activeElement.id"
    focus_by_tab(driver, "#language")
    press(driver, "E")
    settled(driver)
    assert driver.execute_script(back) == "language"


def test_a_reference_is_headed_by_who_holds_what(page, days, ukraine):
    driver = page("#plan=as_held")
    assert state(driver)[0] == "as_held"
    archive = lp.open_archive(days, ukraine)
    zones = lp.arrange("as_held", control=archive.control(archive.days[-1])).zones
    said = text_of(driver, "#figures")
    assert "No change stated" not in said
    assert "about" not in said
    for holder, km2 in zones.groupby("held_by")["area_km2"].sum().items():
        assert f"{km2:,.0f} km²" in said, holder
    assert "held by Russian forces" in said
    source = text_of(driver, "#source")
    assert source.startswith("Control as it is (reference). Line of contact:")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_two_texts_differ_by_the_same_words(open_file, days, tmp_path, lang):
    plans = ["point21", "alaska2025", "june2025_ru", "april2025_us"]
    path = tmp_path / "four.html"
    lp.atlas(plans, control=days, lang=lang, languages=[lang]).save(path)
    driver = open_file(path)
    for one, other in ((0, 1), (1, 0), (0, 2), (0, 3), (1, 2)):
        driver.execute_script(f"lineplan.app.go({{plan: {one}, other: {other}}})")
        settled(driver)
        rows = driver.execute_script("""
            return [...document.querySelectorAll("#differ li")].map((row) =>
              [...row.querySelectorAll("p.from, p.to")].map((line) => line.innerText.trim()));
        """)
        assert rows
        assert [row for row in rows if row[0] == row[1]] == []


EVERYTHING_SAID = """
    const { app } = lineplan, said = [];
    const foreign = (node) => {
      const own = node.parentElement.closest("[lang]");
      return own && own.lang !== document.documentElement.lang;
    };
    const read = () => {
      const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
      for (let node; (node = walker.nextNode());)
        if (!/^(SCRIPT|STYLE|OPTION|NOSCRIPT)$/.test(node.parentElement.tagName) && !foreign(node))
          said.push(node.data);
    };
    app.data.plans.forEach((plan, n) => {
      app.go({ plan: n });
      const clauses = new Set();
      plan.zones.forEach((zone, i) => {
        const key = zone.clause + zone.answer;
        if (!app.m2(plan)[i] || clauses.has(key)) return;
        clauses.add(key);
        app.select(plan, i);
        read();
      });
    });
    for (const label of app.data.labels) if (label.text) said.push(label.text[app.words.index]);
    return [...new Set(said)];
"""
NAMES = set(
    re.findall(
        r"\w+",
        """
        CNA TSN AFP TAG BBC BOM OK G20 AP Axios Anadolu Telegraph Blendy News
        World Meduza Newsbeep Kanal Central Agency The liaoboxuan com news
        pravda la lv Europe Latvijas Avīze DeepState NZZ Liveuamap Creamy
        Caprice GeoNames www geonames org Natural Earth lineplan CC BY ES Reader
        https SVG CSV enerhodar_km
        """,
    )
)
"""Publishers, works, formats, and what is typed: the same in every language."""


@pytest.mark.parametrize("lang", ["uk", "ru", "zh-Hant"])
def test_nothing_is_said_in_another_language(page, lang):
    """Every plan, every clause opened, what stands under the map and labels at every zoom."""
    driver = page("#with=plan20")
    click(driver, f"#language option[value='{lang}']")
    said = driver.execute_script(EVERYTHING_SAID)
    assert len(said) > 100
    text = re.sub(r"control_\d+\.geojson", "", "\n".join(said))
    left = set(re.findall(r"[A-Za-z\u00c0-\u024f_]{2,}", text)) - NAMES
    assert left == set()


EVERY_STRING = """
    const { app } = lineplan, said = new Set(), names = ["aria-label", "aria-valuetext", "title",
      "alt", "placeholder", "aria-description", "aria-roledescription"];
    const unseen = "script, style, noscript, [hidden]";
    const own = (element) => {
      const spoken = element.closest("[lang]");
      return !spoken || spoken.lang === document.documentElement.lang;
    };
    const read = () => {
      said.add(document.title);
      const walker = document.createTreeWalker(document.body,
        NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
      for (let node; (node = walker.nextNode());) {
        if (node.nodeType === 3) {
          const inside = node.parentElement;
          if (!inside.closest(unseen) && own(inside)) said.add(node.data);
        } else if (own(node) && !node.closest(unseen)) {
          for (const name of names) if (node.hasAttribute(name)) said.add(node.getAttribute(name));
        }
      }
    };
    app.data.plans.forEach((plan, n) => {
      app.go({ plan: n, other: -1 });
      plan.zones.forEach((zone, i) => {
        if (!app.m2(plan)[i]) return;
        app.select(plan, i);
        read();
        for (const element of tip(plan, i).querySelectorAll("*")) said.add(element.textContent);
      });
    });
    app.go({ plan: 0, other: 2, day: 0 });
    app.announce();
    const plain = (text) => text.trim().replace(/\\s+/g, " ");
    setTimeout(() => { read(); arguments[0]([...said].map(plain)); }, 600);
    function tip(plan, i) { return app.sides[0].layers[i].getTooltip()._content(); }
"""
SAME_IN_EVERY_LANGUAGE = {
    "A. Reader",  # the publisher's own words
}


@pytest.mark.parametrize("lang", ["uk", "ru", "zh-Hant"])
def test_no_string_stays_what_it_was_in_english(page, lang):
    """Text, titles, labels and the title of the page, after a switch of language in it."""
    driver = page()
    english = set(driver.execute_async_script(EVERY_STRING))
    assert len(english) > 300
    driver.execute_script("lineplan.app.go({lang: arguments[0], plan: 0, other: -1})", lang)
    settled(driver)
    own = set(driver.execute_async_script(EVERY_STRING))
    assert len(own) > 300
    left = {text for text in english & own if re.search(r"[^\W\d_]{2,}", text)}
    assert sorted(left - SAME_IN_EVERY_LANGUAGE) == []


def saved(driver, kind):
    """The file that a button saves, kept instead of written."""
    driver.execute_script("""
        window.kept = [];
        URL.createObjectURL = (blob) => { window.kept.push(blob); return "data:,"; };
        HTMLAnchorElement.prototype.click = function () { window.keptName = this.download; };
    """)
    driver.find_element("css selector", f"[data-save='{kind}']").send_keys(keys().ENTER)
    text = driver.execute_async_script("const done = arguments[0]; kept[0].text().then(done)")
    return driver.execute_script("return keptName"), text


def test_the_table_is_saved_as_csv(page, days, ukraine):
    name, text = saved(page(), "csv")
    assert name == "point21-2025-11-22.csv"
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    archive = lp.open_archive(days, ukraine)
    zones = lp.arrange("point21", control=archive.control(archive.days[-1])).zones
    assert [row["clause"] for row in rows] == zones["clause_id"].tolist()
    assert [float(row["area_km2"]) for row in rows] == pytest.approx(
        zones["area_km2"].tolist(), abs=2e-6
    )
    assert {row["line_date"] for row in rows} == {"2025-11-22"}


def test_the_view_is_saved_as_a_picture_with_its_papers_inside(page, open_file, tmp_path):
    driver = page("#with=as_held")
    name, text = saved(driver, "svg")
    assert name == "point21-2025-11-22.svg"
    root = ElementTree.fromstring(text)
    said = " ".join(" ".join(root.itertext()).split())
    inside = ["Proposal, not in force", "28-point draft", "Control as it is", "22 November 2025"]
    for words in [*inside, "68/262", "Text: Central News Agency", "A. Reader", "km²"]:
        assert words in said
    assert not re.search(r'(?:href|src)="|<script|url\((?!["\']?#)', text)
    (tmp_path / "map.html").write_text(f"<!doctype html>{text}", encoding="utf-8")
    assert errors_of(open_file(tmp_path / "map.html")) == []


def test_the_csv_of_two_texts_has_every_column_of_the_table(page):
    driver = page("#with=plan20")
    heads = driver.execute_script("""
        return [...document.querySelectorAll("#rows thead th")].map((cell) => cell.innerText);
    """)
    shown = driver.execute_script("""
        return [...document.querySelectorAll("#rows tbody tr:not(.group)")].map((row) =>
          [row.children[0], row.children[1], row.children[6]].map((cell) => cell.innerText));
    """)
    assert len(heads) == 7
    rows = list(csv.DictReader(io.StringIO(saved(driver, "csv")[1].lstrip("\ufeff"))))
    assert sorted([r["unit"], r["holder"], r["under_other_plan"]] for r in rows) == sorted(shown)
    assert {row["other_plan_id"] for row in rows} == {"plan20"}


def test_a_saved_picture_is_the_same_in_the_dark_scheme(page):
    pictures = {}
    for scheme in ("light", "dark"):
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        driver = page("#with=plan20&divider=0.5&at=48,36,7")
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        try:
            pictures[scheme] = saved(driver, "svg")[1]
            on_screen = "return getComputedStyle(document.body).backgroundColor"
            assert (driver.execute_script(on_screen) == "rgb(255, 254, 251)") == (scheme == "light")
        finally:
            driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert pictures["light"] == pictures["dark"]


def test_a_saved_comparison_names_both_sides_every_paint_and_the_veil(page):
    driver = page("#with=plan20&divider=0.5")
    notice = text_of(driver, "#notice")
    painted = set(
        driver.execute_script("""
        return [...document.querySelectorAll("#figures .swatch rect")]
          .map((rect) => rect.getAttribute("fill"));
    """)
    )
    root = ElementTree.fromstring(saved(driver, "svg")[1])
    svg = "{http://www.w3.org/2000/svg}"
    texts = [" ".join(text.itertext()) for text in root.iter(f"{svg}text")]
    assert {rect.get("fill") for rect in root.findall(f"{svg}rect")} >= painted
    said = " ".join(texts)
    assert " ".join(notice.split()) in " ".join(said.split())
    assert "both texts say the same" in said
    on_map = " ".join(" ".join(t.itertext()) for t in root.iter(f"{svg}text") if t.get("y"))
    names = driver.execute_script("return lineplan.app.names.map((name) => name.innerText)")
    for name in names:  # in the title, on the map, in the legend
        assert on_map.count(name) >= 3, name


@pytest.mark.parametrize("sandbox", ["allow-scripts", None])
def test_works_in_a_frame(open_file, atlas_file, tmp_path, sandbox):
    """Also in a frame without an origin, where it may not write its address."""
    rule = "" if sandbox is None else f' sandbox="{sandbox}"'
    html = f'<iframe src="{atlas_file.as_uri()}" width="700" height="500"{rule}></iframe>'
    (tmp_path / "host.html").write_text(html)
    driver = open_file(tmp_path / "host.html")
    driver.switch_to.frame(0)
    driver.execute_script(
        "lineplan.app.moved = true; lineplan.app.go({plan: 1, day: 0, lang: 'ru'})"
    )
    settled(driver)
    assert state(driver) == ["plan20", None, "2025-11-20", "ru"]
    assert driver.execute_script("return document.querySelectorAll('path.lp-zone').length") > 30
    driver.switch_to.default_content()
    assert errors_of(driver) == []


def test_works_in_a_notebook(open_file, days, tmp_path):
    """What Jupyter puts into its output: a frame with the page in srcdoc."""
    shown = lp.atlas(["point21", "as_held"], control=days)._repr_html_()
    (tmp_path / "host.html").write_text(f"<!doctype html><meta charset=utf-8>{shown}")
    driver = open_file(tmp_path / "host.html")
    driver.switch_to.frame(0)
    driver.execute_script("lineplan.app.go({plan: 1})")
    assert driver.execute_script("return lineplan.app.plan.id") == "as_held"
    driver.switch_to.default_content()
    assert errors_of(driver) == []


def test_on_a_phone_everything_fits(page):
    driver = page("#with=as_held", width=390, height=844)
    wide = "return document.documentElement.scrollWidth - window.innerWidth"
    assert driver.execute_script(wide) <= 0
    small = driver.execute_script("""
        return [...document.querySelectorAll("button, select, input, .tab, a[role=button]")]
          .filter((e) => e.checkVisibility() && !e.closest("#rows"))
          .map((e) => [e.id || e.className || e.tagName, e.getBoundingClientRect()])
          .filter(([, b]) => b.width && (b.height < 14 || b.width < 14)).map(([name]) => name);
    """)
    assert small == []


LONG = """
    for (const plan of lineplan.app.data.plans)
        for (const texts of plan.texts) texts.title += "W".repeat(120);
    lineplan.app.go({plan: 1, other: 0});
"""


@pytest.mark.parametrize("title", ["", LONG], ids=["as_given", "unbroken"])
@pytest.mark.parametrize("size", [(320, 640), (390, 844), (844, 390), (1280, 800)])
def test_no_window_scrolls_sideways_and_small_ones_have_the_map_to_themselves(page, size, title):
    driver = page("#with=plan20", width=size[0], height=size[1])
    driver.execute_script(title)
    driver.execute_async_script("setTimeout(arguments[0], 200)")
    wide = "return document.documentElement.scrollWidth - window.innerWidth"
    assert driver.execute_script(wide) <= 0
    small = size != (1280, 800)
    title, frame, source = driver.execute_script("""
        return ["cartouche", "map_lineplan", "sourceline"].map((id) => {
          const box = document.getElementById(id).getBoundingClientRect();
          return [box.top, box.bottom, box.width, box.right];
        });
    """)
    assert title[3] <= size[0]
    assert (title[1] <= frame[0] + 1 and source[0] >= frame[1] - 1) == small
    if small:
        assert frame[1] - frame[0] >= 0.5 * min(size[1], 600)
        assert frame[2] > 0.9 * size[0]
        panel = "return getComputedStyle(document.getElementById('panel')).overflowY"
        assert driver.execute_script(panel) == "visible"  # one thing scrolls: the page
    time_bar = "const t = document.getElementById('time'); return t.scrollWidth - t.clientWidth"
    assert driver.execute_script(time_bar) <= 0


def test_a_phone_that_is_turned_moves_title_and_source_line(page, driver):
    page(width=390, height=844)
    on_map = "return !!document.getElementById('cartouche').closest('.map')"
    assert driver.execute_script(on_map) is False
    for width, expected in ((1280, True), (390, False)):
        size = {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.execute_async_script("setTimeout(arguments[0], 200)")
        assert driver.execute_script(on_map) is expected


def test_tiles_are_the_only_request_and_the_page_says_so(open_file, point21, tmp_path):
    point21.map(tiles="OpenStreetMap.Mapnik").save(tmp_path / "map.html")
    driver = open_file(tmp_path / "map.html")
    settled(driver)
    hosts = {re.sub(r"(https?://[^/]+)/.*", r"\1", url) for url in requests_of(driver)}
    assert hosts == {"https://tile.openstreetmap.org"}
    assert "This page requests it from tile.openstreetmap.org" in text_of(driver, "#about")
    assert "OpenStreetMap contributors" in text_of(driver, ".map .lp-foot")
    picture = ElementTree.fromstring(saved(driver, "svg")[1])
    assert "OpenStreetMap contributors" in " ".join(picture.itertext())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours_leave_tab_dots_and_divider_to_be_seen(page, driver, scheme):
    features = {"forced-colors": "active", "prefers-color-scheme": scheme}
    media = {"features": [{"name": name, "value": value} for name, value in features.items()]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        page("#with=plan20&divider=0.5")
        assert driver.execute_script("return matchMedia('(forced-colors: active)').matches")
        ground = """
            const ground = (selector, part) =>
              getComputedStyle(document.querySelector(selector), part).backgroundColor;
        """
        chosen, other = driver.execute_script(
            ground + "return [ground('.tab input:checked + span'),"
            " ground('.tab input:not(:checked) + span')]"
        )
        assert chosen != other
        dot, divider, sea, canvas = driver.execute_script(
            ground + "return [ground('.lp-city.shown', '::before'),"
            " ground('.lp-divider', '::before'), ground('.leaflet-container'), ground('body')]"
        )
        assert not {dot, divider} & {sea, canvas}
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def test_less_motion_where_it_is_asked_for(page, driver):
    media = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    try:
        page()
        options = (
            "const o = lineplan.map.options; return [o.zoomAnimation, o.fadeAnimation, o.inertia]"
        )
        assert driver.execute_script(options) == [False, False, False]
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
