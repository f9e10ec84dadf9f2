"""The report in a real browser: two pages of paper, and a screen of any width."""

import base64
import re

import pytest

import lineplan as lp

pytestmark = pytest.mark.browser


@pytest.fixture
def open_report(open_file, point21, tmp_path):
    """Write a report and open it."""

    def opened(plan="point21", *, width=1280, **options):
        arrangement = point21 if plan == "point21" else lp.arrange(plan)
        return open_file(arrangement.report(tmp_path / "report.html", **options), width, 900)

    return opened


def printed(driver):
    """The page as PDF, on the paper that its style asks for."""
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    options = {"preferCSSPageSize": True, "printBackground": True}
    return base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", options)["data"])


@pytest.mark.parametrize("lang", ["en", "uk", "ru", "zh-Hant"])
def test_it_prints_on_two_pages_of_a4(open_report, lang):
    pdf = printed(open_report(lang=lang))
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 2
    sides = {
        tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox\s*\[([^\]]*)\]", pdf)
    }
    assert {(round(right), round(top)) for _, _, right, top in sides} == {(595, 842)}


def test_a_long_text_runs_over_to_a_third_page(open_report):
    assert len(re.findall(rb"/Type\s*/Page\b", printed(open_report("plan20")))) == 3


@pytest.mark.parametrize(("width", "shown"), [(1280, "map"), (390, "map-narrow")])
def test_nothing_is_wider_than_the_screen(open_report, width, shown):
    page = open_report(width=width, lang="ru")
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    seen = page.execute_script(
        "return [...document.querySelectorAll('svg.plate')]"
        ".filter(e => e.getBoundingClientRect().width).map(e => e.id)"
    )
    assert seen == [shown]
    small = page.execute_script(
        "return Math.min(...[...document.querySelectorAll(`svg#${arguments[0]} text`)]"
        ".map(e => e.getBoundingClientRect().height))",
        shown,
    )
    assert small > 8  # pixels: names on the map can be read on either screen


def test_it_fetches_nothing_and_complains_of_nothing(open_report):
    page = open_report(title="<script>window.hostile = 1</script>")
    assert page.execute_script("return window.hostile") is None
    assert page.get_log("browser") == []
    asked = [
        e["message"] for e in page.get_log("performance") if "requestWillBeSent" in e["message"]
    ]
    assert all("file:///" in message for message in asked)


def test_on_paper_it_is_light_and_on_a_dark_screen_dark(open_report):
    page = open_report()
    dark = {"features": [{"name": "prefers-color-scheme", "value": "dark"}]}
    paper = "return getComputedStyle(document.body).backgroundColor"
    light = page.execute_script(paper)
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", dark)
    assert page.execute_script(paper) != light
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print", **dark})
    ink = page.execute_script("return getComputedStyle(document.body).color")
    assert ink == "rgb(34, 39, 43)"
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": []})
