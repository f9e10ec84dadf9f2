"""Assessments: the range that other accounts of the line's day give for a figure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lineplan.errors import ConflictError, DatasetError
from lineplan.ground import Ground
from lineplan.plan import Plan
from lineplan.zoning import look_up

OUTLINE_SHARE = 0.0005
"""Two outlines of one unit differ in area by up to this share."""


def _no_assessment() -> pd.DataFrame:
    """The empty table."""
    columns = ["unit_id", "unit_name", "held_by", "status", "clause_id", "assessment", "km2"]
    return pd.DataFrame({c: [] for c in columns})


def assess(plan: Plan, ground: Ground) -> pd.DataFrame:
    """What each known assessment of the line's day gives for every unit, holder and clause.

    Parameters
    ----------
    plan : Plan
        With its parameters chosen.
    ground : Ground

    Returns
    -------
    DataFrame
        `unit_id`, `unit_name`, `held_by`, `status`, `clause_id`, `assessment`, `km2`. Empty where
        none can be compared: on another day, on other units, without reconciliation, or where the
        plan measures distances (assessments are figures by unit, not lines).
    """
    dataset, units = ground.dataset, ground.units
    if not ground.is_assessed or plan.strips():
        return _no_assessment()
    try:
        file = dataset.file("assessments")
    except DatasetError:
        return _no_assessment()
    if ground.control.as_of != file.as_of:
        return _no_assessment()
    held = dataset.assessments()
    unit_km2 = units.set_index("unit_id")["area_km2"]
    grid = pd.MultiIndex.from_product([unit_km2.index, held["assessment"].unique()])
    claimed = held.groupby(["unit_id", "assessment"])["km2"].sum().reindex(grid, fill_value=0.0)
    # What is left of a unit held whole is the difference of two outlines of it, not ground.
    whole_km2 = unit_km2.reindex(grid.get_level_values(0)).to_numpy()
    rest = (whole_km2 - claimed).where(lambda km2: km2 > whole_km2 * OUTLINE_SHARE, 0.0)
    default = pd.DataFrame(
        {
            "unit_id": grid.get_level_values(0),
            "assessment": grid.get_level_values(1),
            "held_by": dataset.default_holder,
            "km2": rest.to_numpy(),
        }
    )
    table = pd.concat([held, default], ignore_index=True)
    try:
        answers = look_up(plan, table.assign(area_m2=table["km2"] * 1e6))
    except ConflictError:
        # The clauses agree on the line used here, and not on that of every assessment.
        return _no_assessment()
    names = units.set_index("unit_id")["name"]
    return table.join(answers).assign(unit_name=table["unit_id"].map(names))


def ranges(assessed: pd.DataFrame) -> dict[str, list[float]]:
    """Lowest and highest assessment of each status, in km²."""
    sums = assessed.groupby(["status", "assessment"])["km2"].sum().groupby("status")
    low, high = sums.min(), sums.max()
    return {str(status): [float(low[status]), float(high[status])] for status in low.index}


def assessed_range(
    assessed: pd.DataFrame, keys: list[str], table: pd.DataFrame
) -> tuple[Sequence[float], Sequence[float]]:
    """Lowest and highest assessment for each row of `table`."""
    if assessed.empty:
        return [np.nan] * len(table), [np.nan] * len(table)
    per_assessment = (
        assessed.groupby([*keys, "assessment"])["km2"].sum().unstack("assessment", fill_value=0.0)
    )
    index = pd.MultiIndex.from_frame(table[keys]) if len(keys) > 1 else pd.Index(table[keys[0]])
    per_assessment = per_assessment.reindex(index)
    return per_assessment.min(axis=1).to_numpy(), per_assessment.max(axis=1).to_numpy()
