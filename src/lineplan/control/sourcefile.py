"""Source files: how a source of control is to be read, as data that can be kept and shared."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lineplan.dataset import Redistribution
from lineplan.errors import ControlError
from lineplan.output import replacing

Kind = Literal[
    "deepstate_daily",
    "deepstate_feed",
    "liveuamap",
    "kml",
    "lines",
    "settlements",
    "mapped",
    "polygons",
]
"""Kinds of source, each with an adapter of its name."""
HeldClass = Literal["full", "partial", "claimed"]
"""Classes that can count as held, each with those before it."""
ControlClass = Literal["full", "partial", "claimed", "liberated", "unknown"]
"""What a source says of ground: held, held in part, claimed, held no more, not known."""
Column = Literal["holder", "date", "place", "lon", "lat"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rule(_Strict):
    """What rows with some values mean; of several rules the first that fits counts.

    Attributes
    ----------
    held_by : str
        A party, ``contested``, ``unknown``, or ``none``: drawn, and claimed for nobody.
    control_class : str
        "" in a source without classes.
    column : str
        Where to look; the column of holders when not given.
    values : tuple of str
        The row has one of these, letter case and white space aside.
    pattern : str
        Or a regular expression is found in it.
    """

    held_by: str
    control_class: Literal["", ControlClass] = ""
    column: str = ""
    values: tuple[str, ...] = ()
    pattern: str = ""

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if bool(self.values) == bool(self.pattern):
            raise ValueError("needs either values or a pattern")
        return self

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as fault:
            raise ValueError(f"pattern {pattern!r} is no regular expression ({fault})") from None
        return pattern


class Seed(_Strict):
    """A point whose side of a line is known."""

    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    held_by: str


class SourceFile(_Strict):
    """How to read a source of control.

    Attributes
    ----------
    kind : str
        Which adapter reads it; found by looking at the content when "".
    file : str
        The source itself, beside the source file; "" for one that is given with it.
    title, attribution, licence, viewpoint, url : str
        Papers of the source.
    redistribution : {"allowed", "forbidden", "not stated"}
        Whether its own terms let its geometry be passed on.
    date_in_name : str
        How its file names write the day: ``%Y%m%d``, or ``%s`` for seconds since 1970.
    columns : dict of str
        Names of the columns for ``holder``, ``date``, ``place``, ``lon`` and ``lat``.
    values : dict of str
        Holder by value of the column of holders.
    rule : tuple of Rule
        The same with patterns, other columns and classes; `values` come before them.
    held_by : str
        Whose ground a source without a column of holders draws.
    control_class : str
        What counts as held; where the source has no classes, what its "held" means.
    base : str
        Another source, for ground that this one leaves out; beside the source file.
    without_base : str
        What to say where no base is given.
    draws_every_party : bool or None
        Whether ground that the source leaves unclaimed is ``unknown``, and not the default
        holder's. It is, when not given, where the source draws ground of the default holder.
    seeds : tuple of Seed
        Points whose side of a line of contact is known.
    left : str
        Who holds the left of a line of contact, in the direction it is drawn.
    """

    kind: Literal["", Kind] = ""
    file: str = ""
    title: str = ""
    attribution: str = ""
    licence: str = ""
    redistribution: Redistribution = "not stated"
    viewpoint: str = ""
    url: str = ""
    date_in_name: str = ""
    columns: dict[Column, str] = {}
    values: dict[str, str] = {}
    rule: tuple[Rule, ...] = ()
    held_by: str = ""
    control_class: Literal["", HeldClass] = ""
    base: str = ""
    without_base: str = ""
    draws_every_party: bool | None = None
    seeds: tuple[Seed, ...] = ()
    left: str = ""

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, those of `values` first."""
        simple = (Rule(held_by=party, values=(value,)) for value, party in self.values.items())
        return (*simple, *self.rule)

    def papers(self) -> SourceFile:
        """Its papers alone."""
        return SourceFile(
            title=self.title,
            attribution=self.attribution,
            licence=self.licence,
            redistribution=self.redistribution,
            viewpoint=self.viewpoint,
        )

    def placed(self) -> SourceFile:
        """The same, with its files as they are found from any folder."""
        found = {
            key: str(Path(value).absolute())
            for key in ("file", "base")
            if (value := getattr(self, key))
            and Path(value).exists()  # or it names what is embedded
        }
        return self.model_copy(update=found)

    def save(self, path: str | Path) -> Path:
        """Write as TOML.

        Parameters
        ----------
        path : str or Path

        Returns
        -------
        Path
        """
        path = Path(path)
        given = self.model_dump(exclude_defaults=True)
        for key in ("file", "base"):
            if key in given:
                given[key] = os.path.relpath(given[key], path.parent)
        tables = {key: given.pop(key) for key in ("columns", "values") if key in given}
        lists = {key: given.pop(key) for key in ("seeds", "rule") if key in given}
        lines = ["# How lineplan reads this source of control: --source THIS.toml"]
        lines += [f"{key} = {_toml(value)}" for key, value in given.items()]
        for table_name, table in tables.items():
            lines += ["", f"[{table_name}]"]
            lines += [f"{_toml(k)} = {_toml(v)}" for k, v in table.items()]
        for name, rows in lists.items():
            for row in rows:
                lines += ["", f"[[{name}]]", *(f"{k} = {_toml(v)}" for k, v in row.items())]
        with replacing(path) as beside:
            beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path


