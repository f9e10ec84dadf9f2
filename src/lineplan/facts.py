"""What one arrangement says on one day, in the words of one language."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from lineplan.footnotes import line_source
from lineplan.plan import UNSPECIFIED
from lineplan.style import OPEN, PAINTS, swatch

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement
    from lineplan.labels import Catalogue
    from lineplan.plan import Clause

STALE_DAYS = 14
"""On every page a line of contact older than this has a notice."""


@dataclass(frozen=True)
class Facts:
    """Everything that a map says about one arrangement, as text of one language.

    Parameters
    ----------
    arrangement
        What is said.
    words
        In which language.
    """

    arrangement: Arrangement
    words: Catalogue

    @property
    def conditions(self) -> Mapping[str, Any]:
        """Conditions of the arrangement."""
        return self.arrangement.conditions

    @property
    def plan_title(self) -> str:
        """Title of the plan."""
        return self.words.name(self.arrangement.plan.title)

    @property
    def line_day(self) -> date | None:
        """Day of the line of contact; None where the source states none."""
        day = self.conditions["line_date"]
        return date.fromisoformat(day) if day else None

    @property
    def line_date(self) -> str:
        """Day of the line of contact in words."""
        return self.words.date(self.line_day)

    @property
    def line_source(self) -> str:
        """Whose account the line of contact is."""
        return line_source(self.conditions, self.words)

    @property
    def made(self) -> str:
        """Day on which the arrangement was computed."""
        return self.words.date(date.fromisoformat(self.conditions["generated"]))

    @property
    def line_age(self) -> str:
        """Age of the line of contact in words; '' where its day is not known."""
        age = self.conditions["line_age_days"]
        return "" if age is None else self.words.days(int(age))

    @property
    def when(self) -> str:
        """Day and age of the line of contact, as they stand beside every headline figure."""
        space, tied = " ", "\N{NO-BREAK SPACE}"
        said = [self.words.text("map.line_label", date=self.line_date.replace(space, tied))]
        if self.line_age:
            said.append(self.words.text("figure.age", age=self.line_age).replace(space, tied))
        return f"{tied}· ".join(said)

    @property
    def is_stale(self) -> bool:
        """Whether the line is so old that a reader must be told before looking."""
        return (self.conditions["line_age_days"] or 0) > STALE_DAYS

    @property
    def force(self) -> str:
        """What the text counts for: a proposal, an agreement, in force or not."""
        return self.words.text(f"standing.{self.arrangement.plan.standing}")

    @property
    def is_reference(self) -> bool:
        """Whether nothing would change: what there is to say is who holds what."""
        return self.arrangement.plan.standing == "reference"

    @property
    def source_line(self) -> str:
        """Sources of text and line, for the picture itself."""
        plan = self.arrangement.plan
        sources = [self.words.data(source.name) for source in plan.source[:1]]
        return self.words.source_line(
            plan.standing,
            text=sources[0] if sources else self.plan_title,
            text_date=self.words.date(plan.date),
            line=self.line_source,
            line_date=self.line_date,
        )

    def holder(self, held_by: str) -> str:
        """Who holds ground, in a few words."""
        return self.words.holder_short(held_by, dataset=self.arrangement.dataset)

    def range(self, low: float, high: float) -> tuple[str, str]:
        """Range of a figure over the assessments, as its name and ``5,652–6,262 km²``."""
        if math.isnan(low) or math.isnan(high):
            return self.words.text("figure.no_range"), ""
        least, most = self.words.number(low), self.words.number(high)
        name, shown = ("same", least) if least == most else ("range", f"{least}–{most}")
        return self.words.text(f"figure.{name}"), self.words.text("figure.area", number=shown)

    def unit_names(self) -> dict[str, str]:
        """Name of each unit in this language."""
        return {
            str(row["unit_id"]): local_name(row, self.words)
            for row in _rows(self.arrangement.units)
        }

    def zones(self) -> list[dict[str, str]]:
        """Id and paint of every zone, in the order of the arrangement."""
        default = self.arrangement.dataset.default_holder
        return [
            {
                "id": str(row["zone_id"]),
                "paint": swatch(row["status"], row["held_by"], default),
            }
            for row in _rows(self.arrangement.zones)
        ]

    def statuses(self) -> list[dict[str, Any]]:
        """
        Describe every status present, in the order of the legend.

        Returns
        -------
        list of dict
            ``status``, ``label``, ``paint``, ``named`` (whether a clause gives it), ``headline``
            and ``range``, its name and value (where named), ``area`` and ``holders``, one for
            each holder. Of a reference one for each holder, under the holder's label, not named.
        """
        areas = {
            (str(row["status"]), str(row["held_by"])): float(row["area_km2"])
            for row in _rows(self.arrangement.areas(by=("status", "held_by")))
        }
        present = {status for status, _ in areas}
        order = [status for status in PAINTS if status in present]
        described = [self._status(s, areas) for s in [*order, *sorted(present - set(order))]]
        if not self.is_reference:
            return described
        return [
            {
                "status": one["status"],
                "label": held["label"][:1].upper() + held["label"][1:],
                "paint": held["paint"],
                "named": False,
                "area": held["area"],
                "holders": [held],
            }
            for one in described
            for held in one["holders"]
        ]

    def _status(self, status: str, areas: Mapping[tuple[str, str], float]) -> dict[str, Any]:
        zones = [row for row in _rows(self.arrangement.zones) if row["status"] == status]
        named = any(row["clause_id"] for row in zones)
        default = self.arrangement.dataset.default_holder
        holders = sorted(
            (h for s, h in areas if s == status), key=lambda h: (h in OPEN, h == default, h)
        )
        described: dict[str, Any] = {
            "status": status,
            "label": self.words.short_label(
                status,
                dataset=self.arrangement.dataset,
                recognized_as=only(row["recognized_as"] for row in zones),
                held_by=only(row["held_by"] for row in zones),
            ),
            "paint": swatch(status, holders[0], default),
            "named": named,
            "area": self.words.area(sum(areas[status, h] for h in holders)),
            "holders": [
                {
                    "held_by": held_by,
                    "label": self.holder(held_by),
                    "paint": swatch(status, held_by, default),
                    "area": self.words.area(areas[status, held_by]),
                }
                for held_by in holders
            ],
        }
        if named:
            figure = self.arrangement.headline(status)
            described["headline"] = self.words.headline(figure["rounded_km2"])
            described["range"] = self.range(figure["low_km2"], figure["high_km2"])
        return described


def local_name(row: Mapping[str, Any], words: Catalogue) -> str:
    """Name of a unit, place or river in this language; the English name where it is missing."""
    for column in (words.name_column, "name"):
        value = row.get(column)
        if isinstance(value, str) and value:
            return value
    return ""


def clause_name(clause: Clause, words: Catalogue) -> tuple[str, str]:
    """What a clause is called in a cell and above its words: never by its machine key."""
    field = words.text("field.clause")
    if clause.number:
        return clause.number, f"{field} {clause.number}"
    if clause.status == UNSPECIFIED:  # no clause speaks of this ground
        return "", words.text("compare.nearest")
    is_ours = all(quote.kind == "our wording" for quote in clause.text)
    name = words.text("quote.our_wording" if is_ours else "clause.unnumbered")
    return name, words.text("join.set", name=field, value=name)


def own_name(row: Mapping[str, Any], words: Catalogue) -> str:
    """Name of a place in this language; "" where it is missing, for no label is in another.

    A language that the data have no names in at all keeps the English ones.
    """
    if words.name_column not in row:
        return local_name(row, words)
    name = row[words.name_column]
    return name if isinstance(name, str) else ""


def _rows(frame: Any) -> list[dict[str, Any]]:
    """Rows of a table as dicts, without its geometry."""
    plain = frame.drop(columns="geometry", errors="ignore")
    return [{str(k): v for k, v in row.items()} for row in plain.to_dict("records")]


def only(values: Any) -> str:
    """The one value that all share, '' where they differ."""
    distinct = set(map(str, values))
    return distinct.pop() if len(distinct) == 1 else ""
