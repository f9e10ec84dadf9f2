"""The words people see, in four languages.

Machine keys (``status = "recognized"``) never change; what a reader sees comes from a gettext
catalogue, ``locale/<language>.po``, keyed by ids such as ``status.recognized``. The catalogues
are read at run time, so a translator's edit needs no compile step. No party is known here: its
name and its inflected forms come from the dataset.
"""

from __future__ import annotations

import difflib
import math
import re
import tomllib
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lineplan.errors import LineplanWarning, UsageError

if TYPE_CHECKING:
    import datetime as dt

    from lineplan.dataset import Dataset

LANGUAGES = ("en", "uk", "ru", "zh-Hant")

# Dates and numbers follow the spelling of the labels: "20 November 2025", "recognised".
_LOCALES = {"en": "en_GB", "uk": "uk_UA", "ru": "ru_RU", "zh-Hant": "zh_Hant_TW"}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_DOUBLE_STOP = re.compile(r"(?<!\.)\.\.(?!\.)")
_UNSTATED = ("", "unspecified")
_SAME = 1e-9
"""Shares below this are the rounding of a sum."""


@dataclass(frozen=True)
class Catalogue:
    """The labels of one language.

    Parameters
    ----------
    lang
        One of `LANGUAGES`.
    messages
        Text by key, with ``{placeholders}``. A key missing here is looked up in English.
    overridden
        Keys replaced by a terms file, in the order of the file.
    """

    lang: str
    messages: Mapping[str, str] = field(repr=False)
    overridden: tuple[str, ...] = ()
    used: set[str] = field(default_factory=set, compare=False, repr=False)
    """Of the keys replaced, those that were asked for."""

    @property
    def locale(self) -> str:
        """Babel's name of the locale that numbers and dates follow."""
        return _LOCALES.get(self.lang) or self.lang.replace("-", "_")

    def __contains__(self, key: object) -> bool:
        return key in self.messages

    def text(self, key: str, **fields: object) -> str:
        """
        Return the text of a key with its placeholders filled.

        Raises
        ------
        KeyError
            If the key is unknown, or a placeholder of the text is not among the fields.
        """
        self._note(key)
        # Not str.format: a terms file must not reach into attributes of the values.
        filled = _PLACEHOLDER.sub(lambda match: str(fields[match[1]]), self.messages[key])
        # A date may end in a full stop of its own: "20 листопада 2025 р.".
        return _DOUBLE_STOP.sub(".", filled)

    def name(self, names: Mapping[str, Any]) -> str:
        """Pick the name in this language from a mapping by language; English where missing."""
        return str(names.get(self.lang) or names.get("en") or next(iter(names.values()), ""))

    def data(self, text: str) -> str:
        """Translate a text that comes with the data, word for word; itself where none is known."""
        self._note(f"data.{text}")
        return self.messages.get(f"data.{text}", text)

    def _note(self, key: str) -> None:
        if key in self.overridden:
            self.used.add(key)

    @property
    def name_column(self) -> str:
        """The column of units, places and context that holds names in this language."""
        return "name" if self.lang == "en" else f"name_{self.lang.replace('-', '_').lower()}"

    def number(self, value: float, digits: int = 0) -> str:
        """Format a number with the digits after the point and the grouping of the language."""
        from babel.numbers import format_decimal

        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, format=pattern, locale=self.locale)

    def area(self, km2: float, digits: int = 0) -> str:
        """Format an area: ``5,865 km²``."""
        return self.text("figure.area", number=self.number(km2, digits))

    def headline(self, rounded: float) -> str:
        """Format a figure already rounded to what its range supports: ``about 5,900 km²``."""
        return self.text("figure.about", area=self.area(rounded))

    def percent(self, share: float, digits: int = 1) -> str:
        """Format a share of one as per cent."""
        from babel import Locale
        from babel.numbers import format_percent

        # The pattern of the language says whether a space stands before the sign.
        pattern = Locale.parse(self.locale).percent_formats[None].pattern
        if digits:
            pattern = re.sub(r"0(?=\s*%)", "0." + "0" * digits, pattern)
        return format_percent(share, format=pattern, locale=self.locale)

    def share(self, share: float, digits: int = 1) -> str:
        """
        Format a share of the whole: one that is not zero is never said to be.

        What `digits` would round to nothing has two; less than that is said to be less.
        """
        if 0 < share < 10 ** -(digits + 2):
            digits = 2
        if share > 0 and round(100 * share, digits) == 0:
            return "<" + self.percent(10 ** -(digits + 2), digits)
        return self.percent(share, digits)

    def accuracy(self, drift: float) -> str:
        """
        Say how exact a drawing is.

        Parameters
        ----------
        drift
            The largest difference between a drawn and a computed area, as a share; what is said
            is a bound, so it is rounded up.
        """
        if drift < _SAME:
            return self.text("footer.accuracy_full")
        digits = 1 if drift > 0.001 else 2
        steps = 100 * 10**digits
        bound = math.ceil(drift * steps - 1e-9) / steps  # 0.7 % is no more than that
        return self.text("footer.accuracy", drift=self.percent(bound, digits))

    def source_line(self, standing: str, **fields: str) -> str:
        """Say what a map rests on; a reference is no text of a day.

        Parameters
        ----------
        standing
            Of the plan, one of `lineplan.plan.STANDINGS`.
        **fields
            ``text``, ``text_date``, ``line`` and ``line_date``, in words.
        """
        is_reference = standing == "reference"
        return self.text("map.source_reference" if is_reference else "map.source", **fields)

    def date(self, day: dt.date | None) -> str:
        """Format a date in words: ``20 November 2025``; None is a date not stated."""
        from babel.dates import format_date

        if day is None:
            return self.text("date.unknown")
        return format_date(day, format="long", locale=self.locale)

    def days(self, count: int) -> str:
        """Format a number of days with the plural the language asks for."""
        from datetime import timedelta

        from babel.dates import format_timedelta

        # A threshold never reached keeps days from becoming months.
        said = format_timedelta(
            timedelta(days=count), granularity="day", threshold=1e9, locale=self.locale
        )
        return said.replace(" ", "") if self.lang == "zh-Hant" else said

    def listing(self, items: Iterable[str]) -> str:
        """Join items as an enumeration: ``Kherson and Zaporizhzhia``."""
        from babel.lists import format_list

        return format_list(list(items), locale=self.locale)

    def status_label(
        self,
        status: str,
        *,
        held_by: str,
        to_be_held_by: str,
        recognized_as: str,
        recognition: str,
        recognized_by: str,
        dataset: Dataset,
        date: dt.date | None,
        plan_title: str,
    ) -> str:
        """
        Say in conditional words what a plan's text would make of a zone.

        Parameters
        ----------
        status
            The machine key of the status.
        held_by, to_be_held_by, recognized_as, recognition, recognized_by
            As in the columns of an arrangement's zones.
        dataset
            Where the parties' word forms come from.
        date
            The date of the line of contact.
        plan_title
            The plan's title in this language.
        """
        territory = self._form(dataset, recognized_as, "territory")
        if status == "recognized":
            kind = recognition.replace(" ", "_") if recognition else "unspecified"
            label = self._optional(
                "status.recognized",
                territory=territory,
                kind=self.text(f"recognition.{kind}"),
                by=self._recognized_by(dataset, recognized_by),
            )
            left_open = to_be_held_by in _UNSTATED and recognized_as not in _UNSTATED
            if left_open and held_by != recognized_as:
                label = self.text("status.withdrawal_unstated", label=label)
            return label
        if status == "demilitarized_buffer":
            return self._optional("status.demilitarized_buffer", territory=territory)
        if status == "frozen_at_line":
            return self._frozen_label(held_by, dataset, self.date(date))
        if status == "relinquished":
            return self._optional("status.relinquished", party=self._form(dataset, held_by, "name"))
        if status == "unaffected" and to_be_held_by == held_by:
            return self.text("plan.as_held", date=self.date(date))
        return self.text(f"status.{status}", plan=plan_title)

    def short_label(
        self, status: str, *, dataset: Dataset, recognized_as: str = "", held_by: str = ""
    ) -> str:
        """Name a status in a few words, for legends and headline figures."""
        return self._optional(
            f"short.{status}",
            territory=self._form(dataset, recognized_as, "territory"),
            party=self._form(dataset, held_by, "name"),
        )

    def holder_label(
        self, held_by: str, *, dataset: Dataset, date: dt.date | None, source: str
    ) -> str:
        """
        Say who holds a zone on a day, and by whose account.

        Ground of the default holder is ground no polygon claims: it is said to be not mapped as
        held by the others, never to be under control.
        """
        fields = {"date": self.date(date), "source": source}
        key, forces = self._holder(dataset, held_by)
        return self.text(f"holder.{key}", forces=forces, **fields)

    def holder_short(self, held_by: str, *, dataset: Dataset) -> str:
        """Say who holds a zone in a few words."""
        key, forces = self._holder(dataset, held_by)
        return self.text(f"holder_short.{key}", forces=forces)

    def value(self, value: str, *, dataset: Dataset) -> str:
        """Say what a text sets: party ids become names, ``unspecified`` and ``none`` words."""
        if value in ("", "unspecified", "none", "as_held"):
            return self.text(f"value.{value or 'unspecified'}")
        return self.listing(self._form(dataset, party, "name") for party in _ids(value))

    def recognition(self, kind: str) -> str:
        """Name a kind of recognition."""
        return self.text(f"recognition.{(kind or 'unspecified').replace(' ', '_')}")

    def forces(self, value: str, *, dataset: Dataset) -> str:
        """Say whose forces may be there: ``barred: ru, ua`` becomes a sentence."""
        if value in ("", "unspecified", "none"):
            return self.text(f"value.{value or 'unspecified'}")
        said = []
        for rule in value.split(";"):
            verb, _, parties = rule.partition(":")
            names = self.listing(self._form(dataset, party, "forces") for party in _ids(parties))
            key = f"value.{verb.strip()}"
            said.append(self.text(key, forces=names) if key in self else rule.strip())
        return "; ".join(said)

    def _frozen_label(self, held_by: str, dataset: Dataset, date: str) -> str:
        key, forces = self._holder(dataset, held_by)
        if key == "default":
            return self.text("status.frozen_at_line_default", forces=forces, date=date)
        if key == "party":
            party = self._form(dataset, held_by, "name")
            return self.text("status.frozen_at_line", party=party, date=date)
        return self.text("status.frozen_at_line_plain")

    def _optional(self, key: str, **fields: str) -> str:
        """Use the ``_plain`` variant of a text where a word it needs is not set."""
        plain = f"{key}_plain"
        needed = _PLACEHOLDER.findall(self.messages[key])
        if plain in self and any(not fields.get(name, "") for name in needed):
            return self.text(plain, **fields)
        return self.text(key, **fields)

    def _recognized_by(self, dataset: Dataset, recognized_by: str) -> str:
        if recognized_by in (*_UNSTATED, "none"):
            return self.text("recognition.by_unspecified")
        forms = [self._form(dataset, party, "by", fallback=False) for party in _ids(recognized_by)]
        if all(forms):
            return self.text("recognition.by", by=self.listing(forms))
        names = self.value(recognized_by, dataset=dataset)
        return self.text("recognition.by_name", parties=names)

    def _holder(self, dataset: Dataset, held_by: str) -> tuple[str, str]:
        """Return which holder text to use, and the forces it names."""
        if held_by in ("contested", "unknown"):
            return held_by, ""
        if held_by != dataset.default_holder:
            return "party", self._form(dataset, held_by, "forces")
        claimant = dataset.claimant if dataset.claimant != held_by else ""
        forces = self._form(dataset, claimant, "forces")
        return ("default", forces) if forces else ("default_any", "")

    def _form(self, dataset: Dataset, party: str, form: str, *, fallback: bool = True) -> str:
        """Return a word form of a party, its name where the form is missing, '' where unset."""
        if party in (*_UNSTATED, "none", "contested", "unknown"):
            return ""
        known = dataset.party(party)
        forms = getattr(known, form, None) or {}
        if forms.get(self.lang) or not fallback:
            return str(forms.get(self.lang, ""))
        return self.name(forms or known.name)


