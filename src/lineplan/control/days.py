"""Which day of a source is read, where its features or its name state one."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd

from lineplan.control.sourcefile import SourceFile
from lineplan.control.state import choose_day, date_in_name, day_of
from lineplan.errors import ControlError
from lineplan.features import Features

DATE_COLUMN = "as_of"


def of_day(
    features: Features, how: SourceFile, as_of: date | None, *, named: date | None = None
) -> tuple[gpd.GeoDataFrame, date | None]:
    """The features of the chosen day, and that day.

    Parameters
    ----------
    features : Features
    how : SourceFile
        Names the column of dates, or how the file's name writes the day.
    as_of : datetime.date or None
        The day asked for.
    named : datetime.date, optional
        The day that the source is known to be of.

    Returns
    -------
    tuple of GeoDataFrame and datetime.date or None
        Features without a date belong to every day.

    Raises
    ------
    ControlError
        The day asked for contradicts the source's own, or what should be a date is none.
    """
    frame = features.frame
    column = how.columns.get("date", DATE_COLUMN)
    if column in frame.columns:
        days = frame[column].map(lambda value: day_of(value, column, features.name))
        day = choose_day(sorted(set(days.dropna())), as_of, features.name)
        return frame[(days == day) | days.isna()], day
    if "date" in how.columns:
        raise ControlError(
            f"{features.name}: has no column {column!r} of dates; its columns are "
            f"{', '.join(str(c) for c in frame.columns if c != 'geometry')}"
        )
    named = named or date_in_name(Path(features.name), how.date_in_name)
    return frame, choose_day([named] if named else [], as_of, features.name, is_one_day=True)
