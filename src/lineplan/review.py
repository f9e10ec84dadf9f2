"""What a plan without fault still leaves loose, and what it needs before it can be laid."""

from __future__ import annotations

from collections.abc import Mapping

from lineplan.baselines import Lines, source_of
from lineplan.dataset import Dataset
from lineplan.errors import UsageError
from lineplan.plan import TERMS, Parameter, Plan, Value


def loose_ends(plan: Plan, dataset: Dataset) -> list[str]:
    """What a plan declares and nothing takes up.

    Parameters
    ----------
    plan : Plan
        As it is written, its parameters not yet chosen.
    dataset : Dataset

    Returns
    -------
    list of str
        In words: parameters that no clause names, with the readings that set them in vain, sources
        that are never quoted, and superseded texts that the dataset does not have.
    """
    words = []
    named = {clause.said(term) for clause in plan.clause for term in TERMS}
    named |= {strip.km for strip in plan.strips() if isinstance(strip.km, str)}
    for name in plan.parameters:
        if name in named:
            continue
        setting = [
            f"{clause.id}={reading.id}"
            for clause in plan.clause
            for reading in clause.reading
            if name in reading.set
        ]
        vain = f"; set without effect by {', '.join(setting)}" if setting else ""
        words.append(f"parameter {name}: no clause uses it{vain}")
    quoted = {
        source
        for clause in plan.clause
        for source in (*(q.source for q in clause.text), *(r.source for r in clause.reading))
    }
    quoted |= {quote.source for event in plan.revoked_if for quote in event.text}
    words += [f"source {s.id}: never quoted" for s in plan.source if s.id not in quoted]
    known = dataset.plan_ids()
    words += [
        f"supersedes {text}, which dataset {dataset.id} does not have (it has {', '.join(known)})"
        for text in plan.supersedes
        if text not in known
    ]
    return words


def needed(
    plan: Plan,
    dataset: Dataset,
    *,
    set: Mapping[str, Value],
    readings: Mapping[str, str],
    lines: Lines,
) -> list[str]:
    """Options that must be given before a plan can be laid.

    Parameters
    ----------
    plan : Plan
    dataset : Dataset
    set : mapping
        Parameter values given.
    readings : mapping
        Readings given, by clause.
    lines : mapping
        Sources of the line of contact given, by day.

    Returns
    -------
    list of str
        As the command line takes them, each with what it is for.

    Raises
    ------
    UsageError
        Something given does not fit the plan.
    """
    by_reading = {
        name
        for clause in plan.clause
        for reading in clause.reading
        if readings.get(clause.id) == reading.id
        for name in reading.set
    }
    missing = {
        name: parameter
        for name, parameter in plan.parameters.items()
        if parameter.default is None and name not in set and name not in by_reading
    }
    # What is given is judged now, with any allowed value for what is not.
    plan.choose(set={**{n: _allowed(p) for n, p in missing.items()}, **set}, readings=readings)
    words = [f"--set {name}=VALUE ({range_of(p)})" for name, p in missing.items()]
    for day in dict.fromkeys(strip.day for strip in plan.strips() if strip.day):
        try:
            source_of(day, plan, dataset, lines)
        except UsageError:
            words.append(f"--line {day}=FILE (a source of control of that day, or a file of lines)")
    return words


def range_of(parameter: Parameter) -> str:
    """What a parameter allows, in words."""
    if parameter.choices:
        return f"one of {', '.join(map(str, parameter.choices))}"
    low, high = parameter.min, parameter.max
    bounds = f"{low:g} to {high:g}" if low is not None and high is not None else "a number"
    if low is not None and high is None:
        bounds = f"{low:g} or more"
    if high is not None and low is None:
        bounds = f"up to {high:g}"
    return f"{bounds} {parameter.unit}".strip()


def _allowed(parameter: Parameter) -> Value:
    if parameter.choices:
        return parameter.choices[0]
    if parameter.min is not None:
        return parameter.min
    return parameter.max if parameter.max is not None else 0
