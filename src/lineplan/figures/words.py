"""Lines of text that stand together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from lineplan.figures.sheet import PT_MM, measure, plain

if TYPE_CHECKING:
    from lineplan.figures.sheet import Sheet
    from lineplan.figures.window import Box

INK, SOFT, PAPER = "#22272b", "#545c63", "#fffefb"
LEADING = 1.22


@dataclass(frozen=True)
class Line:
    """One line of text: size in points."""

    words: str
    size: float
    bold: bool = False
    color: str = INK

    @property
    def extent(self) -> tuple[float, float, float]:
        """Width, height above and depth below the base line, in mm."""
        return measure(plain(self.words), self.size, bold=self.bold)


@dataclass(frozen=True)
class Stack:
    """Lines one under the other."""

    lines: Sequence[Line]

    @cached_property
    def steps(self) -> list[float]:
        """Distance of each base line from the top, in mm."""
        found: list[float] = []
        for line in self.lines:
            _, up, _ = line.extent
            lead = line.size * PT_MM * LEADING
            below = found[-1] + self.lines[len(found) - 1].extent[2] if found else 0.0
            found.append(max(found[-1] + lead, below + up) if found else up)
        return found

    @cached_property
    def size(self) -> tuple[float, float]:
        """Width and height, in mm."""
        if not self.lines:
            return 0.0, 0.0
        width = max(line.extent[0] for line in self.lines)
        return width, self.steps[-1] + self.lines[-1].extent[2]

    def write(
        self, sheet: Sheet, layer: str, box: Box, align: str = "left", halo: str | None = None
    ) -> None:
        """Write the lines into a box, from its top."""
        left, _, right, top = box
        x = {"left": left, "center": (left + right) / 2, "right": right}[align]
        for line, step in zip(self.lines, self.steps, strict=True):
            sheet.text(
                layer,
                (x, top - step),
                line.words,
                line.size,
                bold=line.bold,
                color=line.color,
                align=align,
                halo=halo,
            )
