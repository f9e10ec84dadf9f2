"""`lineplan plans`: what it says of a plan, before and after it is laid on the ground."""

from __future__ import annotations

import csv
import io
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from conftest import one_line_of

import lineplan as lp
from lineplan.plan import Strip, Where, language
from lineplan.plan.start import starter
from lineplan.plantext import where_in_words

DONETSK_KM2 = 26_598.9

HEAD = """
id = "own"
dataset = "ukraine"
date = 2026-01-01
in_force = false
elsewhere = "unaffected"
title = "Own plan"
"""


def clause(clause_id: str, where: str, more: str = "", text: str = "") -> str:
    return f"""
[[clause]]
id = "{clause_id}"
subject = "Donetsk"
where = {where}
status = "special_zone"
{more}
[[clause.text]]
language = "en"
kind = "published"
quote = "Words."
{text}
"""


@pytest.fixture
def own(tmp_path: Path) -> Any:
    """Write own.toml, the plan that the tests below check and show."""

    def write(*parts: str) -> Path:
        path = tmp_path / "own.toml"
        path.write_text("\n".join((HEAD, *parts)), encoding="utf-8")
        return path

    return write


# -- list ----------------------------------------------------------------------------------------


def test_the_library_in_every_form(line: Any) -> None:
    rows = {r["id"]: r for r in line("plans", "list", "--format", "json").document["rows"]}
    plan = rows["point21"]
    assert list(plan) == ["id", "date", "title", "clauses", "supersedes"]
    assert (plan["date"], plan["clauses"], plan["supersedes"]) == ("2025-11-20", 4, [])
    assert sorted(rows) == lp.load_dataset().plan_ids()
    table = line("plans", "list").out.splitlines()
    assert table[0].split() == ["id", "date", "title", "clauses", "supersedes"]
    assert len(table) == len(rows) + 1
    markdown = line("plans", "list", "--format", "markdown").out
    assert "| point21 | 2025-11-20 | 28-point draft, Point 21: territories | 4 |" in markdown
    comma = csv.DictReader(io.StringIO(line("plans", "list", "--format", "csv").out))
    assert {row["id"]: row["clauses"] for row in comma}["point21"] == "4"


# -- show ----------------------------------------------------------------------------------------


def test_a_plan_is_shown_with_all_it_says(line: Any) -> None:
    shown = line("plans", "show", "point21").out
    for words in (
        "28-point draft, Point 21: territories [point21]",
        "Text of 2025-11-20; a proposal, not in force.",
        "Line of 2025-11-20",
        "ground: units UA-14 Donetsk; held by ua\n    takes: 5,865 km² in UA-14\n",
        "overrides: 21.1",
        "recognition: recognition_21_1 = unspecified",
        "[zh-Hant, published, cna] 烏克蘭自目前控制的",
        "[en, our translation] Ukraine withdraws",
        "can be chosen: --reading 21.1=de_facto sets recognition_21_1 = de facto; from aa",
        "taken as it stands; from la_lv",
        "relinquished_to: one of unspecified, ua; default unspecified.",
        "cna [zh-Hant]: Central News Agency",
    ):
        assert words in shown


def test_what_is_chosen_shows(line: Any) -> None:
    options = ("--reading", "21.1=de_facto", "--set", "relinquished_to=ua")
    shown = line("plans", "show", "point21", *options).out
    assert "\n        chosen: --reading 21.1=de_facto sets recognition_21_1 = de facto" in shown
    assert "recognition: recognition_21_1 = de facto" in shown
    assert "default unspecified; set to ua." in shown
    assert "can be chosen: --reading 21.3=to_ukraine" in shown


def test_a_plan_in_markdown_has_no_markup_of_its_own(line: Any, own: Any) -> None:
    own(clause("1", '{ units = ["UA-14"] }').replace("Words.", "<b>A</b> *and* `b`"))
    shown = line("plans", "show", "own.toml", "--format", "markdown").out
    assert shown.startswith("# Own plan \\[own\\]\n\n- Text of 2026-01-01")
    assert "\n## 1 Donetsk: special_zone\n\n- ground: units UA-14 Donetsk\n" in shown
    assert "\\<b>A\\</b> \\*and\\* \\`b\\`" in shown


