"""Border reconciliation: ground left between a source of control and the units' frontier."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lineplan import geodesy
from lineplan.partition.noding import Ground, components
from lineplan.partition.reach import OuterBoundary, is_frontier, surely_within, within
from lineplan.partition.snapping import Bool, Int

NOISE_M2 = 10_000.0
"""Ground of the default holder smaller than 1 ha, enclosed by one other holder, is noise."""


@dataclass(frozen=True)
class Pieces:
    """Connected pieces of the default holder's ground that reconciliation looked at.

    One element for each piece; `faces` and `piece_of` pair faces with the piece they are in.
    `frontier` is what the caller gave, `main_body_m2` the area of the largest of all pieces.
    """

    faces: Int
    piece_of: Int
    is_border: Bool
    is_moved: Bool
    frontier: shapely.Geometry | None
    main_body_m2: float


def reconcile_border(
    ground: Ground,
    claimed: Bool,
    default_holder: str,
    tolerance_km: float,
    frontier: shapely.Geometry | None,
    *,
    has_main_body: bool = True,
) -> tuple[Ground, Pieces | None]:
    """Ground with border mismatches and noise reassigned, and the pieces looked at.

    Where the claims leave nothing but what they miss, there is no main body to leave alone.
    """
    holder, edges = ground.holder.copy(), ground.edges
    count = len(holder)
    mine = holder == default_holder
    if not mine.any() or mine.all():
        return ground, None
    inner = edges.right >= 0
    left, right = edges.left[inner], edges.right[inner]
    both = mine[left] & mine[right]
    component = components(count, left[both], right[both])
    size_m2 = np.bincount(component[mine], weights=ground.area_m2[mine], minlength=count)

    across = np.flatnonzero(mine[left] != mine[right])
    from_left = mine[left[across]]
    ours = component[np.where(from_left, left[across], right[across])]
    theirs = np.where(from_left, right[across], left[across])
    holders, holder_of = np.unique(holder.astype(str), return_inverse=True)
    their_holder = holder_of[theirs]
    beside = np.zeros((count, len(holders)), dtype=bool)
    beside[ours, their_holder] = True

    def having(some: Int) -> Bool:
        """Which components have one of some faces."""
        mask = np.zeros(count, dtype=bool)
        mask[component[some]] = True
        return mask

    # What a source draws is never touched.
    cut_off = beside.any(axis=1) & ~having(np.flatnonzero(mine & claimed))
    outer = np.flatnonzero(~inner)
    is_noise = cut_off & ~having(edges.left[outer]) & (size_m2 < NOISE_M2)
    is_noise &= beside.sum(axis=1) == 1
    if frontier is not None:
        # What reaches an edge that is no frontier may go on beyond the units given. One such edge
        # settles it, and of the main body there is one in nearly any sample.
        for step in (32, 1):
            some = outer[cut_off[component[edges.left[outer]]]][::step]
            cut_off &= ~having(edges.left[some[~is_frontier(edges, some, frontier)]])
    is_border = cut_off & having(edges.left[outer])
    # Of part of a country, the largest piece can be a strip along the frontier.
    main_body = int(size_m2.argmax())
    if has_main_body:
        is_noise[main_body] = False
        is_border[main_body] &= frontier is not None

    chosen = np.flatnonzero(is_border | is_noise)
    number = np.full(count, -1)
    number[chosen] = np.arange(len(chosen))
    piece = np.where(mine, number[component], -1)
    looked_at = np.flatnonzero(piece >= 0)
    piece_of = piece[looked_at]
    is_border = is_border[chosen]
    is_moved = ~is_border | surely_within(ground, piece, len(chosen), tolerance_km)
    unsure = np.flatnonzero(~is_moved)
    if len(unsure):
        is_moved[unsure] = within(ground, piece, unsure, tolerance_km, frontier)

    borders = beside[chosen].astype(float)
    if (borders.sum(axis=1) > 1).any():
        doubtful = np.flatnonzero((beside.sum(axis=1) > 1)[ours] & (number[ours] >= 0))
        at = np.flatnonzero(inner)[across[doubtful]]
        shared_m = geodesy.segment_length_m(edges.start[at], edges.end[at])
        np.add.at(borders, (number[ours[doubtful]], their_holder[doubtful]), shared_m)
    to_holder = holders[borders.argmax(axis=1)]
    moved = is_moved[piece_of]
    holder[looked_at[moved]] = to_holder[piece_of[moved]]
    listed = (is_moved | (chosen != main_body) | (not has_main_body))[piece_of]
    main_body_m2 = float(size_m2[main_body])
    pieces = Pieces(
        looked_at[listed], piece_of[listed], is_border, is_moved, frontier, main_body_m2
    )
    return replace(ground, holder=holder), pieces


def table_of_pieces(ground: Ground, pieces: Pieces | None) -> gpd.GeoDataFrame:
    """The table of pieces, largest first."""
    columns = ["piece", "unit_id", "action", "reason", "held_by_mapped", "held_by", "area_km2"]
    columns += ["reach_km", "lon", "lat", "geometry"]
    if pieces is None or not len(pieces.faces):
        kinds = dict.fromkeys(columns, "str") | {"piece": "int64"}
        kinds |= dict.fromkeys(("area_km2", "reach_km", "lon", "lat"), "float64")
        empty = pd.DataFrame({c: pd.Series([], dtype=kinds[c]) for c in columns[:-1]})
        return gpd.GeoDataFrame(empty, geometry=[], crs="EPSG:4326")
    area_m2 = ground.area_m2[pieces.faces]
    unit = ground.unit_id[pieces.faces]
    piece_m2 = np.bincount(pieces.piece_of, weights=area_m2)
    rank = np.empty(len(piece_m2), dtype=np.int64)
    rank[np.argsort(-piece_m2, kind="stable")] = np.arange(len(piece_m2))
    number = rank[pieces.piece_of] + 1
    order = np.lexsort((unit.astype(str), number))
    row_of = np.r_[
        0, np.cumsum((np.diff(number[order]) != 0) | (unit[order][1:] != unit[order][:-1]))
    ]
    first = order[np.r_[True, np.diff(row_of) > 0]]
    shapes = [
        group[0] if len(group) == 1 else shapely.coverage_union_all(group)
        for group in np.split(
            ground.polygons[pieces.faces[order]], np.flatnonzero(np.diff(row_of)) + 1
        )
    ]
    inside = shapely.point_on_surface(shapes)
    of_piece, face = pieces.piece_of[first], pieces.faces[first]
    reach_km = np.full(len(pieces.is_border), np.nan)
    at_border = pieces.is_border[pieces.piece_of]
    if at_border.any():
        boundary = OuterBoundary.of(ground, pieces.frontier)
        polygons = ground.polygons[pieces.faces[at_border]]
        reach_km[pieces.is_border] = (
            boundary.reach_m(
                boundary.on_plane(polygons), pieces.piece_of[at_border], len(pieces.is_border)
            )[pieces.is_border]
            / 1000
        )
    table = {
        "piece": number[first],
        "unit_id": unit[first],
        "action": np.where(pieces.is_moved, "reassigned", "kept")[of_piece],
        "reason": np.where(pieces.is_border, "border", "noise")[of_piece],
        "held_by_mapped": ground.holder_mapped[face],
        "held_by": ground.holder[face],
        "area_km2": np.bincount(row_of, weights=area_m2[order]) / 1e6,
        "reach_km": reach_km[of_piece],
        "lon": shapely.get_x(inside),
        "lat": shapely.get_y(inside),
    }
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")
