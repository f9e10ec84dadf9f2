"""folium's shell around our page: layers are added as to any folium map."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from datetime import date
from html import escape
from pathlib import Path
from typing import Any

import folium
from branca.element import Element, Figure
from folium.template import Template

from lineplan.control.terms import Terms
from lineplan.errors import LineplanWarning
from lineplan.output import replacing
from lineplan.webmap.page import asset, fill, leaflet, own_script
from lineplan.webmap.policy import policy, policy_with_layers

_RANDOM_ID = re.compile(r"(?<=_)[0-9a-f]{32}(?![0-9a-f])")


class PlanMap(folium.Map):
    """
    A `folium.Map` of arrangements, saved as one HTML file that asks nothing of the network.

    Folium layers can be added as to any map; the page carries what they need. A layer that
    itself names a script or a tile server brings its requests with it, and text passed to folium
    (a popup, a tooltip) is markup: escape what comes from elsewhere. The page's
    Content-Security-Policy then allows what the layers ask for; a warning and the page say so.

    Parameters
    ----------
    parts
        Text of the page by marker.
    bounds
        The first view, as ((south, west), (north, east)).
    image_host
        Host that the page asks for map tiles, such as ``https://tile.example``; none by default.

    Attributes
    ----------
    title : str
        Heading of the page.
    plans : tuple of str
        Ids of the plans it shows.
    notes : tuple of str
        What was assumed, dropped, repaired or reassigned.
    terms : tuple of Terms
        What the terms of the sources of control say of passing their geometry on.
    skipped : dict of date to str
        Days of an archive that could not be used, and why.
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

    def __init__(
        self, parts: dict[str, str], bounds: Sequence[Sequence[float]], image_host: str = ""
    ) -> None:
        (south, west), (north, east) = bounds
        super().__init__(location=((south + north) / 2, (west + east) / 2), tiles=None)
        self._id = "lineplan"
        self._parts = parts
        self._image_host = image_host
        self.skipped: dict[date, str] = {}
        self.notes: tuple[str, ...] = ()
        self.terms: tuple[Terms, ...] = ()
        self.plans: tuple[str, ...] = ()
        self.title = ""
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
        parts = dict(self._parts)
        if script:
            shim = asset("script/folium.js") + leaflet()["icons"]
            script = f"<script>{shim}</script>\n<script>{script}</script>"
            header = f"<style>{leaflet()['pictures']}</style>{header}"
            parts["added"] = " data-added"
        layers = {"folium_header": header, "folium_html": html, "folium_script": script}
        page = fill(asset("page.html"), {**parts, **layers, "policy": _POLICY})
        scripts = (leaflet()["js"], own_script())
        if not script:
            return page.replace(_POLICY, policy(page, scripts, self._image_host), 1)
        warnings.warn(ADDED, LineplanWarning, stacklevel=2)
        return page.replace(_POLICY, policy_with_layers(page, scripts), 1)


ADDED = "layers were added to the map: its page allows the requests they ask for, and says so"
_POLICY = "<!--policy-->"


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
