"""Tables as text: found delimiter, UTF-8, one clear line for what is neither."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection
from pathlib import Path

import pandas as pd

from lineplan.errors import ControlError


def columns_of_table(content: bytes, path: Path) -> tuple[str, ...]:
    """Names of the columns of a table; ControlError where it has none."""
    return tuple(str(c) for c in _read(content, path, rows=0).columns)


def read_table(content: bytes, path: Path, columns: Collection[str]) -> pd.DataFrame:
    """The named columns of a table, as text.

    Parameters
    ----------
    content : bytes
    path : Path
        For messages.
    columns : collection of str

    Returns
    -------
    DataFrame

    Raises
    ------
    ControlError
        It is no table, or not UTF-8.
    """
    return _read(content, path, columns=columns)


def _read(
    content: bytes,
    path: Path,
    *,
    rows: int | None = None,
    columns: Collection[str] | None = None,
) -> pd.DataFrame:
    try:
        head = content[: 2**16].decode("utf-8-sig", errors="ignore")
        content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        raise ControlError(
            f"{path}: is not UTF-8 text (byte {fault.start}); save it as CSV UTF-8"
        ) from None
    first = head.splitlines()[0] if head.strip() else ""
    delimiter = max(",;\t|", key=first.count)
    try:
        return pd.read_csv(
            io.BytesIO(content),
            sep=delimiter,
            encoding="utf-8-sig",
            dtype=str,
            keep_default_na=False,
            nrows=rows,
            usecols=None if columns is None else list(columns),
        )
    except (ValueError, csv.Error) as fault:
        reason = (str(fault).strip().splitlines() or [""])[0]
        raise ControlError(f"{path}: cannot be read as a table ({reason})") from None
