"""Zones: a plan looked up for every face, and faces of one answer dissolved."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from lineplan.baselines import columns_of
from lineplan.errors import ConflictError, UsageError
from lineplan.partition import Partition
from lineplan.plan import AS_HELD, LINE, NO_PARTY, TERMS, UNSPECIFIED, Plan, Where

Bool = NDArray[np.bool_]


def apply(plan: Plan, parted: Partition) -> gpd.GeoDataFrame:
    """Give every face its status: a look-up on unit, holder and strips.

    Parameters
    ----------
    plan : Plan
        With its parameters chosen (`Plan.choose`).
    parted : Partition
        Cut along the strips that the plan asks for (`lineplan.baselines.strips_of`,
        `Partition.cut`); a plan without distances needs no cut.

    Returns
    -------
    GeoDataFrame
        Faces dissolved by (`unit_id`, `held_by`, `status`, `clause_id`), with what the clause
        sets (`to_be_held_by`, `administration`, `forces`, `recognized_as`, `recognition`,
        `recognized_by`), `area_km2` and `geometry` (EPSG:4326).

    Raises
    ------
    ConflictError
        Clauses speak of the same ground and none overrides the other; every pair is named.
    UsageError
        The partition was not cut along a strip of the plan.
    """
    faces = parted.faces
    answers = look_up(plan, faces)
    shapes, area_m2 = faces.geometry.to_numpy(), faces["area_m2"].to_numpy()
    keys = ["unit_id", "held_by", *answers.columns]
    keyed = pd.concat([faces[["unit_id", "held_by"]], answers], axis=1)
    rows = [
        [*key, area_m2[at].sum() / 1e6, shapely.coverage_union_all(shapes[at])]
        for key, at in keyed.groupby(keys, sort=True).indices.items()
    ]
    frame = pd.DataFrame(rows, columns=[*keys, "area_km2", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def look_up(plan: Plan, faces: pd.DataFrame) -> pd.DataFrame:
    """Status, clause and terms of ground.

    Parameters
    ----------
    plan : Plan
        With its parameters chosen.
    faces : DataFrame
        `unit_id`, `held_by`, `area_m2` and, for each strip of the plan, the column of bool that
        `lineplan.baselines.columns_of` names.

    Returns
    -------
    DataFrame
        On the same index: `status`, `clause_id` ("" where no clause speaks) and `TERMS`.

    Raises
    ------
    ConflictError, UsageError
        As `apply`.
    """
    strips = list(dict.fromkeys(c for strip in plan.strips() for c in columns_of(strip, plan)))
    if missing := [name for name in strips if name not in faces.columns]:
        raise UsageError(f"{plan.id}: the faces are not cut along the ground within {missing[0]}")
    # Faces that differ in nothing a clause can ask are answered once.
    keys = ["unit_id", "held_by", *strips]
    kind = faces.groupby(keys, sort=False).ngroup().to_numpy()
    first = np.unique(kind, return_index=True)[1]
    ground = pd.DataFrame(faces[keys].iloc[first]).reset_index(drop=True)
    area_km2 = np.bincount(kind, weights=faces["area_m2"].to_numpy()) / 1e6

    selected = selections(plan, ground)
    _check_apart(plan, selected, ground["unit_id"].to_numpy(), area_km2)
    answer = {"status": np.full(len(ground), plan.elsewhere, dtype=object)}
    answer["clause_id"] = np.full(len(ground), "", dtype=object)
    answer |= {term: np.full(len(ground), UNSPECIFIED, dtype=object) for term in TERMS}
    for clause in plan.clause:
        mask = selected[clause.id]
        answer["status"][mask], answer["clause_id"][mask] = clause.status, clause.id
        for term in TERMS:
            answer[term][mask] = clause.said(term)
    holder = ground["held_by"].to_numpy(dtype=object)
    holder = np.where(np.isin(holder.astype(str), NO_PARTY), UNSPECIFIED, holder)
    for term in ("to_be_held_by", "recognized_as"):
        answer[term] = np.where(answer[term] == AS_HELD, holder, answer[term])
    return pd.DataFrame({key: values[kind] for key, values in answer.items()}, index=faces.index)


def selections(plan: Plan, ground: pd.DataFrame) -> dict[str, Bool]:
    """Which rows each clause takes, after what overrides it has taken its own.

    Parameters
    ----------
    plan : Plan
    ground : DataFrame
        As for `look_up`.

    Returns
    -------
    dict of str to ndarray of bool
        By clause id.
    """
    caught = {clause.id: _selects(clause.where, ground, plan) for clause in plan.clause}
    selected = {clause_id: mask.copy() for clause_id, mask in caught.items()}
    for clause in plan.clause:
        for overridden in clause.overrides:
            selected[overridden] &= ~caught[clause.id]
    return selected


def _selects(where: Where, ground: pd.DataFrame, plan: Plan) -> Bool:
    mask = np.ones(len(ground), dtype=bool)
    if where.units:
        mask &= ground["unit_id"].isin(where.units).to_numpy()
    if where.not_units:
        mask &= ~ground["unit_id"].isin(where.not_units).to_numpy()
    if where.held_by:
        mask &= ground["held_by"].isin(where.held_by).to_numpy()
    for strips, is_within in ((where.within, True), (where.beyond, False)):
        for strip in strips:
            columns = columns_of(strip, plan)
            inside = (ground[list(columns)] == list(columns.values())).to_numpy().all(axis=1)
            mask &= inside == is_within
            if strip.of == LINE and strip.side != "both":
                mask &= (ground["held_by"] == strip.side).to_numpy()
    if where.any:
        mask &= np.any([_selects(w, ground, plan) for w in where.any], axis=0)
    return mask


def _check_apart(
    plan: Plan, selected: dict[str, Bool], units: NDArray[Any], area_km2: NDArray[np.float64]
) -> None:
    faults = []
    ids = list(selected)
    for number, clause_id in enumerate(ids):
        for other in ids[:number]:
            both = selected[clause_id] & selected[other]
            if both.any():
                faults.append(
                    f"{plan.id}: clauses {other} and {clause_id} both speak of "
                    f"{area_km2[both].sum():,.1f} km² ({', '.join(sorted(set(units[both])))}); "
                    "let one name the other in overrides"
                )
    if faults:
        raise ConflictError("\n".join(faults))
