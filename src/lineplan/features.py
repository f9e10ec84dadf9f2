"""The only reader of vector files: any OGR format, feature by feature.

A fault is named with its file, feature and reason; whatever is dropped or repaired is counted and
said.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from lineplan.errors import GeometryError

if TYPE_CHECKING:
    import fiona

LONLAT = "EPSG:4326"
MOST_UNPACKED = 2**29
"""Bytes that a file in an archive may unpack to."""
MOST_RATIO = 200
"""How often larger than packed it may be; tables of words reach about 50."""
_QGIS_STYLES = "layer_styles"
"""Where QGIS keeps the looks of the layers of a GeoPackage: no layer of anybody's data."""
_IN_ARCHIVES = {".shp", ".gpkg", ".geojson", ".json", ".fgb", ".kml"}
_BESIDE_SHP = (".dbf", ".prj", ".cpg")
"""What lies beside a Shapefile and says what its shapes mean."""
MENDED = (" repaired", " left out")
"""Words of the notes on what was not taken as it was."""


@dataclass(frozen=True, eq=False)
class Features:
    """The features of one layer of one file.

    Attributes
    ----------
    frame : GeoDataFrame
        Attributes as they stand in the file and `geometry` in EPSG:4326, without Z, valid.
    name : str
        Name of the file, without its folder.
    sha256 : str
        Of the file's bytes ("" for a folder; of a Shapefile's files, as `sha256_of`).
    notes : tuple of str
        What was dropped, repaired or assumed, in words.
    """

    frame: gpd.GeoDataFrame
    name: str
    sha256: str
    notes: tuple[str, ...]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits; "" for a folder.

    A Shapefile is several files. Its digest is that of the lines ``.shp DIGEST``, ``.dbf DIGEST``,
    ``.prj DIGEST`` and ``.cpg DIGEST`` of those that are there: shapes, attributes, projection and
    code page. The index (``.shx``) and all else beside it say nothing more.
    """
    if path.is_dir():
        return ""
    if path.suffix.lower() != ".shp":
        return sha256_of_bytes(path)
    said = f".shp {sha256_of_bytes(path)}\n"
    for ending in _BESIDE_SHP:
        either = (path.with_suffix(ending), path.with_suffix(ending.upper()))
        beside = next((file for file in either if file.is_file()), None)
        if beside is not None:
            said += f"{ending} {sha256_of_bytes(beside)}\n"
    return hashlib.sha256(said.encode()).hexdigest()


def sha256_of_bytes(path: Path) -> str:
    """SHA-256 of one file's bytes, whatever it is part of."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_features(
    path: str | Path, *, layer: str | None = None, kind: str | None = None
) -> Features:
    """Read one layer of a vector file.

    Parameters
    ----------
    path : str or Path
        Any file that OGR reads (GeoJSON, GeoPackage, Shapefile, zipped Shapefile, KML,
        FlatGeobuf, ...), or GeoParquet; ``FILE:LAYER`` names a layer.
    layer : str, optional
        Needed only when the file has more than one.
    kind : {"polygon", "line"}, optional
        Keep only such geometries; the others are counted in the notes.

    Returns
    -------
    Features

    Raises
    ------
    GeometryError
        The file, its layer or one of its features cannot be used.
    """
    return load_layer(path, layer=layer).keep(kind)


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer of a file, in longitude and latitude, before anything is chosen from it.

    Attributes
    ----------
    frame : GeoDataFrame
        Attributes and `geometry` in EPSG:4326, without Z; its index counts the file's features.
    path : Path
    notes : tuple of str
        What was left out or assumed, in words.
    crs : str
        Coordinate reference system of the file; "" where it states none.
    sha256 : str
        Of the file's bytes, where it is known; "" to find it when features are kept.
    """

    frame: gpd.GeoDataFrame
    path: Path
    notes: tuple[str, ...]
    crs: str = ""
    sha256: str = ""

    def kinds(self) -> frozenset[str]:
        """Which of ``polygon``, ``line`` and ``point`` the layer draws."""
        geometry = self.frame.geometry.to_numpy()
        parts = shapely.get_parts(geometry[~shapely.is_missing(geometry)])
        while (shapely.get_type_id(parts) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
            parts = shapely.get_parts(parts)
        drawn = np.unique(shapely.get_dimensions(parts))
        return frozenset(kind for kind, dimension in _DIMENSION.items() if dimension in drawn)

    def keep(self, kind: str | None = None) -> Features:
        """The features of one kind, valid.

        Parameters
        ----------
        kind : {"polygon", "line"}, optional
            Keep only such geometries; the others are counted in the notes.

        Returns
        -------
        Features

        Raises
        ------
        GeometryError
            A feature cannot be used, or there is none of that kind.
        """
        notes = list(self.notes)
        frame = _clean(self.frame, self.path, kind, notes)
        name = self.path.name
        sha256 = self.sha256 or sha256_of(self.path)
        return Features(frame, name, sha256, tuple(f"{name}: {n}" for n in notes))


def load_layer(path: str | Path, *, layer: str | None = None) -> Layer:
    """Open one layer of a vector file, as `read_features` does.

    Parameters
    ----------
    path : str or Path
    layer : str, optional

    Returns
    -------
    Layer

    Raises
    ------
    GeometryError
        The file or its layer cannot be used.
    """
    path, layer = file_and_layer(path, layer)
    notes: list[str] = []
    if path.suffix.lower() in {".parquet", ".geoparquet"}:
        frame = _read_parquet(path)
    else:
        frame = _read_ogr(path, layer, notes)
    crs = "" if frame.crs is None else frame.crs.to_string()
    frame = _to_lonlat(frame, path, notes)
    return Layer(frame, path, tuple(notes), crs)


def file_and_layer(path: str | Path, layer: str | None = None) -> tuple[Path, str | None]:
    """The file and the layer that ``FILE`` or ``FILE:LAYER`` names.

    Raises GeometryError where there is no such file, or nothing in it.
    """
    path = Path(path)
    if layer is None and not path.exists() and ":" in path.name:
        file, _, layer = str(path).rpartition(":")
        path = Path(file)
    if not path.exists():
        raise GeometryError(f"{path}: no such file")
    if path.is_dir() and not any(path.iterdir()):
        raise GeometryError(f"{path}: the folder is empty")
    if path.is_file() and path.stat().st_size == 0:
        raise GeometryError(f"{path}: the file is empty")
    return path, layer


def layer_of(features: Iterable[Mapping[str, Any]], path: Path) -> Layer:
    """A layer made of features that an adapter has parsed.

    Parameters
    ----------
    features : iterable of mapping
        As in GeoJSON: `properties`, and `geometry` in longitude and latitude.
    path : Path
        Of the file they come from.

    Returns
    -------
    Layer

    Raises
    ------
    GeometryError
        A feature cannot be built.
    """
    notes: list[str] = []
    frame = _frame_of(features, path, notes).set_crs(LONLAT)
    geometry = gpd.GeoSeries(
        shapely.force_2d(frame.geometry.values), index=frame.index, crs=frame.crs
    )
    return Layer(frame.set_geometry(geometry), path, tuple(notes), LONLAT)


def _read_parquet(path: Path) -> gpd.GeoDataFrame:
    try:
        with np.errstate(invalid="ignore"):
            frame = gpd.read_parquet(path)
    except Exception as fault:  # pyarrow and geopandas raise many kinds for a damaged file
        raise GeometryError(f"{path}: not a readable GeoParquet file ({_line(fault)})") from None
    return frame if frame.geometry.name == "geometry" else frame.rename_geometry("geometry")


def _read_ogr(path: Path, layer: str | None, notes: list[str]) -> gpd.GeoDataFrame:
    import fiona

    if path.is_file() and is_gzip(_first_bytes(path)):
        with fiona.MemoryFile(read_gzip(path)) as unpacked:
            return _read_named(unpacked.name, path, layer, notes)
    name = _in_archive(path) if path.suffix.lower() == ".zip" else str(path)
    return _read_named(name, path, layer, notes)


def _read_named(name: str, path: Path, layer: str | None, notes: list[str]) -> gpd.GeoDataFrame:
    """Read what OGR knows by `name`; messages speak of `path`."""
    import fiona
    from fiona.errors import FionaError

    fiona.drvsupport.supported_drivers.update({"KML": "r", "LIBKML": "r"})
    try:
        layers = [found for found in fiona.listlayers(name) if found != _QGIS_STYLES]
        if layer is None and len(layers) > 1:
            raise GeometryError(
                f"{path}: has {len(layers)} layers ({', '.join(layers)}); name one as "
                f"{path.name}:LAYER"
            )
        if layer is not None and layer not in layers:
            raise GeometryError(
                f"{path}: has no layer {layer!r}; its layers are {', '.join(layers)}"
            )
        with fiona.open(name, layer=layer or layers[0]) as source:
            return _collect(source, path, notes)
    except (FionaError, OSError, ValueError) as fault:
        reason = _line(fault)
        for named in (f"{path.resolve()}", f"{path}"):  # the same words however it was given
            reason = reason.replace(named, path.name)
        raise GeometryError(f"{path}: cannot be read as vector data ({reason})") from None


def names_in_archive(path: Path) -> list[str]:
    """Names of the files in a zip archive; GeometryError where it is damaged or a bomb."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except (OSError, ValueError, zipfile.BadZipFile) as fault:
        raise GeometryError(f"{path}: not a readable zip archive ({_line(fault)})") from None
    for member in members:
        _check_size(path, member, member.file_size)
    return [member.filename for member in members]


