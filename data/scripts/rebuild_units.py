"""Rebuild the geometry of ``data/ukraine/units.geojson`` from two Debian packages.

Natural Earth draws Crimea by who controls it, so its ready-made polygons are not used. The units
are polygonised instead from lines that follow the internationally recognised borders:

- admin-1 lines inside Ukraine (1:10m, v4.1.0), land frontiers (v3.0.0) and the outline of the land
  (v3.0.1), all in ``libmagics++-data`` 4.13.0-1;
- the line between Crimea and Kherson, which those lack, as the common edge of the two polygons in
  ``world_map.gpkg`` (``qgis-common`` 3.22.16+dfsg-1). The polygons of that file also say which unit
  a face belongs to.

Only ``unit_id`` and geometry are made here; the names in ``units.geojson`` were written by hand.
To get the packages on Debian 12 without installing them, and to compare::

    apt-get download libmagics++-data qgis-common
    for deb in *.deb; do dpkg-deb -x "$deb" unpacked; done
    python data/scripts/rebuild_units.py unpacked --check data/ukraine/units.geojson

Same coordinates with shapely 2.2.0 (GEOS 3.14.1).
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

MAGICS = Path("usr/share/magics/10m")
WORLD_MAP = Path("usr/share/qgis/resources/data/world_map.gpkg")

AROUND_UKRAINE = (21.6, 43.8, 40.7, 52.9)
"""West, south, east, north in degrees: the land is clipped to this before anything else."""

PROLONGED_DEG = 1e-6
"""Lines that should end on the coast stop a hair short of it: 1e-6 degree (0.1 m) closes them."""

NODED_DEG = 1e-9
"""Grid of the noding, fine enough not to move a vertex."""

ROUNDED_DEG = 1e-4
"""Grid of the result: 4 decimals."""

ISO_OF_FIPS = {
    "UP01": "UA-71",  # Cherkasy
    "UP02": "UA-74",  # Chernihiv
    "UP03": "UA-77",  # Chernivtsi
    "UP04": "UA-12",  # Dnipropetrovsk
    "UP05": "UA-14",  # Donetsk
    "UP06": "UA-26",  # Ivano-Frankivsk
    "UP07": "UA-63",  # Kharkiv
    "UP08": "UA-65",  # Kherson
    "UP09": "UA-68",  # Khmelnytskyi
    "UP10": "UA-35",  # Kirovohrad
    "UP11": "UA-43",  # Crimea
    "UP12": "UA-30",  # Kyiv (city)
    "UP13": "UA-32",  # Kyiv
    "UP14": "UA-09",  # Luhansk
    "UP15": "UA-46",  # Lviv
    "UP16": "UA-48",  # Mykolaiv
    "UP17": "UA-51",  # Odesa
    "UP18": "UA-53",  # Poltava
    "UP19": "UA-56",  # Rivne
    "UP20": "UA-40",  # Sevastopol (city)
    "UP21": "UA-59",  # Sumy
    "UP22": "UA-61",  # Ternopil
    "UP23": "UA-05",  # Vinnytsia
    "UP24": "UA-07",  # Volyn
    "UP25": "UA-21",  # Zakarpattia
    "UP26": "UA-23",  # Zaporizhzhia
    "UP27": "UA-18",  # Zhytomyr
}
"""FIPS 10-4 code, which Natural Earth kept for all 27 units, to ISO 3166-2."""

Ring = tuple[tuple[float, float], ...]


def lines_of(geometries: object) -> list[LineString]:
    """Return every single line in lines, collections of lines and collections of collections."""
    parts = shapely.get_parts(shapely.get_parts(np.atleast_1d(np.asarray(geometries))))
    return [part for part in parts if isinstance(part, LineString)]


def prolonged(line: LineString) -> LineString:
    """Return `line` longer by `PROLONGED_DEG` at both ends, in the direction it ends in."""
    xy = shapely.get_coordinates(line)
    ends = xy[[0, -1]]
    along = ends - xy[[1, -2]]
    beyond = ends + PROLONGED_DEG * along / np.hypot(*along.T)[:, None]
    return LineString([beyond[0], *xy, beyond[1]])


def rebuild(packages: Path) -> gpd.GeoDataFrame:
    """Polygonise the lines, join the faces of each unit and round to 4 decimals.

    Parameters
    ----------
    packages : Path
        Folder into which both Debian packages were unpacked.

    Returns
    -------
    GeoDataFrame
        `unit_id` and geometry (EPSG:4326), one row per unit, ordered by `unit_id`.
    """

    def magics(name: str) -> gpd.GeoDataFrame:
        return gpd.read_file(packages / MAGICS / f"{name}.shp", bbox=AROUND_UKRAINE)

    land = magics("ne_10m_land")
    inner = magics("ne_10m_admin_1_states_provinces_lines")
    inner = inner[inner["adm0_name"].str.strip() == "Ukraine"]
    frontier = magics("ne_10m_admin_0_boundary_lines_land")
    frontier = frontier[(frontier[["adm0_left", "adm0_right"]] == "Ukraine").any(axis=1)]
    drawn = gpd.read_file(packages / WORLD_MAP, layer="states_provinces", bbox=AROUND_UKRAINE)
    drawn = drawn[drawn["fips"].isin(ISO_OF_FIPS)]
    drawn = drawn.set_index(drawn["fips"].map(ISO_OF_FIPS)).geometry.sort_index()

    crimea_kherson = shapely.line_merge(
        shapely.intersection(drawn["UA-43"].boundary, drawn["UA-65"].boundary)
    )
    coast = shapely.clip_by_rect(land.boundary.to_numpy(), *AROUND_UKRAINE)
    linework = [
        *map(prolonged, lines_of(inner.geometry)),
        *map(prolonged, lines_of(crimea_kherson)),
        *lines_of(frontier.geometry),
        *lines_of(coast),
    ]
    noded = shapely.union_all(linework, grid_size=NODED_DEG)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))

    overlap = shapely.area(shapely.intersection(faces[:, None], drawn.to_numpy()[None, :]))
    unit_of_face = drawn.index.to_numpy()[overlap.argmax(axis=1)]
    in_ukraine = overlap.max(axis=1) > 0
    units = {
        # Each unit is rounded on its own: spikes narrower than the grid fall away.
        unit_id: shapely.set_precision(
            shapely.union_all(faces[in_ukraine & (unit_of_face == unit_id)]), ROUNDED_DEG
        )
        for unit_id in drawn.index
    }
    return gpd.GeoDataFrame(
        {"unit_id": list(units)}, geometry=list(units.values()), crs="EPSG:4326"
    )


def rings(geometry: BaseGeometry) -> set[Ring]:
    """Return the rings of a polygon or multipolygon, without start point and direction."""
    found: set[Ring] = set()
    for polygon in shapely.get_parts(geometry):
        for ring in (polygon.exterior, *polygon.interiors):
            xy = [(round(x, 4), round(y, 4)) for x, y in ring.coords[:-1]]
            start = xy.index(min(xy))
            onward = xy[start:] + xy[:start]
            found.add(tuple(min(onward, onward[:1] + onward[:0:-1])))
    return found


def check(rebuilt: gpd.GeoDataFrame, path: Path) -> list[str]:
    """Compare with the units in `path`; return one line per unit that differs."""
    given = gpd.read_file(path).set_index("unit_id").geometry
    ours = rebuilt.set_index("unit_id").geometry
    lonely = sorted(set(given.index) ^ set(ours.index))
    differences = [f"{unit_id}: in one of the two only" for unit_id in lonely]
    for unit_id in sorted(set(given.index) & set(ours.index)):
        theirs, mine = rings(given[unit_id]), rings(ours[unit_id])
        if theirs != mine:
            vertices = {xy for ring in theirs for xy in ring} ^ {xy for ring in mine for xy in ring}
            differences.append(
                f"{unit_id}: {len(theirs & mine)} of {len(theirs)} rings equal, "
                f"{len(vertices)} vertices in one of the two only"
            )
    return differences


def write(rebuilt: gpd.GeoDataFrame, path: Path) -> None:
    """Write GeoJSON with one feature a line and 4 decimals."""

    def feature(unit_id: str, geometry: BaseGeometry) -> str:
        shape = shapely.transform(geometry, lambda xy: xy.round(4)).__geo_interface__
        item = {"type": "Feature", "properties": {"unit_id": unit_id}, "geometry": shape}
        return json.dumps(item, separators=(",", ":"))

    features = map(feature, rebuilt["unit_id"], rebuilt.geometry)
    path.write_text(
        '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n",
        encoding="utf-8",
    )


def main() -> int:
    """Rebuild, write and compare; return 1 where the comparison fails."""
    parser = argparse.ArgumentParser(description="Rebuild the geometry of units.geojson.")
    parser.add_argument("packages", type=Path, help="folder with both packages unpacked")
    parser.add_argument("-o", "--output", type=Path, help="write the rebuilt units here (GeoJSON)")
    parser.add_argument("--check", type=Path, metavar="FILE", help="compare with the units in FILE")
    options = parser.parse_args()

    rebuilt = rebuild(options.packages)
    vertices = int(shapely.get_num_coordinates(rebuilt.geometry.to_numpy()).sum())
    print(f"{len(rebuilt)} units, {vertices} vertices", file=sys.stderr)
    if options.output:
        write(rebuilt, options.output)
    if options.check:
        differences = check(rebuilt, options.check)
        print("\n".join(differences) or "identical coordinates", file=sys.stderr)
        return 1 if differences else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
