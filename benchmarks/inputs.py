"""What the benchmarks are run on: real daily files where there are any, else the embedded line."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

import lineplan as lp

SIX_REGIONS = ["UA-43", "UA-40", "UA-09", "UA-14", "UA-23", "UA-65"]
DAY = "20251120"
COPIES = 500


@dataclass(frozen=True)
class Inputs:
    dataset: lp.Dataset
    units: gpd.GeoDataFrame
    claims: gpd.GeoDataFrame
    frontier: shapely.Geometry
    day: str
    days: list[Path]

    @classmethod
    def find(cls) -> Inputs:
        dataset = lp.load_dataset()
        country = dataset.units()
        days = sorted(_real_days())
        chosen = next((path for path in days if DAY in path.name), None)
        control = lp.read_control(chosen, dataset)
        return cls(
            dataset,
            country[country["unit_id"].isin(SIX_REGIONS)].reset_index(drop=True),
            control.claims,
            shapely.boundary(shapely.union_all(country.geometry.to_numpy(), grid_size=1e-9)),
            chosen.name if chosen else "the embedded control",
            days,
        )

    def snapshots(self, limit: int | None) -> tuple[NDArray[Any], str]:
        """All daily geometries as their files have them, or copies of the embedded one."""
        if self.days:
            paths = self.days[:limit]
            geometries = [g for path in paths for g in _geometries(path)]
            return np.array(geometries, dtype=object), f"{len(paths)} real daily files"
        line = shapely.union_all(self.claims.geometry.to_numpy())
        count = limit or COPIES
        copies = [
            shapely.transform(line, lambda xy, step=step: xy + np.array([1e-3, 2e-4]) * step)
            for step in range(count)
        ]
        return np.array(copies, dtype=object), f"{count} displaced copies of the embedded control"


def _real_days() -> list[Path]:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data" / "real"
    folder = Path(os.environ.get("LINEPLAN_REALDATA") or beside)
    return list((folder / "deepstate_daily").glob("*.geojson"))


def _geometries(path: Path) -> list[shapely.Geometry]:
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    return [shapely.geometry.shape(feature["geometry"]) for feature in features]
