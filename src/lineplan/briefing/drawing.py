"""Drawings of the figure package as SVG inside a page: no style, no id but its own, few bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from lineplan.figures.ground import drift_of, known_bounds
from lineplan.figures.hatching import paint_ground
from lineplan.figures.mapping import MAP_LAYERS, draw_map
from lineplan.figures.panels import line_sample
from lineplan.figures.sheet import Sheet, drawing_style
from lineplan.figures.window import fit
from lineplan.figures.words import PAPER

if TYPE_CHECKING:
    from lineplan.facts import Facts
    from lineplan.figures.window import Window

WIDE_MM, NARROW_MM = (134.0, 106.0), (92.0, 100.0)
"""The map on paper and on wide screens, and on a phone: the same words, larger."""
_TEXT_SCALE = 0.95
_LEAST_POINTS = 5.4
"""Of names: smaller ones cannot be read on a phone."""
_DIGITS = 2
"""Digits after the point of a coordinate in points: 0.004 mm."""
_HALO = f'paint-order="stroke" stroke="{PAPER}" stroke-width="1.6"'
_LAYER_IDS = frozenset(MAP_LAYERS)


@dataclass(frozen=True)
class Plate:
    """A drawn map.

    Parameters
    ----------
    svg
        Markup.
    window
        What it shows.
    drift
        The largest difference between the drawn and the computed area of a zone, as a share.
    """

    svg: str
    window: Window
    drift: float


def plate(
    facts: Facts,
    corners: Sequence[Sequence[float]],
    size_mm: tuple[float, float],
    *,
    name: str,
    title: str,
    description: str,
) -> Plate:
    """
    Draw the map.

    Parameters
    ----------
    facts
        What is said.
    corners
        (south, west) and (north, east) of what it shows.
    size_mm
        Width and height.
    name
        That its ids begin with.
    title, description
        For those who do not see it.
    """
    width, height = size_mm
    frame = (0.0, 0.0, width, height)
    window = fit(corners, frame, known_bounds(facts))
    with drawing_style():
        sheet = Sheet(width, height, ("paper", *MAP_LAYERS))
        sheet.fill("paper", shapely.box(*frame), PAPER)
        draw_map(sheet, facts, window, _TEXT_SCALE, least_points=_LEAST_POINTS)
    said = (
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>'
    )
    about = f'role="img" aria-labelledby="{name}-title {name}-desc"'
    svg = _inline(sheet.svg(), f'id="{name}" class="plate" {about}', said, prefix=f"{name}-")
    return Plate(svg, window, drift_of(facts.arrangement, window))


@cache
def swatch(paint: str) -> str:
    """A piece of ground as it is painted on the map."""
    width, height = 6.4, 3.6
    with drawing_style():
        sheet = Sheet(width, height, ("ground", "marks", "edge"))
        box = shapely.box(0, 0, width, height)
        paint_ground(sheet, box, paint, layers=("ground", "marks"), scale=0.8)
        inner = shapely.box(0.1, 0.1, width - 0.1, height - 0.1)
        sheet.stroke("edge", [inner.exterior], "#6b6862", 0.2)
    return _inline(sheet.svg(), 'class="swatch" aria-hidden="true"')


@cache
def sample(kind: str) -> str:
    """A piece of a line as it is drawn on the map."""
    with drawing_style():
        sheet = Sheet(7.5, 2.4, ("key",))
        line_sample(kind, 7.5, 6.0, 1.0)(sheet, 0.0, 2.4)
    return _inline(sheet.svg(), 'class="sample" aria-hidden="true"')


def _inline(svg: str, attributes: str, said: str = "", *, prefix: str | None = None) -> str:
    """
    Rewrite an SVG so that it can stand in a page whose policy forbids styles in attributes.

    Parameters
    ----------
    svg
        As `Sheet.svg` gives it.
    attributes
        More of the outermost element, as markup.
    said
        Markup that comes first in it.
    prefix
        Of ids of layers and zones; without it there are none.
    """
    from defusedxml.ElementTree import fromstring

    root = fromstring(svg)
    font = re.search(r"font-family: ([^;\"]+)", svg)
    family = f' font-family="{escape(font[1])}"' if font else ""
    body = "".join(part for child in root for part in _markup(child, prefix))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{_viewed(root.attrib["viewBox"])}" '
        f'{attributes} stroke-linejoin="round"{family}>{said}{body}</svg>'
    )


def _markup(element: Any, prefix: str | None) -> Iterator[str]:
    tag = element.tag.rpartition("}")[2]
    if tag in ("title", "metadata", "defs"):
        return
    name = element.get("id", "")
    kept = prefix is not None and (name in _LAYER_IDS or name.startswith("zone-"))
    inner = "".join(part for child in element for part in _markup(child, prefix))
    if tag == "g":
        # A browser draws halos itself: as shapes they were half of all bytes.
        if inner and not (kept and name == "label-halos"):
            halo = f" {_HALO}" if name.startswith("labels-") else ""
            yield f'<g id="{prefix}{escape(name)}"{halo}>{inner}</g>' if kept else inner
        return
    said = dict(_attributes(element))
    if tag == "path" and not said.get("d"):
        return
    written = "".join(f' {key}="{escape(value)}"' for key, value in said.items())
    yield f"<{tag}{written}>{escape(element.text or '')}{inner}</{tag}>"


def _attributes(element: Any) -> Iterator[tuple[str, str]]:
    """What an element has, its style as attributes of their own."""
    for key in ("x", "y"):
        if key in element.attrib:
            yield key, _short(element.attrib[key])
    if "d" in element.attrib:
        yield "d", _packed(element.attrib["d"])
    for rule in element.get("style", "").split(";"):
        key, _, value = rule.strip().partition(": ")
        if key and key != "font-family" and value != "none":
            yield key, re.sub(r"^(-?[\d.]+)(px)?$", lambda m: _short(m[1]), value)
        elif key == "fill":
            yield key, value


def _packed(path: str) -> str:
    """The same path, each point told from the one before, to hundredths of a point."""
    said: list[str] = []
    at = start = np.zeros(2, dtype=int)
    before = ""
    for letter, numbers in re.findall(r"([MLQCZz])([^MLQCZz]*)", path):
        if letter in "Zz":
            said.append("z")
            at, before = start, "Z"
            continue
        points = np.array(numbers.split(), dtype=float).reshape(-1, 2)
        points = np.rint(points * 10**_DIGITS).astype(int)
        told = " ".join(_short(n / 10**_DIGITS) for n in (points - at).ravel()).replace(" -", "-")
        # A letter holds until another comes; after a move it is understood to be a line.
        if letter == "L" and before in ("M", "L"):
            said.append(told if told.startswith("-") else f" {told}")
        else:
            said.append(letter.lower() + told)
        at, before = points[-1], letter
        start = at if letter == "M" else start
    return "".join(said)


def _short(number: float | str) -> str:
    """A number to hundredths, without what says nothing."""
    said = f"{float(number):.{_DIGITS}f}".rstrip("0").rstrip(".")
    said = re.sub(r"^(-?)0\.", r"\1.", said)
    return "0" if said in ("-0", "-", "") else said


def _viewed(box: str) -> str:
    return " ".join(_short(number) for number in box.split())
