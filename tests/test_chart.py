"""The chart of a timeline: what is drawn, and that no text lies on another."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import toyland
from matplotlib import dates, pyplot
from matplotlib.figure import Figure
from matplotlib.text import Text
from test_chronology import front, write_days
from test_timeline_cli import TOY_PLAN

import lineplan as lp
from lineplan.chronology.chart import _composed, _spread, what_moved

STATUSES = ("recognized", "frozen_at_line", "demilitarized_buffer", "unaffected")
HOLDERS = ("ru", "ua", "contested", "unknown")
PLANS = ("point21", "as_held")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    yield
    pyplot.close("all")


def timeline_of(count: int, *, apart: str = "1D", still: bool = False) -> lp.Timeline:
    """Two plans on days of made-up figures, whose lines end near each other: sixteen labels."""
    days = pd.date_range("2024-06-01", periods=count, freq=apart)
    rng = np.random.default_rng(1)
    tables = []
    for plan in PLANS:
        for status in STATUSES:
            for holder in HOLDERS:
                moved = np.zeros(count) if still else rng.normal(0, 2, count).cumsum()
                table = pd.DataFrame({"date": days, "area_km2": 5000 + moved})
                tables.append(table.assign(plan_id=plan, status=status, held_by=holder))
    said = {
        "plans": [
            {
                "plan_id": plan,
                "plan_title": "A plan with a long title, as drafts of many points have them " * 2,
                "plan_text_date": "2025-11-20",
                "in_force": False,
                "standing": "proposal",
            }
            for plan in PLANS
        ],
        "control_source": "A source of control with a long name",
        "units_source": "First-level units",
        "days": count,
        "first_day": str(days[0].date()),
        "last_day": str(days[-1].date()),
        "days_missing": [],
        "days_skipped": {},
    }
    told = pd.DataFrame({"date": days, "attribution": "A source", "vertex_spacing_km": 1.0})
    return lp.Timeline(pd.concat(tables), told, said)


def drawn_texts(figure: Figure) -> list[Text]:
    return [text for text in figure.findobj(Text) if text.get_visible() and text.get_text()]


def check_texts(figure: Figure) -> None:
    """No text touches another or leaves the page, by the renderer's own boxes."""
    figure.canvas.draw()
    hidden = beyond_ends(figure)
    texts = [text for text in drawn_texts(figure) if text not in hidden]
    assert len(texts) > 40
    seen = [(text.get_text(), text.get_window_extent()) for text in texts]
    for (one, a), (other, b) in combinations(seen, 2):
        assert not a.overlaps(b), (one, other)
    for text, box in seen:
        assert 0 <= box.x0 < box.x1 <= figure.bbox.x1, text
        assert 0 <= box.y0 < box.y1 <= figure.bbox.y1, text


def beyond_ends(figure: Figure) -> list[Text]:
    """Labels of ticks that matplotlib keeps beyond the ends of an axis and does not draw."""
    found = []
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = axis.get_view_interval()
            ticks = [*axis.get_major_ticks(), *axis.get_minor_ticks()]
            found += [tick.label1 for tick in ticks if not low <= tick.get_loc() <= high]
    return found


@pytest.mark.parametrize("still", [False, True])
@pytest.mark.parametrize(
    ("count", "apart"), [(1, "1D"), (2, "1D"), (2, "1217D"), (10, "1D"), (10, "3D"), (536, "1D")]
)
def test_no_text_lies_on_another(count: int, apart: str, still: bool, ukraine: lp.Dataset) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = _composed(timeline_of(count, apart=apart, still=still), ukraine)
        check_texts(figure)
    gids = [text.get_gid() for text in drawn_texts(figure)]
    assert [gids.count(gid) for gid in ("head", "sentence", "label", "foot")] == [2, 2, 32, 1]


