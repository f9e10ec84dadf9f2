"""A timeline on a real Dask cluster: a scheduler and workers, each a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import one_line_of
from pandas.testing import assert_frame_equal
from test_chronology import FIRST, moving, write_days
from test_timeline_cli import COMMAND, TOY_PLAN, call

import lineplan as lp
from lineplan.chronology import cluster

if TYPE_CHECKING:
    from distributed import Client

pytestmark = pytest.mark.cluster
LONG_S = 120
DAYS = 60
BUFFER = """
[[clause]]
id = "2"
subject = "2"
overrides = ["1"]
where = { within = { of = "line", km = 20 } }
status = "demilitarized_buffer"
text = [{ language = "en", kind = "published", quote = "Nobody stays near the line." }]
"""
"""A plan that measures from the line, so that every day is measured in full and takes its time."""


@dataclass
class Dask:
    """A scheduler and workers, which end with the test."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    address: str = ""

    def schedule(self, first: str = "") -> None:
        said = self.folder / "scheduler.json"
        options = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"]
        self.run("distributed.cli.dask_scheduler", first, *options, "--scheduler-file", said)
        self.address = until(lambda: said.exists() and _read(said))["address"]

    def work(self, first: str = "") -> subprocess.Popen[bytes]:
        """A worker of one thread that stands in another folder, and ends when it is killed."""
        options = ["--no-nanny", "--nthreads", "1", "--no-dashboard"]
        return self.run("distributed.cli.dask_worker", first, self.address, *options)

    def run(self, module: str, first: str, *options: object) -> subprocess.Popen[bytes]:
        code = f"import sys; from {module} import main; {first}\nmain()"
        folder = self.folder / str(len(self.processes))
        folder.mkdir()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-c", code, *map(str, options)],
                cwd=folder,
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
            )
        self.processes.append(process)
        return process

    def end(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()

    @contextmanager
    def client(self, workers: int) -> Iterator[Client]:
        """One who looks on, when so many workers are there."""
        from distributed import Client

        with Client(self.address, timeout=LONG_S, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=LONG_S)
            yield client


def until(holds: Callable[[], Any]) -> Any:
    end = time.monotonic() + LONG_S
    while not (found := holds()):
        assert time.monotonic() < end
        time.sleep(0.01)
    return found


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except ValueError:  # still being written
        return None


@pytest.fixture
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    made = Dask(tmp_path_factory.mktemp("dask"))
    yield made
    made.end()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "east.toml").write_text(TOY_PLAN + BUFFER, encoding="utf-8")
    # Every eighth day, so that a batch, which is of 32 days, has four.
    for number, ground in enumerate(moving(DAYS)):
        write_days(tmp_path / "days", [ground], FIRST + timedelta(days=8 * number))
    return tmp_path / "days"


