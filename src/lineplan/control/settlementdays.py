"""A settlement table of many days: on each, the latest row of every place on or before it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from lineplan.control.adapters import known, settle
from lineplan.control.assumed import assumed_of
from lineplan.control.content import Content, look_at
from lineplan.control.settlements import Settlements, is_dated
from lineplan.control.sourcefile import SourceFile
from lineplan.control.state import Control, Outline, mended_of
from lineplan.control.terms import Terms
from lineplan.dataset import Dataset
from lineplan.errors import ControlError


@dataclass(eq=False)
class SettlementDays:
    """Days of a settlement table.

    The table is read once, and again in another process that gets this.

    Attributes
    ----------
    path : Path
    layer : str or None
        Layer of the file that is read.
    dataset : Dataset
    how : SourceFile
        How each day is read.
    control_class : str or None
        Which classes count as held.
    sha256 : str
    """

    path: Path
    layer: str | None
    dataset: Dataset
    how: SourceFile
    control_class: str | None = None
    kind: Literal["settlements"] = "settlements"
    sha256: str = field(init=False)

    def __post_init__(self) -> None:
        content = self._content()
        self.sha256 = content.sha256
        self.how = known("settlements", content, self.how, self.dataset)
        if not is_dated(content, self.how):
            raise ControlError(
                f"{self.path}: is no archive: it has no column of dates; its columns are "
                f'{", ".join(content.columns)}; name it in a source file ([columns] date = "...")'
            )

    def _content(self) -> Content:
        return look_at(f"{self.path}:{self.layer}" if self.layer else self.path)

    def __getstate__(self) -> dict[str, Any]:
        kept = {k: v for k, v in self.__dict__.items() if k != "_table"}
        return kept | {"path": self.path.absolute(), "how": self.how.placed()}

    @cached_property
    def _table(self) -> Settlements:
        content = self._content()  # not kept: its bytes are many
        if content.sha256 != self.sha256:
            raise ControlError(f"{self.path}: has changed since it was opened; open it anew")
        return Settlements(content, self.how, self.dataset)

    @property
    def notes(self) -> tuple[str, ...]:
        """Rows that were left out, of whatever day."""
        return self._table.notes

    @property
    def grounds(self) -> dict[date, str]:
        """What tells the ground of each day."""
        return self._table.grounds

    def read(self, day: date) -> Control:
        """The state of a day."""
        return settle(
            self.path,
            self.sha256,
            self._table.draw(day),
            self.dataset,
            self.how,
            day,
            control_class=self.control_class,
        )

    def outline(self, day: date) -> Outline:
        """What is claimed on a day; what is left out of the table is not said of every day."""
        control = self.read(day)
        own = [note for note in control.notes if note not in self.notes]
        said = assumed_of(own, control.source)
        return replace(control.outline(), mended=mended_of(own), assumed=said)

    def terms(self, day: date) -> Terms:
        """What is known of the terms, of whatever day."""
        del day
        return Terms(self.how.title or self.path.name, self.how.redistribution, self.how.licence)
