"""A language as the page's script needs it: texts, and how dates and numbers are written."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lineplan.labels import Catalogue

_SPOKEN = re.compile(
    r"^(page|map|field|figure|date|join|footer\.(line|reassigned|heading|data|version))"
)
_YEAR, _DAY = 2001, 27  # digits that stand in no name of a month


def language(words: Catalogue) -> dict[str, Any]:
    """
    Return a language as data.

    Returns
    -------
    dict
        ``id``, ``name`` (its own), ``texts`` by key with ``{placeholders}``, ``months`` (a date in
        each month, with ``{d}`` and ``{y}``), ``group`` and ``decimal`` marks, ``percent`` (with
        ``{n}``) and ``days`` (a number of days by plural form, with ``{n}``).
    """
    from babel import Locale
    from babel.numbers import get_decimal_symbol, get_group_symbol

    locale = Locale.parse(words.locale)
    # The script may ask for any of these.
    words.used.update(key for key in words.overridden if _SPOKEN.match(key))
    own = Locale.parse(words.lang, sep="-").get_display_name() or words.lang
    return {
        "id": words.lang,
        "name": own[:1].upper() + own[1:],
        "texts": {key: text for key, text in words.messages.items() if _SPOKEN.match(key)},
        "months": [_month(words, month) for month in range(1, 13)],
        "group": get_group_symbol(words.locale),
        "decimal": get_decimal_symbol(words.locale),
        "percent": words.percent(0.5, 0).replace("50", "{n}"),
        "days": {locale.plural_form(n): _days(words, n) for n in (*range(201), 1_000_000)},
    }


def _month(words: Catalogue, month: int) -> str:
    said = words.date(date(_YEAR, month, _DAY))
    return said.replace(str(_YEAR), "{y}").replace(str(_DAY), "{d}")


def _days(words: Catalogue, count: int) -> str:
    return re.sub(r"\d[\d\s.,]*\d|\d", "{n}", words.days(count), count=1)
