"""A legend as SLD 1.1 with Symbology Encoding, for map servers and other programs."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from lineplan.gis.legend import Entry, Legend
from lineplan.gis.markup import document
from lineplan.style import Ground, Stroke

_NAMESPACES = {
    "xmlns": "http://www.opengis.net/sld",
    "xmlns:se": "http://www.opengis.net/se",
    "xmlns:ogc": "http://www.opengis.net/ogc",
}
# The standard has no hatching; these names are GeoServer's.
_LINES = {45: "shape://slash", 135: "shape://backslash"}
_MARKS = {"cross": "shape://times", "dots": "shape://dot", "dashes": "shape://horline"}


def sld(legend: Legend) -> str:
    """Return the style of a layer; sizes are pixels, as the standard has it."""
    root = Element("StyledLayerDescriptor", {**_NAMESPACES, "version": "1.1.0"})
    layer = SubElement(root, "NamedLayer")
    SubElement(layer, "se:Name").text = legend.layer
    style = SubElement(layer, "UserStyle")
    SubElement(style, "se:Name").text = legend.layer
    rules = SubElement(style, "se:FeatureTypeStyle")
    for entry in legend.entries:
        _rule(rules, entry)
    return document('<?xml version="1.0" encoding="UTF-8"?>\n', root)


def _rule(rules: Element, entry: Entry) -> None:
    rule = SubElement(rules, "se:Rule")
    SubElement(rule, "se:Name").text = entry.key
    SubElement(SubElement(rule, "se:Description"), "se:Title").text = entry.label
    _filter(rule, entry)
    if entry.ground:
        _grounds(rule, entry.ground)
    # An outline that only outer edges have is beyond SLD: every edge is drawn.
    for stroke in entry.strokes:
        _stroke(SubElement(rule, "se:LineSymbolizer"), stroke)


def _filter(rule: Element, entry: Entry) -> None:
    if not entry.where:
        return
    parent = SubElement(rule, "ogc:Filter")
    if len(entry.where) > 1:
        parent = SubElement(parent, "ogc:And")
    for column, value in entry.where.items():
        equal = SubElement(parent, "ogc:PropertyIsEqualTo")
        SubElement(equal, "ogc:PropertyName").text = column
        SubElement(equal, "ogc:Literal").text = value


def _grounds(rule: Element, ground: Ground) -> None:
    fill = SubElement(SubElement(rule, "se:PolygonSymbolizer"), "se:Fill")
    _parameter(fill, "fill", ground.colour)
    if not ground.hatch and ground.opacity < 1:
        _parameter(fill, "fill-opacity", f"{ground.opacity:g}")
    if ground.hatch:
        drawn = _MARKS[ground.hatch] if ground.hatch != "lines" else _LINES[ground.turn_deg]
        graphic = _graphic(rule)
        mark = SubElement(graphic, "se:Mark")
        SubElement(mark, "se:WellKnownName").text = drawn
        _stroke(mark, Stroke(ground.ink, ground.mark_px, opacity=ground.opacity))
        SubElement(graphic, "se:Size").text = f"{ground.step_px:g}"


def _graphic(rule: Element) -> Element:
    fill = SubElement(SubElement(rule, "se:PolygonSymbolizer"), "se:Fill")
    return SubElement(SubElement(fill, "se:GraphicFill"), "se:Graphic")


def _stroke(parent: Element, stroke: Stroke) -> None:
    drawn = SubElement(parent, "se:Stroke")
    _parameter(drawn, "stroke", stroke.colour)
    _parameter(drawn, "stroke-width", f"{stroke.width_px:g}")
    if stroke.opacity < 1:
        _parameter(drawn, "stroke-opacity", f"{stroke.opacity:g}")
    if stroke.dash_px:
        _parameter(drawn, "stroke-dasharray", " ".join(f"{n:g}" for n in stroke.dash_px))


def _parameter(parent: Element, name: str, value: str) -> None:
    SubElement(parent, "se:SvgParameter", name=name).text = value
