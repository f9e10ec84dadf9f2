"""The page around the map: one HTML file with everything in it, filled in a single pass.

Nothing that comes from data is ever part of a template. The page is a text with markers; each is
replaced once, by text that has already been escaped, and what was put in is not looked at again.
What the page shows and the scripts that show it are packed in one block of base64; data are set as
text only, and the scripts run because the page's policy has their hashes.
"""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineplan.errors import LineplanError
from lineplan.style import patterns

if TYPE_CHECKING:
    from lineplan.labels import Catalogue

_MARKER = re.compile(r"<!--lp:(\w+)-->")
SCRIPTS = ("text", "geometry", "view", "labels", "panel", "controls", "saving", "furniture", "main")
"""The page's own script, file by file."""


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


def packed(*parts: bytes) -> tuple[str, str, str]:
    """Return parts deflated and in base64, their size together, and their lengths."""
    whole = b"".join(parts)
    text = base64.b64encode(zlib.compress(whole, 9)).decode("ascii")
    return text, str(len(whole)), ",".join(str(len(part)) for part in parts)


@cache
def own_script() -> str:
    """Return the page's own script, in a scope of its own."""
    files = "\n".join(lean(asset(f"script/{name}.js")) for name in SCRIPTS)
    return f'(function () {{\n"use strict";\n{files}\n}})();'


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
    js = re.sub(r"//# sourceMappingURL=.*", "", js)
    js, css = (re.sub(r"\r\n?", "\n", text) for text in (js, css))
    icons = {
        "iconUrl": image("marker-icon.png"),
        "iconRetinaUrl": image("marker-icon-2x.png"),
        "shadowUrl": image("marker-shadow.png"),
    }
    script = f"L.Icon.Default.imagePath='';L.Icon.Default.mergeOptions({json.dumps(icons)});"
    return {"css": lean(css), "js": js, "icons": script, "pictures": pictures}


def page_parts(
    words: Catalogue, heads: Mapping[str, str], data: Mapping[str, Any], *binary: bytes
) -> dict[str, str]:
    """
    Return the text for every marker of ``page.html`` that does not depend on folium layers.

    Parameters
    ----------
    words
        The first language.
    heads
        ``title``, ``force``, ``deck``, ``source``, ``notice``, ``no_script``, ``subtitle``,
        ``note`` and ``byline`` as they stand before the script runs, and ``table`` and ``about``
        as HTML.
    data
        What the script shows.
    *binary
        Packed arcs and areas.

    Returns
    -------
    dict
        By marker.
    """
    text = words.text
    library = leaflet()
    scripts = (library["js"].encode("utf-8"), own_script().encode("utf-8"))
    said = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    carried, size, lengths = packed(said.encode("utf-8"), *binary, *scripts)
    return {
        "lang": escape(words.lang),
        "added": "",
        "title": escape(f"{heads['title']} – {heads['force']}"),
        "heading": escape(heads["title"]),
        "force": escape(heads["force"]),
        "deck": escape(heads["deck"]),
        **{name: shown(heads[name]) for name in ("notice", "subtitle", "note", "byline")},
        "alt": escape(text("map.alt", title=heads["title"])),
        "view": escape(json.dumps(data["view"])),
        "limits": escape(json.dumps(data["limits"])),
        "source_line": escape(heads["source"]),
        "no_script": escape(heads["no_script"]),
        "close": escape(text("page.close")),
        "table_heading": escape(text("page.table")),
        "legend_heading": escape(text("page.legend")),
        "patterns": patterns(),
        "table": heads["table"],
        "about": heads["about"],
        "leaflet_css": library["css"],
        "map_css": lean(asset("map.css")),
        "boot": lean(asset("script/boot.js")),
        "data": carried,
        "size": size,
        "lengths": lengths,
    }


def shown(text: str) -> str:
    """Return the end of an opening tag and a text; a text that is not there is hidden."""
    return f">{escape(text)}" if text else " hidden>"


def plain_text(heading: str, *texts: Iterable[str]) -> str:
    """Return texts under a heading, until or unless the page's script puts its own there."""
    said = "".join(f"<p>{escape(line)}</p>" for lines in texts for line in lines)
    return f"<h2>{escape(heading)}</h2>{said}"


def plain_table(words: Catalogue, rows: list[list[str]]) -> str:
    """Return a table for a reader whose browser runs no script."""
    heads = "".join(
        f'<th scope="col">{escape(words.text(f"field.{key}"))}</th>'
        for key in ("unit", "held_by", "status", "area")
    )
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
