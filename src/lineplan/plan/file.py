"""Plan files: read, checked with every fault at once, and their JSON Schema."""

from __future__ import annotations

import datetime
import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from lineplan.dataset import Dataset, load_dataset
from lineplan.errors import DatasetError, GeometryError, PlanError
from lineplan.features import read_features
from lineplan.plan import (
    AS_HELD,
    FORCES,
    LINE,
    NO_PARTY,
    RECOGNITIONS,
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
    Where,
)
from lineplan.plan.tomllines import Place, line_of, places_of

Fault = tuple[Place, str]
"""Where in a plan a fault is, and what it is."""


def dataset_of(plan: str | Path | Plan, dataset: str | Path | Dataset | None) -> Dataset:
    """The dataset that a plan is laid on.

    Parameters
    ----------
    plan : str, Path or Plan
    dataset : str, Path, Dataset or None
        What is asked for. When nothing is, the dataset whose dataset.toml lies beside the plan
        file; where there is none, the embedded one of Ukraine.

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        As `load_dataset`.
    """
    if isinstance(dataset, Dataset):
        return dataset
    folder = plan.folder if isinstance(plan, Plan) else Path(plan).parent
    is_file = isinstance(plan, Plan) or Path(plan).is_file()
    if dataset is None and folder is not None and is_file and (folder / "dataset.toml").is_file():
        return load_dataset(folder)
    return load_dataset(dataset or "ukraine")


def load_plan(plan: str | Path, dataset: Dataset) -> Plan:
    """Read a plan from a file, or from the dataset by id.

    Parameters
    ----------
    plan : str or Path
        Id of a plan of the dataset, or a TOML file.
    dataset : Dataset
        Whose units, parties and features the plan speaks of.

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        The file breaks the plan language; every fault at once, with its clause and line.
    DatasetError
        There is no such plan.
    """
    path = Path(plan)
    if not path.is_file():
        if path.suffix == ".toml":
            raise PlanError(str(plan), ["no such file"])
        path = dataset.plan_path(str(plan))
    try:
        text = path.read_text(encoding="utf-8-sig")
        raw = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError) as fault:
        raise PlanError(str(plan), [f"cannot be read as TOML ({fault})"]) from None
    return parse_plan(raw, dataset, name=path.name, text=text, folder=path.parent.absolute())


def parse_plan(
    raw: Mapping[str, Any],
    dataset: Dataset,
    *,
    name: str,
    text: str = "",
    folder: Path | None = None,
) -> Plan:
    """Check the content of a plan file and build the plan.

    Parameters
    ----------
    raw : mapping
        As TOML gives it.
    dataset : Dataset
    name : str
        Of the file, for messages.
    text : str
        Of the file; with it, faults are named with their line.
    folder : Path, optional
        Of the file; where the files lie that the plan names.

    Returns
    -------
    Plan

    Raises
    ------
    PlanError
        With every fault found.
    """
    faults: list[Fault] = []
    plan = None
    try:
        plan = Plan.model_validate(raw)
    except ValidationError as found:
        faults += [_fault(raw, error) for error in found.errors() if not _is_echo(error)]
    faults += _Check(raw, dataset, folder).faults()
    if faults or plan is None:
        places = places_of(text)
        numbered = [(line_of(place, places), words) for place, words in faults]
        numbered.sort(key=lambda fault: fault[0] or 0)
        said = [f"line {line}: {words}" if line else words for line, words in numbered]
        raise PlanError(name, list(dict.fromkeys(said)))
    plan._folder = folder
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


def read_baseline(of: str, folder: Path | None, dataset: Dataset) -> shapely.Geometry:
    """What a strip is measured from, where that is no line of contact.

    Parameters
    ----------
    of : str
        Id of a feature of the dataset, or a vector file beside the plan.
    folder : Path or None
        Of the plan file.
    dataset : Dataset

    Returns
    -------
    shapely geometry
        In degrees (EPSG:4326).

    Raises
    ------
    GeometryError
        The file is missing or cannot be used.
    DatasetError
        There is no such feature.
    """
    if not _is_file(of):
        return _joined(np.array([dataset.feature(of)]))
    if folder is None or not (folder / of).is_file():
        raise GeometryError(f"{of!r}: no such file beside the plan")
    shapes = read_features(folder / of).frame.geometry.to_numpy()
    if not len(shapes):
        raise GeometryError(f"{of!r}: has no geometry in it")
    for row in np.flatnonzero(~shapely.is_valid(shapes)):
        reason = shapely.is_valid_reason(shapes[row])
        raise GeometryError(f"{of!r}: feature {row} is not valid ({reason}); repair it")
    return _joined(shapes)


