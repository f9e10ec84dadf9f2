"""Border reconciliation: ground left between a source of control and the units' frontier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.noding import Bool, Edges, Int, components

FRONTIER_MATCH_M = 5_000.0
"""Two sources of units draw one frontier about a kilometre apart, rarely more than five."""
NOISE_M2 = 10_000.0
"""Ground of the default holder smaller than 1 ha, enclosed by one other holder, is noise."""


@dataclass(frozen=True)
class Pieces:
    """Connected pieces of the default holder's ground that reconciliation looked at.

    One element for each piece; `faces` and `piece_of` pair faces with the piece they are in.
    """

    faces: Int
    piece_of: Int
    is_border: Bool
    is_moved: Bool
    reach_km: NDArray[np.float64]


def reconcile_border(
    faces: gpd.GeoDataFrame,
    edges: Edges,
    claimed: Bool,
    default_holder: str,
    tolerance_km: float,
    frontier: shapely.Geometry | None,
) -> Pieces | None:
    """Reassign border mismatches and noise in `faces.held_by`; return the pieces looked at."""
    holder = faces["held_by"].to_numpy(dtype=object).copy()
    mine = holder == default_holder
    if not mine.any() or mine.all():
        return None
    inner = edges.right >= 0
    left, right = edges.left[inner], edges.right[inner]
    both = mine[left] & mine[right]
    component = components(len(faces), np.unique(np.c_[left, right][both], axis=0))
    area_m2 = faces["area_m2"].to_numpy()
    size_m2 = np.bincount(component[mine], weights=area_m2[mine], minlength=len(faces))

    across = mine[left] != mine[right]
    ours = np.where(mine[left], left, right)[across]
    theirs = np.where(mine[left], right, left)[across]
    shared_m = geodesy.segment_length_m(edges.start[inner][across], edges.end[inner][across])
    holders, their_holder = np.unique(holder[theirs].astype(str), return_inverse=True)
    border_m = np.zeros((len(faces), len(holders)))
    np.add.at(border_m, (component[ours], their_holder), shared_m)

    outer = _OuterBoundary.of(faces, edges, frontier)

    def having(some: Int) -> Bool:
        """Which components have one of some faces."""
        mask = np.zeros(len(faces), dtype=bool)
        mask[component[some]] = True
        return mask

    outermost = edges.left[~inner]
    # What a source draws is never touched, and what reaches an edge that is no frontier may go on
    # beyond the units given.
    settled = having(np.flatnonzero(mine & claimed)) | having(outermost[~outer.is_frontier])
    cut_off = border_m.any(axis=1) & ~settled
    is_border = cut_off & having(outermost[outer.is_frontier])
    is_noise = cut_off & ~having(outermost) & (size_m2 < NOISE_M2)
    is_noise &= (border_m > 0).sum(axis=1) == 1
    # Of part of a country, the largest piece can be a strip along the frontier.
    main_body = int(size_m2.argmax())
    is_noise[main_body] = False
    is_border[main_body] &= frontier is not None
    chosen = np.flatnonzero(is_border | is_noise)
    number = np.full(len(faces), -1)
    number[chosen] = np.arange(len(chosen))
    looked_at = np.flatnonzero(mine & (number[component] >= 0))
    piece_of = number[component[looked_at]]
    is_border = is_border[chosen]
    at_border = is_border[piece_of]
    reach_km = np.full(len(chosen), np.nan)
    is_moved = ~is_border
    reach_km[is_border], is_moved[is_border] = outer.reach(
        faces.geometry.to_numpy()[looked_at[at_border]],
        (np.cumsum(is_border) - 1)[piece_of[at_border]],
        tolerance_km,
    )
    to_holder = holders[border_m[chosen].argmax(axis=1)]
    moved = is_moved[piece_of]
    holder[looked_at[moved]] = to_holder[piece_of[moved]]
    faces["held_by"] = holder
    listed = (is_moved | (chosen != main_body))[piece_of]
    return Pieces(looked_at[listed], piece_of[listed], is_border, is_moved, reach_km)


@dataclass(frozen=True)
class _OuterBoundary:
    """The units' outer boundary on a plane, to measure how far inland a piece reaches."""

    bounds: tuple[float, float, float, float]
    is_frontier: Bool
    segments: NDArray[Any]

    @classmethod
    def of(
        cls, faces: gpd.GeoDataFrame, edges: Edges, frontier: shapely.Geometry | None
    ) -> _OuterBoundary:
        bounds = tuple(faces.total_bounds)
        outer = edges.lines(edges.right < 0)
        is_frontier = np.ones(len(outer), dtype=bool)
        if frontier is not None:
            segments = geodesy.to_plane(outer, bounds)
            known = geodesy.to_plane(geodesy.segments(frontier), bounds)
            # An inner border meets the frontier at its end; an edge of the frontier keeps to it.
            tree = shapely.STRtree(known)
            for part in (0.0, 0.5, 1.0):
                at = shapely.line_interpolate_point(segments, part, normalized=True)
                near = tree.query(at, predicate="dwithin", distance=FRONTIER_MATCH_M)
                is_frontier &= np.isin(np.arange(len(segments)), near[0])
        # Cut so short that edges straight in degrees are straight on the plane.
        short = geodesy.segments(shapely.segmentize(outer[is_frontier], 0.02))
        return cls(bounds, is_frontier, geodesy.to_plane(short, bounds))

    def reach(
        self, polygons: NDArray[Any], piece_of: Int, tolerance_km: float
    ) -> tuple[NDArray[np.float64], Bool]:
        """How far inland each piece reaches (km), and whether it lies wholly within the tolerance.

        Distances are taken at points every 0.005 degree, at most 560 m, along a piece's edge.
        """
        count = int(piece_of.max()) + 1 if len(piece_of) else 0
        tolerance_m, tree = tolerance_km * 1000, shapely.STRtree(self.segments)
        polygons = geodesy.to_plane(shapely.segmentize(polygons, 0.005), self.bounds)
        points, polygon_of = shapely.get_coordinates(polygons, return_index=True)
        (_, _), distance_m = tree.query_nearest(
            shapely.points(points), return_distance=True, all_matches=False
        )
        reach_m = np.zeros(count)
        np.maximum.at(reach_m, piece_of[polygon_of], distance_m)
        within = reach_m <= tolerance_m
        # The middle of a piece can be farther inland than its edge, by no more than the radius of
        # the largest circle in it.
        area_m2 = np.bincount(piece_of, weights=shapely.area(polygons), minlength=count)
        unsure = within & (reach_m + np.sqrt(area_m2 / np.pi) + 280 > tolerance_m)
        for piece in np.flatnonzero(unsure):
            # Edges that all but meet can cross on the plane, however short they are.
            parts = shapely.make_valid(polygons[piece_of == piece], method="structure")
            whole = shapely.union_all(parts)
            near = tree.query(whole, predicate="dwithin", distance=tolerance_m)
            strips = shapely.buffer(self.segments[near], tolerance_m, quad_segs=64)
            within[piece] = shapely.union_all(strips).covers(whole)
        return reach_m / 1000, within


