"""Files for other programs, each with the conditions of its figures inside."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from pandas.api.types import is_string_dtype
from pyogrio.errors import DataLayerError, DataSourceError

from lineplan.arrangement import Arrangement, describe
from lineplan.dataset import DataFile
from lineplan.errors import LineplanError, UsageError
from lineplan.gis import STYLES, Legend, legend_of, style_table, styled_kml
from lineplan.labels import Catalogue, catalogue
from lineplan.output import dated, replacing

LAYERS = ("zones", "line", "units", "reassigned", "sources")
OF_CONTROL = ("zones", "line", "reassigned")
"""Layers with geometry of the source of control."""

_COLUMNS = ("kind", "name", "date", "licence", "attribution", "viewpoint", "url", "sha256", "note")

_DRIVERS = {
    ".gpkg": "GPKG",
    ".parquet": "Parquet",
    ".geojson": "GeoJSON",
    ".fgb": "FlatGeobuf",
    ".kml": "LIBKML",
}
_HOLD_TABLES = (".gpkg", ".parquet")
# Characters that XML does not allow, and the inside of a mark that ends a CDATA section.
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|(?<=]])(?=>)")
_NAMED_BY = {"zones": "unit_name", "line": "line_id", "units": "name", "reassigned": "unit_id"}
_GEOMETRY = "geom"


def write_arrangement(
    arrangement: Arrangement,
    path: str | Path,
    *,
    layer: str | None = None,
    lang: str = "en",
    has_permission: bool = False,
) -> Path:
    """Write an arrangement to a file; the ending says which format.

    Parameters
    ----------
    arrangement : Arrangement
    path : str or Path
        ``.gpkg`` (GeoPackage) holds every layer; ``.parquet`` (GeoParquet), ``.geojson``
        (RFC 7946), ``.fgb`` (FlatGeobuf) and ``.kml`` hold one.
    layer : str, optional
        ``zones`` (which the formats of one layer hold unless told otherwise), ``line``,
        ``units``, ``reassigned``, or, as a table without geometry in GeoPackage and Parquet,
        ``sources``: `kind`, `name`, `date`, `licence`, `attribution`, `viewpoint`, `url`,
        `sha256` and `note` of the text, its clauses and readings, the line and the units, and
        every condition of the figures. A GeoPackage then holds only that layer.
    lang : str
        Language of what people read: `unit_name` and `status_label` of the zones, titles, and in
        a GIS legends, aliases and balloons. Keys and names of columns never change.
    has_permission : bool
        You state that every source of control whose terms forbid it has permitted passing its
        geometry on; the conditions then say so.

    Returns
    -------
    Path
        The file. It takes the place of an older one only when it is complete.

    Raises
    ------
    UsageError
        The ending or the language is unknown.
    ControlError
        The terms of a source of control forbid passing its geometry on, which the file would hold,
        and no permission is stated.
    LineplanError
        The layer is unknown, or the file cannot be written.

    Notes
    -----
    Columns are those of the arrangement's frames, polygons are all multipolygons, coordinates
    are longitude and latitude (EPSG:4326). Every format also carries `Arrangement.conditions`:
    GeoPackage, FlatGeobuf and GeoParquet as JSON under the metadata key ``lineplan``, GeoJSON as
    the top-level member ``lineplan``, KML as text in the document's description. GeoJSON
    coordinates have 9 decimals, the grid of the partition; FlatGeobuf orders rows by place; KML
    adds `Name` and `description` and knows neither empty text nor a multipolygon of one part. A
    layer without rows has no columns in GeoJSON and, for most readers, in KML.

    A GeoPackage has one more table, ``layer_styles``, where QGIS finds how to draw each layer
    (QML, and SLD for others). KML has the same colours without hatching, which it does not know.
    """
    path, words = Path(path), catalogue(lang)
    ending = path.suffix.lower()
    if ending not in _DRIVERS:
        raise UsageError(f"{path}: unknown ending {ending!r}; known are {', '.join(_DRIVERS)}")
    known = LAYERS if ending in _HOLD_TABLES else LAYERS[:-1]
    if layer is not None and layer not in known:
        raise LineplanError(
            f"{path}: no layer {layer!r}; layers of {ending} files are {', '.join(known)}"
        )
    chosen = [layer] if layer else LAYERS if ending == ".gpkg" else ["zones"]
    if any(name in OF_CONTROL for name in chosen):
        arrangement = arrangement.for_others(has_permission=has_permission)
    with replacing(path) as draft:
        try:
            if ending == ".parquet":
                _write_parquet(arrangement, draft, chosen[0], words)
            else:
                _write_ogr(arrangement, draft, chosen, _DRIVERS[ending], words)
        except (pa.ArrowException, DataSourceError, DataLayerError) as fault:
            reason = str(fault).partition("\n")[0]
            raise LineplanError(f"{path}: cannot be written ({reason})") from None
    return path


def _write_ogr(
    arrangement: Arrangement, draft: Path, layers: Iterable[str], driver: str, words: Catalogue
) -> None:
    legends = []
    with dated(arrangement.conditions["generated"]):
        for layer in layers:
            frame = _frame(arrangement, layer, words)
            legends.append(legend_of(arrangement, layer, frame, words))
            written = frame
            if driver == "LIBKML":
                written = _in_words(arrangement, frame, legends[-1], words)
            _write_layer(
                written,
                draft,
                layer,
                driver,
                geometry_type=_geometry_type(layer),
                **_papers(arrangement, driver, words),
            )
            if driver == "LIBKML":
                styled_kml(draft, [legends[-1].entry_of(row) for row in _rows(frame)])
        if driver == "GPKG":
            table = style_table(
                legends,
                geometry=_GEOMETRY,
                description=_summary(arrangement, words),
                day=arrangement.conditions["generated"],
            )
            _write_layer(table, draft, STYLES, driver, layer_options={"FID": "id"})


def _write_layer(frame: pd.DataFrame, draft: Path, layer: str, driver: str, **options: Any) -> None:
    pyogrio.write_dataframe(
        frame,
        draft,
        layer=layer,
        driver=driver,
        append=draft.exists(),
        use_arrow=False,
        **options,
    )
    if not _holds(draft, layer, len(frame)):
        raise DataSourceError(f"layer {layer} is not complete; is the disk full?")


def _holds(draft: Path, layer: str, rows: int) -> bool:
    """Whether all was written: not every driver says so when the disk is full."""
    try:
        return len(pyogrio.read_dataframe(draft, layer=layer)) == rows
    except (DataSourceError, DataLayerError):
        return False


def _write_parquet(arrangement: Arrangement, draft: Path, layer: str, words: Catalogue) -> None:
    _frame(arrangement, layer, words).to_parquet(draft, index=False)
    table = pq.read_table(draft)
    papers = {**(table.schema.metadata or {}), b"lineplan": _json(arrangement.conditions).encode()}
    pq.write_table(table.replace_schema_metadata(papers), draft)


def _papers(arrangement: Arrangement, driver: str, words: Catalogue) -> dict[str, Any]:
    """Options of `pyogrio.write_dataframe` that put the conditions where the format has room."""
    conditions = arrangement.conditions
    title, summary = words.name(arrangement.plan.title), _summary(arrangement, words)
    if driver == "GeoJSON":
        options = {
            "RFC7946": "YES",
            "COORDINATE_PRECISION": "9",
            "NATIVE_MEDIA_TYPE": "application/vnd.geo+json",
            "NATIVE_DATA": _json({"lineplan": conditions}),
        }
        return {"layer_options": options}
    if driver == "LIBKML":
        lines = [summary, *(f"{key}: {_text(value)}" for key, value in conditions.items())]
        return {"dataset_options": {"NAME": _xml(title), "DESCRIPTION": _html(lines)}}
    # Of the layer: metadata of the whole GeoPackage make GDAL's readers leave a file beside it.
    named = {"TITLE": title} if driver == "FlatGeobuf" else {"GEOMETRY_NAME": _GEOMETRY}
    options = {"DESCRIPTION": summary} | named
    return {"layer_metadata": {"lineplan": _json(conditions)}, "layer_options": options}


def _frame(arrangement: Arrangement, layer: str, words: Catalogue) -> pd.DataFrame:
    if layer == "sources":
        return _sources(arrangement, words)
    frame: gpd.GeoDataFrame = getattr(arrangement, layer)
    if layer == "zones" and words.lang != "en":
        days = [arrangement.control.as_of] * len(frame)
        frame = describe(
            frame, arrangement.plan, arrangement.units, arrangement.dataset, days, words
        )
    if _geometry_type(layer) != "MultiPolygon":
        return frame
    parts = [shapely.multipolygons(shapely.get_parts(geometry)) for geometry in frame.geometry]
    return frame.assign(geometry=gpd.GeoSeries(parts, index=frame.index, crs=frame.crs))


def _geometry_type(layer: str) -> str | None:
    """Stated, so that a layer without rows has it too."""
    return {"line": "LineString", "sources": None}.get(layer, "MultiPolygon")


def _rows(frame: pd.DataFrame) -> list[dict[Any, Any]]:
    return frame.drop(columns="geometry").to_dict("records")


def _in_words(
    arrangement: Arrangement, frame: pd.DataFrame, legend: Legend, words: Catalogue
) -> pd.DataFrame:
    """`frame` with the name and description that Google Earth shows."""
    clauses = {
        clause.id: [f"{text.quote} ({text.language}, {text.kind})" for text in clause.text]
        for clause in arrangement.plan.clause
    }
    names, descriptions = [], []
    for row in _rows(frame):
        what, name = legend.entry_of(row).label, str(row[_NAMED_BY[legend.layer]])
        names.append(words.text("join.set", name=name, value=what))
        first = row.pop("status_label", None)
        lines = [first, *clauses.get(row["clause_id"], ())] if first else []
        for column, value in row.items():
            said = {"name": legend.aliases.get(column, column), "value": legend.said(column, value)}
            lines.append(words.text("join.set", **said))
        descriptions.append(_html([*lines, _summary(arrangement, words)]))
    frame = frame.assign(**{c: frame[c].map(_xml) for c in frame if is_string_dtype(frame[c])})
    # `name` is a column of its own in one layer; the driver knows it in any case.
    named = {} if "name" in frame else {"Name": pd.Series(map(_xml, names), frame.index, dtype=str)}
    return frame.assign(**named, description=pd.Series(descriptions, frame.index, dtype=str))


def _sources(arrangement: Arrangement, words: Catalogue) -> pd.DataFrame:
    rows = [*_of_plan(arrangement, words), *_of_ground(arrangement)]
    rows += [
        {"kind": "condition", "name": key, "note": _text(value)}
        for key, value in arrangement.conditions.items()
    ]
    cells = [[str(row.get(column) or "") for column in _COLUMNS] for row in rows]
    return pd.DataFrame(cells, columns=list(_COLUMNS))


def _of_plan(arrangement: Arrangement, words: Catalogue) -> Iterator[dict[str, Any]]:
    """The text, where it was published, its clauses and how they are read."""
    plan = arrangement.plan
    force = words.text(f"standing.{plan.standing}")
    yield {"kind": "plan", "name": words.name(plan.title), "date": plan.date, "note": force}
    for source in plan.source:
        papers = {"date": source.date, "url": source.url, "note": source.reliability}
        yield {"kind": "plan source", "name": source.name, **papers}
    for clause in plan.clause:
        quotes = _json([quote.model_dump() for quote in clause.text])
        yield {"kind": "clause", "name": f"{clause.id} {clause.subject}", "note": quotes}
        for reading in clause.reading:
            name = f"{clause.id}={reading.id}"
            applies = not reading.set or name in plan.chosen_readings
            kind = "reading" if applies else "reading not chosen"
            yield {"kind": kind, "name": name, "note": words.name(reading.text)}


def _of_ground(arrangement: Arrangement) -> Iterator[dict[str, Any]]:
    """The line and the units, with what each was compiled from."""
    control, said = arrangement.control, arrangement.conditions
    files = arrangement.dataset.files
    own = next((f for f in files if f.role == "control" and f.sha256 == control.sha256), None)
    terms = {
        key: getattr(control, key) for key in ("licence", "attribution", "viewpoint", "sha256")
    }
    named = {"kind": "control", "name": control.source, "date": control.as_of}
    yield (_of_file(own) if own else {}) | terms | named
    for source in own.derived_from if own else ():
        papers = source.model_dump(exclude={"terms"})
        yield {"kind": "control, derived from", **papers, "licence": source.terms}
    units = next((f for f in files if f.role == "units" and f.title == said["units_source"]), None)
    given = {
        "kind": "units",
        "name": said["units_source"],
        **{key: said[f"units_{key}"] for key in ("date", "licence", "viewpoint", "sha256")},
    }
    yield _of_file(units) if units else given


def _of_file(file: DataFile) -> dict[str, Any]:
    papers = file.model_dump(include={"licence", "attribution", "viewpoint", "url", "sha256"})
    said = {"name": file.title, "date": file.as_of, "note": file.description}
    return {"kind": file.role, **said, **papers}


def _summary(arrangement: Arrangement, words: Catalogue) -> str:
    """What the figures rest on, in two sentences."""
    plan, control = arrangement.plan, arrangement.control
    force = words.text(f"standing.{plan.standing}")
    rest_on = words.source_line(
        plan.standing,
        text=words.name(plan.title),
        text_date=words.date(plan.date),
        line=control.source if words.lang == "en" else words.data(control.source),
        line_date=words.date(control.as_of),
    )
    return f"{force}. {rest_on}"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _text(value: object) -> str:
    return value if isinstance(value, str) else _json(value)


def _html(lines: Iterable[str]) -> str:
    """Lines as Google Earth shows them: names of places must not become markup."""
    return "<br>".join(html.escape(_xml(line)) for line in lines)


def _xml(text: str) -> str:
    """`text` without what breaks a KML file: the driver checks neither of the two."""
    return _NOT_XML.sub(" ", text)
