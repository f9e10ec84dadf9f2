"""A folder of daily files: one state of control in each, dated by its name or its content."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

from lineplan.control.adapters import over, papers_of_feed, read_state
from lineplan.control.alike import Alike, without_day
from lineplan.control.content import look_at
from lineplan.control.fetched import INDEX, papers_beside
from lineplan.control.packed import is_packed
from lineplan.control.sourcefile import SourceFile
from lineplan.control.state import Control, Outline, date_in_name
from lineplan.control.terms import Terms
from lineplan.dataset import Dataset
from lineplan.errors import ControlError, LineplanError
from lineplan.features import sha256_of

_ENDINGS = {
    *(".geojson", ".json", ".gz", ".gpkg", ".fgb", ".kml", ".kmz", ".zip", ".csv", ".tsv"),
    *(".gml", ".gpx", ".geojsonl", ".geojsonseq"),
}
_BESIDE = {
    *(".dbf", ".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qix", ".qmd", ".xml"),
    *(".dat", ".map", ".id", ".ind", ".toml"),
}
"""Parts of a Shapefile or a MapInfo file, and source files: said of by the file they belong to."""
_PARQUET = {".parquet", ".geoparquet"}


def is_folder_of_days(path: Path) -> bool:
    """Whether it is a folder of files, and not one that is itself a dataset for OGR."""
    if not path.is_dir() or path.suffix.lower() == ".gdb":
        return False
    files = _files(path)
    has_layers = any(file.suffix.lower() == ".shp" for file in path.iterdir())
    return bool(files) and (not has_layers or any(date_in_name(file) for file in files))


def files_in(folder: Path) -> list[Path]:
    """Files that a source which is a folder is read from."""
    if is_folder_of_days(folder):
        return _files(folder)
    return [path for path in folder.iterdir() if path.is_file()]


def _files(folder: Path) -> list[Path]:
    """Files that may be sources, by name; a Shapefile only if its name states a day."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file()
        and not path.name.startswith(".")
        and path.name != INDEX
        and (
            path.suffix.lower() in _ENDINGS | _PARQUET
            or (path.suffix.lower() == ".shp" and date_in_name(path) is not None)
        )
        # What was packed from them may lie beside them.
        and not (path.suffix.lower() in _PARQUET and is_packed(path))
    )


def _unread(folder: Path, read: list[Path]) -> list[str]:
    """Names of what may be days too and is not read: dated files, Shapefiles, subfolders."""
    stems = {path.stem for path in read}
    return [
        f"{path.name}/" if path.is_dir() else path.name
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".")
        and path not in read
        and path.suffix.lower() not in _BESIDE | _PARQUET
        and (
            (path.is_dir() and _holds_a_day(path))
            or path.suffix.lower() == ".shp"
            or (path.is_file() and date_in_name(path) is not None and path.stem not in stems)
        )
    ]


def _holds_a_day(folder: Path) -> bool:
    try:
        return any(date_in_name(path) is not None for path in folder.iterdir())
    except OSError:
        return False


@dataclass(frozen=True)
class _File:
    """One day's file, with digests of its bytes and of its bytes but for its own date."""

    path: Path
    sha256: str
    ground: str