def catalogue(lang: str | Path, terms: Path | None = None) -> Catalogue:
    """
    Load the labels of a language, with a house style's own words where a file gives them.

    Parameters
    ----------
    lang
        One of `LANGUAGES`, or a catalogue file (.po) of any other language.
    terms
        A TOML file of key and text (``"status.relinquished" = "..."``), for every language at
        the top, for one language under its name (``[uk]``).

    Raises
    ------
    UsageError
        If the language is unknown, or the terms file is unreadable, names an unknown key or a
        placeholder its label does not have.
    """
    if isinstance(lang, Path):
        base = _read_language(lang)
    elif lang in LANGUAGES:
        base = _base(lang)
    else:
        raise UsageError(f"unknown language {lang!r}; choose from {', '.join(LANGUAGES)}")
    if terms is None:
        return base
    replaced = _read_terms(Path(terms), base.lang, base.messages)
    messages = MappingProxyType({**base.messages, **replaced})
    return Catalogue(base.lang, messages, overridden=tuple(replaced))


def spoken(
    wanted: Sequence[str],
    catalogues: Iterable[str | Path] = (),
    terms: str | Path | None = None,
    *,
    every: bool = False,
) -> list[Catalogue]:
    """
    Load the languages of a page, those of catalogue files among them.

    Parameters
    ----------
    wanted
        Of `LANGUAGES` or of the files, in any order.
    catalogues
        Catalogue files (.po) of further languages.
    terms
        As for `catalogue`.
    every
        Load the others there are too.

    Returns
    -------
    list of Catalogue
        In the order of `LANGUAGES`, then of the files.

    Raises
    ------
    UsageError
        As for `catalogue`.
    """
    style = None if terms is None else Path(terms)
    further = {words.lang: words for words in (catalogue(Path(p), style) for p in catalogues)}
    known = list(dict.fromkeys([*LANGUAGES, *further]))
    if unknown := [lang for lang in wanted if lang not in known]:
        raise UsageError(f"unknown language {unknown[0]!r}; choose from {', '.join(known)}")
    order = [lang for lang in known if lang in wanted or every]
    return [further[lang] if lang in further else catalogue(lang, style) for lang in order]


