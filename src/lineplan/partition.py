"""Partition the units by holder: noded faces, the line of contact between them, and the proof.

Only the linework matters. All boundaries are noded once on a grid, polygonized, and each face is
labelled by a point inside it; what a plan says is then a look-up on faces.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.errors import ConflictError, GeometryError, PartitionError

GRID_DEG = 1e-9
"""Noding grid: 0.1 mm. At 1e-7 areas are no longer conserved on most real days."""
NOISE_M2 = 10_000.0
"""Ground of the default holder smaller than 1 ha, enclosed by one other holder, is noise."""

OnOverlap = Literal["error", "contested", "first"]
Int = NDArray[np.int64]


@dataclass(frozen=True)
class Proof:
    """What was checked before a partition is handed out.

    Attributes
    ----------
    conservation_error_m2 : float
        Sum over units of the difference between the unit and its faces.
    worst_unit_id : str
        Unit with the largest difference.
    outside_units_km2 : float
        Ground that the source claims outside all units (sea, and beyond the frontier).
    inside_units_km2 : float
        Ground that the source claims inside the units.
    """

    conservation_error_m2: float
    worst_unit_id: str
    outside_units_km2: float
    inside_units_km2: float


@dataclass(frozen=True)
class Partition:
    """Coverage of the units by faces, each of one unit and one holder.

    Attributes
    ----------
    faces : GeoDataFrame
        `unit_id`, `held_by`, `held_by_mapped` (before border reconciliation), `area_m2` and
        `geometry` (EPSG:4326).
    line : GeoDataFrame
        The line of contact, longest piece first: `line_id`, `between` (holders, ``ru/ua``),
        `kind` (``line``, or ``enclave`` for a closed ring), `length_km`, `vertices`, `geometry`.
    reassigned : GeoDataFrame
        Ground that border reconciliation looked at, one row for each piece and unit: `piece`,
        `unit_id`, `action` (``reassigned`` or ``kept``), `reason` (``border`` or ``noise``),
        `held_by_mapped`, `held_by`, `area_km2`, `reach_km` (of the piece, from the outer
        boundary), `lon`, `lat` (a point inside), `geometry`.
    proof : Proof
    """

    faces: gpd.GeoDataFrame
    line: gpd.GeoDataFrame
    reassigned: gpd.GeoDataFrame
    proof: Proof


def partition(
    units: gpd.GeoDataFrame,
    claims: gpd.GeoDataFrame,
    *,
    default_holder: str,
    border_tolerance_km: float = 5.0,
    reconcile: bool = True,
    on_overlap: OnOverlap = "error",
    contested: str | None = None,
    frontier: shapely.Geometry | None = None,
) -> Partition:
    """Lay dated claims over administrative units.

    Parameters
    ----------
    units : GeoDataFrame
        `unit_id` and `geometry` (EPSG:4326), without gaps and overlaps.
    claims : GeoDataFrame
        `held_by` and `geometry` (EPSG:4326): ground claimed as held.
    default_holder : str
        Who holds the ground that nothing claims.
    border_tolerance_km : float
        How far inland a mismatch between claims and the units' outer boundary can reach.
    reconcile : bool
        Give such mismatches to the holder they border most.
    on_overlap : {"error", "contested", "first"}
        What becomes of ground claimed twice.
    contested : str, optional
        Party that contested ground is counted with; kept apart when not given.
    frontier : shapely geometry, optional
        Where the outer boundary of the units is coast or frontier, when the units are only part
        of a country; elsewhere along their outer boundary nothing is reconciled.

    Returns
    -------
    Partition

    Raises
    ------
    ConflictError
        Two parties claim the same ground.
    GeometryError
        A unit or a claim is not a valid polygon.
    PartitionError
        The proof failed.

    Notes
    -----
    A piece of the default holder's ground is reassigned when it is cut off from the default
    holder's main body, borders both the outer boundary and claimed ground, and lies wholly within
    `border_tolerance_km` of the outer boundary. Touching at a point does not connect.
    """
    for kind, frame in (("units", units), ("claims", claims)):
        _check_valid(kind, frame)
    polygons = _node(units, claims)
    unit_of = _unit_of(polygons, units)
    holder, claimed = _holder_of(polygons, claims, default_holder, on_overlap)
    if contested is not None:
        holder[holder == "contested"] = contested
    inside = unit_of >= 0
    area_m2 = geodesy.area_m2(polygons)
    outside_km2 = float(area_m2[~inside & claimed].sum() / 1e6)
    inside_km2 = float(area_m2[inside & claimed].sum() / 1e6)
    polygons, unit_of, claimed = polygons[inside], unit_of[inside], claimed[inside]
    holder, area_m2 = holder[inside], area_m2[inside]
    faces = gpd.GeoDataFrame(
        {
            "unit_id": units["unit_id"].to_numpy()[unit_of],
            "held_by": holder,
            "held_by_mapped": holder,
            "area_m2": area_m2,
        },
        geometry=polygons,
        crs="EPSG:4326",
    )
    proof = _prove(faces, units, outside_km2, inside_km2)
    edges = _Edges.of(polygons)
    pieces = []
    if reconcile:
        pieces = _reconcile(faces, edges, claimed, default_holder, border_tolerance_km, frontier)
    return Partition(faces, _line(faces, edges), _reassigned(faces, pieces), proof)


def _check_valid(kind: str, frame: gpd.GeoDataFrame) -> None:
    geometry = frame.geometry.to_numpy()
    for row in np.flatnonzero(~shapely.is_valid(geometry)):
        raise GeometryError(
            f"{kind}: row {row} is not a valid polygon ({shapely.is_valid_reason(geometry[row])}); "
            "repair it, or read the file with lineplan"
        )


def _node(units: gpd.GeoDataFrame, claims: gpd.GeoDataFrame) -> NDArray[Any]:
    linework = shapely.boundary(np.r_[units.geometry.to_numpy(), claims.geometry.to_numpy()])
    # Without a grid, noding near-coincident edges can be badly wrong (shapely issue 2368).
    noded = shapely.union_all(linework, grid_size=GRID_DEG)
    return shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))


def _unit_of(polygons: NDArray[Any], units: gpd.GeoDataFrame) -> Int:
    """Index of the unit that each polygon lies in, -1 outside all of them."""
    unit_of = np.full(len(polygons), -1)
    # Units on the same grid as the faces, so that a point inside a face is on the right side.
    shapes = shapely.set_precision(units.geometry.to_numpy(), GRID_DEG)
    for unit, face in _contained(polygons, shapes):
        unit_of[face] = unit
    return unit_of


def _contained(polygons: NDArray[Any], shapes: NDArray[Any]) -> NDArray[np.int64]:
    """Pairs (shape, polygon) in which a point inside the polygon lies inside the shape."""
    tree = shapely.STRtree(shapely.point_on_surface(polygons))
    shapely.prepare(shapes)
    return tree.query(shapes, predicate="contains").T


def _holder_of(
    polygons: NDArray[Any],
    claims: gpd.GeoDataFrame,
    default_holder: str,
    on_overlap: OnOverlap,
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Holder of each polygon, and whether a claim says so."""
    holder = np.full(len(polygons), default_holder, dtype=object)
    claimed = np.zeros(len(polygons), dtype=bool)
    twice: dict[tuple[str, str], list[int]] = defaultdict(list)
    parties = claims["held_by"].to_numpy()
    shapes = shapely.set_precision(claims.geometry.to_numpy(), GRID_DEG)
    pairs = _contained(polygons, shapes)
    for claim, face in pairs[np.argsort(pairs[:, 0], kind="stable")]:
        if not claimed[face]:
            holder[face] = parties[claim]
            claimed[face] = True
        elif holder[face] != parties[claim]:
            twice[(holder[face], parties[claim])].append(face)
            if on_overlap == "contested":
                holder[face] = "contested"
    if twice and on_overlap == "error":
        (first, second), faces = max(
            twice.items(), key=lambda item: geodesy.area_m2(polygons[item[1]]).sum()
        )
        area_m2 = geodesy.area_m2(polygons[faces])
        place = shapely.point_on_surface(polygons[faces[int(area_m2.argmax())]])
        raise ConflictError(
            f"{first} and {second} both claim {area_m2.sum() / 1e6:,.1f} km² "
            f"(near {place.x:.3f}, {place.y:.3f}); correct the source, or go on with "
            "--on-overlap contested or --on-overlap first"
        )
    return holder, claimed


