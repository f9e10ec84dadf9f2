"""The plan language: what it accepts, what it refuses, and how it says so."""

import copy
import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import lineplan as lp
from lineplan.plan import TERMS
from lineplan.plan.file import parse_plan

Raw = dict[str, Any]
Faults = Callable[..., tuple[str, ...]]


@pytest.fixture
def raw(ukraine: lp.Dataset) -> Raw:
    """Point 21 as TOML gives it; each test spoils its own copy."""
    return tomllib.loads(ukraine.plan_path("point21").read_text(encoding="utf-8"))


@pytest.fixture
def plan(ukraine: lp.Dataset) -> lp.Plan:
    return lp.load_plan("point21", ukraine)


@pytest.fixture
def faults(ukraine: lp.Dataset) -> Faults:
    def found(spoiled: Raw) -> tuple[str, ...]:
        with pytest.raises(lp.PlanError) as caught:
            parse_plan(spoiled, ukraine, name="spoiled.toml")
        for line in str(caught.value).splitlines():
            assert line.startswith("spoiled.toml: ")
        return caught.value.faults

    return found


def clause(raw: Raw, clause_id: str) -> Raw:
    (found,) = (c for c in raw["clause"] if c["id"] == clause_id)
    return found


# Point 21


def test_point21_parses(plan: lp.Plan) -> None:
    assert plan.id == "point21"
    assert [c.id for c in plan.clause] == ["21.1", "21.2", "21.3", "21.4"]
    assert [c.status for c in plan.clause] == [
        "recognized",
        "frozen_at_line",
        "relinquished",
        "demilitarized_buffer",
    ]
    assert plan.in_force is False
    assert plan.elsewhere == "unaffected"
    assert set(plan.title) == {"en", "uk", "ru", "zh-Hant"}


def test_point21_quotes_the_reference_text_and_marks_our_translations(plan: lp.Plan) -> None:
    for found in plan.clause:
        published, *ours = found.text
        assert (published.language, published.source) == ("zh-Hant", "cna")
        assert published.kind == "published"
        assert {quote.language for quote in ours} == {"en", "uk", "ru"}
        assert {quote.kind for quote in ours} == {"our translation"}


SET_BY_THE_TEXT = {
    "21.1": {"recognized_as": "ru", "recognized_by": "us"},
    "21.2": {},
    "21.3": {},
    "21.4": {"recognized_as": "ru", "to_be_held_by": "none", "forces": "barred: ru, ua"},
}


@pytest.mark.parametrize("clause_id", SET_BY_THE_TEXT)
def test_what_the_text_does_not_set_is_unspecified(clause_id: str, plan: lp.Plan) -> None:
    (found,) = (c for c in plan.choose().clause if c.id == clause_id)
    said = {term: found.said(term) for term in TERMS}
    assert said == dict.fromkeys(TERMS, "unspecified") | SET_BY_THE_TEXT[clause_id]


def test_what_another_rendering_adds_is_a_reading_that_names_it(plan: lp.Plan) -> None:
    sources = {source.id for source in plan.source}
    readings = [reading for c in plan.clause for reading in c.reading]
    de_facto = [reading for reading in readings if reading.id == "de_facto"]
    assert len(de_facto) == 2
    assert all(reading.source in sources - {"cna"} for reading in de_facto)


# Faults


