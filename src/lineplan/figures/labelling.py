"""What is written on the map, and where."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import shapely

from lineplan.facts import own_name
from lineplan.figures.ground import STROKES, Drawn
from lineplan.figures.hatching import MM_PER_PX
from lineplan.figures.placement import Place, Placement, apart, around, within
from lineplan.figures.sheet import balanced
from lineplan.figures.words import INK, PAPER, Line, Stack
from lineplan.scenery import base_map, cities, roomy_spots

if TYPE_CHECKING:
    from lineplan.facts import Facts
    from lineplan.figures.sheet import Sheet
    from lineplan.figures.window import Box, Window
    from lineplan.scenery import City

_LARGE, _MIDDLE, _SMALL = 400_000, 250_000, 100_000
_CHIEF = 5
"""So many cities of the ground a plan speaks of come first, even where none is large."""
_SPREAD = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9, 0.45, 0.55, 0.35, 0.65, 0.25, 0.75)
CLEAR_MM = 1.0
"""Least distance of words from the dashes of the line of contact, and of names from the border."""
_ALONE = 15.0
"""What it costs to write a figure of several units into one of them."""
_CROSSED_MM = 40.0
"""So much ground of another status, and no more, a stroke to a label may cross."""
_ON_OTHER = 10.0
"""What it costs to write a status on ground of which no clause speaks, with a stroke."""
_LONGEST_STROKE, _ANY_STROKE_MM = 0.3, 38.0
"""Of a stroke, as a share of the frame's width; up to so many mm it is short on any page."""
_CALLOUT_MM = (5.0, 8.0, 12.0, 17.0, 23.0, 30.0, 38.0, 48.0, 60.0, 75.0)


_MUST, _STATUS, _LINE, _UNIT = 5000.0, 1000.0, 500.0, 100.0
"""What it costs to leave out a label."""
_STATUS_FORMS = ((7.0, (36.0, 28.0, 22.0), 0.0), (6.0, (30.0, 22.0, 16.0), 8.0))
"""Size in points, widths in mm, and what they cost."""
_AT_COAST = 20.0
"""What it costs a city's name to cross the border."""


@dataclass(frozen=True)
class _Wish:
    """What wants room: how much it is worth, where it could stand, how it is written there."""

    worth: float
    places: Sequence[Place]
    write: Callable[[Place], None] = lambda _: None


def _anchors(part: shapely.Geometry) -> list[tuple[float, float]]:
    """Spots that a stroke can point to: well inside a piece of ground, the roomiest first."""
    spots = [(x, y) for y, x in roomy_spots(part)]
    core = shapely.buffer(part, -0.4 * shapely.distance(shapely.Point(spots[0]), part.boundary))
    return [spot for spot in spots if core.intersects(shapely.Point(spot))]


