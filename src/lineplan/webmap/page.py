"""The page around the map: one HTML file with everything in it, filled in a single pass.

Nothing that comes from data is ever part of a template. The page is a text with markers; each is
replaced once, by text that has already been escaped, and what was put in is not looked at again.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineplan.errors import LineplanError
from lineplan.webmap.footnotes import attributions, statements
from lineplan.webmap.style import patterns

if TYPE_CHECKING:
    from lineplan.webmap.facts import Facts

_MARKER = re.compile(r"<!--lp:(\w+)-->")
_IN_SCRIPT = {
    "<": "\\u003c",
    ">": "\\u003e",
    "&": "\\u0026",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
}


def fill(template: str, parts: Mapping[str, str]) -> str:
    """Replace every marker of a page once; a marker without its part is an error."""
    return _MARKER.sub(lambda match: parts[match[1]], template)


def asset(name: str) -> str:
    """Read one of the page's own files."""
    return (resources.files("lineplan.webmap") / name).read_text(encoding="utf-8")


def lean(text: str) -> str:
    """Drop the indentation and whole-line comments of our own script or style."""
    lines = (line.strip() for line in text.splitlines())
    kept = (
        line
        for line in lines
        if not line.startswith("//") and not (line.startswith("/*") and line.endswith("*/"))
    )
    return "\n".join(filter(None, kept))


def in_script(value: Any) -> str:
    """Encode data as JSON that can stand in a script element whatever its texts contain."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return re.sub("[<>&\u2028\u2029]", lambda match: _IN_SCRIPT[match[0]], text)


@cache
def leaflet() -> dict[str, str]:
    """
    Read Leaflet from the installed package XStatic-Leaflet, with its images as data URIs.

    Returns
    -------
    dict
        ``js``, ``css``, and for added layers ``pictures``, the rules with images, and ``icons``,
        a script that gives Leaflet's default marker its images.
    """
    try:
        files = metadata.files("XStatic-Leaflet") or []
    except metadata.PackageNotFoundError:
        files = []
    found = {file.name: Path(str(file.locate())) for file in files}
    if "leaflet.js" not in found:
        raise LineplanError(
            "the map needs the package XStatic-Leaflet; pip install XStatic-Leaflet"
        )

    def image(name: str) -> str:
        return "data:image/png;base64," + base64.b64encode(found[name].read_bytes()).decode()

    css = found["leaflet.css"].read_text(encoding="utf-8")
    css = re.sub(r"^.*behavior: url\(#default#VML\);.*$", "", css, flags=re.MULTILINE)
    # Only layers that are added to the map need Leaflet's pictures.
    pictured = re.compile(r"[^{}]*\{[^{}]*url\(images/[^{}]*\}")
    pictures = "".join(pictured.findall(css))
    pictures = re.sub(r"url\(images/([\w.-]+)\)", lambda m: f"url({image(m[1])})", pictures)
    css = pictured.sub("", css)
    js = found["leaflet.js"].read_text(encoding="utf-8")
    js = re.sub(r"//# sourceMappingURL=.*", "", js).replace("</script", "<\\/script")
    icons = {
        "iconUrl": image("marker-icon.png"),
        "iconRetinaUrl": image("marker-icon-2x.png"),
        "shadowUrl": image("marker-shadow.png"),
    }
    script = f"L.Icon.Default.imagePath='';L.Icon.Default.mergeOptions({json.dumps(icons)});"
    return {"css": css, "js": js, "icons": script, "pictures": pictures}


def page_parts(facts: Facts, title: str, data: Mapping[str, Any]) -> dict[str, str]:
    """Return the text for every marker of ``page.html`` that does not depend on folium layers."""
    text = facts.words.text
    library = leaflet()
    return {
        "lang": escape(facts.words.lang),
        "title": escape(f"{title} – {facts.force}"),
        "heading": escape(title),
        "force": escape(facts.force),
        "deck": escape(facts.when),
        "alt": escape(text("map.alt", title=title)),
        "source_line": escape(facts.source_line),
        "no_script": escape(text("page.no_script")),
        "close": escape(text("page.close")),
        "table_heading": escape(text("page.table")),
        "legend_heading": escape(text("page.legend")),
        "notice": notice(facts),
        "patterns": patterns(),
        "figures": figures(facts),
        "legend": legend(facts, data["points"]),
        "table": table(facts),
        "footer": footer(facts),
        "leaflet_css": library["css"],
        "leaflet_js": library["js"],
        "map_css": lean(asset("map.css")),
        "map_js": lean(asset("map.js")),
        "data": in_script(data),
    }


def interface_words(facts: Facts, title: str) -> dict[str, str]:
    """Texts that the page's script sets itself."""
    text = facts.words.text
    return {
        "alt": text("map.alt", title=title),
        "clause": text("field.clause"),
        "readings": text("field.reading"),
        "zoomIn": text("page.zoom_in"),
        "zoomOut": text("page.zoom_out"),
        "home": text("page.home"),
        "km": text("figure.km", number="{number}"),
        "m": text("figure.m", number="{number}"),
    }


