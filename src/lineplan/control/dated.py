"""A file of dated features: polygons of many days, told apart by a column of dates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import shapely

from lineplan.control.adapters import known, read_content, recognised
from lineplan.control.content import Content, look_at
from lineplan.control.days import DATE_COLUMN
from lineplan.control.polygons import HOLDER_COLUMN
from lineplan.control.sourcefile import SourceFile
from lineplan.control.state import Control, Outline, day_of
from lineplan.control.terms import Terms
from lineplan.dataset import Dataset
from lineplan.errors import ControlError
from lineplan.features import Layer

_KINDS = {"polygons", "mapped"}


@dataclass(eq=False)
class Dated:
    """Dated features of a file.

    The file is read once, and again in another process that gets this.

    Attributes
    ----------
    content : Content
    dataset : Dataset
    how : SourceFile
        How each day is read.
    control_class : str or None
        Which classes count as held.
    sha256 : str
    notes : tuple of str
    """

    content: Content
    dataset: Dataset
    how: SourceFile
    control_class: str | None = None
    kind: Literal["dated"] = "dated"
    sha256: str = field(init=False)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.sha256 = self.content.sha256
        content, self.how = self.content, self.how.model_copy(update={"file": ""})
        if content.form == "table" or self._column not in content.columns:
            raise ControlError(
                f"{self.path}: is no archive: it has no column {self._column!r} of dates; give a "
                "folder of daily files, dated polygons or a packed archive, or name the column "
                'in a source file ([columns] date = "...")'
            )
        kind = self.how.kind or recognised(content, self.how)
        if kind not in _KINDS:
            raise ControlError(
                f"{self.path}: is read as {kind}, of which an archive is a folder of daily files; "
                "only polygons and settlements can be dated by a column"
            )
        self.how = known(kind, content, self.how, self.dataset)

    def __getstate__(self) -> dict[str, Any]:
        kept = {k: v for k, v in self.__dict__.items() if k not in ("content", "_layers")}
        source = (self.path.absolute(), self.content.layer_name)
        return kept | {"_source": source, "how": self.how.placed()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        path, layer = state.pop("_source")
        self.__dict__.update(state)
        found = f"{path}:{layer}" if layer else path
        # Where it is not to be seen, that is told when it is asked for.
        self.content = look_at(found) if path.exists() else Content(path, layer, "vector")

    @property
    def path(self) -> Path:
        """The file."""
        return self.content.path

    @property
    def _column(self) -> str:
        return self.how.columns.get("date", DATE_COLUMN)

    @cached_property
    def _layers(self) -> dict[date, Layer]:
        """The features of each day, with those that belong to every day."""
        if self.content.sha256 != self.sha256:
            raise ControlError(f"{self.path}: has changed since it was opened; open it anew")
        layer = self.content.layer
        frame = layer.frame
        column = self._column
        days = frame[column].map(lambda value: day_of(value, column, self.path.name))
        undated = frame[days.isna()]
        found: dict[date, Layer] = {}
        for day, rows in frame.groupby(days, sort=True):
            rows = pd.concat([rows, undated]).sort_index() if len(undated) else rows
            found[day] = Layer(rows, self.path, layer.notes, layer.crs, self.sha256)
        return found

    @cached_property
    def grounds(self) -> dict[date, str]:
        """What tells the ground of each day."""
        return {day: self._digest(layer) for day, layer in self._layers.items()}

    def _digest(self, layer: Layer) -> str:
        frame = layer.frame
        attributes = frame.columns.drop(["geometry", self._column])
        if self.how.kind == "polygons":
            attributes = attributes.intersection([HOLDER_COLUMN])
        said = zip(*(frame[name].map(repr) for name in attributes), strict=True)
        rows = list(said) if len(attributes) else [()] * len(frame)
        drawn = shapely.to_wkb(frame.geometry.to_numpy())
        # In their order, which counts where the first of several claims holds.
        return hashlib.sha256(repr(list(zip(rows, drawn, strict=True))).encode()).hexdigest()

    def read(self, day: date) -> Control:
        """The state of a day."""
        content = Content.of_layer(self._layers[day], self.sha256)
        return read_content(content, self.dataset, self.how, day, control_class=self.control_class)

    def outline(self, day: date) -> Outline:
        """What is claimed on a day."""
        return self.read(day).outline()

    def terms(self, day: date) -> Terms:
        """What is known of the terms, of whatever day."""
        del day
        return Terms(self.how.title or self.path.name, self.how.redistribution, self.how.licence)
