"""axe-core on every kind of page, in every language, scheme and size of window."""

import pytest

import lineplan as lp
from browser.conftest import settled
from lineplan.comparison.page import page as comparison_page
from lineplan.labels import LANGUAGES
from lineplan.webmap import build_map

pytestmark = pytest.mark.browser

DESKTOP, PHONE = (1280, 800), (390, 844)
on_every_screen = [
    pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"]),
    pytest.mark.parametrize("colours", ["light", "dark"]),
    pytest.mark.parametrize("lang", LANGUAGES),
]


def everywhere(test):
    for mark in on_every_screen:
        test = mark(test)
    return test


@pytest.fixture(scope="session")
def one_plan(point21, tmp_path_factory):
    path = tmp_path_factory.mktemp("one") / "map.html"
    build_map(point21, subtitle="A subtitle", note="A note", byline="A. Reader").save(path)
    return path


@pytest.fixture(scope="session")
def many_plans(days, tmp_path_factory):
    path = tmp_path_factory.mktemp("many") / "map.html"
    dated = ("minsk1", "minsk2")  # measured from lines that the dataset does not have
    plans = [plan for plan in lp.load_dataset().plan_ids() if plan not in dated]
    lp.atlas(plans, control=days).save(path)
    return path


@pytest.fixture(scope="session")
def in_language(point21, tmp_path_factory):
    """The report, and a comparison, written once in each language."""
    written = {}

    def of(kind, lang):
        if (kind, lang) not in written:
            path = tmp_path_factory.mktemp(kind) / "map.html"
            if kind == "report":
                point21.report(path, lang=lang)
            else:
                path.write_text(
                    comparison_page(lp.compare("point21", "plan20"), lang), encoding="utf-8"
                )
            written[kind, lang] = path
        return written[kind, lang]

    return of


@everywhere
def test_a_map_of_one_plan(open_file, one_plan, axe, scheme, lang, colours, size):
    scheme(colours)
    driver = open_file(one_plan, *size, f"#lang={lang}")
    driver.execute_script("lineplan.app.select(lineplan.app.plan, 0)")
    assert axe(driver) == ""


@everywhere
def test_several_plans_and_days(page, axe, scheme, lang, colours, size):
    scheme(colours)
    driver = page(f"#lang={lang}", *size)
    assert axe(driver) == ""
    driver.execute_script("lineplan.app.select(lineplan.app.plan, 0)")
    assert axe(driver) == ""


@everywhere
def test_two_plans_side_by_side(page, axe, scheme, lang, colours, size):
    scheme(colours)
    assert axe(page(f"#lang={lang}&with=as_held", *size)) == ""


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_more_plans_than_fit_a_row(open_file, many_plans, axe, scheme, colours, size):
    scheme(colours)
    driver = open_file(many_plans, *size)
    settled(driver)
    assert axe(driver) == ""


@pytest.mark.parametrize("kind", ["report", "comparison"])
@everywhere
def test_pages_without_scripts(open_file, in_language, axe, scheme, kind, lang, colours, size):
    scheme(colours)
    assert axe(open_file(in_language(kind, lang), *size)) == ""
