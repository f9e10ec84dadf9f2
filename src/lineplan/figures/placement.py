"""Where words stand on the map: the best free place of each, in the order of their rank."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely

from lineplan.figures.window import Box

APART_MM = 0.5
"""Least distance between two labels."""


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

    def copy(self) -> Placement:
        """Return the same, to try what could be taken."""
        return Placement(self.frame, self.lines, list(self._taken), self._costs)

    def adopt(self, trial: Placement) -> None:
        """Take what a copy took."""
        self._taken = trial._taken

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

    def _ranked(self, places: Iterable[Place]) -> Iterator[Place]:
        costs = [
            (round(place.cost + self._covered(place.box), 6), number, place)
            for number, place in enumerate(places)
        ]
        yield from (place for *_, place in sorted(costs, key=lambda item: item[:2]))

    def _covered(self, box: Box) -> float:
        if box not in self._costs:  # the same places are tried in several orders
            self._costs[box] = sum(
                weight * float(shapely.length(shapely.clip_by_rect(lines, *box)))
                for lines, weight in self.lines
            )
        return self._costs[box]


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
