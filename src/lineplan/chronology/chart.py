"""A chart of a timeline: ground by status through time, one panel a plan."""

from __future__ import annotations

import textwrap
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from lineplan.chronology.series import Timeline
from lineplan.dataset import Dataset
from lineplan.errors import LineplanError, UsageError
from lineplan.labels import catalogue
from lineplan.output import check_replaceable, replacing
from lineplan.plan import STANDINGS
from lineplan.style import OPEN_INK, PAINTS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ENDINGS = (".png", ".svg")
_LEAST_KM2 = 1.0
_DAY = pd.Timedelta(days=1)
_INK = "#2b2a28"

# A page is laid out in inches from what its texts need, so that none lies on another.
_WIDTH_IN, _EDGE_IN, _LEFT_IN, _RIGHT_IN = 10.5, 0.15, 1.0, 3.1
_LEAST_PANEL_IN, _TICKS_IN, _GAP_IN = 2.2, 0.6, 0.12


class _Text(NamedTuple):
    """How a kind of text is set: its size, and at how many letters its lines break."""

    points: float
    letters: int

    def wrap(self, text: str) -> str:
        return textwrap.fill(text, self.letters)

    def height_in(self, wrapped: str) -> float:
        return (wrapped.count("\n") + 1) * self.points * 1.3 / 72


_HEAD, _SENTENCE, _LABEL, _SOURCE = _Text(9.5, 100), _Text(8, 130), _Text(7.5, 42), _Text(7, 150)


