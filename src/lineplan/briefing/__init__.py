"""The report: an arrangement on two printed pages, in one HTML file.

Map, table of areas, clause by clause text, reading and area, conditions, sources.

>>> import lineplan as lp
>>> lp.arrange("point21").report("brief.html", lang="uk")
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lineplan.briefing.page import page_of
from lineplan.errors import LineplanError, UsageError
from lineplan.facts import Facts
from lineplan.figures.layout import Captions
from lineplan.figures.sheet import need_matplotlib
from lineplan.labels import spoken_one, warn_of_unused
from lineplan.output import replacing

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement

__all__ = ["check_report", "write_report"]


def write_report(
    arrangement: Arrangement,
    path: str | Path,
    *,
    lang: str | None = None,
    catalogues: Sequence[str | Path] = (),
    focus: str | Sequence[float] | None = None,
    terms: str | Path | None = None,
    title: str | None = None,
    subtitle: str | None = None,
    note: str | None = None,
    byline: str | None = None,
    has_permission: bool = False,
) -> Path:
    """
    Write an arrangement as a report: one HTML file without scripts, made to print on two pages.

    Parameters
    ----------
    arrangement
        What it is about.
    path
        Ending in ``.html``.
    lang
        Language: ``en``, ``uk``, ``ru``, ``zh-Hant``, or that of a catalogue file; by default that
        of the first file, else English. What comes with a plan in other languages
        only is shown as it is.
    catalogues
        Catalogue files (.po) of further languages; what one leaves out is said in English.
    focus
        What the map shows: a unit by id or name, a status, or (west, south, east, north) in
        degrees. By default the ground that the plan speaks of.
    terms
        A TOML file with labels of a house style; their use is said under the conditions.
    title, subtitle, note, byline
        Words above and below the map; the title of the plan where no title is given.
    has_permission
        You state that every source of control whose terms forbid it has permitted passing its
        geometry on; the report then says so.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UsageError
        If the ending, the language, the focus or the terms are not known.
    ControlError
        If the terms of a source of control forbid passing its geometry on, and no permission is
        stated.
    LineplanError
        If matplotlib is not installed, or the file cannot be written.
    """
    path = Path(path)
    check_report(path)
    arrangement = arrangement.for_others(has_permission=has_permission)
    facts = Facts(arrangement, spoken_one(lang, catalogues, terms))
    captions = Captions(title or facts.plan_title, subtitle, note, byline)
    written = page_of(facts, captions, focus)
    warn_of_unused([facts.words], terms)
    with replacing(path) as draft:
        draft.write_text(written, encoding="utf-8")
    return path


def check_report(path: Path) -> None:
    """Raise UsageError or LineplanError where no report can be written to a file."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{path}: a report is written to a file that ends in .html")
    if not path.parent.is_dir():
        raise LineplanError(f"{path}: there is no folder {path.parent}; make it first")
    need_matplotlib("a report")
