"""What stands around the map: heading, areas, key, conditions; measured first, then drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import shapely

from lineplan.figures.footnotes import attributions, statements
from lineplan.figures.ground import DASH_PX, STROKES
from lineplan.figures.hatching import MM_PER_PX, paint_ground
from lineplan.figures.sheet import PT_MM, balanced, wrap
from lineplan.figures.words import INK, PAPER, SOFT, Line, Stack

if TYPE_CHECKING:
    from lineplan.facts import Facts
    from lineplan.figures.sheet import Sheet
    from lineplan.figures.window import Window

RULE = "#cfcabd"
_Paint = Callable[["Sheet", float, float], None]


@dataclass
class Block:
    """Text and small drawings, from the top down; `height_mm` is known before it is drawn.

    Parameters
    ----------
    layer
        That it is drawn in.
    width_mm
        Of the column.
    """

    layer: str
    width_mm: float
    height_mm: float = 0.0
    _items: list[tuple[float, _Paint]] = field(default_factory=list)

    def space(self, mm: float) -> None:
        """Leave room."""
        self.height_mm += mm

    def stack(self, stack: Stack, *, indent_mm: float = 0.0, align: str = "left") -> None:
        """Add lines of text; right-aligned ones end at the right edge."""
        self._at_top(stack, indent_mm, align)
        self.height_mm += stack.size[1]

    def beside(self, stack: Stack, *, indent_mm: float = 0.0, align: str = "left") -> None:
        """Add lines that start at the same height as what is added next."""
        self._at_top(stack, indent_mm, align)

    def draw(self, paint: _Paint) -> None:
        """Add a drawing that takes no height: it is given the sheet, the left and the top."""
        self._items.append((self.height_mm, paint))

    def rule(self, color: str = RULE, width_mm: float = 0.2) -> None:
        """Add a line across."""

        def paint(sheet: Sheet, left: float, top: float) -> None:
            line = shapely.LineString([(left, top), (left + self.width_mm, top)])
            sheet.stroke(self.layer, [line], color, width_mm, cap="butt")

        self.draw(paint)

    def put(self, sheet: Sheet, left: float, top: float) -> None:
        """Draw all of it."""
        for down, paint in self._items:
            paint(sheet, left, top - down)

    def _at_top(self, stack: Stack, indent_mm: float, align: str) -> None:
        def paint(sheet: Sheet, left: float, top: float) -> None:
            box = (left + indent_mm, top - stack.size[1], left + self.width_mm, top)
            if align == "right":
                box = (left, box[1], left + self.width_mm - indent_mm, top)
            stack.write(sheet, self.layer, box, align)

        self.draw(paint)


def _lines(
    words: str, width_mm: float, size: float, *, bold: bool = False, color: str = INK
) -> Stack:
    return Stack([Line(w, size, bold, color) for w in wrap(words, width_mm, size, bold=bold)])


def heading(facts: Facts, title: str, subtitle: str | None, width_mm: float, scale: float) -> Block:
    """Standing of the text, title, subtitle, day and age of the line; a notice if it is old."""
    block = Block("title", width_mm)
    tag = Stack([Line(facts.force, 7.2 * scale, True, PAPER)])
    pad = 1.3 * scale
    wide, high = tag.size

    def paint(sheet: Sheet, left: float, top: float) -> None:
        plate = shapely.box(left, top - high - 1.2 * scale, left + wide + 2 * pad, top)
        sheet.fill("title", plate, INK)
        tag.write(sheet, "title", (left + pad, 0, left + pad + wide, top - 0.6 * scale))

    block.draw(paint)
    block.space(high + 3.0 * scale)
    size = 15.0 * scale
    lines = balanced(title, width_mm, size, bold=True)
    block.stack(Stack([Line(words, size, True) for words in lines]))
    if subtitle:
        block.space(0.8 * scale)
        block.stack(_lines(subtitle, width_mm, 9.0 * scale))
    block.space(1.0 * scale)
    block.stack(_lines(facts.when, width_mm, 7.4 * scale, color=SOFT))
    if facts.is_stale:
        said = facts.words.text("map.stale", date=facts.line_date, age=facts.line_age)
        block.space(0.7 * scale)
        block.stack(_lines(said, width_mm, 7.4 * scale, bold=True))
    return block


@dataclass(frozen=True)
class Amounts:
    """The figures of the table.

    Parameters
    ----------
    statuses
        As `Facts.statuses` gives them.
    shares
        Share of all units by status and holder; by status alone under holder ''.
    total
        Area of all units.
    """

    statuses: list[dict[str, Any]]
    shares: dict[tuple[str, str], str]
    total: str

    @classmethod
    def of(cls, facts: Facts) -> Amounts:
        """The figures of an arrangement, in the words of one language."""
        shares = {}
        for by in ("status", ("status", "held_by")):
            for row in facts.arrangement.areas(by).to_dict("records"):
                key = (str(row["status"]), str(row.get("held_by", "")))
                shares[key] = facts.words.share(row["share_of_units"])
        total = facts.words.area(facts.arrangement.zones["area_km2"].sum())
        return cls(facts.statuses(), shares, total)


def area_table(facts: Facts, amounts: Amounts, width_mm: float, scale: float) -> Block:
    """Areas by status and holder: rounded as on the map, and in whole km², with shares."""
    block = Block("table", width_mm)
    text, words = facts.words.text, facts.words
    shares = amounts.shares
    small, normal, large = 5.9 * scale, 6.4 * scale, 8.2 * scale
    swatch, gap = 5.0 * scale, 1.6 * scale
    indent = swatch + gap
    share_mm = max(13.0 * scale, *(_wide(said, normal) for said in shares.values()))
    area_mm = 1.0 * scale + max(
        _wide(holder["area"], normal) for s in amounts.statuses for holder in s["holders"]
    )
    label_mm = width_mm - indent - share_mm - area_mm - 2 * gap

    head = text("field.held_by" if facts.is_reference else "field.status")
    block.beside(_lines(head, label_mm + indent, small, bold=True, color=SOFT))
    heads = balanced(text("field.share_of_units"), share_mm, small, bold=True)
    share_head = Stack([Line(w, small, True, SOFT) for w in heads])
    area_head = Stack([Line(text("field.area"), small, True, SOFT)])
    block.beside(area_head, indent_mm=share_mm + gap, align="right")
    block.stack(share_head, align="right")
    block.space(0.8 * scale)
    block.rule(INK, 0.25)
    for status in amounts.statuses:
        block.space(1.3 * scale)
        block.draw(_swatch(status["paint"], (swatch, 3.2 * scale), scale))
        by = status["holders"][0]["held_by"] if facts.is_reference else ""
        block.beside(Stack([Line(shares[status["status"], by], normal, True)]), align="right")
        figure = status["headline"] if status["named"] else status["area"]
        size = large if status["named"] else normal
        label = _lines(status["label"], width_mm - indent - share_mm - gap, 7.0 * scale, bold=True)
        block.stack(label, indent_mm=indent)
        block.space(0.5 * scale)
        block.stack(Stack([Line(figure, size, status["named"])]), indent_mm=indent)
        if status["named"]:
            name, spread = status["range"]
            apart = "" if name.endswith("：") or not spread else " "
            block.space(0.4 * scale)
            said = _lines(name + apart + spread, width_mm - indent, small, color=SOFT)
            block.stack(said, indent_mm=indent)
        holders = status["holders"] if status["named"] or len(status["holders"]) > 1 else []
        for holder in holders:
            block.space(0.8 * scale)
            paint = _swatch(holder["paint"], (swatch * 0.62, 2.1 * scale), scale)
            block.draw(_shifted(paint, indent))
            inner = indent + swatch * 0.62 + gap * 0.7
            area = Stack([Line(holder["area"], normal)])
            block.beside(area, indent_mm=share_mm + gap, align="right")
            share = shares[status["status"], holder["held_by"]]
            block.beside(Stack([Line(share, normal)]), align="right")
            room = width_mm - inner - area_mm - share_mm - 2 * gap
            block.stack(_lines(holder["label"], room, normal), indent_mm=inner)
        block.space(1.3 * scale)
        block.rule()
    block.space(1.0 * scale)
    block.beside(
        Stack([Line(amounts.total, normal, True)]), indent_mm=share_mm + gap, align="right"
    )
    block.beside(Stack([Line(words.percent(1.0), normal, True)]), align="right")
    block.stack(Stack([Line(text("page.total"), normal, True)]))
    return block


def key(facts: Facts, width_mm: float, scale: float) -> Block:
    """What the lines mean."""
    block = Block("key", width_mm)
    size, sample = 6.4 * scale, 7.5 * scale
    for kind, label in lines_of_key(facts):
        stack = _lines(label, width_mm - sample - 1.8 * scale, size)
        block.draw(line_sample(kind, sample, size, scale))
        block.stack(stack, indent_mm=sample + 1.8 * scale)
        block.space(0.5 * scale)
    return block


def lines_of_key(facts: Facts) -> list[tuple[str, str]]:
    """Kind and name of every line of the map, the most important first."""
    text = facts.words.text
    return [
        ("border", text("map.border")),
        ("line", text("map.line_label", date=facts.line_date)),
        ("neighbours", text("map.neighbour_border")),
        ("units", text("map.unit_boundary")),
        ("rivers", text("map.rivers")),
    ]


def source_line(
    facts: Facts, note: str | None, byline: str | None, width_mm: float, scale: float
) -> Block:
    """Under the map: note, sources of text and line, byline."""
    block = Block("source-line", width_mm)
    for words, bold in ((note, False), (facts.source_line, False), (byline, True)):
        if words:
            block.stack(_lines(words, width_mm, 6.4 * scale, bold=bold, color="#3d454b"))
            block.space(0.6 * scale)
    return block


def conditions(
    facts: Facts,
    window: Window,
    drift: float,
    size_mm: tuple[float, float],
    width_mm: float,
    columns: int,
    scale: float,
) -> list[Block]:
    """Conditions of every figure, sources and licences, in columns of like height."""
    projection, made = projection_said(facts, window, size_mm), made_said(facts)
    said = [*statements(facts, drift), projection, *attributions(facts), made]
    size = 5.2 * scale
    gap = 5.0 * scale
    column_mm = (width_mm - gap * (columns - 1)) / columns
    paragraphs = [_lines(words_of, column_mm, size, color="#3d454b") for words_of in said]
    between = 0.4 * size * PT_MM
    heights = [paragraph.size[1] + between for paragraph in paragraphs]
    blocks = [Block("footer", column_mm)]
    room = _even_height(heights, columns)
    for paragraph, height in zip(paragraphs, heights, strict=True):
        if blocks[-1].height_mm + height > room + 1e-6 and len(blocks) < columns:
            blocks.append(Block("footer", column_mm))
        blocks[-1].stack(paragraph)
        blocks[-1].space(between)
    return blocks


def projection_said(facts: Facts, window: Window, size_mm: tuple[float, float]) -> str:
    """Projection, and scale on a page of that size."""
    text, words = facts.words.text, facts.words
    lon, lat = window.centre
    return text(
        "print.projection",
        lat=text(f"print.{'north' if lat >= 0 else 'south'}", number=words.number(abs(lat), 1)),
        lon=text(f"print.{'east' if lon >= 0 else 'west'}", number=words.number(abs(lon), 1)),
        scale=words.number(window.scale),
        width=words.number(size_mm[0]),
        height=words.number(size_mm[1]),
    )


def made_said(facts: Facts) -> str:
    """With which version, and when."""
    version = facts.conditions["lineplan_version"]
    return facts.words.text("footer.version", version=version, date=facts.made)


def _even_height(heights: Sequence[float], columns: int) -> float:
    """The least height of columns that hold all paragraphs, none of them broken."""
    for room in sorted(
        sum(heights[a:b]) for a in range(len(heights)) for b in range(a + 1, len(heights) + 1)
    ):
        used, full = 1, 0.0
        for height in heights:
            if full + height > room + 1e-6:
                used, full = used + 1, 0.0
            full += height
        if used <= columns and room >= max(heights) - 1e-6:
            return room
    return sum(heights)


def _wide(words: str, size: float) -> float:
    return Line(words, size).extent[0]


def _swatch(paint: str, size_mm: tuple[float, float], scale: float) -> _Paint:
    def draw(sheet: Sheet, left: float, top: float) -> None:
        width, height = size_mm
        down = 0.1 * height
        box = shapely.box(left, top - height - down, left + width, top - down)
        paint_ground(sheet, box, paint, layers=("table", "table"), scale=0.8 * scale)
        sheet.stroke("table", [box.exterior], "#6b6862", 0.15)

    return draw


def _shifted(paint: _Paint, right_mm: float) -> _Paint:
    return lambda sheet, left, top: paint(sheet, left + right_mm, top)


def line_sample(kind: str, length: float, size: float, scale: float) -> _Paint:
    """Draw a piece of a line beside a name set in `size`, in the layer ``key``."""

    def draw(sheet: Sheet, left: float, top: float) -> None:
        y = top - 0.55 * size * PT_MM
        line = [shapely.LineString([(left, y), (left + length, y)])]
        colour, width = STROKES[kind]
        px = MM_PER_PX * scale
        dash: Sequence[float] = [mm * px for mm in DASH_PX] if kind == "line" else ()
        sheet.stroke("key", line, colour, width * px, dash_mm=dash, cap="butt")

    return draw
