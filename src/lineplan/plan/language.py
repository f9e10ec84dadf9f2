"""The plan language: what a text says of which ground, as data that can be checked."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PrivateAttr,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from lineplan.errors import UsageError

Status = Literal[
    "recognized",
    "frozen_at_line",
    "demilitarized_buffer",
    "relinquished",
    "limited_forces",
    "special_zone",
    "unaffected",
    "unspecified",
]
STATUSES: tuple[str, ...] = get_args(Status)
RECOGNITIONS = ("unspecified", "de facto", "de jure")
UNSPECIFIED = "unspecified"
_NUMBER = re.compile(r"(?:\d+|[IVXLC]+)(?:\.\d+)*[a-z]?(?![^\W_])")
NO_PARTY = ("contested", "unknown")
LINE = "line"
"""`of` of a strip along the line of contact; ``line@DAY`` is that of another day."""
AS_HELD = "as_held"
"""`to_be_held_by` of a clause that leaves the ground with whoever holds it."""

Value = str | float | int | bool
STANDINGS = {
    "in_force": "in force",
    "proposal": "a proposal, not in force",
    "agreement": "an agreement, not in force",
    "reference": "a reference, not a proposal",
}
"""What a text can count for, in words for tables."""
TERMS = (
    "to_be_held_by",
    "administration",
    "forces",
    "recognized_as",
    "recognition",
    "recognized_by",
)
"""What a clause can set beside the status; ``unspecified`` where the text does not."""
# Fields whose text may name a parameter; the parameter's value then stands in its place.
_SETTABLE = ("recognized_as", "recognition", "to_be_held_by", "administration")


def _by_language(value: object) -> object:
    return {"en": value} if isinstance(value, str) else value


def _listed(value: object) -> object:
    return [value] if isinstance(value, (str, Mapping)) else value


class _OrOne:
    """A list that may be written as its one item, in the JSON Schema."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        many = handler(core)
        return {"anyOf": [many["items"], many]}


Words = Annotated[
    dict[str, str],
    BeforeValidator(_by_language),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": {"type": "string"}},
            ]
        }
    ),
]
"""Text by language; a plain string is English."""


Names = Annotated[tuple[str, ...], Field(min_length=1)]
"""A list that, where it is given, names something: an empty one would catch all ground."""


