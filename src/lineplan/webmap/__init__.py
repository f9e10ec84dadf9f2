"""The map of one arrangement or of many as one self-contained HTML file, drawn without any network.

folium gives the shell and its layers; the page is ours.

>>> import lineplan as lp
>>> lp.arrange("point21").map(lang="uk").save("point21.html")
>>> lp.atlas(["point21", "as_held"], control="archive.parquet").save("atlas.html")
"""

from __future__ import annotations

from lineplan.webmap.drawing import Look
from lineplan.webmap.folium_map import PlanMap
from lineplan.webmap.making import atlas, build_map

__all__ = ["Look", "PlanMap", "atlas", "build_map"]
