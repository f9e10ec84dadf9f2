"""Where words stand on the map: the chief ones chosen together, each of the rest after them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import shapely

from lineplan.figures.window import Box

APART_MM = 0.5
"""Least distance between two labels."""
_DOT_MM, _STROKES_APART_MM = 1.2, 2.5
"""Room around the end of a stroke, and between words that hang on strokes."""
_ALIKE_MM = 1.5
"""Places of the same words closer than this need not both be tried."""
_SHORTLIST, _BEAM = 90, 40
"""Places that are tried for each wish; picks that are followed."""


@dataclass(frozen=True)
class Place:
    """A place where a label could stand.

    Parameters
    ----------
    box
        Of the words, in mm.
    cost
        How much worse it is than the best.
    align
        How the lines stand in the box.
    leader
        A stroke from what is named to the words, if they stand apart.
    """

    box: Box
    cost: float = 0.0
    align: str = "left"
    leader: tuple[tuple[float, float], tuple[float, float]] | None = None


@dataclass
class Placement:
    """What is taken of a frame.

    Parameters
    ----------
    frame
        Nothing stands outside it.
    lines
        Lines by how much it costs to cover a mm of them.
    """

    frame: Box
    lines: Sequence[tuple[shapely.Geometry, float]] = ()
    _taken: list[shapely.Geometry] = field(default_factory=list)
    _costs: dict[Box, float] = field(default_factory=dict, repr=False)

    def take(self, shape: shapely.Geometry) -> None:
        """Keep ground free of words."""
        self._taken.append(shape)

    def is_free(self, shape: shapely.Geometry, apart_mm: float = APART_MM) -> bool:
        """Whether nothing stands on a shape, nor closer than `apart_mm`."""
        left, bottom, right, top = shape.bounds
        inside = (
            left >= self.frame[0] + 0.8
            and bottom >= self.frame[1] + 0.8
            and right <= self.frame[2] - 0.8
            and top <= self.frame[3] - 0.8
        )
        if not inside:
            return False
        return not self._taken or bool(
            (shapely.distance(np.asarray(self._taken, dtype=object), shape) >= apart_mm).all()
        )

    def best(self, places: Iterable[Place], apart_mm: float = APART_MM) -> Place | None:
        """Take the best free place and return it; None where there is none."""
        for place in self._ranked(places):
            box = shapely.box(*place.box)
            if not self.is_free(box, apart_mm):
                continue
            if place.leader is not None:
                leader = shapely.LineString(place.leader)
                if not self.is_free(leader, 0.2):
                    continue
                self.take(leader)
            self.take(box)
            return place
        return None

    def together(
        self, wishes: Sequence[tuple[float, Sequence[Place]]], apart_mm: float = APART_MM
    ) -> list[Place | None]:
        """
        Choose places for all wishes at once, so that none takes another's only room.

        Parameters
        ----------
        wishes
            Of each what it costs to leave it out, and where it could stand.
        apart_mm
            Least distance between two of them.

        Returns
        -------
        list of Place or None
            What is now taken for each wish.
        """
        kept = [self._shortlist(places, apart_mm) for _, places in wishes]
        # The most important first; of those alike, what has the fewest places.
        order = sorted(range(len(wishes)), key=lambda n: (-wishes[n][0], len(kept[n]), n))
        picked = _search(
            [[place for _, place in kept[n]] for n in order],
            [np.array([cost for cost, _ in kept[n]]) for n in order],
            np.array([wishes[n][0] for n in order]),
            apart_mm,
        )
        found: list[Place | None] = [None] * len(wishes)
        for n, at in zip(order, picked, strict=True):
            if at is None:
                continue
            place = found[n] = kept[n][at][1]
            self.take(shapely.box(*place.box))
            if place.leader is not None:
                self.take(shapely.LineString(place.leader))
        return found

    def _shortlist(self, places: Sequence[Place], apart_mm: float) -> list[tuple[float, Place]]:
        """The best free places, no two of them all but the same."""
        found: list[tuple[float, Place]] = []
        for cost, place in self._by_cost(places):
            x, y = place.box[:2]
            size = place.box[2] - x, place.box[3] - y
            if any(
                abs(x - other.box[0]) < _ALIKE_MM
                and abs(y - other.box[1]) < _ALIKE_MM
                and abs(size[0] - (other.box[2] - other.box[0])) < _ALIKE_MM
                and abs(size[1] - (other.box[3] - other.box[1])) < _ALIKE_MM
                for _, other in found
            ):
                continue
            if not self.is_free(shapely.box(*place.box), apart_mm):
                continue
            if place.leader and not self.is_free(shapely.LineString(place.leader), 0.2):
                continue
            found.append((cost, place))
            if len(found) == _SHORTLIST:
                break
        return found

    def _by_cost(self, places: Iterable[Place]) -> list[tuple[float, Place]]:
        costs = [(round(place.cost + self._covered(place.box), 6), place) for place in places]
        return sorted(costs, key=lambda item: item[0])

    def _ranked(self, places: Iterable[Place]) -> Iterator[Place]:
        yield from (place for _, place in self._by_cost(places))

    def _covered(self, box: Box) -> float:
        if box not in self._costs:  # the same places are tried in several orders
            self._costs[box] = sum(
                weight * float(shapely.length(shapely.clip_by_rect(lines, *box)))
                for lines, weight in self.lines
            )
        return self._costs[box]


def _search(
    places: Sequence[Sequence[Place]],
    costs: Sequence[np.ndarray],
    absent: np.ndarray,
    apart_mm: float,
) -> list[int | None]:
    """
    Pick a place for each wish, no two in each other's way, at the least cost found.

    A beam search: of the picks so far, those are followed that could still end cheapest, each
    wish to come counted with the cheapest place that is left to it.
    """
    flat = [place for group in places for place in group]
    starts = np.cumsum([0, *(len(group) for group in places)])
    clash = _clashes(flat, apart_mm)
    price = np.concatenate([*costs, np.empty(0)])
    spent, barred = np.zeros(1), np.zeros((1, len(flat)), dtype=bool)
    picks = np.empty((1, 0), dtype=int)
    for n, (first, last) in enumerate(pairwise(starts)):
        width = last - first
        # Every pick so far with every place of this wish, and with none (the last column).
        step = np.concatenate([price[first:last], absent[n : n + 1]])
        total = spent[:, None] + step
        total[:, :width][barred[:, first:last]] = np.inf
        best = np.argsort(total, axis=None, kind="stable")[: 4 * _BEAM]
        parent, child = np.unravel_index(best, total.shape)
        sound = np.isfinite(total[parent, child])
        parent, child = parent[sound], child[sound]
        now = barred[parent].copy()
        is_placed = child < width
        now[is_placed] |= clash[first + child[is_placed]]
        ahead = total[parent, child]
        for later in range(n + 1, len(places)):
            group = slice(starts[later], starts[later + 1])
            left = np.where(now[:, group], np.inf, price[group])
            ahead = ahead + np.minimum(left.min(axis=1, initial=np.inf), absent[later])
        kept = np.argsort(ahead, kind="stable")[:_BEAM]
        spent, barred = total[parent[kept], child[kept]], now[kept]
        chosen = np.where(is_placed, child, -1)[kept]
        picks = np.column_stack([picks[parent[kept]], chosen])
    return [None if at < 0 else int(at) for at in picks[int(np.argmin(spent))]]


def _clashes(places: Sequence[Place], apart_mm: float) -> np.ndarray:
    """Of each two places, whether words or strokes of them are in each other's way."""
    boxes = np.array([place.box for place in places]).reshape(-1, 4)
    low, high = boxes[:, :2], boxes[:, 2:]
    gaps = np.maximum(low[:, None] - high[None], low[None] - high[:, None])
    clash = np.asarray((gaps < apart_mm).all(axis=-1))
    at = np.array([n for n, place in enumerate(places) if place.leader], dtype=int)
    if len(at):
        strokes = shapely.linestrings([places[n].leader for n in at])
        room = shapely.box(*(low - 0.2).T, *(high + 0.2).T)
        dots = shapely.buffer(shapely.points([places[n].leader[0] for n in at]), _DOT_MM)
        every = np.arange(len(places))
        for mine, others, numbers in (
            (strokes, room, every),
            (dots, room, every),
            (strokes, strokes, at),
        ):
            stroke, other = shapely.STRtree(others).query(mine, predicate="intersects")
            clash[at[stroke], numbers[other]] = clash[numbers[other], at[stroke]] = True
        # Words on strokes stand in no frame that would part them.
        clash[np.ix_(at, at)] |= (gaps[np.ix_(at, at)] < _STROKES_APART_MM).all(axis=-1)
    return clash


