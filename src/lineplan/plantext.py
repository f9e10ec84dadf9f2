"""A plan in words: clauses, quotations, readings, parameters, sources, and the ground they take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Literal

import pandas as pd

from lineplan.arrangement import Arrangement
from lineplan.dataset import Dataset
from lineplan.plan import (
    STANDINGS,
    TERMS,
    UNSPECIFIED,
    Clause,
    Plan,
    Quote,
    Reading,
    Strip,
    Value,
    Where,
)
from lineplan.review import range_of
from lineplan.tables import heading

ReadingForm = Literal["table", "markdown"]

FEW = 8
"""Up to so many units are named one by one."""
Line = tuple[int, str]
"""Depth (0 for a heading, 1 for what stands under it, and so on) and words."""


def ground_taken(arrangement: Arrangement) -> pd.DataFrame:
    """What each clause takes on the ground it is laid over.

    Parameters
    ----------
    arrangement : Arrangement

    Returns
    -------
    DataFrame
        `clause_id` (every clause in the order of the text, then "no clause" where there is such
        ground), `status`, `area_km2` and `units` (tuple of ids).
    """
    zones, plan = arrangement.zones, arrangement.plan
    rows = []
    for clause_id, status in [*((c.id, c.status) for c in plan.clause), ("", plan.elsewhere)]:
        taken = zones[zones["clause_id"] == clause_id]
        if clause_id or len(taken):
            units = tuple(dict.fromkeys(taken["unit_id"]))
            rows.append([clause_id or "no clause", status, taken["area_km2"].sum(), units])
    return pd.DataFrame(rows, columns=["clause_id", "status", "area_km2", "units"])


def few(units: tuple[str, ...]) -> str:
    """Units by id, or how many they are."""
    return ", ".join(units) if len(units) <= FEW else f"{len(units)} units"


def plan_for_reading(
    plan: Plan,
    dataset: Dataset,
    form: ReadingForm = "table",
    *,
    arrangement: Arrangement | None = None,
) -> str:
    """A plan in words.

    Parameters
    ----------
    plan : Plan
        As it is written.
    dataset : Dataset
        That names its units.
    form : {"table", "markdown"}
    arrangement : Arrangement, optional
        The plan on some ground; with it every clause says how many km² it takes.

    Returns
    -------
    str
    """
    lines = list(_of_plan(plan))
    if arrangement is not None:
        lines += [(1, words) for words in heading(arrangement, "table").splitlines()[1:]]
    for clause in plan.clause:
        lines += _of_clause(clause, plan, dataset, arrangement)
    if plan.parameters:
        lines += [(0, "Parameters (--set NAME=VALUE)"), *_of_parameters(plan, arrangement)]
    if plan.revoked_if:
        lines.append((0, "Would be revoked if"))
        for event in plan.revoked_if:
            clauses = ", ".join(event.clauses) or "all"
            terms = ", ".join(event.terms) or "all"
            lines.append((1, f"{event.id} (clauses: {clauses}; terms: {terms})"))
            lines += [(depth + 1, words) for quote in event.text for depth, words in _quoted(quote)]
    lines.append((0, "Sources" if plan.source else "Sources: none"))
    for source in plan.source:
        day = f" ({source.date})" if source.date else ""
        note = f" {source.reliability}" if source.reliability else ""
        lines.append((1, f"{source.id} [{source.language}]: {source.name}{day}.{note}".rstrip()))
        lines += [(2, source.url)] if source.url else []
    return _set(lines, form)


def where_in_words(
    where: Where, dataset: Dataset, values: Mapping[str, Value | None] | None = None
) -> str:
    """Which ground a clause speaks of, in words.

    Parameters
    ----------
    where : Where
    dataset : Dataset
        That names the units.
    values : mapping, optional
        Of parameters that distances name.

    Returns
    -------
    str
        Conditions that must all hold, with ``;`` between them.
    """
    names = dataset.units().set_index("unit_id")["name"]

    def units(ids: tuple[str, ...]) -> str:
        return ", ".join(f"{i} {names[i]}" if i in names.index else i for i in ids)

    parts = [f"units {units(where.units)}"] if where.units else []
    parts += [f"not units {units(where.not_units)}"] if where.not_units else []
    parts += [f"held by {' or '.join(where.held_by)}"] if where.held_by else []
    known = values or {}
    parts += [_near(strip, "within", "inside", known) for strip in where.within]
    parts += [_near(strip, "beyond", "outside", known) for strip in where.beyond]
    if where.any:
        either = [where_in_words(alternative, dataset, values) for alternative in where.any]
        parts.append(f"either {' or '.join(f'({words})' for words in either)}")
    return "; ".join(parts) or "everywhere"


def _near(strip: Strip, near: str, at: str, values: Mapping[str, Value | None]) -> str:
    if strip.km == 0:
        return f"{at} {strip.of}"
    if not isinstance(strip.km, str):
        return f"{near} {strip}"
    value = values.get(strip.km)
    if value is None:
        return f"{near} {strip.model_copy(update={'km': f'{strip.km} (to be set)'})}"
    settled = strip.model_copy(update={"km": float(value)})
    return f"{near} {settled} ({strip.km})"


def _of_plan(plan: Plan) -> Iterator[Line]:
    force = STANDINGS[plan.standing]
    yield 0, f"{plan.title['en']} [{plan.id}]"
    yield 1, f"Text of {plan.date}; {force}. Ground that no clause speaks of: {plan.elsewhere}."
    if plan.supersedes:
        yield 1, f"Supersedes: {', '.join(plan.supersedes)}"
    if plan.note:
        yield 1, plan.note.get("en") or next(iter(plan.note.values()))


def _of_clause(
    clause: Clause, plan: Plan, dataset: Dataset, arrangement: Arrangement | None
) -> Iterator[Line]:
    yield 0, f"{clause.id} {clause.subject}: {clause.status}"
    values: Mapping[str, Value | None] = {n: p.default for n, p in plan.parameters.items()}
    if arrangement is not None:
        values = arrangement.plan.parameter_values
    yield 1, f"ground: {where_in_words(clause.where, dataset, values)}"
    if arrangement is not None:
        taken = ground_taken(arrangement).set_index("clause_id").loc[clause.id]
        units = f" in {few(taken['units'])}" if taken["units"] else ""
        yield 1, f"takes: {taken['area_km2']:,.0f} km²{units}"
    if clause.overrides:
        yield 1, f"overrides: {', '.join(clause.overrides)}"
    for term in TERMS:
        said = clause.said(term)
        if said != UNSPECIFIED:
            value = f" = {values[said] or '(to be set)'}" if said in values else ""
            yield 1, f"{term}: {said}{value}"
    for quote in clause.text:
        yield from _quoted(quote)
    chosen = arrangement.plan.chosen_readings if arrangement is not None else ()
    for reading in clause.reading:
        yield 1, f"reading {reading.id}: {reading.text.get('en', '')}".rstrip()
        option = f"{clause.id}={reading.id}"
        yield 2, _standing(reading, option, option in chosen, plan)


def _quoted(quote: Quote) -> Iterator[Line]:
    source = f", {quote.source}" if quote.source else ""
    yield 1, f"[{quote.language}, {quote.kind}{source}] {quote.quote}"
    if quote.differs:
        said = quote.differs.get("en") or next(iter(quote.differs.values()))
        yield 2, f"differs: {said}"


def _standing(reading: Reading, option: str, is_chosen: bool, plan: Plan) -> str:
    """Whether a reading is taken as it stands, chosen, or can be chosen."""
    source = f"; from {reading.source}" if reading.source else ""
    if not reading.set:
        return f"taken as it stands{source}"
    sets = ", ".join(f"{name} = {value}" for name, value in reading.set.items())
    if is_chosen:
        return f"chosen: --reading {option} sets {sets}{source}"
    if all(plan.parameters[name].default == value for name, value in reading.set.items()):
        return f"in effect by default: {sets}{source}"
    return f"can be chosen: --reading {option} sets {sets}{source}"


def _of_parameters(plan: Plan, arrangement: Arrangement | None) -> Iterator[Line]:
    values: Mapping[str, Value] = {}
    if arrangement is not None:
        values = arrangement.plan.parameter_values
    for name, parameter in plan.parameters.items():
        default = f"default {parameter.default}"
        if parameter.default is None:
            default = "no default, must be set"
        now = ""
        if name in values and values[name] != parameter.default:
            now = f"; set to {values[name]}"
        text = f". {parameter.text['en']}" if "en" in parameter.text else ""
        yield 1, f"{name}: {range_of(parameter)}; {default}{now}{text}"


def _set(lines: list[Line], form: ReadingForm) -> str:
    flat = [(depth, " ".join(words.split())) for depth, words in lines]
    if form == "markdown":
        marks = ("## ", "- ", "  - ", "    - ")
        body = [marks[depth] + re.sub(r"([\\`*<\[\]])", r"\\\1", words) for depth, words in flat]
        body[0] = body[0].removeprefix("#")
    else:
        body = [4 * depth * " " + words for depth, words in flat]
    spaced: list[str] = []
    for (depth, _), line in zip(lines, body, strict=True):
        spaced += ["", line] if depth == 0 and spaced else [line]
        spaced += [""] if depth == 0 and form == "markdown" else []
    return "\n".join(spaced) + "\n"
