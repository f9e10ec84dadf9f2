"""The embedded dataset has its papers, and foreign units find their place in it."""

import contextlib
import hashlib
import json
import re
import shutil
import tomllib
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import toyland
from conftest import ROOT
from shapely.geometry import box

import lineplan as lp
from lineplan.dataset import seal_dataset
from lineplan.geodesy import area_m2
from lineplan.units import read_units

FOLDER = ROOT / "data" / "ukraine"
FILES = tomllib.loads((FOLDER / "dataset.toml").read_text(encoding="utf-8"))["file"]
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file["path"])


# Papers


@every_file
def test_file_exists(file: dict[str, str]) -> None:
    assert (FOLDER / file["path"]).is_file()


@every_file
def test_file_is_the_one_described(file: dict[str, str]) -> None:
    found = hashlib.sha256((FOLDER / file["path"]).read_bytes()).hexdigest()
    assert found == file["sha256"]


@every_file
def test_file_has_the_rows_described(file: dict[str, str]) -> None:
    path = FOLDER / file["path"]
    if path.suffix == ".geojson":
        rows = len(json.loads(path.read_text(encoding="utf-8"))["features"])
    elif path.suffix == ".csv":
        rows = len(path.read_text(encoding="utf-8").strip().splitlines()) - 1
    else:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        lists = (content.get(key) for key in ("point", "clause", "rule", "source"))
        rows = len(next(filter(None, lists), ()))
    assert rows == file["rows"]


@every_file
@pytest.mark.parametrize(
    "paper", ["role", "title", "description", "licence", "attribution", "viewpoint"]
)
def test_file_has_its_papers(file: dict[str, str], paper: str) -> None:
    assert file[paper].strip()
    assert file[paper].strip().upper() not in {"NA", "N/A", "TODO", "UNKNOWN", "?"}


@every_file
def test_file_is_dated(file: dict[str, str]) -> None:
    assert file["as_of"].year > 2000


@pytest.mark.parametrize(
    "file", [f for f in FILES if f["role"] in ("units", "places", "context")], ids=str
)
def test_file_from_elsewhere_says_from_where(file: dict[str, str]) -> None:
    assert file["package"]
    assert file["url"].startswith("https://")


def test_control_names_what_it_was_derived_from() -> None:
    (control,) = (f for f in FILES if f["role"] == "control")
    assert len(control["derived_from"]) == 3
    for source in control["derived_from"]:
        assert all(source[paper] for paper in ("name", "date", "terms", "viewpoint"))


def test_no_file_lies_there_without_papers() -> None:
    described = {file["path"] for file in FILES} | {"dataset.toml"}
    found = {p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*") if p.is_file()}
    assert found == described


# Verification


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "ukraine"))


def test_all_is_well(ukraine: lp.Dataset) -> None:
    assert ukraine.verify() == []


@pytest.mark.parametrize("name", [file["path"] for file in FILES])
def test_a_changed_byte_is_found(name: str, copy: Path) -> None:
    content = bytearray((copy / name).read_bytes())
    content[-1:] = b" \n"
    (copy / name).write_bytes(content)
    (fault,) = lp.load_dataset(copy).verify()
    assert name in fault
    assert "sha256" in fault


