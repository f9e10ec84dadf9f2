"""The state of control on one day, as one source gives it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
from numpy.typing import NDArray

from lineplan.control.assumed import assumed_of
from lineplan.control.terms import Terms
from lineplan.dataset import Redistribution
from lineplan.errors import ControlError
from lineplan.features import MENDED

if TYPE_CHECKING:
    from lineplan.control.sourcefile import SourceFile


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
    redistribution : {"allowed", "forbidden", "not stated"}
        Whether the source's own terms let its geometry be passed on.
    control_class : str
        What "held" means in this source: ``full``, ``full or partial``, ``full, partial or
        claimed``, ... or ``not stated``.
    sha256 : str
        Of the file's bytes.
    is_holder_assumed : bool
        The source does not say who holds what it draws.
    draws_every_party : bool
        The source draws the ground of the default holder too, so that what it leaves unclaimed is
        ``unknown``.
    notes : tuple of str
        What was assumed, dropped or repaired.
    kind : str
        Which adapter read it.
    classes : DataFrame or None
        What the source draws, for a source that draws several classes of ground: `control_class`,
        `held_by`, `features`, `km2`, `is_counted` (among the claims).
    source_file : SourceFile or None
        How it was read; ``control.source_file.save("mine.toml")`` keeps that for another day.
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
    draws_every_party: bool = False
    notes: tuple[str, ...] = ()
    kind: str = "polygons"
    classes: pd.DataFrame | None = None
    source_file: SourceFile | None = None
    redistribution: Redistribution = "not stated"

    @property
    def terms(self) -> Terms:
        """What the source's own terms say of passing its geometry on."""
        return Terms(self.source, self.redistribution, self.licence)

    @property
    def mended(self) -> str:
        """What was repaired or left out when it was read, in words; "" if nothing was."""
        return mended_of(self.notes)

    @property
    def assumed(self) -> tuple[str, ...]:
        """What else was assumed when it was read, without the name of its file."""
        return assumed_of(self.notes, self.source)

    def unclaimed_by(self, default_holder: str) -> str:
        """Who holds what it does not claim: the default holder, or ``unknown``."""
        return "unknown" if self.draws_every_party else default_holder

    def outline(self) -> Outline:
        """What it claims, without tables."""
        return Outline(
            tuple(self.claims["held_by"]),
            self.claims.geometry.to_numpy(),
            self.source,
            self.sha256,
            self.attribution,
            self.is_holder_assumed,
            self.draws_every_party,
            self.control_class,
            self.mended,
            self.assumed,
        )


@dataclass(frozen=True, eq=False)
class Outline:
    """What `Control` claims, without tables: quick to read for many days.

    Attributes
    ----------
    held_by : tuple of str
        Of each area.
    polygons : ndarray of shapely geometry
        Valid, in degrees.
    source, sha256, attribution : str
    is_holder_assumed, draws_every_party : bool
        As of `Control`.
    control_class, mended, assumed
        As of `Control`.
    """

    held_by: tuple[str, ...]
    polygons: NDArray[Any]
    source: str
    sha256: str
    attribution: str
    is_holder_assumed: bool
    draws_every_party: bool
    control_class: str
    mended: str = ""
    assumed: tuple[str, ...] = ()


def mended_of(notes: Iterable[str]) -> str:
    """Those of some notes that say what was repaired or left out."""
    return "; ".join(note for note in notes if any(word in note for word in MENDED))


NONE = "none"
"""Holder of what a source draws without claiming it for anyone."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """What an adapter has read, before it is settled which classes count as held.

    Attributes
    ----------
    frame : GeoDataFrame
        `held_by` (a party, ``contested``, ``unknown`` or ``none``), `control_class` ("" where the
        source has no classes) and `geometry`.
    as_of : datetime.date or None
    notes : tuple of str
    is_holder_assumed : bool
        The source does not say who holds what it draws.
    """

    frame: gpd.GeoDataFrame
    as_of: date | None
    notes: tuple[str, ...]
    is_holder_assumed: bool = False


_DAY = re.compile(r"(?<!\d)(20\d\d)[-_.]?([01]\d)[-_.]?([0-3]\d)(?!\d)")


def date_in_name(path: Path, pattern: str = "") -> date | None:
    """The one day that a file's name states, if any.

    Parameters
    ----------
    path : Path
    pattern : str
        How it is written, with ``%Y``, ``%y``, ``%m``, ``%d`` or ``%s`` (seconds since 1970);
        ``20251120`` and ``2025-11-20`` are found without one.
    """
    if pattern:
        return _day_by_pattern(path.stem, pattern)
    days = set()
    for year, month, day in _DAY.findall(path.stem):
        try:
            days.add(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return days.pop() if len(days) == 1 else None


_FIELDS = {"%Y": r"(?P<Y>\d{4})", "%y": r"(?P<y>\d\d)", "%m": r"(?P<m>\d\d)"}
_FIELDS |= {"%d": r"(?P<d>\d\d)", "%s": r"(?P<s>\d{9,10})"}


def _day_by_pattern(text: str, pattern: str) -> date | None:
    written = re.escape(pattern)
    for field, digits in _FIELDS.items():
        written = written.replace(re.escape(field), digits, 1)
    found = re.search(rf"(?<!\d){written}(?!\d)", text)
    if found is None:
        return None
    part = {name: int(digits) for name, digits in found.groupdict().items()}
    if "s" in part:
        return datetime.fromtimestamp(part["s"], UTC).date()
    try:
        return date(part.get("Y") or 2000 + part["y"], part["m"], part["d"])
    except (KeyError, ValueError):
        return None


def day_of(value: object, column: str, name: str) -> date | None:
    """The day that a cell of a table states; ControlError for what is no date."""
    if pd.isna(value) or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip().removesuffix(".0")
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise ControlError(
            f"{name}: {column} = {value!r} is not a date; write YYYY-MM-DD"
        ) from None


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
