"""Fixtures that several tests share."""

import os
from pathlib import Path

import pytest
import toyland

import lineplan as lp

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