def notice(facts: Facts) -> str:
    """Say above the map that the line is old."""
    if not facts.is_stale:
        return ""
    said = facts.words.text("map.stale", date=facts.line_date, age=facts.line_age)
    return f'<p class="notice" role="note">{escape(said)}</p>'


def swatch(paint: str) -> str:
    """A small rectangle in a zone's paint."""
    return (
        '<svg class="swatch" aria-hidden="true"><rect width="100%" height="100%" '
        f'fill="url(#lp-{escape(paint)})"/></svg>'
    )


def figures(facts: Facts) -> str:
    """The headline figures, which are also the legend of the zones."""
    text = facts.words.text
    rows = []
    for status in facts.statuses():
        figure = (
            f'<p class="figure">{escape(status["headline"])}</p>'
            f'<p class="range">{escape(status["range"][0])} '
            f'<span class="km2">{escape(status["range"][1])}</span></p>'
            if status["named"]
            else f'<p class="figure minor">{escape(status["area"])}</p>'
        )
        holders = status["holders"] if status["named"] or len(status["holders"]) > 1 else []
        sides = "".join(
            f"<li>{swatch(holder['paint'])}<span>{escape(holder['label'])}</span>"
            f'<span class="km2">{escape(holder["area"])}</span></li>'
            for holder in holders
        )
        rows.append(
            f'<li class="status"><div class="head">{swatch(status["paint"])}'
            f"<div><h3>{escape(status['label'])}</h3>{figure}</div></div>"
            + (f'<ul class="holders">{sides}</ul>' if sides else "")
            + "</li>"
        )
    return (
        f'<section class="figures"><h2>{escape(text("page.legend"))}</h2>'
        f'<p class="when">{escape(facts.when)}</p><ul>{"".join(rows)}</ul></section>'
    )


_STROKES = {
    "border": '<path d="M0 6H30" stroke="#3b3f43" stroke-width="2.4"/>',
    "line": '<path d="M0 6H30" stroke="#17191b" stroke-width="2" stroke-dasharray="7 4"/>',
    "neighbours": '<path d="M0 6H30" stroke="#a39d8e" stroke-width="1.2"/>',
    "units": '<path d="M0 6H30" stroke="#6f6a60" stroke-width="1"/>',
    "rivers": '<path d="M0 6H30" stroke="#8fb3c4" stroke-width="1.4"/>',
    "cities": '<circle cx="15" cy="6" r="3" fill="#23282c"/>',
    "reassigned": '<rect x="4" y="1" width="22" height="10" fill="#7a2f6b" fill-opacity=".5"/>',
    "site": '<circle cx="15" cy="6" r="5" fill="#0b6e6e"/>',
    "course": '<path d="M0 6H30" stroke="#0b6e6e" stroke-width="4" opacity=".75"/>',
}