def test_every_fault_is_found_at_once_with_its_clause(raw: Raw, faults: Faults) -> None:
    del raw["elsewhere"]
    raw["source"].append(copy.deepcopy(raw["source"][0]))
    first, second, third, fourth = raw["clause"]
    first["status"] = "recognised"
    first["where"]["units"][0] = "UA-99"
    second["id"] = "21.1"
    second["recognised_as"] = "ru"
    second["recognition"] = "de_facto"
    del third["text"]
    third["reading"][1]["set"] = {"relinquished": "ua"}
    fourth["overrides"] = ["21.9"]
    fourth["forces"] = {"barred": ["ru", "mars"]}
    fourth["text"][0]["source"] = "bbc"
    found = faults(raw)
    expected = [
        "'elsewhere' is missing",
        "source cna: the id is used twice",
        "clause 21.1: the id is used twice",
        "revoked_if 10: names '21.2', which is no clause",
        "clause 21.1: status: input should be 'recognized'",
        "clause 21.1: units names 'UA-99', which is no unit",
        "clause 21.1: unknown key 'recognised_as'; did you mean 'recognized_as'?",
        "clause 21.1: recognition 'de_facto' is neither a parameter nor one of",
        "clause 21.3: 'text' is missing",
        "clause 21.3: reading to_ukraine sets 'relinquished', which is no parameter",
        "clause 21.4: overrides names '21.9', which is no clause",
        "clause 21.4: forces.barred names 'mars', which is no party",
        "clause 21.4: quotes 'bbc', which is no source",
    ]
    for beginning in expected:
        assert any(fault.startswith(beginning) for fault in found), beginning
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (["id"], "point 21!", "id: "),
        (["dataset"], "toyland", "is written for dataset 'toyland', not 'ukraine'"),
        (["date"], "soon", "date: "),
        (["in_force"], "perhaps", "in_force: "),
        (["elsewhere"], "unknown", "elsewhere: "),
        (["clause"], [], "clause: "),
        (["clause"], {"id": "21.1"}, "clause: "),
        (["clause", 0, "text"], [], "clause 21.1: text: "),
        (["clause", 0, "text", 0, "kind"], "rumour", "clause 21.1: text.0.kind: "),
        (["clause", 0, "where"], "UA-14", "clause 21.1: where: "),
        (["clause", 0, "where", "units"], "UA-14", "clause 21.1: where.units: "),
        (["clause", 0, "where", "units"], [], "clause 21.1: where.units: "),
        (["clause", 3, "where", "held_by"], [], "clause 21.4: where.held_by: "),
        (["clause", 3, "where", "held_by"], "mars", "clause 21.4: held_by names 'mars'"),
        (["clause", 3, "overrides"], ["21.4"], "clause 21.4: overrides itself"),
        (["clause", 0, "overrides"], ["21.4"], "clause 21.1: overrides a clause that"),
        (["clause", 0, "recognized_by"], 5, "clause 21.1: recognized_by: "),
        (["clause", 0, "recognized_by"], ["mars"], "clause 21.1: recognized_by names 'mars'"),
        (["clause", 2, "to_be_held_by"], "mars", "clause 21.3: to_be_held_by names 'mars'"),
        (["parameters", "relinquished_to", "default"], "ru", "parameter relinquished_to: default"),
        (
            ["parameters", "relinquished_to", "choices"],
            ["unspecified", "ua", "mars"],
            "clause 21.3: to_be_held_by names 'mars'",
        ),
        (["parameters", "ru"], {"default": "ua", "choices": ["ua"]}, "parameter ru: "),
    ],
)
def test_single_faults(
    path: list[str | int], value: object, said: str, raw: Raw, faults: Faults
) -> None:
    *steps, last = path
    table: Any = raw
    for step in steps:
        table = table[step]
    table[last] = value
    found = faults(raw)
    assert any(fault.startswith(said) for fault in found), found
    for fault in found:
        assert "literal[" not in fault
        assert "tuple" not in fault


def test_a_reading_id_is_used_once_in_a_clause(raw: Raw, faults: Faults) -> None:
    readings = clause(raw, "21.1")["reading"]
    readings.append(copy.deepcopy(readings[0]))
    assert faults(raw) == ("clause 21.1: reading regions: the id is used twice",)


@pytest.mark.parametrize("position", [0, 4])
def test_a_clause_that_is_no_table_is_named_by_its_position(
    position: int, raw: Raw, faults: Faults
) -> None:
    raw["clause"].insert(position, 7)
    (fault,) = faults(raw)
    assert fault.startswith(f"clause number {position + 1}: ")


def test_a_misspelt_unit_is_answered_with_the_nearest(raw: Raw, faults: Faults) -> None:
    clause(raw, "21.2")["where"]["units"] = ["UA-65", "UA23"]
    assert faults(raw) == (
        "clause 21.2: units names 'UA23', which is no unit; did you mean 'UA-23'?",
    )


def test_files_that_are_no_plan(tmp_path: Path, ukraine: lp.Dataset) -> None:
    with pytest.raises(lp.PlanError, match="no such file"):
        lp.load_plan(tmp_path / "nowhere.toml", ukraine)
    broken = tmp_path / "broken.toml"
    broken.write_text("id = ")
    with pytest.raises(lp.PlanError, match="cannot be read as TOML"):
        lp.load_plan(broken, ukraine)
    with pytest.raises(lp.DatasetError, match=r"point22: neither a plan file nor a plan .*point21"):
        lp.load_plan("point22", ukraine)


def test_markup_in_a_plan_is_only_text(raw: Raw, ukraine: lp.Dataset) -> None:
    raw["title"]["en"] = "<script>alert(1)</script> {{ x }} ${x}"
    assert parse_plan(raw, ukraine, name="x").title["en"] == raw["title"]["en"]


# Parameters and readings


def test_defaults(plan: lp.Plan) -> None:
    chosen = plan.choose()
    assert set(chosen.parameter_values.values()) == {"unspecified"}
    assert chosen.chosen_readings == ()


def test_a_reading_sets_parameters(plan: lp.Plan) -> None:
    chosen = plan.choose(readings={"21.1": "de_facto"})
    assert chosen.clause[0].recognition == "de facto"
    assert chosen.parameter_values["recognition_21_1"] == "de facto"
    assert chosen.chosen_readings == ("21.1=de_facto",)


def test_a_value_must_not_contradict_a_reading(plan: lp.Plan) -> None:
    with pytest.raises(lp.UsageError, match="sets recognition_21_1 to de facto, not de jure"):
        plan.choose(readings={"21.1": "de_facto"}, set={"recognition_21_1": "de jure"})


