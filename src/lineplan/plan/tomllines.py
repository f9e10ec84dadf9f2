"""Lines of a TOML file: where each key, table and item stands, which tomllib does not tell."""

from __future__ import annotations

import re
import tomllib

Place = tuple[str | int, ...]
"""Keys, and positions in lists: ``("clause", 0, "where")``."""

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?!")' r"|'''.*?'''(?!')" r'|"(?:\\.|[^"\\])*"' r"|'[^']*'",
    re.DOTALL,
)
_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]+")


def places_of(text: str) -> dict[Place, int]:
    """Line of everything in a TOML file.

    Parameters
    ----------
    text : str
        That tomllib reads without fault.

    Returns
    -------
    dict of tuple to int
        Line, from 1, by place; of an array of tables that of its first header.
    """
    return _Walk(text).found


def line_of(place: Place, places: dict[Place, int]) -> int | None:
    """Line of a place, or of the nearest thing round it that stands in the file.

    Parameters
    ----------
    place : tuple
        A position in a list is passed over where the file has the one item without a list.
    places : dict
        As `places_of` gives it.

    Returns
    -------
    int or None
        None where nothing of the place stands in the file.
    """
    known: Place = ()
    for step in place:
        if (*known, step) in places:
            known = (*known, step)
        elif isinstance(step, str):
            break
    return places.get(known)


class _Walk:
    """One pass over the text from its start to its end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[Place, int] = {}
        self.count: dict[Place, int] = {}
        table: Place = ()
        while self._next():
            table = self._header() if self._next() == "[" else self._pair(table)

    def _next(self) -> str:
        """The first character that is neither blank nor comment."""
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        return self.text[self.at : self.at + 1]

    def _take(self, pattern: re.Pattern[str]) -> str:
        token = pattern.match(self.text, self.at)
        if token is None:
            raise ValueError(f"no TOML at character {self.at}")
        self.at = token.end()
        return token[0]

    def _note(self, place: Place) -> Place:
        self.found.setdefault(place, self.text.count("\n", 0, self.at) + 1)
        return place

    def _keys(self) -> list[str]:
        """A key, in its parts where it is dotted."""
        keys = []
        while True:
            if self._next() in ('"', "'"):
                keys.append(next(iter(tomllib.loads(f"{self._take(_STRING)} = 0"))))
            else:
                keys.append(self._take(_KEY))
            if self._next() != ".":
                return keys
            self.at += 1

    def _header(self) -> Place:
        """``[a.b]`` or ``[[a.b]]``; what stands before the last key may be an array of tables."""
        is_array = self.text.startswith("[[", self.at)
        start = self.at
        self.at += 1 + is_array
        keys = self._keys()
        self._next()
        after = self.at + 1 + is_array
        self.at = start
        place: Place = ()
        for position, key in enumerate(keys):
            place = self._note((*place, key))
            if is_array and position == len(keys) - 1:
                self.count[place] = self.count.get(place, 0) + 1
            if place in self.count:
                place = self._note((*place, self.count[place] - 1))
        self.at = after
        return place

    def _pair(self, table: Place) -> Place:
        """``key = value``; the table it stands in goes on."""
        self._next()
        start = self.at
        keys = self._keys()
        self.at, after = start, self.at
        place = table
        for key in keys:
            place = self._note((*place, key))
        self.at = after + 1
        self._value(place)
        return table

    def _comma(self) -> None:
        if self._next() == ",":
            self.at += 1

    def _value(self, place: Place) -> None:
        first = self._next()
        if first in ('"', "'"):
            self._take(_STRING)
        elif first == "[":
            self._items(place)
        elif first == "{":
            self.at += 1
            while self._next() != "}":
                self._pair(place)
                self._comma()
            self.at += 1
        else:
            self._take(_SCALAR)

    def _items(self, place: Place) -> None:
        self.at += 1
        number = 0
        while self._next() != "]":
            self._value(self._note((*place, number)))
            self._comma()
            number += 1
        self.at += 1
