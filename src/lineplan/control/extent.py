"""The units that a source is read for: lines of contact cut them, settlements share them out."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd

from lineplan.dataset import Dataset
from lineplan.errors import DatasetError
from lineplan.units import read_units


def on_units(
    dataset: Dataset, units: str | Path | gpd.GeoDataFrame | None, unit_id: str | None = None
) -> Dataset:
    """The dataset with the units given in place of its own.

    Parameters
    ----------
    dataset : Dataset
    units : str, Path or GeoDataFrame, optional
    unit_id : str, optional
        As for `lineplan.arrange`.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError, GeometryError
        The units cannot be read, or state no coordinate reference system.
    """
    if units is None:
        return dataset
    if not isinstance(units, gpd.GeoDataFrame):
        return dataset.on_units(read_units(units, dataset, unit_id=unit_id).frame)
    if units.crs is None:
        raise DatasetError("units: state no coordinate reference system; use set_crs")
    return dataset.on_units(units.to_crs("EPSG:4326"))
