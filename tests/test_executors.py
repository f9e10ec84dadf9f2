"""Batches on other executors than one's own processes: what is told before and while they run."""

from __future__ import annotations

import pickle
import sys
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import toyland
from conftest import one_line_of
from test_chronology import moving, write_days
from test_timeline_cli import TOY_PLAN, call

import lineplan as lp
from lineplan import dataset
from lineplan.chronology import cluster


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
def test_a_folder_that_a_worker_does_not_see(
    keep_going: bool, folder: Path, toy: lp.Dataset
) -> None:
    """It is no matter of single days: none is skipped."""
    control = lp.open_archive(folder, toy)
    folder.rename(folder.with_name("moved"))
    with (
        ThreadPoolExecutor(1) as executor,
        pytest.raises(
            lp.LineplanError, match=r"days: a worker on .* does not see it; .* data pack"
        ),
    ):
        lp.timeline(
            folder.parent / "east.toml",
            control=control,
            dataset=toy,
            executor=executor,
            keep_going=keep_going,
        )


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