def _joined(shapes: NDArray[Any]) -> shapely.Geometry:
    """All shapes as one; lines in pieces joined as they run, or a side would gape at bends."""
    if (shapely.get_dimensions(shapes) == 1).all():
        return shapely.line_merge(
            shapely.multilinestrings(shapely.get_parts(shapes)), directed=True
        )
    return shapely.union_all(shapes)


def _is_file(of: str) -> bool:
    return "." in of


def _is_echo(error: Any) -> bool:
    """Whether a fault that pydantic found only repeats another."""
    if error["type"] == "too_short":  # a list of faulty items counts as empty
        return bool(error["input"])
    # "or a parameter", "or unspecified": what else a key can be is no news of what it is.
    return str(error["loc"][-1]).startswith("literal[") or (
        error["type"] == "string_type" and error["loc"][-1] == "str"
    )


def _fault(raw: Mapping[str, Any], error: Any) -> Fault:
    """One fault that pydantic found: its place, and one line with the clause it stands in."""
    place, steps = _place_of(raw, error["loc"]), list(error["loc"])
    where, named = "", place
    if len(steps) > 1 and steps[0] == "clause" and isinstance(steps[1], int):
        clause = raw["clause"][steps[1]]
        where = f"clause {_id_of(clause if isinstance(clause, Mapping) else {}, steps[1])}: "
        named = place[2:]
    key = ".".join(map(str, named))
    if error["type"] == "extra_forbidden":
        known = [name for name in _KEYS if name != steps[-1]]
        near = difflib.get_close_matches(str(steps[-1]), known, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return place, f"{where}unknown key {key!r}{hint}"
    if error["type"] == "missing":
        return place[:-1], f"{where}{key!r} is missing"
    plain = _PLAIN.get(error["type"])
    message = plain or f"{error['msg'][0].lower()}{error['msg'][1:]}".replace("tuple", "list")
    return place, f"{where}{key}: {message}" if key else f"{where}{message}"


_PLAIN = {"model_type": "must be a table", "too_short": "must not be empty"}


def _place_of(raw: Any, steps: Iterable[str | int]) -> Place:
    """Place in a plan of pydantic's path, which counts one item as a list and names types."""
    place: Place = ()
    for step in steps:
        if isinstance(raw, list) and isinstance(step, int):
            place, raw = (*place, step), raw[step]
        elif isinstance(raw, Mapping) and (step in raw or not _is_type(step)):
            place, raw = (*place, step), raw.get(step)
    return place


def _is_type(step: str | int) -> bool:
    """Whether a step of pydantic's path is a type, or the number of an item without its list."""
    return step in ("Forces", "str", "float") or str(step).startswith(
        ("literal[", "tuple[", "function-", "constrained-", *"0123456789")
    )


_MODELS: tuple[type[BaseModel], ...] = (Plan, Clause, Where, Strip, Source, Quote, Reading)
_MODELS += (Parameter, Forces, Revocation)
_KEYS = sorted({key for model in _MODELS for key in model.model_fields})


def _tables(table: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = table.get(key, [])
    found = [found] if isinstance(found, Mapping) else found
    return [t for t in found if isinstance(t, Mapping)] if isinstance(found, list) else []


def _strings(table: Mapping[str, Any], key: str) -> list[str]:
    found = table.get(key, [])
    found = [found] if isinstance(found, str) else found
    return [s for s in found if isinstance(s, str)] if isinstance(found, list) else []


def _is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _id_of(table: Mapping[str, Any], position: int) -> str:
    return str(table.get("id", f"number {position + 1}"))


class _Check:
    """What a schema cannot say: names that must exist, values that must be allowed.

    Works on the raw content, so that these faults are found together with those of form.
    """

    def __init__(self, raw: Mapping[str, Any], dataset: Dataset, folder: Path | None) -> None:
        self.raw = raw
        self.dataset = dataset
        self.folder = folder
        self.units = list(dataset.units()["unit_id"])
        self.parties = [party.id for party in dataset.parties]
        self.clauses = _tables(raw, "clause") if isinstance(raw.get("clause"), list) else []
        self.clause_ids = [_id_of(c, i) for i, c in enumerate(self.clauses)]
        self.source_ids = [_id_of(s, i) for i, s in enumerate(_tables(raw, "source"))]
        parameters = raw.get("parameters", {})
        self.parameters = parameters if isinstance(parameters, Mapping) else {}

    def faults(self) -> list[Fault]:
        wanted = self.raw.get("dataset")
        if isinstance(wanted, str) and wanted != self.dataset.id:
            # Every unit and party would be unknown as well, which says nothing new.
            words = f"is written for dataset {wanted!r}, not {self.dataset.id!r}; give --dataset"
            return [(("dataset",), words)]
        return [
            *self._of_plan(),
            *(
                (("clause", number, *place), f"clause {clause_id}: {words}")
                for number, (clause_id, clause) in enumerate(
                    zip(self.clause_ids, self.clauses, strict=True)
                )
                for place, words in self._of_clause(clause_id, clause)
            ),
        ]

    def _of_plan(self) -> Iterator[Fault]:
        title = self.raw.get("title")
        if title == "" or (isinstance(title, Mapping) and not title.get("en")):
            yield ("title",), "title.en is missing; it shows where another language has no title"
        for kind, ids in (("clause", self.clause_ids), ("source", self.source_ids)):
            for twice in sorted({i for i in ids if ids.count(i) > 1}):
                last = len(ids) - 1 - ids[::-1].index(twice)
                yield (kind, last), f"{kind} {twice}: the id is used twice"
        for name, table in self.parameters.items():
            for place, words in self._of_parameter(name, table):
                yield ("parameters", name, *place), f"parameter {name}: {words}"
        for number, table in enumerate(_tables(self.raw, "revoked_if")):
            for place, words in self._of_revocation(table):
                name = _id_of(table, number)
                yield ("revoked_if", number, *place), f"revoked_if {name}: {words}"
        yield from self._circles()

    def _of_revocation(self, table: Mapping[str, Any]) -> Iterator[Fault]:
        for clause in _strings(table, "clauses"):
            for words in self._known(clause, self.clause_ids, "names", "clause"):
                yield ("clauses",), words
        for term in _strings(table, "terms"):
            for words in self._known(term, list(TERMS), "names", "term"):
                yield ("terms",), words
        yield from self._of_texts(table)

    def _circles(self) -> Iterator[Fault]:
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
                place = ("clause", self.clause_ids.index(clause_id), "overrides")
                yield place, f"clause {clause_id}: overrides a clause that overrides it"

    def _of_parameter(self, name: str, table: object) -> Iterator[Fault]:
        try:
            parameter = Parameter.model_validate(table)
        except ValidationError:
            return
        if name in (*self.parties, UNSPECIFIED, "none", AS_HELD, *RECOGNITIONS):
            yield (), "the name is a word of the plan language; choose another"
        if parameter.default is not None and (fault := parameter.fault(parameter.default)):
            yield ("default",), f"default {fault}"

    def _of_clause(self, clause_id: str, clause: Mapping[str, Any]) -> Iterator[Fault]:
        for other in _strings(clause, "overrides"):
            for words in self._known(other, self.clause_ids, "overrides names", "clause"):
                yield ("overrides",), words
            if other == clause_id:
                yield ("overrides",), "overrides itself"
        yield from self._of_texts(clause)
        where = clause.get("where", {})
        if isinstance(where, Mapping):
            for place, words in self._of_where(where):
                yield ("where", *place), words
        yield from self._of_terms(clause)
        readings = [str(reading.get("id", "?")) for reading in _tables(clause, "reading")]
        for twice in sorted({r for r in readings if readings.count(r) > 1}):
            last = len(readings) - 1 - readings[::-1].index(twice)
            yield ("reading", last), f"reading {twice}: the id is used twice"
        for number, reading in enumerate(_tables(clause, "reading")):
            for place, words in self._of_reading(reading):
                yield ("reading", number, *place), words

    def _of_texts(self, table: Mapping[str, Any]) -> Iterator[Fault]:
        for number, quote in enumerate(_tables(table, "text")):
            for words in self._source(quote):
                yield ("text", number, "source"), words

    def _of_where(self, where: Mapping[str, Any]) -> Iterator[Fault]:
        for key in ("units", "not_units"):
            for number, unit in enumerate(_strings(where, key)):
                for words in self._known(unit, self.units, f"{key} names", "unit"):
                    yield (key, number), words
        for party in _strings(where, "held_by"):
            for words in self._party(party, "held_by", NO_PARTY):
                yield ("held_by",), words
        for key in ("within", "beyond"):
            for number, strip in enumerate(_tables(where, key)):
                for field, words in self._of_strip(key, strip):
                    yield (key, number, field), f"{key}: {words}"
        for number, alternative in enumerate(_tables(where, "any")):
            if not alternative:
                yield ("any", number), "any: an alternative without a key is all ground"
            for place, words in self._of_where(alternative):
                yield ("any", number, *place), words

    def _of_strip(self, key: str, strip: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Faults of one strip, each with the key it stands in."""
        of, km, side = strip.get("of"), strip.get("km"), strip.get("side", "both")
        if isinstance(km, str):
            yield from (("km", words) for words in self._distance(km))
        if not (isinstance(of, str) and of and isinstance(side, str)):
            return
        sides = self._choices(side)
        if not sides:
            yield "side", f"parameter {side} is a side; give it choices"
        for side in sides:
            yield from self._of_side(key, of, side)
        line, at, day = of.partition("@")
        if line == LINE:
            if at and not _is_day(day):
                yield "of", f"{of!r} names no day; write {LINE}@YYYY-MM-DD"
            if km == 0 and not isinstance(km, bool):
                yield "km", "0 km of a line is no ground; give a distance above 0"
            return
        if not _is_file(of) and of not in self.dataset.feature_ids():
            features = [LINE, *self.dataset.feature_ids()]
            yield from (("of", words) for words in self._known(of, features, "of names", "feature"))
            return
        try:
            dimensions = int(shapely.get_dimensions(read_baseline(of, self.folder, self.dataset)))
        except (DatasetError, GeometryError) as fault:
            yield "of", str(fault)
            return
        what = ("point", "line", "area")[dimensions]
        if km == 0 and not isinstance(km, bool) and dimensions < 2:
            yield "km", f"0 km of a {what} is no ground; give a distance above 0"
        for side in {*sides} & {"left", "right"} if dimensions != 1 else ():
            yield "side", f"{of} is {'an' if what == 'area' else 'a'} {what}, with no {side} side"

    def _of_side(self, key: str, of: str, side: str) -> Iterator[tuple[str, str]]:
        line, at, _ = of.partition("@")
        if line == LINE:
            for words in self._known(side, ["both", *self.parties], "side names", "party"):
                yield "side", words
            if side != "both" and key == "beyond" and at:
                yield "side", f"a side of {of} is ground held on another day; leave side out"
        elif side != "both" and key == "beyond":
            yield "side", f"side {side!r} has no end; use within for one side of {of}"
        else:
            for words in self._known(side, ["both", "left", "right"], "side is", "side of a line"):
                yield "side", words

    def _distance(self, name: str) -> Iterator[str]:
        yield from self._known(name, list(self.parameters), "km names", "parameter")
        try:
            parameter = Parameter.model_validate(self.parameters.get(name, {}))
        except ValidationError:
            return
        if parameter.choices:
            if any(isinstance(c, (str, bool)) or c < 0 for c in parameter.choices):
                yield f"parameter {name} is a distance; its choices must be numbers from 0"
        elif name in self.parameters and (parameter.min is None or parameter.min < 0):
            yield f"parameter {name} is a distance; give it a min of 0 or more"

    def _of_terms(self, clause: Mapping[str, Any]) -> Iterator[Fault]:
        for key, extra in (
            ("recognized_as", (UNSPECIFIED, AS_HELD)),
            ("to_be_held_by", (UNSPECIFIED, "none", AS_HELD)),
            ("administration", (UNSPECIFIED, "none")),
        ):
            if not isinstance(value := clause.get(key), str):
                continue
            for party in self._choices(value):
                for words in self._party(party, key, extra):
                    yield (key,), words
        for party in _strings(clause, "recognized_by"):
            for words in self._party(party, "recognized_by", (UNSPECIFIED,)):
                yield ("recognized_by",), words
        if isinstance(forces := clause.get("forces"), Mapping):
            if not forces:
                yield ("forces",), f"forces says nothing; it can say {', '.join(FORCES)}"
            for key in FORCES:
                for party in _strings(forces, key):
                    for words in self._party(party, f"forces.{key}", ()):
                        yield ("forces",), words
        kind = clause.get("recognition")
        for value in self._choices(kind) if isinstance(kind, str) else ():
            if value not in RECOGNITIONS:
                yield (
                    ("recognition",),
                    f"recognition {value!r} is neither a parameter nor one of "
                    f"{', '.join(RECOGNITIONS)}",
                )

    def _choices(self, value: str) -> list[str]:
        """What a field can become: the value itself, or all that the parameter it names allows."""
        table = self.parameters.get(value)
        if not isinstance(table, Mapping):
            return [] if value in self.parameters else [value]
        return [
            str(choice) for choice in table.get("choices") or [table.get("default", UNSPECIFIED)]
        ]

    def _of_reading(self, reading: Mapping[str, Any]) -> Iterator[Fault]:
        name = reading.get("id", "?")
        yield from ((("source",), f"reading {name}: {fault}") for fault in self._source(reading))
        chosen = reading.get("set", {})
        for key, value in chosen.items() if isinstance(chosen, Mapping) else ():
            if key not in self.parameters:
                known = list(self.parameters)
                for words in self._known(key, known, f"reading {name} sets", "parameter"):
                    yield ("set", key), words
                continue
            try:
                fault = Parameter.model_validate(self.parameters[key]).fault(value)
            except ValidationError:
                continue
            if fault:
                yield ("set", key), f"reading {name}: {key}: {fault}"

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
