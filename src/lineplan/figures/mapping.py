"""The map itself: ground, lines and what is written on them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from lineplan import geodesy
from lineplan.facts import own_name
from lineplan.figures.hatching import MM_PER_PX, paint_ground
from lineplan.figures.lines import lines_between
from lineplan.figures.placement import Place, Placement, apart, around, within
from lineplan.figures.sheet import balanced
from lineplan.figures.window import Box, Window, fit
from lineplan.figures.words import INK, PAPER, Line, Stack
from lineplan.scenery import base_map, base_shapes, cities, roomy_spots

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement
    from lineplan.facts import Facts
    from lineplan.figures.sheet import Sheet
    from lineplan.scenery import City

SEA, LAND = "#dde8ec", "#ece8de"
STROKES = {
    "rivers": ("#8fb3c4", 1.1),
    "units": ("#6f6a60", 0.9),
    "neighbours": ("#a39d8e", 1.2),
    "line": ("#17191b", 2.0),
    "border": ("#3b3f43", 2.5),
}
"""Colour and width, in pixels of the web map, of every line. The border is the heaviest."""
DASH_PX = (7.0, 4.0)

MAP_LAYERS = (
    "sea",
    "land",
    "zones",
    "hatching",
    "rivers",
    "unit-boundaries",
    "other-borders",
    "line-of-contact",
    "border",
    "leaders",
    "label-halos",
    "cities",
    "labels-units",
    "labels-cities",
    "labels-zones",
    "labels-line",
    "scale-bar",
    "inset",
)
"""Layers of the map, the lowest first."""

_LARGE, _MIDDLE, _SMALL = 400_000, 250_000, 100_000
_SPREAD = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9, 0.45, 0.55, 0.35, 0.65, 0.25, 0.75)
CLEAR_MM = 1.0
"""Least distance of words from the dashes of the line of contact, and of names from the border."""
_ALONE = 15.0
"""What it costs to write a figure of several units into one of them."""
_CROSSED_MM = 18.0
"""So much ground of another status, and no more, a stroke to a label may cross."""
_CALLOUT_MM = (5.0, 8.0, 12.0, 17.0, 23.0, 30.0, 38.0, 48.0, 60.0, 75.0)


@dataclass(frozen=True)
class Drawn:
    """What the frame shows, in mm.

    Parameters
    ----------
    zones
        Of each zone, in the order of the arrangement.
    lines
        ``border``, ``units``, ``line``, ``neighbours`` and ``rivers``.
    outline
        All units.
    """

    zones: np.ndarray
    lines: dict[str, shapely.Geometry]
    outline: shapely.Geometry


def draw_map(
    sheet: Sheet, facts: Facts, window: Window, scale: float, *, least_points: float = 0.0
) -> None:
    """
    Draw the map into its frame.

    Parameters
    ----------
    sheet
        With `MAP_LAYERS`.
    facts
        What is said.
    window
        Which ground.
    scale
        Of text and lines; 1 for A4.
    least_points
        Names of units are not written smaller.
    """
    sheet.window = window
    drawn = _draw_ground(sheet, facts, window, scale)
    placement = Placement(
        window.frame,
        lines=[
            (drawn.lines["line"], 4.0),
            (drawn.lines["border"], 2.0),
            (drawn.lines["units"], 0.12),
            (drawn.lines["rivers"], 0.03),
        ],
    )
    corners = _corners(drawn, facts, window, (44 * scale, 11 * scale), (30 * scale, 24 * scale))
    bar, inset = corners
    _draw_scale_bar(sheet, facts, window, bar, scale)
    placement.take(shapely.box(*bar))
    if not _shows_all(facts, window):
        taken = _draw_inset(sheet, facts, window, inset, scale)
        placement.take(shapely.box(*taken))
    _Labels(sheet, facts, window, drawn, placement, scale, least_points).write()


def simplified(arrangement: Arrangement, window: Window) -> np.ndarray:
    """Shapes of the zones with no more points than a page shows, shared edges still shared."""
    # A fortieth of a millimetre on the page, in degrees of latitude.
    tolerance = max(window.metres_per_mm / 40 / 111_000, 1e-4)
    shapes = arrangement.zones.geometry.to_numpy()
    return np.asarray(shapely.coverage_simplify(shapes, tolerance))


def drift_of(arrangement: Arrangement, window: Window) -> float:
    """The largest difference between the drawn and the computed area of a zone, as a share.

    Of zones of more than 100 km².
    """
    whole = arrangement.zones["area_km2"].to_numpy()
    drawn = geodesy.area_m2(simplified(arrangement, window)) / 1e6
    large = whole > 100
    return float(np.max(np.abs(drawn - whole)[large] / whole[large], initial=0.0))


def _merged(shapes: np.ndarray) -> shapely.Geometry:
    """The lines of shapes, end to end, so that a dashed line keeps its rhythm."""
    parts = list(shapely.get_parts(shapes, return_index=False))
    flat = [q for p in parts for q in shapely.get_parts(p) if q.geom_type == "LineString"]
    return shapely.line_merge(shapely.union_all(flat)) if flat else shapely.MultiLineString()


def known_bounds(facts: Facts) -> Box | None:
    """West, south, east and north of the base map; None where the dataset has none."""
    context = base_map(facts.arrangement.dataset, facts.arrangement.zones.crs)
    drawn = context[context["layer"] == "land"]
    if drawn.empty:
        return None
    west, south, east, north = (float(value) for value in drawn.total_bounds)
    return west, south, east, north


def _draw_ground(sheet: Sheet, facts: Facts, window: Window, scale: float) -> Drawn:
    arrangement = facts.arrangement
    shapes = simplified(arrangement, window)
    outline = shapely.union_all(shapes)
    west, south, east, north = window.in_degrees()
    around_it = shapely.box(west - 0.5, south - 0.5, east + 0.5, north + 0.5)
    base = base_shapes(base_map(arrangement.dataset, arrangement.zones.crs), around_it, outline)
    lines = {
        **{kind: [found] for kind, found in lines_between(shapes, arrangement).items()},
        "neighbours": list(base["neighbours"]),
        "rivers": list(base["rivers"]),
    }
    seen = {kind: _merged(window.seen(parts)) for kind, parts in lines.items()}
    seen["line"] = _without_crumbs(seen["line"], window)
    zones = _polygons(window.seen(shapes))

    px = MM_PER_PX * scale
    known = known_bounds(facts)
    sheet.fill("sea", window.shape if known is None else window.seen([shapely.box(*known)])[0], SEA)
    for part in window.seen(base["land"]):
        sheet.fill("land", part, LAND)
    for zone, shape in zip(facts.zones(), zones, strict=True):
        if not shapely.is_empty(shape):
            name = f"zone-{zone['id']}"
            layers = ("zones", "hatching")
            paint_ground(sheet, shape, zone["paint"], layers=layers, name=name, scale=scale)

    def stroke(layer: str, kind: str, **how: Any) -> None:
        colour, width = STROKES[kind]
        sheet.stroke(layer, seen[kind], colour, width * px, **how)

    stroke("rivers", "rivers")
    stroke("unit-boundaries", "units")
    stroke("other-borders", "neighbours")
    sheet.stroke("line-of-contact", seen["line"], PAPER, 4.2 * px, cap="butt")
    dash = [length * px for length in DASH_PX]
    stroke("line-of-contact", "line", dash_mm=dash, cap="butt")
    stroke("border", "border")
    return Drawn(zones, seen, window.seen([outline])[0])


def _polygons(shapes: np.ndarray) -> np.ndarray:
    """Shapes without the lines and points in which the frame only touches them."""
    kept = [
        shapely.union_all([p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"])
        for shape in shapes
    ]
    return np.asarray(kept, dtype=object)


def _without_crumbs(line: shapely.Geometry, window: Window) -> shapely.Geometry:
    """A line without what the frame cuts down to less than a dash."""
    edge = window.shape.exterior
    return shapely.MultiLineString(
        [part for part in shapely.get_parts(line) if part.length > 2 or edge.disjoint(part)]
    )


def _shows_all(facts: Facts, window: Window) -> bool:
    """Whether all units are in the frame, so that a locator would say nothing."""
    box = shapely.box(*window.in_degrees())
    whole = shapely.box(*facts.arrangement.units.total_bounds)
    return bool(shapely.intersection(box, whole).area > 0.85 * whole.area)


def _corners(drawn: Drawn, facts: Facts, window: Window, *sizes: tuple[float, float]) -> list[Box]:
    """A corner of the frame for each thing that needs one, where it covers least."""
    left, bottom, right, top = window.frame
    named = (facts.arrangement.zones["clause_id"] != "").to_numpy()
    gap = 2.0
    free = ["bottom left", "bottom right", "top right", "top left"]
    boxes = []
    for width, height in sizes:

        def box_at(corner: str, width: float = width, height: float = height) -> Box:
            x = left + gap if "left" in corner else right - gap - width
            y = bottom + gap if "bottom" in corner else top - gap - height
            return x, y, x + width, y + height

        def covered(corner: str, box_at: Any = box_at) -> float:
            box = shapely.box(*box_at(corner))
            areas = shapely.area(shapely.intersection(drawn.zones, box))
            line = shapely.length(shapely.intersection(drawn.lines["line"], box))
            return float(areas[named].sum() * 8 + areas.sum() + line * 40)

        chosen = min(free, key=covered)
        free.remove(chosen)
        boxes.append(box_at(chosen))
    return boxes


def bar_length_km(window: Window, room_mm: float) -> float:
    """The longest round length that fits into `room_mm`."""
    room_km = room_mm * window.metres_per_mm / 1000
    power = 10.0 ** math.floor(math.log10(room_km))
    return max(step * power for step in (1, 2, 5) if step * power <= room_km)


def _draw_scale_bar(sheet: Sheet, facts: Facts, window: Window, box: Box, scale: float) -> None:
    km = bar_length_km(window, (box[2] - box[0]) * 0.8)
    length = km * 1000 / window.metres_per_mm
    x0 = box[0] + 1.0 if box[0] < (window.frame[0] + window.frame[2]) / 2 else box[2] - 1 - length
    y = box[1] + 2.2 * scale
    text = facts.words.text
    key, number = ("figure.km", km) if km >= 1 else ("figure.m", km * 1000)
    said = text(key, number=facts.words.number(number))
    tick = 1.1 * scale
    bar = [(x0, y + tick), (x0, y), (x0 + length, y), (x0 + length, y + tick)]
    sheet.stroke("scale-bar", [shapely.LineString(bar)], PAPER, 1.3 * scale, cap="round")
    sheet.stroke("scale-bar", [shapely.LineString(bar)], INK, 0.4 * scale, cap="butt")
    middle = x0 + length / 2
    half = shapely.LineString([(middle, y), (middle, y + tick * 0.7)])
    sheet.stroke("scale-bar", [half], INK, 0.3 * scale, cap="butt")
    size = 6.3 * scale
    sheet.text(
        "scale-bar", (middle, y + 1.8 * scale), said, size, align="center", halo=PAPER,
        halo_layer="scale-bar",
    )  # fmt: skip


def _draw_inset(sheet: Sheet, facts: Facts, window: Window, box: Box, scale: float) -> Box:
    """Draw the locator: all units, and what the map shows of them."""
    units = facts.arrangement.units
    shown = window.ground()
    west, south, east, north = (
        float(v) for v in shapely.union(shown, shapely.box(*units.total_bounds)).bounds
    )
    locator = fit([[south, west], [north, east]], box)
    outline = shapely.union_all(shapely.coverage_simplify(units.geometry.to_numpy(), 0.03))
    sheet.fill("inset", locator.shape, LAND)
    width = 1.3 * MM_PER_PX * scale
    country = locator.seen([outline])[0]
    sheet.fill("inset", country, "#f6f4ee", edge=STROKES["border"][0], width_mm=width)
    shown = locator.seen([shown])[0]
    sheet.fill("inset", shown, "none", edge="#0b6e6e", width_mm=0.5 * scale)
    sheet.fill("inset", locator.shape, "none", edge="#8b8676", width_mm=0.2)
    return box


def _anchors(part: shapely.Geometry) -> list[tuple[float, float]]:
    """Spots that a stroke can point to: well inside a piece of ground, the roomiest first."""
    spots = [(x, y) for y, x in roomy_spots(part)]
    core = shapely.buffer(part, -0.4 * shapely.distance(shapely.Point(spots[0]), part.boundary))
    return [spot for spot in spots if core.intersects(shapely.Point(spot))]


@dataclass(frozen=True)
class _Labels:
    """Labels in the order of their rank; what finds no room is in the table, or left out."""

    sheet: Sheet
    facts: Facts
    window: Window
    drawn: Drawn
    placement: Placement
    scale: float
    least_points: float
    _places: dict[Any, list[tuple[Place, Stack]]] = field(default_factory=dict, repr=False)

    def write(self) -> None:
        shown = self._cities()
        large = [city for city in shown if city.population >= _LARGE and not city.abroad]
        middle = [
            city
            for city in shown
            if _MIDDLE <= city.population < _LARGE and city.named and not city.abroad
        ]
        rest = [city for city in shown if city not in large and city not in middle]
        for city in large:
            self.placement.take(self._dot(city))
        self._chief(large)
        self._line()
        for city in middle:
            self._city(city)
        self._units(named=True)
        aside, trial = self._room_for_statuses(self.placement, again=True)
        self.placement.adopt(trial)
        self._write_statuses(aside)
        for city in (c for c in rest if not c.abroad and c.population >= _SMALL):
            self._city(city)
        self._units(named=False)
        for city in (c for c in rest if c.abroad or c.population < _SMALL):
            self._city(city)

    def _chief(self, large: Sequence[City]) -> None:
        """Statuses and large cities: whichever order names more statuses, then more cities.

        A city that a status has left no room is tried first, where no status is lost by it.
        """
        tries = []
        for first in (large, ()):
            trial = self.placement.copy()
            cities = {city: self._room_for(trial, city, reserved=True) for city in first}
            statuses, trial = self._room_for_statuses(trial, again=False)
            cities |= {
                city: self._room_for(trial, city, reserved=True)
                for city in large
                if city not in cities
            }
            named = sum(room is not None for room in cities.values())
            tries.append((len(statuses), named, statuses, cities, trial))
        _, _, statuses, cities, trial = max(tries, key=lambda found: found[:2])
        self.placement.adopt(trial)
        self._write_statuses(statuses)
        for city, room in cities.items():
            self._write_city(city, room)

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
        self._write_city(city, self._room_for(self.placement, city))

    def _room_for(
        self, placement: Placement, city: City, *, reserved: bool = False
    ) -> tuple[Place, Stack] | None:
        """Take room for a city's name; and for its dot, where that is not `reserved`."""
        spot, dot = self.window.spot(city.lon, city.lat), self._dot(city)
        large = city.population >= _LARGE and not city.abroad
        size = 7.0 if large else 6.2 if city.population >= _SMALL and not city.abroad else 5.8
        line = Line(city.names[0], self._size(size), large, "#5b584f" if city.abroad else "#23282c")
        if not reserved and not placement.is_free(dot, 0.3):
            return None
        stack = Stack([line])
        gap = self._radius(city) + 0.75 * self.scale
        # A name may cross the border, which is the coast beside harbours, but not the line.
        places = [
            replace(place, cost=place.cost + step)
            for step in range(3)
            for place in around(spot, stack.size, gap + 0.5 * step * self.scale)
        ]
        places = self._same_side(spot, self._clear_of(places, "line"))
        on_land = self._clear_of(places, "border")
        place = placement.best(on_land) or placement.best(places)
        if place is None:
            return None
        placement.take(dot)
        return place, stack

    def _radius(self, city: City) -> float:
        large = city.population >= _LARGE and not city.abroad
        return (0.62 if large else 0.5) * self.scale

    def _write_city(self, city: City, room: tuple[Place, Stack] | None) -> None:
        if room is None:
            return
        place, stack = room
        spot, colour = self.window.spot(city.lon, city.lat), "#23282c"
        self.sheet.dots(
            "cities",
            [spot],
            self._radius(city),
            "#8b877b" if city.abroad else colour,
            edge=PAPER,
            width_mm=0.2 * self.scale,
        )
        stack.write(self.sheet, "labels-cities", place.box, place.align, halo=PAPER)

    def _room_for_statuses(
        self, placement: Placement, *, again: bool
    ) -> tuple[list[tuple[Place, Stack]], Placement]:
        """What the plan says of ground, with its figure; then `again` on what lies apart from it.

        Which is first decides which find room, so a few orders are tried.
        """
        zones = self.facts.arrangement.zones
        pieces = []
        for label, figure, chosen in self._grounds():
            seen = shapely.union_all(self.drawn.zones[chosen])
            parts = [p for p in shapely.get_parts(seen) if p.geom_type == "Polygon"]
            parts.sort(key=lambda part: -part.area)
            # A figure stands on the map only where the ground it is of is on the map.
            seen_km2 = float(shapely.area(seen)) * self.window.metres_per_mm**2 / 1e6
            is_whole = seen_km2 > 0.9 * zones.loc[chosen, "area_km2"].sum()
            if again:
                rest = [part for part in parts[1:3] if part.area > 450 * self.scale**2]
                pieces += [((label, ""), part, chosen) for part in rest]
            elif parts:
                pieces.append(((label, figure if is_whole else ""), parts[0], chosen))
        rising = sorted(pieces, key=lambda piece: piece[1].area)
        tries = []
        for order in (rising, rising[::-1], rising[-1:] + rising[:-1]):
            trial = placement.copy()
            found = [self._status(trial, *piece, again=again) for piece in order]
            area = sum(piece[1].area for piece, one in zip(order, found, strict=True) if one)
            tries.append(([one for one in found if one is not None], round(area), trial))
            if None not in found:
                break
        best, _, trial = max(
            tries, key=lambda one: (len(one[0]), one[1], -sum(place.cost for place, _ in one[0]))
        )
        return best, trial

    def _write_statuses(self, found: Iterable[tuple[Place, Stack]]) -> None:
        for place, stack in found:
            if place.leader is not None:
                stroke = [shapely.LineString(place.leader)]
                self.sheet.stroke("leaders", stroke, PAPER, 0.7 * self.scale)
                self.sheet.stroke("leaders", stroke, INK, 0.25 * self.scale)
                self.sheet.dots("leaders", [place.leader[0]], 0.5 * self.scale, INK)
            stack.write(self.sheet, "labels-zones", place.box, place.align, halo=PAPER)

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
            elif status["named"]:
                for holder in status["holders"]:
                    if holder["held_by"] != default:
                        held = (zones["held_by"] == holder["held_by"]).to_numpy()
                        label = holder["label"][:1].upper() + holder["label"][1:]
                        yield label, holder["area"], chosen & held

    def _status(
        self,
        placement: Placement,
        words: tuple[str, str],
        part: shapely.Geometry,
        chosen: np.ndarray,
        *,
        again: bool,
    ) -> tuple[Place, Stack] | None:
        """Take room on ground of the status, or outside all units with a stroke that ends in it."""
        for points, widths in ((7.0, (36.0, 28.0, 22.0)), (6.0, (30.0, 22.0))):
            key = (words, part, points, again)
            if key not in self._places:  # the same for whichever order is tried
                self._places[key] = self._places_of(
                    words, part, chosen, self._size(points), widths, again=again
                )
            found = self._places[key]
            place = placement.best([place for place, _ in found], self._apart)
            if place is not None:
                return place, next(stack for other, stack in found if other is place)
        return None

    def _places_of(
        self,
        words: tuple[str, str],
        part: shapely.Geometry,
        chosen: np.ndarray,
        size: float,
        widths: Sequence[float],
        *,
        again: bool,
    ) -> list[tuple[Place, Stack]]:
        """Where a status could stand, and how its words are broken there."""
        label, figure = words
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
                    for place in self._outside(apart(spot, stack.size, reach), chosen)
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

    def _outside(self, places: Sequence[Place], chosen: np.ndarray) -> list[Place]:
        """The places outside all units whose stroke crosses little ground of other statuses."""
        if not places:
            return []
        named = (self.facts.arrangement.zones["clause_id"] != "").to_numpy()
        others = shapely.union_all(self.drawn.zones[named & ~chosen])
        boxes = shapely.box(*np.array([place.box for place in places]).T)
        free = ~shapely.intersects(self.drawn.outline, boxes)
        kept = [place for place, is_free in zip(places, free, strict=True) if is_free]
        strokes = shapely.linestrings([place.leader for place in kept]) if kept else []
        crossed = shapely.length(shapely.intersection(others, strokes))
        return [
            replace(place, cost=place.cost + 0.3 * float(mm))
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

    def _line(self) -> None:
        """The line of contact carries its date."""
        parts = [p for p in shapely.get_parts(self.drawn.lines["line"]) if p.length > 3]
        if not parts:
            return
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
        place = self.placement.best(self._off_named(places), self._apart)
        if place is None:
            return
        if place.leader is not None:
            self.sheet.stroke(
                "leaders", [shapely.LineString(place.leader)], "#17191b", 0.3 * self.scale
            )
        stack.write(self.sheet, "labels-line", place.box, place.align, halo=PAPER)

    def _units(self, *, named: bool) -> None:
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
            for name, points, width in _forms(words, named=named):
                size = self._size(points)
                if size < self.least_points:
                    continue
                lines = balanced(name, width * self.scale, size, bold=named, cut=False)
                stack = Stack([Line(line, size, named, colour) for line in lines])
                places = self._clear_of(
                    within(ground, stack.size, 0.8 * self.scale, over_mm=0.4), "line", "border"
                )
                place = self.placement.best(places, self._apart)
                if place is not None:
                    stack.write(self.sheet, "labels-units", place.box, place.align, halo=PAPER)
                    break


def _forms(name: str, *, named: bool) -> Iterator[tuple[str, float, float]]:
    """Forms of a unit's name, with size in points and width in mm, the fullest first.

    What stands in brackets can be left out: Crimea (Autonomous Republic).
    """
    short = re.sub(r"\s*[(（].*[)）]", "", name) or name
    for points in (5.8, 5.2) if named else (5.8,):
        for form in dict.fromkeys((name, short)):
            for width in (27.0, 18.0, 12.0):
                yield form, points, width
