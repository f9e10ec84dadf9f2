"""Sources that draw every party: what they leave unclaimed is unknown, not the default holder's."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import toyland
from conftest import Said
from shapely.geometry import LineString, box
from toyland import SQUARE_KM2, claims

import lineplan as lp
from lineplan.control import pack

PLAN = Path(__file__).parent / "data" / "cases" / "held_and_unheld" / "plan.toml"
# A strip from 30.9°E to 31.1°E is nobody's: a tenth of each square, 220 km long.
WEST, EAST = box(29.5, -1.5, 30.9, 1.5), box(31.1, -1.5, 32.5, 1.5)
BOTH = (("aria", WEST), ("bora", EAST))
LEFT_KM2 = 4 * SQUARE_KM2 / 10


def drawn(path: Path, *rows: tuple[str, Any], column: str = "held_by") -> Path:
    claims(*rows).rename(columns={"held_by": column}).to_file(path)
    return path


# Unclaimed ground that reaches inland is warned of; here it is what is looked for.
pytestmark = pytest.mark.filterwarnings("ignore:border piece:lineplan.errors.LineplanWarning")


def held(arrangement: lp.Arrangement) -> dict[str, float]:
    return arrangement.areas("held_by").set_index("held_by")["area_km2"].to_dict()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return drawn(tmp_path / "both.geojson", *BOTH)


def test_what_is_unclaimed_is_unknown(source: Path, toy: lp.Dataset) -> None:
    control = lp.read_control(source, toy)
    assert control.draws_every_party
    assert any("unclaimed is unknown (--not-every-party" in note for note in control.notes)
    arrangement = lp.arrange(PLAN, dataset=toy, control=control)
    found = held(arrangement)
    assert found["unknown"] == pytest.approx(LEFT_KM2, rel=1e-9)
    assert found["aria"] == pytest.approx(found["bora"])
    assert arrangement.conditions["default_holder"] == "unknown"


def test_a_column_of_another_name(tmp_path: Path, toy: lp.Dataset) -> None:
    path = drawn(tmp_path / "m.gpkg", *BOTH, column="who")
    control = lp.read_control(path, toy, holder="who")
    assert control.kind == "mapped"
    assert held(lp.arrange(PLAN, dataset=toy, control=control))["unknown"] > 0


def test_one_party_drawn_leaves_the_rest_to_the_default_holder(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    control = lp.read_control(drawn(tmp_path / "one.geojson", BOTH[1]), toy)
    assert not control.draws_every_party
    assert set(held(lp.arrange(PLAN, dataset=toy, control=control))) == {"aria", "bora"}


@pytest.mark.parametrize("rows", [BOTH, BOTH[1:]])
@pytest.mark.parametrize("said", [True, False])
def test_it_can_be_said(
    rows: tuple[tuple[str, Any], ...], said: bool, tmp_path: Path, toy: lp.Dataset
) -> None:
    path = drawn(tmp_path / "s.geojson", *rows)
    control = lp.read_control(path, toy, draws_every_party=said)
    assert control.draws_every_party is said
    found = held(lp.arrange(PLAN, dataset=toy, control=control, reconcile=False))
    left_km2 = LEFT_KM2 if rows == BOTH else 4 * SQUARE_KM2 * 0.55
    assert found.get("unknown", 0.0) == pytest.approx(left_km2 if said else 0.0, rel=1e-9)
    assert control.source_file is not None
    control.source_file.save(tmp_path / "how.toml")
    assert f"draws_every_party = {str(said).lower()}\n" in (tmp_path / "how.toml").read_text()
    assert lp.read_control(tmp_path / "how.toml", toy).draws_every_party is said


def test_a_border_mismatch_is_nobodys_main_body(tmp_path: Path, toy: lp.Dataset) -> None:
    """The only unclaimed ground is a strip along the frontier, and no more than a mismatch."""
    rows = (("aria", box(30.02, -1.5, 31.5, 1.5)), ("bora", box(31.5, -1.5, 32.5, 1.5)))
    arrangement = lp.arrange(
        PLAN, dataset=toy, control=lp.read_control(drawn(tmp_path / "m.geojson", *rows), toy)
    )
    found = held(arrangement)
    assert found == pytest.approx({"aria": 3 * SQUARE_KM2, "bora": SQUARE_KM2}, rel=1e-9)
    moved = arrangement.reassigned
    assert set(moved["held_by_mapped"]) == {"unknown"}
    assert moved["area_km2"].sum() == pytest.approx(0.04 * SQUARE_KM2, rel=1e-9)


def test_what_is_drawn_as_unknown_is_not_reassigned(tmp_path: Path, toy: lp.Dataset) -> None:
    rows = (
        ("unknown", box(29.5, -1.5, 30.02, 1.5)),
        ("aria", box(30.02, -1.5, 31.5, 1.5)),
        ("bora", box(31.5, -1.5, 32.5, 1.5)),
    )
    control = lp.read_control(drawn(tmp_path / "m.geojson", *rows), toy)
    found = held(lp.arrange(PLAN, dataset=toy, control=control))
    assert found["unknown"] == pytest.approx(0.04 * SQUARE_KM2, rel=1e-9)


def test_lines_and_settlements_share_out_all_ground(tmp_path: Path, toy: lp.Dataset) -> None:
    front = tmp_path / "front.geojson"
    gpd.GeoDataFrame(geometry=[LineString([(31, -2), (31, 2)])], crs=4326).to_file(front)
    towns = tmp_path / "towns.csv"
    towns.write_text("place,lon,lat,status\n1,30.5,0,aria\n2,31.5,0,bora\n")
    for control in (lp.read_control(front, toy, left="aria"), lp.read_control(towns, toy)):
        assert not control.draws_every_party
        found = held(lp.arrange(PLAN, dataset=toy, control=control, reconcile=False))
        expected = {"aria": 2 * SQUARE_KM2, "bora": 2 * SQUARE_KM2}
        assert found == pytest.approx(expected, rel=1e-5)


def test_a_base_that_draws_every_party(source: Path, tmp_path: Path, toy: lp.Dataset) -> None:
    more = drawn(tmp_path / "more.geojson", ("bora", box(31.0, -1.5, 32.5, 1.5)))
    control = lp.read_control(more, toy, base=source)
    assert control.draws_every_party
    found = held(lp.arrange(PLAN, dataset=toy, control=control))
    assert found["unknown"] == pytest.approx(LEFT_KM2 / 2, rel=1e-6)


@pytest.fixture
def days(tmp_path: Path) -> Path:
    """A source that draws one party on the first two days, and both on the others."""
    folder = tmp_path / "days"
    folder.mkdir()
    for number, rows in enumerate((BOTH[1:], BOTH[1:], BOTH, BOTH)):
        shifted = [(who, ground if who == "aria" else box(31.1 + number / 100, -1.5, 32.5, 1.5))
                   for who, ground in rows]  # fmt: skip
        drawn(folder / f"d_2025010{number + 1}.geojson", *shifted)
    return folder


@pytest.mark.parametrize("said", [None, True, False])
def test_archives_and_timelines_keep_it(
    said: bool | None, days: Path, tmp_path: Path, toy: lp.Dataset
) -> None:
    archive = lp.open_archive(days, toy, draws_every_party=said)
    pack(archive, tmp_path / "packed.parquet")
    packed = lp.open_archive(tmp_path / "packed.parquet", toy)
    expected = [False, False, True, True] if said is None else [said] * 4
    for of in (archive, packed):
        assert [of.control(day).draws_every_party for day in of.days] == expected
        areas = lp.timeline(PLAN, control=of, dataset=toy).areas
        for day in of.days:
            alone = held(lp.arrange(PLAN, dataset=toy, control=of.control(day)))
            rows = areas[areas["date"] == pd.Timestamp(day)]
            assert rows.groupby("held_by")["area_km2"].sum().to_dict() == pytest.approx(alone)
            assert ("unknown" in alone) == of.control(day).draws_every_party


def test_on_the_command_line(source: Path, days: Path, line: Any) -> None:
    given = ["areas", PLAN, "--dataset", toyland.FOLDER, "--by", "held_by", "--format", "json"]

    def of(*options: object) -> dict[str, float]:
        said: Said = line(*given, "--control", source, *options)
        assert said.status == 0, said.err
        assert ("draws every party" in said.err) == (not options)
        return {row["held_by"]: row["area_km2"] for row in said.document["rows"]}

    assert of()["unknown"] == pytest.approx(LEFT_KM2)
    assert set(of("--not-every-party")) == {"aria", "bora"}
    series = ["timeline", PLAN, "--dataset", toyland.FOLDER, "-o", "series.csv"]
    assert line(*series, "--control", days, "--not-every-party").status == 0
    assert set(pd.read_csv("series.csv")["held_by"]) == {"aria", "bora"}


def test_the_embedded_line_draws_one_party(ukraine: lp.Dataset) -> None:
    assert not lp.read_control(None, ukraine).draws_every_party


@pytest.mark.realdata
def test_the_map_with_both_sides(real_data: Path, ukraine: lp.Dataset) -> None:
    """Both sides are drawn to within 2,000 km² of the units; all but two slivers lie at borders."""
    path = real_data / "other" / "mapsite_Control_25_11_18.kml"
    options: dict[str, Any] = {"as_of": dt.date(2025, 11, 18)}
    control = lp.read_control(path, ukraine, **options)
    assert control.draws_every_party
    with pytest.warns(lp.LineplanWarning, match="stays with unknown"):
        found = held(lp.arrange("as_held", control=control))
    before = lp.read_control(path, ukraine, draws_every_party=False, **options)
    whole = held(lp.arrange("as_held", control=before))
    assert found["ru"] == pytest.approx(whole["ru"], abs=1e-6)
    assert found["ua"] + found["unknown"] == pytest.approx(whole["ua"], abs=1e-6)
    assert found["unknown"] == pytest.approx(88.8, abs=0.1)
