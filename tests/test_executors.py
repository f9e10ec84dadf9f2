"""Batches on other executors than one's own processes: what is told before and while they run."""

from __future__ import annotations

import pickle
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import toyland
from conftest import one_line_of
from test_chronology import moving, write_days
from test_timeline_cli import TOY_PLAN, call

import lineplan as lp
from lineplan import dataset
from lineplan.chronology import cluster
from lineplan.control.packing import pack
from lineplan.control.sourcefile import SourceFile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "east.toml").write_text(TOY_PLAN, encoding="utf-8")
    return write_days(tmp_path / "days", moving(3))


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "tcp://127.0.0.1", "zcp://a:1", "x y"])
def test_no_scheduler_at_the_address(
    address: str, folder: Path, line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "WAIT_S", 0.5)
    text = one_line_of(line(*call(cluster=address)))
    assert text.startswith(f"lineplan: {address}: no Dask scheduler answers there (")


def test_distributed_is_not_installed(
    folder: Path, line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    text = one_line_of(line(*call(cluster="tcp://127.0.0.1:8786")))
    assert text.endswith("not installed: pip install 'lineplan[cluster]'")


def test_workers_and_cluster_exclude_each_other(folder: Path, line: Any) -> None:
    said = line(*call(cluster="tcp://127.0.0.1:8786", workers=2))
    assert said.status == 2
    assert "leave out --workers" in said.err


@pytest.mark.parametrize("keep_going", [False, True])
@pytest.mark.parametrize("kind", ["folder", "dated"])
def test_an_archive_that_a_worker_does_not_see(
    kind: str, keep_going: bool, folder: Path, toy: lp.Dataset
) -> None:
    """It is no matter of single days: none is skipped."""
    source = folder if kind == "folder" else dated(folder)
    control = lp.open_archive(source, toy)
    assert control.kind == kind
    assert not control.same_as
    sent = pickle.dumps(control)
    source.rename(source.with_name("moved"))
    control = pickle.loads(sent)
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(
            lp.LineplanError, match=r"days.*: a worker on .* does not see it; .* data pack"
        ),
    ):
        lp.timeline(
            folder.parent / "east.toml",
            control=control,
            dataset=toy,
            executor=executor,
            keep_going=keep_going,
        )


def dated(folder: Path) -> Path:
    """The days of a folder in one file, told apart by a column."""
    frames = [gpd.read_file(file).assign(as_of=file.stem[-8:]) for file in sorted(folder.iterdir())]
    frame = pd.concat(frames)
    frame["as_of"] = pd.to_datetime(frame["as_of"])
    path = folder.with_name("days.gpkg")
    frame[["as_of", "geometry"]].to_file(path)
    return path


@pytest.mark.parametrize("kind", ["folder", "dated", "packed"])
def test_an_archive_is_found_from_any_folder(
    kind: str, folder: Path, toy: lp.Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    dated(folder)
    pack(lp.open_archive("days", toy), "days.parquet")
    name = {"folder": "days", "dated": "days.gpkg", "packed": "days.parquet"}[kind]
    archive = lp.open_archive(name, toy)
    sent, day = pickle.dumps(archive), archive.days[1]
    expected = archive.control(day)
    monkeypatch.chdir("/")
    found = pickle.loads(sent).control(day)
    assert found.sha256 == expected.sha256
    assert found.claims.geometry.geom_equals_exact(expected.claims.geometry, 0).all()


def test_a_source_file_is_found_from_any_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("base.geojson").touch()
    assert SourceFile(base="base.geojson").placed().base == str(tmp_path / "base.geojson")
    assert SourceFile(base="embedded").placed().base == "embedded"


def test_a_worker_of_another_version_that_comes_late(
    folder: Path, toy: lp.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(ThreadPoolExecutor):
        def submit(self, fn: Any, /, *arguments: Any) -> Future[Any]:  # type: ignore[override]
            return super().submit(fn, "0.0.1", *arguments[1:])

    with Late(1) as executor, pytest.raises(lp.LineplanError, match=r"this is lineplan 0\.0\.1"):
        lp.timeline(folder.parent / "east.toml", control=folder, dataset=toy, executor=executor)


def test_an_executor_that_gives_up_is_told(folder: Path, toy: lp.Dataset) -> None:
    class Gone(Executor):
        def submit(self, fn: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.cancel()
            future.set_running_or_notify_cancel()
            return future

    with pytest.raises(lp.LineplanError, match="closed, or gone"):
        lp.timeline(folder.parent / "east.toml", control=folder, dataset=toy, executor=Gone())


def test_an_embedded_dataset_is_found_in_another_installation(
    ukraine: lp.Dataset, toy: lp.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, own = pickle.dumps(ukraine), pickle.dumps(toy)
    monkeypatch.setattr(dataset, "data_folder", lambda: tmp_path)
    assert pickle.loads(sent).folder == tmp_path / "ukraine"
    assert pickle.loads(own).folder == toyland.FOLDER.absolute()
