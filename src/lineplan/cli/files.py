"""Commands that write a file: the map, the figure for print, and exports for a GIS."""

from __future__ import annotations

import warnings
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lineplan.cli.options import Ground, PlanArgument, with_ground
from lineplan.cli.output import say
from lineplan.errors import LineplanWarning

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement


PermissionOption = Annotated[
    bool,
    typer.Option(
        "--i-have-permission",
        help="State that every source of control whose terms forbid passing its geometry on has "
        "permitted it; the file then says so.",
    ),
]


class Lang(StrEnum):
    """Languages of maps and exports."""

    en = "en"
    uk = "uk"
    ru = "ru"
    zh_hant = "zh-Hant"


@with_ground
def map_command(
    plan: PlanArgument = "point21",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.html", help="Default: PLAN.html"),
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the map.")] = Lang.en,
    focus: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT|STATUS|W,S,E,N",
            help="Where the map opens: a unit (UA-14 or Donetsk), a status, or a box in degrees.",
        ),
    ] = None,
    terms: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file with the house style's own labels."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title of the map.")] = None,
    i_have_permission: PermissionOption = False,
    *,
    ground: Ground,
) -> None:
    """Make the map: one HTML file that opens anywhere, without a network.

    Example: lineplan map point21 -o donetsk.html --lang uk --focus UA-14
    """
    arrangement = ground.arrange(plan, has_permission=i_have_permission)
    path = output or Path(f"{arrangement.plan.id}.html")
    built = arrangement.map(
        lang=lang.value,
        focus=focus,
        terms=terms,
        title=title,
        has_permission=i_have_permission,
    )
    built.save(path)
    say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")
    _say_terms(arrangement, has_permission=i_have_permission)


def _say_terms(arrangement: Arrangement, *, has_permission: bool) -> None:
    """Say what is not stated of passing on the geometry that a file now holds."""
    for said in arrangement.ground.terms:
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
    lang: Annotated[Lang, typer.Option(help="Language of the figure.")] = Lang.en,
    focus: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT|STATUS|W,S,E,N",
            help="What it shows: a unit (UA-14 or Donetsk), a status, or a box in degrees.",
        ),
    ] = None,
    terms: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file with the house style's own labels."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title; by default the plan's.")] = None,
    subtitle: Annotated[str | None, typer.Option(help="A line under the title.")] = None,
    note: Annotated[str | None, typer.Option(help="A note under the map.")] = None,
    byline: Annotated[str | None, typer.Option(help="Who made it, under the map.")] = None,
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
    arrangement = ground.arrange(plan, has_permission=i_have_permission)
    path = output or Path(f"{arrangement.plan.id}.svg")
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always", LineplanWarning)
        arrangement.figure(
            path,
            size=size,
            lang=lang.value,
            focus=focus,
            terms=terms,
            title=title,
            subtitle=subtitle,
            note=note,
            byline=byline,
            dpi=dpi,
            has_permission=i_have_permission,
        )
    for warning in raised:
        say(f"warning: {warning.message}")
    say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")
    _say_terms(arrangement, has_permission=i_have_permission)


@with_ground
def report(
    plan: PlanArgument = "point21",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.html", help="Default: PLAN-report.html"),
    ] = None,
    lang: Annotated[Lang, typer.Option(help="Language of the report.")] = Lang.en,
    focus: Annotated[
        str | None,
        typer.Option(
            metavar="UNIT|STATUS|W,S,E,N",
            help="What its map shows: a unit (UA-14 or Donetsk), a status, or a box in degrees.",
        ),
    ] = None,
    terms: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="TOML file with the house style's own labels."),
    ] = None,
    title: Annotated[str | None, typer.Option(help="Title; by default the plan's.")] = None,
    subtitle: Annotated[str | None, typer.Option(help="A line under the title.")] = None,
    note: Annotated[str | None, typer.Option(help="A note under the map.")] = None,
    byline: Annotated[str | None, typer.Option(help="Who made it, under the map.")] = None,
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
    arrangement = ground.arrange(plan, has_permission=i_have_permission)
    path = output or Path(f"{arrangement.plan.id}-report.html")
    arrangement.report(
        path,
        lang=lang.value,
        focus=focus,
        terms=terms,
        title=title,
        subtitle=subtitle,
        note=note,
        byline=byline,
        has_permission=i_have_permission,
    )
    say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")
    _say_terms(arrangement, has_permission=i_have_permission)


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

    is_of_control = layer is None or layer in OF_CONTROL
    arrangement = ground.arrange(plan, has_permission=i_have_permission if is_of_control else None)
    path = arrangement.write(output, layer=layer, lang=lang.value, has_permission=i_have_permission)
    say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")
    if is_of_control:
        _say_terms(arrangement, has_permission=i_have_permission)
