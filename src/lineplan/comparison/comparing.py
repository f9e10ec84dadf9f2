"""Several plans laid over one ground, which is read and cut once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lineplan.arrangement import check_units
from lineplan.baselines import given_lines
from lineplan.comparison.figures import Comparison
from lineplan.control import Control
from lineplan.dataset import Dataset
from lineplan.errors import UsageError
from lineplan.ground import Ground, read_ground
from lineplan.partition import OnOverlap
from lineplan.plan import Plan, Value
from lineplan.plan.choices import choose_each
from lineplan.plan.file import dataset_of, load_plan
from lineplan.zoning import look_up


def compare(
    *plans: str | Path | Plan,
    dataset: str | Path | Dataset | None = None,
    control: str | Path | Control | None = None,
    units: str | Path | gpd.GeoDataFrame | None = None,
    unit_id: str | None = None,
    as_of: str | date | None = None,
    set: Mapping[str, Value] | None = None,
    readings: Mapping[str, str] | None = None,
    contested: str = "apart",
    on_overlap: OnOverlap = "error",
    reconcile: bool = True,
    lines: Mapping[str | date, str | Path] | None = None,
) -> Comparison:
    """Lay several plans over the same units and dated area of control.

    Parameters
    ----------
    *plans : str, Path or Plan
        Ids of plans of the dataset, plan files, or plans; each once.
    dataset, control, units, unit_id, as_of, contested, on_overlap, reconcile, lines
        As for `arrange`.
    set : mapping, optional
        Parameter values. ``NAME`` is set in every plan that declares it, ``PLAN:NAME`` in that
        plan only, where it goes before.
    readings : mapping, optional
        Reading id by clause id. ``CLAUSE`` is chosen in every plan that has the clause with this
        reading, ``PLAN:CLAUSE`` in that plan only, where it goes before.

    Returns
    -------
    Comparison

    Raises
    ------
    LineplanError
        An input cannot be used, as for `arrange`.
    UsageError
        No plan is given, one is given twice, or no plan declares a parameter or a reading.
    """
    if not plans:
        raise UsageError("compare needs at least one plan")
    days = given_lines(lines)
    dataset = dataset_of(plans[0], dataset)
    given = [plan if isinstance(plan, Plan) else load_plan(plan, dataset) for plan in plans]
    chosen = choose_each(given, set=set, readings=readings)
    ground = read_ground(
        dataset=dataset,
        control=control,
        units=units,
        unit_id=unit_id,
        as_of=as_of,
        contested=contested,
        on_overlap=on_overlap,
        reconcile=reconcile,
    )
    check_units(chosen, ground)
    ground = ground.cut_for(chosen, days)
    return Comparison(tuple(chosen), ground, *_laid(chosen, ground))


def _laid(plans: list[Plan], ground: Ground) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The ground table, and the row of each face in it."""
    faces = ground.partition.faces
    answers = {plan.id: look_up(plan, faces) for plan in plans}
    # A clause and a holder settle everything else that a plan says.
    keys = {plan_id: answer["clause_id"] for plan_id, answer in answers.items()}
    keyed = pd.DataFrame(faces[["unit_id", "held_by"]]).assign(**keys)
    row = keyed.groupby(list(keyed.columns), sort=True).ngroup().to_numpy()
    first = np.unique(row, return_index=True)[1]
    names = ground.units.set_index("unit_id")["name"]
    table = pd.DataFrame(faces[["unit_id", "held_by"]]).iloc[first].reset_index(drop=True)
    table.insert(1, "unit_name", table["unit_id"].map(names))
    table["area_km2"] = np.bincount(row, weights=faces["area_m2"].to_numpy()) / 1e6
    said = [
        answer.iloc[first].reset_index(drop=True).add_prefix(f"{plan_id}.")
        for plan_id, answer in answers.items()
    ]
    return pd.concat([table, *said], axis=1), row
