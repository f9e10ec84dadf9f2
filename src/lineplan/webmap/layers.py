"""What is drawn around the ground: the quiet base under it, labels and context points."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import shapely

from lineplan.errors import UsageError
from lineplan.facts import own_name
from lineplan.scenery import (
    City,
    base_map,
    base_shapes,
    cities,
    corners_of,
    has_files,
    roomy_spots,
)
from lineplan.webmap.polylines import encode_lines

if TYPE_CHECKING:
    from lineplan.labels import Catalogue
    from lineplan.plan import Plan
    from lineplan.webmap.recording import Recording
    from lineplan.webmap.texts import PlanGround

CONTEXT = ("rivers", "cities", "neighbours", "units", "reassigned", "points")
"""Layers that can be chosen; the recognised border and the line of contact are always there."""

BASE_TOLERANCE_DEG = 0.012
RIVER_TOLERANCE_DEG = BASE_TOLERANCE_DEG * 2 / 3
INSET_TOLERANCE_DEG = 0.08
MARGIN_DEG = 2.0
"""How far around the units the base is drawn, where it reaches that far."""
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
    context = base_map(recording.dataset, recording.units.crs)
    box = _view_box(recording, context)
    outline = shapely.union_all(recording.units.geometry.to_numpy(), grid_size=1e-9)
    points = _points(recording, catalogues, context, box) if "points" in chosen else []
    labels = _unit_labels(recording)
    if "cities" in chosen:
        labels += _city_labels(recording, grounds, catalogues, context, box, outline)
    base = base_shapes(context, box, outline)
    return {
        "limits": corners_of(shapely.bounds(box)),
        "land": encode_lines(base["land"], BASE_TOLERANCE_DEG),
        "neighbours": encode_lines(base["neighbours"], BASE_TOLERANCE_DEG)
        if "neighbours" in chosen
        else [],
        "rivers": encode_lines(base["rivers"], RIVER_TOLERANCE_DEG) if "rivers" in chosen else [],
        "inset": _inset(context, outline),
        "labels": labels,
        "points": points,
    }


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


def _inset(context: gpd.GeoDataFrame, outline: shapely.Geometry) -> dict[str, Any]:
    """Land and units in few strokes, for the locator."""
    land = context.loc[context["layer"] == "land", "geometry"].to_numpy()
    bounds = shapely.total_bounds(land) if len(land) else shapely.bounds(outline)
    return {
        "bounds": corners_of(bounds),
        "land": encode_lines(land, INSET_TOLERANCE_DEG),
        "units": encode_lines([outline], INSET_TOLERANCE_DEG),
    }


def _unit_labels(recording: Recording) -> list[dict[str, Any]]:
    """Names of units: where they have room, and whether the unit is a city (its dot says it)."""
    return [
        {
            "kind": "unit",
            "unit": number,
            "at": roomy_spots(unit.geometry),
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

    def names(row: Mapping[Any, Any]) -> tuple[str, ...]:
        return tuple(own_name(row, words) for words in catalogues)

    labels = []
    for city in cities(recording.dataset, context, box, outline, named, names):
        size, rank, zoom = _city_class(city)
        at = [[round(city.lat, 3), round(city.lon, 3)]]
        label = {"kind": "city", "text": list(city.names), "at": at, "zoom": zoom, "size": size}
        labels.append({**label, "rank": round(rank - city.population / 1e8, 4)})
    return labels


def _city_class(city: City) -> tuple[str, float, float]:
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


def _points(
    recording: Recording,
    catalogues: Sequence[Catalogue],
    context: gpd.GeoDataFrame,
    box: shapely.Geometry,
) -> list[dict[str, Any]]:
    """Other points of the texts the plans are taken from, where they touch a place or a river."""
    if not has_files(recording.dataset, "register"):
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
