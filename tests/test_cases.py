"""Situations a lawyer can read: every folder of data/cases, worked out by hand."""

import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import lineplan as lp

CASES = sorted(path.parent for path in Path(__file__).parent.glob("data/cases/*/plan.toml"))


def options_of(case: Path) -> dict[str, Any]:
    """Arguments of `arrange`; files of lines lie in the folder of the case."""
    path = case / "options.toml"
    options = tomllib.loads(path.read_text()) if path.exists() else {}
    if lines := options.get("lines"):
        options["lines"] = {day: case / file for day, file in lines.items()}
    return options


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case: Path, toy: lp.Dataset) -> None:
    plan = lp.load_plan(case / "plan.toml", toy)
    found = lp.arrange(
        plan, dataset=toy, control=case / "control.geojson", **options_of(case)
    ).zones
    expected = pd.read_csv(case / "expected.csv", keep_default_na=False, dtype={"clause_id": str})
    order = ["unit_id", "held_by", "clause_id"]
    pd.testing.assert_frame_equal(
        pd.DataFrame(found[expected.columns]).sort_values(order, ignore_index=True),
        expected.sort_values(order, ignore_index=True),
        check_dtype=False,
        # Whole squares are written to a square metre. A strip is as wide as it should be to 0.01 %,
        # and what it leaves over is as exact in km².
        rtol=1e-4 if plan.strips() else 0,
        atol=2e-6,
    )


def test_there_are_cases() -> None:
    assert len(CASES) >= 10
