"""Plans on all daily files: `lp.timeline` against an overlay of every day."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from inputs import Inputs
from measure import Row, interleaved, said, times
from numpy.typing import NDArray

import lineplan as lp
from lineplan.chronology.states import State
from lineplan.control.packing import pack
from lineplan.plan.file import load_plan
from lineplan.zoning import look_up

PLANS = ("point21", "borders1991", "as_held")
REACH, REACH_PACKED = 40, 100
SAID = {"files": "from files", "packed": "from a packed archive (GeoParquet)"}
BOUND_BYTES = 1_500_000
BOUND_M2 = 1.0
EQUAL_AREA = "EPSG:6933"
KEYS = ["date", "plan_id", "unit_id", "held_by", "status", "clause_id"]


def rows(inputs: Inputs, runs: int, limit: int | None) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        paths, name = _files(inputs, Path(folder), limit)
        days = [_day_of(path) for path in paths]
        packed = Path(folder) / "packed.parquet"
        archive = lp.open_archive(paths[0].parent, inputs.dataset)
        pack(archive.between(*map(date.fromisoformat, (min(days), max(days)))), packed)

        def ours(source: Path) -> lp.Timeline:
            options = {"dataset": inputs.dataset, "first": min(days), "last": max(days)}
            return lp.timeline(*PLANS, control=source, **options)

        seconds = interleaved(
            {
                "files": lambda: ours(paths[0].parent),
                "packed": lambda: ours(packed),
                "overlay": lambda: overlay(inputs.dataset, paths),
            },
            runs,
        )
        worst_m2, stepped = _against_full(ours(packed), lambda: ours(packed))
        size = packed.stat().st_size
    correctness = (
        f"{worst_m2:.2g} m² the most that a unit and holder is off the full computation on any "
        f"day (bound {BOUND_M2:g}); {stepped} of {len(paths)} days in steps"
    )
    found = []
    for what, reach, more in (
        ("files", REACH, ""),
        ("packed", REACH_PACKED, f"; archive of {size:,} bytes (bound {BOUND_BYTES:,})"),
    ):
        per_day = {key: seconds[key] / len(paths) for key in (what, "overlay")}
        found.append(
            Row(
                f"{name} -> zone areas of {len(PLANS)} plans and the line, {SAID[what]}",
                f"{said(seconds[what])} ({1 / per_day[what]:.0f} days/s)",
                f"geopandas.overlay each day {said(seconds['overlay'])} "
                f"({1 / per_day['overlay']:.0f} days/s)",
                times(seconds[what], seconds["overlay"]),
                f"≥ {reach}x the overlay loop; ≤ 1 m² a day",
                seconds["overlay"] >= reach * seconds[what],
                correctness + more,
                worst_m2 <= BOUND_M2 and size <= BOUND_BYTES,
            )
        )
    return found


def overlay(dataset: lp.Dataset, paths: Sequence[Path]) -> pd.DataFrame:
    """Areas of the plans by an identity overlay of every day, without reconciliation."""
    units = dataset.units()[["unit_id", "geometry"]]
    plans = [load_plan(plan, dataset).choose() for plan in PLANS]
    tables = []
    for path in paths:
        held = gpd.read_file(path)[["geometry"]].assign(held_by=dataset.claimant)
        laid = gpd.overlay(units, held, how="identity")
        laid["held_by"] = laid["held_by"].fillna(dataset.default_holder)
        laid["area_m2"] = laid.to_crs(EQUAL_AREA).area
        ground = laid.groupby(["unit_id", "held_by"], as_index=False)["area_m2"].sum()
        for plan in plans:
            answer = look_up(plan, ground)[["status", "clause_id"]]
            tables.append(ground.join(answer).assign(plan_id=plan.id, date=path.name))
    return pd.concat(tables, ignore_index=True)


def _against_full(found: lp.Timeline, run: Any) -> tuple[float, int]:
    """Largest difference from days that are all measured in full, and how many are not."""
    step, steps = State.step, 0

    def counted(self: State, *arguments: Any) -> State | None:
        nonlocal steps
        steps += step(self, *arguments) is not None
        return None

    State.step = counted  # type: ignore[method-assign]
    try:
        full = run()
    finally:
        State.step = step  # type: ignore[method-assign]
    both = found.areas.merge(full.areas, on=KEYS, how="outer")
    if not len(both) == len(found.areas) == len(full.areas):
        return float("inf"), steps
    return float((both["area_km2_x"] - both["area_km2_y"]).abs().max() * 1e6), steps


def _files(inputs: Inputs, folder: Path, limit: int | None) -> tuple[list[Path], str]:
    """Real daily files, or the embedded control with some corners moved every day."""
    if inputs.days:
        paths = inputs.days[-limit:] if limit else inputs.days
        return paths, f"{len(paths)} real daily files"
    line = shapely.union_all(inputs.claims.geometry.to_numpy())
    paths = []
    for number in range(limit or 100):
        moved = shapely.transform(line, lambda xy, n=number: _some_moved(xy, n))
        if not moved.is_valid:
            continue
        feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(moved)}
        day = pd.Timestamp("2025-01-01") + pd.Timedelta(days=number)
        path = folder / f"made_{day:%Y%m%d}.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
        paths.append(path)
    return paths, f"{len(paths)} made daily files"


def _some_moved(xy: NDArray[np.float64], number: int) -> NDArray[np.float64]:
    """Corners with a few moved, told by where they lie: a ring's first is also its last."""
    chosen = np.rint(xy.sum(axis=1) * 1e6) % 97 == number % 97
    return xy + chosen[:, None] * 1e-3


def _day_of(path: Path) -> str:
    digits = path.stem[-8:]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
