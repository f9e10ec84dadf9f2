"""Point 21 on embedded data: the figures, and everything they depend on."""

import dataclasses
import datetime as dt
import json
import tomllib
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import toyland
from toyland import SQUARE_KM2, claims

import lineplan as lp
from lineplan.geodesy import area_m2
from lineplan.plan import TERMS
from lineplan.plan.file import parse_plan


def by_status(arrangement: lp.Arrangement) -> dict[str, float]:
    return arrangement.areas("status").set_index("status")["area_km2"].to_dict()


def zone(arrangement: lp.Arrangement, unit_id: str, held_by: str) -> Any:
    zones = arrangement.zones
    (found,) = zones[(zones["unit_id"] == unit_id) & (zones["held_by"] == held_by)].itertuples()
    return found


# Figures


def test_the_buffer(point21: lp.Arrangement) -> None:
    assert by_status(point21)["demilitarized_buffer"] == pytest.approx(5864.5, abs=0.1)
    assert zone(point21, "UA-14", "ua").area_km2 == pytest.approx(5864.5, abs=0.1)


def test_rows_sum_to_the_units(point21: lp.Arrangement) -> None:
    whole = area_m2(point21.dataset.units().geometry.to_numpy()).sum() / 1e6
    for by in ("status", "unit", "held_by", "clause", ["unit", "status", "held_by", "clause"]):
        areas = point21.areas(by)
        assert areas["area_km2"].sum() == pytest.approx(whole, rel=1e-9)
        assert areas["share_of_units"].sum() == pytest.approx(1, rel=1e-9)


def test_each_unit_adds_up(point21: lp.Arrangement) -> None:
    areas = point21.areas(["unit", "held_by"])
    shares = areas.groupby("unit_id")["share_of_unit"].sum()
    assert len(shares) == 27
    assert shares.tolist() == pytest.approx([1.0] * 27, rel=1e-9)


def test_zones_measure_what_they_say(point21: lp.Arrangement) -> None:
    measured = area_m2(point21.zones.geometry.to_numpy()) / 1e6
    assert measured == pytest.approx(point21.zones["area_km2"].to_numpy(), rel=1e-9)


def test_zones_cover_the_units_once(point21: lp.Arrangement) -> None:
    geometry = point21.zones.geometry.to_numpy()
    assert shapely.is_valid(geometry).all()
    assert shapely.coverage_is_valid(geometry, gap_width=1e-8)


def test_who_would_be_where(point21: lp.Arrangement) -> None:
    statuses = point21.zones.groupby("status")["unit_id"].agg(lambda ids: sorted(set(ids)))
    assert statuses["recognized"] == ["UA-09", "UA-14", "UA-40", "UA-43"]
    assert statuses["frozen_at_line"] == ["UA-23", "UA-65"]
    assert statuses["demilitarized_buffer"] == ["UA-14"]
    assert statuses["relinquished"] == ["UA-12", "UA-48", "UA-59", "UA-63"]
    assert len(statuses["unaffected"]) == 21
    assert set(statuses.index) == {
        "recognized",
        "frozen_at_line",
        "demilitarized_buffer",
        "relinquished",
        "unaffected",
    }


def test_each_side_of_a_frozen_unit_is_kept_apart(point21: lp.Arrangement) -> None:
    for unit_id in ("UA-23", "UA-65"):
        for side in ("ru", "ua"):
            found = zone(point21, unit_id, side)
            assert (found.status, found.to_be_held_by) == ("frozen_at_line", "unspecified")


def test_frozen_can_be_read_as_each_side_staying() -> None:
    read = lp.arrange(readings={"21.2": "each_side_stays"})
    for unit_id in ("UA-23", "UA-65"):
        for side in ("ru", "ua"):
            assert zone(read, unit_id, side).to_be_held_by == side


def test_luhansk_that_is_not_mapped_as_held(point21: lp.Arrangement) -> None:
    found = zone(point21, "UA-09", "ua")
    assert found.area_km2 == pytest.approx(65, abs=0.5)
    assert (found.status, found.clause_id) == ("recognized", "21.1")
    assert found.forces == "unspecified"
    assert "withdrawal not stated" in found.status_label
    assert "withdrawal" not in zone(point21, "UA-09", "ru").status_label


