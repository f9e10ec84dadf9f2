"""A timeline: what is measured in steps is what is measured in full, whoever does the work."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from shapely.geometry import box
from test_comparison import clause, toy_plan
from toyland import claims

import lineplan as lp
from lineplan.chronology import batches
from lineplan.chronology.borders import Borders
from lineplan.chronology.changes import changes_of
from lineplan.chronology.daily import Figures, figures_of
from lineplan.chronology.linework import Claim, Exchange
from lineplan.chronology.states import State
from lineplan.chronology.writing import write_timeline
from lineplan.control import Control
from lineplan.control.archive import Archive
from lineplan.control.packing import pack
from lineplan.control.sourcefile import SourceFile
from lineplan.control.state import Outline
from lineplan.ground import Setting, read_setting

KEYS = ["date", "plan_id", "unit_id", "held_by", "status", "clause_id"]
ROWS = np.round(np.arange(-1.5, 1.51, 0.1), 1)
BOUND_M2 = 1.0
FIRST = dt.date(2025, 1, 1)


def front(east: dict[int, float] | None = None) -> shapely.Polygon:
    """Ground east of a front along 31.5°E, whose corners of some rows lie elsewhere."""
    x = [31.5 + (east or {}).get(row, 0.001 * (row % 3)) for row in range(len(ROWS))]
    return shapely.Polygon([*zip(x, ROWS, strict=True), (32.5, 1.5), (32.5, -1.5)])


def write_days(folder: Path, days: list[shapely.Geometry], first: dt.date = FIRST) -> Path:
    folder.mkdir(exist_ok=True)
    for number, ground in enumerate(days):
        day = first + dt.timedelta(number)
        feature = {"type": "Feature", "properties": {}, "geometry": ground.__geo_interface__}
        document = {"type": "FeatureCollection", "features": [feature]}
        (folder / f"line_{day:%Y%m%d}.geojson").write_text(json.dumps(document))
    return folder


def moving(count: int) -> list[shapely.Geometry]:
    """A front that moves a little every day, here to the west and there to the east."""
    return [
        front({10: -0.01 * day, 15: 0.01 * day, 20 + day % 3: -0.02})  # row 15 is the equator
        for day in range(count)
    ]


@pytest.fixture
def plans(toy: lp.Dataset) -> list[lp.Plan]:
    east = toy_plan(toy, "east", clause("e", "relinquished", {"held_by": ["bora"]}))
    north = toy_plan(toy, "north", clause("n", "recognized", {"units": ["T-NE", "T-NW"]}))
    return [east, north]


@pytest.fixture(scope="module")
def setting(toy: lp.Dataset) -> Setting:
    return read_setting(dataset=toy)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether each day that could be a step was one."""
    taken: list[bool] = []
    step = State.step

    def counted(self: State, *arguments: Any) -> State | None:
        found = step(self, *arguments)
        taken.append(found is not None)
        return found

    monkeypatch.setattr(State, "step", counted)
    return taken


def in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(State, "step", lambda *_: None)


def worst_m2(one: pd.DataFrame, other: pd.DataFrame) -> float:
    both = one.merge(other, on=KEYS, how="outer", suffixes=("", "_other"))
    assert len(both) == len(one) == len(other)
    return float((both["area_km2"] - both["area_km2_other"]).abs().max() * 1e6)


def test_a_day_is_what_arrange_makes_of_it(
    plans: list[lp.Plan], toy: lp.Dataset, tmp_path: Path, steps: list[bool]
) -> None:
    folder = write_days(tmp_path / "days", moving(5))
    found = lp.timeline(*plans, control=folder, dataset=toy)
    assert steps == [True] * 4
    assert found.areas.columns.tolist() == [*KEYS, "area_km2"]
    alone = []
    for file in sorted(folder.iterdir()):
        for plan in plans:
            a = lp.arrange(plan, dataset=toy, control=file)
            table = pd.DataFrame(a.zones)[["unit_id", "held_by", "status", "clause_id", "area_km2"]]
            alone.append(table.assign(date=pd.Timestamp(a.control.as_of), plan_id=plan.id))
            day = found.days[found.days["date"] == pd.Timestamp(a.control.as_of)].iloc[0]
            said = a.conditions
            assert day["line_length_km"] == pytest.approx(said["line_length_km"], rel=1e-6)
            assert day["vertex_spacing_km"] == pytest.approx(said["line_vertex_spacing_km"])
            assert day["outside_units_km2"] == pytest.approx(said["outside_units_km2"])
            assert day["sha256"] == said["line_source_sha256"]
    assert worst_m2(found.areas, pd.concat(alone)) < BOUND_M2
    assert found.conditions["days"] == 5


