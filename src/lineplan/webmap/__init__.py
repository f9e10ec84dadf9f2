"""The map of an arrangement as one self-contained HTML file, drawn without any network.

folium gives the shell and its layers; the page is ours.

>>> import lineplan as lp
>>> lp.arrange("point21").map(lang="uk").save("point21.html")
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import folium
from branca.element import Element, Figure
from folium.template import Template

from lineplan.errors import UsageError
from lineplan.labels import catalogue
from lineplan.output import replacing
from lineplan.webmap.facts import Facts
from lineplan.webmap.layers import bounds_of, draw
from lineplan.webmap.page import asset, fill, interface_words, leaflet, page_parts

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement

__all__ = ["PlanMap", "build_map"]

Focus = str | Sequence[float]

_RANDOM_ID = re.compile(r"(?<=_)[0-9a-f]{32}(?![0-9a-f])")


class PlanMap(folium.Map):
    """
    A `folium.Map` of an arrangement, saved as one HTML file that asks nothing of the network.

    Folium layers can be added as to any map; the page carries what they need. A layer that
    itself names a script or a tile server brings its requests with it, and text passed to folium
    (a popup, a tooltip) is markup: escape what comes from elsewhere.

    Parameters
    ----------
    parts
        Text of the page by marker.
    bounds
        The first view, as ((south, west), (north, east)).
    """

    # No data passes here: folium renders the result of these macros once more as a template.
    _template = Template(
        """{% macro script(this, kwargs) %}
        var {{ this.get_name() }} = lineplan.map;
        {% if this.objects_to_stay_in_front %}
        {{ this.get_name() }}.on("layeradd overlayadd", () => {
        {% for layer in this.objects_to_stay_in_front %}{{ layer.get_name() }}.bringToFront();
        {% endfor %} });
        {% endif %}
        {% endmacro %}"""
    )

    def __init__(self, parts: dict[str, str], bounds: Sequence[Sequence[float]]) -> None:
        (south, west), (north, east) = bounds
        super().__init__(location=((south + north) / 2, (west + east) / 2), tiles=None)
        self._id = "lineplan"
        self._parts = parts
        self.default_js = []
        self.default_css = []
        _Page(height="720px").add_child(self)

    def html(self) -> str:
        """Return the page, with the layers that were added to the map."""
        root = self.get_root()
        if not isinstance(root, _Page):
            root = _Page()
            root.add_child(self)
        return str(root.render())

    def save(self, outfile: Any, close_file: bool = True, **kwargs: Any) -> None:
        """Write the page to a path or a binary file."""
        content = self.html().encode("utf-8")
        if isinstance(outfile, str | Path):
            with replacing(outfile) as draft:
                draft.write_bytes(content)
            return
        outfile.write(content)
        if close_file:
            outfile.close()

    def render(self, **kwargs: Any) -> str:
        """Render into the figure; into a figure of someone else's as a frame of its own."""
        figure = self.get_root()
        if isinstance(figure, _Page):
            super().render(**kwargs)  # type: ignore[no-untyped-call]
            return ""
        own = _Page()
        parent, self._parent = self._parent, own
        page = own.render_map(self)
        self._parent = parent
        frame = f'<iframe srcdoc="{escape(page)}" title="" width="100%" height="720"></iframe>'
        if isinstance(figure, Figure):
            figure.html.add_child(_Verbatim(frame), name=self.get_name())
        return ""

    def page(self, header: str, html: str, script: str) -> str:
        """Fill the page with what folium's layers rendered."""
        if script:
            shim = asset("folium.js") + leaflet()["icons"]
            script = f"<script>{shim}</script>\n<script>{script}</script>"
            header = f"<style>{leaflet()['pictures']}</style>{header}"
        layers = {"folium_header": header, "folium_html": html, "folium_script": script}
        return fill(asset("page.html"), {**self._parts, **layers})


