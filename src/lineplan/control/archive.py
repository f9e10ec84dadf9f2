"""Archives: the states of control of many days, read one by one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

from lineplan.control.read import read_control
from lineplan.control.state import Control, date_in_name
from lineplan.dataset import Dataset
from lineplan.errors import ControlError


@dataclass(frozen=True, eq=False)
class Archive:
    """The states of control of many days.

    Attributes
    ----------
    name : str
    sha256 : str
        Of everything in it.
    days : tuple of datetime.date
        Ascending.
    missing : tuple of datetime.date
        Days between the first and the last that it does not have.
    same_as : dict of datetime.date
        For a day that is the same as an earlier one in ground and holders: the first such day.
    """

    name: str
    sha256: str
    days: tuple[date, ...]
    missing: tuple[date, ...]
    same_as: dict[date, date]
    _files: dict[date, Path]
    _dataset: Dataset

    def control(self, day: date) -> Control:
        """The state of one day; ControlError or GeometryError where it cannot be read."""
        if day not in self._files:
            raise ControlError(f"{self.name}: has no state of {day}")
        return read_control(self._files[day], self._dataset, as_of=day)

    def between(self, first: date, last: date) -> Archive:
        """The days from `first` to `last`, both included."""
        days = tuple(day for day in self.days if first <= day <= last)
        return replace(self, days=days, missing=_missing(days))


def open_archive(path: str | Path, dataset: Dataset) -> Archive:
    """Open an archive of control.

    Parameters
    ----------
    path : str or Path
        A folder of daily files whose names state their day.
    dataset : Dataset
        That the files are read with.

    Returns
    -------
    Archive

    Raises
    ------
    ControlError
        There is no such folder, no file in it states a day, or two state the same.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise ControlError(f"{folder}: is no folder of daily files")
    files: dict[date, Path] = {}
    for file in sorted(entry for entry in folder.iterdir() if entry.is_file()):
        day = date_in_name(file)
        if day is None:
            continue
        if day in files:
            raise ControlError(f"{folder}: {files[day].name} and {file.name} are both of {day}")
        files[day] = file
    if not files:
        raise ControlError(f"{folder}: has no file whose name states a day (such as 2025-11-20)")
    whole = hashlib.sha256()
    first_with: dict[bytes, date] = {}
    same_as: dict[date, date] = {}
    for day, file in sorted(files.items()):
        digest = _content(file, day)
        whole.update(f"{day} ".encode() + digest)
        if (first := first_with.setdefault(digest, day)) != day:
            same_as[day] = first
    days = tuple(sorted(files))
    return Archive(folder.name, whole.hexdigest(), days, _missing(days), same_as, files, dataset)


def _content(file: Path, day: date) -> bytes:
    """Digest of a file, but for its own day."""
    content = file.read_bytes()
    for written in (day.isoformat(), day.strftime("%Y%m%d"), day.strftime("%Y_%m_%d")):
        content = content.replace(written.encode(), b"")
    return hashlib.sha256(content).digest()


def _missing(days: tuple[date, ...]) -> tuple[date, ...]:
    if not days:
        return ()
    span = (days[-1] - days[0]).days
    have = set(days)
    return tuple(d for n in range(span) if (d := days[0] + timedelta(n)) not in have)
