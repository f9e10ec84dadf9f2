"""Lines of the base map as text: steps on a grid, five bits a character."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import shapely

from lineplan.webmap.coverage import STEP_DEG

Point = tuple[int, int]
Ring = list[Point]


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