def test_one_piece_is_reassigned(point21: lp.Arrangement) -> None:
    (row,) = point21.reassigned.itertuples()
    assert (row.unit_id, row.action, row.reason) == ("UA-09", "reassigned", "border")
    assert (row.held_by_mapped, row.held_by) == ("ua", "ru")
    assert row.area_km2 == pytest.approx(32.2, abs=0.1)
    assert row.reach_km < 5
    (note,) = point21.conditions["notes"]
    assert "32.2 km² in UA-09" in note


def test_the_line_of_contact(point21: lp.Arrangement) -> None:
    line = point21.line
    assert line["between"].unique().tolist() == ["ru/ua"]
    assert line["length_km"].is_monotonic_decreasing
    assert line["length_km"].sum() == pytest.approx(1142.5, abs=0.5)
    assert line["length_km"].sum() == pytest.approx(point21.conditions["line_length_km"])
    frontier = shapely.union_all(point21.units.geometry.to_numpy()).boundary
    shared = shapely.length(shapely.intersection(line.geometry.to_numpy(), frontier))
    assert shared.sum() == 0


# Areas


KEYS = {
    "status": ["status", "status_label"],
    "unit": ["unit_id", "unit_name"],
    "held_by": ["held_by"],
    "clause": ["clause_id"],
}
FIGURES = ["area_km2", "area_sq_mi", "share_of_units"]
RANGE = ["assessed_min_km2", "assessed_max_km2"]


@pytest.mark.parametrize("by", KEYS)
def test_columns_by(by: str, point21: lp.Arrangement) -> None:
    share = ["share_of_unit"] if by == "unit" else []
    assert point21.areas(by).columns.tolist() == [*KEYS[by], *FIGURES, *share, *RANGE]


def test_areas_by_default(point21: lp.Arrangement) -> None:
    expected = [*KEYS["status"], "held_by", *FIGURES, *RANGE]
    assert point21.areas().columns.tolist() == expected
    assert len(point21.areas()) == 7


def test_columns_may_be_called_by_their_names(point21: lp.Arrangement) -> None:
    named, short = point21.areas(["unit_id", "clause_id"]), point21.areas(["unit", "clause"])
    pd.testing.assert_frame_equal(named, short)


def test_a_square_mile_is_international(point21: lp.Arrangement) -> None:
    areas = point21.areas("status")
    assert (areas["area_km2"] / areas["area_sq_mi"]).tolist() == pytest.approx([2.589988110336] * 5)


def test_areas_of_one_status(point21: lp.Arrangement) -> None:
    areas = point21.areas("unit", status="relinquished")
    assert sorted(areas["unit_id"]) == ["UA-12", "UA-48", "UA-59", "UA-63"]
    assert areas["area_km2"].sum() == pytest.approx(by_status(point21)["relinquished"])


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"by": "colour"}, "areas by 'colour'"),
        ({"by": []}, "at least one key"),
        ({"status": "ceded"}, "no ground status 'ceded'; it has demilitarized_buffer"),
        ({"status": "special_zone"}, "no ground status 'special_zone'"),
    ],
)
def test_unknown_keys_list_the_known(how: Any, said: str, point21: lp.Arrangement) -> None:
    with pytest.raises(lp.UsageError, match=said):
        point21.areas(**how)


def test_the_range_over_the_assessments(point21: lp.Arrangement) -> None:
    areas = point21.areas("status").set_index("status")
    low, high = areas.loc["demilitarized_buffer", RANGE]
    assert (low, high) == pytest.approx((5652, 6262), abs=1)
    held = point21.dataset.assessments().groupby("assessment")["km2"].sum()
    low, high = point21.areas("held_by").set_index("held_by").loc["ru", RANGE]
    assert (low, high) == (held.min(), held.max())
    assert (areas["assessed_min_km2"] <= areas["assessed_max_km2"]).all()


def test_no_range_for_another_day(ukraine: lp.Dataset) -> None:
    source = lp.read_control(None, ukraine)
    other_day = dataclasses.replace(source, as_of=dt.date(2025, 11, 21))
    found = lp.arrange(control=other_day)
    assert found.areas("status")[RANGE].isna().all(axis=None)
    headline = found.headline("demilitarized_buffer")
    assert np.isnan(headline["low_km2"])
    assert headline["rounded_km2"] == 5860, "three digits, and no range that takes one away"


