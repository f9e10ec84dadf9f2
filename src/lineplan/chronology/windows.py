"""Ground measured anew in windows, with what border reconciliation decides there.

Reconciliation asks of ground of the default holder whether it is cut off, so what lies outside a
window matters too. It is the same before and after a change that lies within the window. So if
before and after the ground in the window hangs together alike from one place on the window's edge
to another, and reaches the units' outer boundary alike, then nothing is decided otherwise but for
ground that lies wholly within the window, and of that all is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.chronology.borders import MARGIN_DEG, Borders
from lineplan.chronology.linework import Bool, Claim, Complex, Float, Int, cells_of, degrees_of
from lineplan.ground import Setting
from lineplan.partition.noding import GRID_DEG, Faces, Ground, components
from lineplan.partition.reach import surely_within
from lineplan.partition.reconciliation import NOISE_M2

Box = tuple[float, float, float, float]
_ROOM_DEG = 1e-3
_LARGEST_DEG = 1.5
"""Of what is larger, little would be saved."""


def _joined(boxes: Float) -> Float:
    """Boxes of which those that meet are one."""
    found: list[Float] = []
    for box in boxes:
        apart = []
        for other in found:
            if (box[:2] <= other[2:]).all() and (other[:2] <= box[2:]).all():
                box = np.r_[np.minimum(box[:2], other[:2]), np.maximum(box[2:], other[2:])]
            else:
                apart.append(other)
        found = [*apart, box]
    joined = np.array(found)
    return joined if len(joined) == len(boxes) else _joined(joined)


@dataclass(frozen=True, eq=False)
class Measured:
    """What is in a window.

    Attributes
    ----------
    cell_m2 : mapping of (int, bool) to float
        Area by unit and whether the claimant holds it, after reconciliation.
    reassigned_m2 : float
        Given to the claimant at the outer boundary; noise is counted elsewhere.
    outside_m2 : float
        Claimed outside the units.
    line_m, enclave_m, segments : float, float and int
        Length of the line of contact, of closed lines apart from it, and their edges.
    enclaves : ndarray of complex
        Corners of the closed lines, in cells of the grid.
    pieces : ndarray of shapely Polygon
        At the outer boundary, that were looked at.
    hanging : frozenset
        How ground of the default holder that goes on beyond the window hangs together: places on
        the window's edge, and whether it reaches the outer boundary.
    """

    cell_m2: Mapping[tuple[int, bool], float]
    reassigned_m2: float
    outside_m2: float
    line_m: float
    enclave_m: float
    segments: int
    enclaves: Complex
    pieces: NDArray[Any]
    hanging: frozenset[tuple[frozenset[complex], bool]]


@dataclass(frozen=True, eq=False)
class Windows:
    """Boxes (west, south, east, north; degrees) that no loop of a change and no piece is cut by."""

    boxes: Float

    @classmethod
    def around(cls, rings: NDArray[Any], is_suspect: Bool, pieces: NDArray[Any]) -> Windows | None:
        """Boxes round suspect loops; None where they become large."""
        bounds = shapely.bounds(rings)
        outward = np.array([-1, -1, 1, 1])
        boxes = bounds[is_suspect] + _ROOM_DEG * outward
        around = np.concatenate([bounds, shapely.bounds(pieces).reshape(-1, 4)])
        shapes = shapely.STRtree(shapely.box(*around.T))
        while True:
            box, hit = shapes.query(shapely.box(*(boxes + MARGIN_DEG * outward).T))
            grown = boxes.copy()
            room = around[hit] + _ROOM_DEG * outward
            for side, larger in enumerate((np.minimum, np.minimum, np.maximum, np.maximum)):
                larger.at(grown[:, side], box, room[:, side])
            grown = _joined(grown)
            if (grown[:, 2:] - grown[:, :2]).max() > _LARGEST_DEG:
                return None
            if np.array_equal(grown, boxes):
                per_degree = round(1 / GRID_DEG)
                return cls(np.rint(boxes * per_degree) / per_degree)
            boxes = grown

    def hold(self, bounds: Float) -> Bool:
        """Which bounds, as rows, lie in one of them and do not reach its edge."""
        if not len(bounds):
            return np.zeros(0, dtype=bool)
        inside = bounds[:, None, :2] > self.boxes[:, :2] + GRID_DEG / 2
        inside &= bounds[:, None, 2:] < self.boxes[:, 2:] - GRID_DEG / 2
        return np.asarray(np.any(inside.all(axis=2), axis=1))

    def hold_rings(self, claim: Claim) -> Bool:
        """Which rings of a claim lie in one of them."""
        found = np.zeros(len(claim.is_hole), dtype=bool)
        ring, first = np.unique(claim.ring, return_index=True)
        xy = degrees_of(claim.start)
        bounds = np.c_[np.minimum.reduceat(xy, first), np.maximum.reduceat(xy, first)]
        found[ring] = self.hold(bounds)
        return found

    def compare(
        self, before: NDArray[Any], after: NDArray[Any], setting: Setting, borders: Borders
    ) -> list[tuple[Measured, Measured]] | None:
        """Each window before and after; None where what is decided outside may change too."""
        found = []
        for box in self.boxes.tolist():
            window = Window.on(borders, tuple(box), setting)
            pair = window.measure(before), window.measure(after)
            if pair[0] is None or pair[1] is None or pair[0].hanging != pair[1].hanging:
                return None
            found.append((pair[0], pair[1]))
        return found


@dataclass(frozen=True, eq=False)
class Window:
    """A window on the units."""

    box: Box
    units: Int
    shapes: NDArray[Any]
    tolerance_km: float
    reconcile: bool

    @classmethod
    def on(cls, borders: Borders, box: Box, setting: Setting) -> Window:
        """A window; units are cut to it once."""
        frame = shapely.box(*box)
        units = np.sort(borders.tree.query(frame))
        shapes = _polygonal(shapely.intersection(borders.shapes[units], frame))
        kept = ~shapely.is_empty(shapes)
        tolerance_km = setting.dataset.border_tolerance_km
        return cls(box, units[kept], shapes[kept], tolerance_km, setting.reconcile)

    def measure(self, polygons: NDArray[Any]) -> Measured | None:
        """Ground claimed by one holder; None where it is not certain what is reconciled."""
        claimed_shapes = _polygonal(shapely.intersection(polygons, shapely.box(*self.box)))
        claimed_shapes = claimed_shapes[~shapely.is_empty(claimed_shapes)]
        count = len(self.shapes)
        faces = Faces.of(np.concatenate([self.shapes, claimed_shapes]))
        unit_of = np.full(len(faces.polygons), -1)
        shape, face = faces.inside.T
        unit_of[face[shape < count]] = shape[shape < count]
        is_claimed = np.zeros(len(faces.polygons), dtype=bool)
        is_claimed[face[shape >= count]] = True
        area_m2 = geodesy.area_m2(faces.polygons)
        inside = unit_of >= 0
        ground = Ground(
            faces.polygons[inside],
            unit_of[inside],
            is_claimed[inside],
            is_claimed[inside],
            area_m2[inside],
            faces.edges.among(inside),
        )
        settled = self._settled(ground)
        if settled is None:
            return None
        holder, looked_at, hanging = settled
        edges = ground.edges
        line = np.flatnonzero((edges.right >= 0) & (holder[edges.left] != holder[edges.right]))
        length_m = float(geodesy.segment_length_m(edges.start[line], edges.end[line]).sum())
        merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(edges.lines(line))))
        is_apart = Windows(np.array([self.box])).hold(shapely.bounds(merged).reshape(-1, 4))
        enclaves = merged[shapely.is_closed(merged) & is_apart]
        enclave_m = float(geodesy.length_m(enclaves).sum()) if len(enclaves) else 0.0
        cell_m2: dict[tuple[int, bool], float] = {}
        for unit, held, m2 in zip(
            self.units[ground.unit_id].tolist(),
            holder.tolist(),
            ground.area_m2.tolist(),
            strict=True,
        ):
            cell_m2[unit, held] = cell_m2.get((unit, held), 0.0) + m2
        return Measured(
            cell_m2,
            float(ground.area_m2[looked_at].sum()),
            float(area_m2[~inside & is_claimed].sum()),
            length_m - enclave_m,
            enclave_m,
            len(line),
            cells_of(shapely.get_coordinates(enclaves)),
            ground.polygons[looked_at],
            hanging,
        )

    def _settled(self, ground: Ground) -> tuple[Bool, Int, frozenset[Any]] | None:
        """Holder of each face after reconciliation, faces at the outer boundary, what hangs on."""
        edges, mine = ground.edges, ~ground.holder
        count = len(mine)
        inner = edges.right >= 0
        left, right = edges.left[inner], edges.right[inner]
        both = mine[left] & mine[right]
        component = components(count, left[both], right[both])

        def having(faces: Int) -> Bool:
            mask = np.zeros(count, dtype=bool)
            mask[component[faces]] = True
            return mask & mine

        across = mine[left] != mine[right]
        is_beside = having(np.where(mine[left], left, right)[across])
        outer = np.flatnonzero(~inner)
        on_edge = self._are_on_edge(edges.start[outer], edges.end[outer])
        goes_on = having(edges.left[outer[on_edge]])
        at_border = having(edges.left[outer[~on_edge]])
        size_m2 = np.bincount(component, weights=ground.area_m2, minlength=count)
        is_settled = is_beside & ~goes_on & self.reconcile
        is_border = is_settled & at_border
        is_noise = is_settled & ~at_border & (size_m2 < NOISE_M2)

        chosen = np.flatnonzero(is_border)
        number = np.full(count, -1)
        number[chosen] = np.arange(len(chosen))
        piece = np.where(mine, number[component], -1)
        if not surely_within(ground, piece, len(chosen), self.tolerance_km).all():
            return None
        holder = ground.holder | (piece >= 0) | (mine & is_noise[component])

        places: dict[int, set[complex]] = {}
        middles = (edges.start[outer] + edges.end[outer])[on_edge].view(np.complex128).ravel()
        faces = edges.left[outer[on_edge]]
        for face, place in zip(
            faces[mine[faces]].tolist(), middles[mine[faces]].tolist(), strict=True
        ):
            places.setdefault(int(component[face]), set()).add(place)
        hanging = frozenset(
            (frozenset(some), bool(at_border[number])) for number, some in places.items()
        )
        return holder, np.flatnonzero(piece >= 0), hanging

    def _are_on_edge(self, start: Float, end: Float) -> Bool:
        """Which edges lie along the window's own edge."""
        near = [(np.abs(ends[:, [0, 1, 0, 1]] - self.box) < 2 * GRID_DEG) for ends in (start, end)]
        return np.asarray((near[0] & near[1]).any(axis=1))


def _polygonal(shapes: NDArray[Any]) -> NDArray[Any]:
    """Shapes without points and lines in them."""
    shapes = shapes.copy()
    for number in np.flatnonzero(
        shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION
    ):
        parts = shapely.get_parts(shapes[number])
        shapes[number] = shapely.multipolygons(
            shapely.get_parts(parts[shapely.get_dimensions(parts) == 2])
        )
    shapes[shapely.get_dimensions(shapes) < 2] = shapely.Polygon()
    return shapes
