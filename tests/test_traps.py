"""Traps found in real data: that each is one, that it is avoided, and what happens otherwise.

Near-coincident borders: also `test_partition.py`. Oppositely wound parts and holes wound like
their shell in pyproj: `test_geodesy.py`. Islet first, mainland as hole: `test_features.py`.
"""

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
import toyland
from shapely.geometry import Polygon, box, mapping, shape

import lineplan as lp
from lineplan import geodesy, noding
from lineplan.features import read_features
from lineplan.partition import Partition, partition

GEOD = pyproj.Geod(ellps="WGS84")
EAST = toyland.claims(("bora", box(31.5, -1.5, 32.5, 1.5)))


def part(
    claimed: gpd.GeoDataFrame, units: gpd.GeoDataFrame | None = None, holder: str = "aria"
) -> Partition:
    units = toyland.units() if units is None else units
    return partition(units, claimed, default_holder=holder)


def km2(parted: Partition) -> dict[tuple[str, str], float]:
    return (parted.faces.groupby(["unit_id", "held_by"])["area_m2"].sum() / 1e6).to_dict()


def rounded(geometry: shapely.Geometry, digits: int) -> shapely.Geometry:
    return shapely.transform(geometry, lambda xy: np.round(xy, digits))


def written(path: Path, *geometries: Any) -> Path:
    """GeoJSON with these geometries, nothing checked."""
    features = [{"type": "Feature", "properties": {}, "geometry": mapping(g)} for g in geometries]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.fixture(scope="module")