def test_all_that_a_plan_can_say_is_shown(line: Any, own: Any) -> None:
    own(
        'supersedes = ["point21"]',
        '[note]\nen = "A note."',
        '[[source]]\nid = "s"\nname = "Paper"\nlanguage = "uk"\ndate = 2026-01-02\n'
        'url = "https://example.org"\nreliability = "Weak."',
        '[parameters.width]\ndefault = 10\nmin = 0\nmax = 30\nunit = "km"\ntext = "How wide."',
        clause(
            "1",
            '{ units = ["UA-14"], within = { of = "line", km = "width", side = "ua" } }',
            text='source = "s"\ndiffers = "Says more."\n[[clause.reading]]\nid = "narrow"\n'
            'text = "Ten."\nset = { width = 10 }\n[[clause.reading]]\nid = "wide"\n'
            'text = "Twenty."\nset = { width = 20 }',
        ),
        '[[revoked_if]]\nid = "9"\nclauses = ["1"]\nterms = ["forces"]\n'
        '[[revoked_if.text]]\nlanguage = "en"\nkind = "published"\nquote = "If not."',
    )
    shown = line("plans", "show", "own.toml").out
    for words in (
        "Supersedes: point21",
        "A note.",
        "ground: units UA-14 Donetsk; within 10 km of line, ua side (width)",
        "[en, published, s] Words.\n        differs: Says more.",
        "reading narrow: Ten.\n        in effect by default: width = 10",
        "reading wide: Twenty.\n        can be chosen: --reading 1=wide sets width = 20",
        "width: 0 to 30 km; default 10. How wide.",
        "9 (clauses: 1; terms: forces)\n        [en, published] If not.",
        "s [uk]: Paper (2026-01-02). Weak.\n        https://example.org",
    ):
        assert words in shown
    wide = line("plans", "show", "own.toml", "--reading", "1=wide").out
    assert "within 20 km of line, ua side (width)" in wide
    taken = re.compile(r"takes: ([\d,]+) km² in UA-14")
    narrow_km2, wide_km2 = (int(taken.search(text)[1].replace(",", "")) for text in (shown, wide))
    assert 0 < narrow_km2 < wide_km2


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (Where(), "everywhere"),
        (
            Where(not_units=("UA-14",), held_by=("ua", "ru")),
            "not units UA-14 Donetsk; held by ua or ru",
        ),
        (Where(within=(Strip(of="kinburn", km=0),)), "inside kinburn"),
        (Where(beyond=(Strip(of="kinburn", km=0),)), "outside kinburn"),
        (Where(beyond=(Strip(of="dnipro", km=2.5),)), "beyond 2.5 km of dnipro"),
        (
            Where(within=(Strip(of="line@2014-09-19", km="w", side="ru"),)),
            "within w (to be set) km of line@2014-09-19, ru side",
        ),
        (
            Where(
                held_by=("ua",),
                any=(Where(units=("UA-14",)), Where(within=(Strip(of="line", km=1.0),))),
            ),
            "held by ua; either (units UA-14 Donetsk) or (within 1 km of line)",
        ),
    ],
)
def test_ground_in_words(where: Where, words: str, ukraine: lp.Dataset) -> None:
    assert where_in_words(where, ukraine) == words


def test_a_plan_whose_clauses_overlap_is_shown_all_the_same(line: Any, own: Any) -> None:
    own(clause("1", '{ units = ["UA-14"] }'), clause("2", '{ units = ["UA-14"] }'))
    said = line("plans", "show", "own.toml")
    assert said.status == 0
    assert "warning: own: clauses 1 and 2 both speak of 26,598.9 km² (UA-14)" in said.err
    assert "takes:" not in said.out
    assert "2 Donetsk: special_zone" in said.out


