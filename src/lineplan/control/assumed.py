"""What reading the days of an archive assumed: said once where it is the same on many days."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

from lineplan.features import MENDED

_TRIVIAL = re.compile(r"^read as \w+, \d+ area\(s\) of |^states no date; |^the latest state on or ")
_KM2 = re.compile(r": \d+ feature\(s\), [\d,]+ km²|(?<= adds) [\d,]+ km²")
_NUMBER = re.compile(r"\d[\d,.]*")


def assumed_of(notes: Iterable[str], source: str) -> tuple[str, ...]:
    """Those of a day's notes that say what was assumed, without its file's name and areas.

    Files that differ in nothing but coordinates say the same.

    Parameters
    ----------
    notes : iterable of str
        As of `Control`.
    source : str
        As of `Control`; it has the name of the file.

    Returns
    -------
    tuple of str
    """
    found = []
    for note in notes:
        if any(word in note for word in MENDED):
            continue
        name, colon, words = note.partition(": ")
        words = _KM2.sub("", words if colon and name in source else note)
        if not _TRIVIAL.search(words):
            found.append(words)
    return tuple(found)


def said_of_days(
    days: Mapping[date, tuple[str, ...]],
) -> tuple[list[str], dict[date, list[str]]]:
    """What is said of all the days, each note once, and what differs by day.

    Notes that differ in nothing but numbers are one, of which the first is shown.

    Parameters
    ----------
    days : mapping of date to tuple of str
        What was assumed on each day, ascending; from `assumed_of`.

    Returns
    -------
    list of str
        Each with the number of days on which it holds.
    dict of date to list of str
        What a day has that is not word for word the same on all days.
    """
    keys: dict[str, str] = {}
    on: dict[str, dict[date, None]] = {}
    texts: dict[str, dict[str, None]] = {}
    for day, notes in days.items():
        for note in notes:
            key = keys.get(note) or keys.setdefault(note, _NUMBER.sub("#", note))
            on.setdefault(key, {})[day] = None
            texts.setdefault(key, {})[note] = None
    said = []
    for key, its_days in on.items():
        first, *others = texts[key]
        on_day = "" if len(days) == 1 else f" of {next(iter(its_days))}"
        figures = f", figures{on_day}" if others else ""
        said.append(f"on {_share(len(its_days), len(days))}{figures}: {first}")
    same = {key for key in on if len(on[key]) == len(days) and len(texts[key]) == 1}
    differing = {
        day: own
        for day, notes in days.items()
        if (own := [n for n in notes if keys[n] not in same])
    }
    return said, differing


def _share(some: int, count: int) -> str:
    if count == 1:
        return "the one day"
    return f"all {count:,} days" if some == count else f"{some:,} of {count:,} days"