@dataclass(frozen=True)
class _Edges:
    """Edges of a coverage; nodes are shared exactly, so equal coordinates are one node.

    `left` and `right` are the faces on either side, `right` -1 on the outer boundary.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    left: Int
    right: Int

    @classmethod
    def of(cls, polygons: NDArray[Any]) -> _Edges:
        rings, face_of_ring = shapely.get_rings(polygons, return_index=True)
        xy, ring_of = shapely.get_coordinates(rings, return_index=True)
        _, node = np.unique(xy.view(np.complex128).ravel(), return_inverse=True)
        inside = ring_of[1:] == ring_of[:-1]
        a, b = node[:-1][inside], node[1:][inside]
        face = face_of_ring[ring_of[:-1][inside]]
        key = np.minimum(a, b).astype(np.int64) * (node.max() + 1) + np.maximum(a, b)
        order = np.argsort(key, kind="stable")
        same = key[order][1:] == key[order][:-1]
        first = np.r_[True, ~same]
        right = np.full(len(key), -1)
        right[np.flatnonzero(same)] = face[order][1:][same]
        at = order[first]
        return cls(xy[:-1][inside][at], xy[1:][inside][at], face[at], right[first])

    def lines(self, chosen: NDArray[Any]) -> NDArray[Any]:
        """The chosen edges as LineStrings."""
        return shapely.linestrings(np.stack([self.start[chosen], self.end[chosen]], axis=1))


def _components(count: int, pairs: NDArray[np.int64]) -> Int:
    """Number of the connected component of each of `count` faces, joined by `pairs`."""
    neighbours = defaultdict(list)
    for a, b in pairs:
        neighbours[a].append(b)
        neighbours[b].append(a)
    component = np.full(count, -1)
    for seed in range(count):
        if component[seed] >= 0:
            continue
        component[seed] = seed
        ahead = [seed]
        while ahead:
            for face in neighbours[ahead.pop()]:
                if component[face] < 0:
                    component[face] = seed
                    ahead.append(face)
    return component


@dataclass(frozen=True)
class _Piece:
    faces: Int
    action: str
    reason: str
    held_by: str
    reach_km: float


def _reconcile(
    faces: gpd.GeoDataFrame,
    edges: _Edges,
    claimed: NDArray[np.bool_],
    default_holder: str,
    tolerance_km: float,
    frontier: shapely.Geometry | None,
) -> list[_Piece]:
    """Reassign border mismatches and noise in `faces.held_by`; return the pieces looked at."""
    holder = faces["held_by"].to_numpy().copy()
    area_m2 = faces["area_m2"].to_numpy()
    inner = edges.right >= 0
    left, right = edges.left[inner], edges.right[inner]
    ours = (holder[left] == default_holder) & (holder[right] == default_holder)
    component = _components(len(faces), np.unique(np.c_[left, right][ours], axis=0))
    mine = holder == default_holder
    if not mine.any() or mine.all():
        return []
    size_m2 = np.bincount(component[mine], weights=area_m2[mine])
    main_body = int(size_m2.argmax())

    across = (holder[left] == default_holder) != (holder[right] == default_holder)
    ours_side = np.where(holder[left] == default_holder, left, right)[across]
    their_side = np.where(holder[left] == default_holder, right, left)[across]
    shared_m = geodesy.segment_length_m(edges.start[inner][across], edges.end[inner][across])
    border = pd.DataFrame(
        {"component": component[ours_side], "held_by": holder[their_side], "shared_m": shared_m}
    ).pivot_table(index="component", columns="held_by", values="shared_m", aggfunc="sum")

    outer = _OuterBoundary.of(faces, edges, frontier)
    outermost = set(component[edges.left[~inner]].tolist())
    at_frontier = set(component[edges.left[~inner][outer.is_frontier]].tolist())
    # What a source draws is never touched, and what reaches an edge that is no frontier may go on
    # beyond the units given.
    settled = set(component[mine & claimed].tolist())
    settled |= set(component[edges.left[~inner][~outer.is_frontier]].tolist())
    pieces = []
    for number in border.index:
        if number in settled or (number == main_body and frontier is None):
            continue
        members = np.flatnonzero(component == number)
        to_holder = str(border.loc[number].idxmax())
        if number in at_frontier:
            reach_km, within = outer.reach(faces.geometry.to_numpy()[members], tolerance_km)
            # Of part of a country, the largest piece can be a strip along the frontier.
            if within or number != main_body:
                action = "reassigned" if within else "kept"
                pieces.append(_Piece(members, action, "border", to_holder, reach_km))
        elif (
            number != main_body
            and number not in outermost
            and area_m2[members].sum() < NOISE_M2
            and border.loc[number].notna().sum() == 1
        ):
            pieces.append(_Piece(members, "reassigned", "noise", to_holder, np.nan))
    for piece in pieces:
        if piece.action == "reassigned":
            holder[piece.faces] = piece.held_by
    faces["held_by"] = holder
    return pieces


@dataclass(frozen=True)
class _OuterBoundary:
    """The units' outer boundary on a plane, to measure how far inland a piece reaches."""

    bounds: tuple[float, float, float, float]
    is_frontier: NDArray[np.bool_]
    segments: NDArray[Any]
    tree: shapely.STRtree

    @classmethod
    def of(
        cls, faces: gpd.GeoDataFrame, edges: _Edges, frontier: shapely.Geometry | None
    ) -> _OuterBoundary:
        bounds = tuple(faces.total_bounds)
        segments = geodesy.to_plane(edges.lines(edges.right < 0), bounds)
        is_frontier = np.ones(len(segments), dtype=bool)
        if frontier is not None:
            # Two sources of units differ by about a kilometre, rarely by more than five.
            near = shapely.buffer(geodesy.to_plane([frontier], bounds)[0], 5000)
            shapely.prepare(near)
            is_frontier = shapely.covers(near, segments)
        kept = segments[is_frontier]
        return cls(bounds, is_frontier, kept, shapely.STRtree(kept))

    def reach(self, polygons: NDArray[Any], tolerance_km: float) -> tuple[float, bool]:
        """How far inland `polygons` reach (km, at their vertices), and whether wholly within."""
        piece = shapely.union_all(geodesy.to_plane(polygons, self.bounds))
        vertices = shapely.points(shapely.get_coordinates(shapely.segmentize(piece, 500)))
        _, distance_m = self.tree.query_nearest(vertices, return_distance=True, all_matches=False)
        reach_m, tolerance_m = float(distance_m.max()), tolerance_km * 1000
        if reach_m > tolerance_m:
            return reach_m / 1000, False
        # The middle of a piece can be farther inland than its edge.
        near = self.tree.query(piece, predicate="dwithin", distance=tolerance_m)
        strip = shapely.union_all(shapely.buffer(self.segments[near], tolerance_m, quad_segs=64))
        return reach_m / 1000, bool(strip.covers(piece))


