"""The proof that faces cover what they should: each place once, and nothing left out."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan.errors import PartitionError
from lineplan.partition.halfedges import Mosaic
from lineplan.partition.noding import GRID_DEG, Edges
from lineplan.partition.snapping import Float, Int, close_pairs

HAIRLINE_DEG = 10 * GRID_DEG
"""Boundaries of units less than a millimetre apart are meant to be one."""


def check_coverage(polygons: NDArray[Any], *, hairline_deg: float = HAIRLINE_DEG) -> None:
    """Raise PartitionError where polygons overlap or leave a hairline gap, as GEOS sees it."""
    if shapely.coverage_is_valid(polygons, gap_width=hairline_deg):
        return
    bad = shapely.coverage_invalid_edges(polygons, gap_width=hairline_deg)
    _refuse(shapely.get_coordinates(bad[~shapely.is_empty(bad)])[0])


def check_mosaic(polygons: NDArray[Any], inside: Int, mosaic: Mosaic) -> None:
    """Raise PartitionError unless faces overlap nowhere and fill each polygon they lie in.

    Nothing is taken from how the faces were found but the noded boundaries of the given polygons
    and the outline round all faces.

    A closed chain of directed edges has a winding number at every place beside it, and that of a
    sum of chains is the sum of theirs. So, with the edges of shells counter-clockwise and those of
    holes clockwise:

    1. GEOS finds each face valid. Its edges then wind once round each place in it, and round none
       outside: the winding number is 1 in the face and 0 elsewhere, never negative.
    2. GEOS finds the outline valid as one MultiPolygon: its edges wind once round each place
       within, whatever is there.
    3. The edges of all faces, opposite ones cancelled, are the edges of the outline. So at every
       place the faces' winding numbers add up to the outline's: each place within it lies in one
       face and none outside does. Sums of chains do not ask whether edges cross: two faces that
       overlap across edges without a node count two there, and no chain that is left counts one.
    4. The edges of the faces in a polygon, opposite ones cancelled, are the edges of its own noded
       boundary. So these faces fill it, and no face of it is missing or too many.

    That a noded boundary keeps to what was given, by a few cells of the grid, is how it is made;
    that each unit's area is conserved is checked apart.
    """
    outline = shapely.orient_polygons(shapely.polygons(mosaic.outline), exterior_cw=False)
    valid = shapely.is_valid(np.r_[polygons, [shapely.multipolygons(outline)]])
    shapes = np.r_[polygons, outline]
    for number in np.flatnonzero(~valid):
        _refuse(shapely.get_coordinates(shapes[number])[0])
    rings, shape_of = shapely.get_rings(shapes, return_index=True)
    is_hole = np.r_[False, shape_of[1:] == shape_of[:-1]]
    for ring in rings[shapely.is_ccw(rings) == is_hole]:
        _refuse(shapely.get_coordinates(ring)[0])

    degrees, ring = shapely.get_coordinates(rings, return_index=True)
    nodes, corners = (xy.view(np.complex128).ravel() for xy in (mosaic.degrees, degrees))
    node = np.minimum(np.searchsorted(nodes, corners), len(nodes) - 1)
    for corner in degrees[nodes[node] != corners]:
        _refuse(corner)
    at = np.flatnonzero(ring[1:] == ring[:-1])
    start, end, shape_of_edge = node[at], node[at + 1], shape_of[ring[at]]
    # The outline counts as one more polygon, in which all faces lie.
    # Its number is beyond those of all polygons, also of one that has lost its faces.
    last = max(inside[:, 0].max(initial=-1), mosaic.chains.boundaries.polygon.max(initial=-1))
    whole, faces = int(last) + 1, np.arange(len(polygons))
    polygon, face = np.r_[inside, np.c_[np.full(len(faces), whole), faces]].T
    size = np.bincount(shape_of_edge, minlength=len(shapes))
    count = size[face]
    within = np.arange(count.sum())
    within += np.repeat((np.cumsum(size) - size)[face] - (np.cumsum(count) - count), count)
    around = shape_of_edge >= len(polygons)
    given = mosaic.chains.boundaries
    lacking = _sum_of_chains(
        np.r_[np.repeat(polygon, count), given.polygon, np.full(around.sum(), whole)],
        np.r_[start[within], given.end, end[around]],
        np.r_[end[within], given.start, start[around]],
        len(nodes),
    )
    if len(lacking):
        _refuse(nodes[lacking[:1]].view(np.float64))


def _sum_of_chains(chain: Int, start: Int, end: Int, nodes: int) -> Int:
    """Nodes that begin edges which are left when opposite edges of a chain are cancelled."""
    key = (chain * nodes + np.minimum(start, end)) * nodes + np.maximum(start, end)
    order = np.argsort(key)
    first = np.flatnonzero(np.diff(key[order], prepend=-1))
    net = np.add.reduceat(np.where(start < end, 1, -1)[order], first)
    return start[order[first[net != 0]]]


def check_outer_boundary(edges: Edges, unit_of: Int) -> None:
    """Raise PartitionError where a hairline lies between two units, open to the outside.

    Such a gap is outside all units and each of them is covered, so no other check sees it.
    """
    outer = np.flatnonzero(edges.right < 0)
    cells = np.stack([edges.start[outer], edges.end[outer]]).view(np.complex128)[:, :, 0] / GRID_DEG
    start, end = cells
    width = HAIRLINE_DEG / GRID_DEG
    one, other = close_pairs(start, end, np.ones(len(outer), dtype=bool), width)
    unit = unit_of[edges.left[outer]]
    apart = unit[one] != unit[other]
    one, other = np.r_[one[apart], other[apart]], np.r_[other[apart], one[apart]]
    along = end[one] - start[one]
    length = np.abs(along)
    for place in (start[other], (start[other] + end[other]) / 2, end[other]):
        seen = along.conj() / length * (place - start[one])
        beside = (seen.real > width) & (seen.real < length - width)
        # Not where two edges meet, but along them; the units lie on the left of their edges.
        gap = np.flatnonzero(beside & (seen.imag < 0) & (seen.imag >= -width))
        if len(gap):
            _refuse(place[gap[:1]].view(np.float64) * GRID_DEG)


def _refuse(place: Float) -> NoReturn:
    raise PartitionError(
        f"faces overlap or leave a gap near {place[0]:.6f}, {place[1]:.6f}; the units or the "
        "claims are faulty there"
    )
