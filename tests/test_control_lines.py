"""Lines of contact: sides by orientation or by seeds, ends that fall short."""

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import LineString, Point, box
from toyland import SQUARE_KM2

import lineplan as lp

PLAN = Path(__file__).parent / "data" / "cases" / "held_and_unheld" / "plan.toml"
NORTHWARD = LineString([(31, -2), (31, 2)])


def drawn(path: Path, *lines: Any) -> Path:
    gpd.GeoDataFrame(geometry=list(lines), crs="EPSG:4326").to_file(path)
    return path


def held_km2(control: lp.Control, toy: lp.Dataset, holder: str = "bora") -> float:
    areas = lp.arrange(PLAN, dataset=toy, control=control, reconcile=False).areas("held_by")
    return float(areas.set_index("held_by")["area_km2"].get(holder, 0.0))


@pytest.mark.parametrize(
    ("how", "east"),
    [
        ({"left": "bora"}, False),
        ({"left": "aria"}, True),
        ({"seeds": [(30.2, 0.3, "bora")]}, False),
        ({"seeds": [(31.2, 0.3, "bora")]}, True),
        ({"seeds": [(30.2, 0.3, "aria")]}, True),
        ({"seeds": [(30.2, 0.3, "aria"), (31.2, 0.3, "bora")]}, True),
        ({"seeds": [(30.2, 0.3, "bora"), (31.2, 0.3, "aria"), (30.2, -0.3, "bora")]}, False),
    ],
)
@pytest.mark.parametrize("name", ["front.geojson", "front.gpkg", "front.kml"])
def test_sides(how: dict[str, Any], east: bool, name: str, tmp_path: Path, toy: lp.Dataset) -> None:
    control = lp.read_control(drawn(tmp_path / name, NORTHWARD), toy, **how)
    assert control.kind == "lines"
    held = shapely.union_all(control.claims.geometry)
    assert held.contains(Point(31.5, 0)) == east
    assert held.contains(Point(30.5, 0)) != east
    assert held_km2(control, toy) == pytest.approx(2 * SQUARE_KM2, rel=1e-9)


def test_a_reversed_line_turns_its_sides(tmp_path: Path, toy: lp.Dataset) -> None:
    path = drawn(tmp_path / "f.geojson", NORTHWARD.reverse())
    control = lp.read_control(path, toy, left="bora")
    assert shapely.union_all(control.claims.geometry).contains(Point(31.5, 0))


def test_both_sides_can_be_others_than_the_default_holder(tmp_path: Path, toy: lp.Dataset) -> None:
    seeds = [(30.2, 0, "bora"), (31.2, 0, "cora")]
    control = lp.read_control(drawn(tmp_path / "f.geojson", NORTHWARD), toy, seeds=seeds)
    assert held_km2(control, toy, "bora") == pytest.approx(2 * SQUARE_KM2, rel=1e-9)
    assert held_km2(control, toy, "cora") == pytest.approx(2 * SQUARE_KM2, rel=1e-9)


def test_a_closed_line_is_a_pocket(tmp_path: Path, toy: lp.Dataset) -> None:
    ring = LineString(box(30.5, -0.5, 31.5, 0.5).exterior.coords)
    control = lp.read_control(drawn(tmp_path / "f.geojson", ring), toy, seeds=[(31, 0, "bora")])
    assert held_km2(control, toy) == pytest.approx(SQUARE_KM2, rel=1e-3)


def test_several_lines_alternate_by_seed(tmp_path: Path, toy: lp.Dataset) -> None:
    west, east = (LineString([(x, -2), (x, 2)]) for x in (30.5, 31.5))
    path = drawn(tmp_path / "f.geojson", west, east.reverse())
    control = lp.read_control(path, toy, seeds=[(31, 0, "bora")])
    assert held_km2(control, toy) == pytest.approx(2 * SQUARE_KM2, rel=1e-9)
    control = lp.read_control(path, toy, left="aria")
    assert held_km2(control, toy) == pytest.approx(2 * SQUARE_KM2, rel=1e-9)


def test_lines_in_different_directions_need_seeds(tmp_path: Path, toy: lp.Dataset) -> None:
    west, east = (LineString([(x, -2), (x, 2)]) for x in (30.5, 31.5))
    path = drawn(tmp_path / "f.geojson", west, east)
    with pytest.raises(lp.ControlError, match="run in different directions round the ground near"):
        lp.read_control(path, toy, left="bora")


def test_short_ends_are_led_on_and_said(tmp_path: Path, toy: lp.Dataset) -> None:
    short = LineString([(31, -0.98), (31, 0.97)])
    control = lp.read_control(drawn(tmp_path / "f.geojson", short), toy, left="bora")
    assert held_km2(control, toy) == pytest.approx(2 * SQUARE_KM2, rel=1e-9)
    said = [note for note in control.notes if "short of" in note]
    assert len(said) == 2
    assert "line 0 ends 2.21 km short of a border or another line near 31.000, -0.980" in said[0]


@pytest.mark.parametrize("gap", [0, 1e-7, 0.02])
def test_pieces_of_one_line_are_joined(gap: float, tmp_path: Path, toy: lp.Dataset) -> None:
    path = drawn(
        tmp_path / "f.geojson", LineString([(31, -2), (31, 0)]), LineString([(31, gap), (31, 2)])
    )
    control = lp.read_control(path, toy, left="bora")
    assert held_km2(control, toy) == pytest.approx(2 * SQUARE_KM2, rel=1e-9)


@pytest.mark.parametrize(
    ("line", "how", "said"),
    [
        (NORTHWARD, {}, "say who holds which side, either with --left PARTY"),
        (NORTHWARD, {"left": "a", "seeds": [(30, 0, "bora")]}, "either with --left"),
        (NORTHWARD, {"left": "mars"}, "no party 'mars'"),
        (NORTHWARD, {"seeds": [(3, 47, "bora")]}, "seed 3,47=bora lies outside the units"),
        (
            NORTHWARD,
            {"seeds": [(30.2, 0, "bora"), (30.8, 0, "aria")]},
            "one piece would be of bora and of aria; no line parts them",
        ),
        (LineString([(30.5, -0.2), (30.5, 0.2)]), {"left": "bora"}, "do not cut the units in two"),
        (LineString([(40, -2), (40, 2)]), {"left": "bora"}, "do not cut the units in two"),
    ],
)
def test_faults_are_one_clear_line(
    line: LineString, how: dict[str, Any], said: str, tmp_path: Path, toy: lp.Dataset
) -> None:
    with pytest.raises(lp.ControlError) as caught:
        lp.read_control(drawn(tmp_path / "f.geojson", line), toy, **how)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_ground_between_line_and_frontier_goes_with_its_side(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    """A line that runs along the frontier, in and out, leaves no chips of the other side."""
    wavy = [
        (31, -2),
        (31, 0.99),
        *((31 + i / 20, 1 + (-1) ** i / 200) for i in range(1, 19)),
        (32.1, 1.01),
    ]
    control = lp.read_control(drawn(tmp_path / "f.geojson", LineString(wavy)), toy, left="aria")
    assert shapely.union_all(control.claims.geometry).contains(Point(31.5, 0.5))
    assert held_km2(control, toy) == pytest.approx(2 * SQUARE_KM2, rel=0.01)