def _reassigned(faces: gpd.GeoDataFrame, pieces: list[_Piece]) -> gpd.GeoDataFrame:
    rows: list[dict[str, Any]] = []
    for piece in pieces:
        of_unit = faces.iloc[piece.faces].groupby("unit_id", sort=True)
        for unit_id, part in of_unit:
            geometry = shapely.union_all(part.geometry.to_numpy(), grid_size=GRID_DEG)
            inside = shapely.point_on_surface(geometry)
            rows.append(
                {
                    "unit_id": unit_id,
                    "action": piece.action,
                    "reason": piece.reason,
                    "held_by_mapped": part["held_by_mapped"].iloc[0],
                    "held_by": part["held_by"].iloc[0],
                    "area_km2": part["area_m2"].sum() / 1e6,
                    "reach_km": piece.reach_km,
                    "lon": inside.x,
                    "lat": inside.y,
                    "geometry": geometry,
                    "_piece_m2": faces["area_m2"].iloc[piece.faces].sum(),
                    "_at": piece.faces.min(),
                }
            )
    columns = ["piece", "unit_id", "action", "reason", "held_by_mapped", "held_by", "area_km2"]
    columns += ["reach_km", "lon", "lat", "geometry"]
    if not rows:
        return gpd.GeoDataFrame({c: [] for c in columns}, geometry="geometry", crs="EPSG:4326")
    table = pd.DataFrame(rows).sort_values(["_piece_m2", "_at", "unit_id"], ascending=False)
    table["piece"] = pd.factorize(table["_at"])[0] + 1
    return gpd.GeoDataFrame(
        table[columns].reset_index(drop=True), geometry="geometry", crs="EPSG:4326"
    )


