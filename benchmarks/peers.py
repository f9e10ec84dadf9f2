"""The peers of one day's partition; each is imported only when it is asked for.

All get the same units and claims ready in memory in the form they like, and give back faces with
their areas in an equal-area projection (EPSG:6933). None of them reconciles or proves.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module, resources
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

EQUAL_AREA = "EPSG:6933"


@dataclass(frozen=True)
class Result:
    """`faces` is None where a peer gives only the claimed ground."""

    faces: NDArray[Any] | None
    held_km2: float


def overlay(units: gpd.GeoDataFrame, claims: gpd.GeoDataFrame) -> Result:
    faces = gpd.overlay(
        units[["unit_id", "geometry"]],
        claims[["held_by", "geometry"]],
        how="identity",
        keep_geom_type=True,
    )
    area_km2 = faces.to_crs(EQUAL_AREA).area / 1e6
    return Result(faces.geometry.to_numpy(), float(area_km2[faces["held_by"].notna()].sum()))


class Maup:
    """The nearest that maup has: intersections, and the rest of each unit by subtraction."""

    name = "maup.intersections"
    package = "maup"

    def __init__(self, units: gpd.GeoDataFrame, claims: gpd.GeoDataFrame) -> None:
        self.maup = import_module("maup")
        self.units = units.set_index("unit_id").to_crs(EQUAL_AREA)
        self.claims = claims.to_crs(EQUAL_AREA)
        self.run()

    def run(self) -> Result:
        held = self.maup.intersections(self.units, self.claims, area_cutoff=0)
        held_m2 = held.area.groupby(level="source").sum()
        self.units.area.sub(held_m2, fill_value=0)
        return Result(None, float(held_m2.sum() / 1e6))


_FACES = """
    SELECT u.unit_id, true AS held, ST_Intersection(u.shape, c.shape) AS shape
    FROM units u, claims c WHERE ST_Intersects(u.shape, c.shape)
    UNION ALL
    SELECT u.unit_id, false AS held, ST_Difference(u.shape, c.shape) AS shape
    FROM units u, claims c
"""


class DuckDB:
    """DuckDB with its spatial extension from PyPI, whose signature DuckDB checks on loading."""

    name = "DuckDB spatial"
    package = "duckdb duckdb-extension-spatial"

    def __init__(self, units: gpd.GeoDataFrame, claims: gpd.GeoDataFrame) -> None:
        duckdb = import_module("duckdb")
        folder = resources.files(import_module("duckdb_extension_spatial")) / "extensions"
        extension = folder / f"v{duckdb.__version__}" / "spatial.duckdb_extension"
        # Nothing is fetched: an extension that is not there is an error.
        self.db = duckdb.connect(config={"autoinstall_known_extensions": "false"})
        self.db.execute(f"LOAD '{extension}'")
        for name, frame in _tables(units, claims).items():
            self.db.register("given", frame)
            self.db.execute(
                f"CREATE TABLE {name} AS SELECT unit_id, ST_GeomFromWKB(wkb) AS shape FROM given"
            )
        self.run()

    def run(self) -> Result:
        self.db.execute(
            "CREATE OR REPLACE TABLE faces AS SELECT *, ST_Area(ST_Transform(shape, 'EPSG:4326', "
            f"'{EQUAL_AREA}', true)) / 1e6 AS km2 FROM ({_FACES})"
        )
        found = self.db.execute("SELECT ST_AsWKB(shape) AS wkb, held, km2 FROM faces").df()
        return _result(found)


class Sedona:
    """SedonaDB, the single-node Apache Sedona."""

    name = "SedonaDB"
    package = "'sedonadb[geopandas]'"

    def __init__(self, units: gpd.GeoDataFrame, claims: gpd.GeoDataFrame) -> None:
        self.db = import_module("sedonadb").connect()
        for name, frame in _tables(units, claims).items():
            self.db.create_data_frame(frame).to_view("given", overwrite=True)
            self.db.sql(
                "SELECT unit_id, ST_GeomFromWKB(wkb, 4326) AS shape FROM given"
            ).to_memtable().to_view(name, overwrite=True)
        self.run()

    def run(self) -> Result:
        found = self.db.sql(
            f"SELECT ST_AsBinary(shape) AS wkb, held, "
            f"ST_Area(ST_Transform(shape, '{EQUAL_AREA}')) / 1e6 AS km2 FROM ({_FACES}) AS faces"
        ).to_pandas()
        return _result(found)


def _tables(units: gpd.GeoDataFrame, claims: gpd.GeoDataFrame) -> dict[str, pd.DataFrame]:
    """Units and the claims as one shape, as well-known binary."""
    shapes = units.geometry.to_numpy()
    claimed = shapely.union_all(claims.geometry.to_numpy())
    return {
        "units": pd.DataFrame({"unit_id": units["unit_id"], "wkb": shapely.to_wkb(shapes)}),
        "claims": pd.DataFrame({"unit_id": ["-"], "wkb": [shapely.to_wkb(claimed)]}),
    }


def _result(found: pd.DataFrame) -> Result:
    faces = shapely.from_wkb([bytes(wkb) for wkb in found["wkb"]])
    return Result(np.asarray(faces), float(found.loc[found["held"], "km2"].sum()))