def spoken_one(
    lang: str | None, catalogues: Sequence[str | Path] = (), terms: str | Path | None = None
) -> Catalogue:
    """Load the one language of a page, as `spoken` does; by default that of the first file."""
    if lang is None:
        lang = catalogue(Path(catalogues[0])).lang if catalogues else "en"
    return spoken([lang], catalogues, terms)[0]


def warn_of_unused(spoken: Sequence[Catalogue], terms: str | Path | None) -> None:
    """Warn of keys of a terms file that what was written in these languages never used."""
    replaced = dict.fromkeys(key for words in spoken for key in words.overridden)
    unused = [key for key in replaced if not any(key in words.used for words in spoken)]
    if unused and terms is not None:
        warnings.warn(
            f"terms file {Path(terms).name}: not used here, so without effect: {', '.join(unused)}",
            LineplanWarning,
            stacklevel=3,
        )


def _read_language(path: Path) -> Catalogue:
    """A language that lineplan does not have; what the file leaves out is said in English."""
    from babel import Locale, UnknownLocaleError
    from babel.messages.pofile import PoFileError, read_po

    try:
        with path.open("rb") as file:
            catalog = read_po(file, abort_invalid=True)
        lang = str(catalog.locale_identifier or "").replace("_", "-")
        Locale.parse(lang, sep="-")
    except (OSError, UnicodeDecodeError, ValueError, PoFileError, UnknownLocaleError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault).splitlines()[0]
        raise UsageError(f"catalogue {path.name}: cannot be read ({reason})") from None
    english = _base("en").messages
    own = {str(m.id): str(m.string) for m in catalog if m.id and m.string}
    for key, text in own.items():
        if key in english:
            _check_term(path, key, text, english, "catalogue")
    return Catalogue(lang, MappingProxyType({**english, **own}))


