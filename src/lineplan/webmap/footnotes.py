"""What stands under the page: conditions of each day and of all, and days without a state."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lineplan import footnotes

if TYPE_CHECKING:
    from lineplan.labels import Catalogue
    from lineplan.plan import Plan
    from lineplan.webmap.recording import Recording

MOST_SOURCES = 3
"""Sources of the line named one by one, where each day has its own."""
MOST_GAPS = 5
"""Runs of days without a state that are named one by one."""


def statements(recording: Recording, plan: Plan, words: Catalogue) -> list[Any]:
    """
    List the conditions of every figure, and what the map does not say.

    Returns
    -------
    list
        Texts; ``{"day": "line"}`` and ``{"day": "moved"}`` stand for what is said of the day.
    """
    text, dataset = words.text, recording.dataset
    said = recording.days[0].conditions
    lines: list[Any] = [
        footnotes.texts(plan, words),
        {"day": "line"},
        footnotes.readings(plan, plan.chosen_readings, words),
        footnotes.parameters(plan, plan.parameter_values, dataset, words),
        footnotes.baseline(said, dataset, words),
        footnotes.opinion(plan, words),
        words.accuracy(recording.drift),
        text("footer.rounding"),
        {"day": "moved"} if said["reconciled"] else text("footer.not_reconciled"),
        no_state(recording, words),
    ]
    if any(day.conditions["line_source_permission"] for day in recording.days):
        lines.append(text("footer.permission"))
    lines.append(footnotes.of_dataset(dataset, "terms", words))
    if words.overridden:
        lines.append(text("footer.terms", labels=", ".join(words.overridden)))
    return [line for line in lines if line]


def plain_statements(recording: Recording, plan: Plan, words: Catalogue) -> list[str]:
    """List the same for the last day, for a page whose script does not run."""
    said = recording.days[-1].conditions
    of_day = {
        "line": footnotes.line(said, words.date(recording.days[-1].day), words),
        "moved": words.text("footer.reassigned", area=words.area(said["reassigned_km2"])),
    }
    listed = statements(recording, plan, words)
    return [line if isinstance(line, str) else of_day[line["day"]] for line in listed]


def attributions(recording: Recording, words: Catalogue) -> list[str]:
    """List every layer of the map with its attribution and licence."""
    said = [day.conditions for day in recording.days]
    return footnotes.attributions(recording.dataset, said, words, MOST_SOURCES)


def no_state(recording: Recording, words: Catalogue) -> str:
    """Days that the archive has no state of, or that were left out; '' where there is none."""
    days = sorted(day.day for day in recording.days if day.day is not None)
    one = timedelta(days=1)
    gaps = [(a + one, b - one) for a, b in itertools.pairwise(days) if b - a > one]
    if not gaps:
        return ""
    dates = [words.date(a) if a == b else f"{words.date(a)} – {words.date(b)}" for a, b in gaps]
    more = ["…"] if len(gaps) > MOST_GAPS else []
    return words.text(
        "footer.no_state",
        days=words.days(sum((b - a).days + 1 for a, b in gaps)),
        dates=words.text("join.items").join([*dates[:MOST_GAPS], *more]),
    )