def days(real_data: Path) -> list[Path]:
    """Four real days, the first and the last among them."""
    files = sorted((real_data / "deepstate_daily").glob("*.geojson"))
    return [files[number * (len(files) - 1) // 3] for number in range(4)]


def drawn(day: Path) -> list[shapely.Geometry]:
    """The polygons of a day as they stand in the file."""
    features = json.loads(day.read_text())["features"]
    return list(shapely.get_parts([shape(feature["geometry"]) for feature in features]))


def claims_of(geometries: list[shapely.Geometry]) -> gpd.GeoDataFrame:
    return toyland.claims(*[("ru", geometry) for geometry in geometries])


# Noding


# Two rectangles of one size side by side; 5e-15 lies between the ends of their common edge.
ISSUE_2368 = [
    Polygon(
        [
            (-295.25030351249666, 4.236074061427525),
            (-295.08711234218333, -2.301948231163383),
            (-314.64218025800653, -2.7900491087570383),
            (-314.80537142831986, 3.7479731838338695),
        ]
    ),
    Polygon(
        [
            (-275.69523559667346, 4.7241749390211805),
            (-275.53204442636013, -1.8138473535697273),
            (-295.08711234218333, -2.3019482311633825),
            (-295.25030351249666, 4.236074061427525),
        ]
    ),
]


def test_shapely_issue_2368_near_coincident_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    """https://github.com/shapely/shapely/issues/2368: the union of two lacks one of them."""
    left, right = ISSUE_2368
    whole = left.area + right.area
    assert shapely.union(left, right, grid_size=1e-9).area == pytest.approx(whole, rel=1e-9)

    units = toyland.frame([("left", left), ("right", right)], "unit_id")
    ground = toyland.claims(("bora", right))
    areas = geodesy.area_m2([left, right]) / 1e6
    expected = {("left", "aria"): areas[0], ("right", "bora"): areas[1]}
    assert km2(part(ground, units)) == pytest.approx(expected, rel=1e-9)

    on_a_grid = shapely.union_all
    monkeypatch.setattr(shapely, "union_all", lambda lines, grid_size=None: on_a_grid(lines))
    with pytest.raises(lp.PartitionError, match=r"overlap or leave a gap near -295\.087"):
        part(ground, units)


@pytest.mark.realdata
def test_on_a_grid_of_1e_7_conservation_is_a_hundred_times_worse(
    days: list[Path], ukraine: lp.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    units = ukraine.units()
    for day in days[1:3]:
        ground = claims_of(drawn(day))
        assert part(ground, units, "ua").proof.conservation_error_m2 < 10
        with monkeypatch.context() as coarse:
            coarse.setattr(noding, "GRID_DEG", 1e-7)
            assert part(ground, units, "ua").proof.conservation_error_m2 > 100


def test_a_hairline_gap_passes_as_a_valid_coverage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gap of 0.5 mm between two units, open to the sea: their areas are what they were."""
    units = toyland.units()
    units.loc[0, "geometry"] = box(30, 0, 31 - 5e-9, 1)
    with pytest.raises(lp.PartitionError, match=r"leave a gap near 31\.0000"):
        part(EAST, units)

    of_any_width = shapely.coverage_is_valid
    monkeypatch.setattr(shapely, "coverage_is_valid", lambda p, gap_width: of_any_width(p))
    assert part(EAST, units).proof.conservation_error_m2 < 1


# Winding


@pytest.mark.realdata
def test_every_daily_ring_is_clockwise(days: list[Path], ukraine: lp.Dataset) -> None:
    for day in days:
        polygons = drawn(day)
        assert not shapely.is_ccw(shapely.get_exterior_ring(polygons)).any()
        signed = [GEOD.geometry_area_perimeter(polygon)[0] for polygon in polygons]
        assert max(signed) < 0
        ours = geodesy.area_m2(polygons, edges="geodesic")
        assert ours == pytest.approx(np.abs(signed), rel=1e-12)

    units, ground = ukraine.units(), claims_of(drawn(days[-1]))
    turned = claims_of(list(shapely.orient_polygons(drawn(days[-1]))))
    expected = part(ground, units, "ua")
    assert expected.faces.geometry.exterior.is_ccw.all()
    assert km2(part(turned, units, "ua")) == pytest.approx(km2(expected), rel=1e-12)


def test_faces_that_are_not_oriented_put_the_holders_on_the_wrong_sides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GEOS winds faces clockwise; left and right of the line of contact hang on it."""

    def northward() -> bool:
        (line,) = part(EAST).line.geometry
        return line.coords[0][1] < line.coords[-1][1]

    assert northward()
    monkeypatch.setattr(shapely, "orient_polygons", lambda faces, exterior_cw: faces)
    assert not northward()


# Degrees and planes

# On a plane the straight line between 30 E 48 N and 40 E 48 N runs 12 km north of the parallel:
# the notch of the first, which ends 1 km north of it, and that of the second are on either side.
NOTCH_FROM_THE_NORTH = Polygon([(30, 48), (40, 48), (40, 50), (35, 48.01), (30, 50)])
NOTCH_FROM_THE_SOUTH = Polygon([(30, 48), (40, 48), (40, 46), (35, 48.05), (30, 46)])


@pytest.mark.parametrize("epsg", [3035, 32636])
def test_valid_in_degrees_and_not_on_a_plane(epsg: int) -> None:
    assert NOTCH_FROM_THE_NORTH.is_valid
    (plane,) = gpd.GeoSeries([NOTCH_FROM_THE_NORTH], crs=4326).to_crs(epsg)
    assert "Self-intersection" in shapely.is_valid_reason(plane)

    units = toyland.frame([("all", box(29, 47, 41, 51))], "unit_id")
    found = km2(part(toyland.claims(("bora", NOTCH_FROM_THE_NORTH)), units))["all", "bora"]
    assert found == pytest.approx(geodesy.area_m2([NOTCH_FROM_THE_NORTH])[0] / 1e6, rel=1e-9)


@pytest.mark.parametrize("epsg", [3035, 32636])
def test_valid_on_a_plane_and_not_in_degrees_is_repaired_and_said(
    epsg: int, tmp_path: Path
) -> None:
    flat = gpd.GeoDataFrame(geometry=[NOTCH_FROM_THE_SOUTH], crs=4326).to_crs(epsg)
    assert flat.geometry.is_valid.all()
    flat.to_file(tmp_path / "flat.gpkg")
    read = read_features(tmp_path / "flat.gpkg", kind="polygon")
    assert read.frame.geometry.is_valid.all()
    assert read.notes[0] == f"flat.gpkg: brought from EPSG:{epsg} to longitude and latitude"
    assert read.notes[1].startswith("flat.gpkg: feature 0 repaired (Self-intersection")


def test_a_border_piece_that_is_not_valid_on_the_plane_of_its_reach() -> None:
    """Aria's strip along the coast narrows to one metre where the coast is 8 m off its chord."""
    inland, coast = 31.96, 31.99999
    notch = [(inland, 0.4), (coast, 0.5), (inland, 0.6)]
    ground = Polygon([(31.5, -1.5), (inland, -1.5), *notch, (inland, 1.5), (31.5, 1.5)])
    (piece,) = part(toyland.claims(("bora", ground))).reassigned.groupby("piece")
    piece = piece[1].iloc[0]
    assert piece.action == "reassigned"
    assert piece.reach_km == pytest.approx(4.45, abs=0.02)


def test_height_makes_a_file_epsg_4979(tmp_path: Path) -> None:
    path = written(tmp_path / "high.geojson", shapely.force_3d(box(36, 48, 37, 49), 120.0))
    assert gpd.read_file(path).crs == "EPSG:4979"
    read = read_features(path, kind="polygon")
    assert read.frame.crs == "EPSG:4326"
    assert not read.frame.geometry.has_z.any()
    assert read.notes == ()


# Faulty files


@pytest.mark.realdata
def test_islet_first_without_repair_has_no_ground(real_data: Path) -> None:
    """The mainland counts as a hole, so the area is that of a small islet less a large region."""
    text = (real_data / "other" / "units_kherson_islet_first.geojson").read_text()
    assert geodesy.area_m2([shapely.from_geojson(text)])[0] < 0


def test_a_hole_across_its_shell_is_a_fault_and_no_ground(tmp_path: Path) -> None:
    """Unlike an islet written first, it must not claim ground outside its shell."""
    shell, hole = box(30, 45, 32, 47), box(31.5, 45.5, 33, 46)
    path = written(tmp_path / "hole.geojson", Polygon(shell.exterior, [hole.exterior]))
    read = read_features(path, kind="polygon")
    assert "feature 0 repaired (Self-intersection" in read.notes[0]
    assert read.frame.geometry[0].equals(shell - hole)


@pytest.mark.realdata
def test_three_decimals_break_every_day_and_four_do_not(days: list[Path]) -> None:
    for day in days:
        whole = shapely.MultiPolygon(drawn(day))
        assert whole.is_valid
        assert not rounded(whole, 3).is_valid
        assert rounded(whole, 4).is_valid


@pytest.mark.realdata
def test_a_day_of_three_decimals_is_repaired_and_said(
    days: list[Path], ukraine: lp.Dataset, tmp_path: Path
) -> None:
    def buffer_km2(ground: gpd.GeoDataFrame) -> float:
        return km2(part(ground.assign(held_by="ru"), ukraine.units(), "ua"))["UA-14", "ua"]

    whole = shapely.MultiPolygon(drawn(days[-1]))
    exact = buffer_km2(claims_of([whole]))
    for digits, repaired, apart_km2 in ((3, 1, 2), (4, 0, 0.1)):
        path = written(tmp_path / f"{digits}.geojson", rounded(whole, digits))
        read = read_features(path, kind="polygon")
        assert [note.split(" (")[0] for note in read.notes] == (
            [f"{digits}.geojson: feature 0 repaired"] * repaired
        )
        assert buffer_km2(read.frame) == pytest.approx(exact, abs=apart_km2)


# However the embedded data are written


@pytest.fixture(scope="module")
def embedded(ukraine: lp.Dataset) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    return ukraine.units()[["unit_id", "geometry"]], lp.read_control(None, ukraine).claims


# A new node on an edge of a few kilometres may lie 0.1 mm beside it.
NODING_KM2 = 1e-5


def turned(geometry: shapely.Geometry) -> shapely.Geometry:
    """Rings wound the other way and begun elsewhere, vertices written twice, parts reversed."""

    def ring(line: shapely.Geometry) -> np.ndarray:
        xy = shapely.get_coordinates(line)[:-1][::-1]
        return np.repeat(np.roll(xy, len(xy) // 3, axis=0), 2, axis=0)

    polygons = [
        Polygon(ring(p.exterior), [ring(hole) for hole in p.interiors])
        for p in shapely.get_parts(geometry)[::-1]
    ]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def test_writing_the_embedded_data_otherwise_changes_nothing(
    embedded: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    plainly = part(embedded[1], embedded[0], "ua")
    units, ground = (frame.sample(frac=1, random_state=21, ignore_index=True) for frame in embedded)
    units["geometry"] = [turned(unit) for unit in units.geometry]
    ground["geometry"] = [turned(claim) for claim in ground.geometry]
    otherwise = part(ground, units, "ua")
    assert km2(otherwise) == pytest.approx(km2(plainly), rel=1e-12, abs=NODING_KM2)
    for table, column in [("line", "length_km"), ("reassigned", "area_km2")]:
        assert getattr(otherwise, table)[column].tolist() == pytest.approx(
            getattr(plainly, table)[column].tolist(), rel=1e-9
        )


@pytest.mark.parametrize("unit_id", ["UA-14", "UA-65"])
def test_splitting_an_embedded_unit_in_two_adds_up(
    unit_id: str, embedded: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]
) -> None:
    units, ground = embedded
    whole = km2(part(ground, units, "ua"))
    unit = units.set_index("unit_id").geometry[unit_id]
    west, south, _, north = unit.bounds
    # Not on a meridian, so that the cut has new nodes wherever it meets an edge.
    cut = Polygon([(west - 1, south - 1), (west + 0.9, south - 1), (west + 1.4, north + 1)])
    halves = toyland.frame(
        [
            ("a", shapely.intersection(unit, cut, grid_size=1e-9)),
            ("b", shapely.difference(unit, cut, grid_size=1e-9)),
        ],
        "unit_id",
    )
    split = pd.concat([units[units["unit_id"] != unit_id], halves], ignore_index=True)
    parts = km2(part(ground, split, "ua"))
    for holder in ("ua", "ru"):
        assert min(parts["a", holder], parts["b", holder]) > 10
        assert parts["a", holder] + parts["b", holder] == pytest.approx(
            whole[unit_id, holder], abs=NODING_KM2
        )
        for other in set(units["unit_id"]) - {unit_id}:
            assert parts.get((other, holder), 0) == pytest.approx(
                whole.get((other, holder), 0), abs=NODING_KM2
            )


@pytest.mark.parametrize("epsg", [3857, 32637])
def test_embedded_data_from_a_projected_file_give_the_same_areas(
    epsg: int,
    embedded: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame],
    tmp_path: Path,
) -> None:
    units, ground = embedded
    frames = []
    for name, frame in (("units", units), ("control", ground[["held_by", "geometry"]])):
        path = tmp_path / f"{name}.gpkg"
        frame.to_crs(epsg).to_file(path)
        frames.append(read_features(path, kind="polygon").frame)
    found = part(frames[1], frames[0], "ua")
    assert km2(found) == pytest.approx(km2(part(ground, units, "ua")), rel=1e-9, abs=NODING_KM2)
