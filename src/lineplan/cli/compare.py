"""The command that sets plans side by side."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from lineplan.cli.files import Lang
from lineplan.cli.options import (
    Ground,
    ReportByOption,
    ReportIdOption,
    read_report_areas,
    with_ground,
)
from lineplan.cli.output import EXACT, OutOption, TableFormat, say, write
from lineplan.errors import UsageError


class By(StrEnum):
    """Tables of a comparison."""

    status = "status"
    unit = "unit"
    held_by = "held_by"
    clause = "clause"
    control = "control"
    recognition = "recognition"
    forces = "forces"
    places = "places"


class CompareFormat(StrEnum):
    """Forms of a comparison."""

    table = "table"
    csv = "csv"
    json = "json"
    markdown = "markdown"
    html = "html"


@with_ground
def compare_command(
    plans: Annotated[
        list[str],
        typer.Argument(
            metavar="PLAN PLAN [...]",
            help="Ids of plans (lineplan plans list), or TOML files; two or more.",
        ),
    ],
    by: Annotated[
        list[By] | None,
        typer.Option(
            metavar="status|unit|held_by|clause|control|recognition|forces|places",
            help="One table only: areas by status, unit or held_by (repeat for several); clauses "
            "side by side, subject by subject; control, recognition or forces; places that differ.",
        ),
    ] = None,
    form: Annotated[
        CompareFormat | None,
        typer.Option(
            "--format",
            help="Form; html is one page with everything, and what a file named .html gets; "
            "table otherwise.",
        ),
    ] = None,
    report_by: ReportByOption = None,
    report_id: ReportIdOption = None,
    lang: Annotated[Lang, typer.Option(help="Language of the html page.")] = Lang.en,
    output: OutOption = None,
    *,
    ground: Ground,
) -> None:
    """Set plans side by side on the same ground: areas, control, recognition, forces.

    Example: lineplan compare point21 as_held borders1991 --format html -o compared.html

    --set and --reading hold for every plan that declares the name; PLAN:NAME=VALUE and
    PLAN:CLAUSE=ID for one plan.
    """
    from lineplan.comparison.text import for_reading, machine

    if len(plans) < 2:
        raise UsageError("compare needs two plans or more; lineplan areas has the figures of one")
    keys = tuple(key.value for key in by or ())
    if form is None:
        is_page = output is not None and output.suffix.lower() in (".html", ".htm")
        form = CompareFormat.html if is_page else CompareFormat.table
    if form is CompareFormat.html and keys:
        raise UsageError("the html page holds every table; leave out --by")
    if lang is not Lang.en and form is not CompareFormat.html:
        raise UsageError("--lang is for --format html")
    if report_by is not None and not keys:
        raise UsageError(
            "--report-by needs --by: status, unit, held_by, control, recognition or forces"
        )
    ground.check_outputs(plans, output, files=(report_by,))
    report = read_report_areas(report_by, report_id)
    comparison = ground.compare(plans)
    if form is CompareFormat.html:
        from lineplan.comparison.page import page

        write(page(comparison, lang.value), output)
        return
    table_form = TableFormat(form.value)
    if table_form in EXACT:
        write(machine(comparison, keys, table_form.value, report_by=report), output)
        if table_form is TableFormat.csv and not keys:
            say("note: one table in CSV; --by control, recognition or forces gives the others")
    else:
        write(for_reading(comparison, keys, table_form.value, report_by=report), output)
