"""What reading many days assumed is said, once."""

import json
import shutil
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely.geometry import box

import lineplan as lp
from lineplan.control import SourceFile, pack
from lineplan.control.assumed import said_of_days

RULES = {
    "kind": "mapped",
    "columns": {"holder": "status"},
    "rule": [
        {"held_by": "ru", "control_class": "full", "values": ["Occupied"]},
        {"held_by": "ru", "control_class": "claimed", "values": ["Claimed"]},
    ],
    "without_base": "leaves out ground; give it with --base FILE",
}


def days_of(folder: Path) -> Path:
    """Three days; the second has two rows that no rule knows, the others one."""
    for day in (1, 2, 3):
        shapes = [
            box(37.8, 46.8, 38 + day / 10, 49.9),
            box(36, 47, 37, 48),
            box(34, 46, 35, 47),
            box(33, 46, 33.5, 46.5),
        ]
        status = ["Occupied", "Claimed", "Mystery", "Mystery" if day == 2 else "Claimed"]
        frame = gpd.GeoDataFrame({"status": status}, geometry=shapes, crs=4326)
        frame.to_file(folder / f"c_2025110{day}.geojson")
    return folder


@pytest.mark.parametrize("is_packed", [False, True])
def test_what_was_assumed_is_said_once(is_packed: bool, tmp_path: Path) -> None:
    (folder := tmp_path / "days").mkdir()
    how = SourceFile.model_validate(RULES)
    archive = lp.open_archive(days_of(folder), lp.load_dataset(), kind=how)
    if is_packed:
        report = pack(archive, tmp_path / "days.parquet")
        archive = lp.open_archive(tmp_path / "days.parquet", lp.load_dataset())
    found = lp.timeline("as_held", control=archive)
    notes, days = found.conditions["notes"], found.days["note"].tolist()
    said = [note for note in notes if note.startswith("on all 3 days")]
    if is_packed:
        assert [*report.assumed] == said
    assert said[0] == (
        "on all 3 days, figures of 2025-11-01: 1 row(s) read as unknown, whose status no rule "
        "knows: 'mystery' (1)"
    )
    assert "on all 3 days: full counts as held (--control-class, the default)" in said[1]
    assert said[2] == "on all 3 days: drawn and not counted as held: claimed, ru"
    assert said[3] == "on all 3 days: leaves out ground; give it with --base FILE"
    assert len(said) == 4
    assert found.conditions["control_class"] == "full"
    assert "control_class" not in found.days
    assert days[1] == "2 row(s) read as unknown, whose status no rule knows: 'mystery' (2)"
    atlas = lp.atlas(["as_held"], control=archive)
    assert said == [note for note in atlas.notes if note.startswith("on all 3 days")]


def test_an_assumed_holder_is_said_where_files_are_read_alike(
    days: Path, line: Any, tmp_path: Path
) -> None:
    said = line("timeline", "as_held", "--control", days, "-o", "t.csv").err
    assert said.count("are read as held by ru") == 1
    conditions = json.loads((tmp_path / "t.conditions.json").read_text())
    assert conditions["notes"][0].startswith("on all 3 days: has no column 'held_by'; ")
    assert pd.read_csv(tmp_path / "t.days.csv")["note"].dropna().tolist() == ["as on 2025-11-20"]
    assert "on all 3 days: has no" in line("data", "pack", days, "-o", "p.parquet").err


@pytest.mark.realdata
def test_a_real_source_without_its_base_is_told(real_data: Path, tmp_path: Path, line: Any) -> None:
    (folder := tmp_path / "nzz").mkdir()
    shutil.copy(real_data / "other" / "nzz_2025-11-20.json", folder)
    for asked in (("timeline", "as_held", "--control", folder), ("data", "pack", folder)):
        said = line(*asked, "-o", "t.csv" if asked[0] == "timeline" else "p.parquet").err
        assert said.count("leaves out ground held since before 2022") == 1


def test_many_notes_are_cut_short_on_the_terminal(tmp_path: Path, line: Any) -> None:
    for day in range(1, 16):
        ring = [(37.8, 46.8), (40, 49.9), (40, 46.8), (37.8, 49.9 - day / 100), (37.8, 46.8)]
        shape = {"type": "Polygon", "coordinates": [ring]}
        feature = {"type": "Feature", "properties": {}, "geometry": shape}
        text = json.dumps({"type": "FeatureCollection", "features": [feature]})
        (tmp_path / f"c_202511{day:02}.geojson").write_text(text)
    said = line("timeline", "as_held", "--control", tmp_path, "-o", "t.csv")
    notes = [row for row in said.err.splitlines() if row.startswith("note: ")]
    assert len(notes) == 11
    assert notes[-1].startswith("note: and ")


def test_notes_that_differ_in_numbers_are_one() -> None:
    first, second = date(2025, 1, 1), date(2025, 1, 2)
    said, differing = said_of_days({first: ("a: 1 row", "b"), second: ("a: 2 rows", "b")})
    assert said == ["on 1 of 2 days: a: 1 row", "on all 2 days: b", "on 1 of 2 days: a: 2 rows"]
    assert differing == {first: ["a: 1 row"], second: ["a: 2 rows"]}
    said, differing = said_of_days({first: ("1 km",), second: ("2 km",)})
    assert said == ["on all 2 days, figures of 2025-01-01: 1 km"]
    assert differing == {first: ["1 km"], second: ["2 km"]}


def test_a_folder_names_what_it_does_not_read(tmp_path: Path, line: Any) -> None:
    folder = tmp_path / "days"
    (folder / "sub").mkdir(parents=True)
    (folder / "plain").mkdir()
    frame = gpd.GeoDataFrame({"held_by": ["ru"]}, geometry=[box(37.8, 46.8, 40, 49.9)], crs=4326)
    frame.to_file(folder / "c_20251101.geojson")
    frame.to_file(folder / "c_20251102.shp")
    frame.to_file(folder / "c_20251103.tab", driver="MapInfo File")
    frame.to_file(folder / "c_20251104.sqlite", driver="SQLite")
    frame.to_file(folder / "undated.shp")
    frame.to_file(folder / "sub" / "c_20251105.geojson")
    (folder / "mine.toml").write_text("")
    archive = lp.open_archive(folder, lp.load_dataset())
    assert [f"{day}" for day in archive.days] == ["2025-11-01", "2025-11-02"]
    (said,) = archive.notes
    assert said.endswith(": c_20251103.tab, c_20251104.sqlite, sub/, undated.shp")
    shown = line("data", "inspect", folder).out
    assert "c_20251103.tab, c_20251104.sqlite, sub/, undated.shp" in shown


def test_a_folder_of_folders_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "2025-11").mkdir()
    with pytest.raises(lp.LineplanError, match=r"subfolders are not read; give .* \(2025-11/\)"):
        lp.open_archive(tmp_path, lp.load_dataset())
