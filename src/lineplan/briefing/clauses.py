"""What each clause says, how it is read and which ground it takes, in the words of one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from lineplan.errors import DatasetError
from lineplan.exposure import find_places
from lineplan.facts import clause_name, local_name
from lineplan.plan import TERMS, UNSPECIFIED
from lineplan.style import swatch

if TYPE_CHECKING:
    from lineplan.facts import Facts
    from lineplan.plan import Clause, Quote

MOST_UNITS = 7
"""So many lines are for units, the largest area first; if there are more, the last sums them up."""
FEW_PLACES = 3

Tongue = tuple[str, str]
"""Language and words."""


class Quoted(NamedTuple):
    """Words of a text: in which language, of which kind, and which source, from 1; 0 for none."""

    lang: str
    words: str
    kind: str
    source: int
    differs: Tongue | None


class Ground(NamedTuple):
    """What a clause takes: its area, range, and areas by holder and by unit, in words."""

    area: str
    range: tuple[str, str]
    holders: list[tuple[str, str]]
    units: list[tuple[str, str]]
    place_count: int
    places: list[Tongue]


class Said(NamedTuple):
    """One clause: its number in the text, and what it is called; "" where there is none."""

    id: str
    number: str
    name: str
    subject: Tongue
    status: str
    paint: str
    quotes: list[Quoted]
    readings: list[Tongue]
    sets: list[tuple[str, str]]
    open: list[str]
    ground: Ground


@dataclass(frozen=True)
class Clauses:
    """The clauses of an arrangement.

    Parameters
    ----------
    facts
        What is said of the arrangement, and in which language.
    """

    facts: Facts

    def all(self) -> list[Said]:
        """Describe every clause, in the order of the text."""
        return [self._said(clause) for clause in self.facts.arrangement.plan.clause]

    def elsewhere(self) -> Ground | None:
        """Ground of which no clause speaks; None where there is none."""
        zones = self.facts.arrangement.zones
        return self._ground("") if (zones["clause_id"] == "").any() else None

    def quotes(self, texts: Iterable[Quote]) -> list[Quoted]:
        """
        Choose what is quoted.

        All published words, the reference text first; where none of them are in this language, a
        translation into it, or else into English.
        """
        lang = self.facts.words.lang
        texts = list(texts)
        published = [quote for quote in texts if quote.kind == "published"] or texts[:1]
        rest = [quote for quote in texts if quote not in published]
        spoken = {quote.language for quote in published}
        wanted = next((own for own in (lang, "en") if own in spoken or _in(own, rest)), None)
        told = [] if wanted is None or wanted in spoken else [_in(wanted, rest)]
        return [self._quoted(quote) for quote in (*published, *told) if quote is not None]

    def own(self, words: Mapping[str, str]) -> Tongue:
        """Words that come by language, and the language they come in."""
        lang = self.facts.words.lang
        spoken = lang if words.get(lang) else "en" if words.get("en") else next(iter(words), "en")
        return spoken, words.get(spoken, "")

    def data(self, words: str) -> Tongue:
        """Words that come with the data, in this language or as they are, in English."""
        translated = f"data.{words}" in self.facts.words
        return (self.facts.words.lang if translated else "en"), self.facts.words.data(words)

    def _said(self, clause: Clause) -> Said:
        words, dataset = self.facts.words, self.facts.arrangement.dataset
        zones = self.facts.arrangement.zones
        taken = zones[zones["clause_id"] == clause.id]
        default = dataset.default_holder
        holders = sorted(set(taken["held_by"]), key=lambda held_by: held_by == default)
        recognized = clause.recognized_as
        label = words.short_label(
            clause.status,
            dataset=dataset,
            recognized_as=recognized if recognized in _parties(dataset) else "",
            held_by=holders[0] if len(holders) == 1 else "",
        )
        if self.facts.is_reference:
            label = words.text("plan.as_held", date=self.facts.line_date)
        sets, left = self._terms(clause)
        return Said(
            clause.id,
            clause.number,
            clause_name(clause, words)[0],
            self._subject(clause.subject),
            label,
            swatch(clause.status, (holders or [default])[0], default),
            self.quotes(clause.text),
            [self._reading(clause, reading) for reading in clause.reading],
            sets,
            left,
            self._ground(clause.id),
        )

    def _subject(self, subject: str) -> Tongue:
        names = {s.name["en"].casefold(): s.name for s in self.facts.arrangement.dataset.subjects}
        parts = [names.get(part.strip().casefold()) for part in subject.split(",")]
        lang = self.facts.words.lang
        if all(part is not None and lang in part for part in parts):
            return lang, self.facts.words.listing(part[lang] for part in parts if part is not None)
        return "en", subject

    def _quoted(self, quote: Quote) -> Quoted:
        ids = [source.id for source in self.facts.arrangement.plan.source]
        kind = self.facts.words.text(f"quote.{quote.kind.replace(' ', '_')}")
        source = ids.index(quote.source) + 1 if quote.source in ids else 0
        differs = self.own(quote.differs) if quote.differs else None
        return Quoted(quote.language, quote.quote, kind, source, differs)

    def _reading(self, clause: Clause, reading: Any) -> Tongue:
        lang, said = self.own(reading.text)
        if reading.set:  # the others apply whatever is chosen
            values = self.facts.arrangement.plan.parameter_values
            used = all(values.get(name) == value for name, value in reading.set.items())
            key = "field.reading_chosen" if used else "field.reading_open"
            said = f"{said} ({self.facts.words.text(key)})"
        return lang, said

    def _terms(self, clause: Clause) -> tuple[list[tuple[str, str]], list[str]]:
        """What the clause sets, with its name; and the names of what it leaves open."""
        words, dataset = self.facts.words, self.facts.arrangement.dataset
        sets, left = [], []
        of_recognition = clause.recognized_as == UNSPECIFIED
        for term in TERMS:
            value, name = clause.said(term), words.text(f"field.{term}")
            if value == UNSPECIFIED:
                if not (term in ("recognition", "recognized_by") and of_recognition):
                    left.append(name)
            elif term == "forces":
                sets.append((name, words.forces(value, dataset=dataset)))
            elif term == "recognition":
                sets.append((name, words.recognition(value)))
            else:
                sets.append((name, words.value(value, dataset=dataset)))
        return sets, left

    def _ground(self, clause_id: str) -> Ground:
        words = self.facts.words
        whole = self._areas("clause", clause_id)
        low, high = (whole[f"assessed_{end}_km2"].sum(min_count=1) for end in ("min", "max"))
        units = self._areas(("clause", "unit"), clause_id).sort_values(
            "area_km2", ascending=False, kind="stable"
        )
        holders = self._areas(("clause", "held_by"), clause_id)
        places = self._places(clause_id)
        return Ground(
            words.area(whole["area_km2"].sum()),
            self.facts.range(low, high),
            [(self.facts.holder(h), words.area(km2)) for h, km2 in _pairs(holders, "held_by")],
            self._units(_pairs(units, "unit_id")) if clause_id else [],
            len(places),
            [self._place(row) for row in places[:FEW_PLACES]],
        )

    def _units(self, units: list[tuple[str, float]]) -> list[tuple[str, str]]:
        words, names = self.facts.words, self.facts.unit_names()
        shown = units if len(units) <= MOST_UNITS else units[: MOST_UNITS - 1]
        lines = [(names[unit_id], words.area(km2)) for unit_id, km2 in shown]
        if rest := units[len(shown) :]:
            number = words.number(len(rest))
            summed = words.area(sum(km2 for _, km2 in rest))
            lines.append((words.text("report.regions", number=number), summed))
        return lines

    def _areas(self, by: str | tuple[str, ...], clause_id: str) -> Any:
        table = self.facts.arrangement.areas(by=by)
        return table[table["clause_id"] == clause_id]

    def _places(self, clause_id: str) -> list[dict[str, Any]]:
        """Places in the ground of a clause, the largest first."""
        if self._all_places is None or not clause_id:
            return []
        found = self._all_places[self._all_places["clause_id"] == clause_id]
        return [{str(key): value for key, value in row.items()} for row in found.to_dict("records")]

    def _place(self, row: Mapping[str, Any]) -> Tongue:
        words = self.facts.words
        own = row.get(words.name_column)
        return words.lang if isinstance(own, str) and own else "en", local_name(row, words)

    @cached_property
    def _all_places(self) -> Any:
        try:
            return find_places(self.facts.arrangement)
        except DatasetError:
            return None


def _in(lang: str, quotes: Iterable[Quote]) -> Quote | None:
    return next((quote for quote in quotes if quote.language == lang), None)


def _pairs(table: Any, column: str) -> list[tuple[str, float]]:
    return [(str(row[column]), float(row["area_km2"])) for row in table.to_dict("records")]


def _parties(dataset: Any) -> set[str]:
    return {party.id for party in dataset.parties}
