"""Lines of contact: they cut the units, and a side or a few points say who holds what.

The lines part a frame that reaches beyond coast and frontier, so that islands and whatever lies
between a line and the frontier fall to a side as the line runs; the units are cut later.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.control.content import Content
from lineplan.control.days import of_day
from lineplan.control.rules import check_holders
from lineplan.control.sourcefile import Seed, SourceFile
from lineplan.control.state import Drawn
from lineplan.dataset import Dataset
from lineplan.errors import ControlError

_GRID_DEG = 1e-9
_FRAME_DEG = 0.5
"""How far the frame reaches beyond the units."""
_ON_LINE_DEG = 1e-7
"""Noding moves a vertex by less than the grid; a line ten metres off is another line."""
_SHARE = 0.02
"""Of the line round a piece: less on the wrong side is noise of noding."""


def recognises(content: Content) -> bool:
    """Whether it draws lines, and points at most beside them or polygons that make it ambiguous."""
    return "line" in content.drawn


def read(content: Content, how: SourceFile, dataset: Dataset, as_of: date | None) -> Drawn:
    """Cut the units along the lines, and tell the sides apart."""
    features = content.layer.keep("line")
    name = features.name
    if bool(how.left) == bool(how.seeds):
        raise ControlError(
            f"{name}: draws lines; say who holds which side, either with --left PARTY (left of the "
            "line in the direction it is drawn) or with --seed LON,LAT=PARTY"
        )
    check_holders([*(seed.held_by for seed in how.seeds), *filter(None, [how.left])], dataset, name)
    notes = list(features.notes)
    frame, day = of_day(features, how, as_of)
    lines = shapely.get_parts(frame.geometry.to_numpy())
    units = shapely.union_all(dataset.units().geometry.to_numpy(), grid_size=_GRID_DEG)
    cut = _cut(units, lines, dataset.border_tolerance_km, name, notes)
    if how.left:
        holder = _by_side(cut, how.left, _opposite(how.left, dataset), name)
    else:
        holder = _by_seeds(cut, how.seeds, dataset, name)
    _settle_rest(cut, holder, dataset.default_holder, name, notes)
    claimed = holder != dataset.default_holder
    if not claimed.any():
        raise ControlError(f"{name}: no ground is of anyone but {dataset.default_holder}")
    drawn = gpd.GeoDataFrame(
        {"held_by": holder[claimed], "control_class": ""},
        geometry=cut.pieces[claimed],
        crs="EPSG:4326",
    )
    length_km = float(geodesy.length_m(lines).sum() / 1000)
    said = f"with {how.left} on the left" if how.left else f"by {len(how.seeds)} seed(s)"
    notes.append(
        f"{name}: {len(lines)} line(s) of {length_km:,.0f} km part the ground into "
        f"{len(cut.pieces)} piece(s), told apart {said}"
    )
    return Drawn(drawn, day, tuple(notes))


def _opposite(party: str, dataset: Dataset) -> str:
    """Who is across the line where one party alone is named."""
    return dataset.claimant if party == dataset.default_holder else dataset.default_holder


@dataclass(frozen=True)
class _Cut:
    """The pieces that lines cut the frame into.

    `left_m` and `right_m` say how much of the line runs with the piece on its left and right;
    `pairs` are pieces on either side of it.
    """

    pieces: NDArray[Any]
    left_m: NDArray[np.float64]
    right_m: NDArray[np.float64]
    pairs: NDArray[np.int64]


def _cut(
    units: shapely.Geometry,
    lines: NDArray[Any],
    tolerance_km: float,
    name: str,
    notes: list[str],
) -> _Cut:
    edge = shapely.boundary(shapely.buffer(units, _FRAME_DEG, quad_segs=4))
    joints = _joints(units, edge, lines, tolerance_km, name, notes)
    noded = shapely.union_all([edge, *lines, *joints], grid_size=_GRID_DEG)
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(noded)))
    shapely.prepare(units)
    faces = faces[shapely.intersects(units, faces)]
    if len(faces) < 2:
        west, south, east, north = shapely.total_bounds(lines)
        raise ControlError(
            f"{name}: its lines ({west:.2f}, {south:.2f} to {east:.2f}, {north:.2f}) do not cut "
            "the units in two; a line of contact runs from border to border, or closes"
            + (f" ({notes[-1].partition(': ')[2]})" if notes and "hang loose" in notes[-1] else "")
        )
    pieces = shapely.orient_polygons(faces, exterior_cw=False)
    start, end, piece = _edges(pieces)
    left_m, right_m = _along(lines, start, end, piece, len(pieces))
    return _Cut(pieces, left_m, right_m, _neighbours(start, end, piece))


def _joints(
    units: shapely.Geometry,
    edge: shapely.Geometry,
    lines: NDArray[Any],
    tolerance_km: float,
    name: str,
    notes: list[str],
) -> list[shapely.Geometry]:
    """What leads the ends of lines on, to another line or out to the edge of the frame."""
    joints, loose = [], []
    shapely.prepare(units)
    for number, line in enumerate(lines):
        if shapely.is_closed(line):
            continue
        others = shapely.union_all(np.delete(lines, number))
        for at in (0, -1):
            end = shapely.get_point(line, at)
            joint = shapely.shortest_line(end, edge)
            over_km = _km(shapely.intersection(joint, units))
            if not others.is_empty:
                link = shapely.shortest_line(end, others)
                if _km(link) < over_km:
                    joint, over_km = link, _km(link)
            if over_km > tolerance_km:
                loose.append(f"near {end.x:.3f}, {end.y:.3f}, {over_km:.1f} km from anything")
                continue
            joints.append(joint)
            if over_km > 0:
                notes.append(
                    f"{name}: line {number} ends {over_km:.2f} km short of a border or another "
                    f"line near {end.x:.3f}, {end.y:.3f}; led on straight"
                )
    if loose:
        notes.append(
            f"{name}: {len(loose)} end(s) of lines hang loose inside the units and part nothing: "
            f"{'; '.join(loose[:5])}"
        )
    return joints


def _km(line: shapely.Geometry) -> float:
    if line.is_empty or shapely.get_dimensions(line) < 1:
        return 0.0
    return float(geodesy.length_m([line])[0] / 1000)


def _edges(pieces: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]:
    """Edges of all pieces, each with its piece on the left."""
    rings, piece_of_ring = shapely.get_rings(pieces, return_index=True)
    xy, ring_of = shapely.get_coordinates(rings, return_index=True)
    inside = ring_of[1:] == ring_of[:-1]
    return xy[:-1][inside], xy[1:][inside], piece_of_ring[ring_of[:-1][inside]]


def _along(
    lines: NDArray[Any],
    start: NDArray[Any],
    end: NDArray[Any],
    piece: NDArray[np.int64],
    count: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Metres of each piece's edges that run with the lines, and against them."""
    xy, line_of = shapely.get_coordinates(lines, return_index=True)
    inside = line_of[1:] == line_of[:-1]
    a, b = xy[:-1][inside], xy[1:][inside]
    tree = shapely.STRtree(shapely.linestrings(np.stack([a, b], axis=1)))
    edge, segment = tree.query_nearest(
        shapely.points((start + end) / 2), max_distance=_ON_LINE_DEG, all_matches=False
    )
    with_line = ((end - start)[edge] * (b - a)[segment]).sum(axis=1) > 0
    metres = geodesy.segment_length_m(start[edge], end[edge])
    owner = piece[edge]
    left_m, right_m = np.zeros(count), np.zeros(count)
    np.add.at(left_m, owner[with_line], metres[with_line])
    np.add.at(right_m, owner[~with_line], metres[~with_line])
    return left_m, right_m


