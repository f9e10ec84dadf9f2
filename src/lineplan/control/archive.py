"""Archives: the states of control of many days, each read only when it is asked for.

Kinds are found by content: a folder of daily files (any source that `read_control` reads), a file
of dated features (a column of dates; GeoJSON, also packed by gzip, GeoParquet and what else OGR
reads), a settlement table with dates, and the packed form that ``lineplan data pack`` writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

import geopandas as gpd

from lineplan.control.adapters import over, recognised
from lineplan.control.content import Content, look_at
from lineplan.control.dated import Dated
from lineplan.control.extent import on_units
from lineplan.control.fetched import papers_beside
from lineplan.control.folder import Folder, is_folder_of_days
from lineplan.control.packed import Packed, is_packed
from lineplan.control.settlementdays import SettlementDays
from lineplan.control.settling import check_class
from lineplan.control.sourcefile import SourceFile, chosen_source, given_source, named_file
from lineplan.control.state import Control, Outline
from lineplan.control.terms import Terms
from lineplan.dataset import Dataset
from lineplan.errors import ControlError, LineplanError, UsageError
from lineplan.features import file_and_layer, sha256_of

Kind = Literal["folder", "dated", "settlements", "packed"]


class Store(Protocol):
    """Where the states of an archive lie."""

    @property
    def kind(self) -> Kind:
        """Folder of daily files, file of dated features, settlement table, or packed form."""

    @property
    def path(self) -> Path:
        """The file or folder."""

    @property
    def how(self) -> SourceFile | None:
        """How each day is read; None for the packed form, which has been."""

    @property
    def control_class(self) -> str | None:
        """Which classes count as held, where the user says so."""

    @property
    def sha256(self) -> str:
        """Of the file's bytes; of the names and bytes of a folder's files."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out."""

    @property
    def grounds(self) -> Mapping[date, str]:
        """For each day, ascending, what tells its ground and holders from those of others."""

    def read(self, day: date) -> Control:
        """The state of that day."""

    def outline(self, day: date) -> Outline:
        """What it claims, without tables."""

    def terms(self, day: date) -> Terms:
        """What is known of its terms without reading its ground."""


