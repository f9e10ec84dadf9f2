"""Partition the units by holder: noded faces, the line of contact between them, and the proof.

Only the linework matters. All boundaries are noded once on a grid, and each face that they enclose
lies in one unit and has one holder; what a plan says is then a look-up on faces.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.errors import ConflictError, GeometryError, PartitionError, UsageError
from lineplan.partition.contact import line_by_unit, line_of_contact
from lineplan.partition.coverage import (
    HAIRLINE_DEG,
    check_coverage,
    check_mosaic,
    check_outer_boundary,
)
from lineplan.partition.noding import GRID_DEG, Faces, Ground, assign_units, contained
from lineplan.partition.reconciliation import Pieces, reconcile_border, table_of_pieces
from lineplan.partition.snapping import Bool, Float, Int

OnOverlap = Literal["error", "contested", "first"]


SLIVER_M = 0.005
"""Pieces of a face narrower than this on average lie between edges that are meant to be one."""


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
class _Origin:
    """What the tables of a partition, and of those cut from it, are made of when asked for."""

    ground: Ground
    pieces: Pieces | None

    @cached_property
    def line(self) -> gpd.GeoDataFrame:
        return line_of_contact(self.ground)

    @cached_property
    def line_by_unit(self) -> pd.DataFrame:
        return line_by_unit(self.ground, self.line)

    @cached_property
    def reassigned(self) -> gpd.GeoDataFrame:
        return table_of_pieces(self.ground, self.pieces)


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
    proof: Proof
    repairs: tuple[str, ...] = ()
    _origin: _Origin = field(kw_only=True, repr=False)

    @property
    def line(self) -> gpd.GeoDataFrame:
        """The line of contact."""
        return self._origin.line

    @property
    def line_by_unit(self) -> pd.DataFrame:
        """Length of the line of contact by unit."""
        return self._origin.line_by_unit

    @property
    def reassigned(self) -> gpd.GeoDataFrame:
        """Ground that border reconciliation looked at."""
        return self._origin.reassigned

    @property
    def looked_at(self) -> NDArray[Any]:
        """Polygons of the pieces at the outer boundary that border reconciliation looked at.

        Whatever came of them.
        """
        pieces = self._origin.pieces
        if pieces is None:
            return np.empty(0, dtype=object)
        faces = pieces.faces[pieces.is_border[pieces.piece_of]]
        return self._origin.ground.polygons[faces]

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
        GeometryError
            A strip is not made of polygons.
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
    are_claims_complete: bool = False,
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
    are_claims_complete : bool
        The claims are meant to cover the units, so that what nothing claims has no main body.

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
    traced = Faces.of(np.r_[units.geometry.to_numpy(), claims.geometry.to_numpy()])
    laid = assign_units(traced, units)
    holder, claimed = _holder_of(traced, len(units), claims, default_holder, on_overlap)
    if contested is not None:
        holder[holder == "contested"] = contested
    inside = laid.unit_of >= 0
    unit_of = laid.unit_of[inside]
    area_m2 = geodesy.area_m2(traced.polygons)
    outside_km2 = float(area_m2[~inside & claimed].sum() / 1e6)
    inside_km2 = float(area_m2[inside & claimed].sum() / 1e6)
    ground = Ground(
        traced.polygons[inside],
        units["unit_id"].to_numpy(dtype=object)[unit_of],
        holder[inside],
        holder[inside],
        area_m2[inside],
        traced.edges.among(inside),
    )
    error_m2, worst = _prove(traced, ground, unit_of, units, laid.moved_m2)
    pieces = None
    if reconcile:
        ground, pieces = reconcile_border(
            ground,
            claimed[inside],
            default_holder,
            border_tolerance_km,
            frontier,
            has_main_body=not are_claims_complete,
        )
    proof = Proof(error_m2, worst, outside_km2, inside_km2)
    return Partition(_table_of(ground), proof, laid.repairs, _origin=_Origin(ground, pieces))


def _table_of(ground: Ground) -> gpd.GeoDataFrame:
    columns = {
        "unit_id": ground.unit_id,
        "held_by": ground.holder,
        "held_by_mapped": ground.holder_mapped,
        "area_m2": ground.area_m2,
        "geometry": gpd.array.GeometryArray(ground.polygons.copy(), crs="EPSG:4326"),
    }
    return gpd.GeoDataFrame(pd.DataFrame(columns, copy=False), geometry="geometry")


def _check_valid(kind: str, frame: gpd.GeoDataFrame) -> None:
    geometry = frame.geometry.to_numpy()
    if kind == "units" and not len(geometry):
        raise GeometryError("units: there are none")
    if frame.crs is not None and not frame.crs.is_geographic:
        raise GeometryError(f"{kind}: are not in degrees; reproject them to EPSG:4326")
    for row in np.flatnonzero(~shapely.is_valid(geometry)):
        raise GeometryError(
            f"{kind}: row {row} is not a valid polygon ({shapely.is_valid_reason(geometry[row])}); "
            "repair it, or read the file with lineplan"
        )


def _holder_of(
    faces: Faces,
    units: int,
    claims: gpd.GeoDataFrame,
    default_holder: str,
    on_overlap: OnOverlap,
) -> tuple[NDArray[Any], Bool]:
    """Holder of each face, and whether a claim says so; claims come after so many units."""
    polygons = faces.polygons
    holder = np.full(len(polygons), default_holder, dtype=object)
    claimed = np.zeros(len(polygons), dtype=bool)
    twice: dict[tuple[str, str], list[int]] = defaultdict(list)
    parties = claims["held_by"].to_numpy()
    pairs = faces.inside[faces.inside[:, 0] >= units] - [units, 0]
    for claim, face in pairs[np.argsort(pairs[:, 0], kind="stable")].tolist():
        if not claimed[face]:
            holder[face] = parties[claim]
            claimed[face] = True
        elif holder[face] != parties[claim]:
            first, second = sorted((holder[face], parties[claim]))
            twice[first, second].append(face)
            if on_overlap == "contested":
                holder[face] = "contested"
    if twice and on_overlap == "error":
        (first, second), both = max(
            twice.items(), key=lambda item: geodesy.area_m2(polygons[item[1]]).sum()
        )
        area_m2 = geodesy.area_m2(polygons[both])
        place = shapely.point_on_surface(polygons[both[int(area_m2.argmax())]])
        raise ConflictError(
            f"{first} and {second} both claim {area_m2.sum() / 1e6:,.1f} km² "
            f"(near {place.x:.3f}, {place.y:.3f}); correct the source, or go on with "
            "--on-overlap contested or --on-overlap first"
        )
    return holder, claimed


def _cut(parted: Partition, strips: Mapping[str, shapely.Geometry]) -> Partition:
    faces = parted.faces
    taken = [name for name in strips if name in faces.columns]
    if taken:
        raise UsageError(f"strip {taken[0]!r}: a face has a column of that name; choose another")
    for name, strip in strips.items():
        if not strip.is_empty and strip.geom_type not in ("Polygon", "MultiPolygon"):
            raise GeometryError(f"strip {name!r}: a {strip.geom_type} is no ground; give polygons")
    polygons = faces.geometry.to_numpy()
    shapes = shapely.set_precision(np.array(list(strips.values()), dtype=object), GRID_DEG)
    if shapely.is_empty(shapes).all():
        return replace(parted, faces=faces.assign(**dict.fromkeys(strips, False)))
    filled = np.flatnonzero(~shapely.is_empty(shapes))
    names, shapes = np.array(list(strips), dtype=object), shapes[filled]
    # A face that an edge only comes close to can get a node when the edge is put on the grid.
    crossed = np.unique(
        shapely.STRtree(polygons).query(
            shapely.boundary(shapes), predicate="dwithin", distance=GRID_DEG * 10
        )[1]
    )
    kept = np.setdiff1d(np.arange(len(faces)), crossed)
    traced = Faces.of(np.r_[polygons[crossed], shapes])
    if traced.mosaic is not None:
        check_mosaic(traced.polygons, traced.inside, traced.mosaic)
    owner, piece = traced.inside[traced.inside[:, 0] < len(crossed)].T
    cut = faces.iloc[np.r_[kept, crossed[owner]]].reset_index(drop=True)
    polygons = np.r_[polygons[kept], traced.polygons[piece]]
    cut = cut.set_geometry(gpd.GeoSeries(polygons, crs=faces.crs))
    cut["area_m2"] = geodesy.area_m2(polygons)
    within = np.zeros((len(traced.polygons), len(shapes)), dtype=bool)
    strip, face = traced.inside[traced.inside[:, 0] >= len(crossed)].T
    within[face, strip - len(crossed)] = True
    settled_m2 = _settle_slivers(traced, owner, piece, within)
    whole = np.zeros((len(kept), len(shapes)), dtype=bool)
    strip, face = contained(polygons[: len(kept)], shapes).T
    whole[face, strip] = True
    cut[names.tolist()] = False
    cut[names[filled].tolist()] = np.r_[whole, within[piece]]
    # Hairlines are faces here, where a strip ends along a boundary; a gap is what the mosaic finds.
    check_coverage(polygons, hairline_deg=0.0 if traced.mosaic is not None else HAIRLINE_DEG)
    lost_m2, _ = _conserved(
        faces.geometry.to_numpy(),
        faces["unit_id"].to_numpy(),
        np.zeros(len(faces)),
        np.r_[kept, crossed[owner]],
        cut["area_m2"].to_numpy(),
    )
    error_m2 = parted.proof.conservation_error_m2 + lost_m2
    repairs = parted.repairs
    if settled_m2 >= 1:
        repairs += (
            f"{settled_m2:,.0f} m² between edges of distances less than {SLIVER_M * 1000:g} mm "
            "apart are counted with the ground beside them",
        )
    proof = replace(parted.proof, conservation_error_m2=error_m2)
    return replace(parted, faces=cut, proof=proof, repairs=repairs)


def _settle_slivers(traced: Faces, owner: Int, piece: Int, within: Bool) -> float:
    """Let slivers lie in the same strips as what they border most; how much ground they are (m²).

    A strip and an area drawn along the same line part it by less than a centimetre: what lies
    between their edges is meant to be in both or in neither.
    """
    owner_of = np.full(len(traced.polygons), -1)
    owner_of[piece] = owner
    area_m2, perimeter_m = geodesy.area_m2(traced.polygons), _perimeter_m(traced.polygons)
    is_sliver = (owner_of >= 0) & (2 * area_m2 < SLIVER_M * perimeter_m)
    edges = traced.edges
    one, other = np.r_[edges.left, edges.right], np.r_[edges.right, edges.left]
    beside = (one >= 0) & (other >= 0)
    beside &= is_sliver[one] & ~is_sliver[other] & (owner_of[one] == owner_of[other])
    at = np.flatnonzero(beside)
    if not len(at):
        return 0.0
    length_m = geodesy.segment_length_m(
        np.tile(edges.start, (2, 1))[at], np.tile(edges.end, (2, 1))[at]
    )
    pairs, pair_of = np.unique(np.c_[one[at], other[at]], axis=0, return_inverse=True)
    shared_m = np.bincount(pair_of.ravel(), weights=length_m)
    sliver, neighbour = pairs[np.argsort(shared_m)].T  # of several, the last one stays
    within[sliver] = within[neighbour]
    return float(area_m2[np.unique(sliver)].sum())


def _prove(
    traced: Faces, ground: Ground, unit_of: Int, units: gpd.GeoDataFrame, moved_m2: Float
) -> tuple[float, str]:
    """Check that faces cover each unit once; the error of areas, and the unit it is largest in.

    Raise PartitionError where they do not.
    """
    if traced.mosaic is None:
        check_coverage(ground.polygons)
    else:
        check_mosaic(traced.polygons, traced.inside, traced.mosaic)
        check_outer_boundary(ground.edges, unit_of)
    return _conserved(
        units.geometry.to_numpy(), units["unit_id"].to_numpy(), moved_m2, unit_of, ground.area_m2
    )


def _conserved(
    shapes: NDArray[Any], names: NDArray[Any], moved_m2: Float, shape_of: Int, area_m2: Float
) -> tuple[float, str]:
    """Sum of differences between shapes and their faces, and where it is the largest."""
    if not len(shapes):
        return 0.0, ""
    shape_m2 = geodesy.area_m2(shapes) + moved_m2
    faces_m2 = np.bincount(shape_of, weights=area_m2, minlength=len(shapes))
    error_m2 = np.abs(faces_m2 - shape_m2)
    # No vertex moves by more than the grid, so no unit changes by more than its perimeter times it.
    allowed_m2 = _perimeter_m(shapes) * GRID_DEG * 111_320 + 1e-12 * shape_m2
    worst = int(np.argmax(error_m2 / allowed_m2))
    if (error_m2 > allowed_m2).any():
        raise PartitionError(
            f"unit {names[worst]}: its faces differ from it by {error_m2[worst]:,.3f} m², more "
            f"than the {allowed_m2[worst]:,.3f} m² that noding explains; units must not overlap"
        )
    return float(error_m2.sum()), str(names[worst])


def _perimeter_m(shapes: NDArray[Any]) -> Float:
    """Length of the boundaries of polygons, to about half a percent."""
    parts, shape_of = shapely.get_parts(shapes, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    step = np.diff(xy, axis=0)
    step[:, 0] *= np.cos(np.radians(xy[1:, 1]))
    length_m = np.hypot(*step.T) * 111_320 * (ring_of[1:] == ring_of[:-1])
    of = shape_of[part_of[ring_of[1:]]]
    return np.bincount(of, weights=length_m, minlength=len(shapes)).astype(np.float64)
