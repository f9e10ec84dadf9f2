"""Real days and real maps, whose files may be used here but not shipped."""

import json
import warnings
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely.geometry import shape

import lineplan as lp

pytestmark = pytest.mark.realdata

SIX_REGIONS = ["UA-09", "UA-14", "UA-23", "UA-40", "UA-43", "UA-65"]
DAY = "20251120"


def daily(real_data: Path, day: str = DAY) -> Path:
    return real_data / "deepstate_daily" / f"deepstatemap_data_{day}.geojson"


@pytest.fixture(scope="module")
def november(real_data: Path) -> lp.Arrangement:
    return lp.arrange(control=daily(real_data))


def buffer_km2(arrangement: lp.Arrangement) -> float:
    return arrangement.headline("demilitarized_buffer")["area_km2"]


def test_the_buffer_of_a_real_day(november: lp.Arrangement) -> None:
    assert buffer_km2(november) == pytest.approx(6262.2, abs=0.5)
    assert november.conditions["line_date"] == "2025-11-20"


def test_without_reconciliation_the_frontier_is_counted_as_buffer(real_data: Path) -> None:
    plain = lp.arrange(control=daily(real_data), reconcile=False)
    assert buffer_km2(plain) == pytest.approx(6378, abs=1)


def test_what_was_reassigned_is_listed(november: lp.Arrangement) -> None:
    moved = november.reassigned[november.reassigned["action"] == "reassigned"]
    assert moved["area_km2"].sum() == pytest.approx(939, abs=5)
    assert november.conditions["reassigned_km2"] == pytest.approx(moved["area_km2"].sum())
    assert set(moved["held_by_mapped"]) == {"ua"}
    named = [note for note in november.conditions["notes"] if note.startswith("border piece")]
    assert len(named) == (moved.groupby("piece")["area_km2"].sum() > 20).sum()


def test_nothing_of_odesa_changes_hands(november: lp.Arrangement) -> None:
    """A fragment of 42 km² there borders no claimed ground."""
    assert "UA-51" not in set(november.reassigned["unit_id"])


def test_noise_inside_donetsk_is_closed(november: lp.Arrangement) -> None:
    (noise,) = november.reassigned[november.reassigned["reason"] == "noise"].itertuples()
    assert noise.unit_id == "UA-14"
    assert noise.area_km2 < 0.01


@pytest.mark.parametrize("units", ["frame", "file"])
def test_six_regions_give_what_the_whole_country_gives(
    units: str, november: lp.Arrangement, real_data: Path, ukraine: lp.Dataset, tmp_path: Path
) -> None:
    six = ukraine.units().query("unit_id in @SIX_REGIONS").reset_index(drop=True)
    if units == "file":
        six.to_file(tmp_path / "six.gpkg")
    found = lp.arrange(
        control=daily(real_data), units=six if units == "frame" else tmp_path / "six.gpkg"
    )
    assert buffer_km2(found) == pytest.approx(buffer_km2(november), abs=1e-4)
    theirs = november.zones[november.zones["unit_id"].isin(SIX_REGIONS)]
    pd.testing.assert_frame_equal(
        found.areas(["unit", "held_by"])[["unit_id", "held_by", "area_km2"]],
        theirs.groupby(["unit_id", "held_by"], sort=False)["area_km2"].sum().reset_index(),
        atol=1e-4,
    )


def test_units_agree_with_the_published_assessment(
    november: lp.Arrangement, ukraine: lp.Dataset
) -> None:
    assessed = ukraine.assessments().query("assessment == 'deepstate'").set_index("unit_id")["km2"]
    areas = november.areas(["unit", "held_by"])
    held = areas[areas["held_by"] == "ru"].set_index("unit_id")["area_km2"]
    apart = held.sub(assessed, fill_value=0)
    # The figures were counted with another course of the border between Crimea and Kherson.
    shifted = apart[["UA-43", "UA-65"]]
    assert shifted.abs().max() < 2
    assert abs(shifted.sum()) < 1
    assert apart.drop(shifted.index).abs().max() < 1


@pytest.fixture(scope="module")
def april_2022(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ground drawn as held: dark red ("occupied") and black (held before 2022) fills."""
    feed = json.loads((real_data / "other" / "deepstate_full_1648989208.geojson").read_text())
    held = [
        shapely.force_2d(shape(feature["geometry"]))
        for feature in feed["features"]
        if feature["geometry"] and feature["properties"].get("fill") in ("#a52714", "#000000")
    ]
    assert len(held) == 17
    path = tmp_path_factory.mktemp("april") / "held.geojson"
    gpd.GeoDataFrame(geometry=held, crs="EPSG:4326").to_file(path)
    return path


def test_encircled_mariupol_stays(april_2022: Path) -> None:
    with pytest.warns(lp.LineplanWarning, match="stays with ua"):
        found = lp.arrange(control=april_2022, as_of="2022-04-03")
    place = shapely.Point(37.59, 47.12)
    (zone,) = found.zones[found.zones.contains(place)].itertuples()
    assert (zone.unit_id, zone.held_by) == ("UA-14", "ua")
    (piece,) = found.reassigned[found.reassigned.contains(place)].itertuples()
    assert piece.action == "kept"
    assert piece.area_km2 == pytest.approx(118, abs=1)
    assert piece.reach_km == pytest.approx(10.7, abs=0.1)
    (note,) = [n for n in found.conditions["notes"] if "near 37.590, 47.119" in n]
    assert "117.6 km² in UA-14" in note
    assert note.endswith("stays with ua: it reaches 10.7 km inland")


def test_collections_of_a_real_feed_are_read(april_2022: Path, ukraine: lp.Dataset) -> None:
    """Crimea is drawn as a collection there."""
    control = lp.read_control(april_2022, ukraine)
    assert len(control.claims) == 17
    assert control.claims.contains(shapely.Point(34.1, 45.0)).any()


SAMPLE = 12


@pytest.mark.parametrize("part", range(SAMPLE))
def test_days_over_the_whole_range_pass_the_proof(
    part: int, real_data: Path, ukraine: lp.Dataset
) -> None:
    files = sorted((real_data / "deepstate_daily").glob("*.geojson"))
    path = files[part * (len(files) - 1) // (SAMPLE - 1)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = lp.arrange(control=path)
    assert found.conditions["conservation_error_m2"] < 1000
    assert found.conditions["reassigned_km2"] == pytest.approx(939, abs=60)
    assert found.zones["area_km2"].sum() == pytest.approx(found.units["area_km2"].sum(), rel=1e-9)
    assert found.conditions["line_date"].replace("-", "") == path.stem[-8:]
