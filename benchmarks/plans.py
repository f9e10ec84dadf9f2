"""Ten plans on one ground against one plan, from files, and against arranging each of them."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from inputs import Inputs
from measure import Row, interleaved, said

import lineplan as lp

COUNT = 10
REACH = 1.5
RELATIVE_BOUND = 1e-9


def rows(inputs: Inputs, runs: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        plans = _plans(inputs.dataset, Path(folder))
        control = next((path for path in inputs.days if path.name == inputs.day), None)

        def compare(count: int) -> lp.Comparison:
            found = lp.compare(*plans[:count], control=control)
            found.matrix()
            found.control()
            return found

        seconds = interleaved(
            {
                "ten": lambda: compare(COUNT),
                "one": lambda: compare(1),
                "arrange": lambda: [lp.arrange(plan, control=control) for plan in plans],
            },
            runs,
        )
        worst = _worst(compare(COUNT), plans, control)
    ratio = seconds["ten"] / seconds["one"]
    what = f"compare {COUNT} plans, from files ({inputs.day})"
    sound = worst <= RELATIVE_BOUND
    correctness = f"areas against arrange: {worst:.1e} relative (bound {RELATIVE_BOUND:.0e})"
    return [
        Row(
            what,
            said(seconds["ten"]),
            f"compare one plan {said(seconds['one'])}",
            f"{ratio:.2f} of one",
            f"≤ {REACH} of one",
            ratio <= REACH,
            correctness,
            sound,
        ),
        Row(
            what,
            said(seconds["ten"]),
            f"arrange each of them {said(seconds['arrange'])}",
            f"{seconds['arrange'] / seconds['ten']:.2g}x",
        ),
    ]


def _plans(dataset: lp.Dataset, folder: Path) -> list[Path]:
    """Files of plans of one size that differ: Point 21 with one unit exchanged in a clause."""
    text = dataset.plan_path("point21").read_text(encoding="utf-8")
    others = [unit for unit in dataset.units()["unit_id"] if unit not in text]
    files = []
    for number, unit in enumerate(others[:COUNT]):
        file = folder / f"plan{number}.toml"
        varied = text.replace('id = "point21"', f'id = "plan{number}"', 1)
        file.write_text(varied.replace('"UA-65"', f'"{unit}"'), encoding="utf-8")
        files.append(file)
    return files


def _worst(compared: lp.Comparison, plans: list[Path], control: Path | None) -> float:
    """Largest relative difference of any area by status, holder and unit from that of arrange."""
    keys = ["unit_id", "status", "held_by"]
    table = compared.areas(["unit", "status", "held_by"]).set_index("plan_id")
    worst = 0.0
    for plan, file in zip(compared.plans, plans, strict=True):
        alone = lp.arrange(file, control=control).areas(["unit", "status", "held_by"])
        ours = table.loc[plan.id].set_index(keys)["area_km2"].sort_index()
        theirs = alone.set_index(keys)["area_km2"].sort_index()
        if not ours.index.equals(theirs.index):
            return float("inf")
        worst = max(worst, float(np.max(np.abs(ours / theirs - 1))))
    return worst