def _neighbours(
    start: NDArray[Any], end: NDArray[Any], piece: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Pairs of pieces that share an edge: nothing but a line lies between pieces."""
    nodes, node = np.unique(np.concatenate([start, end]), axis=0, return_inverse=True)
    a, b = node.reshape(2, -1)
    key = np.minimum(a, b).astype(np.int64) * len(nodes) + np.maximum(a, b)
    order = np.argsort(key, kind="stable")
    same = np.flatnonzero(key[order][1:] == key[order][:-1])
    pairs = np.stack([piece[order][same], piece[order][same + 1]], axis=1)
    return np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)


def _by_side(cut: _Cut, left: str, right: str, name: str) -> NDArray[Any]:
    """Holder of each piece that a line touches, "" of the others."""
    whole = cut.left_m + cut.right_m
    lesser = np.minimum(cut.left_m, cut.right_m)
    torn = (lesser > _SHARE * whole) & (lesser > 1000)
    if torn.any():
        place = shapely.point_on_surface(cut.pieces[int(np.argmax(lesser))])
        raise ControlError(
            f"{name}: its lines run in different directions round the ground near {place.x:.3f}, "
            f"{place.y:.3f}, so that left says nothing; give points instead: --seed LON,LAT=PARTY"
        )
    holder = np.where(cut.left_m > cut.right_m, left, right).astype(object)
    holder[whole == 0] = ""
    return holder


def _by_seeds(cut: _Cut, seeds: tuple[Seed, ...], dataset: Dataset, name: str) -> NDArray[Any]:
    """Holder of each piece that seeds reach across one line or more, "" of the others."""
    parties = list(dict.fromkeys(seed.held_by for seed in seeds))
    if len(parties) == 1:
        parties.append(_opposite(parties[0], dataset))
    opposite = dict(zip(parties, reversed(parties), strict=True)) if len(parties) == 2 else {}
    holder = np.full(len(cut.pieces), "", dtype=object)
    whose: dict[int, Seed] = {}
    tree = shapely.STRtree(cut.pieces)
    for seed in seeds:
        found = tree.query(shapely.Point(seed.lon, seed.lat), predicate="intersects")
        if not len(found):
            raise ControlError(
                f"{name}: the seed {seed.lon:g},{seed.lat:g}={seed.held_by} lies outside the units"
            )
        piece = int(found[0])
        _give(holder, whose, piece, seed, seed.held_by, name)
    across = defaultdict(list)
    for a, b in cut.pairs:
        across[a].append(b)
        across[b].append(a)
    ahead = list(whose)
    while ahead and opposite:
        piece = ahead.pop()
        for neighbour in across[piece]:
            is_new = not holder[neighbour]
            _give(holder, whose, neighbour, whose[piece], opposite[holder[piece]], name)
            if is_new:
                ahead.append(neighbour)
    return holder


def _give(
    holder: NDArray[Any], whose: dict[int, Seed], piece: int, seed: Seed, party: str, name: str
) -> None:
    if holder[piece] not in ("", party):
        first = whose[piece]
        raise ControlError(
            f"{name}: by the seeds {first.lon:g},{first.lat:g}={first.held_by} and "
            f"{seed.lon:g},{seed.lat:g}={seed.held_by} one piece would be of {holder[piece]} "
            f"and of {party}; no line parts them"
        )
    holder[piece] = party
    whose.setdefault(piece, seed)


def _settle_rest(
    cut: _Cut, holder: NDArray[Any], default_holder: str, name: str, notes: list[str]
) -> None:
    """Pieces that nothing tells of are the default holder's."""
    silent = np.flatnonzero(holder == "")
    if not len(silent):
        return
    places = shapely.point_on_surface(cut.pieces[silent])
    notes.append(
        f"{name}: {len(silent)} piece(s) that no line touches and no seed reaches are left to "
        f"{default_holder}: near {'; '.join(f'{p.x:.3f}, {p.y:.3f}' for p in places[:8])}"
    )
    holder[silent] = default_holder