def test_it_says_what_moved(plans: list[lp.Plan], toy: lp.Dataset, tmp_path: Path) -> None:
    folder = write_days(tmp_path / "days", [front(), front({20: -0.5})])
    areas = lp.timeline(plans[0], control=folder, dataset=toy).areas
    held = areas[areas["status"] == "relinquished"].pivot_table(
        index="unit_id", columns="date", values="area_km2"
    )
    gained = held.iloc[:, 1] - held.iloc[:, 0]
    # A triangle 0.2 degrees high and half a degree deep, all of it in the north-east.
    assert gained["T-NE"] == pytest.approx(0.05 * toyland_km2(), rel=0.01)
    assert gained["T-SE"] == pytest.approx(0, abs=1e-6)


def toyland_km2() -> float:
    from toyland import SQUARE_KM2

    return SQUARE_KM2


@st.composite
def sequences(draw: st.DrawFn) -> list[shapely.Geometry]:
    """Days on which corners of a front move, and areas apart or at the coast come and go."""
    east: dict[int, float] = {}
    days = []
    apart = [
        *(box(30.3, 0.3, 30.5, 0.5), box(30.2, -0.1, 30.4, 0.1), box(31.0, -0.9, 31.2, -0.7)),
        *(box(29.9, 0.6, 30.2, 0.8), box(30.01, -0.6, 30.2, -0.3), box(31.1, 0.85, 31.6, 0.98)),
        *(box(30.4, 0.35, 31.1, 0.42), box(31.0, 0.2, 31.6, 0.3)),
    ]
    corner = st.integers(0, len(ROWS) - 1)
    for _ in range(draw(st.integers(2, 6))):
        moved = draw(st.dictionaries(corner, st.integers(-120, 120), max_size=4))
        east |= {row: step / 250 for row, step in moved.items()}
        ground = [front(east)]
        for number, area in enumerate(apart):
            kind = draw(st.sampled_from(["none", "none", "whole", "less"]))
            if kind != "none":
                ground.append(area if kind == "whole" else area.buffer(-0.005 * (number + 1)))
        whole = shapely.union_all(ground)
        if draw(st.booleans()):
            hole = draw(st.sampled_from([0.05, 0.0004]))
            whole = whole.difference(box(31.8, 0.2, 31.8 + hole, 0.2 + hole))
        days.append(whole)
    return days


def begin(setting: Setting, source: Control) -> tuple[Figures, State | None]:
    """A day measured in full."""
    full = setting.lay(source)
    figures, claim = figures_of(full), Claim.of(source.outline(), fills_noise=setting.reconcile)
    borders = Borders(setting.units)
    return figures, claim and State.of(full, figures, claim, borders)


def step(state: State | None, source: Control, setting: Setting) -> State | None:
    claim = Claim.of(source.outline(), fills_noise=setting.reconcile)
    if state is None or claim is None or claim.held_by != state.claim.held_by:
        return None
    borders = Borders(setting.units)
    (change,) = changes_of([Exchange.of(state.claim, claim)], borders)
    return state.step(change, source.outline(), setting, borders)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(days=sequences())
def test_steps_are_the_full_computation(days: list[shapely.Geometry], setting: Setting) -> None:
    state: State | None = None
    for ground in days:
        source = Control(claims(("bora", ground)), FIRST, "made")
        near = step(state, source, setting)
        expected, begun = begin(setting, source)
        if near is not None:
            check_figures(near.figures, expected)
        state = near or begun


def check_figures(found: Figures, expected: Figures) -> None:
    assert found.cell_m2.keys() == expected.cell_m2.keys()
    for cell, m2 in expected.cell_m2.items():
        assert found.cell_m2[cell] == pytest.approx(m2, abs=BOUND_M2)
    assert found.line_m == pytest.approx(expected.line_m, abs=1)
    assert found.enclave_m == pytest.approx(expected.enclave_m, abs=1)
    assert found.segments == expected.segments
    assert found.reassigned_m2 == pytest.approx(expected.reassigned_m2, abs=BOUND_M2)
    assert found.outside_km2 == pytest.approx(expected.outside_km2, abs=1e-6)
    assert found.inside_km2 == pytest.approx(expected.inside_km2, abs=1e-6)


