"""Commands that write a file: the map, and exports for a GIS."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lineplan.cli.options import Ground, PlanArgument, with_ground
from lineplan.cli.output import say


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
    *,
    ground: Ground,
) -> None:
    """Make the map: one HTML file that opens anywhere, without a network.

    Example: lineplan map point21 -o donetsk.html --lang uk --focus UA-14
    """
    arrangement = ground.arrange(plan)
    path = output or Path(f"{arrangement.plan.id}.html")
    built = arrangement.map(lang=lang.value, focus=focus, terms=terms, title=title)
    built.save(path)
    say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")


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
    *,
    ground: Ground,
) -> None:
    """Write the arrangement for a GIS; a GeoPackage carries all layers, their looks and sources.

    Example: lineplan export -o point21.gpkg --lang uk
    """
    path = ground.arrange(plan).write(output, layer=layer, lang=lang.value)
    say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")
