"""The one edge: any source of control, of one day or of many, to the `Control` of one day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas as gpd

from lineplan.control.adapters import AS_FOUND, known, over, read_state, recognised
from lineplan.control.archive import holds_many_days, open_with
from lineplan.control.content import look_at
from lineplan.control.extent import on_units
from lineplan.control.fetched import papers_beside
from lineplan.control.settling import check_class, said_of_day
from lineplan.control.sourcefile import SourceFile, chosen_source, given_source, named_file
from lineplan.control.state import Control, choose_day
from lineplan.control.terms import Terms
from lineplan.dataset import Dataset
from lineplan.errors import ControlError, LineplanError


def read_control(
    source: str | Path | None,
    dataset: Dataset,
    *,
    as_of: date | None = None,
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
) -> Control:
    """Read the state of control of one day from a source of any kind.

    The kind is found by looking at the content; known feeds are read as their source file in the
    dataset says.

    Parameters
    ----------
    source : str or Path or None
        A vector file, KML, KMZ or table; a folder of daily files or a packed archive, of which
        the latest state on or before `as_of` is taken; a source file (TOML) that names its file;
        the name of a control file of the dataset (its file name without ending); or None for the
        dataset's latest.
    dataset : Dataset
        Declares the parties, and whose ground a source without holders draws.
    as_of : datetime.date, optional
        The latest state on or before this day of a dated source; the date of an undated one.
    kind : str, Path or SourceFile, optional
        ``deepstate_daily``, ``deepstate_feed``, ``liveuamap``, ``kml``, ``lines``,
        ``settlements``, ``mapped`` or ``polygons``, or a source file (TOML) that says how to read.
    holder : str, optional
        Column that says who holds the ground.
    values : mapping, optional
        What its values mean: a party, ``contested``, ``unknown`` or ``none``.
    control_class : {"full", "partial", "claimed"}, optional
        Which classes of a source count as held, each with those before it; ``full`` when not
        given.
    base : str or Path, optional
        Another source, for ground that this one leaves out (held since before its time).
    seeds : iterable of (lon, lat, party)
        For a line of contact: points whose side is known.
    left : str, optional
        For a line of contact: who holds its left, in the direction it is drawn.
    columns : mapping, optional
        Names of the columns for ``date``, ``place``, ``lon`` and ``lat``.
    draws_every_party : bool, optional
        Whether ground that the source leaves unclaimed is ``unknown``, and not the default
        holder's; it is, when not given, where the source draws ground of the default holder.
    units : str, Path or GeoDataFrame, optional
        Units that lines of contact cut and settlements share out, where they are not the
        dataset's own; as for `arrange`.
    unit_id : str, optional
        Column of `units` with their ids.

    Returns
    -------
    Control

    Raises
    ------
    ControlError
        The source is of no kind or of several, names an undeclared party, or `as_of` contradicts
        its own date.
    GeometryError
        The file cannot be read.
    """
    if source is not None and not str(source):
        raise ControlError("the name of the source of control is empty")
    dataset = on_units(dataset, units, unit_id)
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
    given = given_source(kind)
    if source is None:
        return read_state(
            None, dataset, as_of=as_of, given=given, chosen=chosen, control_class=control_class
        )
    path = Path(source)
    if path.suffix.lower() == ".toml" and path.is_file():
        if given != AS_FOUND:
            raise ControlError(f"{path}: says how its file is read; leave out --source")
        given = named_file(path)
        source = given.file
    if not holds_many_days(source):
        return read_state(
            source, dataset, as_of=as_of, given=given, chosen=chosen, control_class=control_class
        )
    archive = open_with(source, dataset, over(given, chosen), control_class=control_class)
    day = choose_day(list(archive.days), as_of, archive.name) or archive.days[-1]
    control = archive.control(day)
    said = f"{archive.name}: an archive of {archive.span()}; the state of {day} is used"
    notes = (said, *control.notes, *said_of_day(archive.name, day, as_of))
    return replace(control, notes=notes)


def terms_of(source: str | Path, dataset: Dataset, as_of: date | None = None) -> Terms:
    """What the terms of a source say of passing its geometry on, without reading its ground.

    Parameters
    ----------
    source : str or Path
        As for `read_control`, or a file of lines that names no holder.
    dataset : Dataset
    as_of : datetime.date, optional
        Which day of an archive is meant.

    Returns
    -------
    Terms

    Raises
    ------
    LineplanError
        It cannot be opened.
    """
    path = Path(source)
    for file in dataset.files:
        if dataset.folder / file.path == path:
            return Terms(file.title, file.redistribution, file.licence)
    if holds_many_days(path) or path.suffix.lower() == ".toml":
        return read_control(path, dataset, as_of=as_of).terms
    content = look_at(path)
    how = over(papers_beside(path), AS_FOUND)
    with suppress(LineplanError):  # lines that nobody holds are a baseline too
        how = known(how.kind or recognised(content, how), content, how, dataset)
    return Terms(
        f"{how.title} ({path.name})" if how.title else path.name, how.redistribution, how.licence
    )
