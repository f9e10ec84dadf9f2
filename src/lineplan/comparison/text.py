"""A comparison as text: one table, or all of them, each under its conditions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

import pandas as pd

from lineplan.comparison.figures import Comparison
from lineplan.comparison.subjects import Entry, silence_on
from lineplan.errors import UsageError
from lineplan.labels import Catalogue, catalogue
from lineplan.plan import STANDINGS, STATUSES, UNSPECIFIED
from lineplan.reporting import ReportAreas
from lineplan.tables import exact, grid

Form = Literal["table", "csv", "json", "markdown"]

AREAS = ("status", "unit", "held_by", "clause")
VIEWS = ("control", "recognition", "forces", "clause", "places")
"""Tables that stand alone; ``clause`` with other keys of areas is one of them."""
_TITLES = {
    "matrix": "compare.status",
    **{view: f"compare.{view}" for view in VIEWS},
    "areas": "compare.areas",
}


def tabulated(
    comparison: Comparison, by: tuple[str, ...], report_by: ReportAreas | None = None
) -> pd.DataFrame:
    """The table that one view, or keys of areas, ask for; UsageError for a mixture of them."""
    views = [key for key in by if key in VIEWS and not (key == "clause" and len(by) > 1)]
    if report_by is not None and (not by or {*views} - {*VIEWS[:3]}):
        raise UsageError(
            "--report-by needs --by: status, unit, held_by, control, recognition or forces"
        )
    if not by:
        return comparison.matrix()
    if not views:
        return comparison.areas(by, report_by=report_by)
    if len(by) > 1:
        raise UsageError(f"by {views[0]} stands alone; only {', '.join(AREAS)} go together")
    if views[0] == "clause":
        return comparison.clauses()
    if views[0] == "places":
        return comparison.places()
    table = {
        "control": comparison.control,
        "recognition": comparison.recognition,
        "forces": comparison.forces,
    }[views[0]]
    return table(report_by=report_by)


def machine(
    comparison: Comparison,
    by: tuple[str, ...],
    form: Form,
    *,
    report_by: ReportAreas | None = None,
) -> str:
    """Exact figures with their conditions.

    Parameters
    ----------
    comparison : Comparison
    by : tuple of str
        One of `VIEWS`, or some of `AREAS`. Without any the rows are the areas of each status by
        plan; JSON then has `control`, `recognition` and `forces` beside them.
    form : {"csv", "json"}
    report_by : ReportAreas, optional
        Polygons to break the figures down by as well.
    """
    conditions = comparison.conditions | (report_by.papers if report_by else {})
    text = exact(tabulated(comparison, by, report_by), conditions, form)
    if by or form == "csv":
        return text
    document = json.loads(text)
    for view in VIEWS[:3]:
        beside = json.loads(exact(tabulated(comparison, (view,)), {}, form))
        document[view] = beside["rows"]
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def for_reading(
    comparison: Comparison,
    by: tuple[str, ...],
    form: Form,
    *,
    report_by: ReportAreas | None = None,
) -> str:
    """Whole km² in words, each table under a heading that says what it depends on.

    Parameters
    ----------
    comparison : Comparison
    by : tuple of str
        One of `VIEWS`, or some of `AREAS`; without any areas by status, control, recognition
        and forces.
    form : {"table", "markdown"}
    report_by : ReportAreas, optional
        Polygons to break the figures down by as well.
    """
    words = catalogue("en")
    table = tabulated(comparison, by, report_by)
    if by == ("clause",):
        body = _subjects(comparison, words, form)
        return _headed(comparison, words, "clause", body, form)
    if by:
        view = by[0] if by[0] in VIEWS else "areas"
        body = grid(_shown(table, words, comparison), form)
        if report_by is not None:
            body += f"\n\nReported by {report_by.name}, column {report_by.id_column}."
        return _headed(comparison, words, view, body, form)
    parts = {"matrix": table, **{view: tabulated(comparison, (view,)) for view in VIEWS[:3]}}
    return "\n".join(
        _headed(comparison, words, view, grid(_shown(part, words, comparison), form), form)
        for view, part in parts.items()
    )


def heading(comparison: Comparison, form: Form) -> str:
    """Line, its date, age and source, and each plan with its date, force and readings."""
    said = comparison.conditions
    age = "" if said["line_age_days"] is None else f", {said['line_age_days']} days old"
    lines = [f"Line of {said['line_date'] or 'no stated date'}{age}: {said['line_source']}"]
    lines += [f"{plan['plan_id']}: {_plan_line(plan)}" for plan in said["plans"]]
    if form == "markdown":
        return "\n".join(f"- {_plain(line)}" for line in lines)
    return "\n".join(lines)


def _plan_line(said: Mapping[str, Any]) -> str:
    force = STANDINGS[said["standing"]]
    line = f"{said['plan_title']} (text of {said['plan_text_date']}; {force})"
    chosen = [*said["readings"], *(f"{k} = {v}" for k, v in said["parameters"].items())]
    chosen = [c for c in chosen if not c.endswith(f"= {UNSPECIFIED}")]
    return f"{line}; readings and parameters: {', '.join(chosen) or 'none chosen'}"


def _headed(comparison: Comparison, words: Catalogue, view: str, body: str, form: Form) -> str:
    title = words.text(_TITLES[view])
    mark = "## " if form == "markdown" else ""
    return f"{mark}{title}\n\n{heading(comparison, form)}\n\n{body}\n"


def _shown(table: pd.DataFrame, words: Catalogue, comparison: Comparison) -> pd.DataFrame:
    """A table with whole km² and what changes in words."""
    shown = table.drop(columns=["unit_id", "lon", "lat", "area_sq_mi"], errors="ignore")
    shown = shown[[column for column in shown.columns if not column.startswith("name_")]]
    empty = [c for c in shown.columns.intersection([*STATUSES]) if not shown[c].any()]
    shown = shown.drop(columns=empty)
    for column in shown.columns.intersection(["area_km2", *STATUSES]):
        if shown[column].dtype.kind == "f":
            shown[column] = shown[column].map("{:,.0f}".format)
    for column in shown.columns.intersection(["share_of_units", "share_of_unit"]):
        shown[column] = shown[column].map("{:.2%}".format)
    if "change" in shown:
        shown["change"] = [
            change_in_words(change, to_be, words, comparison)
            for change, to_be in zip(shown["change"], shown["to_be_held_by"], strict=True)
        ]
    if "said" in shown:
        shown["said"] = shown["said"].replace(
            {
                "set": words.text("compare.stated"),
                "unaffected": words.text("short.unaffected"),
                "unspecified": words.text("short.unspecified"),
            }
        )
    return shown.rename(
        columns={
            "plan_id": "plan",
            "to_be_held_by": "to be held by",
            "recognized_as": "recognised as",
            "recognized_by": "by",
            "recognition": "kind",
            "said": "the text",
            "population_nominal_prewar": "population (nominal, pre-war)",
        }
    )


def change_in_words(change: str, to_be: str, words: Catalogue, comparison: Comparison) -> str:
    """What a row of `Comparison.control` says, in conditional words."""
    if change == "passes" and to_be == "none":
        return words.text("change.to_none")
    if change == "passes":
        return words.text("change.to", party=words.value(to_be, dataset=comparison.dataset))
    return words.text("change.stays" if change == "stays" else f"short.{change}")


def _subjects(comparison: Comparison, words: Catalogue, form: Form) -> str:
    rows = [
        (words.name(row.subject.name), plan_id, entry, words.text(silence_on(row.subject)))
        for row in comparison.subjects()
        for plan_id, entries in row.entries.items()
        for entry in entries or (None,)
    ]
    if form == "markdown":
        columns = ["subject", "plan", "clause", "status", "km²", "text", "in English", "readings"]
        cells = [
            [name, plan, *_entry_cells(entry, words, said)] for name, plan, entry, said in rows
        ]
        return grid(pd.DataFrame(cells, columns=columns), form)
    lines: list[str] = []
    for at, (name, plan, entry, silence) in enumerate(rows):
        if not at or rows[at - 1][0] != name:
            lines += ["", name] if at else [name]
        clause, status, km2, text, english, readings = _entry_cells(entry, words, silence)
        if entry is None:
            lines.append(f"  {plan}: {text}")
            continue
        lines.append(f"  {plan} {clause}: {status}, {km2} km²")
        lines += [f"    {words}" for words in (text, english) if words]
        lines += [f"    readings: {readings}"] if readings else []
    return "\n".join(lines)


def _entry_cells(entry: Entry | None, words: Catalogue, silence: str) -> list[str]:
    if entry is None:
        return ["", "", "", silence, "", ""]
    quote, english = entry.quote, entry.english
    nearest = f"{words.text('compare.nearest')}: " if entry.is_silence else ""
    return [
        entry.clause.id,
        entry.clause.status,
        f"{entry.area_km2:,.0f}",
        nearest + " ".join(f"({quote.language}, {quote.kind}) {quote.quote}".split()),
        " ".join(f"({english.kind}) {english.quote}".split()) if english else "",
        ", ".join(entry.readings),
    ]


def _plain(text: str) -> str:
    """One line of Markdown in which nothing is markup."""
    text = " ".join(text.split()).replace("&", "&amp;")
    for mark in "\\<>`*[]|":
        text = text.replace(mark, f"&#{ord(mark)};")
    return text
