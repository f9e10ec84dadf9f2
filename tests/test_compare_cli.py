"""lineplan compare: tables, machine forms and the page, as users type it."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hostile import HOSTILE

import lineplan as lp
from lineplan.cli import run
from lineplan.comparison.page import page
from lineplan.comparison.text import for_reading
from lineplan.labels import LANGUAGES
from lineplan.tables import grid


@pytest.fixture
def line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Any:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> tuple[int, str, str]:
        status = run([str(a) for a in ("compare", *arguments)])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.fixture(scope="module")
def two() -> lp.Comparison:
    return lp.compare("point21", "as_held", set={"relinquished_to": "ua"})


@pytest.fixture(scope="module")
def attacked(two: lp.Comparison) -> lp.Comparison:
    """Hostile words wherever a plan can bring words."""
    plan = two.plans[0]
    first = plan.clause[0]
    text = "one | two\n| three | \\| `x`\r\n# four" + HOSTILE
    quote = first.text[0].model_copy(update={"quote": text, "language": "en"})
    reading = first.reading[0].model_copy(update={"text": {"en": HOSTILE}, "set": {"x": "y"}})
    source = plan.source[0].model_copy(update={"name": HOSTILE, "url": "javascript:alert(1)"})
    clause = first.model_copy(
        update={"text": (quote,), "subject": f"Crimea, {HOSTILE}", "reading": (reading,)}
    )
    hostile = plan.model_copy(
        update={
            "title": {"en": HOSTILE},
            "clause": (clause, *plan.clause[1:]),
            "source": (source,),
            "supersedes": (HOSTILE,),
        }
    )
    hostile._values = {"note": HOSTILE}
    ground = dataclasses.replace(
        two.ground, control=dataclasses.replace(two.ground.control, source=HOSTILE)
    )
    return dataclasses.replace(two, plans=(hostile, two.plans[1]), ground=ground)


# Text


def test_every_table_says_what_it_depends_on(line: Any) -> None:
    status, out, _ = line("point21", "as_held", "--set", "relinquished_to=ua")
    assert status == 0
    parts = out.split("Line of 2025-11-20, ")[1:]
    assert len(parts) == 4
    for part in parts:
        assert "majority of three public assessments" in part
        assert (
            "point21: 28-point draft, Point 21: territories (text of 2025-11-20; a proposal" in part
        )
        assert "as_held: Control as it is (reference) (text of 2025-11-20; a reference" in part
        assert "readings and parameters: relinquished_to = ua" in part
        assert "none chosen" in part
    assert re.search(r"point21 +74,143 +53,255 +5,865 +2,053 +463,780\n", parts[0])
    assert re.search(
        r"point21 +ru +relinquished +ua +Control would pass to Ukraine +2,053 +18\n", parts[1]
    )
    assert re.search(
        r"point21 +ua +demilitarized_buffer +none +Control would pass to no party +5,865 +73\n",
        parts[1],
    )
    assert re.search(r"as_held +ru +unaffected +ru +Control would stay +115,754", parts[1])
    assert re.search(r"point21 +ua +ru +unspecified +us +stated +65\n", parts[2])
    assert re.search(r"point21 +ua +barred: ru, ua +stated +5,865\n", parts[3])


def test_one_table(line: Any) -> None:
    out = line("point21", "as_held", "--by", "control")[1]
    assert out.startswith("Who would hold the ground\n")
    assert "Area by status" not in out
    subjects = line("point21", "as_held", "--by", "clause")[1]
    assert "Donetsk\n  point21 21.1: recognized, 20,734 km²\n" in subjects
    assert "Kinburn\n  point21: No clause speaks of this apart\n" in subjects
    places = line("point21", "as_held", "--by", "places")[1]
    assert "Kramatorsk" in places
    assert "Lviv" not in places
    areas = line("point21", "as_held", "--by", "status", "--by", "unit")[1]
    assert re.search(r"point21 +demilitarized_buffer +Donetsk +5,865 +0.98% +22.05%\n", areas)


@pytest.mark.parametrize("by", ["status", "unit", "held_by", "clause", "control", "recognition"])
@pytest.mark.parametrize("form", ["table", "markdown", "csv", "json"])
def test_each_table_in_each_form(line: Any, by: str, form: str) -> None:
    status, out, _ = line("point21", "as_held", "--by", by, "--format", form)
    assert status == 0
    assert "2025-11-20" in out


# Machine forms


def test_csv_is_exact_and_keeps_its_conditions(line: Any, two: lp.Comparison) -> None:
    out = line(
        *("point21", "as_held", "--set", "relinquished_to=ua", "--by", "control"),
        *("--format", "csv"),
    )[1]
    rows = list(csv.DictReader(io.StringIO(out)))
    wanted = two.control()
    assert [float(row["area_km2"]) for row in rows] == wanted["area_km2"].tolist()
    assert {row["line_date"] for row in rows} == {"2025-11-20"}
    assert all("three public assessments" in row["line_source"] for row in rows)
    assert [row["plan_id"] for row in rows] == wanted["plan_id"].tolist()


def test_csv_without_a_table_says_that_there_are_others(line: Any) -> None:
    _, out, err = line("point21", "as_held", "--format", "csv")
    assert next(iter(csv.DictReader(io.StringIO(out))))["plan_id"] == "point21"
    assert "--by control" in err


def test_json_has_all_tables_and_conditions(line: Any) -> None:
    document = json.loads(line("point21", "as_held", "--format", "json")[1])
    assert [plan["plan_id"] for plan in document["conditions"]["plans"]] == ["point21", "as_held"]
    assert document["conditions"]["line_date"] == "2025-11-20"
    assert document["rows"][0]["demilitarized_buffer"] == pytest.approx(5864.53, abs=0.01)
    assert {row["change"] for row in document["control"]} == {
        *("passes", "stays", "unaffected", "unspecified")
    }
    of_units = lp.arrange().units["area_km2"].sum()
    for name in ("control", "recognition", "forces"):
        ours = [row["area_km2"] for row in document[name] if row["plan_id"] == "point21"]
        assert sum(ours) == pytest.approx(of_units, rel=1e-9)
    figures = [value for value in document["rows"][0].values() if isinstance(value, float)]
    assert sum(figures) == pytest.approx(of_units, rel=1e-9)


def test_a_file_takes_the_place_of_the_old_one_when_all_went_well(
    line: Any, tmp_path: Path
) -> None:
    target = tmp_path / "compared.json"
    target.write_text("old")
    assert line("point21", "nothing", "--format", "json", "-o", target)[0] == 1
    assert target.read_text() == "old"
    status, out, err = line("point21", "as_held", "--format", "json", "-o", target)
    assert (status, out) == (0, "")
    assert f"wrote {target}" in err
    assert json.loads(target.read_text())["rows"]
    assert [path.name for path in tmp_path.iterdir()] == ["compared.json"]


# Markdown


def columns_of(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row)) - 1


def test_no_quotation_breaks_a_markdown_table(attacked: lp.Comparison) -> None:
    text = for_reading(attacked, ("clause",), "markdown")
    rows = [row for row in text.splitlines() if row.startswith("|")]
    assert {columns_of(row) for row in rows} == {8}
    outside = [row for row in text.splitlines() if row and row[0] not in "|-"]
    assert outside == ["## What the texts say, subject by subject"]
    assert "<script" not in text
    for by in ((), ("control",), ("clause",), ("places",)):
        assert "<script" not in for_reading(attacked, by, "markdown")


def test_a_cell_stays_a_cell() -> None:
    table = pd.DataFrame({"a": ["x | y", "new\nline", "back\\|slash", "<b>"], "b": ["1"] * 4})
    rows = grid(table, "markdown").splitlines()
    assert len(rows) == 6
    assert {columns_of(row) for row in rows} == {2}
    assert "back&#92;&#124;slash" in rows[4]
    assert len(grid(table, "table").splitlines()) == 5


# The page


class Elements(HTMLParser):
    """What elements a page has, and whether all of them are closed."""

    VOID = frozenset({"meta", "br", "link", "img", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_stands_alone_in_every_language(two: lp.Comparison, lang: str) -> None:
    found = Elements(page(two, lang))
    assert found.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(found.names)
    fetched = [a for a in found.attributes if a[1] in ("src", "srcset", "action", "data")]
    assert fetched == []
    assert all(
        value.startswith("https://") for _, name, value in found.attributes if name == "href"
    )
    assert "url(" not in page(two, lang)
    assert ("html", "lang", lang) in found.attributes
    assert found.names.count("h1") == 1
    assert found.names.count("table") == 6
    named = {value for _, name, value in found.attributes if name == "aria-labelledby"}
    assert named <= {value for _, name, value in found.attributes if name == "id"}
    body = page(two, lang).split("<body>")[1]
    assert "{" not in body  # no placeholder is left unfilled


def test_the_page_says_figures_and_conditions(two: lp.Comparison) -> None:
    text = re.sub(r"<[^>]+>", " ", page(two).split("</style>")[1])
    text = " ".join(text.split())
    for words in (
        *("5,865", "5,652–6,262", "13,696", "Control would pass to Ukraine"),
        *("Control would pass to no party", "not mapped as held by Russian forces"),
        *("Proposal, not in force", "relinquished_to = ua", "The text does not say"),
        *("20 November 2025", "克里米亞、盧甘斯克", "(our translation)", "Kramatorsk"),
        "takes no position on the legal status",
        "68/262",
    ):
        assert words in text, words
    sections = page(two).split("<section ")[2:]
    assert len(sections) == 6
    assert all("Line of contact of 20 November 2025" in section for section in sections)
    assert all("Proposal, not in force" in section for section in sections)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_clauses_are_named_as_the_text_numbers_them(lang: str) -> None:
    """Point 14.3 is several clauses of the file: its number is said, and none of their keys."""
    two = lp.compare("point21", "plan20", readings={"21.1": "de_facto"})
    html = page(two, lang)
    said = re.findall(r'<p class="clause">(?:<span[^>]*></span>)<strong>([^<]*)</strong>', html)
    assert {"21.1", "21.2", "21.3", "21.4", "14.1", "14.2", "14.3", "12", "16"} == set(said)
    assert not re.search(r"14\.3-(ua|ru)", html)
    texts = html.split('<section aria-labelledby="texts">')[1].split("</section>")[0]
    reading = next(r for r in two.plans[0].clause[0].reading if r.id == "de_facto")
    assert f"<p>21.1: {escape(reading.text[lang])}<small>21.1=de_facto</small></p>" in texts


def test_a_file_named_html_gets_the_page(line: Any, tmp_path: Path) -> None:
    assert line("point21", "as_held", "-o", "compared.html")[0] == 0
    assert (tmp_path / "compared.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert line("point21", "as_held", "--format", "table", "-o", "compared.html")[0] == 0
    text = (tmp_path / "compared.html").read_text(encoding="utf-8")
    assert text.startswith("Area by status")
    assert line("point21", "as_held", "--by", "unit", "-o", "units.html")[0] == 2


def test_text_stays_text_on_the_page(attacked: lp.Comparison) -> None:
    html = page(attacked)
    found = Elements(html)
    assert found.open == []
    assert not {"script", "img"} & set(found.names)
    assert not any(name.startswith("on") for _, name, _ in found.attributes)
    assert not any(
        "javascript" in (value or "") for _, name, value in found.attributes if name == "href"
    )
    assert HOSTILE.replace("\u2028", "") in "".join(found.words).replace("\u2028", "")


def test_the_page_of_a_country_without_places_or_assessments(toy: lp.Dataset) -> None:
    from test_comparison import EAST_HALF, clause, toy_plan

    from lineplan.control import Control

    plans = [toy_plan(toy, name, clause("1", "relinquished", {"units": ["T-NE"]})) for name in "ab"]
    found = Elements(
        page(lp.compare(*plans, dataset=toy, control=Control(EAST_HALF, None, "hand")))
    )
    assert found.names.count("table") == 5
    assert "a date not stated" in " ".join(found.words)


def test_the_page_from_the_command_line(line: Any, tmp_path: Path) -> None:
    status, out, _ = line(
        *("point21", "as_held", "--format", "html", "--lang", "zh-Hant", "-o", "c.html")
    )
    assert (status, out) == (0, "")
    assert "各文本對照" in (tmp_path / "c.html").read_text(encoding="utf-8")
    assert (tmp_path / "c.html").stat().st_size < 100_000


# What is refused


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["point21"], 2, "compare needs two plans or more"),
        (["point21", "point21"], 2, "plan point21 is given more than once"),
        (["point21", "nothing"], 1, "nothing: neither a plan file nor a plan of dataset ukraine"),
        (["point21", "as_held", "--set", "width=3"], 2, "no plan compared has a parameter 'width'"),
        (["point21", "as_held", "--reading", "21.1=x"], 2, "no plan compared has a reading"),
        (["point21", "as_held", "--by", "control", "--by", "unit"], 2, "control stands alone"),
        (["point21", "as_held", "--by", "unit", "--format", "html"], 2, "leave out --by"),
        (["point21", "as_held", "--lang", "uk"], 2, "--lang is for --format html"),
        (["point21", "as_held", "-o", "no/where.txt"], 1, "there is no folder no"),
    ],
)
def test_one_clear_line(line: Any, arguments: list[str], status: int, words: str) -> None:
    found, out, err = line(*arguments)
    said = [row for row in err.strip().splitlines() if not row.startswith("note: ")]
    assert found == status
    assert out == ""
    assert len(said) == 1
    assert words in said[0]


def test_by_must_be_known(line: Any) -> None:
    status, _, err = line("point21", "as_held", "--by", "moon")
    assert status == 2
    assert "moon" in err


def test_by_other_polygons(line: Any, ukraine: lp.Dataset, tmp_path: Path) -> None:
    units = ukraine.units()[["unit_id", "geometry"]]
    units[units["unit_id"].isin(["UA-14", "UA-09"])].to_file(tmp_path / "two.gpkg")
    given = ("point21", "as_held", "--report-by", "two.gpkg", "--report-id", "unit_id")
    status, out, _ = line(*given, "--by", "control")
    assert status == 0
    assert re.search(
        r"point21 +UA-14 +ua +demilitarized_buffer +none +Control would pass to no party +5,865\n",
        out,
    )
    assert "Reported by two.gpkg, column unit_id." in out
    document = json.loads(line(*given, "--by", "status", "--format", "json")[1])
    assert document["conditions"]["report_source"] == "two.gpkg"
    assert {row["report_id"] for row in document["rows"]} == {"UA-09", "UA-14", "outside"}
    assert line(*given)[0] == 2
    assert line(*given, "--by", "places")[0] == 2
    assert line(*given, "--format", "html")[0] == 2
