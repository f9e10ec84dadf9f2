"""What a source of control is, by its content and not by its name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from lineplan.control.kmlfile import features_of_kml
from lineplan.control.tablefile import columns_of_table
from lineplan.errors import ControlError, GeometryError
from lineplan.features import (
    Layer,
    file_and_layer,
    is_gzip,
    layer_of,
    load_layer,
    names_in_archive,
    read_gzip,
    read_in_archive,
    sha256_of,
)

Form = Literal["json", "kml", "table", "vector"]
_HEAD = 4096
_MOST_JSON = 2**28
"""Larger files are left to OGR, and recognised by what they draw alone."""
GZIP = ".gz"


@dataclass(frozen=True, eq=False)
class Content:
    """A file, opened only as far as a recogniser or an adapter asks.

    Attributes
    ----------
    path : Path
    layer_name : str or None
        Layer that the user names.
    form : {"json", "kml", "table", "vector"}
    member : str
        File inside a zip archive, where the path is one; `GZIP` in a file packed by gzip.
    """

    path: Path
    layer_name: str | None
    form: Form
    member: str = ""

    @classmethod
    def of_layer(cls, layer: Layer, sha256: str) -> Content:
        """Content that has been read: some of the features of a file."""
        content = cls(layer.path, None, "vector")
        content.__dict__.update(layer=layer, sha256=sha256)  # as if these had been asked for
        return content

    @cached_property
    def sha256(self) -> str:
        """Of the file's bytes as they lie there, as `lineplan.features.sha256_of`."""
        return sha256_of(self.path)

    @cached_property
    def bytes(self) -> bytes:
        """The file's bytes, unpacked."""
        if self.member == GZIP:
            return read_gzip(self.path)
        if self.member:
            return read_in_archive(self.path, self.member)
        return self.path.read_bytes()

    @cached_property
    def document(self) -> dict[str, Any]:
        """The parsed JSON; empty for other forms, and for what JSON cannot parse."""
        if self.form != "json" or self.path.stat().st_size > _MOST_JSON:
            return {}
        try:
            parsed = json.loads(self.bytes)
        except UnicodeDecodeError as fault:
            raise ControlError(
                f"{self.path}: is not UTF-8 text (byte {fault.start}); save it as UTF-8"
            ) from None
        except (ValueError, RecursionError):
            return {}  # OGR says what is wrong, or reads it: GeoJSON text sequences
        return parsed if isinstance(parsed, dict) else {}

    def collection(self, key: str | None = None) -> list[dict[str, Any]]:
        """Features of the FeatureCollection of the document, or of that under `key`."""
        holder = self.document if key is None else self.document.get(key)
        if not isinstance(holder, dict) or holder.get("type") != "FeatureCollection":
            return []
        features = holder.get("features")
        if not isinstance(features, list):
            return []
        return [feature for feature in features if isinstance(feature, dict)]

    @cached_property
    def layer(self) -> Layer:
        """What the file draws; GeometryError where it cannot be read."""
        if self.form == "table":
            raise GeometryError(f"{self.path}: is a table; it draws nothing")
        if self.form == "kml":
            features = features_of_kml(self.bytes, self.path, folder=self.layer_name)
            return layer_of(features, self.path)
        return load_layer(self.path, layer=self.layer_name)

    @cached_property
    def drawn(self) -> frozenset[str]:
        """Which of polygon, line and point it draws; none for a table."""
        return frozenset() if self.form == "table" else self.layer.kinds()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of its columns."""
        if self.form == "table":
            return columns_of_table(self.bytes, self.path)
        frame: pd.DataFrame = self.layer.frame
        return tuple(str(c) for c in frame.columns if c != self.layer.frame.geometry.name)


def look_at(source: str | Path) -> Content:
    """Find what a file is by its first bytes.

    Parameters
    ----------
    source : str or Path
        A file, a folder that OGR reads, or ``FILE:LAYER``.

    Returns
    -------
    Content

    Raises
    ------
    GeometryError
        There is no such file, it is empty, or an archive that must not be unpacked.
    """
    path, layer = file_and_layer(source)
    if path.is_dir():
        inside = list(path.iterdir())
        if inside and all(each.is_dir() for each in inside):
            names = ", ".join(sorted(f"{each.name}/" for each in inside)[:5])
            raise GeometryError(
                f"{path}: holds no file, and subfolders are not read; give one of them ({names})"
            )
        return Content(path, layer, "vector")
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith(b"PK\x03\x04"):
        return _in_zip(path, layer)
    if is_gzip(head):
        packed = Content(path, layer, "vector", GZIP)
        return Content(path, layer, _form_of(packed.bytes[:_HEAD]), GZIP)
    return Content(path, layer, _form_of(head))


def _in_zip(path: Path, layer: str | None) -> Content:
    names = [
        name
        for name in names_in_archive(path)
        if "__MACOSX" not in name and not Path(name).name.startswith(".")
    ]
    for endings, form in (({".kml"}, "kml"), ({".csv", ".tsv"}, "table")):
        inside = [name for name in names if Path(name).suffix.lower() in endings]
        others = [n for n in names if Path(n).suffix.lower() in {".shp", ".gpkg", ".geojson"}]
        # A KMZ has one main file, doc.kml or the first, whatever else lies beside it.
        main = [name for name in inside if Path(name).name.lower() == "doc.kml"] or inside
        if main and not others and (form == "kml" or len(main) == 1):
            return Content(path, layer, form, main[0])  # type: ignore[arg-type]
    return Content(path, layer, "vector")


def _form_of(head: bytes) -> Form:
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    wide = head.startswith((b"\xff\xfe", b"\xfe\xff"))  # UTF-16, as a spreadsheet may save
    if start.startswith((b"{", b"[")):
        return "json"
    if start.startswith(b"<"):
        return "kml" if b"<kml" in head or b":kml" in head else "vector"
    if wide or (b"\0" not in head and any(mark in head for mark in (b",", b";", b"\t"))):
        return "table"
    return "vector"