@dataclass(eq=False)
class Folder:
    """Daily files of a folder.

    Attributes
    ----------
    path : Path
    dataset : Dataset
    how : SourceFile
        How each is read.
    control_class : str or None
        Which classes count as held.
    sha256 : str
        Of the files' names and bytes.
    notes : tuple of str
        Files left out, because they state no day or are of no kind that is read; subfolders.
    grounds : dict
        What tells the ground of each day.
    """

    path: Path
    dataset: Dataset
    how: SourceFile
    control_class: str | None = None
    kind: Literal["folder"] = "folder"
    sha256: str = field(init=False)
    notes: tuple[str, ...] = field(init=False)
    grounds: dict[date, str] = field(init=False)

    def __post_init__(self) -> None:
        self._alike = Alike()
        self._file_of = self._dated()
        self.grounds = {day: file.ground for day, file in self._file_of.items()}
        listed = (f"{file.path.name} {file.sha256}\n" for file in self._file_of.values())
        self.sha256 = hashlib.sha256("".join(listed).encode()).hexdigest()

    def _dated(self) -> dict[date, _File]:
        files = _files(self.path)
        are_named = self._names_tell(files)
        found: dict[date, Path] = {}
        undated = []
        for path in files:
            day = date_in_name(path, self.how.date_in_name) if are_named else None
            try:
                day = day or self._read(path, None).as_of
            except LineplanError as fault:
                if not are_named:  # it may be one of the days
                    raise ControlError(
                        f"{path}: which day is it of? ({fault}) mend it, or move it elsewhere"
                    ) from None
            if day is None:
                undated.append(path.name)
            elif day in found:
                raise ControlError(
                    f"{self.path}: {found[day].name} and {path.name} are both of {day}; leave one"
                )
            else:
                found[day] = path
        if not found:
            raise ControlError(
                f"{self.path}: no file in it states a day by its name, such as "
                "control_20251120.geojson, or its content; name them so, or say how they are "
                'named in a source file (date_in_name = "%d_%m_%y")'
            )
        left_out = f"{self.path.name}: state(s) no day and left out: {', '.join(undated)}"
        unread = _unread(self.path, files)
        not_read = (
            f"{self.path.name}: left out, as only files of a folder itself are read, and of the "
            f"kinds {', '.join(sorted(_ENDINGS | _PARQUET))} and dated .shp: {', '.join(unread)}"
        )
        self.notes = (*([left_out] if undated else []), *([not_read] if unread else []))
        return _with_digests(found)

    def _names_tell(self, files: list[Path]) -> bool:
        """Whether names state the days of the contents, as the first dated one shows.

        Some feeds name their files by the day they were fetched.
        """
        for path in files:
            named = date_in_name(path, self.how.date_in_name)
            if named is not None:
                try:
                    return self._read(path, None).as_of in (named, None)
                except LineplanError:
                    return True  # the day that cannot be read is told when it is asked for
        return False

    def _read(self, path: Path, as_of: date | None) -> Control:
        return read_state(
            path, self.dataset, as_of=as_of, given=self.how, control_class=self.control_class
        )

    def __getstate__(self) -> dict[str, Any]:
        """With paths that another process finds, whichever folder it stands in."""
        files = {
            day: replace(file, path=file.path.absolute()) for day, file in self._file_of.items()
        }
        found = {"path": self.path.absolute(), "how": self.how.placed(), "_file_of": files}
        return self.__dict__ | found

    def path_of(self, day: date) -> Path:
        """The file of a day."""
        return self._file_of[day].path

    def read(self, day: date) -> Control:
        """The state of a day."""
        file = self._file_of[day]
        control = self._read(file.path, None)
        if control.as_of is None:
            control = self._read(file.path, day)
        if control.as_of != day:
            raise ControlError(
                f"{file.path}: is taken for {day}, and its content is of {control.as_of}; rename it"
            )
        if control.sha256 != file.sha256:
            raise ControlError(
                f"{file.path}: has changed since the folder was opened; open it anew"
            )
        return control

    def terms(self, day: date) -> Terms:
        """What is known of the terms of a day's file by its content and its papers."""
        path = self._file_of[day].path
        how = over(papers_beside(path), self.how)
        if how.redistribution != "forbidden":
            how = over(papers_of_feed(look_at(path), self.dataset), how)
        return Terms(
            f"{how.title} ({path.name})" if how.title else path.name,
            how.redistribution,
            how.licence,
        )

    def outline(self, day: date) -> Outline:
        """What is claimed on a day, read alike where a file like it has been read."""
        file = self._file_of[day]
        content = b"" if file.path.suffix.lower() == ".shp" else file.path.read_bytes()
        if hashlib.sha256(content).hexdigest() == file.sha256:
            found = self._alike.outline(content, day, file.path.name, file.sha256)
            if found is not None:
                return found
        found = self.read(day).outline()
        self._alike.learn(content, day, file.path.name, found)
        return found


def _with_digests(found: dict[date, Path]) -> dict[date, _File]:
    """Files by day. Only what is as long as another file can be the same but for its day."""
    contents = {day: path for day, path in found.items() if path.suffix.lower() != ".shp"}
    sizes = Counter(path.stat().st_size for path in contents.values())
    files = {}
    for day in sorted(found):
        path = found[day]
        if day not in contents:  # its attributes and projection lie in other files
            files[day] = _File(path, sha256_of(path), f"{day}")
            continue
        content = path.read_bytes()
        sha256 = ground = hashlib.sha256(content).hexdigest()
        if sizes[len(content)] > 1:
            ground = hashlib.sha256(without_day(content, day)).hexdigest()
        files[day] = _File(path, sha256, ground)
    return files
