"""What QGIS needs to play a layer of zones without being told how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from xml.sax.saxutils import quoteattr

import pandas as pd

from lineplan.style import PAINTS

GEOMETRY = "geom"
"""Name of the column of geometry in a GeoPackage, by which QGIS finds the style."""
_HEAD = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_RANK = {status: number for number, status in enumerate(PAINTS)}
# Mode 4: start and end are expressions. Where they are plain fields (mode 2), QGIS leaves the
# comparison to the file, which compares text, and a zone shows a day before it begins. Limit mode
# 0: the end is not included.
_TEMPORAL = (
    '<temporal enabled="1" mode="4" limitMode="0" startField="valid_from" endField="valid_to" '
    'startExpression="to_datetime(&quot;valid_from&quot;)" '
    'endExpression="to_datetime(&quot;valid_to&quot;)" durationField="" durationUnit="days" '
    'fixedDuration="0" accumulate="0"><fixedRange><start></start><end></end></fixedRange>'
    "</temporal>"
)


def playing(qml: str) -> str:
    """A QML style with which QGIS shows zones from `valid_from` to the day before `valid_to`.

    Parameters
    ----------
    qml : str
        A style of a layer.

    Returns
    -------
    str
    """
    head, opening, rest = qml.partition("<qgis ")
    attributes, closing, inside = rest.partition(">")
    attributes = attributes.replace('styleCategories="', 'styleCategories="Temporal|')
    return f"{head}{opening}{attributes}{closing}\n{_TEMPORAL}{inside}"


def by_status(statuses: Iterable[str]) -> str:
    """A QML style with a colour for each status."""
    # In the order of the legend; a status of a plan's own comes last.
    ordered = sorted(set(statuses), key=lambda status: (_RANK.get(status, len(_RANK)), status))
    paints = {status: PAINTS.get(status, PAINTS["unspecified"]) for status in ordered}
    categories = "".join(
        f'<category render="true" symbol="{number}" type="string" value={quoteattr(status)} '
        f"label={quoteattr(status.replace('_', ' '))}/>"
        for number, status in enumerate(paints)
    )
    symbols = "".join(
        f'<symbol type="fill" name="{number}" alpha="1"><layer class="SimpleFill" enabled="1">'
        '<Option type="Map">'
        f'<Option type="QString" name="color" value="{_rgba(paint.fill)}"/>'
        f'<Option type="QString" name="outline_color" value="{_rgba(paint.ink)}"/>'
        '<Option type="QString" name="outline_width" value="0.1"/>'
        '<Option type="QString" name="style" value="solid"/>'
        f'</Option><prop k="color" v="{_rgba(paint.fill)}"/>'
        f'<prop k="outline_color" v="{_rgba(paint.ink)}"/><prop k="outline_width" v="0.1"/>'
        '<prop k="style" v="solid"/></layer></symbol>'
        for number, paint in enumerate(paints.values())
    )
    return (
        f'{_HEAD}<qgis version="3.22.0" styleCategories="Symbology">\n'
        '<renderer-v2 type="categorizedSymbol" attr="status" forceraster="0" symbollevels="0" '
        f'enableorderby="0"><categories>{categories}</categories><symbols>{symbols}</symbols>'
        "</renderer-v2></qgis>\n"
    )


def _rgba(color: str) -> str:
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    return f"{red},{green},{blue},255"


def style_rows(statuses: Mapping[str, Iterable[str]], day: str) -> pd.DataFrame:
    """The table ``layer_styles`` of a GeoPackage, from which QGIS takes the style of each layer.

    Parameters
    ----------
    statuses : mapping
        Of each layer.
    day : str
        When the style was written, as YYYY-MM-DD.

    Returns
    -------
    DataFrame
    """
    rows = [
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": layer,
            "f_geometry_column": GEOMETRY,
            "styleName": layer,
            "styleQML": playing(by_status(said)),
            "styleSLD": "",
            "useAsDefault": True,
            "description": "zones by status, from valid_from to the day before valid_to",
            "owner": "",
            "ui": "",
            "update_time": pd.Timestamp(day),
        }
        for layer, said in statuses.items()
    ]
    return pd.DataFrame(rows)
