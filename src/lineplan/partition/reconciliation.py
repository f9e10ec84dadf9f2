"""Border reconciliation: ground left between a source of control and the units' frontier."""

from __future__ import annotations

from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

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
    mine = ground.holder == default_holder
    if not mine.any() or mine.all():
        return ground, None
    bodies = _Bodies.of(ground, mine)
    main_body = int(bodies.size_m2.argmax())
    is_border, is_noise = bodies.cut_off(claimed, frontier)
    # Of part of a country, the largest body can be a strip along the frontier.
    if has_main_body:
        is_noise[main_body] = False
        is_border[main_body] &= frontier is not None

    chosen = np.flatnonzero(is_border | is_noise)
    number = np.full(len(mine), -1)
    number[chosen] = np.arange(len(chosen))
    piece = np.where(mine, number[bodies.of_face], -1)
    is_moved = is_noise[chosen] | surely_within(ground, piece, len(chosen), tolerance_km)
    unsure = np.flatnonzero(~is_moved)
    if len(unsure):
        is_moved[unsure] = within(ground, piece, unsure, tolerance_km, frontier)

    looked_at = np.flatnonzero(piece >= 0)
    piece_of = piece[looked_at]
    moved = is_moved[piece_of]
    holder = ground.holder.copy()
    holder[looked_at[moved]] = bodies.neighbours(chosen)[piece_of[moved]]
    listed = (is_moved | (chosen != main_body) | (not has_main_body))[piece_of]
    pieces = Pieces(
        looked_at[listed],
        piece_of[listed],
        is_border[chosen],
        is_moved,
        frontier,
        float(bodies.size_m2[main_body]),
    )
    return replace(ground, holder=holder), pieces


@dataclass(frozen=True, eq=False)
class _Bodies:
    """Connected bodies of the default holder's ground, each called by one of its faces.

    `of_face` is only for faces that are `mine`. `contacts` are edges between a body (`ours`) and
    ground of another holder, a number of `holders` (`theirs`); `beside` says which holders a body
    has contacts with.
    """

    ground: Ground
    mine: Bool
    of_face: Int
    size_m2: NDArray[np.float64]
    contacts: Int
    ours: Int
    theirs: Int
    holders: NDArray[np.str_]
    beside: Bool

    @classmethod
    def of(cls, ground: Ground, mine: Bool) -> _Bodies:
        edges, count = ground.edges, len(mine)
        inner = np.flatnonzero(edges.right >= 0)
        left, right = edges.left[inner], edges.right[inner]
        both = mine[left] & mine[right]
        of_face = components(count, left[both], right[both])
        size_m2 = np.bincount(of_face[mine], weights=ground.area_m2[mine], minlength=count).astype(
            float
        )
        across = np.flatnonzero(mine[left] != mine[right])
        left, right = left[across], right[across]
        ours = of_face[np.where(mine[left], left, right)]
        holders, holder_of = np.unique(ground.holder.astype(str), return_inverse=True)
        theirs = holder_of[np.where(mine[left], right, left)]
        beside = np.zeros((count, len(holders)), dtype=bool)
        beside[ours, theirs] = True
        return cls(ground, mine, of_face, size_m2, inner[across], ours, theirs, holders, beside)

    def cut_off(self, claimed: Bool, frontier: shapely.Geometry | None) -> tuple[Bool, Bool]:
        """Which bodies are cut off at the units' outer boundary, and which are noise inland."""
        edges = self.ground.edges
        # What a source draws is never touched.
        cut_off = self.beside.any(axis=1) & ~self._having(np.flatnonzero(self.mine & claimed))
        outer = np.flatnonzero(edges.right < 0)
        is_outer = self._having(edges.left[outer])
        is_noise = cut_off & ~is_outer & (self.size_m2 < NOISE_M2)
        is_noise &= self.beside.sum(axis=1) == 1
        if frontier is not None:
            # What reaches an edge that is no frontier may go on beyond the units given. One such
            # edge settles it, and of the main body there is one in nearly any sample.
            for step in (32, 1):
                some = outer[cut_off[self.of_face[edges.left[outer]]]][::step]
                cut_off &= ~self._having(edges.left[some[~is_frontier(edges, some, frontier)]])
        return cut_off & is_outer, is_noise

    def neighbours(self, chosen: Int) -> NDArray[np.str_]:
        """The holder that each of the chosen bodies has the longest contact with."""
        beside = self.beside[chosen].astype(float)
        if (beside.sum(axis=1) > 1).any():
            number = np.full(len(self.mine), -1)
            number[chosen] = np.arange(len(chosen))
            is_doubtful = (self.beside.sum(axis=1) > 1)[self.ours] & (number[self.ours] >= 0)
            edges, at = self.ground.edges, self.contacts[is_doubtful]
            shared_m = geodesy.segment_length_m(edges.start[at], edges.end[at])
            doubtful = number[self.ours[is_doubtful]], self.theirs[is_doubtful]
            np.add.at(beside, doubtful, shared_m)
        return self.holders[beside.argmax(axis=1)]

    def _having(self, faces: Int) -> Bool:
        """Which bodies have one of some faces."""
        mask = np.zeros(len(self.mine), dtype=bool)
        mask[self.of_face[faces]] = True
        return mask


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
