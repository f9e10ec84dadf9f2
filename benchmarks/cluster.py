"""An ensemble on a real Dask cluster: two workers against one, and what a batch costs beside work.

Each draw of the ensemble is the archive with its line moved as a whole, by up to a kilometre.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import wait
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely
from chronology import PLANS, _files
from inputs import Inputs
from measure import Row, interleaved, said, times
from numpy.typing import NDArray

import lineplan as lp
from lineplan.chronology.batches import Batch, Job, Journal, Part, batches_of, run
from lineplan.chronology.cluster import ClusterExecutor
from lineplan.control.archive import Archive, Store
from lineplan.control.packing import pack
from lineplan.control.state import Outline
from lineplan.ground import read_setting
from lineplan.plan.file import load_plan

if TYPE_CHECKING:
    from distributed import Client

REACH = 1.7
DAYS, DRAWS = 500, 50
MOST_M = 1000.0
DEGREE_M = 111_320.0
NOTHINGS = 100
SPINS, SPIN = 8, 5_000_000
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Displaced:
    """A packed archive whose lines are moved; every process opens the archive once."""

    path: Path
    east_m: float
    north_m: float
    kind: Literal["packed"] = "packed"
    notes: tuple[str, ...] = ()
    how: None = None
    control_class: None = None

    @property
    def sha256(self) -> str:
        return f"{_opened(self.path).sha256} {self.east_m} {self.north_m}"

    @property
    def grounds(self) -> Mapping[date, str]:
        return _opened(self.path).grounds

    def read(self, day: date) -> lp.Control:
        control = _opened(self.path).read(day)
        moved = self._moved(control.claims.geometry.to_numpy())
        return replace(control, claims=control.claims.set_geometry(moved, crs="EPSG:4326"))

    def outline(self, day: date) -> Outline:
        drawn = _opened(self.path).outline(day)
        return replace(drawn, polygons=self._moved(drawn.polygons))

    def _moved(self, polygons: NDArray[Any]) -> NDArray[Any]:
        by_deg = np.array([self.east_m / np.cos(np.radians(48)), self.north_m]) / DEGREE_M
        return shapely.transform(polygons, lambda xy: xy + by_deg)


@cache
def _opened(path: Path) -> Store:
    return lp.open_archive(path, lp.load_dataset()).store


def nothing(days: tuple[date, ...]) -> None:
    """A batch that asks for no work."""


def spin(turns: int) -> int:
    """Work that needs a core and nothing else."""
    return sum(range(turns))


def rows(inputs: Inputs, runs: int, days: int = DAYS, draws: int = DRAWS) -> list[Row]:
    goal = f"two Dask workers, ensemble of {DAYS} days x {DRAWS} displaced lines"
    try:
        from distributed import get_task_stream
    except ImportError:
        return [Row(goal, "distributed is not installed", reach=f"≥ {REACH}x one")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        batches = _batches(inputs, folder, days, draws)
        day_count = sum(len(batch.days) for batch in batches)
        alone = run(batches, None, Journal(None), None)
        with _cluster(folder) as (client, workers):
            found: dict[str, list[Part]] = {}
            work_s: list[float] = []

            def on(name: str) -> None:
                chosen = workers if name == "two" else workers[:1]
                with get_task_stream(client) as stream, ClusterExecutor(client, chosen) as pool:
                    found[name] = run(batches, pool, Journal(None), None)
                if name == "one":
                    work_s.append(_computing(stream.data))

            def spun(count: int) -> None:
                with ClusterExecutor(client, workers[:count]) as pool:
                    wait([pool.submit(spin, SPIN) for _ in range(SPINS)])

            seconds = interleaved(
                {
                    "one": lambda: on("one"),
                    "two": lambda: on("two"),
                    "spun by one": lambda: spun(1),
                    "spun by two": lambda: spun(2),
                },
                runs,
            )
            one_by_one_s, together_s = _nothings(client, workers[:1])
        equal = all(parts == alone for parts in found.values())
    beside_s = (seconds["one"] - float(np.median(work_s[1:]))) / len(batches)
    smaller = "" if (days, draws) == (DAYS, DRAWS) else f" (the goal is {DAYS} x {DRAWS})"
    cores = times(seconds["spun by two"], seconds["spun by one"])
    return [
        Row(
            f"two Dask workers, ensemble of {days} days x {draws} displaced lines{smaller}: "
            f"{len(PLANS)} plans, {len(batches)} batches",
            f"{said(seconds['two'])} ({day_count / seconds['two']:.0f} days/s)",
            f"one worker {said(seconds['one'])} ({day_count / seconds['one']:.0f} days/s)",
            times(seconds["two"], seconds["one"]),
            f"≥ {REACH}x one",
            seconds["one"] >= REACH * seconds["two"],
            f"{'equal' if equal else 'NOT equal'} to the figures of one process without a cluster, "
            f"bit for bit; a loop that only needs a core gains {cores} on these two workers",
            equal,
        ),
        Row(
            "what a batch costs on Dask beside its work (one worker; time less computing)",
            f"{said(max(beside_s, 0))} a batch of {day_count / len(batches):.0f} days",
            f"a batch of no work {said(together_s)}, {said(one_by_one_s)} there and back",
        ),
    ]


def _batches(inputs: Inputs, folder: Path, days: int, draws: int) -> list[Batch]:
    (folder / "days").mkdir()
    paths, _ = _files(inputs, folder / "days", days + 60)
    archive = lp.open_archive(paths[0].parent, inputs.dataset)
    chosen = archive.days[-days:]
    path = folder / "archive.parquet"
    pack(archive.between(chosen[0], None), path)
    dataset = inputs.dataset
    plans = tuple(load_plan(plan, dataset).choose() for plan in PLANS)
    job = Job(read_setting(dataset=dataset), plans, {}, False)
    moves = np.random.default_rng(20).uniform(-MOST_M, MOST_M, (draws, 2)).tolist()
    batches = []
    for east_m, north_m in moves:
        moved = Archive(chosen, Displaced(path, east_m, north_m))
        batches += batches_of(job, moved, [day for day in chosen if day not in moved.same_as])
    return batches


@contextmanager
def _cluster(folder: Path) -> Iterator[tuple[Client, list[str]]]:
    """A scheduler and two workers, each one process with one thread."""
    from distributed import Client

    here = {"PYTHONPATH": str(Path(__file__).parent)}
    environment = os.environ | ONE_THREAD | here
    file = folder / "scheduler.json"
    calls = [
        ["scheduler", "--host", "127.0.0.1", "--port", "0", "--no-show"],
        *[["worker", "--no-nanny", "--nthreads", "1", "--local-directory", str(folder)]] * 2,
    ]
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.dask_{what}", *options, *common],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # or Linux gives them all no more of a busy machine than one
        )
        for what, *options in calls
    ]
    try:
        with Client(scheduler_file=str(file), timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            yield client, list(client.scheduler_info()["workers"])
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait()


def _computing(stream: tuple[dict, ...]) -> float:
    return sum(
        part["stop"] - part["start"]
        for task in stream
        for part in task["startstops"]
        if part["action"] == "compute"
    )


def _nothings(client: Client, workers: list[str]) -> tuple[float, float]:
    """Seconds of a batch of no work, one after another and many at once."""
    some = (date(2025, 1, 1),) * 32
    with ClusterExecutor(client, workers) as pool:
        pool.submit(nothing, some).result()
        start = time.perf_counter()
        for _ in range(NOTHINGS // 4):
            pool.submit(nothing, some).result()
        one_by_one = (time.perf_counter() - start) / (NOTHINGS // 4)
        start = time.perf_counter()
        wait([pool.submit(nothing, some) for _ in range(NOTHINGS)])
        return one_by_one, (time.perf_counter() - start) / NOTHINGS
