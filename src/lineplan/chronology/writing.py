"""A timeline as files: areas, and beside them what is measured each day."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lineplan.errors import UsageError
from lineplan.output import check_replaceable, replacing_all

if TYPE_CHECKING:
    from lineplan.chronology.series import Timeline

ENDINGS = (".parquet", ".csv")


def check_target(path: Path) -> None:
    """Raise UsageError, or LineplanError, for a file that a timeline cannot be written to."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"{path}: a timeline is written to a file that ends in .parquet or .csv")
    for part in parts_of(path):
        check_replaceable(part)


def parts_of(path: Path) -> list[Path]:
    """Name the files of a timeline: areas, days, and beside CSV conditions."""
    parts = [path, path.with_name(f"{path.stem}.days{path.suffix}")]
    if path.suffix.lower() == ".csv":
        parts.append(path.with_name(f"{path.stem}.conditions.json"))
    return parts


def write_timeline(
    timeline: Timeline, path: Path, drawn: Mapping[Path, Callable[[Path], None]] | None = None
) -> list[Path]:
    """Write a timeline by the ending of a file.

    Parameters
    ----------
    timeline : Timeline
    path : Path
        ``series.parquet`` or ``series.csv`` for `areas`; `days` goes to ``series.days.parquet`` or
        ``series.days.csv``. Conditions are in the metadata of Parquet files under the key
        ``lineplan``, and beside CSV in ``series.conditions.json``.
    drawn : mapping of Path to callable, optional
        Further files, each with what writes its draft; no file is replaced before all are written.

    Returns
    -------
    list of Path
        What was written.

    Raises
    ------
    UsageError
        The ending is another.
    LineplanError
        A file cannot be written.
    """
    check_target(path)
    drawn = drawn or {}
    written = [*parts_of(path), *drawn]
    said = json.dumps(timeline.conditions, ensure_ascii=False, sort_keys=True, indent=2) + "\n"
    with replacing_all(written) as drafts:
        for draft, table in zip(drafts, (timeline.areas, timeline.days), strict=False):
            if draft.suffix.lower() == ".csv":
                table.to_csv(draft, index=False, date_format="%Y-%m-%d", lineterminator="\n")
            else:
                _write_parquet(table, said, draft)
        for draft in drafts[2 : len(drafts) - len(drawn)]:
            draft.write_text(said, encoding="utf-8")
        for draft, draw in zip(drafts[len(drafts) - len(drawn) :], drawn.values(), strict=True):
            draw(draft)
    return written


def _write_parquet(table: pd.DataFrame, said: str, draft: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = pa.Table.from_pandas(table, preserve_index=False)
    at = columns.schema.get_field_index("date")
    columns = columns.set_column(at, "date", columns.column("date").cast(pa.date32()))
    pq.write_table(columns.replace_schema_metadata({b"lineplan": said.encode()}), draft)
