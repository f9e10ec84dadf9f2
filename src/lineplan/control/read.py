"""The one edge: any source of control to a `Control`, by the adapter that recognises it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple, get_args

from lineplan.control import deepstate, kml, lines, liveuamap, mapped, polygons, settlements
from lineplan.control.content import Content, look_at
from lineplan.control.settling import HELD, said_of_day, settled
from lineplan.control.sourcefile import Kind, Seed, SourceFile, load_source_file
from lineplan.control.state import Control, Drawn
from lineplan.dataset import DataFile, Dataset
from lineplan.errors import ControlError, GeometryError


class Adapter(NamedTuple):
    """A kind of source: whether a file is of it, and what it draws."""

    recognises: Callable[[Content], bool]
    read: Callable[[Content, SourceFile, Dataset, date | None], Drawn]


FEEDS: dict[Kind, Adapter] = {
    "deepstate_daily": Adapter(deepstate.recognises_daily, deepstate.read_daily),
    "deepstate_feed": Adapter(deepstate.recognises_feed, deepstate.read_feed),
    "liveuamap": Adapter(liveuamap.recognises, liveuamap.read),
}
"""Known feeds, asked first."""
FORMS: dict[Kind, Adapter] = {
    "kml": Adapter(kml.recognises, kml.read),
    "lines": Adapter(lines.recognises, lines.read),
    "settlements": Adapter(settlements.recognises, settlements.read),
    "mapped": Adapter(mapped.recognises, mapped.read),
    "polygons": Adapter(polygons.recognises, polygons.read),
}
"""What anyone may draw, asked when no feed is recognised."""


def read_control(
    source: str | Path | None,
    dataset: Dataset,
    *,
    as_of: date | None = None,
    kind: str | Path | SourceFile | None = None,
    holder: str | None = None,
    values: Mapping[str, str] | None = None,
    control_class: str | None = None,
    base: str | Path | None = None,
    seeds: Iterable[tuple[float, float, str]] = (),
    left: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Control:
    """Read the state of control of one day from a source of any kind.

    The kind is found by looking at the content; known feeds are read as their source file in the
    dataset says.

    Parameters
    ----------
    source : str or Path or None
        A vector file, KML, KMZ or table; a source file (TOML) that names its file; the name of a
        control file of the dataset (its file name without ending); or None for the dataset's
        latest.
    dataset : Dataset
        Declares the parties, and whose ground a source without holders draws.
    as_of : datetime.date, optional
        The latest state on or before this day of a dated source; the date of an undated one.
    kind : str, Path or SourceFile, optional
        ``deepstate_daily``, ``deepstate_feed``, ``liveuamap``, ``kml``, ``lines``,
        ``settlements``, ``mapped`` or ``polygons``, or a source file (TOML) that says how to read.
    holder : str, optional
        Column that says who holds the ground.
    values : mapping, optional
        What its values mean: a party, ``contested``, ``unknown`` or ``none``.
    control_class : {"full", "partial", "claimed"}, optional
        Which classes of a source count as held, each with those before it; ``full`` when not
        given.
    base : str or Path, optional
        Another source, for ground that this one leaves out (held since before its time).
    seeds : iterable of (lon, lat, party)
        For a line of contact: points whose side is known.
    left : str, optional
        For a line of contact: who holds its left, in the direction it is drawn.
    columns : mapping, optional
        Names of the columns for ``date``, ``place``, ``lon`` and ``lat``.

    Returns
    -------
    Control

    Raises
    ------
    ControlError
        The source is of no kind or of several, names an undeclared party, or `as_of` contradicts
        its own date.
    GeometryError
        The file cannot be read.
    """
    if source is not None and not str(source):
        raise ControlError("the name of the source of control is empty")
    chosen = SourceFile.model_validate(
        {
            "columns": {**(columns or {}), **({"holder": holder} if holder else {})},
            "values": dict(values or {}),
            "base": str(base or ""),
            "seeds": [Seed(lon=x, lat=y, held_by=p) for x, y, p in seeds],
            "left": left or "",
        }
    )
    if control_class is not None and control_class not in HELD:
        raise ControlError(f"control class {control_class!r}? choose from {', '.join(HELD)}")
    embedded = _embedded(source, dataset)
    if embedded is not None:
        if kind or chosen != SourceFile() or control_class:
            raise ControlError(
                f"{embedded.path}: the dataset says how to read it; leave out --source, --holder, "
                "--value, --control-class, --base, --seed and --left"
            )
        return _read_embedded(embedded, dataset, as_of)
    given = _given(kind)
    path = Path(str(source))
    if path.suffix.lower() == ".toml" and path.is_file():
        if given != SourceFile():
            raise ControlError(f"{path}: says how its file is read; leave out --source")
        given = load_source_file(path)
        if not given.file:
            raise ControlError(
                f'{path}: names no file; write file = "..." into it, or give it with --source '
                "and the file with --control"
            )
        path = Path(given.file)
    content = look_at(path)
    how = _over(given, chosen)
    found = how.kind or _recognised(content, how)
    how = _over(_known(found, dataset), how).model_copy(
        update={"kind": found, "file": str(content.path)}
    )
    adapter = (FEEDS | FORMS)[found]
    drawn = adapter.read(content, how, dataset, as_of)
    base_control = read_control(how.base, dataset) if how.base else None
    return settled(
        content.path, drawn, how, control_class, base_control, dataset.border_tolerance_km, as_of
    )


def _embedded(source: str | Path | None, dataset: Dataset) -> DataFile | None:
    if source is None:
        return dataset.file("control")
    if Path(source).exists():
        return None
    for file in dataset.files:
        if file.role == "control" and str(source) in (file.path, Path(file.path).stem):
            return file
    return None


def _read_embedded(file: DataFile, dataset: Dataset, as_of: date | None) -> Control:
    content = look_at(dataset.folder / file.path)
    features = content.layer.keep("polygon")
    drawn = polygons.draw(features, SourceFile(), dataset, as_of, named=file.as_of)
    return Control(
        drawn.frame[["held_by", "geometry"]],
        drawn.as_of,
        file.title,
        attribution=file.attribution,
        licence=file.licence,
        viewpoint=file.viewpoint,
        control_class=file.control_class,
        sha256=features.sha256,
        notes=(*drawn.notes, *said_of_day(features.name, drawn.as_of, as_of)),
    )


def _given(kind: str | Path | SourceFile | None) -> SourceFile:
    """The source file that is given, or one that names only its kind."""
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


def _over(under: SourceFile, upper: SourceFile) -> SourceFile:
    """`under`, with what `upper` sets in its place; tables are joined."""
    update = {key: getattr(upper, key) for key in type(upper).model_fields}
    update = {k: v for k, v in update.items() if v != type(upper).model_fields[k].get_default()}
    update |= {k: {**getattr(under, k), **update[k]} for k in ("columns", "values") if k in update}
    return under.model_copy(update=update)


def _known(kind: Kind, dataset: Dataset) -> SourceFile:
    """How the dataset says sources of this kind are read."""
    for file in dataset.files:
        if file.role == "source" and Path(file.path).stem == kind:
            return load_source_file(dataset.folder / file.path)
    return SourceFile()


def _recognised(content: Content, how: SourceFile) -> Kind:
    """The one kind whose recogniser knows the content."""
    for adapters in (FEEDS, FORMS):
        found = [kind for kind, adapter in adapters.items() if adapter.recognises(content)]
        is_mapped = bool(how.rules or "holder" in how.columns)
        if is_mapped:
            found = ["mapped" if kind == "polygons" else kind for kind in found]
        if how.left or how.seeds:
            found = [kind for kind in found if kind == "lines"] or found
        if len(found) > 1:
            raise ControlError(
                f"{content.path}: can be read as {' and as '.join(found)}; say which with "
                f"--source {found[0]} or --source {found[1]}"
            )
        if found:
            return found[0]
    if content.form == "table":
        raise ControlError(
            f"{content.path}: is a table whose columns ({', '.join(content.columns)}) are not "
            "recognised as places with their holder; name it with --source settlements and "
            "--holder COLUMN"
        )
    what = ", ".join(sorted(content.drawn)) or "nothing"
    raise GeometryError(
        f"{content.path}: has no polygon in it, nor a line of contact or settlements with a holder "
        f"(it draws {what}); name its kind with --source KIND if it is one of "
        f"{', '.join(get_args(Kind))}"
    )