Word = Annotated[str, Field(min_length=1, pattern=r"\S")]
"""Text that is not blank."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Strict):
    """A published text that a plan quotes."""

    id: str
    name: str
    language: str
    date: datetime.date | None = None
    url: str = ""
    reliability: str = ""


class Quote(_Strict):
    """The words of a clause in one language.

    Attributes
    ----------
    language : str
    kind : {"published", "our translation", "our wording"}
        The last is for a reference that no one published.
    quote : str
    source : str
        Id of the source that published it.
    differs : dict of str
        By language: what this text says that the first one does not, or the other way round.
    """

    language: Word
    kind: Literal["published", "our translation", "our wording"]
    quote: Word
    source: str = ""
    differs: Words = {}


class Reading(_Strict):
    """A named interpretation; with `set` it can be chosen, without it is taken as it stands."""

    id: str
    text: Words
    source: str = ""
    set: dict[str, Value] = {}


class Parameter(_Strict):
    """A number or a choice that the text leaves open."""

    default: Value | None = None
    choices: tuple[Value, ...] = ()
    min: float | None = None
    max: float | None = None
    unit: str = ""
    text: Words = {}

    def fault(self, value: object) -> str:
        """Why `value` is not allowed, or ""."""
        if self.choices:
            known = ", ".join(map(str, self.choices))
            return "" if value in self.choices else f"{value!r} is not one of {known}"
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return f"{value!r} is not a number"
        low = float("-inf") if self.min is None else self.min
        high = float("inf") if self.max is None else self.max
        return "" if low <= value <= high else f"{value:g} lies outside {low:g} to {high:g}"


OneOrMore = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_listed), _OrOne()]


class Strip(_Strict):
    """Ground by its distance from a line, an area or a point.

    Attributes
    ----------
    of : str
        What the distance is measured from: ``line`` (of contact), ``line@2014-09-19`` (that of
        another day), the id of a feature of the dataset (``dnipro``), or a vector file beside the
        plan.
    km : float or str
        Distance in kilometres, or the parameter that gives it. 0 is an area itself.
    side : str
        ``both``; the party whose side of a line of contact is meant; ``left`` and ``right`` of
        another line, in the direction it is drawn; or the parameter that gives one of these.
    """

    of: str = Field(min_length=1)
    km: Annotated[float, Field(ge=0, strict=True, allow_inf_nan=False)] | str
    side: str = "both"

    @property
    def day(self) -> datetime.date | None:
        """Day of the line of contact meant, where it is that of another day."""
        _, at, day = self.of.partition("@")
        return datetime.date.fromisoformat(day) if at else None

    @property
    def is_of_contact(self) -> bool:
        """Whether it is measured from the line of contact of this or another day."""
        return self.of.partition("@")[0] == LINE

    def __str__(self) -> str:
        km = f"{self.km:g}" if isinstance(self.km, float) else self.km
        side = "" if self.side == "both" else f", {self.side} side"
        return f"{km} km of {self.of}{side}"


Strips = Annotated[tuple[Strip, ...], Field(min_length=1), BeforeValidator(_listed), _OrOne()]


class Where(_Strict):
    """Which ground a clause speaks of; every key given must hold.

    Attributes
    ----------
    units, not_units : tuple of str
        In one of these units; in none of them.
    held_by : tuple of str
        Held by one of these on the day of the line.
    within, beyond : tuple of Strip
        Within each of these distances; beyond each of them.
    any : tuple of Where
        At least one of these alternatives holds as well.
    """

    units: Names = ()
    not_units: Names = ()
    held_by: OneOrMore = ()
    within: Strips = ()
    beyond: Strips = ()
    any: Annotated[tuple[Where, ...], Field(min_length=1)] = ()

    def all(self) -> Iterator[Where]:
        """The condition itself and every alternative in it, at any depth."""
        yield self
        for alternative in self.any:
            yield from alternative.all()

    def with_values(self, values: Mapping[str, Value | None]) -> Where:
        """The condition with the value of a parameter in place of its name."""

        def settled(strips: tuple[Strip, ...]) -> tuple[Strip, ...]:
            return tuple(
                s.model_copy(
                    update={
                        "km": float(values[s.km] if isinstance(s.km, str) else s.km),  # type: ignore[arg-type]
                        "side": values.get(s.side) or s.side,
                    }
                )
                for s in strips
            )

        return self.model_copy(
            update={
                "within": settled(self.within),
                "beyond": settled(self.beyond),
                "any": tuple(alternative.with_values(values) for alternative in self.any),
            }
        )


class Forces(_Strict):
    """What a clause says of forces: who may not be there, or not freely, or not so armed.

    Attributes
    ----------
    barred : tuple of str
        Whose forces may not be there.
    limited : tuple of str
        Whose forces may be there up to a ceiling.
    heavy_weapons_barred : tuple of str
        Whose heavy weapons may not be there.
    """

    barred: Names = ()
    limited: Names = ()
    heavy_weapons_barred: Names = ()

    def __str__(self) -> str:
        said = {key: getattr(self, key) for key in FORCES}
        return "; ".join(f"{key}: {', '.join(who)}" for key, who in said.items() if who)


FORCES: tuple[str, ...] = tuple(Forces.model_fields)


class Clause(_Strict):
    """One quoted provision of a plan."""

    id: Word
    subject: Word
    text: tuple[Quote, ...] = Field(min_length=1)
    where: Where
    status: Status
    overrides: tuple[str, ...] = ()
    recognized_as: str = UNSPECIFIED
    recognition: str = UNSPECIFIED
    recognized_by: Literal["unspecified"] | tuple[str, ...] = "unspecified"
    to_be_held_by: str = UNSPECIFIED
    administration: str = UNSPECIFIED
    forces: Literal["unspecified"] | Forces = "unspecified"
    reading: tuple[Reading, ...] = ()

    @property
    def number(self) -> str:
        """Number in the text, with which the id begins: ``14.3`` of ``14.3-ua``; "" without."""
        found = _NUMBER.match(self.id)
        return found[0] if found else ""

    def said(self, term: str) -> str:
        """What the clause sets for one of `TERMS`, as text."""
        value = getattr(self, term)
        return ", ".join(value) if isinstance(value, tuple) else str(value)


class Revocation(_Strict):
    """An event that by the text would undo what clauses set.

    Attributes
    ----------
    id : str
        Of the provision that says so.
    text : tuple of Quote
    clauses : tuple of str
        Clauses that would lose their effect; all when none is named.
    terms : tuple of str
        Of `TERMS`: what of them would be undone; all when none is named.
    """

    id: str
    text: tuple[Quote, ...] = Field(min_length=1)
    clauses: Names = ()
    terms: Names = ()


class Plan(_Strict):
    """A territorial text as ordered clauses.

    Attributes
    ----------
    id, dataset : str
    title : dict of str
        By language.
    date : datetime.date
        Of the text.
    in_force : bool
    kind : {"proposal", "agreement", "reference"}
        A text put forward, one that was agreed, or a yardstick that nobody put forward.
    elsewhere : str
        Status of the ground that no clause speaks of: ``unaffected`` or ``unspecified``.
    source : tuple of Source
    parameters : dict of Parameter
    clause : tuple of Clause
    supersedes : tuple of str
        Ids of earlier texts that this one takes the place of.
    revoked_if : tuple of Revocation
        Events that by the text would undo what it sets.
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    dataset: str
    date: datetime.date
    in_force: bool
    kind: Literal["proposal", "agreement", "reference"] = "proposal"
    elsewhere: Literal["unaffected", "unspecified"]
    title: Words
    note: Words = {}
    source: tuple[Source, ...] = ()
    parameters: dict[str, Parameter] = {}
    clause: tuple[Clause, ...] = Field(min_length=1)
    supersedes: OneOrMore = ()
    revoked_if: tuple[Revocation, ...] = ()
    _folder: Path | None = PrivateAttr(default=None)
    _written: tuple[Clause, ...] = PrivateAttr(default=())
    _values: dict[str, Value] = PrivateAttr(default_factory=dict)
    _chosen: tuple[str, ...] = PrivateAttr(default=())

    @property
    def parameter_values(self) -> dict[str, Value]:
        """Value of every parameter, as chosen or by default."""
        return dict(self._values)

    @property
    def chosen_readings(self) -> tuple[str, ...]:
        """Readings chosen, as ``CLAUSE=ID``."""
        return self._chosen

    @property
    def standing(self) -> str:
        """What the text counts for: one of `STANDINGS`."""
        return "in_force" if self.in_force else self.kind

    @property
    def folder(self) -> Path | None:
        """Where the plan file lies; files that it names lie beside it."""
        return self._folder

    def named_units(self) -> list[str]:
        """Units that clauses name, in the order of the text."""
        named = [
            unit
            for clause in self.clause
            for where in clause.where.all()
            for unit in (*where.units, *where.not_units)
        ]
        return list(dict.fromkeys(named))

    def strips(self) -> list[Strip]:
        """Distances that clauses ask for, in the order of the text."""
        asked = [
            strip
            for clause in self.clause
            for where in clause.where.all()
            for strip in (*where.within, *where.beyond)
        ]
        return list(dict.fromkeys(asked))

    def choose(
        self,
        *,
        set: Mapping[str, Value] | None = None,
        readings: Mapping[str, str] | None = None,
    ) -> Plan:
        """The plan with its parameters set and readings chosen, on top of those chosen before.

        Parameters
        ----------
        set : mapping, optional
            Value by parameter.
        readings : mapping, optional
            Reading id by clause id.

        Returns
        -------
        Plan
            In which every parameter stands replaced by its value.

        Raises
        ------
        UsageError
            A name is not declared (those declared are listed), a value is not allowed or
            contradicts a reading chosen with it, or a parameter without default is not set.
        """
        defaults = {name: p.default for name, p in self.parameters.items()}
        values: dict[str, Value | None] = {**defaults, **self._values}
        chosen = list(self._chosen)
        by_reading: dict[str, tuple[str, Value]] = {}
        for clause_id, reading_id in (readings or {}).items():
            reading = self._reading(clause_id, reading_id)
            for name, value in reading.set.items():
                other, said = by_reading.setdefault(name, (f"{clause_id}={reading_id}", value))
                if said != value:
                    raise UsageError(
                        f"{self.id}: readings {other} and {clause_id}={reading_id} set {name} to "
                        f"{said} and {value}; choose one"
                    )
            values.update(reading.set)
            chosen = [c for c in chosen if c != f"{clause_id}={reading_id}"]
            chosen.append(f"{clause_id}={reading_id}")
        for name, value in (set or {}).items():
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise UsageError(f"{self.id}: no parameter {name!r}; declared: {known}")
            if name in by_reading and by_reading[name][1] != value:
                other, said = by_reading[name]
                raise UsageError(
                    f"{self.id}: reading {other} sets {name} to {said}, not {value}; choose one"
                )
            values[name] = value
        for name, parameter in self.parameters.items():
            if values[name] is None:
                raise UsageError(f"{self.id}: parameter {name} must be set: --set {name}=VALUE")
            if fault := parameter.fault(values[name]):
                raise UsageError(f"{self.id}: parameter {name}: {fault}")
        # A reading that another, or a value set by hand, has gone over is not in effect.
        chosen = [
            name
            for name in chosen
            if all(
                values[key] == value
                for key, value in self._reading(*name.split("=", 1)).set.items()
            )
        ]
        written = self._written or self.clause
        clauses = tuple(
            clause.model_copy(
                update={
                    field: str(values[getattr(clause, field)])
                    for field in _SETTABLE
                    if getattr(clause, field) in values
                }
                | {"where": clause.where.with_values(values)}
            )
            for clause in written
        )
        plan = self.model_copy(update={"clause": clauses})
        plan._written = written
        plan._values = {name: value for name, value in values.items() if value is not None}
        plan._chosen = tuple(chosen)
        return plan

    def _reading(self, clause_id: str, reading_id: str) -> Reading:
        for clause in self.clause:
            if clause.id == clause_id:
                for reading in clause.reading:
                    if reading.id == reading_id:
                        return reading
                known = ", ".join(r.id for r in clause.reading) or "none"
                raise UsageError(
                    f"{self.id}: clause {clause_id} has no reading {reading_id!r}; it has {known}"
                )
        known = ", ".join(c.id for c in self.clause)
        raise UsageError(f"{self.id}: no clause {clause_id!r}; its clauses are {known}")
