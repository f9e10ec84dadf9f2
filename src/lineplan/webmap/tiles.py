"""Map tiles of a provider that the user names: the one thing that makes a page ask for anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from lineplan.errors import UsageError


@dataclass(frozen=True)
class Tiles:
    """A provider of tiles.

    Attributes
    ----------
    host : str
        Where tiles come from, as a Content-Security-Policy names it.
    data : dict
        For the page: ``url``, ``options`` of the layer, ``name``, ``attribution`` and ``host``.
    """

    host: str
    data: dict[str, Any]


def tile_provider(name: str) -> Tiles:
    """
    Find a provider by its name in xyzservices.

    Raises
    ------
    UsageError
        If there is none of that name, or it needs a key.
    """
    import xyzservices.providers as known

    try:
        provider = known.query_name(name)
    except ValueError:
        raise UsageError(
            f"no tiles {name!r}; names are those of xyzservices, such as OpenStreetMap.Mapnik"
        ) from None
    if provider.requires_token():
        raise UsageError(f"tiles {provider['name']}: need a key, which would stand in the page")
    # Leaflet fills {s}, {x}, {y} and {z} itself; everything else is filled here.
    kept = {key: f"{{{key}}}" for key in ("x", "y", "z")}
    url = provider.build_url(**kept, scale_factor="", fill_subdomain=False)
    address = urlsplit(url)
    host = f"{address.scheme}://{address.netloc}"
    options = {"maxZoom": 10.5, "maxNativeZoom": int(provider.get("max_zoom", 18))}
    if "{s}" in url:
        options["subdomains"] = provider.get("subdomains", "abc")
    attribution = re.sub(r"\s+", " ", str(provider["attribution"]))
    return Tiles(
        re.sub(r"\{s\}[^./]*", "*", host),
        {
            "url": url,
            "options": options,
            "name": str(provider["name"]),
            "attribution": attribution,
            "host": address.netloc.replace("{s}.", ""),
        },
    )
