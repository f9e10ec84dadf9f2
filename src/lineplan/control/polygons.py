"""Plain polygons of held ground, with or without columns for the holder and the date."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import pandas as pd

from lineplan.control.content import Content
from lineplan.control.days import of_day
from lineplan.control.rules import classify, values_of
from lineplan.control.sourcefile import SourceFile
from lineplan.control.state import Drawn
from lineplan.dataset import Dataset
from lineplan.features import Features

HOLDER_COLUMN = "held_by"
_FEW = 12


def recognises(content: Content) -> bool:
    """Whether the file draws polygons."""
    return "polygon" in content.drawn and content.form != "kml"


def read(content: Content, how: SourceFile, dataset: Dataset, as_of: date | None) -> Drawn:
    """Read polygons: of the holders in `held_by`, or all of one party."""
    return draw(content.layer.keep("polygon"), how, dataset, as_of)


def draw(
    features: Features,
    how: SourceFile,
    dataset: Dataset,
    as_of: date | None,
    *,
    named: date | None = None,
) -> Drawn:
    """Polygons of the holders in `held_by`, or all of one party.

    Parameters
    ----------
    features : Features
    how : SourceFile
        May say whose ground is drawn.
    dataset : Dataset
        Whose claimant it is otherwise.
    as_of : datetime.date or None
    named : datetime.date, optional
        The day that the source is known to be of.

    Returns
    -------
    Drawn

    Raises
    ------
    ControlError
        No row says who holds it, or the day contradicts the source's own.
    """
    notes = list(features.notes)
    frame, day = of_day(features, how, as_of, named=named)
    holder = _holders(frame, how, features.name, dataset, notes)
    drawn = gpd.GeoDataFrame(
        {"held_by": holder, "control_class": ""}, geometry=frame.geometry, crs=frame.crs
    )
    is_assumed = HOLDER_COLUMN not in frame.columns and not how.held_by
    return Drawn(drawn, day, tuple(notes), is_assumed)


def _holders(
    frame: gpd.GeoDataFrame, how: SourceFile, name: str, dataset: Dataset, notes: list[str]
) -> pd.Series:
    if HOLDER_COLUMN not in frame.columns:
        party = how.held_by or dataset.claimant
        why = "" if how.held_by else f"has no column {HOLDER_COLUMN!r}; "
        notes.append(
            f"{name}: {why}its polygons are read as held by {party}"
            f"{'' if how.held_by else _telling(frame)}"
        )
        return pd.Series(party, index=frame.index, dtype=object)
    known = {party.id for party in dataset.parties} | {"contested", "unknown"}
    if frame[HOLDER_COLUMN].isin(known).all():
        return frame[HOLDER_COLUMN]  # nothing to say of it
    return classify(frame, SourceFile(), dataset, HOLDER_COLUMN, name, notes)["held_by"]


def _telling(frame: gpd.GeoDataFrame) -> str:
    """Columns that may say more than is read from them, with their values."""
    said = []
    for column in frame.columns.drop("geometry"):
        if 1 < frame[column].nunique() <= _FEW and not pd.api.types.is_numeric_dtype(frame[column]):
            said.append(f"{column}: {values_of(frame[column])}")
    return (
        f"; if a column says otherwise, name it with --holder ({'; '.join(said)})" if said else ""
    )
