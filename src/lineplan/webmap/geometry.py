"""Zones as shared arcs: what two zones share is stored, and drawn, once.

The polygons of an arrangement are a coverage, so every edge is used by at most two zones. Chains
of edges with the same owners become arcs; a ring is a list of arc numbers (``~n`` for arc ``n``
backwards); and the owners of an arc tell what it is: the outer border, the line of contact, a
boundary between units. Lines therefore coincide with fills at every scale.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import geopandas as gpd
import numpy as np
import shapely

STEP_DEG = 1e-4
"""Grid of displayed coordinates: about 10 m."""

Point = tuple[int, int]
Ring = list[Point]


@dataclass(frozen=True)
class Topology:
    """A coverage as arcs.

    Parameters
    ----------
    arcs
        Points of each arc on the grid of `STEP_DEG`.
    owners
        Rows of the coverage on the sides of each arc: one for the outer boundary, two inside.
    polygons
        For each row of the coverage its polygons, each a list of rings of arc numbers.
    """

    arcs: list[Ring]
    owners: list[frozenset[int]]
    polygons: list[list[list[list[int]]]]


def simplify(zones: gpd.GeoDataFrame, tolerance_deg: float) -> np.ndarray:
    """Return the zones' shapes with fewer points and their shared edges still shared."""
    shapes = np.asarray(zones.geometry.array)
    return np.asarray(shapely.coverage_simplify(shapes, tolerance_deg))


def topology(shapes: Iterable[shapely.Geometry]) -> Topology:
    """
    Cut a coverage into arcs.

    Parameters
    ----------
    shapes
        Polygons or multipolygons in degrees that share their common edges point by point.
    """
    rows = [[_rings(part) for part in shapely.get_parts(shape)] for shape in shapes]
    owners = _edge_owners(rows)
    nodes = _nodes(owners)
    numbers: dict[tuple[Point, ...], int] = {}
    arcs: list[Ring] = []
    arc_owners: list[frozenset[int]] = []

    def number(arc: Ring) -> int:
        """Return the arc's number, ``~number`` where it is stored the other way round."""
        forward, backward = tuple(arc), tuple(reversed(arc))
        key = min(forward, backward)
        if key not in numbers:
            numbers[key] = len(arcs)
            arcs.append(list(key))
            arc_owners.append(frozenset(owners[_edge(key[0], key[1])]))
        found = numbers[key]
        return found if forward == key else ~found

    polygons = [
        [
            [[number(arc) for arc in _split(ring, nodes)] for ring in rings]
            for rings in parts
            if rings
        ]
        for parts in rows
    ]
    return Topology(arcs, arc_owners, polygons)


def chains(topology: Topology, chosen: Sequence[bool]) -> list[list[int]]:
    """Join the chosen arcs end to end, so that a dashed line keeps its rhythm."""
    ends: dict[Point, list[int]] = defaultdict(list)
    free = {number for number, wanted in enumerate(chosen) if wanted}
    for number in sorted(free):
        arc = topology.arcs[number]
        ends[arc[0]].append(number)
        ends[arc[-1]].append(~number)

    def follow(end: Point) -> list[int]:
        path: list[int] = []
        while True:
            # Where more than two arcs meet, a line stops rather than choosing a branch.
            onward = [n for n in ends[end] if (n if n >= 0 else ~n) in free]
            if len(ends[end]) > 2 or not onward:
                return path
            step = onward[0]
            free.discard(step if step >= 0 else ~step)
            path.append(step)
            arc = topology.arcs[step if step >= 0 else ~step]
            end = arc[-1] if step >= 0 else arc[0]

    joined = []
    for number in range(len(topology.arcs)):
        if number in free:
            free.discard(number)
            arc = topology.arcs[number]
            after = follow(arc[-1])
            before = follow(arc[0])
            joined.append([*(~n for n in reversed(before)), number, *after])
    return joined


def encode(points: Sequence[Point]) -> str:
    """
    Return the first point and then steps, x and y in turn, five bits a character.

    This is Google's encoded polyline with x before y; none of its characters has a meaning in HTML.
    """
    steps = np.asarray(points, dtype=np.int64)
    steps[1:] -= steps[:-1].copy()
    text = []
    for step in steps.ravel().tolist():
        value = ~(step << 1) if step < 0 else step << 1
        while value > 31:
            text.append(chr((32 | value & 31) + 63))
            value >>= 5
        text.append(chr(value + 63))
    return "".join(text)


def encode_lines(shapes: Iterable[shapely.Geometry], tolerance_deg: float) -> list[str]:
    """Encode the lines of any shapes, simplified one by one."""
    lines: list[str] = []
    for shape in shapes:
        for part in shapely.get_parts(shapely.simplify(shape, tolerance_deg)):
            if part.geom_type == "Polygon":
                lines.extend(encode(ring) for ring in _rings(part))
            elif part.geom_type == "LineString":
                points = _points(part)
                if len(points) > 1:
                    lines.append(encode(points))
    return lines


def _points(line: shapely.Geometry) -> Ring:
    xy = np.rint(shapely.get_coordinates(line) / STEP_DEG).astype(np.int64)
    moved = np.ones(len(xy), dtype=bool)
    moved[1:] = (xy[1:] != xy[:-1]).any(axis=1)
    return [(int(x), int(y)) for x, y in xy[moved]]


def _rings(polygon: shapely.Geometry) -> list[Ring]:
    """Return the closed rings that are still an area on the grid, shell first."""
    rings = [_points(polygon.exterior), *(_points(ring) for ring in polygon.interiors)]
    if len(rings[0]) < 4:
        return []
    return [ring for ring in rings if len(ring) > 3]


def _edge(a: Point, b: Point) -> tuple[Point, Point]:
    return (a, b) if a < b else (b, a)


def _edge_owners(rows: list[list[list[Ring]]]) -> dict[tuple[Point, Point], set[int]]:
    owners: dict[tuple[Point, Point], set[int]] = defaultdict(set)
    for row, parts in enumerate(rows):
        for rings in parts:
            for ring in rings:
                for a, b in pairwise(ring):
                    owners[_edge(a, b)].add(row)
    return owners


def _nodes(owners: dict[tuple[Point, Point], set[int]]) -> set[Point]:
    """Find the points where arcs end: where three edges meet, or the owners change."""
    seen: dict[Point, frozenset[int]] = {}
    degree: dict[Point, int] = defaultdict(int)
    nodes = set()
    for edge, rows in owners.items():
        for point in edge:
            degree[point] += 1
            if seen.setdefault(point, frozenset(rows)) != rows:
                nodes.add(point)
    return nodes | {point for point, count in degree.items() if count != 2}


def _split(ring: Ring, nodes: set[Point]) -> list[Ring]:
    """Cut a closed ring at its nodes; a ring without nodes starts at its least point."""
    body = ring[:-1]
    cuts = [i for i, point in enumerate(body) if point in nodes] or [body.index(min(body))]
    turned = body[cuts[0] :] + body[: cuts[0]]
    stops = [i - cuts[0] for i in cuts] + [len(body)]
    turned.append(turned[0])
    return [turned[a : b + 1] for a, b in pairwise(stops)]