def _line(faces: gpd.GeoDataFrame, edges: _Edges) -> gpd.GeoDataFrame:
    """Edges between faces of different holders, merged, longest first."""
    holder = faces["held_by"].to_numpy()
    contact = (edges.right >= 0) & (holder[edges.left] != holder[edges.right])
    between = np.array(
        [
            "/".join(sorted(pair))
            for pair in zip(holder[edges.left], holder[edges.right], strict=True)
        ]
    )
    lines: list[shapely.Geometry] = []
    sides: list[str] = []
    for pair in np.unique(between[contact]) if contact.any() else ():
        merged = shapely.line_merge(
            shapely.multilinestrings(edges.lines(contact & (between == pair)))
        )
        parts = shapely.get_parts(merged)
        lines.extend(parts)
        sides.extend([str(pair)] * len(parts))
    length_km = geodesy.length_m(lines) / 1000 if lines else np.array([])
    frame = gpd.GeoDataFrame(
        {
            "between": pd.Series(sides, dtype=object),
            "kind": np.where([line.is_closed for line in lines], "enclave", "line"),
            "length_km": length_km,
            "vertices": shapely.get_num_coordinates(lines) if lines else np.array([], dtype=int),
        },
        geometry=lines,
        crs="EPSG:4326",
    ).sort_values("length_km", ascending=False, ignore_index=True)
    frame.insert(0, "line_id", [f"L{i + 1}" for i in range(len(frame))])
    return frame