def test_a_missing_file_and_a_missing_row_are_found(copy: Path) -> None:
    (copy / "codes.csv").unlink()
    places = (copy / "places.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (copy / "places.csv").write_text("".join(places[:-1]), encoding="utf-8")
    faults = "\n".join(lp.load_dataset(copy).verify())
    assert "codes.csv: missing" in faults
    assert f"has {len(places) - 2} rows, dataset.toml says {len(places) - 1}" in faults


def test_a_file_that_cannot_be_read_is_a_fault_and_no_crash(copy: Path) -> None:
    (copy / "units.geojson").write_text("{")
    (copy / "plans" / "point21.toml").write_text("= 1")
    faults = lp.load_dataset(copy).verify()
    assert any("units.geojson" in fault for fault in faults)
    assert any("point21.toml" in fault for fault in faults)


# Opening


def test_datasets_have_names() -> None:
    assert lp.list_datasets() == ["ukraine"]
    assert lp.load_dataset().id == lp.load_dataset("ukraine").id == "ukraine"


def test_a_folder_is_a_dataset(toy: lp.Dataset) -> None:
    assert toy.id == "toyland"
    assert toy.verify() == []
    assert toy.units().equals(toyland.units())


def test_no_such_dataset() -> None:
    with pytest.raises(lp.DatasetError, match="no such dataset; embedded are ukraine"):
        lp.load_dataset("atlantis")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('id = "toyland"', 'id = "toyland"\ncolour = "red"', "colour"),
        ('default_holder = "aria"', 'default_holder = "arya"', "'arya' is no party"),
        ("border_tolerance_km = 5.0", "border_tolerance_km = -5.0", "border_tolerance_km"),
        ("as_of = 2025-01-01", "", "as_of"),
        ("[[party]]", "[[party", "cannot be read"),
    ],
)
def test_faulty_description(old: str, new: str, said: str, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(toyland.FOLDER, tmp_path / "toyland"))
    text = (folder / "dataset.toml").read_text(encoding="utf-8")
    (folder / "dataset.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(lp.DatasetError, match=said) as caught:
        lp.load_dataset(folder)
    assert "\n" not in str(caught.value)


def test_unknown_names_list_the_known(ukraine: lp.Dataset) -> None:
    with pytest.raises(lp.DatasetError, match="declares ua, ru, us"):
        ukraine.party("mars")
    with pytest.raises(lp.DatasetError, match="point21"):
        ukraine.plan_path("point22")


def test_what_is_handed_out_is_a_copy(ukraine: lp.Dataset) -> None:
    units = ukraine.units()
    units.loc[0, "unit_id"] = "changed"
    assert "changed" not in set(ukraine.units()["unit_id"])


def test_units_are_a_coverage(ukraine: lp.Dataset) -> None:
    units = ukraine.units()
    assert len(units) == 27
    assert shapely.coverage_is_valid(units.geometry.to_numpy(), gap_width=1e-8)


# Units of other sources


@pytest.fixture
def foreign(tmp_path: Path, ukraine: lp.Dataset):
    """Write the embedded units under other columns."""

    def written(**columns: object) -> Path:
        path = tmp_path / "foreign.gpkg"
        geometry = ukraine.units().geometry.to_numpy()
        gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326").to_file(path)
        return path

    return written


def column(ukraine: lp.Dataset, kind: str) -> pd.Series:
    units = ukraine.units()
    cities = units["name"].str.contains(r"\(")
    p_codes = units["unit_id"].map(ukraine.codes().set_index("unit_id")["cod_ab"])
    return {
        "iso": units["unit_id"],
        "lower case": units["unit_id"].str.lower(),
        "p-code": p_codes,
        "katotth": p_codes + "0" * 10 + "12345",
        "english": units["name"],
        "english oblast": units["name"].where(cities, units["name"] + " Oblast"),
        "ukrainian": units["name_uk"],
        "russian": units["name_ru"],
        "chinese": units["name_zh_hant"],
        "upper case": units["name_uk"].str.upper(),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "iso",
        "lower case",
        "p-code",
        "katotth",
        "english",
        "english oblast",
        "ukrainian",
        "russian",
        "chinese",
        "upper case",
    ],
)
def test_units_are_matched_without_renaming(kind: str, foreign, ukraine: lp.Dataset) -> None:
    numbers = range(100, 127)
    match = read_units(foreign(number=numbers, key=column(ukraine, kind)), ukraine)
    assert match.description == (
        "foreign.gpkg: units matched by column 'key': 27 of 27 are units of ukraine"
    )
    own = ukraine.units().set_index("unit_id").geometry
    for row in match.frame.itertuples():
        assert row.geometry.equals(own[row.unit_id])
    assert match.frame["name"].tolist() == ukraine.units()["name"].tolist()


def test_kyiv_is_not_merged_with_the_region_round_it(foreign, ukraine: lp.Dataset) -> None:
    """Files call the city Kyiv and the region Kyiv Oblast: told apart, or refused."""
    names = column(ukraine, "english oblast").where(ukraine.units()["unit_id"] != "UA-30", "Kyiv")
    units = 27
    with contextlib.suppress(lp.DatasetError):
        units = len(read_units(foreign(key=names), ukraine).frame)
    assert units == 27


def test_the_best_column_is_found(foreign, ukraine: lp.Dataset) -> None:
    units = ukraine.units()
    some = units["name"].where(units.index < 20, "?")
    match = read_units(foreign(half=some, whole=units["unit_id"]), ukraine)
    assert "by column 'whole'" in match.description
    match = read_units(foreign(half=some, whole=units["unit_id"]), ukraine, unit_id="half")
    assert "20 of" in match.description


def test_districts_are_merged(tmp_path: Path, ukraine: lp.Dataset) -> None:
    units = ukraine.units()
    middle = units.geometry.representative_point()
    rows = []
    for unit, point in zip(units.itertuples(), middle, strict=True):
        halves = (box(20, 40, point.x, 60), box(point.x, 40, 50, 60))
        rows += [(unit.unit_id, unit.geometry & half) for half in halves]
    path = tmp_path / "districts.gpkg"
    toyland.frame(rows, "region").to_file(path)
    match = read_units(path, ukraine)
    assert match.notes == ("districts.gpkg: 54 features merged into 27 units",)
    found = area_m2(match.frame.sort_values("unit_id").geometry.to_numpy())
    assert found == pytest.approx(area_m2(units.sort_values("unit_id").geometry.to_numpy()))


def test_units_without_an_id_are_kept_apart(foreign, ukraine: lp.Dataset) -> None:
    """Ground may not vanish because a cell is empty."""
    ids = ukraine.units()["unit_id"].where(ukraine.units().index < 25)
    match = read_units(foreign(key=ids), ukraine)
    assert len(match.frame) == 27
    assert match.frame["unit_id"].notna().all()