def test_the_headline_is_rounded_to_what_the_range_supports(point21: lp.Arrangement) -> None:
    headline = point21.headline("demilitarized_buffer")
    assert headline["rounded_km2"] == 5900
    assert headline["area_km2"] == pytest.approx(5864.5, abs=0.1)
    assert (headline["low_km2"], headline["high_km2"]) == pytest.approx((5652, 6262), abs=1)


def test_the_same_ground_has_the_same_headline_in_two_texts() -> None:
    one, other = (lp.arrange(plan).headline("recognized") for plan in ("june2024", "june2025_ru"))
    assert one["area_km2"] == pytest.approx(other["area_km2"])
    assert one["rounded_km2"] == other["rounded_km2"]


def test_every_status_has_a_headline(point21: lp.Arrangement) -> None:
    for status, area_km2 in by_status(point21).items():
        assert point21.headline(status)["rounded_km2"] == pytest.approx(area_km2, rel=0.1)


# Conditions


CONDITIONS = {
    "plan_id",
    "plan_title",
    "plan_text_date",
    "in_force",
    "readings",
    "parameters",
    "line_source",
    "line_source_attribution",
    "line_source_licence",
    "line_source_redistribution",
    "line_source_permission",
    "line_date",
    "line_age_days",
    "line_length_km",
    "line_vertex_spacing_km",
    "control_class",
    "units_source",
    "units_viewpoint",
    "default_holder",
    "contested",
    "reconciled",
    "border_tolerance_km",
    "reassigned_km2",
    "outside_units_km2",
    "conservation_error_m2",
    "generated",
    "lineplan_version",
    "notes",
}


def test_conditions_are_complete(point21: lp.Arrangement) -> None:
    conditions = point21.conditions
    assert set(conditions) >= CONDITIONS
    missing = [name for name in CONDITIONS if conditions[name] is None]
    assert missing == []
    assert json.loads(json.dumps(conditions)) == conditions


def test_conditions_say_what_was_done(point21: lp.Arrangement) -> None:
    conditions = point21.conditions
    assert conditions["plan_id"] == "point21"
    assert conditions["plan_text_date"] == "2025-11-20"
    assert conditions["in_force"] is False
    assert conditions["line_date"] == "2025-11-20"
    assert conditions["reconciled"] is True
    assert conditions["border_tolerance_km"] == 5.0
    assert conditions["reassigned_km2"] == pytest.approx(32.2, abs=0.1)
    assert conditions["outside_units_km2"] > 10_000
    assert conditions["conservation_error_m2"] < 100
    assert conditions["lineplan_version"] == lp.__version__
    assert "/" not in conditions["line_source"].replace("NZZ/Liveuamap", "")


def test_the_day_of_making_can_be_set(monkeypatch: pytest.MonkeyPatch, toy: lp.Dataset) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    conditions = arranged(toy, EAST, as_of=dt.date(2025, 12, 22)).conditions
    assert conditions["generated"] == "2026-01-01"
    assert conditions["line_age_days"] == 10


def test_a_day_of_making_that_is_no_number(
    monkeypatch: pytest.MonkeyPatch, toy: lp.Dataset
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "today")
    with pytest.raises(lp.UsageError, match="SOURCE_DATE_EPOCH"):
        arranged(toy, EAST)


@pytest.mark.parametrize(
    "day", ["2025-11-20", dt.date(2025, 11, 20), pd.Timestamp(2025, 11, 20)], ids=repr
)
def test_a_day_may_be_given_in_several_ways(day: Any) -> None:
    assert lp.arrange(as_of=day).conditions["line_date"] == "2025-11-20"


def test_an_undated_line_has_no_age(toy: lp.Dataset) -> None:
    found = arranged(toy, EAST, as_of=None)
    assert found.conditions["line_date"] is None
    assert found.conditions["line_age_days"] is None
    assert found.areas("status")[RANGE].isna().all(axis=None)


def test_no_reconciliation_is_said() -> None:
    plain = lp.arrange(reconcile=False)
    assert plain.conditions["reconciled"] is False
    assert plain.conditions["reassigned_km2"] == 0
    assert len(plain.reassigned) == 0
    assert zone(plain, "UA-09", "ua").area_km2 == pytest.approx(65 + 32.2, abs=0.6)


