"""Reading vector files: every format, every fault named, every repair said."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box, mapping

import lineplan as lp
from lineplan.features import read_features
from lineplan.geodesy import area_m2

SQUARE = box(36, 48, 37, 49)
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write GeoJSON with these geometries, as they come and with nothing checked."""

    def written(*geometries: Any, name: str = "map.geojson") -> Path:
        features = [
            {
                "type": "Feature",
                "properties": {"number": number},
                "geometry": mapping(g) if isinstance(g, shapely.Geometry) else g,
            }
            for number, g in enumerate(geometries)
        ]
        path = tmp_path / name
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
        return path

    return written


def square(crs: object = "EPSG:4326") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": ["Square"]}, geometry=[SQUARE], crs=crs)


def refusal(path: str | Path, **how: Any) -> str:
    with pytest.raises(lp.GeometryError) as caught:
        read_features(path, **how)
    message = str(caught.value)
    assert "\n" not in message
    assert Path(str(path)).name.split(":")[0] in message
    return message


# Formats


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "shp", "fgb", "kml", "parquet"])
def test_formats(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"square.{ending}"
    if ending == "parquet":
        square().to_parquet(path)
    else:
        square().to_file(path, driver="KML" if ending == "kml" else None)
    features = read_features(path, kind="polygon")
    (found,) = features.frame.geometry
    assert found.normalize().equals_exact(SQUARE.normalize(), 1e-9)
    assert features.frame.crs == "EPSG:4326"
    assert features.name == path.name
    assert len(features.sha256) == 64
    assert features.notes == ()


@pytest.mark.parametrize("folder", ["", "inside/"])
def test_zipped_shapefile(folder: str, tmp_path: Path) -> None:
    square().to_file(tmp_path / "square.shp")
    with zipfile.ZipFile(tmp_path / "square.zip", "w") as archive:
        for part in tmp_path.glob("square.*"):
            if part.suffix != ".zip":
                archive.write(part, folder + part.name)
    assert len(read_features(tmp_path / "square.zip").frame) == 1


def test_geoparquet_whose_geometry_has_another_name(tmp_path: Path) -> None:
    path = tmp_path / "square.parquet"
    square().rename_geometry("geom").to_parquet(path)
    assert read_features(path, kind="polygon").frame.columns.tolist() == ["name", "geometry"]


def test_parquet_without_geometry(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    square().drop(columns="geometry").to_parquet(path)
    assert "not a readable GeoParquet file" in refusal(path)


# Files and layers


def test_missing_file(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere.gpkg").endswith("no such file")
    assert refusal(f"{tmp_path / 'nowhere.gpkg'}:layer").endswith("no such file")


def test_empty_file(tmp_path: Path) -> None:
    (tmp_path / "empty.geojson").touch()
    assert refusal(tmp_path / "empty.geojson").endswith("the file is empty")


@pytest.mark.parametrize("text", ["hello", '{"type": "FeatureCollection", "features": [{"ty'])
def test_damaged_file(text: str, tmp_path: Path) -> None:
    path = tmp_path / "damaged.geojson"
    path.write_text(text)
    assert "cannot be read as vector data" in refusal(path)


@pytest.mark.parametrize("kind", [None, "polygon"])
def test_a_folder_is_no_file(kind: str | None, tmp_path: Path) -> None:
    assert refusal(tmp_path, kind=kind).endswith("the folder is empty")
    (tmp_path / "inside").mkdir()
    assert "cannot be read" in refusal(tmp_path, kind=kind)


def test_layers(tmp_path: Path) -> None:
    path = tmp_path / "two.gpkg"
    square().to_file(path, layer="one")
    square().iloc[[0, 0]].to_file(path, layer="pair")
    assert "has 2 layers (one, pair); name one as two.gpkg:LAYER" in refusal(path)
    assert "has no layer 'three'; its layers are one, pair" in refusal(f"{path}:three")
    assert len(read_features(f"{path}:pair").frame) == 2
    assert len(read_features(path, layer="one").frame) == 1


# Reference systems


@pytest.mark.parametrize("epsg", [3857, 32637])
def test_projected_files_give_the_same_areas(epsg: int, tmp_path: Path) -> None:
    path = tmp_path / "projected.gpkg"
    square().to_crs(epsg).to_file(path)
    features = read_features(path, kind="polygon")
    assert area_m2(features.frame.geometry)[0] == pytest.approx(area_m2(SQUARE)[0], rel=1e-9)
    assert features.notes == (
        f"projected.gpkg: brought from EPSG:{epsg} to longitude and latitude",
    )


def bare_shapefile(path: Path, geometry: shapely.Geometry) -> Path:
    pyogrio.raw.write(
        path,
        geometry=np.array([geometry.wkb], dtype=object),
        field_data=[np.array([1])],
        fields=np.array(["number"]),
        geometry_type="Polygon",
        crs="EPSG:4326",
    )
    path.with_suffix(".prj").unlink()
    return path


def test_degrees_without_a_reference_system_are_read_and_said(tmp_path: Path) -> None:
    features = read_features(bare_shapefile(tmp_path / "bare.shp", SQUARE))
    assert features.frame.crs == "EPSG:4326"
    assert "read as longitude and latitude" in features.notes[0]


def test_metres_without_a_reference_system_are_refused(tmp_path: Path) -> None:
    (metres,) = square().to_crs(3857).geometry
    path = bare_shapefile(tmp_path / "bare.shp", metres)
    assert "coordinates are not degrees" in refusal(path)


def test_height_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "high.gpkg"
    square().set_geometry([shapely.force_3d(SQUARE, 120.0)], crs="EPSG:4979").to_file(path)
    (found,) = read_features(path, kind="polygon").frame.geometry
    assert not found.has_z
    assert found.equals(SQUARE)


# Geometries


def test_points_and_lines_among_polygons_are_counted(write: Write) -> None:
    path = write(Point(36, 48), SQUARE, Point(36, 49), LineString([(36, 48), (37, 49)]), None)
    features = read_features(path, kind="polygon")
    assert features.frame["number"].tolist() == [1]
    assert features.notes == (
        "map.geojson: 1 feature(s) without geometry left out",
        "map.geojson: 3 feature(s) that are no polygon left out (1 LineString, 2 Point)",
    )


def test_missing_and_other_geometries_in_geoparquet(tmp_path: Path) -> None:
    path = tmp_path / "mixed.parquet"
    three = gpd.GeoDataFrame({"n": [0, 1, 2]}, geometry=[SQUARE, None, Point(1, 1)], crs=4326)
    three.to_parquet(path)
    assert read_features(path, kind="polygon").frame["n"].tolist() == [0]


def test_collections_are_opened(write: Write) -> None:
    collection = shapely.GeometryCollection([Point(36, 48), SQUARE, box(38, 48, 39, 49)])
    (found,) = read_features(write(collection), kind="polygon").frame.geometry
    assert found.equals(MultiPolygon([SQUARE, box(38, 48, 39, 49)]))


def test_overlapping_parts_of_a_collection_add_up(write: Write) -> None:
    collection = shapely.GeometryCollection([SQUARE, box(36.5, 48, 37.5, 49)])
    (found,) = read_features(write(collection), kind="polygon").frame.geometry
    assert found.is_valid
    assert found.area == pytest.approx(1.5)


@pytest.mark.parametrize("geometries", [(), (None,), (Point(36, 48),)])
def test_nothing_to_read(geometries: tuple[Any, ...], write: Write) -> None:
    assert refusal(write(*geometries), kind="polygon").endswith("has no polygon in it")


def test_nothing_is_no_fault_where_nothing_is_asked_for(write: Write) -> None:
    assert len(read_features(write()).frame) == 0
    assert len(read_features(write(None)).frame) == 0


def test_a_bow_tie_is_repaired_and_said(write: Write) -> None:
    bow_tie = Polygon([(36, 48), (37, 49), (37, 48), (36, 49)])
    features = read_features(write(SQUARE, bow_tie), kind="polygon")
    assert features.frame.geometry.is_valid.all()
    assert shapely.area(features.frame.geometry).tolist() == pytest.approx([1, 0.5])
    (note,) = features.notes
    assert note == "map.geojson: feature 1 repaired (Self-intersection[36.5 48.5])"


@pytest.mark.parametrize(
    ("second", "area"),
    [
        (box(36.5, 48, 37.5, 49), 1.5),
        (box(37, 48, 38, 49), 2.0),
        (box(36.2, 48.2, 36.8, 48.8), 1.0),
    ],
    ids=["overlapping", "side by side", "one inside the other"],
)
def test_parts_of_one_feature_add_up(second: Polygon, area: float, write: Write) -> None:
    """None of these is valid as a MultiPolygon; no ground that is drawn may be lost."""
    (found,) = read_features(write(MultiPolygon([SQUARE, second])), kind="polygon").frame.geometry
    assert found.is_valid
    assert found.area == pytest.approx(area)


def test_islet_first_mainland_as_hole(write: Write) -> None:
    islet, mainland = box(35, 46, 35.1, 46.1), box(32, 46, 34, 47)
    wrong = Polygon(islet.exterior.coords, [mainland.exterior.coords])
    features = read_features(write(wrong), kind="polygon")
    assert features.frame.geometry[0].area == pytest.approx(islet.area + mainland.area)
    assert "Hole lies outside shell" in features.notes[0]


@pytest.mark.realdata
def test_kherson_islet_first(real_data: Path, ukraine: lp.Dataset) -> None:
    path = real_data / "other" / "units_kherson_islet_first.geojson"
    features = read_features(path, kind="polygon")
    units = ukraine.units().set_index("unit_id")
    whole = area_m2([units.geometry["UA-65"]])[0]
    assert area_m2(features.frame.geometry).sum() == pytest.approx(whole, rel=0.01)
    assert "Hole lies outside shell" in features.notes[0]


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_coordinates_that_are_no_numbers(number: str, write: Write) -> None:
    path = write(SQUARE, Polygon([(36, 48), (37, 99), (37, 49)]))
    path.write_text(path.read_text().replace("99.0", number))
    assert "feature 1 has a coordinate that is not a number" in refusal(path, kind="polygon")


def test_a_ring_of_two_points(write: Write) -> None:
    stub = {"type": "Polygon", "coordinates": [[[36, 48], [37, 48]]]}
    assert "feature 1 cannot be built" in refusal(write(SQUARE, stub), kind="polygon")


def test_reading_twice_gives_the_same(write: Write) -> None:
    path = write(SQUARE, Point(1, 1))
    first, second = read_features(path, kind="polygon"), read_features(path, kind="polygon")
    assert first.frame.equals(second.frame)
    assert first.notes == second.notes


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("deepstate_full_1648989208.geojson", 62),
        ("deepstate_full_1754251105.geojson", 108),
        ("mapsite_Control_25_11_18.kml", 2),
        ("nzz_2025-11-20.json", 3),
    ],
)
def test_real_sources_read(name: str, rows: int, real_data: Path) -> None:
    frame = read_features(real_data / "other" / name, kind="polygon").frame
    assert len(frame) == rows
    assert frame.geometry.is_valid.all()
    assert not frame.geometry.has_z.any()
    assert frame.crs == "EPSG:4326"


@pytest.mark.realdata
def test_a_real_file_of_lines_has_no_polygon(real_data: Path) -> None:
    path = real_data / "other" / "mapsite_FrontLine_25_11_18.kml"
    assert "has no polygon in it" in refusal(path, kind="polygon")
    assert len(read_features(path, kind="line").frame) > 0


def test_a_fault_is_named_by_the_index_in_the_file(tmp_path: Path) -> None:
    """Features without geometry before it are counted too."""
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    shapes = [None, None, bow]
    features = [{"type": "Feature", "properties": {}, "geometry": shape} for shape in shapes]
    path = tmp_path / "bow.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    notes = read_features(path, kind="polygon").notes
    assert any("feature 2 repaired" in note for note in notes)
