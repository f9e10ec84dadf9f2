"""Commands that write a file: the map, the figure for print, and exports for a GIS."""

from __future__ import annotations

import re
import warnings
from contextlib import contextmanager
from enum import StrEnum
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lineplan.cli.options import Ground, PlanArgument, with_ground
from lineplan.cli.output import progress_bar, say
from lineplan.errors import LineplanWarning, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lineplan.control.terms import Terms


PermissionOption = Annotated[
    bool,
    typer.Option(
        "--i-have-permission",
        help="State that every source of control whose terms forbid passing its geometry on has "
        "permitted it; the file then says so.",
    ),
]

FocusOption = Annotated[
    str | None,
    typer.Option(
        metavar="UNIT|STATUS|W,S,E,N",
        help="What the map shows: a unit (UA-14 or Donetsk), a status, or a box in degrees.",
    ),
]
TermsOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="TOML file with the house style's own labels.")
]
LangOption = Annotated[
    str | None,
    typer.Option(help="en, uk, ru, zh-Hant, or that of --catalogue (the default, else en)."),
]
CatalogueOption = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="FILE.po",
        help="Catalogue of a further language, made from src/lineplan/locale/en.po.",
    ),
]
TitleOption = Annotated[str | None, typer.Option(help="Title; by default the plan's.")]
SubtitleOption = Annotated[str | None, typer.Option(help="A line under the title.")]
NoteOption = Annotated[str | None, typer.Option(help="A note under the map.")]
BylineOption = Annotated[str | None, typer.Option(help="Who made it, under the map.")]


class Lang(StrEnum):
    """Languages of exports."""

    en = "en"
    uk = "uk"
    ru = "ru"
    zh_hant = "zh-Hant"


_PAGE = "The page"


@with_ground
def map_command(
    plans: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PLAN ...]",
            help="Ids of plans (lineplan plans list), or TOML files. Default: point21. The reader "
            "switches between several.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.html", help="Default: PLAN.html"),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="DATE", help="First day of the archive that --control names."
        ),
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day.")] = None,
    lang: Annotated[
        str, typer.Option(help="First language: en, uk, ru, zh-Hant.", rich_help_panel=_PAGE)
    ] = "en",
    languages: Annotated[
        str | None,
        typer.Option(
            metavar="en,uk,...",
            help="Languages the reader can switch to; all when not given.",
            rich_help_panel=_PAGE,
        ),
    ] = None,
    catalogue: CatalogueOption = None,
    focus: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT|STATUS|W,S,E,N",
            help="Where the map opens: a unit (UA-14 or Donetsk), a status, or a box in degrees.",
            rich_help_panel=_PAGE,
        ),
    ] = None,
    terms: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="TOML file with the house style's own labels.",
            rich_help_panel=_PAGE,
        ),
    ] = None,
    title: Annotated[
        str | None, typer.Option(help="Title of the map.", rich_help_panel=_PAGE)
    ] = None,
    subtitle: Annotated[
        str | None, typer.Option(help="Line under the title.", rich_help_panel=_PAGE)
    ] = None,
    note: Annotated[
        str | None, typer.Option(help="Note above the source line.", rich_help_panel=_PAGE)
    ] = None,
    byline: Annotated[
        str | None, typer.Option(help="Who made it, below the source line.", rich_help_panel=_PAGE)
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            metavar="NAME,...|none",
            help="Context to draw: rivers, cities, neighbours, units, reassigned, points.",
            rich_help_panel=_PAGE,
        ),
    ] = None,
    tiles: Annotated[
        str | None,
        typer.Option(
            metavar="PROVIDER",
            help="Map tiles under the zones, by a name of xyzservices (OpenStreetMap.Mapnik); the "
            "page then makes requests to that host, and says so.",
            rich_help_panel=_PAGE,
        ),
    ] = None,
    embed: Annotated[
        str | None,
        typer.Option(
            metavar="WxH|responsive",
            help="Print the line of HTML that embeds the page.",
            rich_help_panel=_PAGE,
        ),
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Report a bad day of an archive and skip it.")
    ] = False,
    i_have_permission: PermissionOption = False,
    *,
    ground: Ground,
) -> None:
    """Make the map: one HTML file that opens anywhere, without a network.

    Example: lineplan map point21 -o donetsk.html --lang uk --focus UA-14

    Several plans and the days of an archive make an atlas, with a switch and a slider:
    lineplan map point21 plan20 as_held --control archive.parquet --from 2025-01-01 -o atlas.html
    """
    snippet = embedding(embed)  # refused before anything is computed
    names = plans or ["point21"]
    ground.check_outputs(names, output, files=(terms, *(catalogue or ())))
    look = {
        "lang": lang,
        "languages": languages.split(",") if languages else None,
        "catalogues": catalogue or (),
        "focus": focus,
        "terms": terms,
        "title": title,
        "subtitle": subtitle,
        "note": note,
        "byline": byline,
        "layers": layers.split(",") if layers is not None else None,
        "tiles": tiles,
    }
    with progress_bar() as progress, _warnings_said():
        built = ground.atlas(
            names,
            first=first,
            last=last,
            keep_going=keep_going,
            progress=progress,
            has_permission=i_have_permission,
            **look,
        )
    for day, reason in built.skipped.items():
        say(f"warning: {day} skipped: {reason}")
    path = output or Path(f"{built.plans[0]}.html")
    built.save(path)
    say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")
    _say_terms(built.terms, has_permission=i_have_permission)
    if snippet:
        print(snippet.format(file=escape(path.name), title=escape(built.title)))


