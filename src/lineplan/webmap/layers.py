"""What is drawn around the ground: the quiet base under it, labels and context points."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import shapely

from lineplan.errors import UsageError
from lineplan.facts import local_name
from lineplan.webmap.polylines import encode_lines

if TYPE_CHECKING:
    from lineplan.labels import Catalogue
    from lineplan.plan import Plan
    from lineplan.webmap.recording import Recording
    from lineplan.webmap.texts import PlanGround

CONTEXT = ("rivers", "cities", "neighbours", "units", "reassigned", "points")
"""Layers that can be chosen; the recognised border and the line of contact are always there."""

BASE_TOLERANCE_DEG = 0.012
INSET_TOLERANCE_DEG = 0.08
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


def check_layers(layers: Iterable[str] | None) -> tuple[str, ...]:
    """Return the layers chosen, all where None is given; UsageError for an unknown one."""
    if layers is None:
        return CONTEXT
    chosen = tuple(name for name in layers if name not in ("", "none"))
    if unknown := [name for name in chosen if name not in CONTEXT]:
        raise UsageError(f"no layer {unknown[0]!r}; choose from none, {', '.join(CONTEXT)}")
    return chosen


def draw(
    recording: Recording,
    grounds: Sequence[PlanGround],
    catalogues: Sequence[Catalogue],
    chosen: Sequence[str],
) -> dict[str, Any]:
    """
    Return everything the page draws beside the ground itself.

    Parameters
    ----------
    recording : Recording
    grounds : sequence of PlanGround
        One for each plan.
    catalogues : sequence of Catalogue
        Languages in which names are given, in the order of the page.
    chosen : sequence of str
        Of `CONTEXT`.

    Returns
    -------
    dict
        ``limits``, ``land``, ``neighbours``, ``rivers`` (encoded lines), ``inset`` (lines and
        bounds of the locator), ``labels`` and ``points``.
    """
    context = _context(recording)
    box = _view_box(recording, context)
    outline = shapely.union_all(recording.units.geometry.to_numpy(), grid_size=1e-9)
    points = _points(recording, catalogues, context, box) if "points" in chosen else []
    labels = _unit_labels(recording)
    if "cities" in chosen:
        labels += _city_labels(recording, grounds, catalogues, context, box, outline)
    base = _base(context, box, outline)
    return {
        "limits": _corners(shapely.bounds(box)),
        "land": base["land"],
        "neighbours": base["neighbours"] if "neighbours" in chosen else [],
        "rivers": base["rivers"] if "rivers" in chosen else [],
        "inset": _inset(context, outline),
        "labels": labels,
        "points": points,
    }


def bounds_of(shapes: gpd.GeoDataFrame | gpd.GeoSeries) -> list[list[float]]:
    """Return the south-west and north-east corner of shapes, as (lat, lon)."""
    return _corners(shapes.total_bounds)


def _corners(bounds: Any) -> list[list[float]]:
    west, south, east, north = (round(float(value), 4) for value in bounds)
    return [[south, west], [north, east]]


def _has(recording: Recording, role: str) -> bool:
    return any(file.role == role for file in recording.dataset.files)


def _context(recording: Recording) -> gpd.GeoDataFrame:
    """Base map of the dataset; an empty one where it has none."""
    if _has(recording, "context"):
        return recording.dataset.context()
    columns: dict[str, list[Any]] = {"layer": [], "name": [], "population": []}
    return gpd.GeoDataFrame(columns, geometry=[], crs=recording.units.crs)


def _view_box(recording: Recording, context: gpd.GeoDataFrame) -> shapely.Geometry:
    """Box beyond which nothing is drawn and the map does not move."""
    west, south, east, north = recording.units.total_bounds
    around = shapely.box(
        west - MARGIN_DEG, south - MARGIN_DEG, east + MARGIN_DEG, north + MARGIN_DEG
    )
    drawn = context[context["layer"] == "land"]
    if drawn.empty:
        return around
    return shapely.intersection(around, shapely.box(*drawn.total_bounds))


def _clipped(context: gpd.GeoDataFrame, layer: str, box: shapely.Geometry) -> np.ndarray:
    shapes = context.loc[context["layer"] == layer, "geometry"].to_numpy()
    parts = shapely.get_parts(shapely.intersection(shapes, box))
    return np.asarray(parts[~shapely.is_empty(parts)])


def _base(
    context: gpd.GeoDataFrame, box: shapely.Geometry, outline: shapely.Geometry
) -> dict[str, list[str]]:
    boundaries = _clipped(context, "international_boundary", box)
    # Inside the units and along their border only the units' own outer boundary is drawn.
    elsewhere = shapely.difference(
        boundaries, shapely.buffer(outline, NEAR_BORDER_DEG, quad_segs=2)
    )
    # Land of the base that lies under the units, or would show along their coast, is left out.
    frontier = shapely.buffer(shapely.union_all(boundaries), 0.12, quad_segs=2)
    own = shapely.difference(shapely.buffer(outline, COAST_DEG, quad_segs=2), frontier)
    land = shapely.difference(_clipped(context, "land", box), own)
    rivers = _clipped(context, "river", box)
    return {
        "land": encode_lines(land, BASE_TOLERANCE_DEG),
        "neighbours": encode_lines(elsewhere, BASE_TOLERANCE_DEG),
        "rivers": encode_lines(rivers, BASE_TOLERANCE_DEG * 2 / 3),
    }


def _inset(context: gpd.GeoDataFrame, outline: shapely.Geometry) -> dict[str, Any]:
    """Land and units in few strokes, for the locator."""
    land = context.loc[context["layer"] == "land", "geometry"].to_numpy()
    bounds = shapely.total_bounds(land) if len(land) else shapely.bounds(outline)
    return {
        "bounds": _corners(bounds),
        "land": encode_lines(land, INSET_TOLERANCE_DEG),
        "units": encode_lines([outline], INSET_TOLERANCE_DEG),
    }


def own_name(row: Mapping[str, Any], words: Catalogue) -> str:
    """Name of a place in this language; "" where it is missing, for no label is in another.

    A language that the data have no names in at all keeps the English ones.
    """
    if words.name_column not in row:
        return local_name(row, words)
    name = row[words.name_column]
    return name if isinstance(name, str) else ""


def _unit_labels(recording: Recording) -> list[dict[str, Any]]:
    """Names of units: where they have room, and whether the unit is a city (its dot says it)."""
    return [
        {
            "kind": "unit",
            "unit": number,
            "at": _roomy(unit.geometry),
            "small": bool(unit.geometry.area < SMALL_UNIT_DEG2),
        }
        for number, (_, unit) in enumerate(recording.units.iterrows())
    ]


def _city_labels(
    recording: Recording,
    grounds: Sequence[PlanGround],
    catalogues: Sequence[Catalogue],
    context: gpd.GeoDataFrame,
    box: shapely.Geometry,
    outline: shapely.Geometry,
) -> list[dict[str, Any]]:
    named = {z["unit_id"] for ground in grounds for z in ground.zones if z["clause_id"]}
    labels = []
    for city in _cities(recording, catalogues, context, box, outline, named):
        size, rank, zoom = _city_class(city)
        at = [[round(city.lat, 3), round(city.lon, 3)]]
        label = {"kind": "city", "text": list(city.names), "at": at, "zoom": zoom, "size": size}
        labels.append({**label, "rank": round(rank - city.population / 1e8, 4)})
    return labels


class _City(NamedTuple):
    names: tuple[str, ...]
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
    recording: Recording,
    catalogues: Sequence[Catalogue],
    context: gpd.GeoDataFrame,
    box: shapely.Geometry,
    outline: shapely.Geometry,
    named: set[str],
) -> list[_City]:
    """Cities of the base, and in the units plans name every place large enough to look for."""

    def names(row: dict[str, Any]) -> tuple[str, ...]:
        return tuple(own_name(row, words) for words in catalogues)

    found = []
    if _has(recording, "places"):
        places = recording.dataset.places()
        large = places["population"] >= PLACE_POPULATION
        found = [
            _City(names(row), row["lat"], row["lon"], row["population"], False, True)
            for row in places[places["unit_id"].isin(named) & large].to_dict("records")
        ]
    cities = context[(context["layer"] == "city") & context.within(box)]
    shapely.prepare(outline)
    for row in cities.to_dict("records"):
        lon, lat = row["geometry"].x, row["geometry"].y
        people = row["population"] or 0
        near = (math.hypot(lat - c.lat, (lon - c.lon) * 0.67) < TWIN_DEG for c in found)
        twin = next((i for i, is_near in enumerate(near) if is_near), None)
        if twin is None:
            abroad = bool(shapely.distance(outline, row["geometry"]) > COAST_DEG)
            found.append(_City(names(row), lat, lon, people, abroad, row.get("unit_id") in named))
        else:  # figures of different years: a city keeps the rank it is known by
            largest = max(people, found[twin].population)
            pairs = zip(found[twin].names, names(row), strict=True)
            both = tuple(name or other for name, other in pairs)
            found[twin] = found[twin]._replace(names=both, population=largest)
    return [city for city in found if any(city.names)]


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
    recording: Recording,
    catalogues: Sequence[Catalogue],
    context: gpd.GeoDataFrame,
    box: shapely.Geometry,
) -> list[dict[str, Any]]:
    """Other points of the texts the plans are taken from, where they touch a place or a river."""
    if not _has(recording, "register"):
        return []
    register = recording.dataset.register()
    known = {point.plan for point in register}
    plans: list[Plan] = [plan for plan in recording.plans if plan.id in known]
    if not plans:
        return []
    sites = {site.id: site for site in recording.dataset.points_of_interest}
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
                "plans": [plan.id for plan in plans],
                "summary": [words.name(point.summary) for words in catalogues],
                "lines": encode_lines(shapely.get_parts(lines), BASE_TOLERANCE_DEG / 4),
                "places": []
                if site is None
                else [
                    {
                        "lat": site.lat,
                        "lon": site.lon,
                        "name": [words.name(site.name) for words in catalogues],
                    }
                ],
            }
        )
    return found