@cache
def _base(lang: str) -> Catalogue:
    messages = dict(_read_catalogue("en"))
    if lang != "en":
        messages.update({key: text for key, text in _read_catalogue(lang).items() if text})
    return Catalogue(lang, MappingProxyType(messages))


def _read_catalogue(lang: str) -> dict[str, str]:
    from babel.messages.pofile import read_po

    path = resources.files("lineplan") / "locale" / f"{lang.replace('-', '_')}.po"
    with path.open("rb") as file:
        catalog = read_po(file)
    return {str(message.id): str(message.string) for message in catalog if message.id}


def _read_terms(path: Path, lang: str, known: Mapping[str, str]) -> dict[str, str]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        reason = getattr(fault, "strerror", None) or fault
        raise UsageError(f"terms file {path.name}: cannot be read ({reason})") from None
    for_language = document.get(lang, {})
    for_all = {key: value for key, value in document.items() if key not in LANGUAGES}
    replaced: dict[str, str] = {}
    for key, value in [*_flatten(for_all), *_flatten(for_language)]:
        _check_term(path, key, value, known)
        replaced[key] = str(value)
    for other in LANGUAGES:
        for key, value in _flatten(document.get(other, {})):
            _check_term(path, key, value, known)
    return replaced


def _flatten(table: object, prefix: str = "") -> Iterable[tuple[str, object]]:
    """Yield keys as written with dots, whether quoted or as nested tables."""
    if not isinstance(table, dict):
        return [(prefix.rstrip("."), table)]
    return [item for key, value in table.items() for item in _flatten(value, f"{prefix}{key}.")]


def _check_term(
    path: Path, key: str, value: object, known: Mapping[str, str], kind: str = "terms file"
) -> None:
    if key not in known:
        near = difflib.get_close_matches(key, known, n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        raise UsageError(f"{kind} {path.name}: unknown label {key!r}{hint}")
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{kind} {path.name}: {key!r} must be a text that is not empty")
    extra = set(_PLACEHOLDER.findall(value)) - set(_PLACEHOLDER.findall(known[key]))
    if extra:
        allowed = ", ".join(sorted(set(_PLACEHOLDER.findall(known[key])))) or "none"
        raise UsageError(
            f"{kind} {path.name}: {key!r} has no placeholder {{{min(extra)}}}; it has {allowed}"
        )


def _ids(joined: str) -> list[str]:
    return [part.strip() for part in joined.split(",") if part.strip()]
