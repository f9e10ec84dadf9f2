"""What is drawn: the arrangement as arcs, the quiet base under it, labels and context points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from lineplan.webmap.facts import local_name
from lineplan.webmap.geometry import (
    STEP_DEG,
    Topology,
    chains,
    encode,
    encode_lines,
    simplify,
    topology,
)

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement
    from lineplan.labels import Catalogue
    from lineplan.webmap.facts import Facts

ZONE_TOLERANCE_DEG = 0.003
BASE_TOLERANCE_DEG = 0.012
MARGIN_DEG = 2.0
"""How far around the units the base is drawn, where it reaches that far."""
NEAR_BORDER_DEG = 0.06
"""Neighbours' boundaries this close to the units' outer boundary are the same line, drawn once."""
PLACE_POPULATION = 20_000
TWIN_DEG = 0.09
"""A city of the base this close to a place is that place."""
COAST_DEG = 0.03
"""A city this close to the units lies in them: harbours stand outside a generalised coast."""
SMALL_UNIT_DEG2 = 0.3

Bounds = tuple[float, float, float, float]


def draw(facts: Facts) -> dict[str, Any]:
    """
    Return everything the page draws, encoded.

    Returns
    -------
    dict
        ``step``, ``limits``, ``arcs``, ``zones`` (arc numbers of each), ``lines`` (``border``,
        ``units``, ``line``), ``land``, ``neighbours``, ``rivers``, ``reassigned``, ``labels``
        and ``points``.
    """
    arrangement = facts.arrangement
    shapes = simplify(arrangement.zones, ZONE_TOLERANCE_DEG)
    arcs = topology(shapes)
    outline = shapely.union_all(shapes)
    context = _context(arrangement)
    box = _view_box(arrangement, context)
    lines = _lines(arcs, arrangement)
    points = _points(arrangement, facts.words, context, box)
    return {
        "step": STEP_DEG,
        "limits": _corners(shapely.bounds(box)),
        "arcs": [encode(arc) for arc in arcs.arcs],
        "zones": arcs.polygons,
        "lines": lines,
        **_base(context, box, outline),
        "reassigned": _reassigned(arrangement),
        "labels": _labels(facts, context, box, _line_spots(arcs, lines["line"]), points),
        "points": points,
    }


def bounds_of(zones: gpd.GeoDataFrame) -> list[list[float]]:
    """Return the south-west and north-east corner of zones, as (lat, lon)."""
    return _corners(zones.total_bounds)


def _corners(bounds: Any) -> list[list[float]]:
    west, south, east, north = (round(float(value), 4) for value in bounds)
    return [[south, west], [north, east]]


def _has(arrangement: Arrangement, role: str) -> bool:
    return any(file.role == role for file in arrangement.dataset.files)


def _context(arrangement: Arrangement) -> gpd.GeoDataFrame:
    """Base map of the dataset; an empty one where it has none."""
    if _has(arrangement, "context"):
        return arrangement.dataset.context()
    columns: dict[str, list[Any]] = {"layer": [], "name": [], "population": []}
    return gpd.GeoDataFrame(columns, geometry=[], crs=arrangement.zones.crs)


def _view_box(arrangement: Arrangement, context: gpd.GeoDataFrame) -> shapely.Geometry:
    """Box beyond which nothing is drawn and the map does not move."""
    west, south, east, north = arrangement.units.total_bounds
    around = shapely.box(
        west - MARGIN_DEG, south - MARGIN_DEG, east + MARGIN_DEG, north + MARGIN_DEG
    )
    drawn = context[context["layer"] == "land"]
    if drawn.empty:
        return around
    return shapely.intersection(around, shapely.box(*drawn.total_bounds))


def _lines(arcs: Topology, arrangement: Arrangement) -> dict[str, list[list[int]]]:
    """Tell what each arc is from the zones on its two sides."""
    unit = arrangement.zones["unit_id"].to_numpy()
    holder = arrangement.zones["held_by"].to_numpy()
    between = {frozenset(str(pair).split("/")) for pair in arrangement.line["between"]}

    def sides(owners: frozenset[int], column: Any) -> frozenset[str]:
        return frozenset(str(column[row]) for row in owners)

    return {
        "border": chains(arcs, [len(owners) == 1 for owners in arcs.owners]),
        "units": chains(arcs, [len(sides(owners, unit)) == 2 for owners in arcs.owners]),
        "line": chains(arcs, [sides(owners, holder) in between for owners in arcs.owners]),
    }


def _base(
    context: gpd.GeoDataFrame, box: shapely.Geometry, outline: shapely.Geometry
) -> dict[str, list[str]]:
    def clipped(layer: str) -> np.ndarray:
        shapes = context.loc[context["layer"] == layer, "geometry"].to_numpy()
        parts = shapely.get_parts(shapely.intersection(shapes, box))
        return np.asarray(parts[~shapely.is_empty(parts)])

    # Inside the units and along their border only the units' own outer boundary is drawn.
    elsewhere = shapely.difference(
        clipped("international_boundary"),
        shapely.buffer(outline, NEAR_BORDER_DEG, quad_segs=2),
    )
    # Land of the base that lies under the units, or would show along their coast, is left out.
    frontier = shapely.buffer(
        shapely.union_all(clipped("international_boundary")), 0.12, quad_segs=2
    )
    own = shapely.difference(shapely.buffer(outline, COAST_DEG, quad_segs=2), frontier)
    return {
        "land": encode_lines(shapely.difference(clipped("land"), own), BASE_TOLERANCE_DEG),
        "neighbours": encode_lines(elsewhere, BASE_TOLERANCE_DEG),
        "rivers": encode_lines(clipped("river"), BASE_TOLERANCE_DEG * 2 / 3),
    }


def _reassigned(arrangement: Arrangement) -> list[str]:
    rows = arrangement.reassigned
    moved = rows[rows["action"] == "reassigned"]
    return encode_lines(moved.geometry.to_numpy(), ZONE_TOLERANCE_DEG)


def _line_spots(arcs: Topology, lines: list[list[int]]) -> list[list[float]]:
    """Points along the longest piece of the line of contact where its date can stand."""
    pieces = []
    for numbers in lines:
        points = [
            point
            for n in numbers
            for point in (arcs.arcs[n] if n >= 0 else reversed(arcs.arcs[~n]))
        ]
        pieces.append(shapely.LineString(points))
    if not pieces:
        return []
    longest = max(pieces, key=lambda piece: piece.length)
    spots = [shapely.line_interpolate_point(longest, part, normalized=True) for part in _SPREAD]
    return [[round(p.y * STEP_DEG, 4), round(p.x * STEP_DEG, 4)] for p in spots]


# From the middle outwards.
_SPREAD = (0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9, 0.45, 0.55, 0.35, 0.65, 0.25, 0.75)


def _labels(
    facts: Facts,
    context: gpd.GeoDataFrame,
    box: shapely.Geometry,
    line_spots: list[list[float]],
    points: list[dict[str, Any]],
) -> list[dict[str, Any]]:
    """Labels by rank: large cities, the line, units the plan names, cities, other units."""
    zones, names = facts.arrangement.zones, facts.unit_names()
    named = set(zones.loc[zones["clause_id"] != "", "unit_id"])
    ranked: list[tuple[float, dict[str, Any]]] = []
    if line_spots:
        day = facts.line_date.replace(" ", "\N{NO-BREAK SPACE}")
        text = facts.words.text("map.line_label", date=day)
        label = {"kind": "line", "text": text, "at": line_spots, "zoom": 0, "layer": "line"}
        ranked.append((1.5, label))
    for _, unit in facts.arrangement.units.iterrows():
        size, rank, zoom = ("named", 2.0, 5.5) if unit["unit_id"] in named else ("", 4.0, 6.75)
        if unit.geometry.area < SMALL_UNIT_DEG2:  # a city that is a unit: its dot says the name
            zoom = 8.5
        text, spots = names[str(unit["unit_id"])], _roomy(unit.geometry)
        label = {"kind": "unit", "text": text, "at": spots, "zoom": zoom, "size": size}
        ranked.append((rank, {**label, "layer": "units"}))
    for city in _cities(facts, context, box, named):
        size, rank, zoom = _city_class(city)
        at = [[round(city.lat, 3), round(city.lon, 3)]]
        label = {"kind": "city", "text": city.name, "at": at, "zoom": zoom, "size": size}
        ranked.append((rank - city.population / 1e8, {**label, "layer": "cities"}))
    for point in points:
        for site in point["places"]:
            at, layer = [[site["lat"], site["lon"]]], f"point{point['number']}"
            label = {"kind": "point", "text": site["name"], "at": at, "zoom": 0, "layer": layer}
            ranked.append((0, label))
    ranked.sort(key=lambda item: item[0])
    return [label for _, label in ranked]


class _City(NamedTuple):
    name: str
    lat: float
    lon: float
    population: float
    abroad: bool
    named: bool


def _city_class(city: _City) -> tuple[str, float, float]:
    """Return style, rank and the least zoom of a city's label."""
    if city.abroad:
        return "abroad", 6, 5.5 if city.population >= 300_000 else 7.25
    if city.population >= 400_000:
        return "large", 1, 4.5
    if city.population >= 250_000 and city.named:
        return "", 1.8, 6  # before the name of its unit: the city of Kherson
    if city.population >= 100_000:
        return "", 3, 6.25
    return "small", 5, 7.5


