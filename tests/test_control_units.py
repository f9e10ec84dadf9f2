"""Other units: lines of contact cut them and settlements share them out, however they are read.

     30°E     31°E     32°E     33°E
1°N +--------+--------+--------+
    |  T-NW  |  T-NE  |        |      T-FAR lies beyond the units of the dataset, and farther
  0 +--------+--------+  T-FAR |      than what is read around them.
    |  T-SW  |  T-SE  |        |
1°S +--------+--------+--------+
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import toyland
from shapely.geometry import LineString, box
from toyland import SQUARE_KM2

import lineplan as lp

PLAN = Path(__file__).parent / "data" / "cases" / "held_and_unheld" / "plan.toml"
FRONT = LineString([(31.5, -2), (31.5, 2)])
TABLE = "place,lon,lat,date,status\n1,31.25,0,20250101,aria\n2,31.75,0,20250101,bora\n"


@pytest.fixture
def wide(tmp_path: Path) -> Path:
    far = gpd.GeoDataFrame({"unit_id": ["T-FAR"]}, geometry=[box(32, -1, 33, 1)], crs=4326)
    path = tmp_path / "wide.gpkg"
    pd.concat([toyland.units()[["unit_id", "geometry"]], far]).to_file(path)
    return path


@pytest.fixture(params=["lines", "settlements"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A source by which all ground east of 31.5°E is bora's, and how it is read."""
    if request.param == "settlements":
        path = tmp_path / "towns_20250101.csv"
        path.write_text(TABLE)
        return path, {}
    path = tmp_path / "front_20250101.geojson"
    gpd.GeoDataFrame(geometry=[FRONT], crs=4326).to_file(path)
    return path, {"left": "aria"}


def held(arrangement: lp.Arrangement, holder: str = "bora") -> dict[str, float]:
    areas = arrangement.areas(["unit", "held_by"])
    of = areas[areas["held_by"] == holder]
    return dict(zip(of["unit_id"], of["area_km2"] / SQUARE_KM2, strict=True))


EAST = {"T-NE": 0.5, "T-SE": 0.5, "T-FAR": 2.0}


def test_units_beyond_the_dataset_are_cut_too(
    wide: Path, source: tuple[Path, dict[str, Any]], toy: lp.Dataset
) -> None:
    path, how = source
    for units in (wide, lp.read_units(wide, toy).frame):
        control = lp.read_control(path, toy, units=units, **how)
        found = lp.arrange(PLAN, dataset=toy, control=control, units=units, reconcile=False)
        assert held(found) == pytest.approx(EAST, rel=1e-4)


def test_a_source_that_is_named_is_read_for_them(
    wide: Path, source: tuple[Path, dict[str, Any]], toy: lp.Dataset, tmp_path: Path
) -> None:
    path, how = source
    lp.read_control(path, toy, **how).source_file.save(tmp_path / "how.toml")
    options: dict[str, Any] = {"dataset": toy, "units": wide, "reconcile": False}
    found = lp.arrange(PLAN, control=tmp_path / "how.toml", **options)
    assert held(found) == pytest.approx(EAST, rel=1e-4)


def test_an_archive_is_read_for_them(
    wide: Path, source: tuple[Path, dict[str, Any]], toy: lp.Dataset, tmp_path: Path
) -> None:
    path, how = source
    folder = tmp_path / "days"
    folder.mkdir()
    path.rename(folder / path.name)
    archive = lp.open_archive(folder, toy, units=wide, **how)
    found = lp.timeline(PLAN, control=archive, dataset=toy, units=wide, reconcile=False).areas
    of = found[found["held_by"] == "bora"]
    shares = dict(zip(of["unit_id"], of["area_km2"] / SQUARE_KM2, strict=True))
    assert shares == pytest.approx(EAST, rel=1e-4)


def test_on_the_command_line(
    wide: Path, source: tuple[Path, dict[str, Any]], line: Any, tmp_path: Path
) -> None:
    path, how = source
    given = ["--control", path, *(["--left", how["left"]] if how else [])]
    given += ["--dataset", toyland.FOLDER, "--units", wide, "--no-reconcile"]
    said = line("areas", PLAN, *given, "--by", "unit", "--by", "held_by", "--format", "json")
    assert said.status == 0, said.err
    rows = said.document["rows"]
    of = {row["unit_id"]: row["area_km2"] / SQUARE_KM2 for row in rows if row["held_by"] == "bora"}
    assert of == pytest.approx(EAST, rel=1e-4)
    folder = tmp_path / "days"
    folder.mkdir()
    path.rename(folder / path.name)
    given[1] = folder
    assert line("timeline", PLAN, *given, "-o", "series.csv").status == 0
    table = pd.read_csv(tmp_path / "series.csv")
    of = table[table["held_by"] == "bora"].set_index("unit_id")["area_km2"] / SQUARE_KM2
    assert of.to_dict() == pytest.approx(EAST, rel=1e-4)


def test_fewer_units_are_all_that_is_cut(toy: lp.Dataset, tmp_path: Path) -> None:
    """A line that runs from border to border of the units given does not hang loose in others."""
    path = tmp_path / "front.geojson"
    gpd.GeoDataFrame(geometry=[LineString([(31.5, -0.01), (31.5, 1.01)])], crs=4326).to_file(path)
    north = toyland.units().query("unit_id == 'T-NE'")
    with pytest.raises(lp.ControlError, match="do not cut"):
        lp.read_control(path, toy, left="aria")
    control = lp.read_control(path, toy, left="aria", units=north)
    found = lp.arrange(PLAN, dataset=toy, control=control)
    assert held(found)["T-NE"] == pytest.approx(0.5, rel=1e-4)


def test_units_without_a_reference_system(toy: lp.Dataset, tmp_path: Path) -> None:
    bare = toyland.units().set_crs(None, allow_override=True)
    with pytest.raises(lp.DatasetError, match="no coordinate reference system"):
        lp.open_archive(tmp_path, toy, units=bare)