def check_target(path: Path) -> None:
    """Raise UsageError or LineplanError where no chart can be drawn to a file."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"{path}: a chart is drawn to a file that ends in .png or .svg")
    check_replaceable(path)
    _pyplot()


def draw_chart(timeline: Timeline, path: Path, dataset: Dataset) -> None:
    """Draw km² by status over time, with a sentence of what moved between first and last day.

    Parameters
    ----------
    timeline : Timeline
    path : Path
        Ending in ``.png`` or ``.svg``.
    dataset : Dataset
        That names the parties.

    Raises
    ------
    UsageError
        The ending is another.
    LineplanError
        matplotlib is not installed, or the file cannot be written.
    """
    check_target(path)
    pyplot = _pyplot()
    style = {
        "svg.hashsalt": "lineplan",
        "svg.fonttype": "none",
        "font.size": 9,
        "font.family": "sans-serif",
        "axes.edgecolor": OPEN_INK,
        "text.color": _INK,
    }
    with pyplot.rc_context(style):
        figure = _composed(timeline, dataset)
        with replacing(path) as draft:
            metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
            figure.savefig(draft, dpi=150, metadata=metadata)
        pyplot.close(figure)


def _composed(timeline: Timeline, dataset: Dataset) -> Figure:
    panels = [_panel_of(timeline, plan, dataset) for plan in timeline.conditions["plans"]]
    sources = _sources(timeline)
    foot_in = _EDGE_IN + _SOURCE.height_in(sources)
    height_in = foot_in + sum(panel.height_in for panel in panels) + _EDGE_IN
    figure: Figure = _pyplot().figure(figsize=(_WIDTH_IN, height_in))
    top_in = height_in - _EDGE_IN
    for panel in panels:
        _draw_panel(figure, panel, top_in, dataset)
        top_in -= panel.height_in
    at = (_EDGE_IN / _WIDTH_IN, _EDGE_IN / height_in)
    figure.text(*at, sources, fontsize=_SOURCE.points, va="bottom", color=OPEN_INK, gid="foot")
    return figure


def what_moved(areas: pd.DataFrame, dataset: Dataset) -> str:
    """What moved between the first and the last day, in a sentence.

    Parameters
    ----------
    areas : DataFrame
        Of one plan, as in `Timeline.areas`.
    dataset : Dataset

    Returns
    -------
    str
    """
    words = catalogue("en")
    held = _by_status(areas)
    change = held.iloc[-1] - held.iloc[0]
    moved = change[change.abs() >= _LEAST_KM2].sort_values(key=np.abs, ascending=False)
    first, last = (words.date(day.date()) for day in (held.index[0], held.index[-1]))
    if len(held) == 1:
        return f"Ground on {first}, the only day: one day has no course."
    if not len(moved):
        return f"Between {first} and {last} nothing gained or lost 1 km²."
    parts = [
        f"{_name(status, holder, dataset)} {'+' if km2 > 0 else '-'}{abs(km2):,.0f} km²"
        for (status, holder), km2 in moved.items()
    ]
    return f"Moved between {first} and {last}: {'; '.join(parts)}."


def _by_status(areas: pd.DataFrame) -> pd.DataFrame:
    """km² by date, with a column for each status and holder."""
    return areas.pivot_table(
        index="date", columns=["status", "held_by"], values="area_km2", aggfunc="sum", fill_value=0
    )


def _name(status: str, held_by: str, dataset: Dataset) -> str:
    words = catalogue("en")
    plain = f"status.{status}_plain"
    key = plain if plain in words else f"status.{status}"
    named = words.text(key, kind="", by="", plan="the text").partition(" [")[0]
    # Two kinds of open ground have one name on maps; here each is a line.
    holder = words.holder_short(held_by, dataset=dataset)
    if held_by == "unknown":
        holder = f"{words.text('short.contested')} (no party mapped)"
    return f"{named}, {holder[:1].lower()}{holder[1:]}"


class _Panel(NamedTuple):
    """What a panel shows and how high that is; `labels` have the keys of the columns of `held`."""

    head: str
    sentence: str
    held: pd.DataFrame
    labels: dict[tuple[str, str], str]

    @property
    def words_in(self) -> float:
        return _HEAD.height_in(self.head) + _SENTENCE.height_in(self.sentence) + _GAP_IN

    @property
    def axes_in(self) -> float:
        labels = sum(_LABEL.height_in(label) for label in self.labels.values())
        return max(_LEAST_PANEL_IN, 1.1 * labels)

    @property
    def height_in(self) -> float:
        return self.words_in + self.axes_in + _TICKS_IN


def _panel_of(timeline: Timeline, plan: dict[str, Any], dataset: Dataset) -> _Panel:
    areas = timeline.areas[timeline.areas["plan_id"] == plan["plan_id"]]
    held = _by_status(areas)
    force = "in force" if plan["in_force"] else STANDINGS[plan["standing"]]
    return _Panel(
        _HEAD.wrap(f"{plan['plan_title']} (text of {plan['plan_text_date']}; {force})"),
        _SENTENCE.wrap(what_moved(areas, dataset)),
        held,
        {
            key: _LABEL.wrap(f"{_name(key[0], key[1], dataset)}: {held[key].iloc[-1]:,.0f} km²")
            for key in held.columns
        },
    )


def _draw_panel(figure: Figure, panel: _Panel, top_in: float, dataset: Dataset) -> None:
    high_in = figure.get_figheight()
    for text, kind, gid, weight, colour in (
        (panel.head, _HEAD, "head", "bold", _INK),
        (panel.sentence, _SENTENCE, "sentence", "normal", OPEN_INK),
    ):
        at = (_EDGE_IN / _WIDTH_IN, top_in / high_in)
        figure.text(
            *at, text, fontsize=kind.points, fontweight=weight, color=colour, va="top", gid=gid
        )
        top_in -= kind.height_in(text)
    bottom_in = top_in - _GAP_IN - panel.axes_in
    width_in = _WIDTH_IN - _LEFT_IN - _RIGHT_IN
    axes = figure.add_axes(
        (_LEFT_IN / _WIDTH_IN, bottom_in / high_in, width_in / _WIDTH_IN, panel.axes_in / high_in)
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.xaxis.get_offset_text().set_fontsize(8)
    draw = _draw_day if len(panel.held) == 1 else _draw_course
    ends = draw(axes, panel.held, dataset)
    heights = pd.Series({key: _LABEL.height_in(text) for key, text in panel.labels.items()})
    low, high = axes.get_ylim()
    near = (ends - low) / (high - low) * panel.axes_in
    for key, y_in in _spread(near, heights, panel.axes_in).items():
        axes.annotate(
            panel.labels[key],
            (1, y_in / panel.axes_in),
            xycoords="axes fraction",
            xytext=(8, 0),
            textcoords="offset points",
            va="center",
            fontsize=_LABEL.points,
            annotation_clip=False,
            color=_ink(key[0]),
            gid="label",
        )


def _draw_course(axes: Axes, held: pd.DataFrame, dataset: Dataset) -> pd.Series:
    """Draw change since the first day; return at what height each line ends.

    A day is as long as a day, the last one too. Over days without a state goes a thin dotted line,
    and days too short to be seen between them have a dot.
    """
    from matplotlib import ticker

    change = held - held.iloc[0]
    first, last = held.index[0], held.index[-1]
    span = last + _DAY - first
    gaps = np.flatnonzero(np.diff(held.index) > _DAY) + 1
    runs = [slice(a, b) for a, b in pairwise([0, *gaps.tolist(), len(held)])]
    axes.axhline(0, color=OPEN_INK, linewidth=0.6)
    for key in held.columns:
        colour, values = _ink(key[0]), change[key]
        dash = "--" if key[1] == dataset.default_holder else "-"
        before: tuple[pd.Timestamp, float] | None = None
        for run in runs:
            days, km2 = held.index[run], values.iloc[run].tolist()
            end = days[-1] + _DAY
            if before is not None:
                axes.plot(
                    [before[0], days[0]], [before[1], km2[0]], ":", color=colour, linewidth=0.8
                )
            axes.step(
                [*days, end],
                [*km2, km2[-1]],
                where="post",
                color=colour,
                linestyle=dash,
                linewidth=1.6,
            )
            if (end - days[0]) < span / 60:
                axes.plot(days[-1] + _DAY / 2, km2[-1], "o", color=colour, markersize=4)
            before = (end, km2[-1])
    low, high = float(change.to_numpy().min()), float(change.to_numpy().max())
    edge_km2 = max(0.06 * (high - low), (2 * _LEAST_KM2 - (high - low)) / 2)
    axes.set_ylim(low - edge_km2, high + edge_km2)
    edge = span / 100 if len(gaps) else pd.Timedelta(0)  # where the first and last dots fit
    axes.set_xlim(first - edge, last + _DAY + edge)
    _mark_days(axes, held.index, span)
    axes.yaxis.set_major_locator(ticker.MaxNLocator(nbins=6, integer=True))
    axes.yaxis.set_major_formatter(lambda x, _: f"{x:+,.0f}" if x else "0")
    axes.set_ylabel(f"km², change since\n{catalogue('en').date(first.date())}", fontsize=8)
    return change.iloc[-1]


def _mark_days(axes: Axes, days: pd.DatetimeIndex, span: pd.Timedelta) -> None:
    """Put dates below the axis: each of a few days, else those that suit; none after the last."""
    from matplotlib import dates

    locate, number, concise = dates.AutoDateLocator, dates.date2num, dates.ConciseDateFormatter
    locator: Any = locate(minticks=3, maxticks=9)  # type: ignore[no-untyped-call]
    ticks = [number(day) for day in days]  # type: ignore[no-untyped-call]
    if span > 10 * _DAY:
        ticks = [at for at in locator.tick_values(days[0], days[-1]) if ticks[0] <= at <= ticks[-1]]
    axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(concise(locator))  # type: ignore[no-untyped-call]


def _draw_day(axes: Axes, held: pd.DataFrame, dataset: Dataset) -> pd.Series:
    """Draw the ground of a single day as bars; return at what height each lies."""
    ordered = held.iloc[0].sort_values()
    for at, (key, km2) in enumerate(ordered.items()):
        is_default = key[1] == dataset.default_holder
        axes.barh(
            at,
            km2,
            height=0.5,
            facecolor="none" if is_default else _ink(key[0]),
            edgecolor=_ink(key[0]),
            linestyle="--" if is_default else "-",
        )
    axes.set_ylim(-0.6, len(ordered) - 0.4)
    axes.set_yticks([])
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:,.0f}")
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel("km²", fontsize=8)
    return pd.Series(np.arange(len(ordered), dtype=float), index=ordered.index)


def _ink(status: str) -> str:
    return PAINTS[status if status in PAINTS else "unspecified"].ink


def _spread(near: pd.Series, heights: pd.Series, room: float) -> dict[tuple[str, str], float]:
    """Centres of labels in a room, as near their lines as can be, and none on another.

    With the least distances taken off, centres need only ascend: an isotonic regression.
    """
    ordered = near.sort_values(kind="stable")
    size = heights[ordered.index].to_numpy() * 1.05
    taken = np.concatenate([[0.0], np.cumsum((size[:-1] + size[1:]) / 2)])
    free = ordered.to_numpy(dtype=float) - taken
    count = range(len(free))
    ascending = [
        max(min(free[j : k + 1].mean() for k in count[i:]) for j in count[: i + 1]) for i in count
    ]
    bounded = np.clip(ascending, size[0] / 2, max(size[0] / 2, room - size[-1] / 2 - taken[-1]))
    return dict(zip(ordered.index, (bounded + taken).tolist(), strict=True))


def _sources(timeline: Timeline) -> str:
    said, days = timeline.conditions, timeline.days
    missing = len(said["days_missing"]) + len(said["days_skipped"])
    attributions = [text for text in days["attribution"].unique() if text]
    lines = [
        f"Control: {said['control_source']}, {said['days']} day(s) from {said['first_day']} to "
        f"{said['last_day']} ({len(said['days_missing'])} missing, {len(said['days_skipped'])} "
        f"skipped). {'; '.join(attributions)}",
        f"Units: {said['units_source']}. Mean spacing of the line's corners "
        f"{days['vertex_spacing_km'].mean():.1f} km. Dashed: ground of the party that "
        "holds what no one is mapped as holding."
        + (" Dotted: days without a state." if len(days) > 1 and missing else ""),
    ]
    return "\n".join(_SOURCE.wrap(line) for line in lines)


def _pyplot() -> Any:
    try:
        import matplotlib as mpl
    except ImportError:
        raise LineplanError(
            "a chart needs matplotlib, which is not installed: pip install 'lineplan[chart]'"
        ) from None
    mpl.use("agg")
    import matplotlib.pyplot as pyplot

    return pyplot
