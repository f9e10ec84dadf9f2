"""Several plans on one ground: areas computed in the head, and figures that agree with arrange."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toyland
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import box
from toyland import SQUARE_KM2, claims

import lineplan as lp
from lineplan.comparison import CHANGES
from lineplan.control import Control
from lineplan.dataset import Subject
from lineplan.plan import STATUSES, TERMS
from lineplan.plan.file import parse_plan

EAST_HALF = claims(("bora", box(31.5, -1.5, 32.5, 1.5)))  # half of T-NE and half of T-SE


def clause(clause_id: str, status: str, where: dict[str, Any], **said: Any) -> dict[str, Any]:
    text = [
        {"language": "en", "kind": "our translation", "quote": f"ours {clause_id}"},
        {"language": "la", "kind": "published", "quote": f"verba {clause_id}"},
    ]
    return {
        "id": clause_id,
        "subject": "East",
        "where": where,
        "status": status,
        "text": text,
    } | said


def toy_plan(
    toy: lp.Dataset,
    plan_id: str,
    *clauses: dict[str, Any],
    elsewhere: str = "unaffected",
    **said: Any,
) -> lp.Plan:
    raw = {
        "id": plan_id,
        "dataset": "toyland",
        "title": f"Plan {plan_id}",
        "date": "2025-01-01",
        "in_force": False,
        "elsewhere": elsewhere,
        "clause": list(clauses),
    }
    return parse_plan(raw | said, toy, name=plan_id)


@pytest.fixture(scope="module")
def country() -> Control:

    return Control(EAST_HALF, dt.date(2025, 1, 1), "by hand")


@pytest.fixture(scope="module")
def leave(toy: lp.Dataset) -> lp.Plan:
    """Bora leaves T-NE; whose T-SE would be is open; nobody speaks of the west."""
    return toy_plan(
        toy,
        "leave",
        clause("1", "relinquished", {"units": ["T-NE"], "held_by": "bora"}, to_be_held_by="aria"),
        clause("2", "frozen_at_line", {"units": ["T-SE"]}),
    )


@pytest.fixture(scope="module")
def stay(toy: lp.Dataset) -> lp.Plan:
    """Each stays; T-SE without any party; bora is recognised in what it holds of the rest."""
    return toy_plan(
        toy,
        "stay",
        clause("a", "demilitarized_buffer", {"units": ["T-SE"]}, to_be_held_by="none"),
        clause(
            "b",
            "recognized",
            {"units": ["T-NE"], "held_by": "bora"},
            recognized_as="as_held",
            to_be_held_by="as_held",
            recognition="de jure",
            recognized_by=["cora"],
        ),
        elsewhere="unspecified",
    )


@pytest.fixture(scope="module")
def both(toy: lp.Dataset, country: Control, leave: lp.Plan, stay: lp.Plan) -> lp.Comparison:
    return lp.compare(leave, stay, dataset=toy, control=country)


@pytest.fixture(scope="module")
def three() -> lp.Comparison:
    """The reading of Point 21 by which control of relinquished ground would pass to Ukraine."""
    return lp.compare("point21", "as_held", "borders1991", set={"relinquished_to": "ua"})


def squares(table: pd.DataFrame, *keys: str) -> dict[Any, float]:
    """Area in squares by the values of `keys`."""
    return {
        tuple(row[key] for key in keys): pytest.approx(row["area_km2"] / SQUARE_KM2, rel=1e-9)
        for row in table.to_dict("records")
    }


# Figures that can be computed in the head


def test_matrix(both: lp.Comparison) -> None:
    table = both.matrix().set_index("plan_id") / SQUARE_KM2
    assert list(table.columns) == list(STATUSES)
    assert list(table.index) == ["leave", "stay"]
    said = {i: {s: v for s, v in row.items() if v} for i, row in table.to_dict("index").items()}
    assert said["leave"] == pytest.approx(
        {"relinquished": 0.5, "frozen_at_line": 1, "unaffected": 2.5}, rel=1e-9
    )
    assert said["stay"] == pytest.approx(
        {"demilitarized_buffer": 1, "recognized": 0.5, "unspecified": 2.5}, rel=1e-9
    )


def test_control(both: lp.Comparison) -> None:
    assert squares(both.control(), "plan_id", "held_by", "to_be_held_by", "change") == {
        ("leave", "bora", "aria", "passes"): 0.5,
        ("leave", "aria", "unspecified", "unaffected"): 2.5,
        ("leave", "aria", "unspecified", "unspecified"): 0.5,
        ("leave", "bora", "unspecified", "unspecified"): 0.5,
        ("stay", "aria", "none", "passes"): 0.5,
        ("stay", "bora", "none", "passes"): 0.5,
        ("stay", "bora", "bora", "stays"): 0.5,
        ("stay", "aria", "unspecified", "unspecified"): 2.5,
    }
    assert both.control()["places"].isna().all()  # the dataset has none


def test_recognition(both: lp.Comparison) -> None:
    keys = ["plan_id", "held_by", "recognized_as", "recognition", "recognized_by", "said"]
    open_ = ("unspecified",) * 3
    assert squares(both.recognition(), *keys) == {
        ("leave", "aria", *open_, "unaffected"): 2.5,
        ("leave", "aria", *open_, "unspecified"): 0.5,
        ("leave", "bora", *open_, "unspecified"): 1,
        ("stay", "bora", "bora", "de jure", "cora", "set"): 0.5,
        ("stay", "aria", *open_, "unspecified"): 3,
        ("stay", "bora", *open_, "unspecified"): 0.5,
    }


def test_forces(toy: lp.Dataset, country: Control, leave: lp.Plan) -> None:
    bars = toy_plan(
        toy, "bars", clause("1", "limited_forces", {"units": ["T-NE"]}, forces={"barred": ["bora"]})
    )
    table = lp.compare(bars, leave, dataset=toy, control=country).forces()
    assert squares(table[table["plan_id"] == "bars"], "held_by", "forces", "said") == {
        ("aria", "barred: bora", "set"): 0.5,
        ("bora", "barred: bora", "set"): 0.5,
        ("aria", "unspecified", "unaffected"): 2.5,
        ("bora", "unspecified", "unaffected"): 0.5,
    }


def test_the_ground_table_has_a_row_for_each_combination(both: lp.Comparison) -> None:
    table = both.ground_table
    keys = ["unit_id", "held_by", "leave.status", "stay.status"]
    assert squares(table, *keys) == {
        ("T-NE", "aria", "unaffected", "unspecified"): 0.5,
        ("T-NE", "bora", "relinquished", "recognized"): 0.5,
        ("T-NW", "aria", "unaffected", "unspecified"): 1,
        ("T-SE", "aria", "frozen_at_line", "demilitarized_buffer"): 0.5,
        ("T-SE", "bora", "frozen_at_line", "demilitarized_buffer"): 0.5,
        ("T-SW", "aria", "unaffected", "unspecified"): 1,
    }
    assert {f"stay.{c}" for c in ("status", "clause_id", *TERMS)} <= set(table.columns)


def test_contested_ground_does_not_stay_with_anyone(toy: lp.Dataset, country: Control) -> None:
    keeps = toy_plan(toy, "keeps", clause("1", "unaffected", {}, to_be_held_by="as_held"))
    contested = Control(claims(("contested", box(31.5, -1.5, 32.5, 1.5))), "by hand", country.as_of)
    table = lp.compare(keeps, dataset=toy, control=contested).control()
    assert squares(table, "held_by", "to_be_held_by", "change") == {
        ("aria", "aria", "stays"): 3,
        ("contested", "unspecified", "unaffected"): 1,
    }


def test_strips_of_all_plans_are_cut_once(toy: lp.Dataset, country: Control) -> None:
    near = {
        name: toy_plan(toy, name, clause("1", "special_zone", {"within": {"of": "line", "km": km}}))
        for name, km in (("ten", 10.0), ("twenty", 20.0))
    }
    table = lp.compare(*near.values(), dataset=toy, control=country).matrix()
    for name, plan in near.items():
        alone = lp.arrange(plan, dataset=toy, control=country).areas("status")
        there = table.set_index("plan_id").loc[name, "special_zone"]
        alone_km2 = alone.set_index("status")["area_km2"]["special_zone"]
        assert there == pytest.approx(alone_km2, rel=1e-9)
    widths = table.set_index("plan_id")["special_zone"]
    assert widths["twenty"] == pytest.approx(2 * widths["ten"], rel=1e-4)


# Embedded data


def test_ground_that_would_pass_is_the_buffer_and_what_is_relinquished(
    three: lp.Comparison,
) -> None:
    table = three.control()
    ours = table[table["plan_id"] == "point21"]
    passes = ours[ours["change"] == "passes"]
    assert sorted(zip(passes["held_by"], passes["to_be_held_by"], strict=True)) == [
        ("ru", "ua"),
        ("ua", "none"),
    ]
    status = three.matrix().set_index("plan_id").loc["point21"]
    of_holder = passes.set_index("held_by")["area_km2"]
    assert of_holder["ua"] == pytest.approx(status["demilitarized_buffer"], rel=1e-9)
    assert of_holder["ru"] == pytest.approx(status["relinquished"], rel=1e-9)
    whole = status["demilitarized_buffer"] + status["relinquished"]
    assert passes["area_km2"].sum() == pytest.approx(whole, rel=1e-9)
    assert of_holder["ua"] == pytest.approx(5864.5, abs=0.1)


def test_luhansk_held_by_ukraine_is_a_row_of_its_own(three: lp.Comparison) -> None:
    table = three.ground_table
    (row,) = table[(table["unit_id"] == "UA-09") & (table["held_by"] == "ua")].to_dict("records")
    assert row["area_km2"] == pytest.approx(65.06, abs=0.01)
    assert row["point21.to_be_held_by"] == "unspecified"
    known = three.recognition()
    (recognized,) = known[(known["held_by"] == "ua") & (known["recognized_by"] == "us")].to_dict(
        "records"
    )
    assert recognized["area_km2"] == pytest.approx(row["area_km2"], rel=1e-9)
    ours = three.control().query("plan_id == 'point21' and held_by == 'ua'")
    (alone,) = ours.query("status == 'recognized'").to_dict("records")
    assert (alone["to_be_held_by"], alone["change"]) == ("unspecified", "unspecified")
    assert alone["area_km2"] == pytest.approx(row["area_km2"], rel=1e-9)


def test_a_text_that_leaves_it_open_passes_nothing(three: lp.Comparison) -> None:
    as_written = lp.compare("point21", "as_held").control()
    passes = as_written[as_written["change"] == "passes"]
    assert set(passes["to_be_held_by"]) == {"none"}
    stays = as_written[as_written["plan_id"] == "as_held"]
    assert set(stays["change"]) == {"stays"}
    formula = three.control().query("plan_id == 'borders1991' and change == 'passes'")
    assert set(formula["held_by"]) == {"ru"}


@pytest.mark.parametrize("name", ["control", "recognition", "forces", "areas"])
def test_each_table_sums_to_the_units_for_each_plan(three: lp.Comparison, name: str) -> None:
    whole = three.ground.units["area_km2"].sum()
    table = getattr(three, name)()
    sums = table.groupby("plan_id")["area_km2"].sum()
    assert sums.to_dict() == {plan.id: pytest.approx(whole, rel=1e-9) for plan in three.plans}


def test_the_matrix_sums_to_the_units(three: lp.Comparison) -> None:
    whole = three.ground.units["area_km2"].sum()
    rows = three.matrix().set_index("plan_id").sum(axis=1)
    assert rows.tolist() == pytest.approx([whole] * 3, rel=1e-9)


@pytest.mark.parametrize("plan_id", ["point21", "as_held", "borders1991"])
@pytest.mark.parametrize("by", ["status", "unit", "held_by", "clause", ["unit", "status"]])
def test_areas_are_those_of_arrange(three: lp.Comparison, plan_id: str, by: Any) -> None:
    options = {"set": {"relinquished_to": "ua"}} if plan_id == "point21" else {}
    alone = lp.arrange(plan_id, **options).areas(by)
    table = three.areas(by)
    table = table[table["plan_id"] == plan_id]
    keys = [c for c in table.columns if c in alone.columns and alone[c].dtype.kind not in "fi"]
    merged = alone.merge(table, on=keys, suffixes=("", "_compared"))
    assert len(merged) == len(alone) == len(table)
    for figure in ("area_km2", "area_sq_mi", "share_of_units"):
        assert merged[f"{figure}_compared"].to_numpy() == pytest.approx(
            merged[figure].to_numpy(), rel=1e-12
        )


def test_places_are_counted_as_arrange_counts_them(three: lp.Comparison) -> None:
    alone = lp.arrange("point21", set={"relinquished_to": "ua"}).places()
    table = three.places(differ=False)
    assert len(table) == (alone["status"] != "").sum()
    merged = table.merge(alone, on=["name", "lon", "lat"], suffixes=("", "_alone"))
    assert (merged["point21.status"] == merged["status"]).all()
    assert (merged["unit_id"] == merged["unit_id_alone"]).all()
    counted = three.control().groupby("plan_id")["places"].sum()
    assert set(counted) == {len(table)}


def test_places_where_plans_differ(three: lp.Comparison) -> None:
    table = three.places()
    names = set(table["name"])
    assert {"Donetsk", "Kramatorsk", "Luhansk"} <= names
    assert not {"Kyiv", "Lviv", "Odesa"} & names  # no change stated, or control would stay
    (row,) = table[table["name"] == "Kramatorsk"].to_dict("records")
    assert row["point21.to_be_held_by"] == "none"
    assert row["as_held.to_be_held_by"] == "ua"
    assert len(lp.compare("point21").places()) == 0


def test_clauses_stand_beside_each_other_by_subject(three: lp.Comparison) -> None:
    table = three.clauses().set_index("subject")
    assert list(table.index)[:7] == [s.name["en"] for s in three.dataset.subjects]
    donetsk = table.loc["Donetsk"]
    assert donetsk["point21.clause_id"] == "21.1, 21.4"
    assert donetsk["point21.status"] == "recognized, demilitarized_buffer"
    assert donetsk["point21.area_km2"] == pytest.approx(26_598.9, abs=0.1)
    assert "克里米亞" in donetsk["point21.text"]
    assert "(zh-Hant, published)" in donetsk["point21.text"]
    assert "Ukraine withdraws" in donetsk["point21.text_en"]
    assert "our translation" in donetsk["point21.text_en"]
    assert table.loc["Nuclear plant", "point21.text"] == "No clause speaks of this apart"
    assert np.isnan(table.loc["Nuclear plant", "point21.area_km2"])
    luhansk = table.loc["Luhansk"]
    assert luhansk["point21.area_km2"] == pytest.approx(26_310.2, abs=0.1)
    assert table.loc["Other areas", "point21.area_km2"] == pytest.approx(2_052.9, abs=0.1)


def test_a_subject_that_only_a_plan_names_comes_last_and_case_does_not_matter(
    toy: lp.Dataset, country: Control
) -> None:
    one = toy_plan(toy, "one", clause("1", "relinquished", {"held_by": "bora"}, subject="The East"))
    two = toy_plan(
        toy, "two", clause("1", "unaffected", {"units": ["T-NE"]}, subject="the  east, North")
    )
    table = lp.compare(one, two, dataset=toy, control=country).clauses()
    assert list(table["subject"]) == ["The East", "North"]
    assert list(table["two.clause_id"]) == ["1", "1"]
    silence = "No clause speaks of this apart"
    assert list(table["one.text"]) == ["1 (la, published): verba 1", silence]
    assert table["one.text_en"][0] == "1 (our translation): ours 1"


def test_a_subject_counts_only_ground_in_its_own_units(toy: lp.Dataset, country: Control) -> None:
    subjects = (
        Subject(name={"en": "East"}, units=("T-NE",)),
        Subject(name={"en": "Rest"}, not_units=("T-NE",)),
    )
    manifest = toy.manifest.model_copy(update={"subject": subjects})
    dataset = lp.Dataset(toy.folder, manifest)
    plan = toy_plan(
        toy, "one", clause("1", "relinquished", {"held_by": "bora"}, subject="east, rest, all")
    )
    table = lp.compare(plan, dataset=dataset, control=country).clauses().set_index("subject")
    found = (table["one.area_km2"] / SQUARE_KM2).to_dict()
    assert found == pytest.approx({"East": 0.5, "Rest": 0.5, "all": 1.0}, rel=1e-9)


def test_the_readings_in_effect_are_named() -> None:
    chosen = lp.compare("point21", readings={"21.1": "de_facto"}).clauses().set_index("subject")
    assert "luhansk_withdrawal, de_facto" in chosen.loc["Luhansk", "point21.readings"]
    plain = lp.compare("point21").clauses().set_index("subject")
    assert "de_facto" not in plain.loc["Luhansk", "point21.readings"]


# What is chosen


def test_a_name_is_set_in_the_plans_that_declare_it(toy: lp.Dataset, country: Control) -> None:
    def wide(name: str) -> lp.Plan:
        where = {"within": {"of": "line", "km": "width"}}
        parameters = {"width": {"default": 5, "min": 0, "max": 100}}
        return toy_plan(toy, name, clause("1", "special_zone", where), parameters=parameters)

    fixed = toy_plan(toy, "fixed", clause("1", "relinquished", {"units": ["T-NE"]}))
    found = lp.compare(
        wide("p"), wide("q"), fixed, dataset=toy, control=country, set={"q:width": 8, "width": 7}
    )
    assert [plan.parameter_values for plan in found.plans] == [{"width": 7}, {"width": 8}, {}]


def test_a_reading_can_be_meant_for_one_plan() -> None:
    found = lp.compare("point21", "as_held", readings={"point21:21.3": "to_ukraine"})
    assert found.plans[0].chosen_readings == ("21.3=to_ukraine",)
    same = lp.compare("point21", "as_held", readings={"21.3": "to_ukraine"})
    assert same.control().equals(found.control())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"set": {"width": 3}}, "no plan compared has a parameter 'width'; declared: point21: rec"),
        ({"set": {"as_held:relinquished_to": "ua"}}, "as_held has no parameter 'relinquished_to'"),
        ({"set": {"e3:relinquished_to": "ua"}}, "no plan compared has a parameter 'e3:relin"),
        ({"readings": {"21.1": "no"}}, "no plan compared has a reading '21.1=no'; .*21.1=de_facto"),
        (
            {"readings": {"9": "no"}},
            "no plan compared has a reading '9=no'; declared: .*21.4=barred",
        ),
    ],
)
def test_what_no_plan_declares_is_refused(options: Any, words: str) -> None:
    with pytest.raises(lp.UsageError, match=words):
        lp.compare("point21", "as_held", **options)


def test_which_plans_can_be_compared(tmp_path: Path, ukraine: lp.Dataset) -> None:
    with pytest.raises(lp.UsageError, match="at least one plan"):
        lp.compare()
    with pytest.raises(lp.UsageError, match="point21 is given more than once"):
        lp.compare("point21", ukraine.plan_path("point21"))
    with pytest.raises(lp.DatasetError, match="nothing: neither a plan file"):
        lp.compare("point21", "nothing")
    west = lp.load_dataset().units().query("unit_id == 'UA-14'")
    with pytest.raises(lp.DatasetError, match="plan point21 names"):
        lp.compare("as_held", "point21", units=west)


# Conditions


def test_conditions_say_the_ground_once_and_each_plan(three: lp.Comparison) -> None:
    said = three.conditions
    assert said["line_date"] == "2025-11-20"
    assert said["reconciled"] is True
    assert "plan_id" not in said
    assert [plan["plan_id"] for plan in said["plans"]] == ["point21", "as_held", "borders1991"]
    assert said["plans"][0]["parameters"]["relinquished_to"] == "ua"
    assert said["plans"][2]["plan_text_date"] == "2022-11-15"
    assert not any(plan["in_force"] for plan in said["plans"])
    low, high = said["plans"][0]["assessed_range_km2"]["demilitarized_buffer"]
    assert low < 5864.5 < high
    assert json.dumps(said, allow_nan=False)


def test_a_clause_that_catches_nothing_is_noted(toy: lp.Dataset, country: Control) -> None:
    idle = toy_plan(
        toy,
        "idle",
        clause("1", "relinquished", {"held_by": "bora"}),
        clause("2", "special_zone", {"held_by": "cora"}),
    )
    said = lp.compare(idle, dataset=toy, control=country).conditions
    assert "idle: clause 2 catches no ground" in said["notes"]
    assert not any("clause 1" in note for note in said["notes"])


# Plans do not touch each other


def _plan_of(toy: lp.Dataset, plan_id: str, rules: list[tuple[str, str, str, float]]) -> lp.Plan:
    units = ["T-NE", "T-NW", "T-SE", "T-SW"]
    clauses = [
        clause(
            str(number),
            status,
            {"units": [units[number]], **({"within": {"of": "line", "km": km}} if km else {})},
            to_be_held_by=to_be,
            recognized_as=recognized_as,
        )
        for number, (status, to_be, recognized_as, km) in enumerate(rules)
    ]
    return toy_plan(toy, plan_id, *clauses)


RULES = st.lists(
    st.tuples(
        st.sampled_from(STATUSES),
        st.sampled_from(["unspecified", "none", "as_held", "aria", "bora"]),
        st.sampled_from(["unspecified", "as_held", "cora"]),
        st.sampled_from([0.0, 0.0, 5.0, 12.5]),
    ),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=RULES, second=RULES)
def test_adding_a_plan_never_changes_the_figures_of_another(
    toy: lp.Dataset, country: Control, first: Any, second: Any
) -> None:
    one, two = _plan_of(toy, "one", first), _plan_of(toy, "two", second)
    alone = lp.compare(one, dataset=toy, control=country)
    beside = lp.compare(two, one, dataset=toy, control=country)
    for name in ("matrix", "control", "recognition", "forces", "areas"):
        wanted, found = getattr(alone, name)(), getattr(beside, name)()
        found = found[found["plan_id"] == "one"].reset_index(drop=True)
        figures = [c for c in wanted.columns if wanted[c].dtype.kind == "f"]
        words = [c for c in wanted.columns if c not in figures]
        assert wanted[words].equals(found[words])
        assert found[figures].to_numpy() == pytest.approx(wanted[figures].to_numpy(), rel=1e-9)
    assert set(beside.control()["change"]) <= set(CHANGES)


# By other polygons


def test_by_other_polygons(both: lp.Comparison, tmp_path: Path) -> None:
    halves = toyland.frame(
        [("north", box(30.5, 0, 32, 1)), ("south", box(30.5, -1, 32, 0))], "half"
    )
    halves.to_file(tmp_path / "halves.gpkg")
    report = lp.read_report(tmp_path / "halves.gpkg", "half")
    keys = ["plan_id", "report_id", "held_by", "status", "to_be_held_by", "change"]
    table = both.control(report_by=report)
    assert list(table.columns) == [*keys, "area_km2"]
    shown = ["report_id", "held_by", "to_be_held_by", "change"]
    assert squares(table[table["plan_id"] == "leave"], *shown) == {
        ("north", "bora", "aria", "passes"): 0.5,
        ("north", "aria", "unspecified", "unaffected"): 1,
        ("south", "aria", "unspecified", "unaffected"): 0.5,
        ("south", "bora", "unspecified", "unspecified"): 0.5,
        ("south", "aria", "unspecified", "unspecified"): 0.5,
        ("outside", "aria", "unspecified", "unaffected"): 1,
    }
    for name in ("areas", "control", "recognition", "forces"):
        plain, cut = getattr(both, name)(), getattr(both, name)(report_by=report)
        words = [c for c in plain.columns if plain[c].dtype.kind not in "fiu" and c != "places"]
        sums = cut.groupby(words)["area_km2"].sum()
        wanted = plain.groupby(words)["area_km2"].sum()
        assert sums.to_dict() == pytest.approx(wanted.to_dict(), rel=1e-9)
    assert list(dict.fromkeys(both.areas(report_by=report)["report_id"])) == [
        *("north", "south", "outside"),
    ]


def test_transitions_have_a_column_for_what_is_not_said(both: lp.Comparison) -> None:
    table = both.transitions().set_index(["plan_id", "about"]) / SQUARE_KM2
    said = {key: list(row) for key, row in zip(table.index, table.to_numpy(), strict=True)}
    # changes, stays, unaffected, unspecified
    assert said["leave", "control"] == pytest.approx([0.5, 0, 2.5, 1])
    assert said["stay", "control"] == pytest.approx([1, 0.5, 0, 2.5])
    assert said["leave", "recognition"] == pytest.approx([0, 0, 2.5, 1.5])
    assert said["stay", "recognition"] == pytest.approx([0.5, 0, 0, 3.5])
    assert said["stay", "forces"] == pytest.approx([0, 0, 0, 4])
    assert "<table" in both._repr_html_()
    assert repr(both) == "<Comparison of leave, stay>"
