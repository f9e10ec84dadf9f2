"""Liveuamap areas as NZZ publishes them: what stayed held, what was gained, what was lost."""

from __future__ import annotations

from datetime import date
from typing import Any

from lineplan.control.content import Content
from lineplan.control.rules import draw_by_rules
from lineplan.control.sourcefile import SourceFile
from lineplan.control.state import Drawn
from lineplan.dataset import Dataset
from lineplan.errors import ControlError
from lineplan.features import layer_of

_TYPES = {"nochange", "gains", "losses"}


def recognises(content: Content) -> bool:
    """Whether a feature's type is one of nochange, gains, losses."""
    return any(
        isinstance(feature.get("properties"), dict)
        and str(feature["properties"].get("type")) in _TYPES
        for feature in _features(content)
    )


def read(content: Content, how: SourceFile, dataset: Dataset, as_of: date | None) -> Drawn:
    """Read the polygons by their type."""
    features = _features(content)
    if not features:
        raise ControlError(
            f"{content.path.name}: holds no FeatureCollection, neither itself nor under 'value'"
        )
    layer = layer_of(features, content.path)
    return draw_by_rules(layer.keep("polygon"), how, dataset, as_of, "type")


def _features(content: Content) -> list[dict[str, Any]]:
    return content.collection("value") or content.collection()
