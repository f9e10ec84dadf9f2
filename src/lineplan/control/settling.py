"""From what a source draws to claims: which classes count, what lies on a base, what to say."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.control.sourcefile import HeldClass, SourceFile
from lineplan.control.state import NONE, Control, Drawn
from lineplan.control.terms import joined, strictest
from lineplan.errors import ControlError

HELD: tuple[HeldClass, ...] = get_args(HeldClass)
SHARING = ("lines", "settlements")
"""Kinds that share out all the ground: nothing is left unclaimed but the noise of doing so."""
_GRID_DEG = 1e-9


def check_class(control_class: str | None) -> None:
    """Raise ControlError for a class that is not among `HELD`."""
    if control_class is not None and control_class not in HELD:
        raise ControlError(f"control class {control_class!r}? choose from {', '.join(HELD)}")


def settled(
    path: Path,
    drawn: Drawn,
    how: SourceFile,
    control_class: str | None,
    base: Control | None,
    tolerance_km: float,
    as_of: date | None,
    *,
    default_holder: str,
    sha256: str,
) -> Control:
    """Settle which classes count as held, add the base and the papers.

    Parameters
    ----------
    path : Path
    drawn : Drawn
    how : SourceFile
    control_class : str or None
        The widest class that counts as held, where the user says so.
    base : Control or None
        For ground of which the source says nothing.
    tolerance_km : float
        Between source and base, ground nearer than this to either is the seam of two maps.
    as_of : datetime.date or None
        The day asked for.
    default_holder : str
        Who holds what is unclaimed, where the source does not draw its ground too.
    sha256 : str
        Of the file's bytes.

    Returns
    -------
    Control

    Raises
    ------
    ControlError
        Nothing counts as held, or a class is chosen and there are none.
    """
    name = path.name
    holders = set(drawn.frame["held_by"]) - {NONE}
    rows = f"{len(drawn.frame)} area(s) of {len(holders)} holder(s)"
    notes = [
        f"{name}: read as {how.kind}, {rows}",
        *drawn.notes,
        *said_of_day(name, drawn.as_of, as_of),
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
        held = HELD[: HELD.index(widest) + 1]
        meant = " or ".join([", ".join(held[:-1]), held[-1]]) if len(held) > 1 else held[0]
        counted &= drawn.frame["control_class"].isin(["", "unknown", *held])
        classes = by_class(drawn.frame, counted)
        notes += _said_of_classes(name, classes, meant, is_default=control_class is None)
    elif not counted.all():
        notes.append(f"{name}: {int((~counted).sum())} row(s) are read as claimed for nobody")
    if not counted.any():
        raise ControlError(f"{name}: nothing it draws counts as held ({meant})")
    claims = _known_before_unknown(drawn.frame[counted], name, notes)
    source = f"{how.title} ({name})" if how.title else name
    attribution, licence, redistribution = how.attribution, how.licence, how.redistribution
    if base is not None:
        claims = _on_base(claims, drawn.frame[~counted], base, tolerance_km, name, notes)
        source += f", on the base of {base.source}"
        attribution = joined(attribution, base.attribution)
        licence = joined(licence, base.licence)
        redistribution = strictest([redistribution, base.redistribution])
    elif how.without_base:
        notes.append(f"{name}: {how.without_base}")
    draws_every_party = how.draws_every_party
    if draws_every_party is None:
        is_complete = how.kind not in SHARING and draws_party(claims, default_holder)
        draws_every_party = is_complete or (base is not None and base.draws_every_party)
    if draws_every_party:
        notes.append(said_of_rest(name, default_holder))
    return Control(
        claims.reset_index(drop=True),
        drawn.as_of,
        source,
        attribution=attribution,
        licence=licence,
        viewpoint=how.viewpoint,
        control_class=meant,
        sha256=sha256,
        is_holder_assumed=drawn.is_holder_assumed,
        draws_every_party=draws_every_party,
        notes=tuple(notes),
        kind=how.kind,
        classes=classes,
        source_file=how,
        redistribution=redistribution,
    )


def draws_party(claims: gpd.GeoDataFrame, default_holder: str) -> bool:
    """Whether ground of the default holder itself is claimed, where that is a party."""
    return default_holder != "unknown" and bool((claims["held_by"] == default_holder).any())


def said_of_rest(name: str, default_holder: str) -> str:
    """That ground which a source leaves unclaimed is unknown, and how that can be changed."""
    return (
        f"{name}: draws every party, {default_holder} too, so ground that it leaves unclaimed is "
        f"unknown (--not-every-party: it is {default_holder}'s)"
    )


def said_of_day(name: str, day: date | None, as_of: date | None) -> list[str]:
    """What there is to say of the day that was read, and the one asked for."""
    if day is None:
        return [f"{name}: states no date; state it with --as-of YYYY-MM-DD"]
    if as_of is not None and day != as_of:
        return [f"{name}: the latest state on or before {as_of} is of {day}"]
    return []


def by_class(frame: gpd.GeoDataFrame, counted: pd.Series[bool]) -> pd.DataFrame:
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
    base: Control,
    tolerance_km: float,
    name: str,
    notes: list[str],
) -> gpd.GeoDataFrame:
    """The claims, and those of the base on ground of which the source says nothing."""
    said = np.concatenate([claims.geometry.to_numpy(), left_out.geometry.to_numpy()])
    drawn = shapely.union_all(said, grid_size=_GRID_DEG)
    rest = shapely.difference(base.claims.geometry.to_numpy(), drawn, grid_size=_GRID_DEG)
    added = base.claims.assign(geometry=rest)[~shapely.is_empty(rest)]
    km2 = float(geodesy.area_m2(added.geometry.to_numpy()).sum() / 1e6)
    notes.extend(note for note in base.notes if "states no date" not in note)
    day = f" of {base.as_of}" if base.as_of else ""
    notes.append(f"{base.source}{day}, sha256 {base.sha256}: adds {km2:,.0f} km² as the base")
    parts = [claims, added[["held_by", "geometry"]]]
    for party in sorted(set(claims["held_by"]) & set(added["held_by"])):
        ours, theirs = (
            shapely.union_all(
                part.loc[part["held_by"] == party, "geometry"].to_numpy(), grid_size=_GRID_DEG
            )
            for part in parts[:2]
        )
        gaps = _seam(ours, theirs, drawn, tolerance_km)
        if len(gaps):
            km2_of = geodesy.area_m2(gaps) / 1e6
            place = shapely.point_on_surface(gaps[int(km2_of.argmax())])
            notes.append(
                f"{name}: {km2_of.sum():,.1f} km² in {len(gaps)} gap(s) enclosed between it and "
                f"its base, within {tolerance_km:g} km of them, are read as held by {party} (the "
                f"largest of {km2_of.max():,.1f} km² near {place.x:.3f}, {place.y:.3f})"
            )
            seam = gpd.GeoDataFrame({"held_by": [party] * len(gaps)}, geometry=gaps, crs=claims.crs)
            parts.append(seam)
    joined = pd.concat(parts, ignore_index=True)
    return gpd.GeoDataFrame(joined, geometry="geometry", crs=claims.crs)


def _seam(
    ours: shapely.Geometry,
    theirs: shapely.Geometry,
    drawn: shapely.Geometry,
    tolerance_km: float,
) -> NDArray[Any]:
    """Gaps that two maps of one holder's ground enclose, all of it near what they draw."""
    whole = shapely.get_parts(shapely.union_all([ours, theirs], grid_size=_GRID_DEG))
    rings = [
        ring for polygon in whole[shapely.get_dimensions(whole) == 2] for ring in polygon.interiors
    ]
    if not rings:
        return np.array([], dtype=object)
    holes = shapely.difference(shapely.polygons(rings), drawn, grid_size=_GRID_DEG)
    holes = shapely.get_parts(holes)
    holes = holes[(shapely.get_dimensions(holes) == 2) & ~shapely.is_empty(holes)]
    between = [shapely.dwithin(holes, ground, 2 * _GRID_DEG) for ground in (ours, theirs)]
    holes = holes[np.logical_and(*between)]
    if not len(holes):
        return holes
    flat = geodesy.to_plane(holes, tuple(shapely.total_bounds(holes)))
    radius_m = shapely.length(shapely.maximum_inscribed_circle(flat, tolerance=10.0))
    return holes[radius_m <= tolerance_km * 1000]