def _cities(
    facts: Facts, context: gpd.GeoDataFrame, box: shapely.Geometry, named: set[str]
) -> list[_City]:
    """Cities of the base, and in the units a plan names every place large enough to look for."""
    found = []
    if _has(facts.arrangement, "places"):
        places = facts.arrangement.dataset.places()
        large = places["population"] >= PLACE_POPULATION
        found = [
            _City(
                local_name(row, facts.words), row["lat"], row["lon"], row["population"], False, True
            )
            for row in places[places["unit_id"].isin(named) & large].to_dict("records")
        ]
    cities = context[(context["layer"] == "city") & context.within(box)]
    inside = shapely.union_all(facts.arrangement.units.geometry.to_numpy())
    shapely.prepare(inside)
    for row in cities.to_dict("records"):
        lon, lat = row["geometry"].x, row["geometry"].y
        people = row["population"] or 0
        near = (math.hypot(lat - c.lat, (lon - c.lon) * 0.67) < TWIN_DEG for c in found)
        twin = next((i for i, is_near in enumerate(near) if is_near), None)
        if twin is None:
            abroad = shapely.distance(inside, row["geometry"]) > COAST_DEG
            name = local_name(row, facts.words)
            found.append(_City(name, lat, lon, people, bool(abroad), False))
        else:  # figures of different years: a city keeps the rank it is known by
            largest = max(people, found[twin].population)
            found[twin] = found[twin]._replace(population=largest)
    return [city for city in found if city.name]


