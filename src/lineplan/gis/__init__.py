"""How exported layers look in other programs: QML and SLD in a GeoPackage, styles in KML."""

from lineplan.gis.kml import styled_kml
from lineplan.gis.legend import Legend, legend_of, legend_of_stretches
from lineplan.gis.styles import STYLES, style_table

__all__ = ["STYLES", "Legend", "legend_of", "legend_of_stretches", "style_table", "styled_kml"]
