"""What each exported layer shows, as plain data: the paints and words of the map, row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from lineplan.arrangement import Arrangement
from lineplan.facts import Facts
from lineplan.labels import Catalogue
from lineplan.style import (
    BORDER,
    LINE,
    LINE_HALO,
    REASSIGNED,
    UNIT_BOUNDARY,
    Ground,
    Stroke,
    ground,
)

# Columns that the map already has a word for.
_FIELDS = {
    "unit_name": "field.unit",
    "held_by": "field.held_by",
    "status": "field.status",
    "clause_id": "field.clause",
    "to_be_held_by": "field.to_be_held_by",
    "administration": "field.administration",
    "forces": "field.forces",
    "recognized_as": "field.recognized_as",
    "recognition": "field.recognition",
    "recognized_by": "field.recognized_by",
    "share_of_unit": "field.share_of_unit",
    "licence": "field.licence",
}


@dataclass(frozen=True)
class Entry:
    """Rows that look alike.

    Parameters
    ----------
    key
        Names the entry among those of its layer.
    label
        What a legend says of it.
    where
        Value by column of the rows it paints; empty for every row.
    ground
        How they are filled; None for lines and outlines.
    strokes
        Their lines, the lowest first.
    outer
        Whether only that part of the outline is drawn which no two rows share.
    """

    key: str
    label: str
    where: Mapping[str, str] = field(default_factory=dict)
    ground: Ground | None = None
    strokes: tuple[Stroke, ...] = ()
    outer: bool = False

    def holds(self, row: Mapping[str, Any]) -> bool:
        """Whether a row looks like this."""
        return all(row[column] == value for column, value in self.where.items())


@dataclass(frozen=True)
class Legend:
    """How a layer looks and what its columns are called.

    Parameters
    ----------
    layer
        Name of the layer.
    entries
        Its looks, in the order of the map's legend; none for a table.
    aliases
        Name of each column in words.
    values
        Words for the values of a column, by column.
    opacity
        Of the fills, where a format has no other way to show what lies beneath.
    name_columns
        Columns with a row's name, the best first.
    note
        Text that stands on the longest of its lines; '' for none.
    labelled
        Whether rows bear their name on the map.
    """

    layer: str
    entries: tuple[Entry, ...]
    aliases: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    name_columns: tuple[str, ...]
    note: str = ""
    labelled: bool = False

    def entry_of(self, row: Mapping[str, Any]) -> Entry:
        """Return the last entry that a row has: the one that says most."""
        return next(entry for entry in reversed(self.entries) if entry.holds(row))

    def said(self, column: str, value: Any) -> str:
        """Say a value as people read it."""
        if isinstance(value, float):
            return f"{value:.6g}"  # to read; the exact figure stands in the row itself
        return self.values.get(column, {}).get(value, str(value))


def legend_of(
    arrangement: Arrangement, layer: str, frame: pd.DataFrame, words: Catalogue
) -> Legend:
    """
    Describe how a layer of an arrangement looks.

    Parameters
    ----------
    arrangement
        What is exported.
    layer
        ``zones``, ``line``, ``units``, ``reassigned`` or ``sources``.
    frame
        Rows of the layer as they are exported.
    words
        Language of labels, aliases and values.
    """
    facts = Facts(arrangement, words)
    columns = [str(column) for column in frame if column != "geometry"]
    aliases = {
        column: words.text(key)
        for column in columns
        if (key := _FIELDS.get(column, f"column.{column}")) in words
    }
    say = _says(facts)
    values = {
        column: {value: say[column](value) for value in sorted(set(frame[column].astype(str)))}
        for column in columns
        if column in say
    }
    names = [
        c for c in (words.name_column, "name", "unit_name", "line_id", "unit_id") if c in frame
    ]
    return Legend(
        layer=layer,
        entries=_entries(facts, layer),
        aliases=aliases,
        values=values,
        name_columns=tuple(names),
        note=_line_label(facts) if layer == "line" else "",
        labelled=layer == "units",
    )


def _entries(facts: Facts, layer: str) -> tuple[Entry, ...]:
    words = facts.words
    if layer == "zones":
        return _zones(facts)
    if layer == "line":
        return (Entry("line", _line_label(facts), strokes=(LINE_HALO, LINE)),)
    if layer == "units":
        inner = Entry("units", words.text("map.unit_boundary"), strokes=(UNIT_BOUNDARY,))
        return (
            inner,
            Entry("border", words.text("map.border"), strokes=(BORDER,), outer=True),
        )
    if layer == "reassigned":
        moved = Ground(REASSIGNED.colour, "", "", opacity=REASSIGNED.opacity)
        outline = Stroke(REASSIGNED.colour, REASSIGNED.width_px)
        return (
            Entry("kept", words.text("column.kept"), {"action": "kept"}, strokes=(outline,)),
            Entry(
                "reassigned",
                words.text("map.reassigned"),
                {"action": "reassigned"},
                moved,
                (outline,),
            ),
        )
    return ()


def _zones(facts: Facts) -> tuple[Entry, ...]:
    """One entry for each status and holder, with one label where a status has one holder."""
    entries = []
    for status in facts.statuses():
        for holder in status["holders"]:
            label = status["label"]
            if len(status["holders"]) > 1:
                label = facts.words.text("join.dated", name=label, date=holder["label"])
            where = {"status": status["status"], "held_by": holder["held_by"]}
            key = "-".join(where.values())
            entries.append(Entry(key, label, where, ground(holder["paint"])))
    return tuple(entries)


def _line_label(facts: Facts) -> str:
    return facts.words.text("map.line_label", date=facts.line_date)


def _says(facts: Facts) -> dict[str, Callable[[str], str]]:
    """How the values of a column are said, by column."""
    words, dataset = facts.words, facts.arrangement.dataset
    statuses = {status["status"]: str(status["label"]) for status in facts.statuses()}

    def party(value: str) -> str:
        return words.value(value, dataset=dataset)

    def action(value: str) -> str:
        return words.text({"kept": "column.kept"}.get(value, "map.reassigned"))

    return {
        "status": lambda status: statuses.get(status, status),
        "held_by": facts.holder,
        "held_by_mapped": facts.holder,
        "to_be_held_by": party,
        "administration": party,
        "recognized_as": party,
        "recognized_by": party,
        "recognition": words.recognition,
        "forces": lambda value: words.forces(value, dataset=dataset),
        "between": lambda pair: " / ".join(map(facts.holder, pair.split("/"))),
        "action": action,
    }
