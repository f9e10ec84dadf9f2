"""Commands on the embedded data: list, verify."""

from __future__ import annotations

from typing import Annotated

import typer

from lineplan.cli.output import FormatOption, TableFormat, write_rows

app = typer.Typer(help="The embedded data: sources, licences, checksums.", no_args_is_help=True)


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
