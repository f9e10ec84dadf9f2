"""A legend as QML, QGIS's own style: rules with hatching, labels, aliases, map tips."""

from __future__ import annotations

from html import escape
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from lineplan.gis.legend import Entry, Legend
from lineplan.gis.markup import document
from lineplan.style import DASH_SHARE, Ground, Stroke

_MM = 25.4 / 96  # of a pixel of the page
_MULTIPLY = "6"
_HALO = "255,254,251,255"
_INK = "59,63,67,255"
# What no other row shares. QGIS keeps the aggregate while it draws, so it is computed once.
_OUTER = "intersection(boundary($geometry), boundary(buffer(collect($geometry), 0)))"


def qml(legend: Legend) -> str:
    """Return the style of a layer as QGIS stores it."""
    root = Element("qgis", version="3.22", labelsEnabled=str(int(_is_labelled(legend))))
    if legend.span:
        _temporal(root, *legend.span)
    if legend.entries:
        _renderer(root, legend.entries)
    if _is_labelled(legend):
        _labelling(root, legend)
    if any(entry.ground for entry in legend.entries):
        # Lines show through fills whatever the order of the layers; on white nothing changes.
        SubElement(root, "blendMode").text = _MULTIPLY
    _fields(root, legend)
    if legend.name_columns:
        SubElement(root, "previewExpression").text = _name(legend)
    if legend.entries:
        SubElement(root, "mapTip").text = _tip(legend)
    return document("<!DOCTYPE qgis>\n", root)


def _temporal(root: Element, first: str, end: str) -> None:
    """Let the temporal controller show a row from `first` to the day before `end`."""
    # Mode 4: start and end are expressions. Where they are plain fields (mode 2), QGIS leaves the
    # comparison to the file, which compares text, and a row shows a day before it begins. Limit
    # mode 0: the end is not included.
    temporal = SubElement(
        root,
        "temporal",
        enabled="1",
        mode="4",
        limitMode="0",
        startField=first,
        endField=end,
        startExpression=f"to_datetime({_column(first)})",
        endExpression=f"to_datetime({_column(end)})",
        durationField="",
        durationUnit="days",
        fixedDuration="0",
        accumulate="0",
    )
    fixed = SubElement(temporal, "fixedRange")
    SubElement(fixed, "start")
    SubElement(fixed, "end")


def _renderer(root: Element, entries: tuple[Entry, ...]) -> None:
    levels = str(int(any(entry.outer for entry in entries)))
    renderer = SubElement(root, "renderer-v2", type="RuleRenderer", symbollevels=levels)
    rules = SubElement(renderer, "rules", key="rules")
    symbols = SubElement(renderer, "symbols")
    for number, entry in enumerate(entries):
        told = " AND ".join(
            f"{_column(column)} = {_literal(value)}" for column, value in entry.where.items()
        )
        shown = {"key": entry.key, "label": entry.label, "symbol": str(number)}
        SubElement(rules, "rule", shown | ({"filter": told} if told else {}))
        _symbol(symbols, entry, number)


def _symbol(symbols: Element, entry: Entry, number: int) -> None:
    on_lines = entry.key == "line"
    symbol = SubElement(symbols, "symbol", type="line" if on_lines else "fill", name=str(number))
    if entry.ground:
        _fill(symbol, entry.ground, outlined=bool(entry.strokes))
    for stroke in entry.strokes:
        if entry.outer:
            inner = _generated(symbol, number)
            _line(inner, stroke, level=number)
        else:
            _line(symbol, stroke, level=number if on_lines else 0)


def _fill(symbol: Element, ground: Ground, *, outlined: bool) -> None:
    colour = _rgba(ground.colour, 1.0 if ground.hatch else ground.opacity)
    # A thin edge of the same colour: without it a hair of white shows between two zones.
    edge = {"outline_style": "solid", "outline_color": colour, "outline_width": "0.1"}
    if outlined:
        edge = {"outline_style": "no"}
    _layer(symbol, "SimpleFill", 0, color=colour, style="solid", **edge)
    turns = {"lines": (ground.turn_deg,), "cross": (ground.turn_deg, ground.turn_deg + 90)}
    for turn in turns.get(ground.hatch, ()):
        layer = _layer(
            symbol,
            "LinePatternFill",
            angle=str(turn),
            distance=_mm(ground.step_px),
            distance_unit="MM",
        )
        stroke = Stroke(ground.ink, ground.mark_px, opacity=ground.opacity)
        _line(SubElement(layer, "symbol", type="line", name="@hatch"), stroke)
    if ground.hatch in ("dots", "dashes"):
        half = _mm(ground.step_px / 2)
        layer = _layer(
            symbol,
            "PointPatternFill",
            distance_x=_mm(ground.step_px),
            distance_y=half,
            displacement_x=half,
            distance_x_unit="MM",
            distance_y_unit="MM",
            displacement_x_unit="MM",
        )
        ink = _rgba(ground.ink, ground.opacity)
        mark: dict[str, Any] = {
            "name": "circle",
            "color": ink,
            "outline_style": "no",
            "size": _mm(ground.mark_px),
        }
        if ground.hatch == "dashes":  # QGIS draws an upright line, turned here
            mark = {"name": "line", "angle": "90", "size": _mm(DASH_SHARE * ground.step_px)}
            mark |= {"outline_style": "solid", "outline_color": ink}
            mark |= {"outline_width": _mm(ground.mark_px), "outline_width_unit": "MM"}
        hatch = SubElement(layer, "symbol", type="marker", name="@hatch")
        _layer(hatch, "SimpleMarker", **mark, size_unit="MM")


