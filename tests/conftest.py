"""Fixtures that several tests share."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pytest
import shapely
import toyland

import lineplan as lp
from lineplan.cli import run

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def ukraine() -> lp.Dataset:
    return lp.load_dataset("ukraine")


@pytest.fixture(scope="session")
def toy() -> lp.Dataset:
    return lp.load_dataset(toyland.FOLDER)


@pytest.fixture(scope="session")
def point21() -> lp.Arrangement:
    """Point 21 on nothing but embedded data."""
    return lp.arrange("point21")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real sources, which may not be shipped with the project."""
    folder = Path(os.environ.get("LINEPLAN_REALDATA") or ROOT.parent / "shared" / "data" / "real")
    if not (folder / "deepstate_daily").is_dir():
        pytest.skip(f"no real data in {folder}; set LINEPLAN_REALDATA to a folder that has it")
    return folder


@pytest.fixture(scope="session")
def days(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of three days: the embedded line, unchanged, and with a square of it given up."""
    folder = tmp_path_factory.mktemp("days")
    text = (ROOT / "data" / "ukraine" / "control-2025-11-20.geojson").read_text(encoding="utf-8")
    frame = gpd.read_file(text)[["geometry"]]
    moved = frame.assign(geometry=frame.difference(shapely.box(37.6, 47.9, 37.9, 48.2)))
    (folder / "control_20251120.geojson").write_text(frame.to_json())
    (folder / "control_20251121.geojson").write_text(frame.to_json())
    (folder / "control_20251122.geojson").write_text(moved.to_json())
    return folder


class Said(NamedTuple):
    """What a command line printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.out)


@pytest.fixture
def line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Any:
    """Run a command line in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: object) -> Said:
        status = run([str(a) for a in arguments])
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err)

    return call


def one_line_of(said: Said) -> str:
    """The one line that a command line said when it failed."""
    assert said.status == 1
    assert said.out == ""
    assert "Traceback" not in said.err
    (text,) = said.err.strip().splitlines()
    return text