def read_in_archive(path: Path, name: str) -> bytes:
    """One file of a zip archive; GeometryError where it is damaged, encrypted or a bomb."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(name) as stream:
            content = stream.read(MOST_UNPACKED + 1)  # its size may be a lie
            _check_size(path, archive.getinfo(name), len(content))
    except (OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as fault:
        raise GeometryError(f"{path}: {name} cannot be unpacked ({_line(fault)})") from None
    except (zipfile.BadZipFile, zlib.error) as fault:
        raise GeometryError(f"{path}: {name} is damaged ({_line(fault)})") from None
    return content


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(2)


def is_gzip(head: bytes) -> bool:
    """Whether a file that begins so is packed by gzip."""
    return head.startswith(b"\x1f\x8b")


def read_gzip(path: Path) -> bytes:
    """What gzip packed into a file; GeometryError where it is damaged or a bomb."""
    most = min(MOST_UNPACKED, MOST_RATIO * path.stat().st_size + 2**20)
    try:
        with gzip.open(path) as stream:
            content = stream.read(most + 1)
    except (OSError, EOFError, zlib.error) as fault:
        raise GeometryError(f"{path}: not a readable gzip file ({_line(fault)})") from None
    if len(content) > most:
        raise GeometryError(
            f"{path}: unpacks from {path.stat().st_size:,} to more than {most:,} bytes, which no "
            "map does; refused"
        )
    return content


def _check_size(path: Path, member: zipfile.ZipInfo, size: int) -> None:
    if size > MOST_UNPACKED or size > MOST_RATIO * member.compress_size + 2**20:
        raise GeometryError(
            f"{path}: {member.filename} unpacks from {member.compress_size:,} to {size:,} bytes or "
            "more, which no map does; refused"
        )


def _in_archive(path: Path) -> str:
    """Address of the one vector file in a zip archive, in whichever of its folders."""
    names = [n for n in names_in_archive(path) if Path(n).suffix.lower() in _IN_ARCHIVES]
    # macOS puts a shadow of every file beside it.
    inside = [n for n in names if "__MACOSX" not in n and not Path(n).name.startswith("._")]
    if len(inside) != 1:
        found = ", ".join(inside) or "none"
        raise GeometryError(f"{path}: must hold one vector file; found {found}")
    return f"/vsizip/{path.resolve()}/{inside[0]}"


def _collect(source: fiona.Collection, path: Path, notes: list[str]) -> gpd.GeoDataFrame:
    features = ({"properties": f.properties, "geometry": f.geometry} for f in source)
    frame = _frame_of(features, path, notes)
    return frame.set_crs(source.crs_wkt) if source.crs_wkt else frame


def _frame_of(
    features: Iterable[Mapping[str, Any]], path: Path, notes: list[str]
) -> gpd.GeoDataFrame:
    rows: list[dict[str, Any]] = []
    geometries: list[shapely.Geometry] = []
    indices: list[int] = []
    empty = 0
    for index, feature in enumerate(features):
        try:
            drawn = feature.get("geometry")
            if drawn is None or _has_nothing(drawn):
                empty += 1
                continue
            with np.errstate(invalid="ignore"):  # coordinates that are no numbers: see _clean
                geometries.append(_built(drawn))
            rows.append(dict(feature.get("properties") or {}))
        except (
            *(shapely.errors.ShapelyError, shapely.errors.GeometryTypeError),
            *(ValueError, TypeError, IndexError, KeyError, AttributeError, RecursionError),
        ) as fault:
            raise GeometryError(
                f"{path}: feature {index} cannot be built ({_line(fault)}); mend or remove it"
            ) from None
        indices.append(index)
    if empty:
        notes.append(f"{empty} feature(s) without geometry left out")
    # The index of the file goes along, so that a fault found later names the right feature.
    frame = pd.DataFrame(rows, index=pd.Index(indices, dtype="int64"))
    return gpd.GeoDataFrame(frame, geometry=geometries)


def _built(drawn: Mapping[str, Any]) -> shapely.Geometry:
    """A feature's geometry; polygons from all their corners at once."""
    if drawn["type"] in ("Polygon", "MultiPolygon"):
        parts = [drawn["coordinates"]] if drawn["type"] == "Polygon" else drawn["coordinates"]
        rings = [ring for part in parts for ring in part]
        try:
            corners = np.array([corner for ring in rings for corner in ring], dtype=np.float64)
        except (ValueError, TypeError):
            return shape(drawn)  # which says what is wrong
        if corners.ndim == 2 and corners.shape[1] == 2 and all(map(len, parts)):
            ring_of = np.repeat(np.arange(len(rings)), list(map(len, rings)))
            part_of = np.repeat(np.arange(len(parts)), list(map(len, parts)))
            if len(set(ring_of.tolist())) == len(rings):
                built = shapely.polygons(
                    shapely.linearrings(corners, indices=ring_of), indices=part_of
                )
                return built[0] if drawn["type"] == "Polygon" else shapely.multipolygons(built)
    return shape(drawn)


