"""Registries: which sources of control can be fetched, from where and on what terms, as data."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path, PurePosixPath
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from lineplan.control.sourcefile import Column, Kind, SourceFile
from lineplan.control.terms import NOT_STATED
from lineplan.dataset import Dataset, Redistribution
from lineplan.errors import ControlError

# Fields that mean the same in every language, unlike %B.
_FIELDS = {"Y": "%Y", "y": "%y", "m": "%m", "d": "%d", "j": "%j", "%": "%%"}
_PARTS = {"Y": {"year"}, "y": {"year"}, "m": {"month"}, "d": {"day"}, "j": {"month", "day"}}
_FIELD = re.compile(r"%(.?)", re.DOTALL)
_FILE_NAME = re.compile(r"[^/\\:*?\"<>|\x00-\x1f.][^/\\:*?\"<>|\x00-\x1f]*")


class RegisteredSource(BaseModel):
    """A source of control that can be fetched.

    Attributes
    ----------
    name : str
        What it is called on the command line.
    title, attribution, viewpoint, homepage : str
        Papers of the source.
    url : str
        Where a day's file lies, with the day as ``%Y``, ``%y``, ``%m``, ``%d`` or ``%j``; ``%%``
        is a percent sign. Days with the same address share a file.
    file : str
        What it is called here, with the same fields; the last part of the address when "".
    first, last : datetime.date or None
        The days it has, as far as known.
    licence : str
        Its terms in words; ``not stated`` where none are.
    redistribution : {"allowed", "forbidden", "not stated"}
        Whether its own terms let its geometry be passed on.
    kind : str
        How it is read; found by looking at the content when "".
    date_in_name : str
        How file names write the day, as in a source file.
    columns : dict of str
        Names of its columns, as in a source file.
    sha256 : dict of str
        Checksums that the source has published, by file name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    title: str = Field(min_length=1)
    url: str
    file: str = ""
    first: date | None = None
    last: date | None = None
    licence: str = Field(min_length=1)
    attribution: str = Field(min_length=1)
    redistribution: Redistribution
    viewpoint: str = ""
    homepage: str = ""
    kind: Literal["", Kind] = ""
    date_in_name: str = ""
    columns: dict[Column, str] = {}
    sha256: dict[str, str] = {}

    @field_validator("url", "file")
    @classmethod
    def _has_known_fields(cls, pattern: str) -> str:
        strange = sorted({f"%{field}" for field in _FIELD.findall(pattern)} - {*_written()})
        if strange:
            raise ValueError(
                f"{pattern!r} has {', '.join(strange)}; known are {', '.join(_written())}"
            )
        return pattern

    @field_validator("url")
    @classmethod
    def _is_of_the_web(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address that begins with https:// or http://")
        return url

    @field_validator("sha256")
    @classmethod
    def _are_checksums(cls, sha256: dict[str, str]) -> dict[str, str]:
        wrong = [name for name, said in sha256.items() if not re.fullmatch("[0-9a-f]{64}", said)]
        if wrong:
            raise ValueError(f"of {', '.join(wrong)}: is not 64 hexadecimal digits")
        return sha256

    @model_validator(mode="after")
    def _fits(self) -> Self:
        name = self.file_pattern
        if not _FILE_NAME.fullmatch(name):
            raise ValueError(f'file: {name!r} is no plain file name; write file = "..."')
        untold = _parts(self.url) - _parts(name)
        if untold:
            raise ValueError(
                f"file: {name!r} does not tell the {' and '.join(sorted(untold))} that the url "
                "has, so that days would overwrite each other"
            )
        if self.first and self.last and self.first > self.last:
            raise ValueError(f"first: {self.first} is after last, {self.last}")
        return self

    @property
    def file_pattern(self) -> str:
        """How its files are called here, with the fields of the day."""
        return self.file or unquote(PurePosixPath(urlsplit(self.url).path).name)

    @property
    def is_dated(self) -> bool:
        """Whether each day may have a file of its own."""
        return bool(_parts(self.url))

    def days(self, first: date, last: date) -> Iterator[date]:
        """Days from `first` to `last`, one for each address."""
        seen = set()
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            address = self.url_of(day)
            if address not in seen:
                seen.add(address)
                yield day

    def url_of(self, day: date) -> str:
        """Where the file of a day lies."""
        return day.strftime(self.url)

    def file_of(self, day: date) -> str:
        """What the file of a day is called here."""
        return day.strftime(self.file_pattern)

    def papers(self) -> SourceFile:
        """How its files are read, and what they are to be shown with."""
        return SourceFile(
            kind=self.kind,
            title=self.title,
            attribution=self.attribution,
            licence="" if self.licence == NOT_STATED else self.licence,  # another may know it
            redistribution=self.redistribution,
            viewpoint=self.viewpoint,
            url=self.homepage,
            date_in_name=self.date_in_name,
            columns=self.columns,
        )


def _written() -> list[str]:
    return [f"%{field}" for field in _FIELDS]


def _parts(pattern: str) -> set[str]:
    """Which parts of a day a pattern writes."""
    return set().union(*(_PARTS.get(field, set()) for field in _FIELD.findall(pattern)))


def load_registry(path: str | Path) -> dict[str, RegisteredSource]:
    """Read a registry.

    Parameters
    ----------
    path : str or Path
        A TOML file with a ``[[source]]`` for each source; see `RegisteredSource` for their keys.

    Returns
    -------
    dict of RegisteredSource
        By name.

    Raises
    ------
    ControlError
        The file is faulty; the message has a line for every fault, with its place.
    """
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        reason = fault.strerror if isinstance(fault, OSError) else fault
        raise ControlError(f"{path}: cannot be read as a registry ({reason})") from None
    listed = content.pop("source", [])
    faults = [f"{key}: unknown; a registry has [[source]] tables" for key in content]
    if not isinstance(listed, list) or not listed:
        faults.append("names no source; write a [[source]] table for each")
        listed = []
    found: dict[str, RegisteredSource] = {}
    for number, given in enumerate(listed, start=1):
        named = given.get("name") if isinstance(given, dict) else None
        place = f"source {number}" + (f" ({named})" if isinstance(named, str) else "")
        try:
            source = RegisteredSource.model_validate(given)
        except ValidationError as fault:
            faults += [f"{place}: {_said(error)}" for error in fault.errors()]
            continue
        if source.name in found:
            faults.append(f"{place}: name: an earlier source has it too")
        found[source.name] = source
    if faults:
        raise ControlError("\n".join(f"{path}: {fault}" for fault in faults))
    return found


def _said(error: object) -> str:
    where = ".".join(map(str, error["loc"]))  # type: ignore[index]
    message = str(error["msg"]).removeprefix("Value error, ")  # type: ignore[index]
    return f"{where}: {message}" if where else message


def registered(dataset: Dataset, registry: str | Path | None = None) -> dict[str, RegisteredSource]:
    """Sources that can be fetched: those of a registry, or of the dataset's own.

    Parameters
    ----------
    dataset : Dataset
    registry : str or Path, optional
        In place of the dataset's.

    Returns
    -------
    dict of RegisteredSource
        By name.

    Raises
    ------
    ControlError
        A registry is faulty, or there is none.
    """
    if registry is not None:
        return load_registry(registry)
    paths = [dataset.folder / file.path for file in dataset.files if file.role == "registry"]
    if not paths:
        raise ControlError(
            f"{dataset.folder / 'dataset.toml'}: names no file with role 'registry'; give one "
            "with --registry FILE"
        )
    return {name: source for path in paths for name, source in load_registry(path).items()}
