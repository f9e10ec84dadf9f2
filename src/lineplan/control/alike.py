"""Daily files that differ in nothing but their date and coordinates are read alike.

What a reader makes of a file, its kind, holders and papers, follows from all of it but the
coordinates. So of files that are the same in all of that, one is read in full, and of the others
only the coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from lineplan.control.state import Outline

WRITTEN = ("%Y%m%d", "%Y-%m-%d", "%Y_%m_%d", "%Y.%m.%d")
"""How days are written in files."""
_KEY = b'"coordinates"'
_SPACE = b" \t\r\n"
_BRACKETS = b"[]"
_NUMBERS = b"0123456789.,-+eE" + _BRACKETS
_DEPTH = {3: shapely.GeometryType.POLYGON, 4: shapely.GeometryType.MULTIPOLYGON}
Frame = tuple[bytes, bytes]


def without_day(content: bytes, day: date) -> bytes:
    """The content with its own day left out wherever it is written."""
    for written in WRITTEN:
        content = content.replace(f"{day:{written}}".encode(), b"day")
    return content


@dataclass(frozen=True)
class Alike:
    """What files without their coordinates were read as.

    Attributes
    ----------
    read : dict
        By what is before and after the coordinates, the outline and the name of the file that was
        read in full; None where the coordinates are not all that is read of such files.
    """

    read: dict[Frame, tuple[Outline, str] | None] = field(default_factory=dict)

    def outline(self, content: bytes, day: date, name: str, sha256: str) -> Outline | None:
        """The outline of a file, None where it has to be read in full.

        Parameters
        ----------
        content : bytes
        day : datetime.date
        name : str
            Of the file.
        sha256 : str
            Of the content.
        """
        frame, numbers = _parted(content, day)
        known = self.read.get(frame) if frame else None
        polygons = _polygons(numbers) if known else None
        if known is None or polygons is None:
            return None
        outline, like = known
        source = outline.source.replace(like, name)
        assumed = tuple(note.replace(like, name) for note in outline.assumed)
        return replace(outline, polygons=polygons, source=source, sha256=sha256, assumed=assumed)

    def learn(self, content: bytes, day: date, name: str, outline: Outline) -> None:
        """Keep what a file was read as, if its coordinates are what was read."""
        frame, numbers = _parted(content, day)
        if frame is not None and frame not in self.read:
            polygons = _polygons(numbers)
            is_all = (
                not outline.mended
                and polygons is not None
                and np.array_equal(shapely.to_wkb(polygons), shapely.to_wkb(outline.polygons))
            )
            self.read[frame] = (outline, name) if is_all else None


def _parted(content: bytes, day: date) -> tuple[Frame | None, bytes]:
    """What is round the coordinates of the one geometry of GeoJSON, and these without space."""
    if content.count(_KEY) != 1:
        return None, b""
    at = content.index(_KEY) + len(_KEY)
    start = content.find(b"[", at)
    ends = [end for mark in (b"}", b'"') if (end := content.find(mark, start)) >= 0]
    if start < 0 or not ends:
        return None, b""
    end = content.rfind(b"]", start, min(ends)) + 1
    numbers = content[start:end].translate(None, _SPACE)
    return (without_day(content[:start], day), without_day(content[end:], day)), numbers


def _polygons(numbers: bytes) -> NDArray[Any] | None:
    """The one polygon, or polygon of several parts, of coordinates; None unless valid, in 2D."""
    depth = len(numbers) - len(numbers.lstrip(b"["))
    if depth not in _DEPTH or not numbers.endswith(b"]" * depth):
        return None
    if numbers.translate(None, _NUMBERS):
        return None
    inner = numbers[depth:-depth]
    parts = [part.split(b"]],[[") for part in inner.split(b"]]],[[[")]
    rings = [ring for part in parts for ring in part]
    corners = [ring.count(b"],[") + 1 for ring in rings]
    if depth == 3 and len(parts) > 1:
        return None
    between = (len(parts) - 1) * 3 + (len(rings) - len(parts)) * 2 + sum(corners) - len(rings)
    if inner.count(b"[") != between or inner.count(b"]") != between:
        return None
    text = pa.array([inner.translate(None, _BRACKETS)], pa.binary()).cast(pa.string())
    try:
        degrees = pc.cast(pc.split_pattern(text, ",").values, pa.float64()).to_numpy()
    except pa.ArrowInvalid:
        return None
    if len(degrees) != 2 * sum(corners):
        return None
    degrees = degrees.reshape(-1, 2)
    ends = np.cumsum(corners)
    starts = ends - corners
    is_in = (np.abs(degrees) <= (181, 91)).all()
    if min(corners) < 4 or not is_in or not (degrees[starts] == degrees[ends - 1]).all():
        return None
    of_part = np.cumsum([0, *map(len, parts)])
    offsets = (np.r_[0, ends], of_part) + (([0, len(parts)],) if depth == 4 else ())
    found = shapely.from_ragged_array(_DEPTH[depth], degrees, tuple(map(np.asarray, offsets)))
    return found if shapely.is_valid(found).all() else None
