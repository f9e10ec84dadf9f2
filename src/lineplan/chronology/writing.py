"""A timeline as files: areas, and beside them what is measured each day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from lineplan.errors import LineplanError, UsageError
from lineplan.output import replacing

if TYPE_CHECKING:
    from lineplan.chronology.series import Timeline

ENDINGS = (".parquet", ".csv")


def check_target(path: Path) -> None:
    """Raise UsageError, or LineplanError, for a file that a timeline cannot be written to."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"{path}: a timeline is written to a file that ends in .parquet or .csv")
    if not path.parent.is_dir():
        raise LineplanError(f"{path}: there is no folder {path.parent}; make it first")


def write_timeline(timeline: Timeline, path: Path) -> list[Path]:
    """Write a timeline by the ending of a file.

    Parameters
    ----------
    timeline : Timeline
    path : Path
        ``series.parquet`` or ``series.csv`` for `areas`; `days` goes to ``series.days.parquet`` or
        ``series.days.csv``. Conditions are in the metadata of Parquet files under the key
        ``lineplan``, and beside CSV in ``series.conditions.json``.

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
    beside = path.with_name(f"{path.stem}.days{path.suffix}")
    said = json.dumps(timeline.conditions, ensure_ascii=False, sort_keys=True, indent=2) + "\n"
    written = [path, beside]
    if path.suffix.lower() == ".csv":
        written.append(path.with_name(f"{path.stem}.conditions.json"))
        with replacing(written[-1]) as draft:
            draft.write_text(said, encoding="utf-8")
    for file, table in ((beside, timeline.days), (path, timeline.areas)):
        with replacing(file) as draft:
            if file.suffix.lower() == ".csv":
                table.to_csv(draft, index=False, date_format="%Y-%m-%d", lineterminator="\n")
            else:
                _write_parquet(table, said, draft)
    return written


def _write_parquet(table: pd.DataFrame, said: str, draft: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = pa.Table.from_pandas(table, preserve_index=False)
    at = columns.schema.get_field_index("date")
    columns = columns.set_column(at, "date", columns.column("date").cast(pa.date32()))
    pq.write_table(columns.replace_schema_metadata({b"lineplan": said.encode()}), draft)