# -- check ---------------------------------------------------------------------------------------


def test_a_plan_that_is_well_says_what_each_clause_takes(line: Any) -> None:
    said = line("plans", "check", "point21")
    assert said.status == 0
    assert "warning" not in said.err
    assert said.err.endswith("point21: no fault; plan point21, 4 clause(s)\n")
    rows = [row.split() for row in said.out.splitlines() if row]
    assert rows[2] == ["clause", "status", "km²", "units"]
    assert rows[-2] == ["21.4", "demilitarized_buffer", "5,864.5", "UA-14"]
    assert rows[-1][:3] == ["no", "clause", "unaffected"]
    assert "Line of 2025-11-20" in said.out


def test_every_overlap_is_named(line: Any, own: Any) -> None:
    own(
        clause("1", '{ units = ["UA-14"] }'),
        clause("2", '{ units = ["UA-14", "UA-09"] }'),
        clause("3", '{ units = ["UA-09", "UA-43"] }'),
        clause("4", '{ units = ["UA-40"] }'),
    )
    said = line("plans", "check", "own.toml")
    assert said.status == 1
    assert said.out == ""
    faults = [words for words in said.err.splitlines() if "both speak" in words]
    assert len(faults) == 2
    assert "clauses 1 and 2 both speak of 26,598.9 km² (UA-14)" in faults[0]
    assert re.search(r"clauses 2 and 3 both speak of [\d,.]+ km² \(UA-09\)", faults[1])


def test_what_is_loose_is_a_warning(line: Any, own: Any) -> None:
    own(
        'supersedes = ["older", "point21"]',
        '[[source]]\nid = "unread"\nname = "Paper"\nlanguage = "en"',
        '[[source]]\nid = "read"\nname = "Paper"\nlanguage = "en"',
        '[parameters.lost]\ndefault = "x"\nchoices = ["x", "y"]',
        '[parameters.vain]\ndefault = "x"\nchoices = ["x", "y"]',
        '[parameters.kind]\ndefault = "unspecified"\nchoices = ["unspecified", "de facto"]',
        "[parameters.width]\ndefault = 5\nmin = 0",
        clause(
            "1",
            '{ units = ["UA-14"], within = { of = "line", km = "width" } }',
            'recognition = "kind"',
            '[[clause.reading]]\nid = "r"\ntext = "Read."\nsource = "read"\nset = { vain = "y" }',
        ),
        clause("2", '{ units = ["UA-46"], held_by = "ru" }'),
    )
    said = line("plans", "check", "own.toml")
    assert said.status == 0
    warnings = [words for words in said.err.splitlines() if words.startswith("warning: own: ")]
    assert [words.removeprefix("warning: own: ") for words in warnings] == [
        "parameter lost: no clause uses it",
        "parameter vain: no clause uses it; set without effect by 1=r",
        "source unread: never quoted",
        "supersedes older, which dataset ukraine does not have (it has "
        f"{', '.join(lp.load_dataset().plan_ids())})",
        "clause 2 catches no ground",
    ]
    assert "own.toml: no fault; plan own, 2 clause(s)" in said.err
    assert re.search(r"^2 +special_zone +0\.0$", said.out, re.MULTILINE)


OPEN = (
    '[parameters.width]\nmin = 1\nmax = 30\nunit = "km"',
    clause(
        "1",
        '{ units = ["UA-14"], within = [{ of = "line", km = "width" }, '
        '{ of = "line@2014-09-19", km = 40 }] }',
    ),
)


