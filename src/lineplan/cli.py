"""The command line: parse, call, write. Data goes to stdout, words to stderr."""

from __future__ import annotations

import inspect
import io
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from lineplan import __version__
from lineplan.errors import LineplanError, LineplanWarning, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from lineplan.arrangement import Arrangement

app = typer.Typer(
    name="lineplan",
    help="Turn the territorial words of a peace proposal into a map that can be checked.\n\n"
    "The tool shows what a text would do, never what should be. Without options every command "
    "works on the embedded plan (Point 21 of the 28-point draft of November 2025), the embedded "
    "units and the embedded line of 2025-11-20.",
    epilog="Start with:  lineplan map   ·   lineplan areas   ·   lineplan locate 37.57 48.73",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
plans_app = typer.Typer(help="The plan library and the plan language.", no_args_is_help=True)
data_app = typer.Typer(
    help="The embedded data: sources, licences, checksums.", no_args_is_help=True
)
app.add_typer(plans_app, name="plans")
app.add_typer(data_app, name="data")


class Lang(StrEnum):
    """Languages of the map."""

    en = "en"
    uk = "uk"
    ru = "ru"
    zh_hant = "zh-Hant"


class By(StrEnum):
    """What areas are broken down by."""

    status = "status"
    unit = "unit"
    held_by = "held_by"
    clause = "clause"


class TableFormat(StrEnum):
    """Forms of a table."""

    table = "table"
    csv = "csv"
    json = "json"
    markdown = "markdown"


class OnOverlap(StrEnum):
    """What becomes of ground that two parties claim."""

    error = "error"
    contested = "contested"
    first = "first"


# What could forge a line, or turn the reading direction, in words that quote a file.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
EXACT = (TableFormat.csv, TableFormat.json)

_GROUND = "Ground (the same for every command)"


@dataclass(frozen=True)
class Ground:
    """The options that say on which ground, line and reading a plan is laid."""

    control: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|NAME",
            help="Area of control: any vector file of polygons (FILE:LAYER for one of several "
            "layers), or a control file of the dataset by name.",
            rich_help_panel=_GROUND,
        ),
    ] = None
    units: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Other administrative units: any vector file with ISO ids, COD-AB or KATOTTH "
            "codes, or names.",
            rich_help_panel=_GROUND,
        ),
    ] = None
    unit_id: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column of --units with their ids.", rich_help_panel=_GROUND
        ),
    ] = None
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="The latest state on or before DATE (YYYY-MM-DD) of a dated source; states the "
            "date of an undated file.",
            rich_help_panel=_GROUND,
        ),
    ] = None
    set: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Set a parameter of the plan.", rich_help_panel=_GROUND
        ),
    ] = None
    reading: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLAUSE=ID", help="Choose a reading of a clause.", rich_help_panel=_GROUND
        ),
    ] = None
    contested: Annotated[
        str,
        typer.Option(
            metavar="apart|PARTY",
            help="Contested ground: kept apart, or counted with a party (ua, ru).",
            rich_help_panel=_GROUND,
        ),
    ] = "apart"
    on_overlap: Annotated[
        OnOverlap,
        typer.Option(help="Ground that two parties claim.", rich_help_panel=_GROUND),
    ] = OnOverlap.error
    no_reconcile: Annotated[
        bool,
        typer.Option(
            "--no-reconcile",
            help="Leave mismatches between the source and the frontier as they are.",
            rich_help_panel=_GROUND,
        ),
    ] = False
    line: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATE=FILE",
            help="Line of contact of another day, for a plan that measures from it: a source of "
            "control of that day, or a file of lines.",
            rich_help_panel=_GROUND,
        ),
    ] = None

    def arrange(self, plan: str) -> Arrangement:
        """The arrangement, its notes said on stderr."""
        from lineplan.arrangement import arrange

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LineplanWarning)  # said below, with the other notes
            arrangement = arrange(
                plan,
                control=self.control,
                units=self.units,
                unit_id=self.unit_id,
                as_of=self.as_of,
                set={name: _value(value) for name, value in _pairs("--set", self.set)},
                readings=dict(_pairs("--reading", self.reading)),
                contested=self.contested,
                on_overlap=self.on_overlap.value,
                reconcile=not self.no_reconcile,
                lines=dict(_pairs("--line", self.line)),
            )
        for note in arrangement.conditions["notes"]:
            _say(f"note: {note}")
        return arrangement


