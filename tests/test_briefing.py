"""The report: the figures and words of the arrangement, on a page that runs nothing."""

import base64
import hashlib
import re
import sys
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import one_line_of
from hostile import HOSTILE, hostile
from library import LINES, plan_ids
from test_labels import interface

import lineplan as lp
from lineplan.briefing import page as pages
from lineplan.briefing import write_report
from lineplan.briefing.drawing import Plate, _packed
from lineplan.errors import LineplanError, UsageError
from lineplan.facts import clause_name
from lineplan.figures.window import fit
from lineplan.labels import LANGUAGES, catalogue

pytestmark = pytest.mark.printed

VOID = {"meta", "link", "br", "img", "hr", "input"}


class Element:
    """An element of a page."""

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.tag, self.attributes = tag, attributes
        self.children: list[Element | str] = []

    def all(self, tag: str = "", kind: str = "") -> list["Element"]:
        found = []
        for child in self.children:
            if isinstance(child, Element):
                classes = child.attributes.get("class", "").split()
                if (not tag or child.tag == tag) and (not kind or kind in classes):
                    found.append(child)
                found += child.all(tag, kind)
        return found

    @property
    def words(self) -> str:
        parts = [c if isinstance(c, str) else c.words for c in self.children]
        return "".join(parts)


class Page(HTMLParser):
    """Reads a page as a browser would, and minds that every element is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]
        self.feed(text)
        self.close()
        assert self._open == [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {key: value or "" for key, value in attrs})
        self._open[-1].children.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


@cache
def laid(plan: str) -> lp.Arrangement:
    return lp.arrange(plan, lines=LINES if plan.startswith("minsk") else None)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The page of a plan in a language; but for Point 21 in English its maps are blank."""
    folder = tmp_path_factory.mktemp("reports")

    @cache
    def made(plan: str = "point21", lang: str = "en") -> str:
        path = folder / f"{plan}-{lang}.html"
        if (plan, lang) == ("point21", "en"):
            return write_report(laid(plan), path).read_text(encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(pages, "plate", blank)
            return write_report(laid(plan), path, lang=lang).read_text(encoding="utf-8")

    return made


def blank(facts: Any, corners: Any, size_mm: tuple[float, float], **_: str) -> Plate:
    """A map on which nothing is drawn."""
    return Plate("<svg></svg>", fit(corners, (0.0, 0.0, *size_mm)), 0.0)


@pytest.fixture
def no_map(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps take seconds, and most of what is said here is said beside them."""
    monkeypatch.setattr(pages, "plate", blank)


def table(page: Element, kind: str) -> Element:
    (found,) = page.all("table", kind)
    return found


# --- figures -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("plan", "lang"), [("point21", "en"), ("plan20", "uk")])
def test_areas_are_those_of_the_command(plan: str, lang: str, report: Any) -> None:
    words = catalogue(lang)
    expected = set()
    for row in laid(plan).areas().to_dict("records"):
        low, high = (row[f"assessed_{end}_km2"] for end in ("min", "max"))
        spread = "–"
        if low == low:
            least, most = words.number(low), words.number(high)
            spread = f"{least}–{most} км²" if lang == "uk" else f"{least}–{most} km²"
            spread = words.area(low) if least == most else spread
        expected.add((words.area(row["area_km2"]), words.percent(row["share_of_units"], 2), spread))
    rows = table(Page(report(plan, lang)).root, "areas").all("tr")
    shown = [tuple(td.words for td in row.all("td", "figure")) for row in rows]
    assert set(shown[1:-1]) == expected
    assert shown[-1][:2] == (words.area(laid(plan).units["area_km2"].sum()), words.percent(1, 2))


def test_each_clause_says_the_ground_it_takes(report: Any) -> None:
    areas = laid("point21").areas("clause").set_index("clause_id")["area_km2"]
    units = laid("point21").areas(["clause", "unit"])
    for body in table(Page(report()).root, "clauses").all("tbody"):
        (number, *_) = [*body.all("span", "number"), Element("", {})]
        assert body.all("p", "headline")[0].words == f"{areas[number.words]:,.0f} km²"
        if number.words:
            listed = [li.words for li in body.all("ul", "amounts")[0].all("li")]
            for row in units[units["clause_id"] == number.words].to_dict("records"):
                assert f"{row['unit_name']} {row['area_km2']:,.0f} km²" in listed


def test_more_units_than_lines_are_summed_up(report: Any) -> None:
    lines = [li.words for li in Page(report("as_held")).root.all("ul", "amounts")[0].all("li")]
    km2 = [float(re.findall(r" ([\d,]+) km²", line)[0].replace(",", "")) for line in lines]
    assert lines[-1].startswith("Other regions: 21 ")
    # By holder and by unit: each adds up to all ground.
    assert sum(km2[:2]) == pytest.approx(599_094, abs=1)
    assert sum(km2[2:]) == pytest.approx(599_094, abs=4)


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize("plan", plan_ids(lp.load_dataset()))
def test_every_clause_is_quoted_as_it_was_published(plan: str, report: Any) -> None:
    page = Page(report(plan)).root
    quotes = {(q.attributes["lang"], q.children[0]) for q in page.all("blockquote")}
    for clause in laid(plan).plan.clause:
        said = [q for q in clause.text if q.kind == "published"] or clause.text[:1]
        for quote in said:
            assert (quote.language, f"{quote.quote} ") in quotes
        assert any(lang == "en" for lang, _ in quotes)
        for reading in clause.reading:
            assert any(reading.text["en"] in li.words for li in page.all("li"))
    for source in laid(plan).plan.source:
        assert source.url in [a.attributes.get("href") for a in page.all("a")]


def test_what_the_text_sets_and_leaves_open_is_told_apart(report: Any) -> None:
    buffer = table(Page(report()).root, "clauses").all("tbody", "clause")[3]
    sets, left = buffer.all("td", "terms")[0].all("p")
    assert sets.words == (
        "Set by the clause: Would be held by: no party; Forces: Russian forces and Ukrainian "
        "forces may not enter; Would be recognised as belonging to: Russia"
    )
    assert left.words == (
        "The text does not say: Would be administered by; Kind of recognition; Recognised by"
    )


@pytest.mark.parametrize("plan", plan_ids(lp.load_dataset()))
def test_clauses_are_called_as_on_the_map_and_never_by_a_key(plan: str, report: Any) -> None:
    words = catalogue("uk")
    bodies = table(Page(report(plan, "uk")).root, "clauses").all("tbody", "clause")
    for clause, body in zip(laid(plan).plan.clause, bodies, strict=False):
        name, _ = clause_name(clause, words)
        head = body.all("th")[0]
        assert [span.words for span in head.all("span", "number")] == (
            [clause.number] if clause.number else []
        )
        assert name in head.words
        if clause.id != clause.number:
            assert clause.id not in head.words
        nearest = words.text("compare.nearest") in body.words
        assert nearest == (name == "")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_reference_says_who_holds_what_and_no_change(lang: str, report: Any) -> None:
    words, page = catalogue(lang), Page(report("as_held", lang)).root
    rows = table(page, "areas").all("tr")
    held = laid("as_held").areas("held_by").set_index("held_by")["area_km2"]
    shown = {row.all("th")[0].words.casefold(): row.all("td")[0].words for row in rows[1:-1]}
    dataset = laid("as_held").dataset
    assert shown == {
        words.holder_short(party, dataset=dataset).casefold(): words.area(km2)
        for party, km2 in held.items()
    }
    assert next(th.words for th in rows[0].all("th")) == words.text("field.held_by")
    assert len({len(row.all("th") + row.all("td")) for row in rows}) == 1
    said = page.all("body")[0].words
    for key in ("short.unaffected", "report.status", "field.status", "footer.opinion"):
        assert words.text(key) not in said, key
    assert words.text("footer.opinion_reference") in said


@pytest.mark.usefixtures("no_map")
def test_a_chosen_reading_is_said(tmp_path: Path) -> None:
    chosen = lp.arrange("point21", readings={"21.3": "to_ukraine"})
    page = Page(chosen.report(tmp_path / "a.html").read_text("utf-8")).root
    relinquished = table(page, "clauses").all("tbody", "clause")[2]
    assert "control would pass to Ukraine. (chosen for this map)" in relinquished.words
    assert "Set by the clause: Would be held by: Ukraine" in relinquished.words


@pytest.mark.parametrize(
    ("plan", "force"),
    [
        ("point21", "Proposal, not in force"),
        ("as_held", "Reference, not a proposal"),
        ("istanbul2022", "Proposal, not in force"),
        ("minsk2", "Agreement, not in force"),
    ],
)
def test_what_the_text_counts_for_stands_first(plan: str, force: str, report: Any) -> None:
    body = Page(report(plan)).root.all("body")[0]
    assert body.words.split("\n")[1].startswith(force)


def test_conditions_stand_with_the_figures(report: Any) -> None:
    said = [p.words for p in Page(report()).root.all("section", "conditions")[0].all("p")]
    control = laid("point21").conditions["line_source_sha256"]
    assert f"Line of contact, SHA-256: {control[:12]}…" in said
    for words in ("68/262 and ES-11/4", "32 km²", "vertices 4.5 km apart", "20 November 2025"):
        assert any(words in line for line in said), words


@pytest.mark.parametrize("lang", ["uk", "ru", "zh-Hant"])
def test_nothing_is_left_untranslated(lang: str, report: Any) -> None:
    """English words stand only where the page says that they are English."""
    page = Page(report("point21", lang)).root
    assert page.all("html")[0].attributes["lang"] == lang

    def foreign(element: Element) -> str:
        if element.attributes.get("lang", lang) != lang or element.tag in ("style", "svg"):
            return ""
        return "".join(c if isinstance(c, str) else foreign(c) for c in element.children)

    said = foreign(page.all("body")[0])
    english = {text for key, text in catalogue("en").messages.items() if "{" not in text}
    same = set(catalogue(lang).messages.values())
    for text in english - same:
        assert not re.search(rf"\b{re.escape(text)}\b", said), text
    names = (
        "Central News Agency Anadolu Axios GeoNames DeepState Liveuamap Creamy Caprice Natural "
        "Earth Latvijas lineplan https geonames pravda news yahoo italy"
    )
    assert set(re.findall(r"[A-Za-z]{4,}", said)) <= set(names.split())


def test_every_label_of_the_report_is_in_four_languages() -> None:
    keys = {key for key in interface(catalogue("en").messages) if key.startswith("report.")}
    assert len(keys) >= 9
    for lang in LANGUAGES[1:]:
        for key in keys:
            assert catalogue(lang).messages[key] != catalogue("en").messages[key], (lang, key)


def test_words_of_the_newsroom(line: Any, tmp_path: Path) -> None:
    (tmp_path / "house.toml").write_text('"short.relinquished" = "{party} would leave"')
    said = line(
        "report", "-o", "brief.html", "--title", "Who & where", "--subtitle", "A <brief>",
        "--note", "Our note.", "--byline", "Graphics: A. Desk", "--terms", "house.toml",
        "--focus", "UA-14",
    )  # fmt: skip
    assert said.status == 0
    assert "wrote brief.html" in said.err
    page = Page((tmp_path / "brief.html").read_text("utf-8")).root
    assert page.all("h1")[0].words == "Who & where"
    for words in ("A <brief>", "Our note.", "Graphics: A. Desk", "Russia would leave"):
        assert words in page.all("body")[0].words
    assert "House style replaced these labels: short.relinquished." in page.words
    assert "scale 1:7," not in page.words  # the map shows one region, larger


# --- a page that runs nothing ------------------------------------------------------------------


def test_the_policy_allows_our_style_and_nothing_else(report: Any) -> None:
    page = Page(report()).root
    (policy,) = [m.attributes["content"] for m in page.all("meta") if "http-equiv" in m.attributes]
    (style,) = page.all("style")
    digest = base64.b64encode(hashlib.sha256(style.words.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style.words
    assert "@import" not in style.words


def test_hostile_names_stay_names(tmp_path: Path) -> None:
    path = write_report(
        hostile(laid("point21")),
        tmp_path / "a.html",
        note=HOSTILE,
        byline=HOSTILE,
        subtitle=HOSTILE,
    )
    page = Page(path.read_text("utf-8")).root
    for element in page.all():
        assert element.tag not in ("script", "img", "iframe", "object", "embed", "link", "base")
        assert not [key for key in element.attributes if key.startswith("on") or key == "style"]
        assert element.attributes.get("href", "#").startswith(("#", "https://"))
    assert page.all("h1")[0].words == HOSTILE
    assert HOSTILE in "".join(q.words for q in page.all("blockquote"))
    assert HOSTILE in "".join(li.words for li in page.all("li"))


@pytest.mark.usefixtures("no_map")
def test_a_source_with_a_script_for_an_address_is_no_link(tmp_path: Path) -> None:
    plan = laid("point21").plan
    source = plan.source[0].model_copy(update={"url": "javascript:alert(1)"})
    spoiled = plan.model_copy(update={"source": (source,)})
    path = write_report(replace(laid("point21"), plan=spoiled), tmp_path / "a.html")
    assert "javascript:" not in path.read_text("utf-8")


# --- for everyone ------------------------------------------------------------------------------


def test_headings_tables_and_map_are_named(report: Any) -> None:
    page = Page(report()).root
    levels = [int(e.tag[1]) for e in page.all() if re.fullmatch(r"h\d", e.tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    assert {th.attributes.get("scope") for th in page.all("th")} == {"col", "row", "rowgroup"}
    ids = [e.attributes["id"] for e in page.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for element in page.all():
        for name in element.attributes.get("aria-labelledby", "").split():
            assert name in ids
        if element.attributes.get("href", "").startswith("#"):
            assert element.attributes["href"][1:] in ids
    maps = page.all("svg", "plate")
    assert [m.attributes["role"] for m in maps] == ["img", "img"]
    for found in maps:
        assert found.all("title")[0].words == "Map: 28-point draft, Point 21: territories"
        assert "Proposed demilitarised buffer: about 5,900 km²" in found.all("desc")[0].words


def test_words_on_the_map_are_text(report: Any) -> None:
    texts = [text.words for text in Page(report()).root.all("svg", "plate")[0].all("text")]
    assert {"Donetsk", "about 5,900 km²", "Sevastopol", "200 km"} <= set(texts)


def test_a_path_told_shortly_goes_where_it_went() -> None:
    path = "M 10 20 \nL 12.345678 20.5 \nL 12 8 \nz\nM 1 1 \nQ 2 2 3 1 \nC 4 0 5 0 6 1.004 \n"
    assert _packed(f"{path}L 0 0 \nz") == "m10 20 2.35 .5-.35-12.5zm-9-19q1 1 2 0c1-1 2-1 3 0l-6-1z"


# --- files -------------------------------------------------------------------------------------


def test_same_arrangement_same_bytes(tmp_path: Path) -> None:
    first = laid("point21").report(tmp_path / "a.html", lang="uk").read_bytes()
    assert lp.arrange("point21").report(tmp_path / "b.html", lang="uk").read_bytes() == first
    assert len(first) < 700_000


def test_what_cannot_be_written_is_said_in_one_line(line: Any, tmp_path: Path) -> None:
    said = line("report", "-o", "brief.docx")
    assert said.status == 2
    assert said.err == "lineplan: brief.docx: a report is written to a file that ends in .html\n"
    assert "there is no folder nowhere" in one_line_of(line("report", "-o", "nowhere/a.html"))
    (tmp_path / "a.html").write_text("older")
    assert line("report", "-o", "a.html", "--focus", "Atlantis").status == 2
    assert (tmp_path / "a.html").read_text() == "older"
    with pytest.raises(UsageError, match="unknown language"):
        laid("point21").report(tmp_path / "a.html", lang="tlh")


def test_without_matplotlib_it_says_what_to_install(
    line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert "a report needs matplotlib, which is not installed: pip install 'lineplan[chart]'" in (
        one_line_of(line("report", "-o", "a.html"))
    )
    with pytest.raises(LineplanError, match="needs matplotlib"):
        laid("point21").report("b.html")


def test_ground_of_any_dataset(toy: lp.Dataset, tmp_path: Path) -> None:
    """Without places, base map, sources, assessments or words in other languages."""
    case = Path(__file__).parent / "data" / "cases" / "contested_counted"
    plan = lp.load_plan(case / "plan.toml", toy)
    arranged = lp.arrange(plan, dataset=toy, control=case / "control.geojson")
    page = Page(arranged.report(tmp_path / "a.html", lang="uk").read_text("utf-8")).root
    areas = [words.area(km2) for words in [catalogue("uk")] for km2 in arranged.areas()["area_km2"]]
    shown = [td.words for td in table(page, "areas").all("td", "figure")]
    assert set(areas) <= set(shown)
    assert len(table(page, "clauses").all("tbody", "clause")) >= len(plan.clause)
