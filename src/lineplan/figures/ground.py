"""Ground and lines of the map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from lineplan import geodesy
from lineplan.figures.hatching import MM_PER_PX, paint_ground
from lineplan.figures.lines import lines_between
from lineplan.figures.window import Box, Window
from lineplan.figures.words import PAPER
from lineplan.scenery import base_map, base_shapes

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement
    from lineplan.facts import Facts
    from lineplan.figures.sheet import Sheet

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
    """West, south, east and north of the base map proper; None where the dataset has none."""
    context = base_map(facts.arrangement.dataset, facts.arrangement.zones.crs)
    drawn = context[context["layer"] == "land"]
    if drawn.empty:
        return None
    west, south, east, north = (float(value) for value in drawn.total_bounds)
    return west, south, east, north


def draw_ground(sheet: Sheet, facts: Facts, window: Window, scale: float) -> Drawn:
    """Draw ground and lines, the lowest layers; return their shapes on the page."""
    arrangement = facts.arrangement
    shapes = simplified(arrangement, window)
    outline = shapely.union_all(shapes)
    west, south, east, north = window.in_degrees()
    around_it = shapely.box(west - 0.5, south - 0.5, east + 0.5, north + 0.5)
    context = base_map(arrangement.dataset, arrangement.zones.crs)
    base = base_shapes(context, around_it, outline, beyond=True)
    lines = {
        **{kind: [found] for kind, found in lines_between(shapes, arrangement).items()},
        "neighbours": list(base["neighbours"]),
        "rivers": list(base["rivers"]),
    }
    seen = {kind: _merged(window.seen(parts)) for kind, parts in lines.items()}
    seen["line"] = _without_crumbs(seen["line"], window)
    zones = _polygons(window.seen(shapes))

    px = MM_PER_PX * scale
    # The frame is filled to its corners; where not even the coarse base goes it stays sea.
    sheet.fill("sea", window.shape, SEA)
    for part in window.seen(base["land"]):
        # A hair of its own colour closes the seam where the coarse base begins.
        sheet.fill("land", part, LAND, edge=LAND, width_mm=0.05)
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
