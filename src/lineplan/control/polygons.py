"""Plain polygons of held ground, with or without columns for the holder and the date."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import geopandas as gpd
import pandas as pd

from lineplan.control.state import Control, choose_day, date_in_name
from lineplan.dataset import DataFile, Dataset
from lineplan.errors import ControlError
from lineplan.features import Features, read_features

HOLDER_COLUMN = "held_by"
DATE_COLUMN = "as_of"


def read_control(
    source: str | Path | None, dataset: Dataset, *, as_of: date | None = None
) -> Control:
    """Read the state of control from a file, or from the dataset by name.

    Parameters
    ----------
    source : str or Path or None
        A vector file of polygons, the name of a control file of the dataset (its file name
        without ending), or None for the dataset's latest.
    dataset : Dataset
        Declares the parties, and whose ground a source without a `held_by` column draws.
    as_of : datetime.date, optional
        The latest state on or before this day of a dated source; the date of an undated one.

    Returns
    -------
    Control

    Raises
    ------
    ControlError
        The source names an undeclared party, or `as_of` contradicts its own date.
    GeometryError
        The file cannot be read.
    """
    if source is not None and not str(source):
        raise ControlError("the name of the source of control is empty")
    embedded = _embedded(source, dataset)
    path = dataset.folder / embedded.path if embedded else Path(str(source))
    features = read_features(path, kind="polygon")
    notes = list(features.notes)
    frame, day = _state(features, embedded, path, as_of)
    claims = _with_holder(frame, features.name, dataset, notes)
    if as_of is not None and day != as_of:
        notes.append(f"{features.name}: the latest state on or before {as_of} is of {day}")
    if day is None:
        notes.append(f"{features.name}: states no date; state it with --as-of YYYY-MM-DD")
    if embedded is None:
        return Control(
            claims,
            day,
            features.name,
            sha256=features.sha256,
            is_holder_assumed=HOLDER_COLUMN not in frame.columns,
            notes=tuple(notes),
        )
    return Control(
        claims,
        day,
        embedded.title,
        attribution=embedded.attribution,
        licence=embedded.licence,
        viewpoint=embedded.viewpoint,
        control_class=embedded.control_class,
        sha256=features.sha256,
        notes=tuple(notes),
    )


def _embedded(source: str | Path | None, dataset: Dataset) -> DataFile | None:
    if source is None:
        return dataset.file("control")
    if Path(source).exists():
        return None
    for file in dataset.files:
        if file.role == "control" and str(source) in (file.path, Path(file.path).stem):
            return file
    return None


def _state(
    features: Features, embedded: DataFile | None, path: Path, as_of: date | None
) -> tuple[gpd.GeoDataFrame, date | None]:
    """The features of the chosen day, and that day."""
    frame = features.frame
    if DATE_COLUMN in frame.columns:
        days = frame[DATE_COLUMN].map(lambda value: _day(value, features.name))
        day = choose_day(sorted(set(days.dropna())), as_of, features.name)
        return frame[(days == day) | days.isna()], day
    named = embedded.as_of if embedded else date_in_name(path)
    days = [named] if named else []
    return frame, choose_day(days, as_of, features.name, is_one_day=True)


def _day(value: object, name: str) -> date | None:
    if pd.isna(value) or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(str(value)).date()
    except ValueError:
        raise ControlError(
            f"{name}: {DATE_COLUMN} = {value!r} is not a date; write YYYY-MM-DD"
        ) from None


def _with_holder(
    frame: gpd.GeoDataFrame, name: str, dataset: Dataset, notes: list[str]
) -> gpd.GeoDataFrame:
    if HOLDER_COLUMN not in frame.columns:
        notes.append(
            f"{name}: has no column {HOLDER_COLUMN!r}; its polygons are read as held by "
            f"{dataset.claimant}"
        )
        return frame[["geometry"]].assign(held_by=dataset.claimant)
    known = {party.id for party in dataset.parties} | {"contested", "unknown"}
    counts = frame[HOLDER_COLUMN].fillna("(none)").astype(str).value_counts()
    strange = [f"{value!r} ({count})" for value, count in counts.items() if value not in known]
    if strange:
        raise ControlError(
            f"{name}: {HOLDER_COLUMN} holds {', '.join(strange)}; known are "
            f"{', '.join(sorted(known))}"
        )
    return frame[[HOLDER_COLUMN, "geometry"]]