def _check_degrees(geometry: NDArray[Any], path: Path) -> None:
    west, south, east, north = shapely.bounds(geometry).T
    beyond = (west < -181) | (east > 181) | (south < -91) | (north > 91)
    if beyond.any():
        row = int(np.flatnonzero(beyond)[0])
        raise GeometryError(
            f"{path}: feature {row} reaches {west[row]:g}, {south[row]:g} to {east[row]:g}, "
            f"{north[row]:g}, which are no degrees; state the file's coordinate reference system"
        )


def _has_nothing(geometry: Any) -> bool:
    """Whether a feature is drawn without a coordinate; a collection has geometries instead."""
    key = "geometries" if geometry["type"] == "GeometryCollection" else "coordinates"
    return not geometry[key]


def _line(fault: BaseException) -> str:
    words = str(fault).strip()
    return words.splitlines()[0] if words else type(fault).__name__


def _to_lonlat(frame: gpd.GeoDataFrame, path: Path, notes: list[str]) -> gpd.GeoDataFrame:
    geometry = shapely.force_2d(frame.geometry.values)
    frame = frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=frame.crs))
    if frame.crs is None:
        west, south, east, north = frame.total_bounds if len(frame) else (0, 0, 0, 0)
        if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
            raise GeometryError(
                f"{path}: states no coordinate reference system and its coordinates are not "
                "degrees; add one (a .prj file, for a Shapefile)"
            )
        notes.append("states no coordinate reference system; read as longitude and latitude")
        return frame.set_crs(LONLAT)
    # EPSG:4979 (with height), OGC:CRS84 and EPSG:4326 are one thing once Z is gone.
    if frame.crs.is_geographic and frame.crs.datum.name.startswith("World Geodetic System 1984"):
        return frame.set_crs(LONLAT, allow_override=True)
    try:
        moved = frame.to_crs(LONLAT)
    except Exception as fault:  # pyproj raises several kinds for a CRS it cannot reach
        raise GeometryError(
            f"{path}: cannot be brought to longitude and latitude ({_line(fault)})"
        ) from None
    notes.append(f"brought from {frame.crs.to_string()[:40]} to longitude and latitude")
    return moved


