"""Rebuild the ``_beyond`` layers of ``data/ukraine/context.geojson`` from a Debian package.

A wide page shows more ground than the base map proper has. What lies around it comes from the same
Natural Earth 1:10m files, coarser: land, international boundaries (without the one that is marked
as disputed) and the larger rivers. To get the package without installing it::

    apt-get download libmagics++-data
    dpkg-deb -x libmagics++-data_*.deb unpacked
    python data/scripts/extend_context.py unpacked data/ukraine/context.geojson
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import geopandas as gpd
import shapely

MAGICS = Path("usr/share/magics/10m")
INNER = shapely.box(21.0, 43.3, 42.0, 53.6)
WIDE = shapely.box(8.0, 39.0, 55.0, 59.0)
COARSE_DEG = 0.03
LAYERS = {
    "land_beyond": ("ne_10m_land", None),
    "international_boundary_beyond": (
        "ne_10m_admin_0_boundary_lines_land",
        lambda rows: rows["featurecla"].str.startswith("International"),
    ),
    "river_beyond": ("ne_10m_rivers_lake_centerlines", lambda rows: rows["scalerank"] <= 6),
}


def main() -> None:
    """Write the file anew, its other layers as they are."""
    unpacked, path = map(Path, sys.argv[1:])
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line.rstrip(",") for line in lines[1:-1] if '_beyond"' not in line.split("}")[0]]
    for layer, (name, chosen) in LAYERS.items():
        rows = gpd.read_file(unpacked / MAGICS / f"{name}.shp", bbox=WIDE.bounds)
        shapes = rows.geometry if chosen is None else rows.geometry[chosen(rows)]
        # Cut before it is made coarser: what meets at the edge of the base map still does.
        ring = shapely.difference(shapely.make_valid(shapes.to_numpy()), INNER)
        whole = shapely.union_all(shapely.clip_by_rect(ring, *WIDE.bounds))
        whole = whole if layer == "land_beyond" else shapely.line_merge(whole)
        coarse = shapely.set_precision(shapely.simplify(whole, COARSE_DEG), 0.01)
        for part in shapely.get_parts(coarse):
            is_speck = layer == "land_beyond" and part.area < 0.02
            if part.geom_type in ("Polygon", "LineString") and not is_speck:
                shape = json.loads(shapely.to_geojson(part))
                feature = {"type": "Feature", "properties": {"layer": layer}, "geometry": shape}
                kept.append(json.dumps(feature, separators=(",", ":")))
    path.write_text("\n".join([lines[0], ",\n".join(kept), lines[-1]]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