def test_a_plan_that_lacks_something_is_checked_for_form(line: Any, own: Any) -> None:
    own(*OPEN)
    said = line("plans", "check", "own.toml")
    assert said.status == 0
    assert said.out == ""
    assert "to lay it on the ground, give --set width=VALUE (1 to 30 km)" in said.err
    assert "to lay it on the ground, give --line 2014-09-19=FILE (a source of" in said.err
    assert "own.toml: no fault of form; plan own, 1 clause(s); not laid on the ground" in said.err
    shown = line("plans", "show", "own.toml").out
    assert "within width (to be set) km of line; within 40 km of line@2014-09-19" in shown
    assert "width: 1 to 30 km; no default, must be set" in shown
    own(*OPEN, clause("2", '{ units = ["UA-99"] }'))
    assert "clause 2: units names 'UA-99'" in line("plans", "check", "own.toml").err


def test_with_what_it_lacks_it_is_laid(line: Any, own: Any, tmp_path: Path) -> None:
    own(*OPEN)
    lp.arrange().line[["geometry"]].to_file(tmp_path / "then.geojson")
    given = ("--set", "width=10", "--line", "2014-09-19=then.geojson")
    said = line("plans", "check", "own.toml", *given)
    assert said.status == 0
    assert "own.toml: no fault; plan own" in said.err
    (km2,) = re.findall(r"^1 +special_zone +([\d,.]+) +UA-14$", said.out, re.MULTILINE)
    assert 0 < float(km2.replace(",", "")) < DONETSK_KM2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("--set", "width=99"), "99 lies outside 1 to 30"),
        (("--set", "widht=9"), "no parameter 'widht'"),
        (("--reading", "1=none"), "has no reading 'none'"),
        (("--line", "yesterday=x"), "'yesterday' is not a date"),
    ],
)
def test_what_is_given_is_judged_though_more_is_needed(
    line: Any, own: Any, given: tuple[str, str], told: str
) -> None:
    own(*OPEN)
    said = line("plans", "check", "own.toml", *given)
    assert said.status == 2
    assert told in said.err


# -- new -----------------------------------------------------------------------------------------


def test_a_new_plan_checks_clean(line: Any, tmp_path: Path) -> None:
    said = line("plans", "new", "mine")
    assert said.status == 0
    assert "wrote mine.toml\n" in said.err
    assert [p.name for p in tmp_path.iterdir()] == ["mine.toml"]
    checked = line("plans", "check", "mine.toml")
    assert checked.status == 0
    assert "warning" not in checked.err
    assert "mine.toml: no fault; plan mine, 1 clause(s)" in checked.err
    assert re.search(r"^1 +unspecified +26,598\.9 +UA-14$", checked.out, re.MULTILINE)


def uncommented(text: str) -> str:
    """What stands commented out, taken in: a # with no space after it."""
    return re.sub(r"^#(?=[^\s:])", "", text, flags=re.MULTILINE)


def test_a_new_plan_shows_every_key_and_each_can_be_taken_in(
    line: Any, tmp_path: Path, ukraine: lp.Dataset
) -> None:
    text = uncommented(starter("mine", ukraine))
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    said = line("plans", "check", "mine.toml")
    assert said.status == 0
    assert "warning" not in said.err
    plan = tomllib.loads(text)

    def keys(value: object) -> set[str]:
        inside = value.values() if isinstance(value, dict) else value
        nested = inside if isinstance(value, (dict, list)) else ()
        return set(value if isinstance(value, dict) else ()).union(*map(keys, nested))

    models = [
        m
        for m in vars(language).values()
        if isinstance(m, type)
        and m.__module__ == language.__name__
        and issubclass(m, language.BaseModel)
    ]
    assert len(models) > 9
    assert {key for model in models for key in model.model_fields} - keys(plan) == set()


def test_a_new_plan_never_takes_the_place_of_a_file(line: Any, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("old")
    assert "mine.toml: stands there already" in one_line_of(line("plans", "new", "mine"))
    assert line("plans", "new", "mine", "-o", "other.toml").status == 0
    (tmp_path / "plan.schema.json").write_text("{}")
    said = line("plans", "new", "third", "--schema")
    assert "plan.schema.json: stands there already, and is another" in one_line_of(said)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "mine.toml",
        "other.toml",
        "plan.schema.json",
    ]
    assert (tmp_path / "mine.toml").read_text() == "old"


