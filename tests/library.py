"""The plan library on embedded data: what tests expect and the script that writes it share."""

from pathlib import Path

import pandas as pd

import lineplan as lp
from lineplan.plan import TERMS

FOLDER = Path(__file__).parent / "data" / "library"
LINES = {"2014-09-19": FOLDER / "line_2014-09-19.geojson"}
"""For plans that measure from the line of another day: made for tests, as the file says."""
KEYS = ["unit_id", "held_by", "status", "clause_id", *TERMS]


def plan_ids(dataset: lp.Dataset) -> list[str]:
    """Every plan of the dataset, in its order."""
    return [Path(file.path).stem for file in dataset.files if file.role == "plan"]


def areas(arrangement: lp.Arrangement) -> pd.DataFrame:
    """km² by unit, holder, status, clause and what the clause sets."""
    summed = arrangement.zones.groupby(KEYS, as_index=False)["area_km2"].sum()
    return pd.DataFrame(summed).sort_values(KEYS, ignore_index=True)
