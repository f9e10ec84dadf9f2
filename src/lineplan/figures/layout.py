"""Where things stand on the page: everything is measured before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import shapely

from lineplan.errors import UsageError
from lineplan.figures.ground import drift_of, known_bounds
from lineplan.figures.mapping import MAP_LAYERS, draw_map
from lineplan.figures.panels import (
    RULE,
    Amounts,
    Block,
    area_table,
    conditions,
    heading,
    key,
    source_line,
)
from lineplan.figures.sheet import Sheet
from lineplan.figures.window import Window, fit, shape_of
from lineplan.figures.words import PAPER

if TYPE_CHECKING:
    from lineplan.facts import Facts

LAYERS = ("paper", *MAP_LAYERS, "frame", "title", "table", "key", "source-line", "footer")
"""Layers of the page, the lowest first; in an SVG each is a group with this id."""

_LEAST_MAP_MM = 45.0
_PANEL_SCALES = (1.2, 1.12, 1.04, 0.96, 0.9)
"""Text beside the map is as large as there is room for."""


class PageSize(NamedTuple):
    """A page in mm; without a height it is as high as what stands on it."""

    width_mm: float
    height_mm: float | None
    text_scale: float = 1.0


class Captions(NamedTuple):
    """Words of the newsroom's own."""

    title: str
    subtitle: str | None = None
    note: str | None = None
    byline: str | None = None


class _Put(NamedTuple):
    """A block, how far from the left margin, and how far down from where the map ends."""

    block: Block
    right_mm: float
    down_mm: float


@dataclass(frozen=True)
class _Draft:
    """One way to lay out the page: `puts` hang from the map's top if `beside`, else its foot."""

    head: Block
    map_mm: tuple[float, float]
    page_mm: float
    beside: Sequence[_Put]
    below: Sequence[_Put]
    rule_mm: float | None
    lack_mm: float
    cost: float


def lay_out(
    facts: Facts, page: PageSize, corners: Sequence[Sequence[float]], captions: Captions
) -> Sheet:
    """
    Draw the page.

    Parameters
    ----------
    facts
        What is said.
    page
        Its size.
    corners
        (south, west) and (north, east) of what the map shows.
    captions
        Title and what else is written.

    Raises
    ------
    UsageError
        If the words leave no room for the map.
    """
    setter = _Setter(facts, page, corners, captions)
    drafts = list(setter.drafts())
    fitting = [draft for draft in drafts if draft.lack_mm <= 0.05]
    if not fitting:
        nearest = min(drafts, key=lambda draft: draft.lack_mm)
        raise UsageError(
            f"a page of {page.width_mm:g} x {nearest.page_mm:g} mm has no room for the map beside "
            f"its words; make it {max(nearest.lack_mm, 1):.0f} mm higher, or give the width alone "
            f"({page.width_mm:g}mm)"
        )
    return setter.draw(min(fitting, key=lambda draft: draft.cost))


