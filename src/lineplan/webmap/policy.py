"""The Content-Security-Policy of a page: its own scripts and styles by their hash, no request."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from html import escape

_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<text>.*?)</script>", re.DOTALL)
_STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
_FETCHED = re.compile(r"""<(script|link)\b[^>]*?(?:src|href)\s*=\s*["'](https?://[^"'/]+)""")
_NONE = "default-src 'none'; base-uri 'none'; form-action 'none'"


def policy(page: str, carried: Iterable[str], image_host: str = "") -> str:
    """
    Return the policy of a page without added layers, escaped for an attribute.

    Parameters
    ----------
    page
        HTML with every script and style that may run.
    carried
        Scripts that it unpacks and runs.
    image_host
        Where map tiles may come from; nowhere when empty.
    """
    images = f"data: {image_host}".strip()
    styles = " ".join(_hash(text) for text in _STYLE.findall(page))
    said = f"{_NONE}; script-src {_scripts(page, carried)}; style-src {styles}; img-src {images}"
    return escape(said, quote=True).replace("&#x27;", "'")


def policy_with_layers(page: str, carried: Iterable[str]) -> str:
    """Return the policy of a page with folium layers: what they name may be fetched."""
    hosts: dict[str, list[str]] = {"script": [], "link": []}
    for tag, host in _FETCHED.findall(page):
        if host not in hosts[tag]:
            hosts[tag].append(host)
    scripts = " ".join([_scripts(page, carried), *hosts["script"]])
    styles = " ".join(["'unsafe-inline'", *hosts["link"]])
    rest = "img-src data: blob: https: http:; font-src data: https:; connect-src https: http:"
    said = f"{_NONE}; script-src {scripts}; style-src {styles}; {rest}; frame-src data: blob:"
    return escape(said, quote=True).replace("&#x27;", "'")


def _scripts(page: str, carried: Iterable[str]) -> str:
    texts = [
        match["text"]
        for match in _SCRIPT.finditer(page)
        if "src=" not in match["attributes"] and "application/" not in match["attributes"]
    ]
    return " ".join(_hash(text) for text in [*texts, *carried])


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
