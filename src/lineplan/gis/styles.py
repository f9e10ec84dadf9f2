"""The table of styles that QGIS looks for in a GeoPackage."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from lineplan.gis.legend import Legend
from lineplan.gis.qml import qml
from lineplan.gis.sld import sld

STYLES = "layer_styles"
"""Name of the table, as QGIS has it."""


def style_table(
    legends: Sequence[Legend], *, geometry: str, description: str, day: str
) -> pd.DataFrame:
    """
    Return the rows of `STYLES`, one a layer, with the columns that QGIS gives it.

    Parameters
    ----------
    legends
        One for each layer of the file.
    geometry
        Name of the geometry column of the layers that have one.
    description
        What the figures rest on.
    day
        Day of the last change, as YYYY-MM-DD.
    """
    rows = [
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": legend.layer,
            "f_geometry_column": geometry if legend.entries else "",
            "styleName": "lineplan",
            "styleQML": qml(legend),
            "styleSLD": sld(legend),
            "useAsDefault": True,
            "description": description,
            "owner": "",
            "ui": None,
            "update_time": pd.Timestamp(day, tz="UTC"),
        }
        for legend in legends
    ]
    return pd.DataFrame(rows)
