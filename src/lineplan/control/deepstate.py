"""DeepState: the daily area as one polygon, and the full feed of its map."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from lineplan.control import polygons
from lineplan.control.content import Content
from lineplan.control.rules import draw_by_rules
from lineplan.control.sourcefile import SourceFile
from lineplan.control.state import Drawn, date_in_name
from lineplan.dataset import Dataset
from lineplan.errors import ControlError
from lineplan.features import layer_of

_DAILY = "deepstatemap_data_"
_MARKS = ("geojson.status.", "окуповано", "звільнено")


def recognises_daily(content: Content) -> bool:
    """Whether it is a collection that names itself as a day of the map, without attributes."""
    features = content.collection()
    return (
        str(content.document.get("name", "")).startswith(_DAILY)
        and bool(features)
        and not any(feature.get("properties") for feature in features)
    )


def read_daily(content: Content, how: SourceFile, dataset: Dataset, as_of: date | None) -> Drawn:
    """Read the area of one day, which the collection's own name states, and the file's too."""
    features = content.collection()
    layer = layer_of(features, content.path) if features else content.layer
    inside = str(content.document.get("name", ""))
    day = date_in_name(Path(f"{inside}.geojson"))
    named = date_in_name(content.path, how.date_in_name)
    if day is not None and named is not None and day != named:
        raise ControlError(
            f"{content.path.name}: is of {named} by its name, and of {day} by the name of the "
            f"collection in it ({inside}); rename the file, or fetch that day anew"
        )
    return polygons.draw(layer.keep("polygon"), how, dataset, as_of, named=day)


def recognises_feed(content: Content) -> bool:
    """Whether features have the feed's style and at least one a name of its statuses."""
    for feature in content.collection():
        properties = feature.get("properties")
        if isinstance(properties, dict) and "styleHash" in properties:
            name = str(properties.get("name", "")).casefold()
            if any(mark in name for mark in _MARKS):
                return True
    return False


def read_feed(content: Content, how: SourceFile, dataset: Dataset, as_of: date | None) -> Drawn:
    """Read every polygon of the full feed with its class."""
    features = content.collection()
    if not features:
        raise ControlError(
            f"{content.path.name}: is no GeoJSON FeatureCollection, as the DeepState feed is"
        )
    layer = layer_of(features, content.path)
    return draw_by_rules(layer.keep("polygon"), how, dataset, as_of, "name")
