"""Commands on data: the embedded dataset, archives of control, what a file is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lineplan.cli.options import DatasetOption
from lineplan.cli.output import (
    FormatOption,
    TableFormat,
    check_outputs,
    first_of,
    progress,
    say,
    transfers,
    write,
    write_rows,
)
from lineplan.errors import UsageError

if TYPE_CHECKING:
    from lineplan.control.registry import RegisteredSource

app = typer.Typer(
    help="The embedded data; archives of control; what a file is.", no_args_is_help=True
)

SourceOption = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="KIND|FILE.toml",
        help="Kind of source that it holds, or a source file that says how to read it.",
    ),
]


class InspectFormat(StrEnum):
    """Forms of what is found in a file."""

    table = "table"
    json = "json"


@app.command("list")
def data_list(form: FormatOption = TableFormat.table) -> None:
    """List the files of the embedded dataset with their date, licence and viewpoint."""
    import pandas as pd

    from lineplan.dataset import load_dataset

    dataset = load_dataset()
    rows = [f.model_dump(mode="json") for f in dataset.files]
    table = pd.DataFrame(rows)
    if form in (TableFormat.table, TableFormat.markdown):
        table = table[["path", "role", "as_of", "licence", "rows", "attribution"]]
    write_rows(table, {"dataset": dataset.id}, form)


@app.command("verify")
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


@app.command("seal")
def data_seal(
    folder: Annotated[str, typer.Argument(metavar="FOLDER", help="Of a dataset of your own.")],
) -> None:
    """Write checksum and row count of every file into a dataset.toml, after a deliberate change.

    Example: lineplan data seal my_country
    """
    from lineplan.dataset import seal_dataset

    for file in seal_dataset(folder):
        print(f"sealed  {file.sha256[:12]}  {file.rows:>6,} rows  {file.path}")


@app.command("pack")
def data_pack(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER|FILE",
            help="A folder of daily files of any kind of source, a file of dated polygons, or a "
            "settlement table.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE.parquet", help="The archive to write.")
    ],
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day (YYYY-MM-DD).")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day (YYYY-MM-DD).")
    ] = None,
    how: SourceOption = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Leave out days that cannot be read, and say so.")
    ] = False,
    dataset: DatasetOption = "ukraine",
) -> None:
    """Pack the states of many days into one small GeoParquet file, for --control.

    Geometry that repeats is kept once; every coordinate comes back as it was.
    """
    from lineplan.control import open_archive, pack
    from lineplan.dataset import load_dataset
    from lineplan.days import as_date

    check_outputs([output], [source, how])
    since, until = as_date(first), as_date(last)
    archive = open_archive(source, load_dataset(dataset), kind=how).between(since, until)
    with progress("packing", len(archive.days)) as step:
        report = pack(archive, output, keep_going=keep_going, on_day=step)
    said = [*archive.notes, *report.assumed, *report.mended]
    for note in first_of(said, "in the archive, day by day"):
        say(f"note: {note}")
    for fault in report.left_out:
        say(f"warning: left out: {fault}")
    if report.missing:
        say(
            f"note: no state of {len(report.missing)} day(s): {', '.join(map(str, report.missing))}"
        )
    say(
        f"wrote {output}: {report.days:,} day(s), {report.first} to {report.last}, of them "
        f"{report.unchanged:,} unchanged; {report.size:,} bytes"
    )
    if report.terms.redistribution != "allowed":
        say(f"note: a working copy of your own: {report.terms}")


@app.command("fetch")
def data_fetch(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="A registered source; none lists them.")
    ] = None,
    day: Annotated[
        str | None, typer.Option("--date", metavar="DATE", help="That day only (YYYY-MM-DD).")
    ] = None,
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", help="First day; the source's own if not given."),
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Last day; today if not given.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FOLDER", help="Where to put the files; the user's cache."
        ),
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A registry of your own, in place of the dataset's."),
    ] = None,
    refresh: Annotated[
        bool,
        typer.Option("--refresh", help="Fetch also what is there, and let it be replaced."),
    ] = False,
    dataset: DatasetOption = "ukraine",
) -> None:
    """Download a registered source of control, with checksums, and the terms it comes on.

    Without a NAME it lists what is registered. Without dates it takes the latest day there is. The
    folder goes to --control; interrupted, the same command goes on. No other command asks anything
    of a network.

    Example: lineplan data fetch deepstate --from 2025-11-01 --to 2025-11-30 -o daily
    """
    from lineplan.control.fetching import days_to_fetch, default_folder, fetch, latest_days
    from lineplan.control.registry import registered
    from lineplan.control.terms import Terms
    from lineplan.dataset import load_dataset
    from lineplan.days import as_date, today

    sources = registered(load_dataset(dataset), registry)
    if name is None:
        if day or first or last or output or refresh:
            raise UsageError("name the source to fetch; lineplan data fetch lists them")
        write(_listed(sources), None)
        return
    if name not in sources:
        raise UsageError(f"no registered source {name!r}; there are {', '.join(sources)}")
    source = sources[name]
    if day and (first or last):
        raise UsageError("--date is one day; leave out --from and --to, or give both of those")
    is_latest = source.is_dated and not (day or first or last)
    if is_latest:
        days = latest_days(source, today())
    else:
        days, notes = days_to_fetch(source, as_date(day or first), as_date(day or last), today())
        for note in notes:
            say(f"note: {note}")
    folder = output or default_folder(source)
    with transfers("fetching", None if is_latest else len(days)) as (on_file, on_bytes):
        report = fetch(
            source,
            folder,
            days,
            only_first=is_latest,
            refresh=refresh,
            on_file=on_file,
            on_bytes=on_bytes,
        )
    for note in report.notes:
        say(f"note: {note}")
    if report.missing and not is_latest:
        say(f"note: {len(report.missing)} file(s) are not there: {', '.join(report.missing)}")
    say(
        f"{len(report.files):,} file(s) in {folder}, {len(report.fetched):,} of them fetched now "
        f"({report.size:,} bytes); {report.files[0]}"
        + (f" to {report.files[-1]}" if len(report.files) > 1 else "")
    )
    say(f"note: {Terms(source.title, source.redistribution, source.licence)}")
    print(folder / report.files[0] if len(report.files) == 1 else folder)


def _listed(sources: Mapping[str, RegisteredSource]) -> str:
    """What is registered, and on what terms: a paragraph for each."""
    paragraphs = []
    for source in sources.values():
        if source.is_dated:
            days = f"{source.first or '?'} to {source.last or 'today'}"
        else:
            days = "one file with every day"
        said = {
            "days": days,
            "passing on": source.redistribution,
            "terms": source.licence,
            "by": source.attribution,
            "from": source.url,
        }
        rows = [f"  {key:<10}  {value}" for key, value in said.items()]
        paragraphs.append("\n".join([f"{source.name}: {source.title}", *rows]))
    return "\n\n".join(paragraphs) + "\n"


@app.command("inspect")
def data_inspect(
    source: Annotated[
        str, typer.Argument(metavar="FILE|FOLDER", help="Any source of control, or an archive.")
    ],
    how: SourceOption = None,
    form: Annotated[
        InspectFormat, typer.Option("--format", help="Form of what is said.")
    ] = InspectFormat.table,
    dataset: DatasetOption = "ukraine",
) -> None:
    """Say what a file is: kind, days, holders, classes, vertices, faults."""
    from lineplan.control.inspection import as_text, inspect_source
    from lineplan.dataset import load_dataset

    found = inspect_source(
        source, load_dataset(dataset), kind=how, progress=lambda days: progress("reading", days)
    )
    if form is InspectFormat.json:
        write(json.dumps(found, indent=2, ensure_ascii=False) + "\n", None)
    else:
        write(as_text(found), None)