def _prove(
    faces: gpd.GeoDataFrame, units: gpd.GeoDataFrame, outside_km2: float, inside_km2: float
) -> Proof:
    """Check that the faces cover each unit once; raise PartitionError where they do not."""
    polygons = faces.geometry.to_numpy()
    if not shapely.coverage_is_valid(polygons, gap_width=GRID_DEG * 10):
        bad = shapely.coverage_invalid_edges(polygons, gap_width=GRID_DEG * 10)
        place = shapely.get_coordinates(bad[~shapely.is_empty(bad)])[0]
        raise PartitionError(
            f"faces overlap or leave a gap near {place[0]:.6f}, {place[1]:.6f}; the units or the "
            "claims are faulty there"
        )
    shapes = units.geometry.to_numpy()
    unit_m2 = pd.Series(geodesy.area_m2(shapes), index=units["unit_id"].to_numpy())
    faces_m2 = faces.groupby("unit_id")["area_m2"].sum().reindex(unit_m2.index, fill_value=0.0)
    error_m2 = (faces_m2 - unit_m2).abs()
    # No vertex moves by more than the grid, so no unit changes by more than its perimeter times it.
    allowed_m2 = geodesy.length_m(shapely.boundary(shapes)) * GRID_DEG * 111_320 + 1e-12 * unit_m2
    worst = str((error_m2 / allowed_m2).idxmax())
    if (error_m2 > allowed_m2).any():
        raise PartitionError(
            f"unit {worst}: its faces differ from it by {error_m2[worst]:,.3f} m², more than the "
            f"{allowed_m2[worst]:,.3f} m² that noding explains; units must not overlap"
        )
    return Proof(float(error_m2.sum()), worst, outside_km2, inside_km2)