def test_units_the_dataset_does_not_know_keep_their_id(foreign, ukraine: lp.Dataset) -> None:
    ids = ukraine.units()["unit_id"].replace({"UA-77": "XX-1"})
    match = read_units(foreign(key=ids), ukraine)
    assert "26 of 27 are units of ukraine; not known to it: XX-1" in match.description
    assert match.frame.set_index("unit_id")["name"]["XX-1"] == "XX-1"


def test_no_column_matches(foreign, ukraine: lp.Dataset) -> None:
    with pytest.raises(lp.DatasetError, match=r"ids, codes or names .* stand in no column \(key\)"):
        read_units(foreign(key=["?"] * 27), ukraine)


def test_unknown_column(foreign, ukraine: lp.Dataset) -> None:
    with pytest.raises(lp.DatasetError, match="has no column 'code'; its columns are key"):
        read_units(foreign(key=ukraine.units()["unit_id"]), ukraine, unit_id="code")


def test_a_partial_match_of_units_the_plan_names_lists_both_sides(
    tmp_path: Path, ukraine: lp.Dataset
) -> None:
    units = ukraine.units()
    path = tmp_path / "some.gpkg"
    units[units["unit_id"].isin(["UA-43", "UA-09", "UA-14", "UA-63"])].to_file(path)
    with pytest.raises(lp.DatasetError) as caught:
        lp.arrange(units=path)
    message = str(caught.value)
    assert "plan point21 names UA-43, UA-40, UA-09, UA-14, UA-65, UA-23" in message
    assert "the file has UA-09, UA-14, UA-43, UA-63" in message
    assert "missing: UA-40, UA-65, UA-23" in message


@pytest.mark.parametrize("drop", ["unit_id", "crs", "row"])
def test_a_faulty_frame_of_units_is_one_clear_line(drop: str, ukraine: lp.Dataset) -> None:
    units = ukraine.units()
    if drop == "unit_id":
        units = units.drop(columns="unit_id")
    elif drop == "crs":
        units = gpd.GeoDataFrame(units.drop(columns="geometry"), geometry=list(units.geometry))
    else:
        units = pd.concat([units, units.iloc[[3]]])
    with pytest.raises(lp.LineplanError) as caught:
        lp.arrange(units=units)
    assert "\n" not in str(caught.value)


def test_a_frame_of_units_needs_no_names(ukraine: lp.Dataset) -> None:
    bare = ukraine.units()[["unit_id", "geometry"]].rename_geometry("geom")
    found = lp.arrange(units=bare)
    assert found.headline("demilitarized_buffer")["area_km2"] == pytest.approx(5864.5, abs=0.1)
    assert {"name", "name_uk", "name_ru", "name_zh_hant", "geometry"} <= set(found.units.columns)


def test_sealed_files_have_plain_line_ends(ukraine: lp.Dataset) -> None:
    """A file that git would change on the way out broke its seal in every clone."""
    for file in ukraine.files:
        assert b"\r" not in (ukraine.folder / file.path).read_bytes(), file.path


def test_a_dataset_is_sealed(tmp_path: Path, toy: lp.Dataset) -> None:
    """Checksum and rows are written, or added where they are not yet; nothing else changes."""
    folder = tmp_path / "copy"
    shutil.copytree(toy.folder, folder)
    manifest = folder / "dataset.toml"
    sealed = manifest.read_text(encoding="utf-8")
    bare = re.sub(r"^(sha256|rows) = .*\n", "", sealed, flags=re.MULTILINE)
    manifest.write_text(bare, encoding="utf-8")
    assert lp.load_dataset(folder).verify()
    seal_dataset(folder)
    assert lp.load_dataset(folder).verify() == []
    again = manifest.read_text(encoding="utf-8")
    assert re.sub(r"^(sha256|rows) = .*\n", "", again, flags=re.MULTILINE) == bare
    seal_dataset(folder)
    assert manifest.read_text(encoding="utf-8") == again
    (folder / lp.load_dataset(folder).files[0].path).unlink()
    with pytest.raises(lp.DatasetError, match="is not there"):
        seal_dataset(folder)


def test_nobody_may_hold_what_no_polygon_claims(tmp_path: Path, toy: lp.Dataset) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(toy.folder, folder)
    manifest = folder / "dataset.toml"
    text = manifest.read_text(encoding="utf-8").replace('claimant = "bora"\n', "")
    manifest.write_text(text.replace('"aria"\n', '"unknown"\n', 1), encoding="utf-8")
    open_ = lp.load_dataset(folder)
    assert (open_.default_holder, open_.claimant) == ("unknown", "unknown")
    manifest.write_text(text.replace('"aria"\n', '"mars"\n', 1), encoding="utf-8")
    with pytest.raises(lp.DatasetError, match="'mars' is no party; write aria, bora"):
        lp.load_dataset(folder)
