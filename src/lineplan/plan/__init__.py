"""The plan language: what a text says of which ground, as data that can be checked."""

from __future__ import annotations

from lineplan.plan.language import (
    AS_HELD,
    FORCES,
    LINE,
    NO_PARTY,
    RECOGNITIONS,
    STANDINGS,
    STATUSES,
    TERMS,
    UNSPECIFIED,
    Clause,
    Forces,
    Parameter,
    Plan,
    Quote,
    Reading,
    Revocation,
    Source,
    Strip,
    Value,
    Where,
)

__all__ = [
    "AS_HELD",
    "FORCES",
    "LINE",
    "NO_PARTY",
    "RECOGNITIONS",
    "STANDINGS",
    "STATUSES",
    "TERMS",
    "UNSPECIFIED",
    "Clause",
    "Forces",
    "Parameter",
    "Plan",
    "Quote",
    "Reading",
    "Revocation",
    "Source",
    "Strip",
    "Value",
    "Where",
]