@pytest.mark.parametrize(
    ("readings", "clause_id", "term", "sides"),
    [
        ({"21.1": "de_facto"}, "21.1", "recognition", {"de facto"}),
        ({"21.2": "de_facto"}, "21.2", "recognized_as", {"ru", "ua"}),
        ({"21.2": "de_facto"}, "21.2", "recognition", {"de facto"}),
        ({"21.3": "to_ukraine"}, "21.3", "to_be_held_by", {"ua"}),
    ],
)
def test_every_reading_of_point21_can_be_chosen(
    readings: dict[str, str], clause_id: str, term: str, sides: set[str]
) -> None:
    found = lp.arrange(readings=readings)
    zones = found.zones[found.zones["clause_id"] == clause_id]
    assert set(zones[term]) == sides
    assert found.conditions["readings"] == [f"{c}={r}" for c, r in readings.items()]
    assert by_status(found)["demilitarized_buffer"] == pytest.approx(5864.5, abs=0.1)


def test_a_plan_chosen_from_beforehand_says_so(ukraine: lp.Dataset) -> None:
    plan = lp.load_plan("point21", ukraine).choose(readings={"21.1": "de_facto"})
    found = lp.arrange(plan)
    assert "de facto" in set(found.zones["recognition"])
    assert found.conditions["readings"] == ["21.1=de_facto"]
    assert found.conditions["parameters"]["recognition_21_1"] == "de facto"


# Clauses


EAST = claims(("bora", shapely.box(31.5, -1.5, 32.5, 1.5)))


def toy_plan(toy: lp.Dataset, *clauses: dict[str, Any], elsewhere: str = "unaffected") -> lp.Plan:
    raw = {
        "id": "treaty",
        "dataset": "toyland",
        "date": "2025-01-01",
        "in_force": False,
        "elsewhere": elsewhere,
        "title": "A treaty",
        "clause": [
            {
                "id": str(number),
                "subject": "Ground",
                "text": [{"language": "en", "kind": "published", "quote": "..."}],
                **clause,
            }
            for number, clause in enumerate(clauses, 1)
        ],
    }
    return parse_plan(raw, toy, name="treaty.toml")


def arranged(toy: lp.Dataset, ground: gpd.GeoDataFrame, **how: Any) -> lp.Arrangement:
    as_of = how.pop("as_of", dt.date(2025, 1, 1))
    plan = how.pop("plan", None) or toy_plan(
        toy, {"where": {"units": ["T-NE"]}, "status": "recognized", "recognized_as": "bora"}
    )
    return lp.arrange(plan, dataset=toy, control=lp.Control(ground, as_of, "a source"), **how)


def test_two_clauses_on_the_same_ground_are_an_error(toy: lp.Dataset) -> None:
    plan = toy_plan(
        toy,
        {"where": {"units": ["T-NE", "T-NW"]}, "status": "recognized"},
        {"where": {"held_by": "bora"}, "status": "relinquished"},
    )
    with pytest.raises(lp.ConflictError) as caught:
        arranged(toy, EAST, plan=plan)
    message = str(caught.value)
    assert "treaty: clauses 1 and 2 both speak of" in message
    assert f"{SQUARE_KM2 / 2:,.1f} km² (T-NE)" in message
    assert "overrides" in message


def test_clauses_that_could_meet_but_do_not_are_no_error(toy: lp.Dataset) -> None:
    plan = toy_plan(
        toy,
        {"where": {"units": ["T-NW"]}, "status": "recognized"},
        {"where": {"held_by": "bora"}, "status": "relinquished"},
    )
    assert by_status(arranged(toy, EAST, plan=plan))["relinquished"] == pytest.approx(SQUARE_KM2)


def test_a_clause_that_catches_nothing_is_said(toy: lp.Dataset) -> None:
    plan = toy_plan(toy, {"where": {"held_by": "cora"}, "status": "relinquished"})
    found = arranged(toy, EAST, plan=plan)
    assert "treaty: clause 1 catches no ground" in found.conditions["notes"]
    assert by_status(found) == {"unaffected": pytest.approx(4 * SQUARE_KM2)}


