"""What a source's own terms say of passing its geometry on, and the rule that follows.

Figures are facts and are never held back; the rule is about geometry in files for others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from lineplan.dataset import Redistribution
from lineplan.errors import ControlError

NOT_STATED = "not stated"
_ASCENDING: tuple[Redistribution, ...] = ("allowed", "not stated", "forbidden")
if set(_ASCENDING) != set(get_args(Redistribution)):
    raise AssertionError("every kind of redistribution has its place")


class TermsError(ControlError):
    """A source's terms forbid what is asked for. No fault of a day: never skipped."""


@dataclass(frozen=True)
class Terms:
    """What a source's own terms say of passing its geometry on.

    Attributes
    ----------
    source : str
        What a reader is told.
    redistribution : {"allowed", "not stated", "forbidden"}
    licence : str
        The terms, in words; "" where not known.
    """

    source: str
    redistribution: Redistribution
    licence: str = ""

    def __str__(self) -> str:
        """What there is to say, in a sentence without its end."""
        licence = f": {self.licence}" if self.licence and self.licence != NOT_STATED else ""
        if self.redistribution == "forbidden":
            return f"{self.source}: its terms do not allow its geometry to be passed on{licence}"
        if self.redistribution == "allowed":
            return f"{self.source}: its geometry may be passed on under its terms{licence}"
        return f"{self.source}: whether its geometry may be passed on is not stated{licence}"


def strictest(said: Iterable[Redistribution]) -> Redistribution:
    """The strictest of several; ``not stated`` for none."""
    return max(said, key=_ASCENDING.index, default="not stated")


def joined(*texts: str) -> str:
    """Papers of several sources, each once."""
    return "; ".join(dict.fromkeys(text for text in texts if text))


def check_passing_on(terms: Iterable[Terms], *, has_permission: bool = False) -> bool:
    """Refuse to put geometry into a file for others where the source's terms forbid it.

    Parameters
    ----------
    terms : iterable of Terms
        Of every source whose geometry would be in the file.
    has_permission : bool
        The user states that the source has given permission.

    Returns
    -------
    bool
        Whether it is the user's word that lets the file be written: some source does not allow it
        by itself, and permission is stated.

    Raises
    ------
    ControlError
        The terms of a source forbid it, and no permission is stated.
    """
    terms = list(terms)
    for said in terms:
        if said.redistribution == "forbidden" and not has_permission:
            raise TermsError(
                f"{said}. If you have the source's permission, say so: --i-have-permission "
                "(has_permission=True). Figures are free: lineplan areas, compare, timeline"
            )
    return has_permission and any(said.redistribution != "allowed" for said in terms)