def _toml(value: object) -> str:
    if isinstance(value, str):  # a JSON string is a TOML string, but for one character
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_toml, value))}]"
    return repr(value)


def load_source_file(path: str | Path) -> SourceFile:
    """Read a source file.

    Parameters
    ----------
    path : str or Path
        A TOML file; see `SourceFile` for its keys.

    Returns
    -------
    SourceFile
        Its `file` and `base` as they are found from here.

    Raises
    ------
    ControlError
        The file is faulty; the message says where.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        found = SourceFile.model_validate(content)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ControlError(f"{path}: cannot be read as a source file ({fault})") from None
    except ValidationError as fault:
        error = fault.errors()[0]
        where = ".".join(map(str, error["loc"]))
        raise ControlError(f"{path}: {where}: {error['msg']}") from None
    beside = {
        key: str(path.parent / value)
        for key in ("file", "base")
        if (value := getattr(found, key)) and not Path(value).is_absolute()
    }
    return found.model_copy(update=beside)


def chosen_source(
    *,
    holder: str | None = None,
    values: Mapping[str, str] | None = None,
    base: str | Path | None = None,
    seeds: Iterable[tuple[float, float, str]] = (),
    left: str | None = None,
    columns: Mapping[str, str] | None = None,
    draws_every_party: bool | None = None,
) -> SourceFile:
    """What a user says of a source beside its kind; parameters as of `lineplan.read_control`."""
    return SourceFile.model_validate(
        {
            "columns": {**(columns or {}), **({"holder": holder} if holder else {})},
            "values": dict(values or {}),
            "base": str(base or ""),
            "seeds": [Seed(lon=x, lat=y, held_by=p) for x, y, p in seeds],
            "left": left or "",
            "draws_every_party": draws_every_party,
        }
    )


def given_source(kind: str | Path | SourceFile | None) -> SourceFile:
    """How a source is read by what the user gives: a source file, its path, or only a kind.

    Raises ControlError where there is no such kind, or the source file is faulty.
    """
    if kind is None:
        return SourceFile()
    if isinstance(kind, SourceFile):
        return kind
    if str(kind) in get_args(Kind):
        return SourceFile(kind=str(kind))  # type: ignore[arg-type]
    if Path(kind).suffix.lower() == ".toml":
        return load_source_file(kind)
    raise ControlError(
        f"no kind of source {str(kind)!r}; there are {', '.join(get_args(Kind))}, or give a source "
        "file that ends in .toml"
    )


def named_file(path: Path) -> SourceFile:
    """A source file that names the file it speaks of; ControlError where it names none."""
    given = load_source_file(path)
    if not given.file:
        raise ControlError(
            f'{path}: names no file; write file = "..." into it, or give it with --source '
            "and the file with --control"
        )
    return given
