"""Units of any source, matched with the dataset's by id, code or name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from lineplan.dataset import Dataset
from lineplan.errors import DatasetError
from lineplan.features import read_features


@dataclass(frozen=True, eq=False)
class UnitMatch:
    """How the features of a foreign units file were matched with the dataset's units.

    Attributes
    ----------
    frame : GeoDataFrame
        `unit_id`, `name`, `name_uk`, `name_ru`, `name_zh_hant` and `geometry` (EPSG:4326).
    name, sha256 : str
        Of the file.
    description : str
        The match in words.
    notes : tuple of str
        What the reader of the file repaired, dropped or merged.
    """

    frame: gpd.GeoDataFrame
    name: str
    sha256: str
    description: str
    notes: tuple[str, ...]


def read_units(path: str | Path, dataset: Dataset, *, unit_id: str | None = None) -> UnitMatch:
    """Read administrative units of any source and match them with the dataset's.

    ISO 3166-2 ids, COD-AB and KATOTTH codes and names are looked up in the dataset's code table;
    nothing needs to be renamed. Units that the dataset does not know keep their own id. Features
    of one unit (its districts, say) are merged.

    Parameters
    ----------
    path : str or Path
    dataset : Dataset
    unit_id : str, optional
        Column with the ids; found by looking when not given.

    Returns
    -------
    UnitMatch

    Raises
    ------
    DatasetError
        No column matches the dataset's units, or `unit_id` is not a column.
    GeometryError
        The file cannot be read.
    """
    features = read_features(path, kind="polygon")
    frame = features.frame
    columns = [str(c) for c in frame.columns if c != frame.geometry.name]
    if unit_id is not None and unit_id not in columns:
        raise DatasetError(
            f"{path}: has no column {unit_id!r}; its columns are {', '.join(columns)}"
        )
    look_up = _code_table(dataset)
    matches = {
        column: frame[column].map(lambda value: look_up.get(_folded(value)))
        for column in ([unit_id] if unit_id else columns)
    }
    best = max(matches, key=lambda c: (matches[c].nunique(), matches[c].notna().sum()), default="")
    if not best or not matches[best].notna().any():
        where = f"not in column {unit_id!r}" if unit_id else f"in no column ({', '.join(columns)})"
        raise DatasetError(
            f"{path}: ids, codes or names of the units of {dataset.id}, such as "
            f"{dataset.units().unit_id.iloc[0]}, stand {where}; name the column with --unit-id"
        )
    _check_names(frame[best], matches[best], path, best)
    own = (
        frame[best]
        .astype(object)
        .where(frame[best].notna(), [f"feature {i}" for i in range(len(frame))])
    )
    frame = frame.assign(unit_id=matches[best].where(matches[best].notna(), own.astype(str)))
    merged = frame[["unit_id", "geometry"]].dissolve("unit_id", as_index=False, grid_size=1e-9)
    notes = list(features.notes)
    if len(merged) < len(frame):
        notes.append(f"{features.name}: {len(frame)} features merged into {len(merged)} units")
    names = dataset.units().drop(columns="geometry")
    result = merged.merge(names, on="unit_id", how="left")
    result["name"] = result["name"].fillna(result["unit_id"])
    matched = result.unit_id.isin(names.unit_id)
    description = (
        f"{features.name}: units matched by column {best!r}: {int(matched.sum())} of "
        f"{len(result)} are units of {dataset.id}"
    )
    if not matched.all():
        others = result.unit_id[~matched]
        description += f"; not known to it: {', '.join(others[:8])}" + (
            " ..." if len(others) > 8 else ""
        )
    columns = [*names.columns, "geometry"]
    matched_units = gpd.GeoDataFrame(result[columns], crs=frame.crs)
    return UnitMatch(matched_units, features.name, features.sha256, description, tuple(notes))


def _check_names(
    values: pd.Series[Any], units: pd.Series[Any], path: str | Path, column: str
) -> None:
    """A city and the region round it can bear one name: never merge what the file keeps apart."""
    for unit, named in values[units.notna()].groupby(units[units.notna()]):
        spellings = sorted({str(value).strip() for value in named})
        if len(spellings) > 1:
            raise DatasetError(
                f"{path}: in column {column!r} {' and '.join(map(repr, spellings))} all match "
                f"{unit}; name a column of ids or codes with --unit-id"
            )


def _code_table(dataset: Dataset) -> dict[str, str]:
    table: dict[str, str] = {}
    # A dataset of one's own may know its units by their ids and names only.
    has_codes = any(file.role == "codes" for file in dataset.files)
    for row in dataset.codes().itertuples() if has_codes else ():
        keys = [row.unit_id, row.cod_ab, *row.names.split(";")]
        table.update({_folded(key): row.unit_id for key in keys if key})
    for row in dataset.units().itertuples():
        names = (row.unit_id, row.name, row.name_uk, row.name_ru, row.name_zh_hant)
        table.update({_folded(name): row.unit_id for name in names if name})
    return table


_KIND_OF_UNIT = re.compile(
    r"\b(oblast|region|province|область|autonomous|republic|автономная|автономна|республика|of)\b"
)


def _folded(value: object) -> str:
    """`value` without case, marks and the words for "oblast"; a KATOTTH code as its P-code."""
    text = str(value).strip().casefold()
    if re.fullmatch(r"ua\d{2}0{10}\d{5}", text):
        return text[:4]
    text = "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))
    text = re.sub(r"['’ʼ`ʹ()]", "", text)
    return " ".join(_KIND_OF_UNIT.sub(" ", text).split())