def around(at: tuple[float, float], size: tuple[float, float], gap_mm: float) -> list[Place]:
    """Places beside a dot: right, left, above, below, then the corners."""
    (x, y), (width, height) = at, size
    low, high = y - height / 2, y + height / 2
    near = gap_mm * 0.6
    spots = [
        ((x + gap_mm, low, x + gap_mm + width, high), "left", 0.0),
        ((x - gap_mm - width, low, x - gap_mm, high), "right", 0.5),
        ((x - width / 2, y + gap_mm, x + width / 2, y + gap_mm + height), "center", 1.0),
        ((x - width / 2, y - gap_mm - height, x + width / 2, y - gap_mm), "center", 1.2),
        ((x + near, y + near, x + near + width, y + near + height), "left", 0.8),
        ((x + near, y - near - height, x + near + width, y - near), "left", 1.0),
        ((x - near - width, y + near, x - near, y + near + height), "right", 1.3),
        ((x - near - width, y - near - height, x - near, y - near), "right", 1.5),
    ]
    return [Place(box, cost, align) for box, align, cost in spots]


def within(
    ground: shapely.Geometry, size: tuple[float, float], step_mm: float, *, over_mm: float = 0.0
) -> list[Place]:
    """Places on a piece of ground, or over its edge by `over_mm`; best in its roomiest part."""
    width, height = size
    left, bottom, right, top = ground.bounds
    middle = shapely.get_point(shapely.maximum_inscribed_circle(ground, 0.2), 0)
    # A lattice through the roomiest spot.
    x = middle.x + step_mm * np.arange(
        np.ceil((left + width / 2 - middle.x) / step_mm),
        np.floor((right - width / 2 - middle.x) / step_mm) + 1,
    )
    y = middle.y + step_mm * np.arange(
        np.ceil((bottom + height / 2 - middle.y) / step_mm),
        np.floor((top - height / 2 - middle.y) / step_mm) + 1,
    )
    centres = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    if not len(centres):
        return []
    half = (width / 2, height / 2)
    boxes = shapely.box(*(centres - half).T, *(centres + half).T)
    room = shapely.buffer(ground, over_mm)
    shapely.prepare(room)
    on_it = shapely.contains(room, boxes)
    away = np.hypot(*(centres - (middle.x, middle.y)).T)
    return [
        Place(tuple(shape.bounds), 0.12 * float(far), "center")
        for shape, far in zip(boxes[on_it], away[on_it], strict=True)
    ]


def apart(
    at: tuple[float, float], size: tuple[float, float], distances_mm: Sequence[float]
) -> list[Place]:
    """Places at a distance, joined to a spot by a stroke."""
    (x, y), (width, height) = at, size
    places = []
    for distance in distances_mm:
        for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False):
            toward = (float(np.cos(angle)), float(np.sin(angle)))
            end = (x + distance * toward[0], y + distance * toward[1])
            # The box hangs on the end of the stroke by the side that faces the spot.
            cx = end[0] + toward[0] * width / 2
            cy = end[1] + toward[1] * height / 2
            box = (cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2)
            side = "left" if toward[0] > 0.3 else "right" if toward[0] < -0.3 else "center"
            stop = (
                min(max(end[0], box[0] - 0.6), box[2] + 0.6),
                min(max(end[1], box[1] - 0.6), box[3] + 0.6),
            )
            start = (x, y)
            # The words keep clear of their own stroke.
            gap = 0.6 + APART_MM
            length = float(np.hypot(stop[0] - x, stop[1] - y))
            if length <= gap:
                continue
            part = (length - gap) / length
            stop = (x + (stop[0] - x) * part, y + (stop[1] - y) * part)
            places.append(Place(box, 0.25 * distance, side, (start, stop)))
    return places
