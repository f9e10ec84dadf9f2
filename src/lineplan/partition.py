"""Partition the units by holder: noded faces, the line of contact between them, and the proof.

Only the linework matters. All boundaries are noded once on a grid, polygonized, and each face is
labelled by a point inside it; what a plan says is then a look-up on faces.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.errors import ConflictError, GeometryError, PartitionError, UsageError
from lineplan.noding import GRID_DEG, Bool, Edges, assign_units, contained, node_faces
from lineplan.reconciliation import reconcile_border, table_of_pieces

OnOverlap = Literal["error", "contested", "first"]


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


@dataclass(frozen=True, eq=False)
class Partition:
    """Coverage of the units by faces, each of one unit and one holder.

    Attributes
    ----------
    faces : GeoDataFrame
        `unit_id`, `held_by`, `held_by_mapped` (before border reconciliation), `area_m2` and
        `geometry` (EPSG:4326).
    line : GeoDataFrame
        The line of contact, longest piece first: `line_id`, `between` (holders, ``ru/ua``; the
        first is on the left), `kind` (``line``, or ``enclave`` for a closed ring), `length_km`,
        `vertices`, `geometry`.
    line_by_unit : DataFrame
        `unit_id`, `between`, `kind`, `length_km`, `vertex_spacing_km`. A stretch along the border
        of two units is counted half with each, so that lengths add up.
    reassigned : GeoDataFrame
        Ground that border reconciliation looked at, one row for each piece and unit: `piece`,
        `unit_id`, `action` (``reassigned`` or ``kept``), `reason` (``border`` or ``noise``),
        `held_by_mapped`, `held_by`, `area_km2`, `reach_km` (of the piece, from the outer
        boundary), `lon`, `lat` (a point inside), `geometry`.
    proof : Proof
    repairs : tuple of str
        Slivers between units that were settled, and holes that lie in no unit.
    """

    faces: gpd.GeoDataFrame
    line: gpd.GeoDataFrame
    line_by_unit: pd.DataFrame
    reassigned: gpd.GeoDataFrame
    proof: Proof
    repairs: tuple[str, ...] = ()

    def cut(self, strips: Mapping[str, shapely.Geometry]) -> Partition:
        """Cut the faces along the edges of strips; only those are touched that an edge crosses.

        Parameters
        ----------
        strips : mapping of str to shapely geometry
            Ground by name, as polygons in degrees (see `lineplan.geodesy.strip`).

        Returns
        -------
        Partition
            Whose faces have a column of bool for each name: whether a face lies in that ground.
            Line, reassigned pieces and repairs are those of this partition.

        Raises
        ------
        UsageError
            A name is that of a column.
        PartitionError
            The proof failed.
        """
        return _cut(self, strips)


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
    polygons = node_faces(
        shapely.boundary(np.r_[units.geometry.to_numpy(), claims.geometry.to_numpy()])
    )
    laid = assign_units(polygons, units)
    unit_of = laid.unit_of
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
    proof = _prove(faces, units, laid.moved_m2, outside_km2, inside_km2)
    edges = Edges.of(polygons)
    pieces = None
    if reconcile:
        pieces = reconcile_border(
            faces, edges, claimed, default_holder, border_tolerance_km, frontier
        )
    line, line_by_unit = _line(faces, edges)
    moved = table_of_pieces(faces, pieces)
    return Partition(faces, line, line_by_unit, moved, proof, laid.repairs)


def _check_valid(kind: str, frame: gpd.GeoDataFrame) -> None:
    geometry = frame.geometry.to_numpy()
    for row in np.flatnonzero(~shapely.is_valid(geometry)):
        raise GeometryError(
            f"{kind}: row {row} is not a valid polygon ({shapely.is_valid_reason(geometry[row])}); "
            "repair it, or read the file with lineplan"
        )


def _holder_of(
    polygons: NDArray[Any],
    claims: gpd.GeoDataFrame,
    default_holder: str,
    on_overlap: OnOverlap,
) -> tuple[NDArray[Any], Bool]:
    """Holder of each polygon, and whether a claim says so."""
    holder = np.full(len(polygons), default_holder, dtype=object)
    claimed = np.zeros(len(polygons), dtype=bool)
    twice: dict[tuple[str, str], list[int]] = defaultdict(list)
    parties = claims["held_by"].to_numpy()
    shapes = shapely.set_precision(claims.geometry.to_numpy(), GRID_DEG)
    pairs = contained(polygons, shapes)
    for claim, face in pairs[np.argsort(pairs[:, 0], kind="stable")]:
        if not claimed[face]:
            holder[face] = parties[claim]
            claimed[face] = True
        elif holder[face] != parties[claim]:
            first, second = sorted((holder[face], parties[claim]))
            twice[first, second].append(face)
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


def _line(faces: gpd.GeoDataFrame, edges: Edges) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Edges between faces of different holders: merged, longest first; and by unit."""
    holders, holder = np.unique(faces["held_by"].to_numpy().astype(str), return_inverse=True)
    at = np.flatnonzero((edges.right >= 0) & (holder[edges.left] != holder[edges.right]))
    left, right = edges.left[at], edges.right[at]
    # Turned so that the first holder in the alphabet is always on the left: lines keep a side.
    turn = holder[left] > holder[right]
    start = np.where(turn[:, None], edges.end[at], edges.start[at])
    end = np.where(turn[:, None], edges.start[at], edges.end[at])
    first, second = np.where(turn, right, left), np.where(turn, left, right)
    between = np.char.add(np.char.add(holders[holder[first]], "/"), holders[holder[second]])
    length_km = geodesy.segment_length_m(start, end) / 1000

    lines: list[shapely.Geometry] = []
    sides: list[str] = []
    for pair in np.unique(between):
        chosen = between == pair
        edges_of_pair = shapely.linestrings(np.stack([start[chosen], end[chosen]], axis=1))
        merged = shapely.line_merge(shapely.multilinestrings(edges_of_pair), directed=True)
        parts = shapely.get_parts(merged)
        lines.extend(parts)
        sides.extend([str(pair)] * len(parts))
    kind = np.where([line.is_closed for line in lines], "enclave", "line").astype(object)
    frame = gpd.GeoDataFrame(
        {
            "between": pd.Series(sides, dtype=object),
            "kind": kind,
            "length_km": geodesy.length_m(lines) / 1000 if lines else np.array([]),
            "vertices": shapely.get_num_coordinates(lines) if lines else np.array([], dtype=int),
        },
        geometry=lines,
        crs="EPSG:4326",
    ).sort_values("length_km", ascending=False, ignore_index=True)
    frame.insert(0, "line_id", [f"L{i + 1}" for i in range(len(frame))])

    unit = faces["unit_id"].to_numpy()
    table = pd.DataFrame(
        {
            "unit_id": np.r_[unit[first], unit[second]],
            "between": np.tile(between, 2),
            "kind": np.tile(_kind_of(start, end, lines, kind), 2),
            "length_km": np.tile(length_km / 2, 2),
            "edges": 0.5,
        }
    )
    table = table.groupby(["unit_id", "between", "kind"], as_index=False).sum()
    table["vertex_spacing_km"] = table["length_km"] / table.pop("edges")
    return frame, table


