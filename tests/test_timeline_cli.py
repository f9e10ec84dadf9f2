"""The command that follows plans through time: files, journal, bad days, an end in the middle."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import toyland
from conftest import one_line_of
from pandas.testing import assert_frame_equal
from shapely.geometry import box
from test_chronology import front, moving, spoil, write_days

import lineplan as lp
from lineplan.chronology.chart import what_moved

TOY_PLAN = """
id = "east"
dataset = "toyland"
date = 2025-01-01
in_force = false
elsewhere = "unaffected"
title = "East"

[[clause]]
id = "1"
subject = "1"
where = { held_by = "bora" }
status = "relinquished"
text = [{ language = "en", kind = "published", quote = "Bora gives up the East." }]
"""
COMMAND = Path(sys.executable).parent / "lineplan"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "east.toml").write_text(TOY_PLAN, encoding="utf-8")
    return write_days(tmp_path / "days", moving(6))


def call(**other: object) -> list[object]:
    options = {"--control": "days", "--dataset": toyland.FOLDER, "-o": "series.csv"} | {
        f"--{name}": value for name, value in other.items()
    }
    given: list[object] = ["timeline", "east.toml"]
    for name, value in options.items():
        given += [name] if value is True else [name, value]
    return given


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_it_writes_areas_days_and_conditions(
    ending: str, line: Any, folder: Path, tmp_path: Path
) -> None:
    said = line(*call(), "-o", f"series.{ending}", "--from", "2025-01-02")
    assert said.status == 0
    assert said.out == ""
    assert "5 day(s), 2025-01-02 to 2025-01-06" in said.err
    read = pd.read_parquet if ending == "parquet" else pd.read_csv
    assert len(read(tmp_path / f"series.{ending}")) == 5 * 6
    assert read(tmp_path / f"series.days.{ending}")["line_length_km"].gt(200).all()
    assert not list(tmp_path.glob(".series*"))
    first = (tmp_path / f"series.{ending}").read_bytes()
    assert line(*call(), "-o", f"series.{ending}", "--from", "2025-01-02").status == 0
    assert (tmp_path / f"series.{ending}").read_bytes() == first


def test_workers_write_the_same(line: Any, folder: Path, tmp_path: Path) -> None:
    assert line(*call()).status == 0
    alone = (tmp_path / "series.csv").read_bytes()
    assert line(*call(workers=2)).status == 0
    assert (tmp_path / "series.csv").read_bytes() == alone


def test_a_bad_day_stops_with_one_line(line: Any, folder: Path, tmp_path: Path) -> None:
    spoil(folder, 2)
    words = one_line_of(line(*call()))
    assert words.startswith("lineplan: 2025-01-03: ")
    assert "line_20250103.geojson" in words
    assert not (tmp_path / "series.csv").exists()


def test_a_bad_day_is_skipped_and_counted(line: Any, folder: Path, tmp_path: Path) -> None:
    spoil(folder, 2)
    said = line(*call(), "--keep-going")
    assert said.status == 0
    assert "warning: 2025-01-03 skipped: " in said.err
    assert "5 day(s), 2025-01-01 to 2025-01-06; 1 bad day(s) skipped" in said.err
    assert len(pd.read_csv(tmp_path / "series.days.csv")) == 5


def test_missing_days_are_counted(line: Any, folder: Path) -> None:
    (folder / "line_20250103.geojson").unlink()
    assert "1 day(s) between them are missing" in line(*call()).err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "series.xlsx"], "ends in .parquet or .csv"),
        (["--as-of", "2025-01-01"], "--from and --to"),
        (["--control", "days"], "is given 2 times"),
        (["--from", "2025-02-01"], "has no state from 2025-02-01"),
    ],
)
def test_options_that_do_not_fit(arguments: list[str], words: str, line: Any, folder: Path) -> None:
    said = line(*call(), *arguments)
    assert said.status == 2
    assert words in said.err


def mapped(folder: Path) -> Path:
    """The same days with a column of another's words in place of `held_by`."""
    target = folder.parent / "mapped"
    target.mkdir()
    for file in folder.iterdir():
        frame = gpd.read_file(file).assign(stat="Occupied")
        frame.to_file(target / file.name)
    return target