@dataclass(frozen=True, eq=False)
class Archive:
    """States of control of many days.

    It is cheap to open and to send to another process: geometry is read day by day.

    Attributes
    ----------
    days : tuple of datetime.date
        Days that have a state, ascending, each once.
    store : Store
        Where the states lie.
    """

    days: tuple[date, ...]
    store: Store

    @property
    def name(self) -> str:
        """Name of the file or folder."""
        return self.store.path.name or self.store.path.resolve().name

    @property
    def kind(self) -> Kind:
        """``folder`` of daily files, ``dated`` features, ``settlements``, or ``packed``."""
        return self.store.kind

    @property
    def sha256(self) -> str:
        """SHA-256 of the file's bytes; for a folder, of its files' names and digests.

        The digest of a Shapefile covers its attributes (.dbf), projection and code page too.

        It is that of the whole archive, also where `between` has chosen some of the days.
        """
        return self.store.sha256

    @property
    def source_file(self) -> SourceFile | None:
        """How its days are read, to keep (`SourceFile.save`); None for a packed archive."""
        how = self.store.how
        return None if how is None else how.model_copy(update={"file": str(self.store.path)})

    @cached_property
    def reading(self) -> dict[str, Any]:
        """What was said of how its days are read, with the digest of a base; figures depend on it.

        Empty where nothing was said, and for a packed archive.
        """
        how, control_class = self.store.how, self.store.control_class
        said = {} if how is None else how.model_dump(exclude_defaults=True, exclude={"file"})
        if control_class is not None:
            said["control_class"] = control_class
        if how is not None and Path(how.base.rpartition(":")[0] or how.base).is_file():
            said["base_sha256"] = sha256_of(file_and_layer(how.base)[0])
        return said

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out when it was opened."""
        return self.store.notes

    @cached_property
    def missing(self) -> tuple[date, ...]:
        """Days between the first and the last that have no state."""
        present = set(self.days)
        length = (self.days[-1] - self.days[0]).days
        every = (self.days[0] + timedelta(days=number) for number in range(length))
        return tuple(day for day in every if day not in present)

    @cached_property
    def same_as(self) -> dict[date, date]:
        """Days whose ground and holders are those of an earlier day of `days`, and that day.

        The earlier day is the first of its kind, so it is never itself a key. In a folder, files
        are the same that differ in nothing but their own date.
        """
        first: dict[str, date] = {}
        grounds = self.store.grounds
        seen = {day: first.setdefault(grounds[day], day) for day in self.days}
        return {day: earlier for day, earlier in seen.items() if day != earlier}

    def terms(self) -> Iterator[Terms]:
        """What the terms of its days say of passing geometry on, day by day.

        They are those that are known without reading the ground, but for the first day, whose base
        counts too; a day that cannot be read says nothing.
        """
        with suppress(LineplanError, OSError):
            yield self.control(self.days[0]).terms
        for day in self.days[1:]:
            with suppress(LineplanError, OSError):
                yield self.store.terms(day)

    def control(self, day: date) -> Control:
        """The state of exactly that day.

        Parameters
        ----------
        day : datetime.date

        Returns
        -------
        Control

        Raises
        ------
        ControlError
            The archive has no state of that day, the day's own date is another, or its file has
            changed since the archive was opened (a packed one is read as it was opened).
        GeometryError
            What it draws cannot be used.
        """
        self._check(day)
        return self.store.read(day)

    def outline(self, day: date) -> Outline:
        """What the state of exactly that day claims, without tables: quick for many days.

        Parameters
        ----------
        day : datetime.date

        Returns
        -------
        Outline

        Raises
        ------
        ControlError, GeometryError
            As `control`.
        """
        self._check(day)
        return self.store.outline(day)

    @cached_property
    def _known(self) -> frozenset[date]:
        return frozenset(self.days) & self.store.grounds.keys()

    def _check(self, day: date) -> None:
        if day not in self._known:
            raise ControlError(f"{self.name}: has no state of {day}; it has {self.span()}")

    def between(self, first: date | None, last: date | None) -> Archive:
        """The same archive with only the days from `first` to `last`, both included.

        Parameters
        ----------
        first, last : datetime.date or None
            None leaves that end open.

        Returns
        -------
        Archive

        Raises
        ------
        UsageError
            The last is before the first, or there is no day between them.
        """
        if first is not None and last is not None and first > last:
            raise UsageError(f"the first day, {first}, is after the last, {last}")
        days = tuple(
            day
            for day in self.days
            if (first is None or first <= day) and (last is None or day <= last)
        )
        if not days:
            span = f"from {first or self.days[0]} to {last or self.days[-1]}"
            raise UsageError(f"{self.name}: has no state {span}; it has {self.span()}")
        return replace(self, days=days)

    def span(self) -> str:
        """How many days there are, the first and the last, in words."""
        return f"{len(self.days):,} day(s) from {self.days[0]} to {self.days[-1]}"


def open_archive(
    path: str | Path,
    dataset: Dataset,
    *,
    kind: str | Path | SourceFile | None = None,
    holder: str | None = None,
    values: Mapping[str, str] | None = None,
    control_class: str | None = None,
    base: str | Path | None = None,
    seeds: Iterable[tuple[float, float, str]] = (),
    left: str | None = None,
    columns: Mapping[str, str] | None = None,
    draws_every_party: bool | None = None,
    units: str | Path | gpd.GeoDataFrame | None = None,
    unit_id: str | None = None,
) -> Archive:
    """Open the states of control of many days.

    Parameters
    ----------
    path : str or Path
        A folder of daily files, each dated by its name or its content; a file of dated features
        (column ``as_of``, or the one a source file names); a settlement table with dates, of which
        a day's state is the latest row of every place on or before it; a packed archive; or a
        source file (TOML) that names one of these.
    dataset : Dataset
        Declares the parties, and whose ground a source without holders draws.
    kind : str, Path or SourceFile, optional
        How each day is read, as for `read_control`.
    holder, values, control_class, base, seeds, left, columns, draws_every_party
        As for `read_control`; a packed archive, whose days have been read, takes none.
    units, unit_id
        As for `read_control`.

    Returns
    -------
    Archive

    Raises
    ------
    ControlError
        It is none of these, has no dated state, or two files are of one day.
    GeometryError
        A file cannot be read.
    """
    path, dataset = Path(path), on_units(dataset, units, unit_id)
    how = given_source(kind)
    if path.suffix.lower() == ".toml" and path.is_file():
        if how != SourceFile():
            raise ControlError(f"{path}: says how its file is read; leave out --source")
        how = named_file(path)
        path = Path(how.file)
    chosen = chosen_source(
        holder=holder,
        values=values,
        base=base,
        seeds=seeds,
        left=left,
        columns=columns,
        draws_every_party=draws_every_party,
    )
    check_class(control_class)
    return open_with(path, dataset, over(how, chosen), control_class=control_class)


def holds_many_days(source: str | Path) -> bool:
    """Whether it is a folder of daily files or a packed archive."""
    path = Path(source)
    return is_folder_of_days(path) or is_packed(path)


def open_with(
    source: str | Path, dataset: Dataset, how: SourceFile, *, control_class: str | None = None
) -> Archive:
    """Open an archive of which it is known how each day is read; as `open_archive`."""
    path = Path(source)
    store: Store
    if is_packed(path):
        if how.model_copy(update={"file": ""}) != SourceFile() or control_class:
            raise ControlError(
                f"{path}: was told how its days are read when it was packed; leave out --source, "
                "--holder, --value, --control-class, --base, --seed, --left and --every-party"
            )
        store = Packed(path, dataset)
    else:
        path, layer = file_and_layer(source)
        how = over(papers_beside(path), how)
        if is_folder_of_days(path):
            store = Folder(path, dataset, how, control_class)
        else:
            content = look_at(f"{path}:{layer}" if layer else path)
            if is_settlements(content, how):
                store = SettlementDays(path, layer, dataset, how, control_class)
            else:
                store = Dated(content, dataset, how, control_class)
    if not store.grounds:
        raise ControlError(f"{path}: holds no state of any day")
    return Archive(tuple(store.grounds), store)


def is_settlements(content: Content, how: SourceFile) -> bool:
    """Whether it is a table, or draws points only, and is read as settlements."""
    may_be = content.form == "table" or content.drawn == {"point"}
    return may_be and (how.kind or recognised(content, how)) == "settlements"
