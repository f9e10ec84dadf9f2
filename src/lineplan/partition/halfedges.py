"""Faces of noded boundaries, found by walking along them with the face on the left.

Boundaries are first cut into chains at the nodes where more than two edges meet. Each chain has two
half-edges, one in each direction; at its end a half-edge goes on with the next one clockwise.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan.partition.snapping import Bool, Boundaries, Float, Int

OUTSIDE = -1


@dataclass(frozen=True)
class Chains:
    """Boundaries cut where they branch.

    Chain c is the edges `first[c]` to `last[c]` of `boundaries`. A run is a chain as part of the
    boundary of one polygon: `chain_of`, `is_forward` (or against the chain), `polygon_of`.
    """

    boundaries: Boundaries
    first: Int
    last: Int
    chain_of: Int
    is_forward: Bool
    polygon_of: Int

    @classmethod
    def of(cls, boundaries: Boundaries) -> Chains:
        """Chains of noded boundaries."""
        start, end, edge = boundaries.start, boundaries.end, boundaries.edge
        degree = np.bincount(np.concatenate(boundaries.ends()), minlength=len(boundaries.xy))
        breaks = degree != 2
        ring = boundaries.ring
        goes_on = np.r_[False, (end[:-1] == start[1:]) & (ring[:-1] == ring[1:])]
        breaks[start[~goes_on]] = True
        first = np.flatnonzero(breaks[start])
        last = np.r_[first[1:], len(start)] - 1
        # An edge is part of one chain only, and either end of it is the first of some run.
        _, run, chain_of = np.unique(
            np.minimum(edge[first], edge[last]), return_index=True, return_inverse=True
        )
        model = first[run][chain_of]
        forward = (edge[first] == edge[model]) & (start[first] == start[model])
        return cls(boundaries, first[run], last[run], chain_of, forward, boundaries.polygon[first])

    @cached_property
    def origin(self) -> Int:
        """Node that each half-edge begins at: 2c goes along chain c, 2c + 1 back."""
        found = self.boundaries
        return np.stack([found.start[self.first], found.end[self.last]], axis=1).ravel()

    def next(self) -> Int:
        """The half-edge that goes on where a half-edge ends, with the same face on its left."""
        xy, found = self.boundaries.xy, self.boundaries
        towards = np.stack([found.end[self.first], found.start[self.last]], axis=1).ravel()
        order = np.lexsort((np.angle(xy[towards] - xy[self.origin]), self.origin))
        origin = self.origin[order]
        begins = np.flatnonzero(np.r_[True, origin[1:] != origin[:-1]])
        clockwise = np.empty(len(order), dtype=np.int64)
        clockwise[order[1:]] = order[:-1]
        clockwise[order[begins]] = order[np.r_[begins[1:], len(order)] - 1]
        return clockwise[np.arange(len(order)) ^ 1]

    def nodes_along(self, halfedges: Int) -> tuple[Int, Int]:
        """Nodes along half-edges but for the last of each, and how many they are."""
        chain, back = halfedges // 2, halfedges % 2 == 1
        first, last = self.first[chain], self.last[chain]
        count = last - first + 1
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        back_there = np.repeat(back, count)
        row = np.where(back_there, np.repeat(last, count) - step, np.repeat(first, count) + step)
        found = self.boundaries
        return np.where(back_there, found.end[row], found.start[row]), count


def walk(chains: Chains) -> tuple[list[int], list[int], list[int]]:
    """Rings of half-edges that pass no node twice.

    Returns the half-edges, how many each ring has, and the walk that each ring is part of: a face
    whose hole touches its shell at a node is walked round at one go.
    """
    after, origin = chains.next().tolist(), chains.origin.tolist()
    seen = [False] * len(after)
    halfedges: list[int] = []
    lengths: list[int] = []
    walks: list[int] = []
    for begin in range(len(after)):
        if seen[begin]:
            continue
        path: list[int] = []
        passed: dict[int, int] = {}
        here = begin
        while True:
            node = origin[here]
            if node in passed:
                ring = path[passed[node] :]
                del path[passed[node] :]
                for halfedge in ring:
                    del passed[origin[halfedge]]
                halfedges += ring
                lengths.append(len(ring))
                walks.append(begin)
            if seen[here]:
                break
            seen[here] = True
            passed[node] = len(path)
            path.append(here)
            here = after[here]
    return halfedges, lengths, walks


@dataclass(frozen=True)
class Mosaic:
    """Faces that noded boundaries enclose.

    `degrees` are the nodes; `left` and `right` the faces beside each chain, OUTSIDE beyond all
    faces; `outline` the rings round all of them.
    """

    chains: Chains
    degrees: Float
    polygons: NDArray[Any]
    outline: NDArray[Any]
    left: Int
    right: Int

    @classmethod
    def of(cls, chains: Chains, cells_per_deg: int) -> Mosaic:
        """Faces, each with its shell counter-clockwise and its holes clockwise."""
        halfedges, lengths, walks = (np.array(x, dtype=np.int64) for x in walk(chains))
        ring_of = np.repeat(np.arange(len(lengths)), lengths)
        nodes, count = chains.nodes_along(halfedges)
        degrees = chains.boundaries.xy.view(np.float64).reshape(-1, 2) / cells_per_deg
        rings = shapely.linearrings(degrees[nodes], indices=np.repeat(ring_of, count))
        is_shell = shapely.is_ccw(rings)
        shells = np.flatnonzero(is_shell)
        face_of = np.full(len(rings), OUTSIDE)
        face_of[shells] = np.arange(len(shells))
        face_of_walk = np.full(len(chains.origin), OUTSIDE)
        face_of_walk[walks[shells]] = face_of[shells]
        face_of[~is_shell] = face_of_walk[walks[~is_shell]]
        apart = np.flatnonzero(face_of == OUTSIDE)
        face_of[apart] = _surrounding(rings[apart], shapely.polygons(rings[shells]))
        inside = np.flatnonzero(face_of != OUTSIDE)
        order = inside[np.lexsort((~is_shell[inside], face_of[inside]))]
        beside = np.empty(len(chains.origin), dtype=np.int64)
        beside[halfedges] = face_of[ring_of]
        return cls(
            chains,
            degrees,
            shapely.polygons(rings[order], indices=face_of[order]),
            rings[face_of == OUTSIDE],
            beside[::2],
            beside[1::2],
        )

    def edges(self) -> tuple[NDArray[np.float64], NDArray[np.float64], Int, Int]:
        """Start and end of each edge, and the faces on its left and right."""
        chains, found = self.chains, self.chains.boundaries
        count = chains.last - chains.first + 1
        chain = np.repeat(np.arange(len(count)), count)
        row = np.arange(len(chain)) - np.repeat(np.cumsum(count) - count - chains.first, count)
        start, end = self.degrees[found.start[row]], self.degrees[found.end[row]]
        return start, end, self.left[chain], self.right[chain]

    def inside(self) -> Int:
        """Pairs (polygon, face) in which the face lies in the polygon.

        Crossing a chain leaves the polygons on one side of it and enters those on the other; a
        walk from outside over the chains tells all.
        """
        chains, faces = self.chains, len(self.polygons)
        entered: dict[tuple[int, int], set[int]] = defaultdict(set)
        chain_of = chains.chain_of
        to = np.where(chains.is_forward, self.left[chain_of], self.right[chain_of])
        for chain, face, polygon in zip(
            chain_of.tolist(), to.tolist(), chains.polygon_of.tolist(), strict=True
        ):
            entered[chain, face].add(polygon)
        beside: list[list[tuple[int, int]]] = [[] for _ in range(faces + 1)]
        for chain, (left, right) in enumerate(
            zip(self.left.tolist(), self.right.tolist(), strict=True)
        ):
            beside[left].append((chain, right))
            beside[right].append((chain, left))
        polygons_of: list[set[int] | None] = [None] * faces + [set()]
        ahead = [OUTSIDE]
        nothing: set[int] = set()
        while ahead:
            here = ahead.pop()
            mine = polygons_of[here] or nothing
            for chain, there in beside[here]:
                if polygons_of[there] is None:
                    left_behind = entered.get((chain, here), nothing)
                    polygons_of[there] = (mine - left_behind) | entered.get((chain, there), nothing)
                    ahead.append(there)
        pairs = [(polygon, face) for face in range(faces) for polygon in polygons_of[face] or ()]
        return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _surrounding(holes: NDArray[Any], shells: NDArray[Any]) -> Int:
    """The smallest shell that each hole lies in, OUTSIDE if none."""
    hole, shell = shapely.STRtree(shells).query(shapely.get_point(holes, 0), predicate="within")
    order = np.argsort(-shapely.area(shells[shell]), kind="stable")
    found = np.full(len(holes), OUTSIDE)
    found[hole[order]] = shell[order]
    return found
