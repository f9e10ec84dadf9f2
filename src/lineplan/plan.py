"""The plan language: what a text says of which ground, as data that can be checked."""

from __future__ import annotations

import datetime
import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    WithJsonSchema,
)

from lineplan.dataset import Dataset
from lineplan.errors import PlanError, UsageError

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
NO_PARTY = ("contested", "unknown")
AS_HELD = "as_held"
"""`to_be_held_by` of a clause that leaves the ground with whoever holds it."""

Value = str | float | int | bool
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
    return [value] if isinstance(value, str) else value


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
    """The words of a clause in one language."""

    language: str
    kind: Literal["published", "our translation"]
    quote: str
    source: str = ""


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


class Where(_Strict):
    """Which ground a clause speaks of; every key given must hold."""

    units: Names = ()
    not_units: Names = ()
    held_by: Annotated[
        Names,
        BeforeValidator(_listed),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "string"},
                    {"type": "array", "items": {"type": "string"}, "minItems": 1},
                ]
            }
        ),
    ] = ()


class Forces(_Strict):
    """Whose forces may not be there."""

    barred: tuple[str, ...]

    def __str__(self) -> str:
        return f"barred: {', '.join(self.barred)}"


class Clause(_Strict):
    """One quoted provision of a plan."""

    id: str
    subject: str
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

    def said(self, term: str) -> str:
        """What the clause sets for one of `TERMS`, as text."""
        value = getattr(self, term)
        return ", ".join(value) if isinstance(value, tuple) else str(value)


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
    elsewhere : str
        Status of the ground that no clause speaks of: ``unaffected`` or ``unspecified``.
    source : tuple of Source
    parameters : dict of Parameter
    clause : tuple of Clause
    """

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")
    dataset: str
    date: datetime.date
    in_force: bool
    elsewhere: Literal["unaffected", "unspecified"]
    title: Words
    note: Words = {}
    source: tuple[Source, ...] = ()
    parameters: dict[str, Parameter] = {}
    clause: tuple[Clause, ...] = Field(min_length=1)
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

    def named_units(self) -> list[str]:
        """Units that clauses name, in the order of the text."""
        named = [u for c in self.clause for u in (*c.where.units, *c.where.not_units)]
        return list(dict.fromkeys(named))

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


def load_plan(plan: str | Path, dataset: Dataset) -> Plan:
    """Read a plan from a file, or from the dataset by id.

    Parameters
    ----------
    plan : str or Path
        Id of a plan of the dataset, or a TOML file.
    dataset : Dataset
        Whose units and parties the plan speaks of.

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        The file breaks the plan language; every fault at once.
    DatasetError
        There is no such plan.
    """
    path = Path(plan)
    if not path.is_file():
        if path.suffix == ".toml":
            raise PlanError(str(plan), ["no such file"])
        path = dataset.plan_path(str(plan))
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise PlanError(str(plan), [f"cannot be read as TOML ({fault})"]) from None
    return parse_plan(raw, dataset, name=path.name)


def parse_plan(raw: Mapping[str, Any], dataset: Dataset, *, name: str) -> Plan:
    """Check the content of a plan file and build the plan.

    Parameters
    ----------
    raw : mapping
        As TOML gives it.
    dataset : Dataset
    name : str
        Of the file, for messages.

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        With every fault found.
    """
    faults: list[str] = []
    plan = None
    try:
        plan = Plan.model_validate(raw)
    except ValidationError as found:
        # With a faulty clause the list of clauses counts as empty, which says nothing new.
        faults += [
            _fault(raw, error)
            for error in found.errors()
            if not (error["type"] == "too_short" and error["loc"] == ("clause",) and raw["clause"])
        ]
    faults += _Check(raw, dataset).faults()
    if faults or plan is None:
        raise PlanError(name, list(dict.fromkeys(faults)))
    return plan


def plan_schema() -> dict[str, Any]:
    """JSON Schema of a plan file.

    Returns
    -------
    dict
        Draft 2020-12.
    """
    schema = Plan.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _fault(raw: Mapping[str, Any], error: Any) -> str:
    """One line for one fault that pydantic found, with the clause it stands in."""
    steps = list(error["loc"])
    where = ""
    if len(steps) > 1 and steps[0] == "clause" and isinstance(steps[1], int):
        clause = raw["clause"][steps[1]]
        where = f"clause {_id_of(clause if isinstance(clause, Mapping) else {}, steps[1])}: "
        steps = steps[2:]
    key = ".".join(str(step) for step in steps if not _is_type(str(step)))
    if error["type"] == "extra_forbidden":
        known = [name for name in _KEYS if name != steps[-1]]
        near = difflib.get_close_matches(str(steps[-1]), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return f"{where}unknown key {key!r}{hint}"
    if error["type"] == "missing":
        return f"{where}{key!r} is missing"
    message = f"{error['msg'][0].lower()}{error['msg'][1:]}".replace("tuple", "list")
    return f"{where}{key}: {message}" if key else f"{where}{message}"


def _is_type(step: str) -> bool:
    """Whether a step of pydantic's path is the name of a type, not a key of the file."""
    return step in ("Forces", "str") or step.startswith(("literal[", "tuple["))


