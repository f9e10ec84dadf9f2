"""What each exported layer shows, as plain data: the paints and words of the map, row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from lineplan.arrangement import Arrangement
from lineplan.dataset import Dataset
from lineplan.labels import Catalogue
from lineplan.style import (
    BORDER,
    LINE,
    LINE_HALO,
    OPEN,
    PAINTS,
    REASSIGNED,
    UNIT_BOUNDARY,
    Ground,
    Stroke,
    ground,
    swatch,
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
    span
        Columns with the first day of a row and the first day after it; none where rows are of
        one day.
    """

    layer: str
    entries: tuple[Entry, ...]
    aliases: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    name_columns: tuple[str, ...]
    note: str = ""
    labelled: bool = False
    span: tuple[str, str] | tuple[()] = ()

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
    legend = _legend(layer, frame, arrangement.dataset, words)
    if layer == "zones":
        return replace(legend, entries=_zones(frame, arrangement.dataset, words))
    note = ""
    if layer == "line":
        note = words.text("map.line_label", date=words.date(arrangement.control.as_of))
    entries = _entries(layer, note, words)
    return replace(legend, entries=entries, note=note, labelled=layer == "units")


def legend_of_stretches(
    layer: str, frame: pd.DataFrame, dataset: Dataset, words: Catalogue
) -> Legend:
    """
    Describe how zones through time look: as those of a day, each in its time.

    Parameters
    ----------
    layer
        Name of the layer.
    frame
        Zones with `valid_from`, the first day, and `valid_to`, the first day after it: every row,
        or one at least of those that are alike but for unit, time and area.
    dataset
        For the names of parties.
    words
        Language of labels, aliases and values.
    """
    legend = _legend(layer, frame, dataset, words)
    entries = _zones(frame, dataset, words)
    return replace(legend, entries=entries, span=("valid_from", "valid_to"))


def _legend(layer: str, frame: pd.DataFrame, dataset: Dataset, words: Catalogue) -> Legend:
    """What the columns are called; looks are to be added."""
    columns = [str(column) for column in frame if column != "geometry"]
    aliases = {
        column: words.text(key)
        for column in columns
        if (key := _FIELDS.get(column, f"column.{column}")) in words
    }
    say = _says(frame, dataset, words)
    values = {
        column: {value: say[column](value) for value in sorted(set(frame[column].astype(str)))}
        for column in columns
        if column in say
    }
    names = [
        c for c in (words.name_column, "name", "unit_name", "line_id", "unit_id") if c in frame
    ]
    return Legend(layer, (), aliases, values, tuple(names))


def _entries(layer: str, line_label: str, words: Catalogue) -> tuple[Entry, ...]:
    if layer == "line":
        return (Entry("line", line_label, strokes=(LINE_HALO, LINE)),)
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


def _zones(zones: pd.DataFrame, dataset: Dataset, words: Catalogue) -> tuple[Entry, ...]:
    """One entry for each status and holder, with one label where a status has one holder."""
    default, entries = dataset.default_holder, []
    for status, label in _statuses(zones, dataset, words).items():
        holders = set(zones["held_by"][zones["status"] == status])
        for holder in sorted(holders, key=lambda party: (party in OPEN, party == default, party)):
            held = words.holder_short(holder, dataset=dataset)
            said = words.text("join.dated", name=label, date=held) if len(holders) > 1 else label
            where = {"status": status, "held_by": holder}
            painted = ground(swatch(status, holder, default))
            entries.append(Entry("-".join(where.values()), said, where, painted))
    return tuple(entries)


def _statuses(zones: pd.DataFrame, dataset: Dataset, words: Catalogue) -> dict[str, str]:
    """Label of every status present, in the order of the map's legend."""
    present = set(zones["status"])
    ordered = [status for status in PAINTS if status in present]
    labels = {}
    for status in [*ordered, *sorted(present - set(ordered))]:
        alike = zones[zones["status"] == status]
        labels[status] = words.short_label(
            status,
            dataset=dataset,
            recognized_as=_only(alike["recognized_as"]),
            held_by=_only(alike["held_by"]),
        )
    return labels


def _only(values: pd.Series) -> str:
    """The one value that all share, '' where they differ."""
    distinct = set(values)
    return str(distinct.pop()) if len(distinct) == 1 else ""


def _says(
    frame: pd.DataFrame, dataset: Dataset, words: Catalogue
) -> dict[str, Callable[[str], str]]:
    """How the values of a column are said, by column."""
    statuses = _statuses(frame, dataset, words) if "status" in frame else {}

    def holder(value: str) -> str:
        return words.holder_short(value, dataset=dataset)

    def party(value: str) -> str:
        return words.value(value, dataset=dataset)

    def action(value: str) -> str:
        return words.text({"kept": "column.kept"}.get(value, "map.reassigned"))

    return {
        "status": lambda status: statuses.get(status, status),
        "held_by": holder,
        "held_by_mapped": holder,
        "to_be_held_by": party,
        "administration": party,
        "recognized_as": party,
        "recognized_by": party,
        "recognition": words.recognition,
        "forces": lambda value: words.forces(value, dataset=dataset),
        "between": lambda pair: " / ".join(map(holder, pair.split("/"))),
        "action": action,
    }
