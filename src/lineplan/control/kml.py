"""KML and KMZ, whose placemarks name their side by their style."""

from __future__ import annotations

from datetime import date

from lineplan.control import polygons
from lineplan.control.content import Content
from lineplan.control.rules import draw_by_rules, folded, known_holders
from lineplan.control.sourcefile import SourceFile
from lineplan.control.state import Drawn
from lineplan.dataset import Dataset

STYLE = "style"


def recognises(content: Content) -> bool:
    """Whether it is KML that draws polygons."""
    return content.form == "kml" and "polygon" in content.drawn


def read(content: Content, how: SourceFile, dataset: Dataset, as_of: date | None) -> Drawn:
    """Read polygons by style, or by the column that `how` names.

    A column `held_by` in the extended data counts before the style. Where all polygons have one
    style that names no party, it draws one party's ground.
    """
    features = content.layer.keep("polygon")
    is_mapped = bool(how.rules or "holder" in how.columns)
    if polygons.HOLDER_COLUMN in features.frame.columns and not is_mapped:
        return polygons.draw(features, how, dataset, as_of)
    styles = set(map(folded, features.frame.get(STYLE, ())))
    if len(styles) <= 1 and not styles & set(known_holders(dataset)) and not is_mapped:
        return polygons.draw(features, how, dataset, as_of)
    return draw_by_rules(features, how, dataset, as_of, STYLE)
