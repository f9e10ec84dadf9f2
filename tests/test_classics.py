"""Classic arrangements on lines made by hand: 10 and 5 km, rings, two baselines, ground between.

The country is that of toyland.py, two degrees wide and high. A meridian through it is 221.149 km
long, so a strip along one has 221.149 km² for each kilometre of its width.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pyproj
import pytest
import shapely
from test_cases import options_of
from toyland import SQUARE_KM2

import lineplan as lp
from lineplan.plan import (
    Clause,
    Forces,
    Parameter,
    Plan,
    Quote,
    Reading,
    Revocation,
    Source,
    Strip,
    Where,
)

FOLDER = Path(__file__).parent / "data" / "classics"
EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
MERIDIAN_KM = 221.149
DEGREE_KM2 = 2 * SQUARE_KM2
"""One degree of longitude, from the southern coast to the northern."""


def arranged(case: str, toy: lp.Dataset) -> lp.Arrangement:
    folder = FOLDER / case
    plan = lp.load_plan(folder / "plan.toml", toy)
    return lp.arrange(plan, dataset=toy, control=folder / "control.geojson", **options_of(folder))


def km2(found: lp.Arrangement, *by: str) -> dict[str, float]:
    zones = found.zones[found.zones["clause_id"] != ""]
    return zones.groupby(list(by) or "clause_id")["area_km2"].sum().to_dict()


def test_iraq_and_kuwait(toy: lp.Dataset) -> None:
    """Published: 15 km by 200 km. The equator is straight, so this is 3,000 km² exactly."""
    found = km2(arranged("iraq_kuwait", toy))
    assert found == pytest.approx({"north": 10 * 200, "south": 5 * 200}, rel=5e-4)
    assert sum(found.values()) == pytest.approx(3000, rel=5e-4)


def test_iraq_and_kuwait_lie_on_their_own_side(toy: lp.Dataset) -> None:
    zones = arranged("iraq_kuwait", toy).zones
    assert set(zones.loc[zones["clause_id"] == "north", "unit_id"]) == {"T-NW", "T-NE"}
    assert set(zones.loc[zones["clause_id"] == "south", "unit_id"]) == {"T-SW", "T-SE"}


def test_abkhazia(toy: lp.Dataset) -> None:
    """12 km without forces, then 12 km without heavy weapons, on each side."""
    found = arranged("abkhazia", toy)
    one_side = 12 * MERIDIAN_KM
    assert km2(found, "clause_id", "held_by") == pytest.approx(
        {
            ("security", "aria"): one_side,
            ("security", "bora"): one_side,
            ("restricted", "aria"): one_side,
            ("restricted", "bora"): one_side,
        },
        rel=1e-4,
    )
    assert set(found.zones["forces"]) == {
        "unspecified",
        "barred: aria, bora; heavy_weapons_barred: aria, bora",
        "heavy_weapons_barred: aria, bora",
    }


def test_golan(toy: lp.Dataset) -> None:
    """Rings of 10, 10 and 5 km behind each of two lines, and the ground between the lines."""
    found = km2(arranged("golan", toy))
    rings = {"0-10": 10 * MERIDIAN_KM, "10-20": 10 * MERIDIAN_KM, "20-25": 5 * MERIDIAN_KM}
    behind = {f"{line}{ring}": area for line in "AB" for ring, area in rings.items()}
    # The lines are a tenth of a degree apart: 24.617 / 10 = 2,461.7 km².
    assert found == pytest.approx(behind | {"separation": DEGREE_KM2 / 10}, rel=1e-4)
    assert found["separation"] == pytest.approx(DEGREE_KM2 / 10, rel=1e-9)


def test_golan_rings_lie_behind_their_own_line(toy: lp.Dataset) -> None:
    zones = arranged("golan", toy).zones
    west, east = (
        zones[zones["clause_id"].str.startswith(line)].geometry.total_bounds for line in "AB"
    )
    assert west[2] == pytest.approx(30.95, abs=1e-6)
    assert east[0] == pytest.approx(31.05, abs=1e-6)
    # 25 km are 0.22458 degrees of the equator.
    assert west[0] == pytest.approx(30.95 - 0.22458, abs=1e-4)
    assert east[2] == pytest.approx(31.05 + 0.22458, abs=1e-4)


def test_eritrea_and_ethiopia(toy: lp.Dataset) -> None:
    """25 km on one side of a front with salients, against a plane of another kind."""
    found = km2(arranged("eritrea_ethiopia", toy), "held_by")
    assert set(found) == {"aria"}
    assert found["aria"] == pytest.approx(one_side_on_a_plane(25), rel=1e-4)


def one_side_on_a_plane(width_km: float) -> float:
    """The same on an azimuthal equidistant plane, measured on a cylindrical equal-area one."""
    plane = pyproj.Transformer.from_crs(
        "OGC:CRS84", "+proj=aeqd +lon_0=31 +lat_0=0 +datum=WGS84", always_xy=True
    )
    equal_area = pyproj.Transformer.from_crs(
        "+proj=aeqd +lon_0=31 +lat_0=0 +datum=WGS84", "+proj=cea +datum=WGS84", always_xy=True
    )

    def flat(geometry: shapely.Geometry) -> shapely.Geometry:
        fine = shapely.segmentize(geometry, 0.01)
        return shapely.transform(fine, plane.transform, interleaved=False)

    east = gpd.read_file(FOLDER / "eritrea_ethiopia" / "control.geojson").geometry.iloc[0]
    country = shapely.box(30, -1, 32, 1)
    front = shapely.intersection(shapely.boundary(east), shapely.box(30.5, -1, 31.5, 1))
    west = shapely.difference(country, east)
    strip = shapely.intersection(
        shapely.buffer(flat(front), width_km * 1000, quad_segs=256), flat(west)
    )
    strip = shapely.segmentize(strip, 500)
    return shapely.transform(strip, equal_area.transform, interleaved=False).area / 1e6


def test_cyprus(toy: lp.Dataset) -> None:
    """Ground between two lines: 7 km to 20 m wide, in parts that touch in a point or not at all."""
    found = km2(arranged("cyprus", toy))
    # Two triangles of 66.8 x 7.0 km, a ribbon of 44.5 km x 20 m, triangles of 22.3 x 4.4 km and
    # 11.1 x 2.2 km: about 233.4 + 0.89 + 49.2 + 12.3 km².
    assert found["buffer"] == pytest.approx(233.4 + 0.89 + 49.2 + 12.3, rel=2e-3)
    parts = gpd.read_file(FOLDER / "cyprus" / "between.geojson").geometry.to_numpy()
    fine = shapely.segmentize(parts, 0.01)
    equal_area = pyproj.Transformer.from_crs("OGC:CRS84", "+proj=cea +datum=WGS84", always_xy=True)
    there = shapely.transform(fine, equal_area.transform, interleaved=False)
    assert found["buffer"] == pytest.approx(float(np.sum(shapely.area(there))) / 1e6, rel=1e-7)


def test_minsk_of_february_2015(toy: lp.Dataset) -> None:
    """Zones 50, 70 and 140 km wide in all: one side from the line as it is, the other from that of
    19 September 2014, which ran 0.2 degrees (22 km) further east."""
    found = km2(arranged("minsk2", toy))
    ground_between = 0.2 * DEGREE_KM2
    assert found == pytest.approx(
        {
            "a25": 25 * MERIDIAN_KM,
            "a35": 10 * MERIDIAN_KM,
            "a70": 35 * MERIDIAN_KM,
            # All that was taken since lies within 25 km of the old line.
            "b25": ground_between + 25 * MERIDIAN_KM,
            "b35": 10 * MERIDIAN_KM,
            "b70": 35 * MERIDIAN_KM,
        },
        rel=1e-4,
    )


# The guide: docs/writing-a-plan.md


@pytest.fixture(scope="module")
def guide() -> str:
    return (EXAMPLES.parent / "writing-a-plan.md").read_text(encoding="utf-8")


def example(name: str, plan: str = "plan.toml") -> dict[str, float]:
    folder = EXAMPLES / name
    assert lp.load_dataset(folder).verify() == []
    found = lp.arrange(folder / plan, dataset=folder)
    assert not [note for note in found.conditions["notes"] if "catches no ground" in note]
    return km2(found)


def test_korea(guide: str) -> None:
    """2 km on each side of 248 km: 992 km², and not the 907 km² published for the drawn zone."""
    (area,) = example("korea").values()
    assert area == pytest.approx(248 * 4, rel=5e-4)
    assert abs(area - 907) > 80
    assert f"{area:,.1f} km²" in guide


def test_kosovo(guide: str) -> None:
    """5 km outside a square: its boundary times 5 km, and the corners make up a circle."""
    # Two meridians of 111.08 km between 42 and 43 N, and parallels of 82.85 and 81.54 km.
    by_hand = 5 * (2 * 111.08 + 82.85 + 81.54) + np.pi * 25
    (area,) = example("kosovo").values()
    assert area == pytest.approx(by_hand, rel=2e-4)
    assert f"{area:,.1f} km²" in guide


@pytest.mark.parametrize(("side", "sign"), [("right", 1), ("left", -1)])
def test_kosovo_by_the_side_of_the_line(side: str, sign: int, tmp_path: Path) -> None:
    """Inside, strips overlap at the corners: four squares of 25 km² are counted once."""
    folder = EXAMPLES / "kosovo"
    text = (folder / "plan.toml").read_text(encoding="utf-8")
    by_units = '{ units = ["OUTER"], within = { of = "boundary.geojson", km = 5 } }'
    assert by_units in text
    by_side = f'{{ within = {{ of = "boundary.geojson", km = 5, side = "{side}" }} }}'
    (tmp_path / "plan.toml").write_text(text.replace(by_units, by_side), encoding="utf-8")
    boundary = (folder / "boundary.geojson").read_text(encoding="utf-8")
    (tmp_path / "boundary.geojson").write_text(boundary, encoding="utf-8")
    (area,) = km2(lp.arrange(tmp_path / "plan.toml", dataset=folder)).values()
    length = 5 * (2 * 111.08 + 82.85 + 81.54)
    assert area == pytest.approx(length + np.pi * 25 if sign > 0 else length - 100, rel=2e-4)


def test_the_sentence_in_the_newspaper(guide: str) -> None:
    path = EXAMPLES / "newspaper.toml"
    each_side = lp.arrange(path)
    in_all = lp.arrange(path, readings={"1": "in_all"})
    assert f"{km2(each_side)['1']:,.1f}" in guide
    for found in (each_side, in_all):
        assert f"{km2(found)['1']:,.0f} km²" in guide
    text = path.read_text(encoding="utf-8")
    for block in guide.split("```toml\n")[1:4]:
        for line in block.split("```")[0].splitlines():
            assert line in text


def test_the_guide_prints_the_files_that_the_test_runs(guide: str) -> None:
    """The least dataset, word for word up to the checksum."""
    (block,) = (b for b in guide.split("```toml\n") if b.startswith('id = "korea"'))
    dataset = (EXAMPLES / "korea" / "dataset.toml").read_text(encoding="utf-8")
    for line in block.split("```")[0].splitlines():
        assert "sha256" in line or line in dataset.splitlines()
    for case in ("korea", "kosovo"):
        plan = (EXAMPLES / case / "plan.toml").read_text(encoding="utf-8")
        where = next(line for line in plan.splitlines() if line.startswith("where"))
        assert where in guide


def test_the_guide_names_every_key(guide: str) -> None:
    keys = guide.split("## All keys")[1]
    models = (Plan, Clause, Where, Strip, Source, Quote, Reading, Parameter, Forces, Revocation)
    for model in models:
        for name in model.model_fields:
            assert (
                f"`{name}`" in keys
                or f".{name}`" in keys
                or f"[[{name}]]" in keys
                or (f".{name}]]" in keys or f"[{name}." in keys)
            ), name


def test_the_faults_that_the_guide_shows(guide: str, ukraine: lp.Dataset, tmp_path: Path) -> None:
    text = (EXAMPLES / "newspaper.toml").read_text(encoding="utf-8")
    for right, wrong in (
        ("UA-65", "UA-66"),
        ("heavy_weapons_barred", "heavy_weapons_bared"),
        ('km = "width_km"', 'km = "width"'),
    ):
        text = text.replace(right, wrong)
    (tmp_path / "faulty.toml").write_text(text, encoding="utf-8")
    with pytest.raises(lp.PlanError) as caught:
        lp.load_plan(tmp_path / "faulty.toml", ukraine)
    shown = [line for line in guide.splitlines() if line.startswith("lineplan: faulty.toml")]
    assert [f"lineplan: {line}" for line in str(caught.value).splitlines()] == shown