def test_how_the_days_are_read_can_be_said(line: Any, folder: Path, tmp_path: Path) -> None:
    assert line(*call()).status == 0
    plain = pd.read_csv(tmp_path / "series.csv")
    mapped(folder)
    how = ["--holder", "stat", "--value", "Occupied=cora", "--save-source", "how.toml"]
    said = line(*call(control="mapped"), *how)
    assert said.status == 0, said.err
    found = pd.read_csv(tmp_path / "series.csv")
    ours, theirs = (
        table[table["held_by"] == holder].groupby("date")["area_km2"].sum().to_dict()
        for table, holder in ((found, "cora"), (plain, "bora"))
    )
    assert ours == pytest.approx(theirs)
    conditions = json.loads((tmp_path / "series.conditions.json").read_text())
    assert conditions["control_reading"] == {
        "columns": {"holder": "stat"},
        "values": {"Occupied": "cora"},
    }
    assert line(*call(control="how.toml")).status == 0
    assert_frame_equal(pd.read_csv(tmp_path / "series.csv"), found)


def test_lines_of_contact_of_many_days(line: Any, folder: Path, tmp_path: Path) -> None:
    assert line(*call()).status == 0
    plain = pd.read_csv(tmp_path / "series.csv")
    fronts = tmp_path / "fronts"
    fronts.mkdir()
    for file in folder.iterdir():
        corners = shapely.get_coordinates(gpd.read_file(file).geometry)[:31]
        front = shapely.LineString(corners)
        gpd.GeoDataFrame(geometry=[front], crs=4326).to_file(fronts / file.name)
    for how in (["--left", "aria"], ["--seed", "31.9,0.9=bora"]):
        said = line(*call(control="fronts"), *how)
        assert said.status == 0, said.err
        found = pd.read_csv(tmp_path / "series.csv")
        assert found["area_km2"].tolist() == pytest.approx(plain["area_km2"].tolist(), rel=1e-6)


def test_a_base_under_every_day(line: Any, folder: Path, tmp_path: Path) -> None:
    assert line(*call()).status == 0
    plain = pd.read_csv(tmp_path / "series.csv")
    base = gpd.GeoDataFrame({"held_by": ["cora"]}, geometry=[box(29.5, 0.5, 30.5, 1.5)], crs=4326)
    base.to_file(tmp_path / "base.geojson")
    assert line(*call(base="base.geojson")).status == 0
    found = pd.read_csv(tmp_path / "series.csv")
    of = found[found["held_by"] == "cora"]
    assert of["area_km2"].tolist() == pytest.approx([toyland.SQUARE_KM2 / 4] * 6, rel=0.01)
    assert len(found) == len(plain) + 6


@pytest.mark.parametrize("how", [("--holder", "stat"), ("--control-class", "partial")])
def test_a_packed_archive_has_been_read(how: tuple[str, ...], line: Any, folder: Path) -> None:
    dataset = ("--dataset", toyland.FOLDER)
    assert line("data", "pack", "days", "-o", "days.parquet", *dataset).status == 0
    words = one_line_of(line(*call(control="days.parquet"), *how))
    assert "was told how its days are read when it was packed" in words
    assert line(*call(control="days.parquet")).status == 0


def test_it_needs_an_archive(line: Any, folder: Path) -> None:
    said = line("timeline", "east.toml", "--dataset", toyland.FOLDER, "-o", "series.csv")
    assert said.status == 2
    assert "needs --control" in said.err


def test_no_folder_to_write_to_is_told_before_the_work(line: Any, folder: Path) -> None:
    assert "there is no folder nowhere" in one_line_of(line(*call(), "-o", "nowhere/series.csv"))


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_in_the_middle_nothing_is_half_written_and_the_next_run_finishes(
    workers: int, line: Any, folder: Path, tmp_path: Path
) -> None:
    write_days(folder, [front({20: -0.001 * (day % 300)}) for day in range(2000)])
    assert line(*call(), "-o", "whole.csv").status == 0
    arguments = [COMMAND, *map(str, call(workers=workers))]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, start_new_session=True)
    kept = tmp_path / ".series.csv.part"
    end = time.monotonic() + 120
    while len(list(kept.glob("*.json"))) < 2 and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not list(tmp_path.glob("series*"))
    finished = {file: file.stat().st_mtime_ns for file in kept.glob("*.json")}
    assert 2 <= len(finished) < 8

    assert line(*call(workers=workers)).status == 0
    for name in ("{}.csv", "{}.days.csv", "{}.conditions.json"):
        resumed, whole = (tmp_path / name.format(stem) for stem in ("series", "whole"))
        assert resumed.read_bytes() == whole.read_bytes()
    assert not kept.exists()
    # Workers end with the process that gave them work.
    while workers > 1 and _group_lives(process.pid):
        assert time.monotonic() < end
        time.sleep(0.05)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_what_was_kept_is_used(line: Any, folder: Path, tmp_path: Path) -> None:
    """A run that fails on its last batch has not worked in vain."""
    write_days(folder, [front({20: -0.001 * (day % 300)}) for day in range(600)])
    spoil(folder, 599)
    assert line(*call()).status == 1
    kept = {file: file.stat().st_mtime_ns for file in (tmp_path / ".series.csv.part").iterdir()}
    assert len(kept) == 2
    assert line(*call()).status == 1
    assert all(file.stat().st_mtime_ns == when for file, when in kept.items())


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_the_chart_says_what_moved(ending: str, line: Any, folder: Path, tmp_path: Path) -> None:
    said = line(*call(), "--chart", f"chart.{ending}")
    assert said.status == 0, said.err
    drawn = (tmp_path / f"chart.{ending}").read_bytes()
    if ending == "svg":
        words = " ".join(re.sub(r"<[^>]+>", " ", drawn.decode()).split())
        for text in (
            "East (text of 2025-01-01",
            "Moved between 1 January 2025 and 6 January 2025:",
            "Control: days, 6 day(s) from 2025-01-01 to 2025-01-06",
            "Units: Units of Toyland",
        ):
            assert text in words
    assert line(*call(), "--chart", f"chart.{ending}").status == 0
    assert (tmp_path / f"chart.{ending}").read_bytes() == drawn