def test_clauses_that_meet_in_an_assessment_only_are_no_error(ukraine: lp.Dataset) -> None:
    """One assessment lists ground in Chernihiv; on the line used here there is none."""
    raw = tomllib.loads(ukraine.plan_path("point21").read_text(encoding="utf-8"))
    again = dict(raw["clause"][2], id="21.5", where={"units": ["UA-74"], "held_by": "ru"})
    raw["clause"].append(again)
    found = lp.arrange(parse_plan(raw, ukraine, name="x"))
    assert by_status(found)["demilitarized_buffer"] == pytest.approx(5864.5, abs=0.1)


@pytest.mark.parametrize("elsewhere", ["unaffected", "unspecified"])
def test_ground_that_no_clause_speaks_of(elsewhere: str, toy: lp.Dataset) -> None:
    plan = toy_plan(
        toy, {"where": {"units": ["T-NE"]}, "status": "recognized"}, elsewhere=elsewhere
    )
    zones = arranged(toy, EAST, plan=plan).zones
    silent = zones[zones["clause_id"] == ""]
    assert set(silent["status"]) == {elsewhere}
    assert set(silent["unit_id"]) == {"T-NW", "T-SE", "T-SW"}
    assert (silent[list(TERMS)] == "unspecified").all(axis=None)


def test_a_large_piece_that_stays_is_warned_of(toy: lp.Dataset) -> None:
    ground = claims(("bora", shapely.box(31.5, -1.5, 31.94, 1.5)))
    with pytest.warns(lp.LineplanWarning, match=r"stays with aria: it reaches 6\.7 km inland"):
        found = arranged(toy, ground)
    assert any("stays with aria" in note for note in found.conditions["notes"])
    assert found.reassigned["action"].unique().tolist() == ["kept"]
    assert found.conditions["reassigned_km2"] == 0


def test_contested_ground_has_rows_of_its_own(toy: lp.Dataset) -> None:
    ground = pd.concat([EAST, claims(("contested", shapely.box(31, 0, 31.5, 1.5)))])
    apart = arranged(toy, ground.reset_index(drop=True))
    assert zone(apart, "T-NE", "contested").area_km2 == pytest.approx(SQUARE_KM2 / 2)
    assert apart.conditions["contested"] == "apart"
    counted = arranged(toy, ground.reset_index(drop=True), contested="bora")
    assert zone(counted, "T-NE", "bora").area_km2 == pytest.approx(SQUARE_KM2)
    assert counted.conditions["contested"] == "bora"


@pytest.mark.parametrize(
    "how", [{"contested": "mars"}, {"on_overlap": "frist"}, {"as_of": "2025-13-01"}]
)
def test_unknown_options_are_one_clear_line(how: dict[str, Any]) -> None:
    with pytest.raises(lp.LineplanError) as caught:
        lp.arrange(**how)
    assert "\n" not in str(caught.value)


BOW_TIE = shapely.Polygon([(31.2, -0.5), (31.9, 0.5), (31.9, -0.5), (31.2, 0.5)])


def test_invalid_claims_and_units_are_named(toy: lp.Dataset) -> None:
    """What is read from a file is repaired; an object is taken at its word, and refused."""
    with pytest.raises(lp.GeometryError, match=r"claims: row 1 .*Self-intersection"):
        arranged(toy, claims(*EAST.itertuples(index=False), ("bora", BOW_TIE)))
    units = toyland.units()
    units.loc[3, "geometry"] = BOW_TIE
    with pytest.raises(lp.GeometryError, match=r"units: row 3 .*Self-intersection"):
        arranged(toy, EAST, units=units)


def test_overlapping_claims(toy: lp.Dataset) -> None:
    ground = pd.concat([EAST, claims(("cora", shapely.box(31.5, 0, 32.5, 1.5)))])
    ground = ground.reset_index(drop=True)
    with pytest.raises(lp.ConflictError, match="bora and cora both claim"):
        arranged(toy, ground)
    contested = arranged(toy, ground, on_overlap="contested")
    assert zone(contested, "T-NE", "contested").area_km2 == pytest.approx(SQUARE_KM2 / 2)


# Objects


def test_apply_is_a_look_up(point21: lp.Arrangement, ukraine: lp.Dataset) -> None:
    from lineplan.partition import partition

    source = lp.read_control(None, ukraine)
    parted = partition(ukraine.units(), source.claims, default_holder="ua")
    zones = lp.apply(lp.load_plan("point21", ukraine).choose(), parted)
    areas = zones.groupby("status")["area_km2"].sum().to_dict()
    assert areas == pytest.approx(by_status(point21), rel=1e-12)


