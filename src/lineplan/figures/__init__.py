"""The map of an arrangement for print: PNG, SVG or PDF on a page of exact size.

It says what the web map says, in the same words, colours and hatching.

>>> import lineplan as lp
>>> lp.arrange("point21").figure("point21.svg", size="a4", lang="uk")
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lineplan.errors import UsageError
from lineplan.facts import Facts
from lineplan.figures.layout import LAYERS, Captions, PageSize, lay_out
from lineplan.figures.lines import focus_bounds
from lineplan.figures.sheet import Sheet, check_target, drawing_style, need_matplotlib
from lineplan.labels import spoken_one, warn_of_unused

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement

__all__ = ["LAYERS", "SIZES", "PageSize", "compose", "page_size", "write_figure"]


SIZES = {
    "a4": PageSize(297, 210),
    "a4-portrait": PageSize(210, 297),
    "16:9": PageSize(1920 / 144 * 25.4, 1080 / 144 * 25.4, 1.12),
    "column": PageSize(90, None, 0.92),
}
"""Pages by name. 16:9 is 1920 x 1080 pixels at 144 dpi; a column is 90 mm wide."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)(?:x(\d+(?:\.\d+)?))?mm")
_LEAST_MM, _MOST_MM = 70, 1200


def page_size(size: str) -> PageSize:
    """
    Read a size: a name of `SIZES`, ``180x120mm``, or ``180mm`` for a page as high as needed.

    Raises
    ------
    UsageError
        If it is none of these, or no page.
    """
    if size in SIZES:
        return SIZES[size]
    match = _SIZE.fullmatch(size.strip().lower())
    if match is None:
        raise UsageError(
            f"size {size!r}: choose from {', '.join(SIZES)}, or write WIDTHxHEIGHTmm (180x120mm) "
            "or WIDTHmm"
        )
    width, height = float(match[1]), float(match[2]) if match[2] else None
    if not all(_LEAST_MM <= mm <= _MOST_MM for mm in (width, height or width)):
        raise UsageError(f"size {size!r}: a page is {_LEAST_MM} to {_MOST_MM} mm wide and high")
    return PageSize(width, height, 0.92 if width < 150 else 1.0)


def write_figure(
    arrangement: Arrangement,
    path: str | Path,
    *,
    size: str = "a4",
    lang: str | None = None,
    catalogues: Sequence[str | Path] = (),
    focus: str | Sequence[float] | None = None,
    terms: str | Path | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    note: str | None = None,
    byline: str | None = None,
    dpi: float = 300,
    has_permission: bool = False,
) -> Path:
    """
    Draw an arrangement to a file by its ending.

    Parameters
    ----------
    arrangement
        What to draw.
    path
        Ending in ``.png``, ``.svg`` or ``.pdf``.
    size
        ``a4``, ``a4-portrait``, ``16:9``, ``column``, ``180x120mm``, or ``180mm``.
    lang
        Language: ``en``, ``uk``, ``ru``, ``zh-Hant``, or that of a catalogue file; by default that
        of the first file, else English.
    catalogues
        Catalogue files (.po) of further languages; what one leaves out is said in English.
    focus
        What to show: a unit by id or name, a status, or (west, south, east, north) in degrees.
        By default the ground that the plan speaks of.
    terms
        A TOML file with labels of a house style; their use is said in the footer.
    title, subtitle, note, byline
        Words above and below the map; the title of the plan where no title is given.
    dpi
        Pixels an inch of a PNG.
    has_permission
        You state that every source of control whose terms forbid it has permitted passing its
        geometry on; the footer then says so.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        If the ending, the size, the language, the focus or the terms are not known, or the page
        is too small for its words.
    ControlError
        If the terms of a source of control forbid passing its geometry on, and no permission is
        stated.
    LineplanError
        If matplotlib is not installed, or the file cannot be written.
    """
    path = Path(path)
    check_target(path)
    arrangement = arrangement.for_others(has_permission=has_permission)
    if not 36 <= dpi <= 1200:
        raise UsageError(f"dpi {dpi:g}: choose from 36 to 1200")
    facts = Facts(arrangement, spoken_one(lang, catalogues, terms))
    captions = Captions(title or facts.plan_title, subtitle, note, byline)
    about = {
        "title": f"{captions.title} – {facts.force}",
        "description": f"{facts.when}. {facts.source_line}",
    }
    sheet = compose(facts, captions, size=size, focus=focus)
    warn_of_unused([facts.words], terms)
    sheet.save(path, dpi=dpi, about=about)
    return path


def compose(
    facts: Facts,
    captions: Captions | None = None,
    *,
    size: str = "a4",
    focus: str | Sequence[float] | None = None,
) -> Sheet:
    """Lay out and draw the page; the options are those of `write_figure`."""
    need_matplotlib()
    page = page_size(size)
    corners = focus_bounds(facts.arrangement, focus)
    with drawing_style():
        return lay_out(facts, page, corners, captions or Captions(facts.plan_title))
