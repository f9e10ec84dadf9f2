"""Packing an archive: every state read once, then one file that appears when it is complete."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from lineplan.control.archive import Archive
from lineplan.control.assumed import assumed_of, said_of_days
from lineplan.control.packed import KEY, ONCE_A_DAY, SCHEMA, VERSION
from lineplan.control.state import Control, mended_of
from lineplan.control.terms import Terms, strictest
from lineplan.errors import ControlError, LineplanError
from lineplan.output import replacing

_LEVEL = 19
"""Of Zstandard: at 22 a real archive is 1 % smaller and takes five times as long."""
_ONE_PAGE = 2**30
_FILE_IN_SOURCE = re.compile(r" \([^()]*\)$")


@dataclass(frozen=True)
class Report:
    """What was packed.

    Attributes
    ----------
    first, last : datetime.date
    days, unchanged : int
        Days that were packed, and those among them whose ground an earlier day has.
    missing : tuple of datetime.date
        Days between the first and the last without a state, those left out among them.
    left_out : tuple of str
        Days that could not be read, and why.
    mended : tuple of str
        Days of which something was repaired or left out when they were read, and what.
    assumed : tuple of str
        What reading assumed, each once with the number of days on which it holds.
    size : int
        Bytes of the file.
    terms : Terms
        What the strictest of its days' terms say of passing its geometry on.
    """

    first: date
    last: date
    days: int
    unchanged: int
    missing: tuple[date, ...]
    left_out: tuple[str, ...]
    mended: tuple[str, ...]
    assumed: tuple[str, ...]
    size: int
    terms: Terms


def pack(
    archive: Archive,
    path: str | Path,
    *,
    keep_going: bool = False,
    on_day: Callable[[date], None] = lambda day: None,
) -> Report:
    """Write an archive in its packed form.

    The file appears when it is complete; the same states give the same bytes.

    Parameters
    ----------
    archive : Archive
    path : str or Path
        Ends in ``.parquet``.
    keep_going : bool
        Leave out days that cannot be read, instead of stopping at the first.
    on_day : callable
        Called with each day when it has been read.

    Returns
    -------
    Report

    Raises
    ------
    LineplanError
        A day cannot be read, or none can, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".parquet":
        raise ControlError(f"{path}: a packed archive is GeoParquet; let its name end in .parquet")
    if not path.parent.is_dir():  # said before the work, not after it
        raise ControlError(f"{path}: there is no folder {path.parent}; make it first")
    rows: list[dict[str, Any]] = []
    grounds: set[tuple[tuple[str, bytes], ...]] = set()
    faults: dict[date, str] = {}
    mended: list[str] = []
    assumed: dict[date, tuple[str, ...]] = {}
    for day in archive.days:
        try:
            control = archive.control(day)
            of_day = _rows(day, control)
        except LineplanError as fault:
            faults[day] = f"{day}: {str(fault).splitlines()[0]}"
            if not keep_going:
                raise type(fault)(f"{faults[day]} (--keep-going leaves such days out)") from None
        else:
            rows += of_day
            own = [note for note in control.notes if note not in archive.notes]
            assumed[day] = assumed_of(own, control.source)
            if of_this_day := mended_of(own):
                mended.append(f"{day}: {of_this_day}")
            grounds.add(tuple((row["held_by"], row["geometry"]) for row in of_day))
        on_day(day)
    packed = [day for day in archive.days if day not in faults]
    if not packed:
        raise ControlError(f"{archive.name}: no day can be read; {next(iter(faults.values()))}")
    missing = sorted(d for d in {*archive.missing, *faults} if packed[0] < d < packed[-1])
    titles = {_FILE_IN_SOURCE.sub("", row["source"]) for row in rows}
    metadata: dict[str, Any] = {"format": "lineplan archive of control", "version": VERSION}
    metadata["source"] = titles.pop() if len(titles) == 1 else ""
    metadata |= {
        name: "; ".join(sorted({row[name] for row in rows} - {""}))
        for name in ("kind", "attribution", "licence", "viewpoint")
    }
    geometry = hashlib.sha256(b"".join(dict.fromkeys(row["geometry"] for row in rows)))
    metadata["geometry_sha256"] = geometry.hexdigest()
    redistribution = strictest(row["redistribution"] for row in rows)
    metadata["redistribution"] = redistribution
    metadata |= {"missing": [f"{d}" for d in missing], "left_out": [f"{d}" for d in faults]}
    _write(rows, metadata, path)
    return Report(
        packed[0],
        packed[-1],
        len(packed),
        len(packed) - len(grounds),
        tuple(missing),
        tuple(faults.values()),
        tuple(mended),
        tuple(said_of_days(assumed)[0]),
        path.stat().st_size,
        Terms(metadata["source"] or archive.name, redistribution, metadata["licence"]),
    )


def _rows(day: date, control: Control) -> list[dict[str, Any]]:
    papers = {name: getattr(control, name) for name in (*ONCE_A_DAY, "notes")}
    drawn = shapely.to_wkb(control.claims.geometry.to_numpy(), byte_order=1)
    return [
        {"as_of": day, "held_by": holder, **papers, "geometry": geometry}
        for holder, geometry in zip(control.claims["held_by"], drawn, strict=True)
    ]


def _write(rows: list[dict[str, Any]], metadata: dict[str, Any], path: Path) -> None:
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    geometry = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
    column = {
        "encoding": "WKB",
        "geometry_types": sorted({drawn.geom_type for drawn in geometry}),
        "bbox": shapely.total_bounds(geometry).tolist(),
    }
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    written = {b"geo": geo, KEY: metadata}
    table = table.replace_schema_metadata({k: json.dumps(v) for k, v in written.items()})
    with replacing(path) as beside:
        pq.write_table(
            table,
            beside,
            compression="zstd",
            compression_level=_LEVEL,
            row_group_size=max(1, len(rows)),
            data_page_size=_ONE_PAGE,
            dictionary_pagesize_limit=_ONE_PAGE,
            write_statistics=["as_of"],
        )
