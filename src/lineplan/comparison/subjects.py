"""Subjects: clauses of several plans that speak of the same thing, set side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lineplan.dataset import Dataset, Subject
from lineplan.labels import Catalogue
from lineplan.plan import UNSPECIFIED, Clause, Plan, Quote


@dataclass(frozen=True)
class Entry:
    """What one clause says on a subject.

    Attributes
    ----------
    clause : Clause
    quote : Quote
        The first published text; the first of all where none is published.
    english : Quote or None
        An English one, where `quote` is in another language; a published one before ours.
    readings : tuple of str
        Ids of the readings in effect: chosen, or taken as they stand.
    area_km2 : float
        Ground that the clause takes, of the subject's own.
    """

    clause: Clause
    quote: Quote
    english: Quote | None
    readings: tuple[str, ...]
    area_km2: float

    @property
    def is_silence(self) -> bool:
        """Whether the clause marks ground of which the text does not say what would become."""
        return self.clause.status == UNSPECIFIED


@dataclass(frozen=True)
class Row:
    """One subject, and by plan the clauses on it (none where the text does not speak of it)."""

    subject: Subject
    entries: Mapping[str, tuple[Entry, ...]]


def align(plans: Sequence[Plan], dataset: Dataset, ground: pd.DataFrame) -> list[Row]:
    """Set the clauses of plans side by side.

    Parameters
    ----------
    plans : sequence of Plan
    dataset : Dataset
        Whose subjects come first, in its order; others follow as plans name them.
    ground : DataFrame
        `unit_id`, `area_km2` and, for each plan, ``<plan id>.clause_id``.

    Returns
    -------
    list of Row
        A clause stands with every subject that it names, ignoring case, between commas, and with
        every subject of units in which it takes ground. With a subject of units only ground in
        them is counted.
    """
    subjects = {_folded(s.name["en"]): s for s in dataset.subjects}
    for plan in plans:
        for clause in plan.clause:
            for name in clause.subject.split(","):
                subjects.setdefault(_folded(name), Subject(name={"en": name.strip()}))
    subjects.pop("", None)
    rows = []
    for key, subject in subjects.items():
        own = np.ones(len(ground), dtype=bool)
        if subject.units:
            own &= ground["unit_id"].isin(subject.units).to_numpy()
        if subject.not_units:
            own &= ~ground["unit_id"].isin(subject.not_units).to_numpy()
        is_of_units = bool(subject.units or subject.not_units)
        entries = {
            plan.id: tuple(
                _entry(plan, clause, ground, own)
                for clause in plan.clause
                if key in map(_folded, clause.subject.split(","))
                or (is_of_units and _taken(plan, clause, ground)[own].any())
            )
            for plan in plans
        }
        rows.append(Row(subject, entries))
    return rows


def silence_on(subject: Subject) -> str:
    """Key of what to say where a plan has no clause on a subject.

    A subject that is no matter of units may lie in ground that a clause takes with other ground.
    """
    is_of_units = subject.units or subject.not_units
    return "status.unspecified" if is_of_units else "compare.not_apart"


def tabulate(rows: Sequence[Row], words: Catalogue) -> pd.DataFrame:
    """Subjects as a table.

    Parameters
    ----------
    rows : sequence of Row
    words : Catalogue
        For what stands in place of a text.

    Returns
    -------
    DataFrame
        As `lineplan.Comparison.clauses`.
    """
    found = []
    for row in rows:
        cells: dict[str, object] = {"subject": row.subject.name["en"]}
        for plan_id, entries in row.entries.items():
            silence = words.text(silence_on(row.subject))
            said = _cells(entries, silence, words.text("compare.nearest"))
            cells |= {f"{plan_id}.{key}": value for key, value in said.items()}
        found.append(cells)
    return pd.DataFrame(found)


def _cells(entries: Sequence[Entry], silence: str, nearest: str) -> dict[str, object]:
    texts = [
        f"{e.clause.id}{f' [{nearest}]' if e.is_silence else ''} "
        f"({e.quote.language}, {e.quote.kind}): {e.quote.quote}"
        for e in entries
    ]
    english = [f"{e.clause.id} ({e.english.kind}): {e.english.quote}" for e in entries if e.english]
    readings = [f"{e.clause.id}: {', '.join(e.readings)}" for e in entries if e.readings]
    statuses = dict.fromkeys(e.clause.status for e in entries)
    return {
        "clause_id": ", ".join(e.clause.id for e in entries),
        "text": "\n".join(texts) or silence,
        "text_en": "\n".join(english),
        "readings": "; ".join(readings),
        "status": ", ".join(statuses) or UNSPECIFIED,
        "area_km2": sum(e.area_km2 for e in entries) if entries else np.nan,
    }


def _entry(plan: Plan, clause: Clause, ground: pd.DataFrame, own: np.ndarray) -> Entry:
    taken = _taken(plan, clause, ground)
    quotes = sorted(clause.text, key=lambda quote: quote.kind != "published")
    english = [quote for quote in quotes if quote.language == "en"]
    chosen = [c.partition("=")[2] for c in plan.chosen_readings if c.startswith(f"{clause.id}=")]
    return Entry(
        clause,
        quotes[0],
        None if quotes[0].language == "en" or not english else english[0],
        tuple(r.id for r in clause.reading if not r.set or r.id in chosen),
        float(ground["area_km2"].to_numpy()[taken & own].sum()),
    )


def _taken(plan: Plan, clause: Clause, ground: pd.DataFrame) -> np.ndarray:
    return (ground[f"{plan.id}.clause_id"] == clause.id).to_numpy()


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