@pytest.mark.parametrize("count", [2, 536])
def test_the_last_day_is_as_long_as_a_day(count: int, ukraine: lp.Dataset) -> None:
    timeline = timeline_of(count)
    axes = _composed(timeline, ukraine).axes[0]
    last = dates.date2num(timeline.days["date"].iloc[-1])
    lines = [line for line in axes.lines if len(line.get_xdata()) == count + 1]
    assert len(lines) == len(STATUSES) * len(HOLDERS)
    assert axes.get_xlim()[1] == last + 1
    for line in lines:
        x, y = dates.date2num(line.get_xdata()), line.get_ydata()
        assert x[-2:].tolist() == [last, last + 1]
        assert y[-2] == y[-1] != 0


def test_days_far_apart_are_dots_and_what_is_between_is_dotted(ukraine: lp.Dataset) -> None:
    timeline = timeline_of(2, apart="1217D")
    axes = _composed(timeline, ukraine).axes[0]
    dots = [line for line in axes.lines if line.get_marker() == "o"]
    dotted = [line for line in axes.lines if line.get_linestyle() == ":"]
    areas = timeline.areas[timeline.areas["plan_id"] == "point21"]
    held = areas.pivot_table(index="date", columns=["status", "held_by"], values="area_km2")
    change = sorted(held.iloc[1] - held.iloc[0])
    assert sorted(line.get_ydata()[1] for line in dotted) == pytest.approx(change)
    at_end = [float(line.get_ydata()[0]) for line in dots[1::2]]
    assert sorted(at_end) == pytest.approx(change)


def test_one_day_is_bars_and_says_that_it_has_no_course(ukraine: lp.Dataset) -> None:
    timeline = timeline_of(1)
    figure = _composed(timeline, ukraine)
    axes = figure.axes[0]
    areas = timeline.areas[timeline.areas["plan_id"] == "point21"]["area_km2"]
    assert sorted(bar.get_width() for bar in axes.patches) == pytest.approx(sorted(areas))
    assert not axes.lines
    words = [text.get_text() for text in drawn_texts(figure)]
    assert words.count("Ground on 1 June 2024, the only day: one day has no course.") == 2


def test_ticks_are_whole_numbers_where_nothing_moved(ukraine: lp.Dataset) -> None:
    figure = _composed(timeline_of(10, still=True), ukraine)
    figure.canvas.draw()
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert len(labels) == len(set(labels))
    assert not {"+0", "-0"} & set(labels)


def test_open_ground_is_named_as_on_maps(ukraine: lp.Dataset) -> None:
    words = what_moved(timeline_of(536).areas.query("plan_id == 'point21'"), ukraine)
    assert "Would be recognised, contested or not established (no party mapped) " in words
    assert "Would be recognised, contested or not established " in words
    assert not re.search(r", not mapped [+-]", words)


def test_labels_are_as_near_their_lines_as_can_be() -> None:
    keys = pd.MultiIndex.from_tuples([("a", "x"), ("b", "x"), ("c", "x"), ("d", "x")])
    tall = pd.Series([1 / 1.05] * 4, index=keys)
    alone = _spread(pd.Series([1.0, 3.0, 5.0, 7.0], index=keys), tall, 10)
    assert list(alone.values()) == pytest.approx([1, 3, 5, 7])
    crowd = _spread(pd.Series([5.0, 5.0, 5.0, 9.4], index=keys), tall, 10)
    assert list(crowd.values()) == pytest.approx([4, 5, 6, 9.4])
    edge = _spread(pd.Series([0.0, 0.0, 9.9, 9.9], index=keys), tall, 10)
    assert list(edge.values()) == pytest.approx([0.5, 1.5, 8.5, 9.5])


def test_the_command_draws_one_day_without_a_warning(line: Any, tmp_path: Path) -> None:
    (tmp_path / "east.toml").write_text(TOY_PLAN, encoding="utf-8")
    write_days(tmp_path / "days", [front()])
    given = ("--dataset", toyland.FOLDER, "--control", "days", "-o", "s.csv", "--chart", "c.svg")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        said = line("timeline", "east.toml", *given)
    assert said.status == 0, said.err
    assert "Warning" not in said.err
    assert "one day has no course" in (tmp_path / "c.svg").read_text(encoding="utf-8")
