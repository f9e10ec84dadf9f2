"""Strips along the line of contact, against planes of 10 km each."""

from __future__ import annotations

import numpy as np
import pyproj
import shapely
from measure import Row, interleaved, said, times

import lineplan as lp
from lineplan import geodesy

PERCENT_BOUND = {15: 0.01, 50: 0.01, 140: 0.025}
GEOD = pyproj.Geod(ellps="WGS84")


def rows(arrangement: lp.Arrangement, runs: int, widths_km: list[int]) -> list[Row]:
    line = arrangement.line
    contact = shapely.multilinestrings(line.geometry[line["kind"] == "line"].to_numpy())
    found = []
    for width_km in widths_km:
        seconds = interleaved(
            {
                "ours": lambda width_km=width_km: geodesy.strip(contact, width_km),
                "tiles": lambda width_km=width_km: aeqd_tiles(contact, width_km),
            },
            runs,
        )
        ours, tiles = geodesy.strip(contact, width_km), aeqd_tiles(contact, width_km)
        apart = shapely.symmetric_difference(ours, tiles, grid_size=1e-9)
        percent = float(100 * geodesy.area_m2([apart])[0] / geodesy.area_m2([tiles])[0])
        bound = PERCENT_BOUND[width_km]
        found.append(
            Row(
                f"strip of {width_km} km along the embedded line",
                said(seconds["ours"]),
                f"10 km AEQD tiles {said(seconds['tiles'])}",
                times(seconds["ours"], seconds["tiles"]),
                correctness=f"{percent:.4f} % symmetric difference (bound {bound} %)",
                sound=percent <= bound,
            )
        )
    return found


def aeqd_tiles(line: shapely.Geometry, width_km: float) -> shapely.Geometry:
    """Every 10 km of the line widened on an azimuthal equidistant plane of its own."""
    tiles = []
    for part in shapely.get_parts(shapely.segmentize(line, 0.02)):
        xy = shapely.get_coordinates(part)
        along_m = np.r_[0, np.cumsum(GEOD.line_lengths(xy[:, 0], xy[:, 1]))]
        tile_of = (along_m // 10_000).astype(int)
        for tile in np.unique(tile_of):
            at = np.flatnonzero(tile_of == tile)
            piece = xy[at[0] : at[-1] + 2]
            lon, lat = piece.mean(axis=0)
            plane = pyproj.Transformer.from_crs(
                "OGC:CRS84", f"+proj=aeqd +lon_0={lon} +lat_0={lat} +datum=WGS84", always_xy=True
            )
            flat = np.c_[plane.transform(*piece.T)]
            shape = shapely.LineString(flat) if len(flat) > 1 else shapely.Point(flat[0])
            ground = shapely.segmentize(shape.buffer(width_km * 1000, quad_segs=256), 2000)
            tiles.append(
                shapely.transform(
                    ground,
                    lambda x, y, plane=plane: plane.transform(x, y, direction="INVERSE"),
                    interleaved=False,
                )
            )
    return shapely.union_all(tiles, grid_size=1e-9)
