"""What commands write: data to stdout or a file, words to stderr."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lineplan.errors import LineplanError, UsageError

if TYPE_CHECKING:
    import pandas as pd


class TableFormat(StrEnum):
    """Forms of a table."""

    table = "table"
    csv = "csv"
    json = "json"
    markdown = "markdown"


# What could forge a line, or turn the reading direction, in words that quote a file.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_PIECE = "border piece "
_MOST_PIECES = 5
EXACT = (TableFormat.csv, TableFormat.json)

FormatOption = Annotated[TableFormat, typer.Option("--format", help="Form of the table.")]
OutOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", metavar="FILE", help="Write to FILE instead of stdout."),
]


def say(words: str) -> None:
    """Print to stderr."""
    if sys.stderr is not None:
        print(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", words), file=sys.stderr)


def brief(notes: Iterable[str]) -> list[str]:
    """Notes as they are said: of pieces along the border, which come by size, the largest few."""
    notes = list(notes)
    smaller = [note for note in notes if note.startswith(_PIECE)][_MOST_PIECES:]
    if not smaller:
        return notes
    stay = sum(", stays with " in note for note in smaller)
    which = f", {stay} of which stay as mapped" if stay else ""
    return [note for note in notes if note not in smaller] + [
        f"and {len(smaller)} smaller border piece(s){which} (lineplan areas --format json has "
        "each, layer reassigned of lineplan export has all)"
    ]


def first_of(lines: Sequence[str], rest: str, most: int = 10) -> list[str]:
    """The first lines of many, and how many more there are; `rest` says where those are."""
    more = len(lines) - most
    return [*lines] if more <= 1 else [*lines[:most], f"and {more:,} more ({rest})"]


def write(text: str, path: Path | None) -> None:
    """Write to a file, or to stdout where none is given."""
    if path is None:
        if sys.stdout is None:
            raise LineplanError("there is no standard output to write to; use -o FILE")
        sys.stdout.write(_CONTROL.sub("\N{REPLACEMENT CHARACTER}", text))
        sys.stdout.flush()
        return
    from lineplan.output import replacing

    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")
    say(f"wrote {path}")


def check_outputs(
    outputs: Iterable[Path | None],
    sources: Iterable[str | Path | None],
    files: Iterable[str | Path | None] = (),
) -> None:
    """Refuse, before any work, to write to what is read, or two files to one place.

    Parameters
    ----------
    outputs : iterable of Path or None
        Files that a command will write; None for one that is not asked for.
    sources : iterable of str, Path or None
        Sources of control that it reads: files, ``FILE:LAYER``, folders, of which the files that
        are read count, and source files, with the files they name. Other names are passed over.
    files : iterable of str, Path or None
        Other files that it reads.

    Raises
    ------
    UsageError
        Naming the output, and the input where it is one.
    LineplanError
        An output is a folder or a device.
    """
    from lineplan.output import check_replaceable

    targets = [path for path in outputs if path is not None]
    for at, path in enumerate(targets):
        if any(_is_same(path, other) for other in targets[:at]):
            raise UsageError(f"{path}: two outputs of this command would go there; name another")
    named = (_without_layer(Path(file)) for file in files if file)
    read = [file for file in named if file.is_file()]
    for source in (*_files_of([Path(source) for source in sources if source]), *read):
        for path in targets:
            if _is_same(path, source):
                raise UsageError(f"{path}: is an input of this command; write to another file")
    for path in targets:
        check_replaceable(path)


def _is_same(one: Path, other: Path) -> bool:
    """Whether two paths are one file, also by links or on disks to which A and a are one."""
    if one.resolve() == other.resolve():
        return True
    return one.exists() and other.exists() and one.samefile(other)


def _files_of(sources: list[Path]) -> list[Path]:
    """The files that sources of control consist of, and those that say how they are read."""
    from lineplan.control.folder import files_in
    from lineplan.control.sourcefile import load_source_file

    found: list[Path] = []
    for source in sources:  # grows: a source file may name another
        file = _without_layer(source)
        if file.is_dir():
            found += files_in(file)
        elif file.is_file():
            found.append(file)
            if file.suffix.lower() == ".toml":
                how = load_source_file(file)
                named = [Path(name) for name in (how.file, how.base) if name]
                sources += [path for path in named if path not in sources]
    return found


def _without_layer(path: Path) -> Path:
    if path.exists() or ":" not in path.name:
        return path
    return path.with_name(path.name.rpartition(":")[0] or path.name)


def write_rows(
    table: pd.DataFrame, conditions: Mapping[str, Any], form: TableFormat, path: Path | None = None
) -> None:
    """Write a table in the form asked for."""
    from lineplan import tables

    if form in EXACT:
        write(tables.exact(table, conditions, form.value), path)
    else:
        write(tables.grid(table, form.value) + "\n", path)


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[object], None]]:
    """Show on stderr, where that is a terminal, how far a long piece of work has come.

    Parameters
    ----------
    what : str
    total : int

    Yields
    ------
    callable
        To be called after each of the `total` steps, with a name for it.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    is_seen = sys.stderr is not None and sys.stderr.isatty()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not is_seen
    ) as bar:
        task = bar.add_task(what, total=total)
        yield lambda step: bar.update(task, advance=1, description=f"{what} {step}")


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int], None] | None]:
    """A bar on stderr where that is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = ("days", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("days", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


Transfers = tuple[Callable[[str], None], Callable[[str, int, int | None], None]]


@contextmanager
def transfers(what: str, total: int | None) -> Iterator[Transfers]:
    """Show on stderr, where that is a terminal, how far files have come.

    Parameters
    ----------
    what : str
    total : int or None
        How many files there are, if known.

    Yields
    ------
    tuple of two callables
        To be called after each file with its name; with a file's name, the bytes that have come
        and how many there will be, if known.
    """
    from rich.console import Console
    from rich.filesize import decimal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    is_seen = sys.stderr is not None and sys.stderr.isatty()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=Console(stderr=True), transient=True, disable=not is_seen
    ) as bar:
        task = bar.add_task(what, total=total)

        def on_bytes(name: str, done: int, size: int | None) -> None:
            of = f" of {decimal(size)}" if size else ""
            bar.update(task, description=f"{what} {name} {decimal(done)}{of}")

        yield lambda name: bar.update(task, advance=1, description=f"{what} {name}"), on_bytes
