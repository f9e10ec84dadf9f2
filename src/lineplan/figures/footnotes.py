"""What stands in small print: text, line, readings, accuracy, sources and licences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineplan import footnotes

if TYPE_CHECKING:
    from lineplan.facts import Facts


def statements(facts: Facts, drift: float) -> list[str]:
    """List the texts, and what `conditions_said` lists."""
    return [footnotes.texts(facts.arrangement.plan, facts.words), *conditions_said(facts, drift)]


def conditions_said(facts: Facts, drift: float) -> list[str]:
    """
    List the conditions of every figure, and what the map does not say.

    Parameters
    ----------
    facts
        What is said.
    drift
        The largest difference between the drawn and the computed area of a zone, as a share.
    """
    said, words = facts.conditions, facts.words
    plan, dataset = facts.arrangement.plan, facts.arrangement.dataset
    text = words.text
    lines = [
        footnotes.line(said, facts.line_date, words),
        footnotes.readings(plan, said["readings"], words),
        footnotes.parameters(plan, said["parameters"], dataset, words),
        footnotes.baseline(said, dataset, words),
        footnotes.opinion(plan, words),
        words.accuracy(drift),
        text("footer.rounding"),
        text("footer.reassigned", area=words.area(said["reassigned_km2"]))
        if said["reconciled"]
        else text("footer.not_reconciled"),
        text("footer.permission") if said["line_source_permission"] else "",
        footnotes.of_dataset(dataset, "terms", words),
    ]
    if words.overridden:
        lines.append(text("footer.terms", labels=", ".join(words.overridden)))
    return [line for line in lines if line]


def attributions(facts: Facts) -> list[str]:
    """List every layer of the map with its attribution and licence."""
    return footnotes.attributions(
        facts.arrangement.dataset, [facts.conditions], facts.words, most_sources=1
    )
