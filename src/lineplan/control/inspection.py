"""What a file or a folder is: its kind and why, its days, what it draws, its faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from lineplan.control.adapters import over, recognised
from lineplan.control.archive import (
    Archive,
    holds_many_days,
    is_settlements,
    open_archive,
)
from lineplan.control.content import GZIP, Content, look_at
from lineplan.control.days import DATE_COLUMN
from lineplan.control.fetched import papers_beside
from lineplan.control.folder import Folder
from lineplan.control.read import read_control
from lineplan.control.settling import by_class
from lineplan.control.sourcefile import SourceFile, given_source, named_file
from lineplan.control.state import Control
from lineplan.control.terms import NOT_STATED
from lineplan.dataset import Dataset
from lineplan.errors import LineplanError
from lineplan.features import Layer, layer_of

Progress = Callable[[int], AbstractContextManager[Callable[[date], None]]]

_FORMS = {"json": "JSON", "kml": "KML", "table": "table", "vector": "vector data"}
_WHY = {
    "deepstate_daily": "a collection that names itself deepstatemap_data_..., without attributes",
    "deepstate_feed": "style marks of the feed, and names of its statuses",
    "liveuamap": "features of type nochange, gains or losses",
    "kml": "KML that draws polygons",
    "lines": "it draws lines",
    "settlements": "a holder, and a place or position, in each row",
    "mapped": "polygons whose column of holders is named",
    "polygons": "it draws polygons",
    "folder": "a folder of daily files",
    "dated": "polygons with a column of dates",
    "packed": "GeoParquet that lineplan data pack wrote",
}
_SHOWN = 12
"""Days and faults that a text lists; JSON has all."""


def inspect_source(
    source: str | Path,
    dataset: Dataset,
    *,
    kind: str | None = None,
    progress: Progress,
) -> dict[str, Any]:
    """Find what a source of control is and what is wrong with it.

    Parameters
    ----------
    source : str or Path
    dataset : Dataset
    kind : str, optional
        As for `read_control`.
    progress : callable
        Given the number of days, a context whose value is called with each day that was read.

    Returns
    -------
    dict
        `name`, `kind`, `why`, `form`, `sha256`, `crs`, `days`, `first`, `last`, `missing`,
        `unchanged`, `features`, `vertices`, `holders`, `classes`, `licence`, `redistribution`,
        `faults` and `notes`. What
        makes it no source of control is among the faults.

    Raises
    ------
    LineplanError
        It cannot be opened at all.
    """
    how, path, named_by = given_source(kind), Path(source), "--source"
    if path.suffix.lower() == ".toml" and path.is_file():
        how = named_file(path)
        source, named_by = how.file, path.name
    if holds_many_days(source):
        return _of_archive(open_archive(source, dataset, kind=how), progress)
    content = look_at(source)
    how = over(papers_beside(content.path), how)
    if _may_have_days(content, how):
        try:
            archive = open_archive(source, dataset, kind=how)
            if archive.kind != "settlements" or len(archive.days) > 1:
                return _of_archive(archive, progress)
        except LineplanError:
            pass  # what it is instead, and why it cannot be read, is said below
    return _of_state(content, source, dataset, how, named_by)


def _may_have_days(content: Content, how: SourceFile) -> bool:
    try:
        if is_settlements(content, how):
            return True
    except LineplanError:
        return False
    return content.form != "kml" and how.columns.get("date", DATE_COLUMN) in content.columns


def _of_state(
    content: Content, source: str | Path, dataset: Dataset, how: SourceFile, named_by: str
) -> dict[str, Any]:
    faults: list[str] = []
    invalid: dict[str, str] = {}
    drawn: dict[str, Any] = {"crs": None, "features": None, "vertices": None}
    if content.form != "table":
        layer = _as_drawn(content)
        drawn = {"crs": layer.crs or None, **_counted(layer.frame)}
        invalid = dict(_invalid(layer.frame))
    control = None
    found = "none"
    try:
        found = how.kind or recognised(content, how)
        control = read_control(source, dataset, kind=how)
        found = control.kind
        faults += [note for note in control.notes if _is_fault(note)]
    except LineplanError as fault:
        faults.append(str(fault).splitlines()[0])
    said = " ".join(faults)
    faults += [f"{who}: {why}" for who, why in invalid.items() if f"{who} repaired" not in said]
    days = [control.as_of] if control and control.as_of else []
    form = _FORMS[content.form] + (", packed by gzip" if content.member == GZIP else "")
    return {
        "name": content.path.name,
        "kind": found,
        "why": f"{named_by} names it"
        if how.kind
        else _WHY.get(found, "nothing in it is recognised"),
        "form": form,
        "sha256": content.sha256,
        **_spanned(days, [], 0),
        **drawn,
        **_held(control),
        "faults": faults,
        "notes": [n for n in control.notes if n not in faults] if control else [],
    }


def _of_archive(archive: Archive, progress: Progress) -> dict[str, Any]:
    faults: list[str] = []
    holders: set[str] = set()
    features = vertices = 0
    latest: Control | None = None
    with progress(len(archive.days)) as step:
        for day in archive.days:
            if day not in archive.same_as:
                try:
                    latest = archive.control(day)
                except LineplanError as fault:
                    faults.append(f"{day}: {str(fault).splitlines()[0]}")
                else:
                    holders |= set(latest.claims["held_by"])
                    counted = _counted(latest.claims)
                    features += counted["features"]
                    vertices += counted["vertices"]
                    faults += [f"{day}: {note}" for note in latest.notes if _is_fault(note)]
            step(day)
    return {
        "name": archive.name,
        "kind": archive.kind,
        "why": _WHY[archive.kind] + (", of many days" if archive.kind == "settlements" else ""),
        "form": f"archive of {latest.kind}" if latest else "archive",
        "sha256": archive.sha256,
        **_spanned(archive.days, archive.missing, len(archive.same_as)),
        "crs": _crs_of(archive),
        "features": features,
        "vertices": vertices,
        **_held(latest),
        "holders": sorted(holders),
        "faults": faults,
        "notes": list(archive.notes),
    }


def _is_fault(note: str) -> bool:
    return " repaired (" in note or "without geometry" in note or "no rule knows" in note


def _crs_of(archive: Archive) -> str | None:
    """As the file states it; of a folder, its first file."""
    store = archive.store
    try:
        if isinstance(store, Folder):
            return _as_drawn(look_at(store.path_of(archive.days[0]))).crs or None
        content = look_at(store.path)
        return None if content.form == "table" else content.layer.crs or None
    except LineplanError:
        return None  # a day that cannot be read is told as such


def _as_drawn(content: Content) -> Layer:
    """The layer as it lies in the file, nothing repaired."""
    inside = content.collection("value")
    return layer_of(inside, content.path) if inside else content.layer


def _counted(frame: gpd.GeoDataFrame) -> dict[str, int]:
    geometry = frame.geometry.to_numpy()
    return {"features": len(frame), "vertices": int(shapely.get_num_coordinates(geometry).sum())}


def _invalid(frame: gpd.GeoDataFrame) -> Iterable[tuple[str, str]]:
    geometry = frame.geometry.to_numpy()
    for row in (~shapely.is_valid(geometry) & ~shapely.is_missing(geometry)).nonzero()[0]:
        yield f"feature {frame.index[row]}", shapely.is_valid_reason(geometry[row])


def _spanned(days: Iterable[date], missing: Iterable[date], unchanged: int) -> dict[str, Any]:
    listed = [f"{day}" for day in days]
    return {
        "days": len(listed),
        "first": listed[0] if listed else None,
        "last": listed[-1] if listed else None,
        "missing": [f"{day}" for day in missing],
        "unchanged": unchanged,
    }


def _held(control: Control | None) -> dict[str, Any]:
    if control is None:
        return {"holders": [], "classes": [], "licence": "", "redistribution": NOT_STATED}
    classes = control.classes
    if classes is None:
        frame = control.claims.assign(control_class=control.control_class)
        classes = by_class(frame, frame["held_by"] != "")
    return {
        "holders": sorted(set(control.claims["held_by"])),
        "classes": classes.to_dict("records"),
        "licence": control.licence,
        "redistribution": control.redistribution,
    }


def as_text(found: dict[str, Any]) -> str:
    """What was found, in lines to read.

    Parameters
    ----------
    found : dict
        From `inspect_source`.

    Returns
    -------
    str
    """
    span = found["first"] or "none stated"
    if found["days"] > 1:
        span = f"{found['days']:,}, {found['first']} to {found['last']}"
        span += f"; {found['unchanged']:,} unchanged"
    of_day = f" on {found['last']}" if found["days"] > 1 else ""
    drawn = "nothing"
    if found["features"] is not None:
        drawn = f"{found['features']:,} feature(s), {found['vertices']:,} vertices"
        drawn += " in the days that differ" if found["days"] > 1 else ""
    prefix = f"{found['name']}: "  # the first line has it
    rows = [
        ("file", f"{found['name']} ({found['form']})"),
        ("kind", f"{found['kind']}: {found['why']}"),
        ("sha256", found["sha256"] or "none (a folder)"),
        ("days", span),
        ("missing", _listed(found["missing"], ", ")),
        ("CRS", found["crs"] or "none stated"),
        ("drawn", drawn),
        ("holders", ", ".join(found["holders"]) or "none"),
        *((f"km²{of_day}", _class(row)) for row in found["classes"]),
        ("licence", found["licence"] or NOT_STATED),
        ("pass on", found["redistribution"]),
        *(("fault", fault.removeprefix(prefix)) for fault in _short(found["faults"])),
        *(("note", note.removeprefix(prefix)) for note in found["notes"]),
    ]
    if not found["faults"]:
        rows.append(("faults", "none"))
    width = max(len(head) for head, _ in rows)
    return "".join(f"{head:<{width}}  {said}\n" for head, said in rows)


def _class(row: dict[str, Any]) -> str:
    counted = "" if row["is_counted"] else " (not counted as held)"
    held = f"{row['control_class'] or 'no class'}, {row['held_by']}"
    return f"{held}: {row['km2']:,.0f} in {row['features']:,} feature(s){counted}"


def _short(lines: list[str]) -> list[str]:
    more = len(lines) - _SHOWN
    return lines if more <= 1 else [*lines[:_SHOWN], f"and {more:,} more (--format json)"]


def _listed(days: list[str], between: str) -> str:
    return between.join(_short(days)) or "none"