def _keys(model: type[BaseModel]) -> Iterator[str]:
    yield from model.model_fields


_KEYS = sorted(
    {
        key
        for model in (Plan, Clause, Where, Source, Quote, Reading, Parameter, Forces)
        for key in _keys(model)
    }
)


def _tables(table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = table.get(key, [])
    return [t for t in found if isinstance(t, Mapping)] if isinstance(found, list) else []


def _strings(table: Mapping[str, Any], key: str) -> list[str]:
    found = table.get(key, [])
    found = [found] if isinstance(found, str) else found
    return [s for s in found if isinstance(s, str)] if isinstance(found, list) else []


def _id_of(table: Mapping[str, Any], position: int) -> str:
    return str(table.get("id", f"number {position + 1}"))


class _Check:
    """What a schema cannot say: names that must exist, values that must be allowed.

    Works on the raw content, so that these faults are found together with those of form.
    """

    def __init__(self, raw: Mapping[str, Any], dataset: Dataset) -> None:
        self.raw = raw
        self.units = list(dataset.units()["unit_id"])
        self.parties = [party.id for party in dataset.parties]
        self.dataset_id = dataset.id
        self.clauses = _tables(raw, "clause")
        self.clause_ids = [_id_of(c, i) for i, c in enumerate(self.clauses)]
        self.source_ids = [_id_of(s, i) for i, s in enumerate(_tables(raw, "source"))]
        parameters = raw.get("parameters", {})
        self.parameters = parameters if isinstance(parameters, Mapping) else {}

    def faults(self) -> list[str]:
        return [
            *self._of_plan(),
            *(
                f"clause {clause_id}: {fault}"
                for clause_id, clause in zip(self.clause_ids, self.clauses, strict=True)
                for fault in self._of_clause(clause_id, clause)
            ),
        ]

    def _of_plan(self) -> Iterator[str]:
        if isinstance(self.raw.get("dataset"), str) and self.raw["dataset"] != self.dataset_id:
            yield f"is written for dataset {self.raw['dataset']!r}, not {self.dataset_id!r}"
        title = self.raw.get("title")
        if title == "" or (isinstance(title, Mapping) and not title.get("en")):
            yield "title.en is missing; it shows where another language has no title"
        for kind, ids in (("clause", self.clause_ids), ("source", self.source_ids)):
            for twice in sorted({i for i in ids if ids.count(i) > 1}):
                yield f"{kind} {twice}: the id is used twice"
        for name, table in self.parameters.items():
            yield from self._of_parameter(name, table)
        yield from self._circles()

    def _circles(self) -> Iterator[str]:
        """Clauses that override each other, directly or by way of others."""
        above = {
            clause_id: set(_strings(clause, "overrides")) - {clause_id}
            for clause_id, clause in zip(self.clause_ids, self.clauses, strict=True)
        }
        for clause_id in above:
            seen: set[str] = set()
            ahead = set(above[clause_id])
            while ahead:
                seen |= ahead
                ahead = {o for a in ahead for o in above.get(a, ())} - seen
            if clause_id in seen:
                yield f"clause {clause_id}: overrides a clause that overrides it"

    def _of_parameter(self, name: str, table: object) -> Iterator[str]:
        try:
            parameter = Parameter.model_validate(table)
        except ValidationError:
            return
        if name in (*self.parties, UNSPECIFIED, "none", AS_HELD, *RECOGNITIONS):
            yield f"parameter {name}: the name is a word of the plan language; choose another"
        if parameter.default is not None and (fault := parameter.fault(parameter.default)):
            yield f"parameter {name}: default {fault}"

    def _of_clause(self, clause_id: str, clause: Mapping[str, Any]) -> Iterator[str]:
        for other in _strings(clause, "overrides"):
            yield from self._known(other, self.clause_ids, "overrides names", "clause")
            if other == clause_id:
                yield "overrides itself"
        for quote in _tables(clause, "text"):
            yield from self._source(quote)
        where = clause.get("where", {})
        if isinstance(where, Mapping):
            for key in ("units", "not_units"):
                for unit in _strings(where, key):
                    yield from self._known(unit, self.units, f"{key} names", "unit")
            for party in _strings(where, "held_by"):
                yield from self._party(party, "held_by", NO_PARTY)
        yield from self._of_terms(clause)
        readings = [str(reading.get("id", "?")) for reading in _tables(clause, "reading")]
        for twice in sorted({r for r in readings if readings.count(r) > 1}):
            yield f"reading {twice}: the id is used twice"
        for reading in _tables(clause, "reading"):
            yield from self._of_reading(reading)

    def _of_terms(self, clause: Mapping[str, Any]) -> Iterator[str]:
        for key, extra in (
            ("recognized_as", (UNSPECIFIED, AS_HELD)),
            ("to_be_held_by", (UNSPECIFIED, "none", AS_HELD)),
            ("administration", (UNSPECIFIED, "none")),
        ):
            if not isinstance(value := clause.get(key), str):
                continue
            for party in self._choices(value):
                yield from self._party(party, key, extra)
        for party in _strings(clause, "recognized_by"):
            yield from self._party(party, "recognized_by", (UNSPECIFIED,))
        if isinstance(forces := clause.get("forces"), Mapping):
            for party in _strings(forces, "barred"):
                yield from self._party(party, "forces.barred", ())
        kind = clause.get("recognition")
        for value in self._choices(kind) if isinstance(kind, str) else ():
            if value not in RECOGNITIONS:
                yield (
                    f"recognition {value!r} is neither a parameter nor one of "
                    f"{', '.join(RECOGNITIONS)}"
                )

    def _choices(self, value: str) -> list[str]:
        """What a field can become: the value itself, or all that the parameter it names allows."""
        table = self.parameters.get(value)
        if not isinstance(table, Mapping):
            return [] if value in self.parameters else [value]
        return [
            str(choice) for choice in table.get("choices") or [table.get("default", UNSPECIFIED)]
        ]

    def _of_reading(self, reading: Mapping[str, Any]) -> Iterator[str]:
        name = reading.get("id", "?")
        yield from (f"reading {name}: {fault}" for fault in self._source(reading))
        chosen = reading.get("set", {})
        for key, value in chosen.items() if isinstance(chosen, Mapping) else ():
            if key not in self.parameters:
                yield from self._known(
                    key, list(self.parameters), f"reading {name} sets", "parameter"
                )
                continue
            try:
                fault = Parameter.model_validate(self.parameters[key]).fault(value)
            except ValidationError:
                continue
            if fault:
                yield f"reading {name}: {key}: {fault}"

    def _source(self, table: Mapping[str, Any]) -> Iterator[str]:
        for source in _strings(table, "source"):
            if source:
                yield from self._known(source, self.source_ids, "quotes", "source")

    def _party(self, party: str, key: str, extra: tuple[str, ...]) -> Iterator[str]:
        yield from self._known(party, [*self.parties, *extra], f"{key} names", "party")

    def _known(self, name: str, known: list[str], verb: str, kind: str) -> Iterator[str]:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            listed = ", ".join(dict.fromkeys(known)) or "none"
            hint = f"did you mean {near[0]!r}?" if near else f"known: {listed}"
            yield f"{verb} {name!r}, which is no {kind}; {hint}"
