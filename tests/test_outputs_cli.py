"""What commands may write to: no input of theirs, no two files to one place, all or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import toyland
from test_chronology import moving, write_days
from test_timeline_cli import TOY_PLAN

from lineplan.chronology import chart as charts

DATASET = ("--dataset", toyland.FOLDER)
TIMELINE = ("timeline", "east.toml", *DATASET)
KEPT = "an older file"


@pytest.fixture
def folder(tmp_path: Path, line: Any) -> Path:
    """Toyland's days as a folder and packed, and files by which they are read."""
    (tmp_path / "east.toml").write_text(TOY_PLAN, encoding="utf-8")
    days = write_days(tmp_path / "days", moving(3))
    assert line("data", "pack", "days", "-o", "packed.parquet", *DATASET).status == 0
    (tmp_path / "how.toml").write_text('file = "packed.parquet"\n', encoding="utf-8")
    one = days / "line_20250102.geojson"
    (tmp_path / "one.geojson").write_bytes(one.read_bytes())
    (tmp_path / "link.parquet").symlink_to("packed.parquet")
    (tmp_path / "points.csv").write_text("lon,lat\n30.5,0.5\n", encoding="utf-8")
    return days


def bytes_of(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.mark.parametrize(
    "arguments",
    [
        (*TIMELINE, "--control", "packed.parquet", "-o", "packed.parquet"),
        (*TIMELINE, "--control", "packed.parquet", "-o", "./days/../packed.parquet"),
        (*TIMELINE, "--control", "packed.parquet", "-o", "link.parquet"),
        (*TIMELINE, "--control", "link.parquet", "-o", "packed.parquet"),
        (*TIMELINE, "--control", "packed.parquet", "-o", "s.csv", "--zones", "packed.parquet"),
        (*TIMELINE, "--control", "how.toml", "-o", "packed.parquet"),
        ("timeline", "as_held", *DATASET, "--control", "days", "-o", "days/extra.csv"),
        ("data", "pack", "packed.parquet", "-o", "packed.parquet", *DATASET),
        ("data", "pack", "how.toml", "-o", "packed.parquet", *DATASET),
        ("data", "pack", "days", "-o", "days/line_20250102.geojson", *DATASET),
        ("export", "east.toml", *DATASET, "--control", "one.geojson", "-o", "one.geojson"),
        ("export", "east.toml", *DATASET, "--line", "2025-01-01=one.geojson", "-o", "one.geojson"),
        ("export", "east.toml", *DATASET, "--units", "one.geojson", "-o", "one.geojson"),
        ("map", "east.toml", *DATASET, "--control", "page.html", "-o", "page.html"),
        ("figure", "east.toml", *DATASET, "--terms", "page.svg", "-o", "page.svg"),
        ("report", "east.toml", *DATASET, "--control", "page.html", "-o", "page.html"),
        ("areas", "east.toml", *DATASET, "-o", "east.toml"),
        ("areas", "east.toml", *DATASET, "--report-by", "one.geojson", "-o", "one.geojson"),
        ("areas", "east.toml", *DATASET, "-o", toyland.FOLDER / "dataset.toml"),
        ("places", "east.toml", *DATASET, "--places", "points.csv", "-o", "points.csv"),
        ("locate", "points.csv", "east.toml", *DATASET, "-o", "points.csv"),
        ("compare", "east.toml", "as_held", *DATASET, "-o", "east.toml"),
    ],
)
def test_no_input_is_written_to(
    arguments: tuple[object, ...], line: Any, folder: Path, tmp_path: Path
) -> None:
    (folder / "extra.csv").write_text("a control of some other day", encoding="utf-8")
    for page in ("page.html", "page.svg"):
        (tmp_path / page).write_text("", encoding="utf-8")
    before = bytes_of(tmp_path) | bytes_of(toyland.FOLDER)
    said = line(*arguments)
    assert said.status == 2
    assert said.err.count("\n") == 1, said.err
    assert "is an input of this command" in said.err
    assert bytes_of(tmp_path) | bytes_of(toyland.FOLDER) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("-o", "z.parquet", "--zones", "z.parquet"),
        ("-o", "z.parquet", "--zones", "./z.days.parquet"),
        ("-o", "z.csv", "--zones", "z.parquet", "--save-source", "z.days.csv"),
    ],
)
def test_no_two_outputs_go_to_one_file(
    arguments: tuple[str, ...], line: Any, folder: Path, tmp_path: Path
) -> None:
    said = line(*TIMELINE, "--control", "days", *arguments)
    assert said.status == 2
    assert "two outputs of this command would go there" in said.err
    assert not list(tmp_path.glob("z.*"))


def test_files_beside_the_days_may_be_written(line: Any, folder: Path) -> None:
    """A packed archive and a page in the folder are no days of it."""
    for _ in range(2):
        assert line("data", "pack", "days", "-o", "days/all.parquet", *DATASET).status == 0
        given = ("map", "east.toml", *DATASET, "--control", "days", "-o", "days/map.html")
        assert line(*given).status == 0


@pytest.mark.parametrize("taken", ["s.csv", "s.days.csv", "s.conditions.json", "c.png", "z.gpkg"])
def test_a_folder_in_the_way_is_told_before_the_work(
    taken: str, line: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lineplan.chronology.timeline", lambda *_, **__: pytest.fail("worked"))
    names = ("s.csv", "s.days.csv", "s.conditions.json", "c.png", "z.gpkg")
    for name in names:
        (tmp_path / name).mkdir() if name == taken else (tmp_path / name).write_text(KEPT)
    given = ("--control", "days", "-o", "s.csv", "--chart", "c.png", "--zones", "z.gpkg")
    said = line(*TIMELINE, *given)
    assert said.status == 1
    assert said.err == (
        f"lineplan: {taken}: is a folder, which must not be replaced; name a file\n"
    )
    assert all((tmp_path / name).read_text() == KEPT for name in names if name != taken)


@pytest.mark.parametrize("failing", ["chart", "table"])
def test_when_one_file_cannot_be_written_none_is_replaced(
    failing: str, line: Any, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    if failing == "chart":
        monkeypatch.setattr(charts, "_draw_panel", full)
    else:  # the second table, after the first went well
        whole = pd.DataFrame.to_csv
        monkeypatch.setattr(
            pd.DataFrame,
            "to_csv",
            lambda table, *a, **k: (full if "source" in table else whole)(table, *a, **k),
        )
    names = ("s.csv", "s.days.csv", "s.conditions.json", "c.png")
    for name in names:
        (tmp_path / name).write_text(KEPT)
    said = line(*TIMELINE, "--control", "days", "-o", "s.csv", "--chart", "c.png")
    assert said.status == 1
    assert "No space left on device" in said.err
    assert [(tmp_path / name).read_text() for name in names] == [KEPT] * 4
    assert not list(tmp_path.glob(".lineplan-*"))
