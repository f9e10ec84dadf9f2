"""Commands on plans: list, show, check, new, schema."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lineplan.cli.options import DatasetOption, Ground, with_ground
from lineplan.cli.output import FormatOption, OutOption, TableFormat, say, write, write_rows

if TYPE_CHECKING:
    from lineplan.dataset import Dataset
    from lineplan.plan import Plan

app = typer.Typer(help="The plan library and the plan language.", no_args_is_help=True)


class ReadingFormat(StrEnum):
    """Forms of a text for reading."""

    table = "table"
    markdown = "markdown"


@app.command("list")
def plans_list(
    dataset_name: DatasetOption = "ukraine",
    form: FormatOption = TableFormat.table,
    output: OutOption = None,
) -> None:
    """List the plans of a dataset."""
    import pandas as pd

    from lineplan.dataset import load_dataset
    from lineplan.plan.file import load_plan

    dataset = load_dataset(dataset_name)
    plans = [load_plan(plan_id, dataset) for plan_id in dataset.plan_ids()]
    rows = [
        {
            "id": plan.id,
            "date": plan.date.isoformat(),
            "title": plan.title["en"],
            "clauses": len(plan.clause),
            "supersedes": list(plan.supersedes)
            if form is TableFormat.json
            else ", ".join(plan.supersedes),
        }
        for plan in plans
    ]
    write_rows(pd.DataFrame(rows), {"dataset": dataset.id}, form, output)


@app.command("show")
@with_ground
def plans_show(
    plan: Annotated[str, typer.Argument(metavar="ID|FILE", help="Id of a plan, or a TOML file.")],
    form: Annotated[
        ReadingFormat, typer.Option("--format", help="Form of the text.")
    ] = ReadingFormat.table,
    output: OutOption = None,
    *,
    ground: Ground,
) -> None:
    """Show a plan for reading: its clauses, quotations, readings, and the ground they take.

    Example: lineplan plans show point21 --reading 21.1=de_facto
    """
    from lineplan.errors import ConflictError
    from lineplan.plan.file import dataset_of, load_plan
    from lineplan.plantext import plan_for_reading

    dataset = dataset_of(plan, ground.dataset)
    read = load_plan(plan, dataset)
    arrangement = None
    if not _say_needed(read, dataset, ground):
        try:
            arrangement = ground.arrange(read)
        except ConflictError as fault:
            for words in str(fault).splitlines():
                say(f"warning: {words}")
    write(plan_for_reading(read, dataset, form.value, arrangement=arrangement), output)


@app.command("check")
@with_ground
def plans_check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A plan file, or an id.")],
    *,
    ground: Ground,
) -> None:
    """Check a plan: every fault of form at once, then every overlap on the ground.

    Prints how much ground each clause takes. What is merely loose (a clause that catches no
    ground, a parameter or a source that is never used) is a warning.

    Example: lineplan plans check my_plan.toml
    """
    from lineplan import tables
    from lineplan.plan.file import dataset_of, load_plan
    from lineplan.plantext import few, ground_taken
    from lineplan.review import loose_ends

    dataset = dataset_of(file, ground.dataset)
    plan = load_plan(file, dataset)
    for words in loose_ends(plan, dataset):
        say(f"warning: {plan.id}: {words}")
    verdict = f"plan {plan.id}, {len(plan.clause)} clause(s)"
    if _say_needed(plan, dataset, ground):
        say(f"{file}: no fault of form; {verdict}; not laid on the ground")
        return
    arrangement = ground.arrange(plan)
    say(f"{file}: no fault; {verdict}")
    taken = ground_taken(arrangement)
    taken["area_km2"] = taken["area_km2"].map("{:,.1f}".format)
    taken["units"] = taken["units"].map(few)
    write(f"{tables.heading(arrangement, 'table')}\n{tables.grid(taken, 'table')}\n", None)


def _say_needed(plan: Plan, dataset: Dataset, ground: Ground) -> bool:
    """Say which options a plan needs to be laid; whether there are any."""
    from lineplan.review import needed

    missing = needed(plan, dataset, set=ground.values, readings=ground.readings, lines=ground.lines)
    for option in missing:
        say(f"note: {plan.id}: to lay it on the ground, give {option}")
    return bool(missing)


@app.command("new")
def plans_new(
    plan: Annotated[str, typer.Argument(metavar="ID", help="Id of the plan to begin.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Default: ID.toml")
    ] = None,
    with_schema: Annotated[
        bool,
        typer.Option(
            "--schema", help="Write plan.schema.json beside it, for an editor to check against."
        ),
    ] = False,
    dataset_name: DatasetOption = "ukraine",
) -> None:
    """Begin a plan: a commented file that shows every key of the language and checks clean.

    Example: lineplan plans new my_plan --schema --dataset my_country
    """
    from lineplan.dataset import load_dataset
    from lineplan.plan.start import SCHEMA_FILE, write_new

    path = output or Path(f"{plan}.toml")
    dataset = load_dataset(dataset_name)
    write_new(plan, path, with_schema=with_schema, dataset=dataset)
    say(f"wrote {path}" + (f" and {path.parent / SCHEMA_FILE}" if with_schema else ""))
    say(f"check it with:  lineplan plans check {path}")


@app.command("schema")
def plans_schema(output: OutOption = None) -> None:
    """Print the JSON Schema of a plan file."""
    from lineplan.plan.file import plan_schema

    write(json.dumps(plan_schema(), indent=2, ensure_ascii=False) + "\n", output)
