"""Days: dates as people write them, and today."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime

from lineplan.errors import UsageError


def as_date(value: str | date | None) -> date | None:
    """A date, or its text as ``YYYY-MM-DD``; UsageError for any other text."""
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
        raise UsageError(f"{value!r} is not a date; write YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UsageError(f"{value!r} is no day of the calendar") from None


def today() -> date:
    """Today, or the day of ``SOURCE_DATE_EPOCH`` where it is set, so that output can repeat."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return datetime.now(UTC).date()
    try:
        return datetime.fromtimestamp(int(epoch), UTC).date()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"SOURCE_DATE_EPOCH {epoch!r} is not a number of seconds") from None