def test_zone_ids_are_unique_and_readable(point21: lp.Arrangement) -> None:
    ids = point21.zones["zone_id"]
    assert ids.is_unique
    assert {"UA-14/ua/21.4", "UA-05/ua/-"} <= set(ids)


def test_everything_is_in_longitude_and_latitude(point21: lp.Arrangement) -> None:
    for name in ("zones", "line", "units", "reassigned"):
        assert getattr(point21, name).crs == "EPSG:4326"


def test_an_arrangement_does_not_change(point21: lp.Arrangement) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        point21.conditions = {}  # type: ignore[misc]


def test_nothing_given_is_changed(ukraine: lp.Dataset) -> None:
    units, source = ukraine.units(), lp.read_control(None, ukraine)
    before = units.copy(), source.claims.copy()
    lp.arrange(control=source, units=units)
    pd.testing.assert_frame_equal(pd.DataFrame(units), pd.DataFrame(before[0]))
    pd.testing.assert_frame_equal(pd.DataFrame(source.claims), pd.DataFrame(before[1]))


def test_a_frame_of_units_may_be_in_any_reference_system(
    point21: lp.Arrangement, ukraine: lp.Dataset
) -> None:
    found = lp.arrange(units=ukraine.units().to_crs(3857))
    assert by_status(found) == pytest.approx(by_status(point21), rel=1e-9)


def test_a_second_time_is_like_the_first(point21: lp.Arrangement) -> None:
    again = lp.arrange("point21")
    for name in ("zones", "line", "units", "reassigned"):
        assert getattr(again, name).to_json() == getattr(point21, name).to_json()
    assert again.conditions == point21.conditions
    for call in (
        lambda a: a.areas(),
        lambda a: a.areas(["unit", "clause"], status="recognized"),
        lambda a: pd.Series(a.headline("recognized")),
    ):
        assert call(point21).equals(call(point21))
        assert call(point21).equals(call(again))
    assert point21._repr_html_() == again._repr_html_()


MARKUP = "<script>alert('x')</script> & {{ x }} ${x}"


def test_names_never_become_markup(toy: lp.Dataset, ukraine: lp.Dataset) -> None:
    raw = tomllib.loads(ukraine.plan_path("point21").read_text(encoding="utf-8"))
    raw["title"] = MARKUP
    plan = parse_plan(raw, ukraine, name="x")
    source = dataclasses.replace(lp.read_control(None, ukraine), source=MARKUP)
    units = ukraine.units()
    units["name"] = MARKUP
    html = lp.arrange(plan, control=source, units=units)._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_the_toy_country_is_what_it_is_drawn_as(toy: lp.Dataset) -> None:
    assert toyland.units()["unit_id"].tolist() == ["T-NW", "T-NE", "T-SW", "T-SE"]
    assert (area_m2(toy.units().geometry.to_numpy()) / 1e6).tolist() == pytest.approx(
        [SQUARE_KM2] * 4, rel=1e-12
    )


@pytest.mark.parametrize("by", ["status", ["status", "clause"], ["unit", "status"]])
def test_a_row_of_two_holders_does_not_bear_the_label_of_one(
    point21: lp.Arrangement, by: str | list[str]
) -> None:
    """Ground not mapped as held by Russian forces was called controlled by Russia."""
    areas = point21.areas(by)
    frozen = areas.loc[areas["status"] == "frozen_at_line", "status_label"]
    assert set(frozen) == {"Line to be frozen"}
    recognized = areas.loc[areas["status"] == "recognized", "status_label"]
    assert {label.count("withdrawal") for label in recognized} == {0}


def test_a_control_of_another_day_than_asked_for_is_an_error(ukraine: lp.Dataset) -> None:
    control = lp.read_control(None, ukraine)
    assert lp.arrange(control=control, as_of="2025-11-20").conditions["line_date"] == "2025-11-20"
    with pytest.raises(lp.ControlError, match="is a state of 2025-11-20, not of 2025-11-21"):
        lp.arrange(control=control, as_of="2025-11-21")


def test_arrangements_can_be_compared_and_hashed(point21: lp.Arrangement) -> None:
    assert point21 == point21
    assert len({point21, point21}) == 1