def _generated(symbol: Element, number: int) -> Element:
    layer = _layer(
        symbol,
        "GeometryGenerator",
        level=number,
        SymbolType="Line",
        geometryModifier=_OUTER,
        units="MapUnit",
    )
    return SubElement(layer, "symbol", type="line", name="@outer")


def _line(symbol: Element, stroke: Stroke, level: int = 0) -> None:
    dashes = {}
    if stroke.dash_px:
        dash = ";".join(_mm(length) for length in stroke.dash_px)
        dashes = {"use_custom_dash": "1", "customdash": dash, "customdash_unit": "MM"}
    _layer(
        symbol,
        "SimpleLine",
        level=level,
        line_color=_rgba(stroke.colour, stroke.opacity),
        line_width=_mm(stroke.width_px),
        line_width_unit="MM",
        line_style="solid",
        capstyle="flat" if stroke.dash_px else "round",
        joinstyle="round",
        **dashes,
    )


def _layer(symbol: Element, kind: str, level: int = 0, **options: str) -> Element:
    given = {"class": kind, "enabled": "1", "locked": "0", "pass": str(level)}
    layer = SubElement(symbol, "layer", given)
    _options(layer, options)
    return layer


def _options(parent: Element, options: dict[str, str]) -> None:
    listed = SubElement(parent, "Option", type="Map")
    for name, value in options.items():
        SubElement(listed, "Option", name=name, type="QString", value=value)


def _is_labelled(legend: Legend) -> bool:
    return bool(legend.labelled or legend.note)


def _labelling(root: Element, legend: Legend) -> None:
    told, placement = _name(legend), "4"  # horizontal, inside the polygon
    if legend.note:
        longest = '"length_km" = maximum("length_km")'
        told, placement = f"if({longest}, {_literal(legend.note)}, '')", "2"  # along the line
    settings = SubElement(SubElement(root, "labeling", type="simple"), "settings")
    style = SubElement(
        settings,
        "text-style",
        fieldName=told,
        isExpression="1",
        fontSize="9",
        fontSizeUnit="Point",
        fontWeight="50",
        namedStyle="Regular",
        textColor=_INK,
    )
    SubElement(
        style,
        "text-buffer",
        bufferDraw="1",
        bufferSize="0.8",
        bufferSizeUnits="MM",
        bufferColor=_HALO,
    )
    SubElement(settings, "placement", placement=placement, placementFlags="10", dist="4")
    SubElement(settings, "rendering", obstacle="0")


def _fields(root: Element, legend: Legend) -> None:
    configured = SubElement(root, "fieldConfiguration")
    for column, said in legend.values.items():
        widget = SubElement(
            SubElement(configured, "field", name=column), "editWidget", type="ValueMap"
        )
        outer = SubElement(SubElement(widget, "config"), "Option", type="Map")
        pairs = SubElement(outer, "Option", type="List", name="map")
        for value, text in said.items():
            pair = SubElement(pairs, "Option", type="Map")
            SubElement(pair, "Option", type="QString", name=text, value=value)
    aliases = SubElement(root, "aliases")
    for column, alias in legend.aliases.items():
        SubElement(aliases, "alias", field=column, name=alias)


def _name(legend: Legend) -> str:
    columns = ", ".join(map(_column, legend.name_columns))
    return f"coalesce({columns})" if len(legend.name_columns) > 1 else columns


def _tip(legend: Legend) -> str:
    """What QGIS shows under the pointer: HTML, so values from a file must not be markup."""
    shown = ["status_label", "clause_id", "held_by", "between", "action", "area_km2", "length_km"]
    lines = [f"<b>[% {_safe(_name(legend))} %]</b>"]
    for column in [*shown, *legend.span]:
        if column in legend.aliases:
            value = _column(column)
            if column in legend.values:
                value = f"represent_value({value})"
            elif column.endswith(("_km2", "_km")):
                value = f"format_number({value}, 1)"
            lines.append(f"{escape(legend.aliases[column])}: [% {_safe(value)} %]")
    return "<br>".join(lines)


def _safe(expression: str) -> str:
    return f"replace(replace(to_string({expression}), '&', '&amp;'), '<', '&lt;')"


def _column(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def _rgba(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"{red},{green},{blue},{round(opacity * 255)}"


def _mm(pixels: float) -> str:
    return f"{pixels * _MM:.3f}"