class _Verbatim(Element):
    """Text that is put into a figure as it is, without being a template."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **kwargs: Any) -> str:
        return self.text


class _Page(Figure):
    """The figure of a `PlanMap`: our page instead of folium's."""

    def render(self, **kwargs: Any) -> str:
        plan_map = next(c for c in self._children.values() if isinstance(c, PlanMap))
        return self.render_map(plan_map)

    def render_map(self, plan_map: PlanMap) -> str:
        plan_map.render()
        own = plan_map.get_name()
        # With no layer added there is nothing for folium to run.
        added = any(name != own for name in self.script._children)
        rendered = [
            "".join(child.render() for name, child in part._children.items() if name != "meta_http")
            for part in (self.header, self.html, self.script)
        ]
        header, html, script = _stable_ids(plan_map, rendered)
        return plan_map.page(header, html, script if added else "")


def _stable_ids(plan_map: PlanMap, texts: list[str]) -> list[str]:
    """Number folium's random ids in the order they appear, so that output repeats."""
    known = {element._id for element in _family(plan_map)}
    numbers: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        if match[0] not in known:
            return match[0]
        return numbers.setdefault(match[0], f"layer{len(numbers)}")

    return [_RANDOM_ID.sub(number, text) for text in texts]


def _family(element: Element) -> Iterator[Element]:
    """Yield an element and everything inside it, also what it holds outside its children."""
    yield element
    for child in element._children.values():
        yield from _family(child)
    for part in (getattr(element, name, None) for name in ("html", "script", "header")):
        if isinstance(part, Element):
            yield from _family(part)


def build_map(
    arrangement: Arrangement,
    *,
    lang: str = "en",
    focus: Focus | None = None,
    terms: str | Path | None = None,
    title: str | None = None,
) -> PlanMap:
    """
    Draw an arrangement.

    Parameters
    ----------
    arrangement
        What to draw.
    lang
        Language of the page: ``en``, ``uk``, ``ru`` or ``zh-Hant``.
    focus
        First view: a unit by id or name, a status, or (west, south, east, north) in degrees.
        By default the ground that the plan speaks of.
    terms
        A TOML file with labels of a house style; their use is said in the footer.
    title
        Heading of the map; by default the title of the plan.

    Returns
    -------
    PlanMap
        A `folium.Map`.

    Raises
    ------
    UsageError
        If the language, the focus or the terms are not known.
    """
    words = catalogue(lang, None if terms is None else Path(terms))
    facts = Facts(arrangement, words)
    heading = title or facts.plan_title
    bounds = _focus(arrangement, focus)
    drawn = draw(facts)
    shapes = drawn.pop("zones")
    data = {
        **drawn,
        "view": bounds,
        "words": interface_words(facts, heading),
        "clauses": facts.clauses(),
        "zones": [
            {**zone, "polygons": polygons}
            for zone, polygons in zip(facts.zones(), shapes, strict=True)
        ],
    }
    return PlanMap(page_parts(facts, heading, data), bounds)


def _focus(arrangement: Arrangement, focus: Focus | None) -> list[list[float]]:
    """Return the corners of the first view."""
    zones = arrangement.zones
    if focus is None:
        named = zones[zones["clause_id"] != ""]
        return bounds_of(named if len(named) else zones)
    if not isinstance(focus, str):
        return _corners(focus)
    if focus.count(",") == 3:
        return _corners(focus.split(","))
    wanted = focus.strip().casefold()
    if (zones["status"] == wanted).any():
        return bounds_of(zones[zones["status"] == wanted])
    columns = [name for name in arrangement.units if name == "unit_id" or name.startswith("name")]
    for _, unit in arrangement.units.iterrows():
        if wanted in (str(unit[column]).casefold() for column in columns):
            return bounds_of(zones[zones["unit_id"] == unit["unit_id"]])
    known = ", ".join(sorted({*zones["status"]}) + sorted(arrangement.units["unit_id"]))
    raise UsageError(f"focus {focus!r} is no unit, status or W,S,E,N; choose from {known}")


def _corners(box: Sequence[Any]) -> list[list[float]]:
    try:
        west, south, east, north = (float(value) for value in box)
    except (TypeError, ValueError):
        raise UsageError(f"focus {box!r} is not west, south, east, north in degrees") from None
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise UsageError(f"focus {box!r}: west, south, east, north do not span an area")
    return [[south, west], [north, east]]
