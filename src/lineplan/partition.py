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
FRONTIER_MATCH_M = 5_000.0
"""Two sources of units draw one frontier about a kilometre apart, rarely more than five."""
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
    pieces = None
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


def _segments(lines: shapely.Geometry) -> NDArray[Any]:
    """The edges of lines, one LineString each."""
    xy, line_of = shapely.get_coordinates(shapely.get_parts(lines), return_index=True)
    inside = line_of[1:] == line_of[:-1]
    return shapely.linestrings(np.stack([xy[:-1][inside], xy[1:][inside]], axis=1))


def _components(count: int, pairs: NDArray[np.int64]) -> Int:
    """A face of the connected component of each of `count` faces, joined by `pairs`."""
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
class _Pieces:
    """Connected pieces of the default holder's ground that reconciliation looked at.

    One element for each piece; `faces` and `piece_of` pair faces with the piece they are in.
    """

    faces: Int
    piece_of: Int
    is_border: NDArray[np.bool_]
    is_moved: NDArray[np.bool_]
    reach_km: NDArray[np.float64]


def _reconcile(
    faces: gpd.GeoDataFrame,
    edges: _Edges,
    claimed: NDArray[np.bool_],
    default_holder: str,
    tolerance_km: float,
    frontier: shapely.Geometry | None,
) -> _Pieces | None:
    """Reassign border mismatches and noise in `faces.held_by`; return the pieces looked at."""
    holder = faces["held_by"].to_numpy(dtype=object).copy()
    mine = holder == default_holder
    if not mine.any() or mine.all():
        return None
    inner = edges.right >= 0
    left, right = edges.left[inner], edges.right[inner]
    both = mine[left] & mine[right]
    component = _components(len(faces), np.unique(np.c_[left, right][both], axis=0))
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

    def having(some: Int) -> NDArray[np.bool_]:
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
    return _Pieces(looked_at[listed], piece_of[listed], is_border, is_moved, reach_km)


@dataclass(frozen=True)
class _OuterBoundary:
    """The units' outer boundary on a plane, to measure how far inland a piece reaches."""

    bounds: tuple[float, float, float, float]
    is_frontier: NDArray[np.bool_]
    segments: NDArray[Any]

    @classmethod
    def of(
        cls, faces: gpd.GeoDataFrame, edges: _Edges, frontier: shapely.Geometry | None
    ) -> _OuterBoundary:
        bounds = tuple(faces.total_bounds)
        segments = geodesy.to_plane(edges.lines(edges.right < 0), bounds)
        is_frontier = np.ones(len(segments), dtype=bool)
        if frontier is not None:
            known = geodesy.to_plane(_segments(frontier), bounds)
            # An inner border meets the frontier at its end; an edge of the frontier keeps to it.
            tree = shapely.STRtree(known)
            for part in (0.0, 0.5, 1.0):
                at = shapely.line_interpolate_point(segments, part, normalized=True)
                near = tree.query(at, predicate="dwithin", distance=FRONTIER_MATCH_M)
                is_frontier &= np.isin(np.arange(len(segments)), near[0])
        return cls(bounds, is_frontier, segments[is_frontier])

    def reach(
        self, polygons: NDArray[Any], piece_of: Int, tolerance_km: float
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """How far inland each piece reaches (km), and whether it lies wholly within the tolerance.

        Distances are taken at points every 500 m along a piece's edge.
        """
        count = int(piece_of.max()) + 1 if len(piece_of) else 0
        tolerance_m, tree = tolerance_km * 1000, shapely.STRtree(self.segments)
        polygons = geodesy.to_plane(polygons, self.bounds)
        points, polygon_of = shapely.get_coordinates(
            shapely.segmentize(polygons, 500), return_index=True
        )
        (_, _), distance_m = tree.query_nearest(
            shapely.points(points), return_distance=True, all_matches=False
        )
        reach_m = np.zeros(count)
        np.maximum.at(reach_m, piece_of[polygon_of], distance_m)
        within = reach_m <= tolerance_m
        # The middle of a piece can be farther inland than its edge, by no more than the radius of
        # the largest circle in it.
        area_m2 = np.bincount(piece_of, weights=shapely.area(polygons), minlength=count)
        unsure = within & (reach_m + np.sqrt(area_m2 / np.pi) + 250 > tolerance_m)
        for piece in np.flatnonzero(unsure):
            whole = shapely.union_all(polygons[piece_of == piece])
            near = tree.query(whole, predicate="dwithin", distance=tolerance_m)
            strips = shapely.buffer(self.segments[near], tolerance_m, quad_segs=64)
            within[piece] = shapely.union_all(strips).covers(whole)
        return reach_m / 1000, within


def _reassigned(faces: gpd.GeoDataFrame, pieces: _Pieces | None) -> gpd.GeoDataFrame:
    """The table of pieces, largest first."""
    columns = ["piece", "unit_id", "action", "reason", "held_by_mapped", "held_by", "area_km2"]
    columns += ["reach_km", "lon", "lat", "geometry"]
    if pieces is None or not len(pieces.faces):
        kinds = dict.fromkeys(columns, "str") | {"piece": "int64"}
        kinds |= dict.fromkeys(("area_km2", "reach_km", "lon", "lat"), "float64")
        empty = pd.DataFrame({c: pd.Series([], dtype=kinds[c]) for c in columns[:-1]})
        return gpd.GeoDataFrame(empty, geometry=[], crs="EPSG:4326")
    part = faces.iloc[pieces.faces].reset_index(drop=True)
    piece_m2 = np.bincount(pieces.piece_of, weights=part["area_m2"])
    rank = np.empty(len(piece_m2), dtype=np.int64)
    rank[np.argsort(-piece_m2, kind="stable")] = np.arange(len(piece_m2))
    part["piece"] = rank[pieces.piece_of] + 1
    part["action"] = np.where(pieces.is_moved, "reassigned", "kept")[pieces.piece_of]
    part["reason"] = np.where(pieces.is_border, "border", "noise")[pieces.piece_of]
    part["reach_km"] = pieces.reach_km[pieces.piece_of]
    part["area_km2"] = part["area_m2"] / 1e6
    keys = ["piece", "unit_id"]
    shapes = part.groupby(keys)["geometry"].agg(lambda s: shapely.coverage_union_all(s.to_numpy()))
    table = (
        part.drop(columns=["geometry", "area_m2"])
        .groupby(keys)
        .agg(
            {
                c: "first"
                for c in part.columns
                if c in columns and c not in (*keys, "area_km2", "geometry")
            }
            | {"area_km2": "sum"}
        )
    )
    inside = shapely.point_on_surface(shapes.to_numpy())
    table["lon"], table["lat"] = shapely.get_x(inside), shapely.get_y(inside)
    table["geometry"] = shapes
    table = table.reset_index()[columns]
    return gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326")


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