def step_from(setting: Setting, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> State | None:
    _, state = begin(setting, Control(before, FIRST, "before"))
    return step(state, Control(after, FIRST, "after"), setting)


SQUARE = shapely.box(31.4, 0.3, 31.6, 0.5)
NOT_A_STEP = {
    "another holder": (claims(("bora", front())), claims(("cora", front()))),
    "two holders": (
        claims(("bora", front())),
        claims(("bora", front()), ("cora", box(30.2, 0.2, 30.3, 0.3))),
    ),
    "a hole that is nearly noise": (
        claims(("bora", front())),
        claims(("bora", front().difference(box(31.8, 0.2, 31.8 + 0.00090132, 0.2 + 0.00090132)))),
    ),
    "so little in a unit that it may be nothing": (
        claims(("bora", box(31.2, 0.2, 31.8, 0.8))),
        claims(
            (
                "bora",
                shapely.union(
                    box(31.2, 0.2, 31.8, 0.8),
                    shapely.Polygon([(30.999999, 0.5), (31.2, 0.4), (31.2, 0.6)]),
                ),
            )
        ),
    ),
    "ground cut off at the coast": (
        claims(("bora", shapely.union(front(), box(30.3, -0.1, 30.4, 0.95)))),
        claims(("bora", shapely.union(front(), box(30.3, -1.1, 30.4, 1.1)))),
    ),
}


def parted(gap: float) -> shapely.MultiPolygon:
    """Two areas that leave a strip at the coast; without a gap, a corner lies on an edge."""
    top = [(31.5, 0.35), (31.9, 0.35), (31.965, 0.3 + gap), (31.968, 0.35), (31.975, 0.35)]
    top += [(31.975, 0.5), (32.5, 0.5), (32.5, 1.5), (31.5, 1.5)]
    below = [(31.5, 0.3), (31.975, 0.3), (31.975, 0.1), (32.5, 0.1), (32.5, -1.5), (31.5, -1.5)]
    return shapely.MultiPolygon([shapely.Polygon(top), shapely.Polygon(below)])


EVERYTHING = box(29.5, -1.5, 32.5, 1.5)
POCKET = box(31.97, -0.5, 32.6, 0.5)  # at the eastern coast
NOT_A_STEP |= {
    "a line drawn anew": (
        claims(("bora", box(31.5, -1.5, 32.5, 1.5))),
        claims(("bora", box(31.4, -1.6, 32.6, 1.6))),
    ),
    "a corner on an edge cuts off ground": (
        claims(("bora", parted(0.01))),
        claims(("bora", parted(0.0))),
    ),
    "another pocket is the main body": (
        claims(("bora", EVERYTHING - POCKET - box(29, -0.6, 30.026, 0.6))),
        claims(("bora", EVERYTHING - POCKET - box(29, -0.6, 30.0245, 0.6))),
    ),
    "nothing but a pocket at the coast": (
        claims(("bora", EVERYTHING - box(31.97, -0.1, 32.6, 0.1))),
        claims(("bora", EVERYTHING - box(31.971, -0.1, 32.6, 0.1))),
    ),
    "a small hole at sea": (
        claims(("bora", front())),
        claims(("bora", front() - box(32.2, 0.2, 32.2008, 0.2008))),
    ),
}


@pytest.mark.parametrize("case", NOT_A_STEP)
def test_what_may_change_more_is_measured_in_full(case: str, setting: Setting) -> None:
    before, after = NOT_A_STEP[case]
    assert step_from(setting, before, after) is None


@pytest.mark.parametrize("which", [0, 1])
def test_days_whose_source_draws_every_party_are_measured_in_full(
    which: int, setting: Setting
) -> None:
    """What such a source leaves unclaimed is nobody's, on the day before or after."""
    east = claims(("bora", front()))
    said = [which == 0, which == 1]
    before, after = (Control(east, FIRST, "day", draws_every_party=every) for every in said)
    _, state = begin(setting, before)
    if which == 0:
        assert state is None
    else:
        assert state is not None
        assert step(state, after, setting) is None


ISLAND = shapely.union(front(), box(31.2, 0.2, 31.3, 0.3))
HOLED = front().difference(box(31.8, 0.2, 31.9, 0.3))
BRIDGED = shapely.union(front(), box(31.2, 0.31, 31.51, 0.39))
NOISE = front().difference(box(31.8, 0.2, 31.8004, 0.2004))
COAST = shapely.union(front(), box(30.01, 0.2, 30.2, 0.4))
A_STEP = {
    "a front in two units": (front(), front({14: -0.1, 15: -0.2, 16: -0.1})),
    "a front that moves both ways in two units": (front(), front({14: -0.1, 15: -0.1, 16: 0.1})),
    "a new area": (front(), ISLAND),
    "an area gone": (ISLAND, front()),
    "an area elsewhere": (ISLAND, shapely.union(front(), box(31.1, -0.1, 31.2, 0.3))),
    "a new hole": (front(), HOLED),
    "a hole filled": (HOLED, front()),
    "a hole as small as noise": (front(), NOISE),
    "noise that grows": (NOISE, HOLED),
    "areas joined": (shapely.union(front(), box(31.2, 0.31, 31.4, 0.39)), BRIDGED),
    "an area cut off": (BRIDGED, shapely.union(front(), box(31.2, 0.31, 31.4, 0.39))),
    "a pocket closed": (
        shapely.union_all([front(), box(31.2, 0.3, 31.6, 0.4), box(31.2, 0.3, 31.3, 0.7)]),
        shapely.union_all(
            [
                front(),
                box(31.2, 0.3, 31.6, 0.4),
                box(31.2, 0.3, 31.3, 0.7),
                box(31.2, 0.6, 31.6, 0.7),
            ]
        ),
    ),
    "at the coast": (front(), front({25: -0.1})),
    "a unit entered": (box(31.2, 0.2, 31.8, 0.8), box(30.9, 0.2, 31.8, 0.8)),
    "a mismatch at the coast": (front(), COAST),
    "a mismatch at the coast gone": (
        shapely.union(COAST, box(30.5, 0.2, 30.6, 0.4)),
        shapely.union(front(), box(30.5, 0.2, 30.6, 0.4)),
    ),
    "a mismatch at the coast that grows": (
        COAST,
        shapely.union(front(), box(30.01, 0.2, 30.3, 0.6)),
    ),
    "beyond the coast": (front(), front({0: -0.2, 1: -0.2})),
}


@pytest.mark.parametrize("case", A_STEP)
def test_what_is_a_step(case: str, setting: Setting) -> None:
    before, after = (claims(("bora", ground)) for ground in A_STEP[case])
    state = step_from(setting, before, after)
    assert state is not None
    expected, _ = begin(setting, Control(after, FIRST, "after"))
    check_figures(state.figures, expected)
    assert state.figures.segments == expected.segments


def test_areas_that_touch_at_a_corner_are_measured_in_full(setting: Setting) -> None:
    touching = shapely.union(box(30.2, 0.2, 30.4, 0.4), box(30.4, 0.4, 30.6, 0.6))
    assert begin(setting, Control(claims(("bora", touching)), FIRST, "made"))[1] is None


@pytest.fixture
def short_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "DAYS_IN_STEPS", 32)


