"""KML as Google Earth shows it: shared styles, and a reference to one in each placemark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent, register_namespace

from lineplan.gis.legend import Entry

_KML = "http://www.opengis.net/kml/2.2"
_OPACITY = 0.8
"""Of fills, so that the ground shows: KML has no hatching and no other way."""
_BEFORE_STYLE = ("name", "visibility", "open", "address", "phoneNumber", "Snippet", "description")


def styled_kml(path: Path, entries: Sequence[Entry]) -> None:
    """
    Give the placemarks of a KML file their looks.

    Parameters
    ----------
    path
        The file, rewritten in place.
    entries
        The entry of each placemark, in the order of the file.
    """
    from defusedxml.ElementTree import parse

    register_namespace("", _KML)
    root: Element = parse(path).getroot()
    document = root[0]
    for shown in reversed(list({entry.key: entry for entry in entries}.values())):
        document.insert(_place(document), _style(shown))
    marks = list(root.iter(_tag("Placemark")))
    for mark, entry in zip(marks, entries, strict=True):
        url = Element(_tag("styleUrl"))
        url.text = f"#{_id(entry)}"
        mark.insert(_place(mark), url)
        _drape(mark)
    indent(root)
    ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)


def _tag(name: str) -> str:
    return f"{{{_KML}}}{name}"


def _id(entry: Entry) -> str:
    """Return the id of an entry's style: no other element of the file begins like it."""
    return "style-" + re.sub(r"[^\w.-]", lambda odd: f"_{ord(odd[0]):x}_", entry.key)


def _place(parent: Element) -> int:
    """Return where a style stands among the children, whose order the schema fixes."""
    told = [_tag(name) for name in _BEFORE_STYLE]
    return sum(child.tag in told for child in parent)


def _style(entry: Entry) -> Element:
    style = Element(_tag("Style"), id=_id(entry))
    # Neither dashes nor halos exist: the heaviest line says what it is by its colour.
    outline = entry.strokes[-1] if entry.strokes else None
    if outline or entry.ground:
        colour = outline.colour if outline else entry.ground.ink if entry.ground else ""
        drawn = SubElement(style, _tag("LineStyle"))
        SubElement(drawn, _tag("color")).text = _aabbggrr(colour, 1)
        SubElement(drawn, _tag("width")).text = f"{outline.width_px if outline else 1:g}"
    filled = SubElement(style, _tag("PolyStyle"))
    if entry.ground:
        opacity = min(_OPACITY, entry.ground.opacity if not entry.ground.hatch else 1)
        SubElement(filled, _tag("color")).text = _aabbggrr(entry.ground.colour, opacity)
    SubElement(filled, _tag("fill")).text = str(int(entry.ground is not None))
    SubElement(filled, _tag("outline")).text = "1"
    return style


def _drape(mark: Element) -> None:
    """Let long edges follow the ground instead of cutting through it."""
    for name in ("LineString", "Polygon"):
        for shape in mark.iter(_tag(name)):
            if shape.find(_tag("tessellate")) is None:
                flag = Element(_tag("tessellate"))
                flag.text = "1"
                shape.insert(0, flag)


def _aabbggrr(colour: str, opacity: float) -> str:
    red, green, blue = colour[1:3], colour[3:5], colour[5:7]
    return f"{round(opacity * 255):02x}{blue}{green}{red}"