def embedding(size: str | None) -> str:
    """HTML of a frame around the page, with ``{file}`` and ``{title}``; '' where none is asked."""
    if size is None:
        return ""
    frame = '<iframe src="{file}" title="{title}" loading="lazy" '
    if size == "responsive":
        return frame + 'style="width:100%;height:min(85vh,760px);border:0"></iframe>'
    match = re.fullmatch(r"(\d{2,5})x(\d{2,5})", size)
    if match is None:
        raise UsageError(f"--embed {size}: write WIDTHxHEIGHT in pixels (800x600), or responsive")
    return frame + f'width="{match[1]}" height="{match[2]}" style="border:0"></iframe>'


@contextmanager
def _warnings_said() -> Iterator[None]:
    """Say what is warned of, a line each, once the work is done."""
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always", LineplanWarning)
        yield
    for message in dict.fromkeys(str(warning.message) for warning in raised):
        say(f"warning: {message}")


def _say_terms(terms: Iterable[Terms], *, has_permission: bool) -> None:
    """Say what is not stated of passing on the geometry that a file now holds."""
    for said in terms:
        if said.redistribution == "not stated" and not has_permission:
            say(f"note: {said}; make sure before you pass the file on")


@with_ground
def figure(
    plan: PlanArgument = "point21",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="By its ending: .svg .pdf .png; default: PLAN.svg",
        ),
    ] = None,
    size: Annotated[
        str,
        typer.Option(
            metavar="SIZE",
            help="a4, a4-portrait, 16:9, column (90 mm, as high as needed), 180x120mm or 180mm.",
        ),
    ] = "a4",
    dpi: Annotated[float, typer.Option(help="Pixels an inch of a PNG.")] = 300,
    lang: LangOption = None,
    catalogue: CatalogueOption = None,
    focus: FocusOption = None,
    terms: TermsOption = None,
    title: TitleOption = None,
    subtitle: SubtitleOption = None,
    note: NoteOption = None,
    byline: BylineOption = None,
    i_have_permission: PermissionOption = False,
    *,
    ground: Ground,
) -> None:
    """Draw the map for print: SVG with named layers and live text, PDF or PNG.

    Example: lineplan figure point21 -o point21.pdf --size a4 --lang uk

    Needs matplotlib: pip install 'lineplan[chart]'
    """
    from lineplan.figures import page_size
    from lineplan.figures.sheet import check_target

    page_size(size)
    if output is not None:
        check_target(output)
    ground.check_outputs([plan], output, files=(terms, *(catalogue or ())))
    arrangement = ground.arrange(plan, has_permission=i_have_permission)
    path = output or Path(f"{arrangement.plan.id}.svg")
    with _warnings_said():
        arrangement.figure(
            path,
            size=size,
            lang=lang,
            catalogues=catalogue or (),
            focus=focus,
            terms=terms,
            title=title,
            subtitle=subtitle,
            note=note,
            byline=byline,
            dpi=dpi,
            has_permission=i_have_permission,
        )
    say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")
    _say_terms(arrangement.ground.terms, has_permission=i_have_permission)


@with_ground
def report(
    plan: PlanArgument = "point21",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.html", help="Default: PLAN-report.html"),
    ] = None,
    lang: LangOption = None,
    catalogue: CatalogueOption = None,
    focus: FocusOption = None,
    terms: TermsOption = None,
    title: TitleOption = None,
    subtitle: SubtitleOption = None,
    note: NoteOption = None,
    byline: BylineOption = None,
    i_have_permission: PermissionOption = False,
    *,
    ground: Ground,
) -> None:
    """Write the report: one HTML file made to print on two pages.

    Map, table of areas, clause by clause text, reading and area, conditions, sources.

    Example: lineplan report point21 -o brief.html --lang uk

    Needs matplotlib: pip install 'lineplan[chart]'
    """
    from lineplan.briefing import check_report

    if output is not None:
        check_report(output)
    ground.check_outputs([plan], output, files=(terms, *(catalogue or ())))
    arrangement = ground.arrange(plan, has_permission=i_have_permission)
    path = output or Path(f"{arrangement.plan.id}-report.html")
    with _warnings_said():
        arrangement.report(
            path,
            lang=lang,
            catalogues=catalogue or (),
            focus=focus,
            terms=terms,
            title=title,
            subtitle=subtitle,
            note=note,
            byline=byline,
            has_permission=i_have_permission,
        )
    say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")
    _say_terms(arrangement.ground.terms, has_permission=i_have_permission)


@with_ground
def export(
    plan: PlanArgument = "point21",
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="By its ending: .gpkg .parquet .geojson .fgb .kml",
        ),
    ] = ...,  # type: ignore[assignment]
    layer: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="zones (default), line, units, reassigned or sources."),
    ] = None,
    lang: Annotated[
        Lang, typer.Option(help="Language of names, labels, and legends in a GIS.")
    ] = Lang.en,
    i_have_permission: PermissionOption = False,
    *,
    ground: Ground,
) -> None:
    """Write the arrangement for a GIS; a GeoPackage carries all layers, their looks and sources.

    Example: lineplan export -o point21.gpkg --lang uk
    """
    from lineplan.export import OF_CONTROL

    ground.check_outputs([plan], output)
    is_of_control = layer is None or layer in OF_CONTROL
    arrangement = ground.arrange(plan, has_permission=i_have_permission if is_of_control else None)
    path = arrangement.write(output, layer=layer, lang=lang.value, has_permission=i_have_permission)
    say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")
    if is_of_control:
        _say_terms(arrangement.ground.terms, has_permission=i_have_permission)