class _Setter:
    """Tries ways to lay out a page, and draws one."""

    def __init__(
        self,
        facts: Facts,
        page: PageSize,
        corners: Sequence[Sequence[float]],
        captions: Captions,
    ) -> None:
        self.facts, self.page, self.corners, self.captions = facts, page, corners, captions
        self.scale = page.text_scale
        self.known = known_bounds(facts)
        self.amounts = Amounts.of(facts)
        self._drifts: list[float] = []
        self.margin = (9.0 if page.width_mm >= 150 else 4.5) * self.scale
        self.gap = 3.0 * self.scale
        self.inner = page.width_mm - 2 * self.margin

    def drafts(self) -> Iterator[_Draft]:
        """Wide pages have the table beside the map, conditions under both or in a column."""
        height = self.page.height_mm
        if height is not None and self.page.width_mm > 1.12 * height:
            for in_column in (False, True):
                for panel_scale in _PANEL_SCALES:
                    yield self._wide(panel_scale, in_column=in_column)
        else:
            yield self._high()

    def draw(self, draft: _Draft) -> Sheet:
        """Draw a page as it was laid out."""
        width, height = self.page.width_mm, draft.page_mm
        sheet = Sheet(width, height, LAYERS)
        sheet.fill("paper", shapely.box(0, 0, width, height), PAPER)
        left, top = self.margin, height - self.margin
        draft.head.put(sheet, left, top)
        top -= draft.head.height_mm + self.gap
        foot = top - draft.map_mm[1]
        frame = (left, foot, left + draft.map_mm[0], top)
        draw_map(sheet, self.facts, fit(self.corners, frame, self.known), self.scale)
        sheet.stroke("frame", [shapely.box(*frame).exterior], "#8b8676", 0.2)
        for puts, start in ((draft.beside, top), (draft.below, foot)):
            for block, right_mm, down_mm in puts:
                block.put(sheet, left + right_mm, start - down_mm)
        if draft.rule_mm is not None:
            y = foot - draft.rule_mm
            rule = shapely.LineString([(left, y), (left + self.inner, y)])
            sheet.stroke("footer", [rule], RULE, 0.2, cap="butt")
        return sheet

    def _heading(self) -> Block:
        title, subtitle = self.captions.title, self.captions.subtitle
        return heading(self.facts, title, subtitle, self.inner, self.scale)

    def _source(self, width_mm: float) -> Block:
        note, byline = self.captions.note, self.captions.byline
        return source_line(self.facts, note, byline, width_mm, self.scale)

    def _conditions(self, window: Window, height_mm: float, width: float, n: int) -> list[Block]:
        size = (self.page.width_mm, height_mm)
        return conditions(self.facts, window, self._drift(window), size, width, n, self.scale)

    def _drift(self, window: Window) -> float:
        if not self._drifts:  # the same to two digits for every way to lay out a page
            self._drifts.append(drift_of(self.facts.arrangement, window))
        return self._drifts[0]

    def _window(self, map_mm: tuple[float, float]) -> Window:
        return fit(self.corners, (0.0, 0.0, map_mm[0], max(map_mm[1], 1.0)), self.known)

    def _wide(self, panel_scale: float, *, in_column: bool) -> _Draft:
        gap, scale, page_mm = self.gap, self.scale, self.page.height_mm or 0.0
        head = self._heading()
        panel = 78.0 * scale * panel_scale
        column = 58.0 * scale if in_column else 0.0
        map_mm = self.inner - panel - 2 * gap - (column + 2 * gap if in_column else 0.0)
        under = self._source(max(map_mm, 20.0))
        table = area_table(self.facts, self.amounts, panel, scale * panel_scale)
        lines = key(self.facts, panel, scale * panel_scale)
        fixed = 2 * self.margin + head.height_mm + 1.5 * gap + under.height_mm
        n = 1 if in_column else max(1, round(self.inner / (95 * scale)))
        width = column or self.inner
        height = page_mm - fixed
        foot: list[Block] = []
        # The footer says the scale, which depends on the height of the map, which depends on the
        # height of the footer: the number may change, its length does not.
        for _ in range(1 if in_column else 2):
            foot = self._conditions(self._window((map_mm, height)), page_mm, width, n)
            if not in_column:
                height = page_mm - fixed - 2 * gap - max(block.height_mm for block in foot)
        window = self._window((map_mm, height))
        foot = self._conditions(window, page_mm, width, n)
        needed = table.height_mm + 2 * gap + lines.height_mm
        right = map_mm + 2 * gap
        beside = [_Put(table, right, 0.0), _Put(lines, right, table.height_mm + 2 * gap)]
        below = [_Put(under, 0.0, 0.5 * gap)]
        rule = None
        if in_column:
            needed = max(needed, foot[0].height_mm)
            beside.append(_Put(foot[0], right + panel + 2 * gap, 0.0))
        else:
            rule = 1.5 * gap + under.height_mm
            below += self._in_columns(foot, rule + gap)
        room = height + 0.5 * gap + under.height_mm
        lack = max(_LEAST_MAP_MM - height, needed - room, _LEAST_MAP_MM - map_mm)
        size = (map_mm, height)
        cost = window.metres_per_mm / panel_scale**0.8  # a large map, and words large beside it
        return _Draft(head, size, page_mm, beside, below, rule, lack, cost)

    def _high(self) -> _Draft:
        gap, scale = self.gap, self.scale
        head, under = self._heading(), self._source(self.inner)
        two = self.inner >= 150
        table_mm = (self.inner - 2 * gap) * 0.55 if two else self.inner
        side_mm = self.inner - table_mm - 2 * gap if two else self.inner
        table = area_table(self.facts, self.amounts, table_mm, scale)
        lines = key(self.facts, side_mm, scale)
        down = 1.5 * gap + under.height_mm
        page_mm = self.page.height_mm or 250.0
        height = self.inner / min(max(shape_of(self.corners), 0.8), 1.5)
        for _ in range(2):
            window = self._window((self.inner, height))
            (foot,) = self._conditions(window, page_mm, side_mm, 1)
            tail = lines.height_mm + 2 * gap + foot.height_mm
            panels = max(table.height_mm, tail) if two else table.height_mm + 2 * gap + tail
            fixed = 2 * self.margin + head.height_mm + gap + down + panels
            page_mm = self.page.height_mm or round(fixed + height, 1)
            height = page_mm - fixed
        (foot,) = self._conditions(window, page_mm, side_mm, 1)
        below = [_Put(under, 0.0, 0.5 * gap), _Put(table, 0.0, down)]
        right, at = (table_mm + 2 * gap, down) if two else (0.0, down + table.height_mm + 2 * gap)
        below += [_Put(lines, right, at), _Put(foot, right, at + lines.height_mm + 2 * gap)]
        lack = _LEAST_MAP_MM - height
        size = (self.inner, height)
        return _Draft(head, size, page_mm, (), below, None, lack, window.metres_per_mm)

    def _in_columns(self, blocks: Sequence[Block], down_mm: float) -> list[_Put]:
        step = (self.inner - sum(block.width_mm for block in blocks)) / max(1, len(blocks) - 1)
        puts, right = [], 0.0
        for block in blocks:
            puts.append(_Put(block, right, down_mm))
            right += block.width_mm + min(step, 5.0 * self.scale)
        return puts
