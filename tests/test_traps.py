"""Traps found in real data: that each is one, that it is avoided, and what happens otherwise.

Near-coincident borders: also `test_partition.py`. Oppositely wound parts and holes wound like
their shell in pyproj: `test_geodesy.py`. Islet first, mainland as hole: `test_features.py`.
"""

import json
from dataclasses import replace
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
from lineplan import geodesy
from lineplan.features import read_features
from lineplan.partition import Partition, noding, partition, snapping

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

    monkeypatch.setattr(snapping, "ROUNDS", 0)  # all is left to the noder of GEOS
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


@pytest.mark.parametrize("rounds", [0, snapping.ROUNDS])
def test_a_hairline_gap_passes_as_a_valid_coverage(
    rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gap of 0.5 mm between two units, open to the sea: their areas are what they were."""
    monkeypatch.setattr(snapping, "ROUNDS", rounds)
    units = toyland.units()
    units.loc[0, "geometry"] = box(30, 0, 31 - 5e-9, 1)
    with pytest.raises(lp.PartitionError, match=r"leave a gap near 31\.0000"):
        part(EAST, units)

    monkeypatch.setattr(
        "lineplan.partition.partitioning.check_outer_boundary", lambda edges, unit_of: None
    )
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
    monkeypatch.setattr(snapping, "ROUNDS", 0)
    assert northward()
    monkeypatch.setattr(shapely, "orient_polygons", lambda faces, exterior_cw: faces)
    assert not northward()


def test_claims_that_are_not_oriented_fail_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """A polygon lies on the left of its edges; drawn clockwise, it would lie outside itself."""
    clockwise = EAST.assign(geometry=EAST.reverse())
    assert km2(part(clockwise)) == pytest.approx(km2(part(EAST)))
    monkeypatch.setattr(shapely, "orient_polygons", lambda faces, exterior_cw: faces)
    with pytest.raises(lp.PartitionError, match="overlap or leave a gap near"):
        part(clockwise if EAST.geometry[0].exterior.is_ccw else EAST)


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
    """Aria's strip along the coast is one metre wide where the coast is three off its chord."""
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


# What a small mistake in the code would change; each of these was tried


def test_a_face_lost_fails_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    """A corner of 3,000 m²; noding explains 49 m² of so large a unit."""
    corner = toyland.claims(("bora", box(31.9995, 0.9995, 32.5, 1.5)))
    assert part(corner).proof.conservation_error_m2 < 1

    def losing(faces: noding.Faces, units: gpd.GeoDataFrame) -> noding.UnitFaces:
        laid = noding.assign_units(faces, units)
        lost = shapely.contains_xy(faces.polygons, 31.9998, 0.9998)
        return replace(laid, unit_of=np.where(lost, -1, laid.unit_of))

    monkeypatch.setattr("lineplan.partition.partitioning.assign_units", losing)
    with pytest.raises(lp.PartitionError, match="unit T-NE: its faces differ from it by 3,0"):
        part(corner)


def test_claimed_ground_inside_the_units_is_counted() -> None:
    assert part(EAST).proof.inside_units_km2 == pytest.approx(toyland.SQUARE_KM2)


def test_a_cut_that_loses_ground_fails_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    parted = part(EAST)
    strip = {"near": box(31.2, -0.5, 31.4, 0.5)}
    assert len(parted.cut(strip).faces) > len(parted.faces)
    whole = noding.Faces.of

    def lossy(polygons: Any) -> noding.Faces:
        found = whole(polygons)
        kept = found.inside[found.inside[:, 1] > 0] - [0, 1]
        return replace(found, polygons=found.polygons[1:], inside=kept)

    monkeypatch.setattr(noding.Faces, "of", lossy)
    with pytest.raises(lp.PartitionError):
        parted.cut(strip)


@pytest.mark.parametrize(("metres", "settled"), [(90, True), (120, False)])
def test_units_may_overlap_by_a_hundred_metres(metres: float, settled: bool) -> None:
    units = toyland.units()
    units.loc[0, "geometry"] = box(30, 0, 31 + metres / 111_320, 1)
    if settled:
        assert len(part(EAST, units).repairs) == 1
    else:
        with pytest.raises(lp.PartitionError, match="T-NW and T-NE overlap"):
            part(EAST, units)


def test_a_gap_goes_to_the_unit_it_borders_most() -> None:
    """C has 133 km of it in three edges, a 66 km in ten, b 66 km in one."""
    side = [(31.0, lat) for lat in np.linspace(0.6, 0, 11)]
    gap = [(31, 0.6), (31.0005, 0.55), (31.0005, -0.55), (31, -0.6)]
    rings = {
        "a": [(30, 0), (30, 1), (31, 1), *side],
        "b": [(30, 0), (31, 0), (31, -0.6), (31, -1), (30, -1)],
        "c": [(32, 1), (31, 1), *gap, (31, -1), (32, -1)],
    }
    units = toyland.frame([(name, Polygon(ring)) for name, ring in rings.items()], "unit_id")
    (said,) = part(EAST, units).repairs
    assert said.startswith("a gap of")
    assert said.endswith("is counted with c")


@pytest.mark.parametrize(("edge", "action"), [(31.9552, "reassigned"), (31.9550, "kept")])
def test_the_tolerance_is_kept_to_a_hundredth(edge: float, action: str) -> None:
    """4.99 and 5.01 km."""
    ground = toyland.claims(("bora", box(31.5, -1.5, edge, 1.5)))
    assert part(ground).reassigned["action"].unique().tolist() == [action]


def test_the_main_body_stays_however_narrow_or_small_it_is() -> None:
    for rest in (box(29, -2, 31.98, 2), box(29, -2, 33, 2) - box(31.7, 0.5, 31.7005, 0.5005)):
        parted = part(toyland.claims(("bora", rest)))
        assert set(parted.faces["held_by"]) == {"aria", "bora"}
        assert len(parted.reassigned) == 0


def test_metres_decide_and_not_edges_to_whom_a_piece_goes() -> None:
    """Bora has 120 km of the strip's border in one edge, cora the rest in forty."""
    south = np.linspace(-1, -0.1, 41)
    cora = Polygon([(31.5, -0.1), (31.5, -1), *[(31.98, lat) for lat in south]])
    bora = box(31.5, -0.1, 31.98, 1.5)
    parted = part(toyland.claims(("bora", bora), ("cora", cora)))
    (holder,) = parted.reassigned["held_by"].unique()
    assert holder == "bora"


def test_pieces_are_numbered_from_the_largest() -> None:
    east, west = box(31.2, -1.5, 31.98, 1.5), box(30.03, -1.5, 30.8, 1.5)
    rows = part(toyland.claims(("bora", east), ("bora", west))).reassigned
    by_piece = rows.groupby("piece")["area_km2"].sum()
    assert len(by_piece) == 2
    assert by_piece[1] > by_piece[2]
    assert rows.loc[rows["piece"] == 1, "lon"].max() < 31


def test_an_edge_twenty_kilometres_from_the_frontier_is_no_frontier() -> None:
    units = toyland.frame([("part", box(31, 0, 31.8, 1))], "unit_id")
    ground = toyland.claims(("bora", box(31.4, -0.5, 31.79, 1.5)))
    parted = partition(units, ground, default_holder="aria", frontier=box(30, -1, 32, 1).boundary)
    assert len(parted.reassigned) == 0


@pytest.mark.parametrize("side", ["left", "right"])
def test_between_the_turns_of_a_spiral_the_sides_meet_halfway(side: geodesy.Side) -> None:
    """Two turns, 9 km apart, inward and to the left."""
    turn = np.radians(np.linspace(0, 720, 289))
    radius = 1 - 0.16 * turn / (2 * np.pi)
    spiral = np.c_[37 + 0.7 * radius * np.cos(turn), 48 + 0.5 * radius * np.sin(turn)]
    ground = geodesy.strip(shapely.LineString(spiral), 5, side=side)
    north_of_the_middle = [shapely.Point(37, lat) for lat in (48.49, 48.45, 48.43, 48.37, 48)]
    assert shapely.contains(ground, north_of_the_middle).tolist() == (
        [False, True, False, True, False] if side == "left" else [True, False, True, False, False]
    )


@pytest.mark.parametrize("side", ["left", "right"])
def test_before_its_end_a_line_beside_another_has_two_sides(side: geodesy.Side) -> None:
    """The second goes north from 5.5 km north of the first."""
    lines = shapely.MultiLineString([[(36, 48), (38, 48)], [(37, 48.05), (37, 48.6)]])
    ground = geodesy.strip(lines, 10, side=side)
    west, east = shapely.Point(36.98, 48.04), shapely.Point(37.02, 48.04)
    assert ground.contains(west) == (side == "left")
    assert ground.contains(east) == (side == "right")


@pytest.mark.parametrize("width_km", [15, 30])
def test_the_two_sides_of_the_embedded_line_are_about_as_large(
    width_km: float, point21: lp.Arrangement
) -> None:
    """Pieces of the line end beside each other there."""
    line = shapely.multilinestrings(point21.line.geometry.to_numpy())
    sides = [geodesy.strip(line, width_km, side=side) for side in ("left", "right")]
    left, right = geodesy.area_m2(sides)
    assert left == pytest.approx(right, rel=0.05)
    assert shapely.intersection(*sides, grid_size=1e-9).area == pytest.approx(0, abs=1e-6)


def test_the_edges_of_a_strip_follow_the_ground_where_they_are_long() -> None:
    """Beside 300 km along a meridian the strip's own edge has no vertex but those put in."""
    ground = geodesy.strip(shapely.LineString([(37, 46), (37, 48.7)]), 40)
    edges = geodesy.segments(shapely.get_parts(shapely.boundary(ground)))
    assert geodesy.length_m(edges).max() < 2100


def test_a_unit_that_lost_all_its_faces_fails_the_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    def losing(faces: noding.Faces, units: gpd.GeoDataFrame) -> noding.UnitFaces:
        laid = noding.assign_units(faces, units)
        return replace(laid, unit_of=np.where(laid.unit_of == 0, -1, laid.unit_of))

    monkeypatch.setattr("lineplan.partition.partitioning.assign_units", losing)
    with pytest.raises(lp.PartitionError, match="unit T-"):
        part(EAST)


def test_a_lake_that_nothing_claims_is_not_claimed_outside() -> None:
    units = toyland.units()
    units["geometry"] = units.difference(box(30.4, 0.4, 30.5, 0.5))
    whole = part(EAST).proof.outside_units_km2
    assert part(EAST, units).proof.outside_units_km2 == pytest.approx(whole)


@pytest.mark.parametrize("which", ["units", "claims"])
def test_a_polygon_that_is_not_valid_is_refused(which: str) -> None:
    bow_tie = Polygon([(31, 0), (32, 1), (32, 0), (31, 1)])
    units = toyland.frame([("T", bow_tie)], "unit_id") if which == "units" else None
    with pytest.raises(lp.GeometryError, match=rf"{which}: row 0 is not a valid polygon"):
        part(EAST if which == "units" else toyland.claims(("bora", bow_tie)), units)


def test_the_spacing_of_vertices_is_that_of_the_line() -> None:
    """Two edges of 110.574 km, one in each unit."""
    by_unit = part(EAST).line_by_unit
    assert by_unit["unit_id"].tolist() == ["T-NE", "T-SE"]
    assert by_unit["length_km"].tolist() == pytest.approx([110.574] * 2, abs=1e-3)
    assert by_unit["vertex_spacing_km"].tolist() == pytest.approx([110.574] * 2, abs=1e-3)


def test_every_line_has_its_first_holder_on_the_left() -> None:
    """A line of many edges and an enclave, in both halves of the country."""
    zigzag = [(31.4 + 0.1 * (number % 2), lat) for number, lat in enumerate(np.linspace(-1, 1, 21))]
    ground = toyland.claims(
        ("bora", Polygon([*zigzag, (32.5, 1), (32.5, -1)])), ("bora", box(30.3, 0.3, 30.5, 0.5))
    )
    for line in part(ground).line.geometry:
        if line.is_closed:
            assert not shapely.is_ccw(line)  # bora inside, on the right
        else:
            lats = shapely.get_coordinates(line)[:, 1]
            assert (np.diff(lats) > 0).all()


def test_the_error_of_a_cut_is_added() -> None:
    parted = part(EAST)
    parted = replace(parted, proof=replace(parted.proof, conservation_error_m2=5.0))
    cut = parted.cut({"near": box(31.2, -0.5, 31.4, 0.5)})
    assert 5 <= cut.proof.conservation_error_m2 < 6


def test_a_strip_whose_edge_runs_along_a_face_puts_its_corners_there_too() -> None:
    """The face on the other side is not crossed, but shares the new nodes."""
    cut = part(EAST).cut({"beside": box(31.5, -0.5, 31.7, 0.5)})
    for face in cut.faces.geometry[cut.faces.intersects(shapely.Point(31.5, 0.5))]:
        assert (31.5, 0.5) in face.exterior.coords
    assert shapely.coverage_is_valid(cut.faces.geometry.to_numpy(), gap_width=1e-8)


def test_an_inner_border_that_meets_the_frontier_is_no_frontier() -> None:
    """Its last edge is 7.8 km long, its middle 3.9 km from the frontier."""
    south = [(lon, 0.0) for lon in (31.2, 31.5, 31.93, 32)]
    units = toyland.frame([("part", Polygon([*south, (32, 1), (31.2, 1)]))], "unit_id")
    hole = box(31.95, -1, 31.98, 0.01)
    ground = toyland.claims(("bora", box(31.4, -1.5, 32.5, 1.5) - hole))
    parted = partition(units, ground, default_holder="aria", frontier=box(30, -1, 32, 1).boundary)
    assert km2(parted)["part", "aria"] > 0
    assert len(parted.reassigned) == 0
