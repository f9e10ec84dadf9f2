"""KML as features, with the style that OGR keeps to itself. Never trusts the XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from lineplan.errors import ControlError, GeometryError

_DRAWN = ("Polygon", "LineString", "LinearRing", "Point", "MultiGeometry")
_CONTAINERS = ("kml", "Document", "Folder")


def features_of_kml(
    content: bytes, path: Path, *, folder: str | None = None
) -> list[dict[str, Any]]:
    """Placemarks as GeoJSON-like features.

    Parameters
    ----------
    content : bytes
        The XML, with or without a namespace.
    path : Path
        For messages.
    folder : str, optional
        Only placemarks of the folder of this name.

    Returns
    -------
    list of dict
        Properties: `name`, `description`, `folder`, `style` (the id that the placemark names),
        `color` (``#rrggbb`` of its fill, or else its line), and its own extended data.

    Raises
    ------
    ControlError
        The XML is damaged, or declares entities.
    GeometryError
        A coordinate is no number.
    """
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    try:
        root = fromstring(content)
    except DefusedXmlException:
        raise ControlError(
            f"{path}: declares XML entities, which no map needs and which can be a bomb; refused"
        ) from None
    except (ParseError, ValueError, LookupError) as fault:  # also an encoding nobody knows
        raise ControlError(f"{path}: is not valid XML ({fault}); mend or export it again") from None
    try:
        return _collected(root, path, folder)
    except RecursionError:
        raise ControlError(
            f"{path}: nests folders or geometries hundreds deep, which no map does; refused"
        ) from None


def _collected(root: Element, path: Path, folder: str | None) -> list[dict[str, Any]]:
    styles = _styles(root)
    found = []
    folders = set()
    for number, (placemark, inside) in enumerate(_placemarks(root, "")):
        folders.add(inside)
        if folder is None or inside == folder:
            found.append(_feature(placemark, inside, styles, f"{path}: placemark {number}"))
    if folder is not None and not found:
        raise GeometryError(
            f"{path}: has no folder {folder!r}; its folders are "
            f"{', '.join(sorted(filter(None, folders))) or 'none'}"
        )
    return found


def _name(element: Element) -> str:
    """Name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _child(element: Element, name: str) -> Element | None:
    return next((child for child in element if _name(child) == name), None)


def _text(element: Element, name: str) -> str:
    child = _child(element, name)
    return (child.text or "").strip() if child is not None else ""


def _placemarks(element: Element, folder: str) -> Iterator[tuple[Element, str]]:
    for child in element:
        if _name(child) == "Placemark":
            yield child, folder
        elif _name(child) in _CONTAINERS:
            inside = _text(child, "name") if _name(child) == "Folder" else folder
            yield from _placemarks(child, inside)


def _styles(root: Element) -> dict[str, str]:
    """Colour of every shared style, by id."""
    colors = {e.get("id", ""): _color(e) for e in root.iter() if _name(e) == "Style"}
    for element in root.iter():
        if _name(element) == "StyleMap":
            pairs = [pair for pair in element if _name(pair) == "Pair"]
            normal = [pair for pair in pairs if _text(pair, "key") == "normal"] or pairs
            if normal:
                target = _text(normal[0], "styleUrl").rpartition("#")[2]
                colors.setdefault(element.get("id", ""), colors.get(target, ""))
    return colors


def _color(style: Element) -> str:
    """``#rrggbb`` of a style's fill, or of its line; KML writes aabbggrr."""
    for kind in ("PolyStyle", "LineStyle"):
        part = _child(style, kind)
        code = _text(part, "color").lstrip("#").lower() if part is not None else ""
        if re.fullmatch(r"[0-9a-f]{6}([0-9a-f]{2})?", code):
            blue, green, red = code[-6:-4], code[-4:-2], code[-2:]
            return f"#{red}{green}{blue}"
    return ""


def _feature(placemark: Element, folder: str, styles: dict[str, str], where: str) -> dict[str, Any]:
    style = _text(placemark, "styleUrl").rpartition("#")[2]
    own = _child(placemark, "Style")
    properties = {
        "name": _text(placemark, "name"),
        "description": _text(placemark, "description"),
        "folder": folder,
        "style": style,
        "color": (_color(own) if own is not None else "") or styles.get(style, ""),
    }
    for element in placemark.iter():
        if _name(element) == "SimpleData":
            properties[element.get("name", "")] = (element.text or "").strip()
        elif _name(element) == "Data":
            properties[element.get("name", "")] = _text(element, "value")
    drawn = [_geometry(child, where) for child in placemark if _name(child) in _DRAWN]
    return {"properties": properties, "geometry": drawn[0] if drawn else None}


def _geometry(element: Element, where: str) -> dict[str, Any]:
    kind = _name(element)
    if kind == "MultiGeometry":
        parts = [_geometry(child, where) for child in element if _name(child) in _DRAWN]
        return {"type": "GeometryCollection", "geometries": parts}
    if kind == "Polygon":
        sides = ("outerBoundaryIs", "innerBoundaryIs")
        rings = [
            _coordinates(ring, where)
            for side in sides
            for boundary in element
            if _name(boundary) == side
            for ring in boundary
            if _name(ring) == "LinearRing"
        ]
        return {"type": "Polygon", "coordinates": [ring for ring in rings if ring]}
    coordinates = _coordinates(element, where)
    if kind == "Point":
        return {"type": "Point", "coordinates": coordinates[0] if coordinates else []}
    return {"type": "LineString", "coordinates": coordinates}


def _coordinates(element: Element, where: str) -> list[tuple[float, float]]:
    found = []
    for text in re.sub(r"\s*,\s*", ",", _text(element, "coordinates")).split():
        try:
            lon, lat = text.split(",")[:2]
            found.append((float(lon), float(lat)))
        except ValueError:
            raise GeometryError(f"{where}: {text!r} is no longitude and latitude") from None
    return found
