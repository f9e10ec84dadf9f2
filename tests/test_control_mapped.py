"""Any attribute table of polygons, its values mapped by the user."""

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import geopandas as gpd
import pytest
from shapely.geometry import box

import lineplan as lp

ROWS = ["Occupied", "Grey zone", "Occupied", "occupied\xa0 ", "Held"]
VALUES = {"Occupied": "bora", "Grey zone": "contested", "held": "aria"}
HOLDERS = ["bora", "contested", "bora", "bora", "aria"]


def table(rows: list[Any] = ROWS, column: str = "stat") -> gpd.GeoDataFrame:
    squares = [box(30 + i / 8, -0.5, 30.1 + i / 8, 0.5) for i in range(len(rows))]
    return gpd.GeoDataFrame({column: rows}, geometry=squares, crs="EPSG:4326")


@pytest.mark.parametrize(
    "name", ["m.geojson", "m.gpkg", "m.shp", "m.zip", "m.fgb", "m.kml", "m.kmz", "m.parquet"]
)
def test_every_format(name: str, tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / name
    if path.suffix == ".parquet":
        table().to_parquet(path)
    elif path.suffix == ".zip":
        table().to_file(tmp_path / "in.shp", encoding="utf-8")
        with ZipFile(path, "w") as archive:
            for part in tmp_path.glob("in.*"):
                archive.write(part, f"folder/{part.name}")
    elif path.suffix in (".kml", ".kmz"):
        table().to_file(tmp_path / "doc.kml", driver="KML")
        if path.suffix == ".kmz":
            with ZipFile(path, "w") as archive:
                archive.write(tmp_path / "doc.kml", "doc.kml")
                archive.writestr("images/icon.png", b"x")
        else:
            (tmp_path / "doc.kml").rename(path)
    else:
        table().to_file(path, encoding="utf-8")
    control = lp.read_control(path, toy, holder="stat", values=VALUES)
    # FlatGeobuf puts its features in an order of its own.
    by_place = control.claims.iloc[control.claims.bounds["minx"].argsort()]
    assert by_place["held_by"].tolist() == HOLDERS
    assert control.kind == ("kml" if "km" in path.suffix else "mapped")
    assert control.control_class == "not stated"


def test_unknown_values_are_listed_with_their_number_and_never_dropped(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    path = tmp_path / "m.gpkg"
    table([*ROWS, "Advance", "Advance", None]).to_file(path)
    control = lp.read_control(path, toy, holder="stat", values=VALUES)
    assert control.claims["held_by"].tolist() == [*HOLDERS, "unknown", "unknown", "unknown"]
    (said,) = [note for note in control.notes if "no rule knows" in note]
    assert "3 row(s) read as unknown" in said
    assert "'advance' (2), '(none)' (1)" in said


def test_none_is_drawn_and_claimed_for_nobody(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "m.gpkg"
    table().to_file(path)
    values = VALUES | {"Grey zone": "none"}
    control = lp.read_control(path, toy, holder="stat", values=values)
    assert control.claims["held_by"].tolist() == ["bora", "bora", "bora", "aria"]
    assert any("1 row(s) are read as claimed for nobody" in note for note in control.notes)


def test_ids_of_parties_need_no_mapping(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "m.gpkg"
    table(["BORA", "Aria", "Contested"]).to_file(path)
    control = lp.read_control(path, toy, holder="stat")
    assert control.claims["held_by"].tolist() == ["bora", "aria", "contested"]


def test_where_no_value_says_anything_it_is_an_error(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "m.gpkg"
    table().to_file(path)
    with pytest.raises(lp.ControlError, match=r"no stat says who.*'occupied' \(3\).*--value"):
        lp.read_control(path, toy, holder="stat")


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"holder": "who"}, "has no column 'who'; its columns are stat"),
        ({"values": {"Occupied": "bora"}}, r"name it with --holder \(stat\)"),
        ({"holder": "stat", "values": {"Occupied": "mars"}}, "no party 'mars'; known are aria"),
        ({"holder": "stat", "values": VALUES, "control_class": "full"}, "one class of ground"),
        ({"control_class": "all"}, "choose from full, partial, claimed"),
        ({"holder": "stat", "values": dict.fromkeys(VALUES, "none")}, "nothing it draws counts"),
    ],
)
def test_faults_are_one_clear_line(
    how: dict[str, Any], said: str, tmp_path: Path, toy: lp.Dataset
) -> None:
    path = tmp_path / "m.gpkg"
    table().to_file(path)
    with pytest.raises(lp.ControlError, match=said) as caught:
        lp.read_control(path, toy, **how)
    assert len(str(caught.value).splitlines()) == 1


def test_a_column_that_may_say_more_is_mentioned(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "m.geojson"
    table().to_file(path)
    control = lp.read_control(path, toy)
    assert any("name it with --holder (stat: 'occupied' (3)" in note for note in control.notes)


def test_a_source_file_is_reusable_and_has_classes(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "m.gpkg"
    table(["held 1", "held 2", "advanced", "said", "left", "?"]).to_file(path)
    how = tmp_path / "how.toml"
    how.write_text(
        """
        columns = { holder = "stat" }
        title = "A map"
        attribution = "Someone"
        [[rule]]
        pattern = "^held"
        held_by = "bora"
        control_class = "full"
        [[rule]]
        values = ["advanced"]
        held_by = "bora"
        control_class = "partial"
        [[rule]]
        values = ["said"]
        held_by = "bora"
        control_class = "claimed"
        [[rule]]
        values = ["left"]
        held_by = "none"
        control_class = "liberated"
        """
    )
    number = {}
    for chosen in (None, "full", "partial", "claimed"):
        control = lp.read_control(path, toy, kind=how, control_class=chosen)
        number[chosen] = (control.claims["held_by"] == "bora").sum()
        assert (control.claims["held_by"] == "unknown").sum() == 1
        assert control.attribution == "Someone"
    assert number == {None: 2, "full": 2, "partial": 3, "claimed": 4}
    assert control.control_class == "full, partial or claimed"
    assert control.classes is not None
    assert control.classes.set_index("control_class")["features"].to_dict() == {
        "full": 2,
        "partial": 1,
        "claimed": 1,
        "liberated": 1,
        "unknown": 1,
    }
    full = lp.read_control(path, toy, kind=how)
    assert full.control_class == "full"
    assert any("full counts as held (--control-class, the default)" in n for n in full.notes)
    assert any("not counted as held: claimed, bora: 1 feature(s)" in n for n in full.notes)
