"""Situations a lawyer can read: every folder of data/cases, worked out by hand."""

import tomllib
from pathlib import Path

import pandas as pd
import pytest

import lineplan as lp

CASES = sorted(path.parent for path in Path(__file__).parent.glob("data/cases/*/plan.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, toy: lp.Dataset) -> None:
    options = case / "options.toml"
    found = lp.arrange(
        case / "plan.toml",
        dataset=toy,
        control=case / "control.geojson",
        **(tomllib.loads(options.read_text()) if options.exists() else {}),
    ).zones
    expected = pd.read_csv(case / "expected.csv", keep_default_na=False, dtype={"clause_id": str})
    order = ["unit_id", "held_by"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(found[expected.columns]).sort_values(order, ignore_index=True),
        expected.sort_values(order, ignore_index=True),
        check_dtype=False,
        rtol=0,
        atol=2e-6,  # the figures are written to a square metre
    )


def test_there_are_cases() -> None:
    assert len(CASES) >= 10
