"""Any attribute table of polygons, with a column and values that the user names."""

from __future__ import annotations

from datetime import date

from lineplan.control.content import Content
from lineplan.control.rules import draw_by_rules
from lineplan.control.sourcefile import SourceFile
from lineplan.control.state import Drawn
from lineplan.dataset import Dataset
from lineplan.errors import ControlError


def recognises(content: Content) -> bool:
    """Never: what a column means, only a person can say."""
    del content
    return False


def read(content: Content, how: SourceFile, dataset: Dataset, as_of: date | None) -> Drawn:
    """Read polygons by the values of a column."""
    column = how.columns.get("holder", "")
    if not column and any(not rule.column for rule in how.rules):
        raise ControlError(
            f"{content.path.name}: which column says who holds the ground? name it with --holder "
            f"({', '.join(content.columns) or 'it has none'})"
        )
    column = column or next((rule.column for rule in how.rules), "")
    if column not in content.columns:
        raise ControlError(
            f"{content.path.name}: has no column {column!r}; its columns are "
            f"{', '.join(content.columns) or 'none'}"
        )
    return draw_by_rules(content.layer.keep("polygon"), how, dataset, as_of, column)