@pytest.mark.parametrize("bad", ["", "-x", "a b", "../x", "ü", "point21"])
def test_an_id_that_is_none(line: Any, tmp_path: Path, bad: str) -> None:
    said = line("plans", "new", "--", bad)
    assert said.status == 2
    assert repr(bad) in said.err or "has a plan of this id" in said.err
    assert not list(tmp_path.iterdir())


# -- schema --------------------------------------------------------------------------------------


def as_editor(text: str) -> Any:
    """A TOML file as an editor lays it against a JSON Schema: dates are strings."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def test_a_new_plan_leads_an_editor_to_the_schema(line: Any, tmp_path: Path) -> None:
    assert line("plans", "new", "mine", "--schema").status == 0
    assert line("plans", "new", "second", "--schema").status == 0  # the schema is there already
    text = (tmp_path / "mine.toml").read_text(encoding="utf-8")
    assert text.splitlines()[0] == "#:schema ./plan.schema.json"
    schema = json.loads((tmp_path / "plan.schema.json").read_text(encoding="utf-8"))
    assert schema == json.loads(line("plans", "schema").out)
    for form in (text, uncommented(text)):
        jsonschema.Draft202012Validator(schema).validate(as_editor(form))
    assert line("plans", "check", "mine.toml").status == 0


@pytest.mark.parametrize("plan_id", lp.load_dataset().plan_ids())
def test_the_schema_takes_every_plan_of_the_library(plan_id: str, ukraine: lp.Dataset) -> None:
    path = ukraine.plan_path(plan_id)
    jsonschema.Draft202012Validator(lp.plan_schema()).validate(
        as_editor(path.read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('status = "unspecified"', 'status = "recognised"'),
        ("in_force = false", 'in_force = "no"'),
        ('subject = "Donetsk"', 'topic = "Donetsk"'),
        ('kind = "published"', 'kind = "hearsay"'),
        ('{ units = ["UA-14"] }', "{ units = [] }"),
        ('{ units = ["UA-14"] }', "{ within = { of = 'line', km = -1 } }"),
        ('{ units = ["UA-14"] }', "{ within = { of = 'line' } }"),
        ('id = "mine"', 'id = "my plan"'),
        ('elsewhere = "unaffected"', 'elsewhere = "recognized"'),
    ],
)
def test_the_schema_refuses_a_faulty_plan(right: str, wrong: str, ukraine: lp.Dataset) -> None:
    text = starter("mine", ukraine)
    assert right in text
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_editor(text.replace(right, wrong)), lp.plan_schema())


def test_a_dataset_of_ones_own(line: Any) -> None:
    """Golan and Abkhazia are in no embedded dataset."""
    toy = str(Path(__file__).parent / "data" / "toyland")
    case = Path(__file__).parent / "data" / "cases" / "frozen"
    given = ("--dataset", toy, "--control", str(case / "control.geojson"))
    said = line("plans", "check", str(case / "plan.toml"), *given)
    assert said.status == 0
    assert re.search(r"^1 +frozen_at_line +12,308\.5 +T-SE$", said.out, re.MULTILINE)
    said = line("areas", str(case / "plan.toml"), *given, "--format", "csv")
    assert "frozen_at_line" in said.out
    assert line("plans", "list", "--dataset", toy).status == 0
    assert line("areas", "--dataset", "nowhere").status == 1


@pytest.mark.parametrize("whole", [False, True])
def test_a_new_plan_of_another_dataset_checks_clean(line: Any, tmp_path: Path, whole: bool) -> None:
    """It named units and parties of Ukraine."""
    toy = str(Path(__file__).parent / "data" / "toyland")
    assert line("plans", "new", "mine", "--dataset", toy).status == 0
    path = tmp_path / "mine.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(uncommented(text).replace('"point21"', '"frozen"') if whole else text, "utf-8")
    lp.load_plan(path, lp.load_dataset(toy))