def _roomy(shape: shapely.Geometry) -> list[list[float]]:
    """Points inside a shape where its name has room: the widest first, then one a quarter."""
    largest = max(shapely.get_parts(shape), key=lambda part: part.area)
    west, south, east, north = largest.bounds
    x, y = (west + east) / 2, (south + north) / 2
    quarters = [
        shapely.box(west, y, x, north),
        shapely.box(x, y, east, north),
        shapely.box(west, south, x, y),
        shapely.box(x, south, east, y),
    ]
    spots = []
    for part in [largest, *(shapely.intersection(largest, quarter) for quarter in quarters)]:
        if not shapely.is_empty(part) and part.area > largest.area / 12:
            centre = shapely.get_point(shapely.maximum_inscribed_circle(part, 0.05), 0)
            spots.append([round(centre.y, 2), round(centre.x, 2)])
    return spots


def _points(
    arrangement: Arrangement, words: Catalogue, context: gpd.GeoDataFrame, box: shapely.Geometry
) -> list[dict[str, Any]]:
    """Other points of the text the plan is taken from, where they touch a place or a river."""
    if not _has(arrangement, "register"):
        return []
    register = arrangement.dataset.register()
    if arrangement.plan.id not in {point.plan for point in register}:
        return []
    sites = {site.id: site for site in arrangement.dataset.points_of_interest}
    rivers = context[context["layer"] == "river"]
    found = []
    for point in register:
        if not (point.mapped and point.feature) or point.plan:
            continue
        site = sites.get(point.feature)
        names = rivers["name"].fillna("").str.casefold()
        courses = rivers[names.str.startswith(point.feature.casefold())]
        lines = shapely.intersection(courses.geometry.to_numpy(), box)
        if site is None and courses.empty:
            continue
        found.append(
            {
                "number": point.number,
                "summary": words.name(point.summary),
                "lines": encode_lines(shapely.get_parts(lines), BASE_TOLERANCE_DEG / 4),
                "places": []
                if site is None
                else [{"lat": site.lat, "lon": site.lon, "name": words.name(site.name)}],
            }
        )
    return found
