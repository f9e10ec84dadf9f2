"""The one-day HTML map: its bytes, and what a browser would fetch from the network for it."""

from __future__ import annotations

import re
from collections.abc import Callable

import folium
from measure import Row, interleaved, said, times

import lineplan as lp

BYTES_BOUND = 300_000
# What is fetched when the page opens: not links to be clicked.
_FETCHED = re.compile(
    r"""<(?:script|link|img|iframe|source|use)\b[^>]*?\b(?:src|href)\s*=\s*["']?(?:https?:)?//"""
    r"""|url\(\s*["']?(?:https?:)?//|@import\s+["'](?:https?:)?//"""
)
_TILES = re.compile(r"""["']https?://[^"']*\{z\}""")


def rows(arrangement: lp.Arrangement, runs: int) -> list[Row]:
    def ours() -> str:
        return arrangement.map().html()

    def plain_folium() -> str:
        page = folium.Map(location=[48, 37], zoom_start=6)
        folium.GeoJson(arrangement.zones).add_to(page)
        return str(page.get_root().render())

    def explore() -> str:
        return str(arrangement.zones.explore().get_root().render())

    contestants: dict[str, Callable[[], str]] = {"folium.GeoJson": plain_folium}
    missing = []
    try:
        explore()
        contestants["geopandas .explore()"] = explore
    except ImportError:
        missing.append("geopandas .explore()")
    seconds = interleaved({"ours": ours, **contestants}, runs)
    page = ours()
    size, requests = len(page.encode()), _requests(page)
    found = []
    for name, run in contestants.items():
        theirs = run()
        found.append(
            Row(
                f"one-day HTML map: {size / 1000:,.0f} kB, {requests} requests",
                said(seconds["ours"]),
                f"{name} {said(seconds[name])}",
                times(seconds["ours"], seconds[name]),
                "≤ 300 kB, 0 requests",
                size <= BYTES_BOUND and requests == 0,
                f"peer: {len(theirs.encode()) / 1000:,.0f} kB, {_requests(theirs)} requests"
                + (" and map tiles" if _TILES.search(theirs) else ""),
                requests == 0 and not _TILES.search(page),
            )
        )
    what = f"one-day HTML map: {size / 1000:,.0f} kB, {requests} requests"
    reason = "not installed: pip install matplotlib mapclassify"
    return found + [Row(what, peer=name, correctness=reason) for name in missing]


def _requests(page: str) -> int:
    return len(_FETCHED.findall(page))