_DIMENSION = {"polygon": 2, "line": 1, "point": 0}


def _clean(
    frame: gpd.GeoDataFrame, path: Path, kind: str | None, notes: list[str]
) -> gpd.GeoDataFrame:
    missing = shapely.is_missing(frame.geometry.to_numpy())
    if missing.any():
        notes.append(f"{int(missing.sum())} feature(s) without geometry left out")
        frame = frame[~missing]
    geometry = frame.geometry.values.to_numpy().copy()
    finite = np.array(
        [bool(np.isfinite(shapely.get_coordinates(g)).all()) for g in geometry], dtype=bool
    )
    if not finite.all():
        raise GeometryError(
            f"{path}: feature {frame.index[~finite][0]} has a coordinate that is not a "
            "number; mend or remove it"
        )
    _check_degrees(geometry, path)
    if kind is not None:
        geometry = np.array([_only(g, _DIMENSION[kind]) for g in geometry], dtype=object)
    if kind == "polygon":
        for i in np.flatnonzero(~shapely.is_valid(geometry)):
            reason = shapely.is_valid_reason(geometry[i])
            geometry[i] = _only(_repaired(geometry[i]), 2)
            notes.append(f"feature {frame.index[i]} repaired ({reason})")
    if kind is not None:
        dropped = shapely.is_empty(geometry)
        if dropped.any():
            types = Counter(t for t in frame.geometry[dropped].geom_type)
            said = ", ".join(f"{count} {name}" for name, count in sorted(types.items()))
            notes.append(f"{int(dropped.sum())} feature(s) that are no {kind} left out ({said})")
        frame, geometry = frame[~dropped], geometry[~dropped]
        if not len(frame):
            raise GeometryError(f"{path}: has no {kind} in it")
    return frame.set_geometry(gpd.GeoSeries(geometry, index=frame.index, crs=LONLAT)).reset_index(
        drop=True
    )