@pytest.fixture(params=["threads", "processes"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    kind = ThreadPoolExecutor if request.param == "threads" else ProcessPoolExecutor
    with kind(2) as pool:
        yield pool


@pytest.mark.usefixtures("short_batches")
def test_any_executor_gives_the_same(
    executor: Executor, plans: list[lp.Plan], toy: lp.Dataset, tmp_path: Path
) -> None:
    folder = write_days(tmp_path / "days", moving(70))
    told: list[tuple[int, int]] = []
    alone = lp.timeline(*plans, control=folder, dataset=toy)
    shared = lp.timeline(
        *plans,
        control=folder,
        dataset=toy,
        executor=executor,
        progress=lambda done, total: told.append((done, total)),
    )
    assert_frame_equal(alone.areas, shared.areas, check_exact=True)
    assert_frame_equal(alone.days, shared.days, check_exact=True)
    assert told[0] == (0, 70)
    assert told[-1] == (70, 70)
    assert len(told) >= 4  # batches of 32 days at most


def test_unchanged_days_are_copied(
    plans: list[lp.Plan],
    toy: lp.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = write_days(tmp_path / "days", [front(), front(), front({20: 0.1}), front()])
    read: list[dt.date] = []
    outline = Archive.outline

    def counted(self: Archive, day: dt.date) -> Outline:
        read.append(day)
        return outline(self, day)

    monkeypatch.setattr(Archive, "outline", counted)
    found = lp.timeline(*plans, control=folder, dataset=toy)
    assert [day.day for day in read] == [1, 3]
    assert found.days["note"].tolist() == ["", "as on 2025-01-01", "", "as on 2025-01-01"]
    by_day = [rows.drop(columns="date") for _, rows in found.areas.groupby("date")]
    for day in (1, 3):
        assert_frame_equal(by_day[0].reset_index(drop=True), by_day[day].reset_index(drop=True))
    assert len(found.areas) == 4 * 2 * 6
    # The day they are like need not be among those asked for.
    later = lp.timeline(*plans, control=folder, dataset=toy, first="2025-01-02")
    assert later.days["note"].tolist() == ["", "", "as on 2025-01-02"]


def test_units_that_are_part_of_a_country_have_no_steps(
    toy: lp.Dataset, plans: list[lp.Plan], tmp_path: Path
) -> None:
    """There the main body itself may be a mismatch at the frontier."""
    east = toy.units()[lambda frame: frame["unit_id"].isin(["T-NE", "T-SE"])]
    days = [box(29.5, -1.5, x, 1.5) for x in (31.953, 31.957, 31.96)]
    folder = write_days(tmp_path / "days", days)
    archive = lp.open_archive(folder, toy, kind=SourceFile(held_by="bora"))
    found = lp.timeline(plans[0], control=archive, dataset=toy, units=east).areas
    for number, day in enumerate(archive.days):
        control = archive.control(day)
        alone = lp.arrange(plans[0], dataset=toy, units=east, control=control).zones
        rows = found[found["date"] == pd.Timestamp(FIRST + dt.timedelta(number))]
        one, other = (t.groupby("held_by")["area_km2"].sum().to_dict() for t in (rows, alone))
        assert one == pytest.approx(other, abs=1e-6)


def test_a_day_drawn_anew_is_a_day(toy: lp.Dataset, plans: list[lp.Plan], tmp_path: Path) -> None:
    days = [box(31.5, -1.5, 32.5, 1.5), box(31.4, -1.6, 32.6, 1.6)]
    found = lp.timeline(*plans, control=write_days(tmp_path / "days", days), dataset=toy)
    assert len(found.days) == 2


def test_what_was_repaired_is_said(toy: lp.Dataset, plans: list[lp.Plan], tmp_path: Path) -> None:
    days = [front(), front({20: 0.1}), front({20: 0.2})]
    folder = write_days(tmp_path / "days", days)
    bow = shapely.Polygon([(31.5, 0.2), (31.9, 0.6), (31.9, 0.2), (31.5, 0.6)])
    write_days(folder, [bow], FIRST + dt.timedelta(1))
    for control in (folder, tmp_path / "packed.parquet"):
        if control != folder:
            assert "2025-01-02" in pack(lp.open_archive(folder, toy), control).mended[0]
        found = lp.timeline(*plans, control=control, dataset=toy)
        assert [bool(note) for note in found.days["note"]] == [False, True, False]
        assert "repaired (Self-intersection" in found.conditions["days_mended"]["2025-01-02"]


def spoil(folder: Path, number: int) -> None:
    file = sorted(folder.iterdir())[number]
    file.write_text(file.read_text()[:200])


@pytest.mark.parametrize("shared", [False, True])
def test_a_bad_day_is_named(
    shared: bool, plans: list[lp.Plan], toy: lp.Dataset, tmp_path: Path
) -> None:
    folder = write_days(tmp_path / "days", moving(40))
    spoil(folder, 38)
    spoil(folder, 3)
    with ThreadPoolExecutor(2) as pool, pytest.raises(lp.LineplanError) as fault:
        lp.timeline(*plans, control=folder, dataset=toy, executor=pool if shared else None)
    assert str(fault.value).startswith("2025-01-04: ")
    assert "line_20250104.geojson" in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_bad_day_is_skipped_when_asked(
    plans: list[lp.Plan], toy: lp.Dataset, tmp_path: Path
) -> None:
    whole = lp.timeline(*plans, control=write_days(tmp_path / "days", moving(6)), dataset=toy)
    spoil(tmp_path / "days", 3)
    found = lp.timeline(*plans, control=tmp_path / "days", dataset=toy, keep_going=True)
    assert list(found.conditions["days_skipped"]) == ["2025-01-04"]
    assert len(found.days) == 5
    good = whole.areas[whole.areas["date"] != pd.Timestamp("2025-01-04")]
    assert worst_m2(found.areas, good) < BOUND_M2


def test_a_conflict_of_clauses_names_day_and_source(toy: lp.Dataset, tmp_path: Path) -> None:
    both = toy_plan(
        toy,
        "both",
        clause("a", "recognized", {"units": ["T-NE"]}),
        clause("b", "relinquished", {"held_by": ["bora"]}),
    )
    folder = write_days(tmp_path / "days", [front()])
    with pytest.raises(lp.LineplanError, match=r"2025-01-01: .*line_20250101.*clauses a and b"):
        lp.timeline(both, control=folder, dataset=toy)


def test_nothing_is_left_when_every_day_is_bad(
    plans: list[lp.Plan], toy: lp.Dataset, tmp_path: Path
) -> None:
    folder = write_days(tmp_path / "days", [front()])
    spoil(folder, 0)
    with pytest.raises(lp.LineplanError, match="no day can be used; 2025-01-01"):
        lp.timeline(*plans, control=folder, dataset=toy, keep_going=True)


@pytest.mark.usefixtures("short_batches")
def test_a_run_goes_on_where_it_stopped(
    plans: list[lp.Plan], toy: lp.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_days(tmp_path / "days", moving(70))
    whole = lp.timeline(*plans, control=folder, dataset=toy)
    ran: list[int] = []
    run = batches.Batch.run

    def stopping(self: batches.Batch) -> batches.Part:
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.append(len(self.days))
        return run(self)

    journal = tmp_path / "journal"
    monkeypatch.setattr(batches.Batch, "run", stopping)
    with pytest.raises(KeyboardInterrupt):
        lp.timeline(*plans, control=folder, dataset=toy, journal=journal)
    done = sum(ran)
    ran.clear()
    found = lp.timeline(*plans, control=folder, dataset=toy, journal=journal)
    assert sum(ran) == 70 - done
    assert_frame_equal(found.areas, whole.areas, check_exact=True)
    assert_frame_equal(found.days, whole.days, check_exact=True)


@pytest.mark.parametrize("change", ["options", "files", "reading", "plans"])
def test_what_was_kept_for_other_inputs_is_not_used(
    change: str, plans: list[lp.Plan], toy: lp.Dataset, tmp_path: Path
) -> None:
    folder = write_days(tmp_path / "days", moving(3))
    options: dict[str, Any] = {"control": folder, "dataset": toy, "journal": tmp_path / "journal"}
    lp.timeline(*plans, **options)
    if change == "options":
        options["reconcile"] = False
    elif change == "files":
        write_days(folder, [front({20: 0.3})])
    elif change == "reading":
        options["control"] = lp.open_archive(folder, toy, kind=SourceFile(held_by="cora"))
    else:
        plans = plans[:1]
    found = lp.timeline(*plans, **options)
    del options["journal"]
    assert_frame_equal(found.areas, lp.timeline(*plans, **options).areas, check_exact=True)
    assert len(list((tmp_path / "journal").iterdir())) == 2


def test_a_plan_that_measures_from_the_line(toy: lp.Dataset, tmp_path: Path) -> None:
    strip = toy_plan(
        toy, "strip", clause("s", "demilitarized_buffer", {"within": {"of": "line", "km": 10}})
    )
    folder = write_days(tmp_path / "days", moving(2))
    found = lp.timeline(strip, control=folder, dataset=toy).areas
    for file, (_, rows) in zip(sorted(folder.iterdir()), found.groupby("date"), strict=True):
        alone = lp.arrange(strip, dataset=toy, control=file).zones
        assert rows["area_km2"].sum() == pytest.approx(alone["area_km2"].sum())
        keys = ["unit_id", "held_by", "status"]
        ours = rows.groupby(keys)["area_km2"].sum()
        theirs = alone.groupby(keys)["area_km2"].sum()
        assert ours.to_dict() == pytest.approx(theirs.to_dict())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"first": "2025-01-03", "last": "2025-01-02"}, "is after the last"),
        ({"first": "2026-01-03"}, "has no state from 2026-01-03"),
        ({"first": "tomorrow"}, "is not a date"),
        ({"contested": "nobody"}, "nobody"),
    ],
)
def test_options_that_do_not_fit(
    options: dict[str, str], words: str, plans: list[lp.Plan], toy: lp.Dataset, tmp_path: Path
) -> None:
    folder = write_days(tmp_path / "days", [front()])
    with pytest.raises(lp.LineplanError, match=words):
        lp.timeline(*plans, control=folder, dataset=toy, **options)