def legend(facts: Facts, points: list[dict[str, Any]]) -> str:
    """Lines and context, each with its switch; the recognised border has none."""
    text = facts.words.text

    def row(stroke: str, label: str, layer: str = "", *, on: bool = True, note: str = "") -> str:
        drawing = f'<svg viewBox="0 0 30 12" aria-hidden="true">{_STROKES[stroke]}</svg>'
        said = f"{drawing}<span>{escape(label)}</span>"
        if note:
            said += f'<span class="summary">{escape(note)}</span>'
        if not layer:
            return f'<li><div class="fixed"><span></span>{said}</div></li>'
        checked = " checked" if on else ""
        switch = f'<input type="checkbox" data-layer="{layer}"{checked}>'
        return f"<li><label>{switch}{said}</label></li>"

    rows = [
        row("border", text("map.border")),
        row("line", text("map.line_label", date=facts.line_date), "line"),
        row("neighbours", text("map.neighbour_border")),
        row("units", text("map.unit_boundary"), "units"),
        row("rivers", text("map.rivers"), "rivers"),
        row("cities", text("map.cities"), "cities"),
    ]
    if facts.conditions["reassigned_km2"] > 0:
        rows.append(row("reassigned", text("map.reassigned"), "reassigned", on=False))
    others = [
        row(
            "site" if point["places"] else "course",
            text("map.point", number=point["number"]),
            f"point{point['number']}",
            on=False,
            note=point["summary"],
        )
        for point in points
    ]
    if others:
        rows.append(f'<li class="group">{escape(text("page.layers_context"))}</li>')
    return (
        f'<section class="key"><h2>{escape(text("page.layers"))}</h2>'
        f"<ul>{''.join(rows + others)}</ul></section>"
    )


def table(facts: Facts) -> str:
    """Every zone in a real table: what the map shows, for those who cannot see it."""
    text = facts.words.text
    zones = list(enumerate(facts.zones()))
    heads = [
        ("unit", ""),
        ("held_by", ""),
        ("area", "n"),
        ("share_of_unit", "n"),
        ("range", "n"),
        ("clause", ""),
    ]
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(text(f"field.{key}"))}</th>' for key, kind in heads
    )
    groups = []
    for status in facts.statuses():
        rows = [
            f'<tr><th scope="row"><button type="button" data-row="{number}" '
            f'title="{escape(text("field.show"))}">{escape(zone["unit"])}</button></th>'
            f"<td>{escape(zone['holder'])}</td>"
            f'<td class="n">{escape(zone["area"])}</td><td class="n">{escape(zone["share"])}</td>'
            f'<td class="n">{escape(zone["range"])}</td>'
            f"<td>{escape(zone['clause'] or '–')}</td></tr>"
            for number, zone in zones
            if zone["status"] == status["status"]
        ]
        groups.append(
            f'<tbody><tr class="group"><th scope="rowgroup" colspan="2">{swatch(status["paint"])}'
            f'{escape(status["label"])}</th><td class="n">{escape(status["area"])}</td>'
            f"<td></td><td></td><td></td></tr>{''.join(rows)}</tbody>"
        )
    total = facts.words.area(facts.arrangement.zones["area_km2"].sum())
    foot = (
        f'<tfoot><tr class="group"><th scope="row" colspan="2">{escape(text("page.total"))}</th>'
        f'<td class="n">{escape(total)}</td><td></td><td></td><td></td></tr></tfoot>'
    )
    return (
        f'<p class="hint" id="hint">{escape(text("page.table_hint"))}</p><div class="scroll">'
        '<table aria-labelledby="table-title" aria-describedby="hint">'
        f"<thead><tr>{head}</tr></thead>{''.join(groups)}{foot}</table></div>"
    )


def footer(facts: Facts) -> str:
    """Conditions of every figure, sources, licences and what the map does not say."""
    said = "".join(f"<p>{escape(line)}</p>" for line in statements(facts))
    files = "".join(f"<li>{escape(line)}</li>" for line in attributions(facts))
    text = facts.words.text
    version = facts.conditions["lineplan_version"]
    made = text("footer.version", version=version, date=facts.made)
    return (
        f"<h2>{escape(text('footer.heading'))}</h2>{said}"
        f"<h3>{escape(text('footer.data'))}</h3><ul>{files}</ul>"
        f"<p>{escape(made)}</p>"
    )
