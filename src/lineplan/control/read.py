"""The one edge: any source of control to a `Control`, by the adapter that recognises it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import NamedTuple, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lineplan import geodesy
from lineplan.control import deepstate, kml, lines, liveuamap, mapped, polygons, settlements
from lineplan.control.content import Content, look_at
from lineplan.control.sourcefile import (
    HeldClass,
    Kind,
    Seed,
    SourceFile,
    load_source_file,
)
from lineplan.control.state import NONE, Control, Drawn
from lineplan.dataset import DataFile, Dataset
from lineplan.errors import ControlError, GeometryError
from lineplan.features import sha256_of

_GRID_DEG = 1e-9


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
_HELD: tuple[HeldClass, ...] = get_args(HeldClass)


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
    if control_class is not None and control_class not in _HELD:
        raise ControlError(f"control class {control_class!r}? choose from {', '.join(_HELD)}")
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
    return _settled(content.path, drawn, how, control_class, dataset, as_of)


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
        notes=(*drawn.notes, *_said_of_day(features.name, drawn.as_of, as_of)),
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


def _settled(
    path: Path,
    drawn: Drawn,
    how: SourceFile,
    control_class: str | None,
    dataset: Dataset,
    as_of: date | None,
) -> Control:
    """Settle which classes count, add the base, and the papers."""
    name = path.name
    rows = f"{len(drawn.frame)} area(s) of {drawn.frame['held_by'].nunique()} holder(s)"
    notes = [
        f"{name}: read as {how.kind}, {rows}",
        *drawn.notes,
        *_said_of_day(name, drawn.as_of, as_of),
    ]
    has_classes = bool((drawn.frame["control_class"] != "").any())
    if control_class is not None and not has_classes:
        raise ControlError(
            f"{name}: draws one class of ground, so there is none to choose; leave out "
            "--control-class"
        )
    widest = control_class or how.control_class or "full"
    classes = None
    counted = drawn.frame["held_by"] != NONE
    meant: str = how.control_class or "not stated"
    if has_classes:
        held = _HELD[: _HELD.index(widest) + 1]
        meant = " or ".join([", ".join(held[:-1]), held[-1]]) if len(held) > 1 else held[0]
        counted &= drawn.frame["control_class"].isin(["", "unknown", *held])
        classes = _by_class(drawn.frame, counted)
        notes += _said_of_classes(name, classes, meant, is_default=control_class is None)
    elif not counted.all():
        notes.append(f"{name}: {int((~counted).sum())} row(s) are read as claimed for nobody")
    if not counted.any():
        raise ControlError(f"{name}: nothing it draws counts as held ({meant})")
    claims = _known_before_unknown(drawn.frame[counted], name, notes)
    source = f"{how.title} ({name})" if how.title else name
    if how.base:
        claims, base = _on_base(claims, drawn.frame[~counted], how.base, dataset, notes)
        source += f", on the base of {base}"
    elif how.without_base:
        notes.append(f"{name}: {how.without_base}")
    return Control(
        claims.reset_index(drop=True),
        drawn.as_of,
        source,
        attribution=how.attribution,
        licence=how.licence,
        viewpoint=how.viewpoint,
        control_class=meant,
        sha256=sha256_of(path),
        is_holder_assumed=drawn.is_holder_assumed,
        notes=tuple(notes),
        kind=how.kind,
        classes=classes,
        source_file=how,
    )


def _said_of_day(name: str, day: date | None, as_of: date | None) -> list[str]:
    if day is None:
        return [f"{name}: states no date; state it with --as-of YYYY-MM-DD"]
    if as_of is not None and day != as_of:
        return [f"{name}: the latest state on or before {as_of} is of {day}"]
    return []


def _by_class(frame: gpd.GeoDataFrame, counted: pd.Series[bool]) -> pd.DataFrame:
    """Number and area of what is drawn, by class and holder."""
    rows = [
        {
            "control_class": control_class,
            "held_by": held_by,
            "features": len(part),
            "km2": float(_area_km2(shapely.union_all(part.to_numpy(), grid_size=_GRID_DEG))),
            "is_counted": bool(counted[part.index].all()),
        }
        for (control_class, held_by), part in frame.groupby(
            ["control_class", "held_by"], sort=True
        )["geometry"]
    ]
    return pd.DataFrame(rows)


def _area_km2(ground: shapely.Geometry) -> float:
    return float(geodesy.area_m2([ground])[0] / 1e6)


def _said_of_classes(
    name: str, classes: pd.DataFrame, meant: str, *, is_default: bool
) -> list[str]:
    def listed(rows: pd.DataFrame) -> str:
        return "; ".join(
            f"{row.control_class or 'no class'}, {row.held_by}: {row.features} feature(s), "
            f"{row.km2:,.0f} km²"
            for row in rows.itertuples()
        )

    default = " (--control-class, the default)" if is_default else ""
    said = [f"{name}: {meant} counts as held{default}: {listed(classes[classes['is_counted']])}"]
    left_out = classes[~classes["is_counted"]]
    if len(left_out):
        said.append(f"{name}: drawn and not counted as held: {listed(left_out)}")
    return said


def _known_before_unknown(frame: gpd.GeoDataFrame, name: str, notes: list[str]) -> gpd.GeoDataFrame:
    """What is said to be held is not unknown: of overlaps with it, unknown ground gives way."""
    claims = frame[["held_by", "geometry"]].copy()
    unknown = (frame["held_by"] == "unknown") & (frame["control_class"] == "unknown")
    if unknown.all() or not unknown.any():
        return claims
    known = shapely.union_all(claims.loc[~unknown, "geometry"].to_numpy(), grid_size=_GRID_DEG)
    before = claims.loc[unknown, "geometry"].to_numpy()
    rest = shapely.difference(before, known, grid_size=_GRID_DEG)
    km2 = float((geodesy.area_m2(before) - geodesy.area_m2(rest)).sum() / 1e6)
    if km2 >= 0.1:
        notes.append(f"{name}: {km2:,.1f} km² drawn as held and as unknown are read as held")
    claims.loc[unknown, "geometry"] = rest
    return claims[~claims.geometry.is_empty]


def _on_base(
    claims: gpd.GeoDataFrame,
    left_out: gpd.GeoDataFrame,
    base: str,
    dataset: Dataset,
    notes: list[str],
) -> tuple[gpd.GeoDataFrame, str]:
    """The claims, and those of the base on ground of which the source says nothing."""
    under = read_control(base, dataset)
    said = np.concatenate([claims.geometry.to_numpy(), left_out.geometry.to_numpy()])
    drawn = shapely.union_all(said, grid_size=_GRID_DEG)
    rest = shapely.difference(under.claims.geometry.to_numpy(), drawn, grid_size=_GRID_DEG)
    added = under.claims.assign(geometry=rest)
    added = added[~added.geometry.is_empty]
    km2 = float(geodesy.area_m2(added.geometry.to_numpy()).sum() / 1e6)
    notes.extend(note for note in under.notes if "states no date" not in note)
    day = f" of {under.as_of}" if under.as_of else ""
    notes.append(f"{under.source}{day}, sha256 {under.sha256}: adds {km2:,.0f} km² as the base")
    joined = pd.concat([claims, added[["held_by", "geometry"]]], ignore_index=True)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=claims.crs), under.source
