"""Every number the project promises, measured: ours, a peer, the ratio, and whether it is right.

    make bench            all rows, medians of interleaved runs
    make bench SMOKE=1    small sizes, under a minute; for CI

Ends with 1 when a correctness figure is out of its bound, and never because of a time.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import areas
import atlases
import chronology
import cluster
import maps
import one_day
import plans
import points
import start
import strips
from inputs import Inputs
from measure import HEAD, Row

import lineplan as lp

PACKAGES = [
    *("lineplan", "numpy", "shapely", "geopandas", "pandas", "pyproj", "pyogrio", "folium"),
    *(
        "distributed",
        "maup",
        "duckdb",
        "duckdb-extension-spatial",
        "sedonadb",
        "matplotlib",
        "mapclassify",
    ),
]
NOT_BUILT = {
    "points in zones: memory flat as rows grow": "flat",
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure lineplan against its peers.")
    parser.add_argument("--smoke", action="store_true", help="small sizes, for CI")
    smoke = parser.parse_args().smoke
    warnings.simplefilter("ignore")
    _say(*_machine())
    _say(f"| {' | '.join(HEAD)} |", "|" + " --- |" * len(HEAD))
    sound = True
    for row in _rows(smoke):
        _say(f"| {' | '.join(row.cells())} |")
        sound &= row.sound
    _say("", "every correctness figure within its bound" if sound else "OUT OF BOUNDS: see above")
    return 0 if sound else 1


def _rows(smoke: bool) -> Iterator[Row]:
    inputs = Inputs.find()
    runs = 3 if smoke else 7
    arrangement = lp.arrange("point21")
    parts: list[Callable[[], list[Row]]] = [
        lambda: one_day.rows(inputs, runs),
        lambda: areas.rows(inputs, runs, 20 if smoke else None, 2 if smoke else 12),
        lambda: points.rows(
            arrangement, runs, 10_000 if smoke else 100_000, 100 if smoke else 2_000
        ),
        lambda: strips.rows(arrangement, 1 if smoke else 5, [15] if smoke else [15, 50, 140]),
        lambda: plans.rows(inputs, runs),
        lambda: chronology.rows(inputs, 1 if smoke else 3, 10 if smoke else None),
        lambda: cluster.rows(inputs, 1, 8 if smoke else 500, 2 if smoke else 50),
        lambda: maps.rows(arrangement, runs),
        lambda: atlases.rows(inputs, arrangement, runs, 8 if smoke else atlases.DAYS),
        start.rows,
        lambda: one_day.proof_rows(inputs, runs),
    ]
    for part in parts:
        yield from part()
    for what, reach in NOT_BUILT.items():
        yield Row(what, "not built yet", reach=reach)


def _machine() -> Iterator[str]:
    cores = os.cpu_count()
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[0]
    yield f"- machine: {_processor()}, {cores} cores, {memory_gb:.0f} GiB, {platform.system()}"
    yield f"- load when it began: {load:.2f}"
    yield f"- Python {platform.python_version()}; " + ", ".join(map(_version, PACKAGES))
    yield ""


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str:
    try:
        return f"{package} {metadata.version(package)}"
    except metadata.PackageNotFoundError:
        return f"{package} not installed"


def _say(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