def test_no_plan(toy: lp.Dataset, tmp_path: Path) -> None:
    with pytest.raises(lp.UsageError, match="at least one plan"):
        lp.timeline(control=tmp_path, dataset=toy)


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_files_are_the_same_twice_and_read_back(
    ending: str, plans: list[lp.Plan], toy: lp.Dataset, tmp_path: Path
) -> None:
    folder = write_days(tmp_path / "days", moving(3))
    found = lp.timeline(*plans, control=folder, dataset=toy)
    path = tmp_path / f"series.{ending}"
    written = write_timeline(found, path)
    before = [file.read_bytes() for file in written]
    assert [file.read_bytes() for file in write_timeline(found, path)] == before
    read = pd.read_parquet if ending == "parquet" else pd.read_csv
    areas = read(path).fillna({"clause_id": ""})
    assert areas["area_km2"].tolist() == found.areas["area_km2"].tolist()
    assert areas["date"].astype(str).iloc[0] == "2025-01-01"
    days = read(tmp_path / f"series.days.{ending}")
    assert days["line_length_km"].tolist() == found.days["line_length_km"].tolist()


@pytest.mark.realdata
@pytest.mark.alldays
def test_every_real_day_is_within_a_square_metre(
    real_data: Path, monkeypatch: pytest.MonkeyPatch, steps: list[bool]
) -> None:
    given = ("point21", "borders1991", "as_held")
    found = lp.timeline(*given, control=real_data / "deepstate_daily")
    assert sum(steps) > len(found.days) / 2
    in_full(monkeypatch)
    full = lp.timeline(*given, control=real_data / "deepstate_daily")
    worst = worst_m2(found.areas, full.areas)
    print(f"{len(full.days)} days, {sum(steps)} in steps, worst {worst:.3f} m²")
    assert worst < BOUND_M2
    for column in ("line_length_km", "enclave_length_km", "vertex_spacing_km", "reassigned_km2"):
        np.testing.assert_allclose(found.days[column], full.days[column], atol=1e-5)


