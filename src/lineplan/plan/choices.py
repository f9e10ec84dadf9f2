"""Choices: parameters and readings given for several plans at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lineplan.errors import UsageError
from lineplan.plan import Plan, Value


def choose_each(
    plans: Sequence[Plan],
    *,
    set: Mapping[str, Value] | None = None,
    readings: Mapping[str, str] | None = None,
) -> list[Plan]:
    """Each plan with the parameters and readings that are meant for it.

    Parameters
    ----------
    plans : sequence of Plan
        Each once.
    set : mapping, optional
        Value by parameter. ``NAME`` is set in every plan that declares it, ``PLAN:NAME`` in that
        plan only, where it goes before.
    readings : mapping, optional
        Reading id by clause id. ``CLAUSE`` is chosen in every plan that has the clause with this
        reading, ``PLAN:CLAUSE`` in that plan only, where it goes before.

    Returns
    -------
    list of Plan

    Raises
    ------
    UsageError
        A plan is given twice, no plan declares a name (those declared are listed), or
        `Plan.choose` refuses a value.
    """
    ids = [plan.id for plan in plans]
    if twice := dict.fromkeys(i for i in ids if ids.count(i) > 1):
        raise UsageError(f"plan {', '.join(twice)} is given more than once")
    values: dict[str, dict[str, Value]] = {i: {} for i in ids}
    declared = {plan.id: list(plan.parameters) for plan in plans}
    for name, takers, own in _addressed("parameter", set or {}, declared):
        for taker in takers:
            values[taker][own] = (set or {})[name]
    chosen: dict[str, dict[str, str]] = {i: {} for i in ids}
    offered = {
        plan.id: [f"{c.id}={r.id}" for c in plan.clause for r in c.reading] for plan in plans
    }
    asked = [f"{clause}={reading}" for clause, reading in (readings or {}).items()]
    for _, takers, own in _addressed("reading", asked, offered):
        clause, _, reading = own.rpartition("=")
        for taker in takers:
            chosen[taker][clause] = reading
    return [plan.choose(set=values[plan.id], readings=chosen[plan.id]) for plan in plans]


def _addressed(
    kind: str, names: Iterable[str], declared: Mapping[str, list[str]]
) -> list[tuple[str, list[str], str]]:
    """Each name as given, the plans it is meant for and what it is there; general ones first."""
    found = []
    for name in sorted(names, key=lambda name: name.partition(":")[0] in declared):
        plan_id, colon, rest = name.partition(":")
        is_narrow = bool(colon) and plan_id in declared
        own = rest if is_narrow else name
        among = {plan_id: declared[plan_id]} if is_narrow else declared
        takers = [plan_id for plan_id, known in among.items() if own in known]
        if not takers:
            where = plan_id if is_narrow else "no plan compared"
            verb = "has no" if is_narrow else "has a"
            raise UsageError(f"{where} {verb} {kind} {own!r}; declared: {_listed(own, among)}")
        found.append((name, takers, own))
    return found


def _listed(own: str, declared: Mapping[str, list[str]]) -> str:
    """What each plan declares; of readings only those of the same clause, where there are any."""
    clause = own.rpartition("=")[0]
    alike = {
        i: [n for n in known if n.rpartition("=")[0] == clause] for i, known in declared.items()
    }
    shown = alike if clause and any(alike.values()) else declared
    return "; ".join(f"{i}: {', '.join(known) or 'none'}" for i, known in shown.items())
