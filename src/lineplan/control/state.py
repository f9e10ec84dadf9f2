"""The state of control on one day, as one source gives it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import geopandas as gpd

from lineplan.errors import ControlError


@dataclass(frozen=True, eq=False)
class Control:
    """Areas of control of one day.

    Attributes
    ----------
    claims : GeoDataFrame
        `held_by` (a party, ``contested`` or ``unknown``) and `geometry` (EPSG:4326).
    as_of : datetime.date or None
        Day of the state; None where neither the source nor the user states one.
    source : str
        What a reader is told: a title, or the name of the file.
    attribution, licence, viewpoint : str
        "" where not known.
    control_class : str
        What "held" means in this source: ``full``, ``full or partial``, ``claimed``, ... or
        ``not stated``.
    sha256 : str
        Of the file's bytes.
    is_holder_assumed : bool
        The source does not say who holds what it draws.
    notes : tuple of str
        What was assumed, dropped or repaired.
    """

    claims: gpd.GeoDataFrame
    as_of: date | None
    source: str
    attribution: str = ""
    licence: str = ""
    viewpoint: str = ""
    control_class: str = "not stated"
    sha256: str = ""
    is_holder_assumed: bool = False
    notes: tuple[str, ...] = ()


_DAY = re.compile(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?!\d)")


def date_in_name(path: Path) -> date | None:
    """The one day that a file's name states (``20251120``, ``2025-11-20``), if any."""
    days = set()
    for year, month, day in _DAY.findall(path.stem):
        try:
            days.add(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return days.pop() if len(days) == 1 else None


def choose_day(
    days: list[date], as_of: date | None, name: str, *, is_one_day: bool = False
) -> date | None:
    """Which state of a source to use.

    Parameters
    ----------
    days : list of date
        Days that the source states; empty for an undated source.
    as_of : date, optional
        What the user asks for.
    name : str
        Of the source, for messages.
    is_one_day : bool
        The source is of one day by its own word (its name), and of no other.

    Returns
    -------
    date or None
        The latest state on or before `as_of`; for an undated source `as_of` itself.

    Raises
    ------
    ControlError
        `as_of` contradicts the source's own date, or lies before its first state.
    """
    if not days:
        return as_of
    if as_of is None:
        return max(days)
    if is_one_day and days[0] != as_of:
        raise ControlError(
            f"{name}: is dated {days[0]}, not {as_of}; leave out --as-of, or give a source of "
            "that day with --control"
        )
    earlier = [day for day in days if day <= as_of]
    if not earlier:
        raise ControlError(f"{name}: has no state on or before {as_of}; its first is {min(days)}")
    return max(earlier)
