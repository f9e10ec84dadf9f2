"""Commands on plans: list, show, check, schema."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from lineplan.cli.output import FormatOption, TableFormat, say, write, write_rows

app = typer.Typer(help="The plan library and the plan language.", no_args_is_help=True)


@app.command("list")
def plans_list(form: FormatOption = TableFormat.table) -> None:
    """List the plans of the embedded dataset."""
    import pandas as pd

    from lineplan.dataset import load_dataset
    from lineplan.planfile import load_plan

    dataset = load_dataset()
    plans = [load_plan(plan_id, dataset) for plan_id in dataset.plan_ids()]
    rows = [{"id": p.id, "title": p.title["en"], "date": p.date.isoformat()} for p in plans]
    write_rows(pd.DataFrame(rows), {"dataset": dataset.id}, form)


@app.command("show")
def plans_show(
    plan: Annotated[str, typer.Argument(metavar="ID", help="Id of a plan, or a TOML file.")],
) -> None:
    """Show a plan for reading: its clauses, quotations, readings and parameters."""
    from lineplan.dataset import load_dataset
    from lineplan.planfile import load_plan
    from lineplan.tables import plan_for_reading

    write(plan_for_reading(load_plan(plan, load_dataset())), None)


@app.command("check")
def plans_check(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A plan file, or an id.")],
) -> None:
    """Check a plan file; every fault at once."""
    from lineplan.dataset import load_dataset
    from lineplan.planfile import load_plan

    plan = load_plan(file, load_dataset())
    say(f"{file}: no fault; plan {plan.id}, {len(plan.clause)} clauses")


@app.command("schema")
def plans_schema() -> None:
    """Print the JSON Schema of a plan file."""
    from lineplan.planfile import plan_schema

    write(json.dumps(plan_schema(), indent=2, ensure_ascii=False) + "\n", None)
