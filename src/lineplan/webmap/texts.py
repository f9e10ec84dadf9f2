"""What a plan says of recorded ground, in the words of one language.

Days, figures and sources differ from day to day: where they stand in a text, the text has a mark,
and the page's script puts them in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lineplan.assessments import assessed_range
from lineplan.facts import clause_name, only
from lineplan.labels import Catalogue
from lineplan.plan import TERMS
from lineplan.style import OPEN, PAINTS, swatch
from lineplan.zoning import look_up

if TYPE_CHECKING:
    from lineplan.plan import Clause, Plan
    from lineplan.webmap.recording import Recording

LINE_DAY = date.min
"""Stands for the day of the line in calls that make texts."""
DATE_MARK, SOURCE_MARK = "\ue000", "\ue001"
"""Stand for the day and the source of the line in texts."""

_ANSWER = ("held_by", "status", "clause_id", *TERMS)


class Marked(Catalogue):
    """A catalogue that writes a mark for the day of the line."""

    def date(self, day: date | None) -> str:
        """Format a date; `LINE_DAY` becomes the mark."""
        return DATE_MARK if day == LINE_DAY else super().date(day)


@dataclass(frozen=True, eq=False)
class PlanGround:
    """A plan looked up on every face of a recording, whatever the language.

    Attributes
    ----------
    recording : Recording
    plan : Plan
    """

    recording: Recording
    plan: Plan

    @cached_property
    def _said(self) -> pd.DataFrame:
        faces = self.recording.faces
        said = look_up(self.plan, faces)
        return pd.concat([faces[["unit_id", "held_by"]], said], axis=1)

    @cached_property
    def answers(self) -> list[dict[str, str]]:
        """Everything said of ground, once: `held_by`, `status`, `clause_id` and terms."""
        table = self._said[list(_ANSWER)].drop_duplicates()
        return [{str(k): str(v) for k, v in row.items()} for row in table.to_dict("records")]

    @cached_property
    def zones(self) -> list[dict[str, Any]]:
        """Zones in the order of the text: `id`, `unit_id`, `held_by`, `status`, `clause_id`, and
        `answer`, a number in `answers`.
        """
        order = [clause.id for clause in self.plan.clause] + [""]
        number = {tuple(answer.values()): n for n, answer in enumerate(self.answers)}
        rows = self._said.drop_duplicates()
        zones: list[dict[str, Any]] = [
            {
                "id": "/".join((row["unit_id"], row["held_by"], row["clause_id"] or "-")),
                **{key: str(row[key]) for key in ("unit_id", "held_by", "status", "clause_id")},
                "answer": number[tuple(str(row[key]) for key in _ANSWER)],
            }
            for row in rows.to_dict("records")
        ]
        zones.sort(key=lambda z: (order.index(z["clause_id"]), z["unit_id"], z["held_by"]))
        return zones

    @cached_property
    def zone_of_face(self) -> list[int]:
        """For each face the number of its zone."""
        number = {(z["unit_id"], z["answer"]): n for n, z in enumerate(self.zones)}
        answers = {tuple(answer.values()): n for n, answer in enumerate(self.answers)}
        return [
            number[row["unit_id"], answers[tuple(str(row[key]) for key in _ANSWER)]]
            for row in self._said.to_dict("records")
        ]

    @cached_property
    def statuses(self) -> list[str]:
        """Statuses present, in the order of the legend."""
        present = {zone["status"] for zone in self.zones}
        return [s for s in PAINTS if s in present] + sorted(present - set(PAINTS))

    def ranges(self) -> dict[str, dict[str, Any]]:
        """By state with assessments: range in km² of each zone (`zones`) and status (`status`)."""
        found: dict[str, dict[str, Any]] = {}
        for (plan_id, state), assessed in self.recording.assessed.items():
            if plan_id != self.plan.id:
                continue
            keys = ["unit_id", "held_by", "status", "clause_id"]
            zones = _range(assessed, keys, pd.DataFrame(self.zones)[keys])
            by_status = _range(assessed, ["status"], pd.DataFrame({"status": self.statuses}))
            found[str(state)] = {
                "zones": zones,
                "status": dict(zip(self.statuses, by_status, strict=True)),
            }
        return found


def _range(assessed: pd.DataFrame, keys: list[str], table: pd.DataFrame) -> list[Any]:
    low, high = (np.asarray(side, dtype=float) for side in assessed_range(assessed, keys, table))
    return [
        None if np.isnan(a) or np.isnan(b) else [round(float(a), 6), round(float(b), 6)]
        for a, b in zip(low, high, strict=True)
    ]


def plan_texts(ground: PlanGround, words: Catalogue) -> dict[str, Any]:
    """
    Everything the page says of a plan in one language.

    Returns
    -------
    dict
        ``title``, ``force``, ``source`` (the line inside the picture), ``answers`` (``label``,
        ``held`` and ``provisions`` of each), ``status`` (short label of each) and ``clauses``
        (name, heading, quotations and readings by id).
    """
    marked = Marked(words.lang, words.messages, words.overridden, words.used)
    plan = ground.plan
    title = words.name(plan.title)
    return {
        "title": title,
        "force": words.text(f"standing.{plan.standing}"),
        "source": _source_line(plan, marked),
        "answers": [_answer(ground, answer, marked) for answer in ground.answers],
        "status": {status: _short(ground, status, words) for status in ground.statuses},
        "clauses": {clause.id: _clause(plan, clause, words) for clause in plan.clause},
    }


def paint(ground: PlanGround, answer: Mapping[str, str]) -> str:
    """Key of the paint of ground of which a plan says something."""
    return swatch(answer["status"], answer["held_by"], ground.recording.dataset.default_holder)


def holders(recording: Recording, words: Catalogue) -> dict[str, str]:
    """Every holder in a few words, in the order of the legend."""
    dataset = recording.dataset
    present = sorted(
        {str(holder) for holder in recording.faces["held_by"]},
        key=lambda holder: (holder in OPEN, holder == dataset.default_holder, holder),
    )
    return {holder: words.holder_short(holder, dataset=dataset) for holder in present}


def _source_line(plan: Plan, words: Catalogue) -> str:
    sources = [words.data(source.name) for source in plan.source[:1]]
    return words.source_line(
        plan.standing,
        text=sources[0] if sources else words.name(plan.title),
        text_date=words.date(plan.date),
        line=SOURCE_MARK,
        line_date=words.date(LINE_DAY),
    )


def _answer(ground: PlanGround, answer: Mapping[str, str], words: Catalogue) -> dict[str, Any]:
    dataset = ground.recording.dataset
    label = words.status_label(
        answer["status"],
        **{
            key: answer[key]
            for key in ("held_by", "to_be_held_by", "recognized_as", "recognition", "recognized_by")
        },
        dataset=dataset,
        date=LINE_DAY,
        plan_title=words.name(ground.plan.title),
    )
    held = words.holder_label(answer["held_by"], dataset=dataset, date=LINE_DAY, source=SOURCE_MARK)
    provisions = _provisions(ground, answer, words) if answer["clause_id"] else {}
    return {
        "label": label,
        "held": held,
        "provisions": [[words.text(f"field.{key}"), said] for key, said in provisions.items()],
    }


def _provisions(ground: PlanGround, row: Mapping[str, str], words: Catalogue) -> dict[str, str]:
    """What the clause sets, column by column; what it leaves open is said too."""
    dataset = ground.recording.dataset
    said = {
        "to_be_held_by": words.value(row["to_be_held_by"], dataset=dataset),
        "administration": words.value(row["administration"], dataset=dataset),
        "forces": words.forces(row["forces"], dataset=dataset),
        "recognized_as": words.value(row["recognized_as"], dataset=dataset),
    }
    if row["recognized_as"] not in ("", "unspecified", "none"):
        said["recognition"] = words.recognition(row["recognition"])
        said["recognized_by"] = words.value(row["recognized_by"], dataset=dataset)
    return said


def _short(ground: PlanGround, status: str, words: Catalogue) -> str:
    answers = [answer for answer in ground.answers if answer["status"] == status]
    return words.short_label(
        status,
        dataset=ground.recording.dataset,
        recognized_as=only(answer["recognized_as"] for answer in answers),
        held_by=only(answer["held_by"] for answer in answers),
    )


def _clause(plan: Plan, clause: Clause, words: Catalogue) -> dict[str, Any]:
    sources = {source.id: source for source in plan.source}
    quotes = []
    for quote in _wanted_quotes(clause.text, words.lang):
        said = [words.text(f"quote.{quote.kind.replace(' ', '_')}")]
        source = sources.get(quote.source)
        if source is not None:
            said += [words.data(source.name)]
            said += [words.date(source.date)] if source.date else []
        quotes.append({"lang": quote.language, "text": quote.quote, "by": " · ".join(said)})
    chosen = set(plan.chosen_readings)
    readings = []
    for reading in clause.reading:
        text = words.name(reading.text)
        if reading.set:  # the others apply on every map
            used = f"{clause.id}={reading.id}" in chosen
            key = "field.reading_chosen" if used else "field.reading_open"
            text = f"{text} ({words.text(key)})"
        lang = words.lang if words.lang in reading.text else "en"
        readings.append({"lang": lang, "text": text})
    name, heading = clause_name(clause, words)
    return {"name": name, "heading": heading, "quotes": quotes, "readings": readings}


def _wanted_quotes(quotes: Sequence[Any], lang: str) -> list[Any]:
    """Published words first, then one translation: into this language, else into English."""
    published = [quote for quote in quotes if quote.kind == "published"]
    if any(quote.language == lang for quote in published):
        return [quote for quote in published if quote.language == lang]
    translated = [quote for quote in quotes if quote.kind != "published"]
    translated.sort(key=lambda quote: (quote.language != lang, quote.language != "en"))
    return [*published, *translated[:1]]