def table_of_pieces(faces: gpd.GeoDataFrame, pieces: Pieces | None) -> gpd.GeoDataFrame:
    """The table of pieces, largest first."""
    columns = ["piece", "unit_id", "action", "reason", "held_by_mapped", "held_by", "area_km2"]
    columns += ["reach_km", "lon", "lat", "geometry"]
    if pieces is None or not len(pieces.faces):
        kinds = dict.fromkeys(columns, "str") | {"piece": "int64"}
        kinds |= dict.fromkeys(("area_km2", "reach_km", "lon", "lat"), "float64")
        empty = pd.DataFrame({c: pd.Series([], dtype=kinds[c]) for c in columns[:-1]})
        return gpd.GeoDataFrame(empty, geometry=[], crs="EPSG:4326")
    area_m2 = faces["area_m2"].to_numpy()[pieces.faces]
    unit = faces["unit_id"].to_numpy(dtype=object)[pieces.faces]
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
            faces.geometry.to_numpy()[pieces.faces[order]], np.flatnonzero(np.diff(row_of)) + 1
        )
    ]
    inside = shapely.point_on_surface(shapes)
    of_piece, face = pieces.piece_of[first], pieces.faces[first]
    table = {
        "piece": number[first],
        "unit_id": unit[first],
        "action": np.where(pieces.is_moved, "reassigned", "kept")[of_piece],
        "reason": np.where(pieces.is_border, "border", "noise")[of_piece],
        "held_by_mapped": faces["held_by_mapped"].to_numpy(dtype=object)[face],
        "held_by": faces["held_by"].to_numpy(dtype=object)[face],
        "area_km2": np.bincount(row_of, weights=area_m2[order]) / 1e6,
        "reach_km": pieces.reach_km[of_piece],
        "lon": shapely.get_x(inside),
        "lat": shapely.get_y(inside),
    }
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")