def test_what_was_kept_is_of_the_files_that_a_plan_names(toy: lp.Dataset, tmp_path: Path) -> None:
    """Half of the zone that the cases measure is what a second run finds, and no stale figure."""
    case = Path(__file__).parent / "data" / "cases" / "inside_an_area"
    for name in ("plan.toml", "zone.geojson"):
        shutil.copy(case / name, tmp_path)
    folder = write_days(tmp_path / "days", moving(2))
    how = {"control": folder, "dataset": toy, "journal": tmp_path / "kept"}

    def in_the_zone() -> list[float]:
        areas = lp.timeline(tmp_path / "plan.toml", **how).areas
        return areas[areas["status"] == "special_zone"].groupby("date")["area_km2"].sum().tolist()

    assert in_the_zone() == pytest.approx([2 * 6154.231947] * 2)
    (kept,) = (tmp_path / "kept").iterdir()
    assert in_the_zone() == pytest.approx([2 * 6154.231947] * 2)
    assert list((tmp_path / "kept").iterdir()) == [kept], "the same files: nothing is done anew"
    zone = gpd.read_file(tmp_path / "zone.geojson")
    zone.geometry = [box(30.25, -1.5, 30.5, 1.5)]
    zone.to_file(tmp_path / "zone.geojson")
    assert in_the_zone() == pytest.approx([6154.231947] * 2)
