"""The packed form of an archive: one GeoParquet file, small, plain and the same at every run.

One row for each day and claim, ascending, in one row group: `as_of`, `held_by`, `source`, `kind`,
`control_class`, `is_holder_assumed`, `attribution`, `licence`, `viewpoint`, `sha256` (of the day's
own file), `notes` and `geometry` (WKB, WGS 84, coordinates bit for bit as they were read). The
metadata of the file has, under ``lineplan``, the version of this form, the papers, the source that
most days have, and the days that are missing or were left out.

Nothing is coded in a way of its own, so that any reader of GeoParquet shows any day. What repeats
costs next to nothing all the same: a geometry that several days have is kept once (dictionary
encoding), and Zstandard, whose window reaches over more than a hundred days when they lie in one
page, finds the stretches that a day has in common with those before it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from lineplan.control.state import Control
from lineplan.dataset import Dataset
from lineplan.errors import ControlError, GeometryError, LineplanError
from lineplan.features import LONLAT, Layer, sha256_of
from lineplan.output import replacing

if TYPE_CHECKING:
    from lineplan.control.archive import Archive

VERSION = 1
_KEY = b"lineplan"
_LEVEL = 19
"""Of Zstandard: at 22 a real archive is 1 % smaller and takes five times as long."""
_ONE_PAGE = 2**30
_FILE_IN_SOURCE = re.compile(r" \([^()]*\)$")
_TYPES = {3: "Polygon", 6: "MultiPolygon"}
_DAMAGED = "is damaged, or was changed by another program; pack it again (lineplan data pack)"
_PAPERS = ("source", "kind", "control_class", "attribution", "licence", "viewpoint", "sha256")
_ONCE_A_DAY = (*_PAPERS, "is_holder_assumed")
_SCHEMA = pa.schema(
    [
        ("as_of", pa.date32()),
        ("held_by", pa.string()),
        *((name, pa.string()) for name in _PAPERS),
        ("is_holder_assumed", pa.bool_()),
        ("notes", pa.list_(pa.string())),
        ("geometry", pa.binary()),
    ]
)


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
    size : int
        Bytes of the file.
    """

    first: date
    last: date
    days: int
    unchanged: int
    missing: tuple[date, ...]
    left_out: tuple[str, ...]
    size: int


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
    for day in archive.days:
        try:
            of_day = _rows(day, archive.control(day))
        except LineplanError as fault:
            faults[day] = f"{day}: {str(fault).splitlines()[0]}"
            if not keep_going:
                raise type(fault)(f"{faults[day]} (--keep-going leaves such days out)") from None
        else:
            rows += of_day
            grounds.add(tuple(sorted((row["held_by"], row["geometry"]) for row in of_day)))
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
    metadata |= {"missing": [f"{d}" for d in missing], "left_out": [f"{d}" for d in faults]}
    _write(rows, metadata, path)
    return Report(
        packed[0],
        packed[-1],
        len(packed),
        len(packed) - len(grounds),
        tuple(missing),
        tuple(faults.values()),
        path.stat().st_size,
    )


def _rows(day: date, control: Control) -> list[dict[str, Any]]:
    papers = {name: getattr(control, name) for name in (*_ONCE_A_DAY, "notes")}
    drawn = shapely.to_wkb(control.claims.geometry.to_numpy(), byte_order=1)
    return [
        {"as_of": day, "held_by": holder, **papers, "geometry": geometry}
        for holder, geometry in zip(control.claims["held_by"], drawn, strict=True)
    ]


def _write(rows: list[dict[str, Any]], metadata: dict[str, Any], path: Path) -> None:
    table = pa.Table.from_pylist(rows, schema=_SCHEMA)
    geometry = shapely.from_wkb(table["geometry"].to_numpy(zero_copy_only=False))
    column = {
        "encoding": "WKB",
        "geometry_types": [_TYPES[number] for number in np.unique(shapely.get_type_id(geometry))],
        "bbox": shapely.total_bounds(geometry).tolist(),
    }
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    written = {b"geo": geo, _KEY: metadata}
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


