"""Commands on data: the embedded dataset, archives of control, what a file is."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from lineplan.cli.options import DatasetOption
from lineplan.cli.output import FormatOption, TableFormat, progress, say, write, write_rows

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
            help="A folder of daily files of any kind of source, or a file of dated polygons.",
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

    since, until = as_date(first), as_date(last)
    archive = open_archive(source, load_dataset(dataset), kind=how).between(since, until)
    with progress("packing", len(archive.days)) as step:
        report = pack(archive, output, keep_going=keep_going, on_day=step)
    for note in archive.notes:
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