def _kind_of(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    lines: list[shapely.Geometry],
    kind: NDArray[Any],
) -> NDArray[Any]:
    """The kind of line that each edge is part of."""
    if not lines:
        return np.array([], dtype=object)
    xy, line_of = shapely.get_coordinates(lines, return_index=True)
    inside = line_of[1:] == line_of[:-1]
    ways = np.r_[np.c_[xy[:-1], xy[1:]][inside], np.c_[start, end]]
    _, number = np.unique(ways, axis=0, return_inverse=True)
    count = int(inside.sum())
    of_way = np.empty(number.max() + 1, dtype=object)
    of_way[number[:count]] = kind[line_of[:-1][inside]]
    return of_way[number[count:]]


def _cut(parted: Partition, strips: Mapping[str, shapely.Geometry]) -> Partition:
    faces = parted.faces
    taken = [name for name in strips if name in faces.columns]
    if taken:
        raise UsageError(f"strip {taken[0]!r}: a face has a column of that name; choose another")
    polygons = faces.geometry.to_numpy()
    shapes = shapely.set_precision(np.array(list(strips.values()), dtype=object), GRID_DEG)
    edges = shapely.boundary(shapes)
    # A face that an edge only comes close to can get a node when the edge is put on the grid.
    crossed = np.unique(
        shapely.STRtree(polygons).query(edges, predicate="dwithin", distance=GRID_DEG * 10)[1]
    )
    pieces = node_faces(np.r_[shapely.boundary(polygons[crossed]), edges])
    owner, piece = contained(pieces, polygons[crossed]).T
    kept = np.setdiff1d(np.arange(len(faces)), crossed)
    cut = faces.iloc[np.r_[kept, crossed[owner]]].reset_index(drop=True)
    polygons = np.r_[polygons[kept], pieces[piece]]
    cut = cut.set_geometry(gpd.GeoSeries(polygons, crs=faces.crs))
    cut["area_m2"] = geodesy.area_m2(polygons)
    inside = contained(polygons, shapes)
    for number, name in enumerate(strips):
        cut[name] = np.isin(np.arange(len(cut)), inside[inside[:, 0] == number, 1])
    parents = faces.assign(unit_id=np.arange(len(faces)))
    children = cut.assign(unit_id=np.r_[kept, crossed[owner]])
    proof = _prove(children, parents, np.zeros(len(faces)), 0.0, 0.0)
    error_m2 = parted.proof.conservation_error_m2 + proof.conservation_error_m2
    return replace(parted, faces=cut, proof=replace(parted.proof, conservation_error_m2=error_m2))


def _prove(
    faces: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    moved_m2: NDArray[np.float64],
    outside_km2: float,
    inside_km2: float,
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
    unit_m2 = pd.Series(geodesy.area_m2(shapes) + moved_m2, index=units["unit_id"].to_numpy())
    faces_m2 = faces.groupby("unit_id")["area_m2"].sum().reindex(unit_m2.index, fill_value=0.0)
    error_m2 = (faces_m2 - unit_m2).abs()
    # No vertex moves by more than the grid, so no unit changes by more than its perimeter times it.
    allowed_m2 = geodesy.length_m(shapely.boundary(shapes)) * GRID_DEG * 111_320 + 1e-12 * unit_m2
    worst = (error_m2 / allowed_m2).idxmax()
    if (error_m2 > allowed_m2).any():
        raise PartitionError(
            f"unit {worst}: its faces differ from it by {error_m2[worst]:,.3f} m², more than the "
            f"{allowed_m2[worst]:,.3f} m² that noding explains; units must not overlap"
        )
    return Proof(float(error_m2.sum()), str(worst), outside_km2, inside_km2)
