"""Fixtures that several tests share."""

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import pytest
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