def with_ground(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command` the GROUND options; it gets them as one `ground` argument."""

    @wraps(command)
    def wrapper(**options: Any) -> None:
        ground = Ground(**{f.name: options.pop(f.name) for f in fields(Ground)})
        command(**options, ground=ground)

    own = inspect.signature(command).parameters
    hints = {
        **get_type_hints(command, include_extras=True),
        **get_type_hints(Ground, include_extras=True),
    }
    kept = [p.replace(annotation=hints[n]) for n, p in own.items() if n != "ground"]
    added = [
        inspect.Parameter(
            f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name]
        )
        for f in fields(Ground)
    ]
    wrapper.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in (*kept, *added)}
    return wrapper


PlanArgument = Annotated[
    str, typer.Argument(metavar="PLAN", help="Id of a plan (lineplan plans list), or a TOML file.")
]
FormatOption = Annotated[TableFormat, typer.Option("--format", help="Form of the table.")]
OutOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of stdout."),
]
StatusOption = Annotated[
    str | None, typer.Option(metavar="STATUS", help="Only ground of this status.")
]


@app.command("map")
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
    _say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")


@app.command()
@with_ground
def areas(
    plan: PlanArgument = "point21",
    by: Annotated[
        list[By] | None,
        typer.Option(
            metavar="status|unit|held_by|clause", help="Break down by; repeat for several."
        ),
    ] = None,
    status: StatusOption = None,
    form: FormatOption = TableFormat.table,
    output: OutOption = None,
    *,
    ground: Ground,
) -> None:
    """Compute areas on the ellipsoid, by status and holder unless told otherwise.

    Example: lineplan areas --status demilitarized_buffer --by unit --format csv
    """
    from lineplan import tables

    arrangement = ground.arrange(plan)
    keys = [key.value for key in by or (By.status, By.held_by)]
    table = arrangement.areas(keys, status=status)
    if form in EXACT:
        _write(tables.exact(table, arrangement.conditions, form.value), output)
    else:
        _write(tables.areas_for_reading(arrangement, table, form.value), output)


@app.command()
@with_ground
def places(
    plan: PlanArgument = "point21",
    status: StatusOption = None,
    unit: Annotated[
        str | None, typer.Option(metavar="ID", help="Only places in this unit.")
    ] = None,
    places_file: Annotated[
        Path | None,
        typer.Option(
            "--places", metavar="FILE", help="Other places: CSV with name, lon, lat; or vector."
        ),
    ] = None,
    population: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Column of --places with their population."),
    ] = None,
    population_date: Annotated[
        str | None,
        typer.Option(metavar="DATE", help="Day that the population figures hold for."),
    ] = None,
    form: FormatOption = TableFormat.table,
    output: OutOption = None,
    *,
    ground: Ground,
) -> None:
    """List populated places with the zone they would lie in.

    Example: lineplan places --status demilitarized_buffer

    The embedded population figures are nominal and pre-war, not present population; they are
    summed only when you give dated ones of your own (--places, --population, --population-date).
    """
    from lineplan import tables
    from lineplan.exposure import NOMINAL, POPULATION_NOTE
    from lineplan.ground import as_date

    if (population or population_date) and places_file is None:
        raise UsageError("--population and --population-date need --places FILE")
    if population_date is not None and population is None:
        raise UsageError("--population-date needs --population COLUMN")
    day = as_date(population_date)
    arrangement = ground.arrange(plan)
    table = arrangement.places(status=status, unit=unit, places=places_file, population=population)
    _say_displaced(table)
    note = POPULATION_NOTE
    if population is not None:
        note = f"as of {day}" if day else "undated"
    conditions = arrangement.conditions | {"population": note}
    if population is not None and day is not None:
        counted = table[(table["status"] != "") & table[population].notna()]
        conditions["population_total"] = float(counted[population].sum())
        conditions["population_places"] = len(counted)
        _say(
            f"population as of {day} in {len(counted)} place(s): "
            f"{conditions['population_total']:,.0f}; {len(table) - len(counted)} place(s) without "
            "a figure or outside the units left out"
        )
    figure = population or (NOMINAL if places_file is None else None)
    if form is TableFormat.csv:
        table = table.rename(columns={NOMINAL: f"population ({POPULATION_NOTE})"})
    if form in EXACT:
        _write(tables.exact(table, conditions, form.value), output)
        return
    columns = ["name", "unit_name", "held_by", "status", *([figure] if figure else [])]
    shown = table[[c for c in columns if c in table.columns]]
    body = tables.grid(shown.rename(columns={figure: f"population ({note})"}), form.value)
    _write(f"{tables.heading(arrangement, form.value)}\n{body}\n", output)


@app.command(context_settings={"ignore_unknown_options": True})
@with_ground
def locate(
    where: Annotated[
        list[str],
        typer.Argument(
            metavar="LON LAT [PLAN] | FILE.csv [PLAN]",
            help="Degrees, longitude first; or a table with columns lon and lat.",
        ),
    ],
    form: FormatOption = TableFormat.table,
    output: OutOption = None,
    *,
    ground: Ground,
) -> None:
    """Say what would hold at a point: unit, holder, status, clause, distance to the line.

    Example: lineplan locate 37.57 48.73
    """
    from lineplan import tables
    from lineplan.exposure import SNAP_KM

    lon, lat, given, plan = _points(where)
    arrangement = ground.arrange(plan)
    table = arrangement.locate(lon, lat)
    _say_outside(table, SNAP_KM)
    if given is not None:
        found = table.drop(columns=["lon", "lat"])
        table = given.rename(columns={c: f"{c}_given" for c in found.columns}).join(found)
    if form in EXACT:
        _write(tables.exact(table, arrangement.conditions, form.value), output)
    elif given is None and form is TableFormat.table:
        _write(tables.point_for_reading(arrangement, table.iloc[0]), output)
    else:
        table = table.drop(columns="status_label").round({"outside_km": 1, "line_km": 1})
        body = tables.grid(table, form.value)
        _write(f"{tables.heading(arrangement, form.value)}\n{body}\n", output)


@app.command()
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
    *,
    ground: Ground,
) -> None:
    """Write the arrangement for a GIS; a GeoPackage carries all layers and their sources.

    Example: lineplan export -o point21.gpkg
    """
    path = ground.arrange(plan).write(output, layer=layer)
    _say(f"wrote {path} ({path.stat().st_size / 1000:,.0f} kB)")


@plans_app.command("list")
def plans_list(form: FormatOption = TableFormat.table) -> None:
    """List the plans of the embedded dataset."""
    import pandas as pd

    from lineplan.dataset import load_dataset
    from lineplan.planfile import load_plan

    dataset = load_dataset()
    plans = [load_plan(plan_id, dataset) for plan_id in dataset.plan_ids()]
    rows = [{"id": p.id, "title": p.title["en"], "date": p.date.isoformat()} for p in plans]
    _write_rows(pd.DataFrame(rows), {"dataset": dataset.id}, form)


@plans_app.command("show")
def plans_show(
    plan: Annotated[str, typer.Argument(metavar="ID", help="Id of a plan, or a TOML file.")],
) -> None:
    """Show a plan for reading: its clauses, quotations, readings and parameters."""
    from lineplan.dataset import load_dataset
    from lineplan.planfile import load_plan
    from lineplan.tables import plan_for_reading

    _write(plan_for_reading(load_plan(plan, load_dataset())), None)


@plans_app.command("check")
def plans_check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A plan file, or an id.")],
) -> None:
    """Check a plan file; every fault at once."""
    from lineplan.dataset import load_dataset
    from lineplan.planfile import load_plan

    plan = load_plan(file, load_dataset())
    _say(f"{file}: no fault; plan {plan.id}, {len(plan.clause)} clauses")


@plans_app.command("schema")
def plans_schema() -> None:
    """Print the JSON Schema of a plan file."""
    from lineplan.planfile import plan_schema

    _write(json.dumps(plan_schema(), indent=2, ensure_ascii=False) + "\n", None)


@data_app.command("list")
def data_list(form: FormatOption = TableFormat.table) -> None:
    """List the files of the embedded dataset with their date, licence and viewpoint."""
    import pandas as pd

    from lineplan.dataset import load_dataset

    dataset = load_dataset()
    rows = [f.model_dump(mode="json") for f in dataset.files]
    table = pd.DataFrame(rows)
    if form in (TableFormat.table, TableFormat.markdown):
        table = table[["path", "role", "as_of", "licence", "rows", "attribution"]]
    _write_rows(table, {"dataset": dataset.id}, form)


@data_app.command("verify")
def data_verify(
    folder: Annotated[
        str, typer.Argument(metavar="DATASET", help="Embedded dataset by name, or a folder.")
    ] = "ukraine",
) -> None:
    """Check every file of a dataset against its checksum and row count."""
    from lineplan.dataset import load_dataset
    from lineplan.errors import DatasetError

    dataset = load_dataset(folder)
    faults = dataset.verify()
    if faults:
        raise DatasetError("\n".join(faults))
    for file in dataset.files:
        print(f"ok  {file.sha256[:12]}  {file.rows:>6,} rows  {file.path}")


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        print(f"lineplan {__version__}")
        raise typer.Exit


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names in four scripts, on any console
            stream.reconfigure(errors="backslashreplace")
    try:
        return int(app(args=arguments, standalone_mode=True) or 0)
    except SystemExit as stop:
        return int(stop.code or 0) if not isinstance(stop.code, str) else 1
    except UsageError as fault:
        _say(f"lineplan: {fault}")
        return 2
    except LineplanError as fault:
        for line in str(fault).splitlines():
            _say(f"lineplan: {line}")
        return 1
    except BrokenPipeError:
        # The reader of a pipe (head, less) has gone; that is no fault of ours.
        sys.stderr.close()
        return 0
    except OSError as fault:
        _say(f"lineplan: {fault.filename or 'output'}: {fault.strerror or fault}")
        return 1


def _say(words: str) -> None:
    if sys.stderr is not None:
        print(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", words), file=sys.stderr)


def _write(text: str, path: Path | None) -> None:
    if path is None:
        if sys.stdout is None:
            raise LineplanError("there is no standard output to write to; use -o FILE")
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    from lineplan.output import replacing

    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")
    _say(f"wrote {path}")


def _pairs(option: str, given: Iterable[str] | None) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for item in given or ():
        name, equals, value = item.partition("=")
        if not equals or not name or not value:
            raise UsageError(f"{option} {item}: write {option} NAME=VALUE")
        if name.strip() in (before for before, _ in pairs):
            raise UsageError(f"{option} {item}: {name.strip()} is given twice")
        pairs.append((name.strip(), value.strip()))
    return pairs


def _value(text: str) -> str | float:
    try:
        return float(text)
    except ValueError:
        return text


def _points(where: list[str]) -> tuple[list[float], list[float], pd.DataFrame | None, str]:
    """Longitudes, latitudes, the table they come from (None for one point), and the plan."""
    from lineplan.features import read_points

    try:
        lon = float(where[0])
    except ValueError:
        if len(where) > 2 or any(text.startswith("-") for text in where):
            raise UsageError(
                f"locate {' '.join(where)}: write LON LAT [PLAN] or FILE.csv [PLAN]"
            ) from None
        table = read_points(where[0])
        return list(table["lon"]), list(table["lat"]), table, (where[1:] or ["point21"])[0]
    try:
        lat = float(where[1])
    except (IndexError, ValueError):
        raise UsageError(f"locate {' '.join(where)}: a point needs LON and LAT") from None
    if (
        len(where) > 3
        or any(text.startswith("--") for text in where)
        or not (-180 <= lon <= 180 and -90 <= lat <= 90)
    ):
        raise UsageError(f"locate {' '.join(where)}: write LON LAT [PLAN], in degrees")
    return [lon], [lat], None, (where[2:] or ["point21"])[0]


def _say_outside(table: pd.DataFrame, snap_km: float) -> None:
    near = table[table["outside_km"] > 0]
    lost = int(table["outside_km"].isna().sum())
    if len(near):
        farthest = near.loc[near["outside_km"].idxmax()]
        _say(
            f"note: {len(near)} point(s) lie outside every unit and are counted with the nearest; "
            f"the farthest by {farthest['outside_km']:.1f} km ({farthest['lon']:g} "
            f"{farthest['lat']:g}, {farthest['unit_name']})"
        )
    if lost:
        _say(f"note: {lost} point(s) lie in no unit, nor within {snap_km} km of one")


def _say_displaced(table: pd.DataFrame) -> None:
    elsewhere = int((table["elsewhere"] != "").sum())
    outside = int((table["outside_km"] > 0).sum()) - elsewhere
    if elsewhere:
        _say(f"note: {elsewhere} place(s) lie in the polygon of another unit; their code counts")
    if outside:
        _say(f"note: {outside} place(s) lie outside every unit and are counted with the nearest")
    lost = int((table["status"] == "").sum())
    if lost:
        _say(f"note: {lost} place(s) lie in no unit")


def _write_rows(table: pd.DataFrame, conditions: Mapping[str, Any], form: TableFormat) -> None:
    from lineplan import tables

    if form in EXACT:
        _write(tables.exact(table, conditions, form.value), None)
    else:
        _write(tables.grid(table, form.value) + "\n", None)