def test_a_chart_without_matplotlib(
    line: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    words = one_line_of(line(*call(), "--chart", "chart.png"))
    assert words.endswith("not installed: pip install 'lineplan[chart]'")


def test_a_chart_of_another_ending(line: Any, folder: Path) -> None:
    said = line(*call(), "--chart", "chart.pdf")
    assert said.status == 2
    assert ".png or .svg" in said.err


def test_the_sentence_of_what_moved(toy: lp.Dataset, folder: Path) -> None:
    write_days(folder, [front(), front({20: -0.5})])
    plan = lp.load_plan(folder.parent / "east.toml", toy)
    areas = lp.timeline(plan, control=folder, dataset=toy, last="2025-01-02").areas
    assert re.fullmatch(
        r"Moved between 1 January 2025 and 2 January 2025: "
        r"(Control would be given up, held by Boran forces \+6\d\d km²; )"
        r"(No change stated in the text, not mapped as held by .* -6\d\d km²\.)"
        r"|Moved .*: (No change .* -6\d\d km²; )(Control would be given up, .* \+6\d\d km²\.)",
        what_moved(areas, toy),
    )
    assert "one day has no course" in what_moved(areas[areas["date"] == "2025-01-01"], toy)
    still = areas[areas["date"] == "2025-01-01"]
    later = still.assign(date=still["date"] + pd.Timedelta(days=1))
    assert "nothing gained or lost" in what_moved(pd.concat([still, later]), toy)


@pytest.mark.parametrize("given", ["days", ".", "absolute"])
def test_a_skipped_day_is_told_in_the_same_words_by_any_workers(
    given: str, line: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of conditions is passed on, and says no more of where files lie than was given."""
    spoil(folder, 2)
    (folder / "line_20250105.geojson").write_text('{"type": "Nothing", "features": []}')
    plan = tmp_path / "east.toml"
    if given == ".":
        monkeypatch.chdir(folder)
    control = folder if given == "absolute" else given
    said = []
    for workers in (1, 2):
        arguments = ["timeline", plan, "--dataset", toyland.FOLDER, "--control", control]
        arguments += ["-o", tmp_path / "series.csv", "--keep-going", "--workers", workers]
        assert line(*arguments).status == 0
        said.append(json.loads((tmp_path / "series.conditions.json").read_text()))
    assert said[0] == said[1]
    skipped = said[0]["days_skipped"]
    assert set(skipped) == {"2025-01-03", "2025-01-05"}
    assert all(".geojson" in words for words in skipped.values())
    if given != "absolute":
        assert str(tmp_path) not in json.dumps(skipped)


@pytest.mark.parametrize("command", ["timeline", "compare", "areas"])
def test_lines_that_are_not_there_are_told_before_any_work(
    command: str, line: Any, folder: Path
) -> None:
    control = folder if command == "timeline" else folder / "line_20250101.geojson"
    plans = ["east.toml", "other.toml"] if command == "compare" else ["east.toml"]
    Path("other.toml").write_text(TOY_PLAN.replace('"east"', '"other"'), encoding="utf-8")
    arguments = [command, *plans, "--dataset", toyland.FOLDER, "--control", control]
    arguments += ["-o", "series.csv"] if command == "timeline" else []
    words = one_line_of(line(*arguments, "--line", "2014-09-19=nofile.shp"))
    assert (
        words == "lineplan: nofile.shp: no such file; it is to give the line of 2014-09-19 (--line)"
    )
