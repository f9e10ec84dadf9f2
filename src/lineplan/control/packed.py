"""The packed form of an archive: one GeoParquet file, small, plain and the same at every run.

One row for each day and claim, ascending, in one row group: `as_of`, `held_by`, `source`, `kind`,
`control_class`, `is_holder_assumed`, `draws_every_party`, `attribution`, `licence`,
`redistribution`, `viewpoint`,
`sha256` (of the day's own file), `notes` and `geometry` (WKB, WGS 84, coordinates bit for bit as
they were read). The metadata of the file has, under ``lineplan``, the version of this form, the
papers, the source that most days have, and the days that are missing or were left out.

Nothing is coded in a way of its own, so that any reader of GeoParquet shows any day. What repeats
costs next to nothing all the same: a geometry that several days have is kept once (dictionary
encoding), and Zstandard, whose window reaches over more than a hundred days when they lie in one
page, finds the stretches that a day has in common with those before it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from lineplan.control.assumed import assumed_of
from lineplan.control.state import Control, Outline, mended_of
from lineplan.control.terms import Terms
from lineplan.dataset import Dataset, Redistribution
from lineplan.errors import ControlError, GeometryError
from lineplan.features import LONLAT, Layer

VERSION = 2
KEY = b"lineplan"
_POLYGONS = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_ON_DEMAND = ("_table", "_span", "_crs", "_columns", "_is_as_packed")
_DAMAGED = "is damaged, or was changed by another program; pack it again (lineplan data pack)"
PAPERS = (
    *("source", "kind", "control_class", "attribution", "licence", "redistribution"),
    *("viewpoint", "sha256"),
)
SAYINGS = ("is_holder_assumed", "draws_every_party")
_OUTLINED = ("source", "sha256", "attribution", *SAYINGS, "control_class")
ONCE_A_DAY = (*PAPERS, *SAYINGS)
SCHEMA = pa.schema(
    [
        ("as_of", pa.date32()),
        ("held_by", pa.string()),
        *((name, pa.string()) for name in PAPERS),
        *((name, pa.bool_()) for name in SAYINGS),
        ("notes", pa.list_(pa.string())),
        ("geometry", pa.binary()),
    ]
)


def is_packed(path: Path) -> bool:
    """Whether it is an archive in the packed form."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        if stream.read(4) != b"PAR1":
            return False
    try:
        return KEY in (pq.read_metadata(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False  # the reader of GeoParquet says what is wrong


@dataclass(eq=False)
class Packed:
    """An archive in its packed form.

    Attributes
    ----------
    path : Path
    dataset : Dataset
    content : bytes
        Of the file, as it was opened; it goes where the archive goes, also to a machine that does
        not have the file.
    sha256 : str
        Of the content.
    notes : tuple of str
        Days left out when it was packed.
    grounds : dict
        What tells the ground of each day.
    """

    path: Path
    dataset: Dataset
    kind: Literal["packed"] = "packed"
    how: None = None
    control_class: None = None
    content: bytes = field(init=False, repr=False)
    sha256: str = field(init=False)
    notes: tuple[str, ...] = field(init=False)
    grounds: dict[date, str] = field(init=False)

    def __post_init__(self) -> None:
        self.content = self.path.read_bytes()
        self.sha256 = hashlib.sha256(self.content).hexdigest()
        try:
            metadata = json.loads(pq.read_metadata(pa.BufferReader(self.content)).metadata[KEY])
            version, left_out = metadata["version"], metadata["left_out"]
        except (ValueError, KeyError, TypeError):
            raise ControlError(f"{self.path}: {_DAMAGED}") from None
        self._geometry_sha256 = metadata.get("geometry_sha256", "")
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
            # In their order, which counts where the first of several claims holds.
            day: repr(list(zip(*self._of(first, last), strict=True)))
            for day, (first, last) in self._span.items()
        }

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in _ON_DEMAND}

    def _known(self) -> set[str]:
        return {party.id for party in self.dataset.parties} | {"contested", "unknown"}

    @cached_property
    def _table(self) -> pa.Table:
        try:
            table = pq.read_table(pa.BufferReader(self.content), read_dictionary=["geometry"])
            table = table.select(SCHEMA.names).unify_dictionaries().combine_chunks()
        except (OSError, KeyError, pa.ArrowException):
            raise ControlError(f"{self.path}: {_DAMAGED}") from None
        if any(table[name].null_count for name in ("as_of", "held_by", "geometry")):
            raise ControlError(f"{self.path}: {_DAMAGED}")
        if set(table["redistribution"].unique().to_pylist()) - {*get_args(Redistribution)}:
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

    @cached_property
    def _columns(self) -> dict[str, list[Any]]:
        """What outlines are made of, by row."""
        of = {name: self._table[name].to_pylist() for name in ("held_by", "notes", *_OUTLINED)}
        return of | {"geometry": self._table["geometry"].chunk(0).indices.to_pylist()}

    @cached_property
    def _is_as_packed(self) -> bool:
        """Whether all geometry is what `pack` wrote, which is valid."""
        digest = hashlib.sha256()
        for geometry in self._table["geometry"].chunk(0).dictionary:
            digest.update(geometry.as_buffer())
        return digest.hexdigest() == self._geometry_sha256

    def outline(self, day: date) -> Outline:
        """What is claimed on a day."""
        if not self._is_as_packed:
            return self.read(day).outline()
        first, last = self._span[day]
        of = self._columns
        drawn = self._table["geometry"].chunk(0).dictionary
        polygons = shapely.from_wkb([drawn[n].as_py() for n in of["geometry"][first:last]])
        papers = {name: of[name][first] for name in _OUTLINED}
        notes = of["notes"][first] or ()
        return Outline(
            tuple(of["held_by"][first:last]),
            polygons,
            **papers,
            mended=mended_of(notes),
            assumed=assumed_of(notes, papers["source"]),
        )

    def terms(self, day: date) -> Terms:
        """What was kept of the terms of a day."""
        row = self._table.slice(self._span[day][0], 1)
        return Terms(*(row[name][0].as_py() for name in ("source", "redistribution", "licence")))

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
        if not self._is_as_packed and not _is_clean(
            geometry
        ):  # never so from `pack`; other programs may have changed it
            features = Layer(claims, self.path, (), LONLAT, self.sha256).keep("polygon")
            claims, notes = features.frame, (*notes, *features.notes)
        papers: dict[str, Any] = {name: rows[name][0].as_py() for name in ONCE_A_DAY}
        return Control(claims, day, **papers, notes=notes)


def _is_clean(geometry: NDArray[Any]) -> bool:
    """Whether these are valid polygons in degrees."""
    west, south, east, north = shapely.total_bounds(geometry)
    return bool(
        np.isin(shapely.get_type_id(geometry), _POLYGONS).all()
        and (west > -181 and south > -91 and east < 181 and north < 91)
        and shapely.is_valid(geometry).all()
    )
