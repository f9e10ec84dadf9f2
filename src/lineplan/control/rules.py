"""Rows of a source to holders and classes, by the rules of its source file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import geopandas as gpd
import pandas as pd

from lineplan.control.days import of_day
from lineplan.control.sourcefile import Rule, SourceFile
from lineplan.control.state import NONE, Drawn
from lineplan.dataset import Dataset
from lineplan.errors import ControlError
from lineplan.features import Features

SETTLED = ("contested", "unknown", NONE)
"""What `held_by` of a rule can say beside a party."""
_MOST_LISTED = 12


def folded(value: Any) -> str:
    """`value` without letter case, and with any run of white space, NBSP too, as one space."""
    return "" if pd.isna(value) else " ".join(str(value).casefold().split())


def known_holders(dataset: Dataset) -> list[str]:
    """What a rule may say of ground: the dataset's parties, contested, unknown, none."""
    return [*(party.id for party in dataset.parties), *SETTLED]


def check_holders(holders: Sequence[str], dataset: Dataset, name: str) -> None:
    """Raise ControlError for the first holder that the dataset does not declare."""
    for holder in holders:
        if holder not in known_holders(dataset):
            raise ControlError(
                f"{name}: there is no party {holder!r}; known are "
                f"{', '.join(known_holders(dataset))}"
            )


def classify(
    frame: pd.DataFrame,
    how: SourceFile,
    dataset: Dataset,
    column: str,
    name: str,
    notes: list[str],
) -> pd.DataFrame:
    """Holder and class of every row.

    Parameters
    ----------
    frame : DataFrame
    how : SourceFile
        Whose rules are applied in order.
    dataset : Dataset
        Whose party ids, as values, speak for themselves after the rules.
    column : str
        The column of holders.
    name : str
        Of the source, for messages.
    notes : list of str
        To which is added what no rule knows.

    Returns
    -------
    DataFrame
        `held_by` and `control_class`, on the index of `frame`.

    Raises
    ------
    ControlError
        A rule names an undeclared party or a missing column, or no row says who holds it.
    """
    check_holders([rule.held_by for rule in how.rules], dataset, name)
    selves = [Rule(held_by=holder, values=(holder,)) for holder in known_holders(dataset)]
    held_by = pd.Series("", index=frame.index, dtype=object)
    control_class = held_by.copy()
    texts: dict[str, pd.Series[Any]] = {}
    for rule in (*how.rules, *selves):
        looked_at = rule.column or column
        if looked_at not in frame.columns:
            if rule.column:
                continue  # colours, say, that only some days of a feed carry
            raise ControlError(
                f"{name}: has no column {looked_at!r}; its columns are "
                f"{', '.join(str(c) for c in frame.columns if c != 'geometry') or 'none'}"
            )
        if looked_at not in texts:
            texts[looked_at] = frame[looked_at].map(folded)
        text = texts[looked_at]
        fresh = text.isin([t for t in text.unique() if _fits(t, rule)]) & (held_by == "")
        held_by[fresh] = rule.held_by
        control_class[fresh] = rule.control_class
    fresh = held_by != ""
    if fresh.any() and not (control_class != "").any():
        said = held_by[fresh].groupby(texts[column][fresh])
        read = [f"{value!r} ({len(part)}) as {part.iloc[0]}" for value, part in said]
        notes.append(f"{name}: {column} read: {', '.join(read[:_MOST_LISTED])}")
    lost = held_by == ""
    if lost.any():
        listed = values_of(frame.loc[lost, column])
        if not (~lost).any():
            raise ControlError(
                f"{name}: no {column} says who holds the ground: {listed}; say it with --value "
                f"VALUE=HOLDER ({', '.join(known_holders(dataset))}), or name another column with "
                "--holder"
            )
        notes.append(
            f"{name}: {int(lost.sum())} row(s) read as unknown, whose {column} no rule knows: "
            f"{listed}"
        )
        held_by[lost], control_class[lost] = "unknown", "unknown"
        if not (control_class[~lost] != "").any():
            control_class[lost] = ""
    return pd.DataFrame({"held_by": held_by, "control_class": control_class})


def _fits(text: str, rule: Rule) -> bool:
    if rule.pattern:
        return re.search(rule.pattern, text, flags=re.IGNORECASE) is not None
    return text in [folded(value) for value in rule.values]


def values_of(column: pd.Series[Any]) -> str:
    """The values of a column with their number, the most frequent first."""
    counts = column.map(folded).replace("", "(none)").value_counts()
    listed = [f"{value[:60]!r} ({count})" for value, count in counts.head(_MOST_LISTED).items()]
    more = len(counts) - len(listed)
    return ", ".join(listed) + (f" and {more} more" if more > 0 else "")


def draw_by_rules(
    features: Features,
    how: SourceFile,
    dataset: Dataset,
    as_of: date | None,
    column: str,
) -> Drawn:
    """What a layer of polygons draws, by the rules of its source file.

    Parameters
    ----------
    features : Features
        Polygons with their attributes.
    how : SourceFile
    dataset : Dataset
    as_of : datetime.date or None
        The day asked for.
    column : str
        The column of holders, where `how` names none.

    Returns
    -------
    Drawn

    Raises
    ------
    ControlError
        As `classify`, and as `choose_day`.
    """
    notes = list(features.notes)
    frame, day = of_day(features, how, as_of)
    column = how.columns.get("holder", column)
    meaning = classify(frame, how, dataset, column, features.name, notes)
    drawn = gpd.GeoDataFrame(meaning, geometry=frame.geometry, crs=frame.crs)
    return Drawn(drawn, day, tuple(notes))
