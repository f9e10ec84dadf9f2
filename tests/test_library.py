"""Every plan of the dataset: clean, laid on embedded and real ground, and what was expected.

The expected areas in data/library were read by hand against the texts; a new plan gets its file
from ``python tests/make_library_expectations.py``.
"""

from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from library import FOLDER, LINES, areas, plan_ids

import lineplan as lp
from lineplan.arrangement import lay
from lineplan.geodesy import area_m2
from lineplan.ground import Ground, read_ground

PLANS = plan_ids(lp.load_dataset("ukraine"))
DAYS = ("20240708", "20250630", "20251120")


@cache
def laid(plan_id: str) -> lp.Arrangement:
    """The plan on embedded data; raises where the partition fails its proof."""
    return lp.arrange(plan_id, lines=LINES)


@cache
def ground_of(source: Path) -> Ground:
    """A day's ground, read once for all plans."""
    return read_ground(dataset=lp.load_dataset("ukraine"), control=source)


def proves(arrangement: lp.Arrangement) -> None:
    """The zones fill every unit, and nothing else."""
    units = arrangement.units
    whole = pd.Series(area_m2(units.geometry.to_numpy()) / 1e6, units["unit_id"]).sort_index()
    zones = arrangement.zones.groupby("unit_id")["area_km2"].sum().sort_index()
    assert list(zones.index) == list(whole.index)
    assert zones.to_numpy() == pytest.approx(whole.to_numpy(), rel=1e-8)
    assert zones.sum() == pytest.approx(whole.sum(), rel=1e-9)
    assert arrangement.conditions["conservation_error_m2"] < 1e-9 * whole.sum() * 1e6


def test_no_expectation_is_left_over() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.csv")) == sorted(PLANS)


@pytest.mark.parametrize("plan_id", PLANS)
def test_a_plan_says_what_it_is(plan_id: str, ukraine: lp.Dataset) -> None:
    plan = lp.load_plan(plan_id, dataset=ukraine)
    assert set(plan.title) >= {"en", "uk", "ru", "zh-Hant"}
    assert plan.note.get("en") or plan_id == "point21"
    subjects = {subject.name["en"] for subject in ukraine.subjects}
    sources = {source.id for source in plan.source}
    for clause in plan.clause:
        assert {name.strip() for name in clause.subject.split(",")} <= subjects, clause.id
        assert clause.reading, clause.id
        for quote in clause.text:
            assert (quote.kind == "published") == bool(quote.source), (clause.id, quote.quote)
            assert quote.source in {"", *sources}
        # Whoever reads English finds the words in English.
        assert "en" in {quote.language for quote in clause.text}, clause.id


@pytest.mark.parametrize("plan_id", PLANS)
def test_areas_on_embedded_data(plan_id: str) -> None:
    expected = pd.read_csv(
        FOLDER / f"{plan_id}.csv", keep_default_na=False, dtype={"clause_id": str}
    )
    pd.testing.assert_frame_equal(
        areas(laid(plan_id)), expected, check_dtype=False, rtol=0, atol=1e-3
    )


@pytest.mark.parametrize("plan_id", PLANS)
def test_nothing_is_lost_or_twice(plan_id: str) -> None:
    proves(laid(plan_id))


@pytest.mark.parametrize("plan_id", PLANS)
def test_every_clause_has_ground(plan_id: str, ukraine: lp.Dataset) -> None:
    """A clause whose distance is a parameter may have none until that is set."""
    fixed = [
        clause.id
        for clause in lp.load_plan(plan_id, dataset=ukraine).clause
        for strips in [[s for w in clause.where.all() for s in (*w.within, *w.beyond)]]
        if not any(isinstance(strip.km, str) for strip in strips)
    ]
    assert set(fixed) <= set(laid(plan_id).zones["clause_id"])


@pytest.mark.parametrize("plan_id", PLANS)
def test_every_choice_can_be_laid(plan_id: str, ukraine: lp.Dataset) -> None:
    """Each reading that sets something, on its own, leaves the ground whole."""
    plan = lp.load_plan(plan_id, dataset=ukraine)
    for clause in plan.clause:
        for reading in clause.reading:
            if reading.set:
                chosen = plan.choose(readings={clause.id: reading.id})
                proves(lp.arrange(chosen, lines=LINES))


def test_control_as_it_is_leaves_ground_as_it_is() -> None:
    zones = laid("as_held").zones
    assert (zones["to_be_held_by"] == zones["held_by"]).all()
    assert set(zones["status"]) == {"unaffected"}
    assert set(zones["recognized_as"]) == {"unspecified"}


def test_recognised_borders_leave_nothing_with_another_party() -> None:
    zones = laid("borders1991").zones
    assert not ((zones["held_by"] == "ru") & (zones["to_be_held_by"] != "ua")).any()


def test_the_disengagement_areas_are_squares_of_2_km() -> None:
    zones = laid("disengagement2016").zones
    by_unit = zones[zones["clause_id"] != ""].groupby("unit_id")["area_km2"].sum()
    assert by_unit.to_dict() == pytest.approx({"UA-09": 8.0, "UA-14": 4.0}, abs=0.05)


def test_a_wider_zone_of_the_package_holds_the_narrower(ukraine: lp.Dataset) -> None:
    plan = lp.load_plan("minsk2", dataset=ukraine)
    sizes = []
    for km in (25.0, 35.0, 70.0):
        zones = lp.arrange(plan, lines=LINES, set={"each_side_km": km}).zones
        sizes.append(zones[zones["clause_id"] != ""].groupby("clause_id")["area_km2"].sum())
    assert (sizes[0] < sizes[1]).all()
    assert (sizes[1] < sizes[2]).all()


@pytest.mark.realdata
@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("plan_id", PLANS)
def test_a_plan_lies_on_a_real_day(
    plan_id: str, day: str, real_data: Path, ukraine: lp.Dataset
) -> None:
    source = real_data / "deepstate_daily" / f"deepstatemap_data_{day}.geojson"
    plan = lp.load_plan(plan_id, dataset=ukraine).choose()
    lines = {date.fromisoformat(on): file for on, file in LINES.items()}
    proves(lay(plan, ground_of(source).cut_for([plan], lines)))