def is_packed(path: Path) -> bool:
    """Whether it is an archive in the packed form."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        if stream.read(4) != b"PAR1":
            return False
    try:
        return _KEY in (pq.read_metadata(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False  # the reader of GeoParquet says what is wrong


@dataclass(eq=False)
class Packed:
    """An archive in its packed form.

    Attributes
    ----------
    path : Path
    dataset : Dataset
    sha256 : str
        Of the file's bytes.
    notes : tuple of str
        Days left out when it was packed.
    grounds : dict
        What tells the ground of each day.
    """

    path: Path
    dataset: Dataset
    kind: Literal["packed"] = "packed"
    sha256: str = field(init=False)
    notes: tuple[str, ...] = field(init=False)
    grounds: dict[date, str] = field(init=False)

    def __post_init__(self) -> None:
        self.sha256 = sha256_of(self.path)
        try:
            metadata = json.loads(pq.read_metadata(self.path).metadata[_KEY])
            version, left_out = metadata["version"], metadata["left_out"]
        except (ValueError, KeyError, TypeError):
            raise ControlError(f"{self.path}: {_DAMAGED}") from None
        if version != VERSION:
            raise ControlError(
                f"{self.path}: is of version {version} of the packed form, and this lineplan reads "
                f"version {VERSION}; pack it again, or use the lineplan that packed it"
            )
        said = f"{self.path.name}: left out when it was packed: {', '.join(map(str, left_out))}"
        self.notes = (said,) if left_out else ()
        table = self._table
        strange = set(table["held_by"].unique().to_pylist()) - self._known()
        if strange:
            raise ControlError(
                f"{self.path}: held_by holds {', '.join(sorted(map(repr, strange)))}; known are "
                f"{', '.join(sorted(self._known()))}"
            )
        self.grounds = {
            day: repr(sorted(zip(*self._of(first, last), strict=True)))
            for day, (first, last) in self._span.items()
        }

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("_table", "_span", "_crs")}

    def _known(self) -> set[str]:
        return {party.id for party in self.dataset.parties} | {"contested", "unknown"}

    @cached_property
    def _table(self) -> pa.Table:
        if sha256_of(self.path) != self.sha256:
            raise ControlError(f"{self.path}: has changed since it was opened; open it anew")
        try:
            table = pq.read_table(self.path, read_dictionary=["geometry"])
            table = table.select(_SCHEMA.names).combine_chunks().unify_dictionaries()
        except (OSError, KeyError, pa.ArrowException):
            raise ControlError(f"{self.path}: {_DAMAGED}") from None
        if any(table[name].null_count for name in ("as_of", "held_by", "geometry")):
            raise ControlError(f"{self.path}: {_DAMAGED}")
        return table

    @cached_property
    def _crs(self) -> CRS:
        return CRS(LONLAT)

    @cached_property
    def _span(self) -> dict[date, tuple[int, int]]:
        """First row of each day, and the one after its last."""
        days = self._table["as_of"].to_numpy()
        starts = np.flatnonzero(np.r_[True, days[1:] != days[:-1]]) if len(days) else np.empty(0)
        if (days[1:] < days[:-1]).any():
            raise ControlError(f"{self.path}: {_DAMAGED}")
        ends = np.r_[starts[1:], len(days)]
        return {
            days[first].astype(date): (int(first), int(last))
            for first, last in zip(starts, ends, strict=True)
        }

    def _of(self, first: int, last: int) -> tuple[list[str], list[int]]:
        """Holders of some rows, and the numbers of their geometries."""
        rows = self._table.slice(first, last - first)
        return rows["held_by"].to_pylist(), rows["geometry"].chunk(0).indices.to_pylist()

    def read(self, day: date) -> Control:
        """The state of a day."""
        first, last = self._span[day]
        rows = self._table.slice(first, last - first)
        try:
            geometry = shapely.from_wkb(rows["geometry"].to_pylist())
        except shapely.errors.ShapelyError:
            raise GeometryError(
                f"{self.path}: the geometry of {day} is damaged; pack it again"
            ) from None
        holders = {"held_by": rows["held_by"].to_pylist()}
        claims = gpd.GeoDataFrame(holders, geometry=geometry, crs=self._crs)
        notes = tuple(rows["notes"][0].as_py() or ())
        if not _is_clean(geometry):  # never so from `pack`; other programs may have changed it
            features = Layer(claims, self.path, (), LONLAT, self.sha256).keep("polygon")
            claims, notes = features.frame, (*notes, *features.notes)
        papers: dict[str, Any] = {name: rows[name][0].as_py() for name in _ONCE_A_DAY}
        return Control(claims, day, **papers, notes=notes)


def _is_clean(geometry: NDArray[Any]) -> bool:
    """Whether these are valid polygons in degrees."""
    west, south, east, north = shapely.total_bounds(geometry)
    return bool(
        np.isin(shapely.get_type_id(geometry), list(_TYPES)).all()
        and (west > -181 and south > -91 and east < 181 and north < 91)
        and shapely.is_valid(geometry).all()
    )
