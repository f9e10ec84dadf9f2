"""Figures as text, each with its conditions: aligned table, Markdown, CSV and JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from lineplan.arrangement import Arrangement
from lineplan.plan import STANDINGS, UNSPECIFIED
from lineplan.reporting import ReportAreas

Form = Literal["table", "csv", "json", "markdown"]

_HEADS = {
    "unit_name": "unit",
    "held_by": "held by",
    "clause_id": "clause",
    "area_km2": "km²",
    "area_sq_mi": "sq mi",
    "share_of_units": "of all units",
    "share_of_unit": "of unit",
    "range_km2": "km² by assessment",
    "name": "place",
    "report_id": "reported by",
    "report_name": "named",
}


def exact(table: pd.DataFrame, conditions: Mapping[str, Any], form: Form) -> str:
    """Exact figures for machines.

    Parameters
    ----------
    table : DataFrame
    conditions : mapping
        As in `Arrangement.conditions`.
    form : {"json", "csv"}

    Returns
    -------
    str
        JSON: an object with `conditions` and `rows`. CSV: rows, each with the plan, the date and
        the source of the line, so that a row copied out keeps them.
    """
    if form == "json":
        rows = json.loads(table.to_json(orient="records", double_precision=15, force_ascii=False))
        document = {"conditions": dict(conditions), "rows": rows}
        return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    kept = ("plan_id", "line_date", "line_source", "report_source")
    keys = [key for key in kept if key in conditions]
    return str(table.assign(**{key: conditions[key] for key in keys}).to_csv(index=False))


def heading(arrangement: Arrangement, form: Form) -> str:
    """Plan, date of its text, line, its date and age, and the readings chosen, in words."""
    said = arrangement.conditions
    force = STANDINGS[arrangement.plan.standing]
    age = "" if said["line_age_days"] is None else f", {said['line_age_days']} days old"
    lines = [
        f"{said['plan_title']} (text of {said['plan_text_date']}; {force})",
        f"Line of {said['line_date'] or 'no stated date'}{age}: {said['line_source']}",
    ]
    chosen = [*said["readings"], *(f"{k} = {v}" for k, v in said["parameters"].items())]
    chosen = [c for c in chosen if not c.endswith(f"= {UNSPECIFIED}")]
    if chosen:
        lines.append(f"Readings and parameters: {', '.join(chosen)}")
    ending = "  \n" if form == "markdown" else "\n"
    return ending.join(lines) + "\n"


def areas_for_reading(
    arrangement: Arrangement,
    areas: pd.DataFrame,
    form: Form,
    *,
    report_by: ReportAreas | None = None,
) -> str:
    """Areas in whole km² with their heading, labels and range.

    Parameters
    ----------
    arrangement : Arrangement
    areas : DataFrame
        From `Arrangement.areas`.
    form : {"table", "markdown"}
    report_by : ReportAreas, optional
        Polygons that the areas are broken down by.
    """
    said = arrangement.conditions
    shown = areas.drop(
        columns=["status_label", "unit_id", "assessed_min_km2", "assessed_max_km2"],
        errors="ignore",
    )
    for column in shown.columns.intersection(["area_km2", "area_sq_mi"]):
        shown[column] = shown[column].map("{:,.0f}".format)
    for column in shown.columns.intersection(["share_of_units", "share_of_unit"]):
        shown[column] = shown[column].map("{:.2%}".format)
    low, high = areas["assessed_min_km2"], areas["assessed_max_km2"]
    shown["range_km2"] = [
        (f"{a:,.0f}-{b:,.0f}" if round(a) < round(b) else f"{a:,.0f}") if a == a else "not known"
        for a, b in zip(low, high, strict=True)
    ]
    lines = [heading(arrangement, form), grid(shown, form), ""]
    if "status" in areas:
        bullet = "- " if form == "markdown" else ""
        keys = ["status", "held_by"] if "held_by" in areas else ["status"]
        said_once = areas[[*keys, "status_label"]].drop_duplicates()
        lines += [f"{bullet}{', '.join(key)}: {label}" for *key, label in said_once.to_numpy()]
        lines.append("")
    moved = "Border mismatches left as they are."
    if said["reconciled"]:
        moved = (
            f"Border mismatches reassigned: {said['reassigned_km2']:,.0f} km² in "
            f"{said['reassigned_pieces']} piece(s)."
        )
    lines.append(f"{moved} Units: {said['units_source']}.")
    if report_by is not None:
        lines.append(f"Reported by {report_by.name}, column {report_by.id_column}.")
    # Assessments are whole km² a unit, and a row adds up some of them.
    keys = [c for c in ("status", "clause_id", "held_by", "unit_id") if c in areas]
    added = arrangement.zones.groupby(keys)["unit_id"].nunique() if keys else {}
    rows = areas[keys].itertuples(index=False, name=None)
    rounded_km2 = 0.5 * np.array([_count(added, row) for row in rows])
    beyond = (areas["area_km2"] < low - rounded_km2) | (areas["area_km2"] > high + rounded_km2)
    if beyond.any():
        lines.append(
            f"{int(beyond.sum())} row(s) lie outside the range of the assessments: this line is "
            "none of theirs, and drawn more coarsely or by other rules."
        )
    return "\n".join(lines) + "\n"


def _count(added: Any, row: tuple[Any, ...]) -> int:
    """How many units a row adds up."""
    return int(added.get(row if len(row) > 1 else row[0], 1)) if row else 1


def side_by_side(
    arrangements: Sequence[Arrangement],
    keys: Sequence[str],
    *,
    status: str | None = None,
    form: Form,
) -> str:
    """Areas by several sources of control, and their range.

    Parameters
    ----------
    arrangements : sequence of Arrangement
        Of one plan, each on another source.
    keys : sequence of str
        As in `Arrangement.areas`.
    status : str, optional
        Only ground of this status; 0 in a source that gives none of it.
    form : {"table", "markdown", "csv", "json"}

    Returns
    -------
    str
        For reading a column for each source; CSV and JSON have a row for each source.
    """
    tables = [arrangement.areas(keys) for arrangement in arrangements]
    if status is not None:
        if not any((zones["status"] == status).any() for zones in (a.zones for a in arrangements)):
            arrangements[0].areas(status=status)  # says which there are
        tables = [a.areas(["status", *keys]) for a in arrangements]
        tables = [table[table["status"] == status] for table in tables]
    heads = [
        c for c in ("status", "unit_id", "unit_name", "held_by", "clause_id") if c in tables[0]
    ]
    areas = pd.concat(
        [t.set_index(heads)["area_km2"].rename(i) for i, t in enumerate(tables)], axis=1
    ).fillna(0.0)
    low, high = areas.min(axis=1), areas.max(axis=1)
    said = [arrangement.conditions for arrangement in arrangements]
    if form in ("csv", "json"):
        rows = [
            areas[i]
            .rename("area_km2")
            .reset_index()
            .assign(
                least_km2=low.to_numpy(),
                most_km2=high.to_numpy(),
                line_source=one["line_source"],
                line_date=one["line_date"],
                control_class=one["control_class"],
            )
            for i, one in enumerate(said)
        ]
        common: dict[str, Any] = {"plan_id": said[0]["plan_id"]}
        if form == "json":
            common["sources"] = said
        return exact(pd.concat(rows, ignore_index=True), common, form)
    letters = [_letter(i) for i in range(len(said))]
    shown = areas.map("{:,.0f}".format).set_axis(letters, axis=1)
    shown["range km²"] = [
        f"{a:,.0f}-{b:,.0f}" if round(a) < round(b) else f"{a:,.0f}"
        for a, b in zip(low, high, strict=True)
    ]
    shown = shown.reset_index().drop(columns="unit_id", errors="ignore")
    bullet = "- " if form == "markdown" else ""
    sources = [
        f"{bullet}{letter}: {one['line_source']}; line of {one['line_date'] or 'no stated date'}; "
        f"held: {one['control_class']}"
        for letter, one in zip(letters, said, strict=True)
    ]
    first = heading(arrangements[0], form).splitlines()
    plan = [line for line in first if not line.startswith("Line of")]
    return "\n".join([*plan, "", grid(shown, form), "", *sources]) + "\n"


def _letter(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else f"source {index + 1}"


def point_for_reading(arrangement: Arrangement, row: pd.Series[Any]) -> str:
    """One row of `locate_points` in words."""
    lines = [("unit", "in no unit, nor near one")]
    if row["unit_id"]:
        line_km = row["line_km"]
        lines = [
            ("unit", f"{row['unit_name']} ({row['unit_id']})"),
            ("held by", row["held_by"]),
            ("status", row["status"]),
            ("", row["status_label"]),
            ("clause", row["clause_id"] or "none"),
            ("line", f"{line_km:.1f} km away" if line_km == line_km else "there is none"),
        ]
    body = "\n".join(f"{name:<9}{text}" for name, text in lines)
    return f"{heading(arrangement, 'table')}\n{body}\n"


def grid(table: pd.DataFrame, form: Form) -> str:
    """A table as aligned text or Markdown, figures to the right."""
    heads = [_HEADS.get(column, str(column)) for column in table.columns]
    present = table.astype(object).where(table.notna(), "")
    cells = [[_cell(value) for value in present[column]] for column in table.columns]
    right = [
        name != "clause_id" and bool(column) and all(map(_is_figure, column))
        for name, column in zip(table.columns, cells, strict=True)
    ]
    if form == "markdown":
        rows = [heads, ["---:" if r else "---" for r in right]]
        rows += [[_markdown(text) for text in row] for row in zip(*cells, strict=True)]
        return "\n".join(f"| {' | '.join(row)} |" for row in rows)
    widths = [max(map(len, [head, *column])) for head, column in zip(heads, cells, strict=True)]
    lines = []
    for row in [heads, *zip(*cells, strict=True)]:
        padded = [
            text.rjust(width) if r else text.ljust(width)
            for text, width, r in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return " ".join(str(value).split())


def _markdown(text: str) -> str:
    """Text that neither ends its cell nor becomes markup: entities, as renderers all know them."""
    for mark in "&\\|<>`*[]":
        text = text.replace(mark, f"&#{ord(mark)};" if mark != "&" else "&amp;")
    return text


def _is_figure(text: str) -> bool:
    return not text.strip("-+%., 0123456789") or text == "not known"