@contextmanager
def running(dask: Dask, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The command on the cluster, while it runs."""
    arguments = [str(word) for word in (COMMAND, *call(cluster=dask.address))]
    process = subprocess.Popen(arguments, cwd=folder.parent, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def working(client: Client) -> dict[str, list[str]]:
    """Batches that each worker has and has not finished."""
    return {
        worker: names
        for worker, keys in client.processing().items()
        if (names := [key for key in keys if key.startswith("run_batch")])
    }


def hold_in_mid_run(client: Client, kept: Path) -> tuple[int, int]:
    """Hold a worker that has taken batches, when some are done and it has not finished its own.

    So it cannot finish before what comes next. Its process and how many batches it has.
    """
    pid_of = client.run(os.getpid)

    def held() -> tuple[int, int] | None:
        if not list(kept.glob("*.json")):
            return None
        for worker in working(client):
            os.kill(pid_of[worker], signal.SIGSTOP)
            # What it had said before reaches the scheduler meanwhile.
            found = [working(client).get(worker) for _ in range(5)][-1]
            if found:
                return pid_of[worker], len(found)
            os.kill(pid_of[worker], signal.SIGCONT)
        return None

    return until(held)


def kill_in_mid_run(client: Client, kept: Path) -> int:
    """Kill such a worker; how many batches it had is returned."""
    pid, count = hold_in_mid_run(client, kept)
    os.kill(pid, signal.SIGKILL)
    return count


def test_a_worker_killed_in_mid_run_changes_nothing(
    dask: Dask, folder: Path, line: Any, tmp_path: Path
) -> None:
    dask.schedule()
    workers = [dask.work(), dask.work()]
    assert line(*call(), "-o", "whole.csv").status == 0
    with dask.client(2) as client, running(dask, folder) as process:
        assert kill_in_mid_run(client, tmp_path / ".series.csv.part") > 0
        shared = client.run_on_scheduler(
            lambda dask_scheduler: [key for key in dask_scheduler.tasks if key.startswith("loads")]
        )
        _, said = process.communicate(timeout=LONG_S)
        assert process.returncode == 0, said
        assert len(client.scheduler_info()["workers"]) == 1
    assert sorted(worker.poll() is None for worker in workers) == [False, True]
    assert f"{DAYS} day(s), 2025-01-01 to 2026-04-18" in said
    for name in ("{}.csv", "{}.days.csv", "{}.conditions.json"):
        again, whole = (tmp_path / name.format(stem) for stem in ("series", "whole"))
        assert again.read_bytes() == whole.read_bytes()
    assert len(shared) == 2  # the job and the archive, once for all batches


def test_too_many_workers_killed_is_one_line(dask: Dask, folder: Path, tmp_path: Path) -> None:
    dask.environment["DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES"] = "0"
    dask.schedule()
    dask.work()
    dask.work()
    with dask.client(2) as client, running(dask, folder) as process:
        kill_in_mid_run(client, tmp_path / ".series.csv.part")
        _, said = process.communicate(timeout=LONG_S)
    assert process.returncode == 1
    assert "workers ended 1 time(s) on the same days" in one_line(said)
    assert not list(tmp_path.glob("series*"))


def test_interrupted_it_leaves_nothing_to_the_cluster(
    dask: Dask, folder: Path, tmp_path: Path
) -> None:
    dask.schedule()
    dask.work()
    with dask.client(1) as client, running(dask, folder) as process:
        pid, _ = hold_in_mid_run(client, tmp_path / ".series.csv.part")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=LONG_S)
        os.kill(pid, signal.SIGCONT)
        assert process.returncode not in (0, None)
        assert "Traceback" not in said
        until(lambda: client.run_on_scheduler(lambda dask_scheduler: not dask_scheduler.tasks))
    assert not list(tmp_path.glob("series*"))


def test_a_worker_without_lineplan_that_comes_late_leaves_again(
    dask: Dask, folder: Path, tmp_path: Path
) -> None:
    """Dask lets it end, for it cannot read its work, and gives that to the other."""
    dask.schedule()
    dask.work()
    gate = tmp_path / "gate"
    late = f"import time\nwhile not __import__('os').path.exists({str(gate)!r}): time.sleep(0.01)"
    odd = dask.work(f'sys.modules["lineplan"] = None; {late}')
    with dask.client(1), running(dask, folder) as process:
        until(lambda: list((tmp_path / ".series.csv.part").glob("*.json")))
        gate.touch()
        _, said = process.communicate(timeout=LONG_S)
    assert process.returncode == 0, said
    assert f"{DAYS} day(s), 2025-01-01 to 2026-04-18" in said
    assert odd.wait(timeout=LONG_S) is not None


def test_a_scheduler_that_goes_is_one_line(dask: Dask, folder: Path, tmp_path: Path) -> None:
    dask.schedule()
    dask.work()
    with running(dask, folder) as process:
        until(lambda: list((tmp_path / ".series.csv.part").glob("*.json")))
        dask.processes[0].kill()
        _, said = process.communicate(timeout=LONG_S)
    assert process.returncode == 1
    assert "the scheduler is gone" in one_line(said)


def one_line(said: str) -> str:
    (text,) = said.strip().splitlines()
    return text


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ('sys.modules["lineplan"] = None', "lineplan cannot be used there"),
        ('import lineplan; lineplan.__version__ = "9.9"', "has lineplan 9.9, and here is lineplan"),
        ('import shapely; shapely.geos_version_string = "3.1"', "has GEOS 3.1, and here is GEOS"),
    ],
)
def test_another_lineplan_on_a_worker(
    first: str, words: str, dask: Dask, folder: Path, line: Any
) -> None:
    dask.schedule()
    dask.work()
    odd = dask.work(first)
    with dask.client(2) as client:
        (address,) = (worker for worker, pid in client.run(os.getpid).items() if pid == odd.pid)
        text = one_line_of(line(*call(cluster=dask.address)))
    assert text.startswith(f"lineplan: the worker {address}: {words}")


def test_no_lineplan_on_the_scheduler(dask: Dask, folder: Path, line: Any) -> None:
    dask.schedule('sys.modules["lineplan"] = None')
    dask.work()
    text = one_line_of(line(*call(cluster=dask.address)))
    assert text.startswith(f"lineplan: the scheduler {dask.address}: lineplan cannot be used there")


def test_a_scheduler_without_workers(
    dask: Dask, folder: Path, line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "WAIT_S", 1.0)
    dask.schedule()
    text = one_line_of(line(*call(cluster=dask.address)))
    assert text.endswith(f"has no workers; start some: dask worker {dask.address}")


def test_any_executor_of_dask_does(dask: Dask, folder: Path, toy: lp.Dataset) -> None:
    """Also Dask's own, which knows nothing of ours, and another folder than the workers'."""
    dask.schedule()
    dask.work()
    plan, days = folder.parent / "east.toml", os.path.relpath(folder)
    alone = lp.timeline(plan, control=days, dataset=toy, last="2025-02-28")
    with dask.client(1) as client, client.get_executor() as executor:
        found = lp.timeline(plan, control=days, dataset=toy, last="2025-02-28", executor=executor)
    assert_frame_equal(found.areas, alone.areas, check_exact=True)
    assert_frame_equal(found.days, alone.days, check_exact=True)
    assert found.conditions == alone.conditions
