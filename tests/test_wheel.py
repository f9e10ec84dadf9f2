"""The wheel carries the data and does the main job in an empty environment."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_wheel_carries_every_file_of_the_dataset(wheel: Path) -> None:
    manifest = tomllib.loads((ROOT / "data/ukraine/dataset.toml").read_text(encoding="utf-8"))
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    expected = {"dataset.toml", *(file["path"] for file in manifest["file"])}
    assert {f"lineplan/data/ukraine/{path}" for path in expected} <= names
    assert not [n for n in names if n.startswith(("tests/", "notebooks/"))]


def test_installed_wheel_makes_the_map(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    program = tmp_path / "env" / "bin"
    subprocess.run([program / "pip", "install", "-q", str(wheel)], check=True)
    for arguments in (["data", "verify"], ["map"], ["areas", "--format", "json", "-o", "a.json"]):
        subprocess.run(
            [program / "lineplan", *arguments], check=True, cwd=tmp_path, capture_output=True
        )
    page = (tmp_path / "point21.html").read_text(encoding="utf-8")
    assert "Proposed neutral demilitarised buffer" in page
    assert 'id="lineplan-data"' in page
    assert "demilitarized_buffer" in (tmp_path / "a.json").read_text(encoding="utf-8")