@dataclass
class Labels:
    """Labels in the order of their rank; what finds no room is in the table, or left out."""

    sheet: Sheet
    facts: Facts
    window: Window
    drawn: Drawn
    scale: float
    least_points: float
    placement: Placement = field(init=False, repr=False)

    def __post_init__(self) -> None:
        lines = self.drawn.lines
        costs = {"line": 4.0, "border": 2.0, "units": 0.12, "rivers": 0.03}
        covered = [(lines[kind], cost) for kind, cost in costs.items()]
        self.placement = Placement(self.window.frame, covered)
        shapely.prepare(self.drawn.outline)

    def write(self, furniture: Sequence[Sequence[Place]]) -> list[Box | None]:
        """Write everything; return where furniture may stand, of the places given for each."""
        shown = self._cities()
        large = [city for city in shown if city.population >= _LARGE and not city.abroad]
        middle = [  # of ground seen from near, the largest of its cities, however small
            city
            for number, city in enumerate(
                c for c in shown if c.population < _LARGE and c.named and not c.abroad
            )
            if city.population >= _MIDDLE or (number < _CHIEF and city.population >= _SMALL)
        ]
        rest = [city for city in shown if city not in large and city not in middle]
        for city in (*large, *middle):
            self.placement.take(self._dot(city))
        wishes = [
            *(_Wish(_MUST, places) for places in furniture),
            *self._statuses(again=False),
            *self._line(),
            *(self._of_city(city, 300.0) for city in large),
            *(self._of_city(city, 150.0) for city in middle),
            *self._units(named=True),
        ]
        placed = self._fulfil(wishes)
        self._fulfil(self._statuses(again=True))
        for city in (c for c in rest if not c.abroad and c.population >= _SMALL):
            self._city(city)
        for wish in self._units(named=False):
            self._fulfil([wish])
        for city in (c for c in rest if c.abroad or c.population < _SMALL):
            self._city(city)
        return [None if place is None else place.box for place in placed[: len(furniture)]]

    def _fulfil(self, wishes: Sequence[_Wish]) -> list[Place | None]:
        """Place and write what there is room for."""
        found = self.placement.together([(w.worth, w.places) for w in wishes], self._apart)
        for wish, place in zip(wishes, found, strict=True):
            if place is not None:
                wish.write(place)
        return found

    @property
    def _apart(self) -> float:
        return 1.1 * self.scale

    @cached_property
    def _near(self) -> dict[str, shapely.Geometry]:
        """Ground too near the strokes of the line of contact and of the border for words."""
        found = {}
        for kind in ("line", "border"):
            clear = (CLEAR_MM + STROKES[kind][1] * MM_PER_PX / 2) * self.scale
            found[kind] = shapely.buffer(self.drawn.lines[kind], clear)
            shapely.prepare(found[kind])
        return found

    def _clear_of(self, places: Sequence[Place], *kinds: str) -> list[Place]:
        """The places whose words keep clear of lines."""
        if not places:
            return []
        boxes = shapely.box(*np.array([place.box for place in places]).T)
        near = np.any([shapely.intersects(self._near[kind], boxes) for kind in kinds], axis=0)
        return [place for place, is_near in zip(places, near, strict=True) if not is_near]

    def _same_side(self, spot: tuple[float, float], places: Sequence[Place]) -> list[Place]:
        """The places that the line of contact does not part from a spot."""
        line, point = self.drawn.lines["line"], shapely.Point(spot)
        return [
            place
            for place in places
            if not line.intersects(shapely.shortest_line(point, shapely.box(*place.box)))
        ]

    def _size(self, points: float) -> float:
        return round(points * self.scale, 2)

    def _cities(self) -> list[City]:
        """Chief cities: the larger the ground that is shown, the fewer."""
        west, south, east, north = self.window.in_degrees()
        box = shapely.box(west, south, east, north)
        arrangement = self.facts.arrangement
        zones = arrangement.zones
        named = set(zones.loc[zones["clause_id"] != "", "unit_id"])
        least = np.interp(
            self.window.metres_per_mm * self.scale, [500, 1500, 3000, 5000], [0, 4e4, 1e5, 2.5e5]
        )
        base = base_map(arrangement.dataset, zones.crs)
        outline = shapely.union_all(arrangement.units.geometry.to_numpy())
        words = self.facts.words
        found = cities(
            arrangement.dataset, base, box, outline, named, lambda row: (own_name(row, words),)
        )
        kept = [c for c in found if c.population >= (max(least, 2.5e5) if c.abroad else least)]
        left, bottom, right, top = self.window.frame
        frame = shapely.box(left + 1, bottom + 1, right - 1, top - 1)
        inside = [c for c in kept if frame.contains(self._dot(c))]
        return sorted(inside, key=lambda c: (c.abroad, -c.population, c.names))

    def _dot(self, city: City) -> shapely.Geometry:
        spot = shapely.Point(self.window.spot(city.lon, city.lat))
        return shapely.buffer(spot, self._radius(city), quad_segs=4)

    def _city(self, city: City) -> None:
        if self.placement.is_free(dot := self._dot(city), 0.3):
            (found,) = self._fulfil([self._of_city(city, _MUST)])
            if found is not None:
                self.placement.take(dot)

    def _of_city(self, city: City, worth: float) -> _Wish:
        spot = self.window.spot(city.lon, city.lat)
        large = city.population >= _LARGE and not city.abroad
        size = 7.0 if large else 6.2 if city.population >= _SMALL and not city.abroad else 5.8
        line = Line(city.names[0], self._size(size), large, "#5b584f" if city.abroad else "#23282c")
        stack = Stack([line])
        gap = self._radius(city) + 0.75 * self.scale
        # A name may cross the border, which is the coast beside harbours, but not the line.
        places = [
            replace(place, cost=place.cost + step)
            for step in range(3)
            for place in around(spot, stack.size, gap + 0.5 * step * self.scale)
        ]
        places = self._same_side(spot, self._clear_of(places, "line"))
        on_land = set(self._clear_of(places, "border"))
        places = [p if p in on_land else replace(p, cost=p.cost + _AT_COAST) for p in places]

        def write(place: Place) -> None:
            colour = "#8b877b" if city.abroad else "#23282c"
            width = 0.2 * self.scale
            radius = self._radius(city)
            self.sheet.dots("cities", [spot], radius, colour, edge=PAPER, width_mm=width)
            stack.write(self.sheet, "labels-cities", place.box, place.align, halo=PAPER)

        return _Wish(worth, places, write)

    def _radius(self, city: City) -> float:
        large = city.population >= _LARGE and not city.abroad
        return (0.62 if large else 0.5) * self.scale

    def _statuses(self, *, again: bool) -> list[_Wish]:
        """What the plan says of ground, with its figure; `again`: on what lies apart from it."""
        zones = self.facts.arrangement.zones
        wishes = []
        for label, figure, chosen in self._grounds():
            seen = shapely.union_all(self.drawn.zones[chosen])
            parts = [p for p in shapely.get_parts(seen) if p.geom_type == "Polygon"]
            parts.sort(key=lambda part: -part.area)
            # A figure stands on the map only where the ground it is of is on the map.
            seen_km2 = float(shapely.area(seen)) * self.window.metres_per_mm**2 / 1e6
            is_whole = seen_km2 > 0.9 * zones.loc[chosen, "area_km2"].sum()
            if again:
                rest = [part for part in parts[1:3] if part.area > 450 * self.scale**2]
                wishes += [self._status((label, ""), part, chosen, again=True) for part in rest]
            elif parts:
                words = (label, figure if is_whole else "")
                wishes.append(self._status(words, parts[0], chosen, again=False))
        return wishes

    def _grounds(self) -> Iterator[tuple[str, str, np.ndarray]]:
        """What is named on the map: label, figure, and which zones they are of.

        Where a text changes nothing, those who hold ground are named.
        """
        zones = self.facts.arrangement.zones
        default = self.facts.arrangement.dataset.default_holder
        for status in self.facts.statuses():
            chosen = (zones["status"] == status["status"]).to_numpy()
            if status["named"] and status["status"] != "unaffected":
                yield status["label"], status["headline"], chosen
            elif status["named"] or self.facts.is_reference:
                for holder in status["holders"]:
                    if holder["held_by"] != default:
                        held = (zones["held_by"] == holder["held_by"]).to_numpy()
                        label = holder["label"][:1].upper() + holder["label"][1:]
                        yield label, holder["area"], chosen & held

    def _status(
        self, words: tuple[str, str], part: shapely.Geometry, chosen: np.ndarray, *, again: bool
    ) -> _Wish:
        """Room on ground of the status, or outside all units with a stroke that ends in it."""
        named = (self.facts.arrangement.zones["clause_id"] != "").to_numpy()
        others = shapely.union_all(self.drawn.zones[named & ~chosen])
        grounds = chosen, shapely.simplify(others, 0.2)  # what strokes cross, not to the last mm
        stacks: dict[Place, Stack] = {}
        for points, widths, more in (
            (7.0, (36.0, 28.0, 22.0), 0.0),
            (6.0, (30.0, 22.0, 16.0), 8.0),
        ):
            size = self._size(points)
            for place, stack in self._places_of(words, part, grounds, size, widths, again=again):
                stacks.setdefault(replace(place, cost=place.cost + more), stack)

        def write(place: Place) -> None:
            if place.leader is not None:
                stroke = [shapely.LineString(place.leader)]
                self.sheet.stroke("leaders", stroke, PAPER, 0.7 * self.scale)
                self.sheet.stroke("leaders", stroke, INK, 0.25 * self.scale)
                self.sheet.dots("leaders", [place.leader[0]], 0.5 * self.scale, INK)
            stacks[place].write(self.sheet, "labels-zones", place.box, place.align, halo=PAPER)

        return _Wish(_STATUS, list(stacks), write)

    def _places_of(
        self,
        words: tuple[str, str],
        part: shapely.Geometry,
        grounds: tuple[np.ndarray, shapely.Geometry],
        size: float,
        widths: Sequence[float],
        *,
        again: bool,
    ) -> list[tuple[Place, Stack]]:
        """Where a status could stand, and how its words are broken there."""
        (label, figure), (chosen, others) = words, grounds
        anchors = _anchors(part)
        # Rather not beside a large city, where the end of a stroke would be taken for a place.
        beside = [not self.placement.is_free(shapely.Point(a), 3.5 * self.scale) for a in anchors]
        reach = [mm * self.scale for mm in _CALLOUT_MM]
        found = []
        for rank, width in enumerate(widths):
            name = balanced(label, width * self.scale, size, bold=True, cut=False)
            lines = [Line(line, size, True) for line in name]
            stack = Stack([*lines, Line(figure, size)] if figure else lines)
            places = within(part, stack.size, 1.2 * self.scale)
            if figure:
                places = self._across_units(places, chosen)
            if not again:
                places += [
                    replace(place, cost=place.cost + 4.0 * number + 6.0 * beside[number])
                    for number, spot in enumerate(anchors)
                    for place in self._outside(apart(spot, stack.size, reach), others)
                ]
            places = [replace(p, cost=p.cost + rank) for p in places]
            found += [(p, stack) for p in self._clear_of(places, "line", "border")]
        return found

    def _across_units(self, places: Sequence[Place], chosen: np.ndarray) -> list[Place]:
        """The same places, dear where a figure of several units would stand in one of them."""
        unit_of = self.facts.arrangement.zones["unit_id"].to_numpy()
        grounds = [
            shapely.union_all(self.drawn.zones[chosen & (unit_of == unit)])
            for unit in dict.fromkeys(unit_of[chosen])
        ]
        whole = sum(ground.area for ground in grounds)
        if not places or sum(ground.area > 0.05 * whole for ground in grounds) < 2:
            return list(places)
        boxes = shapely.box(*np.array([place.box for place in places]).T)
        areas = shapely.area(shapely.intersection(np.array(grounds)[:, None], boxes))
        # On one alone if the others have next to nothing of it.
        alone = areas.max(axis=0) > 0.85 * shapely.area(boxes)
        return [
            replace(place, cost=place.cost + _ALONE * bool(is_alone))
            for place, is_alone in zip(places, alone, strict=True)
        ]

    def _outside(self, places: Sequence[Place], others: shapely.Geometry) -> list[Place]:
        """The places off the ground of clauses whose stroke crosses little ground of others.

        Outside all units, or dearer on ground of which no clause speaks.
        """
        if not places:
            return []
        boxes = shapely.box(*np.array([place.box for place in places]).T)
        named = (self.facts.arrangement.zones["clause_id"] != "").to_numpy()
        spoken_of = shapely.union_all(self.drawn.zones[named])
        dear = _ON_OTHER * shapely.intersects(self.drawn.outline, boxes)
        free = ~shapely.intersects(spoken_of, boxes)
        left, _, right, _ = self.window.frame
        kept = [
            replace(place, cost=place.cost + more)
            for place, is_free, more in zip(places, free, dear.tolist(), strict=True)
            if is_free and _length(place) <= max(_LONGEST_STROKE * (right - left), _ANY_STROKE_MM)
        ]
        strokes = shapely.linestrings([place.leader for place in kept]) if kept else []
        crossed = shapely.length(shapely.intersection(others, strokes))
        return [
            replace(place, cost=place.cost + 0.6 * float(mm))
            for place, mm in zip(kept, crossed, strict=True)
            if mm < _CROSSED_MM * self.scale
        ]

    def _off_named(self, places: Iterable[Place]) -> list[Place]:
        """The same places, dearer where they cover ground that the plan speaks of."""
        named = (self.facts.arrangement.zones["clause_id"] != "").to_numpy()
        ground = shapely.buffer(shapely.union_all(self.drawn.zones[named]), CLEAR_MM * self.scale)
        return [
            replace(
                place,
                cost=place.cost
                + 0.4 * float(shapely.area(shapely.intersection(ground, shapely.box(*place.box))))
                + float(
                    shapely.length(shapely.intersection(ground, shapely.LineString(place.leader)))
                    if place.leader
                    else 0.0
                ),
            )
            for place in places
        ]

    def _line(self) -> list[_Wish]:
        """The line of contact carries its date."""
        parts = [p for p in shapely.get_parts(self.drawn.lines["line"]) if p.length > 3]
        if not parts:
            return []
        longest = max(parts, key=lambda part: part.length)
        size = self._size(6.6)
        day = self.facts.line_date.replace(" ", "\N{NO-BREAK SPACE}")
        words = self.facts.words.text("map.line_label", date=day)
        stack = Stack(
            [
                Line(w, size, True, "#111111")
                for w in balanced(words, 30 * self.scale, size, bold=True, cut=False)
            ]
        )
        places = []
        for rank, share in enumerate(_SPREAD):
            spot = shapely.line_interpolate_point(longest, share, normalized=True)
            beside = apart((spot.x, spot.y), stack.size, [mm * self.scale for mm in (2.6, 5, 8)])
            places += [replace(place, cost=place.cost + rank / 4) for place in beside]
        places = self._clear_of(places, "line", "border")

        def write(place: Place) -> None:
            if place.leader is not None:
                stroke = [shapely.LineString(place.leader)]
                self.sheet.stroke("leaders", stroke, "#17191b", 0.3 * self.scale)
            stack.write(self.sheet, "labels-line", place.box, place.align, halo=PAPER)

        return [_Wish(_LINE, self._off_named(places), write)]

    def _units(self, *, named: bool) -> list[_Wish]:
        wishes = []
        arrangement, names = self.facts.arrangement, self.facts.unit_names()
        zones = arrangement.zones
        spoken_of = set(zones.loc[zones["clause_id"] != "", "unit_id"])
        unit_of = zones["unit_id"].to_numpy()
        for unit_id in arrangement.units["unit_id"]:
            if (unit_id in spoken_of) is not named:
                continue
            shape = shapely.union_all(self.drawn.zones[unit_of == unit_id])
            parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
            if not parts or max(p.area for p in parts) < 60 * self.scale**2:
                continue
            words = names[str(unit_id)]
            if self.facts.words.lang != "zh-Hant":
                words = words.upper()
            colour = "#33393e" if named else "#5d646a"
            ground = max(parts, key=lambda part: part.area)
            stacks: dict[Place, Stack] = {}
            for rank, (name, points, width) in enumerate(_forms(words, named=named)):
                size = self._size(points)
                if size < self.least_points:
                    continue
                lines = balanced(name, width * self.scale, size, bold=named, cut=False)
                stack = Stack([Line(line, size, named, colour) for line in lines])
                places = self._clear_of(
                    within(ground, stack.size, 0.8 * self.scale, over_mm=0.4), "line", "border"
                )
                for place in places:
                    stacks.setdefault(replace(place, cost=place.cost + 2.0 * rank), stack)

            def write(place: Place, stacks: dict[Place, Stack] = stacks) -> None:
                stack = stacks[place]
                stack.write(self.sheet, "labels-units", place.box, place.align, halo=PAPER)

            wishes.append(_Wish(_UNIT, list(stacks), write))
        return wishes


def _length(place: Place) -> float:
    """Length of the stroke to a label, in mm."""
    return math.dist(*place.leader) if place.leader else 0.0


def _forms(name: str, *, named: bool) -> Iterator[tuple[str, float, float]]:
    """Forms of a unit's name, with size in points and width in mm, the fullest first.

    What stands in brackets can be left out: Crimea (Autonomous Republic).
    """
    short = re.sub(r"\s*[(（].*[)）]", "", name) or name
    for points in (5.8, 5.2) if named else (5.8,):
        for form in dict.fromkeys((name, short)):
            for width in (27.0, 18.0, 12.0):
                yield form, points, width
