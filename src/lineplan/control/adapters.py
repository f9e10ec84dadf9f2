"""One state of one file to a `Control`, by the adapter that recognises it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import NamedTuple, get_args

from lineplan.control import deepstate, kml, lines, liveuamap, mapped, polygons, settlements
from lineplan.control.content import Content, look_at
from lineplan.control.fetched import papers_beside
from lineplan.control.settling import draws_party, said_of_day, said_of_rest, settled
from lineplan.control.sourcefile import Kind, SourceFile, load_source_file
from lineplan.control.state import Control, Drawn
from lineplan.control.terms import joined
from lineplan.dataset import DataFile, Dataset
from lineplan.errors import ControlError, GeometryError, LineplanError


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
ADAPTERS = {str(kind): adapter for kind, adapter in (FEEDS | FORMS).items()}
AS_FOUND = SourceFile()
"""Nothing is said of how a source is read."""


def read_state(
    source: str | Path | None,
    dataset: Dataset,
    *,
    as_of: date | None = None,
    given: SourceFile = AS_FOUND,
    chosen: SourceFile = AS_FOUND,
    control_class: str | None = None,
) -> Control:
    """Read the state of control of one day from one file.

    Parameters
    ----------
    source : str or Path or None
        A file, the name of a control file of the dataset, or None for the dataset's latest.
    dataset : Dataset
    as_of : datetime.date, optional
        The latest state on or before this day of a dated source; the date of an undated one.
    given : SourceFile
        How the source is read.
    chosen : SourceFile
        What the user sets in place of that.
    control_class : {"full", "partial", "claimed"}, optional

    Returns
    -------
    Control

    Raises
    ------
    ControlError, GeometryError
        As `read_control`.
    """
    embedded = _embedded(source, dataset)
    if embedded is not None:
        if given != AS_FOUND or chosen != AS_FOUND or control_class:
            raise ControlError(
                f"{embedded.path}: the dataset says how to read it; leave out --source, --holder, "
                "--value, --control-class, --base, --seed, --left and --every-party"
            )
        return _read_embedded(embedded, dataset, as_of)
    return read_content(
        look_at(str(source)), dataset, over(given, chosen), as_of, control_class=control_class
    )


def read_content(
    content: Content,
    dataset: Dataset,
    how: SourceFile,
    as_of: date | None,
    *,
    control_class: str | None = None,
) -> Control:
    """Read what has been looked at; as `read_state`."""
    how = over(papers_beside(content.path), how)
    how = known(how.kind or recognised(content, how), content, how, dataset)
    drawn = ADAPTERS[how.kind].read(content, how, dataset, as_of)
    return settle(
        content.path, content.sha256, drawn, dataset, how, as_of, control_class=control_class
    )


def settle(
    path: Path,
    sha256: str,
    drawn: Drawn,
    dataset: Dataset,
    how: SourceFile,
    as_of: date | None,
    *,
    control_class: str | None = None,
) -> Control:
    """What an adapter has drawn of a file to a `Control`; `how` names its kind."""
    base = read_state(how.base, dataset) if how.base else None
    tolerance_km = dataset.border_tolerance_km
    return settled(
        path,
        drawn,
        how,
        control_class,
        base,
        tolerance_km,
        as_of,
        default_holder=dataset.default_holder,
        sha256=sha256,
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
    notes = [*drawn.notes, *said_of_day(features.name, drawn.as_of, as_of)]
    draws_every_party = draws_party(drawn.frame, dataset.default_holder)
    if draws_every_party:
        notes.append(said_of_rest(features.name, dataset.default_holder))
    return Control(
        drawn.frame[["held_by", "geometry"]],
        drawn.as_of,
        file.title,
        attribution=file.attribution,
        licence=file.licence,
        viewpoint=file.viewpoint,
        control_class=file.control_class,
        sha256=features.sha256,
        draws_every_party=draws_every_party,
        notes=tuple(notes),
        redistribution=file.redistribution,
    )


def over(under: SourceFile, upper: SourceFile) -> SourceFile:
    """`under`, with what `upper` sets in its place; tables are joined.

    Terms can be made stricter so, and not laxer: what `under` forbids stays forbidden.
    """
    update = {key: getattr(upper, key) for key in type(upper).model_fields}
    update = {k: v for k, v in update.items() if v != type(upper).model_fields[k].get_default()}
    update |= {k: {**getattr(under, k), **update[k]} for k in ("columns", "values") if k in update}
    found = under.model_copy(update=update)
    if under.redistribution == "forbidden" and upper.redistribution == "allowed":
        return found.model_copy(
            update={
                "redistribution": "forbidden",
                "licence": f"{under.licence or 'as it is known by'} (a source file that states "
                "laxer terms does not change them)",
                "attribution": joined(under.attribution, upper.attribution),
            }
        )
    return found


def papers_of_feed(content: Content, dataset: Dataset) -> SourceFile:
    """Papers of the known feed that the content is of, however it is read; none for others.

    Feeds are known by their JSON, so nothing is drawn for it.
    """
    if content.form == "json":
        with suppress(LineplanError):  # what is wrong with it is said when it is read
            for kind, adapter in FEEDS.items():
                if adapter.recognises(content):
                    return _said_of(kind, dataset).papers()
    return SourceFile()


def known(kind: Kind, content: Content, how: SourceFile, dataset: Dataset) -> SourceFile:
    """`how`, over what the dataset says of sources of this kind."""
    under = _said_of(kind, dataset)
    if "forbidden" not in (how.redistribution, under.redistribution):
        how = over(papers_of_feed(content, dataset), how)
    return over(under, how).model_copy(update={"kind": kind, "file": str(content.path)})


def _said_of(kind: Kind, dataset: Dataset) -> SourceFile:
    """What the dataset says of sources of a kind."""
    for file in dataset.files:
        if file.role == "source" and Path(file.path).stem == kind:
            return load_source_file(dataset.folder / file.path)
    return SourceFile()


def recognised(content: Content, how: SourceFile) -> Kind:
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
