"""A chart of a timeline: ground by status through time, one panel a plan."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

ENDINGS = (".png", ".svg")
_LEAST_KM2 = 1.0
_SENTENCE_WIDTH = 120


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
    plans = timeline.conditions["plans"]
    style = {
        "svg.hashsalt": "lineplan",
        "svg.fonttype": "none",
        "font.size": 9,
        "font.family": "sans-serif",
        "axes.edgecolor": OPEN_INK,
        "text.color": "#2b2a28",
    }
    with pyplot.rc_context(style):
        figure, panels = pyplot.subplots(
            len(plans), 1, figsize=(10.5, 0.9 + 3.6 * len(plans)), squeeze=False, sharex=True
        )
        for panel, plan in zip(panels[:, 0], plans, strict=True):
            areas = timeline.areas[timeline.areas["plan_id"] == plan["plan_id"]]
            _draw_panel(panel, areas, plan, dataset)
        panels[-1, 0].xaxis.set_major_formatter(
            pyplot.matplotlib.dates.ConciseDateFormatter(panels[-1, 0].xaxis.get_major_locator())
        )
        figure.tight_layout(rect=(0, 0.6 / figure.get_figheight(), 1, 1), h_pad=2.0)
        figure.text(0.012, 0.012, _sources(timeline), fontsize=7, va="bottom", color=OPEN_INK)
        with replacing(path) as draft:
            metadata = {"Date": None} if path.suffix.lower() == ".svg" else {"Software": None}
            figure.savefig(draft, dpi=150, metadata=metadata, bbox_inches="tight", pad_inches=0.15)
        pyplot.close(figure)


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
    holder = words.holder_short(held_by, dataset=dataset)
    return f"{named}, {holder[:1].lower()}{holder[1:]}"


def _draw_panel(panel: Axes, areas: pd.DataFrame, plan: dict[str, Any], dataset: Dataset) -> None:
    held = _by_status(areas)
    change = held - held.iloc[0]
    panel.axhline(0, color=OPEN_INK, linewidth=0.6)
    for status, holder in held.columns:
        values = change[status, holder]
        panel.step(
            change.index,
            values,
            where="post",
            color=PAINTS[status if status in PAINTS else "unspecified"].ink,
            linestyle="--" if holder == dataset.default_holder else "-",
            linewidth=1.6,
        )
    low, high = change.to_numpy().min(), change.to_numpy().max()
    room = max(high - low, 1.0)
    panel.set_ylim(low - 0.06 * room, high + 0.06 * room)
    for (status, holder), y in _spread(change.iloc[-1], room / 6.5).items():
        panel.annotate(
            textwrap.fill(
                f"{_name(status, holder, dataset)}: {held[status, holder].iloc[-1]:,.0f} km²", 42
            ),
            (1, y),
            xycoords=("axes fraction", "data"),
            xytext=(6, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            annotation_clip=False,
            color=PAINTS[status if status in PAINTS else "unspecified"].ink,
        )
    first = catalogue("en").date(held.index[0].date())
    panel.set_ylabel(f"km², change since\n{first}", fontsize=8)
    panel.yaxis.set_major_formatter(lambda x, _: f"{x:+,.0f}" if x else "0")
    panel.spines[["top", "right"]].set_visible(False)
    panel.margins(x=0)
    sentence = textwrap.fill(what_moved(areas, dataset), _SENTENCE_WIDTH)
    panel.text(
        0, 1.03, sentence, transform=panel.transAxes, fontsize=8, va="bottom", color=OPEN_INK
    )
    force = "in force" if plan["in_force"] else STANDINGS[plan["standing"]]
    head = f"{plan['plan_title']} (text of {plan['plan_text_date']}; {force})"
    rise = 1.03 + 0.062 * (sentence.count("\n") + 1)
    panel.text(
        0, rise, head, transform=panel.transAxes, fontsize=9.5, fontweight="bold", va="bottom"
    )


def _spread(values: pd.Series, apart: float) -> dict[tuple[str, str], float]:
    """Heights of labels, as near their lines as they can be without lying on each other."""
    ordered = values.sort_values()
    at = ordered.to_numpy(dtype=float).copy()
    for _ in range(100):
        lack = apart - np.diff(at)
        if (lack <= 1e-9 * apart).all():
            break
        push = np.maximum(lack, 0) / 2
        at[:-1] -= push
        at[1:] += push
    return dict(zip(ordered.index, at.tolist(), strict=True))


def _sources(timeline: Timeline) -> str:
    said, days = timeline.conditions, timeline.days
    attributions = [text for text in days["attribution"].unique() if text]
    lines = [
        f"Control: {said['control_source']}, {said['days']} days from {said['first_day']} to "
        f"{said['last_day']} ({len(said['days_missing'])} missing, {len(said['days_skipped'])} "
        f"skipped). {'; '.join(attributions)}",
        f"Units: {said['units_source']}. Mean spacing of the line's corners "
        f"{days['vertex_spacing_km'].mean():.1f} km. Dashed: ground of the party that "
        "holds what no one is mapped as holding.",
    ]
    return "\n".join(textwrap.fill(line, 150) for line in lines)


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