def _repaired(geometry: shapely.Geometry) -> shapely.Geometry:
    """Valid form: parts add up; a hole apart from its shell is ground, one across it is not.

    An islet may stand first and the mainland as its hole. Where a hole crosses its shell, the
    method "linework" would make ground of what lies outside the shell.
    """
    parts = [
        part if part.is_valid else shapely.make_valid(part, method="structure")
        for part in shapely.get_parts(geometry)
    ]
    return shapely.union_all(parts)


def _only(geometry: shapely.Geometry, dimension: int) -> shapely.Geometry:
    """The parts of `geometry` that have `dimension`; collections are opened."""
    parts = shapely.get_parts(geometry)
    while (shapely.get_type_id(parts) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
        parts = shapely.get_parts(parts)
    kept = parts[(shapely.get_dimensions(parts) == dimension) & ~shapely.is_empty(parts)]
    if len(kept) == 1:
        return kept[0]
    collect = shapely.multipolygons if dimension == 2 else shapely.multilinestrings
    return collect(kept) if len(kept) else shapely.from_wkt("GEOMETRYCOLLECTION EMPTY")


_COORDINATE_NAMES = (("lon", "lat"), ("longitude", "latitude"), ("lng", "lat"), ("x", "y"))


def read_points(path: str | Path) -> pd.DataFrame:
    """Read points from a table or a vector file.

    Parameters
    ----------
    path : str or Path
        A CSV file with columns lon and lat (or longitude and latitude, or x and y) in degrees,
        or any vector file of points.

    Returns
    -------
    DataFrame
        The file's own columns, and `lon` and `lat` in degrees.

    Raises
    ------
    GeometryError
        The file cannot be read, has no coordinates, or a row has none that make sense.
    """
    path = Path(path)
    if path.suffix.lower() not in {".csv", ".tsv", ".txt"}:
        frame = read_features(path).frame
        points = frame.geometry.representative_point()
        return frame.drop(columns=frame.geometry.name).assign(lon=points.x, lat=points.y)
    if not path.exists():
        raise GeometryError(f"{path}: no such file")
    try:
        table = pd.read_csv(path, sep=None, engine="python", encoding="utf-8-sig")
    except (OSError, ValueError, csv.Error) as fault:
        raise GeometryError(f"{path}: cannot be read as a table ({_line(fault)})") from None
    by_name = {str(column).strip().lower(): column for column in table.columns}
    found = next((pair for pair in _COORDINATE_NAMES if by_name.keys() >= set(pair)), None)
    if found is None:
        raise GeometryError(
            f"{path}: has no columns lon and lat; its columns are "
            f"{', '.join(map(str, table.columns))}"
        )
    for name, limit, column in zip(("lon", "lat"), (180, 90), found, strict=True):
        degrees = pd.to_numeric(table[by_name[column]], errors="coerce")
        wrong = degrees.isna() | (degrees.abs() > limit)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            value = table[by_name[column]].iloc[row]
            raise GeometryError(
                f"{path}: row {row + 2}: {by_name[column]} {value!r} is not a number of degrees "
                f"between -{limit} and {limit}"
            )
        table[name] = degrees.astype(float)
    return table
