"""A country that can be checked by hand: four squares on the equator, one degree wide and high.

    1°N +--------+--------+
        |  T-NW  |  T-NE  |      parties: aria (holds what nobody claims), bora, cora
      0 +--------+--------+      border tolerance: 5 km, about 0.045°
        |  T-SW  |  T-SE  |
    1°S +--------+--------+
       30°E     31°E     32°E

By symmetry all four have one area, and a meridian cuts it in proportion.
"""

from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd
import shapely

FOLDER = Path(__file__).parent / "data" / "toyland"
SQUARE_KM2 = 12_308.463893975


def units() -> gpd.GeoDataFrame:
    return gpd.read_file(FOLDER / "units.geojson")


def frame(rows: Iterable[tuple[str, shapely.Geometry]], column: str) -> gpd.GeoDataFrame:
    names, geometries = zip(*rows, strict=True)
    return gpd.GeoDataFrame({column: list(names)}, geometry=list(geometries), crs="EPSG:4326")


def claims(*rows: tuple[str, shapely.Geometry]) -> gpd.GeoDataFrame:
    """Ground by holder: ``claims(("bora", box(31.5, -1.5, 32.5, 1.5)))``."""
    return frame(rows, "held_by")