def test_a_choice_stays_made_and_can_be_changed(plan: lp.Plan) -> None:
    """What is stated must be what was applied, also when a plan is chosen from twice."""
    once = plan.choose(readings={"21.1": "de_facto"}, set={"relinquished_to": "ua"})
    again = once.choose()
    assert again.parameter_values == once.parameter_values
    assert again.chosen_readings == once.chosen_readings
    assert again.clause == once.clause
    changed = once.choose(set={"recognition_21_1": "de jure"})
    assert changed.clause[0].recognition == "de jure"
    assert changed.parameter_values["relinquished_to"] == "ua"


def test_choosing_leaves_the_plan_as_it_was(plan: lp.Plan) -> None:
    before = plan.model_dump()
    plan.choose(readings={"21.1": "de_facto"})
    assert plan.model_dump() == before
    assert plan.chosen_readings == ()


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"set": {"width_km": 10}}, "no parameter 'width_km'; declared: recognition_21_1, "),
        ({"set": {"relinquished_to": "ru"}}, "'ru' is not one of unspecified, ua"),
        ({"readings": {"21.9": "x"}}, "no clause '21.9'; its clauses are 21.1, 21.2"),
        ({"readings": {"21.1": "x"}}, "clause 21.1 has no reading 'x'; it has regions, "),
    ],
)
def test_undeclared_choices_list_the_declared(choice: Any, said: str, plan: lp.Plan) -> None:
    with pytest.raises(lp.UsageError) as caught:
        plan.choose(**choice)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (-1, "-1 lies outside 0 to 200"),
        (201, "201 lies outside 0 to 200"),
        ("ten", "'ten' is not a number"),
        (True, "True is not a number"),
        (float("nan"), "lies outside"),
        (None, "must be set: --set width_km=VALUE"),
    ],
)
def test_a_number_has_limits(value: object, said: str, raw: Raw, ukraine: lp.Dataset) -> None:
    raw["parameters"]["width_km"] = {"min": 0, "max": 200, "unit": "km"}
    plan = parse_plan(raw, ukraine, name="x")
    assert plan.choose(set={"width_km": 15}).parameter_values["width_km"] == 15
    with pytest.raises(lp.UsageError, match=said):
        plan.choose(set={} if value is None else {"width_km": value})  # type: ignore[dict-item]


# JSON Schema


def as_json(raw: Raw) -> Raw:
    return json.loads(json.dumps(raw, default=str))


def test_the_schema_accepts_point21(raw: Raw) -> None:
    schema = lp.plan_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(as_json(raw))
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw.pop("elsewhere"),
        lambda raw: raw["clause"][0].update(status="recognised"),
        lambda raw: raw["clause"][0].pop("text"),
        lambda raw: raw["clause"][0]["where"].update(within={"km": 15}),
        lambda raw: raw.update(clause=[]),
        lambda raw: raw.update(colour="red"),
    ],
)
def test_the_schema_refuses_what_the_check_refuses(spoil: Any, raw: Raw, faults: Faults) -> None:
    spoil(raw)
    assert faults(raw)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(as_json(raw), lp.plan_schema())


def test_the_schema_lets_a_title_be_plain_text(raw: Raw, ukraine: lp.Dataset) -> None:
    """The check takes a plain string for English; an editor that follows the schema must too."""
    raw["title"] = "Point 21"
    raw["clause"][3]["where"]["held_by"] = ["ua", "contested"]
    assert parse_plan(raw, ukraine, name="x").title == {"en": "Point 21"}
    jsonschema.validate(as_json(raw), lp.plan_schema())


@pytest.mark.parametrize("title", ["", {}, {"uk": "Проєкт"}])
def test_a_title_has_english(title: object, raw: Raw, faults: Faults) -> None:
    """`plans show` and `plans list` ended in a traceback."""
    raw["title"] = title
    (fault,) = faults(raw)
    assert fault.startswith("title.en is missing")


def test_an_administration_is_a_declared_party(raw: Raw, faults: Faults) -> None:
    """The plan passed its check, and the map of it then failed."""
    clause(raw, "21.4")["administration"] = "IAEA"
    (fault,) = faults(raw)
    assert fault.startswith("clause 21.4: administration names 'IAEA', which is no party")


def test_a_reading_gone_over_is_not_said_to_be_chosen(plan: lp.Plan) -> None:
    """Conditions and map said "de facto" was chosen beside a parameter set to "de jure"."""
    read = plan.choose(readings={"21.1": "de_facto"})
    assert read.chosen_readings == ("21.1=de_facto",)
    gone_over = read.choose(set={"recognition_21_1": "de jure"})
    assert gone_over.chosen_readings == ()
    agreeing = read.choose(set={"recognition_21_1": "de facto"})
    assert agreeing.chosen_readings == ("21.1=de_facto",)
