"""Every real day there is, all units: the proof passes and the border mismatch stays what it is."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import lineplan as lp
from lineplan.control import read_control
from lineplan.partition import partition

pytestmark = [pytest.mark.realdata, pytest.mark.alldays]


@pytest.fixture(scope="module")
def days(real_data: Path) -> pd.DataFrame:
    """One row a day; a day whose proof fails raises here."""
    ukraine = lp.load_dataset()
    units = ukraine.units()
    rows = []
    for path in sorted((real_data / "deepstate_daily").glob("*.geojson")):
        control = read_control(path, ukraine)
        parted = partition(units, control.claims, default_holder=ukraine.default_holder)
        moved = parted.reassigned
        rows.append(
            {
                "day": control.as_of,
                "reassigned_km2": moved.loc[moved["action"] == "reassigned", "area_km2"].sum(),
                "kept": int((moved["action"] == "kept").sum()),
                "reach_km": moved["reach_km"].max(),
                "conservation_error_m2": parted.proof.conservation_error_m2,
            }
        )
    return pd.DataFrame(rows)


def test_every_day_has_a_date_of_its_own(days: pd.DataFrame, real_data: Path) -> None:
    assert len(days) == len(list((real_data / "deepstate_daily").glob("*.geojson")))
    assert days["day"].is_unique
    assert days["day"].notna().all()


def test_ground_is_conserved_on_every_day(days: pd.DataFrame) -> None:
    """27 units, 599,094 km²: less than 10 m² in all."""
    assert days["conservation_error_m2"].max() < 10


def test_the_border_mismatch_is_static(days: pd.DataFrame) -> None:
    """Coast and frontier do not move: what is reassigned is nearly the same every day."""
    print(days["reassigned_km2"].describe().to_string())
    assert days["reassigned_km2"].between(934, 944).all()
    assert days["reach_km"].max() == pytest.approx(4.2, abs=0.1)


def test_no_day_has_a_pocket_at_the_frontier(days: pd.DataFrame) -> None:
    assert (days["kept"] == 0).all()
